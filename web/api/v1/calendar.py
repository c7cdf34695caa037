"""API calls that manage the office calendar: days, editions, and drafts applied or reverted."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.clock import office_day
from feedback.kernel.errors import Invalid, NotFound
from feedback.record import calendar_editions, deadline_changes
from feedback.record.deadline_changes import DeadlineChange
from feedback.rules.workdays import FIRST_YEAR
from web.actions import calendar as calendar_actions
from web.api.request_parsing import read_body, read_path, read_query
from web.api.schemas.requests import described
from web.api.schemas.responses import Day, Instant
from web.api.serializers import json_response
from web.auth import permissions
from web.context import AppContext
from web.imports import calendar_draft, calendar_files, calendar_notice
from web.wording import dates

MOVES_MOST = 500
_DIGITS = 9


class DayOut(Struct):
    """A day that differs from the plain week."""

    day: Day
    works: Annotated[bool | None, described("true 调休上班 · false 放假 · null 恢复平日")]
    name: str


class EditionName(Struct):
    """An edition of the calendar, who made it and when (日历版本)."""

    name: str
    made_at: Instant
    by: str
    source: str
    remark: str


class CalendarOut(Struct):
    """The calendar of a year as of now, and all its editions, the newest first."""

    edition: str
    announced_until: Annotated[str, described("放假安排已知到哪一天", format="date")]
    provisional: Annotated[int, described("按暂定安排计算的时限有几个")]
    year: int
    days: list[DayOut]
    editions: list[EditionName]


class CalendarQuery(Struct):
    """Which year."""

    year: Annotated[int | None, described("年份；不填为今年", minimum=FIRST_YEAR)] = None


class MoveOut(Struct):
    """A running deadline that ends on another day. Reports are not told here."""

    no: str
    term: str
    label: str
    unit: Annotated[str, described("受约束的单位代码；群众本人的期限为空")]
    before_day: Day
    after_day: Day


class Moved(Struct):
    """What moves, counted, and the first of it."""

    moves: int
    cases: int
    later: int
    earlier: int
    citizens: Annotated[int, described("要告知的人数")]
    first: Annotated[list[MoveOut], described(f"前 {MOVES_MOST} 个")]


class DraftOut(Struct):
    """A change as it is looked at before it moves anything."""

    number: int
    follows: Annotated[str, described("这个改动是对着哪一版做的")]
    stale: Annotated[bool, described("日历已经有了更新的版本，要先重新预览")]
    edition: Annotated[str | None, described("已经生效的，是哪一版")]
    days: list[DayOut]
    announced_until: Day
    source: str
    remark: str
    doubts: Annotated[list[str], described("可能有误的地方")]
    moved: Moved


class CalendarIn(Struct):
    """A change, in the lines of the notice."""

    lines: Annotated[str, described("每行：日期,off|work|plain,名称", minLength=1)]
    whole_year: Annotated[bool, described("true 表示这是这一年的全部安排，没有列出的恢复平日")] = False
    source: Annotated[str, described("文件", maxLength=calendar_draft.TEXT_MOST)] = ""
    remark: Annotated[str, described("说明", maxLength=calendar_draft.TEXT_MOST)] = ""


class EditionOut(Struct):
    """What an edition says anew, and what it moved."""

    name: str
    follows: str | None
    made_at: Instant
    by: str
    announced_until: Day
    source: str
    remark: str
    days: list[DayOut]
    newest: bool
    followed: Annotated[bool, described("在办的时限都已经按它重算")]
    moved: Moved


class Applied(Struct):
    """The edition a change became."""

    edition: str


async def known(request: Request) -> Response:
    """The calendar of a year."""
    context: AppContext = request.app.state.context
    year = read_query(request, CalendarQuery)["year"] or office_day(context.clock.now()).year
    current = await calendar_editions.load_current_calendar()
    answer = CalendarOut(
        edition=current.edition,
        announced_until=current.announced_until.isoformat(),
        provisional=await deadline_changes.count_provisional(),
        year=year,
        days=[_build_day(row.day, row.is_workday, row.name) for row in await calendar_editions.list_days(year)],
        editions=[
            EditionName(
                name=row["name"],
                made_at=dates.iso(row["made_at"]),
                by=row["made_by"],
                source=row["source"],
                remark=row["remark"],
            )
            for row in await calendar_editions.list_editions()
        ],
    )
    return json_response(answer)


async def hand_in(request: Request) -> Response:
    """Hand in a change to be looked at."""
    context: AppContext = request.app.state.context
    values = await read_body(request, CalendarIn)
    notice = calendar_files.read_lines(values["lines"])
    number, faults = await calendar_draft.draft_from_notice(
        context,
        permissions.current_actor(request),
        notice,
        is_whole_year=values["whole_year"],
        source=values["source"],
        remark=values["remark"],
    )
    if faults:
        raise Invalid({"lines": "wrong_lines"}, words="wrong_lines", sentences="；".join(faults))
    return await _draft_response(context, number, 201)


async def draft(request: Request) -> Response:
    """A change, and what it would move now."""
    return await _draft_response(request.app.state.context, _draft_number(request))


async def carry_out(request: Request) -> Response:
    """Make the change that was looked at; twice is once."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    edition = await calendar_editions.apply_draft(_draft_number(request), actor.name or actor.id, context.clock.now())
    context.wake()
    return json_response(Applied(edition))


async def again(request: Request) -> Response:
    """The same change against the calendar as it is now."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    draft = await calendar_editions.load_draft(_draft_number(request))
    return await _draft_response(context, await calendar_actions.store_draft(context, actor, draft.what), 201)


async def edition(request: Request) -> Response:
    """What an edition says, and what it moved."""
    edition = await calendar_editions.load_edition(read_path(request, "name"))
    answer = EditionOut(
        name=edition.name,
        follows=edition.before or None,
        made_at=dates.iso(edition.made_at),
        by=edition.by,
        announced_until=edition.announced_until.isoformat(),
        source=edition.source,
        remark=edition.remark,
        days=[_build_day(day, works, name) for day, works, name in edition.days],
        newest=edition.is_newest,
        followed=not edition.is_newest or await deadline_changes.is_up_to_date(),
        moved=_build_moved(await deadline_changes.list_edition_changes(edition.name)),
    )
    return json_response(answer)


async def restore(request: Request) -> Response:
    """Look at going back to an edition."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    number = await calendar_actions.draft_restoring(context, actor, read_path(request, "name"))
    return await _draft_response(context, number, 201)


async def _draft_response(context: AppContext, number: int, status: int = 200) -> Response:
    """A change, and what it moved or would move now."""
    draft, current = await calendar_editions.load_draft(number), await calendar_editions.load_current_calendar()
    now, change = context.clock.now(), draft.what
    changed = calendar_editions.apply_change(current, change)
    moves = (
        await deadline_changes.list_edition_changes(draft.edition)
        if draft.edition
        else await deadline_changes.preview_changes(changed, now)
    )
    days = [_build_day(row.day, row.is_workday, row.name) for row in change.rows]
    answer = DraftOut(
        number=draft.id,
        follows=draft.follows,
        stale=not draft.edition and draft.follows != current.edition,
        edition=draft.edition or None,
        days=days + [_build_day(day, None, "") for day in change.plain],
        announced_until=change.announced_until.isoformat(),
        source=change.source,
        remark=change.remark,
        doubts=calendar_notice.list_doubts(change, changed, office_day(now)),
        moved=_build_moved(moves),
    )
    return json_response(answer, status)


def _draft_number(request: Request) -> int:
    text = read_path(request, "number")
    if not (text.isascii() and text.isdecimal()) or len(text) > _DIGITS:
        raise NotFound(draft=text)
    return int(text)


def _build_day(day: date, works: bool | None, name: str) -> DayOut:
    return DayOut(day.isoformat(), works, name)


def _build_moved(changes: Sequence[DeadlineChange]) -> Moved:
    counts = deadline_changes.count_changes(changes)
    first = [
        MoveOut(
            no=change.no,
            term=change.term,
            label=change.label,
            unit="" if change.is_personal else change.unit,
            before_day=change.before.isoformat(),
            after_day=change.after.isoformat(),
        )
        for change in changes[:MOVES_MOST]
    ]
    return Moved(
        moves=counts.moves,
        cases=counts.cases,
        later=counts.later,
        earlier=counts.earlier,
        citizens=counts.citizens,
        first=first,
    )
