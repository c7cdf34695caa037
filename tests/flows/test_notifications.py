"""Is everybody notified once and at the right time? Expired clocks, quiet hours, digests, senders."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from evaluation.ratings.tokens import Occasion, parse_token
from feedback import jobs
from feedback.kernel import outbox, timers
from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.kernel.errors import Unavailable
from feedback.kernel.outbox import Message
from feedback.record import cases
from feedback.rules.access import citizen
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Act
from routing import directory
from routing import jobs as routing_jobs
from routing.models import Notice, Staff
from routing.notices import delivery, digests, inbox
from routing.notices.catalogue import Audience, DeliveryChannel, OutgoingNotice
from routing.notices.delivery import DeliveryPolicy, PlannedNotice
from routing.notices.delivery_hours import Priority
from tests.endpoints.route_survey.requests import Still
from tests.flows.citizen_channels import MemoryChannels
from tests.messages import as_in_messages
from tests.moments import MONDAY
from web import bootstrap
from web.actions import cases as case_actions
from web.context import AppContext
from web.notify import citizen_texts

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def at(text: str) -> datetime:
    return to_utc(datetime.fromisoformat(text).replace(tzinfo=OFFICE_TIMEZONE))


def set_clock(context: AppContext, moment: datetime) -> datetime:
    context.clock = Still(moment=moment)
    return moment


async def submit_appeal(context: AppContext, **more: object) -> str:
    """An appeal handed in on Monday and sent to the bureau of education."""
    set_clock(context, MONDAY)
    anna = PersonSubmission("安小娜", "13900001234")
    draft = Submission("appeal", "申诉学区划分", "对学区划分不服，请重新核定。", "web", desk="", person=anna)
    no = (await case_actions.submit_case(context, replace(draft, **more))).no  # type: ignore[arg-type] # fields of a draft
    desk = await directory.load_actor("reception")
    await case_actions.perform_act(context, no, Act.ASSIGN, desk, {"unit": "jiaoyu"})
    return no


async def sweep(context: AppContext, moment: datetime) -> int:
    """The sweep and what follows from it."""
    count = await jobs.sweep_clocks(set_clock(context, moment))
    await outbox.drain(bootstrap.build_handlers(context), moment)
    return count


async def list_notices_of(no: str) -> list[tuple[str, str, str]]:
    rows = await Notice.filter(case_no=no, clock__isnull=False).order_by("id").values("stage", "audience", "unit")
    return [(row["stage"], row["audience"], row["unit"]) for row in rows]


async def assign_by_desk(context: AppContext, no: str) -> None:
    """A report is sent on by a person."""
    desk = await directory.load_actor("reception")
    await case_actions.perform_act(context, no, Act.ASSIGN, desk, {"unit": "jiwei"})


async def test_a_running_clock_is_escalated_stage_by_stage(context: AppContext) -> None:
    no = await submit_appeal(context)
    for day in range(40):
        await sweep(context, MONDAY + day * DAY)
    notices = [notice for notice in await list_notices_of(no) if notice[0] != "amber"]
    notify = [(stage, audience) for stage, audience, _ in notices]
    for stage, audiences in {
        "today": {"unit", "head"},
        "late": {"unit", "head", "desk", "overseer"},
        "late_1": {"unit", "head", "overseer"},
        "late_3": {"head", "overseer", "superior"},
        "late_5": {"head", "overseer", "joint"},
    }.items():
        assert {a for s, a in notify if s == stage} == audiences, stage
    assert len(notices) == len(set(notices)), "nobody hears of the same stage twice"


async def test_the_sweep_and_its_messages_are_idempotent(context: AppContext) -> None:
    no = await submit_appeal(context)
    late = at("2026-10-09 09:00")
    assert await sweep(context, late)
    before = await list_notices_of(no)
    assert await sweep(context, late) == 0
    for message in await Message.filter(kind="clock.reached"):
        await Message.filter(id=message.id).update(done_at=None)
    await outbox.drain(bootstrap.build_handlers(context), late)
    assert await list_notices_of(no) == before


async def test_a_moved_deadline_is_warned_of_again(context: AppContext) -> None:
    no = await submit_appeal(context)
    clerk, lead = await directory.load_actor("clerk-jiaoyu"), await directory.load_actor("lead-jiaoyu")
    await case_actions.perform_act(context, no, Act.ACCEPT, clerk, {})
    await sweep(context, MONDAY + 57 * DAY)
    assert ("amber", "unit", "jiaoyu") in await list_notices_of(no)
    await Notice.all().delete()
    await case_actions.perform_act(context, no, Act.EXTEND, lead, {"reason": "需要实地测量", "days": 30})
    await sweep(context, MONDAY + 58 * DAY)
    assert not [stage for stage, _, _ in await list_notices_of(no) if stage == "late"]
    await sweep(context, MONDAY + 88 * DAY)
    assert ("amber", "unit", "jiaoyu") in await list_notices_of(no)


async def test_a_unit_that_answered_in_time_gets_no_more_notices(context: AppContext) -> None:
    no = await submit_appeal(context)
    await jobs.sweep_clocks(set_clock(context, at("2026-10-09 09:00")))
    clerk = await directory.load_actor("clerk-jiaoyu")
    await case_actions.perform_act(context, no, Act.ACCEPT, clerk, {})
    await outbox.drain(bootstrap.build_handlers(context), context.clock.now())
    assert not [row for row in await list_notices_of(no) if row[0] == "late"], (
        "it was accepted between the look and the telling"
    )


async def test_only_cleared_overseers_get_a_notice_of_a_late_report_without_its_text(context: AppContext) -> None:
    set_clock(context, MONDAY)
    await directory.remove_post("supervisor-jiwei")
    draft = Submission(kind="report", title="举报收受礼金", text="举报区教育局的人收受礼金", channel="web", desk="")
    no = (await case_actions.submit_case(context, draft)).no
    await assign_by_desk(context, no)
    await outbox.drain(bootstrap.build_handlers(context), MONDAY)
    await Staff.filter(username="supervisor").update(cleared=True)
    await case_actions.perform_act(
        context, no, Act.SUPERVISE, await directory.load_actor("supervisor"), {"reason": "限期查处"}
    )
    await Staff.filter(username="supervisor").update(cleared=False)
    await sweep(context, at("2026-09-22 09:00"))
    assert {audience for _, audience, _ in await list_notices_of(no)} == {"unit", "head", "desk"}
    await Staff.filter(username="supervisor").update(cleared=True)
    await sweep(context, at("2026-09-25 09:00"))
    above = await Notice.filter(case_no=no, audience="overseer")
    assert above
    words = {row.words for row in await Notice.filter(case_no=no, clock__isnull=False)}
    assert not [word for word in words if "礼金" in word or "教育" in word]
    assert not await Notice.filter(case_no=no, audience__in=["superior", "joint"])
    await Staff.filter(username="supervisor").update(cleared=False)
    assert not [
        row for row in (await inbox.list_notices(await directory.load_actor("supervisor")))[0] if row["case_no"] == no
    ]


# ---- when it leaves ----


class Letters:
    """A sender that reaches everybody and keeps what it sends; it fails as often as it is told to, or every time."""

    def __init__(self, *faults: Exception, every: bool = False) -> None:
        self.sent: list[OutgoingNotice] = []
        self.faults = list(faults)
        self.every = every

    async def __call__(self, out: OutgoingNotice) -> DeliveryChannel:
        if self.every:
            raise self.faults[0]
        if out.to and self.faults:
            raise self.faults.pop(0)
        self.sent.append(out)
        return DeliveryChannel.EMAIL

    def by_mail(self) -> list[OutgoingNotice]:
        return [out for out in self.sent if out.to]


async def drain_and_send(
    context: AppContext, letters: Letters, moment: datetime, channels: MemoryChannels | None = None
) -> None:
    manner = DeliveryPolicy.of(context.settings)
    table = bootstrap.build_handlers(context)
    texts = citizen_texts.build_texts(context.settings)
    for kind, steps in routing_jobs.build_handlers(letters, channels or MemoryChannels(()), texts, manner).items():
        if kind in ("notice.send", "notice.digest", "clock.reached"):
            table[kind] = steps[0]
    await outbox.drain(table, moment)


async def set_mail_addresses(*usernames: str) -> None:
    for username in usernames:
        await directory.store_mail(username, f"{username}@example.cn")


async def test_a_letter_made_at_night_waits_for_the_morning_and_is_sent_once(context: AppContext) -> None:
    await set_mail_addresses("clerk-jiaoyu")
    set_clock(context, MONDAY)
    no, letters = await submit_appeal(context), Letters()
    await drain_and_send(context, letters, MONDAY)
    clerk = await directory.load_actor("clerk-jiaoyu")
    await case_actions.perform_act(context, no, Act.ACCEPT, clerk, {})
    night = set_clock(context, at("2026-09-15 22:00"))
    await case_actions.perform_act(context, no, Act.URGE, await directory.load_actor("reception"), {})
    before = len(letters.by_mail())
    await drain_and_send(context, letters, night)
    assert len(letters.by_mail()) == before, "nobody is disturbed at ten in the evening"
    assert any("催办" in row["words"] for row in (await inbox.list_notices(clerk))[0]), "but it stands in the inbox"
    await drain_and_send(context, letters, at("2026-09-16 08:29"))
    assert len(letters.by_mail()) == before
    for _ in range(2):
        await drain_and_send(context, letters, at("2026-09-16 08:30"))
    assert [out.words[:2] for out in letters.by_mail()[before:]] == ["催办"]


async def test_an_urgent_mail_is_sent_at_night(context: AppContext) -> None:
    await set_mail_addresses("clerk-jiaoyu")
    night = set_clock(context, at("2026-09-15 23:00"))
    draft = Submission(
        kind="complaint", title="燃气泄漏", text="教学楼燃气泄漏，随时可能爆炸", channel="web", desk="", urgency=1
    )
    no = (await case_actions.submit_case(context, draft)).no
    desk = await directory.load_actor("reception")
    await case_actions.perform_act(context, no, Act.ASSIGN, desk, {"unit": "jiaoyu"})
    letters = Letters()
    await drain_and_send(context, letters, night)
    assert [out.words[:2] for out in letters.by_mail()] == ["新件"]
    await jobs.sweep_clocks(set_clock(context, night + 2 * HOUR))
    await drain_and_send(context, letters, night + 2 * HOUR)
    assert "超期" in {out.words[:2] for out in letters.by_mail()}


async def test_an_unavailable_mail_server_loses_no_mail_and_sends_none_twice(context: AppContext) -> None:
    await set_mail_addresses("clerk-jiaoyu", "lead-jiaoyu")
    letters = Letters(Unavailable(mail="away"))
    await submit_appeal(context)
    await drain_and_send(context, letters, MONDAY)
    waiting = await Notice.filter(audience="unit", sent_at__isnull=True).count()
    assert waiting == 1 and not letters.by_mail()
    await drain_and_send(context, letters, MONDAY + HOUR)
    assert len(letters.by_mail()) == 1
    assert letters.by_mail()[0].to == ("clerk-jiaoyu@example.cn", "lead-jiaoyu@example.cn")


async def test_an_address_refused_for_good_is_shown_to_the_supervisors(context: AppContext) -> None:
    await set_mail_addresses("clerk-jiaoyu")
    no, letters = await submit_appeal(context), Letters(ValueError("收件人被拒收（550）"))
    await drain_and_send(context, letters, MONDAY)
    await drain_and_send(context, letters, MONDAY + HOUR)
    assert [(row["case_no"], row["error"]) for row in await inbox.list_undelivered()] == [(no, "收件人被拒收（550）")]
    assert not letters.by_mail()


async def test_a_letter_about_a_report_goes_to_nobody_who_may_not_open_it(context: AppContext) -> None:
    await set_mail_addresses("clerk-jiwei", "lead-jiwei")
    await Staff.filter(username="lead-jiwei").update(cleared=False)
    set_clock(context, MONDAY)
    draft = Submission(kind="report", title="举报收受礼金", text="举报区教育局的人收受礼金", channel="web", desk="")
    no = (await case_actions.submit_case(context, draft)).no
    await assign_by_desk(context, no)
    letters = Letters()
    await drain_and_send(context, letters, MONDAY)
    about = [out for out in letters.by_mail() if out.case_no == no]
    assert about and {to for out in about for to in out.to} == {"clerk-jiwei@example.cn"}
    assert not [out for out in about if "礼金" in out.words]


# ---- digests ----


async def send_each_morning(context: AppContext, letters: Letters, moments: Sequence[datetime]) -> None:
    manner = DeliveryPolicy.of(context.settings)
    for moment in moments:
        await jobs.sweep_clocks(set_clock(context, moment))
        await drain_and_send(context, letters, moment)
        await digests.request_digest(manner, moment)
        await drain_and_send(context, letters, moment)


async def test_a_unit_gets_one_digest_each_working_morning_instead_of_single_warnings(context: AppContext) -> None:
    await set_mail_addresses("clerk-jiaoyu")
    letters = Letters()
    no = await submit_appeal(context)
    await case_actions.perform_act(context, no, Act.ACCEPT, await directory.load_actor("clerk-jiaoyu"), {})
    await send_each_morning(context, letters, [MONDAY + 24 * HOUR])  # Tuesday
    letters.sent.clear()
    friday = at("2026-11-10 07:00")  # the answer is due on the 13th
    await send_each_morning(context, letters, [friday, friday + HOUR, friday + 2 * HOUR, friday + 3 * HOUR])
    digest = [out.words for out in letters.by_mail() if out.words.startswith("今日提醒")]
    assert len(digest) == 1 and "临期 1 件" in digest[0]
    assert not [out for out in letters.by_mail() if out.words.startswith("临期")]
    clerk = await directory.load_actor("clerk-jiaoyu")
    lines = (await inbox.list_notices(clerk))[0]
    head = next(row for row in lines if row["words"] == digest[0])
    _, held = await inbox.load_digest(clerk, head["id"])
    assert [row["case_no"] for row in held] == [no]
    assert not await Notice.filter(push="digest", unit="jiaoyu", digest__isnull=True)


async def test_no_digest_in_the_holidays_and_one_after_them(context: AppContext) -> None:
    await submit_appeal(context)
    letters = Letters()
    days = [at("2026-10-01 09:00") + n * DAY for n in range(7)]
    await send_each_morning(context, letters, days[1:])
    assert not await Notice.filter(event="digest").count()
    await send_each_morning(context, letters, [at("2026-10-08 08:31"), at("2026-10-08 12:00")])
    assert await Notice.filter(event="digest", unit="jiaoyu").count() == 1


async def test_a_report_is_in_no_digest(context: AppContext) -> None:
    set_clock(context, MONDAY)
    draft = Submission(kind="report", title="举报收受礼金", text="举报区教育局的人收受礼金", channel="web", desk="")
    no = (await case_actions.submit_case(context, draft)).no
    await assign_by_desk(context, no)
    letters = Letters()
    await send_each_morning(context, letters, [at("2026-10-09 09:00")])
    assert not [row.words for row in await Notice.filter(event="digest") if row.unit in ("jiwei", "rexian")]


# ---- the inbox ----


async def test_a_read_mark_is_the_units_and_names_the_person(context: AppContext) -> None:
    no = await submit_appeal(context)
    await outbox.drain(bootstrap.build_handlers(context), MONDAY)
    clerk, lead = await directory.load_actor("clerk-jiaoyu"), await directory.load_actor("lead-jiaoyu")
    stranger = await directory.load_actor("clerk-chengguan")
    mine = [row["id"] for row in (await inbox.list_notices(clerk))[0] if row["case_no"] == no]
    assert mine and await inbox.count_unread(clerk, MONDAY) == len(mine)
    assert await inbox.mark_read(stranger, mine, MONDAY) == 0, "another unit's notices are not theirs to mark"
    assert await inbox.mark_read(clerk, mine, MONDAY) == len(mine)
    assert await inbox.mark_read(clerk, None, MONDAY) == 0
    assert await inbox.count_unread(lead, MONDAY) == 0
    assert {row["read_by"] for row in (await inbox.list_notices(lead))[1]} == {"clerk-jiaoyu"}


async def test_handled_messages_are_deleted_after_a_while(context: AppContext) -> None:
    await submit_appeal(context)
    await outbox.drain(bootstrap.build_handlers(context), MONDAY)
    assert await Message.filter(done_at__isnull=False).count()
    forget = bootstrap.timers(context)["forget_messages"]
    await timers.run_through(forget, MONDAY + 29 * DAY)
    assert await Message.filter(done_at__isnull=False).count()
    await timers.run_through(forget, MONDAY + 31 * DAY)
    assert not await Message.filter(done_at__lt=MONDAY + DAY).count()


@pytest.mark.parametrize("audience", list(delivery.ROLES))
def test_every_audience_of_staff_has_its_roles(audience: str) -> None:
    assert delivery.ROLES[audience]  # type: ignore[index] # a StrEnum is a str


# ---- the invitation to rate ----


async def submit_and_answer(context: AppContext, **more: object) -> str:
    no = await submit_appeal(context, kind="complaint", title="路灯不亮", text="校门口路灯不亮", **more)
    clerk = await directory.load_actor("clerk-jiaoyu")
    await case_actions.perform_act(context, no, Act.ACCEPT, clerk, {})
    await case_actions.perform_act(context, no, Act.REPLY, clerk, {"text": "已修好。"})
    return no


async def list_invitations(context: AppContext, moment: datetime) -> list[str]:
    channels = MemoryChannels()
    await drain_and_send(context, Letters(), set_clock(context, moment), channels)
    return [message.text for _, message in channels.sent if message.template == "rating_invite"]


async def test_a_citizen_without_a_rating_is_asked_once_a_day_later_with_a_link_for_it(context: AppContext) -> None:
    context.settings = replace(context.settings, public_url="https://xinqiao.example")
    no = await submit_and_answer(context)
    assert not await list_invitations(context, MONDAY)
    words = [*await list_invitations(context, MONDAY + DAY), *await list_invitations(context, MONDAY + 2 * DAY)]
    assert len(words) == 1 and as_in_messages(no) in words[0]
    token = words[0].split("/rate/service?t=")[1]
    assert parse_token(context.settings.vault, token) == Occasion(case_no=no)
    assert "13900001234" not in words[0] and "安小娜" not in words[0]


async def test_a_citizen_who_rated_is_not_asked(context: AppContext) -> None:
    no = await submit_and_answer(context)
    await case_actions.perform_act(context, no, Act.RATE, citizen(no), {"level": 5})
    assert not await list_invitations(context, MONDAY + DAY)


async def test_an_anonymous_citizen_is_not_asked(context: AppContext) -> None:
    await submit_and_answer(context, person=None)
    assert not await list_invitations(context, MONDAY + DAY)


async def test_a_recused_person_gets_no_notice_as_a_superior_either(context: AppContext) -> None:
    set_clock(context, MONDAY)
    draft = Submission(kind="complaint", title="路灯不亮", text="小区路灯坏了很久", channel="web", desk="")
    no = (await case_actions.submit_case(context, draft)).no
    planned = PlannedNotice(f"above:{no}", no, "clock.late", Audience.JOINT, "xinfang", "仍未办结", Priority.WORKING)
    await delivery.store_notices([planned], DeliveryPolicy.of(context.settings), MONDAY)
    kept_away, other = [await directory.load_actor(f"{who}-xinfang") for who in ("clerk", "lead")]
    assert [len((await inbox.list_notices(person))[0]) for person in (kept_away, other)] == [1, 1]
    await cases.bar_access(no, staff=[kept_away.id])
    assert [len((await inbox.list_notices(person))[0]) for person in (kept_away, other)] == [0, 1]
    assert [await inbox.count_unread(person, MONDAY) for person in (kept_away, other)] == [0, 1]
