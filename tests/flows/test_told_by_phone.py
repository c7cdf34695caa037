"""What a citizen hears of a case: every message without a real channel is a line of `outgoing.jsonl`, in development."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from feedback.kernel import db, outbox
from feedback.kernel.outbox import Message
from feedback.kernel.settings import Settings
from feedback.record.models.case import Case
from tests.flows.story import OPINION, Story
from tests.messages import as_in_messages
from tests.people import Door
from web import bootstrap
from web.notify import phone_messages

PHONE = "13900001234"


def outgoing_lines(settings: Settings) -> list[dict[str, Any]]:
    """The lines of the file, oldest first."""
    path = settings.data / "outgoing.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


async def test_the_receipt_and_the_question_are_lines_of_the_file_also_at_night(door: Door) -> None:
    story = Story(door)
    await story.submit("2026-03-02 22:40", "complaint")
    await door.drain()
    clerk = f"clerk-{(await story.seen())['unit']['code']}"
    await story.does(clerk, "accept", "2026-03-02 22:50")
    await story.does(clerk, "ask", "2026-03-02 22:55", text="请问是路的哪一侧？")
    await door.drain()
    lines = outgoing_lines(door.settings)
    assert [line["template"] for line in lines] == ["received", "assigned", "accepted", "asked"]
    assert {(line["to"], line["channel"], line["case_no"]) for line in lines} == {(PHONE, "sms", story.no)}
    assert set(lines[0]) == {"at", "channel", "to", "template", "text", "case_no"}
    assert lines[0]["at"].startswith("2026-03-02T22:4") and lines[0]["at"].endswith("+08:00")
    assert (door.settings.data / "outgoing.jsonl").stat().st_mode & 0o077 == 0


async def test_a_production_system_writes_no_such_file(door: Door) -> None:
    await door.submit()
    production = replace(door.context.settings, env="production", secret=door.settings.secret)
    door.context.settings = production
    await door.drain()
    assert not outgoing_lines(door.settings)


async def test_a_code_for_a_telephone_is_sent_once_and_stands_sealed_in_the_outbox(door: Door) -> None:
    now, settings = door.context.clock.now(), door.context.settings

    async def ask(key: str, expires_in: timedelta) -> None:
        async with db.transaction():
            await phone_messages.send_to_phone(
                "login_code",
                PHONE,
                {"code": "482913", "minutes": "5"},
                key=key,
                settings=settings,
                now=now,
                expires_at=now + expires_in,
            )

    await ask("first", timedelta(minutes=5))
    with pytest.raises(IntegrityError):
        await ask("first", timedelta(minutes=5))
    await ask("late", timedelta(seconds=-1))
    assert not [row for row in await Message.filter(kind="phone.message") if "482913" in str(row.payload)]
    for _ in range(2):
        await outbox.drain(bootstrap.build_handlers(door.context), now)
    (line,) = outgoing_lines(settings)
    assert line["template"] == "login_code" and line["to"] == PHONE and "482913" in line["text"]
    assert line["case_no"] == ""


async def read_lines(door: Door, no: str) -> list[tuple[str, str]]:
    """Template and text of what the citizen of a case was told, in order."""
    await door.drain()
    return [(line["template"], line["text"]) for line in outgoing_lines(door.settings) if line["case_no"] == no]


async def test_the_whole_life_of_a_petition_reads_through_in_the_file(door: Door) -> None:
    story = Story(door)
    await story.submit("2026-12-01 09:00")
    await door.drain()
    unit = (await story.seen())["unit"]["code"]
    for who, act, moment, data in (
        (f"clerk-{unit}", "accept", "2026-12-03 09:00", {}),
        (f"clerk-{unit}", "ask", "2026-12-03 10:00", {"text": "请带来承包合同。"}),
        (f"lead-{unit}", "extend", "2026-12-20 09:00", {"reason": "需要重新测量", "days": 10}),
        (f"lead-{unit}", "reply", "2027-01-20 09:00", {"text": "经核实，少算两亩。", **OPINION}),
        ("reception", "deliver", "2027-01-21 10:00", {"day": "2027-01-21"}),
        ("citizen", "review", "2027-01-25 09:00", {"reason": "面积仍然不对。"}),
    ):
        await story.does(who, act, moment, **data)
        await door.drain()
    lines = await read_lines(door, story.no)
    assert [template for template, _ in lines] == [
        "received",
        "assigned",
        "accepted",
        "asked",
        "extended",
        "answered_claim",
        "delivered",
        "rating_invite",
        "review_received",
        "assigned",
    ]
    texts = dict(lines)
    assert texts["received"].startswith(f"已收到您的反映，编号{as_in_messages(story.no)}，最晚2027年3月1日答复。")
    assert "最晚2027年3月" in texts["extended"] and "收到书面意见起30日内可申请复查" in texts["answered_claim"]
    assert "2月22日前可凭查询码申请复查" in texts["delivered"] and "作出决定" in texts["review_received"]
    everything = "".join(text for _, text in lines)
    assert not [word for word in ("征地", "承包合同", "少算", story.code, "安小娜") if word in everything]


async def test_refused_and_merged_matters_and_reports_are_told_with_the_way_on(door: Door) -> None:
    story = Story(door)
    await story.submit("2026-12-01 09:00")
    await door.drain()
    refusal = {"ground": "statutory_route", "reason": "已经起诉。", "where_instead": "请向法院查询。"}
    unit = (await story.seen())["unit"]["code"]
    await story.does(f"lead-{unit}", "decline", "2026-12-02 09:00", **refusal)
    declined = await read_lines(door, story.no)
    assert declined[-1] == (
        "declined",
        f"您反映的事项（编号{as_in_messages(story.no)}）不予受理，理由和去处请凭查询码查看。有异议可以请求重新审查一次。",
    )
    report = Story(door)
    await report.submit("2026-12-03 09:00", "report", title="举报收受礼金", text="举报区教育局的人收受礼金，请查处。")
    await report.does("reception", "assign", "2026-12-03 10:00", unit="jiwei")
    await report.does("clerk-jiwei", "accept", "2026-12-04 09:00")
    assert await read_lines(door, report.no) == [
        ("report_received", f"已收到，编号{as_in_messages(report.no)}。"),
        ("report_moved", f"编号{as_in_messages(report.no)}有新进展，请查询。"),
        ("report_moved", f"编号{as_in_messages(report.no)}有新进展，请查询。"),
    ]


async def test_a_bad_rating_is_told_its_rectification_under_the_number_that_was_rated(door: Door) -> None:
    story = Story(door)
    await story.submit(
        "2026-12-01 09:00", "complaint", title="垃圾三天没人收", text="小区垃圾三天没有人来收，气味很大。"
    )
    await door.drain()
    unit = (await story.seen())["unit"]["code"]
    await story.does(f"clerk-{unit}", "accept", "2026-12-01 10:00")
    await story.does(f"clerk-{unit}", "reply", "2026-12-02 09:00", text="已经清运。")
    await story.does("citizen", "rate", "2026-12-02 10:00", level=1, tags=[], text="没有收干净。")
    await door.drain()
    rectification = Story(door)
    rectification.no = await Case.filter(link=story.no, kind="rectify").first().values_list("no", flat=True)  # type: ignore[assignment] # one row
    await rectification.does(f"clerk-{unit}", "accept", "2026-12-02 11:00")
    await rectification.does(f"clerk-{unit}", "rectify", "2026-12-02 15:00", text="改为每天两次清运。")
    lines = await read_lines(door, rectification.no)
    assert [template for template, _ in lines] == ["rectified"]
    assert lines[0][1].startswith(f"您给的差评（编号{as_in_messages(story.no)}）已由")


async def test_the_administrator_reads_what_would_have_gone_out_in_development(door: Door) -> None:
    receipt = await door.submit()
    await door.drain()
    admin = await door.page_client("admin")
    page = (await admin.get("/admin/outgoing")).text
    assert receipt["no"] in page and PHONE in page and receipt["code"] not in page
    door.context.settings = replace(door.context.settings, env="production")
    assert (await admin.get("/admin/outgoing")).status_code == 404
    await admin.aclose()
