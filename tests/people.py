"""The people in the tests: Anna the citizen, clerks and heads of units, the overseer, a stranger, and their clients."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2

from feedback.kernel import outbox
from feedback.kernel.clock import SystemClock
from feedback.kernel.settings import Settings
from web import bootstrap
from web.app import create_app
from web.context import AppContext

BASE = "http://testserver"


@dataclass
class Door:
    """The application under test, in this process, over whole HTTP requests."""

    app: Any
    client: httpx2.AsyncClient
    settings: Settings

    @classmethod
    @asynccontextmanager
    async def opened(cls, settings: Settings) -> AsyncIterator["Door"]:
        app = create_app(settings, with_worker=False)
        async with app.router.lifespan_context(app):
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
                yield cls(app, client, settings)

    @property
    def context(self) -> AppContext:
        context: AppContext = self.app.state.context
        return context

    def set_time(self, moment: datetime) -> None:
        """It is `moment` from now on."""
        self.context.clock = SystemClock.starting_at(moment)

    def pass_time(self, span: timedelta) -> None:
        self.set_time(self.context.clock.now() + span)

    async def drain(self) -> int:
        """Carry out everything that follows from what happened."""
        return await outbox.drain(bootstrap.build_handlers(self.context), self.context.clock.now())

    async def get(self, path: str, token: str = "", **more: Any) -> httpx2.Response:
        return await self.client.get(path, headers=_bearer(token), **more)

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, token: str = "", **more: Any
    ) -> httpx2.Response:
        return await self.client.post(path, json=body if body is not None else {}, headers=_bearer(token), **more)

    async def log_in(self, username: str) -> str:
        """The bearer token of a member of staff."""
        response = await self.post("/api/v1/sessions", {"username": username, "password": "demo"})
        assert response.status_code == 201, response.text
        return str(response.json()["token"])

    async def submit(self, **fields: Any) -> dict[str, Any]:
        """Anna hands in a message. Returns the receipt."""
        body = {**ANNAS_MESSAGE, **fields}
        response = await self.post("/api/v1/cases", body)
        assert response.status_code in (200, 201), response.text
        receipt: dict[str, Any] = response.json()
        return receipt

    async def act(self, no: str, act: str, body: Mapping[str, Any] | None = None, token: str = "") -> httpx2.Response:
        return await self.post(f"/api/v1/cases/{no}/acts/{act}", body or {}, token)

    async def page_client(self, username: str) -> httpx2.AsyncClient:
        """A browser (without scripts) in which somebody of the staff is logged in. Close it after use."""
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        client = httpx2.AsyncClient(transport=transport, base_url=BASE)
        response = await client.post("/login", data={"username": username, "password": "demo"})
        assert response.status_code == 303, response.text
        return client

    def browser(self) -> httpx2.AsyncClient:
        """A browser (without scripts) of a citizen. Close it after use."""
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url=BASE)


ANNAS_MESSAGE: Mapping[str, Any] = {
    "kind": "complaint",
    "title": "小学门口早晚高峰拥堵",
    "text": "清波社区小学门口每天早晚高峰车辆乱停，孩子过马路很危险，希望交警安排人疏导。",
    "channel": "app",
    "public_consent": True,
    "person": {"name": "安小娜", "phone": "13900001234"},
}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
