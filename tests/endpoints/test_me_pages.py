"""Can a citizen without scripts log in by telephone, find every matter and act, and leave nothing on the computer?"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx2

from tests.endpoints.phone_login import PHONE, codes_to
from tests.people import Door


@asynccontextmanager
async def _logged_in(door: Door, phone: str = PHONE, **more: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with door.browser() as browser:
        asked = await browser.post("/me/login", data={"phone": phone})
        assert (asked.status_code, asked.headers["location"]) == (303, "/me/login/code"), asked.text
        await door.drain()
        response = await browser.post("/me/login/code", data={"code": codes_to(door, phone)[-1], **more})
        assert (response.status_code, response.headers["location"]) == (303, "/me"), response.text
        yield browser


async def test_two_steps_lead_to_the_list_and_from_there_to_the_case(door: Door) -> None:
    receipt = await door.submit()
    async with _logged_in(door) as browser:
        page = await browser.get("/me")
        assert page.status_code == 200 and receipt["no"] in page.text
        opened = await browser.get(f"/me/cases/{receipt['no']}")
        assert (opened.status_code, opened.headers["location"]) == (303, "/case")
        assert "小学门口早晚高峰拥堵" in (await browser.get("/case")).text
        acted = await browser.post("/case/acts/supplement", data={"text": "每天七点半"})
        assert acted.headers["location"] == "/case?done=supplement"


async def test_another_persons_case_is_not_there(door: Door) -> None:
    other = await door.submit(person={"name": "白小本", "phone": "13900005678"})
    async with _logged_in(door) as browser:
        assert other["no"] not in (await browser.get("/me")).text
        for path in (f"/me/cases/{other['no']}", f"/me/cases/{other['no']}/code"):
            assert (await browser.get(path)).status_code == 404
        assert (await browser.post(f"/me/cases/{other['no']}/code")).status_code == 404


async def test_a_wrong_number_and_a_wrong_code_keep_what_was_typed(door: Door) -> None:
    async with door.browser() as browser:
        page = await browser.post("/me/login", data={"phone": "1390000"})
        assert page.status_code == 422 and 'value="1390000"' in page.text
        await browser.post("/me/login", data={"phone": PHONE})
        form = (await browser.get("/me/login/code")).text
        assert 'autocomplete="one-time-code"' in form and PHONE in form
        assert re.search(r"\d+ 秒以后可以再发一次", form)
        page = await browser.post("/me/login/code", data={"code": "000000"})
        assert page.status_code == 422 and PHONE in page.text


async def test_who_is_not_logged_in_is_led_to_the_log_in(door: Door) -> None:
    async with door.browser() as browser:
        for path in ("/me", "/me/messages", "/me/devices", "/me/data", "/me/data.json", "/me/cases/1"):
            response = await browser.get(path)
            assert (response.status_code, response.headers["location"]) == (303, "/me/login")


async def test_nothing_stays_on_a_public_computer(door: Door) -> None:
    receipt = await door.submit()
    async with _logged_in(door) as browser:
        await browser.get(f"/me/cases/{receipt['no']}")
        assert {cookie.name for cookie in browser.cookies.jar if not cookie.discard} == set()
        copies = dict(browser.cookies)
        left = await browser.post("/me/logout")
        assert left.headers["location"] == "/me/login"
    async with door.browser() as next_person:
        next_person.cookies.update(copies)
        assert (await next_person.get("/me")).status_code == 303
        assert (await next_person.get("/case")).headers["location"] == "/lookup"


async def test_ending_all_devices_ends_the_opened_case_too(door: Door) -> None:
    receipt = await door.submit()
    async with _logged_in(door) as village_hall:
        await village_hall.get(f"/me/cases/{receipt['no']}")
        door.pass_time(timedelta(minutes=2))
        async with _logged_in(door, keep="1") as own_phone:
            assert (await own_phone.get("/me/devices")).text.count('name="id"') == 2
            await own_phone.post("/me/devices/end")
            assert (await own_phone.get("/me")).status_code == 303
        assert (await village_hall.get("/case")).status_code == 303


async def test_a_new_query_code_is_shown_once(door: Door) -> None:
    receipt = await door.submit()
    async with _logged_in(door) as browser:
        page = await browser.post(f"/me/cases/{receipt['no']}/code")
        code = "".join(re.findall(r'own-code"><strong class="num">([\d ]+)', page.text)).replace(" ", "")
        assert len(code) == 12
        assert code not in (await browser.get("/me")).text.replace(" ", "")
    assert (await door.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}")).status_code == 404
    assert (await door.get(f"/api/v1/cases/{receipt['no']}?code={code}")).status_code == 200


async def test_a_report_shows_no_title_in_the_list(door: Door) -> None:
    await door.submit(kind="report", title="举报某某受贿", public_consent=False)
    async with _logged_in(door) as browser:
        text = (await browser.get("/me")).text
        assert "您反映的事项" in text and "受贿" not in text and "检举控告" not in text


async def test_older_cases_come_back_by_code_or_name(door: Door) -> None:
    receipt = await door.submit()
    door.pass_time(timedelta(days=100))
    async with _logged_in(door) as browser:
        assert receipt["no"] not in (await browser.get("/me")).text
        wrong = await browser.post("/me/older", data={"proof": "王五"})
        assert wrong.status_code == 422 and 'value="王五"' in wrong.text
        assert (await browser.post("/me/older", data={"proof": "安小娜"})).status_code == 303
        assert receipt["no"] in (await browser.get("/me")).text


async def test_own_data_are_seen_copied_corrected_and_erased(door: Door) -> None:
    receipt = await door.submit()
    async with _logged_in(door) as browser:
        assert "安小娜" in (await browser.get("/me/data")).text
        copy = await browser.get("/me/data.json")
        assert copy.headers["content-disposition"].startswith("attachment") and receipt["no"] in copy.text
        assert (await browser.post("/me/data/correct", data={"name": ""})).status_code == 422
        asked = await browser.post("/me/data/correct", data={"name": "安小娜娜", "id_kind": "111"})
        assert asked.headers["location"] == "/me?done=correct", asked.text
        refused = await browser.post("/me/data/erase", data={"sure": "1"})
        assert refused.status_code == 409
        await browser.get(f"/me/cases/{receipt['no']}")
        assert (await browser.post("/case/acts/withdraw", data={"confirm": "1"})).status_code == 303
        erased = await browser.post("/me/data/erase", data={"sure": "1"})
        assert erased.headers["location"] == "/me/login"
        assert (await browser.get("/me")).status_code == 303


async def test_messages_are_those_of_my_cases(door: Door) -> None:
    receipt = await door.submit()
    await door.drain()
    async with _logged_in(door) as browser:
        page = await browser.get("/me/messages")
        assert page.status_code == 200 and receipt["no"] in page.text
