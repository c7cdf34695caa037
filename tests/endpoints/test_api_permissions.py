"""Does the API let in exactly whom the rows of its table name, before it looks at what was sent?"""

from collections.abc import Iterable

from tests.people import Door
from web.api.route_table import Call
from web.api.v1 import routes
from web.auth.permissions import Requirement
from web.wording import catalogue

FOR_STAFF = sorted((call for call in routes.CALLS if call.requires.needs_session), key=lambda c: c.method, reverse=True)
"""The calls that need a session, the one that ends it last."""

FOR_ROLES = [call for call in FOR_STAFF if call.requires is not Requirement.STAFF]
INSIDERS = {
    Requirement.STAFF: "clerk-jiaoyu",
    Requirement.RECEPTION: "reception",
    Requirement.CASE_STAFF: "clerk-jiaoyu",
    Requirement.SUPERVISOR: "supervisor",
    Requirement.OVERSEER: "auditor",
    Requirement.ADMINISTRATOR: "admin",
    Requirement.WORKER: "clerk-jiaoyu",
    Requirement.AUDITOR: "auditor",
    Requirement.ADMINISTRATOR_OR_AUDITOR: "auditor",
    Requirement.ADMINISTRATOR_OR_OVERSEER: "auditor",
}
OUTSIDERS = {Requirement.CASE_STAFF: "admin", Requirement.WORKER: "auditor"}
"""Who is turned away where a clerk is not."""


async def _statuses(door: Door, callers: Iterable[tuple[Call, str]]) -> dict[str, int]:
    """How each call is answered to its caller ("": nobody logged in) when nothing that is sent with it can be read."""
    statuses, tokens = {}, {"": ""}
    for call, username in callers:
        if username not in tokens:
            tokens[username] = await door.log_in(username)
        path = call.path.replace("{act}", "close").replace("{number}", "0")
        for name in ("no", "id", "name", "code"):
            path = path.replace(f"{{{name}}}", "none")
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {tokens[username]}"}
        response = await door.client.request(
            call.method,
            f"/api/v1{path}",
            headers=headers,
            params=dict.fromkeys(("page", "kind", "period", "year", "ours"), "x"),
            content=None if call.method == "GET" else b"{not JSON",
        )
        statuses[f"{call.method} {call.path}"] = response.status_code
    return statuses


async def test_without_a_session_every_call_for_staff_is_answered_401(door: Door) -> None:
    statuses = await _statuses(door, ((call, "") for call in FOR_STAFF))
    assert set(statuses.values()) == {401}, statuses


async def test_staff_without_the_role_are_answered_403(door: Door) -> None:
    callers = [(call, OUTSIDERS.get(call.requires, "clerk-jiaoyu")) for call in FOR_ROLES]
    statuses = await _statuses(door, callers)
    assert set(statuses.values()) == {403}, statuses


async def test_staff_with_the_role_are_let_in(door: Door) -> None:
    statuses = await _statuses(door, ((call, INSIDERS[call.requires]) for call in FOR_STAFF))
    assert {name: status for name, status in statuses.items() if status in (401, 403) or status >= 500} == {}


async def test_the_document_names_the_roles_and_both_refusals(door: Door) -> None:
    document = (await door.get("/api/v1/openapi.json")).json()
    for call in FOR_ROLES:
        operation = document["paths"][call.path][call.method.lower()]
        assert operation["description"].startswith(f"限{catalogue.REQUIREMENTS[call.requires]}。")
        assert {"401", "403"} <= set(operation["responses"])


def test_every_requirement_has_words() -> None:
    assert set(catalogue.REQUIREMENTS) == set(Requirement)
