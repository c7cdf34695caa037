"""How is a measure kept? Issued, answered, reminded of, closed: each deed an entry that is never edited.

A measure is a fact of its own, not a case: it names the cases it rests on, never a report (检举控告), and shows of them
to each reader only those the reader may open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from feedback.kernel import db
from feedback.kernel.clock import end_of_day, office_day
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.queries import supervision
from feedback.record import calendar_editions
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.vocabulary import Role
from routing import directory
from routing.models import Measure, MeasureCase, MeasureEntry
from routing.notices.catalogue import Audience
from routing.notices.delivery import DeliveryPolicy, PlannedNotice, keep
from routing.notices.delivery_hours import Priority
from routing.oversight import measure_types
from routing.oversight.measure_types import MEASURE_STEPS, MeasureRow, MeasureStatus, MeasureStep

REMIND_EVERY = 5  # working days
REMIND_DAYS = 60  # how long one goes on reminding
_TRIES = 5
_LIST_MOST = 500
_REMINDED_MOST = 50


@dataclass(frozen=True, slots=True)
class MeasureView:
    """A measure as the actor may see it."""

    id: int
    no: str
    row: MeasureRow
    unit: str
    title: str
    text: str
    status: MeasureStatus
    version: int
    due_day: date
    due_at: datetime
    adoption: str
    issued_by: str
    issuer_unit: str
    issued_at: datetime
    answered_at: datetime | None
    cases: tuple[str, ...]
    entries: tuple[dict[str, Any], ...]
    deeds: tuple[MeasureStep, ...]

    def is_late(self, now: datetime) -> bool:
        """Answered too late, or not yet and overdue."""
        return (self.answered_at or now) >= self.due_at and self.status is not MeasureStatus.WITHDRAWN


@dataclass(frozen=True, slots=True)
class MeasureFilters:
    """What the list is narrowed to; empty means all."""

    kind: str = ""
    unit: str = ""
    status: str = ""
    late: bool = False


def _scoped(actor: Actor) -> QuerySet[Measure]:
    """`measures.may_see` said as a query."""
    if access.has(actor, access.OVERSEERS):
        whose = Measure.all() if actor.everywhere else Measure.filter(unit__in=sorted(actor.units | {actor.unit}))
    elif actor.roles & {Role.CLERK, Role.LEAD, Role.RECEPTION} and actor.unit:
        whose = Measure.filter(unit=actor.unit)
    else:
        whose = Measure.filter(id=-1)
    return whose


async def listed(actor: Actor, filters: MeasureFilters, now: datetime) -> list[MeasureView]:
    """The measures the actor may see, newest first."""
    found = _scoped(actor)
    for name in ("kind", "unit", "status"):
        if value := getattr(filters, name):
            found = found.filter(**{name: value})
    if filters.late:
        found = found.filter(status=MeasureStatus.ISSUED.value, due_at__lte=now)
    return [_view(row, (), (), actor) for row in await found.order_by("-issued_at", "-id").limit(_LIST_MOST)]


async def one(actor: Actor, measure_id: int) -> MeasureView:
    """A measure with its history and those of its cases the actor may open.

    Raises NotFound, also for one the actor may not see.
    """
    row = await _scoped(actor).get_or_none(id=measure_id)
    if row is None:
        raise NotFound(measure=measure_id)
    named = [each.case_no for each in await MeasureCase.filter(measure_id=row.id).order_by("id")]
    seen = await case_queries.seen_of(actor, named)
    entries = await MeasureEntry.filter(measure_id=row.id).order_by("seq")
    return _view(row, [no for no in named if no in seen], [_entry(each) for each in entries], actor)


def _view(row: Measure, cases: Sequence[str], entries: Sequence[dict[str, Any]], actor: Actor) -> MeasureView:
    kind = measure_types.row_of(row.kind)
    assert kind is not None  # noqa: S101 - rows are never removed
    return MeasureView(
        id=row.id,
        no=row.no,
        row=kind,
        unit=row.unit,
        title=row.title,
        text=row.text,
        status=MeasureStatus(row.status),
        version=row.version,
        due_day=row.due_day,
        due_at=row.due_at,
        adoption=row.adoption,
        issued_by=row.issued_by,
        issuer_unit=row.issuer_unit,
        issued_at=row.issued_at,
        answered_at=row.answered_at,
        cases=tuple(cases),
        entries=tuple(entries),
        deeds=measure_types.open_measure_steps(actor, MeasureStatus(row.status), row.unit),
    )


def _entry(row: MeasureEntry) -> dict[str, Any]:
    names = ("seq", "act", "at", "actor_name", "unit", "data")
    return {name: getattr(row, name) for name in names}


async def due_day(text: str, kind: str, settings: Settings, now: datetime) -> date | None:
    """The day somebody wrote; for a suggestion the usual one when they wrote none. None: it is no day."""
    row = measure_types.row_of(kind)
    if not text and row is not None and row.days:
        plain = office_day(now) + timedelta(days=settings.suggestion_days)
        return (await calendar_editions.current()).next_workday(plain)
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def issue(
    actor: Actor, said: Mapping[str, Any], cases: Sequence[str], manner: DeliveryPolicy, now: datetime
) -> int:
    """Issue a measure. Returns its id.

    Raises Forbidden, or Invalid naming every wrong field.
    """
    names, unit = await directory.snapshot(), str(said.get("unit", ""))
    if not measure_types.may_issue(actor):
        raise Forbidden(act="issue")
    faults = measure_types.issue_faults(said, office_day(now), cases)
    if unit and (not names.has(unit) or not measure_types.may_issue(actor, unit)):
        faults["unit"] = "unknown_unit"
    if fault := await _cases_fault(actor, cases):
        faults["cases"] = fault
    if faults:
        raise Invalid(faults)
    day = said["due_day"]
    columns = {
        "kind": said["kind"],
        "unit": unit,
        "title": said["title"],
        "text": said["text"],
        "status": MeasureStatus.ISSUED.value,
        "due_day": day,
        "due_at": end_of_day(day),
        "look_at": end_of_day(day),
        "issued_by": actor.name,
        "issuer_unit": actor.unit,
        "issued_at": now,
    }
    row = await _created(columns, actor, cases, now)
    label = measure_types.row_of(row.kind)
    words = f"{label.label if label else ''} {row.no}“{row.title[:24]}”：请在 {day.isoformat()} 前书面反馈。"
    await _tell(row, "issue", (Audience.UNIT, Audience.HEAD), unit, words, manner, now)
    return int(row.id)


async def _cases_fault(actor: Actor, cases: Sequence[str]) -> str:
    """A measure names only cases its issuer may open, and no report: it is read by people who may not know of one."""
    if len(cases) > measure_types.CASES_MOST:
        return "too_many"
    if set(cases) - await case_queries.seen_of(actor, cases):
        return "unknown"
    return "report_named" if await supervision.confidential_among(cases) else ""


async def _created(columns: Mapping[str, Any], actor: Actor, cases: Sequence[str], now: datetime) -> Measure:
    year = office_day(now).year
    for attempt in range(_TRIES):
        count = await Measure.filter(no__startswith=f"JD{year}-").count()
        try:
            async with db.transaction():
                row = await Measure.create(no=f"JD{year}-{count + 1 + attempt:04d}", **columns)
                await MeasureCase.bulk_create(
                    [MeasureCase(measure_id=row.id, case_no=no) for no in dict.fromkeys(cases)]
                )
                data = {"due_day": columns["due_day"].isoformat(), "text": columns["text"]}
                await _record(row.id, 1, MeasureStep.ISSUE, actor, data, now)
            return row
        except IntegrityError:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


async def _record(
    measure_id: int, seq: int, deed: MeasureStep, actor: Actor, data: Mapping[str, Any], now: datetime
) -> None:
    await MeasureEntry.create(
        measure_id=measure_id,
        seq=seq,
        act=deed.value,
        at=now,
        actor=actor.id,
        actor_name=actor.name,
        unit=actor.unit,
        data=dict(data),
    )


async def act(
    actor: Actor, measure_id: int, deed: MeasureStep, said: Mapping[str, Any], manner: DeliveryPolicy, now: datetime
) -> MeasureStatus:
    """Answer, send back, close or withdraw. Returns the new status.

    Raises NotFound, Forbidden, NotNow, Invalid, or Conflict when somebody else was faster.
    """
    row = await _scoped(actor).get_or_none(id=measure_id)
    if row is None:
        raise NotFound(measure=measure_id)
    if not measure_types.may(actor, deed, row.unit):
        raise Forbidden(act=deed.value)
    sources, target = MEASURE_STEPS[deed]
    kind = measure_types.row_of(row.kind)
    if MeasureStatus(row.status) not in sources or kind is None:
        raise NotNow(act=deed.value, status=row.status)
    if faults := measure_types.measure_step_faults(deed, kind, said, office_day(now)):
        raise Invalid(faults)
    data = {name: str(said[name]) for name in ("text", "adoption", "due_day") if said.get(name)}
    await _write(row, deed, target, data, said, actor, now)
    if deed is MeasureStep.ANSWER:
        words = f"{row.no}“{row.title[:24]}”有了书面反馈。"
        await _tell(row, f"answer{row.version}", (Audience.OVERSEER,), row.issuer_unit, words, manner, now)
    elif deed is not MeasureStep.CLOSE:
        words = f"{row.no}“{row.title[:24]}”{'被退回，请补充反馈' if deed is MeasureStep.SEND_BACK else '已撤回'}。"
        await _tell(row, f"{deed}{row.version}", (Audience.UNIT, Audience.HEAD), row.unit, words, manner, now)
    return target


async def _write(
    row: Measure,
    deed: MeasureStep,
    target: MeasureStatus,
    data: Mapping[str, str],
    said: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    change: dict[str, Any] = {"status": target.value, "version": row.version + 1}
    if deed is MeasureStep.ANSWER:
        change |= {"answered_at": now, "look_at": None, "adoption": data.get("adoption", "")}
    elif deed is MeasureStep.SEND_BACK:
        due_at = end_of_day(said["due_day"])
        change |= {"answered_at": None, "adoption": "", "due_day": said["due_day"], "due_at": due_at, "look_at": due_at}
    else:
        change |= {"ended_at": now, "look_at": None}
    seq = await MeasureEntry.filter(measure_id=row.id).count() + 1
    try:
        async with db.transaction():
            await db.compare_and_set(row, {"version": row.version}, change)
            await _record(row.id, seq, deed, actor, data, now)
    except IntegrityError as fault:
        raise Conflict(measure=row.id) from fault


async def remind(manner: DeliveryPolicy, now: datetime) -> int:
    """Timer: remind of what is overdue, once when it becomes so and then every few working days. Returns how many.

    At most a few at once, those that wait longest first; 0 when none is left.
    """
    calendar, told = await calendar_editions.current(), 0
    due = Measure.filter(status=MeasureStatus.ISSUED.value, look_at__lte=now).order_by("look_at", "id")
    for row in await due.limit(_REMINDED_MOST):
        again = end_of_day(calendar.add_workdays(office_day(now), REMIND_EVERY))
        look_at = again if now - row.due_at < timedelta(days=REMIND_DAYS) else None
        seq = await MeasureEntry.filter(measure_id=row.id).count() + 1
        try:
            async with db.transaction():
                expected = {"version": row.version, "look_at": row.look_at}
                await db.compare_and_set(row, expected, {"version": row.version + 1, "look_at": look_at})
                await _record(row.id, seq, MeasureStep.REMIND, access.SYSTEM, {"due_day": row.due_day.isoformat()}, now)
        except (Conflict, IntegrityError):
            continue
        words = f"{row.no}“{row.title[:24]}”应在 {row.due_day.isoformat()} 前反馈，已逾期。"
        await _tell(row, f"late{row.version}", (Audience.HEAD, Audience.UNIT), row.unit, words, manner, now)
        await _tell(row, f"late{row.version}", (Audience.OVERSEER,), row.issuer_unit, words, manner, now)
        told += 1
    return told


async def _tell(
    row: Measure, what: str, audiences: Sequence[Audience], unit: str, words: str, manner: DeliveryPolicy, now: datetime
) -> None:
    planned = [
        PlannedNotice(f"measure:{row.id}:{what}:{each}:{unit}", "", "measure", each, unit, words, Priority.WORKING)
        for each in audiences
    ]
    await keep(planned, manner, now)


async def figures(actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Per unit: issued, answered in time, answered late, overdue, and how suggestions were taken."""
    counted = (
        _scoped(actor)
        .exclude(status=MeasureStatus.WITHDRAWN.value)
        .annotate(
            issued=Count("id"),
            answered=Count("id", _filter=Q(answered_at__isnull=False)),
            overdue=Count("id", _filter=Q(answered_at__isnull=True, due_at__lte=now)),
            **{name: Count("id", _filter=Q(adoption=name)) for name in measure_types.ADOPTIONS if name != "not"},
            refused=Count("id", _filter=Q(adoption="not")),
        )
    )
    names = ("issued", "answered", "overdue", "adopted", "partly", "refused")
    return sorted(await counted.group_by("unit").values("unit", *names), key=lambda row: (-row["overdue"], row["unit"]))


async def suggested(since: datetime, until: datetime) -> list[tuple[str, int, int, int]]:
    """The three suggestions (三项建议) issued in a span, by sort: made, answered in writing, adopted at least partly."""
    rows = Measure.filter(issued_at__gte=since, issued_at__lt=until).exclude(status=MeasureStatus.WITHDRAWN.value)
    counted = rows.annotate(
        made=Count("id"),
        answered=Count("id", _filter=Q(answered_at__isnull=False)),
        adopted=Count("id", _filter=Q(adoption__in=["adopted", "partly"])),
    )
    by_sort = {row["kind"]: row for row in await counted.group_by("kind").values("kind", "made", "answered", "adopted")}
    none = {"made": 0, "answered": 0, "adopted": 0}
    sorts = [row for row in measure_types.MEASURES if row.adoption]
    found = [(row.label, by_sort.get(row.code, none)) for row in sorts]
    return [(label, each["made"], each["answered"], each["adopted"]) for label, each in found]
