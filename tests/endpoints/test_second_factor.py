"""Does a second factor keep out whoever has only the password, and let in who has both, once a code?"""

from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta

import httpx2
import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from tests.people import Door
from web.auth import second_factor

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOON = to_utc(datetime(2026, 9, 14, 12, 0, tzinfo=OFFICE_TIMEZONE))


def _code(door: Door, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(door.context.clock.now())


async def _enrolled(door: Door, username: str = "reception") -> list[str]:
    return await second_factor.switch_on(door.context, username, SECRET, _code(door))


async def _sent(client: httpx2.AsyncClient, otp: str) -> httpx2.Response:
    return await client.post("/login/code", data={"otp": otp, "next": "/desk/notices"})


@pytest.mark.parametrize("seconds", [-59, -31, 0, 29, 59])
def test_a_code_is_taken_near_its_time(seconds: int) -> None:
    code = pyotp.TOTP(SECRET).at(NOON)
    step = second_factor.find_step(SECRET, code, NOON + timedelta(seconds=seconds), 0)
    assert (step is not None) == (-30 <= seconds < 60)


@given(st.integers(0, 10**6 - 1), st.integers(0, 10**9))
def test_a_step_is_the_codes_own_and_never_one_before_the_last(number: int, seconds: int) -> None:
    now, code = NOON + timedelta(seconds=seconds), f"{number:06d}"
    at = int(now.timestamp()) // 30
    right = {step for step in (at - 1, at, at + 1) if pyotp.TOTP(SECRET).generate_otp(step) == code}
    assert {second_factor.find_step(SECRET, code, now, 0)} - {None} <= right
    assert second_factor.find_step(SECRET, code, now, at + 1) is None


def test_no_code_is_made_of_other_digits() -> None:
    for odd in ("", "abcdef", "１２３４５６", "\ud800", "0" * 99):
        assert second_factor.find_step(SECRET, odd, NOON, 0) is None


async def test_it_is_switched_on_by_its_own_code_and_the_spares_are_shown_once(door: Door) -> None:
    async with aclosing(await door.page_client("reception")) as page:
        form = (await page.get("/desk/second-factor")).text
        sealed = form.split('name="sealed" value="')[1].split('"')[0]
        secret = form.split('class="num secret">')[1].split("<")[0].replace(" ", "")
        wrong = await page.post("/desk/second-factor", data={"sealed": sealed, "otp": "000000", "password": "demo"})
        assert wrong.status_code == 422 and "验证码不对" in wrong.text and secret[:4] in wrong.text
        for password in ("", "another"):
            typed = {"sealed": sealed, "otp": _code(door, secret), "password": password}
            assert (await page.post("/desk/second-factor", data=typed)).status_code == 422
        shown = await page.post(
            "/desk/second-factor", data={"sealed": sealed, "otp": _code(door, secret), "password": "demo"}
        )
        assert shown.text.count('<li class="num">') == second_factor.SPARE_CODES
        assert shown.headers["cache-control"] == "no-store"
        later = (await page.get("/desk/second-factor")).text
        assert "备用码还剩 10 个" in later and '<li class="num">' not in later and secret[:4] not in later


async def test_what_was_sealed_for_somebody_else_switches_nothing_on(door: Door) -> None:
    async with (
        aclosing(await door.page_client("reception")) as theirs,
        aclosing(await door.page_client("clerk-jiaoyu")) as mine,
    ):
        form = (await theirs.get("/desk/second-factor")).text
        sealed = form.split('name="sealed" value="')[1].split('"')[0]
        secret = form.split('class="num secret">')[1].split("<")[0].replace(" ", "")
        for odd in (sealed, "nonsense", ""):
            answer = await mine.post(
                "/desk/second-factor", data={"sealed": odd, "otp": _code(door, secret), "password": "demo"}
            )
            assert answer.status_code == 303
    assert not (await second_factor.load_state("clerk-jiaoyu")).is_on


async def test_the_password_alone_opens_nothing(door: Door) -> None:
    await _enrolled(door)
    async with door.browser() as page:
        half = await page.post("/login", data={"username": "reception", "password": "demo", "next": "/desk/notices"})
        assert half.headers["location"].startswith("/login/code")
        assert (await page.get("/desk")).status_code == 303
        assert (await _sent(page, "")).status_code == 401
        assert (await _sent(page, "000000")).status_code == 401
        assert (await _sent(page, "9" * 100_000)).status_code == 401
        door.pass_time(timedelta(seconds=30))
        through = await _sent(page, _code(door))
        assert through.headers["location"] == "/desk/notices"
        assert (await page.get("/desk")).status_code == 200


async def test_a_code_works_once_and_so_does_a_spare_one(door: Door) -> None:
    spares = await _enrolled(door)
    body = {"username": "reception", "password": "demo"}
    door.pass_time(timedelta(seconds=30))
    code = _code(door)
    for otp, status in (("", 401), (code, 201), (code, 401), (spares[0], 201), (spares[0], 401), (spares[1], 201)):
        answer = await door.post("/api/v1/sessions", {**body, "otp": otp})
        assert answer.status_code == status, (otp, answer.text)
    needed = await door.post("/api/v1/sessions", body)
    assert needed.json()["error"]["code"] == "code_needed"


async def test_guessing_codes_locks_the_account_like_guessing_passwords(door: Door) -> None:
    await _enrolled(door)
    door.pass_time(timedelta(seconds=30))
    async with door.browser() as page:
        await page.post("/login", data={"username": "reception", "password": "demo"})
        answers = [await _sent(page, f"{guess:06d}") for guess in range(door.settings.login_attempts)]
        assert "锁定" in answers[-1].text
        assert (await _sent(page, _code(door))).status_code == 401
    assert (await door.post("/api/v1/sessions", {"username": "reception", "password": "demo"})).status_code == 401


async def test_half_a_log_in_is_over_after_five_minutes_and_cannot_be_made(door: Door) -> None:
    await _enrolled(door)
    async with door.browser() as page:
        await page.post("/login", data={"username": "reception", "password": "demo"})
        door.pass_time(timedelta(minutes=6))
        assert (await _sent(page, _code(door))).headers["location"] == "/login"
    async with door.browser() as page:
        page.cookies.set("xq_half", "InJlY2VwdGlvbiI.ahkJsA." + "A" * 43)
        assert (await page.get("/login/code")).headers["location"] == "/login"


async def test_it_is_switched_off_by_a_code_and_not_where_the_house_requires_it(door: Door) -> None:
    spares = await _enrolled(door)
    async with door.browser() as page:
        await page.post("/login", data={"username": "reception", "password": "demo"})
        assert (await _sent(page, spares[0])).status_code == 303
        for odd in ("", "1", "长" * 100_000, "\x00"):
            assert (await page.post("/desk/second-factor/off", data={"otp": odd})).status_code in (400, 422)
        door.context.settings = replace(door.settings, second_factor_required=True)
        assert "不能停用" in (await page.post("/desk/second-factor/off", data={"otp": spares[1]})).text
        door.context.settings = door.settings
        assert (await page.post("/desk/second-factor/off", data={"otp": spares[1]})).status_code == 303
    assert await door.log_in("reception")


async def test_where_it_is_required_nothing_else_opens_before_it_is_on(door: Door) -> None:
    door.context.settings = replace(door.settings, second_factor_required=True)
    refused = await door.post("/api/v1/sessions", {"username": "reception", "password": "demo"})
    assert refused.json()["error"]["code"] == "factor_needed"
    async with door.browser() as page:
        await page.post("/login", data={"username": "reception", "password": "demo"})
        assert (await page.get("/desk")).status_code == 303
        assert (await page.get("/login")).headers["location"] == "/desk/second-factor"
        form = (await page.get("/desk/second-factor")).text
        assert "请先启用两步登录" in form
        sealed = form.split('name="sealed" value="')[1].split('"')[0]
        secret = form.split('class="num secret">')[1].split("<")[0].replace(" ", "")
        await page.post("/desk/second-factor", data={"sealed": sealed, "otp": _code(door, secret), "password": "demo"})
        assert (await page.get("/desk")).status_code == 200
