"""How do rows become what people read? View objects with words and office dates ready, for templates and the API."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from classify import labels as categories
from evaluation import indicators
from feedback.access import Actor
from feedback.deadlines import Clock, State
from feedback.kernel.clock import OFFICE, office_day
from feedback.lifecycle import Need, Step
from feedback.terms import Holder
from feedback.views import CaseFile, EntryView, FileView, WorkRow
from feedback.vocabulary import OPEN, Act, Profile, Stage, Status
from feedback.workdays import Calendar
from routing.directory import Directory
from web import attention, labels

_WEEK = "一二三四五六日"
_HIDDEN_DATA = frozenset(
    {"title", "text", "kind", "channel", "region", "address", "bars", "link", "attachments", "rule"}
)
_CALM_HOURS = 6


def day_words(day: date, *, year: bool = True) -> str:
    """2026 年 11 月 26 日（周四）."""
    head = f"{day.year} 年 " if year else ""
    return f"{head}{day.month} 月 {day.day} 日（周{_WEEK[day.weekday()]}）"


def time_words(at: datetime) -> str:
    """11 月 26 日（周四）17:30, in office time."""
    local = at.astimezone(OFFICE)
    return f"{day_words(local.date())}{local:%H:%M}"


def short_time(at: datetime | None) -> str:
    """2026-11-26 17:30, for tables."""
    return f"{at.astimezone(OFFICE):%Y-%m-%d %H:%M}" if at else ""


def iso(at: datetime) -> str:
    """ISO 8601 with the office's offset, for machines."""
    return at.astimezone(OFFICE).isoformat(timespec="seconds")


def grouped(code: str) -> str:
    """A query code in groups of four."""
    return " ".join(code[i : i + 4] for i in range(0, len(code), 4))


def length_words(count: int, unit: str) -> str:
    return f"{count} {labels.UNITS_OF_LENGTH[unit]}"


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
    is_citizens: bool  # the citizen's own clock
    binds_citizen: bool  # a limit the citizen must keep


@dataclass(frozen=True, slots=True)
class StepView:
    """A step somebody may take: a button and its form."""

    act: str
    label: str
    needs: tuple[Need, ...]
    may: tuple[Need, ...]
    law: str
    remark: str


@dataclass(frozen=True, slots=True)
class EventView:
    """One line of the timeline."""

    seq: int
    act: str
    act_text: str
    at: datetime
    when: str
    who: str
    unit: str
    text: str
    details: tuple[tuple[str, str], ...]
    public: bool
    level: int
    files: tuple[FileView, ...]


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
    answer_due: ClockView | None
    next_words: str
    timeline: tuple[EventView, ...]
    steps: tuple[StepView, ...]
    reply: str
    files: tuple[FileView, ...]
    is_open: bool


_NUMBER = re.compile(r"\d{8}-\d{6}")


def unnumbered(row: Mapping[str, Any]) -> dict[str, Any]:
    """A failed message for whoever keeps the machine going: which kind and why, not about whose case."""
    return {**row, **{name: _NUMBER.sub("…", str(row[name])) for name in ("key", "error")}}


@dataclass(frozen=True, slots=True)
class RowView:
    """A line of a worklist in words."""

    no: str
    title: str
    kind: str
    kind_text: str
    status: str
    status_text: str
    unit: str
    unit_code: str
    category_text: str
    region_text: str
    channel_text: str
    urgency_text: str
    marks: list[attention.Mark]
    confidential: bool
    received: str
    due: str
    left: str
    light: str
    light_text: str
    stage_text: str = field(default="")

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


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
        left=left_words(clock.due_at, now, calendar) if clock.stopped_at is None and state is not State.STOPPED else "",
        state=state.value,
        state_text=labels.CLOCK_STATES[state.value],
        light=light.value,
        light_text=labels.LIGHTS[light.value],
        law=clock.law,
        provisional=clock.provisional,
        running=clock.stopped_at is None and state is not State.STOPPED,
        is_citizens=clock.holder is Holder.CITIZEN_OWN,
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
    answers = [e for e in file.entries if e.act in (Act.REPLY, Act.RECTIFY, Act.EXPLAIN)]
    unit = directory.by_code.get(file.unit)
    return CaseView(
        file=file,
        no=file.no,
        title=file.title,
        text=file.text,
        kind_text=labels.KINDS[file.kind.value],
        status=file.status.value,
        status_text=labels.STATUSES[file.status.value],
        stage_text=labels.STAGES[file.stage.value] if file.stage is not Stage.FIRST else "",
        channel_text=labels.CHANNELS[file.channel],
        category_text=category_words(file.category),
        region_text=directory.region_name(file.region),
        unit=unit.name if unit else "",
        unit_phone=unit.phone if unit else "",
        desk=directory.name(file.desk),
        co_units=tuple(directory.name(u) for u in file.co_units),
        received=time_words(file.received_at),
        urgency_text=labels.URGENCIES[file.urgency],
        light=light.value,
        light_text=labels.LIGHTS[light.value],
        clocks=clocks,
        running=tuple(c for c in clocks if c.running and not c.binds_citizen),
        answer_due=next((c for c in clocks if c.is_citizens and c.running), None),
        next_words=next_words(file, directory),
        timeline=tuple(event_view(e, file, directory) for e in file.entries),
        steps=tuple(step_view(s) for s in file.steps(now)),
        reply=str(answers[-1].data.get("text", "")) if answers else "",
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
        case Status.DIVERTED:
            return "这件事依法应当走另外的程序，程序、受理机关和期限写在下面。"
        case Status.MERGED:
            return "同一件事已经有一件在办，两件合并办理。"


def step_view(step: Step) -> StepView:
    return StepView(step.act.value, labels.ACTS[step.act.value], step.needs, step.may, step.law, step.remark)


def event_view(entry: EntryView, file: CaseFile, directory: Directory) -> EventView:
    data = entry.data
    text = str(data.get("text", "")) if entry.act != Act.SUBMIT else ""
    details = [
        (labels.NEEDS[name], _level_words(file, value) if name in _LEVELS else _detail_words(name, value, directory))
        for name, value in data.items()
        if name not in _HIDDEN_DATA and name in labels.NEEDS and value not in (None, "", [], False)
    ]
    if entry.role == "citizen":
        who = "群众"
    elif entry.role == "system":
        who = "系统"
    else:
        who = f"{directory.short(entry.unit)} {entry.actor_name}".strip()
    return EventView(
        seq=entry.seq,
        act=entry.act,
        act_text=labels.DONE[entry.act],
        at=entry.at,
        when=time_words(entry.at),
        who=who,
        unit=directory.short(str(data.get("unit") or "") or entry.unit) if (data.get("unit") or entry.unit) else "",
        text=text,
        details=tuple(details),
        public=entry.public,
        level=int(data.get("level", 0)) if isinstance(data.get("level", 0), int) else 0,
        files=tuple(f for f in file.attachments if f.seq == entry.seq),
    )


_LEVELS = frozenset({"level", "desk_level"})


def _level_words(file: CaseFile, level: Any) -> str:
    """A rating in the words of its own scale: three steps for petitions, five for the rest."""
    if file.profile is Profile.PETITION and level in labels.LEVELS:
        return indicators.petition_text(level)
    return labels.LEVELS.get(level, str(level))


def _detail_words(name: str, value: Any, directory: Directory) -> str:
    match name:
        case "unit":
            return directory.name(str(value))
        case "proposed":
            return directory.name(str(value))
        case "held":
            return labels.HELD.get(str(value), str(value))
        case "units":
            return "、".join(directory.name(str(u)) for u in value)
        case "category":
            return category_words(str(value))
        case "confidence" | "known":
            return f"{float(value):.0%}"
        case "desk":
            return directory.name(str(value))
        case "mode" | "way" | "ground" | "legal_route" | "trigger":
            return labels.choice_words(name, str(value))
        case "outcome" | "contacted" | "solved":
            return labels.OUTCOMES.get(str(value), str(value))
        case "tags":
            return "、".join(map(str, value))
        case _:
            return "是" if value is True else str(value)


def category_words(code: str) -> str:
    return categories.path_name(code) if code else "未分类"


def row_view(row: WorkRow, directory: Directory, now: datetime, calendar: Calendar) -> RowView:
    light = row.light(now)
    return RowView(
        no=row.no,
        title=row.title,
        kind=row.kind,
        kind_text=labels.KINDS[row.kind],
        status=row.status,
        status_text=labels.STATUSES[row.status],
        unit=directory.short(row.unit or row.desk),
        unit_code=row.unit or row.desk,
        category_text=category_words(row.category),
        region_text=directory.region_name(row.region),
        channel_text=labels.CHANNELS[row.channel],
        urgency_text=labels.URGENCIES[row.urgency],
        marks=attention.marks(row.flags),
        confidential=row.confidential,
        received=short_time(row.received_at),
        due=short_time(row.next_due_at - timedelta(minutes=1)) if row.next_due_at else "",
        left=left_words(row.next_due_at, now, calendar) if row.next_due_at else "",
        light=light.value,
        light_text=labels.LIGHTS[light.value],
        stage_text=labels.STAGES[row.stage] if row.stage != Stage.FIRST else "",
    )


def unit_options(directory: Directory, codes: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Units to choose from: code and name, in the order of the tree."""
    chosen = set(codes) or set(directory.by_code)
    return [(u.code, f"{u.name}") for u in directory.units() if u.code in chosen]
