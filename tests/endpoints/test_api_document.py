"""Is the OpenAPI document true? What it demands is demanded, what it allows is taken, every answer is as it says."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from starlette.routing import Route

from feedback.rules import intake
from tests.endpoints.phone_login import PHONE, codes_to, log_in_by_phone
from tests.people import ANNAS_MESSAGE, Door
from web.api.route_table import Call
from web.api.schemas import requests
from web.api.schemas.responses import ErrorBody
from web.api.v1 import routes
from web.auth.permissions import Requirement

BODIES = [call for call in routes.CALLS if call.body is not None]
QUERIES = [call for call in routes.CALLS if call.query is not None]
ACCOUNTS = {
    Requirement.SUPERVISOR: "supervisor",
    Requirement.OVERSEER: "supervisor",
    Requirement.ADMINISTRATOR: "admin",
}
WRONG: dict[str, Any] = {"string": 7, "integer": "7", "boolean": "yes", "array": "one", "object": 7}


def called(call: Call) -> str:
    return f"{call.method} {call.path}"


async def document(door: Door) -> dict[str, Any]:
    response = await door.get("/api/v1/openapi.json")
    assert response.status_code == 200
    payload: dict[str, Any] = response.json()
    return payload


@pytest.mark.one_database
async def test_it_names_every_route_and_no_other(door: Door) -> None:
    described = await document(door)
    assert described["openapi"].startswith("3.1")
    named = {(method.upper(), path) for path, row in described["paths"].items() for method in row}
    assert named == {(call.method, call.path) for call in routes.CALLS}
    mounted = {(method, route.path) for route in routes.ROUTES for method in (route.methods or ()) if method != "HEAD"}
    assert named == mounted
    assert all(isinstance(route, Route) for route in routes.ROUTES)


@pytest.mark.one_database
async def test_every_reference_in_it_leads_somewhere(door: Door) -> None:
    response = await door.get("/api/v1/openapi.json")
    schemas = response.json()["components"]["schemas"]
    referred = set(re.findall(r"#/components/schemas/(\w+)", response.text))
    assert referred <= set(schemas)
    assert referred == set(schemas), "a schema nobody refers to"


@pytest.mark.one_database
async def test_every_operation_has_a_name_of_its_own(door: Door) -> None:
    described = await document(door)
    names = [operation["operationId"] for row in described["paths"].values() for operation in row.values()]
    assert len(names) == len(set(names))


def schema_of(described: dict[str, Any], call: Call) -> dict[str, Any]:
    content = described["paths"][call.path][call.method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    reference = content.get("$ref") or content["allOf"][0]["$ref"]
    schema: dict[str, Any] = described["components"]["schemas"][reference.rsplit("/", 1)[-1]]
    return schema


async def token_for(door: Door, call: Call) -> str:
    """The token of somebody who may make the call; none where anyone may."""
    if call.requires is Requirement.ANYONE:
        return ""
    if call.requires is Requirement.CITIZEN:
        return await log_in_by_phone(door)
    return await door.log_in(ACCOUNTS.get(call.requires, "reception"))


async def sent(door: Door, call: Call, body: Any) -> Any:
    token = await token_for(door, call)
    path = call.path.replace("{act}", "note").replace("{no}", "20200101-000000")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await door.client.request(call.method, f"/api/v1{path}", json=body, headers=headers)


@pytest.mark.parametrize("call", BODIES, ids=called)
@pytest.mark.one_database
async def test_what_it_demands_is_demanded(door: Door, call: Call) -> None:
    required = set(schema_of(await document(door), call).get("required", ()))
    response = await sent(door, call, {})
    named = set(response.json()["error"].get("fields", {})) if response.status_code == 422 else set()
    assert required <= named if required else response.status_code != 422 or "body" not in named
    assert named <= required | {"text"}  # a message to classify may lack its title or its text, but not both


def wrong_for(schema: dict[str, Any]) -> Any:
    """A value of another type than the schema's."""
    kinds = [part.get("type", "string") for part in schema.get("anyOf", [schema])]
    if "$ref" in schema or "enum" in schema:
        return 7
    return 7.5 if kinds == ["integer", "null"] else WRONG[next(kind for kind in kinds if kind != "null")]


@pytest.mark.parametrize("call", BODIES, ids=called)
@pytest.mark.one_database
async def test_a_wrong_type_is_named_for_every_field_it_lists(door: Door, call: Call) -> None:
    described = await document(door)
    body = {name: wrong_for(row) for name, row in schema_of(described, call)["properties"].items()}
    response = await sent(door, call, body)
    assert response.status_code == 422, response.text
    assert set(response.json()["error"]["fields"]) == set(body)


@pytest.mark.parametrize("call", QUERIES, ids=called)
async def test_every_parameter_it_lists_is_read(door: Door, call: Call) -> None:
    operation = (await document(door))["paths"][call.path]["get"]
    listed = {row["name"] for row in operation["parameters"] if row["in"] == "query"}
    assert call.query is not None
    assert listed == set(call.query.__struct_encode_fields__)
    token = await token_for(door, call)
    path = call.path.replace("{no}", "20200101-000000").replace("{id}", "x")
    response = await door.get(f"/api/v1{path}", token, params=dict.fromkeys(listed - {"q", "code"}, "\x01?"))
    assert response.status_code in (404, 422)


@pytest.mark.one_database
def test_the_lengths_it_tells_are_those_of_the_rules() -> None:
    _, schemas = msgspec.json.schema_components([requests.NewCase])
    properties = schemas["NewCase"]["properties"]
    assert properties["title"]["maxLength"] == intake.TITLE_MOST
    assert properties["text"]["maxLength"] == intake.TEXT_MOST
    assert properties["source_id"]["maxLength"] == intake.SOURCE_MOST


def fits(value: Any, wanted: Any) -> bool:
    """Whether a value is of that type, with no field beside those the type has."""
    return bool(msgspec.to_builtins(msgspec.convert(value, wanted)) == value)


async def test_every_answer_is_of_the_type_it_tells(door: Door) -> None:
    walked = await walk(door)
    calls = {(call.method, call.path): call for call in routes.CALLS}
    for key, response in walked:
        call = calls[key]
        if response.status_code not in call.answers:
            assert response.status_code in call.statuses, (key, response.text)
            assert fits(response.json(), ErrorBody), (key, response.text)
            continue
        wanted = call.answers[response.status_code]
        assert wanted is None or fits(response.json(), wanted), (key, response.text)
        if response.content:
            assert response.headers["content-type"].startswith(call.media if wanted is None else "application/json")
    unseen = {key for key, call in calls.items() if not call.requires.needs_session} - {key for key, _ in walked}
    assert unseen <= {
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/cases/{no}/attachments/{id}"),
        ("GET", "/cases/{no}/letters/{id}.{form}"),
    }


async def walk(door: Door) -> list[tuple[tuple[str, str], Any]]:
    """One message from its sending to its rating, with every table looked at on the way."""
    seen: list[tuple[tuple[str, str], Any]] = []

    def noted(method: str, path: str, response: Any) -> Any:
        seen.append(((method, path), response))
        return response

    noted("POST", "/attachments", await door.client.post("/api/v1/attachments", files={"file": ("a.txt", "你好")}))
    tus = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    for length, name in ((6, "YS50eHQ="), (7, "Yi50eHQ=")):
        begin = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": f"filename {name}"}
        begun = noted("POST", "/uploads", await door.client.post("/api/v1/uploads", headers=begin))
        location = begun.headers["location"]
        noted("PATCH", "/uploads/{id}", await door.client.patch(location, content="你好", headers=tus))
        noted("GET", "/uploads/{id}", await door.client.get(location, headers=tus))
    noted("PATCH", "/uploads/{id}", await door.client.patch(location, content=b"x", headers=tus))
    noted("DELETE", "/uploads/{id}", await door.client.delete(location, headers=tus))
    noted("OPTIONS", "/uploads", await door.client.options("/api/v1/uploads"))
    receipt = noted("POST", "/cases", await door.post("/api/v1/cases", ANNAS_MESSAGE)).json()
    noted("POST", "/cases", await door.post("/api/v1/cases", {}))
    no, code = receipt["no"], {"code": receipt["code"]}
    await door.drain()
    case = noted("GET", "/cases/{no}", await door.get(f"/api/v1/cases/{no}", params=code)).json()
    noted("GET", "/cases/{no}/data", await door.get(f"/api/v1/cases/{no}/data", params=code))
    session = await door.post("/api/v1/sessions", {"username": f"clerk-{case['unit']['code']}", "password": "demo"})
    token = noted("POST", "/sessions", session).json()["token"]
    noted("POST", "/sessions", await door.post("/api/v1/sessions", {"username": "x", "password": "y"}))
    noted("POST", "/sessions/wx", await door.post("/api/v1/sessions/wx", {"code": "x"}))
    act = "/cases/{no}/acts/{act}"
    for name, body in (
        ("reply", {"text": "太早"}),
        ("accept", {"text": "已受理"}),
        ("co_assign", {"units": ["chengguan"], "task": "清理占道"}),
        ("ask_extension", {"reason": "x", "days": 3}),
        ("reply", {"text": "已安排", "outcome": "support"}),
    ):
        noted("POST", act, await door.act(no, name, body, token))
    noted("POST", act, await door.act(no, "rate", {**code, "level": 1, "tags": ["115"]}))
    noted("POST", "/ratings", await door.post("/api/v1/ratings", {"case_no": no, **code, "level": 4}))
    noted("POST", "/ratings", await door.post("/api/v1/ratings", {"level": 4}))
    await door.drain()
    own = noted("GET", "/cases/{no}", await door.get(f"/api/v1/cases/{no}", params=code)).json()
    noted("GET", "/cases/{no}", await door.get(f"/api/v1/cases/{no}", token))
    for printed in (own["letters"][-1]["verify"], "1"):
        noted("GET", "/letters/verify", await door.get("/api/v1/letters/verify", params={"code": printed}))
    noted("GET", "/desk/cases", await door.get("/api/v1/desk/cases", token))
    noted("POST", "/classify", await door.post("/api/v1/classify", {"title": "路灯", "text": "路灯不亮"}, token))
    for path in ("/units", "/categories", "/matters", "/law", "/indicators", "/public/replies", "/public/scores"):
        noted("GET", path, await door.get(f"/api/v1{path}"))
    for path in ("/public/scores.csv", "/public/scores.xlsx"):
        noted("GET", path, await door.get(f"/api/v1{path}"))
    await walk_own_pages(door, no, noted)
    gone = await door.client.delete("/api/v1/sessions", headers={"Authorization": f"Bearer {token}"})
    noted("DELETE", "/sessions", gone)
    return seen


async def walk_own_pages(door: Door, no: str, noted: Callable[[str, str, Any], Any]) -> None:
    """Anna proves her telephone and looks at what is hers."""
    noted("POST", "/sessions/phone", await door.post("/api/v1/sessions/phone", {"phone": PHONE}))
    await door.drain()
    proof = {"phone": PHONE, "code": codes_to(door, PHONE)[-1]}
    session = noted("POST", "/sessions/phone/verify", await door.post("/api/v1/sessions/phone/verify", proof)).json()
    again = await door.post("/api/v1/sessions/phone/verify", proof)
    noted("POST", "/sessions/phone/verify", again)
    token = session["token"]
    for path in ("/me/cases", "/me/messages", "/me/data", "/me/devices"):
        noted("GET", path, await door.get(f"/api/v1{path}", token))
    noted("GET", "/me/cases/{no}", await door.get(f"/api/v1/me/cases/{no}", token))
    for path, body in (
        ("/me/older-cases", {"name": "安小娜"}),
        ("/me/older-cases", {"name": "王五"}),
        ("/me/cases/{no}/code", {}),
        ("/me/cases/{no}/acts/{act}", {}),
    ):
        address = path.replace("{no}", no).replace("{act}", "note")
        noted("POST", path, await door.post(f"/api/v1{address}", body, token))
    more: tuple[tuple[str, str, dict[str, str] | None], ...] = (
        ("PATCH", "/me", {"name": "安小娜娜"}),
        ("DELETE", "/me/devices/{id}", None),
        ("DELETE", "/me", {}),
        ("DELETE", "/me/devices", None),
    )
    for method, path, changes in more:
        response = await door.client.request(
            method, f"/api/v1{path.replace('{id}', 'x')}", json=changes, headers={"Authorization": f"Bearer {token}"}
        )
        noted(method, path, response)


@pytest.mark.one_database
async def test_the_readable_page_shows_every_call_and_asks_nobody_else(door: Door) -> None:
    response = await door.get("/api/v1/docs")
    assert response.status_code == 200
    assert all(f"{call.method} {call.path}" in response.text for call in routes.CALLS)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', response.text)
