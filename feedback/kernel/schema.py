"""Check that the database schema is of this version: compare the migrations in the code with those applied."""

import pkgutil
from functools import cache
from importlib import import_module

from tortoise.exceptions import OperationalError

from feedback.kernel import db

_APPLIED = f"SELECT name FROM tortoise_migrations WHERE app = '{db.APP}'"  # noqa: S608 - our own word


@cache
def known(package: str) -> tuple[str, ...]:
    """The names of the migrations in a package, oldest first."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(import_module(package).__path__)))


async def pending(package: str) -> list[str]:
    """The migrations of a package that the database has not had, oldest first; all of them when it has no tables yet.

    Raises what the driver raises when the database does not answer.
    """
    try:
        rows = await db.write_connection().execute_query_dict(_APPLIED)
    except OperationalError as fault:
        if db.is_unavailable(fault):
            raise
        rows = []  # no such table: nothing was ever migrated
    applied = {row["name"] for row in rows}
    return [name for name in known(package) if name not in applied]
