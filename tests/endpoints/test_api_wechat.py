"""Is a mini-program's code exchanged with WeChat, and does its session open nothing it should not?"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from feedback.kernel.settings import Settings
from tests.people import Door

PATH = "/api/v1/sessions/wx"


@asynccontextmanager
async def wechat(answer: bytes) -> AsyncIterator[tuple[str, list[dict[str, list[str]]]]]:
    """A server on this machine that answers as WeChat would, and what it was asked."""
    asked: list[dict[str, list[str]]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode()
        while (await reader.readline()).strip():
            pass
        asked.append(parse_qs(urlsplit(line.split()[1]).query))
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def logged_in(settings: Settings, answer: Any, code: str = "0c1") -> tuple[Any, list[dict[str, list[str]]], Any]:
    """What the API answered, what WeChat was asked, and what the new session sees at the desk."""
    raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    async with wechat(raw) as (base, asked):
        configured = replace(settings, wx_app_id="wx1", wx_secret="s3cret", wx_base=base)
        async with Door.opened(configured) as door:
            response = await door.post(PATH, {"code": code})
            token = response.json().get("token", "none")
            return response, asked, await door.get("/api/v1/desk/cases", token)


async def test_the_code_is_exchanged_and_the_session_opens_no_desk(settings: Settings) -> None:
    response, asked, desk = await logged_in(settings, {"openid": "o-1", "session_key": "k"}, code="0c1&appid=evil")
    assert response.status_code == 201, response.text
    assert set(response.json()) == {"token", "expires_at"}
    assert asked[0]["js_code"] == ["0c1&appid=evil"]
    assert asked[0]["appid"] == ["wx1"]
    assert desk.status_code == 401


@pytest.mark.parametrize("errcode", [40029, 40163])
async def test_a_code_wechat_does_not_take_is_401(settings: Settings, errcode: int) -> None:
    response, _, _ = await logged_in(settings, {"errcode": errcode, "errmsg": "invalid code"})
    assert (response.status_code, response.json()["error"]["code"]) == (401, "wechat_refused")


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}", b"\xff\xfe", {"errcode": -1}, {"openid": 7}])
async def test_an_answer_that_is_none_is_503(settings: Settings, answer: Any) -> None:
    response, _, _ = await logged_in(settings, answer)
    assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")


async def test_a_wechat_that_is_not_there_is_503(settings: Settings) -> None:
    configured = replace(settings, wx_app_id="wx1", wx_secret="s3cret", wx_base="http://127.0.0.1:9")
    async with Door.opened(configured) as door:
        assert (await door.post(PATH, {"code": "0c1"})).status_code == 503
