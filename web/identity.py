"""Who is at the door? Log-in, sessions of staff, and the cookie that lets a citizen's browser open its own case."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from starlette.requests import Request
from starlette.responses import Response

from feedback import access
from feedback.access import Actor
from feedback.kernel import codes, seal
from feedback.kernel.errors import Forbidden, NotFound
from routing import directory
from web import second_factor
from web.models import Account, FormDraft, Session
from web.office import Office

STAFF_COOKIE = "xq_staff"
CASE_COOKIE = "xq_case"
DRAFT_COOKIE = "xq_draft"
HALF_COOKIE = "xq_half"
ENROLLING = frozenset({"/desk/second-factor", "/logout"})
BACKGROUND = frozenset({"/board/fragment", "/board/stream"})
USERNAME_MOST = 80
_CASE_HOURS = 12
_HALF_SECONDS = 300
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's second choice: 68 ms here
_NOBODY = _hasher.hash("nobody has this password")


class Unauthorized(Forbidden):
    """Nobody is logged in, or not any more."""

    code = "unauthorized"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A fresh session."""

    token: str
    expires_at: datetime
    actor: Actor


async def log_in(office: Office, username: str, password: str, otp: str = "", *, may_enrol: bool = False) -> LoggedIn:
    """A session for whoever knows the password, and has the second factor if there is one.

    Raises Unauthorized with code "wrong_password", "locked", "code_needed", "wrong_code" or, where the house requires
    a second factor and this is no page to switch it on at, "factor_needed". An unknown account takes as long as a
    known one.
    """
    await prove(office, username, password)
    if (await second_factor.standing(username)).is_on:
        if not otp:
            raise Unauthorized("code_needed")
        await prove_code(office, username, otp)
    elif office.settings.second_factor_required and not may_enrol:
        raise Unauthorized("factor_needed")
    return await admitted(office, username)


async def prove(office: Office, username: str, password: str) -> None:
    """Whether somebody knows the password of an account; whoever tries too often locks it.

    Raises Unauthorized with code "wrong_password" or "locked".
    """
    account = await Account.get_or_none(username=username) if len(username) <= USERNAME_MOST else None
    right = await asyncio.to_thread(_matches, account.password if account else _NOBODY, password)
    if account is None:
        raise Unauthorized("wrong_password")
    if account.locked_until and account.locked_until > office.clock.now():
        raise Unauthorized("locked")
    if not right:
        raise await _missed(office, account, "wrong_password")


async def prove_code(office: Office, username: str, otp: str) -> None:
    """Whether somebody has the second factor of an account; wrong codes count like wrong passwords.

    Raises Unauthorized with code "wrong_code" or "locked".
    """
    account = await Account.get_or_none(username=username)
    if account is None or (account.locked_until and account.locked_until > office.clock.now()):
        raise Unauthorized("locked")
    if not await second_factor.accepts(office, username, otp):
        raise await _missed(office, account, "wrong_code")


async def _missed(office: Office, account: Account, code: str) -> Unauthorized:
    failed, settings = account.failed + 1, office.settings
    is_last = failed >= settings.login_attempts
    locked = office.clock.now() + timedelta(minutes=settings.lock_minutes) if is_last else None
    await Account.filter(username=account.username).update(failed=0 if locked else failed, locked_until=locked)
    return Unauthorized("locked" if locked else code)


async def admitted(office: Office, username: str) -> LoggedIn:
    """A session for somebody who has proved everything.

    Raises Unauthorized for an account without a post.
    """
    try:
        actor_ = await directory.actor_of(username)
    except NotFound as gone:
        raise Unauthorized("wrong_password") from gone
    await Account.filter(username=username).update(failed=0, locked_until=None)
    token, expires_at = await open_session(office, username)
    return LoggedIn(token, expires_at, actor_)


async def open_session(office: Office, username: str) -> tuple[str, datetime]:
    """A fresh session in that name: its token, and when it ends."""
    now, token = office.clock.now(), codes.token()
    expires_at = now + timedelta(hours=office.settings.session_hours)
    await Session.create(token_hash=_hash(token), username=username, made_at=now, seen_at=now, expires_at=expires_at)
    return token, expires_at


async def log_out(request: Request) -> None:
    """End the session the request came with."""
    if token := _token_of(request):
        await Session.filter(token_hash=_hash(token)).delete()


async def actor(request: Request) -> Actor:
    """The member of staff who asks.

    Raises Unauthorized.
    """
    found = await actor_or_none(request)
    if found is None:
        raise Unauthorized()
    return found


async def actor_or_none(request: Request) -> Actor | None:
    """The member of staff who asks, if one does."""
    if not hasattr(request.state, "actor"):
        token = _token_of(request)
        office: Office = request.app.state.office
        renews = not is_background(request)
        enrolling = request.url.path in ENROLLING
        found_ = await actor_of_token(office, token, renews=renews, enrolling=enrolling) if token else None
        request.state.actor = found_
    found: Actor | None = request.state.actor
    return found


def is_background(request: Request) -> bool:
    """Whether a page asks by itself, with nobody at the keyboard: that keeps no session awake."""
    return request.url.path in BACKGROUND


async def actor_of_token(office: Office, token: str, *, renews: bool = True, enrolling: bool = False) -> Actor | None:
    """The actor of a session that is neither over nor idle. `renews`: somebody is at the keyboard.

    Where a second factor is required, a session without one is good for nothing but switching it on (`enrolling`).
    """
    now, settings = office.clock.now(), office.settings
    session = await Session.get_or_none(token_hash=_hash(token))
    if session is None or session.expires_at <= now:
        return None
    if session.seen_at + timedelta(minutes=settings.idle_minutes) <= now:
        return None
    owes_factor = settings.second_factor_required and not (await second_factor.standing(session.username)).is_on
    if owes_factor and not enrolling:
        return None
    if renews and now - session.seen_at > timedelta(minutes=1):
        await Session.filter(token_hash=session.token_hash).update(seen_at=now)
    try:
        return await directory.actor_of(session.username)
    except NotFound:
        return None


def token_of(request: Request) -> str:
    """The session token of the request, or ""."""
    return _token_of(request) or ""


def _token_of(request: Request) -> str | None:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer:
        return bearer.strip()
    return request.cookies.get(STAFF_COOKIE)


def set_cookie(response: Response, office: Office, name: str, value: str, hours: int) -> None:
    """A cookie no script reads and no other site sends."""
    response.set_cookie(
        name,
        value,
        max_age=hours * 3600,
        httponly=True,
        samesite="lax",
        secure=office.settings.production,
    )


def remember_case(response: Response, office: Office, no: str) -> None:
    """Let this browser open this case for some hours without the code in any address."""
    until = int(office.clock.now().timestamp()) + _CASE_HOURS * 3600
    said = f"{no}|{until}"
    set_cookie(response, office, CASE_COOKIE, f"{said}|{_signed(office, said)}", _CASE_HOURS)


def citizen_of(request: Request) -> Actor | None:
    """The citizen whose browser holds the case cookie, or None."""
    office: Office = request.app.state.office
    no, _, rest = request.cookies.get(CASE_COOKIE, "").partition("|")
    until, _, sign = rest.partition("|")
    if not sign or not until.isdigit() or not codes.same(sign, _signed(office, f"{no}|{until}")):
        return None
    return access.citizen(no) if int(until) > office.clock.now().timestamp() else None


def _signed(office: Office, said: str, what: str = "case-cookie") -> str:
    return codes.keyed_hash(office.settings.secret, what, said)


def remember_half(response: Response, office: Office, username: str) -> None:
    """This browser gave the right password, and has five minutes for the code."""
    said = f"{username}|{int(office.clock.now().timestamp()) + _HALF_SECONDS}"
    set_cookie(response, office, HALF_COOKIE, f"{said}|{_signed(office, said, 'half-cookie')}", 1)


def half_of(request: Request) -> str:
    """Who gave the right password here a moment ago and owes the code, or ""."""
    office: Office = request.app.state.office
    said, _, sign = request.cookies.get(HALF_COOKIE, "").rpartition("|")
    username, _, until = said.rpartition("|")
    if not until.isdecimal() or not codes.same(sign, _signed(office, said, "half-cookie")):
        return ""
    return username if int(until) > office.clock.now().timestamp() else ""


async def is_enrolling(request: Request) -> bool:
    """Whether somebody is logged in here who must switch on a second factor before anything else."""
    office: Office = request.app.state.office
    token = _token_of(request)
    return bool(token and await actor_of_token(office, token, enrolling=True))


async def draft_of(request: Request) -> dict[str, Any]:
    """The half-filled form of this browser, or an empty one."""
    office: Office = request.app.state.office
    token = request.cookies.get(DRAFT_COOKIE)
    row = await FormDraft.get_or_none(token_hash=_hash(token)) if token else None
    if row is None:
        return {}
    found: dict[str, Any] = json.loads(seal.unseal_house(office.settings.secret, row.sealed))
    return found


async def keep_draft(request: Request, response: Response, values: Mapping[str, Any]) -> None:
    """Keep the half-filled form on the server, sealed, under a token in this browser's cookie."""
    office: Office = request.app.state.office
    now = office.clock.now()
    token = request.cookies.get(DRAFT_COOKIE) or codes.token()
    sealed = seal.seal_house(office.settings.secret, json.dumps(dict(values), ensure_ascii=False))
    known = await FormDraft.filter(token_hash=_hash(token)).update(sealed=sealed, seen_at=now)
    if not known:
        await FormDraft.create(token_hash=_hash(token), sealed=sealed, made_at=now, seen_at=now)
    set_cookie(response, office, DRAFT_COOKIE, token, office.settings.draft_days * 24)


async def drop_draft(request: Request, response: Response) -> None:
    """Forget the half-filled form of this browser."""
    if token := request.cookies.get(DRAFT_COOKIE):
        await FormDraft.filter(token_hash=_hash(token)).delete()
    response.delete_cookie(DRAFT_COOKIE)


async def username_of_ended(request: Request) -> str | None:
    """Whose session this was, though it is over: for keeping what they had typed. Never a way in."""
    token = _token_of(request)
    session = await Session.get_or_none(token_hash=_hash(token)) if token else None
    return session.username if session else None


async def staff_draft(office: Office, form: str, username: str) -> dict[str, Any]:
    """The half-filled form that was kept for a member of staff, or an empty one."""
    row = await FormDraft.get_or_none(token_hash=_staff_hash(office, form, username))
    if row is None:
        return {}
    found: dict[str, Any] = json.loads(seal.unseal_house(office.settings.secret, row.sealed))
    return found


async def keep_staff_draft(
    office: Office, form: str, username: str, values: Mapping[str, Any], *, until: datetime | None = None
) -> None:
    """Keep a half-filled form for whoever wrote it, sealed. `until`: swept away from then on, if that is sooner."""
    now = office.clock.now()
    if until is not None:  # the sweep counts the days of a citizen's draft from when it was seen
        now = min(now, until - timedelta(days=office.settings.draft_days))
    sealed = seal.seal_house(office.settings.secret, json.dumps(dict(values), ensure_ascii=False))
    token_hash = _staff_hash(office, form, username)
    if not await FormDraft.filter(token_hash=token_hash).update(sealed=sealed, seen_at=now):
        await FormDraft.create(token_hash=token_hash, sealed=sealed, made_at=now, seen_at=now)


async def drop_staff_draft(office: Office, form: str, username: str) -> None:
    """Forget it."""
    await FormDraft.filter(token_hash=_staff_hash(office, form, username)).delete()


def _staff_hash(office: Office, form: str, username: str) -> str:
    """Keyed: nobody can say the word in a cookie of their own."""
    return codes.keyed_hash(office.settings.secret, "staff-draft", f"{form} {username}")


async def forget_old(now: datetime, draft_days: int) -> None:
    """Delete drafts nobody came back to, and sessions that are over, a day later: who still types in one is known."""
    await FormDraft.filter(seen_at__lt=now - timedelta(days=draft_days)).delete()
    await Session.filter(expires_at__lt=now - timedelta(days=1)).delete()


async def add_accounts(usernames: list[str], password: str, *, is_demo: bool, now: datetime) -> None:
    """Accounts with one password, hashed once: for the demo town and for the first administrator."""
    hashed = await asyncio.to_thread(_hasher.hash, password)
    rows = [Account(username=u, password=hashed, is_demo=is_demo, changed_at=now) for u in usernames]
    await Account.bulk_create(rows, ignore_conflicts=True)


async def without_account(usernames: Sequence[str]) -> list[str]:
    """Those of them who cannot log in yet."""
    known = {row["username"] for row in await Account.filter(username__in=list(usernames)).values("username")}
    return [username for username in usernames if username not in known]


async def set_password(username: str, password: str, *, now: datetime) -> None:
    """Another password from now on: the account is open again, and every session in its name is over.

    Raises NotFound.
    """
    hashed = await asyncio.to_thread(_hasher.hash, password)
    account = Account.filter(username=username)
    if not await account.update(password=hashed, changed_at=now, failed=0, locked_until=None, is_demo=False):
        raise NotFound(account=username)
    await end_sessions(username)


async def end_sessions(username: str) -> None:
    """Log somebody out everywhere."""
    await Session.filter(username=username).delete()


async def has_demo_accounts() -> bool:
    return await Account.filter(is_demo=True).exists()


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
