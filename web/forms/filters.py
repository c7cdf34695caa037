"""Reading what a list is narrowed to from the query of an address: nothing in it is ignored in silence.

A page tells what it did not understand above the list, which is narrowed by the rest (`note_faults`); a file or an
answer to a program is refused (`refuse_unknown`, `Invalid`), since nobody would see that it holds something else.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from starlette.requests import Request

from classify import taxonomy as categories
from feedback.kernel.errors import Invalid
from feedback.rules import intake
from feedback.rules.access import Actor
from feedback.rules.read_models import Filters
from feedback.rules.vocabulary import Kind, Status
from routing.directory import Directory
from web.forms.parsing import is_day
from web.presentation import flags as flag_views
from web.presentation.desk_frame import WORKERS
from web.presentation.worklist import SORTS
from web.wording import catalogue

FRAME_PARAMETERS = frozenset({"ui", "done", "page"})
"""What every page may have in its address beside its filters."""
WORKLIST_FILTERS = (
    *("status", "light", "unit", "kind", "category", "region", "flag", "marker", "channel", "mine", "deciding"),
    *("from", "until", "day_of", "q", "sort"),
)
COLUMN_PARAMETERS = ("columns", "col")
UNKNOWN = "unknown_filter"
_QUERY_MOST = 200
_NAMES_MOST = 5
_NAME_MOST = 40
_FIRST_YEAR, _LAST_YEAR = 1970, 2999


def find_unknown(query: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """The parameters of an address that are no filter of a list, each with its fault; long names shortened."""
    names = sorted(set(query) - set(known))
    return {intake.clean_line(name)[:_NAME_MOST] or "?": UNKNOWN for name in names[:_NAMES_MOST]}


def refuse_unknown(query: Mapping[str, str], known: Iterable[str]) -> None:
    """Raises Invalid with code "unknown_filter" naming each parameter that is no filter of the list."""
    if faults := find_unknown(query, known):
        raise Invalid(faults, code=UNKNOWN, names="、".join(faults))


def note_unknown(request: Request, *known: str) -> None:
    """Have the page tell which parameters of its address are no filter of its list."""
    note_faults(request, find_unknown(request.query_params, {*known, *FRAME_PARAMETERS}))


def note_faults(request: Request, faults: Mapping[str, str]) -> None:
    """Have the page tell, above its list, what is wrong with its filters."""
    request.state.filter_faults = [catalogue.fault_words(name, fault) for name, fault in faults.items()]


def find_day_faults(from_day: str, until_day: str) -> dict[str, str]:
    """What is wrong with the first and the last day of a list; either may be empty."""
    days = {"from": from_day, "until": until_day}
    faults = {name: "not_a_day" for name, day in days.items() if day and not _is_sensible_day(day)}
    if not faults and from_day and until_day and until_day < from_day:
        faults["until"] = "before_the_first_day"
    return faults


def _is_sensible_day(text: str) -> bool:
    return is_day(text) and _FIRST_YEAR <= date.fromisoformat(text).year <= _LAST_YEAR


def find_code_faults(values: Mapping[str, str], names: Directory) -> dict[str, str]:
    """What is wrong with the codes of unit, category and region a list is narrowed by."""
    faults = {}
    if values["unit"] and not names.has(values["unit"]):
        faults["unit"] = "unknown_unit"
    if values["category"] and not categories.has_code(values["category"]):
        faults["category"] = "unknown"
    if values["region"] and values["region"] not in names.by_region:
        faults["region"] = "unknown"
    return faults


def parse_worklist(query: Mapping[str, str], actor: Actor, names: Directory) -> tuple[Filters, dict[str, str]]:
    """The filter of the worklist an address asks for, and the fault of each part that is left out of it.

    With no filter at all it is what waits for this person.
    """
    faults = find_unknown(query, {*WORKLIST_FILTERS, *COLUMN_PARAMETERS, *FRAME_PARAMETERS})
    values = {name: intake.clean_line(query.get(name, "")) for name in WORKLIST_FILTERS}
    value_faults = _find_choice_faults(values) | find_code_faults(values, names)
    value_faults |= find_day_faults(values["from"], values["until"])
    if len(values["q"]) > _QUERY_MOST:
        value_faults["q"] = "too_long"
    if not set(query) & set(WORKLIST_FILTERS):
        return Filters(status="open", mine=bool(actor.roles & WORKERS)), faults
    values |= dict.fromkeys(value_faults, "")
    filters = Filters(
        **{
            name: values[name]
            for name in ("status", "light", "unit", "kind", "category", "region", "flag", "marker", "channel", "q")
        },
        sort=values["sort"] or "due",
        mine=values["mine"] in ("1", "true"),
        deciding=values["deciding"] in ("1", "true"),
        from_day=values["from"],
        until_day=values["until"],
        day_of=values["day_of"] or "received",
    )
    return filters, faults | value_faults


def _find_choice_faults(values: Mapping[str, str]) -> dict[str, str]:
    choices: Mapping[str, Iterable[str]] = {
        "status": ("open", *(status.value for status in Status)),
        "light": catalogue.LIGHTS,
        "kind": [kind.value for kind in Kind],
        "flag": flag_views.FLAG_OPTIONS,
        "marker": catalogue.MARKERS,
        "channel": catalogue.CHANNELS,
        "sort": [code for code, _ in SORTS],
        "mine": ("0", "1", "true", "false"),
        "deciding": ("0", "1", "true", "false"),
        "day_of": ("received", "replied"),
    }
    return {name: "unknown" for name, codes in choices.items() if values[name] and values[name] not in codes}
