"""Half-filled forms stored encrypted on the server, found by a cookie or by a user name."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel import identifiers
from web.auth.cookies import set_cookie
from web.auth.models import FormDraft
from web.auth.sessions import hash_token
from web.context import AppContext

DRAFT_COOKIE = "xq_draft"


async def load_draft(request: Request) -> dict[str, Any]:
    """The half-filled form of this browser, or an empty one."""
    context: AppContext = request.app.state.context
    token = request.cookies.get(DRAFT_COOKIE)
    row = await FormDraft.get_or_none(token_hash=hash_token(token)) if token else None
    if row is None:
        return {}
    values: dict[str, Any] = json.loads(context.settings.vault.decrypt_system(row.sealed))
    return values


async def store_draft(request: Request, response: Response, values: Mapping[str, Any]) -> None:
    """Keep the half-filled form on the server, sealed, under a token in this browser's cookie."""
    context: AppContext = request.app.state.context
    now = context.clock.now()
    token = request.cookies.get(DRAFT_COOKIE) or identifiers.new_token()
    ciphertext = context.settings.vault.encrypt_system(json.dumps(dict(values), ensure_ascii=False))
    count = await FormDraft.filter(token_hash=hash_token(token)).update(sealed=ciphertext, seen_at=now)
    if not count:
        await FormDraft.create(token_hash=hash_token(token), sealed=ciphertext, made_at=now, seen_at=now)
    set_cookie(response, context, DRAFT_COOKIE, token, context.settings.draft_days * 24)


async def delete_draft(request: Request, response: Response) -> None:
    """Forget the half-filled form of this browser."""
    if token := request.cookies.get(DRAFT_COOKIE):
        await FormDraft.filter(token_hash=hash_token(token)).delete()
    response.delete_cookie(DRAFT_COOKIE)


async def load_staff_draft(context: AppContext, form: str, username: str) -> dict[str, Any]:
    """The half-filled form that was kept for a member of staff, or an empty one."""
    row = await FormDraft.get_or_none(token_hash=_staff_hash(context, form, username))
    if row is None:
        return {}
    values: dict[str, Any] = json.loads(context.settings.vault.decrypt_system(row.sealed))
    return values


async def store_staff_draft(context: AppContext, form: str, username: str, values: Mapping[str, Any]) -> None:
    """Keep a half-filled form for whoever wrote it, sealed."""
    now = context.clock.now()
    ciphertext = context.settings.vault.encrypt_system(json.dumps(dict(values), ensure_ascii=False))
    token_hash = _staff_hash(context, form, username)
    if not await FormDraft.filter(token_hash=token_hash).update(sealed=ciphertext, seen_at=now):
        await FormDraft.create(token_hash=token_hash, sealed=ciphertext, made_at=now, seen_at=now)


async def delete_staff_draft(context: AppContext, form: str, username: str) -> None:
    """Forget it."""
    await FormDraft.filter(token_hash=_staff_hash(context, form, username)).delete()


def _staff_hash(context: AppContext, form: str, username: str) -> str:
    """Keyed: nobody can say the word in a cookie of their own."""
    return context.settings.vault.keyed_hash("staff-draft", f"{form} {username}")
