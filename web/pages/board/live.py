"""The live board of all clocks for supervisors, its event stream, and the wall screen."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel import outbox
from feedback.kernel.clock import OFFICE_TIMEZONE, office_day, start_of_day
from feedback.queries import cases as case_queries
from feedback.queries import worklist as case_worklist
from feedback.rules import access
from feedback.rules.access import OVERSEERS, AccessScope, Actor, has_role
from routing import directory
from routing.directory import Directory
from routing.notices import inbox
from web.auth import sessions
from web.auth.permissions import current_actor
from web.context import AppContext
from web.presentation import case as case_views
from web.presentation import desk_frame
from web.presentation.oversight import build_tabs
from web.wording import dates

EVERY_SECONDS = 5
CHECK_SECONDS = 60
LOST_SECONDS = 20
"""No new figures for so long: the stream says so and ends, the browser comes again."""
RETRY_MILLIS = 5000
FLOW_DAYS = 14
WALL_ROWS = 12
_log = structlog.get_logger("live")
KINDS_OF_GROUPS: tuple[tuple[str, frozenset[str]], ...] = (
    (
        "区级部门和单位",
        frozenset({"department", "institution", "utility", "discipline", "petition", "hotline", "government"}),
    ),
    ("街道和乡镇", frozenset({"street", "town", "community", "village"})),
    ("上级机关", frozenset({"superior"})),
)


async def board(request: Request) -> Response:
    """The board as it is now; scripts keep it fresh, without them a reload does."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    names = await directory.load_directory()
    is_wall = request.query_params.get("wall", "") == "1"
    values = {
        **desk_frame.frame_values(actor, names),
        **await snapshot(actor, context.clock.now(), names),
        "week": await _week(actor, context.clock.now()),
        "untold": 0 if is_wall else await inbox.untold_count(context.clock.now(), actor),
        "untold_days": inbox.COUNTED_DAYS,
        "wall": is_wall,
        "wall_rows": WALL_ROWS,
        "tabs": build_tabs("board", actor),
    }
    return context.render(request, "board/wall.html" if is_wall else "board/live.html", values)


async def fragment(request: Request) -> Response:
    """The moving part of the board alone, for browsers whose stream does not get through."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    return context.render(request, _part(request), await _shown(context, actor, _is_wall(request)))


async def stream(request: Request) -> Response:
    """The board as server-sent events: each is the whole moving part, so a lost one costs nothing."""
    actor = current_actor(request)
    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    return EventSourceResponse(events(request, actor), ping=15, headers=headers)


def _is_wall(request: Request) -> bool:
    return request.query_params.get("wall", "") == "1"


def _part(request: Request) -> str:
    return "board/wall_lights.html" if _is_wall(request) else "board/lights.html"


async def _shown(context: AppContext, actor: Actor, is_wall: bool) -> dict[str, Any]:
    figures = await snapshot(actor, context.clock.now(), await directory.load_directory())
    return {**figures, "wall": is_wall, "wall_rows": WALL_ROWS}


# ---- figures ----


@dataclass(frozen=True, slots=True)
class BoardLine:
    """A unit on the board; every number with the list behind it."""

    unit: str
    name: str
    red: int
    amber: int
    green: int
    open: int
    href: str


async def snapshot(actor: Actor, now: datetime, names: Directory) -> dict[str, Any]:
    """Everything the board shows of the cases this person sees."""
    rows, totals = await case_worklist.load_board(actor, now=now)
    lines = [_line(row, names) for row in rows]
    today = start_of_day(office_day(now))
    flow = await case_worklist.count_flow(actor, today, now)
    unsent = await inbox.list_undelivered(10)
    seen = await case_queries.filter_visible(actor, (row["case_no"] for row in unsent))
    groups = [(words, [line for line in lines if _kind(line, names) in kinds]) for words, kinds in KINDS_OF_GROUPS]
    known = {line.unit for _, rows in groups for line in rows}
    groups.append(("其他", [line for line in lines if line.unit not in known]))
    return {
        "lines": lines,
        "groups": [(words, rows) for words, rows in groups if rows],
        "totals": totals,
        "tiles": _tiles(totals, flow),
        "queue": await outbox.count_messages(now),
        "failing": [case_views.hide_case_numbers(row) for row in await outbox.list_failing(10)],
        "undelivered": [row for row in unsent if row["case_no"] in seen],
        "age": f"{now.astimezone(OFFICE_TIMEZONE):%H:%M:%S}",
        "day": dates.day_words(office_day(now)),
    }


def _line(row: Mapping[str, Any], names: Directory) -> BoardLine:
    unit = str(row["unit"])
    return BoardLine(unit, names.short(unit), row["red"], row["amber"], row["green"], row["open"], _href(unit=unit))


def _kind(line: BoardLine, names: Directory) -> str:
    row = names.by_code.get(line.unit)
    return row.kind if row else ""


def _href(**narrowed: str) -> str:
    return "/desk?" + urlencode({"status": "open", **narrowed})


def _tiles(totals: Mapping[str, int], flow: Mapping[str, int]) -> list[dict[str, Any]]:
    def tile(label: str, figure: int, note: str, href: str = "", tone: str = "") -> dict[str, Any]:
        return {"label": label, "figure": figure, "unit": "件", "note": note, "href": href, "tone": tone}

    return [
        tile("超期", totals["red"], "已过最后期限还没有办", _href(light="red"), "red"),
        tile("临期", totals["amber"], "进入预警时间", _href(light="amber"), "amber"),
        tile("正常", totals["green"], "离期限还早", _href(light="green"), "green"),
        tile("在办合计", totals["open"], "已收到、还没有答复", _href()),
        tile("今天收到", flow["received"], "0 时到现在"),
        tile("今天答复", flow["replied"], "0 时到现在"),
    ]


async def _week(actor: Actor, now: datetime) -> dict[str, list[tuple[str, int]]]:
    """How many cases came and how many were answered on each of the last days."""
    today = office_day(now)
    days = [today - timedelta(days=back) for back in range(FLOW_DAYS - 1, -2, -1)]
    counted = await case_worklist.count_flows(actor, [start_of_day(day) for day in days])
    return {
        name: [(f"{day.month}-{day.day}", flow[name]) for day, flow in zip(days, counted, strict=False)]
        for name in ("received", "replied")
    }


# ---- the stream ----


@dataclass(eq=False)
class BoardView:
    """One rendering shared by everybody who sees the same cases."""

    listeners: set["asyncio.Queue[str | None]"] = field(default_factory=set)
    task: "asyncio.Task[None] | None" = None


@dataclass
class Broadcaster:
    """Renders the board once per audience and hands it to every screen. One per process."""

    channels: dict[tuple[AccessScope, bool], BoardView] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def listening(self, request: Request, actor: Actor) -> AsyncIterator["asyncio.Queue[str | None]"]:
        """A queue of the newest rendering, or None when there can be none for now.

        The task that renders lives as long as somebody listens and the database answers.
        """
        key = (access.scope(actor), _is_wall(request))
        channel = self.channels.setdefault(key, BoardView())
        queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=1)
        channel.listeners.add(queue)
        if channel.task is None or channel.task.done():  # done: the database failed once, so the next screen tries anew
            channel.task = asyncio.create_task(self._render(channel, request.app, actor, key[1]))
        try:
            yield queue
        finally:
            channel.listeners.discard(queue)
            if not channel.listeners:
                channel.task.cancel()
                self.channels.pop(key, None)

    async def _render(self, channel: BoardView, app: Any, actor: Actor, is_wall: bool) -> None:
        context: AppContext = app.state.context
        template = app.state.templates.get_template("board/wall_lights.html" if is_wall else "board/lights.html")
        html: str | None = ""
        while html is not None:
            try:
                html = template.render(await _shown(context, actor, is_wall))
            except Exception as fault:  # whatever it was, the screens must hear of it
                _log.warning("the board has no figures", fault=repr(fault))
                html = None
            for queue in channel.listeners:
                if queue.full():
                    queue.get_nowait()  # a slow screen misses a picture, never the newest one
                queue.put_nowait(html)
            if html is not None:
                await asyncio.sleep(EVERY_SECONDS)


BROADCASTER = Broadcaster()


async def events(request: Request, actor: Actor) -> AsyncGenerator[ServerSentEvent, None]:
    """The newest pictures, until the session ends: it is looked up anew every minute.

    When no figures come, the last event is "lost": the page shows what it has as old, and comes again by itself.
    """
    lost = ServerSentEvent("", event="lost", retry=RETRY_MILLIS)
    context: AppContext = request.app.state.context
    checked_at = context.clock.now()
    async with BROADCASTER.listening(request, actor) as queue:
        while True:
            now = context.clock.now()
            is_check_due = now - checked_at >= timedelta(seconds=CHECK_SECONDS)
            try:
                async with asyncio.timeout(LOST_SECONDS):
                    html = await queue.get()
                    if is_check_due:
                        current = await sessions.find_actor_by_token(
                            context, sessions.read_token(request), renews=False
                        )
            except Exception as fault:
                _log.warning("a stream of the board ends", fault=repr(fault))
                html = None
            if html is None:
                yield lost
                return
            if is_check_due:
                if current is None or not has_role(current, OVERSEERS):
                    yield ServerSentEvent("", event="over")
                    return
                checked_at = now
            yield ServerSentEvent(html, event="lights")
