"""Issue, answer, remind of and close oversight measures: each step an entry that is never edited.

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
from routing import directory
from routing.models import Measure, MeasureCase, MeasureEntry
from routing.notices.catalogue import Audience, prepare_title
from routing.notices.delivery import DeliveryPolicy, PlannedNotice, store_notices
from routing.notices.delivery_hours import Priority
from routing.oversight import measure_types
from routing.oversight.measure_types import MEASURE_STEPS, MeasureStatus, MeasureStep, MeasureType

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
    measure_type: MeasureType
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
    steps: tuple[MeasureStep, ...]

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


def _visible_measures(actor: Actor) -> QuerySet[Measure]:
    """`measure_types.may_see` said as a query."""
    return Measure.filter(case_queries.build_unit_filter(measure_types.measure_scope(actor)))


async def list_measures(actor: Actor, filters: MeasureFilters, now: datetime) -> list[MeasureView]:
    """The measures the actor may see, newest first."""
    measures = _visible_measures(actor)
    for name in ("kind", "unit", "status"):
        if value := getattr(filters, name):
            measures = measures.filter(**{name: value})
    if filters.late:
        measures = measures.filter(status=MeasureStatus.ISSUED.value, due_at__lte=now)
    return [_view(row, (), (), actor) for row in await measures.order_by("-issued_at", "-id").limit(_LIST_MOST)]


async def load_measure(actor: Actor, measure_id: int) -> MeasureView:
    """A measure with its history and those of its cases the actor may open.

    Raises NotFound, also for one the actor may not see.
    """
    row = await _visible_measures(actor).get_or_none(id=measure_id)
    if row is None:
        raise NotFound(measure=measure_id)
    case_nos = [record.case_no for record in await MeasureCase.filter(measure_id=row.id).order_by("id")]
    visible_nos = await case_queries.filter_visible(actor, case_nos)
    entries = await MeasureEntry.filter(measure_id=row.id).order_by("seq")
    return _view(row, [no for no in case_nos if no in visible_nos], [_entry(record) for record in entries], actor)


def _view(row: Measure, cases: Sequence[str], entries: Sequence[dict[str, Any]], actor: Actor) -> MeasureView:
    measure_type = measure_types.find_measure_type(row.kind)
    assert measure_type is not None  # noqa: S101 - rows are never removed
    return MeasureView(
        id=row.id,
        no=row.no,
        measure_type=measure_type,
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
        steps=measure_types.open_measure_steps(actor, MeasureStatus(row.status), row.unit),
    )


def _entry(row: MeasureEntry) -> dict[str, Any]:
    names = ("seq", "act", "at", "actor_name", "unit", "data")
    return {name: getattr(row, name) for name in names}


async def parse_due_day(text: str, kind: str, settings: Settings, now: datetime) -> date | None:
    """The day somebody wrote; for a suggestion the usual one when they wrote none. None: it is no day."""
    row = measure_types.find_measure_type(kind)
    if not text and row is not None and row.days:
        suggestion_day = office_day(now) + timedelta(days=settings.suggestion_days)
        return (await calendar_editions.load_current_calendar()).next_workday(suggestion_day)
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def issue_measure(
    actor: Actor, values: Mapping[str, Any], cases: Sequence[str], policy: DeliveryPolicy, now: datetime
) -> int:
    """Issue a measure. Returns its id.

    Raises Forbidden, or Invalid naming every wrong field.
    """
    units, unit = await directory.load_directory(), str(values.get("unit", ""))
    if not measure_types.may_issue(actor):
        raise Forbidden(act="issue")
    faults = measure_types.issue_faults(values, office_day(now), cases)
    if unit and (not units.has(unit) or not measure_types.may_issue(actor, unit)):
        faults["unit"] = "unknown_unit"
    if fault := await _cases_fault(actor, cases):
        faults["cases"] = fault
    if faults:
        raise Invalid(faults)
    day = values["due_day"]
    columns = {
        "kind": values["kind"],
        "unit": unit,
        "title": values["title"],
        "text": measure_types.compose_text(values),
        "status": MeasureStatus.ISSUED.value,
        "due_day": day,
        "due_at": end_of_day(day),
        "look_at": end_of_day(day),
        "issued_by": actor.name,
        "issuer_unit": actor.unit,
        "issued_at": now,
    }
    row = await _create_measure(columns, actor, cases, now)
    measure_type = measure_types.find_measure_type(row.kind)
    words = f"{measure_type.label if measure_type else ''} {row.no}“{prepare_title(row.title)}”：请在 {day.isoformat()} 前书面反馈。"
    await _notify(row, "issue", (Audience.UNIT, Audience.HEAD), unit, words, policy, now)
    return int(row.id)


async def _cases_fault(actor: Actor, cases: Sequence[str]) -> str:
    """A measure names only cases its issuer may open, and no report: it is read by people who may not know of one."""
    if len(cases) > measure_types.CASES_MOST:
        return "too_many"
    if set(cases) - await case_queries.filter_visible(actor, cases):
        return "unknown"
    return "report_named" if await supervision.filter_confidential(cases) else ""


async def _create_measure(columns: Mapping[str, Any], actor: Actor, cases: Sequence[str], now: datetime) -> Measure:
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
                await _write_entry(row.id, 1, MeasureStep.ISSUE, actor, data, now)
            return row
        except IntegrityError:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


async def _write_entry(
    measure_id: int, seq: int, step: MeasureStep, actor: Actor, data: Mapping[str, Any], now: datetime
) -> None:
    await MeasureEntry.create(
        measure_id=measure_id,
        seq=seq,
        act=step.value,
        at=now,
        actor=actor.id,
        actor_name=actor.name,
        unit=actor.unit,
        data=dict(data),
    )


async def perform_step(
    actor: Actor, measure_id: int, step: MeasureStep, values: Mapping[str, Any], policy: DeliveryPolicy, now: datetime
) -> MeasureStatus:
    """Answer, send back, close or withdraw. Returns the new status.

    Raises NotFound, Forbidden, NotNow, Invalid, or Conflict when somebody else was faster.
    """
    row = await _visible_measures(actor).get_or_none(id=measure_id)
    if row is None:
        raise NotFound(measure=measure_id)
    if not measure_types.may_perform(actor, step, row.unit):
        raise Forbidden(act=step.value)
    sources, target = MEASURE_STEPS[step]
    kind = measure_types.find_measure_type(row.kind)
    if MeasureStatus(row.status) not in sources or kind is None:
        raise NotNow(act=step.value, status=row.status)
    if faults := measure_types.measure_step_faults(step, kind, values, office_day(now)):
        raise Invalid(faults)
    data = {name: str(values[name]) for name in ("text", "adoption", "due_day") if values.get(name)}
    await _update_measure(row, step, target, data, values, actor, now)
    if step is MeasureStep.ANSWER:
        words = f"{row.no}“{prepare_title(row.title)}”有了书面反馈。"
        await _notify(row, f"answer{row.version}", (Audience.OVERSEER,), row.issuer_unit, words, policy, now)
    elif step is not MeasureStep.CLOSE:
        words = f"{row.no}“{prepare_title(row.title)}”{'被退回，请补充反馈' if step is MeasureStep.SEND_BACK else '已撤回'}。"
        await _notify(row, f"{step}{row.version}", (Audience.UNIT, Audience.HEAD), row.unit, words, policy, now)
    return target


async def _update_measure(
    row: Measure,
    step: MeasureStep,
    target: MeasureStatus,
    data: Mapping[str, str],
    values: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    columns: dict[str, Any] = {"status": target.value, "version": row.version + 1}
    if step is MeasureStep.ANSWER:
        columns |= {"answered_at": now, "look_at": None, "adoption": data.get("adoption", "")}
    elif step is MeasureStep.SEND_BACK:
        due_at = end_of_day(values["due_day"])
        columns |= {
            "answered_at": None,
            "adoption": "",
            "due_day": values["due_day"],
            "due_at": due_at,
            "look_at": due_at,
        }
    else:
        columns |= {"ended_at": now, "look_at": None}
    seq = await MeasureEntry.filter(measure_id=row.id).count() + 1
    try:
        async with db.transaction():
            await db.compare_and_set(row, {"version": row.version}, columns)
            await _write_entry(row.id, seq, step, actor, data, now)
    except IntegrityError as fault:
        raise Conflict(measure=row.id) from fault


async def send_reminders(policy: DeliveryPolicy, now: datetime) -> int:
    """Timer: remind of what is overdue, once when it becomes so and then every few working days. Returns how many.

    At most a few at once, those that wait longest first; 0 when none is left.
    """
    calendar, count = await calendar_editions.load_current_calendar(), 0
    due = Measure.filter(status=MeasureStatus.ISSUED.value, look_at__lte=now).order_by("look_at", "id")
    for row in await due.limit(_REMINDED_MOST):
        next_look_at = end_of_day(calendar.add_workdays(office_day(now), REMIND_EVERY))
        look_at = next_look_at if now - row.due_at < timedelta(days=REMIND_DAYS) else None
        seq = await MeasureEntry.filter(measure_id=row.id).count() + 1
        try:
            async with db.transaction():
                expected = {"version": row.version, "look_at": row.look_at}
                await db.compare_and_set(row, expected, {"version": row.version + 1, "look_at": look_at})
                await _write_entry(
                    row.id, seq, MeasureStep.REMIND, access.SYSTEM, {"due_day": row.due_day.isoformat()}, now
                )
        except (Conflict, IntegrityError):
            continue
        words = f"{row.no}“{prepare_title(row.title)}”应在 {row.due_day.isoformat()} 前反馈，已逾期。"
        await _notify(row, f"late{row.version}", (Audience.HEAD, Audience.UNIT), row.unit, words, policy, now)
        await _notify(row, f"late{row.version}", (Audience.OVERSEER,), row.issuer_unit, words, policy, now)
        count += 1
    return count


async def _notify(
    row: Measure,
    event: str,
    audiences: Sequence[Audience],
    unit: str,
    words: str,
    policy: DeliveryPolicy,
    now: datetime,
) -> None:
    notices = [
        PlannedNotice(
            f"measure:{row.id}:{event}:{audience}:{unit}", "", "measure", audience, unit, words, Priority.WORKING
        )
        for audience in audiences
    ]
    await store_notices(notices, policy, now)


async def load_figures(actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Per unit: issued, answered in time, answered late, overdue, and how suggestions were taken."""
    counts = (
        _visible_measures(actor)
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
    return sorted(await counts.group_by("unit").values("unit", *names), key=lambda row: (-row["overdue"], row["unit"]))


async def count_suggestions(since: datetime, until: datetime) -> list[tuple[str, int, int, int]]:
    """The three suggestions (三项建议) issued in a span, by sort: made, answered in writing, adopted at least partly."""
    rows = Measure.filter(issued_at__gte=since, issued_at__lt=until).exclude(status=MeasureStatus.WITHDRAWN.value)
    counts = rows.annotate(
        made=Count("id"),
        answered=Count("id", _filter=Q(answered_at__isnull=False)),
        adopted=Count("id", _filter=Q(adoption__in=["adopted", "partly"])),
    )
    by_sort = {row["kind"]: row for row in await counts.group_by("kind").values("kind", "made", "answered", "adopted")}
    no_counts = {"made": 0, "answered": 0, "adopted": 0}
    sorts = [row for row in measure_types.MEASURES if row.adoption]
    figures = [(row.label, by_sort.get(row.code, no_counts)) for row in sorts]
    return [(label, numbers["made"], numbers["answered"], numbers["adopted"]) for label, numbers in figures]
