"""Does the administration look before it leaps: calendar, routing rows, units, messages, and the log of reads?"""

import pytest

from routing import directory
from tests.people import Door

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


async def test_a_new_routing_row_wins_in_the_trial_and_a_dropped_one_does_not(door: Door) -> None:
    client = await door.page_client("admin")
    before = len((await directory.load_directory()).rows)
    row = {"category": "0804", "kind": "praise", "lead": "xinfang", "co": ["gongan"], "reason": "试验用的理由"}
    missing = await client.post("/admin/routing/new", data={**row, "reason": ""})
    assert missing.status_code == 422
    if not (await directory.load_directory()).has("gongan"):
        row["co"] = []
    assert (await client.post("/admin/routing/new", data=row)).status_code == 303
    names = await directory.load_directory()
    assert len(names.rows) == before + 1
    made = next(r for r in names.rows if r.reason == "试验用的理由")
    trial = (await client.get("/admin/routing?try_category=0804&try_kind=praise")).text
    assert "试验用的理由" in trial[trial.index("试派") : trial.index("筛选")]
    changed = await client.post(f"/admin/routing/{made.id}", data={**row, "reason": "改过的理由"})
    assert changed.status_code == 303
    newest = next(r for r in (await directory.load_directory()).rows if r.reason == "改过的理由")
    assert newest.id != made.id
    assert (await client.post(f"/admin/routing/{newest.id}/drop")).status_code == 303
    assert len((await directory.load_directory()).rows) == before
    assert (await client.get(f"/admin/routing/{newest.id}")).status_code == 404
    await client.aclose()


async def test_a_category_without_a_row_of_its_own_is_shown_with_who_answers_meanwhile(door: Door) -> None:
    client = await door.page_client("admin")
    names = await directory.load_directory()
    assert "还没有自己规则的类别" not in (await client.get("/admin/routing")).text
    buses = next(r for r in names.rows if r.category == "0310" and not r.kind and not r.region)
    heading = next(r for r in names.rows if r.category == "03" and not r.kind and not r.region)
    await client.post(f"/admin/routing/{buses.id}/drop")
    page = (await client.get("/admin/routing")).text
    waiting = page[page.index("还没有自己规则的类别") : page.index("试一试")]
    assert "公共交通" in waiting and names.name(heading.lead) in waiting
    assert "1 个类别还没有自己的规则" in (await client.get("/admin")).text
    form = (await client.get("/admin/routing/new?category=0310")).text
    assert '<option value="0310" selected' in form
    row = {"category": "0310", "lead": buses.lead, "reason": buses.reason, "kind": "", "region": ""}
    assert (await client.post("/admin/routing/new", data=row)).status_code == 303
    assert "还没有自己规则的类别" not in (await client.get("/admin/routing")).text
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
