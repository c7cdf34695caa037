"""What may a step not do that its row cannot say, because it depends on the case? Checked before anything is written.

Rights that lapsed, extensions that come too late, days that lie wrongly, units that must not be named. No I/O.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from feedback.kernel.clock import office_day
from feedback.kernel.errors import Invalid, NotNow
from feedback.rules import decision_grounds
from feedback.rules.access import CaseAccess
from feedback.rules.deadlines import Clock, extendable, longest_extension
from feedback.rules.lifecycle import redirect_of, steps_from
from feedback.rules.projection import CaseProjection
from feedback.rules.vocabulary import Act, Profile


@dataclass(frozen=True, slots=True)
class Attempt:
    """A step somebody tries, and the case before it."""

    act: Act
    data: Mapping[str, Any]
    standing: CaseAccess
    before: CaseProjection
    now: datetime
    asked: Mapping[Act, Mapping[str, Any]] = field(default_factory=dict)  # what each act last brought, those asking


def lapsed(act: Act, profile: Profile, clocks: Sequence[Clock], now: datetime) -> str:
    """Why it is too late for a step that its row allows, as a stable code; "" while it is not.

    The one answer for the buttons, the API's `acts` and the act itself.
    """
    if act in _EXTENSIONS:
        longer = extendable(clocks)
        return "extension_too_late" if longer and all(now >= c.due_at for c in longer) else ""
    # A petition goes back once the desk consented to the objection, however long it took to look into it.
    if act not in _RIGHTS or (act is Act.RETURN and profile is not Profile.HOTLINE):
        return ""
    term, code = _RIGHTS[act]
    running = (c for c in clocks if c.term == term and c.stopped_at is None)
    return "" if any(now < c.due_at for c in running) else code


_EXTENSIONS = frozenset({Act.ASK_EXTENSION, Act.ENDORSE_EXTENSION, Act.EXTEND})
_RIGHTS: Mapping[Act, tuple[str, str]] = MappingProxyType(
    {
        Act.OBJECT: ("object", "objection_lapsed"),
        Act.RETURN: ("object", "return_lapsed"),
        Act.REVIEW: ("ask_review", "right_lapsed"),
        Act.RE_REVIEW: ("ask_re_review", "right_lapsed"),
    }
)
"""The steps that are rights, the clock each lapses with, and how it is refused then."""


def check(tried: Attempt) -> None:
    """Raises Invalid naming what is wrong with the data, or NotNow with the reason why it is too late."""
    state = tried.before.state
    wrong = decision_grounds.faults(tried.act, tried.data, state.profile, state.kind, state.stage) | _barred(tried)
    if wrong:
        raise Invalid(wrong)
    if code := lapsed(tried.act, state.profile, tried.before.clocks, tried.now):
        raise NotNow(code=code, act=tried.act.value)
    if rule := _RULES.get(tried.act):
        rule(tried)


def _barred(tried: Attempt) -> dict[str, str]:
    """Who must never learn of the case may not be sent it."""
    found = {}
    for need in ("unit", "units", "desk"):
        said = tried.data.get(need) or ()
        if tried.standing.bars & ({said} if isinstance(said, str) else set(map(str, said))):
            found[need] = "barred"
    return found


def _longer(tried: Attempt) -> None:
    most = longest_extension(tried.before.clocks)
    if tried.data["days"] > most:
        raise Invalid({"days": "longer_than_the_law_allows"}, most=most)


def _extended(tried: Attempt) -> None:
    """The centre grants no more than the unit's head agreed to: both must have approved what holds."""
    _longer(tried)
    if tried.before.state.profile is Profile.HOTLINE:
        agreed = tried.asked.get(Act.ENDORSE_EXTENSION, {}).get("days")
        if isinstance(agreed, int) and tried.data["days"] > agreed:
            raise Invalid({"days": "longer_than_agreed"}, most=agreed)


def _assigned(tried: Attempt) -> None:
    if tried.data.get("mode") == "commission":
        if not tried.data.get("target_day"):
            raise Invalid({"target_day": "missing"})
        _day_from_today(tried)
    elif tried.data.get("target_day"):
        raise Invalid({"target_day": "only_commissioned"})


def _day_from_today(tried: Attempt) -> None:
    if (day := _day(tried, "target_day")) and day < office_day(tried.now):
        raise Invalid({"target_day": "before_today"})


def _held(tried: Attempt) -> None:
    day = _day(tried, "target_day")
    if day is None or day <= office_day(tried.now):
        raise Invalid({"target_day": "not_a_future_day"})
    asked = tried.asked.get(Act.ASK_HOLD, {}).get("target_day") if tried.act is Act.HOLD else None
    if asked and day.isoformat() > str(asked):
        raise Invalid({"target_day": "later_than_asked"})


def _delivered(tried: Attempt) -> None:
    if (day := _day(tried, "day")) is None:
        return
    if day > office_day(tried.now):
        raise Invalid({"day": "after_today"})
    if tried.before.replied_at and day < office_day(tried.before.replied_at):
        raise Invalid({"day": "before_the_answer"})


def _hearing(tried: Attempt) -> None:
    _day(tried, "day")


def _diverted(tried: Attempt) -> None:
    _day(tried, "target_day")


def _helped(tried: Attempt) -> None:
    """Asking the lead alone to help itself would look done and be nothing."""
    if set(tried.data["units"]) <= {tried.standing.lead}:
        raise Invalid({"units": "already_lead"})


def _called_back(tried: Attempt) -> None:
    """Sent back as often as may be: from then on it must be said why the order is closed all the same."""
    state = tried.before.state
    turn = redirect_of(tried.act, state.profile, tried.data)
    if turn and all(step.act is not turn.into for step in steps_from(state)):
        raise Invalid({turn.unless: "sent_back_too_often"})


def _transferred(tried: Attempt) -> None:
    if tried.data["desk"] == tried.standing.desk:
        raise Invalid({"desk": "already_there"})


def _day(tried: Attempt, need: str) -> date | None:
    said = tried.data.get(need)
    if not said:
        return None
    try:
        return date.fromisoformat(str(said))
    except ValueError:
        raise Invalid({need: "not_a_day"}) from None


_RULES: Mapping[Act, Callable[[Attempt], None]] = MappingProxyType(
    {
        Act.ASSIGN: _assigned,
        Act.TRANSFER: _transferred,
        Act.ASK_EXTENSION: _longer,
        Act.ENDORSE_EXTENSION: _longer,
        Act.EXTEND: _extended,
        Act.CO_ASSIGN: _helped,
        Act.CALL_BACK: _called_back,
        Act.ASK_HOLD: _held,
        Act.HOLD: _held,
        Act.SUPERVISE: _day_from_today,
        Act.HEARING: _hearing,
        Act.DELIVER: _delivered,
        Act.DIVERT: _diverted,
    }
)


def noted(tried: Attempt) -> dict[str, Any]:
    """What the entry keeps besides what was brought, so that it can be folded without asking anything else."""
    return {"from_desk": tried.standing.desk} if tried.act is Act.TRANSFER else {}
