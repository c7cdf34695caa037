"""Counting tries to log in, so that guessing is stopped and nobody can be locked out by others.

A try is counted before the password or the code is looked at, by one conditional statement: a hundred at once are no
more than five one after the other. Names that do not exist are counted like all others. Counted are the tries of one
source at one account, and, ten times as many, those of all unknown sources together. A device on which the owner of the
account has logged in before is a source of its own: whatever others do, it is let in.
(等级保护第三级 身份鉴别：登录失败处理, GB/T 22239-2019 8.1.4.1 b)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from web.auth.cookies import set_cookie
from web.auth.models import LoginAttempts
from web.context import AppContext

DEVICE_COOKIE = "xq_device"
_DEVICE_HOURS = 180 * 24
_MAX_DEVICE_ACCOUNTS = 8  # a counter's computer is used by several people
_ALL_SOURCES_FACTOR = 10
_LISTED_LOCKS = 2000  # rows read for the administrator's list


class Credential(StrEnum):
    """What is tried."""

    PASSWORD = "password"  # noqa: S105 - a name
    CODE = "code"


@dataclass(frozen=True, slots=True)
class LoginSource:
    """Where somebody logs in from: a network, and the accounts known on this device by their keyed hashes."""

    network: str
    device_accounts: tuple[str, ...] = ()


def read_source(request: Request) -> LoginSource:
    """The source of a request: its address (IPv6: its /64) and its device cookie."""
    accounts = tuple(request.cookies.get(DEVICE_COOKIE, "").split(".")[:_MAX_DEVICE_ACCOUNTS])
    return LoginSource(request.app.state.limiter.network(request), accounts)


def is_known_device(context: AppContext, source: LoginSource, username: str, password_changed_at: datetime) -> bool:
    """Whether the account was logged in to on this device since its password was changed last."""
    return _device_account(context, username, password_changed_at) in source.device_accounts


def remember_device(
    request: Request, response: Response, context: AppContext, username: str, password_changed_at: datetime
) -> None:
    """From now on this device is known to the account, until its password is changed."""
    remember_account(request, response, _device_account(context, username, password_changed_at))


def remember_account(request: Request, response: Response, account: str) -> None:
    """From now on this device is known to the account with that keyed hash."""
    context: AppContext = request.app.state.context
    others = [other for other in read_source(request).device_accounts if other and other != account]
    accounts = [account, *others][:_MAX_DEVICE_ACCOUNTS]
    set_cookie(response, context, DEVICE_COOKIE, ".".join(accounts), _DEVICE_HOURS)


def _device_account(context: AppContext, username: str, password_changed_at: datetime) -> str:
    return context.settings.vault.keyed_hash("login-device", f"{username} {password_changed_at.isoformat()}")


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """One try that is counted already and may be looked at."""

    context: AppContext
    own_key: str
    shared_key: str

    async def is_last(self) -> bool:
        """Whether the next try of this source would not be looked at."""
        return await LoginAttempts.filter(key=self.own_key, failed__gte=self.context.settings.login_attempts).exists()

    async def succeed(self) -> None:
        """The try was right: this source begins anew, and it does not count among the tries of all sources."""
        await LoginAttempts.filter(key=self.own_key).delete()
        if self.shared_key:
            await LoginAttempts.filter(key=self.shared_key, failed__gt=0).update(failed=F("failed") - 1)


@dataclass(frozen=True, slots=True)
class LockedAccount:
    """An account at which tries are refused: from how many sources, and until when at most."""

    username: str
    sources: int
    until: datetime


async def begin_attempt(
    context: AppContext, username: str, credential: Credential, source: LoginSource, *, is_known: bool
) -> LoginAttempt | None:
    """Count one try, unless too many were made: then None, and whatever was given is not to be looked at."""
    most, keyed_hash = context.settings.login_attempts, context.settings.vault.keyed_hash
    account = _account_hash(context, username)
    where = "known device" if is_known else f"from {source.network}"
    own_key = keyed_hash("login-attempts", f"{credential} {where} {username}")
    shared_key = "" if is_known else _shared_key(context, credential, username)
    if not await _count(context, own_key, account, most):
        return None
    if shared_key and not await _count(context, shared_key, account, most * _ALL_SOURCES_FACTOR):
        return None
    return LoginAttempt(context, own_key, shared_key)


async def seconds_locked(context: AppContext, username: str) -> int:
    """After how many seconds tries at the account are looked at again, wherever they come from; 0 when they are now."""
    lock = timedelta(minutes=context.settings.lock_minutes)
    rows = await LoginAttempts.filter(
        account=_account_hash(context, username),
        failed__gte=context.settings.login_attempts,
        seen_at__gt=context.clock.now() - lock,
    ).limit(_LISTED_LOCKS)
    seen = [row.seen_at for row in rows if _locks(context, username, row)]
    return max(1, int((max(seen) + lock - context.clock.now()).total_seconds())) if seen else 0


def _locks(context: AppContext, username: str, row: LoginAttempts) -> bool:
    """Whether tries are refused by this count, that of one source or, ten times as large, that of all together."""
    most = context.settings.login_attempts
    is_shared = row.key in {_shared_key(context, credential, username) for credential in Credential}
    return row.failed >= (most * _ALL_SOURCES_FACTOR if is_shared else most)


def _shared_key(context: AppContext, credential: Credential, username: str) -> str:
    return context.settings.vault.keyed_hash("login-attempts", f"{credential} everywhere {username}")


async def list_locked(context: AppContext, usernames: Sequence[str]) -> list[LockedAccount]:
    """Those of the accounts at which tries are refused now, from one source or from everywhere."""
    lock = timedelta(minutes=context.settings.lock_minutes)
    rows = await LoginAttempts.filter(
        failed__gte=context.settings.login_attempts, seen_at__gt=context.clock.now() - lock
    ).limit(_LISTED_LOCKS)
    username_by_hash = {_account_hash(context, username): username for username in usernames} if rows else {}
    ends: dict[str, list[datetime]] = {}
    for row in rows:
        username = username_by_hash.get(row.account)
        if username and _locks(context, username, row):
            ends.setdefault(username, []).append(row.seen_at + lock)
    return [LockedAccount(username, len(times), max(times)) for username, times in sorted(ends.items())]


async def _count(context: AppContext, key: str, account: str, most: int) -> bool:
    now = context.clock.now()
    lock_over = now - timedelta(minutes=context.settings.lock_minutes)
    rows = LoginAttempts.filter(key=key)
    if await rows.filter(seen_at__gt=lock_over, failed__lt=most).update(failed=F("failed") + 1, seen_at=now):
        return True
    if await rows.filter(seen_at__lte=lock_over).update(failed=1, seen_at=now):
        return True
    try:
        await LoginAttempts.create(key=key, account=account, failed=1, seen_at=now)
    except IntegrityError:  # locked, or made a moment ago by another try
        return bool(
            await rows.filter(seen_at__gt=lock_over, failed__lt=most).update(failed=F("failed") + 1, seen_at=now)
        )
    return True


async def unlock(context: AppContext, username: str) -> int:
    """Forget all tries at an account. Returns at how many sources some were counted."""
    return await LoginAttempts.filter(account=_account_hash(context, username)).delete()


async def delete_old(now: datetime, lock_minutes: int, limit: int = 1000) -> int:
    """Delete counts that lock nobody any more, at most `limit`. Returns how many: 0 when none is left."""
    rows = LoginAttempts.filter(seen_at__lt=now - timedelta(minutes=lock_minutes))
    keys: Sequence[str] = list(await rows.limit(limit).values_list("key", flat=True))  # type: ignore[arg-type]
    return await LoginAttempts.filter(key__in=list(keys)).delete() if keys else 0


def _account_hash(context: AppContext, username: str) -> str:
    """Keyed: what people type into the field of the name, a password by mistake, is nowhere to be read."""
    return context.settings.vault.keyed_hash("login-account", username)
