"""Rows of the worklist, and its filters, tabs, columns and options."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from classify import taxonomy as categories
from feedback.rules.case_markers import MINORS
from feedback.rules.read_models import Filters, WorkRow
from feedback.rules.vocabulary import OPEN, Kind, Stage, Status
from feedback.rules.workdays import Calendar
from routing.directory import Directory
from web.presentation import flags as flag_views
from web.presentation.case import left_words
from web.presentation.desk_frame import Group, Option
from web.presentation.timeline import category_words
from web.wording import catalogue
from web.wording.dates import short_time


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
    flags: list[flag_views.FlagView]
    markers: list[tuple[str, bool]]  # words, and whether it asks for special care
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


def row_view(row: WorkRow, directory: Directory, now: datetime, calendar: Calendar) -> RowView:
    light = row.light(now)
    return RowView(
        no=row.no,
        title=row.title,
        kind=row.kind,
        kind_text=catalogue.KINDS[row.kind],
        status=row.status,
        status_text=catalogue.STATUSES[row.status],
        unit=directory.short(row.unit or row.desk),
        unit_code=row.unit or row.desk,
        category_text=category_words(row.category),
        region_text=directory.region_name(row.region),
        channel_text=catalogue.CHANNELS[row.channel],
        urgency_text=catalogue.URGENCIES[row.urgency],
        flags=flag_views.list_flags(row.flags),
        markers=marker_words(row.markers.split()),
        confidential=row.confidential,
        received=short_time(row.received_at),
        due=short_time(row.next_due_at - timedelta(minutes=1)) if row.next_due_at else "",
        left=left_words(row.next_due_at, now, calendar) if row.next_due_at else "",
        light=light.value,
        light_text=catalogue.LIGHTS[light.value],
        stage_text=catalogue.STAGES[row.stage] if row.stage != Stage.FIRST else "",
    )


def marker_words(codes: Iterable[str]) -> list[tuple[str, bool]]:
    """The markers of a case in words, each with whether it asks for special care."""
    return [(catalogue.MARKERS[code], code in MINORS) for code in codes]


def unit_options(directory: Directory, codes: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Units to choose from: code and name, in the order of the tree."""
    unit_codes = set(codes) or set(directory.by_code)
    return [(unit.code, f"{unit.name}") for unit in directory.units() if unit.code in unit_codes]


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


# ---- queue ----


COLUMNS: Mapping[str, str] = {
    "status": "状态",
    "unit": "承办单位",
    "category": "分类",
    "channel": "来源",
    "received": "收到",
}
"""Columns of the queue that one may do without; time left and the matter always stand there."""
COLUMNS_COOKIE = "xq_columns"


def chosen_columns(request: Request) -> tuple[str, ...]:
    """The columns chosen now, or at the last choice in this browser; all of them before the first."""
    query = request.query_params
    cookie = request.cookies.get(COLUMNS_COOKIE)
    chosen = query.getlist("col") if "columns" in query else list(COLUMNS) if cookie is None else cookie.split(".")
    return tuple(name for name in COLUMNS if name in chosen)


def build_query(filters: Filters, **changes: object) -> str:
    """The filter as the query of an address, what is empty left out."""
    values = asdict(replace(filters, **changes))  # type: ignore[arg-type] # names are checked by the dataclass
    values["mine"] = "1" if values["mine"] else ""
    values["deciding"] = "1" if values["deciding"] else ""
    if values["sort"] == "due":
        values["sort"] = ""
    values |= {"from": values.pop("from_day"), "until": values.pop("until_day")}
    if not (values["from"] or values["until"]):
        values["day_of"] = ""
    set_values = {name: value for name, value in values.items() if value}
    return urlencode(set_values or {"status": ""})


def build_tabs(
    filters: Filters, mine_open: int | None, counts: Mapping[str, int], *, decides: bool
) -> list[dict[str, Any]]:
    """The tabs over the queue: mine, what waits for my decision, all open, late, nearly late, and one per status."""
    base_filters = replace(filters, status="", light="", deciding=False)

    def tab(label: str, count: int, current: bool, tone: str = "", **changes: object) -> dict[str, Any]:
        href = "/desk?" + build_query(replace(base_filters, **changes))  # type: ignore[arg-type] # names are checked by the dataclass
        return {"href": href, "label": label, "count": count, "current": current, "tone": tone}

    is_open = filters.status == "open" and not filters.light and not filters.deciding
    lit = {"status": "" if filters.mine else "open"}  # one's own duties in whatever status, of others what is open
    tabs = []
    if mine_open is not None:
        tabs.append(tab("待我办", mine_open, is_open and filters.mine, mine=True, status="open"))
    if decides:
        tabs.append(tab("待我批", counts["deciding"], filters.deciding, mine=False, deciding=True))
    tabs += [
        tab("全部在办", counts["all_open"], is_open and not filters.mine, mine=False, status="open"),
        tab("超期", counts["red"], filters.light == "red", "red", light="red", **lit),
        tab("临期", counts["amber"], filters.light == "amber", light="amber", **lit),
    ]
    tabs += [
        tab(
            TAB_WORDS[status],
            counts.get(status, 0),
            filters.status == status and not filters.light,
            status=status.value,
        )
        for status in TABS
    ]
    is_all = not filters.status and not filters.light
    total = sum(counts.get(status.value, 0) for status in Status)
    return [*tabs, tab("全部", total, is_all)]


def list_active_filters(filters: Filters, directory: Directory) -> list[tuple[str, str]]:
    """What the list is narrowed to, in words, each with the query that lifts it. Also the export's second sheet."""
    parts: list[tuple[str, str, dict[str, object]]] = []
    if filters.q:
        parts.append(("关键词", filters.q, {"q": ""}))
    if filters.unit:
        parts.append(("承办单位", directory.name(filters.unit), {"unit": ""}))
    if filters.kind:
        parts.append(("诉求类型", catalogue.KINDS.get(filters.kind, filters.kind), {"kind": ""}))
    if filters.category:
        is_known = categories.has_code(filters.category)
        parts.append(("内容分类", categories.path_name(filters.category) if is_known else "", {"category": ""}))
    if filters.flag:
        parts.append(("关注", flag_views.FLAG_OPTIONS[filters.flag], {"flag": ""}))
    if filters.channel:
        parts.append(("来源", catalogue.CHANNELS[filters.channel], {"channel": ""}))
    if filters.marker:
        parts.append(("标记", catalogue.MARKERS[filters.marker], {"marker": ""}))
    if filters.region:
        parts.append(("所在地区", directory.region_name(filters.region), {"region": ""}))
    if filters.from_day or filters.until_day:
        name = "答复日期" if filters.day_of == "replied" else "收到日期"
        words = f"{filters.from_day or '最早'} 至 {filters.until_day or '今天'}"
        parts.append((name, words, {"from_day": "", "until_day": "", "day_of": "received"}))
    return [(f"{name}：{words}", build_query(filters, **changes)) for name, words, changes in parts]


def render_filters(filters: Filters, directory: Directory) -> str:
    """The whole filter in one line."""
    parts = [words for words, _ in list_active_filters(filters, directory)]
    if filters.mine:
        parts.append("范围：待我办")
    if filters.deciding:
        parts.append("范围：待我批")
    if filters.status:
        parts.append(f"状态：{'在办' if filters.status == 'open' else catalogue.STATUSES.get(filters.status, '')}")
    if filters.light:
        parts.append(f"时限：{catalogue.LIGHTS[filters.light]}")
    return "；".join(parts) or "全部"


# ---- things to choose from ----


def unit_groups(directory: Directory, codes: Iterable[str] | None = None) -> list[Group]:
    """Units by sort, the commonest sorts first."""
    unit_codes = set(directory.by_code) if codes is None else set(codes)
    options_by_kind: dict[str, list[Option]] = {}
    for unit in directory.units():
        if unit.code in unit_codes:
            options_by_kind.setdefault(unit.kind, []).append((unit.code, unit.name))
    return [(words, options_by_kind[kind]) for kind, words in UNIT_KINDS.items() if kind in options_by_kind]


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


def region_groups(directory: Directory, root: str) -> list[Group]:
    """Streets and towns with their communities and villages."""
    options_by_parent: dict[str, list[Option]] = {}
    for row in directory.regions():
        options_by_parent.setdefault(row.parent, []).append((row.code, row.name))
    return [
        (name, [(code, f"{name}（全部）"), *options_by_parent.get(code, [])])
        for code, name in options_by_parent.get(root, [])
    ]


def status_options() -> list[Option]:
    return [("open", "在办（未答复）"), *((status.value, catalogue.STATUSES[status.value]) for status in Status)]


def kind_options(kinds: Iterable[Kind] = tuple(Kind)) -> list[Option]:
    return [(kind.value, catalogue.KINDS[kind.value]) for kind in kinds]
