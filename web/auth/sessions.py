"""Log-in and log-out of staff, and finding the actor behind a request's session."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel import identifiers
from feedback.kernel.errors import Forbidden, NotFound
from feedback.rules.access import Actor
from routing import directory
from web.auth import login_attempts, second_factor
from web.auth.cookies import read_signed_cookie, set_signed_cookie
from web.auth.login_attempts import Credential, LoginAttempt, LoginSource
from web.auth.models import Account, FormDraft, Session
from web.auth.passwords import DUMMY_HASH, matches_hash
from web.context import AppContext

STAFF_COOKIE = "xq_staff"
PENDING_FACTOR_COOKIE = "xq_half"
ENROLLING_PATHS = frozenset({"/desk/second-factor", "/logout"})
BACKGROUND_PATHS = frozenset({"/board/fragment", "/board/stream"})
USERNAME_MOST = 80
_PENDING_FACTOR_LIFETIME = timedelta(minutes=5)


class Unauthorized(Forbidden):
    """Nobody is logged in, or not any more."""

    code = "unauthorized"


@dataclass(frozen=True, slots=True)
class NewSession:
    """A fresh session."""

    token: str
    expires_at: datetime
    actor: Actor


async def log_in(
    context: AppContext,
    username: str,
    password: str,
    otp: str = "",
    *,
    source: LoginSource,
    may_enrol: bool = False,
) -> NewSession:
    """A session for whoever knows the password, and has the second factor if there is one.

    Raises Unauthorized with code "wrong_password", "locked", "code_needed", "wrong_code" or, where this installation requires
    a second factor and this is no page to switch it on at, "factor_needed". An unknown account takes as long as a
    known one, and is locked like one.
    """
    await check_password(context, username, password, source)
    if (await second_factor.load_state(username)).is_on:
        if not otp:
            raise Unauthorized("code_needed")
        await check_code(context, username, otp, source)
    elif context.settings.second_factor_required and not may_enrol:
        raise Unauthorized("factor_needed")
    return await create_session(context, username)


async def check_password(context: AppContext, username: str, password: str, source: LoginSource) -> None:
    """Whether somebody knows the password of an account; a source that tries too often is no longer listened to.

    Raises Unauthorized with code "wrong_password" or "locked".
    """
    account = await find_account(username)
    attempt = await _begin_attempt(context, username, Credential.PASSWORD, source, account)
    is_right = await asyncio.to_thread(matches_hash, account.password if account else DUMMY_HASH, password)
    if account is None or not is_right:
        raise await _refusal(context, username, attempt, "wrong_password")
    await attempt.succeed()


async def check_code(context: AppContext, username: str, otp: str, source: LoginSource) -> None:
    """Whether somebody has the second factor of an account; wrong codes count like wrong passwords.

    Raises Unauthorized with code "wrong_code" or "locked".
    """
    account = await find_account(username)
    attempt = await _begin_attempt(context, username, Credential.CODE, source, account)
    if account is None or not await second_factor.accept_code(context, username, otp):
        raise await _refusal(context, username, attempt, "wrong_code")
    await attempt.succeed()


async def find_account(username: str) -> Account | None:
    return await Account.get_or_none(username=username) if len(username) <= USERNAME_MOST else None


async def is_known_device(context: AppContext, username: str, source: LoginSource) -> bool:
    """Whether the account was logged in to on this device before."""
    account = await find_account(username)
    return bool(account and login_attempts.is_known_device(context, source, username, account.changed_at))


async def remember_device(request: Request, response: Response, username: str) -> None:
    """From now on this device is known to the account."""
    context: AppContext = request.app.state.context
    account = await find_account(username)
    if account:
        login_attempts.remember_device(request, response, context, username, account.changed_at)


async def _begin_attempt(
    context: AppContext, username: str, credential: Credential, source: LoginSource, account: Account | None
) -> LoginAttempt:
    """Raises Unauthorized with code "locked" when the try is not to be looked at."""
    is_known = bool(account and login_attempts.is_known_device(context, source, username, account.changed_at))
    attempt = await login_attempts.begin_attempt(context, username, credential, source, is_known=is_known)
    if attempt is None:
        raise await _locked(context, username)
    return attempt


async def _refusal(context: AppContext, username: str, attempt: LoginAttempt, code: str) -> Unauthorized:
    return await _locked(context, username) if await attempt.is_last() else Unauthorized(code)


async def _locked(context: AppContext, username: str) -> Unauthorized:
    """With the seconds to wait, which the answer says in Retry-After."""
    return Unauthorized("locked", seconds=max(1, await login_attempts.seconds_locked(context, username)))


async def create_session(context: AppContext, username: str) -> NewSession:
    """A session for somebody who has proved everything.

    Raises Unauthorized for an account without a post.
    """
    try:
        actor = await directory.load_actor(username)
    except NotFound as fault:
        raise Unauthorized("wrong_password") from fault
    token, expires_at = await open_session(context, username)
    return NewSession(token, expires_at, actor)


async def open_session(context: AppContext, username: str) -> tuple[str, datetime]:
    """A fresh session in that name: its token, and when it ends."""
    now, token = context.clock.now(), identifiers.new_token()
    expires_at = now + timedelta(hours=context.settings.session_hours)
    await Session.create(
        token_hash=hash_token(token), username=username, made_at=now, seen_at=now, expires_at=expires_at
    )
    return token, expires_at


async def log_out(request: Request) -> None:
    """End the session the request came with."""
    if token := _find_token(request):
        await Session.filter(token_hash=hash_token(token)).delete()


async def require_actor(request: Request) -> Actor:
    """The member of staff who asks.

    Raises Unauthorized.
    """
    actor = await find_actor(request)
    if actor is None:
        raise Unauthorized()
    return actor


async def find_actor(request: Request) -> Actor | None:
    """The member of staff who asks, if one does."""
    if not hasattr(request.state, "actor"):
        token = _find_token(request)
        context: AppContext = request.app.state.context
        renews = not is_background(request)
        enrolling = request.url.path in ENROLLING_PATHS
        loaded = await find_actor_by_token(context, token, renews=renews, enrolling=enrolling) if token else None
        request.state.actor = loaded
    actor: Actor | None = request.state.actor
    return actor


def is_background(request: Request) -> bool:
    """Whether a page asks by itself, with nobody at the keyboard: that keeps no session awake."""
    return request.url.path in BACKGROUND_PATHS


async def find_actor_by_token(
    context: AppContext, token: str, *, renews: bool = True, enrolling: bool = False
) -> Actor | None:
    """The actor of a session that is neither over nor idle. `renews`: somebody is at the keyboard.

    Where a second factor is required, a session without one is good for nothing but switching it on (`enrolling`).
    """
    now, settings = context.clock.now(), context.settings
    session = await Session.get_or_none(token_hash=hash_token(token))
    if session is None or session.expires_at <= now:
        return None
    if session.seen_at + timedelta(minutes=settings.idle_minutes) <= now:
        return None
    owes_factor = settings.second_factor_required and not (await second_factor.load_state(session.username)).is_on
    if owes_factor and not enrolling:
        return None
    if renews and now - session.seen_at > timedelta(minutes=1):
        await Session.filter(token_hash=session.token_hash).update(seen_at=now)
    try:
        return await directory.load_actor(session.username)
    except NotFound:
        return None


def read_token(request: Request) -> str:
    """The session token of the request, or ""."""
    return _find_token(request) or ""


def read_bearer(request: Request) -> str:
    """The bearer token a program sends, or ""."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else ""


def _find_token(request: Request) -> str | None:
    return read_bearer(request) or request.cookies.get(STAFF_COOKIE)


def remember_pending_second_factor(response: Response, context: AppContext, username: str) -> None:
    """This browser gave the right password, and has five minutes for the code."""
    set_signed_cookie(response, context, PENDING_FACTOR_COOKIE, username, 1)


def pending_second_factor(request: Request) -> str:
    """Who gave the right password here a moment ago and owes the code, or ""."""
    return read_signed_cookie(request, PENDING_FACTOR_COOKIE, _PENDING_FACTOR_LIFETIME)


async def is_enrolling(request: Request) -> bool:
    """Whether somebody is logged in here who must switch on a second factor before anything else."""
    context: AppContext = request.app.state.context
    token = _find_token(request)
    return bool(token and await find_actor_by_token(context, token, enrolling=True))


async def expired_session_user(request: Request) -> str | None:
    """Whose session this was, though it is over: for keeping what they had typed. Never a way in."""
    token = _find_token(request)
    session = await Session.get_or_none(token_hash=hash_token(token)) if token else None
    return session.username if session else None


async def delete_expired(now: datetime, draft_days: int, limit: int = 1000) -> int:
    """Delete drafts nobody came back to, and sessions that are over, a day later: who still types in one is known.

    At most `limit` of each. Returns how many: 0 when none is left.
    """
    drafts = FormDraft.filter(seen_at__lt=now - timedelta(days=draft_days))
    sessions = Session.filter(expires_at__lt=now - timedelta(days=1))
    count = 0
    for rows in (drafts, sessions):
        hashes = list(await rows.limit(limit).values_list("token_hash", flat=True))
        count += await rows.filter(token_hash__in=hashes).delete() if hashes else 0
    return count


async def end_sessions(username: str) -> None:
    """Log somebody out everywhere."""
    await Session.filter(username=username).delete()


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
