"""Closing a unit: nothing new reaches it, and its successor goes on with its cases (信访工作条例 第二十四条第二款)."""

from dataclasses import dataclass
from typing import Final

from evaluation.ratings import services
from feedback.kernel.errors import Conflict, Invalid, NotNow
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.rules.access import SYSTEM
from feedback.rules.vocabulary import Act
from routing import succession
from web.context import AppContext

_BATCH: Final = 200
_MAX_ATTEMPTS: Final = 3
_OPERATOR: Final = "operator"


@dataclass(frozen=True, slots=True)
class ClosedUnit:
    """What became of a unit's cases: how many went on, and which may not be known to the successor."""

    moved: int
    left: tuple[str, ...]
    posts: int  # people whose posts moved to the successor, or were ended
    matters: int  # service matters that are the successor's now


async def close_unit(context: AppContext, code: str, successor: str, *, are_posts_ended: bool = False) -> ClosedUnit:
    """Close a unit and hand over its unfinished cases, each with its clocks as they run. May be run again.

    Its people go on in the successor, with the roles they had, unless their posts are to end; so do its service matters.

    Raises Invalid for units that are not there, and for the main desk.
    """
    if code == context.settings.desk:
        raise Invalid({"unit": "main_desk_stays"})
    await succession.close_unit(code, successor, author=_OPERATOR, now=context.clock.now())
    moved, left, last = 0, list[str](), 0
    while some := await case_queries.list_unfinished(code, last, _BATCH):
        for case_id, no in some:
            last = case_id
            if await _hand_over(context, no, code, successor):
                moved += 1
            else:
                left.append(no)
    context.wake()
    posts = await succession.move_posts(code, successor, is_ended=are_posts_ended)
    return ClosedUnit(moved, tuple(left), posts, await services.hand_over_matters(code, successor))


async def _hand_over(context: AppContext, no: str, code: str, successor: str) -> bool:
    data = {"unit": successor, "from_unit": code}
    for attempt in range(_MAX_ATTEMPTS):
        try:
            await cases.act(no, Act.SUCCEED, SYSTEM, data, now=context.clock.now())
        except Conflict:  # somebody does something with it at this moment
            if attempt == _MAX_ATTEMPTS - 1:
                raise
        except NotNow:
            return True  # it ended just now
        except Invalid:
            return False  # the successor must not know of it
        else:
            return True
    raise AssertionError
