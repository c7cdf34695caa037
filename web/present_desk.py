"""How does the desk look? The staff's frame, the queue with its tabs and filters, and what an answer must hold."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from classify import labels as categories
from feedback.access import OVERSEERS, Actor, has
from feedback.deadlines import Clock, Happening, clocks_of
from feedback.deadlines import Facts as ClockFacts
from feedback.terms import Holder
from feedback.views import CaseFile, Filters
from feedback.vocabulary import OPEN, Act, Kind, Role, Status
from feedback.workdays import Editions
from routing.directory import Directory
from web import attention, labels, present
from web.present import ClockView, EventView

Option = tuple[str, str]
Group = tuple[str, list[Option]]

WORKERS = frozenset({Role.CLERK, Role.LEAD, Role.RECEPTION})
TABS = (Status.RECEIVED, Status.ASSIGNED, Status.ACCEPTED, Status.HELD, Status.REPLIED, Status.CLOSED)
TAB_WORDS: Mapping[Status, str] = {
    Status.RECEIVED: "待分派",
    Status.ASSIGNED: "待受理",
    Status.ACCEPTED: "办理中",
    Status.HELD: "挂账",
    Status.REPLIED: "已答复",
    Status.CLOSED: "已办结",
}
SORTS: tuple[Option, ...] = (("due", "剩余时间少的在前"), ("received", "收到早的在前"), ("-received", "收到晚的在前"))
UNIT_KINDS: Mapping[str, str] = {
    "department": "区级部门",
    "street": "街道",
    "town": "乡镇",
    "institution": "事业单位",
    "utility": "公共服务企业",
    "discipline": "纪检监察机关",
    "petition": "信访部门",
    "hotline": "受理台",
    "government": "区政府",
    "community": "社区",
    "village": "村",
    "superior": "上级机关",
}


# ---- frame ----


def frame(actor: Actor, names: Directory) -> dict[str, Any]:
    """What every staff page's frame needs: the menu by role, and who is logged in."""
    items = [("desk", "/desk", "工作台", 0)] if actor.roles - {Role.ADMIN} else []
    if Role.RECEPTION in actor.roles:
        items.append(("register", "/desk/register", "登记", 0))
        items.append(("repeats", "/desk/repeats", "疑似重复", 0))
    if actor.roles & (WORKERS | {Role.SUPERVISOR}):
        items.append(("notices", "/desk/notices", "通知", 0))
    if actor.roles & {Role.CLERK, Role.LEAD, Role.SUPERVISOR}:
        items.append(("ratings", "/desk/ratings", "差评", 0))
    if Role.LEAD in actor.roles:
        items += [("forecast", "/desk/forecast", "可能超期", 0), ("measures", "/desk/measures", "措施与建议", 0)]
    if has(actor, OVERSEERS):
        items.append(("board", "/board", "督办看板", 0))
    if Role.ADMIN in actor.roles:
        items.append(("admin", "/admin", "管理", 0))
    if Role.AUDITOR in actor.roles:
        items.append(("reads", "/admin/reads", "查阅记录", 0))
    items += [
        ("replies", "/replies", "公开答复", 0),
        ("scores", "/scores", "办理公示", 0),
        ("deadline", "/deadline", "时限计算", 0),
    ]
    unit_name = names.short(actor.unit) if actor.unit else ""
    return {"area": "desk", "nav_items": items, "actor": {"name": actor.name, "unit_name": unit_name}}


def landing(actor: Actor) -> str:
    """Where somebody's day begins."""
    if actor.roles <= {Role.ADMIN}:
        return "/admin"
    return "/board" if has(actor, OVERSEERS) and not actor.roles & WORKERS else "/desk"


# ---- queue ----


def filters_of(query: Mapping[str, str], actor: Actor) -> Filters:
    """The filter an address asks for; with none at all, what waits for this person."""
    known = [name for name in query if name not in ("page", "ui", "done", "columns", "col")]
    if not known:
        return Filters(status="open", mine=bool(actor.roles & WORKERS))
    light = query.get("light", "")
    return Filters(
        status=query.get("status", ""),
        light=light if light in labels.LIGHTS else "",
        unit=query.get("unit", ""),
        kind=query.get("kind", ""),
        category=query.get("category", ""),
        region=query.get("region", ""),
        q=query.get("q", "").strip()[:200],
        sort=query.get("sort", "due"),
        flag=query.get("flag", "") if query.get("flag", "") in attention.OPTIONS else "",
        mine=query.get("mine", "") == "1",
    )


COLUMNS: Mapping[str, str] = {
    "status": "状态",
    "unit": "承办单位",
    "category": "分类",
    "channel": "来源",
    "received": "收到",
}
"""Columns of the queue that one may do without; time left and the matter always stand there."""
COLUMNS_COOKIE = "xq_columns"


def columns_of(request: Request) -> tuple[str, ...]:
    """The columns chosen now, or at the last choice in this browser; all of them before the first."""
    query = request.query_params
    kept = request.cookies.get(COLUMNS_COOKIE)
    said = query.getlist("col") if "columns" in query else list(COLUMNS) if kept is None else kept.split(".")
    return tuple(name for name in COLUMNS if name in said)


def query_of(filters: Filters, **changes: object) -> str:
    """The filter as the query of an address, what is empty left out."""
    said = asdict(replace(filters, **changes))  # type: ignore[arg-type] # names are checked by the dataclass
    said["mine"] = "1" if said["mine"] else ""
    if said["sort"] == "due":
        said["sort"] = ""
    kept = {name: value for name, value in said.items() if value}
    return urlencode(kept or {"status": ""})


def tabs(filters: Filters, mine_open: int | None, counted: Mapping[str, int]) -> list[dict[str, Any]]:
    """The tabs over the queue: mine, all open, late, nearly late, and one per status."""
    plain = replace(filters, status="", light="")

    def tab(label: str, count: int, current: bool, tone: str = "", **changes: object) -> dict[str, Any]:
        href = "/desk?" + query_of(replace(plain, **changes))  # type: ignore[arg-type] # names are checked by the dataclass
        return {"href": href, "label": label, "count": count, "current": current, "tone": tone}

    open_ = filters.status == "open" and not filters.light
    found = []
    if mine_open is not None:
        found.append(tab("待我办", mine_open, open_ and filters.mine, mine=True, status="open"))
    found += [
        tab("全部在办", counted["all_open"], open_ and not filters.mine, mine=False, status="open"),
        tab("超期", counted["red"], filters.light == "red", "red", light="red"),
        tab("临期", counted["amber"], filters.light == "amber", light="amber"),
    ]
    found += [
        tab(TAB_WORDS[s], counted.get(s, 0), filters.status == s and not filters.light, status=s.value) for s in TABS
    ]
    everything = not filters.status and not filters.light
    total = sum(counted.get(s.value, 0) for s in Status)
    return [*found, tab("全部", total, everything)]


def chosen_words(filters: Filters, names: Directory) -> list[tuple[str, str]]:
    """What the list is narrowed to, in words, each with the query that lifts it. Also the export's second sheet."""
    found: list[tuple[str, str, dict[str, object]]] = []
    if filters.q:
        found.append(("关键词", filters.q, {"q": ""}))
    if filters.unit:
        found.append(("承办单位", names.name(filters.unit), {"unit": ""}))
    if filters.kind:
        found.append(("诉求类型", labels.KINDS.get(filters.kind, filters.kind), {"kind": ""}))
    if filters.category:
        known = categories.exists(filters.category)
        found.append(("内容分类", categories.path_name(filters.category) if known else "", {"category": ""}))
    if filters.flag:
        found.append(("关注", attention.OPTIONS[filters.flag], {"flag": ""}))
    if filters.region:
        found.append(("所在地区", names.region_name(filters.region), {"region": ""}))
    return [(f"{name}：{words}", query_of(filters, **lift)) for name, words, lift in found]


def filter_words(filters: Filters, names: Directory) -> str:
    """The whole filter in one line."""
    parts = [words for words, _ in chosen_words(filters, names)]
    if filters.mine:
        parts.append("范围：待我办")
    if filters.status:
        parts.append(f"状态：{'在办' if filters.status == 'open' else labels.STATUSES.get(filters.status, '')}")
    if filters.light:
        parts.append(f"时限：{labels.LIGHTS[filters.light]}")
    return "；".join(parts) or "全部"


# ---- things to choose from ----


def unit_groups(names: Directory, codes: Iterable[str] | None = None) -> list[Group]:
    """Units by sort, the commonest sorts first."""
    wanted = set(names.by_code) if codes is None else set(codes)
    below: dict[str, list[Option]] = {}
    for unit in names.units():
        if unit.code in wanted:
            below.setdefault(unit.kind, []).append((unit.code, unit.name))
    return [(words, below[kind]) for kind, words in UNIT_KINDS.items() if kind in below]


def category_groups(*, with_heads: bool = False) -> list[Group]:
    """Level-2 categories under their headings; `with_heads` offers the heading itself first."""
    return [
        (
            categories.name_of(head),
            ([(head, f"{categories.name_of(head)}（全部）")] if with_heads else [])
            + [(code, categories.name_of(code)) for code in categories.children(head)],
        )
        for head in categories.LEVEL1
    ]


def region_groups(names: Directory, root: str) -> list[Group]:
    """Streets and towns with their communities and villages."""
    below: dict[str, list[Option]] = {}
    for row in names.regions():
        below.setdefault(row.parent, []).append((row.code, row.name))
    return [(name, [(code, f"{name}（全部）"), *below.get(code, [])]) for code, name in below.get(root, [])]


def status_options() -> list[Option]:
    return [("open", "在办（未答复）"), *((s.value, labels.STATUSES[s.value]) for s in Status)]


def kind_options(kinds: Iterable[Kind] = tuple(Kind)) -> list[Option]:
    return [(kind.value, labels.KINDS[kind.value]) for kind in kinds]


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
        ClockLine(view, present.length_words(clock.length.count, clock.length.unit.value), _why(file.no, clock))
        for clock, view in zip(file.clocks, views, strict=True)
    ]


def _why(no: str, clock: Clock) -> str:
    return "" if clock.length.unit.runs else f"/desk/cases/{no}/clocks/{clock.seq}/{clock.term}"


@dataclass(frozen=True, slots=True)
class ClockMove:
    """What a step would do to one clock: it starts, ends or is due on another day."""

    label: str
    before: str
    after: str


def clocks_after(
    file: CaseFile, act: Act, data: Mapping[str, object], actor: Actor, editions: Editions, now: datetime
) -> tuple[Clock, ...]:
    """The clocks as they would be if the step had just happened."""
    facts = ClockFacts(file.kind, file.profile, file.desk, file.urgency, file.person is not None)
    history = [Happening(e.seq, Act(e.act), e.at, e.unit, e.data) for e in file.entries]
    happening = Happening(len(history) + 1, act, now, actor.unit, dict(data))
    return clocks_of([*history, happening], facts, editions)


def clock_moves(
    file: CaseFile,
    act: Act,
    data: Mapping[str, object],
    actor: Actor,
    names: Directory,
    editions: Editions,
    now: datetime,
) -> list[ClockMove]:
    """What the step would do to the running clocks, folded as if it had just happened."""
    after = {(c.term, c.seq): c for c in clocks_after(file, act, data, actor, editions, now)}
    old = {(c.term, c.seq): c for c in file.clocks}
    moves, calendar = [], editions.newest
    for key, clock in after.items():
        if clock.holder is Holder.CITIZEN:
            continue
        was = old.get(key)
        words = present.clock_view(clock, names, now, calendar).due
        if was is None:
            moves.append(ClockMove(clock.label, "", words))
        elif was.stopped_at is None and clock.stopped_at is not None:
            moves.append(ClockMove(clock.label, present.clock_view(was, names, now, calendar).due, ""))
        elif was.stopped_at is None and was.due_at != clock.due_at:
            moves.append(ClockMove(clock.label, present.clock_view(was, names, now, calendar).due, words))
    return moves


# ---- the course ----

_STAFF_DONE: Mapping[str, str] = {
    Act.SUBMIT: "提交诉求",
    Act.ASK: "请群众补充情况",
    Act.SUPPLEMENT: "补充材料",
    Act.CLASSIFY: "分类",
}


def staff_timeline(events: Iterable[EventView]) -> list[EventView]:
    """What happened, said to colleagues instead of to the citizen; what only machines need is left to the record."""
    return [
        replace(
            event,
            act_text=_STAFF_DONE.get(event.act, event.act_text),
            details=tuple((label, words) for label, words in event.details if label != labels.NEEDS["release"]),
        )
        for event in events
    ]


# ---- what an answer must hold ----


@dataclass(frozen=True, slots=True)
class Check:
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


def answer_checks(text: str) -> list[Check]:
    """The four parts of a good answer, each marked when the text seems to hold it."""
    return [Check(label, hint, re.search(pattern, text) is not None) for label, hint, pattern in _CHECKS]


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
