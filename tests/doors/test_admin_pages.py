"""Does the administration look before it leaps: calendar, routing rows, units, messages, and the log of reads?"""

import re
from datetime import date, datetime

import pytest

from feedback import calendars, queries
from feedback.access import SYSTEM
from feedback.kernel.clock import OFFICE, aware
from feedback.workdays import Calendar
from routing import directory
from tests.people import Door
from web.pages import calendar_pages

PAGES = ("/admin", "/admin/calendar", "/admin/routing", "/admin/routing/new", "/admin/units", "/admin/messages")


@pytest.mark.parametrize("username", ["reception", "supervisor", "clerk-xinfang"])
async def test_nobody_else_administers(door: Door, username: str) -> None:
    client = await door.page_client(username)
    for path in PAGES:
        assert (await client.get(path)).status_code == 403, path
    await client.aclose()


async def test_an_administrator_opens_every_page_but_the_log_of_reads(door: Door) -> None:
    client = await door.page_client("admin")
    for path in (*PAGES, "/admin/units/xinfang", "/admin/calendar?year=2025"):
        assert (await client.get(path)).status_code == 200, path
    assert (await client.get("/admin/reads")).status_code == 403
    await client.aclose()


async def test_an_administrator_sees_no_case(door: Door) -> None:
    no = (await door.submit())["no"]
    client = await door.page_client("admin")
    assert (await client.get("/desk")).headers["location"] == "/admin"
    assert (await client.get(f"/desk/cases/{no}")).status_code == 404
    assert (await client.get("/desk/export.xlsx")).status_code == 403
    await client.aclose()


def test_lines_of_a_notice_are_read_and_wrong_ones_named() -> None:
    text = "2027-01-01,off,元旦\n2027-01-09，班，元旦调休\n\n2027-02-30,off,春节\n2027-03-01,maybe,x\n2027-03-02,plain\n2027-03-03,off"
    rows, dropped, faults = calendar_pages.parsed(text)
    assert [(r.day.isoformat(), r.is_workday, r.name) for r in rows] == [
        ("2027-01-01", False, "元旦"),
        ("2027-01-09", True, "元旦调休"),
    ]
    assert dropped == [date(2027, 3, 2)]
    assert [fault[:5] for fault in faults] == ["第 4 行", "第 5 行", "第 7 行"]


def test_a_single_day_does_not_make_the_whole_year_known() -> None:
    before = Calendar.of("2026-1", date(2026, 12, 31), ())
    rows, dropped, _ = calendar_pages.parsed("2027-01-01,off,元旦")
    assert calendar_pages.changed(before, rows, dropped, is_whole_year=False).announced_until == date(2026, 12, 31)
    assert calendar_pages.changed(before, rows, dropped, is_whole_year=True).announced_until == date(2027, 12, 31)


async def test_a_change_of_the_calendar_is_weighed_first_and_moves_what_it_said(door: Door) -> None:
    door.set_time(aware(datetime(2026, 11, 2, 9, 0, tzinfo=OFFICE)))
    no = (await door.submit())["no"]
    before = await queries.file(SYSTEM, no, secret=door.settings.secret)
    client = await door.page_client("admin")
    lines = {"lines": "2026-11-04,off,临时放假", "remark": "区政府通知"}
    preview = (await client.post("/admin/calendar", data=lines)).text
    assert "2026-11-04" not in [r.day.isoformat() for r in await calendars.days_of(2026)]
    assert no in preview
    count = re.search(r"正在计时的期限有 <strong>(\d+)</strong> 个会移动", preview)
    assert count
    done = await client.post("/admin/calendar", data={**lines, "confirmed": "1"})
    await client.aclose()
    assert done.status_code == 303
    await door.drain()
    after = await queries.file(SYSTEM, no, secret=door.settings.secret)
    old = {(c.term, c.seq): c.due_legal_day for c in before.clocks}
    moved = [c for c in after.clocks if c.stopped_at is None and old.get((c.term, c.seq)) != c.due_legal_day]
    assert moved
    assert any(c.term == "answer" for c in moved)


async def test_a_wrong_line_keeps_the_others_in_the_form(door: Door) -> None:
    client = await door.page_client("admin")
    response = await client.post("/admin/calendar", data={"lines": "2026-11-04,off,假\n不是日期,off,x"})
    await client.aclose()
    assert response.status_code == 422
    assert "第 2 行" in response.text
    assert "2026-11-04,off,假" in response.text


async def test_a_new_routing_row_wins_in_the_trial_and_a_dropped_one_does_not(door: Door) -> None:
    client = await door.page_client("admin")
    before = len((await directory.snapshot()).rows)
    row = {"category": "0804", "kind": "praise", "lead": "xinfang", "co": ["gongan"], "reason": "试验用的理由"}
    missing = await client.post("/admin/routing/new", data={**row, "reason": ""})
    assert missing.status_code == 422
    if not (await directory.snapshot()).has("gongan"):
        row["co"] = []
    assert (await client.post("/admin/routing/new", data=row)).status_code == 303
    names = await directory.snapshot()
    assert len(names.rows) == before + 1
    made = next(r for r in names.rows if r.reason == "试验用的理由")
    trial = (await client.get("/admin/routing?try_category=0804&try_kind=praise")).text
    assert "试验用的理由" in trial[trial.index("试派") : trial.index("筛选")]
    changed = await client.post(f"/admin/routing/{made.id}", data={**row, "reason": "改过的理由"})
    assert changed.status_code == 303
    newest = next(r for r in (await directory.snapshot()).rows if r.reason == "改过的理由")
    assert newest.id != made.id
    assert (await client.post(f"/admin/routing/{newest.id}/drop")).status_code == 303
    assert len((await directory.snapshot()).rows) == before
    assert (await client.get(f"/admin/routing/{newest.id}")).status_code == 404
    await client.aclose()


async def test_an_auditor_reads_who_read_what(door: Door) -> None:
    no = (await door.submit())["no"]
    reception = await door.page_client("reception")
    assert (await reception.get(f"/desk/cases/{no}")).status_code == 200
    assert (await reception.get(f"/desk/register/{no}")).status_code == 200
    await reception.aclose()
    auditor = await door.page_client("auditor")
    page = (await auditor.get(f"/admin/reads?no={no}")).text
    await auditor.aclose()
    assert "查阅案卷" in page
    assert "查看查询码" in page
    assert "reception" in page
