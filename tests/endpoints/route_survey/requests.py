"""Which doors are there, what can be said at each of them, and what does each answer? A survey by one person.

The routes are read from the application itself, so a new one is walked as soon as it exists.

On SQLite every one of the 13 people knocks at every door, before and after a report. On PostgreSQL five of them do, one
for each sort of access: what a door may tell is decided by rules that know no database, and what a database can get
wrong (a filter it applies otherwise, an order, a count) shows with one person of each sort at the same doors.
"""

import io
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
from starlette.routing import Mount, Route

from feedback.kernel.clock import SystemClock
from feedback.rules.vocabulary import Act
from routing.oversight.measure_types import MeasureStep

ACTS = (*Act, "nothing")
STEPS_OF_LINKS = ("merge", "answer", "dismiss", "confirm", "new_facts", "nothing")
ELSEWHERE = "0"
"""The number of something there is none of: of a thing that has nothing to do with a case."""


@dataclass(frozen=True)
class Still(SystemClock):
    """A clock that stands, so that two looks at the same page can be compared."""

    moment: datetime | None = None

    def now(self) -> datetime:
        assert self.moment is not None
        return self.moment


@dataclass(frozen=True)
class Words:
    """What somebody says at a door: the words of a case there is, or of one there is not. The code is a third one's.

    `ids`: what its things are found by: file, letter, link, notice, proposal.
    """

    no: str
    text: str
    code: str
    ids: Mapping[str, str]

    def taken_from(self, answer: str, path: str) -> str:
        """The answer without what was only echoed."""
        for sentence in (
            urlsplit(path).path,
            self.no,
            self.no.replace("-", ""),
            self.ids["file"],
            self.text,
            quote(self.text),
            self.code,
        ):
            answer = answer.replace(sentence, "…")
        return answer


@dataclass(frozen=True)
class Knock:
    """One request: the door as the routes name it, and what is said there."""

    method: str
    route: str
    variant: str
    path: str
    form: Mapping[str, Any]
    is_json: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.route} {self.variant}".rstrip()


def routes(mounted: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route, those below a mount included."""
    for route in mounted:
        if isinstance(route, Mount) and route.routes:
            yield from routes(route.routes, prefix + route.path)
        elif isinstance(route, Route):
            for method in sorted(route.methods or ()):
                yield method, prefix + route.path


def knocks(app: Any, words: Words, left_out: Collection[str]) -> Iterator[Knock]:
    """Every door with the words put wherever the address, a search box or a field takes them."""
    for method, route in routes(app.router.routes):
        if f"{method} {route}" in left_out or method == "HEAD":
            continue
        for variant, path in _paths(method, route, words):
            if method == "GET":
                for how, asked in _asked(words, is_of_one="{" in route).items():
                    yield Knock(method, route, f"{variant} {how}".strip(), path + asked, {}, False)
            else:
                is_json = route.startswith("/api/")
                yield Knock(method, route, variant, path, _form(words, is_json), is_json)


def _paths(method: str, route: str, words: Words) -> Iterator[tuple[str, str]]:
    """The addresses of a route. A part that is not known here must be given its place."""
    known = {
        "no": (words.no,),
        "code": ("jiwei",),
        "id": (words.ids.get(_thing(route), ELSEWHERE),),
        "form": ("docx",),
        # Only a step that is taken can say something: a look at its address leads back to the case.
        "act": ACTS[:1] if method == "GET" else MeasureStep if "/measures/" in route else ACTS,
        "what": STEPS_OF_LINKS[:1] if method == "GET" else STEPS_OF_LINKS,
        "step:int": range(1, 5),
        "seq:int": (1,),
        "term": ("forward",),
        "thread": (ELSEWHERE,),
        "name": (ELSEWHERE,),
        "number:int": (ELSEWHERE,),
        "id:int": (ELSEWHERE,),
        "number": (ELSEWHERE,),
        "token": (ELSEWHERE,),
        "key": (ELSEWHERE,),
    }
    parts = re.findall(r"{([^}]+)}", route)
    for values in product(*(known[part] for part in parts)):
        path = route
        for part, value in zip(parts, values, strict=True):
            path = path.replace(f"{{{part}}}", str(value))
        several = [str(v) for part, v in zip(parts, values, strict=True) if part in ("act", "what", "step:int")]
        yield " ".join(several), path


def _thing(route: str) -> str:
    """Of what sort the thing is whose id stands in the address."""
    named = ("files", "attachments", "letters", "links", "notices", "proposals")
    if "/phone-calls/{id}" in route:
        return "notice"
    name_of_thing = next((name for name in named if f"/{name}/{{id}}" in route), "")
    return "file" if name_of_thing == "attachments" else name_of_thing.removesuffix("s")


def _asked(words: Words, *, is_of_one: bool) -> dict[str, str]:
    """What is asked after an address, by how it is asked."""
    plain = {"": "", "by number": f"?q={words.no}&no={words.no}&code={words.code}&wall=1"}
    return plain if is_of_one else plain | {"by words": f"?q={words.text}"}


def _form(words: Words, is_json: bool) -> dict[str, Any]:
    """Everything a form may ask for, in one; most doors find something wrong with it, and none may say more."""
    texts = dict.fromkeys(("no", "case", "cases", "case_no", "check", "link", "handling_no", "id"), words.no)
    texts |= dict.fromkeys(("q", "matter", "token", "username", "password", "remark"), words.text)
    lists: dict[str, Any] = {"attachments": [words.ids["file"]], "units": ["jiwei"]}
    other = {"code": words.code, "unit": "jiaoyu", "act": "urge", "next": f"/desk/cases/{words.no}", "version": "1"}
    level: dict[str, Any] = {"level": 3 if is_json else "3", "version": 1 if is_json else "1"}
    return {**texts, **other, **lists, **level, "reason": "看看有没有", "confirmed": "1"}


async def answered(client: httpx2.AsyncClient, knock: Knock) -> tuple[int, str]:
    """What the door says: status and body, without what is new every time."""
    sent: dict[str, Any] = {"json": knock.form} if knock.is_json else {"data": knock.form}
    response = await client.request(knock.method, knock.path, **(sent if knock.method != "GET" else {}))
    where = response.headers.get("location", "")
    return response.status_code, _settled(where + "\n" + _readable(response))


def _readable(response: httpx2.Response) -> str:
    if not response.content.startswith(b"PK"):
        return response.text
    with zipfile.ZipFile(io.BytesIO(response.content)) as book:
        return "\n".join(book.read(name).decode() for name in sorted(book.namelist()) if name.startswith(_WORDS_IN))


_WORDS_IN = ("word/document", "xl/sharedStrings", "xl/worksheets")
_NEW_EVERY_TIME = re.compile(
    r'(name="(key|sealed)" value=|request_id": ?)"[^"]*"|python_\w+ \S+|process_\w+ \S+'
    r"|(?:(?:# (?:HELP|TYPE) )?xinqiao_(?:http|storage)_[^\n]*\n)+|剩余 [\d.]+ [GM]B"  # requests counted, free space
    r'|src="[^"]*" alt="给验证器扫|class="num secret">[^<]*'  # a fresh secret each time it is offered
)


def _settled(text: str) -> str:
    return _NEW_EVERY_TIME.sub("…", text)
