"""Random acts in random order keep the record consistent; the long version is `tests.bench.random_walk`."""

from datetime import timedelta

import pytest

from feedback import jobs
from feedback.kernel import outbox
from feedback.kernel.errors import Invalid
from feedback.queries import cases as case_queries
from feedback.queries import statistics as case_statistics
from feedback.queries import worklist as case_worklist
from feedback.record import calendar_editions, cases
from feedback.rules import access
from feedback.rules.access import SYSTEM, citizen
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.read_models import Filters
from feedback.rules.vocabulary import Act, Status
from feedback.rules.workdays import DayRow
from routing import directory
from tests.bench.random_walk import START, Walk
from tests.flows.story import OPINION
from tests.moments import MONDAY
from web import bootstrap
from web.context import AppContext

HOUR = timedelta(hours=1)


async def test_a_random_walk_over_half_a_year_breaks_no_invariant(context: AppContext) -> None:
    faults = await Walk(context, acts=250, seed_=1).run()
    assert faults.faults == []
    assert faults.until - START > timedelta(days=120)
    assert faults.moved_by_calendar
    assert len(faults.done) > 15


async def _opened(context: AppContext, kind: str, **more: object) -> str:
    known: dict[str, object] = {
        "kind": kind,
        "title": "学校门口拥堵",
        "text": "早晚高峰车辆乱停，孩子过马路危险。",
        "channel": "web",
        "desk": "rexian",
        "person": PersonSubmission("安小娜", "13900001234"),
    }
    draft = Submission(**{**known, **more})  # type: ignore[arg-type] # keywords of the dataclass
    return (await cases.submit(draft, citizen(""), now=MONDAY, vault=context.settings.vault)).no


async def test_a_unit_asked_twice_to_help_is_asked_once_and_the_lead_not_at_all(context: AppContext) -> None:
    no = await _opened(context, "complaint")
    desk, lead = await directory.load_actor("reception"), await directory.load_actor("clerk-jiaoyu")
    asked = {"unit": "jiaoyu", "units": ["gongan", "jiaoyu", "gongan"]}
    await cases.act(no, Act.ASSIGN, desk, asked, now=MONDAY + HOUR)
    with pytest.raises(Invalid) as refused:
        await cases.act(no, Act.CO_ASSIGN, lead, {"units": ["jiaoyu"], "task": "自己协办自己"}, now=MONDAY + 2 * HOUR)
    assert refused.value.fields == {"units": "already_lead"}
    folded, stored, _ = await case_statistics.load_projection(no)
    assert [c.unit for c in stored if c.term == "co_reply"] == ["gongan"]
    assert [t.unit for t in folded.tenures if not t.lead] == ["gongan"]


async def test_a_refused_review_leaves_no_clock_behind(context: AppContext) -> None:
    no = await _opened(context, "appeal")
    desk, clerk = await directory.load_actor("reception"), await directory.load_actor("clerk-jiaoyu")
    await cases.act(no, Act.ASSIGN, desk, {"unit": "jiaoyu"}, now=MONDAY + HOUR)
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR)
    head, opinion = await directory.load_actor("lead-jiaoyu"), {**OPINION, "outcome": "reject"}
    await cases.act(no, Act.REPLY, head, {"text": "已按规定处理。", **opinion}, now=MONDAY + 3 * HOUR)
    await cases.act(no, Act.REVIEW, citizen(no), {"reason": "不服"}, now=MONDAY + 4 * HOUR)
    refused = {"ground": "review_not_due", "reason": "已经复查", "where_instead": "人民法院"}
    await cases.act(no, Act.ASSIGN, desk, {"unit": "quzhengfu"}, now=MONDAY + 5 * HOUR)
    organ = await directory.load_actor("lead-quzhengfu")
    await cases.act(no, Act.DECLINE, organ, refused, now=MONDAY + 6 * HOUR)
    assert await jobs.count_orphaned_clocks() == 0


async def test_a_right_that_lapses_follows_the_calendar_too(context: AppContext) -> None:
    no = await _opened(context, "report")
    desk = await directory.load_actor("reception")
    await cases.act(no, Act.ASSIGN, desk, {"unit": "jiwei"}, now=MONDAY + HOUR)
    (objecting,) = [c for c in (await case_statistics.load_projection(no))[1] if c.term == "object"]
    day = DayRow(objecting.due_legal_day, False, "调休")
    newest = (await calendar_editions.load_current_calendar()).edition
    what = calendar_editions.CalendarChange((day,), (), day.day.replace(month=12, day=31), remark="通知")
    await calendar_editions.add_edition(what, "admin", MONDAY + HOUR, after=newest)
    await outbox.drain(bootstrap.build_handlers(context), MONDAY + 2 * HOUR)
    (moved,) = [c for c in (await case_statistics.load_projection(no))[1] if c.term == "object"]
    assert moved.due_at > objecting.due_at
    assert [d async for d in jobs.find_damages(context.settings)] == []


async def test_a_report_returned_past_a_desk_that_may_not_see_it_is_sent_on_by_the_rows(context: AppContext) -> None:
    no = await _opened(context, "report", bars=frozenset({"jiwei", "rexian"}))
    table, desk = bootstrap.build_handlers(context), await directory.load_actor("reception")
    await outbox.drain(table, MONDAY + HOUR)
    above = await directory.load_actor("clerk-shi-jiwei")
    await cases.act(no, Act.RETURN, above, {"reason": "不属于本机关管辖"}, now=MONDAY + 2 * HOUR)
    await outbox.drain(table, MONDAY + 3 * HOUR)
    file = await case_queries.load_file(SYSTEM, no, vault=context.settings.vault)
    assert (file.status, file.unit) == (Status.ASSIGNED, "shi-jiwei")
    case = await case_worklist.load_worklist(desk, Filters(), 1, now=MONDAY)
    assert not case.total and access.scope(desk).desk == "rexian"
