"""A change of the calendar is handed in, looked at, made once, told to whom it concerns, and can be taken back."""

import json
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import httpx2
import pytest
from python_calamine import CalamineWorkbook

from feedback import jobs
from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.queries import cases as case_queries
from feedback.record import calendar_editions, deadline_changes
from feedback.record.models.calendar import CalendarEdition, EditionDay
from feedback.rules.access import SYSTEM
from feedback.rules.clocks import Clock
from routing import directory
from routing.models import Notice
from tests.people import Door
from tests.web.table_files import make_raw_xlsx, text_cell

MONDAY = to_utc(datetime(2026, 11, 2, 9, 0, tzinfo=OFFICE_TIMEZONE))
LINES = {"lines": "2026-11-04,off,临时放假", "remark": "区政府临时放假"}


@pytest.fixture
async def admin(door: Door) -> AsyncIterator[httpx2.AsyncClient]:
    """The administrator's browser on a Monday in November."""
    door.set_time(MONDAY)
    client = await door.page_client("admin")
    yield client
    await client.aclose()


async def _clocks(door: Door, no: str) -> dict[tuple[str, int], Clock]:
    file = await case_queries.load_file(SYSTEM, no, vault=door.settings.vault)
    return {(c.term, c.seq): c for c in file.clocks}


async def _filed(door: Door, **fields: str) -> dict[str, Any]:
    """A message handed in and already where it belongs."""
    receipt = await door.submit(**fields)
    await door.drain()
    return receipt


async def _applied(client: httpx2.AsyncClient, **fields: str) -> str:
    draft = (await client.post("/admin/calendar", data={**LINES, **fields})).headers["location"]
    return str((await client.post(f"{draft}/apply")).headers["location"])


async def test_nothing_moves_before_it_was_looked_at(door: Door, admin: httpx2.AsyncClient) -> None:
    no = (await _filed(door))["no"]
    before = await _clocks(door, no)
    handed_in = await admin.post("/admin/calendar", data=LINES)
    assert handed_in.status_code == 303
    preview = (await admin.get(handed_in.headers["location"])).text
    assert no in preview and "还没有保存" in preview
    await door.drain()
    assert await _clocks(door, no) == before
    assert not [r for r in await calendar_editions.list_days(2026) if r.day == date(2026, 11, 4)]


async def test_what_the_preview_said_is_what_moves_with_its_cause_and_one_notice(
    door: Door, admin: httpx2.AsyncClient
) -> None:
    receipt = await _filed(door)
    no, before = receipt["no"], await _clocks(door, receipt["no"])
    draft = (await admin.post("/admin/calendar", data=LINES)).headers["location"]
    foreseen = await deadline_changes.preview_changes(
        calendar_editions.apply_change(
            await calendar_editions.load_current_calendar(),
            (await calendar_editions.load_draft(int(draft.split("/")[-1]))).what,
        ),
        MONDAY,
    )
    made = (await admin.post(f"{draft}/apply")).headers["location"]
    await door.drain()
    after = await _clocks(door, no)
    moved = {key for key, clock in after.items() if clock.due_at != before[key].due_at}
    assert moved == {(m.term, m.seq) for m in foreseen if m.no == no}
    assert ("answer", 1) in moved
    page = (await admin.get(made)).text
    assert no in page and "区政府临时放假" in page
    notices = await Notice.filter(case_no=no, event="clock.moved", audience="citizen").values_list("words", flat=True)
    old, new = before["answer", 1].due_legal_day, after["answer", 1].due_legal_day
    assert len(notices) == 1
    assert f"{old.month}月{old.day}日" in notices[0] and f"{new.month}月{new.day}日" in notices[0]
    file = (await door.get(f"/api/v1/cases/{no}?code={receipt['code']}")).json()
    (change,) = [change_row for change_row in file["date_changes"] if change_row["term"] == "answer"]
    assert (change["before_day"], change["after_day"]) == (old.isoformat(), new.isoformat())
    assert "区政府临时放假" in change["why"]
    assert not [d async for d in jobs.find_damages(door.settings)]


async def test_a_unit_is_told_of_its_own_date_and_a_citizen_only_of_theirs(
    door: Door, admin: httpx2.AsyncClient
) -> None:
    no = (await _filed(door, kind="appeal", title="补偿标准", text="对征地补偿标准不服，请依法核定。"))["no"]
    clerk = await door.log_in("clerk-jiaoyu")
    reception = await door.log_in("reception")
    await door.drain()
    if (await case_queries.load_summary(no)).unit != "jiaoyu":
        await door.act(no, "assign", {"unit": "jiaoyu"}, reception)
    before = await _clocks(door, no)
    objecting = next(c for key, c in before.items() if key[0] == "object" and not c.stopped_at)
    day = objecting.due_legal_day
    await _applied(admin, lines=f"{day},off,临时放假")
    await door.drain()
    audiences = await Notice.filter(case_no=no, event="clock.moved").values("audience")
    assert {row["audience"] for row in audiences} == {"unit"}
    assert clerk


async def test_twice_is_once(door: Door, admin: httpx2.AsyncClient) -> None:
    no = (await _filed(door))["no"]
    draft = (await admin.post("/admin/calendar", data=LINES)).headers["location"]
    first = await admin.post(f"{draft}/apply")
    second = await admin.post(f"{draft}/apply")
    assert first.headers["location"] == second.headers["location"]
    assert (await admin.get(draft)).headers["location"] == first.headers["location"]
    await door.drain()
    assert await Notice.filter(case_no=no, event="clock.moved", audience="citizen").count() == 1
    assert len(await calendar_editions.list_editions()) == 2


async def test_what_was_looked_at_against_an_older_calendar_is_not_made(door: Door, admin: httpx2.AsyncClient) -> None:
    mine = (await admin.post("/admin/calendar", data=LINES)).headers["location"]
    await _applied(admin, lines="2026-11-05,off,别的放假")
    refused = await admin.post(f"{mine}/apply")
    assert refused.headers["location"] == mine
    page = await admin.get(mine)
    assert page.status_code == 409 and "日历在这之后改过了" in page.text
    fresh = (await admin.post(f"{mine}/again")).headers["location"]
    assert fresh != mine
    assert "/editions/" in (await admin.post(f"{fresh}/apply")).headers["location"]


async def test_a_roll_back_is_an_edition_that_gives_the_old_dates(door: Door, admin: httpx2.AsyncClient) -> None:
    no = (await _filed(door))["no"]
    before = await _clocks(door, no)
    made = await _applied(admin)
    await door.drain()
    assert await _clocks(door, no) != before
    first = next(e["name"] for e in reversed(await calendar_editions.list_editions()))
    draft = (await admin.post(f"/admin/calendar/editions/{first}/restore")).headers["location"]
    assert no in (await admin.get(draft)).text
    back = (await admin.post(f"{draft}/apply")).headers["location"]
    await door.drain()
    after = await _clocks(door, no)
    assert {k: c.due_at for k, c in after.items()} == {k: c.due_at for k, c in before.items()}
    assert made != back and no in (await admin.get(made)).text and no in (await admin.get(back)).text


async def test_an_act_before_the_recount_moves_nothing_silently(door: Door, admin: httpx2.AsyncClient) -> None:
    receipt = await _filed(door)
    no, before = receipt["no"], await _clocks(door, receipt["no"])
    await door.drain()
    await _applied(admin)
    reception = await directory.load_actor("reception")
    taken = await door.act(no, "supplement", {"text": "补充一句", "code": receipt["code"]})
    assert taken.status_code == 200 and reception
    now = await _clocks(door, no)
    moved = {key for key in before if now[key].due_at != before[key].due_at}
    file = await case_queries.load_file(SYSTEM, no, vault=door.settings.vault)
    assert moved and moved <= {(m.term, m.seq) for m in file.deadline_changes}
    await door.drain()
    assert await Notice.filter(case_no=no, event="clock.moved", audience="citizen").count() == 1


async def test_next_years_notice_makes_the_provisional_certain(door: Door, admin: httpx2.AsyncClient) -> None:
    no = (await _filed(door, kind="suggest", title="建议增设公交", text="建议在新区增设一条公交线路，方便老人就医。"))[
        "no"
    ]
    before = await _clocks(door, no)
    assert before["answer", 1].provisional
    assert "2027 年的放假安排还没有录入" in (await admin.get("/admin/calendar")).text
    days = [{"name": "春节", "date": str(before["answer", 1].due_legal_day), "isOffDay": True}]
    body = json.dumps({"year": 2027, "papers": ["国办发明电〔2026〕7号"], "days": days}).encode()
    files = {"file": ("2027.json", body, "application/json")}
    data = {"lines": "", "remark": "2027 年放假安排", "whole_year": "1"}
    draft = (await admin.post("/admin/calendar", data=data, files=files)).headers["location"]
    assert "没有看到" in (await admin.get(draft)).text
    made = (await admin.post(f"{draft}/apply")).headers["location"]
    await door.drain()
    after = await _clocks(door, no)
    assert not after["answer", 1].provisional
    assert after["answer", 1].due_legal_day > before["answer", 1].due_legal_day
    page = (await admin.get(made)).text
    assert "国办发明电〔2026〕7号" in page and no in page


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("日期,安排,名称\r\n2027/3/1,休,建城日\r\n".encode("utf-16"), id="Unicode text of Excel"),
        pytest.param("日期,安排,名称\r2027-03-01,休,建城日\r".encode(), id="lone carriage returns"),
        pytest.param("日期,安排,名称\r\n2027/3/1,休息日,建城日\r\n".encode("gbk"), id="saved again by Excel"),
    ],
)
async def test_a_holiday_file_of_any_encoding_is_looked_at(admin: httpx2.AsyncClient, content: bytes) -> None:
    answer = await admin.post("/admin/calendar", data={"lines": ""}, files={"file": ("2027.csv", content, "text/csv")})
    assert answer.status_code == 303
    assert "建城日" in (await admin.get(answer.headers["location"])).text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(
            '2027-01-01,休,"元旦\n2027-01-02,休,元旦\n'.encode(), "第 1 行：引号没有配对", id="an unclosed mark"
        ),
        pytest.param("日期,安排\n2027-01-01,休\n".encode(), "缺少栏目 名称", id="a missing column"),
        pytest.param(b"PK\x03\x04 no workbook", "打不开这个文件", id="no workbook"),
        pytest.param(
            make_raw_xlsx(f'<row r="2">{text_cell("XFD2", "x")}{text_cell("A1048576", "x")}</row>'),
            "表格太大",
            id="two far cells",
        ),
        pytest.param(b"", "文件是空的", id="an empty file"),
    ],
)
async def test_a_file_that_cannot_be_read_gets_a_sentence_and_makes_no_draft(
    admin: httpx2.AsyncClient, content: bytes, sentence: str
) -> None:
    answer = await admin.post("/admin/calendar", data={"lines": ""}, files={"file": ("2027.xlsx", content, "x/x")})
    assert answer.status_code == 422
    assert sentence in answer.text


async def test_an_upgrade_puts_the_days_of_the_law_into_running_deadlines_and_says_so(door: Door) -> None:
    door.set_time(to_utc(datetime(2026, 12, 28, 9, 0, tzinfo=OFFICE_TIMEZONE)))
    await CalendarEdition.all().update(has_statutory_days=False, digest="")  # as an older version left it
    no = (await _filed(door))["no"]
    before = await _clocks(door, no)
    await calendar_editions.seed_calendar(door.context.clock.now())
    await calendar_editions.seed_calendar(door.context.clock.now())  # the next upgrade finds it done
    await door.drain()
    after = await _clocks(door, no)
    assert after["answer", 1].due_legal_day > before["answer", 1].due_legal_day
    assert await Notice.filter(case_no=no, event="clock.moved", audience="citizen").count() == 1
    editions = await calendar_editions.list_editions()
    assert editions[0]["source"].startswith("全国年节及纪念日放假办法") and len(editions) == 2
    admin = await door.page_client("admin")
    assert no in (await admin.get(f"/admin/calendar/editions/{editions[0]['name']}")).text
    await admin.aclose()
    assert not [damage async for damage in jobs.find_damages(door.settings)]
    assert await calendar_editions.list_altered_editions() == []


async def test_what_moves_can_be_downloaded(door: Door, admin: httpx2.AsyncClient) -> None:
    no = (await _filed(door))["no"]
    draft = (await admin.post("/admin/calendar", data=LINES)).headers["location"]
    sheet = await admin.get(f"{draft}.xlsx")
    rows = CalamineWorkbook.from_filelike(BytesIO(sheet.content)).get_sheet_by_index(0).to_python()
    assert [row for row in rows if row[0] == no]
    made = (await admin.post(f"{draft}/apply")).headers["location"]
    assert (await admin.get(f"{made}.xlsx")).status_code == 200


async def test_a_wrong_line_keeps_the_others_in_the_form(admin: httpx2.AsyncClient) -> None:
    response = await admin.post("/admin/calendar", data={"lines": "2026-11-04,off,假\n不是日期,off,x"})
    assert response.status_code == 422
    assert "第 2 行" in response.text
    assert "2026-11-04,off,假" in response.text


@pytest.mark.parametrize("path", ["drafts/1", "drafts/99999999999999999999", "editions/none", "editions/2026-9.xlsx"])
async def test_what_is_not_there_is_not_found(admin: httpx2.AsyncClient, path: str) -> None:
    assert (await admin.get(f"/admin/calendar/{path}")).status_code == 404


@pytest.mark.parametrize("username", ["reception", "supervisor", "clerk-jiaoyu"])
async def test_nobody_else_changes_the_calendar(door: Door, admin: httpx2.AsyncClient, username: str) -> None:
    draft = (await admin.post("/admin/calendar", data=LINES)).headers["location"]
    other = await door.page_client(username)
    assert (await other.get(draft)).status_code == 403
    assert (await other.post(f"{draft}/apply")).status_code == 403
    assert (await other.post("/admin/calendar", data=LINES)).status_code == 403
    await other.aclose()
    assert len(await calendar_editions.list_editions()) == 1


async def test_a_deadline_is_explained_day_by_day_to_whom_it_concerns(door: Door, admin: httpx2.AsyncClient) -> None:
    receipt = await _filed(door)
    await _applied(admin)
    await door.drain()
    citizen = door.browser()
    await citizen.post("/lookup", data={"code": receipt["code"], "check": receipt["no"]})
    page = await citizen.get("/case/clocks/1/answer")
    assert page.status_code == 200
    assert "临时放假" in page.text and "区政府临时放假" in page.text and "第 7 个工作日" in page.text
    assert (await citizen.get("/case/clocks/99/answer")).status_code == 404
    await citizen.aclose()
    stranger = await door.page_client("clerk-jiaoyu")
    assert (await stranger.get(f"/desk/cases/{receipt['no']}/clocks/1/answer")).status_code == 404
    await stranger.aclose()
    desk = await door.page_client("reception")
    assert (await desk.get(f"/desk/cases/{receipt['no']}/clocks/1/answer")).status_code == 200
    await desk.aclose()


async def test_a_day_changed_behind_the_back_of_an_edition_is_found(door: Door, admin: httpx2.AsyncClient) -> None:
    await _applied(admin)
    assert not await calendar_editions.list_altered_editions()
    await EditionDay.filter(day=date(2026, 11, 4)).update(is_workday=True)
    damages = [damage.where async for damage in jobs.find_damages(door.settings)]
    assert damages == ["calendar edition 2026-2"]


async def test_a_late_edition_does_not_touch_what_ended(door: Door, admin: httpx2.AsyncClient) -> None:
    receipt = await _filed(door)
    await door.act(receipt["no"], "withdraw", {"code": receipt["code"], "reason": "已经解决"})
    before = await _clocks(door, receipt["no"])
    door.pass_time(timedelta(minutes=9))
    await _applied(admin)
    await door.drain()
    assert await _clocks(door, receipt["no"]) == before
