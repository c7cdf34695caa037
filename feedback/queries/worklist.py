"""Worklists, exports and counts of cases, filtered and sorted.

Every query takes the actor and narrows by `access.scope` before anything else; what comes back are values.
One meaning of late: an open case in which a clock has run out. Where a unit is asked for, on its line of the board, in the
list narrowed to it and in what waits for one's own unit (`mine`), the light is that of the clocks of this unit, as
`clock_owners` says: nobody is red for others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from feedback.kernel import identifiers, paging
from feedback.kernel.clock import end_of_day, from_millis, start_of_day
from feedback.kernel.paging import PAGE_SIZE, Page
from feedback.queries import clock_owners, minors, nearest
from feedback.queries.cases import scoped_query
from feedback.record import search
from feedback.record.models.case import Case, TenureRow
from feedback.record.models.clocks import ClockRow
from feedback.record.search import Matching
from feedback.rules.access import Actor
from feedback.rules.clocks import Light
from feedback.rules.read_models import Filters, WorkRow
from feedback.rules.vocabulary import OPEN, Role, Status

FIGURE_ROWS_MOST = 2000
NEAREST_MOST = 10
_CHUNK = 500


async def list_work_rows(actor: Actor, nos: Iterable[str], most: int = FIGURE_ROWS_MOST) -> list[WorkRow]:
    """Those of the numbers whose cases the actor sees, newest first: the list behind a figure."""
    unique_nos = sorted(set(nos), reverse=True)
    rows: list[WorkRow] = []
    for offset in range(0, len(unique_nos), _CHUNK):
        if len(rows) < most:
            rows += await _load_rows(
                scoped_query(actor).filter(no__in=unique_nos[offset : offset + _CHUNK]).order_by("-received_at", "-id")
            )
    return rows[:most]


async def load_worklist(
    actor: Actor, filters: Filters, page: int, *, now: datetime, size: int = PAGE_SIZE
) -> Page[WorkRow]:
    """The cases the actor sees, narrowed and sorted, one page of them."""
    cases = _apply_filters(actor, filters, now)
    totals = (await cases.annotate(total=Count("id"), running=Count("next_due_at")).values("total", "running"))[0]
    total, running = int(totals["total"]), int(totals["running"])
    page_range = paging.select_range(total, page, size, is_clamped=True)
    rows = await _load_sorted(cases, filters.sort, page_range.start, page_range.size, running)
    return page_range.page_of(await _with_clocks_of(_unit_of_lights(actor, filters), rows))


async def load_export(actor: Actor, filters: Filters, *, now: datetime, most: int) -> list[WorkRow]:
    """The same list without pages, for a file. At most `most` rows."""
    rows = await _load_sorted(_apply_filters(actor, filters, now), filters.sort, 0, most, most)
    return await _with_clocks_of(_unit_of_lights(actor, filters), rows)


async def list_nearest(
    actor: Actor, filters: Filters, *, now: datetime, without: Iterable[str] = (), most: int = NEAREST_MOST
) -> list[WorkRow]:
    """Cases of the list that are like its query, the nearest first, `without` the numbers shown already."""
    cases = _apply_filters(actor, replace(filters, q=""), now).exclude(no__in=["", *without])

    async def load(matching: Matching, limit: int) -> list[Mapping[str, Any]]:
        rows = cases.filter(id__in=matching).order_by("-id").limit(limit).values("id", "title", "text", "address")
        return [row | {"text": f"{row['address']}\n{row['text']}"} for row in await rows]

    ids = await nearest.rank_nearest(search.CASES, filters.q, load, most)
    rows = {row["id"]: row for row in await cases.filter(id__in=[-1, *ids]).values("id", *COLUMNS)}
    return [minors.mask_row(WorkRow(**{name: rows[id_][name] for name in COLUMNS})) for id_ in ids if id_ in rows]


_ORDERS: Mapping[str, tuple[str, ...]] = {
    "received": ("received_at", "id"),
    "-received": ("-received_at", "-id"),
}
_LONG_AGO = from_millis(0)  # later than this is any time: SQLite seeks for `>`, but scans for `NOT … IS NULL`
COLUMNS = tuple(column.name for column in fields(WorkRow))


async def _load_sorted(cases: QuerySet[Case], sort: str, offset: int, limit: int, running: int) -> list[WorkRow]:
    """A stretch of the list. By default what has the least time left comes first, then what waits for nobody."""
    if sort in _ORDERS:
        return await _load_rows(cases.order_by(*_ORDERS[sort]).offset(offset).limit(limit))
    # Two statements, since an index gives either half in order; together they would be sorted whole for every page.
    rows: list[WorkRow] = []
    if offset < running:
        part = cases.filter(next_due_at__gt=_LONG_AGO).order_by("next_due_at", "id")
        rows = await _load_rows(part.offset(offset).limit(limit))
    if missing := limit - len(rows):
        part = cases.filter(next_due_at__isnull=True).order_by("id")
        rows += await _load_rows(part.offset(max(0, offset - running)).limit(missing))
    return rows


async def _load_rows(cases: QuerySet[Case]) -> list[WorkRow]:
    return [minors.mask_row(WorkRow(**row)) for row in await cases.values(*COLUMNS)]


def _unit_of_lights(actor: Actor, filters: Filters) -> str:
    """The unit whose clocks make the lights of a list; "" all that bind somebody."""
    return actor.unit if filters.mine else filters.unit


async def _with_clocks_of(unit: str, rows: list[WorkRow]) -> list[WorkRow]:
    """The rows with the next date of the unit, instead of whosever comes first; "" as they are."""
    if not unit:
        return rows
    due_by_no: dict[str, tuple[datetime, datetime]] = {}
    nos = [row.no for row in rows]
    for offset in range(0, len(nos), _CHUNK):
        clocks = _clocks_of(unit).filter(case__no__in=nos[offset : offset + _CHUNK])
        for no, due_at, warn_at in await clocks.values_list("case__no", "due_at", "warn_at"):
            due, warn = due_by_no.get(no, (due_at, warn_at))
            due_by_no[no] = (min(due, due_at), min(warn, warn_at))
    own = {no: {"next_due_at": due, "next_warn_at": warn} for no, (due, warn) in due_by_no.items()}
    return [replace(row, **own.get(row.no, _NO_CLOCK)) for row in rows]


_NO_CLOCK: Mapping[str, None] = {"next_due_at": None, "next_warn_at": None}


def _clocks_of(unit: str) -> QuerySet[ClockRow]:
    """The running duties of a unit."""
    return clock_owners.running_duties().filter(clock_owners.owned_by(unit))


async def count_cases(actor: Actor, filters: Filters, *, now: datetime) -> dict[str, int]:
    """How many cases of the list stand in each status and under each light, and wait for the actor's decision.

    The filters on these three are left aside. Lights are counted of what is open, as on the board; of what waits for one's own unit, in whatever status.
    """
    cases = _apply_filters(actor, replace(filters, status="", light="", deciding=False), now)
    deciding = Count("id", _filter=_decision_filter(actor))
    if filters.mine:
        lights = {light: Count("id", _filter=_unit_light_filter(actor.unit, light, now)) for light in _LIGHTS}
        waiting = Count("id", _filter=_waits_filter(actor))
        counted = cases.annotate(n=Count("id"), waiting=waiting, deciding=deciding, **lights)
        rows = await counted.group_by("status").values("status", "n", "waiting", "deciding", *_LIGHTS)
        lit = rows
    else:
        counted = _count_lights(cases, now).annotate(deciding=deciding)
        rows = [
            {**row, "n": row["open"], "waiting": row["open"] if row["status"] in OPEN else 0}
            for row in await counted.group_by("status").values("status", "open", "deciding", *_LIGHTS)
        ]
        lit = [row for row in rows if row["status"] in OPEN]
        if filters.unit:
            lit = [await _count_unit_lights(actor, filters, now)]
    result = {row["status"]: row["n"] for row in rows} | {"open": sum(row["waiting"] for row in rows)}
    result["deciding"] = sum(row["deciding"] for row in rows)
    return result | {light: sum(row[light] for row in lit) for light in _LIGHTS}


async def _count_unit_lights(actor: Actor, filters: Filters, now: datetime) -> dict[str, int]:
    """How many open cases of the list the unit it is narrowed to makes red, amber and green: as its line of the board."""
    cases = _apply_filters(actor, replace(filters, unit="", status="open", light="", deciding=False), now)
    lights = {light: Count("id", _filter=_unit_light_filter(filters.unit, light, now)) for light in _LIGHTS}
    return (await cases.annotate(**lights).values(*_LIGHTS))[0]


def _unit_light_filter(unit: str, light: str, now: datetime) -> Q:
    """Cases whose worst clock of the unit has that light."""

    def have(**dates: datetime) -> Q:
        return Q(id__in=Subquery(_clocks_of(unit).filter(**dates).values("case_id")))

    match light:
        case Light.RED:
            return have(due_at__lte=now)
        case Light.AMBER:
            return have(warn_at__lte=now) & ~have(due_at__lte=now)
        case Light.GREEN:
            return have() & ~have(warn_at__lte=now)
        case _:
            return ~have()


def _waits_filter(actor: Actor) -> Q:
    """What is open, or waits for the actor's unit all the same, as an answer waits for audit and call-back."""
    return Q(status__in=[s.value for s in OPEN]) | Q(id__in=Subquery(_clocks_of(actor.unit).values("case_id")))


_LIGHTS = (Light.RED.value, Light.AMBER.value, Light.GREEN.value)


def _count_lights(cases: QuerySet[Case], now: datetime) -> QuerySet[Case]:
    """Counts them, `open` in all and under each light, in one statement."""
    return cases.annotate(
        open=Count("id"), **{light: Count("id", _filter=_light_filter(light, now)) for light in _LIGHTS}
    )


def _light_filter(light: str, now: datetime) -> Q:
    match light:
        case Light.RED:
            return Q(next_due_at__lte=now)
        case Light.AMBER:
            return Q(next_due_at__gt=now, next_warn_at__lte=now)
        case Light.GREEN:
            return Q(next_warn_at__gt=now)
        case _:
            return Q(next_due_at__isnull=True)


def _decision_filter(actor: Actor) -> Q:
    """What waits for the decision of somebody with these roles in this unit."""
    places = {Role.LEAD: "unit", Role.RECEPTION: "desk"}
    filters = [
        Q(deciders__in=[value for value in _DECIDERS if role.value in value.split()], **{place: actor.unit})
        for role, place in places.items()
        if role in actor.roles
    ]
    return Q(*filters, join_type=Q.OR) if filters else Q(id__lt=0)


_DECIDERS = (Role.LEAD.value, Role.RECEPTION.value, f"{Role.LEAD.value} {Role.RECEPTION.value}")


def _apply_filters(actor: Actor, filters: Filters, now: datetime) -> QuerySet[Case]:
    cases = scoped_query(actor)
    if filters.status == "open":
        cases = cases.filter(_waits_filter(actor) if filters.mine else Q(status__in=[s.value for s in OPEN]))
    elif filters.status:
        cases = cases.filter(status=filters.status)
    if filters.light:
        unit = _unit_of_lights(actor, filters)
        of_unit = _unit_light_filter(unit, filters.light, now) if unit else None
        cases = cases.filter(of_unit or _light_filter(filters.light, now))
    if filters.unit and (filters.mine or filters.light not in _LIGHTS):
        # What no unit leads yet lies with its desk: the board counts it there, so the list behind must hold it.
        cases = cases.filter(Q(unit=filters.unit) | Q(unit="", desk=filters.unit))
    if filters.kind:
        cases = cases.filter(kind=filters.kind)
    if filters.category:
        cases = cases.filter(category__startswith=filters.category)
    if filters.region:
        cases = cases.filter(region__startswith=filters.region.rstrip("0") or "0")
    if filters.flag:
        cases = cases.filter(flags__contains=filters.flag)
    if filters.channel:
        cases = cases.filter(channel=filters.channel)
    if filters.marker:
        cases = cases.filter(markers__contains=f" {filters.marker}")
    if filters.mine:
        at_desk = Q(desk=actor.unit, status=Status.RECEIVED.value)
        tenures = TenureRow.filter(unit=actor.unit, until__isnull=True).values("case_id")
        duties = _clocks_of(actor.unit).values("case_id")
        cases = cases.filter(at_desk | Q(id__in=Subquery(tenures)) | Q(id__in=Subquery(duties)))
    if filters.deciding:
        cases = cases.filter(_decision_filter(actor))
    if filters.from_day:
        cases = cases.filter(**{f"{filters.day_of}_at__gte": start_of_day(date.fromisoformat(filters.from_day))})
    if filters.until_day:
        cases = cases.filter(**{f"{filters.day_of}_at__lt": end_of_day(date.fromisoformat(filters.until_day))})
    if filters.q:
        cases = cases.filter(_query_filter(filters.q))
    return cases


def _query_filter(query: str) -> Q:
    """Cases whose number, title, address or text hold the query."""
    number = identifiers.normalize_case_number(query)
    matching = search.matching(search.CASES, query, number)
    return Q(id__in=matching) if matching else Q(no=number)


async def load_board(actor: Actor, *, now: datetime) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Over the open cases the actor sees: a line per unit, and all together.

    `open` of a line are the cases the unit leads, or has at its desk while nobody does; `red`, `amber` and `green` those
    in which its own worst clock has that light. In the total a case counts once, by its worst clock of all.
    """
    cases = scoped_query(actor).filter(status__in=[s.value for s in OPEN])
    lines: dict[str, dict[str, Any]] = {}
    totals = dict.fromkeys(("open", *_LIGHTS), 0)
    for row in await _count_lights(cases, now).group_by("unit", "desk").values("unit", "desk", "open", *_LIGHTS):
        totals = {name: n + row[name] for name, n in totals.items()}
        unit = row["unit"] or row["desk"]
        lines.setdefault(unit, {"unit": unit, "open": 0, **dict.fromkeys(_LIGHTS, 0)})["open"] += row["open"]
    duties = clock_owners.running_duties().filter(case__status__in=[s.value for s in OPEN])
    duties = duties.filter(case_id__in=Subquery(scoped_query(actor).values("id")))
    for counts in await clock_owners.count_by_owner(duties, now):
        lines.setdefault(str(counts["unit"]), {"open": 0}).update(counts)
    return sorted(lines.values(), key=lambda r: (-r["red"], -r["amber"], -r["open"], r["unit"])), totals


async def count_flow(actor: Actor, since: datetime, until: datetime) -> dict[str, int]:
    """How many cases came, and how many were answered, in a span."""
    return (await count_flows(actor, [since, until]))[0]


async def count_flows(actor: Actor, bounds: Sequence[datetime]) -> list[dict[str, int]]:
    """The same for each span between two bounds that follow each other."""
    spans = list(pairwise(bounds))
    result: list[dict[str, int]] = [{} for _ in spans]
    for name in ("received", "replied"):
        cases = scoped_query(actor).filter(**_within(name, bounds[0], bounds[-1]))
        annotations = {f"n{index}": Count("id", _filter=Q(**_within(name, *span))) for index, span in enumerate(spans)}
        totals = (await cases.annotate(**annotations).values(*annotations))[0]
        for index, row in enumerate(result):
            row[name] = int(totals[f"n{index}"])
    return result


def _within(name: str, since: datetime, until: datetime) -> dict[str, Any]:
    return {f"{name}_at__gte": since, f"{name}_at__lt": until}
