"""May anybody read the tables, the published answers and figures, and rate a service?"""

import json
import re
import subprocess
import sys
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from evaluation.publication import editions
from evaluation.ratings import tokens
from evaluation.ratings.tokens import Occasion
from tests.people import Door

RATINGS = "/api/v1/ratings"


async def items(door: Door, path: str) -> list[dict[str, Any]]:
    response = await door.get(f"/api/v1/{path}")
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()["items"]
    return rows


async def test_the_tables_hold_what_a_district_needs(door: Door) -> None:
    units = await items(door, "units")
    assert len(units) >= 111
    assert {unit["level"] for unit in units} >= {"province", "city", "district", "street", "village"}
    assert sum(len(c["code"]) == 2 for c in await items(door, "categories")) == 17
    assert len(await items(door, "indicators")) == 40
    codes = {unit["code"] for unit in units}
    assert all(matter["unit"]["code"] in codes for matter in await items(door, "matters"))


async def answered(door: Door, **fields: Any) -> dict[str, Any]:
    """A case whose unit has answered."""
    receipt = await door.submit(**fields)
    await door.drain()
    case = (await door.get(f"/api/v1/cases/{receipt['no']}", params={"code": receipt["code"]})).json()
    clerk = await door.log_in(f"clerk-{case['unit']['code']}")
    await door.act(receipt["no"], "accept", None, clerk)
    await door.act(receipt["no"], "reply", {"text": "已安排两名交警早晚疏导。"}, clerk)
    return {**receipt, "unit": case["unit"]["code"]}


async def test_a_published_answer_is_found_by_its_words_and_not_by_others(door: Door) -> None:
    receipt = await answered(door)
    lead = await door.log_in(f"lead-{receipt['unit']}")
    text = {"title": "小学门口拥堵", "question": "小学门口早晚很堵", "answer": "已安排交警早晚疏导"}
    response = await door.act(receipt["no"], "publish", text, lead)
    assert response.status_code == 200, response.text
    (row,) = await items(door, "public/replies?q=交警")
    assert (row["answer"], row["unit"]["code"]) == (text["answer"], receipt["unit"])
    assert "person" not in row
    assert "安小娜" not in str(row)
    assert await items(door, "public/replies?q=水库") == []
    assert len(await items(door, f"public/replies?unit={receipt['unit']}&category=08&region=990102001000&page=1")) == 1
    assert await items(door, "public/replies?unit=jiaoyu") == []


@pytest.mark.parametrize("query", ["unit=nowhere", "category=zz", "region=1", "page=x"])
@pytest.mark.one_database
async def test_a_reply_filter_nobody_knows_is_422(door: Door, query: str) -> None:
    response = await door.get(f"/api/v1/public/replies?{query}")
    assert (response.status_code, set(response.json()["error"]["fields"])) == (422, {query.partition("=")[0]})


async def test_an_edition_is_the_same_as_json_csv_and_excel(door: Door) -> None:
    await answered(door)
    door.pass_time(timedelta(days=40))
    now, context = door.context.clock.now(), door.context
    period = editions.last_finished_month(now)
    edition = await editions.publish_edition(period, now=now, author="test", settings=context.settings)
    published = (await door.get(f"/api/v1/public/scores?period={period}")).json()
    assert (published["period"], published["number"], published["digest"]) == (period, 1, edition.digest)
    assert published["total"]["received"] is None or published["total"]["received"] >= 0
    assert {row["code"] for row in published["formulae"]} <= set(published["total"])
    assert (await door.get("/api/v1/public/scores")).json() == published
    text = (await door.get(f"/api/v1/public/scores.csv?period={period}")).content.decode("utf-8-sig")
    assert text.startswith("单位,收到诉求")
    excel = await door.get(f"/api/v1/public/scores.xlsx?period={period}&number=1")
    assert excel.content.startswith(b"PK")
    assert period in excel.headers["content-disposition"]


async def test_anybody_recomputes_the_digest_of_an_edition_by_the_program_on_the_page(
    door: Door, tmp_path: Path
) -> None:
    await answered(door)
    door.pass_time(timedelta(days=40))
    now, context = door.context.clock.now(), door.context
    period = editions.last_finished_month(now)
    await editions.publish_edition(period, now=now, author="test", settings=context.settings)
    published = (await door.get(f"/api/v1/public/scores?period={period}")).content
    page = (await door.get("/api/v1/docs")).text
    program = unescape(re.search(r'<code id="digest-program">(.*?)</code>', page, re.DOTALL)[1])  # type: ignore[index] # or it fails
    for content, is_same in ((published, True), (published.replace("全区".encode(), "全县".encode()), False)):
        (tmp_path / "scores.json").write_bytes(content)
        done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: ASYNC221
        assert (done.stdout.strip() == json.loads(published)["digest"]) is is_same
    assert "/api/v1/docs#edition-digest" in (await door.get(f"/scores?period={period}")).text


async def test_every_limit_step_choice_and_letter_is_told_with_its_article(door: Door) -> None:
    law = (await door.get("/api/v1/law")).json()
    assert {"60cd", "5wd", "2h"} <= {term["length"] for term in law["terms"]}
    (resolve,) = [
        term
        for term in law["terms"]
        if term["code"] == "resolve" and term["stages"] == ["first"] and term["length"] == "60cd"
    ]
    assert (resolve["longer_by"], resolve["law"]) == (30, "信访工作条例 第三十四条")
    assert {row["table"] for row in law["choices"]} == {"ground", "legal_route", "outcome", "trigger", "termination"}
    for row in (*law["terms"], *law["steps"], *law["choices"], *law["letters"]):
        assert row["law"], row


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 404), ("?period=2020-01", 404), ("?period=2026-13", 422), ("?period=last", 422), ("?number=x", 422)],
)
@pytest.mark.parametrize("form", ["", ".csv", ".xlsx"])
async def test_no_edition_is_404_and_no_month_422_in_every_form(door: Door, form: str, query: str, status: int) -> None:
    response = await door.get(f"/api/v1/public/scores{form}{query}")
    assert response.status_code == status
    assert set(response.json()) == {"error"}


async def test_a_case_is_rated_with_its_number_and_code(door: Door) -> None:
    receipt = await answered(door)
    body = {"case_no": receipt["no"], "code": receipt["code"], "level": 5, "tags": ["517"], "pf": "2"}
    response = await door.post(RATINGS, body)
    assert response.status_code == 201, response.text
    assert (response.json()["level"], response.json()["status"]) == (5, "valid")
    follow_up = await door.post(RATINGS, {**body, "level": 4, "tags": [], "text": "后来又堵了"})
    assert follow_up.status_code == 201
    third = await door.post(RATINGS, {**body, "tags": []})
    assert third.status_code == 409


async def test_a_printed_token_opens_the_rating_of_its_case(door: Door) -> None:
    receipt = await answered(door)
    token = tokens.create_token(door.settings.vault, Occasion(case_no=receipt["no"]))
    assert (await door.post(RATINGS, {"token": token, "level": 3})).status_code == 201
    forged = await door.post(RATINGS, {"token": token[:-2] + "AA", "level": 3})
    assert set(forged.json()["error"]["fields"]) == {"token"}


async def registered_handling(door: Door, number: str) -> dict[str, Any]:
    """A handling that the clerk of its unit put into the register."""
    matter = (await items(door, "matters"))[0]
    clerk = await door.log_in(f"clerk-{matter['unit']['code']}")
    response = await door.post("/api/v1/handlings", {"handling_no": number, "matter": matter["code"]}, clerk)
    assert response.status_code in (200, 201), response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_a_service_is_rated_once_and_once_more(door: Door) -> None:
    handling = await registered_handling(door, "BJ-2026-1")
    body = {
        "matter": handling["matter"],
        "handling_no": "BJ-2026-1",
        "code": handling["code"],
        "level": 2,
        "tags": ["213"],
        "text": "窗口不熟练𠮷",
        "pf": "4",
    }
    first, again, third = [await door.post(RATINGS, body) for _ in range(3)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert (third.status_code, third.json()["error"]["code"]) == (409, "already_rated")


async def test_staff_may_not_rate(door: Door) -> None:
    matter = (await items(door, "matters"))[0]["code"]
    body = {"matter": matter, "handling_no": "BJ-2026-2", "level": 5}
    response = await door.post(RATINGS, body, await door.log_in("clerk-jiaoyu"))
    assert (response.status_code, response.json()["error"]["code"]) == (403, "staff_may_not_rate")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"level": 5}, {"matter", "handling_no"}),
        ({}, {"level"}),
        ({"level": 0, "case_no": "20260101-000000"}, {"code"}),
        ({"level": "5", "tags": "510", "anonymous": 1}, {"level", "tags", "anonymous"}),
        ({"level": 6, "matter": "x", "handling_no": "y"}, {"level"}),
        ({"level": 5, "matter": "x" * 500, "handling_no": "y" * 500}, {"matter", "handling_no"}),
        (
            {"level": 2, "matter": "x", "handling_no": "y", "tags": ["510"], "text": "长" * 501, "pf": "9"},
            {"tags", "text", "pf"},
        ),
        ({"level": 5, "token": "é\u0000"}, {"token"}),
    ],
)
@pytest.mark.one_database
async def test_a_rating_that_is_wrong_names_what_is(door: Door, body: dict[str, Any], fields: set[str]) -> None:
    response = await door.post(RATINGS, body)
    assert (response.status_code, set(response.json()["error"].get("fields", {}))) == (422, fields), response.text


async def test_a_rating_with_a_wrong_code_is_like_one_of_an_unknown_case(door: Door) -> None:
    receipt = await door.submit()
    wrong = await door.post(RATINGS, {"case_no": receipt["no"], "code": "1", "level": 5})
    unknown = await door.post(RATINGS, {"case_no": "20200101-000000", "code": "1", "level": 5})
    assert (wrong.status_code, wrong.text) == (404, unknown.text)
