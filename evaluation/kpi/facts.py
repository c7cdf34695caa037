"""What was counted in a period, unit by unit? The facts of `evaluation.kpi.definitions`, and the cases behind each of them.

The database adds up; here cells become facts by name. The same rows answer both questions, so a number and the list
behind it cannot differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.functions import Count

from evaluation.kpi import definitions, satisfaction
from evaluation.kpi.definitions import FACT, FACTS, Fact
from evaluation.kpi.satisfaction import Given, Settled
from evaluation.models import Matter, Rating
from evaluation.periods import Period
from evaluation.ratings import exclusions
from feedback.kernel import db
from feedback.queries import aggregates
from feedback.queries.aggregates import Span

Counted = dict[str, dict[str, int]]
"""Per unit: how often each fact."""

_INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for: a period as known now, in a region or everywhere; `window_days` for rating."""

    period: Period
    now: datetime
    window_days: int
    region: str = ""

    @property
    def span(self) -> Span:
        return Span(self.period.since, self.period.until, self.now, self.region)


async def counted(question: Question) -> Counted:
    """Every fact of every unit that has any."""
    found: Counted = {}
    without = await exclusions.approved()
    cubes: Mapping[str, Iterable[Mapping[str, Any]]] = {
        "clocks": await aggregates.count_clocks(question.span),
        "acts": await aggregates.count_acts(question.span),
        "received": [_with_door(row) for row in await aggregates.count_received(question.span)],
        "call_backs": await aggregates.count_call_backs(question.span, without),
        "ratings": await _ratings(question),
        "settled": _named(await _settled(question, without)),
        "matters": await _matters() if not question.region else [],
    }
    for cube, rows in cubes.items():
        facts = [fact for fact in FACTS if fact.cube == cube]
        for row in rows:
            for fact in facts:
                if _holds(fact, row):
                    own = found.setdefault(row["unit"], {})
                    own[fact.code] = own.get(fact.code, 0) + int(row[fact.sums])
    return dict(sorted(found.items()))


async def cases_behind(question: Question, codes: Sequence[str], units: Sequence[str] | None = None) -> list[str]:
    """The numbers of the cases behind some facts, of some units or all."""
    found: set[str] = set()
    for code in codes:
        found.update(await _behind(question, FACT[code], units))
    return sorted(found)


async def _behind(question: Question, fact: Fact, units: Sequence[str] | None) -> list[str]:
    span, cells = question.span, {name: list(values) for name, values in fact.cells.items()}
    match fact.cube:
        case "clocks":
            return await aggregates.list_clock_cases(span, units, **cells)
        case "acts":
            return await aggregates.list_act_cases(span, units, **cells)
        case "received":
            return await aggregates.list_received_cases(span, units, **cells)
        case "call_backs":
            return await aggregates.list_call_back_cases(span, units, await exclusions.approved(), **cells)
        case "ratings":
            rows = _rated(question).filter(level__in=cells["level"], case_no__isnull=False)
            rows = rows.filter(unit__in=list(units)) if units is not None else rows
            return [row["case_no"] for row in await rows.values("case_no")]
        case "settled":
            rows_ = await _settled(question, await exclusions.approved())
            wanted = {
                row.case_no
                for row in rows_
                if set(satisfaction.names_of(row)) & set(cells["name"]) and (units is None or row.unit in units)
            }
            return sorted(wanted)
        case _:
            return []


def _holds(fact: Fact, row: Mapping[str, Any]) -> bool:
    return all(row[name] in values for name, values in fact.cells.items())


def _with_door(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "online": int(row["channel"] in aggregates.ONLINE)}


def _rated(question: Question) -> Any:
    """The valid first ratings of the period, those people gave themselves."""
    period = question.period
    rows = Rating.filter(number=1, is_default=False, confidential=False, at__gte=period.since, at__lt=period.until)
    rows = rows.filter(at__lte=question.now).exclude(status=_INVALID)
    if question.region:
        rows = rows.filter(region__startswith=question.region.rstrip("0") or "0")
    return rows.using_db(db.read_connection())


async def _ratings(question: Question) -> list[dict[str, Any]]:
    rows = _rated(question).annotate(n=Count("id")).group_by("unit", "level")
    return list(await rows.values("unit", "level", "n"))


async def _settled(question: Question, without: Sequence[str]) -> list[Settled]:
    """The first answers whose rating came, or whose window closed, in the period."""
    period, window = question.period, timedelta(days=question.window_days)
    answers = await aggregates.list_first_answers(
        period.since - window, min(period.until, question.now), question.region
    )
    given = await _given(period.since - window, question.now)
    return satisfaction.settled(answers, given, period, question.now, question.window_days, without)


async def _given(since: datetime, at: datetime) -> dict[str, Given]:
    rows = Rating.filter(number=1, is_default=False, confidential=False, case_no__isnull=False, at__gte=since)
    found = (
        await rows.filter(at__lte=at)
        .using_db(db.read_connection())
        .values("case_no", "level", "desk_level", "at", "status")
    )
    return {
        row["case_no"]: Given(row["level"], row["desk_level"], row["at"], row["status"] != _INVALID) for row in found
    }


def _named(rows: Iterable[Settled]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        for name in satisfaction.names_of(row):
            found[row.unit, name] = found.get((row.unit, name), 0) + 1
    return [{"unit": unit, "name": name, "n": n} for (unit, name), n in found.items()]


async def _matters() -> list[dict[str, Any]]:
    """Per unit: the matters on its list, and those that can be rated (whoever is closed cannot)."""
    rows = await Matter.all().using_db(db.read_connection()).values("unit", "closed_at")
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        names = ("matters", "matters_covered") if row["closed_at"] is None else ("matters",)
        for name in names:
            found[row["unit"], name] = found.get((row["unit"], name), 0) + 1
    return [{"unit": unit, "name": name, "n": n} for (unit, name), n in found.items()]


def total(found: Counted, units: Iterable[str] | None = None) -> dict[str, int]:
    """The facts of some units together, or of all."""
    wanted = found if units is None else {unit: found[unit] for unit in units if unit in found}
    return definitions.added(wanted.values())
