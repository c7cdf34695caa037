"""What becomes of a form that a member of staff sends after the session ended? Kept, and filled in after the log-in.

It works for every form of the staff's pages without any of them knowing of it, and without scripts. What was typed is
sealed under the name of whoever typed it, shown to nobody else, forgotten after half a day, and stands in no address
and no log; the cookie only says that there may be something. Files are not kept: they are chosen again.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback.kernel.errors import Refusal
from feedback.rules.access import Actor
from web.auth import cookies, drafts, sessions
from web.context import AppContext
from web.wording import catalogue

COOKIE = "xq_kept"
HOURS = 12
MOST = 200_000  # characters: the longest answer with its facts and its basis is a quarter of it
_DRAFT = "sent-too-late"
_STAFF_PATHS = ("/desk", "/board", "/admin")
_SECRET_PATHS = ("/password", "/second-factor", "/second-factor/off")
_NEVER_FILLED = frozenset({"hidden", "file", "submit", "button", "image", "reset", "password"})
_OURS = 500
_UNSAID_MOST = 4  # a field without a name for people is shown when it is longer than a code


@dataclass(frozen=True, slots=True)
class PendingForm:
    """A form that came too late: where it was sent, the page it stood on, and what was typed."""

    path: str
    page: str
    fields: tuple[tuple[str, str], ...]
    until: str
    paths: tuple[str, ...] = ()  # wherever the same form may be sent

    def goes_to(self, path: str) -> bool:
        return path == self.path or path in self.paths


async def keep(request: Request, response: Response) -> None:
    """Keep what was typed for whoever's session it was; nobody else can be meant by an ended one."""
    context: AppContext = request.app.state.context
    username = await sessions.expired_session_user(request)
    if username is None:
        return
    fields = await _typed(request)
    path = request.url.path
    until = context.clock.now() + timedelta(hours=HOURS)
    await _store(context, username, PendingForm(path, _page_of(request) or path, fields, until.isoformat()))
    cookies.set_cookie(response, context, COOKIE, "1", HOURS)


async def _typed(request: Request) -> tuple[tuple[str, str], ...]:
    """What was typed; nothing of what is larger than any form of ours, or none: there is still the way back.

    A password or a code is never kept, not even sealed.
    """
    if request.url.path.endswith(_SECRET_PATHS):
        return ()
    try:
        async with request.form(max_files=20, max_fields=500) as form:
            fields = tuple((name, value) for name, value in form.multi_items() if isinstance(value, str))
    except (HTTPException, Refusal):
        return ()
    return fields if sum(len(name) + len(value) for name, value in fields) <= MOST else ()


def _page_of(request: Request) -> str:
    """The page of ours on which the form stood, or ""."""
    said = urlsplit(request.headers.get("referer", ""))
    own = said.netloc == request.url.netloc and said.path.startswith(_STAFF_PATHS)
    return said._replace(scheme="", netloc="", fragment="").geturl() if own else ""


async def _store(context: AppContext, username: str, kept: PendingForm) -> None:
    until = datetime.fromisoformat(kept.until)
    await drafts.keep_staff_draft(context, _DRAFT, username, asdict(kept), until=until)


async def kept_of(context: AppContext, actor: Actor) -> PendingForm | None:
    """What was kept for somebody, while it is."""
    found = await drafts.staff_draft(context, _DRAFT, actor.id)
    if not found:
        return None
    kept = PendingForm(**{**found, "fields": tuple(map(tuple, found["fields"])), "paths": tuple(found["paths"])})
    if datetime.fromisoformat(kept.until) > context.clock.now():
        return kept
    await drop(context, actor)
    return None


async def drop(context: AppContext, actor: Actor) -> None:
    """Forget it."""
    await drafts.drop_staff_draft(context, _DRAFT, actor.id)


async def way_back(request: Request, actor: Actor, asked: str) -> str:
    """Where to go after the log-in: the page the form stood on, if one was kept for whoever logs in."""
    context: AppContext = request.app.state.context
    if COOKIE not in request.cookies:
        return asked
    kept = await kept_of(context, actor)
    if kept is None or kept.path != asked:
        return asked
    if not kept.fields:
        await drop(context, actor)  # a button without words: it is only pressed again
    return kept.page


async def restored(app: ASGIApp, scope: Scope, receive: Receive, send: Send, actor: Actor) -> None:
    """The answer of the application, with what was kept filled into its form; once that is sent, it is forgotten."""
    request = Request(scope, receive)
    context: AppContext = request.app.state.context
    kept = await kept_of(context, actor)
    if kept is None:
        await app(scope, receive, send)
    elif request.method == "POST" and kept.goes_to(request.url.path):
        await app(scope, receive, _forgetting(send, context, actor))
    elif request.method == "GET" and not request.headers.get("hx-request"):
        await _filling(app, scope, receive, send, kept, actor)
    else:
        await app(scope, receive, send)


def _forgetting(send: Send, context: AppContext, actor: Actor) -> Send:
    """Whatever is answered holds what was typed from now on, unless the fault was ours."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < _OURS:
            await drop(context, actor)
            gone = Response()
            gone.delete_cookie(COOKIE)
            MutableHeaders(scope=message).append("set-cookie", gone.headers["set-cookie"])
        await send(message)

    return sending


async def _filling(app: ASGIApp, scope: Scope, receive: Receive, send: Send, kept: PendingForm, actor: Actor) -> None:
    """Hold a page back until it is whole, and fill it in."""
    begun: list[Message] = []
    body = bytearray()
    request = Request(scope, receive)

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            is_page = MutableHeaders(scope=message).get("content-type", "").startswith("text/html")
            if is_page:
                begun.append(message)
            else:
                await send(message)
            return
        if not begun:
            await send(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        page, paths = filled(body.decode(), kept, _notice(request, kept))
        if set(paths) - set(kept.paths):
            await _store(request.app.state.context, actor.id, replace(kept, paths=tuple(sorted(paths))))
        MutableHeaders(scope=begun[0])["content-length"] = str(len(page.encode()))
        await send(begun[0])
        await send({"type": "http.response.body", "body": page.encode()})

    await app(scope, receive, sending)


def _notice(request: Request, kept: PendingForm) -> Mapping[bool, str]:
    """What stands above the page, by whether the form is on it."""
    template = request.app.state.templates.get_template("parts/kept.html")
    return {found: template.render(found=found, fields=said_in(kept.fields)) for found in (True, False)}


def said_in(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What was typed, with the names people know; what only the page put there is left out."""
    return [
        (catalogue.FIELDS.get(name, ""), value)
        for name, value in fields
        if value.strip() and (name in catalogue.FIELDS or len(value) > _UNSAID_MOST)
    ]


def filled(page: str, kept: PendingForm, notice: Mapping[bool, str]) -> tuple[str, Collection[str]]:
    """The page with the notice and its form filled in, and where that form may be sent; no form: nowhere."""
    from lxml import html

    document = html.document_fromstring(page)
    values = defaultdict[str, list[str]](list)
    for name, value in kept.fields:
        values[name].append(value)
    ranked = sorted(_forms(document, kept.path), key=lambda form: _likeness(form, values), reverse=True)
    paths = _paths(ranked[0]) if ranked else set()
    if ranked:
        _fill(ranked[0], values)
    place = next(iter(document.xpath("//main//*[contains(concat(' ', @class, ' '), ' content ')]")), document.body)
    place.insert(0, html.fragment_fromstring(notice[bool(ranked)]))
    return html.tostring(document, encoding="unicode", doctype="<!doctype html>"), paths


def _paths(form: Any) -> set[str]:
    """Where a form is sent, by whichever of its buttons."""
    said = [form.get("action") or "", *(each.get("formaction") or "" for each in form.iter("button", "input"))]
    return {urlsplit(each).path for each in said if each}


def _forms(document: Any, path: str) -> list[Any]:
    return [form for form in document.iter("form") if form.get("method") == "post" and path in _paths(form)]


def _likeness(form: Any, values: Mapping[str, list[str]]) -> tuple[int, int]:
    """How well a form fits: a page may hold the same form for several things, told apart by what is hidden in it."""
    hidden = [each for each in form.iter("input") if each.get("type") == "hidden"]
    same = sum(each.get("value", "") in values.get(each.get("name", ""), ()) for each in hidden)
    return same, sum(each.get("name") in values for each in form.iter("input", "textarea", "select"))


def _fill(form: Any, values: Mapping[str, list[str]]) -> None:
    left = {name: list(said) for name, said in values.items()}
    for each in form.iter("input", "textarea", "select"):
        name = each.get("name") or ""
        if not _is_for_people(each) or (name not in values and each.get("type") != "checkbox"):
            continue
        if each.tag == "select":
            for option in each.iter("option"):
                _mark(option, "selected", option.get("value", option.text or "") in values[name])
        elif each.get("type") in ("checkbox", "radio"):
            _mark(each, "checked", each.get("value", "on") in values.get(name, ()))
        elif left[name]:
            _write(each, left[name].pop(0))
        for around in each.iterancestors("details"):
            around.set("open", "")


def _is_for_people(field: Any) -> bool:
    return field.tag != "input" or (field.get("type") or "text") not in _NEVER_FILLED


def _write(field: Any, value: str) -> None:
    plain = "".join(c for c in value if c in "\n\t" or c >= " ")  # no page holds other control characters
    if field.tag == "textarea":
        field.text = "\n" + plain  # a browser takes the first line break for the page's own
    else:
        field.set("value", plain)


def _mark(field: Any, name: str, holds: bool) -> None:
    if holds:
        field.set(name, "")
    elif name in field.attrib:
        del field.attrib[name]
