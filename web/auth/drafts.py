"""Half-filled forms stored encrypted on the server, found by a cookie or by a user name.

As long as nothing was typed but only chosen, the draft rides sealed in the cookie itself: who only looks at the form
leaves no row. Rows are metered by network before they are made, and none is larger than what can be submitted.

On a computer that others use too (`SHARED` in the draft) the cookie ends with the browser and the row a quarter of an
hour after the last sign of its writer. Who left the form's pages has less time to come back: a tab that was closed can
be opened again by whoever sits down next.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback.attachments import FileStore, upkeep
from feedback.kernel import identifiers
from feedback.kernel.errors import Invalid
from web.auth.cookies import set_cookie
from web.auth.models import FormDraft
from web.auth.sessions import hash_token
from web.context import AppContext

DRAFT_COOKIE = "xq_draft"
MAX_BYTES = 200_000
"""Of a draft as JSON: the longest text with each character in four bytes, and all other fields, are half of it."""
_SEALED = "s."
_SEALED_MOST = 1_000  # characters in a cookie
SHARED = "shared_computer"
"""Set in a draft that is written on a computer which others use too."""
SHARED_IDLE = timedelta(minutes=15)
SHARED_AWAY = timedelta(seconds=20)
"""For a page that is loaded again, or left and come back to at once."""
_CHOSEN = frozenset({"kind", "key", SHARED})
"""What a draft holds before anything was typed."""


async def load_draft(request: Request) -> dict[str, Any]:
    """The half-filled form of this browser, or an empty one."""
    context: AppContext = request.app.state.context
    token = request.cookies.get(DRAFT_COOKIE, "")
    if token.startswith(_SEALED):
        values = _open_cookie(context, token)
    else:
        row = await FormDraft.get_or_none(token_hash=hash_token(token)) if token else None
        is_over = row is not None and row.expires_at is not None and row.expires_at <= context.clock.now()
        values = _open(context, row.sealed) if row and not is_over else {}
    if values:  # the device by which its files are counted: one that has begun a form here
        request.state.device = hash_token(str(values.get("key") or token))
        request.state.phone = str(values.get("phone") or "")
    return values


async def store_draft(request: Request, response: Response, values: Mapping[str, Any]) -> None:
    """Keep the half-filled form, sealed: in this browser's cookie, or on the server once something was typed.

    Raises TooMany when this network has begun too many forms, Invalid when the form is larger than any message.
    """
    context: AppContext = request.app.state.context
    now = context.clock.now()
    token, ciphertext = request.cookies.get(DRAFT_COOKIE, ""), _seal(context, values)
    is_shared = bool(values.get(SHARED))
    hours = 0 if is_shared else context.settings.draft_days * 24
    is_known = bool(token) and not token.startswith(_SEALED)
    if not is_known and not any(value for name, value in values.items() if name not in _CHOSEN):
        set_cookie(response, context, DRAFT_COOKIE, _SEALED + ciphertext, hours)
        return
    if not is_known:
        token = identifiers.new_token()
    ends_at = now + SHARED_IDLE if is_shared else None
    row: dict[str, Any] = {"sealed": ciphertext, "seen_at": now, "expires_at": ends_at}
    if not is_known or not await FormDraft.filter(token_hash=hash_token(token)).update(**row):
        await _meter_draft(request)
        await FormDraft.create(token_hash=hash_token(token), made_at=now, **row)
    set_cookie(response, context, DRAFT_COOKIE, token, hours)


async def postpone_end(request: Request, span: timedelta = SHARED_IDLE) -> None:
    """Somebody is still at the form of a shared computer: its draft ends `span` from now. Other drafts stay as they are."""
    context: AppContext = request.app.state.context
    if token := request.cookies.get(DRAFT_COOKIE):
        rows = FormDraft.filter(token_hash=hash_token(token), expires_at__isnull=False)
        await rows.update(expires_at=context.clock.now() + span)


async def _meter_draft(request: Request) -> None:
    limiter = request.app.state.limiter
    for action in ("drafts", "drafts_day"):
        await limiter.spend(action, limiter.network(request))


def _seal(context: AppContext, values: Mapping[str, Any]) -> str:
    text = json.dumps(dict(values), ensure_ascii=False)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Invalid({"text": "too_long"})
    return context.settings.vault.encrypt_system(text)


def _open(context: AppContext, ciphertext: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(context.settings.vault.decrypt_system(ciphertext))
    return values


def _open_cookie(context: AppContext, token: str) -> dict[str, Any]:
    """The draft in a cookie, or an empty one when it is none of ours."""
    try:
        values = _open(context, token.removeprefix(_SEALED)) if len(token) <= _SEALED_MOST else {}
    except ValueError:
        return {}
    return values if isinstance(values, dict) and values.keys() <= _CHOSEN else {}


async def delete_draft(request: Request, response: Response) -> None:
    """Forget the half-filled form of this browser, with the files that belong to it."""
    context: AppContext = request.app.state.context
    token = request.cookies.get(DRAFT_COOKIE, "")
    row = await FormDraft.get_or_none(token_hash=hash_token(token)) if token else None
    if row is not None:
        await _delete_row(context, row)
    if token:
        response.delete_cookie(DRAFT_COOKIE)


async def delete_expired_shared(context: AppContext, now: datetime, limit: int = 100) -> int:
    """Forget forms on shared computers whose time is over, with their files. Returns how many: 0 when none is left."""
    rows = await FormDraft.filter(expires_at__lte=now).limit(limit)
    for row in rows:
        await _delete_row(context, row)
    return len(rows)


async def _delete_row(context: AppContext, row: FormDraft) -> None:
    ids = _open(context, row.sealed).get("attachments", ())
    await upkeep.delete_unclaimed(FileStore.of(context.settings), ids)
    await FormDraft.filter(token_hash=row.token_hash).delete()


async def load_staff_draft(context: AppContext, form: str, username: str) -> dict[str, Any]:
    """The half-filled form that was kept for a member of staff, or an empty one."""
    row = await FormDraft.get_or_none(token_hash=_staff_hash(context, form, username))
    if row is None:
        return {}
    return _open(context, row.sealed)


async def store_staff_draft(context: AppContext, form: str, username: str, values: Mapping[str, Any]) -> None:
    """Keep a half-filled form for whoever wrote it, sealed.

    Raises Invalid when it is larger than any message.
    """
    now, ciphertext = context.clock.now(), _seal(context, values)
    token_hash = _staff_hash(context, form, username)
    if not await FormDraft.filter(token_hash=token_hash).update(sealed=ciphertext, seen_at=now):
        await FormDraft.create(token_hash=token_hash, sealed=ciphertext, made_at=now, seen_at=now)


async def delete_staff_draft(context: AppContext, form: str, username: str) -> None:
    """Forget it."""
    await FormDraft.filter(token_hash=_staff_hash(context, form, username)).delete()


def _staff_hash(context: AppContext, form: str, username: str) -> str:
    """Keyed: nobody can say the word in a cookie of their own."""
    return context.settings.vault.keyed_hash("staff-draft", f"{form} {username}")
