"""Guessing a password is stopped, in parallel too, and nobody can keep somebody else out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import httpx2
import pyotp
import pytest

from feedback.kernel.settings import Settings
from tests.people import BASE, Door
from web.auth import login_attempts, second_factor
from web.auth.models import LoginAttempts

SESSIONS = "/api/v1/sessions"


@asynccontextmanager
async def browser(door: Door, address: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser at an address of its own, with its own cookies."""
    transport = httpx2.ASGITransport(app=door.app, raise_app_exceptions=False, client=(address, 4711))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


async def log_in(client: httpx2.AsyncClient, username: str, password: str, otp: str = "") -> str:
    """The code of the refusal, or "" for a session."""
    response = await client.post(SESSIONS, json={"username": username, "password": password, "otp": otp})
    return "" if response.status_code == 201 else str(response.json()["error"]["code"])


async def log_in_page(client: httpx2.AsyncClient, username: str, password: str) -> int:
    response = await client.post("/login", data={"username": username, "password": password})
    return response.status_code


async def looked_at(door: Door, source: str) -> int:
    """How many tries of a source were counted, each before it was looked at."""
    key = door.context.settings.vault.keyed_hash("login-attempts", source)
    return (await LoginAttempts.get(key=key)).failed


async def test_of_many_wrong_passwords_at_once_only_five_are_looked_at(door: Door) -> None:
    async with browser(door, "203.0.113.5") as client:
        codes = await asyncio.gather(*(log_in(client, "reception", f"wrong {n}") for n in range(40)))
        assert set(codes) <= {"locked", "wrong_password"}
        assert await looked_at(door, "password from 203.0.113.5 reception") == 5
        assert await log_in(client, "reception", "demo") == "locked"
        door.pass_time(timedelta(minutes=door.settings.lock_minutes + 1))
        assert await log_in(client, "reception", "demo") == ""


async def test_of_many_wrong_codes_at_once_only_five_are_looked_at(door: Door) -> None:
    secret = second_factor.new_secret()
    code = pyotp.TOTP(secret).at(door.context.clock.now())
    await second_factor.switch_on(door.context, "reception", secret, code)
    async with browser(door, "203.0.113.5") as client:
        codes = await asyncio.gather(*(log_in(client, "reception", "demo", f"{n:06}") for n in range(40)))
        assert set(codes) <= {"locked", "wrong_code"}
        assert await looked_at(door, "code from 203.0.113.5 reception") == 5


async def test_a_name_that_does_not_exist_is_answered_like_one_that_does(door: Door) -> None:
    async with browser(door, "203.0.113.5") as client:
        for username in ("reception", "nobody-of-this-name"):
            codes = [await log_in(client, username, "wrong") for _ in range(6)]
            assert codes == ["wrong_password"] * 4 + ["locked"] * 2, username


async def test_whoever_fails_elsewhere_locks_nobody_out(door: Door) -> None:
    async with browser(door, "203.0.113.5") as attacker, browser(door, "198.51.100.7") as owner:
        for _ in range(8):
            await log_in(attacker, "reception", "wrong")
        assert await log_in(attacker, "reception", "demo") == "locked"
        assert await log_in(owner, "reception", "demo") == ""


async def test_guessing_from_everywhere_is_stopped_and_a_known_device_is_let_in(settings: Settings) -> None:
    async with Door.opened(replace(settings, login_attempts=2)) as door, browser(door, "198.51.100.7") as owner:
        assert await log_in_page(owner, "reception", "demo") == 303
        owner.cookies.delete("xq_staff")
        codes = []
        for n in range(25):
            async with browser(door, f"203.0.113.{n}") as attacker:
                codes.append(await log_in(attacker, "reception", "wrong"))
        assert codes[:20] == ["wrong_password"] * 20
        assert codes[20:] == ["locked"] * 5
        async with browser(door, "198.51.100.7") as stranger:
            assert await log_in(stranger, "reception", "demo") == "locked"
        assert await log_in_page(owner, "reception", "demo") == 303


async def test_a_known_device_is_not_stopped_by_its_neighbours_behind_the_same_address(settings: Settings) -> None:
    async with Door.opened(replace(settings, login_per_minute=5)) as door, browser(door, "198.51.100.7") as owner:
        assert await log_in_page(owner, "reception", "demo") == 303
        async with browser(door, "198.51.100.7") as neighbour:
            statuses = [await log_in_page(neighbour, f"somebody-{n}", "wrong") for n in range(7)]
            assert statuses[-1] == 429
        assert await log_in_page(owner, "reception", "demo") == 303


async def test_also_a_known_device_has_only_five_tries(door: Door) -> None:
    async with browser(door, "198.51.100.7") as owner:
        assert await log_in_page(owner, "reception", "demo") == 303
        for _ in range(door.settings.login_attempts):
            assert await log_in_page(owner, "reception", "wrong") == 401
        assert await log_in_page(owner, "reception", "demo") == 401


async def test_the_administrator_opens_an_account_again(door: Door) -> None:
    async with browser(door, "203.0.113.5") as client:
        for _ in range(6):
            await log_in(client, "reception", "wrong")
        assert await login_attempts.unlock(door.context, "reception") == 2
        assert await log_in(client, "reception", "demo") == ""


async def test_only_what_refuses_tries_is_listed_as_a_lock(settings: Settings) -> None:
    async with Door.opened(replace(settings, login_attempts=2)) as door:
        for number in range(19):
            async with browser(door, f"203.0.113.{number}") as client:
                await log_in(client, "reception", "wrong")
        now = door.context.clock.now()
        assert await login_attempts.list_locked(door.context, ["reception"]) == []
        assert await login_attempts.seconds_locked(door.context, "reception") == 0
        async with browser(door, "203.0.113.99") as client:
            await log_in(client, "reception", "wrong")
        (locked,) = await login_attempts.list_locked(door.context, ["reception"])
        assert (locked.username, locked.sources) == ("reception", 1)
        assert locked.until >= now
        assert await login_attempts.seconds_locked(door.context, "reception") > 0


async def test_what_was_typed_as_a_name_can_be_read_nowhere(door: Door) -> None:
    async with browser(door, "203.0.113.5") as client:
        await log_in(client, "my secret password", "x")
    for row in await LoginAttempts.all().values():
        assert "secret" not in str(row)


async def test_counts_that_lock_nobody_any_more_are_deleted(door: Door) -> None:
    async with browser(door, "203.0.113.5") as client:
        await log_in(client, "reception", "wrong")
    minutes = door.settings.lock_minutes
    assert await login_attempts.delete_old(door.context.clock.now(), minutes) == 0
    door.pass_time(timedelta(minutes=minutes, seconds=1))
    assert await login_attempts.delete_old(door.context.clock.now(), minutes) == 2
    assert await LoginAttempts.all().count() == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("no address", "no address"),
    ],
)
async def test_one_subscriber_of_ipv6_counts_as_one(door: Door, address: str, network: str) -> None:
    async with browser(door, address) as client:
        for _ in range(5):
            await client.post(SESSIONS, json={"username": "reception", "password": "wrong"})
    assert await looked_at(door, f"password from {network} reception") == 5
