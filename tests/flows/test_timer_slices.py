"""Timers work in bounded slices, and all slices together do everything once."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from structlog.testing import capture_logs

from classify.duplicates import link_proposals
from evaluation import jobs as evaluation_jobs
from feedback import jobs
from feedback.kernel import outbox, timers
from feedback.record import cases
from feedback.record.models.case import Case, Entry, Person, TenureRow
from feedback.record.models.clocks import ClockRow
from feedback.rules.access import citizen
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Act, Kind
from routing import directory
from routing.models import Proposal
from routing.oversight import proposals as supervision_proposals
from tests.moments import MONDAY
from web import bootstrap
from web.context import AppContext

DAY = timedelta(days=1)
UNIT = "jiaoyu"


class Statements(logging.Handler):
    """Notes every statement that is sent."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.sent: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and len(record.args) == 2:
            self.sent.append(str(record.args[0]))


@contextmanager
def statements() -> Iterator[list[str]]:
    log, notes = logging.getLogger("tortoise.db_client"), Statements()
    level = log.level
    log.addHandler(notes)
    log.setLevel(logging.DEBUG)
    try:
        yield notes.sent
    finally:
        log.removeHandler(notes)
        log.setLevel(level)


async def answered(context: AppContext, *, reply: bool = True) -> str:
    """A complaint the bureau of education accepted, and answered."""
    person = PersonSubmission(name="安小娜", phone="13900001234")
    draft = Submission(
        kind=Kind.COMPLAINT, title="门口拥堵", text="早晚高峰堵车。", channel="app", desk="rexian", person=person
    )
    no = (await cases.submit(draft, citizen(""), now=MONDAY, vault=context.settings.vault)).no
    reception, clerk = await directory.load_actor("reception"), await directory.load_actor(f"clerk-{UNIT}")
    await cases.act(no, Act.ASSIGN, reception, {"unit": UNIT}, now=MONDAY)
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY)
    if reply:
        await cases.act(no, Act.REPLY, clerk, {"text": "已安排交警疏导。"}, now=MONDAY + DAY)
    return no


async def copy(no: str, count: int) -> None:
    """So many more cases like that one, each with a person, entries, clocks and tenures of its own."""
    case = await Case.get(no=no).values()
    person = await Person.get(id=case["person_id"]).values()
    parts = {model: await model.filter(case_id=case["id"]).values() for model in (Entry, ClockRow, TenureRow)}
    await Person.bulk_create([Person(**person | {"id": 10_000 + n}) for n in range(count)])
    own = [
        {"id": 10_000 + n, "no": f"C{n:06d}", "code_hash": f"{n:064d}", "person_id": 10_000 + n, "source_id": f"c-{n}"}
        for n in range(count)
    ]
    await Case.bulk_create([Case(**case | columns) for columns in own])
    for model, rows in parts.items():
        copies: list[dict[str, Any]] = [row | {"case_id": columns["id"]} for columns in own for row in rows]
        objects: list[Any] = [model(**{name: row[name] for name in row if name != "id"}) for row in copies]
        await model.bulk_create(objects)


async def test_rated_out_cases_are_closed_a_few_at_a_time_until_all_are(context: AppContext) -> None:
    await copy(await answered(context), 24)
    late, closed, position = MONDAY + 90 * DAY, list[int](), ""
    while True:
        count, position = await jobs.close_some_rated_out(late, context.settings.rating_days, position)
        closed.append(count)
        if not position:
            break
    assert closed == [10, 10, 5, 0]  # the last look is for answers whose day nobody knows
    assert await Case.filter(status="closed").count() == 25
    assert await jobs.close_after_rating_window(late, context.settings.rating_days) == 0


async def test_a_case_whose_last_entry_is_ahead_of_the_clock_does_not_hold_up_those_behind_it(
    context: AppContext,
) -> None:
    late = MONDAY + 90 * DAY
    ahead, behind = await answered(context), await answered(context)
    last = await Entry.filter(case__no=ahead).order_by("-seq").first()
    assert last
    await Entry.filter(id=last.id).update(at=late + DAY)  # by a machine whose clock was ahead
    with capture_logs() as logs:
        assert await jobs.close_after_rating_window(late, context.settings.rating_days) == 1
    assert (await Case.get(no=behind)).status == "closed"
    assert [(line["case"], line["code"]) for line in logs if "code" in line] == [(ahead, "clock_behind")]
    assert await jobs.close_after_rating_window(late + DAY, context.settings.rating_days) == 1


async def test_a_case_whose_citizen_may_still_ask_for_review_does_not_hold_up_those_behind_it(
    context: AppContext,
) -> None:
    await copy(await answered(context), 40)
    late = MONDAY + 40 * DAY
    waiting = await Case.all().order_by("id").limit(30).values_list("id", flat=True)
    some = await ClockRow.filter(case_id=waiting[0]).first().values("term", "seq", "unit")
    await ClockRow.filter(case_id__in=list(waiting), **some).update(term="report_back", stopped_at=None)
    assert await jobs.close_after_rating_window(late, context.settings.rating_days) == 11


async def test_the_scan_for_supervision_orders_costs_the_same_however_many_cases_there_are(context: AppContext) -> None:
    await copy(await answered(context, reply=False), 449)
    late = MONDAY + 120 * DAY
    slices, position = list[tuple[int, int]](), ""
    while True:
        with statements() as sent:
            made, position = await supervision_proposals.propose_some(late, position)
        slices.append((made, len(sent)))
        if not position:
            break
    per_case = sum(made for made, _ in slices) // 450
    assert per_case
    assert [made for made, _ in slices] == [200 * per_case, 200 * per_case, 50 * per_case, *[0] * (len(slices) - 3)]
    assert max(count for _, count in slices) <= 20
    assert await supervision_proposals.update_proposals(late) == 0


async def test_by_day_only_the_cases_in_which_something_was_done_are_looked_at(context: AppContext) -> None:
    no = await answered(context, reply=False)
    await copy(no, 300)
    made, position, is_done = await supervision_proposals.propose_changed(MONDAY + 2 * DAY, "")
    assert (made, is_done) == (0, True), "what came before is found at night"
    for _ in range(3):
        await cases.act(no, Act.URGE, citizen(no), {"text": "怎么还没有办"}, now=MONDAY + 2 * DAY)
    with statements() as sent:
        made, position, is_done = await supervision_proposals.propose_changed(MONDAY + 2 * DAY, position)
    assert (made, is_done, len(sent) < 20) == (1, False, True)
    assert [row["case_no"] for row in await Proposal.all().values("case_no")] == [no]
    assert (await supervision_proposals.propose_changed(MONDAY + 2 * DAY, position))[2]
    await cases.act(no, Act.SUPERVISE, await directory.load_actor("supervisor"), ORDER, now=MONDAY + 3 * DAY)
    await supervision_proposals.propose_changed(MONDAY + 3 * DAY, position)
    assert [row["status"] for row in await Proposal.all().values("status")] == [supervision_proposals.LAPSED]


ORDER: dict[str, Any] = {"reason": "多次催办", "trigger": "poor"}


async def test_a_proposal_about_a_case_that_ended_lapses_at_night(context: AppContext) -> None:
    no = await answered(context, reply=False)
    assert await supervision_proposals.update_proposals(MONDAY + 120 * DAY)
    await Case.filter(no=no).update(status="closed")
    await supervision_proposals.update_proposals(MONDAY + 121 * DAY)
    assert {row["status"] for row in await Proposal.all().values("status")} == {supervision_proposals.LAPSED}


async def test_people_are_forgotten_in_slices_and_only_when_all_their_cases_ended_long_ago(context: AppContext) -> None:
    no = await answered(context)
    await copy(no, 1100)
    long_ago = MONDAY + 3 * DAY
    await Case.all().update(status="closed", closed_at=long_ago)
    first = await Case.get(no=no)
    await Case.filter(id=10_000).update(person_id=first.person_id, closed_at=MONDAY + 900 * DAY)  # type: ignore[attr-defined]
    now, forgotten, last = MONDAY + (3 * 366 + 10) * DAY, list[int](), 0
    while True:
        count, last = await jobs.forget_some_persons(now, 3, last)
        forgotten.append(count)
        if not last:
            break
    assert sum(forgotten) == 1099, "one has a case that ended lately, one person has no case any more"
    assert max(forgotten) <= 500
    assert await Person.filter(forgotten_at__isnull=True).count() == 2


async def test_senders_are_forgotten_in_slices_also_after_missed_nights(context: AppContext) -> None:
    await copy(await answered(context), 700)
    await Case.all().update(sender_hash="x")
    counts = [await jobs.forget_some_senders(MONDAY + 20 * DAY) for _ in range(3)]
    assert counts == [500, 201, 0]


async def test_clocks_are_handed_over_in_slices(context: AppContext) -> None:
    await copy(await answered(context, reply=False), 600)
    late = MONDAY + 200 * DAY
    count, is_done = await jobs.sweep_some_clocks(late)
    assert (count <= 500, is_done) == (True, False)
    assert await jobs.sweep_clocks(late)
    assert await jobs.sweep_some_clocks(late) == (0, True)


async def test_fingerprints_are_made_in_slices(context: AppContext) -> None:
    await copy(await answered(context), 120)
    added, last = await link_proposals.backfill_some(0)
    assert added == 50
    assert await link_proposals.backfill_some(last) != (0, 0)


async def test_a_month_that_stands_is_not_counted_again(context: AppContext) -> None:
    await answered(context)
    await outbox.drain(bootstrap.build_handlers(context), MONDAY + 2 * DAY)
    october = MONDAY + 30 * DAY
    edition = await evaluation_jobs.close_period(october, context.settings)
    assert edition
    assert edition.is_new
    with statements() as sent:
        again = await evaluation_jobs.close_period(october, context.settings)
    assert again
    assert (again.digest, again.is_new, len(sent)) == (edition.digest, False, 1)


async def test_all_timers_together_do_the_nightly_work(context: AppContext) -> None:
    await copy(await answered(context), 60)
    for timer in bootstrap.timers(context).values():
        await timers.run_through(timer, MONDAY + 90 * DAY)
    assert await Case.filter(status="closed").count() == 61
