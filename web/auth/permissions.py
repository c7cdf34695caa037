"""What a route asks of whoever calls it: one table of requirements, checked by `Require` on a route or a mount."""

from collections.abc import Mapping
from enum import StrEnum

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from feedback.kernel.errors import Forbidden
from feedback.rules.access import ANY_STAFF, OVERSEERS, Actor, has_role
from feedback.rules.vocabulary import Role
from web.auth import citizen_sessions, sessions
from web.auth.citizen_sessions import CitizenLogin


class Requirement(StrEnum):
    """Who may call a route. What they may see or change of a case is `feedback.rules.access`, and asked afterwards."""

    ANYONE = "anyone"
    HOLDER = "holder"  # whoever holds the query code, or staff who may see the case
    CITIZEN = "citizen"  # who proved a telephone number
    STAFF = "staff"
    CASE_STAFF = "case_staff"  # all but those who are nothing but administrators: they see no case
    WORKER = "worker"
    RECEPTION = "reception"
    OVERSEER = "overseer"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    ADMINISTRATOR_OR_AUDITOR = "administrator_or_auditor"
    ADMINISTRATOR_OR_OVERSEER = "administrator_or_overseer"

    @property
    def needs_session(self) -> bool:
        """Whether nobody gets in without a session of staff."""
        return self in ROLES

    @property
    def needs_login(self) -> bool:
        """Whether nobody gets in without a session of their own, staff or citizen."""
        return self.needs_session or self is Requirement.CITIZEN


ROLES: Mapping[Requirement, frozenset[Role]] = {
    Requirement.STAFF: frozenset(Role),
    Requirement.CASE_STAFF: ANY_STAFF - {Role.ADMIN},
    Requirement.WORKER: frozenset({Role.CLERK, Role.LEAD, Role.RECEPTION}),
    Requirement.RECEPTION: frozenset({Role.RECEPTION}),
    Requirement.OVERSEER: OVERSEERS,
    Requirement.SUPERVISOR: frozenset({Role.SUPERVISOR}),
    Requirement.AUDITOR: frozenset({Role.AUDITOR}),
    Requirement.ADMINISTRATOR: frozenset({Role.ADMIN}),
    Requirement.ADMINISTRATOR_OR_AUDITOR: frozenset({Role.ADMIN, Role.AUDITOR}),
    Requirement.ADMINISTRATOR_OR_OVERSEER: OVERSEERS | {Role.ADMIN},
}
"""The roles of which one is enough, by requirement; a requirement that is missing here needs no session."""


async def authorize(request: Request, requirement: Requirement) -> None:
    """Let the request go on if whoever asks meets the requirement.

    Raises Unauthorized without a session, Forbidden without one of the roles.
    """
    if requirement is Requirement.CITIZEN:
        await citizen_sessions.require_citizen(request)
    if requirement.needs_session and not has_role(await sessions.require_actor(request), ROLES[requirement]):
        raise Forbidden


def current_actor(request: Request) -> Actor:
    """The member of staff whom `Require` has let in.

    Raises AttributeError on a route that requires no session: that is a fault of the route.
    """
    actor: Actor = request.state.actor
    return actor


def current_citizen(request: Request) -> CitizenLogin:
    """The citizen whom `Require` has let in.

    Raises AttributeError on a route that requires none: that is a fault of the route.
    """
    login: CitizenLogin = request.state.citizen
    return login


class Require:
    """Middleware of a route or a mount: whoever does not meet the requirement does not reach what hangs below."""

    def __init__(self, app: ASGIApp, requirement: Requirement) -> None:
        self.app = app
        self.requirement = requirement

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await authorize(Request(scope, receive), self.requirement)
        await self.app(scope, receive, send)


def requiring(requirement: Requirement, *routes: Route) -> list[Route]:
    """The same routes, each behind the requirement."""
    guard = [Middleware(Require, requirement=requirement)]
    return [Route(route.path, route.endpoint, methods=route.methods, middleware=guard) for route in routes]
