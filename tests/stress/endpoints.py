"""The addresses people and programs use, asked as they ask, and what an answer must look like while something is broken.

An answer is right when it is the one of every day, or 503 with `Retry-After` in the usual form of errors: JSON with
`error.code` and `error.message` from the API, a page from the pages (CONTRACT §2 and §4).
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

import httpx2

TIMEOUT_SECONDS = 60  # what a proxy in front usually waits before it gives up
ANSWER_SECONDS = 20
"""The longest that anybody may wait for an answer, a refusal included."""

MATTER = "YC032000001"
UNAVAILABLE = 503
PASSWORD = "demo"
NO_ANSWER = 0


@dataclass(frozen=True)
class Endpoint:
    """One way in: what it answers on an ordinary day."""

    name: str
    usual: frozenset[int]
    is_api: bool


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered. `at` and `seconds`: when it was asked (monotonic clock) and how long it took."""

    endpoint: str
    at: float
    seconds: float
    status: int
    fault: str
    """Why it is not right, in words. Empty: it is."""

    @property
    def is_usual(self) -> bool:
        return not self.fault and self.status != UNAVAILABLE


def fault_of(endpoint: Endpoint, response: httpx2.Response, seconds: float, *, may_refuse: bool) -> str:
    """Why an answer is not right, or "". `may_refuse`: 503 is right as well, because what it needs is away."""
    status = response.status_code
    if status not in endpoint.usual and not (may_refuse and status == UNAVAILABLE):
        return f"{status} instead of {' or '.join(str(s) for s in sorted(endpoint.usual))}" + _wrong_form(
            endpoint, response
        )
    if seconds > ANSWER_SECONDS:
        return f"{status} after {seconds:.0f} s"
    if status == UNAVAILABLE and not response.headers.get("retry-after", "").isdigit():
        return "503 without Retry-After" + _wrong_form(endpoint, response)
    return f"503{wrong}" if status == UNAVAILABLE and (wrong := _wrong_form(endpoint, response)) else ""


def _wrong_form(endpoint: Endpoint, response: httpx2.Response) -> str:
    """What is wrong with the form of an answer that refuses."""
    if response.status_code < 400:
        return ""
    kind = response.headers.get("content-type", "").partition(";")[0]
    if "Traceback" in response.text:
        return ", shows a traceback"
    if not endpoint.is_api:
        return "" if kind == "text/html" else f", is {kind or 'nothing'}, not a page"
    if kind != "application/json":
        return f", is {kind or 'nothing'}, not JSON"
    error = response.json().get("error", {})
    return "" if error.get("code") and error.get("message") else ", has no error.code and error.message"


@dataclass
class Submission:
    """A message sent by a program, which sends it again under the same source_id until it has the receipt."""

    source_id: str = field(default_factory=lambda: f"stress-{uuid.uuid4()}")
    attachments: tuple[str, ...] = ()
    no: str = ""
    code: str = ""
    acknowledged_at: float = 0.0

    async def send(self, client: httpx2.AsyncClient) -> httpx2.Response:
        body = {
            "kind": "complaint",
            "title": f"路灯不亮 {self.source_id[-8:]}",
            "text": "清河路上三盏路灯已经坏了一周，晚上很黑，请维修。",
            "channel": "app",
            "source_id": self.source_id,
            "attachments": list(self.attachments),
            "person": {"name": "安小娜", "phone": "13900001234"},
        }
        response = await client.post("/api/v1/cases", json=body)
        if response.status_code in (200, 201) and not self.no:
            receipt = response.json()
            self.no, self.code, self.acknowledged_at = receipt["no"], receipt["code"], time.monotonic()
        return response


@dataclass
class FormSubmission:
    """A message sent through the four pages, which goes on from the page where it was stopped."""

    client: httpx2.AsyncClient
    step: int = 1
    no: str = ""

    async def send(self) -> httpx2.Response:
        """Go on to the receipt. Returns the answer that ended it: the receipt's redirect, or the one that stopped it."""
        pages: Mapping[int, Mapping[str, str]] = {
            1: {"kind": "complaint"},
            2: {
                "title": "井盖松动",
                "text": "清波社区门口的井盖松动，车一过就响，请来看看。",
                "region": "",
                "address": "",
            },
            3: {"person.name": "安小娜", "person.phone": "13900001234", "person.id_number": ""},
            4: {},
        }
        while True:
            response = await self.client.post(f"/new/{self.step}", data=dict(pages[self.step]))
            where = response.headers.get("location", "")
            if response.status_code != 303:
                return response
            if where.startswith("/receipt/"):
                self.no = where.rsplit("/", 1)[1]
                return response
            self.step = int(where.rsplit("/", 1)[1].partition("#")[0])


class Visitors:
    """Citizens and staff in front of one installation, who were there before something broke."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.citizen = self._client()
        self.clerk, self.overseer = self._client(), self._client()
        self.bearer: Mapping[str, str] = {}
        self.submissions: list[Submission] = []
        self.forms: list[FormSubmission] = []
        self.attachments: list[str] = []
        self._clients = [self.citizen, self.clerk, self.overseer]

    def _client(self) -> httpx2.AsyncClient:
        # Each request has a connection of its own: one that was kept open from before a restart says nothing.
        limits = httpx2.Limits(max_keepalive_connections=0)
        return httpx2.AsyncClient(base_url=self.base, timeout=TIMEOUT_SECONDS, limits=limits)

    async def __aenter__(self) -> "Visitors":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            await client.aclose()

    async def arrive(self) -> None:
        """Staff log in and a first case comes in, while all is well. Raises RuntimeError when it is not."""
        for client, username in ((self.clerk, "reception"), (self.overseer, "supervisor")):
            _expect(await client.post("/login", data={"username": username, "password": PASSWORD}), 303)
        session = _expect(await self._log_in(), 201).json()
        self.bearer = {"Authorization": f"Bearer {session['token']}"}
        _expect(await self.submit(), 201)

    async def ask_all(self, *, may_refuse: bool) -> list[Answer]:
        """Ask every endpoint once, all at the same time."""
        return list(await asyncio.gather(*(self._ask(e, may_refuse=may_refuse) for e in ENDPOINTS)))

    async def _ask(self, endpoint: Endpoint, *, may_refuse: bool) -> Answer:
        started = time.monotonic()
        try:
            response = await _CALLS[endpoint.name](self)
        except httpx2.TransportError as fault:
            seconds = time.monotonic() - started
            words = f"no answer: {type(fault).__name__} {fault} after {seconds:.0f} s"
            return Answer(endpoint.name, started, seconds, NO_ANSWER, words)
        seconds = time.monotonic() - started
        words = fault_of(endpoint, response, seconds, may_refuse=may_refuse)
        return Answer(endpoint.name, started, seconds, response.status_code, words)

    # ---- the calls ----

    async def submit(self, attachments: Sequence[str] = ()) -> httpx2.Response:
        submission = Submission(attachments=tuple(attachments))
        self.submissions.append(submission)
        return await submission.send(self.citizen)

    async def _submit_by_page(self) -> httpx2.Response:
        client = self._client()
        self._clients.append(client)
        form = FormSubmission(client)
        self.forms.append(form)
        return await form.send()

    async def _look_up(self) -> httpx2.Response:
        first = self.submissions[0]
        return await self.citizen.get(f"/api/v1/cases/{first.no}", params={"code": first.code})

    async def _look_up_by_page(self) -> httpx2.Response:
        first = self.submissions[0]
        return await self.citizen.post("/lookup", data={"check": first.no, "code": first.code})

    async def _log_in(self) -> httpx2.Response:
        return await self.citizen.post("/api/v1/sessions", json={"username": "admin", "password": PASSWORD})

    async def _log_in_by_page(self) -> httpx2.Response:
        async with self._client() as client:
            return await client.post("/login", data={"username": "auditor", "password": PASSWORD})

    async def _upload(self) -> httpx2.Response:
        content = f"现场说明 {uuid.uuid4()}\n".encode() * 100  # new each time: the same file twice is written once
        response = await self.citizen.post("/api/v1/attachments", files={"file": ("现场.txt", content, "text/plain")})
        if response.status_code == 201:
            self.attachments.append(response.json()["id"])
        return response

    async def _rate(self) -> httpx2.Response:
        body = {"handling_no": f"stress-{uuid.uuid4().hex[:16]}", "matter": MATTER, "level": 5, "pf": "2"}
        return await self.citizen.post("/api/v1/ratings", json=body)

    async def _queue(self) -> httpx2.Response:
        return await self.clerk.get("/desk")

    async def _queue_by_api(self) -> httpx2.Response:
        return await self.citizen.get("/api/v1/desk/cases", headers=self.bearer)

    async def _health(self) -> httpx2.Response:
        return await self.citizen.get("/healthz")

    # ---- afterwards ----

    @property
    def messages(self) -> list[Submission | FormSubmission]:
        """Everything that was sent, with a receipt or without."""
        return [*self.submissions, *self.forms]

    async def send_again(self) -> None:
        """Send what has no receipt yet once more, as a phone and a patient person do. Refusals are left for later."""
        for submission in self.submissions:
            if not submission.no:
                await submission.send(self.citizen)
        for form in self.forms:
            if not form.no:
                await form.send()

    async def state_of(self, no: str, code: str) -> Mapping[str, object]:
        """The case as its citizen sees it, or {} when there is none."""
        response = await self.citizen.get(f"/api/v1/cases/{no}", params={"code": code})
        state: Mapping[str, object] = response.json() if response.status_code == 200 else {}
        return state


def _expect(response: httpx2.Response, status: int) -> httpx2.Response:
    if response.status_code != status:
        where = f"{response.request.method} {response.request.url.path}"
        raise RuntimeError(f"before the fault, {where} answers {response.status_code} instead of {status}")
    return response


def _row(name: str, *usual: int, is_api: bool) -> Endpoint:
    return Endpoint(name, frozenset(usual), is_api)


ENDPOINTS = (
    _row("submit, API", 201, is_api=True),
    _row("submit, page", 303, is_api=False),
    _row("look up, API", 200, is_api=True),
    _row("look up, page", 303, is_api=False),
    _row("log in, API", 201, is_api=True),
    _row("log in, page", 303, is_api=False),
    _row("upload", 201, is_api=True),
    _row("rate", 201, 202, is_api=True),
    _row("desk queue, API", 200, is_api=True),
    _row("desk queue, page", 200, is_api=False),
    _row("/healthz", 200, is_api=False),
)
_CALLS: Mapping[str, Callable[[Visitors], Awaitable[httpx2.Response]]] = {
    "submit, API": Visitors.submit,
    "submit, page": Visitors._submit_by_page,
    "look up, API": Visitors._look_up,
    "look up, page": Visitors._look_up_by_page,
    "log in, API": Visitors._log_in,
    "log in, page": Visitors._log_in_by_page,
    "upload": Visitors._upload,
    "rate": Visitors._rate,
    "desk queue, API": Visitors._queue_by_api,
    "desk queue, page": Visitors._queue,
    "/healthz": Visitors._health,
}
