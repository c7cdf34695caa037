"""Columns for figures, timers and verification, without words or persons, for the system only."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count

from feedback.kernel import db
from feedback.queries import clock_owners
from feedback.record import calendar_editions
from feedback.record.models.case import AccessBar, Case, Entry, TenureRow
from feedback.record.models.clocks import ClockRow
from feedback.record.persistence import to_clock, to_clock_facts, to_event
from feedback.rules import projection
from feedback.rules.clocks import Clock
from feedback.rules.projection import CaseProjection
from feedback.rules.vocabulary import Act, Kind, RestrictionScope, Role, Status

_CHUNK = 50


async def count_by_status(nos: Sequence[str]) -> dict[str, int]:
    """How many of these cases stand in each status: what an import tells at its end."""
    counts: dict[str, int] = {}
    for offset in range(0, len(nos), _CHUNK):
        chunk = Case.filter(no__in=list(nos[offset : offset + _CHUNK])).annotate(n=Count("id")).group_by("status")
        for row in await chunk.values("status", "n"):
            counts[row["status"]] = counts.get(row["status"], 0) + row["n"]
    return counts


async def load_clock_facts(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Every clock that started before `until` and was still running, or due, or stopped at or after `since`.

    For the figures: case number, kind, profile, category, region, channel, the clock's columns. Reports (检举控告) are
    in no figure: one more or less in a unit's row would tell of it (信访工作条例 第三十条), nor is what rectified a rating
    that was judged invalid. Nothing here names a person.
    """
    rows = ClockRow.filter(starts_at__lt=until, case__confidential=False).filter(
        Q(stopped_at__isnull=True) | Q(stopped_at__gte=since) | Q(due_at__gte=since)
    )
    rows = rows.filter(Q(case__kind__not=Kind.RECTIFY.value) | Q(case__status__not=Status.WITHDRAWN.value))
    return list(
        await rows.using_db(db.read_connection()).values(
            "id",
            "term",
            "holder",
            "unit",
            "starts_at",
            "due_at",
            "stopped_at",
            "stopped_by",
            "kept",
            case_no="case__no",
            kind="case__kind",
            profile="case__profile",
            category="case__category",
            region="case__region",
            channel="case__channel",
            lead="case__unit",
            desk="case__desk",
            status="case__status",
        )
    )


async def load_case_facts(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Cases received in a span, without words or persons, for the figures. Reports are in no figure."""
    rows = Case.filter(received_at__gte=since, received_at__lt=until, confidential=False)
    rows = rows.exclude(kind=Kind.RECTIFY.value)
    return list(
        await rows.using_db(db.read_connection()).values(
            "no",
            "kind",
            "profile",
            "category",
            "region",
            "channel",
            "unit",
            "desk",
            "status",
            "received_at",
            "replied_at",
        )
    )


async def load_topic_texts(since: datetime, until: datetime, most: int) -> list[dict[str, Any]]:
    """The words of the newest cases of a span and a keyed hash of who said them, for gathering topics. Never a report."""
    rows = Case.filter(received_at__gte=since, received_at__lt=until, confidential=False)
    rows = rows.exclude(kind__in=[Kind.RECTIFY.value, Kind.REPORT.value, Kind.PRAISE.value])
    rows = rows.exclude(restrictions__contains=RestrictionScope.MACHINE.value).exclude(text="")  # refused, or erased
    columns = ("no", "title", "text", "region", "received_at")
    cases = (
        await rows.using_db(db.read_connection())
        .order_by("-received_at", "-id")
        .limit(most)
        .values(*columns, phone="person__phone_hash", id_number="person__id_hash")
    )
    return [{**{name: row[name] for name in columns}, "who": row["phone"] or row["id_number"] or ""} for row in cases]


async def list_due_clocks(now: datetime, limit: int) -> list[dict[str, Any]]:
    """Running clocks that may have reached a further stage, those that wait longest first."""
    # Sorted by all columns of the index, though one is null: else PostgreSQL walks the whole history.
    rows = ClockRow.filter(stopped_at__isnull=True, look_at__lte=now).order_by("stopped_at", "look_at", "id")
    columns = ("id", "warn_at", "due_legal_day", "due_at", "length", "stage")
    return list(await rows.limit(limit).values(*columns, no="case__no"))


async def load_running_clocks(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those of the clocks that still run, with what a warning needs to know of their cases, bars included."""
    rows = ClockRow.filter(id__in=list(ids), stopped_at__isnull=True)
    columns = ("id", "term", "label", "unit", "holder", "due_at", "due_legal_day", "law", "length", "stage", "case_id")
    clocks = list(
        await rows.values(
            *columns,
            no="case__no",
            title="case__title",
            profile="case__profile",
            urgency="case__urgency",
            confidential="case__confidential",
            desk="case__desk",
            lead="case__unit",
        )
    )
    case_ids = [row["case_id"] for row in clocks]
    bars: dict[int, list[dict[str, Any]]] = {}
    for bar in await AccessBar.filter(case_id__in=case_ids).values("case_id", "unit", "staff"):
        bars.setdefault(bar["case_id"], []).append(bar)
    co_units: dict[int, list[str]] = {}
    for row in await TenureRow.filter(case_id__in=case_ids, lead=False, until__isnull=True).values("case_id", "unit"):
        co_units.setdefault(row["case_id"], []).append(row["unit"])
    for row in clocks:
        row["bars"], row["co"] = bars.get(row["case_id"], []), co_units.get(row["case_id"], [])
    return clocks


async def count_unit_loads(now: datetime, since: datetime, today: date) -> dict[str, dict[str, int]]:
    """Per unit: cases that are late, due today or nearly due by the clocks counted with it, and those it got since then.

    Reports (检举控告) are not among them: whoever reads the figures need not be cleared.
    """
    clock_counts = (
        clock_owners.running_duties()
        .filter(case__confidential=False)
        .annotate(
            owner=clock_owners.OWNER,
            late=Count("case_id", distinct=True, _filter=Q(due_at__lte=now)),
            today=Count("case_id", distinct=True, _filter=Q(due_at__gt=now, due_legal_day=today)),
            amber=Count("case_id", distinct=True, _filter=Q(due_at__gt=now, warn_at__lte=now, due_legal_day__gt=today)),
        )
    )
    loads: dict[str, dict[str, int]] = {}
    for row in await clock_counts.group_by("owner").values("owner", "late", "today", "amber"):
        loads[row.pop("owner")] = row
    new_tenures = TenureRow.filter(since__gte=since, since__lte=now, lead=True, case__confidential=False)
    for row in await new_tenures.annotate(n=Count("id")).group_by("unit").values("unit", "n"):
        loads.setdefault(row["unit"], {})["new"] = row["n"]
    return loads


async def load_projection(no: str) -> tuple[CaseProjection, list[Clock], Case]:
    """A case projected anew, its stored clocks and its row: for `xinqiao verify`."""
    case = await Case.get(no=no)
    history = [to_event(e) for e in await Entry.filter(case_id=case.id).order_by("seq")]
    rows = await ClockRow.filter(case_id=case.id).order_by("seq", "id")
    return (
        projection.project(history, to_clock_facts(case), await calendar_editions.load_editions()),
        [to_clock(r) for r in rows],
        case,
    )


async def load_tenure_facts(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """The spans in which units led cases, for the figures: case_no, unit, since, until.

    Those that touch a period, and all of a case with a clock that ran out before it and ran on: whoever led when it ran out
    answers for it.
    """
    left_over = ClockRow.filter(starts_at__lt=until, due_at__lt=since)
    left_over = left_over.filter(Q(stopped_at__isnull=True) | Q(stopped_at__gte=since))
    touching = Q(until__isnull=True) | Q(until__gte=since) | Q(case_id__in=Subquery(left_over.values("case_id")))
    rows = TenureRow.filter(touching, lead=True, since__lt=until)
    rows = rows.filter(case__confidential=False)
    return list(
        await rows.using_db(db.read_connection())
        .order_by("since", "id")
        .values("unit", "since", "until", case_no="case__no")
    )


async def load_classifications(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """What the system said of each case that came in then: data of its entries, oldest first. Without reports."""
    rows = Entry.filter(act=Act.CLASSIFY, at__gte=since, at__lt=until, role=Role.SYSTEM, case__confidential=False)
    return list(await rows.using_db(db.read_connection()).order_by("at", "id").values("at", "data"))


async def load_latest_entry_time() -> datetime | None:
    """When the entry that was written last happened; history that is imported lies in the past."""
    entry = await Entry.all().order_by("-id").first()
    return entry.at if entry else None
