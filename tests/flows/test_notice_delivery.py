"""A notice counts as sent only when a channel accepted it; overseers see who was not reached."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from typing import Any

import pytest

from feedback.kernel import db, outbox
from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.kernel.settings import Settings
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Act
from routing import directory
from routing.models import Notice
from routing.notices import inbox
from routing.notices.catalogue import NOTICES, Audience, Delivery, DeliveryChannel, render_notice
from tests.flows.citizen_channels import MemoryChannels
from tests.flows.test_flag_model import in_a_new_process
from tests.flows.test_letters_by_mail import post_office
from tests.flows.test_notifications import (
    Letters,
    drain_and_send,
    set_clock,
    set_mail_addresses,
    submit_and_answer,
    submit_appeal,
)
from tests.messages import as_in_messages
from tests.moments import MONDAY
from tests.people import BASE, Door
from web import bootstrap
from web.actions import cases as case_actions
from web.context import AppContext
from web.notify import channel

migration = import_module("web.migrations.0017_notice_delivery")
NIGHT = to_utc(datetime(2026, 9, 14, 23, 0, tzinfo=OFFICE_TIMEZONE))
REPORT: Mapping[str, Any] = {
    "kind": "report",
    "title": "举报区教育局收受礼金",
    "text": "举报区教育局的人收受礼金，请查处。",
}


async def deliveries(**narrowed: Any) -> set[tuple[str, str, bool]]:
    """State, channel and whether there is a time of sending, of the notices that are meant."""
    rows = await Notice.filter(**narrowed).values_list("state", "channel", "sent_at")
    return {(state, channel, sent_at is not None) for state, channel, sent_at in rows}


async def drain(context: AppContext, moment: datetime) -> None:
    """What follows from what happened, through the senders this installation really has."""
    await outbox.drain(bootstrap.build_handlers(context), set_clock(context, moment))


async def reported(context: AppContext) -> str:
    """A report (检举控告) by somebody who left a name, sent to the discipline commission."""
    set_clock(context, MONDAY)
    draft = Submission(**REPORT, channel="web", desk="", person=PersonSubmission("安小娜", "13900001234"))
    no = (await case_actions.submit_case(context, draft)).no
    desk = await directory.load_actor("reception")
    await case_actions.perform_act(context, no, Act.ASSIGN, desk, {"unit": "jiwei"})
    await drain(context, MONDAY)
    return no


# ---- to citizens ----


async def test_a_notice_to_a_citizen_whom_no_channel_reaches_is_not_marked_as_sent(context: AppContext) -> None:
    no = await submit_appeal(context)
    await drain(context, MONDAY)
    rows = await Notice.filter(case_no=no, audience="citizen")
    assert {row.event for row in rows} == {"case.submit", "case.assign"}
    assert await deliveries(case_no=no, audience="citizen") == {("no_channel", "", False)}


async def test_a_mail_server_for_staff_is_no_channel_to_citizens(context: AppContext) -> None:
    async with post_office() as (post, settings):
        mail = {name: getattr(settings, name) for name in ("smtp_host", "smtp_port", "smtp_from")}
        context.settings = replace(context.settings, **mail)
        await set_mail_addresses("clerk-jiaoyu")
        no = await submit_appeal(context)
        await drain(context, MONDAY)
    assert len(post.letters) == 1
    assert await deliveries(case_no=no, audience="citizen") == {("no_channel", "", False)}
    assert await deliveries(case_no=no, audience="unit") == {("sent", "email", True)}


async def test_where_nothing_rings_nothing_waits_for_the_day(context: AppContext) -> None:
    no = await submit_appeal(context)
    await drain(context, NIGHT)
    assert await deliveries(case_no=no, event="case.assign", audience="citizen") == {("no_channel", "", False)}


async def test_what_a_channel_took_is_sent_and_what_it_refused_is_failed(context: AppContext) -> None:
    no = await submit_appeal(context)
    await drain_and_send(context, Letters(), MONDAY, MemoryChannels())
    assert {state for state, _, sent in await deliveries(case_no=no, audience="citizen") if sent} == {"sent"}
    refusing = MemoryChannels(faults={DeliveryChannel.SMS: [ValueError("号码不存在")]})
    other = await submit_appeal(context, title="另一件")
    await drain_and_send(context, Letters(), MONDAY, refusing)
    assert ("failed", "", False) in await deliveries(case_no=other, audience="citizen")


async def test_an_invitation_nobody_got_is_not_sent(context: AppContext) -> None:
    no = await submit_and_answer(context)
    await drain(context, MONDAY)
    await drain(context, to_utc(datetime(2026, 9, 15, 10, 0, tzinfo=OFFICE_TIMEZONE)))
    assert await deliveries(case_no=no, event="rating.invite") == {("no_channel", "", False)}


# ---- to staff ----


async def test_staff_without_an_address_have_it_in_the_inbox_and_that_is_its_channel(context: AppContext) -> None:
    no = await submit_appeal(context)
    await drain(context, MONDAY)
    assert await deliveries(case_no=no, audience="unit") == {("sent", "inbox", True)}


async def test_an_address_without_a_mail_server_sends_no_mail(context: AppContext) -> None:
    await set_mail_addresses("clerk-jiaoyu")
    no = await submit_appeal(context)
    await drain(context, MONDAY)
    assert await deliveries(case_no=no, audience="unit") == {("sent", "inbox", True)}


def test_this_installation_reaches_staff_by_mail_where_a_server_is_set_and_citizens_by_nothing() -> None:
    with_server = Settings(smtp_host="mail.example.cn")
    assert channel.channels_to(Audience.UNIT, with_server) == (DeliveryChannel.EMAIL,)
    assert channel.channels_to(Audience.UNIT, Settings()) == ()
    assert not channel.reaches_citizens(with_server)


# ---- who was not told ----


async def test_overseers_see_who_was_not_told_what_and_since_when(door: Door) -> None:
    no = (await door.submit())["no"]
    await door.drain()
    chief = await door.page_client("supervisor")
    board, inbox_page = (await chief.get("/board")).text, (await chief.get("/desk/notices")).text
    untold = (await chief.get("/board/untold")).text
    await chief.aclose()
    assert "1 位群众没有得到告知" in board and "/board/untold" in board
    assert "1 位群众没有得到告知" in inbox_page
    (row,) = [part for part in untold.split("<tr>") if no in part and "提交" in part]
    assert "没有渠道" in row and f"已收到您的反映，编号{as_in_messages(no)}" in row
    assert "还没有通知群众的渠道" in untold
    clerk = await door.page_client("clerk-jiaoyu")
    assert (await clerk.get("/board/untold")).status_code == 403
    assert "没有得到告知" not in (await clerk.get("/desk/notices")).text
    await clerk.aclose()


async def test_an_overseer_sees_only_the_cases_they_may_know_of(door: Door) -> None:
    report = (await door.submit(**REPORT))["no"]
    await door.drain()
    chief = await door.page_client("supervisor")
    page = (await chief.get("/board/untold")).text
    await chief.aclose()
    assert report not in page and "没有漏告知的群众" in page
    actor, now = await directory.load_actor("supervisor"), door.context.clock.now()
    assert (await inbox.untold_count(now, actor), await inbox.untold_count(now)) == (0, 0)
    cleared = replace(actor, cleared=True)
    assert await inbox.untold_count(now, cleared) == 1
    assert {row["case_no"] for row in await inbox.untold(cleared, now, 10)} == {report}


async def test_the_administrator_reads_that_citizens_cannot_be_told(door: Door) -> None:
    await door.submit()
    await door.drain()
    admin = await door.page_client("admin")
    page = (await admin.get("/admin")).text
    await admin.aclose()
    assert "群众收不到通知" in page and "有 1 位群众没有得到告知" in page


@pytest.mark.parametrize(("env", "warned"), [("production", True), ("dev", False)])
async def test_a_production_system_says_at_its_start_that_citizens_cannot_be_told(
    settings: Settings, env: str, warned: bool
) -> None:
    more = {"XINQIAO_SECRET": "x" * 40, "XINQIAO_PUBLIC_URL": BASE, "XINQIAO_LOG_LEVEL": "warning"}
    _, log = await in_a_new_process(settings, XINQIAO_ENV=env, **more)
    assert (channel.UNREACHED in log) is warned


# ---- reports ----


async def test_no_notice_says_the_title_of_a_report_and_none_to_its_citizen_says_more_than_that_there_is_news(
    context: AppContext,
) -> None:
    no = await reported(context)
    clerk = await directory.load_actor("clerk-jiwei")
    await case_actions.perform_act(context, no, Act.ACCEPT, clerk, {})
    head = await directory.load_actor("lead-jiwei")
    await case_actions.perform_act(context, no, Act.REPLY, head, {"text": "已查处。"})
    await drain(context, MONDAY)
    rows = await Notice.filter(case_no=no)
    assert not [row.words for row in rows if "礼金" in row.words or "举报区" in row.words]
    to_citizen = {row.event: row.words for row in rows if row.audience == "citizen"}
    assert to_citizen["case.submit"] == f"已收到，编号{as_in_messages(no)}。"
    assert {to_citizen["case.assign"], to_citizen["case.reply"]} == {f"编号{as_in_messages(no)}有新进展，请查询。"}
    assert all(row.confidential for row in rows)


@pytest.mark.parametrize("row", NOTICES, ids=lambda row: f"{row.event} {row.audience}")
def test_no_row_of_the_notices_lets_a_reports_title_through(row: Any) -> None:
    assert "受贿" not in render_notice(row, no="1", title="举报某人受贿", unit="区教育局", due="", is_report=True)


# ---- what an older version left ----


async def test_what_an_older_version_marked_as_sent_to_nobody_is_marked_as_that_by_the_migration(
    context: AppContext,
) -> None:
    plain, report = await submit_appeal(context), await reported(context)
    await Notice.filter(audience="citizen").update(sent_at=MONDAY, words="您反映的“举报区教育局收受礼金”已收到")
    waiting = await Notice.filter(case_no=plain, event="case.assign", audience="citizen").update(sent_at=None)
    await Notice.filter(case_no=report, audience="unit").update(error="收件人被拒收（550）", sent_at=None)
    await Notice.all().update(state="queued", channel="", confidential=False)
    for statement in (migration.FILL, migration.UNSENT, migration.UNTITLED):
        await db.write_connection().execute_query(statement)
    assert waiting == 1
    assert await deliveries(case_no=plain, event="case.submit", audience="citizen") == {("no_channel", "", False)}
    assert await deliveries(case_no=plain, event="case.assign", audience="citizen") == {("queued", "", False)}
    assert await deliveries(case_no=plain, audience="unit") == {("sent", "inbox", True)}
    assert {state for state, _, _ in await deliveries(case_no=report, audience="unit")} == {Delivery.FAILED}
    words = await Notice.filter(case_no=report, audience="citizen").order_by("id").values_list("words", flat=True)
    assert str(words[0]) == f"您反映的事项已收到，编号 {report}。" and not [
        text for text in words if "礼金" in str(text)
    ]
    assert all(await Notice.filter(case_no=report, audience="citizen").values_list("confidential", flat=True))
