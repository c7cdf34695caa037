"""Role checks of a request: an administrator, an overseer, or any of the named roles."""

from starlette.requests import Request

from feedback.kernel.errors import Forbidden
from feedback.rules.access import OVERSEERS, Actor, has_role
from feedback.rules.vocabulary import Role
from web.auth import sessions


async def require_role(request: Request, *roles: Role) -> Actor:
    """Whoever asks, if they hold one of the roles (an administrator when none is named).

    Raises Forbidden.
    """
    actor = await sessions.require_actor(request)
    if not actor.roles & frozenset(roles or (Role.ADMIN,)):
        raise Forbidden
    return actor


async def require_overseer(request: Request) -> Actor:
    """Whoever asks, if they oversee others.

    Raises Forbidden.
    """
    actor = await sessions.require_actor(request)
    if not has_role(actor, OVERSEERS):
        raise Forbidden
    return actor
