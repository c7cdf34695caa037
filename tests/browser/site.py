"""What does a browser find when it comes to town? A lived-in copy of the demo town, served as in production.

Cases that a test needs in a certain state are brought there over the JSON API, by the people who would do it.
"""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any, TypeVar

import httpx2

from feedback.kernel.settings import Settings, variable_name
from feedback.rules.intake import PersonSubmission, Submission
from tests.conftest import fresh
from tests.flows.story import OPINION
from tests.messages import MIXER
from tests.moments import MONDAY
from tests.people import ANNAS_MESSAGE
from web import bootstrap
from web.actions import cases as case_actions
from web.demo import simulation
from web.tasks import topics

DAYS, CASES = 40, 40
PATIENCE_SECONDS = 60.0
T = TypeVar("T")
REFUSAL = {"ground": "by_procedure", "reason": "属于已经起诉的事项", "where_instead": "请向人民法院提出"}
ANSWER = (
    "您好，您反映的学校门口拥堵问题收悉。经我局会同学校现场核实，情况属实。根据道路交通安全法，"
    "已安排上下学时段专人疏导，并增设护栏，9 月 20 日前完成。对本答复不服的，可以在 30 日内申请复查。"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A case as its owner knows it, and the unit that has it now."""

    no: str
    code: str
    unit: str


@dataclass
class Site:
    """The running installation, and people who can move cases on."""

    settings: Settings
    api: httpx2.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    async def token(self, username: str) -> str:
        """The bearer token of a member of staff, logged in once."""
        if username not in self.tokens:
            response = await self.api.post("/api/v1/sessions", json={"username": username, "password": "demo"})
            assert response.status_code == 201, response.text
            self.tokens[username] = response.json()["token"]
        return self.tokens[username]

    async def handling(self, number: str) -> dict[str, Any]:
        """A handling in the register, with the code on its slip, by the clerk of its unit."""
        matter = (await self.api.get("/api/v1/matters")).json()["items"][0]
        headers = {"Authorization": f"Bearer {await self.token('clerk-' + matter['unit']['code'])}"}
        body = {"handling_no": number, "matter": matter["code"], "window": "3 号窗口"}
        response = await self.api.post("/api/v1/handlings", json=body, headers=headers)
        assert response.status_code in (200, 201), response.text
        handling: dict[str, Any] = response.json()
        return handling

    async def told(self, no: str) -> dict[str, Any]:
        """The case as the reception desk sees it."""
        headers = {"Authorization": f"Bearer {await self.token('reception')}"}
        response = await self.api.get(f"/api/v1/cases/{no}", headers=headers)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def act(self, no: str, act: str, username: str, data: Mapping[str, Any]) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {await self.token(username)}"}
        return await self.api.post(f"/api/v1/cases/{no}/acts/{act}", json=dict(data), headers=headers)

    async def case(self, state: str, **fields: Any) -> Case:
        """A new case in that state: received, assigned, accepted, replied, declined or withdrawn."""
        response = await self.api.post("/api/v1/cases", json={**ANNAS_MESSAGE, **fields})
        assert response.status_code == 201, response.text
        no, code = response.json()["no"], response.json()["code"]
        if state == "received":
            return Case(no, code, "")
        unit = await self._assigned(no)
        steps: dict[str, list[tuple[str, dict[str, Any]]]] = {
            "assigned": [],
            "withdrawn": [],
            "accepted": [("accept", {})],
            "replied": [
                ("accept", {}),
                ("reply", {"text": ANSWER, **(OPINION if fields.get("kind") == "appeal" else {})}),
            ],
            "declined": [("decline", REFUSAL)],
        }
        if state == "withdrawn":
            data = {"code": code, "reason": "问题已经解决了"}
            done = await self.api.post(f"/api/v1/cases/{no}/acts/withdraw", json=data)
            assert done.status_code == 200, done.text
        for act, data in steps[state]:
            who = "reception" if act == "decline" else f"lead-{unit}" if act == "reply" else f"clerk-{unit}"
            done = await self.act(no, act, who, data)
            assert done.status_code == 200, done.text
        return Case(no, code, unit)

    async def known(self, state: str, **data: Any) -> Case:
        """A case in that state which pages may show but nobody changes; made once."""
        key = f"{state} {sorted(data.items())}"
        if key not in self.cases:
            self.cases[key] = await self.case(state, **data)
        return self.cases[key]

    async def _assigned(self, no: str) -> str:
        """The unit that has it: by the worker, or by the desk when the classifier was in doubt."""

        async def unit() -> str:
            case = await self.told(no)
            if case["unit"]:
                return str(case["unit"]["code"])
            # The worker may be faster: then this is refused, and the next look finds its unit.
            await self.act(no, "assign", "reception", {"unit": "jiaoyu", "reason": "受理窗口人工分派"})
            return ""

        return await until(unit, f"{no} is assigned")


async def until(condition: Callable[[], Awaitable[T]], what: str) -> T:
    """The first answer of the condition that is true of itself.

    Raises TimeoutError when none comes in time.
    """
    last = time.monotonic() + PATIENCE_SECONDS
    while not (result := await condition()):
        if time.monotonic() > last:
            raise TimeoutError(what)
        await asyncio.sleep(0.05)
    return result


async def live_in(town: Settings) -> None:
    """Let some weeks pass in the town, with much to see on every page."""
    async with bootstrap.open_context(replace(town, now=MONDAY)) as context:
        await simulation.DemoSimulation(context, cases_count=CASES, days=DAYS).run()
        # Before the server's own time begins, which gathers once more when it starts.
        earlier = replace(context, clock=context.clock.starting_at(MONDAY - timedelta(hours=1)))
        for i, (title, text) in enumerate(MIXER):  # five people about one matter: a hot topic
            person = PersonSubmission("安小娜", f"1390000{i:04}")
            await case_actions.submit_case(earlier, Submission("complaint", title, text, "web", "", person=person))
        await topics.update_topics(context, context.clock.now())


@contextlib.asynccontextmanager
async def served(town: Settings, folder: Path) -> AsyncIterator[Site]:
    """A copy of that town under `xinqiao serve` with the worker inside."""
    async with fresh(town, folder) as copy:
        settings = replace(
            copy,
            port=_free_port(),
            now=MONDAY,
            submit_per_minute=6000,
            lookup_per_minute=6000,
            login_per_minute=6000,
            drafts_per_hour=6000,
        )
        log = folder / "server.log"
        with _process(settings, log) as server:
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=30) as api:

                async def answers() -> bool:
                    assert server.poll() is None, log.read_text()
                    with contextlib.suppress(httpx2.TransportError):
                        return (await api.get("/healthz")).status_code == 200
                    return False

                await until(answers, "the server answers")
                yield Site(settings, api)


@contextlib.contextmanager
def _process(settings: Settings, log: Path) -> Iterator["Popen[bytes]"]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XINQIAO_")}
    for row in fields(settings):
        value = getattr(settings, row.name)
        if value != row.default:
            environment[variable_name(row)] = value.isoformat() if row.name == "now" else str(value)
    command = [sys.executable, "-m", "web", "serve"]
    with log.open("wb") as output, Popen(command, env=environment, stdout=DEVNULL, stderr=output) as server:
        try:
            yield server
        finally:
            server.terminate()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
