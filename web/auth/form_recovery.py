"""Recovery of a form sent after the session ended: stored, and filled in again after the log-in.

It works for every form of the staff's pages without any of them knowing of it, and without scripts. What was typed is
encrypted under the name of whoever typed it, shown to nobody else, forgotten after half a day, and stands in no address
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

FORM_COOKIE = "xq_kept"
LIFETIME_HOURS = 12
MAX_CHARACTERS = 200_000  # characters: the longest answer with its facts and its basis is a quarter of it
_DRAFT_FORM = "sent-too-late"
_STAFF_PATHS = ("/desk", "/board", "/admin")
_SECRET_PATHS = ("/password", "/second-factor", "/second-factor/off")
_SKIPPED_TYPES = frozenset({"hidden", "file", "submit", "button", "image", "reset", "password"})
_SERVER_ERROR = 500
_CODE_LENGTH = 4  # a field without a name for people is shown when it is longer than a code


@dataclass(frozen=True, slots=True)
class PendingForm:
    """A form that came too late: where it was sent, the page it stood on, and what was typed."""

    path: str
    page: str
    fields: tuple[tuple[str, str], ...]
    until: str
    paths: tuple[str, ...] = ()  # wherever the same form may be sent

    def accepts_path(self, path: str) -> bool:
        return path == self.path or path in self.paths


async def store_form(request: Request, response: Response) -> None:
    """Keep what was typed for whoever's session it was; nobody else can be meant by an ended one."""
    context: AppContext = request.app.state.context
    username = await sessions.expired_session_user(request)
    if username is None:
        return
    fields = await _read_fields(request)
    path = request.url.path
    until = context.clock.now() + timedelta(hours=LIFETIME_HOURS)
    await _store_pending(
        context, username, PendingForm(path, _referring_page(request) or path, fields, until.isoformat())
    )
    cookies.set_cookie(response, context, FORM_COOKIE, "1", LIFETIME_HOURS)


async def _read_fields(request: Request) -> tuple[tuple[str, str], ...]:
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
    return fields if sum(len(name) + len(value) for name, value in fields) <= MAX_CHARACTERS else ()


def _referring_page(request: Request) -> str:
    """The page of ours on which the form stood, or ""."""
    referrer = urlsplit(request.headers.get("referer", ""))
    is_own = referrer.netloc == request.url.netloc and referrer.path.startswith(_STAFF_PATHS)
    return referrer._replace(scheme="", netloc="", fragment="").geturl() if is_own else ""


async def _store_pending(context: AppContext, username: str, pending: PendingForm) -> None:
    until = datetime.fromisoformat(pending.until)
    await drafts.store_staff_draft(context, _DRAFT_FORM, username, asdict(pending), until=until)


async def load_pending(context: AppContext, actor: Actor) -> PendingForm | None:
    """What was kept for somebody, while it is."""
    stored = await drafts.load_staff_draft(context, _DRAFT_FORM, actor.id)
    if not stored:
        return None
    pending = PendingForm(**{**stored, "fields": tuple(map(tuple, stored["fields"])), "paths": tuple(stored["paths"])})
    if datetime.fromisoformat(pending.until) > context.clock.now():
        return pending
    await delete_pending(context, actor)
    return None


async def delete_pending(context: AppContext, actor: Actor) -> None:
    """Forget it."""
    await drafts.delete_staff_draft(context, _DRAFT_FORM, actor.id)


async def return_path(request: Request, actor: Actor, requested_path: str) -> str:
    """Where to go after the log-in: the page the form stood on, if one was kept for whoever logs in."""
    context: AppContext = request.app.state.context
    if FORM_COOKIE not in request.cookies:
        return requested_path
    pending = await load_pending(context, actor)
    if pending is None or pending.path != requested_path:
        return requested_path
    if not pending.fields:
        await delete_pending(context, actor)  # a button without words: it is only pressed again
    return pending.page


async def serve_restored(app: ASGIApp, scope: Scope, receive: Receive, send: Send, actor: Actor) -> None:
    """The answer of the application, with what was kept filled into its form; once that is sent, it is forgotten."""
    request = Request(scope, receive)
    context: AppContext = request.app.state.context
    pending = await load_pending(context, actor)
    if pending is None:
        await app(scope, receive, send)
    elif request.method == "POST" and pending.accepts_path(request.url.path):
        await app(scope, receive, _delete_after_send(send, context, actor))
    elif request.method == "GET":
        await _serve_filled(app, scope, receive, send, pending, actor)
    else:
        await app(scope, receive, send)


def _delete_after_send(send: Send, context: AppContext, actor: Actor) -> Send:
    """Whatever is answered holds what was typed from now on, unless the fault was ours."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < _SERVER_ERROR:
            await delete_pending(context, actor)
            cookie_response = Response()
            cookie_response.delete_cookie(FORM_COOKIE)
            MutableHeaders(scope=message).append("set-cookie", cookie_response.headers["set-cookie"])
        await send(message)

    return sending


async def _serve_filled(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, pending: PendingForm, actor: Actor
) -> None:
    """Hold a page back until it is whole, and fill it in."""
    start_messages: list[Message] = []
    body = bytearray()
    request = Request(scope, receive)

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            is_page = MutableHeaders(scope=message).get("content-type", "").startswith("text/html")
            if is_page:
                start_messages.append(message)
            else:
                await send(message)
            return
        if not start_messages:
            await send(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        page, paths = fill_page(body.decode(), pending, _render_notices(request, pending))
        if set(paths) - set(pending.paths):
            await _store_pending(request.app.state.context, actor.id, replace(pending, paths=tuple(sorted(paths))))
        MutableHeaders(scope=start_messages[0])["content-length"] = str(len(page.encode()))
        await send(start_messages[0])
        await send({"type": "http.response.body", "body": page.encode()})

    await app(scope, receive, sending)


def _render_notices(request: Request, pending: PendingForm) -> Mapping[bool, str]:
    """What stands above the page, by whether the form is on it."""
    template = request.app.state.templates.get_template("parts/kept.html")
    return {
        is_found: template.render(found=is_found, fields=list_typed_fields(pending.fields))
        for is_found in (True, False)
    }


def list_typed_fields(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What was typed, with the names people know; what only the page put there is left out."""
    return [
        (catalogue.FIELDS.get(name, ""), value)
        for name, value in fields
        if value.strip() and (name in catalogue.FIELDS or len(value) > _CODE_LENGTH)
    ]


def fill_page(page: str, pending: PendingForm, notice: Mapping[bool, str]) -> tuple[str, Collection[str]]:
    """The page with the notice and its form filled in, and where that form may be sent; no form: nowhere."""
    from lxml import html

    document = html.document_fromstring(page)
    values = defaultdict[str, list[str]](list)
    for name, value in pending.fields:
        values[name].append(value)
    ranked = sorted(_matching_forms(document, pending.path), key=lambda form: _similarity(form, values), reverse=True)
    paths = _action_paths(ranked[0]) if ranked else set()
    if ranked:
        _fill_form(ranked[0], values)
    container = next(iter(document.xpath("//main//*[contains(concat(' ', @class, ' '), ' content ')]")), document.body)
    container.insert(0, html.fragment_fromstring(notice[bool(ranked)]))
    return html.tostring(document, encoding="unicode", doctype="<!doctype html>"), paths


def _action_paths(form: Any) -> set[str]:
    """Where a form is sent, by whichever of its buttons."""
    actions = [form.get("action") or "", *(button.get("formaction") or "" for button in form.iter("button", "input"))]
    return {urlsplit(action).path for action in actions if action}


def _matching_forms(document: Any, path: str) -> list[Any]:
    return [form for form in document.iter("form") if form.get("method") == "post" and path in _action_paths(form)]


def _similarity(form: Any, values: Mapping[str, list[str]]) -> tuple[int, int]:
    """How well a form fits: a page may hold the same form for several things, distinguished by its hidden fields."""
    hidden = [field for field in form.iter("input") if field.get("type") == "hidden"]
    matching = sum(field.get("value", "") in values.get(field.get("name", ""), ()) for field in hidden)
    return matching, sum(field.get("name") in values for field in form.iter("input", "textarea", "select"))


def _fill_form(form: Any, values: Mapping[str, list[str]]) -> None:
    remaining = {name: list(texts) for name, texts in values.items()}
    for field in form.iter("input", "textarea", "select"):
        name = field.get("name") or ""
        if not _is_editable(field) or (name not in values and field.get("type") != "checkbox"):
            continue
        if field.tag == "select":
            for option in field.iter("option"):
                _set_flag(option, "selected", option.get("value", option.text or "") in values[name])
        elif field.get("type") in ("checkbox", "radio"):
            _set_flag(field, "checked", field.get("value", "on") in values.get(name, ()))
        elif remaining[name]:
            _set_value(field, remaining[name].pop(0))
        for details in field.iterancestors("details"):
            details.set("open", "")


def _is_editable(field: Any) -> bool:
    return field.tag != "input" or (field.get("type") or "text") not in _SKIPPED_TYPES


def _set_value(field: Any, value: str) -> None:
    text = "".join(c for c in value if c in "\n\t" or c >= " ")  # no page holds other control characters
    if field.tag == "textarea":
        field.text = "\n" + text  # a browser takes the first line break for the page's own
    else:
        field.set("value", text)


def _set_flag(field: Any, name: str, is_set: bool) -> None:
    if is_set:
        field.set(name, "")
    elif name in field.attrib:
        del field.attrib[name]
