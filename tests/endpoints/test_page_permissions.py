"""Is every page of the staff behind its requirement, and does nobody else reach it?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.routing import Mount, Route

from feedback.rules.vocabulary import Role
from routing import directory
from tests.endpoints.test_desk_pages import at_desk
from tests.people import Door
from web.app import create_app
from web.auth.permissions import ROLES, Requirement

pytestmark = pytest.mark.one_database
AREAS = ("/desk", "/board", "/admin")


@dataclass(frozen=True)
class StaffRoute:
    """A route below one of the areas, and everything it requires."""

    method: str
    path: str
    requirements: tuple[Requirement, ...]

    def is_open_to(self, roles: frozenset[Role]) -> bool:
        return all(roles & ROLES[requirement] for requirement in self.requirements)

    def address(self) -> str:
        """An address of it; what it names need not be there: who may not come in never learns."""
        return re.sub(r"{(\w+)(:int)?}", lambda part: "1" if part[2] else "x", self.path)


def _requirements(app: Any) -> Iterator[Requirement]:
    """What the middleware of a route or a mount requires, from the outside in."""
    while app is not None:
        if hasattr(app, "requirement"):
            yield app.requirement
        app = getattr(app, "app", None)


def _walk(routes: Any, prefix: str, outer: tuple[Requirement, ...]) -> Iterator[StaffRoute]:
    for route in routes:
        requirements = (*outer, *_requirements(route.app))
        if isinstance(route, Mount):
            yield from _walk(route.routes, prefix + route.path, requirements)
        elif isinstance(route, Route):
            for method in sorted({"GET", "POST"} & (route.methods or set())):
                yield StaffRoute(method, prefix + route.path, requirements)


def _staff_routes(app: Any) -> list[StaffRoute]:
    areas = [route for route in app.routes if getattr(route, "path", "").startswith(AREAS)]
    return list(_walk(areas, "", ()))


def test_every_staff_route_requires_a_session(door: Door) -> None:
    routes = _staff_routes(create_app(door.settings, with_worker=False))
    assert len(routes) > 100
    assert {route.path for route in routes} > set(AREAS)
    assert [route for route in routes if not any(needed.needs_session for needed in route.requirements)] == []
    pages_of_admin = [route for route in routes if route.path.startswith("/admin")]
    assert [route for route in pages_of_admin if route.is_open_to(frozenset({Role.CLERK, Role.LEAD}))] == []


async def test_nobody_without_a_session_gets_further_than_the_log_in(door: Door) -> None:
    async with door.browser() as stranger:
        for route in _staff_routes(door.app):
            response = await stranger.request(route.method, route.address())
            if route.method == "GET":
                assert response.status_code == 303, route
                assert response.headers["location"] == f"/login?next={route.address()}", route
            else:
                assert response.status_code == 401, route
                assert "工作人员登录" in response.text and f'name="next" value="{route.address()}"' in response.text


@pytest.mark.parametrize("username", ["clerk-jiaoyu", "supervisor", "admin", "auditor"])
async def test_who_lacks_the_role_of_a_page_is_refused_before_anything_is_looked_up(door: Door, username: str) -> None:
    roles = (await directory.load_actor(username)).roles
    closed = [route for route in _staff_routes(door.app) if not route.is_open_to(roles)]
    assert closed
    async with at_desk(door, username) as browser:
        for route in closed:
            assert (await browser.request(route.method, route.address())).status_code == 403, route
