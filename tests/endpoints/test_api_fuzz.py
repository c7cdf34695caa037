"""Does anything somebody may send break a call? Random JSON in every field, and never a 500."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.people import ANNAS_MESSAGE, Door
from web.api.request_parsing import parse_object, parse_query
from web.api.schemas import requests
from web.api.schemas.responses import ErrorBody
from web.api.v1 import routes

FEW = settings(max_examples=20, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=8
)
TYPES = sorted({call.body for call in routes.CALLS if call.body is not None}, key=lambda t: t.__name__)
KNOWN = [*requests.NewCase.__struct_fields__, "person.phone", "nobody knows"]


def objects(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), ANYTHING, max_size=len(names))


def is_well_refused(response: Any) -> bool:
    """An answer, or a refusal in the one shape; never a fault of ours."""
    if response.status_code < 400:
        return True
    error = response.json()["error"]
    return response.status_code < 500 and set(error) <= set(ErrorBody.__struct_fields__) | {"code", "message", "fields"}


@FEW
@given(changes=objects(KNOWN))
@example(changes={"person": {"name": "\x00", "phone": "１３８００００１２３４", "id_number": "x" * 5000}})
@example(changes={"source_id": "\u2028", "address": "\x07" * 10, "region": "９９０１０２００１００１"})
@example(changes={"headcount": 10**40, "attachments": ["\x00", ""]})
async def test_a_message_with_anything_in_its_fields(door: Door, changes: dict[str, Any]) -> None:
    assert is_well_refused(await door.post("/api/v1/cases", {**ANNAS_MESSAGE, **changes}))


@FEW
@given(
    body=objects(["unit", "units", "reason", "text", "case", "category", "days", "level", "version", "task", "tags"])
)
@pytest.mark.parametrize("act", ["assign", "merge", "note", "supervise", "classify"])
async def test_a_step_with_anything_in_its_needs(door: Door, act: str, body: dict[str, Any]) -> None:
    key = "fuzz"
    receipt = await door.submit(source_id=key)
    token = await reception(door)
    assert is_well_refused(await door.act(receipt["no"], act, body, token))


_tokens: dict[int, str] = {}


async def reception(door: Door) -> str:
    """One log-in per installation: an argon2 hash for every example would be most of the test."""
    if id(door) not in _tokens:
        _tokens.clear()
        _tokens[id(door)] = await door.log_in("reception")
    return _tokens[id(door)]


@FEW
@given(body=objects([*requests.NewRating.__struct_fields__]))
async def test_a_rating_with_anything_in_its_fields(door: Door, body: dict[str, Any]) -> None:
    assert is_well_refused(await door.post("/api/v1/ratings", body))


@FEW
@given(content=st.binary(max_size=200))
async def test_a_body_of_any_bytes(door: Door, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert is_well_refused(await door.client.post("/api/v1/cases", content=content, headers=headers))


@FEW
@given(q=TEXTS, page=TEXTS, unit=TEXTS)
async def test_a_search_for_anything(door: Door, q: str, page: str, unit: str) -> None:
    token = await reception(door)
    assert is_well_refused(await door.get("/api/v1/desk/cases", token, params={"q": q, "page": page, "unit": unit}))
    assert is_well_refused(await door.get("/api/v1/public/replies", params={"q": q}))


@settings(max_examples=60, derandomize=True)
@given(body=st.dictionaries(TEXTS | st.sampled_from(KNOWN), ANYTHING, max_size=8), cls=st.sampled_from(TYPES))
def test_reading_gives_each_field_a_good_value_or_a_fault(body: dict[str, Any], cls: Any) -> None:
    values, faults = parse_object(cls, body)
    assert {name.partition(".")[0] for name in [*values, *faults]} == set(cls.__struct_fields__)
    json.dumps(values)


@settings(max_examples=60, derandomize=True)
@given(query=st.dictionaries(st.sampled_from(requests.DeskQuery.__struct_fields__), TEXTS))
def test_a_query_string_is_read_or_named(query: dict[str, str]) -> None:
    values, faults = parse_query(requests.DeskQuery, query)
    assert set(values) | set(faults) == set(requests.DeskQuery.__struct_fields__)
