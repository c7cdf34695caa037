"""Does a report (检举控告) exist for whoever may not see it? At every door, for everybody: no.

Nothing any door answers may change when a report is handed in and worked on, and what is answered about it must be
what is answered about a number that nobody ever had (信访工作条例 第三十条). Whoever may see it does, and is written down.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from starlette.responses import Response

from feedback import attachments, jobs
from feedback.attachments import FileStore
from feedback.kernel import outbox, timers
from feedback.kernel.errors import Invalid
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.queries import statistics as case_statistics
from feedback.queries import worklist as case_worklist
from feedback.record import access_log, cases
from feedback.record.models.case import Case, Link
from feedback.record.models.letters import Letter
from feedback.record.models.logs import ReadLog
from feedback.rules.access import SYSTEM, Actor, citizen
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.read_models import Filters
from feedback.rules.vocabulary import Act
from routing import directory
from routing.models import Notice, Proposal, Staff
from tests.conftest import POSTGRES, fresh
from tests.endpoints.route_survey.policies import CLOSED, DONE, LEFT_OUT, TOLD
from tests.endpoints.route_survey.requests import Still, Words, answered, knocks, routes
from tests.moments import MONDAY
from tests.people import Door
from web import bootstrap
from web.actions import cases as case_actions
from web.actions import forecasts as forecast_actions
from web.auth import citizen_cookie

# One house for all of these, and one loop: what is asked is always the same, and a survey takes its time.
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("test_every_door")]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = MONDAY + 9 * DAY
MANY = 1_000_000
WITHDRAWN = "看错了不用办"
NO_THING = dict.fromkeys(("letter", "link", "notice", "proposal"), "987654")
NOTHING = Words("20260914-000000", "子虚乌有之语", "000000000000", {"file": "f" * 32, **NO_THING})
KEPT_AWAY = ("塑胶跑道", "白小本", "头晕")
BELOW_THE_ACCUSED = ("clerk-jiaoyu", "lead-jiaoyu", "clerk-xuexiao-shiyan")
PUBLIC_AND_STAFF = (
    *("stranger", "citizen", "auditor", *BELOW_THE_ACCUSED),
    *("clerk-chengguan", "clerk-rexian", "supervisor", "admin"),
)
OVERSEERS = ("supervisor", "auditor")
ON_BOTH_DATABASES = ("stranger", "auditor", "clerk-jiaoyu", "supervisor", "reception")
"""One of each sort of access, see `every_door`: nobody, everywhere but not cleared, accused, overseer, accused desk."""
ACCUSED_OF_THE_HOUSE = ("reception", "clerk-jiwei", "lead-jiwei")


Answers = dict[tuple[str, str], tuple[int, str]]
"""Who knocked where, and what they were told."""


@dataclass(frozen=True)
class Report:
    """A report somebody hands in, who works on it, and who may see it. `asked_by`: who tries its own words."""

    text: str
    words: str
    person: PersonSubmission
    secrets: tuple[str, ...]
    handler: str
    asked_by: tuple[str, ...]
    seen_by: tuple[str, ...]


ABOUT_A_UNIT = Report(
    "举报区教育局招生科收受礼金三万，深水井为证，请纪委查处",
    "礼金三万",
    PersonSubmission("安举报", "13900009876"),
    ("礼金三万", "安举报", "13900009876", "招生科", "证据.txt", "deep well", "深水井"),
    "clerk-jiwei",
    PUBLIC_AND_STAFF[:6],
    ("clerk-jiwei", "lead-jiwei", "reception"),
)
ABOUT_THE_HOUSE = Report(
    "举报区纪委监委和12345热线中心的人收受玉镯两只，老槐树下的店主可以作证",
    "玉镯两只",
    PersonSubmission("乐举报", "13900008765"),
    ("玉镯两只", "乐举报", "13900008765", "老槐树"),
    "clerk-shi-jiwei",
    (*PUBLIC_AND_STAFF[6:], *ACCUSED_OF_THE_HOUSE),
    ("clerk-shi-jiwei", "lead-shi-jiwei"),
)


@dataclass(frozen=True)
class Surveyed:
    """The house with both reports in it, what everybody was told before them, and the words of each."""

    door: Door
    before: Answers
    unit: Words
    house: Words


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(town: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """The application with no limits by address, at a time that stands still, with ordinary cases in it.

    Those whom a report names are cleared for reports: that they never learn of it is not for want of clearance.
    """
    async with fresh(town, tmp_path_factory.mktemp("house")) as settings:
        free = replace(
            settings,
            submit_per_minute=MANY,
            lookup_per_minute=MANY,
            login_per_minute=MANY,
            login_attempts=MANY,
        )
        async with Door.opened(free) as door:
            await Staff.filter(username__in=BELOW_THE_ACCUSED).update(cleared=True)
            door.context.clock = Still(moment=MONDAY)
            await _ordinary(door)
            await _kept_away(door)
            door.context.clock = Still(moment=NOW)
            await _follow_up(door)
            yield door


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def surveyed(house: Door) -> Surveyed:
    """Everybody knocks at every door; the reports are handed in and worked on."""
    assert not await Case.filter(confidential=True)
    before = await _survey(house, _here(PUBLIC_AND_STAFF), NOTHING)
    unit = await _reported(house, ABOUT_A_UNIT)
    before |= await _survey(house, _here(ACCUSED_OF_THE_HOUSE), NOTHING)
    return Surveyed(house, before, unit, await _reported(house, ABOUT_THE_HOUSE))


def _here(names: Iterable[str]) -> list[str]:
    """Those of them who are asked on the database of this run."""
    return [name for name in names if not POSTGRES or name in ON_BOTH_DATABASES]


async def _ordinary(door: Door) -> None:
    """Anna's case: worked on, answered, rated, published."""
    context, clerk = door.context, await directory.load_actor("clerk-jiaoyu")
    desk = await directory.load_actor("reception")
    file, _ = await attachments.store_file("照片.txt", "学校门口".encode(), FileStore.of(context.settings), now=MONDAY)
    draft = Submission(
        kind="complaint",
        title="学校门口拥堵",
        text="早晚高峰车辆乱停，孩子过马路危险，请教育局协调。",
        channel="web",
        desk="",
        person=PersonSubmission("安小娜", "13900001234"),
        public_consent=True,
        attachments=(file.id,),
    )
    no = (await case_actions.submit_case(context, draft)).no
    steps: tuple[tuple[Act, Actor, dict[str, Any]], ...] = (
        (Act.ASSIGN, desk, {"unit": "jiaoyu"}),
        (Act.ACCEPT, clerk, {}),
        (Act.REPLY, clerk, {"text": "已安排人员疏导。"}),
        (Act.PUBLISH, desk, {"title": "学校门口拥堵", "question": "车辆乱停。", "answer": "已安排人员疏导。"}),
    )
    for hour, (act, actor, data) in enumerate(steps, 1):
        await cases.act(no, act, actor, data, now=MONDAY + hour * HOUR)
    await case_actions.submit_case(context, replace(draft, title="校门口路灯不亮", attachments=()))
    withdrawn = (await case_actions.submit_case(context, replace(draft, title=WITHDRAWN, attachments=()))).no
    left: tuple[tuple[Act, dict[str, Any]], ...] = (
        (Act.WITHDRAW, {}),
        (Act.WITHDRAW_CONSENT, {}),
        (Act.ASK_CORRECTION, {"name": "安小娜"}),
        (Act.ASK_ERASURE, {}),
        (Act.ASK_RESTRICTION, {"scope": "contact"}),
    )
    for act, data in left:  # no step is left to take by accident
        await cases.act(withdrawn, act, citizen(withdrawn), data, now=MONDAY, vault=context.settings.vault)


async def _kept_away(door: Door) -> None:
    """A case of the unit from which its clerk is recused: a repeat was merged into it, and it was badly rated."""
    context, lead = door.context, await directory.load_actor("lead-jiaoyu")
    desk = await directory.load_actor("reception")
    text = "实验学校的塑胶跑道气味刺鼻，孩子上体育课后头晕，请查。"
    draft = Submission("complaint", "塑胶跑道刺鼻", text, "web", "", person=PersonSubmission("白小本", "13900005678"))
    no = (await case_actions.submit_case(context, draft)).no
    again = replace(draft, title="操场的事", text="上次说的操场的事还没有人管，请回电。")
    later = (await case_actions.submit_case(context, again)).no
    await cases.act(later, Act.ASSIGN, desk, {"unit": "jiaoyu"}, now=MONDAY)
    steps: tuple[tuple[Act, Actor, dict[str, Any]], ...] = (
        (Act.ASSIGN, desk, {"unit": "jiaoyu"}),
        (Act.RECUSE, lead, {"staff": "clerk-jiaoyu", "reason": "与反映人是亲属"}),
        (Act.ACCEPT, lead, {}),
        (Act.REPLY, lead, {"text": "塑胶跑道已检测。"}),
    )
    for hour, (act, actor, data) in enumerate(steps, 1):
        await cases.act(no, act, actor, data, now=MONDAY + hour * HOUR)
    await cases.act(later, Act.MERGE, desk, {"case": no, "reason": "同一事项"}, now=MONDAY + HOUR)
    await outbox.drain(bootstrap.build_handlers(context), MONDAY + 5 * HOUR)
    rating = {"level": 1, "text": "还是刺鼻"}
    later_context = replace(context, clock=Still(moment=MONDAY + 5 * HOUR))
    await case_actions.perform_act(later_context, no, Act.RATE, citizen(no), rating)


async def _follow_up(door: Door) -> None:
    await jobs.sweep_clocks(NOW)
    for _ in range(2):  # the second time for what the timers found
        await outbox.drain(bootstrap.build_handlers(door.context), NOW)
        for name in ("digests", "propose_all", "remind_measures", "alarms"):
            await timers.run_through(bootstrap.timers(door.context)[name], NOW)
    forecast_actions.clear_cache()


async def _reported(door: Door, report: Report) -> Words:
    """The report is handed in, worked on, late, disputed and rated; a notice and a message about it fail."""
    context, handler = door.context, await directory.load_actor(report.handler)
    context.clock = Still(moment=MONDAY - 25 * DAY)
    file, _ = await attachments.store_file("证据.txt", b"deep well", FileStore.of(context.settings), now=MONDAY)
    draft = Submission(
        kind="report",
        title=f"举报收受{report.words}",
        text=report.text,
        channel="web",
        desk="",
        person=report.person,
        public_consent=True,
        attachments=(file.id,),
    )
    receipt = await case_actions.submit_case(context, draft)
    later = await case_actions.submit_case(
        context, replace(draft, text=f"再次反映：{report.text}，盼复", attachments=())
    )
    await jobs.sweep_clocks(MONDAY - 2 * DAY)  # nobody sent it on in time
    await outbox.drain(bootstrap.build_handlers(context), MONDAY - DAY)
    holder, no = citizen(receipt.no), receipt.no
    for case in await Case.filter(no__in=[receipt.no, later.no], unit=""):  # the desk sends it on
        await cases.act(case.no, Act.ASSIGN, SYSTEM, {"unit": handler.unit}, now=MONDAY - DAY)
    await outbox.drain(bootstrap.build_handlers(context), MONDAY - DAY)
    overseer = replace(await directory.load_actor("supervisor"), cleared=True)
    head = await directory.load_actor(f"lead-{handler.unit}")
    steps: tuple[tuple[Act, Actor, dict[str, Any]], ...] = (
        (Act.RETURN, handler, {"reason": f"{report.secrets[-1]}不归我们管"}),
        (Act.ASSIGN, SYSTEM, {"unit": handler.unit}),
        (Act.ACCEPT, handler, {}),
        (Act.ASK, handler, {"text": f"请补充{report.secrets[-1]}的情况"}),
        (Act.SUPPLEMENT, holder, {"text": f"{report.secrets[-1]}在后院"}),
        (Act.URGE, holder, {}),
        (Act.SUPERVISE, overseer, {"reason": f"限期查处{report.words}"}),
        (Act.REPLY, head, {"text": f"已立案，{report.words}已收缴。"}),
    )
    for hour, (act, actor, data) in enumerate(steps, 3):
        await cases.act(no, act, actor, data, now=MONDAY + hour * HOUR)
    for day in range(1, 4):  # so often that an order is proposed
        await cases.act(later.no, Act.URGE, citizen(later.no), {}, now=MONDAY + day * DAY)
    context.clock = Still(moment=MONDAY + 10 * HOUR)
    await outbox.drain(bootstrap.build_handlers(context), MONDAY + 10 * HOUR)
    await case_actions.perform_act(context, no, Act.RATE, holder, {"level": 1, "text": f"{report.words}没退"})
    context.clock = Still(moment=NOW)
    await _follow_up(door)
    await Notice.filter(case_no=no).update(error="地址不对")
    await case_queries.load_file(handler, no, vault=context.settings.vault, log_at=NOW)
    link = await Link.get(case_id=(await Case.get(no=later.no)).id)
    things = {
        "file": file.id,
        "letter": (await Letter.filter(case__no=no).order_by("id"))[0].id,
        "link": link.id,
        "notice": (await Notice.filter(case_no=no).order_by("id"))[0].id,
        "proposal": (await Proposal.filter(case_no=later.no).order_by("id"))[0].id,
    }
    return Words(no, report.words, NOTHING.code, {name: str(id_) for name, id_ in things.items()})


@asynccontextmanager
async def _visitors(door: Door, names: Iterable[str]) -> AsyncIterator[dict[str, httpx2.AsyncClient]]:
    """A browser for each, logged in; the citizen's opens a case of their own."""
    own = (await case_worklist.load_worklist(SYSTEM, Filters(q=WITHDRAWN), 1, now=NOW)).items[0].no
    async with AsyncExitStack() as stack:
        clients = {}
        for name in names:
            client = door.browser() if name in ("stranger", "citizen") else await door.page_client(name)
            stack.push_async_callback(client.aclose)
            clients[name] = client
        remembering = Response()
        citizen_cookie.remember_case(remembering, door.context, own)
        if "citizen" in clients:
            clients["citizen"].cookies.set(
                citizen_cookie.CASE_COOKIE, remembering.headers["set-cookie"].split(";")[0].split("=", 1)[1].strip('"')
            )
        yield clients


async def _survey(door: Door, names: Iterable[str], words: Words) -> Answers:
    """What every door answers to each of these when they say these words."""
    await ReadLog.all().delete()  # the survey's own exports are not what is asked about
    answers = {}
    async with _visitors(door, names) as visitors:
        for name, client in visitors.items():
            await Notice.all().update(read_at=None, read_by="")  # nor the marks that knocking leaves
            known = dict(client.cookies)
            for knock in knocks(door.app, words, LEFT_OUT):
                status, body = await answered(client, knock)
                client.cookies.clear()
                client.cookies.update(known)
                answers[name, knock.name] = status, words.taken_from(body, knock.path)
    return answers


def _different(before: Answers, after: Answers) -> list[str]:
    """Each door that answers differently, with the place where it begins to."""
    differences = []
    for key, (other_status, other) in after.items():
        status, body = before[key]
        if (status, body) != (other_status, other):
            at = next(
                (i for i, (a, b) in enumerate(zip(body, other, strict=False)) if a != b), min(len(body), len(other))
            )
            here = slice(max(0, at - 60), at + 80)
            differences.append(f"{key} {status}/{other_status}: {body[here]!r} / {other[here]!r}")
    return differences


async def test_for_whoever_may_not_see_a_report_there_is_none(surveyed: Surveyed) -> None:
    for report, words in ((ABOUT_A_UNIT, surveyed.unit), (ABOUT_THE_HOUSE, surveyed.house)):
        after = await _survey(surveyed.door, _here(report.asked_by), words)
        assert not (faults := _different(surveyed.before, after)), "\n".join(faults)
        leaks = [
            f"{who} {where}: {secret}"
            for (who, where), (_, body) in after.items()
            for secret in report.secrets
            if secret in body
        ]
        assert not leaks
        assert not [door for door, (status, _) in after.items() if status == 500]


async def test_whoever_is_recused_from_a_case_is_not_told_of_it_by_another(surveyed: Surveyed) -> None:
    context = surveyed.door.context
    case = await Case.get(title="塑胶跑道刺鼻")
    followed = await Case.get(link=case.no)
    file = await case_queries.load_file(
        await directory.load_actor("lead-jiaoyu"), case.no, vault=context.settings.vault
    )
    assert set(file.linked) == {followed.no}
    leaks = [
        f"{where}: {secret}"
        for (who, where), (_, body) in surveyed.before.items()
        for secret in (*KEPT_AWAY, case.no, followed.no)
        if who == "clerk-jiaoyu" and secret in body
    ]
    assert not leaks
    for subject in (case, followed):
        about = await _survey(surveyed.door, ["clerk-jiaoyu"], replace(NOTHING, no=subject.no))
        assert not (faults := _different(surveyed.before, about)), "\n".join(faults)


async def test_every_door_has_a_verdict_and_whoever_may_see_a_report_reads_of_it_at_these_alone(
    surveyed: Surveyed,
) -> None:
    there = {f"{method} {route}" for method, route in routes(surveyed.door.app.router.routes) if method != "HEAD"}
    given = [*LEFT_OUT, *TOLD, *CLOSED, *DONE]
    assert sorted(given) == sorted(there)
    assert {route for route in there if not route.startswith("GET ")} == {
        *DONE,
        *(route for route in LEFT_OUT if "GET" not in route),
    }
    overseers = Staff.filter(username__in=OVERSEERS)
    await overseers.update(cleared=True)
    async with _visitors(surveyed.door, (*OVERSEERS, *ABOUT_A_UNIT.seen_by)) as visitors:
        readable = {
            where for client in visitors.values() for where in await _told_at(surveyed.door, client, surveyed.unit)
        }
    await overseers.update(cleared=False)
    assert sorted(readable) == sorted(TOLD)


async def _told_at(door: Door, client: httpx2.AsyncClient, words: Words) -> set[str]:
    """The doors at which somebody who asks for nothing in particular reads of the report."""
    places = set()
    numbers = [str(row["no"]) for row in await Case.filter(confidential=True).values("no")]
    secrets = [*ABOUT_A_UNIT.secrets, *numbers]
    for knock in knocks(door.app, words, LEFT_OUT):
        if knock.method == "GET" and not knock.variant:
            _, body = await answered(client, knock)
            if any(secret in body.replace(knock.path, "") for secret in secrets):
                places.add(f"GET {knock.route}")
    return places


async def test_whoever_may_see_a_report_does_and_each_look_is_written_down(surveyed: Surveyed) -> None:
    for report, words in ((ABOUT_A_UNIT, surveyed.unit), (ABOUT_THE_HOUSE, surveyed.house)):
        async with _visitors(surveyed.door, report.seen_by) as visitors:
            for name in report.seen_by:
                await ReadLog.all().delete()
                page = await visitors[name].get(f"/desk/cases/{words.no}")
                file = await visitors[name].get(f"/desk/files/{words.ids['file']}")
                response = await visitors[name].get(f"/api/v1/cases/{words.no}")
                again = await visitors[name].post(f"/desk/cases/{words.no}/preview", data={"act": "reply"})
                assert (page.status_code, file.status_code, response.status_code) == (200, 200, 200), name
                assert again.status_code in (409, 422)
                assert report.secrets[-1] in page.text and file.content == b"deep well"
                looks = [(row["actor"], row["what"]) for row in await access_log.read_log(words.no)]
                assert looks.count((name, "file")) == 3, looks
                assert looks.count((name, "attachment")) == 1, looks
                assert words.no in (await visitors[name].get("/desk?status=&scope=all")).text


async def test_only_a_cleared_auditor_reads_who_looked_at_a_report(surveyed: Surveyed) -> None:
    words, vault = surveyed.unit, surveyed.door.context.settings.vault
    await case_queries.load_file(await directory.load_actor("clerk-jiwei"), words.no, vault=vault, log_at=NOW)
    async with _visitors(surveyed.door, ["auditor"]) as visitors:
        log = (await visitors["auditor"].get("/admin/reads")).text
        assert words.no not in log and "查阅案卷" not in log
        await Staff.filter(username="auditor").update(cleared=True)
        log = (await visitors["auditor"].get(f"/admin/reads?no={words.no}")).text
        assert "clerk-jiwei" in log and words.no in log


async def test_what_the_board_and_the_administrator_see_of_a_failure_names_no_report(surveyed: Surveyed) -> None:
    words = surveyed.unit
    failed: dict[str, Any] = {
        "payload": {"no": words.no},
        "run_at": NOW,
        "attempts": 9,
        "error": f"NotFound({words.no})",
    }
    await outbox.Message.create(kind="case.note", key=f"{words.no}:99", **failed)
    async with _visitors(surveyed.door, ("supervisor", "admin")) as visitors:
        for name, path in (("supervisor", "/board"), ("supervisor", "/board/fragment"), ("admin", "/admin/messages")):
            page = (await visitors[name].get(path)).text
            assert "case.note" in page and words.no not in page, path


async def test_a_calendar_that_moves_a_reports_clock_does_not_tell_of_it(surveyed: Surveyed) -> None:
    words = surveyed.unit
    days = {c.due_legal_day for c in (await case_statistics.load_projection(words.no))[1]}
    lines = "\n".join(f"{day},off,调休" for day in sorted(days))
    async with _visitors(surveyed.door, ["admin"]) as visitors:
        handed_in = await visitors["admin"].post("/admin/calendar", data={"lines": lines, "remark": "试"})
        draft = handed_in.headers["location"]
        assert words.no not in (await visitors["admin"].get(draft)).text
        made = (await visitors["admin"].post(f"{draft}/apply")).headers["location"]
        await surveyed.door.drain()
        assert words.no not in (await visitors["admin"].get(made)).text


async def test_a_notice_to_staff_does_not_carry_a_reports_title(surveyed: Surveyed) -> None:
    words = surveyed.house
    notices = await Notice.filter(case_no=words.no).exclude(audience="citizen").values("audience", "unit", "words")
    assert notices
    assert {row["unit"] for row in notices} == {"shi-jiwei"}
    assert not [row for row in notices if ABOUT_THE_HOUSE.words in row["words"]]


async def test_a_report_goes_to_nobody_below_those_it_names_and_to_no_unit_that_could_not_open_it(house: Door) -> None:
    draft = Submission(kind="report", title="举报", text="举报区教育局的人收受礼金", channel="web", desk="")
    no = (await case_actions.submit_case(house.context, draft)).no
    desk = await directory.load_actor("reception")
    for unit, fault in (("jiaoyu", "barred"), ("xuexiao-shiyan", "barred"), ("chengguan", "not_cleared")):
        with pytest.raises(Invalid) as caught:
            await case_actions.perform_act(house.context, no, Act.ASSIGN, desk, {"unit": unit})
        assert caught.value.fields == {"unit": fault}
    await case_actions.perform_act(house.context, no, Act.ASSIGN, desk, {"unit": "jiwei"})


async def test_nothing_ordinary_is_merged_into_a_report(surveyed: Surveyed) -> None:
    words, house = surveyed.unit, surveyed.door
    draft = Submission(kind="complaint", title="路灯不亮", text="小区路灯坏了", channel="web", desk="")
    no = (await case_actions.submit_case(house.context, draft)).no
    desk = await directory.load_actor("reception")
    with pytest.raises(Invalid) as caught:
        await case_actions.perform_act(house.context, no, Act.MERGE, desk, {"case": words.no, "reason": "同一件事"})
    assert caught.value.fields == {"case": "confidential"}
