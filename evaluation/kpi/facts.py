"""Count the facts of `evaluation.kpi.definitions` in a period by unit, and list the cases behind each.

The database adds up; here cells become facts by name. The same rows answer both questions, so a number and the list
behind it cannot differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.functions import Count

from evaluation.kpi import definitions, satisfaction
from evaluation.kpi.definitions import FACT_BY_CODE, FACTS, Fact
from evaluation.kpi.satisfaction import FirstRating, SettledAnswer
from evaluation.models import Matter, Rating
from evaluation.periods import Period
from evaluation.ratings import exclusions
from feedback.kernel import db
from feedback.queries import aggregates
from feedback.queries.aggregates import Span

FactCounts = dict[str, dict[str, int]]
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


async def count_facts(question: Question) -> FactCounts:
    """Every fact of every unit that has any."""
    counts_by_unit: FactCounts = {}
    excluded_nos = await exclusions.list_approved()
    cubes: Mapping[str, Iterable[Mapping[str, Any]]] = {
        "clocks": await aggregates.count_clocks(question.span),
        "acts": await aggregates.count_acts(question.span),
        "received": [_add_online_flag(row) for row in await aggregates.count_received(question.span)],
        "call_backs": await aggregates.count_call_backs(question.span, excluded_nos),
        "ratings": await _count_ratings(question),
        "settled": _count_by_name(await _settle_answers(question, excluded_nos)),
        "matters": await _count_matters() if not question.region else [],
    }
    for cube, rows in cubes.items():
        facts = [fact for fact in FACTS if fact.cube == cube]
        for row in rows:
            for fact in facts:
                if _matches(fact, row):
                    unit_counts = counts_by_unit.setdefault(row["unit"], {})
                    unit_counts[fact.code] = unit_counts.get(fact.code, 0) + int(row[fact.sums])
    return dict(sorted(counts_by_unit.items()))


async def list_cases(question: Question, codes: Sequence[str], units: Sequence[str] | None = None) -> list[str]:
    """The numbers of the cases behind some facts, of some units or all."""
    case_nos: set[str] = set()
    for code in codes:
        case_nos.update(await _list_cases_of_fact(question, FACT_BY_CODE[code], units))
    return sorted(case_nos)


async def _list_cases_of_fact(question: Question, fact: Fact, units: Sequence[str] | None) -> list[str]:
    span, cells = question.span, {name: list(values) for name, values in fact.cells.items()}
    match fact.cube:
        case "clocks":
            return await aggregates.list_clock_cases(span, units, **cells)
        case "acts":
            return await aggregates.list_act_cases(span, units, **cells)
        case "received":
            return await aggregates.list_received_cases(span, units, **cells)
        case "call_backs":
            return await aggregates.list_call_back_cases(span, units, await exclusions.list_approved(), **cells)
        case "ratings":
            rows = _valid_ratings(question).filter(level__in=cells["level"], case_no__isnull=False)
            rows = rows.filter(unit__in=list(units)) if units is not None else rows
            return [row["case_no"] for row in await rows.values("case_no")]
        case "settled":
            answers = await _settle_answers(question, await exclusions.list_approved())
            case_nos = {
                row.case_no
                for row in answers
                if set(satisfaction.list_fact_names(row)) & set(cells["name"]) and (units is None or row.unit in units)
            }
            return sorted(case_nos)
        case _:
            return []


def _matches(fact: Fact, row: Mapping[str, Any]) -> bool:
    """Whether a row counts for a fact.

    Raises ValueError naming the columns that the fact asks for and its rows do not have.
    """
    if missing := sorted({*fact.cells, fact.sums} - row.keys()):
        raise ValueError(
            f"fact {fact.code!r} asks rows of {fact.cube!r} for {', '.join(missing)}; they have {', '.join(sorted(row))}. "
            "Add the column to the query in feedback/queries/aggregates.py, or name one that is there"
        )
    return all(row[name] in values for name, values in fact.cells.items())


def _add_online_flag(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "online": int(row["channel"] in aggregates.ONLINE)}


def _valid_ratings(question: Question) -> Any:
    """The valid first ratings of the period, those people gave themselves."""
    period = question.period
    rows = Rating.filter(number=1, is_default=False, confidential=False, at__gte=period.since, at__lt=period.until)
    rows = rows.filter(at__lte=question.now).exclude(status=_INVALID)
    if question.region:
        rows = rows.filter(region__startswith=question.region.rstrip("0") or "0")
    return rows.using_db(db.read_connection())


async def _count_ratings(question: Question) -> list[dict[str, Any]]:
    rows = _valid_ratings(question).annotate(n=Count("id")).group_by("unit", "level")
    return list(await rows.values("unit", "level", "n"))


async def _settle_answers(question: Question, excluded_nos: Sequence[str]) -> list[SettledAnswer]:
    """The first answers whose rating came, or whose window closed, in the period."""
    period, window = question.period, timedelta(days=question.window_days)
    answers = await aggregates.list_first_answers(
        period.since - window, min(period.until, question.now), question.region
    )
    ratings = await _load_first_ratings(period.since - window, question.now)
    return satisfaction.settle_answers(answers, ratings, period, question.now, question.window_days, excluded_nos)


async def _load_first_ratings(since: datetime, at: datetime) -> dict[str, FirstRating]:
    rows = Rating.filter(number=1, is_default=False, confidential=False, case_no__isnull=False, at__gte=since)
    values = (
        await rows.filter(at__lte=at)
        .using_db(db.read_connection())
        .values("case_no", "level", "desk_level", "at", "status")
    )
    return {
        row["case_no"]: FirstRating(row["level"], row["desk_level"], row["at"], row["status"] != _INVALID)
        for row in values
    }


def _count_by_name(rows: Iterable[SettledAnswer]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        for name in satisfaction.list_fact_names(row):
            counts[row.unit, name] = counts.get((row.unit, name), 0) + 1
    return [{"unit": unit, "name": name, "n": n} for (unit, name), n in counts.items()]


async def _count_matters() -> list[dict[str, Any]]:
    """Per unit: the matters on its list, and those that can be rated (whoever is closed cannot)."""
    rows = await Matter.all().using_db(db.read_connection()).values("unit", "closed_at")
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        names = ("matters", "matters_covered") if row["closed_at"] is None else ("matters",)
        for name in names:
            counts[row["unit"], name] = counts.get((row["unit"], name), 0) + 1
    return [{"unit": unit, "name": name, "n": n} for (unit, name), n in counts.items()]


def sum_units(counts_by_unit: FactCounts, units: Iterable[str] | None = None) -> dict[str, int]:
    """The facts of some units together, or of all."""
    selected = (
        counts_by_unit if units is None else {unit: counts_by_unit[unit] for unit in units if unit in counts_by_unit}
    )
    return definitions.sum_counts(selected.values())
