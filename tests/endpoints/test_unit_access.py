"""Measures, ratings and exclusions: for every kind of reader, what is listed is what opens, and the counts are of that."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from evaluation.models import Exclusion, Rating
from evaluation.ratings import exclusions
from evaluation.ratings.exclusions import ExclusionState
from evaluation.scale import INDICATOR_SET
from feedback.kernel.clock import office_day
from feedback.record import cases
from feedback.rules.vocabulary import Role
from routing import directory
from routing.notices.delivery import DeliveryPolicy
from routing.oversight import measures
from routing.oversight.measure_types import MeasureStep
from tests.moments import MONDAY
from tests.people import Door
from web.auth import accounts

DAY = timedelta(days=1)
EDUCATION, CITY, STREET, COMMUNITY, OTHER_STREET = UNITS = (
    "jiaoyu",
    "chengguan",
    "jd-qinghe",
    "sq-qingbo",
    "jd-guiyuan",
)
ALL = frozenset(UNITS)
NOTHING: frozenset[str] = frozenset()
READERS: Mapping[str, frozenset[str]] = {
    "clerk-jiaoyu": frozenset({EDUCATION}),
    "lead-jiaoyu": frozenset({EDUCATION}),
    "clerk-chengguan": frozenset({CITY}),
    "lead-quzhengfu": NOTHING,  # above them, and oversees nobody
    "clerk-shuiwu": NOTHING,
    "reception": NOTHING,
    "reception-jd-qinghe": frozenset({STREET}),
    "clerk-sq-qingbo": frozenset({COMMUNITY}),
    "supervisor": ALL,
    "auditor": ALL,
    "auditor-jiwei": ALL,
    "admin": NOTHING,
    "supervisor-qinghe": frozenset({STREET, COMMUNITY}),
    "supervisor-guiyuan": frozenset({OTHER_STREET}),
    "auditor-qinghe": frozenset({STREET}),
    "clerk-everywhere": frozenset({EDUCATION}),  # the flag is an overseer's, and gives a clerk nothing
}
"""Who reads, and the units whose measures and ratings they see where nobody is barred and nothing confidential."""
MORE_STAFF = (
    ("supervisor-qinghe", STREET, Role.SUPERVISOR, False),
    ("supervisor-guiyuan", OTHER_STREET, Role.SUPERVISOR, False),
    ("auditor-qinghe", STREET, Role.AUDITOR, False),
    ("clerk-everywhere", EDUCATION, Role.CLERK, True),
)


@pytest.fixture
async def staffed(door: Door) -> AsyncIterator[Door]:
    """The town with overseers of single streets, too."""
    door.set_time(MONDAY)
    await directory.add_staff(
        {"username": name, "name": name, "unit": unit, "roles": [role.value], "everywhere": everywhere}
        for name, unit, role, everywhere in MORE_STAFF
    )
    await accounts.add_accounts([name for name, *_ in MORE_STAFF], "demo", is_demo=True, now=MONDAY)
    yield door


async def _open_one_by_one(door: Door, paths: Mapping[str, str], token: str, body: Any = None) -> set[str]:
    """Those whose address does not answer that there is no such thing, or that such things are not for the caller."""
    opened = set()
    for name, path in paths.items():
        answer = await (door.get(path, token) if body is None else door.post(path, body, token))
        assert answer.status_code in (200, 403, 404, 409), answer.text
        code = answer.json().get("error", {}).get("code", "")
        if answer.status_code != 404 and code != "forbidden":
            opened.add(name)
    return opened


async def _listed(door: Door, path: str, token: str) -> list[dict[str, Any]]:
    answer = await door.get(path, token)
    assert answer.status_code in (200, 403), answer.text
    return list(answer.json()["items"]) if answer.status_code == 200 else []


# ---- measures ----


async def _issue_to_all(door: Door) -> dict[str, str]:
    """Two measures to each unit, one of them withdrawn. Returns the unit of each by its id."""
    chief, policy = await directory.load_actor("supervisor"), DeliveryPolicy.of(door.settings)
    unit_by_id: dict[str, str] = {}
    for unit in UNITS:
        values = {
            "kind": "circular",
            "unit": unit,
            "title": "通报",
            "text": "请整改。",
            "due_day": office_day(MONDAY + 9 * DAY),
        }
        issued, withdrawn = [await measures.issue_measure(chief, values, (), policy, MONDAY) for _ in range(2)]
        await measures.perform_step(chief, withdrawn, MeasureStep.WITHDRAW, {"text": "重复"}, policy, MONDAY)
        unit_by_id |= {str(issued): unit, str(withdrawn): unit}
    return unit_by_id


async def test_measures_listed_opened_counted_and_exported_are_the_same(staffed: Door) -> None:
    unit_by_id = await _issue_to_all(staffed)
    paths = {id_: f"/api/v1/oversight/measures/{id_}" for id_ in unit_by_id}
    for reader, units in READERS.items():
        token, actor = await staffed.log_in(reader), await directory.load_actor(reader)
        expected = {id_ for id_, unit in unit_by_id.items() if unit in units}
        rows = await _listed(staffed, "/api/v1/oversight/measures", token)
        assert {str(row["id"]) for row in rows} == expected, reader
        assert await _open_one_by_one(staffed, paths, token) == expected, reader
        figures = await measures.load_figures(actor, MONDAY)
        withdrawn = [row for row in rows if row["status"] == "withdrawn"]
        assert sum(row["issued"] for row in figures) == len(rows) - len(withdrawn) == len(units), reader
        assert {row["unit"] for row in figures} == units, reader
        await _check_measure_pages(staffed, reader, set(unit_by_id), expected)


async def _check_measure_pages(door: Door, reader: str, ids: set[str], expected: set[str]) -> None:
    async with aclosing(await door.page_client(reader)) as client:
        page, file = await client.get("/desk/measures"), await client.get("/desk/measures/export.xlsx")
        assert set(re.findall(r'href="/desk/measures/(\d+)"', page.text)) == expected, reader
        opened = {id_ for id_ in ids if (await client.get(f"/desk/measures/{id_}")).status_code == 200}
        assert opened == expected, reader
        if file.status_code == 200:
            lines = CalamineWorkbook.from_filelike(BytesIO(file.content)).get_sheet_by_index(0).to_python()
            assert len(lines) - 1 == len(expected), reader
        else:
            assert (file.status_code, expected) == (403, set()), reader


# ---- ratings ----


async def _rate(name: str, unit: str, case_no: str | None = None, *, confidential: bool = False) -> None:
    await Rating.create(
        id=name,
        unit=unit,
        case_no=case_no,
        confidential=confidential,
        pf="1",
        level=1,
        tags=[],
        indicator_set=INDICATOR_SET,
        at=MONDAY,
    )


async def test_ratings_listed_opened_and_counted_are_the_same(staffed: Door) -> None:
    nos = [str((await staffed.submit(source_id=f"case-{n}"))["no"]) for n in range(2)]
    await cases.bar_access(nos[0], units=[STREET])
    await cases.bar_access(nos[1], staff=["clerk-jiaoyu", "auditor"])
    unit_by_id = {f"rating-{unit}": unit for unit in UNITS}
    for name, unit in unit_by_id.items():
        await _rate(name, unit)
    await _rate("of-a-barred-unit", COMMUNITY, nos[0])
    await _rate("of-barred-staff", EDUCATION, nos[1])
    await _rate("of-a-report", "jiwei", confidential=True)
    paths = {
        name: f"/api/v1/desk/ratings/{name}/judgement"
        for name in (*unit_by_id, "of-a-barred-unit", "of-barred-staff", "of-a-report")
    }
    overseers = {reader for reader, units in READERS.items() if units == ALL}
    sees_more = {
        "of-a-barred-unit": overseers,
        "of-barred-staff": (overseers - {"auditor"}) | {"lead-jiaoyu", "clerk-everywhere"},
        "of-a-report": {"auditor-jiwei", "clerk-jiwei"},
    }
    for reader, units in {**READERS, "clerk-jiwei": NOTHING}.items():
        token = await staffed.log_in(reader)
        expected = {name for name, unit in unit_by_id.items() if unit in units}
        expected |= {name for name, readers in sees_more.items() if reader in readers}
        rows = await _listed(staffed, "/api/v1/desk/ratings", token)
        assert {row["id"] for row in rows} == expected, reader
        # None is disputed, so a judgement changes nothing: 409 and the 403 of who sees but does not judge open, 404 not.
        judgement = {"valid": True, "reason": "属实"}
        assert await _open_one_by_one(staffed, paths, token, judgement) == expected, reader
        async with aclosing(await staffed.page_client(reader)) as client:
            count = re.search(r"共 (\d+) 个", (await client.get("/desk/ratings")).text)
        assert int(count[1] if count else 0) == len(expected), reader


# ---- exclusions ----


async def _exclude(nos: Iterable[str], unit: str, status: ExclusionState) -> None:
    for no in nos:
        await Exclusion.create(
            case_no=no, unit=unit, reason="不合理", asked_by="clerk", asked_at=MONDAY, status=status.value
        )


async def test_exclusions_listed_are_those_of_the_cases_that_open(staffed: Door) -> None:
    desk = await staffed.log_in("reception")
    unit_by_no = {}
    for unit in (EDUCATION, CITY, STREET, OTHER_STREET):
        no = str((await staffed.submit(source_id=f"case-{unit}"))["no"])
        assert (await staffed.act(no, "assign", {"unit": unit}, desk)).status_code == 200
        unit_by_no[no] = unit
        await _exclude([no], unit, ExclusionState.REFUSED)
    barred_no = next(iter(unit_by_no))
    await cases.bar_access(barred_no, staff=["clerk-jiaoyu", "auditor"])
    for reader, units in READERS.items():
        token = await staffed.log_in(reader)
        listed = {row["case_no"] for row in await _listed(staffed, "/api/v1/desk/exclusions", token)}
        seen = {no for no in unit_by_no if (await staffed.get(f"/api/v1/cases/{no}", token)).status_code == 200}
        assert listed == seen, reader
        assert seen >= {no for no, unit in unit_by_no.items() if unit in units} - {barred_no}, reader
        paths = {no: f"/api/v1/desk/exclusions/{no}" for no in unit_by_no}
        # All are decided, so another decision changes nothing.
        decision = {"approved": True, "reason": "属实"}
        assert await _open_one_by_one(staffed, paths, token, decision) == seen, reader


async def test_what_others_had_decided_hides_no_open_request(door: Door) -> None:
    nos = [str((await door.submit(source_id=f"case-{n}"))["no"]) for n in range(6)]
    desk = await door.log_in("reception")
    for no, unit in zip(nos, [EDUCATION] + 5 * [CITY], strict=True):
        assert (await door.act(no, "assign", {"unit": unit}, desk)).status_code == 200
    await _exclude(nos[:1], EDUCATION, ExclusionState.ASKED)
    await _exclude(nos[1:], CITY, ExclusionState.REFUSED)
    clerk = await directory.load_actor("clerk-jiaoyu")
    assert [row["case_no"] for row in await exclusions.list_requests(clerk, most=3)] == nos[:1]
    chief = await directory.load_actor("supervisor")
    statuses = [row["status"] for row in await exclusions.list_requests(chief, most=3)]
    assert statuses == ["asked", "refused", "refused"]
