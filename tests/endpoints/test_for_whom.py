"""Can people write for somebody else, for a group or a company, with a number abroad and an e-mail, on every form?"""

import httpx2
import pytest

from tests.endpoints.test_desk_pages import at_desk
from tests.people import Door

FIRST = {"kind": "complaint"}
SECOND = {"title": "拖欠工资", "text": "工地拖欠我们三个月工资，请帮助追讨。"}


async def _third_step(browser: httpx2.AsyncClient, **fields: str) -> httpx2.Response:
    await browser.post("/new/1", data=FIRST)
    await browser.post("/new/2", data=SECOND)
    return await browser.post("/new/3", data=fields)


async def _send(browser: httpx2.AsyncClient) -> str:
    response = await browser.post("/new/4", data={})
    assert response.status_code == 303, response.text
    return response.headers["location"].rsplit("/", 1)[1]


async def _seen_at_desk(door: Door, no: str) -> dict[str, object]:
    response = await door.get(f"/api/v1/cases/{no}", await door.log_in("reception"))
    assert response.status_code == 200, response.text
    case: dict[str, object] = response.json()
    return case


async def test_a_volunteer_writes_for_a_neighbour(door: Door) -> None:
    async with door.browser() as browser:
        step = await _third_step(
            browser,
            **{"person.name": "孙桂兰", "proxy.kind": "volunteer", "proxy.authority": "recorded"},
            **{"proxy.name": "白小本", "proxy.phone": "13900005678"},
        )
        assert step.headers.get("location") == "/new/4", step.text
        assert "白小本" in (await browser.get("/new/4")).text
        case = await _seen_at_desk(door, await _send(browser))
    assert case["person"]["name"] == "孙桂兰"  # type: ignore[index]
    assert [(row["role"], row["kind"], row["name"]) for row in case["beside"]] == [  # type: ignore[attr-defined]
        ("proxy", "volunteer", "白小本")
    ]


async def test_a_guardian_needs_to_choose_no_right(door: Door) -> None:
    async with door.browser() as browser:
        step = await _third_step(browser, **{"person.name": "小小", "proxy.kind": "guardian", "proxy.name": "白小本"})
        assert step.headers.get("location") == "/new/4", step.text


async def test_eight_workmates_name_two_who_speak_for_them(door: Door) -> None:
    async with door.browser() as browser:
        step = await _third_step(
            browser,
            **{"person.name": "安小娜", "person.phone": "13900001234", "headcount": "8"},
            **{"representatives.0.name": "安小娜", "representatives.3.name": "白小本"},
        )
        assert step.headers.get("location") == "/new/4", step.text
        case = await _seen_at_desk(door, await _send(browser))
    assert (case["headcount"], [row["name"] for row in case["beside"]]) == (8, ["安小娜", "白小本"])  # type: ignore[attr-defined]


async def test_a_company_and_an_e_mail_are_taken_and_shown_to_who_answers(door: Door) -> None:
    async with door.browser() as browser:
        step = await _third_step(
            browser,
            **{"person.name": "安小娜", "person.email": "anna@example.cn"},
            **{"person.org.name": "云川机械有限公司", "person.org.uscc": "91350100M000100Y43"},
        )
        assert step.headers.get("location") == "/new/4", step.text
        case = await _seen_at_desk(door, await _send(browser))
    person = case["person"]
    assert person["email"] == "anna@example.cn"  # type: ignore[index]
    assert person["org"] == {"name": "云川机械有限公司", "uscc": "91350100M000100Y43"}  # type: ignore[index]


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"proxy.kind": "family", "proxy.name": "白小本", "person.name": "孙桂兰"}, "proxy.authority"),
        ({"proxy.kind": "family", "proxy.authority": "written", "proxy.name": "白小本"}, "person.name"),
        ({"headcount": "许多"}, "headcount"),
        ({"headcount": "1", "representatives.0.name": "甲", "representatives.1.name": "乙"}, "headcount"),
        ({"representatives.2.phone": "13900005678"}, "representatives.0.name"),
        ({"person.org.uscc": "91350100M000100Y44", "person.org.name": "云川机械"}, "person.org.uscc"),
        ({"person.email": "anna@"}, "person.email"),
        ({"person.phone": "+8613"}, "person.phone"),
    ],
)
async def test_what_is_wrong_is_named_at_its_field_and_what_was_typed_stays(
    door: Door, fields: dict[str, str], at: str
) -> None:
    async with door.browser() as browser:
        page = await _third_step(browser, **fields)
        assert page.status_code == 422
        assert f'id="f-{at.replace(".", "-")}-error"' in page.text
        assert all(f'value="{text}"' in page.text for text in fields.values())


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("+63 917 123 4567", "+639171234567"), ("00852 9123 4567", "+85291234567"), ("0086 139 0000 1234", "13900001234")],
)
async def test_numbers_abroad_are_kept_as_e164(door: Door, typed: str, stored: str) -> None:
    receipt = await door.submit(person={"name": "Maria Santos", "phone": typed, "email": "m@example.com"})
    assert (await _seen_at_desk(door, receipt["no"]))["person"]["phone"] == stored  # type: ignore[index]


async def test_the_api_names_the_fields_of_an_organisation(door: Door) -> None:
    body = {
        **{"kind": "complaint", "title": "x", "text": "y", "channel": "app"},
        "person": {"name": "安小娜", "email": "nobody", "org": {"name": "", "uscc": "12"}},
    }
    response = await door.post("/api/v1/cases", body)
    assert set(response.json()["error"]["fields"]) == {"person.email", "person.org.name", "person.org.uscc"}


async def test_the_counter_issues_a_lost_code_by_document_and_it_is_on_record(door: Door) -> None:
    document = {"kind": "414", "number": "P1234567A"}
    receipt = await door.submit(person={"name": "Maria Santos", "document": document})
    await door.submit(title="路灯不亮", source_id="2")
    async with at_desk(door, "reception") as browser:
        listed = await browser.post("/desk/query-codes", data={"id_kind": "414", "id_number": "p1234567a"})
        assert listed.text.count('action="/desk/query-codes/') == 1 and receipt["no"] in listed.text
        refused = await browser.post(f"/desk/query-codes/{receipt['no']}", data={"proof": ""})
        assert refused.status_code == 422
        page = await browser.post(f"/desk/query-codes/{receipt['no']}", data={"proof": "414", "remark": "与登记一致"})
        assert page.status_code == 200 and "窗口核对" in page.text and "与登记一致" in page.text
        assert receipt["code"] not in page.text.replace(" ", "")
    assert (await door.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}")).status_code == 404
    async with at_desk(door, "auditor") as auditor:
        assert "换发查询码查找：1 件" in (await auditor.get("/admin/reads")).text


async def test_no_clerk_issues_codes_and_no_desk_those_of_a_report_it_may_not_see(door: Door) -> None:
    receipt = await door.submit(kind="report", title="举报某某受贿", public_consent=False)
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        assert (await clerk.get("/desk/query-codes")).status_code == 403
        refused = await clerk.post(f"/desk/query-codes/{receipt['no']}", data={"proof": "111"})
        assert refused.status_code == 403
    assert (await door.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}")).status_code == 200
