"""Staff accounts: add them, set passwords, list who has none."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from feedback.kernel.errors import NotFound
from web.auth.models import Account
from web.auth.passwords import hash_password
from web.auth.sessions import end_sessions


async def add_accounts(usernames: list[str], password: str, *, is_demo: bool, now: datetime) -> None:
    """Accounts with one password, hashed once: for the demo town and for the first administrator."""
    hashed = await asyncio.to_thread(hash_password, password)
    rows = [Account(username=username, password=hashed, is_demo=is_demo, changed_at=now) for username in usernames]
    await Account.bulk_create(rows, ignore_conflicts=True)


async def list_without_account(usernames: Sequence[str]) -> list[str]:
    """Those of them who cannot log in yet."""
    existing = {row["username"] for row in await Account.filter(username__in=list(usernames)).values("username")}
    return [username for username in usernames if username not in existing]


async def set_password(username: str, password: str, *, now: datetime) -> None:
    """Another password from now on: the account is open again, and every session in its name is over.

    Raises NotFound.
    """
    hashed = await asyncio.to_thread(hash_password, password)
    account = Account.filter(username=username)
    if not await account.update(password=hashed, changed_at=now, is_demo=False):
        raise NotFound(account=username)
    await end_sessions(username)


async def has_demo_accounts() -> bool:
    return await Account.filter(is_demo=True).exists()


async def list_usernames() -> list[str]:
    """All who can log in."""
    return [row["username"] for row in await Account.all().order_by("username").values("username")]


async def exists(username: str) -> bool:
    """Whether somebody can log in by that name."""
    return await Account.exists(username=username)
