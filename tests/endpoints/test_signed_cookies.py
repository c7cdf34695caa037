"""Signed cookies: good for one purpose, for a while by the clock of the process, and only as we wrote them."""

from datetime import timedelta

import httpx2
import pytest
from starlette.responses import Response

from tests.people import Door
from web.auth import citizen_cookie, cookies, sessions


async def _opened(door: Door, browser: httpx2.AsyncClient) -> str:
    """A browser that looked up its case. Returns the cookie."""
    receipt = await door.submit()
    answer = await browser.post("/lookup", data={"code": receipt["code"], "check": receipt["no"]})
    assert answer.status_code == 303
    assert (await browser.get("/case")).status_code == 200
    return str(browser.cookies[citizen_cookie.CASE_COOKIE])


async def test_a_case_stays_open_in_a_browser_for_twelve_hours(door: Door) -> None:
    async with door.browser() as browser:
        await _opened(door, browser)
        door.pass_time(timedelta(hours=11, minutes=59))
        assert (await browser.get("/case")).status_code == 200
        door.pass_time(timedelta(minutes=2))
        assert (await browser.get("/case")).headers["location"] == "/lookup"


async def test_a_cookie_signed_by_a_host_whose_clock_is_ahead_is_good(door: Door) -> None:
    async with door.browser() as browser:
        await _opened(door, browser)
        door.pass_time(timedelta(seconds=-3))
        assert (await browser.get("/case")).status_code == 200


@pytest.mark.parametrize("change", ["payload", "time", "signature"])
async def test_an_altered_cookie_opens_nothing(door: Door, change: str) -> None:
    async with door.browser() as browser:
        parts = (await _opened(door, browser)).split(".")
        place = ("payload", "time", "signature").index(change)
        parts[place] = ("B" if parts[place][0] != "B" else "C") + parts[place][1:]
        browser.cookies.clear()
        browser.cookies.set(citizen_cookie.CASE_COOKIE, ".".join(parts))
        assert (await browser.get("/case")).headers["location"] == "/lookup"


@pytest.mark.parametrize("spelling", ["=", "==", "!"])
async def test_no_spelling_of_a_cookie_that_was_given_back_opens_anything(door: Door, spelling: str) -> None:
    async with door.browser() as browser, door.browser() as thief:
        payload, signed_at, signature = (await _opened(door, browser)).split(".")
        await browser.post("/case/leave")
        for cookie in (
            f"{payload}.{signed_at}.{signature}{spelling}",
            f"{payload}.{signed_at}{spelling}.{signature}",
            f"{payload}{spelling}.{signed_at}.{signature}",
        ):
            thief.cookies.clear()
            thief.cookies.set(citizen_cookie.CASE_COOKIE, cookie)
            assert (await thief.get("/case")).headers["location"] == "/lookup"


async def test_a_cookie_that_could_not_be_given_back_opens_nothing(door: Door) -> None:
    receipt, response = await door.submit(), Response()
    cookies.set_signed_cookie(response, door.context, citizen_cookie.CASE_COOKIE, str(receipt["no"]), 12)
    async with door.browser() as browser:
        header = response.headers["set-cookie"].partition(";")[0]
        browser.cookies.set(citizen_cookie.CASE_COOKIE, header.partition("=")[2].strip('"'))
        assert (await browser.get("/case")).headers["location"] == "/lookup"


async def test_what_was_signed_for_one_cookie_is_no_other(door: Door) -> None:
    """Who holds a case's cookie has not given a password."""
    async with door.browser() as browser:
        cookie = await _opened(door, browser)
        browser.cookies.set(sessions.PENDING_FACTOR_COOKIE, cookie)
        assert (await browser.get("/login/code")).headers["location"] == "/login"
