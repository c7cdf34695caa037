"""Short messages through a real HTTP gateway: told once, in order, at the right hour, by the next channel if need be."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from feedback.kernel import outbox
from feedback.kernel.errors import Invalid
from feedback.kernel.settings import Settings
from feedback.queries import contacts
from feedback.record import contact_preferences
from routing.models import Notice, NoticeAttempt
from routing.notices import inbox
from routing.notices.catalogue import DeliveryChannel, Unconfirmed
from tests.flows.citizen_channels import MemoryChannels
from tests.flows.sms_gateway import Gateway, running_gateway
from tests.flows.story import Story, at
from tests.flows.test_letters_by_mail import post_office
from tests.flows.test_notifications import Letters, drain_and_send, submit_appeal
from tests.messages import as_in_messages
from tests.moments import MONDAY
from tests.people import Door
from web import bootstrap
from web.context import AppContext
from web.notify import citizen_texts
from web.notify.sms import sender as sms_sender
from web.notify.sms_aliyun.sender import callback_key

SECRET = "a-secret-of-the-gateway"
PHONE = "13900001234"
HOUR = timedelta(hours=1)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running_gateway() as running:
        yield running


def use_gateway(door: Door, gateway: Gateway, **more: Any) -> Settings:
    """The installation sends through the gateway from now on."""
    settings = replace(
        door.context.settings,
        sms_provider="http",
        sms_url=f"{gateway.address}/send",
        sms_key_id="xinqiao",
        sms_secret=SECRET,
        **more,
    )
    door.context.settings = settings
    return settings


async def drain(door: Door, moment: str = "") -> None:
    """What is due is carried out, at that moment of the story."""
    if moment:
        door.set_time(at(moment))
    await outbox.drain(bootstrap.build_handlers(door.context), door.context.clock.now())


async def drain_later(door: Door, span: timedelta) -> None:
    door.pass_time(span)
    await drain(door)


async def states_of(no: str) -> dict[str, tuple[str, str]]:
    """State and channel of each notice to the citizen, by template."""
    rows = await Notice.filter(case_no=no, audience="citizen").order_by("id")
    return {row.template: (row.state, row.channel) for row in rows}


async def submitted(door: Door, moment: str = "2026-03-02 09:00", **fields: Any) -> Story:
    story = Story(door)
    await story.submit(moment, "complaint", person={"name": "安小娜", "phone": PHONE}, **fields)
    return story


async def settings_path(door: Door, no: str) -> str:
    """The path of the link by which the citizen of a case sets their notices."""
    subject = await contacts.load_subject(no)
    preference = await contact_preferences.ensure_preference(subject, door.context.clock.now())
    link = citizen_texts.build_link(door.context.settings, preference.id)
    return link.removeprefix(citizen_texts.base_address(door.context.settings))


# ---- sending ----


async def test_a_message_reaches_the_gateway_signed_with_its_values_and_counts_as_sent(
    door: Door, gateway: Gateway
) -> None:
    settings = use_gateway(door, gateway)
    story = await submitted(door)
    await drain(door)
    path, headers, body = gateway.requests[0]
    message = json.loads(body)
    assert path == "/send" and headers["x-xinqiao-key"] == "xinqiao"
    assert sms_sender.is_signed(SECRET, headers["x-xinqiao-signature"], body, door.context.clock.now())
    assert message["to"] == f"+86{PHONE}" and message["template"] == "received"
    assert message["values"]["no"] == as_in_messages(story.no) and message["sign"] == settings.site_name
    assert story.code not in body.decode() and "安小娜" not in body.decode() and "征地" not in body.decode()
    assert (await states_of(story.no))["received"] == ("sent", "sms")


async def test_a_gateway_that_fails_refuses_and_keeps_silent_is_told_everything_once_and_in_order(
    door: Door, gateway: Gateway
) -> None:
    use_gateway(door, gateway)
    story = await submitted(door)
    gateway.next_answers = [503, "dropped", "silent", 200]
    await drain(door)
    clerk = f"clerk-{(await story.seen())['unit']['code']}"
    await story.does(clerk, "accept", "2026-03-02 09:05")
    await story.does(clerk, "ask", text="请问是路的哪一侧？")
    for _ in range(6):
        await drain_later(door, timedelta(minutes=12))
    assert gateway.templates() == ["received", "assigned", "accepted", "asked"]
    assert len(gateway.requests) > len(gateway.texts), "it was asked again with the same id"
    assert set((await states_of(story.no)).values()) == {("sent", "sms")}


async def test_a_refused_number_is_listed_for_a_telephone_call_and_no_later_message_waits_for_it(
    door: Door, gateway: Gateway
) -> None:
    use_gateway(door, gateway)
    gateway.next_answers = [400]
    story = await submitted(door)
    await drain(door)
    states = await states_of(story.no)
    assert states["received"][0] == "failed" and states["assigned"] == ("sent", "sms")
    clerk = f"clerk-{(await story.seen())['unit']['code']}"
    client = await door.page_client(clerk)
    page = (await client.get("/desk/phone-calls")).text
    assert story.no in page and "没有送到" in page and "号码不存在" in page
    assert "请打电话告知" in (await client.get("/desk/notices")).text
    (row,) = await Notice.filter(case_no=story.no, template="received")
    response = await client.post(f"/desk/phone-calls/{row.id}")
    assert response.status_code == 303
    assert story.no not in (await client.get("/desk/phone-calls")).text
    assert (await client.post(f"/desk/phone-calls/{row.id}")).status_code == 409
    await client.aclose()
    notice = await Notice.get(id=row.id)
    assert (notice.state, notice.channel, notice.informed_by) == ("sent", "phone", clerk) and notice.sent_at
    other = "clerk-jiaoyu" if clerk != "clerk-jiaoyu" else "clerk-chengguan"
    stranger = await door.page_client(other)
    assert (await stranger.post(f"/desk/phone-calls/{row.id}")).status_code == 404
    await stranger.aclose()


async def test_the_next_channel_takes_over_when_a_gateway_stays_away(door: Door, gateway: Gateway) -> None:
    async with post_office() as (post, mail):
        more = {name: getattr(mail, name) for name in ("smtp_host", "smtp_port", "smtp_from")}
        settings = use_gateway(door, gateway, citizen_email=True, **more)
        story = await submitted(door)
        subject = await contacts.load_subject(story.no)
        now = door.context.clock.now()
        await contact_preferences.change_preference(subject, now, vault=settings.vault, email="anna@example.cn")
        gateway.next_answers = [503] * 5
        await drain(door)
        for _ in range(7):
            await drain_later(door, HOUR)
        assert (await states_of(story.no))["received"] == ("sent", "email")
        assert "received" not in gateway.templates()
        number = as_in_messages(story.no)
        letter = next(row for row in post.letters if number in row.get_payload(decode=True).decode())  # type: ignore[union-attr] # bytes of a plain letter
        assert letter["To"] == "anna@example.cn"


async def test_a_process_killed_while_it_sends_leaves_an_attempt_that_is_tried_again_with_the_same_id(
    door: Door, gateway: Gateway
) -> None:
    use_gateway(door, gateway)
    story = await submitted(door)
    await drain(door)
    before = len(gateway.texts)
    await Notice.filter(case_no=story.no, template="received").update(state="queued", channel="", sent_at=None)
    await NoticeAttempt.filter(notice__template="received").update(state="sending", begun_at=door.context.clock.now())
    await outbox.Message.filter(kind="notice.send").update(done_at=None)
    await drain(door)
    assert (await states_of(story.no))["received"][0] == "queued", "somebody else may still be at it"
    await drain_later(door, timedelta(minutes=3))
    assert (await states_of(story.no))["received"] == ("sent", "sms")
    assert len(gateway.texts) == before, "the gateway knows the id"


async def test_two_workers_send_a_message_once(door: Door, gateway: Gateway) -> None:
    use_gateway(door, gateway)
    await submitted(door)
    await drain(door)
    await outbox.Message.filter(kind="notice.send").update(done_at=None)
    await Notice.filter(template="received").update(state="queued")
    await drain(door)
    assert len(gateway.requests) == len(gateway.texts)


# ---- receipts ----


async def signed_receipts(door: Door, receipts: Any, secret: str = SECRET) -> int:
    body = json.dumps(receipts).encode()
    seconds = int(door.context.clock.now().timestamp())
    headers = {sms_sender.SIGNATURE_HEADER: sms_sender.sign(secret, body, seconds)}
    response = await door.client.post("/api/callbacks/sms", content=body, headers=headers)
    return response.status_code


async def test_a_receipt_is_believed_only_when_it_is_signed_and_counts_once(door: Door, gateway: Gateway) -> None:
    use_gateway(door, gateway)
    story = await submitted(door)
    await drain(door)
    reference = next(name for name, text in gateway.texts.items() if text["template"] == "received")
    receipt = [{"id": reference, "status": "delivered"}]
    assert await signed_receipts(door, receipt, "another secret") == 401
    assert (await door.client.post("/api/callbacks/sms", json=receipt)).status_code == 401
    assert not (await Notice.get(case_no=story.no, template="received")).delivered_at
    for _ in range(2):
        assert await signed_receipts(door, receipt) == 200
    assert (await Notice.get(case_no=story.no, template="received")).delivered_at
    assert await signed_receipts(door, [{"id": reference, "status": "undelivered"}]) == 200
    assert (await states_of(story.no))["received"] == ("sent", "sms"), "what arrived stays so"
    assert await signed_receipts(door, {"no": "list"}) == 400


async def test_what_did_not_arrive_is_listed_for_a_call_where_there_is_no_other_channel(
    door: Door, gateway: Gateway
) -> None:
    use_gateway(door, gateway)
    story = await submitted(door)
    await drain(door)
    reference = next(name for name, text in gateway.texts.items() if text["template"] == "received")
    assert await signed_receipts(door, [{"id": reference, "status": "undelivered", "error": "关机"}]) == 200
    await drain(door)
    assert (await states_of(story.no))["received"][0] == "failed"
    assert len([text for text in gateway.texts.values() if text["template"] == "received"]) == 1
    (row,) = await Notice.filter(case_no=story.no, template="received")
    assert row.error == "关机"


async def test_reports_of_alibaba_cloud_come_to_an_address_nobody_guesses(door: Door, gateway: Gateway) -> None:
    use_gateway(door, gateway)
    story = await submitted(door)
    await drain(door)
    settings = replace(door.context.settings, sms_provider="aliyun")
    door.context.settings = settings
    reference = next(name for name, text in gateway.texts.items() if text["template"] == "received")
    report = [{"phone_number": PHONE, "success": True, "err_code": "DELIVERED", "out_id": reference, "biz_id": "1"}]
    assert (await door.client.post("/api/callbacks/sms-aliyun/wrong", json=report)).status_code == 401
    response = await door.client.post(f"/api/callbacks/sms-aliyun/{callback_key(settings)}", json=report)
    assert response.json() == {"code": 0, "msg": "接收成功"}
    assert (await Notice.get(case_no=story.no, template="received")).delivered_at


# ---- hours and preferences ----


async def test_at_night_only_what_is_urgent_or_asked_for_rings(door: Door, gateway: Gateway) -> None:
    use_gateway(door, gateway)
    story = await submitted(door, "2026-03-02 22:00")
    await drain(door)
    assert gateway.templates() == ["received"], "who submits at ten is awake"
    await drain(door, "2026-03-03 07:59")
    assert gateway.templates() == ["received"]
    await drain(door, "2026-03-03 08:00")
    assert gateway.templates() == ["received", "assigned"]
    assert (await states_of(story.no))["assigned"] == ("sent", "sms")


async def test_a_citizen_who_chose_hours_plain_words_is_told_so(door: Door, gateway: Gateway) -> None:
    use_gateway(door, gateway)
    first = await submitted(door)
    await drain(door)
    path = await settings_path(door, first.no)
    assert path in gateway.texts[next(iter(gateway.texts))]["text"], "the link stands in the receipt"
    response = await door.client.post(path, data={"act": "save", "hours": "18:00-21:00", "plain": "1"})
    assert response.status_code == 303
    page = (await door.client.get(f"{path}?done=save")).text
    assert "已保存" in page and 'value="18:00-21:00" selected' in page
    second = await submitted(door, "2026-03-02 09:30", title="路灯不亮", text="云锦路路灯不亮，晚上很黑。")
    await drain(door)
    texts = [text["text"] for text in gateway.texts.values() if text["values"].get("no") == as_in_messages(second.no)]
    assert len(texts) == 1 and texts[0].startswith(f"收到了。编号{as_in_messages(second.no)}")
    await drain(door, "2026-03-02 18:00")
    assert (await states_of(second.no))["assigned"] == ("sent", "sms")


async def test_who_opted_out_hears_what_the_law_demands_and_nothing_else(door: Door, gateway: Gateway) -> None:
    use_gateway(door, gateway)
    story = await submitted(door)
    await drain(door)
    path = await settings_path(door, story.no)
    page = (await door.client.get(path)).text
    assert "退订" in page and "依法应当告知，不能退订" in page and PHONE not in page
    assert (await Notice.filter(state="opted_out").count()) == 0, "to look at the page changes nothing"
    assert (await door.client.post(path, data={"act": "stop"})).status_code == 303
    other = await submitted(door, "2026-03-02 09:30", title="路灯不亮", text="云锦路路灯不亮，晚上很黑。")
    clerk = f"clerk-{(await other.seen())['unit']['code']}" if (await other.seen())["unit"] else ""
    await drain(door)
    clerk = clerk or f"clerk-{(await other.seen())['unit']['code']}"
    await other.does(clerk, "accept", "2026-03-02 09:40")
    await drain(door)
    states = await states_of(other.no)
    assert states == {"received": ("sent", "sms"), "assigned": ("opted_out", ""), "accepted": ("sent", "sms")}
    assert not await inbox.untold_count(door.context.clock.now())
    assert (await door.client.post(path, data={"act": "resume"})).status_code == 303
    assert "已恢复通知" in (await door.client.get(f"{path}?done=resume")).text


async def test_a_link_nobody_signed_opens_nothing(door: Door, gateway: Gateway) -> None:
    story = await submitted(door)
    await drain(door)
    path = await settings_path(door, story.no)
    for wrong in (
        path[:-1] + ("0" if path[-1] != "0" else "1"),
        "/n/1-",
        "/n/1",
        "/n/x-y",
        "/n/99999999999999999999-0",
    ):
        assert (await door.client.get(wrong)).status_code == 404, wrong
        assert (await door.client.post(wrong, data={"act": "stop"})).status_code == 404, wrong


async def test_a_channel_that_cannot_be_asked_twice_is_waited_for_and_then_the_next_one_tells_it(
    context: AppContext,
) -> None:
    wechat, sms = DeliveryChannel.WECHAT, DeliveryChannel.SMS
    channels = MemoryChannels((wechat, sms), {wechat: [Unconfirmed()]})
    no = await submit_appeal(context)
    await drain_and_send(context, Letters(), MONDAY, channels)
    assert channels.sent == [] and (await states_of(no))["received"] == ("queued", "")
    await drain_and_send(context, Letters(), MONDAY + timedelta(minutes=11), channels)
    assert [(name, message.template) for name, message in channels.sent] == [(sms, "received"), (wechat, "assigned")]
    assert (await states_of(no))["received"] == ("sent", "sms")


async def test_a_preferred_channel_is_tried_first(context: AppContext) -> None:
    channels = MemoryChannels((DeliveryChannel.WECHAT, DeliveryChannel.SMS))
    no = await submit_appeal(context)
    subject = await contacts.load_subject(no)
    await contact_preferences.change_preference(subject, MONDAY, vault=context.settings.vault, channel="sms")
    await drain_and_send(context, Letters(), MONDAY, channels)
    assert {name for name, _ in channels.sent} == {DeliveryChannel.SMS}


def test_a_setting_that_cannot_work_stops_the_start() -> None:
    with pytest.raises(Invalid) as caught:
        Settings.read({"XINQIAO_SMS_PROVIDER": "http"})
    assert set(caught.value.fields) == {"XINQIAO_SMS_SECRET", "XINQIAO_SMS_URL"}


def test_the_moment_of_a_signature_is_checked() -> None:
    now = datetime.fromisoformat("2026-03-02T09:00:00+08:00")
    header = sms_sender.sign(SECRET, b"[]", int(now.timestamp()))
    assert sms_sender.is_signed(SECRET, header, b"[]", now)
    assert not sms_sender.is_signed(SECRET, header, b"[]", now + timedelta(minutes=6))
    assert not sms_sender.is_signed(SECRET, header, b"[1]", now)
    assert not sms_sender.is_signed("", sms_sender.sign("", b"[]", 1), b"[]", now)
