"""How many statements does the database carry out for one answer? A town of so many cases, and a count at each route.

The numbers stand in `route_statements.toml` beside this file; `make route-statements` writes them anew.
"""

import logging
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from starlette.responses import Response

from classify.models import Release, TopicRow
from evaluation.publication import editions
from evaluation.ratings import handlings
from evaluation.ratings.handlings import HandlingDraft
from feedback import attachments, jobs
from feedback.attachments import FileStore
from feedback.kernel import outbox, timers
from feedback.queries import contacts
from feedback.record import cases, contact_preferences
from feedback.record.models.calendar import CalendarEdition
from feedback.record.models.case import Attachment, Case, Link, PublicReply
from feedback.rules.access import Actor, citizen
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Act
from routing import directory
from routing.models import Measure, Notice, RoutingRow
from tests.endpoints.route_survey.requests import Still, routes
from tests.messages import messages
from tests.moments import MONDAY
from tests.people import Door
from web import bootstrap
from web.actions import cases as case_actions
from web.actions import forecasts as forecast_actions
from web.auth import citizen_cookie
from web.tasks import topics

FEW, MANY = 10, 200
NUMBERS = Path(__file__).with_suffix(".toml")
NOT_COUNTED = ("/board/stream",)  # a stream of what /board/fragment shows
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = MONDAY + 45 * DAY
_is_counted: ContextVar[bool] = ContextVar("is_counted", default=False)  # a task takes it from who started it
_PEOPLE = ("stranger", "citizen", "reception", "clerk-jiaoyu", "supervisor", "admin", "auditor")
_MEASURE = {"kind": "improve", "unit": "jiaoyu", "title": "改进上学时段疏导", "text": "请与交警建立联勤机制。"}
_QUERIES = dict.fromkeys((f"/api/v1/public/scores{form}" for form in ("", ".csv", ".xlsx")), "?period=2026-09")
_HEAD = f"""\
# Statements of the database for one answer to each GET route, with {FEW} cases and with {MANY}.
# A number may fall and never rise. Written by `make route-statements`.
"""


@dataclass(frozen=True)
class Statements:
    """What one answer costs with few cases and with many."""

    few: int
    many: int

    @property
    def grows(self) -> bool:
        return self.many > self.few


async def counted(door: Door) -> dict[str, Statements]:
    """The statements of each route, asked by the first of `_PEOPLE` whom it answers."""
    await populate(door, 0, FEW)
    paths = await _paths(door)
    async with AsyncExitStack() as stack:
        people = await _people(door, stack)
        asked = {route: await _who(people, path) for route, path in paths.items()}
        few = {route: await _count(people[asked[route]], path) for route, path in paths.items()}
        await populate(door, FEW, MANY)
        many = {route: await _count(people[asked[route]], path) for route, path in paths.items()}
    return {f"GET {route} as {asked[route]}": Statements(few[route], many[route]) for route in paths}


def read() -> dict[str, Statements]:
    """The numbers as they are written down."""
    table = tomllib.loads(NUMBERS.read_text("utf-8"))
    same = {name: Statements(number, number) for name, number in table["same"].items()}
    return same | {name: Statements(*pair) for name, pair in table["grows"].items()}


def write(numbers: Mapping[str, Statements]) -> None:
    """Write them down: those that stay the same, and those that grow with the rows. The first count may be the larger."""
    same = [f'"{name}" = {max(n.few, n.many)}' for name, n in sorted(numbers.items()) if not n.grows]
    grows = [f'"{name}" = [{n.few}, {n.many}]' for name, n in sorted(numbers.items()) if n.grows]
    NUMBERS.write_text("\n".join([_HEAD, "[same]", *same, "", "[grows]", *grows, ""]), "utf-8")


async def _people(door: Door, stack: AsyncExitStack) -> dict[str, httpx2.AsyncClient]:
    """A browser for each, logged in; the citizen's opens the first case."""
    clients = {}
    for name in _PEOPLE:
        client = door.browser() if name in ("stranger", "citizen") else await door.page_client(name)
        stack.push_async_callback(client.aclose)
        clients[name] = client
    response = Response()
    citizen_cookie.remember_case(response, door.context, (await Case.all().order_by("id"))[0].no)
    cookie = response.headers["set-cookie"].split(";")[0].split("=", 1)[1].strip('"')
    clients["citizen"].cookies.set(citizen_cookie.CASE_COOKIE, cookie)
    return clients


async def _paths(door: Door) -> dict[str, str]:
    """An address of every GET route, with something that is there wherever it names one thing."""
    case = (await Case.all().order_by("id"))[0]
    preference = await contact_preferences.ensure_preference(await contacts.load_subject(case.no), NOW)
    clerk, draft = await directory.load_actor("clerk-jiaoyu"), HandlingDraft("BJ-1", "YC032000001")
    handling, _ = await handlings.register(draft, clerk, now=NOW, vault=door.context.settings.vault)
    things = {
        "/n/{token}": f"/n/{contact_preferences.create_link_token(preference.id, door.context.settings.vault)}",
        "{no}": case.no,
        "{seq:int}/{term}": "1/answer",
        "/files/{id}": f"/files/{(await Attachment.filter(case_id=case.id))[0].id}",
        "/attachments/{id}": f"/attachments/{(await Attachment.filter(case_id=case.id))[0].id}",
        "/links/{id}/{what}": f"/links/{(await Link.all().order_by('id'))[0].id}/confirm",
        "/notices/{id}": f"/notices/{(await Notice.filter(unit='jiaoyu').order_by('id'))[0].id}",
        "/measures/{id}": f"/measures/{(await Measure.all().order_by('id'))[0].id}",
        "/replies/{id}": f"/replies/{(await PublicReply.all().order_by('id'))[0].id}",
        "/releases/{id}": f"/releases/{(await Release.all())[0].id}",
        "/learning/{id}": f"/learning/{(await Release.all())[0].id}",
        "/routing/{id}": f"/routing/{(await RoutingRow.all().order_by('id'))[0].id}",
        "/topics/{thread}": f"/topics/{next(iter(await TopicRow.all().values_list('thread', flat=True)), 0)}",
        "/editions/{name}": f"/editions/{(await CalendarEdition.all())[0].name}",
        "/letters/{code}": "/letters/opinion",
        "/units/{code}": "/units/jiaoyu",
        "{act}": "reply",
        "{form}": "pdf",
        "{step:int}": "2",
        "{number:int}": "0",
        "{number}": "0",
        "{id:int}": str(handling.id),
        "{token}": handling.token,
        "{id}": "0",
    }
    paths = {}
    for method, route in routes(door.app.router.routes):
        if method != "GET" or route in NOT_COUNTED:
            continue
        path = route
        for part, value in things.items():
            path = path.replace(part, value)
        assert "{" not in path, f"no thing is known for {route}"
        paths[route] = path + _QUERIES.get(route, "")
    return paths


async def _who(people: Mapping[str, httpx2.AsyncClient], path: str) -> str:
    """The first whom it answers; else the first whom it does not send away."""
    statuses = {}
    for name, client in people.items():
        statuses[name] = (await client.get(path)).status_code
        if statuses[name] == 200:
            return name
    return next((name for name, status in statuses.items() if status not in (401, 403, 303)), "reception")


async def _count(client: httpx2.AsyncClient, path: str) -> int:
    """The statements of a second look: what a process reads once and keeps is not asked about."""
    await client.get(path)
    forecast_actions.clear_cache()
    with statements() as sent:
        await client.get(path)
    return len(sent)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that is sent to the database meanwhile from here: what the process does by itself does not count."""
    logger, sent = logging.getLogger("tortoise.db_client"), list[str]()

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if _is_counted.get():
                sent.append(record.getMessage())

    handler, level, propagates = Collecting(), logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    token = _is_counted.set(True)
    try:
        yield sent
    finally:
        _is_counted.reset(token)
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates


async def populate(door: Door, first: int, last: int) -> None:
    """Cases from that number to that, all of one unit: waiting, in work, answered, rated badly, published, linked."""
    context, desk = door.context, await directory.load_actor("reception")
    clerk = await directory.load_actor("clerk-jiaoyu")
    title, text = "", ""
    for i, message in enumerate([*messages(last)][first:], first):
        day = MONDAY + (i % 20) * DAY
        title, text = (title, f"再次反映：{text}") if i % 5 == 4 else message  # the same person again
        person = PersonSubmission(f"安{i // 5}", f"139{i // 5:08}")
        file, _ = await attachments.store_file(
            "照片.txt", f"现场 {i}".encode(), FileStore.of(context.settings), now=day
        )
        draft = Submission(
            "complaint", title, text, "web", "", person=person, public_consent=True, attachments=(file.id,)
        )
        context.clock = Still(moment=day)
        no = (await case_actions.submit_case(context, draft)).no
        for hour, (act, actor, data) in enumerate(_course(i, no, desk, clerk), 1):
            await cases.act(no, act, actor, data, now=day + hour * HOUR)
        if i % 5 == 0:
            context.clock = Still(moment=day + DAY)
            await case_actions.perform_act(context, no, Act.RATE, citizen(no), {"level": 1, "text": "没有解决"})
        if i % 10 == 0:
            await _issue_measure(door, no)
    context.clock = Still(moment=NOW)
    await _follow_up(door)


def _course(i: int, no: str, desk: Actor, clerk: Actor) -> list[tuple[Act, Actor, dict[str, Any]]]:
    """What happens to the case of that number."""
    assigned = (Act.ASSIGN, desk, {"unit": "jiaoyu"})
    answered_ = [assigned, (Act.ACCEPT, clerk, {}), (Act.REPLY, clerk, {"text": "已到现场处理。"})]
    published = (Act.PUBLISH, desk, {"title": f"诉求 {i}", "question": "何时修好？", "answer": "已到现场处理。"})
    courses: dict[int, list[tuple[Act, Actor, dict[str, Any]]]] = {
        0: answered_,
        1: [*answered_, published],
        2: [assigned, (Act.ACCEPT, clerk, {}), (Act.URGE, citizen(no), {})],
        3: [assigned],
        4: [assigned],
    }
    return courses[i % 5]


async def _issue_measure(door: Door, no: str) -> None:
    client = await door.page_client("supervisor")
    try:
        response = await client.post("/desk/measures/new", data={**_MEASURE, "cases": no})
        assert response.status_code == 303, response.text
    finally:
        await client.aclose()


async def _follow_up(door: Door) -> None:
    """The timers see what is late, the months that are over are published, topics are gathered."""
    context = door.context
    await outbox.drain(bootstrap.build_handlers(context), NOW)
    await jobs.sweep_clocks(NOW)
    timers_of_the_day = bootstrap.timers(context)
    for name in ("digests", "alarms", "propose_all", "remind_measures"):
        await timers.run_through(timers_of_the_day[name], NOW)
    await outbox.drain(bootstrap.build_handlers(context), NOW)
    await topics.update_topics(context, NOW)
    await editions.publish_edition("2026-09", now=NOW, author="test", settings=context.settings)
