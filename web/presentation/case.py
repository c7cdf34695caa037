"""View objects of a case and its clocks, with words and office dates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from feedback.kernel.clock import office_day
from feedback.rules.access import Actor
from feedback.rules.clocks import Clock, ClockState
from feedback.rules.read_models import CaseFile, FileView
from feedback.rules.terms import Holder
from feedback.rules.vocabulary import ANSWERING_ACTS, OPEN, Act, Stage, Status
from feedback.rules.workdays import Calendar
from routing.directory import Directory
from web.presentation.timeline import (
    EventView,
    ReplyStanding,
    StepView,
    category_words,
    event_view,
    find_reply_standing,
    step_view,
)
from web.wording import catalogue
from web.wording.dates import day_words, time_words

_CALM_HOURS = 6


@dataclass(frozen=True, slots=True)
class ClockView:
    """A clock in words."""

    term: str
    label: str
    unit: str
    unit_code: str
    due: str
    due_day: date
    due_at: datetime
    left: str
    state: str
    state_text: str
    light: str
    light_text: str
    law: str
    provisional: bool
    running: bool
    binds_citizen: bool  # a limit the citizen must keep


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case in words, for pages."""

    file: CaseFile
    no: str
    title: str
    text: str
    kind_text: str
    status: str
    status_text: str
    stage_text: str
    channel_text: str
    category_text: str
    region_text: str
    unit: str
    unit_phone: str
    desk: str
    co_units: tuple[str, ...]
    received: str
    urgency_text: str
    light: str
    light_text: str
    clocks: tuple[ClockView, ...]
    running: tuple[ClockView, ...]
    next_words: str
    timeline: tuple[EventView, ...]
    steps: tuple[StepView, ...]
    reply: str
    reply_standing: ReplyStanding
    files: tuple[FileView, ...]
    is_open: bool


_CASE_NUMBER = re.compile(r"\d{8}-\d{6}")


def hide_case_numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    """A failed message for whoever keeps the machine going: which kind and why, not about whose case."""
    return {**row, **{name: _CASE_NUMBER.sub("…", str(row[name])) for name in ("key", "error")}}


def clock_view(clock: Clock, directory: Directory, now: datetime, calendar: Calendar) -> ClockView:
    state, light = clock.state(now), clock.light(now)
    return ClockView(
        term=clock.term,
        label=clock.label,
        unit=directory.short(clock.unit) if clock.unit else "",
        unit_code=clock.unit,
        due=_due_words(clock),
        due_day=clock.due_legal_day,
        due_at=clock.due_at,
        left=left_words(clock.due_at, now, calendar)
        if clock.stopped_at is None and state is not ClockState.STOPPED
        else "",
        state=state.value,
        state_text=catalogue.CLOCK_STATES[state.value],
        light=light.value,
        light_text=catalogue.LIGHTS[light.value],
        law=clock.law,
        provisional=clock.provisional,
        running=clock.stopped_at is None and state is not ClockState.STOPPED,
        binds_citizen=clock.holder is Holder.CITIZEN,
    )


def _due_words(clock: Clock) -> str:
    if clock.length.unit.runs:
        return f"{time_words(clock.due_at)}前"
    return f"{day_words(clock.due_legal_day)}前"


def left_words(due_at: datetime, now: datetime, calendar: Calendar) -> str:
    """How much is left, or how much too late it is, in words."""
    last_day, today = office_day(due_at - timedelta(milliseconds=1)), office_day(now)
    hours = abs((due_at - now).total_seconds()) / 3600
    if now >= due_at:
        days = calendar.workdays_between(last_day, today)
        late = f"{int(hours)} 小时" if hours >= 1 else f"{max(1, int(hours * 60))} 分钟"
        return f"已超 {days} 个工作日" if days else f"已超 {late}"
    if hours < _CALM_HOURS:
        return (
            f"还剩 {int(hours)} 小时 {int(hours * 60) % 60} 分"
            if hours >= 1
            else f"还剩 {max(1, int(hours * 60))} 分钟"
        )
    days = calendar.workdays_between(today, last_day)
    return f"还剩 {days} 个工作日" if days else "今天到期"


def case_view(file: CaseFile, directory: Directory, actor: Actor, now: datetime, calendar: Calendar) -> CaseView:
    clocks = tuple(clock_view(c, directory, now, calendar) for c in file.clocks)
    light = file.light(now)
    answers = [e for e in file.entries if e.act in ANSWERING_ACTS]
    unit = directory.by_code.get(file.unit)
    return CaseView(
        file=file,
        no=file.no,
        title=file.title,
        text=file.text,
        kind_text=catalogue.KINDS[file.kind.value],
        status=file.status.value,
        status_text=catalogue.STATUSES[file.status.value],
        stage_text=catalogue.STAGES[file.stage.value] if file.stage is not Stage.FIRST else "",
        channel_text=catalogue.CHANNELS[file.channel],
        category_text=category_words(file.category),
        region_text=directory.region_name(file.region),
        unit=unit.name if unit else "",
        unit_phone=unit.phone if unit else "",
        desk=directory.name(file.desk),
        co_units=tuple(directory.name(u) for u in file.co_units),
        received=time_words(file.received_at),
        urgency_text=catalogue.URGENCIES[file.urgency],
        light=light.value,
        light_text=catalogue.LIGHTS[light.value],
        clocks=clocks,
        running=tuple(c for c in clocks if c.running and not c.binds_citizen),
        next_words=next_words(file, directory),
        timeline=tuple(event_view(e, file, directory) for e in file.entries),
        steps=tuple(step_view(s) for s in file.steps(now)),
        reply=str(answers[-1].data.get("text", "")) if answers else "",
        reply_standing=find_reply_standing([e.act for e in file.entries]),
        files=tuple(f for f in file.attachments if f.seq == 1),
        is_open=file.status in OPEN,
    )


def next_words(file: CaseFile, directory: Directory) -> str:
    """Who has it and what happens next, in one sentence."""
    unit = directory.name(file.unit)
    match file.status:
        case Status.RECEIVED:
            return f"{directory.name(file.desk)}正在确定由哪个单位办理。"
        case Status.ASSIGNED:
            return f"已派到{unit}，等待受理。"
        case Status.ACCEPTED:
            return f"{unit}正在办理，办完会在这里答复。"
        case Status.HELD:
            return f"因客观原因暂时不能解决，{unit}已申请挂账，到目标日期继续办理。"
        case Status.REPLIED:
            return "已经答复，请您看看答复并评价。"
        case Status.CLOSED:
            return "已经办结。"
        case Status.DECLINED:
            return "不属于受理范围，理由和应到哪里反映写在下面。"
        case Status.WITHDRAWN:
            return "您已撤回，不再办理。"
        case Status.TERMINATED:
            return "信访人已经去世，终止办理；家属不同意的，可以请求重新审查。"
        case Status.DIVERTED:
            return "这件事依法应当走另外的程序，程序、受理机关和期限写在下面。"
        case Status.MERGED:
            lead_no = next((e.data.get("case") for e in reversed(file.entries) if e.act == Act.MERGE), "")
            return f"同一件事已经有一件在办{f'（编号 {lead_no}）' if lead_no else ''}，合并办理，答复时同样答复您。"
