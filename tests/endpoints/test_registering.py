"""Does the desk take in letters, visits, calls and transfers on one screen, and is it told what was said before?"""

import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from feedback import links
from feedback.queries import cases as case_queries
from feedback.queries import worklist as case_worklist
from feedback.record.models.case import Link
from feedback.record.models.logs import ReadLog
from feedback.rules.access import SYSTEM, citizen
from feedback.rules.read_models import Filters
from routing import directory
from tests.endpoints.test_desk_pages import at_desk
from tests.moments import MONDAY
from tests.people import Door
from web.auth.models import FormDraft

CALL: dict[str, Any] = {
    "channel": "hotline",
    "kind": "complaint",
    "title": "工地夜间施工扰民",
    "text": "丽水花园三期东侧的工地每天夜里十一点以后还在打桩浇筑混凝土，机器声一直响到凌晨两三点，老人整夜睡不着。",
    "person.name": "安小娜",
    "person.phone": "13900001234",
    "headcount": "1",
    "key": "first",
}


async def _registered(reception: httpx2.AsyncClient, **more: Any) -> str:
    made = await reception.post("/desk/register", data={**CALL, **more})
    assert made.status_code == 303, made.text
    return made.headers["location"].rsplit("/", 1)[1]


async def test_what_a_letter_a_visit_and_a_transfer_need_is_kept_for_staff_only(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no = await _registered(
            reception,
            channel="transfer",
            source_unit="市信访局",
            source_no="市信交〔2026〕12号",
            limit_day="2026-10-30",
            happened_day="2026-09-01",
            minors="1",
            visit_place="别的渠道的不留",
        )
        page = (await reception.get(f"/desk/cases/{no}")).text
    for words in ("市信访局", "市信交〔2026〕12号", "2026-10-30", "涉及未成年人"):
        assert words in page
    assert "别的渠道的不留" not in page
    own = await case_queries.load_file(citizen(no), no, vault=door.settings.vault)
    assert "particulars" not in own.entries[0].data


async def test_a_report_taken_in_where_nobody_may_open_it_goes_where_somebody_may(door: Door) -> None:
    door.set_time(MONDAY)
    street = "reception-jd-qinghe"
    async with at_desk(door, street) as window, at_desk(door, "reception") as house:
        no = await _registered(window, kind="report", title="举报收受礼金", text="某负责人节日收受礼金。")
        slip = (await window.get(f"/desk/register/{no}")).text
        assert no in slip and "已交" in slip and "收受礼金" not in slip
        assert re.search(r"<span>\d{4}</span>", slip)
        assert (await window.get(f"/desk/cases/{no}")).status_code == 404
        assert "收受礼金" in (await house.get(f"/desk/cases/{no}")).text
        assert await ReadLog.filter(case_no=no, actor=street).exists()
        door.set_time(MONDAY + timedelta(days=2))
    async with at_desk(door, street) as window:
        assert (await window.get(f"/desk/register/{no}")).status_code == 404


async def test_the_day_an_order_from_above_names_is_proposed_for_the_unit_that_gets_it(door: Door) -> None:
    door.set_time(MONDAY)
    day = (MONDAY + timedelta(days=20)).date().isoformat()
    above = {"channel": "transfer", "source_unit": "市信访局", "source_no": "市信交〔2026〕12号", "limit_day": day}
    async with at_desk(door, "reception") as reception:
        no = await _registered(reception, **above)
        page = (await reception.get(f"/desk/cases/{no}")).text
        form = re.search(r'(?s)<form[^>]*/acts/assign".*?</form>', page)
        assert form is not None
        assert re.search(rf'name="target_day" type="date" value="{day}"', form[0])
        assert '<option value="commission" selected>' in form[0]
        door.pass_time(timedelta(days=21))
    async with at_desk(door, "reception") as later:
        assert f'value="{day}"' not in (await later.get(f"/desk/cases/{no}")).text


async def test_a_transfer_from_above_names_who_sent_it_and_its_number(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        response = await reception.post("/desk/register", data={**CALL, "channel": "transfer", "limit_day": "下周"})
    assert response.status_code == 422
    for words in ("请填写交办、转送单位", "请填写上级编号", "日期应写成"):
        assert words in response.text
    assert re.search(r'id="fold-above"[^>]* open', response.text)


async def test_a_joint_petition_by_proxy_keeps_all_people(door: Door) -> None:
    group = {f"rep{n}.name": f"代表{n}" for n in range(3)} | {"headcount": "36"}
    proxy = {
        "proxy.kind": "volunteer",
        "proxy.authority": "written",
        "proxy.name": "白小本",
        "proxy.phone": "13900005678",
    }
    async with at_desk(door, "reception") as reception:
        no = await _registered(reception, **group, **proxy)
        page = (await reception.get(f"/desk/cases/{no}")).text
        slip = (await reception.get(f"/desk/register/{no}")).text
        list_ = await reception.get("/desk/export.xlsx")
    for words in ("36 人（集体，21–50 人）", "代表0", "代表2", "白小本", "志愿者（信访代理员）", "书面委托"):
        assert words in page
    assert "由白小本代办" in slip and "data:image/svg+xml" in slip
    assert "白小本".encode() not in list_.content
    async with at_desk(door, "supervisor") as supervisor:
        masked = (await supervisor.get(f"/desk/cases/{no}")).text
    assert "白小本" not in masked and "代表0" not in masked


async def test_what_is_wrong_with_the_people_is_told_at_the_field(door: Door) -> None:
    wrong = {
        "rep0.phone": "12",
        "proxy.kind": "lawyer",
        "proxy.authority": "recorded",
        "person.name": "",
        "headcount": "0",
    }
    async with at_desk(door, "reception") as reception:
        page = await reception.post("/desk/register", data={**CALL, **wrong})
    assert page.status_code == 422
    for anchor in ("f-rep0-name", "f-rep0-phone", "f-proxy-name", "f-proxy-authority", "f-person-name", "f-headcount"):
        assert f'href="#{anchor}"' in page.text, anchor


async def test_a_likely_repeat_is_shown_before_it_is_saved_and_linked_as_the_clerk_says(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        first = await _registered(reception)
        await door.drain()
        again = {**CALL, "key": "second", "text": "丽水花园三期东侧的工地又在夜里打桩，机器声一直响到凌晨两三点。"}
        assert await _registered(reception) == first  # the same form sent twice is no repeat
        held = await reception.post("/desk/register", data=again)
        assert held.status_code == 200
        assert "可能重复，还没有登记" in held.text and first in held.text and "电话相同" in held.text
        assert (await case_worklist.load_worklist(SYSTEM, Filters(), 1, now=door.context.clock.now())).total == 1
        form = {**again, "seen": first, "related": first, "relation": "repeat_of"}
        second = (await reception.post("/desk/register", data=form)).headers["location"].rsplit("/", 1)[1]
        page = (await reception.get(f"/desk/cases/{second}")).text
    assert "关联的来件" in page and first in page
    (link,) = await Link.all()
    assert (link.kind, link.state, link.same_person, link.decided_by) == ("repeat_of", "confirmed", True, "reception")
    assert await ReadLog.filter(what="person", actor="reception").count() >= 1


async def test_hints_come_while_typing_and_say_nothing_to_others(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        first = await _registered(reception)
        await door.drain()
        hints = await reception.post("/desk/register/check", data={"person.phone": "139 0000 1234"})
        nothing = await reception.post(
            "/desk/register/check", data={"title": "完全另一件事情", "text": "路灯坏了没有人修"}
        )
    assert first in hints.text and "没有发现相同的来件" in nothing.text
    async with at_desk(door, "clerk-chengguan") as clerk:
        assert (await clerk.post("/desk/register/check", data={"person.phone": "13900001234"})).status_code == 403


async def test_what_was_typed_survives_an_ended_session_for_its_author_alone(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        door.pass_time(timedelta(hours=2))
        sent = await reception.post("/desk/register", data={**CALL, "rep0.name": "代表零"})
        assert sent.status_code == 401 and 'name="next" value="/desk/register"' in sent.text
        assert "安小娜" not in sent.text and 'name="carried"' not in sent.text
        assert not [row for row in await FormDraft.all() if "安小娜" in row.sealed]
        async with at_desk(door, "admin") as other:
            assert (await other.get("/desk/register")).status_code == 403
    async with at_desk(door, "reception") as back:
        page = (await back.get("/desk/register")).text
        assert "已恢复登录超时前填写的内容" in page
        for words in ("工地夜间施工扰民", "13900001234", "代表零"):
            assert words in page
        await _registered(back)
        assert "安小娜" not in (await back.get("/desk/register")).text
    assert not await FormDraft.all().count()


@pytest.mark.parametrize(
    ("what", "status", "state", "kind"),
    [
        ("merge", "merged", "confirmed", "merged_into"),
        ("answer", "declined", "confirmed", "repeat_of"),
        ("dismiss", "received", "dismissed", "repeat_of"),
        ("new_facts", "received", "confirmed", "new_facts_of"),
    ],
)
async def test_one_click_decides_about_a_repeat(door: Door, what: str, status: str, state: str, kind: str) -> None:
    async with at_desk(door, "reception") as reception:
        first = await _registered(reception)
        await door.drain()
        again = {
            "key": "second",
            "text": "丽水花园三期东侧的工地又在夜里打桩，机器声一直响到凌晨两三点。",
            "seen": first,
        }
        second = await _registered(reception, **again)
        await door.drain()
        listed = (await reception.get("/desk/repeats")).text
        assert first in listed and second in listed
        (link,) = await Link.all()
        page = (await reception.get(f"/desk/cases/{second}")).text
        assert f"/desk/links/{link.id}/{what}" in page
        done = await reception.post(f"/desk/links/{link.id}/{what}")
        assert done.status_code == 303, done.text
        assert second not in (await reception.get("/desk/repeats")).text
    link = await Link.get()
    assert (link.kind, link.state) == (kind, state)
    file = await case_queries.load_file(SYSTEM, second, vault=door.settings.vault)
    assert file.status.value in (status, "assigned")
    if what == "answer":
        decision = file.entries[-1].data
        assert decision["ground"] == "same_matter" and "同一事项已于" in decision["where_instead"]
        assert first not in decision["where_instead"] and first not in decision["reason"]


async def test_one_answer_serves_a_campaign_and_each_case_has_its_own(door: Door) -> None:
    numbers: list[str] = []
    async with at_desk(door, "reception") as reception:
        for n in range(3):
            person = {"person.name": f"住户{n}", "person.phone": f"1380000111{n}"}
            numbers.append(await _registered(reception, key=f"k{n}", seen=[*numbers], **person))
            await door.drain()
            file = await case_queries.load_file(SYSTEM, numbers[-1], vault=door.settings.vault)
            if file.status.value == "received":
                await door.act(numbers[-1], "assign", {"unit": "chengguan"}, await door.log_in("reception"))
        head, members = await links.load_campaign(await directory.load_actor("reception"), numbers[2])
    assert head.no == numbers[0] and {row.no for row in members} == set(numbers[1:])
    unit = (await case_queries.load_file(SYSTEM, numbers[0], vault=door.settings.vault)).unit
    async with at_desk(door, f"clerk-{unit}") as clerk:
        for no in numbers[:2]:
            await clerk.post(f"/desk/cases/{no}/acts/accept", data={})
        form = {"no": numbers, "text": "您于【收到日期】反映的事项（【编号】）已查处，电话 13800001111。"}
        look = await clerk.post(f"/desk/campaigns/{numbers[0]}", data=form)
        assert "其中 2 件可以答复" in look.text and "13800001111" in look.text
        done = await clerk.post(f"/desk/campaigns/{numbers[0]}", data={**form, "confirmed": "1"})
        assert "已答复 2 件" in done.text
    for no in numbers[:2]:
        own = await case_queries.load_file(citizen(no), no, vault=door.settings.vault)
        assert no in own.entries[-1].data["text"]
    async with at_desk(door, "clerk-jiwei") as stranger:
        assert (await stranger.get(f"/desk/campaigns/{numbers[0]}")).status_code == 404
