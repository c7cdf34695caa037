"""Does every refusal have the one shape, whatever somebody sends?"""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.people import ANNAS_MESSAGE, Door

CASES = "/api/v1/cases"


def fault_of(response: Any, status: int, code: str) -> dict[str, str]:
    """The fields of an error, after a look at its shape."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    assert body["error"]["code"] == code
    assert body["error"]["message"]
    fields: dict[str, str] = body["error"].get("fields", {})
    return fields


async def sent(door: Door, content: bytes, kind: str = "application/json") -> Any:
    return await door.client.post(CASES, content=content, headers={"Content-Type": kind})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"{not json", id="broken"),
        pytest.param(b"", id="empty"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(json.dumps(dict(ANNAS_MESSAGE)).encode("utf-16"), id="utf-16"),
        pytest.param(json.dumps(dict(ANNAS_MESSAGE), ensure_ascii=False).encode("gbk"), id="gbk"),
        pytest.param(b'{"title":"\\ud800"}', id="lone surrogate"),
        pytest.param(b'{"title":NaN}', id="not a number of JSON"),
    ],
)
@pytest.mark.one_database
async def test_what_is_not_json_is_400(door: Door, content: bytes) -> None:
    fault_of(await sent(door, content), 400, "not_json")


@pytest.mark.parametrize("content", [b"[]", b"null", b'"text"', b"7"])
@pytest.mark.one_database
async def test_json_that_is_no_object_is_422(door: Door, content: bytes) -> None:
    assert fault_of(await sent(door, content), 422, "invalid") == {"body": "请求内容应为一个 JSON 对象"}


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", ""]
)
@pytest.mark.one_database
async def test_another_content_type_is_415(door: Door, kind: str) -> None:
    content = json.dumps(dict(ANNAS_MESSAGE)).encode()
    fault_of(await sent(door, content, kind), 415, "unsupported_type")


async def test_a_byte_order_mark_is_forgiven(door: Door) -> None:
    response = await sent(door, b"\xef\xbb\xbf" + json.dumps(dict(ANNAS_MESSAGE)).encode())
    assert response.status_code == 201


@pytest.mark.parametrize("size", [1_100_000, 20_000_000], ids=["more than a message needs", "20 MB"])
@pytest.mark.one_database
async def test_too_large_a_body_is_413(door: Door, size: int) -> None:
    fault_of(await sent(door, json.dumps({**ANNAS_MESSAGE, "text": "x" * size}).encode()), 413, "too_large")


async def test_all_faults_are_named_at_once_each_with_a_sentence(door: Door) -> None:
    body = {
        "kind": "nonsense",
        "title": 7,
        "channel": ["app"],
        "region": "123",
        "anonymous": "yes",
        "attachments": "one",
        "headcount": "3",
        "person": {"phone": "12", "id_number": 5, "name": "名" * 51},
    }
    fields = fault_of(await door.post(CASES, body), 422, "invalid")
    assert set(fields) == {
        *("kind", "title", "text", "channel", "region", "anonymous", "attachments", "headcount"),
        *("person.phone", "person.id_number", "person.name"),
    }
    assert fields["person.phone"] == "手机号码应为 11 位数字，以 1 开头"
    assert fields["text"] == "请填写内容"


async def test_the_message_counts_the_faults(door: Door) -> None:
    response = await door.post(CASES, {"kind": "help", "channel": "app"})
    assert response.json()["error"]["message"] == "有 2 处需要改正"


async def test_fields_nobody_knows_are_ignored_and_null_is_absent(door: Door) -> None:
    body = {**ANNAS_MESSAGE, "colour": "blue", "region": None, "person": None, "desk": "jiaoyu", "urgency": 2}
    assert (await door.post(CASES, body)).status_code == 201


async def test_nobody_can_open_a_rectification_by_hand(door: Door) -> None:
    assert "kind" in fault_of(await door.post(CASES, {**ANNAS_MESSAGE, "kind": "rectify"}), 422, "invalid")


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/v2/cases", "/api/", "/api/v1/cases/x/acts"])
@pytest.mark.one_database
async def test_an_unknown_path_is_404_in_the_shape(door: Door, path: str) -> None:
    fault_of(await door.get(path), 404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("PUT", CASES), ("GET", "/api/v1/classify"), ("DELETE", "/api/v1/units")])
@pytest.mark.one_database
async def test_another_method_is_405_in_the_shape(door: Door, method: str, path: str) -> None:
    response = await door.client.request(method, path)
    fault_of(response, 405, "method_not_allowed")
    assert response.headers["allow"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/desk/cases"),
        ("POST", "/api/v1/classify"),
        ("DELETE", "/api/v1/sessions"),
        ("GET", CASES + "/1"),
    ],
)
@pytest.mark.parametrize("token", ["", "not-a-token", "\u00e9"])
@pytest.mark.one_database
async def test_without_a_session_the_staff_calls_are_401(door: Door, method: str, path: str, token: str) -> None:
    headers = {b"Authorization": f"Bearer {token}".encode()} if token else {}
    fault_of(await door.client.request(method, path, headers=headers), 401, "unauthorized")


async def test_a_session_that_is_over_is_not_taken_for_an_anonymous_citizen(door: Door) -> None:
    fault_of(await door.post(CASES, ANNAS_MESSAGE, token="gone"), 401, "unauthorized")


async def test_too_many_wrong_codes_are_429_with_the_time_to_wait(door: Door) -> None:
    case = await door.submit()
    most = door.settings.lookup_per_minute
    for _ in range(most):
        fault_of(await door.get(f"{CASES}/{case['no']}?code=000000000000"), 404, "not_found")
    response = await door.get(f"{CASES}/{case['no']}?code={case['code']}")
    fault_of(response, 429, "too_many")
    assert 1 <= int(response.headers["retry-after"]) <= 61


async def test_too_many_wrong_passwords_are_429(door: Door) -> None:
    fault_of(await door.post("/api/v1/sessions", {"username": "nobody", "password": "x"}), 401, "wrong_password")
    knock: Any = SimpleNamespace(client=SimpleNamespace(host="127.0.0.1"), headers={})  # the test client's address
    for _ in range(door.settings.login_per_minute - 1):
        await door.app.state.limiter.hit("login", knock)
    fault_of(await door.post("/api/v1/sessions", {"username": "reception", "password": "demo"}), 429, "too_many")


async def test_no_answer_tells_how_it_is_made(door: Door) -> None:
    response = await door.post("/api/v1/sessions", {"username": "a" * 500, "password": "b"})
    assert fault_of(response, 401, "wrong_password") == {}
    assert "Traceback" not in response.text
