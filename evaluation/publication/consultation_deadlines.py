"""Warn of online consultations that stay unanswered for too long, before they become a veto.

A consultation column that leaves a valid message unanswered for three months fails at once (单项否决), and one without
an answer published for two months loses points; so warnings are sent at 60, 75 and 85 days, and the veto is at 90.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from feedback.kernel.clock import from_millis, office_day
from feedback.queries import aggregates
from routing import directory
from routing.notices import delivery
from routing.notices.catalogue import Audience
from routing.notices.delivery import DeliveryPolicy, PlannedNotice
from routing.notices.delivery_hours import Priority


@dataclass(frozen=True, slots=True)
class ConsultationStage:
    """From how many calendar days on, what it is called, where that is written, and who is notified how urgently."""

    days: int
    code: str
    name: str
    law: str
    audiences: tuple[Audience, ...]
    priority: Priority = Priority.WORKING


_UNIT, _HEAD, _OVERSEER = Audience.UNIT, Audience.HEAD, Audience.OVERSEER
_LAW = "《政府网站与政务新媒体检查指标》国办秘函〔2019〕19号（互动回应差）"
STAGES: tuple[ConsultationStage, ...] = (
    ConsultationStage(60, "alarm_60", "满 60 日未答复，第一次预警", "平台约定；" + _LAW, (_UNIT,)),
    ConsultationStage(75, "alarm_75", "满 75 日未答复，第二次预警", "平台约定；" + _LAW, (_UNIT, _HEAD, _OVERSEER)),
    ConsultationStage(
        85, "alarm_85", "满 85 日未答复，红色预警", "平台约定；" + _LAW, (_UNIT, _HEAD, _OVERSEER), Priority.AT_ONCE
    ),
    ConsultationStage(90, "veto", "满 90 日未答复，触发单项否决", _LAW, (_UNIT, _HEAD, _OVERSEER), Priority.AT_ONCE),
)
STALE_DAYS = 5
"""Nobody is notified today of a stage reached long ago, as in an imported history; the table of the board shows it."""


@dataclass(frozen=True, slots=True)
class OverdueConsultation:
    """A consultation that waits too long."""

    case_no: str
    unit: str
    days: int
    stage: ConsultationStage


def find_stage(days: int) -> ConsultationStage | None:
    """The stage reached after so many days without an answer."""
    return next((stage for stage in reversed(STAGES) if days >= stage.days), None)


async def list_overdue(now: datetime, region: str = "") -> list[OverdueConsultation]:
    """The consultations at a stage, the oldest first."""
    return _at_a_stage(await aggregates.list_unanswered(now, STAGES[0].days - 1, region), now)


def _at_a_stage(rows: Sequence[Mapping[str, Any]], now: datetime) -> list[OverdueConsultation]:
    waiting_ = []
    for row in rows:
        days = (office_day(now) - office_day(from_millis(row["received_at"]))).days
        if stage := find_stage(days):
            waiting_.append(OverdueConsultation(row["no"], row["unit"], days, stage))
    return waiting_


_DAYS = tuple(stage.days + late for stage in STAGES for late in range(STALE_DAYS + 1))


async def notify_overdue(policy: DeliveryPolicy, now: datetime) -> int:
    """Tell of each stage once, the unit, then its head and whoever oversees it. Returns how many were told.

    Raises Conflict when another worker tells the same just now.
    """
    return sum([await notify_slice(policy, now, number) for number in range(len(_DAYS))])


def is_last(number: int) -> bool:
    """Whether that was the last slice of `notify_overdue`."""
    return number >= len(_DAYS) - 1


async def notify_slice(policy: DeliveryPolicy, now: datetime, number: int) -> int:
    """A slice of `notify_overdue`: what was received on one day. Slices are numbered from 0. Returns how many were told."""
    above, planned = await directory.list_overseers(), []
    rows = await aggregates.unanswered_of(office_day(now) - timedelta(days=_DAYS[number]))
    for consultation in _at_a_stage(rows, now):
        units_by_audience = {_UNIT: [consultation.unit], _HEAD: [consultation.unit]}
        units_by_audience[_OVERSEER] = sorted({a.unit for a in above if a.everywhere or consultation.unit in a.units})
        planned += [
            PlannedNotice(
                f"website.{consultation.stage.code}:{consultation.case_no}:{audience}:{unit}",
                consultation.case_no,
                f"website.{consultation.stage.code}",
                audience,
                unit,
                f"网上咨询 {consultation.case_no} {consultation.stage.name}，请尽快答复。",
                consultation.stage.priority,
            )
            for audience in consultation.stage.audiences
            for unit in units_by_audience[audience]
        ]
    return await delivery.store_notices(planned, policy, now)


async def count_silent_days(now: datetime) -> int | None:
    """For how many days nothing was published. None: nothing ever was."""
    last_published = await aggregates.load_last_publication()
    return (office_day(now) - office_day(last_published)).days if last_published else None
