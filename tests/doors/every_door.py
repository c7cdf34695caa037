"""Which doors are there, what can be said at each of them, and what does each answer? A survey by one person.

The routes are read from the application itself, so a new one is walked as soon as it exists.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx2
from starlette.routing import Mount, Route

from feedback.kernel.clock import Clock
from feedback.lifecycle import Act

ENDLESS = {"/board/stream": "a stream of what /board/fragment shows"}
OWN = {
    "/api/v1/sessions": "opens and ends sessions",
    "/logout": "ends the session",
    "/case/leave": "drops the cookie",
    "/sw.js": "a file",
    "/api/v1/docs": "no query",
    "/admin/learning/train": "asks for a candidate; whoever asks again is told that one is being made",
    "/api/v1/releases": "the same for programs",
}
ACTS = (*Act, "nothing")


@dataclass(frozen=True)
class Still(Clock):
    """A clock that stands, so that two looks at the same page can be compared."""

    moment: datetime | None = None

    def now(self) -> datetime:
        assert self.moment is not None
        return self.moment


@dataclass(frozen=True)
class Words:
    """What somebody says at a door: the words of a case there is, or of one there is not. The code is a third one's."""

    no: str
    file: str
    text: str
    code: str

    def taken_from(self, answer: str) -> str:
        """The answer without what was only echoed."""
        for said in (self.no, self.no.replace("-", ""), self.file, self.text, quote(self.text), self.code):
            answer = answer.replace(said, "…")
        return answer


@dataclass(frozen=True)
class Knock:
    """One request: the door as the routes name it, and what is said there."""

    method: str
    route: str
    path: str
    form: Mapping[str, Any]
    is_json: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def routes(found: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route, those below a mount included."""
    for route in found:
        if isinstance(route, Mount) and route.routes:
            yield from routes(route.routes, prefix + route.path)
        elif isinstance(route, Route):
            for method in sorted(route.methods or ()):
                yield method, prefix + route.path


def knocks(app: Any, words: Words) -> list[Knock]:
    """Every door with the words put wherever the address, a search box or a field takes them."""
    found = []
    for method, route in routes(app.router.routes):
        if route in ENDLESS or route in OWN or method == "HEAD":
            continue
        for path in _paths(route, words, ACTS if method == "POST" else ACTS[:1]):
            if method == "GET":
                found += [Knock(method, route, address, {}, False) for address in _asked(path, words)]
            else:
                is_json = route.startswith("/api/")
                found.append(Knock(method, route, path, _form(words, is_json), is_json))
    return found


def _paths(route: str, words: Words, acts: Iterable[str]) -> list[str]:
    paths = [route.replace("{no}", words.no).replace("{code}", "jiwei")]
    if "{form}" in route:  # letters: counted numbers, so that somebody may try them all
        paths = [path.replace("{id}.{form}", f"{number}.docx") for path in paths for number in range(1, 9)]
    paths = [
        path.replace("{id}", each) for path in paths for each in ((words.file, words.no) if "{id}" in path else ("",))
    ]
    if "{act}" in route:
        paths = [path.replace("{act}", str(act)) for path in paths for act in acts]
    if "{step:int}" in route:
        paths = [path.replace("{step:int}", str(step)) for path in paths for step in range(1, 5)]
    return paths


def _asked(path: str, words: Words) -> list[str]:
    return [path, f"{path}?q={words.text}", f"{path}?q={words.no}&no={words.no}&code={words.code}&wall=1"]


def _form(words: Words, is_json: bool) -> dict[str, Any]:
    """Everything a form may ask for, in one; most doors find something wrong with it, and none may say more."""
    texts = dict.fromkeys(("no", "case", "cases", "case_no", "check", "link", "handling_no", "id"), words.no)
    texts |= dict.fromkeys(("q", "matter", "token", "username", "password", "remark"), words.text)
    lists: dict[str, Any] = {"attachments": [words.file], "units": ["jiwei"]}
    other = {"code": words.code, "unit": "jiaoyu", "act": "urge", "next": f"/desk/cases/{words.no}", "version": "1"}
    level: dict[str, Any] = {"level": 3 if is_json else "3", "version": 1 if is_json else "1"}
    return {**texts, **other, **lists, **level, "reason": "看看有没有", "confirmed": "1"}


async def answered(client: httpx2.AsyncClient, knock: Knock) -> tuple[int, str]:
    """What the door says: status and body, without what is new every time."""
    sent = {"json": knock.form} if knock.is_json else {"data": knock.form}
    response = await client.request(knock.method, knock.path, **(sent if knock.method != "GET" else {}))
    where = response.headers.get("location", "")
    return response.status_code, _settled(where + "\n" + _readable(response))


def _readable(response: httpx2.Response) -> str:
    if not response.content.startswith(b"PK"):
        return response.text
    with zipfile.ZipFile(io.BytesIO(response.content)) as book:
        return "\n".join(book.read(name).decode() for name in sorted(book.namelist()) if "docProps" not in name)


_NEW_EVERY_TIME = re.compile(r'(name="key" value=|request_id": ?)"[^"]*"|python_\w+ \S+|process_\w+ \S+')


def _settled(text: str) -> str:
    return _NEW_EVERY_TIME.sub("…", text)
