"""Markers of a case: what is true of it besides kind and status, set with the submission or by an act, lifted by an act.

Minors (未成年人) come from a stated birth day, a document or the petitioner's own word; 越级, 积案 and 包案 are set by the
reception desk and by supervisors. The birth day itself is not stored (个人信息保护法 第六条). No I/O.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from feedback.rules import identity_documents
from feedback.rules.vocabulary import Act, Role

UNDER_14, UNDER_18 = "under_14", "under_18"
OVER_LEVEL, LONG_STANDING, LED = "over_level", "long_standing", "led"
MINORS = frozenset({UNDER_14, UNDER_18})
_OFFICE = frozenset({Role.RECEPTION, Role.SUPERVISOR})
_HANDLERS = _OFFICE | {Role.CLERK, Role.LEAD}
_AGES = ((14, UNDER_14), (18, UNDER_18))
_FIRST_BIRTH = 1880


@dataclass(frozen=True, slots=True)
class CaseMarker:
    """One row: its code (stored, so for ever), who may set and lift it, what it rests on, and what it must bring."""

    code: str
    set_by: frozenset[Role]
    law: str
    needs: tuple[str, ...] = ()


# fmt: off
CASE_MARKERS: tuple[CaseMarker, ...] = (
    CaseMarker(UNDER_14,      _HANDLERS, "个人信息保护法 第二十八条、第三十一条；未成年人保护法 第三条、第四条"),
    CaseMarker(UNDER_18,      _HANDLERS, "未成年人保护法 第二条、第四条；民法典 第二十三条"),
    CaseMarker(OVER_LEVEL,    _OFFICE,   "信访工作条例 第二十条（向本级或者上一级提出）"),
    CaseMarker(LONG_STANDING, _OFFICE,   "信访工作条例 第四十条（督办）；平台规则"),
    CaseMarker(LED,           _OFFICE,   "信访工作条例（领导干部包案化解）；平台规则", ("leader_name", "leader_post", "since_day")),
)
# fmt: on
CODES = tuple(marker.code for marker in CASE_MARKERS)
_BY_CODE = {marker.code: marker for marker in CASE_MARKERS}
LED_NEEDS = _BY_CODE[LED].needs


def find_marker(code: str) -> CaseMarker | None:
    """The row of a code."""
    return _BY_CODE.get(code)


def find_age_marker(birth_day: date, today: date) -> str:
    """The marker of somebody born on that day, or "" from the eighteenth birthday on."""
    had_birthday = (today.month, today.day) >= (birth_day.month, birth_day.day)
    age = today.year - birth_day.year - (not had_birthday)
    return next((code for limit, code in _AGES if age < limit), "")


def list_submitted_markers(
    age_group: str, birth_day: str, id_kind: str, id_number: str, today: date
) -> tuple[str, ...]:
    """The marker a petitioner comes with: by the stated birth day, else by the document, else by their own word."""
    day = date.fromisoformat(birth_day) if birth_day else identity_documents.read_birth_day(id_kind, id_number)
    code = find_age_marker(day, today) if day else age_group
    return (code,) if code else ()


def find_age_faults(age_group: str, birth_day: str) -> dict[str, str]:
    """What is wrong with the stated age; whether the day lies in the future is checked where the day of receipt is known."""
    faults = {"age_group": "unknown"} if age_group and age_group not in MINORS else {}
    try:
        is_day = not birth_day or date.fromisoformat(birth_day).year >= _FIRST_BIRTH
    except ValueError:
        is_day = False
    return faults if is_day else {**faults, "birth_day": "not_a_day"}


def compute_markers(history: Iterable[tuple[Act, Mapping[str, object]]]) -> tuple[str, ...]:
    """The markers a case bears after all of `history`, in the order of the table."""
    codes: set[str] = set()
    for act, data in history:
        if act is Act.SUBMIT:
            submitted = data.get("markers")
            codes |= {str(code) for code in submitted} if isinstance(submitted, list | tuple) else set()
        elif act is Act.SET_MARKER:
            # Who is under fourteen is under eighteen too: one marker says how far the care goes.
            codes = (codes - MINORS if data.get("marker") in MINORS else codes) | {str(data.get("marker"))}
        elif act is Act.LIFT_MARKER:
            codes -= {str(data.get("marker"))}
    return tuple(code for code in CODES if code in codes)
