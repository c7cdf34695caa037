"""Does a report (检举控告) exist for whoever may not see it? At every door, for everybody: no.

Nothing any door answers may change when a report is handed in and worked on, and what is answered about it must be
what is answered about a number that nobody ever had (信访工作条例 第三十条). Whoever may see it does, and is written down.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.responses import Response

from feedback import attachments, cases, facts, jobs, queries, reads
from feedback.access import SYSTEM, Actor, citizen
from feedback.intake import Draft, PersonDraft
from feedback.kernel import outbox
from feedback.kernel.errors import Invalid
from feedback.kernel.settings import Settings
from feedback.lifecycle import Act
from feedback.models import ReadLog
from feedback.views import Filters
from routing import directory
from routing.models import Notice, Staff
from tests.conftest import MONDAY
from tests.doors.every_door import Still, Words, answered, knocks
from tests.people import Door
from web import boot, doors, identity
from web.pages import forecasts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = MONDAY + 9 * DAY
MANY = 1_000_000
WITHDRAWN = "看错了不用办"
NOTHING = Words("20260914-000000", "f" * 32, "子虚乌有之语", "000000000000")
SECRETS = ("礼金三万", "安举报", "13900009876", "招生科", "证据.txt", "深水井")
PUBLIC_AND_STAFF = (
    *("stranger", "citizen", "clerk-jiaoyu", "lead-jiaoyu", "clerk-xuexiao-shiyan", "clerk-chengguan"),
    *("clerk-rexian", "supervisor", "auditor", "admin"),
)


Answers = dict[tuple[str, str], tuple[int, str]]
"""Who knocked where, and what they were told."""


@dataclass(frozen=True)
class Report:
    """A report somebody hands in, who works on it, and who must never learn of it."""

    text: str
    handler: str
    hidden_from: tuple[str, ...]
    seen_by: tuple[str, ...]


ABOUT_A_UNIT = Report(
    "举报区教育局招生科收受礼金三万，深水井为证，请纪委查处",
    "clerk-jiwei",
    PUBLIC_AND_STAFF,
    ("clerk-jiwei", "lead-jiwei", "reception"),
)
ABOUT_THE_HOUSE = Report(
    "举报区纪委监委和12345热线中心的人收受礼金三万，招生科可以作证，见深水井",
    "clerk-shi-jiwei",
    (*PUBLIC_AND_STAFF, "reception", "clerk-jiwei", "lead-jiwei"),
    ("clerk-shi-jiwei", "lead-shi-jiwei"),
)


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[Door]:
    """The application with no limits by address, at a time that stands still, with an ordinary case in it."""
    free = replace(settings, submit_per_minute=MANY, lookup_per_minute=MANY, login_per_minute=MANY)
    async with Door.opened(free) as found:
        found.office.clock = Still(moment=MONDAY)
        await _ordinary(found)
        found.office.clock = Still(moment=NOW)
        await _follow_up(found)
        yield found


async def _ordinary(door: Door) -> None:
    """Anna's case: worked on, answered, rated, published."""
    office, clerk = door.office, await directory.actor_of("clerk-jiaoyu")
    desk = await directory.actor_of("reception")
    file = await attachments.keep("照片.txt", "学校门口".encode(), office.settings.data, now=MONDAY, most=MANY)
    draft = Draft(
        kind="complaint",
        title="学校门口拥堵",
        text="早晚高峰车辆乱停，孩子过马路危险，请教育局协调。",
        channel="web",
        desk="",
        person=PersonDraft("安小娜", "13900001234"),
        public_consent=True,
        attachments=(file.id,),
    )
    no = (await doors.hand_in(office, draft)).no
    steps: tuple[tuple[Act, Actor, dict[str, Any]], ...] = (
        (Act.ASSIGN, desk, {"unit": "jiaoyu"}),
        (Act.ACCEPT, clerk, {}),
        (Act.REPLY, clerk, {"text": "已安排人员疏导。"}),
        (Act.PUBLISH, desk, {"title": "学校门口拥堵", "question": "车辆乱停。", "answer": "已安排人员疏导。"}),
    )
    for hour, (act, actor, data) in enumerate(steps, 1):
        await cases.act(no, act, actor, data, now=MONDAY + hour * HOUR)
    await doors.hand_in(office, replace(draft, title="校门口路灯不亮", attachments=()))
    withdrawn = (await doors.hand_in(office, replace(draft, title=WITHDRAWN, attachments=()))).no
    await cases.act(withdrawn, Act.WITHDRAW, citizen(withdrawn), {}, now=MONDAY)  # no step is left to take by accident


async def _follow_up(door: Door) -> None:
    await jobs.sweep_clocks(NOW)
    for _ in range(2):  # the second time for what the timers found
        await outbox.drain(boot.handlers(door.office), NOW)
        for name in ("morning", "oversight"):
            await boot.TIMERS[name][0](door.office, NOW)
    forecasts.forget()


async def _reported(door: Door, report: Report) -> Words:
    """The report is handed in, worked on, late, disputed and rated; a notice and a message about it fail."""
    office, handler = door.office, await directory.actor_of(report.handler)
    office.clock = Still(moment=MONDAY - 25 * DAY)
    file = await attachments.keep("证据.txt", b"deep well", office.settings.data, now=MONDAY, most=MANY)
    draft = Draft(
        kind="report",
        title="举报收受礼金三万",
        text=report.text,
        channel="web",
        desk="",
        person=PersonDraft("安举报", "13900009876"),
        public_consent=True,
        attachments=(file.id,),
    )
    receipt = await doors.hand_in(office, draft)
    await jobs.sweep_clocks(MONDAY - 2 * DAY)  # nobody sent it on in time
    await outbox.drain(boot.handlers(office), MONDAY - DAY)
    holder, no = citizen(receipt.no), receipt.no
    overseer = replace(await directory.actor_of("supervisor"), cleared=True)
    steps: tuple[tuple[Act, Actor, dict[str, Any]], ...] = (
        (Act.RETURN, handler, {"reason": "招生科不归我们管"}),
        (Act.ASSIGN, SYSTEM, {"unit": handler.unit}),
        (Act.ACCEPT, handler, {}),
        (Act.ASK, handler, {"text": "请补充招生科的情况"}),
        (Act.SUPPLEMENT, holder, {"text": "深水井在后院"}),
        (Act.URGE, holder, {}),
        (Act.SUPERVISE, overseer, {"reason": "限期查处礼金三万"}),
        (Act.REPLY, handler, {"text": "已立案，礼金三万已收缴。"}),
    )
    for hour, (act, actor, data) in enumerate(steps, 3):
        await cases.act(no, act, actor, data, now=MONDAY + hour * HOUR)
    office.clock = Still(moment=MONDAY + 10 * HOUR)
    await outbox.drain(boot.handlers(office), MONDAY + 10 * HOUR)
    await doors.do(office, no, Act.RATE, holder, {"level": 1, "text": "礼金三万没退"})
    office.clock = Still(moment=NOW)
    await _follow_up(door)
    await Notice.filter(case_no=no).update(error="地址不对")
    await queries.file(handler, no, secret=office.settings.secret, log_at=NOW)
    return Words(no, file.id, "礼金三万", NOTHING.code)


@asynccontextmanager
async def _visitors(door: Door, names: tuple[str, ...]) -> AsyncIterator[dict[str, httpx2.AsyncClient]]:
    """A browser for each, logged in; the citizen's opens a case of their own."""
    own = (await queries.worklist(SYSTEM, Filters(q=WITHDRAWN), 1, now=NOW)).items[0].no
    async with AsyncExitStack() as stack:
        found = {}
        for name in names:
            client = door.browser() if name in ("stranger", "citizen") else await door.page_client(name)
            stack.push_async_callback(client.aclose)
            found[name] = client
        remembering = Response()
        identity.remember_case(remembering, door.office, own)
        found["citizen"].cookies.set(
            identity.CASE_COOKIE, remembering.headers["set-cookie"].split(";")[0].split("=", 1)[1].strip('"')
        )
        yield found


async def _survey(door: Door, visitors: dict[str, httpx2.AsyncClient], words: Words) -> Answers:
    """What every door answers to each visitor who says these words."""
    await ReadLog.all().delete()  # the survey's own exports are not what is asked about
    await Notice.all().update(read_at=None, read_by="")  # nor the marks its own knocking leaves
    found = {}
    for name, client in visitors.items():
        for knock in knocks(door.app, words):
            cookies = dict(client.cookies)
            status, body = await answered(client, knock)
            client.cookies.clear()
            client.cookies.update(cookies)
            found[name, words.taken_from(knock.name)] = status, words.taken_from(body)
    return found


def _different(before: Answers, after: Answers) -> list[str]:
    """Each door that answers differently, with the place where it begins to."""
    found = []
    for key, (status, body) in before.items():
        other_status, other = after[key]
        if (status, body) != (other_status, other):
            at = next(
                (i for i, (a, b) in enumerate(zip(body, other, strict=False)) if a != b), min(len(body), len(other))
            )
            here = slice(max(0, at - 60), at + 80)
            found.append(f"{key} {status}/{other_status}: {body[here]!r} / {other[here]!r}")
    return found


@pytest.mark.parametrize("report", [ABOUT_A_UNIT, ABOUT_THE_HOUSE], ids=["about a unit", "about the house"])
async def test_for_whoever_may_not_see_a_report_there_is_none(house: Door, report: Report) -> None:
    async with _visitors(house, report.hidden_from) as visitors:
        before = await _survey(house, visitors, NOTHING)
        words = await _reported(house, report)
        after = await _survey(house, visitors, NOTHING)
        assert not _different(before, after), "\n".join(_different(before, after))
        about_it = await _survey(house, visitors, words)
        assert not _different(after, about_it), "\n".join(_different(after, about_it))
    told = [
        f"{who} {where}: {secret}"
        for (who, where), (_, body) in about_it.items()
        for secret in SECRETS
        if secret in body
    ]
    assert not told
    assert not [door for door, (status, _) in about_it.items() if status == 500]


async def test_whoever_may_see_a_report_does_and_each_look_is_written_down(house: Door) -> None:
    for report in (ABOUT_A_UNIT, ABOUT_THE_HOUSE):
        words = await _reported(house, report)
        async with _visitors(house, ("citizen", *report.seen_by)) as visitors:
            for name in report.seen_by:
                await ReadLog.all().delete()
                page = await visitors[name].get(f"/desk/cases/{words.no}")
                file = await visitors[name].get(f"/desk/files/{words.file}")
                told = await visitors[name].get(f"/api/v1/cases/{words.no}")
                again = await visitors[name].post(f"/desk/cases/{words.no}/preview", data={"act": "reply"})
                assert (page.status_code, file.status_code, told.status_code) == (200, 200, 200), name
                assert again.status_code in (409, 422)
                assert "深水井" in page.text and file.content == b"deep well"
                looks = [(row["actor"], row["what"]) for row in await reads.read_log(words.no)]
                assert looks.count((name, "file")) == 3, looks
                assert looks.count((name, "attachment")) == 1, looks
                assert words.no in (await visitors[name].get("/desk?status=&scope=all")).text


async def test_only_a_cleared_auditor_reads_who_looked_at_a_report(house: Door) -> None:
    words = await _reported(house, ABOUT_A_UNIT)
    async with _visitors(house, ("citizen", "auditor")) as visitors:
        assert "clerk-jiwei" not in (await visitors["auditor"].get("/admin/reads")).text
        await Staff.filter(username="auditor").update(cleared=True)
        log = (await visitors["auditor"].get(f"/admin/reads?no={words.no}")).text
        assert "clerk-jiwei" in log and words.no in log


async def test_what_the_board_and_the_administrator_see_of_a_failure_names_no_report(house: Door) -> None:
    words = await _reported(house, ABOUT_A_UNIT)
    failed = {"payload": {"no": words.no}, "run_at": NOW, "attempts": 9, "error": f"NotFound({words.no})"}
    await outbox.Message.create(kind="case.note", key=f"{words.no}:99", **failed)
    async with _visitors(house, ("citizen", "supervisor", "admin")) as visitors:
        for name, path in (("supervisor", "/board"), ("supervisor", "/board/fragment"), ("admin", "/admin/messages")):
            page = (await visitors[name].get(path)).text
            assert "case.note" in page and words.no not in page, path


async def test_a_calendar_that_moves_a_reports_clock_does_not_tell_of_it(house: Door) -> None:
    words = await _reported(house, ABOUT_A_UNIT)
    days = {c.due_legal_day for c in (await facts.folded(words.no))[1]}
    lines = "\n".join(f"{day},off,调休" for day in sorted(days))
    async with _visitors(house, ("citizen", "admin")) as visitors:
        handed_in = await visitors["admin"].post("/admin/calendar", data={"lines": lines, "remark": "试"})
        draft = handed_in.headers["location"]
        assert words.no not in (await visitors["admin"].get(draft)).text
        made = (await visitors["admin"].post(f"{draft}/apply")).headers["location"]
        await house.drain()
        assert words.no not in (await visitors["admin"].get(made)).text


async def test_a_notice_to_staff_does_not_carry_a_reports_title(house: Door) -> None:
    words = await _reported(house, ABOUT_THE_HOUSE)
    told = await Notice.filter(case_no=words.no).exclude(audience="citizen").values("audience", "unit", "words")
    assert told
    assert {row["unit"] for row in told} == {"shi-jiwei"}
    assert not [row for row in told if "礼金" in row["words"]]


async def test_a_report_goes_to_nobody_below_those_it_names_and_to_no_unit_that_could_not_open_it(house: Door) -> None:
    draft = Draft(kind="report", title="举报", text="举报区教育局的人收受礼金", channel="web", desk="")
    no = (await doors.hand_in(house.office, draft)).no
    desk = await directory.actor_of("reception")
    for unit, fault in (("jiaoyu", "barred"), ("xuexiao-shiyan", "barred"), ("chengguan", "not_cleared")):
        with pytest.raises(Invalid) as caught:
            await doors.do(house.office, no, Act.ASSIGN, desk, {"unit": unit})
        assert caught.value.fields == {"unit": fault}
    await doors.do(house.office, no, Act.ASSIGN, desk, {"unit": "jiwei"})


async def test_nothing_ordinary_is_merged_into_a_report(house: Door) -> None:
    words = await _reported(house, ABOUT_A_UNIT)
    draft = Draft(kind="complaint", title="路灯不亮", text="小区路灯坏了", channel="web", desk="")
    no = (await doors.hand_in(house.office, draft)).no
    desk = await directory.actor_of("reception")
    with pytest.raises(Invalid) as caught:
        await doors.do(house.office, no, Act.MERGE, desk, {"case": words.no, "reason": "同一件事"})
    assert caught.value.fields == {"case": "confidential"}
