"""Does the desk work without scripts: queue, case, steps, preview, conflict, bulk, register, export?"""

import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from python_calamine import CalamineWorkbook

from feedback.queries import cases as case_queries
from feedback.queries import lookup as case_lookup
from feedback.record import access_log
from feedback.rules.access import SYSTEM
from feedback.rules.vocabulary import Act
from routing import directory
from tests.people import Door
from web.forms import reply_templates
from web.pages.account import login
from web.wording import acts, dates

UNIT = "jiaotong"


@asynccontextmanager
async def at_desk(door: Door, username: str) -> AsyncIterator[httpx2.AsyncClient]:
    client = await door.page_client(username)
    try:
        yield client
    finally:
        await client.aclose()


async def status_of(door: Door, no: str) -> str:
    return (await case_queries.load_file(SYSTEM, no, vault=door.settings.vault)).status.value


async def version_of(door: Door, no: str) -> str:
    return str((await case_queries.load_file(SYSTEM, no, vault=door.settings.vault)).version)


async def a_case(door: Door, **fields: Any) -> str:
    return str((await door.submit(**fields))["no"])


async def at_unit(door: Door, reception: httpx2.AsyncClient, **fields: Any) -> tuple[str, str]:
    """A case the desk sent to a unit. Returns its number and the unit."""
    units = (await directory.load_directory()).by_code
    unit = next(code for code, row in units.items() if row.kind == "department")
    no = await a_case(door, **fields)
    response = await reception.post(f"/desk/cases/{no}/acts/assign", data={"unit": unit})
    assert response.status_code == 303, response.text
    return no, unit


async def accepted(door: Door, reception: httpx2.AsyncClient, **fields: Any) -> tuple[str, str]:
    no, unit = await at_unit(door, reception, **fields)
    async with at_desk(door, f"clerk-{unit}") as clerk:
        assert (await clerk.post(f"/desk/cases/{no}/acts/accept", data={})).status_code == 303
    return no, unit


async def test_a_stranger_is_sent_to_the_log_in_and_comes_back_where_he_wanted_to_go(door: Door) -> None:
    async with door.browser() as nobody:
        refused = await nobody.get("/desk/notices")
        assert refused.status_code == 303
        assert refused.headers["location"] == "/login?next=/desk/notices"
        data = {"username": "reception", "password": "demo", "next": "/desk/notices"}
        assert (await nobody.post("/login", data=data)).headers["location"] == "/desk/notices"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", ""]
)
def test_the_way_back_after_log_in_never_leaves_the_site(elsewhere: str) -> None:
    assert login.local(elsewhere) == ""


async def test_a_wrong_password_shows_the_form_again_with_the_account_kept(door: Door) -> None:
    async with door.browser() as nobody:
        response = await nobody.post("/login", data={"username": "reception", "password": "no"})
        assert response.status_code == 401
        assert 'value="reception"' in response.text
        assert "账号或密码不对" in response.text


async def test_after_log_out_the_desk_is_shut(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        assert (await reception.get("/desk")).status_code == 200
        await reception.post("/logout")
        assert (await reception.get("/desk")).status_code == 303


async def test_a_new_message_waits_in_the_receptionists_queue(door: Door) -> None:
    no = await a_case(door)
    async with at_desk(door, "reception") as reception:
        page = (await reception.get("/desk")).text
        assert f"/desk/cases/{no}" in page
        assert "待我办" in page


async def test_a_clerk_of_another_unit_does_not_see_the_case_listed_or_opened(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await at_unit(door, reception)
    async with at_desk(door, "clerk-xinfang") as other:
        assert no not in (await other.get("/desk?status=")).text
        assert (await other.get(f"/desk/cases/{no}")).status_code == 404
    async with at_desk(door, f"clerk-{unit}") as clerk:
        assert no in (await clerk.get("/desk")).text
        assert (await clerk.get(f"/desk/cases/{no}")).status_code == 200


async def test_the_page_offers_a_form_for_exactly_the_open_steps(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await at_unit(door, reception)
    async with at_desk(door, f"clerk-{unit}") as clerk:
        page = (await clerk.get(f"/desk/cases/{no}")).text
    actor = await directory.load_actor(f"clerk-{unit}")
    file = await case_queries.load_file(actor, no, vault=door.settings.vault)
    assert set(re.findall(r'id="act-(\w+)"', page)) == {step.act.value for step in file.steps(door.context.clock.now())}


async def test_a_missing_reason_shows_the_form_again_and_keeps_the_rest(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await at_unit(door, reception)
    async with at_desk(door, f"clerk-{unit}") as clerk:
        response = await clerk.post(f"/desk/cases/{no}/acts/ask_decline", data={"where_instead": "区法院立案庭"})
        assert response.status_code == 422
        assert "请填写理由" in response.text
        assert "区法院立案庭" in response.text
        assert "<title>错误：" in response.text
    assert await status_of(door, no) == "assigned"


async def test_a_unit_that_does_not_exist_gets_no_case(door: Door) -> None:
    no = await a_case(door)
    async with at_desk(door, "reception") as reception:
        response = await reception.post(f"/desk/cases/{no}/acts/assign", data={"unit": "@street"})
        assert response.status_code == 422
        assert "没有这个单位" in response.text
    assert await status_of(door, no) == "received"


async def test_the_second_of_two_clerks_sees_what_the_first_did_and_keeps_his_words(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
        seen = await version_of(door, no)
        async with at_desk(door, f"clerk-{unit}") as first:
            await first.post(f"/desk/cases/{no}/acts/note", data={"text": "已联系物业", "version": seen})
        async with at_desk(door, f"lead-{unit}") as second:
            data = {"text": "经现场核实，问题属实。", "version": seen, "seq": seen}
            response = await second.post(f"/desk/cases/{no}/acts/reply", data=data)
    assert response.status_code == 409
    assert "内容刚刚被别人更新" in response.text
    assert "已联系物业" in response.text
    assert "经现场核实，问题属实。" in response.text
    assert await status_of(door, no) == "accepted"


async def test_a_session_that_ends_while_one_writes_leads_back_to_the_case(door: Door) -> None:
    no = await a_case(door)
    async with door.browser() as nobody:
        sent = await nobody.post(f"/desk/cases/{no}/acts/note", data={"text": "写到一半"})
        assert sent.status_code == 401 and f'name="next" value="/desk/cases/{no}/acts/note"' in sent.text
    async with at_desk(door, "reception") as reception:
        assert (await reception.get(f"/desk/cases/{no}/acts/note")).headers["location"] == f"/desk/cases/{no}?act=note"


async def test_a_step_that_is_over_says_so_instead_of_failing(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    async with at_desk(door, f"clerk-{unit}") as clerk:
        response = await clerk.post(f"/desk/cases/{no}/acts/accept", data={})
    assert response.status_code == 409
    assert "现在不能“受理”" in response.text


async def test_a_step_that_is_never_this_persons_is_forbidden(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, _ = await accepted(door, reception)
        assert (await reception.post(f"/desk/cases/{no}/acts/endorse_extension", data={"days": "1"})).status_code == 403
        assert (await reception.post(f"/desk/cases/{no}/acts/fly", data={})).status_code == 404


async def test_the_preview_shows_the_answer_as_the_citizen_sees_it_and_writes_nothing(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    async with at_desk(door, f"clerk-{unit}") as clerk:
        text = "经现场核实，依据《道路交通安全法》第五十六条，已增派人员疏导。如有疑问请致电12345。"
        response = await clerk.post(f"/desk/cases/{no}/preview", data={"act": "reply", "text": text})
        assert response.status_code == 200
        assert "群众看到的样子" in response.text
        assert response.text.count("已写到") == 4
        assert await status_of(door, no) == "accepted"
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', response.text))
        assert (await clerk.post(f"/desk/cases/{no}/acts/reply", data=fields)).status_code == 303
    assert await status_of(door, no) == "replied"


async def test_personal_data_in_an_answer_must_be_confirmed_before_it_goes_out(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    async with at_desk(door, f"clerk-{unit}") as clerk:
        data = {"text": "安小娜您好，已联系物业经理，电话13812345678。"}
        held = await clerk.post(f"/desk/cases/{no}/acts/reply", data=data)
        assert held.status_code == 422
        assert "13812345678" in held.text
        assert "安小娜" in held.text
        assert await status_of(door, no) == "accepted"
        assert (await clerk.post(f"/desk/cases/{no}/acts/reply", data={**data, "confirmed": "1"})).status_code == 303
    assert await status_of(door, no) == "replied"


async def test_what_is_proposed_for_publication_names_nobody(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        text = "我叫安小娜，电话13900001234，学校门口太堵了。"
        no, unit = await accepted(door, reception, text=text)
        async with at_desk(door, f"clerk-{unit}") as clerk:
            await clerk.post(f"/desk/cases/{no}/acts/reply", data={"text": "经核实，已增派人员。"})
        page = (await reception.get(f"/desk/cases/{no}?act=publish")).text
        form = page[page.index('id="act-publish"') :]
        assert "13900001234" not in form
        assert "安小娜" not in form
        assert "139****1234" in form


async def test_without_consent_nothing_offers_to_publish(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception, public_consent=False)
        async with at_desk(door, f"clerk-{unit}") as clerk:
            await clerk.post(f"/desk/cases/{no}/acts/reply", data={"text": "经核实，已增派人员。"})
        page = (await reception.get(f"/desk/cases/{no}")).text
        assert 'id="act-publish"' not in page
        assert "本人没有同意公开" in page


async def test_an_extension_shows_the_new_last_day_before_the_head_agrees_and_before_the_centre_approves(
    door: Door,
) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
        before = await case_queries.load_file(SYSTEM, no, vault=door.settings.vault)
        data = {"act": "endorse_extension", "reason": "需要会同公安部门勘察", "days": "3"}
        async with at_desk(door, f"lead-{unit}") as lead:
            assert 'id="act-extend"' not in (await lead.get(f"/desk/cases/{no}")).text
            agreed = await lead.post(f"/desk/cases/{no}/preview", data=data)
            assert (await lead.post(f"/desk/cases/{no}/acts/endorse_extension", data=data)).status_code == 303
        page = (await reception.get(f"/desk/cases/{no}?act=extend")).text
        assert "需要会同公安部门勘察" in page[page.index('id="act-extend"') :]
        preview = await reception.post(f"/desk/cases/{no}/preview", data={**data, "act": "extend"})
        assert (await reception.post(f"/desk/cases/{no}/acts/extend", data=data)).status_code == 303
    after = await case_queries.load_file(SYSTEM, no, vault=door.settings.vault)
    resolve = next(c for c in after.clocks if c.term == "resolve")
    assert resolve.due_at > next(c for c in before.clocks if c.term == "resolve").due_at
    for shown in (agreed, preview):
        assert (shown.status_code, dates.day_words(resolve.due_legal_day) in shown.text) == (200, True)


async def test_a_phrase_is_inserted_without_scripts_and_nothing_is_done(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    async with at_desk(door, f"clerk-{unit}") as clerk:
        page = (await clerk.get(f"/desk/cases/{no}")).text
        form = page[page.index('id="act-reply"') :]
        title = re.search(r'<option value="([^"]+)" data-text="([^"]{4})', form)
        assert title
        data = {"text": "开头一句。", "phrase": title[1], "insert": "1"}
        response = await clerk.post(f"/desk/cases/{no}/acts/reply", data=data)
    assert response.status_code == 200
    area = re.search(r'<textarea[^>]*id="f-reply-text"[^>]*>\n([^<]*)', response.text)
    assert area
    assert area[1].startswith("开头一句。\n" + title[2])
    assert await status_of(door, no) == "accepted"


async def test_an_answer_with_an_empty_blank_in_it_is_not_sent(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    async with at_desk(door, f"clerk-{unit}") as clerk:
        page = (await clerk.get(f"/desk/cases/{no}")).text
        text = re.search(r'data-text="(安小娜您好[^"]*【依据】[^"]*)"', page)
        assert text, "a phrase greets the person by name and leaves the ground of the answer open"
        for path, data in (("acts/reply", {}), ("preview", {"act": "reply"})):
            held = await clerk.post(f"/desk/cases/{no}/{path}", data={**data, "text": text[1], "confirmed": "1"})
            assert held.status_code == 422
            assert "还有没填写的地方" in held.text
    assert await status_of(door, no) == "accepted"


def test_what_is_known_is_filled_in_and_the_rest_stays_a_blank() -> None:
    known = {"name": "安小娜", "unit": "区交通局"}
    assert (
        reply_templates.fill_slots("{name}您好！依据{basis}，{anything}。{unit}", known)
        == "安小娜您好！依据【依据】，【待填写】。"
    )
    assert reply_templates.find_blanks("依据【依据】【注】【依据】") == ["【依据】"]


async def test_one_click_corrects_the_heading_and_sends_the_case_on(door: Door) -> None:
    no = await a_case(door)
    async with at_desk(door, "reception") as reception:
        data = {"category": "0804", "unit": "xinfang", "reason": "试", "version": await version_of(door, no)}
        assert (await reception.post(f"/desk/cases/{no}/route", data=data)).status_code == 303
    file = await case_queries.load_file(SYSTEM, no, vault=door.settings.vault)
    assert (file.category, file.unit, file.by_hand) == ("0804", "xinfang", True)


async def test_the_desk_is_shown_what_may_be_the_same_matter(door: Door) -> None:
    first = await a_case(door)
    await a_case(door, title="请问公积金怎么提取", text="想问提取公积金要带什么材料")
    second = await a_case(door)
    async with at_desk(door, "reception") as reception:
        page = (await reception.get(f"/desk/cases/{second}")).text
        part = page[page.index('id="similar"') : page.index('id="course"')]
        assert first in part
        assert "公积金" not in part
        merged = await reception.post(f"/desk/cases/{second}/acts/merge", data={"case": first, "reason": "同一件事"})
        assert merged.status_code == 303
        assert first in (await reception.get(f"/desk/cases/{second}")).text


async def test_a_case_is_not_merged_into_one_that_is_not_there(door: Door) -> None:
    no = await a_case(door)
    async with at_desk(door, "reception") as reception:
        data = {"case": "20200101-000000", "reason": "同一件事"}
        assert (await reception.post(f"/desk/cases/{no}/acts/merge", data=data)).status_code == 422
    assert await status_of(door, no) == "received"


async def test_many_cases_are_sent_on_after_a_look_and_each_has_its_result(door: Door) -> None:
    first, second = await a_case(door), await a_case(door, title="路灯不亮")
    async with at_desk(door, "reception") as reception:
        data: dict[str, Any] = {"act": "assign", "no": [first, second, "20200101-000000"], "unit": "xinfang"}
        look = await reception.post("/desk/bulk", data=data)
        assert look.status_code == 200
        assert "其中 2 件可以办理" in look.text
        assert await status_of(door, first) == "received"
        await reception.post(f"/desk/cases/{second}/acts/note", data={"text": "等一等"})
        fields = dict(re.findall(r'name="(version-[\w-]+)" value="(\d+)"', look.text))
        done = await reception.post("/desk/bulk", data={**data, **fields, "confirmed": "1"})
        assert "成功 1 件" in done.text
    assert await status_of(door, first) == "assigned"
    assert await status_of(door, second) == "received"


async def test_a_visit_is_registered_on_one_screen_and_its_code_opens_it(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        data = {
            "channel": "visit",
            "kind": "help",
            "title": "楼道灯坏了",
            "text": "三单元楼道灯坏了一个月，老人摔了一跤。",
            "person.name": "安小娜",
            "person.phone": "139 0000 1234",
            "headcount": "8",
            "key": "abc",
        }
        made = await reception.post("/desk/register", data=data)
        assert made.status_code == 303, made.text
        again = await reception.post("/desk/register", data=data)
        assert again.headers["location"] == made.headers["location"]
        receipt = (await reception.get(made.headers["location"])).text
    no = made.headers["location"].rsplit("/", 1)[1]
    code = "".join(re.findall(r"<span>(\w{1,4})</span>", receipt))
    assert await case_lookup.find_by_code(door.settings.vault, code, no=no) == no
    file = await case_queries.load_file(SYSTEM, no, vault=door.settings.vault)
    assert (file.channel, file.headcount) == ("visit", 8)


async def test_the_same_form_with_other_words_asks_before_it_makes_a_second_case(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        data = {"channel": "visit", "kind": "help", "title": "灯坏了", "text": "灯坏了", "key": "one"}
        assert (await reception.post("/desk/register", data=data)).status_code == 303
        held = await reception.post("/desk/register", data={**data, "text": "水管也坏了"})
        assert held.status_code == 422
        key = re.search(r'name="key" value="([^"]+)"', held.text)
        assert key
        assert key[1] != "one"
        assert (
            await reception.post("/desk/register", data={**data, "text": "水管也坏了", "key": key[1]})
        ).status_code == 303


async def test_only_the_desk_registers_and_reads_codes(door: Door) -> None:
    no = await a_case(door)
    async with at_desk(door, "clerk-xinfang") as clerk:
        assert (await clerk.get("/desk/register")).status_code == 403
        assert (await clerk.get(f"/desk/register/{no}")).status_code == 403


async def test_the_export_holds_the_list_its_author_and_no_formula(door: Door) -> None:
    no = await a_case(door, title="=HYPERLINK(1) 安 小娜 电话13812345678")
    async with at_desk(door, "reception") as reception:
        response = await reception.get("/desk/export.xlsx?" + urlencode({"status": "open"}))
        assert response.status_code == 200
    book = CalamineWorkbook.from_filelike(io.BytesIO(response.content))
    head, *rows = book.get_sheet_by_name("件表").to_python()
    assert head[:2] == ["编号", "标题"]
    assert rows[0][0] == no
    assert rows[0][1] == "'=HYPERLINK(1) 安** 电话138****5678"
    about = {row[0]: str(row[1]) for row in book.get_sheet_by_name("导出说明").to_python()}
    assert "reception" in about["导出人"]
    assert about["筛选条件"] == "状态：在办"
    assert (await access_log.read_log())[0]["what"] == "export"


async def test_the_tabs_count_what_their_lists_hold(door: Door) -> None:
    for number in range(3):
        await a_case(door, title=f"第{number}件")
    door.pass_time(timedelta(days=9))
    async with at_desk(door, "reception") as reception:
        page = (await reception.get("/desk")).text
        tabs = re.findall(r'<li><a href="(/desk\?[^"]*)"[^>]*>[^<]+<span class="count[^"]*">(\d+)</span>', page)
        assert len(tabs) > 8
        for href, count in tabs:
            listed = (await reception.get(href.replace("&amp;", "&"))).text
            match = re.search(r"共 (\d+) 件", listed)
            assert (match[1] if match else "0") == count, href


async def test_the_columns_one_chose_stay_chosen(door: Door) -> None:
    await a_case(door)
    async with at_desk(door, "reception") as reception:
        assert ">来源</th>" in (await reception.get("/desk?status=")).text
        chosen = (await reception.get("/desk?status=&columns=1&col=unit&col=received&col=made-up")).text
        assert ">承办单位</th>" in chosen and ">来源</th>" not in chosen
        again = (await reception.get("/desk?status=")).text
        assert ">收到</th>" in again and ">分类</th>" not in again
        bare = (await reception.get("/desk?status=&columns=1")).text
        assert ">承办单位</th>" not in bare and ">时限</th>" in bare and ">诉求</th>" in bare


async def test_the_queue_survives_any_query(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        for query in ("page=0", "page=99999999", "light=blue", "sort=x", "unit=%00", "q=%27%22%3C", "status=nonsense"):
            response = await reception.get(f"/desk?{query}")
            assert response.status_code == 200, query


def test_every_step_has_a_place_in_the_order_of_forms() -> None:
    by_citizens = {Act.SUBMIT, Act.WITHDRAW, Act.WITHDRAW_CONSENT, Act.RATE, Act.REVIEW, Act.RE_REVIEW}
    by_citizens |= {Act.ASK_CORRECTION, Act.ASK_ERASURE, Act.ASK_RESTRICTION}
    by_the_system = {Act.REFOLD, Act.ANSWER_MERGED, Act.REDO, Act.SUCCEED}
    assert set(acts.ORDER) == set(Act) - by_citizens - by_the_system


async def test_notices_of_a_unit_are_listed_for_its_clerks(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await at_unit(door, reception)
    await door.drain()
    async with at_desk(door, f"clerk-{unit}") as clerk:
        assert no in (await clerk.get("/desk/notices")).text
