"""Ratings on a database: counted once, one follow-up, a bad one opens its rectification, a month is frozen once."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from evaluation import jobs
from evaluation.disclosure import Levels
from evaluation.models import Rating, RatingCount
from evaluation.periods import parse_month
from evaluation.publication import editions, statistics
from evaluation.ratings import cases as case_ratings
from evaluation.ratings import counters, disputes, handlings, services, submission
from evaluation.ratings.handlings import HandlingDraft
from evaluation.ratings.submission import RatingValidity, RatingView, ServiceRating
from evaluation.ratings.tokens import Occasion, create_token
from feedback.kernel import outbox
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.rules.access import SYSTEM, citizen
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Act, Kind
from routing import directory
from tests.flows.story import OPINION
from tests.moments import MONDAY
from web.context import AppContext
from web.notify import citizen_texts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEPTEMBER = parse_month("2026-09")
OCTOBER = SEPTEMBER.until + DAY
UNIT = "jiaoyu"


async def _answered(context: AppContext, *, number: int = 1) -> str:
    draft = Submission(
        kind=Kind.COMPLAINT,
        title="课后服务收费不明",
        text="清波社区小学的课后服务收费没有公示，家长不清楚钱用在哪里。",
        channel="app",
        desk="rexian",
        source_id=f"rating-{number}",
        person=PersonSubmission("安小娜", "13900001234"),
    )
    no = (await cases.submit(draft, citizen(""), now=MONDAY, vault=context.settings.vault)).no
    desk, clerk = await directory.load_actor("reception"), await directory.load_actor(f"clerk-{UNIT}")
    await cases.act(no, Act.ASSIGN, desk, {"unit": UNIT}, now=MONDAY + HOUR)
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR)
    await cases.act(no, Act.REPLY, clerk, {"text": "已要求学校公示收费明细。"}, now=MONDAY + DAY)
    return no


async def _rate(no: str, level: int, **more: Any) -> None:
    data = {"level": level, **more}
    await cases.act(no, Act.RATE, citizen(no), data, now=MONDAY + 2 * DAY, in_transaction=case_ratings.record_rating)


async def _rated(no: str) -> tuple[RatingView, ...]:
    items: tuple[RatingView, ...] = (await case_ratings.list_ratings(citizen(no))).items
    return items


async def _follow(context: AppContext) -> None:
    await outbox.drain(
        jobs.build_handlers(context.settings, citizen_texts.build_texts(context.settings)) | _unheard(),
        MONDAY + 2 * DAY,
    )


def _unheard() -> dict[str, outbox.Handler]:
    async def nothing(payload: dict[str, Any], now: Any) -> None:
        return

    return {f"case.{act.value}": nothing for act in Act if act is not Act.RATE}


async def _service(context: AppContext, level: int = 5, **more: Any) -> RatingView:
    matter = (await services.list_matters())[0]
    clerk, vault = await directory.load_actor(f"clerk-{matter.unit}"), context.settings.vault
    handling, _ = await handlings.register(HandlingDraft("办-0001", matter.code), clerk, now=MONDAY, vault=vault)
    proof = {"matter": matter.code, "handling_no": handling.handling_no, "slip_code": handling.code}
    facts: Mapping[str, Any] = proof | {"level": level} | more
    return await services.rate_service(ServiceRating(**facts), None, now=MONDAY, vault=context.settings.vault)


async def test_a_rating_is_kept_and_counted_with_its_act(context: AppContext) -> None:
    no = await _answered(context)
    await _rate(no, 5, tags=["510", "517"], text="很快。")
    (rating,) = await _rated(no)
    assert (rating.level_text, rating.unit, rating.number, rating.case_no) == ("非常满意", UNIT, 1, no)
    assert rating.tags == (("510", "一窗受理一次办结"), ("517", "服务热情效率高"))
    assert await counters.load_levels(SEPTEMBER) == {UNIT: Levels({5: 1})}


async def test_tags_of_another_level_are_refused_and_the_act_with_them(context: AppContext) -> None:
    no = await _answered(context)
    with pytest.raises(Invalid) as fault:
        await _rate(no, 5, tags=["214"])
    assert fault.value.fields == {"tags": "not_of_this_level"}
    file = await case_queries.load_file(SYSTEM, no, vault=context.settings.vault)
    assert [e.act for e in file.entries][-1] == "reply"
    assert await counters.load_levels(SEPTEMBER) == {}


async def test_there_is_one_follow_up_which_does_not_count_again(context: AppContext) -> None:
    no = await _answered(context)
    await _rate(no, 4)
    await _rate(no, 5)
    with pytest.raises(NotNow):
        await _rate(no, 5)
    assert [r.number for r in await _rated(no)] in ([1, 2], [2, 1])
    assert await counters.load_levels(SEPTEMBER) == {UNIT: Levels({4: 1})}
    assert await counters.count_follow_ups(SEPTEMBER) == {UNIT: 1}


async def test_a_bad_rating_opens_one_rectification_however_often_the_message_runs(context: AppContext) -> None:
    no = await _answered(context)
    await _rate(no, 1, tags=["115"], text="态度差。")
    seq = len((await case_queries.load_file(SYSTEM, no, vault=context.settings.vault)).entries)
    for _ in range(2):
        await jobs.open_rectification({"no": no, "seq": seq}, MONDAY + 2 * DAY, settings=context.settings)
    file = await case_queries.load_file(SYSTEM, no, vault=context.settings.vault)
    assert len(file.linked) == 1
    opened = await case_queries.load_file(SYSTEM, file.linked[0], vault=context.settings.vault)
    assert opened.kind is Kind.RECTIFY
    assert "服务态度差效率低" in opened.text
    (rating,) = await _rated(no)
    assert rating.rectify_no == opened.no


async def test_a_good_rating_opens_nothing(context: AppContext) -> None:
    no = await _answered(context)
    await _rate(no, 3)
    await _follow(context)
    assert (await case_queries.load_file(SYSTEM, no, vault=context.settings.vault)).linked == ()


async def test_an_anonymous_bad_rating_does_not_name_its_case_to_the_unit(context: AppContext) -> None:
    no = await _answered(context)
    await _rate(no, 2, anonymous=True)
    await _follow(context)
    (rating,) = await _rated(no)
    opened = await case_queries.load_file(SYSTEM, rating.rectify_no, vault=context.settings.vault)
    assert no not in opened.title + opened.text + opened.link
    clerk, supervisor = await directory.load_actor(f"clerk-{UNIT}"), await directory.load_actor("supervisor")
    assert (await case_ratings.list_ratings(clerk)).items[0].case_no == ""
    assert (await case_ratings.list_ratings(supervisor)).items[0].case_no == no


async def test_a_report_that_is_rated_badly_opens_no_file_that_others_may_read(context: AppContext) -> None:
    no = await _report(context)
    await _rate(no, 1)
    await _follow(context)
    (rating,) = await _rated(no)
    assert rating.rectify_no == ""


async def _report(context: AppContext) -> str:
    draft = Submission(
        kind=Kind.REPORT, title="举报收受礼金", text="某负责人节日收受礼金。", channel="web", desk="rexian"
    )
    no = (await cases.submit(draft, citizen(""), now=MONDAY, vault=context.settings.vault)).no
    await cases.act(no, Act.ASSIGN, SYSTEM, {"unit": "jiwei"}, now=MONDAY + HOUR)
    clerk = await directory.load_actor("clerk-jiwei")
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR)
    head = await directory.load_actor("lead-jiwei")
    await cases.act(no, Act.REPLY, head, {"text": "已按程序办理。"}, now=MONDAY + DAY)
    return no


async def test_a_report_more_or_less_changes_nothing_that_is_published(context: AppContext) -> None:
    await _rate(await _answered(context), 5)
    without = await editions.preview_figures("2026-09", now=OCTOBER, settings=context.settings)
    no = await _report(context)
    await _rate(no, 1)
    await _rate(no, 2)
    assert await editions.preview_figures("2026-09", now=OCTOBER, settings=context.settings) == without
    edition = await editions.publish_edition("2026-09", now=OCTOBER, author="test", settings=context.settings)
    assert edition.figures == without


async def test_overseers_who_are_not_cleared_do_not_see_how_a_report_was_rated(context: AppContext) -> None:
    await _rate(await _report(context), 1)
    supervisor, desk = await directory.load_actor("supervisor"), await directory.load_actor("clerk-jiwei")
    assert (await case_ratings.list_ratings(supervisor)).total == 0
    assert (await case_ratings.list_ratings(desk)).total == 1


async def test_a_petition_rates_the_petition_department_and_the_unit_apart(context: AppContext) -> None:
    no = await _petition(context)
    await _rate(no, 2, desk_level=4)
    rating = await Rating.get(case_no=no)
    assert (rating.unit, rating.level, rating.desk, rating.desk_level) == (UNIT, 2, "rexian", 4)
    assert await counters.load_levels(SEPTEMBER) == {UNIT: Levels({2: 1})}  # the desk's goes into no unit's stars


async def test_who_brings_something_else_than_a_petition_rates_no_petition_department(context: AppContext) -> None:
    no = await _answered(context)
    await _rate(no, 4, desk_level=4)
    assert (await Rating.get(case_no=no)).desk_level is None


async def _petition(context: AppContext, *, number: int = 1) -> str:
    draft = Submission(
        kind=Kind.APPEAL,
        title="请求补发代课补贴",
        text="本人曾任代课教师，请求补发补贴。",
        channel="web",
        desk="rexian",
        source_id=f"petition-{number}",
        person=PersonSubmission("安小娜", "13900001234"),
    )
    no = (await cases.submit(draft, citizen(""), now=MONDAY, vault=context.settings.vault)).no
    desk, clerk = await directory.load_actor("reception"), await directory.load_actor(f"clerk-{UNIT}")
    await cases.act(no, Act.ASSIGN, desk, {"unit": UNIT}, now=MONDAY + HOUR)
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR)
    lead = await directory.load_actor(f"lead-{UNIT}")
    await cases.act(no, Act.REPLY, lead, {"text": "处理意见如下。", **OPINION}, now=MONDAY + DAY)
    return no


async def test_the_same_form_sent_twice_rates_a_service_once(context: AppContext) -> None:
    first, second = await _service(context, key="formular-1"), await _service(context, key="formular-1")
    assert first == second
    assert await Rating.all().count() == 1
    assert (await _service(context, key="formular-2")).number == 2


async def test_the_same_form_sent_twice_at_once_rates_a_case_once(context: AppContext) -> None:
    no, rated = (
        await _answered(context),
        partial(case_ratings.record_rating, rating_id=submission.compute_rating_id("formular-1", Vault("geheim"))),
    )
    rate = partial(cases.act, no, Act.RATE, citizen(no), {"level": 5}, now=MONDAY + 2 * DAY, in_transaction=rated)
    await rate()
    with pytest.raises(Conflict):
        await rate()
    assert (await case_queries.load_file(SYSTEM, no, vault=context.settings.vault)).entries[-1].act == Act.RATE
    assert await Rating.filter(case_no=no).count() == 1


async def test_a_rating_sees_only_whom_it_concerns(context: AppContext) -> None:
    no = await _answered(context)
    await _rate(no, 2)
    other, admin = await directory.load_actor("clerk-jiwei"), await directory.load_actor("admin")
    assert (await case_ratings.list_ratings(other)).total == 0
    assert (await case_ratings.list_ratings(admin)).total == 0
    assert (await case_ratings.list_ratings(citizen(""))).total == 0


async def test_a_service_is_rated_by_its_handling_number_once_and_once_more(context: AppContext) -> None:
    first, second = await _service(context), await _service(context, level=4)
    assert (first.number, second.number) == (1, 2)
    with pytest.raises(NotNow) as refused:
        await _service(context)
    assert refused.value.code == "already_rated"


async def test_the_same_handling_rated_many_times_at_once_counts_once(context: AppContext) -> None:
    await asyncio.gather(*(_service(context) for _ in range(5)), return_exceptions=True)
    assert await Rating.filter(number=1).count() == 1
    (levels,) = (await counters.load_levels(SEPTEMBER)).values()
    assert levels.total == 1


async def test_a_window_code_alone_proves_nothing_however_often_it_is_used(context: AppContext) -> None:
    matter = (await services.list_matters())[0].code
    token = create_token(context.settings.vault, Occasion(matter=matter, window="A12"))
    request = ServiceRating(level=1, token=token, pf="3")
    for _ in range(3):
        rating = await services.rate_service(request, None, now=MONDAY, vault=context.settings.vault)
        assert (rating.status, rating.window, rating.matter) == ("unverified", "A12", matter)
    assert await Rating.all().count() == 0
    assert await counters.load_levels(SEPTEMBER) == {}


async def test_staff_do_not_rate(context: AppContext) -> None:
    clerk = await directory.load_actor(f"clerk-{UNIT}")
    rating = ServiceRating(level=5, matter="x", handling_no="1")
    with pytest.raises(Forbidden) as refused:
        await services.rate_service(rating, clerk, now=MONDAY, vault=context.settings.vault)
    assert refused.value.code == "staff_may_not_rate"


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"matter": ""}, {"matter": "missing"}),
        ({"matter": "no such"}, {"matter": "unknown"}),
        ({"handling_no": ""}, {"handling_no": "missing"}),
        ({"level": 6}, {"level": "out_of_range"}),
        ({"pf": "9"}, {"pf": "unknown"}),
        ({"token": "made-up"}, {"token": "unknown"}),
        ({"phone": "12"}, {"phone": "not_a_phone"}),
    ],
)
async def test_a_wrong_service_rating_says_what_is_wrong(
    context: AppContext, more: dict[str, Any], fields: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as fault:
        await _service(context, **more)
    assert fault.value.fields == fields
    assert await Rating.all().count() == 0


@pytest.mark.parametrize("anonymous", [False, True])
async def test_the_number_left_after_a_bad_service_reaches_the_unit_unless_it_was_rated_anonymously(
    context: AppContext, anonymous: bool
) -> None:
    rating = await _service(context, level=1, phone="139 0000 5678", anonymous=anonymous)
    await _follow(context)
    rating_now = await Rating.get(id=rating.id)
    assert rating_now.contact == ""
    desk = await directory.load_actor("reception")
    file = await case_queries.load_file(desk, rating_now.rectify_no, vault=context.settings.vault)
    assert file.person is not None
    assert file.person.phone == "13900005678"
    await cases.act(file.no, Act.ASSIGN, desk, {"unit": rating.unit}, now=MONDAY + 3 * DAY)
    clerk = await directory.load_actor(f"clerk-{rating.unit}")
    seen = await case_queries.load_file(clerk, file.no, vault=context.settings.vault)
    assert seen.person is not None
    assert seen.person.phone == ("" if anonymous else "13900005678")


async def test_an_invalid_rating_leaves_the_figures_by_somebody_elses_decision(context: AppContext) -> None:
    no = await _answered(context)
    await _rate(no, 1)
    (rating,) = await _rated(no)
    clerk, supervisor = await directory.load_actor(f"clerk-{UNIT}"), await directory.load_actor("supervisor")
    with pytest.raises(NotFound):
        await disputes.dispute_rating(rating.id, await directory.load_actor("clerk-jiwei"), "误评", now=MONDAY)
    await disputes.dispute_rating(rating.id, clerk, "群众点错了", now=MONDAY + 3 * DAY)
    assert await counters.load_levels(SEPTEMBER) == {UNIT: Levels({1: 1})}
    with pytest.raises(Forbidden):
        await disputes.decide_dispute(rating.id, clerk, is_valid=False, reason="误评", now=OCTOBER)
    await disputes.decide_dispute(rating.id, supervisor, is_valid=False, reason="本人确认误点", now=OCTOBER)
    assert await counters.load_levels(SEPTEMBER) == {}
    (rating,) = await _rated(no)
    assert (rating.status, rating.set_aside) == (RatingValidity.INVALID, "本人确认误点")
    with pytest.raises(NotNow):
        await disputes.decide_dispute(rating.id, supervisor, is_valid=True, reason="再看", now=OCTOBER)


async def test_a_bad_rating_goes_round_its_loop_and_is_heard_once_more(context: AppContext) -> None:
    no = await _answered(context)
    await _rate(no, 1)
    await _follow(context)
    (rating,) = await _rated(no)
    clerk, desk = await directory.load_actor(f"clerk-{UNIT}"), await directory.load_actor("reception")
    lead = await directory.load_actor(f"lead-{UNIT}")
    file, at = rating.rectify_no, MONDAY + 3 * DAY
    if (await case_queries.load_summary(file)).unit != UNIT:
        await cases.act(file, Act.ASSIGN, desk, {"unit": UNIT}, now=at)

    async def stage() -> str:
        return str((await disputes.list_bad_reviews(clerk, now=at)).items[0].stage.value)

    seen = [await stage()]
    steps: tuple[tuple[Act, Any, dict[str, Any]], ...] = (
        (Act.ACCEPT, clerk, {}),
        (Act.CONTACT, clerk, {"text": "已联系，群众说的是收费公示。"}),
        (Act.EXTEND, lead, {"reason": "需要学校配合", "days": 10}),
        (Act.RECTIFY, clerk, {"text": "已公示。"}),
        (Act.REOPEN, desk, {"reason": "回访时群众不认可"}),
        (Act.RECTIFY, clerk, {"text": "已逐项公示。"}),
        (Act.CALL_BACK, desk, {"outcome": "satisfied", "text": "群众认可"}),
    )
    for hour, (act, actor, data) in enumerate(steps, 1):
        await cases.act(file, act, actor, data, now=at + hour * HOUR)
        seen.append(await stage())
    assert seen == [
        *("received", "rectify_now", "verifying", "rectify_later", "replied"),
        *("reopened", "replied", "satisfied"),
    ]
    await editions.publish_edition("2026-09", now=OCTOBER, author="test", settings=context.settings)
    assert await stage() == "published"


async def test_a_rectification_is_reopened_once_only(context: AppContext) -> None:
    no = await _answered(context)
    await _rate(no, 1)
    await _follow(context)
    file, at = (await _rated(no))[0].rectify_no, MONDAY + 3 * DAY
    clerk, desk = await directory.load_actor(f"clerk-{UNIT}"), await directory.load_actor("reception")
    if (await case_queries.load_summary(file)).unit != UNIT:
        await cases.act(file, Act.ASSIGN, desk, {"unit": UNIT}, now=at)
    await cases.act(file, Act.ACCEPT, clerk, {}, now=at)
    for again in (False, True):
        at += 2 * HOUR
        await cases.act(file, Act.RECTIFY, clerk, {"text": "已改。"}, now=at)
        if again:
            with pytest.raises(NotNow):
                await cases.act(file, Act.REOPEN, desk, {"reason": "还不认可"}, now=at + HOUR)
        else:
            await cases.act(file, Act.REOPEN, desk, {"reason": "不认可"}, now=at + HOUR)


async def test_a_dispute_comes_in_five_working_days_and_once(context: AppContext) -> None:
    no = await _answered(context)
    await _rate(no, 1)  # Wednesday
    (rating,) = await _rated(no)
    clerk, supervisor = await directory.load_actor(f"clerk-{UNIT}"), await directory.load_actor("supervisor")
    with pytest.raises(NotNow) as late:
        await disputes.dispute_rating(rating.id, clerk, "误评", now=MONDAY + 10 * DAY)
    assert late.value.code == "dispute_lapsed"
    await disputes.dispute_rating(rating.id, clerk, "误评", now=MONDAY + 8 * DAY)  # Sunday the 20th is a working day
    view = (await disputes.list_bad_reviews(supervisor, now=MONDAY + 8 * DAY)).items[0]
    assert (view.stage.value, view.may_judge, view.may_dispute) == ("invalid_proposed", True, False)
    assert view.due_at is not None
    await disputes.decide_dispute(rating.id, supervisor, is_valid=True, reason="评价属实", now=MONDAY + 8 * DAY)
    assert (await disputes.list_bad_reviews(clerk, now=MONDAY + 8 * DAY)).items[0].stage.value == "valid"
    with pytest.raises(NotNow) as twice:
        await disputes.dispute_rating(rating.id, clerk, "再申诉", now=MONDAY + 8 * DAY)
    assert twice.value.code == "disputed_before"


async def test_counters_made_anew_are_the_same(context: AppContext) -> None:
    for number, level in enumerate((5, 4, 1)):
        await _rate(await _answered(context, number=number), level)
    before = await counters.load_levels(SEPTEMBER)
    assert await counters.rebuild_counters() == 0
    await RatingCount.filter(level=4).update(n=7)
    assert await counters.rebuild_counters() == 1
    assert await counters.load_levels(SEPTEMBER) == before == {UNIT: Levels({5: 1, 4: 1, 1: 1})}


async def test_a_month_is_frozen_once_and_the_same_afterwards(context: AppContext) -> None:
    await _rate(await _answered(context), 5)
    publish = partial(editions.publish_edition, "2026-09", author="test", settings=context.settings)
    first = await publish(now=OCTOBER)
    await _rate(await _answered(context, number=2), 1)
    again = await publish(now=OCTOBER + DAY)
    assert first.is_new and not again.is_new
    assert (again.number, again.digest, again.figures) == (1, first.digest, first.figures)
    assert await editions.load_newest() == again
    assert statistics.compute_digest(again.figures) == again.digest


async def test_a_correction_is_a_new_edition_that_names_the_old(context: AppContext) -> None:
    await _rate(await _answered(context), 5)
    publish = partial(editions.publish_edition, "2026-09", now=OCTOBER, author="test", settings=context.settings)
    await publish()
    await _rate(await _answered(context, number=2), 1)
    corrected = await publish(correction="补录漏记的评价")
    assert (corrected.number, corrected.corrects, corrected.remark) == (2, 1, "补录漏记的评价")
    assert (await editions.load_edition("2026-09")).number == 2
    assert (await editions.load_edition("2026-09", 1)).digest != corrected.digest


async def test_a_month_that_is_not_over_is_frozen_early_only_on_purpose_and_says_so(context: AppContext) -> None:
    publish = partial(editions.publish_edition, "2026-09", author="test", settings=context.settings)
    with pytest.raises(NotNow) as refused:
        await publish(now=MONDAY)
    assert refused.value.code == "period_not_over"
    early = await publish(now=MONDAY, early=True)
    assert early.provisional
    assert await editions.load_newest() is None
    final = await publish(now=OCTOBER)
    assert (final.number, final.corrects, final.provisional) == (2, 1, False)


async def test_nobody_has_figures_of_a_month_that_was_never_frozen(context: AppContext) -> None:
    with pytest.raises(NotFound):
        await editions.load_edition("2026-08")
    with pytest.raises(Invalid):
        await editions.load_edition("neulich")


async def test_a_new_district_publishes_no_empty_month(context: AppContext) -> None:
    assert await jobs.close_period(OCTOBER, context.settings) is None
    assert await editions.list_editions() == []


async def test_the_figures_are_those_of_the_cases(context: AppContext) -> None:
    for number in range(12):
        await _rate(await _answered(context, number=number), 5 if number else 3)
    rows, everybody = await editions.count_period("2026-09", now=OCTOBER)
    unit = next(row for row in rows if row.unit == UNIT)
    assert (unit.received, unit.ratings, unit.bad) == (12, 12, 0)
    assert (unit.late, everybody.received, everybody.citizens.on_time, everybody.citizens.late) == (0, 12, 12, 0)
    assert (everybody.late, everybody.on_time) == (sum(row.late for row in rows), sum(row.on_time for row in rows))
    edition = await editions.publish_edition("2026-09", now=OCTOBER, author="test", settings=context.settings)
    row = edition.figures["units"][0]
    assert (row["unit"], row["timeliness"], row["mean_level"], row["good_share"]) == (UNIT, 1.0, 4.83, 1.0)
    assert row["name"] == (await directory.load_directory()).name(UNIT)
    assert await jobs.close_period(OCTOBER, context.settings) == await editions.load_edition("2026-09")
