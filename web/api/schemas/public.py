"""Response types of API v1 for reference tables and for published answers and figures."""

from typing import Annotated

from msgspec import Struct

from feedback.rules.vocabulary import Kind
from web.api.schemas.requests import described
from web.api.schemas.responses import CategoryCode, Day, Instant, UnitName


class DutyOut(Struct):
    """A sentence of a unit's duty list and the categories it covers."""

    text: str
    categories: list[str]


class UnitOut(Struct):
    """A unit (单位)."""

    code: str
    name: str
    short: str
    kind: str
    level: str
    parent: str
    region: str
    phone: str
    address: str
    duties: list[DutyOut]


class UnitList(Struct):
    items: list[UnitOut]


class CategoryOut(Struct):
    """A category (内容分类)."""

    code: CategoryCode
    name: str
    path: Annotated[str, described("带上级名称")]
    parent: str
    words: list[str]
    law: str


class CategoryList(Struct):
    items: list[CategoryOut]


class MatterOut(Struct):
    """A service matter (政务服务事项)."""

    code: str
    name: str
    unit: UnitName
    kind: str
    promise_days: Annotated[int, described("承诺办理的工作日，0 为即办")]


class MatterList(Struct):
    items: list[MatterOut]


class IndicatorOut(Struct):
    """A level-2 indicator (二级指标)."""

    code: str
    level: int
    level_text: str
    text: str
    extended: bool


class IndicatorList(Struct):
    set: Annotated[str, described("指标集版本")]
    items: list[IndicatorOut]


class ReplyOut(Struct):
    """A published question with its answer (公开回复)."""

    id: int
    title: str
    question: str
    answer: str
    unit: UnitName | None
    category: CategoryCode | None
    category_text: str
    region: str | None
    kind: Kind
    received_at: Instant
    replied_at: Instant
    published_at: Instant


class ReplyPage(Struct):
    """One page of published replies, best match first."""

    items: list[ReplyOut]
    total: int
    page: int
    pages: int
    nearest: Annotated[
        list[ReplyOut], described("要找的词很少出现时，意思相近、读音相同或只含一部分的，最近的在前，不计入 total")
    ]


class Figures(Struct):
    """A unit's figures. A hidden one is null and `hidden` says why (一个单位的数据)."""

    unit: str
    name: str
    received: int | None
    on_time: int | None
    late: int | None
    running: int | None
    held: int | None
    unfinished: int | None
    timeliness: float | None
    ratings: int | None
    mean_level: float | None
    score: float | None
    good_share: float | None
    bad: int | None
    follow_ups: int | None
    rectify_due: int | None
    rectified: int | None
    rectified_on_time: int | None
    rectified_share: float | None
    rectified_on_time_share: float | None
    hidden: dict[str, str]
    bounds: dict[str, list[float]]
    intervals: dict[str, list[float]]


class FormulaOut(Struct):
    """How a column is counted."""

    code: str
    name: str
    sort: str
    formula: str
    source: str


class PublicKpi(Struct):
    """A key figure of the whole district. A hidden one is null and `hidden` says why (全区指标)."""

    code: str
    name: str
    group: str
    formula: str
    value: float | None
    top: float | None
    base: int | None
    hidden: str


class RegionFigures(Struct):
    """Cases received in a street or town (各镇街)."""

    region: str
    name: str
    received: int | None
    hidden: str


class Scores(Struct):
    """An edition of the figures (公示期次)."""

    period: str
    number: int
    made_at: Instant
    provisional: bool
    corrects: int | None
    remark: str
    layout: int
    first_day: Day
    last_day: Day
    cell_min: int
    rank_min: int
    indicator_set: str
    total: Annotated[Figures, described("全区合计，每一列都是各单位之和；第一、二版式里时限各列是群众总时限")]
    citizens: Annotated[Figures | None, described("群众总时限（从提交到答复），不是各单位之和；第三版式起才有")]
    units: list[Figures]
    levels: Annotated[dict[str, int] | None, described("各等级的评价数；有一级太少时全部不公布")]
    kpis: Annotated[list[PublicKpi], described("全区指标；第一版式的期次没有")]
    regions: Annotated[list[RegionFigures], described("各镇街收到的件数；第一版式的期次没有")]
    formulae: list[FormulaOut]
    inputs_seal: Annotated[str, described("对全部原始计数（含不公布的）的封印")]
    digest: Annotated[
        str, described("对公布内容的 SHA-256，任何人可以核对：算法和程序见接口文档“怎样核对公布数据的校验值”")
    ]
