"""Definitions of key figures as data over a small vocabulary of counted facts, and the engine that computes them.

A figure is a sum of facts over a sum of facts, a product of two figures, or their weighted sum; nothing else can be
said, and no text is ever evaluated. The formula people read is written from the same row, so it cannot differ from
what is counted. Counts always stand beside the rate. Shares are 0–1, rounded half up to four places. No I/O.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from types import MappingProxyType

from evaluation.disclosure import WEIGHTS
from evaluation.scale import LEVELS
from feedback.kernel.errors import Invalid
from feedback.rules.vocabulary import Act, Kind, Profile

MILLIS_PER_DAY = 86_400_000
Cells = Mapping[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Fact:
    """A counted fact: its name in words, and the cells of a cube of `feedback.queries.aggregates` it is the sum of."""

    code: str
    name: str
    cube: str  # clocks | acts | call_backs | received | ratings | settled | matters
    cells: Cells = field(default_factory=dict)
    sums: str = "n"  # or a measured column of the cube


def _fact(code: str, name: str, cube: str, sums: str = "n", /, **cells: object) -> Fact:
    return Fact(
        code,
        name,
        cube,
        {column: values if isinstance(values, tuple) else (values,) for column, values in cells.items()},
        sums,
    )


_PETITION, _CLOCKS, _CALL_BACKS, _HOTLINE = Profile.PETITION.value, "clocks", "call_backs", Profile.HOTLINE.value
_CASE_PROFILES = (_PETITION, _HOTLINE)
_LATE_OUTCOMES = ("late_done", "late_open", "late_void")
_ONLINE_CONSULTATION = {"online": 1, "kind": Kind.CONSULT.value}

# fmt: off
FACTS: tuple[Fact, ...] = (
    # --- 时限 clocks, each answered for by the unit that held the case when it ended
    _fact("on_time", "按期完成的时限", _CLOCKS, profile=_CASE_PROFILES, outcome="on_time"),
    _fact("late", "超期的时限", _CLOCKS, profile=_CASE_PROFILES, outcome=_LATE_OUTCOMES),
    _fact("running", "未到期的时限", _CLOCKS, profile=_CASE_PROFILES, outcome="running"),
    _fact("held", "挂账的时限", _CLOCKS, profile=_CASE_PROFILES, outcome="held"),
    _fact("void", "因撤回、并案终止的时限", _CLOCKS, profile=_CASE_PROFILES, outcome="void"),
    _fact("forward_on_time", "及时受理", _CLOCKS, profile=_PETITION, term="forward", outcome="on_time"),
    _fact("forward_late_done", "超期受理", _CLOCKS, profile=_PETITION, term="forward", outcome=("late_done", "late_void")),
    _fact("forward_late_open", "超期未受理", _CLOCKS, profile=_PETITION, term="forward", outcome="late_open"),
    _fact("notify_on_time", "按期告知", _CLOCKS, profile=_PETITION, term="notify", outcome="on_time"),
    _fact("notify_late", "超期或者未告知", _CLOCKS, profile=_PETITION, term="notify", outcome=_LATE_OUTCOMES),
    _fact("resolve_on_time", "按期答复", _CLOCKS, profile=_PETITION, term="resolve", outcome="on_time"),
    _fact("resolve_late_done", "超期答复", _CLOCKS, profile=_PETITION, term="resolve", outcome=("late_done", "late_void")),
    _fact("resolve_late_open", "超期未答复", _CLOCKS, profile=_PETITION, term="resolve", outcome="late_open"),
    _fact("sign_on_time", "按时签收", _CLOCKS, profile=_HOTLINE, term="notify", outcome="on_time"),
    _fact("sign_late", "超时签收", _CLOCKS, profile=_HOTLINE, term="notify", outcome=_LATE_OUTCOMES),
    _fact("order_on_time", "按时办结", _CLOCKS, profile=_HOTLINE, term="resolve", outcome="on_time"),
    _fact("order_late", "超时办结", _CLOCKS, profile=_HOTLINE, term="resolve", outcome=_LATE_OUTCOMES),
    _fact("order_held", "挂账工单", _CLOCKS, profile=_HOTLINE, term="resolve", outcome="held"),
    _fact("rectify_on_time", "按期整改", _CLOCKS, term="rectify", outcome="on_time"),
    _fact("rectify_late_done", "超期整改", _CLOCKS, term="rectify", outcome="late_done"),
    _fact("rectify_late_open", "到期未整改", _CLOCKS, term="rectify", outcome=("late_open", "late_void")),
    # --- 办理 acts
    _fact("accepted", "首次受理", "acts", profile=_PETITION, act=Act.ACCEPT.value, is_first=1, is_repeat=0),
    _fact("accept_days", "收到至受理的日数", "acts", "waited", profile=_PETITION, act=Act.ACCEPT.value, is_first=1, is_repeat=0),
    _fact("answered", "首次答复", "acts", profile=_PETITION, act=Act.REPLY.value, is_first=1, is_repeat=0),
    _fact("answer_days", "收到至答复的日数", "acts", "waited", profile=_PETITION, act=Act.REPLY.value, is_first=1, is_repeat=0),
    _fact("contacted", "答复前联系过信访人", "acts", profile=_PETITION, act=Act.REPLY.value, is_first=1, is_repeat=0, contacted=1),
    _fact("replies", "答复", "acts", profile=_CASE_PROFILES, act=Act.REPLY.value),
    _fact("published", "已公开的答复", "acts", profile=_CASE_PROFILES, act=Act.REPLY.value, published=1),
    _fact("orders_answered", "工单答复", "acts", profile=_HOTLINE, act=Act.REPLY.value),
    _fact("orders_once", "一次办结（未退单、未重办）", "acts", profile=_HOTLINE, act=Act.REPLY.value, is_first=1, returned=0),
    _fact("orders_again", "重办后的答复", "acts", profile=_HOTLINE, act=Act.REPLY.value, is_first=0),
    _fact("orders_at_desk", "受理窗口直接答复", "acts", profile=_HOTLINE, act=Act.REPLY.value, at_desk=1),
    _fact("orders_taken", "签收", "acts", profile=_HOTLINE, act=Act.ACCEPT.value),
    _fact("orders_returned", "退单", "acts", profile=_HOTLINE, act=Act.RETURN.value),
    # --- 收件 what came in
    _fact("received", "收到诉求", "received"),
    _fact("petitions", "信访件", "received", profile=_PETITION),
    _fact("repeats", "重复信访件", "received", profile=_PETITION, is_repeat=1),
    _fact("messages", "网上咨询留言", "received", **_ONLINE_CONSULTATION),
    _fact("messages_answered", "已答复的留言", "received", answered=1, **_ONLINE_CONSULTATION),
    # --- 回访 call-backs
    _fact("reached", "回访成功", _CALL_BACKS, profile=_HOTLINE, outcome=("satisfied", "unsatisfied"), set_aside=0),
    _fact("unreached", "联系不上", _CALL_BACKS, profile=_HOTLINE, outcome="unreached", set_aside=0),
    _fact("called_in_time", "限期内联系过", _CALL_BACKS, profile=_HOTLINE, outcome=("satisfied", "unsatisfied"), contacted="yes", set_aside=0),
    _fact("called_known", "回访时说明是否限期内联系", _CALL_BACKS, profile=_HOTLINE, outcome=("satisfied", "unsatisfied"), contacted=("yes", "no"), set_aside=0),
    _fact("solved", "已解决", _CALL_BACKS, profile=_HOTLINE, outcome=("satisfied", "unsatisfied"), solved="solved", set_aside=0),
    _fact("partly_solved", "部分解决", _CALL_BACKS, profile=_HOTLINE, outcome=("satisfied", "unsatisfied"), solved="partly", set_aside=0),
    _fact("unsolved", "未解决", _CALL_BACKS, profile=_HOTLINE, outcome=("satisfied", "unsatisfied"), solved="unsolved", set_aside=0),
    _fact("content", "回访满意", _CALL_BACKS, profile=_HOTLINE, outcome="satisfied", set_aside=0),
    _fact("set_aside", "经批准剔除", _CALL_BACKS, profile=_HOTLINE, set_aside=1),
    # --- 满意度 petitions settled: the unit and the petition department apart
    _fact("unit_satisfied", "责任单位：满意", "settled", name="unit_satisfied"),
    _fact("unit_basically", "责任单位：基本满意", "settled", name="unit_basically"),
    _fact("unit_dissatisfied", "责任单位：不满意", "settled", name="unit_dissatisfied"),
    _fact("unit_unrated", "责任单位：逾期未评价", "settled", name="unit_unrated"),
    _fact("desk_satisfied", "信访部门：满意", "settled", name="desk_satisfied"),
    _fact("desk_basically", "信访部门：基本满意", "settled", name="desk_basically"),
    _fact("desk_dissatisfied", "信访部门：不满意", "settled", name="desk_dissatisfied"),
    _fact("desk_unrated", "信访部门：逾期未评价", "settled", name="desk_unrated"),
    _fact("voted", "主动评价的办结件", "settled", name="voted"),
    _fact("silent", "期满未评价的办结件", "settled", name="silent"),
    # --- 好评差评 valid first ratings
    *(_fact(f"level_{row.level}", f"{row.text}评价", "ratings", level=row.level) for row in LEVELS),
    # --- 事项
    _fact("matters_covered", "可以评价的事项", "matters", name="matters_covered"),
    _fact("matters", "全部事项", "matters", name="matters"),
)
# fmt: on
FACT_BY_CODE: Mapping[str, Fact] = MappingProxyType({fact.code: fact for fact in FACTS})


@dataclass(frozen=True, slots=True)
class Weights:
    """What a town may set: the shares of the composite, and how much a partly solved order counts."""

    composite: Mapping[str, Fraction] = field(
        default_factory=lambda: {
            "response_rate": Fraction(10, 100),
            "solution_rate": Fraction(45, 100),
            "order_satisfaction": Fraction(45, 100),
        }
    )
    partly: Fraction = Fraction(1, 2)
    points: Mapping[int, int] = field(default_factory=lambda: WEIGHTS)

    def of(self, name: str) -> Fraction:
        """The weight of a part."""
        return self.partly if name == "partly" else Fraction(self.points[int(name)])


COMPOSITE = ("response_rate", "solution_rate", "order_satisfaction")


def parse_weights(text: str, partly: float) -> Weights:
    """The weights a setting says: three shares for response, solution and satisfaction.

    Raises Invalid when they are not three shares that add up to 1.
    """
    try:
        shares = [Fraction(Decimal(part.strip())) for part in text.split(",")]
    except (InvalidOperation, ValueError) as fault:
        raise Invalid({"XINQIAO_KPI_WEIGHTS": "not_numbers"}, code="settings") from fault
    if len(shares) != len(COMPOSITE) or any(not 0 <= share <= 1 for share in shares):
        raise Invalid({"XINQIAO_KPI_WEIGHTS": "not_three_shares"}, code="settings")
    if sum(shares) != 1:
        raise Invalid({"XINQIAO_KPI_WEIGHTS": "must_add_up_to_1"}, code="settings")
    if not 0 <= partly <= 1:
        raise Invalid({"XINQIAO_PARTLY_SOLVED": "not_a_share"}, code="settings")
    return Weights(dict(zip(COMPOSITE, shares, strict=True)), Fraction(str(partly)))


@dataclass(frozen=True, slots=True)
class Part:
    """A fact in a sum, counted whole or with a weight."""

    fact: str
    weight: str = ""


@dataclass(frozen=True, slots=True)
class Kpi:
    """A key figure. `sort`: share, mean, days (of waiting), product (of two figures) or composite (weighted sum)."""

    code: str
    name: str
    group: str
    sort: str
    top: tuple[Part, ...] = ()
    base: tuple[Part, ...] = ()
    of: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()  # facts that are in neither sum, and shown beside it
    source: str = ""
    remark: str = ""
    is_public: bool = False  # never one whose sums would tell what a unit's hidden cell holds
    lower_is_better: bool = False


GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "all": "办理时限",
        "petition": "信访",
        "satisfaction": "信访满意度",
        "hotline": "12345 热线",
        "three": "12345 三率",
        "review": "政务服务好差评",
        "website": "网上互动",
    }
)


def _kpi(code: str, name: str, group: str, top: str, base: str, sort: str = "share", **extra_fields: object) -> Kpi:
    return Kpi(code, name, group, sort, _parse_parts(top), _parse_parts(base), **extra_fields)  # type: ignore[arg-type] # keywords are checked by the dataclass


def _parse_parts(text: str) -> tuple[Part, ...]:
    """`solved partly_solved*partly`: facts, some with the name of their weight."""
    return tuple(Part(*term.split("*")) for term in text.split())


_PETITION_PRACTICE, _HOTLINE_RULES, _RATING_NOTICE = (
    "各地信访考核通行口径",
    "国办发〔2020〕53号（评价）；各地12345考核通行口径",
    "国办发〔2019〕51号",
)
_LEVELS = " ".join(f"level_{row.level}" for row in LEVELS)
_GOOD_LEVELS = " ".join(f"level_{row.level}" for row in LEVELS if row.good)
_BAD_LEVELS = " ".join(f"level_{row.level}" for row in LEVELS if not row.good)
_UNIT_RATED, _DESK_RATED = (
    "unit_satisfied unit_basically unit_dissatisfied",
    "desk_satisfied desk_basically desk_dissatisfied",
)

# fmt: off
KPIS: tuple[Kpi, ...] = (
    _kpi("timeliness", "单位按期率", "all", "on_time", "on_time late", apart=("running", "held", "void"), source="信访工作条例 第二十二条至第三十六条；12345平台承诺"),
    # --- 信访
    _kpi("timely_forwarding", "及时受理率", "petition", "forward_on_time", "forward_on_time forward_late_done forward_late_open",
         source="信访工作条例 第二十二条；" + _PETITION_PRACTICE, remark="信访部门自收到之日起15日内登记并转送、交办或告知"),
    _kpi("timely_notice", "按期受理告知率", "petition", "notify_on_time", "notify_on_time notify_late",
         source="信访工作条例 第二十三条；" + _PETITION_PRACTICE, remark="责任单位自收到之日起15日内书面告知；匿名件没有告知期限"),
    _kpi("timely_conclusion", "按期办结率", "petition", "resolve_on_time", "resolve_on_time resolve_late_done resolve_late_open",
         source="信访工作条例 第三十四条；" + _PETITION_PRACTICE),
    _kpi("acceptance_days", "初次信访平均受理周期", "petition", "accept_days", "accepted", "days", source=_PETITION_PRACTICE, remark="各单位按件数加权", lower_is_better=True),
    _kpi("answer_days", "初次信访平均答复周期", "petition", "answer_days", "answered", "days", source=_PETITION_PRACTICE, remark="各单位按件数加权", lower_is_better=True),
    _kpi("contact_rate", "初次信访办理联系率", "petition", "contacted", "answered", source=_PETITION_PRACTICE),
    _kpi("repeat_rate", "重复信访率", "petition", "repeats", "petitions", source=_PETITION_PRACTICE, remark="同一人（群体）的同一事项，经人工确认为重复或者并案的为重件；新事实、多人同类来件不算", lower_is_better=True, is_public=True),
    _kpi("publication_rate", "公开回复率", "petition", "published", "replies", source=_PETITION_PRACTICE, remark="只有本人同意公开、脱敏后的答复才能公开", is_public=True),
    # --- 信访满意度: two objects
    _kpi("participation_rate", "参评率（责任单位）", "satisfaction", _UNIT_RATED, f"{_UNIT_RATED} unit_unrated", source="国信发〔2022〕11号；" + _PETITION_PRACTICE, is_public=True),
    _kpi("satisfied_of_rated", "满意率（责任单位，已评价的）", "satisfaction", "unit_satisfied unit_basically", _UNIT_RATED, apart=("unit_unrated",),
         source="信访工作条例 第二十一条；国信发〔2022〕11号", remark="只算作出评价的；逾期未评价单列", is_public=True),
    _kpi("satisfaction_rate", "满意率（责任单位，逾期未评价计入）", "satisfaction", "unit_satisfied unit_basically unit_unrated", f"{_UNIT_RATED} unit_unrated",
         source="国信发〔2022〕11号；" + _PETITION_PRACTICE, remark="部分地方系统的算法：没有评价的也算进分子，所以不说明评价了的人有多少满意，只与已评价的满意率一起公布", is_public=True),
    Kpi("rated_satisfaction", "参评满意率（责任单位）", "satisfaction", "product", of=("participation_rate", "satisfaction_rate"), source=_PETITION_PRACTICE),
    _kpi("desk_participation_rate", "参评率（信访部门）", "satisfaction", _DESK_RATED, f"{_DESK_RATED} desk_unrated", source="国信发〔2022〕11号 第三条；" + _PETITION_PRACTICE, is_public=True),
    _kpi("desk_satisfied_of_rated", "满意率（信访部门，已评价的）", "satisfaction", "desk_satisfied desk_basically", _DESK_RATED, apart=("desk_unrated",),
         source="信访工作条例 第二十一条；国信发〔2022〕11号 第三条", remark="只算作出评价的；逾期未评价单列", is_public=True),
    _kpi("desk_satisfaction_rate", "满意率（信访部门，逾期未评价计入）", "satisfaction", "desk_satisfied desk_basically desk_unrated", f"{_DESK_RATED} desk_unrated",
         source="国信发〔2022〕11号 第三条；" + _PETITION_PRACTICE, remark="部分地方系统的算法：没有评价的也算进分子，所以不说明评价了的人有多少满意，只与已评价的满意率一起公布", is_public=True),
    Kpi("desk_rated_satisfaction", "参评满意率（信访部门）", "satisfaction", "product", of=("desk_participation_rate", "desk_satisfaction_rate"), source=_PETITION_PRACTICE),
    # --- 12345 三率
    _kpi("response_rate", "响应率", "three", "called_in_time", "called_known", apart=("unreached", "set_aside"), source=_HOTLINE_RULES, remark="以回访时群众所说为准", is_public=True),
    _kpi("solution_rate", "解决率", "three", "solved partly_solved*partly", "solved partly_solved unsolved", apart=("unreached", "set_aside", "order_held"), source=_HOTLINE_RULES, is_public=True),
    _kpi("order_satisfaction", "满意率", "three", "content", "reached", apart=("unreached", "set_aside", "order_held"), source=_HOTLINE_RULES, is_public=True),
    Kpi("composite", "综合分", "three", "composite", of=COMPOSITE, source=_HOTLINE_RULES, remark="权重由各地设置，相加必须等于 1"),
    # --- 12345
    _kpi("signing_rate", "按时签收率", "hotline", "sign_on_time", "sign_on_time sign_late", source=_HOTLINE_RULES),
    _kpi("order_timeliness", "按时办结率", "hotline", "order_on_time", "order_on_time order_late", apart=("order_held",), source=_HOTLINE_RULES),
    _kpi("once_rate", "一次办结率", "hotline", "orders_once", "orders_answered", source=_HOTLINE_RULES),
    _kpi("return_rate", "退单率", "hotline", "orders_returned", "orders_taken orders_returned", source=_HOTLINE_RULES, lower_is_better=True),
    _kpi("again_rate", "重办率", "hotline", "orders_again", "orders_answered", source=_HOTLINE_RULES, lower_is_better=True),
    _kpi("desk_answer_rate", "直接答复率", "hotline", "orders_at_desk", "orders_answered", source=_HOTLINE_RULES),
    # --- 好差评
    _kpi("good_share", "好评率", "review", _GOOD_LEVELS, _LEVELS, source=_RATING_NOTICE),
    _kpi("bad_share", "差评率", "review", _BAD_LEVELS, _LEVELS, source=_RATING_NOTICE, lower_is_better=True),
    _kpi("vote_rate", "主动评价率", "review", "voted", "voted silent", source=_RATING_NOTICE, remark="评价期已满或者已经评价的办结件；不含系统默认评价", is_public=True),
    _kpi("rectified_share", "差评整改率", "review", "rectify_on_time rectify_late_done", "rectify_on_time rectify_late_done rectify_late_open", source=_RATING_NOTICE + "（实名差评回访整改率 100%）"),
    _kpi("rectified_on_time_share", "按期整改率", "review", "rectify_on_time", "rectify_on_time rectify_late_done rectify_late_open", source=_RATING_NOTICE),
    _kpi("score", "平均分（十分制）", "review", " ".join(f"level_{row.level}*{row.level}" for row in LEVELS), _LEVELS, "mean", source="各地通行口径"),
    _kpi("coverage", "覆盖率", "review", "matters_covered", "matters", source=_RATING_NOTICE, remark="登记在册的政务服务事项都可以扫码或者在网上评价"),
    # --- 网上互动
    _kpi("message_answer_rate", "答复率", "website", "messages_answered", "messages", source="国办秘函〔2019〕19号；政府网站发展指引 国办发〔2017〕47号", is_public=True),
)
# fmt: on
KPI_BY_CODE: Mapping[str, Kpi] = MappingProxyType({kpi.code: kpi for kpi in KPIS})

NOT_COUNTED: tuple[tuple[str, str], ...] = (
    ("接通率", "没有接入话务平台的话单，不计算"),
    ("15秒接通率", "没有接入话务平台的话单，不计算"),
)
"""Figures people will look for, and why they are not here."""

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure worked out: the value, and the sums beside it (None where it is made of other figures)."""

    code: str
    value: float | None
    top: float | None
    base: int | None
    apart: Mapping[str, int] = field(default_factory=dict)


def compute_figure(kpi: Kpi, counts: Counts, weights: Weights) -> Figure:
    """The figure a unit's counts give. No value where nothing was counted."""
    value = compute_exact(kpi, counts, weights)
    places = 2 if kpi.sort in ("mean", "days") else 4
    apart = {code: counts.get(code, 0) for code in kpi.apart}
    if value is None and not kpi.of:
        return Figure(kpi.code, None, 0.0, 0, apart)
    if kpi.of:
        return Figure(kpi.code, _round(value, places), None, None, apart)
    top, base = _weighted_sum(kpi.top, counts, weights), _weighted_sum(kpi.base, counts, weights)
    if kpi.sort == "days":
        top /= MILLIS_PER_DAY
    return Figure(kpi.code, _round(value, places), _round(top, 2), int(base), apart)


def compute_figures(counts: Counts, weights: Weights) -> dict[str, Figure]:
    """Every figure of a unit."""
    return {kpi.code: compute_figure(kpi, counts, weights) for kpi in KPIS}


def compute_exact(kpi: Kpi, counts: Counts, weights: Weights) -> Fraction | None:
    """The figure before it is rounded."""
    if kpi.sort == "product":
        factors = [compute_exact(KPI_BY_CODE[code], counts, weights) for code in kpi.of]
        left, right = factors
        return None if left is None or right is None else left * right
    if kpi.sort == "composite":
        parts = [(compute_exact(KPI_BY_CODE[code], counts, weights), weights.composite[code]) for code in kpi.of]
        return None if any(part is None for part, _ in parts) else sum(((p or 0) * w for p, w in parts), Fraction())
    base = _weighted_sum(kpi.base, counts, weights)
    if base == 0:
        return None
    top = _weighted_sum(kpi.top, counts, weights)
    return top / base / (MILLIS_PER_DAY if kpi.sort == "days" else 1)


def _weighted_sum(parts: Sequence[Part], counts: Counts, weights: Weights) -> Fraction:
    """Whole numbers as long as no weight is in play: fractions are ten times slower."""
    whole_sum = sum(counts.get(part.fact, 0) for part in parts if not part.weight)
    return sum(
        (counts.get(part.fact, 0) * weights.of(part.weight) for part in parts if part.weight), Fraction(whole_sum)
    )


def _round(value: Fraction | None, places: int) -> float | None:
    """Half up, as people do it by hand."""
    if value is None:
        return None
    quotient = Decimal(value.numerator) / Decimal(value.denominator)
    return float(quotient.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def render_formula(kpi: Kpi, weights: Weights) -> str:
    """The formula in words, written from the row."""
    if kpi.sort == "product":
        return " × ".join(KPI_BY_CODE[code].name for code in kpi.of)
    if kpi.sort == "composite":
        return "＋".join(f"{_format_percent(weights.composite[code])} × {KPI_BY_CODE[code].name}" for code in kpi.of)
    base = _render_parts(kpi.base, weights)
    return f"{_render_parts(kpi.top, weights)} ÷{base if base.startswith('（') else ' ' + base}"


def render_exclusions(kpi: Kpi) -> str:
    """What is in neither sum and shown apart, in words."""
    return "、".join(FACT_BY_CODE[code].name for code in kpi.apart)


def _render_parts(parts: Sequence[Part], weights: Weights) -> str:
    words = [
        (f"{_format_number(weights.of(part.weight))} × " if part.weight else "") + FACT_BY_CODE[part.fact].name
        for part in parts
    ]
    return words[0] if len(words) == 1 else f"（{'＋'.join(words)}）"


def _format_number(value: Fraction) -> str:
    return f"{float(value):g}"


def _format_percent(value: Fraction) -> str:
    return f"{float(value * 100):g}%"


def sum_counts(all_counts: Iterable[Counts]) -> dict[str, int]:
    """The facts of several units together."""
    totals: dict[str, int] = {}
    for counts in all_counts:
        for code, n in counts.items():
            totals[code] = totals.get(code, 0) + n
    return totals


def list_definitions(weights: Weights) -> list[dict[str, object]]:
    """Every figure as plain values, with the weights in force, for the page, the API and the files."""
    return [
        {
            "code": kpi.code,
            "name": kpi.name,
            "group": GROUPS[kpi.group],
            "sort": kpi.sort,
            "formula": render_formula(kpi, weights),
            "excluded": render_exclusions(kpi),
            "source": kpi.source,
            "remark": kpi.remark,
            "public": kpi.is_public,
        }
        for kpi in KPIS
    ]
