"""Files and forms are counted before they are stored, by device, telephone and network; trending sources are asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from feedback.kernel.settings import Settings
from feedback.record.models.case import Attachment
from tests.people import ANNAS_MESSAGE, BASE, Door
from web.auth import drafts
from web.auth.models import FormDraft
from web.http import challenge

MEGABYTE = 1_000_000


def text_file(size: int, number: int = 0) -> bytes:
    """A text of so many bytes, with a content of its own."""
    return f"{number} ".encode().ljust(size, b"x")


@asynccontextmanager
async def browser(door: Door, address: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser at an address of its own, with its own cookies."""
    transport = httpx2.ASGITransport(app=door.app, raise_app_exceptions=False, client=(address, 4711))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


async def begin(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/new/1", data={"kind": "complaint"})).status_code == 303


async def send(client: httpx2.AsyncClient, *files: bytes, title: str = "路灯不亮") -> httpx2.Response:
    """The second step: what happened, with files."""
    parts = [("files", (f"{number}.txt", content)) for number, content in enumerate(files)]
    return await client.post("/new/2", data={"title": title, "text": "幸福路路灯不亮三天了"}, files=parts or None)


async def upload(client: httpx2.AsyncClient, content: bytes, **more: Any) -> httpx2.Response:
    return await client.post("/api/v1/attachments", files={"file": ("a.txt", content)}, **more)


async def stored() -> int:
    return await Attachment.all().count()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A moment that a slow machine does not outlast."""
    return replace(settings, upload_burst_seconds=3600)


async def test_a_flood_of_files_from_one_address_is_stopped_and_the_form_keeps_what_was_typed(door: Door) -> None:
    async with browser(door, "203.0.113.5") as client:
        await begin(client)
        responses = [
            await send(client, text_file(10 * MEGABYTE, number), title=f"第 {number} 次") for number in range(6)
        ]
        assert [response.status_code for response in responses] == [303] * 4 + [429] * 2
        assert await stored() == 4
        refused = responses[-1]
        assert 1 <= int(refused.headers["retry-after"]) <= 2 * door.settings.upload_burst_seconds + 1
        assert "这次选的文件没有保存，文字都在" in refused.text
        assert 'value="第 5 次"' in refused.text
        assert "幸福路路灯不亮三天了" in refused.text


async def test_a_flood_by_programs_is_stopped_over_whatever_addresses_of_one_ipv6_network(door: Door) -> None:
    statuses = []
    for number in range(6):
        async with browser(door, f"2001:db8:1:2::{number + 1:x}") as client:
            response = await upload(client, text_file(9 * MEGABYTE, number))
            statuses.append(response.status_code)
    assert statuses == [201] * 4 + [429] * 2
    assert response.json()["error"]["code"] == "upload_limit"
    assert int(response.headers["retry-after"]) >= 1
    async with browser(door, "2001:db8:1:3::1") as neighbour:
        assert (await upload(neighbour, text_file(9 * MEGABYTE))).status_code == 201


async def test_a_device_does_not_use_up_the_quota_of_its_building(settings: Settings) -> None:
    free = replace(settings, upload_device_day_bytes=2 * MEGABYTE, upload_network_day_bytes=4 * MEGABYTE)
    async with Door.opened(free) as door, browser(door, "203.0.113.5") as first, browser(door, "203.0.113.5") as second:
        await begin(first)
        statuses = [(await send(first, text_file(MEGABYTE, number))).status_code for number in range(4)]
        assert statuses == [303, 303, 429, 429]
        await begin(second)
        assert (await send(second, text_file(MEGABYTE, 9))).status_code == 303


async def test_a_telephone_that_was_given_is_counted_whatever_browser_gives_it(settings: Settings) -> None:
    free = replace(settings, upload_device_day_bytes=2 * MEGABYTE)
    async with Door.opened(free) as door:
        statuses = []
        for number in range(4):
            async with browser(door, "203.0.113.5") as client:
                await begin(client)
                await send(client)
                await client.post("/new/3", data={"person.phone": "13900001234"})
                statuses.append((await send(client, text_file(MEGABYTE, number))).status_code)
        assert statuses == [303, 303, 429, 429]


async def test_staff_are_counted_by_their_account_and_not_by_their_office(settings: Settings) -> None:
    async with Door.opened(replace(settings, upload_staff_day_bytes=2 * MEGABYTE, upload_burst_bytes=1000)) as door:
        token, other = await door.log_in("reception"), await door.log_in("lead-jiaoyu")
        bearer = {"Authorization": f"Bearer {token}"}
        statuses = [(await upload(door.client, text_file(MEGABYTE, n), headers=bearer)).status_code for n in range(3)]
        assert statuses == [201, 201, 429]
        response = await upload(door.client, text_file(MEGABYTE, 7), headers={"Authorization": f"Bearer {other}"})
        assert response.status_code == 201


async def test_more_files_than_a_message_may_have_are_counted_before_one_is_stored(door: Door) -> None:
    async with door.browser() as client:
        await begin(client)
        refused = await send(client, *(text_file(100, number) for number in range(door.settings.attachments_max + 1)))
        assert refused.status_code == 422
        assert await stored() == 0


async def test_three_hundred_people_of_one_building_are_not_stopped(door: Door) -> None:
    """As many forms with files at once, begun and filled in one after the other without a pause."""

    async def person(number: int) -> int:
        async with browser(door, "203.0.113.5") as client:
            await begin(client)
            return (await send(client, text_file(30_000, number))).status_code

    for first in range(0, 300, 20):
        statuses = await asyncio.gather(*(person(number) for number in range(first, first + 20)))
        assert statuses == [303] * 20


async def test_who_only_chooses_a_kind_leaves_nothing_on_the_server(door: Door) -> None:
    for _ in range(5):
        async with door.browser() as client:
            await begin(client)
            assert (await client.get("/new/2")).status_code == 200
    assert await FormDraft.all().count() == 0


async def test_a_cookie_that_is_none_of_ours_is_an_empty_form(door: Door) -> None:
    sealed = door.context.settings.vault.encrypt_system
    for value in ("s.", "s.x", "s." + sealed('{"title":"别处来的"}'), "s." + sealed("[1]"), "s." + "A" * 2000):
        async with door.browser() as client:
            client.cookies.set(drafts.DRAFT_COOKIE, value)
            assert (await client.get("/new/2")).headers["location"] == "/new/1"


async def test_forms_begun_at_one_address_are_limited_and_the_page_keeps_what_was_typed(settings: Settings) -> None:
    async with Door.opened(replace(settings, drafts_per_hour=3)) as door:
        statuses = []
        for number in range(5):
            async with browser(door, "203.0.113.5") as client:
                await begin(client)
                response = await send(client, title=f"第 {number} 次")
                statuses.append(response.status_code)
        assert statuses == [303, 303, 303, 429, 429]
        assert 'value="第 4 次"' in response.text
        assert int(response.headers["retry-after"]) >= 1
        assert await FormDraft.all().count() == 3


async def test_a_form_larger_than_any_message_is_not_kept(door: Door) -> None:
    async with door.browser() as client:
        await begin(client)
        response = await client.post(
            "/new/2", data={"title": "长", "text": "长" * 300_000, "drop_attachment": "x"}, files=[("x", b"")]
        )
        assert response.status_code == 422
        assert await FormDraft.all().count() == 0


# ---- the question ----

TRENDING = 3


@pytest.fixture
async def busy_door(settings: Settings) -> AsyncIterator[Door]:
    """An installation that asks a question after three messages a minute."""
    async with Door.opened(replace(settings, challenge_per_minute=TRENDING)) as door:
        yield door


async def message(client: httpx2.AsyncClient, number: int, answer: str = "", phone: str = "") -> httpx2.Response:
    body = {**ANNAS_MESSAGE, "title": f"第 {number} 件", "person": {"phone": phone or f"1390000{number:04}"}}
    headers = {"X-Challenge-Answer": answer} if answer else {}
    return await client.post("/api/v1/cases", json=body, headers=headers)


WORDS = {word: number for number, word in enumerate("零一二三四五六七八九")}


def solve(question: str) -> int:
    """The sum of two numbers below twenty that stand there in words."""
    left, right = question.removesuffix("等于几？").split("加")

    def number(text: str) -> int:
        tens, ten, units = text.rpartition("十")
        return (10 if ten else 0) + (WORDS[units] if units else 0) + (0 if not tens else 10 * WORDS[tens] - 10)

    return number(left) + number(right)


async def test_a_trending_address_is_asked_a_question_and_each_answer_is_good_for_one_message(busy_door: Door) -> None:
    async with browser(busy_door, "203.0.113.5") as client:
        for number in range(TRENDING):
            assert (await message(client, number)).status_code == 201
        refused = await message(client, 8)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "challenge_required")
        asked = refused.json()["error"]["challenge"]
        assert asked["answer_header"] == "X-Challenge-Answer"
        answer = f"{asked['token']} {solve(asked['question'])}"
        assert (await message(client, 8, f"{asked['token']} 1")).status_code == 403
        assert (await message(client, 8, answer)).status_code == 201
        assert (await message(client, 9, answer)).status_code == 403
    async with browser(busy_door, "198.51.100.7") as other:
        assert (await message(other, 10)).status_code == 201


async def test_an_answer_given_elsewhere_or_too_late_is_none(busy_door: Door) -> None:
    async with browser(busy_door, "203.0.113.5") as client, browser(busy_door, "198.51.100.7") as other:
        for number in range(TRENDING):
            await message(client, number)
            await message(other, number + 20)
        asked = (await message(client, 8)).json()["error"]["challenge"]
        answer = f"{asked['token']} {solve(asked['question'])}"
        assert (await message(other, 9, answer)).status_code == 403
        busy_door.pass_time(challenge.LIFETIME)
        assert (await message(client, 8, answer)).status_code == 403


async def test_the_page_asks_in_words_and_keeps_text_and_files(busy_door: Door) -> None:
    async with browser(busy_door, "203.0.113.5") as client:
        for number in range(TRENDING):
            await message(client, number)
        await begin(client)
        await send(client, text_file(1000))
        await client.post("/new/3", data={"person.phone": "13900001234"})
        asked = await client.post("/new/4", data={})
        assert asked.status_code == 403
        assert "路灯不亮" in asked.text
        assert "0.txt" in asked.text
        question = asked.text.split('for="f-challenge_answer">')[1].split("</label>")[0]
        token = asked.text.split('name="challenge_token" value="')[1].split('"')[0]
        answer = {"challenge_token": token, "challenge_answer": str(solve(question))}
        assert (await client.post("/new/4", data=answer)).headers["location"].startswith("/receipt/")


async def test_one_telephone_named_in_very_many_messages_is_trending_too(settings: Settings) -> None:
    limits = replace(settings, challenge_per_minute=60, phone_messages_per_day=2)
    async with Door.opened(limits) as door, browser(door, "203.0.113.5") as client:
        statuses = [(await message(client, number, phone="13900001234")).status_code for number in range(3)]
        assert statuses == [201, 201, 403]
        assert (await message(client, 5, phone="13900009999")).status_code == 201


async def test_staff_are_never_asked(busy_door: Door) -> None:
    token = await busy_door.log_in("reception")
    for number in range(TRENDING + 2):
        body = {**ANNAS_MESSAGE, "title": f"第 {number} 件", "channel": "hotline"}
        assert (await busy_door.post("/api/v1/cases", body, token)).status_code == 201


def test_a_building_is_not_asked_below_sixty_a_minute_and_nobody_in_development() -> None:
    assert Settings().challenge_limit == 0
    assert Settings(env="production").challenge_limit == 60
    assert Settings(env="production", challenge_per_minute=-1).challenge_limit == 0


async def test_nine_files_of_five_megabytes_in_one_form_are_taken_when_nothing_came_just_before(door: Door) -> None:
    async with browser(door, "203.0.113.5") as client:
        await begin(client)
        assert (await send(client, *(text_file(5 * MEGABYTE, number) for number in range(9)))).status_code == 303
        assert (await send(client, text_file(1000, 9))).status_code == 429


async def test_what_is_refused_for_a_moment_takes_nothing_of_the_day(settings: Settings) -> None:
    free = replace(settings, upload_device_day_bytes=3 * MEGABYTE, upload_burst_bytes=2 * MEGABYTE)
    async with Door.opened(free) as door, browser(door, "203.0.113.5") as client, browser(door, "203.0.113.6") as later:
        await begin(client)
        statuses = [(await send(client, text_file(MEGABYTE, number))).status_code for number in range(8)]
        assert statuses == [303] * 2 + [429] * 6
        later.cookies.update(client.cookies)
        assert (await send(later, text_file(MEGABYTE, 9))).status_code == 303
        assert (await send(later, text_file(MEGABYTE, 10))).status_code == 429


async def test_files_sent_by_scripts_are_counted_by_the_browser_that_began_a_form(settings: Settings) -> None:
    free = replace(settings, upload_device_day_bytes=2 * MEGABYTE)
    async with Door.opened(free) as door, browser(door, "203.0.113.5") as first, browser(door, "203.0.113.6") as moved:
        await begin(first)
        moved.cookies.update(first.cookies)
        statuses = [
            (await upload(client, text_file(MEGABYTE, n))).status_code for n, client in enumerate((first, moved))
        ]
        assert statuses == [201, 201]
        assert [(await upload(client, text_file(MEGABYTE, 7))).status_code for client in (first, moved)] == [429, 429]
        assert (await send(first, text_file(MEGABYTE, 8))).status_code == 429
        async with browser(door, "203.0.113.5") as neighbour:
            assert (await upload(neighbour, text_file(MEGABYTE, 9))).status_code == 201


async def test_files_to_a_case_are_counted_by_the_case_that_is_open_in_the_browser(settings: Settings) -> None:
    async with Door.opened(replace(settings, upload_device_day_bytes=MEGABYTE)) as door:
        receipt = await door.submit()
        statuses = []
        for number in range(2):
            async with browser(door, f"203.0.113.{number}") as client:
                await client.post("/lookup", data={"code": receipt["code"], "check": receipt["no"]})
                statuses.append((await upload(client, text_file(MEGABYTE, number))).status_code)
        assert statuses == [201, 429]
