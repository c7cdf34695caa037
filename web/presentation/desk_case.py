"""View objects of a case for staff: clocks, the effect of a step on them, and checks of a draft reply."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from feedback.rules.access import Actor
from feedback.rules.clocks import CaseEvent, Clock
from feedback.rules.deadlines import compute_clocks
from feedback.rules.projection import build_clock_facts
from feedback.rules.read_models import CaseFile
from feedback.rules.terms import Holder
from feedback.rules.vocabulary import OPEN, Act, Status
from feedback.rules.workdays import Editions
from routing.directory import Directory
from web.presentation import case as case_views
from web.presentation.case import ClockView
from web.presentation.timeline import EventView
from web.wording import acts, catalogue, dates

# ---- clocks ----


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A clock with where its count can be checked by hand."""

    view: ClockView
    length: str
    why: str


def clock_lines(file: CaseFile, views: Iterable[ClockView]) -> list[ClockLine]:
    """Every clock of a case with its length and the address that explains its last day."""
    return [
        ClockLine(
            view, dates.length_words(clock.length.count, clock.length.unit.value), _explanation_path(file.no, clock)
        )
        for clock, view in zip(file.clocks, views, strict=True)
    ]


def _explanation_path(no: str, clock: Clock) -> str:
    return "" if clock.length.unit.runs else f"/desk/cases/{no}/clocks/{clock.seq}/{clock.term}"


@dataclass(frozen=True, slots=True)
class ClockMove:
    """What a step would do to one clock: it starts, ends or is due on another day."""

    label: str
    before: str
    after: str


def project_clocks(
    file: CaseFile, act: Act, data: Mapping[str, object], actor: Actor, editions: Editions, now: datetime
) -> tuple[Clock, ...]:
    """The clocks as they would be if the step had just happened."""
    is_named = file.person is not None
    facts = build_clock_facts(
        file.kind, file.profile, file.desk, file.urgency, is_named=is_named, is_anonymous=file.anonymous
    )
    history = [CaseEvent(e.seq, Act(e.act), e.at, e.unit, e.data, e.by_import) for e in file.entries]
    event = CaseEvent(len(history) + 1, act, now, actor.unit, dict(data))
    return compute_clocks([*history, event], facts, editions)


def list_clock_moves(
    file: CaseFile,
    act: Act,
    data: Mapping[str, object],
    actor: Actor,
    directory: Directory,
    editions: Editions,
    now: datetime,
) -> list[ClockMove]:
    """What the step would do to the running clocks, projected as if it had just happened."""
    new_clocks = {(c.term, c.seq): c for c in project_clocks(file, act, data, actor, editions, now)}
    old_clocks = {(c.term, c.seq): c for c in file.clocks}
    moves, calendar = [], editions.newest
    for key, clock in new_clocks.items():
        if clock.holder is Holder.CITIZEN:
            continue
        old_clock = old_clocks.get(key)
        words = case_views.clock_view(clock, directory, now, calendar).due
        if old_clock is None:
            moves.append(ClockMove(clock.label, "", words))
        elif old_clock.stopped_at is None and clock.stopped_at is not None:
            moves.append(ClockMove(clock.label, case_views.clock_view(old_clock, directory, now, calendar).due, ""))
        elif old_clock.stopped_at is None and old_clock.due_at != clock.due_at:
            moves.append(ClockMove(clock.label, case_views.clock_view(old_clock, directory, now, calendar).due, words))
    return moves


# ---- the course ----


def staff_timeline(events: Iterable[EventView]) -> list[EventView]:
    """What happened, said to colleagues instead of to the citizen; what only machines need is left to the record."""
    return [
        replace(
            event,
            act_text=acts.ACTS[Act(event.act)].done_staff or event.act_text,
            details=tuple((label, words) for label, words in event.details if label != catalogue.NEEDS["release"]),
        )
        for event in events
    ]


# ---- what an answer must hold ----


@dataclass(frozen=True, slots=True)
class ReplyHint:
    """One thing an answer should say, and whether the text seems to say it."""

    label: str
    hint: str
    seen: bool


_CHECKS: tuple[tuple[str, str, str], ...] = (
    (
        "事实",
        "查明了什么：时间、地点、经过、现状",
        r"经(?:调查|核实|查|了解|现场)|核实|查明|现场|了解到|\d+\s*[月日年]",
    ),
    ("依据", "法律、政策的名称和条款", r"《[^》]+》|第[一二三四五六七八九十百\d]+条|规定|办法|条例|依据|根据"),
    (
        "结果",
        "已经做了什么、还要做什么、什么时候完成",
        r"已(?:经)?|将(?:于|在)|完成|责令|修复|整改|办结|补发|退还|答复如下",
    ),
    (
        "救济途径",
        "不满意怎么办：复查、复议、诉讼，或联系电话",
        r"复查|复核|复议|诉讼|仲裁|申诉|联系电话|电话[:：]?\s*\d|致电|12345",
    ),
)


def check_reply(text: str) -> list[ReplyHint]:
    """The four parts of a good answer, each marked when the text seems to hold it."""
    return [ReplyHint(label, hint, re.search(pattern, text) is not None) for label, hint, pattern in _CHECKS]


FINDING_WORDS: Mapping[str, str] = {
    "id_number": "身份证号码",
    "bank_card": "银行卡号",
    "phone": "电话号码",
    "plate": "车牌号",
    "mail": "电子邮箱",
    "account": "社交账号",
    "home": "楼栋房号",
    "name": "姓名",
}


def is_open(status: Status) -> bool:
    return status in OPEN
