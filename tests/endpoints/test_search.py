"""The search of cases at the desk and of public replies, filters by day, and filters nobody knows."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from feedback.kernel import db
from feedback.kernel.clock import OFFICE_TIMEZONE
from feedback.queries import public_replies
from feedback.queries import worklist as case_worklist
from feedback.record import cases, search
from feedback.rules.read_models import Filters
from feedback.rules.vocabulary import Act
from routing import directory
from tests.people import Door
from web import bootstrap
from web.pages.public import replies

DESK = "/api/v1/desk/cases"
HOSTILE = (
    "%",
    "_",
    "*",
    '"',
    "'",
    "灯",
    "的",
    "AND",
    "OR NOT",
    "NEAR(a b)",
    ":*",
    "路灯 -坏",
    "a" * 200,
    "\\",
    "路" * 40,
)


async def listed(door: Door, token: str, **query: str) -> dict[str, Any]:
    response = await door.get(DESK, token, params=query)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def titles(door: Door, token: str, **query: str) -> list[str]:
    return [row["title"] for row in (await listed(door, token, **query))["items"]]


async def publish(title: str, answer: str, door: Door, *, question: str = "请问怎么办") -> None:
    """A case that was answered, and the published answer."""
    receipt = await door.submit(title=title, text=question)
    desk, now = await directory.load_actor("reception"), door.context.clock.now()
    clerk = await directory.load_actor("clerk-chengguan")
    await cases.act(receipt["no"], Act.ASSIGN, desk, {"unit": "chengguan"}, now=now)
    await cases.act(receipt["no"], Act.ACCEPT, clerk, {}, now=now)
    await cases.act(receipt["no"], Act.REPLY, clerk, {"text": answer}, now=now)
    publication = {"title": title, "question": question, "answer": answer}
    await cases.act(receipt["no"], Act.PUBLISH, desk, publication, now=now)


# ---- cases ----


async def test_a_case_is_found_however_many_newer_ones_of_others_hold_the_word(door: Door) -> None:
    school = await door.submit(title="咨询小学入学报名材料", text="孩子上小学要哪些材料", kind="consult")
    await door.drain()
    async with db.transaction():
        for row_id in range(1000, 3100):  # what the index holds of cases this clerk does not see
            await search.index(search.CASES, row_id, "入学报名")
    clerk = await door.log_in("clerk-jiaoyu")
    listing = await listed(door, clerk, q="入学")
    assert ([row["no"] for row in listing["items"]], listing["total"]) == ([school["no"]], 1)


async def test_totals_are_those_of_the_rows(door: Door) -> None:
    for number in range(53):
        await door.submit(title=f"第{number}次反映路灯", text="路灯坏了")
    reception = await door.log_in("reception")
    first = await listed(door, reception, q="路灯", status="received")
    second = await listed(door, reception, q="路灯", status="received", page="2")
    assert (first["total"], len(first["items"]), len(second["items"])) == (53, 50, 3)


async def test_words_must_stand_together_and_in_any_of_title_text_and_place(door: Door) -> None:
    await door.submit(title="路灯没坏", text="电灯坏了，在3号楼2单元", address="清河路")
    await door.submit(title="水管", text="2号楼3单元漏水")
    reception = await door.log_in("reception")
    assert await titles(door, reception, q="路灯坏") == []
    assert await titles(door, reception, q="3号楼2单元") == ["路灯没坏"]
    assert await titles(door, reception, q="清河路 电灯") == ["路灯没坏"]
    assert await titles(door, reception, q="2單元") == ["路灯没坏"]
    assert await titles(door, reception, q="管") == ["水管"]


async def test_a_case_is_found_by_its_number_and_by_texts_that_name_it(door: Door) -> None:
    first = await door.submit()
    await door.submit(title="催办", text=f"我在{first['no']}里反映过")
    reception = await door.log_in("reception")
    assert await titles(door, reception, q=first["no"], sort="received") == ["小学门口早晚高峰拥堵", "催办"]
    assert "小学门口早晚高峰拥堵" in await titles(door, reception, q=first["no"].replace("-", ""))


async def test_a_report_is_in_no_hit_no_count_and_no_near_row(door: Door) -> None:
    await door.submit(kind="report", title="举报街灯采购吃回扣", text="街灯采购有人拿回扣")
    await door.submit(title="街灯不亮", text="门口的街灯不亮")
    for name in ("clerk-chengguan", "clerk-jiaoyu", "supervisor"):  # none of them may see reports
        actor = await directory.load_actor(name)
        now = door.context.clock.now()
        for word in ("街灯", "回扣", "路灯"):
            page = await case_worklist.load_worklist(actor, Filters(q=word), 1, now=now)
            near = await case_worklist.list_nearest(actor, Filters(q=word), now=now)
            counts = await case_worklist.count_cases(actor, Filters(q=word), now=now)
            assert all(row.title == "街灯不亮" for row in (*page.items, *near)), (name, word)
            assert page.total == len(page.items)
            assert sum(counts[status] for status in ("received", "assigned") if status in counts) == page.total


async def test_the_desk_lists_the_nearest_apart_and_never_counts_them(door: Door) -> None:
    await door.submit(title="电梯又停了", text="困在里面半小时")
    await door.submit(title="老板欠薪", text="三个月没有发")
    client = await door.page_client("reception")
    for word, title in (
        ("电剃", "电梯又停了"),
        ("dianti", "电梯又停了"),
        ("拖欠工资", "老板欠薪"),
        ("電剃", "电梯又停了"),
    ):
        page = (await client.get("/desk", params={"q": word, "status": ""})).text
        assert "没有符合条件的件" in page
        assert title in page.split('id="nearest"')[1]
    page = (await client.get("/desk", params={"q": "电梯", "status": ""})).text
    assert "共 1 件" in page
    assert 'id="nearest"' not in page
    await client.aclose()


@pytest.mark.parametrize("query", HOSTILE)
async def test_any_text_may_be_searched(door: Door, query: str) -> None:
    await door.submit(title="路灯坏了", text="请修")
    reception = await door.log_in("reception")
    await listed(door, reception, q=query)
    assert (await door.get("/api/v1/public/replies", params={"q": query})).status_code == 200
    assert (await door.client.get("/replies", params={"q": query})).status_code == 200
    assert (await door.client.get("/replies/similar", params={"q": query})).status_code == 200


@pytest.mark.parametrize("letter", ["a", "é", "한"])
async def test_a_message_with_thousands_of_letters_and_no_blank_is_taken_and_searched(door: Door, letter: str) -> None:
    receipt = await door.submit(title="路灯坏了", text=f"编码 {letter * 5000} 请修理")
    reception = await door.log_in("reception")
    for query in ("请修理", letter * 300, receipt["no"]):
        assert await titles(door, reception, q=query) == ["路灯坏了"], query[:10]


async def test_rows_of_the_index_before_are_found_until_they_are_rewritten(door: Door) -> None:
    receipt = await door.submit(title="路灯坏了", text="請修理")
    await _put_back(door)
    reception = await door.log_in("reception")
    assert (await listed(door, reception, q="路灯"))["total"] == 1
    assert (await listed(door, reception, q="請修"))["total"] == 1
    assert (await listed(door, reception, q="请修"))["total"] == 0  # the index before knew no simplified form
    await _run_timer(door)
    for word in ("路灯", "請修", "请修", receipt["no"]):
        assert (await listed(door, reception, q=word))["total"] == 1, word
    assert not await search.has_former(search.CASES)


# ---- days ----


async def test_the_list_and_its_file_hold_what_came_on_the_days_asked_for(door: Door) -> None:
    for number, hour in ((2, 23), (3, 0), (3, 23), (4, 0)):
        door.set_time(datetime(2026, 11, number, hour, 30, tzinfo=OFFICE_TIMEZONE))
        await door.submit(title=f"{number}日{hour}时反映", text=f"{number}日{hour}时")
    door.set_time(datetime(2026, 11, 5, 9, 0, tzinfo=OFFICE_TIMEZONE))
    reception = await door.log_in("reception")
    day = {"from": "2026-11-03", "until": "2026-11-03", "sort": "received"}
    assert await titles(door, reception, **day) == ["3日0时反映", "3日23时反映"]
    assert await titles(door, reception, **day, q="23时") == ["3日23时反映"]
    assert len(await titles(door, reception, **{"from": "2026-11-03"})) == 3
    assert len(await titles(door, reception, until="2026-11-03")) == 3
    assert await titles(door, reception, **day, day_of="replied") == []
    client = await door.page_client("reception")
    page = (await client.get("/desk", params={"status": "", **day})).text
    assert "收到日期：2026-11-03 至 2026-11-03" in page
    assert "3日23时反映" in page
    assert "4日0时反映" not in page
    file = await client.get("/desk/export.xlsx", params=day)
    _, *rows = CalamineWorkbook.from_filelike(io.BytesIO(file.content)).get_sheet_by_name("件表").to_python()
    assert [row[1] for row in rows] == ["3日0时反映", "3日23时反映"]
    await client.aclose()


async def test_answers_are_listed_by_the_day_they_were_given(door: Door) -> None:
    await publish("路灯不亮", "已修好", door)
    today = f"{door.context.clock.now().astimezone(OFFICE_TIMEZONE):%Y-%m-%d}"
    tomorrow = f"{door.context.clock.now().astimezone(OFFICE_TIMEZONE) + timedelta(days=1):%Y-%m-%d}"
    reception = await door.log_in("reception")
    assert await titles(door, reception, **{"from": today, "day_of": "replied"}) == ["路灯不亮"]
    assert await titles(door, reception, **{"from": tomorrow, "day_of": "replied"}) == []


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("from=2026-13-01", "from", "日期应写成 2026-11-21 的样子"),
        ("until=3.11.2026", "until", "日期应写成 2026-11-21 的样子"),
        ("from=0001-01-01", "from", "日期应写成 2026-11-21 的样子"),
        ("until=9999-12-31", "until", "日期应写成 2026-11-21 的样子"),
        ("from=2026-11-05&until=2026-11-04", "until", "结束日期不能早于开始日期"),
        ("day_of=closed", "day_of", "按哪个日期不在可选范围内"),
    ],
)
async def test_wrong_days_are_refused_in_words(door: Door, query: str, field: str, words: str) -> None:
    await door.submit()
    error = (await door.get(f"{DESK}?{query}", await door.log_in("reception"))).json()["error"]
    assert error["fields"] == {field: words}
    client = await door.page_client("reception")
    page = await client.get(f"/desk?{query}")
    assert page.status_code == 200
    assert words in page.text
    assert "小学门口早晚高峰拥堵" in page.text  # the list stays
    assert (await client.get(f"/desk/export.xlsx?{query}")).status_code == 422
    await client.aclose()


# ---- filters nobody knows ----


@pytest.mark.parametrize(
    ("path", "who"),
    [
        (DESK, "reception"),
        ("/api/v1/desk/exclusions", "reception"),
        ("/api/v1/desk/ratings", "reception"),
        ("/api/v1/desk/links", "reception"),
        ("/api/v1/oversight/measures", "supervisor"),
        ("/api/v1/kpis", "supervisor"),
        ("/api/v1/notices", "supervisor"),
        ("/api/v1/public/replies", ""),
        ("/api/v1/public/scores", ""),
    ],
)
async def test_a_program_is_refused_a_filter_nobody_knows(door: Door, path: str, who: str) -> None:
    token = await door.log_in(who) if who else ""
    response = await door.get(f"{path}?form=2026-11-01", token)
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["code"] == "unknown_filter"
    assert error["fields"] == {"form": "这里没有“form”这个筛选条件，请去掉或者核对拼写"}


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/desk", "reception"),
        ("/desk/ratings", "reception"),
        ("/desk/notices", "reception"),
        ("/board/measures", "supervisor"),
        ("/board/kpis", "supervisor"),
        ("/board/late", "supervisor"),
        ("/board/answers", "supervisor"),
        ("/admin/units", "admin"),
        ("/admin/routing", "admin"),
        ("/admin/reads", "auditor"),
    ],
)
async def test_a_page_tells_which_filter_it_did_not_use(door: Door, path: str, who: str) -> None:
    client = await door.page_client(who)
    assert "没有用上" not in (await client.get(path)).text
    page = await client.get(f"{path}?form=%3Cb%3E")
    assert page.status_code == 200, path
    assert "这里没有“form”这个筛选条件" in page.text
    await client.aclose()


@pytest.mark.parametrize(
    "path", ["/desk/export.xlsx", "/desk/measures/export.xlsx", "/board/kpis.csv", "/board/kpis.xlsx"]
)
async def test_a_file_is_refused_a_filter_nobody_knows(door: Door, path: str) -> None:
    client = await door.page_client("supervisor")
    response = await client.get(f"{path}?form=1")
    assert response.status_code == 422
    assert "form" in response.text
    await client.aclose()


async def test_a_public_page_may_be_linked_with_anything(door: Door) -> None:
    assert (await door.client.get("/replies?utm_source=wechat")).status_code == 200
    receipt = await door.submit()
    query = {"code": receipt["code"], "utm_source": "sms"}
    assert (await door.get(f"/api/v1/cases/{receipt['no']}", params=query)).status_code == 200


# ---- public replies ----


async def test_a_reply_is_found_by_what_people_call_it(door: Door) -> None:
    for title, answer in (
        ("小区门口路灯坏了", "路灯已修复"),
        ("建筑公司欠薪", "欠薪已经发放"),
        ("家里供热温度低", "供热管道已清洗"),
        ("工地噪声扰民", "夜间禁止施工"),
        ("社保卡丢了怎么补", "请带身份证补办社保卡"),
        ("小学报名", "请带户口本"),
    ):
        await publish(title, answer, door)
    for query, title in (
        ("路灯不亮了好几天", "小区门口路灯坏了"),
        ("拖欠工资", "建筑公司欠薪"),
        ("暖气不热", "家里供热温度低"),
        ("噪音", "工地噪声扰民"),
        ("夜里施工吵", "工地噪声扰民"),
        ("社宝", "社保卡丢了怎么补"),
        ("nuanqi", "家里供热温度低"),
        ("孩子上学要什么", "小学报名"),
    ):
        assert await public_replies.search_public_replies(query) == await public_replies.search_public_replies("没有")
        page = (await door.client.get("/replies", params={"q": query})).text
        first = page.split('id="nearest"')[1].split("</h3>")[0]
        assert title in first.replace("<mark>", "").replace("</mark>", ""), query
        answer = (await door.get("/api/v1/public/replies", params={"q": query})).json()
        assert (answer["total"], answer["items"], answer["nearest"][0]["title"]) == (0, [], title)
        help_ = (await door.client.get("/replies/similar", params={"q": query})).text
        assert title in help_, query
    traditional = (await door.get("/api/v1/public/replies", params={"q": "供熱"})).json()
    assert [row["title"] for row in traditional["items"]] == ["家里供热温度低"]
    assert (await door.get("/api/v1/public/replies", params={"q": "水库移民"})).json()["nearest"] == []
    assert (await door.client.get("/replies/similar", params={"q": "无人机驾驶执照年审"})).text.strip() == ""


async def test_what_is_near_is_marked_and_a_bounded_number_of_words_is(door: Door) -> None:
    await publish("小区门口电梯坏了", "电梯已注册，" + "一二三四五六七八九十" * 30, door)
    query = "dianti"
    page = (await door.client.get("/replies", params={"q": query})).text
    assert "小区门口<mark>电梯</mark>坏了" in page.split('id="nearest"')[1]
    words = [chr(0x4E00 + number) for number in range(500)]
    assert replies.marked("".join(words), words).count("<mark>") == replies.MARKED_MOST
    assert replies.excerpt("无" * 300 + words[-1], words).startswith("无")


async def test_the_empty_page_says_where_was_searched_and_what_can_be_changed(door: Door) -> None:
    await publish("小区门口路灯坏了", "路灯已修复", door)
    bare = (await door.client.get("/replies", params={"q": "水库移民"})).text
    assert "在全部 1 条公开回复的标题、提问和答复里，没有找到包含“水库移民”的" in bare
    assert "左边" not in bare
    narrowed = (await door.client.get("/replies", params={"q": "路灯", "unit": "jiaoyu"})).text
    assert "不限区教育局再找" in narrowed


async def test_equal_replies_are_shown_once_and_pages_follow(door: Door) -> None:
    for number in range(22):
        await publish("屋顶漏水没人管" if number < 2 else f"第{number}处漏水", "已修好", door)
    page = (await door.client.get("/replies", params={"q": "漏水"})).text
    assert "找到 <strong>22</strong> 条" in page
    second = await door.client.get("/replies", params={"q": "漏水", "page": "2"})
    assert second.status_code == 200
    assert second.text.count("屋顶<mark>漏水</mark>没人管") == 1
    assert "另有 1 条内容相同" in second.text


async def test_a_reply_with_the_words_in_its_title_comes_first(door: Door) -> None:
    await publish("路灯坏了", "已修好", door)
    await publish("小区照明", "路灯已修好", door)
    answer = (await door.get("/api/v1/public/replies", params={"q": "路灯"})).json()
    assert [row["title"] for row in answer["items"]] == ["路灯坏了", "小区照明"]


async def _run_timer(door: Door) -> None:
    """The slices of the timer that writes old rows anew."""
    timer, position, is_done = bootstrap.timers(door.context)["rebuild_search"], "", False
    while not is_done:
        part = await timer.run(door.context.clock.now(), position)
        position, is_done = part.position, part.is_done


async def _put_back(door: Door) -> None:
    """The index as the version before left it."""
    connection = db.write_connection()
    is_sqlite = connection.capabilities.dialect == "sqlite"
    if is_sqlite:
        await connection.execute_script(f"INSERT INTO {search.CASES.table}({search.CASES.table}) VALUES('delete-all')")
        await connection.execute_script(
            f"INSERT INTO {search.CASES.former}(rowid, tok) VALUES(1, '路灯 灯坏 坏了 了 請修 修理 理')"
        )
        return
    await connection.execute_script(f"DELETE FROM {search.CASES.table}")  # noqa: S608
    await connection.execute_script(
        f"INSERT INTO {search.CASES.former}(id, tok) VALUES(1, '''路灯'' ''灯坏'' ''坏了'' ''了'' ''請修'' ''修理'' ''理''')"
    )
