"""What a route asks of whoever calls it: one table of requirements, checked by `Require` on a route or a mount."""

from collections.abc import Mapping
from enum import StrEnum

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from feedback.kernel.errors import Forbidden
from feedback.rules.access import OVERSEERS, Actor, has_role
from feedback.rules.vocabulary import Role
from web.auth import sessions


class Requirement(StrEnum):
    """Who may call a route. What they may see or change of a case is `feedback.rules.access`, and asked afterwards."""

    ANYONE = "anyone"
    HOLDER = "holder"  # whoever holds the query code, or staff who may see the case
    STAFF = "staff"
    OVERSEER = "overseer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    ADMINISTRATOR_OR_AUDITOR = "administrator_or_auditor"

    @property
    def needs_session(self) -> bool:
        """Whether nobody gets in without a session of staff."""
        return self in ROLES


ROLES: Mapping[Requirement, frozenset[Role]] = {
    Requirement.STAFF: frozenset(Role),
    Requirement.OVERSEER: OVERSEERS,
    Requirement.AUDITOR: frozenset({Role.AUDITOR}),
    Requirement.ADMINISTRATOR: frozenset({Role.ADMIN}),
    Requirement.ADMINISTRATOR_OR_AUDITOR: frozenset({Role.ADMIN, Role.AUDITOR}),
}
"""The roles of which one is enough, by requirement; a requirement that is missing here needs no session."""


async def authorize(request: Request, requirement: Requirement) -> None:
    """Let the request go on if whoever asks meets the requirement.

    Raises Unauthorized without a session, Forbidden without one of the roles.
    """
    if requirement.needs_session and not has_role(await sessions.require_actor(request), ROLES[requirement]):
        raise Forbidden


def current_actor(request: Request) -> Actor:
    """The member of staff whom `Require` has let in.

    Raises AttributeError on a route that requires no session: that is a fault of the route.
    """
    actor: Actor = request.state.actor
    return actor


class Require:
    """Middleware of a route or a mount: whoever does not meet the requirement does not reach what hangs below."""

    def __init__(self, app: ASGIApp, requirement: Requirement) -> None:
        self.app = app
        self.requirement = requirement

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await authorize(Request(scope, receive), self.requirement)
        await self.app(scope, receive, send)


# ---- until every page and call is authorised by its route ----


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
