"""The five levels and the second-level indicators of a rating.

The level-2 indicators (二级指标) are one national set with stable codes: a town may neither add nor drop any. A rating
keeps the name of the set it was given under; codes of the superseded set are only decoded. The five levels carry two
foreign codings that run in opposite directions, so inside the system a level is 1–5 with 5 the best, and the mapping
happens at the edge. No I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

INDICATOR_SET = "v2"
BAD_LEVEL_MAX = 2
"""Levels up to this one are bad ratings (差评), national rule 国办发〔2019〕51号."""


@dataclass(frozen=True, slots=True)
class RatingLevel:
    """One of the five satisfaction levels: ours, its name, and how two foreign standards number it."""

    level: int
    code: str
    text: str
    exchange: str  # national data exchange: 5 is the best
    gb39046: str  # GB/T 39046-2020 table A.8: 1 is the best
    good: bool


LEVELS: tuple[RatingLevel, ...] = (
    RatingLevel(5, "very_satisfied", "非常满意", "5", "1", True),
    RatingLevel(4, "satisfied", "满意", "4", "2", True),
    RatingLevel(3, "basically", "基本满意", "3", "3", True),
    RatingLevel(2, "dissatisfied", "不满意", "2", "4", False),
    RatingLevel(1, "very_dissatisfied", "非常不满意", "1", "5", False),
)


@dataclass(frozen=True, slots=True)
class PetitionStep:
    """One of the three steps on which petitions are rated: the level it is kept as, and the levels it stands for."""

    level: int
    text: str
    levels: frozenset[int]


PETITION_STEPS: tuple[PetitionStep, ...] = (
    PetitionStep(4, "满意", frozenset({5, 4})),
    PetitionStep(3, "基本满意", frozenset({3})),
    PetitionStep(2, "不满意", frozenset({2, 1})),
)
"""The petition scale (国信发〔2022〕11号: 满意、基本满意、不满意; who does not answer in time is 逾期未评价, counted apart).

Kept as one of the five levels, so that both scales add up; an API may still bring any of the five.
"""

RATING_CHANNELS: Mapping[str, str] = MappingProxyType(
    {
        "1": "电脑端",
        "2": "移动端",
        "3": "二维码",
        "4": "政务大厅平板电脑",
        "5": "政务大厅自助终端",
        "6": "电话",
        "7": "短信",
    }
)
"""Where a rating was given (评价渠道), in the coding most endpoints share. Others swap 6 and 7: a map at the edge."""

SYSTEM_CHANNELS = frozenset({"7"})
"""Only of what the system itself received it is said that it came so: by SMS."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One level-2 indicator: what a person may tick at its level."""

    code: str
    level: int
    text: str
    extended: bool


def _indicators(level: int, first_code: int, *texts: str) -> tuple[Indicator, ...]:
    """Eight indicators of a level with running codes: three basic ones, then the extended."""
    return tuple(Indicator(str(first_code + i), level, text, i >= 3) for i, text in enumerate(texts))


# fmt: off
INDICATORS: tuple[Indicator, ...] = (
    *_indicators(5, 510, "一窗受理一次办结", "可以先受理后补材料", "不用提交证明", "可以全程网上办理",
          "可以使用手机办理", "可以就近办理", "无需材料直接办理", "服务热情效率高"),
    *_indicators(4, 406, "填写一张表单就可完成申报", "在线提交材料窗口核验", "一张清单告知全部申报材料", "用告知承诺减免申报材料",
          "可以在线预约办理", "跑大厅一次办完", "可以使用自助机办理", "服务态度较好"),
    *_indicators(3, 307, "一次性告知需要补正的材料", "提供申报材料样本", "在承诺的时间内办结", "办事指南指引准确",
          "按办事指南要求的材料即可办理", "可以快递送达", "跑动次数与承诺的一致", "服务态度一般"),
    *_indicators(2, 207, "没有提供材料样本", "没有提供材料清单", "未在承诺时间内办结", "同样内容的证明材料被要求多次提交",
          "承诺网办但无法在线办理", "在线预约办理后到实体大厅重复取号排队", "窗口人员业务不熟练", "服务态度生硬"),
    *_indicators(1, 108, "在办事指南之外增加新的审批条件", "需提供办事指南之外的申报材料", "无理由超过法定办理时间", "办事指南提供样本有错",
          "承诺在线收取申报材料实际无法收取", "多头跑窗口和部门", "跑动次数与承诺的不一致", "服务态度差效率低"),
)
# fmt: on

SUPERSEDED_CODES: frozenset[str] = frozenset(
    str(code)
    for codes in (range(501, 510), (401, 402, 404, 405), range(301, 307), range(201, 207), range(101, 108))
    for code in codes
)
"""Codes of the set before (v1): found in old data, never offered. There was no 403."""

_BY_CODE = MappingProxyType({indicator.code: indicator for indicator in INDICATORS})
_BY_LEVEL = MappingProxyType({row.level: row for row in LEVELS})


@dataclass(frozen=True, slots=True)
class CaseReason:
    """Why an answered case is rated so: what a person may tick at these levels."""

    code: str
    text: str
    levels: frozenset[int]


_GOOD, _SO_SO, _BAD = frozenset({4, 5}), frozenset({3}), frozenset({1, 2})
CASE_REASONS: tuple[CaseReason, ...] = (
    CaseReason("601", "没有解决", _BAD),
    CaseReason("602", "没有人联系我", _BAD),
    CaseReason("603", "答非所问", _BAD),
    CaseReason("604", "办得太慢，超过了日期", _BAD),
    CaseReason("605", "单位之间推来推去", _BAD),
    CaseReason("606", "说的和做的不一样", _BAD),
    CaseReason("607", "态度不好", _BAD),
    CaseReason("631", "只解决了一部分", _SO_SO),
    CaseReason("632", "办得慢了些", _SO_SO),
    CaseReason("633", "说得不够清楚", _SO_SO),
    CaseReason("641", "问题解决了", _GOOD),
    CaseReason("642", "办得快", _GOOD),
    CaseReason("643", "有人联系，说得清楚", _GOOD),
    CaseReason("644", "态度好", _GOOD),
)
"""Reasons of our own for cases of the hotline and petitions, beside the national set, which speaks of windows and forms.

Their codes lie outside the national 101-517 and are never exchanged.
"""
_REASON_BY_CODE = MappingProxyType({reason.code: reason for reason in CASE_REASONS})


def list_case_reasons(level: int) -> tuple[CaseReason, ...]:
    """What a person may tick at that level of an answered case."""
    return tuple(reason for reason in CASE_REASONS if level in reason.levels)


def describe_tag(code: str) -> str:
    """What a ticked code says, of the national set or of our own; the code itself where it is of neither."""
    if code in _REASON_BY_CODE:
        return _REASON_BY_CODE[code].text
    indicator = decode_indicator(code)
    return indicator.text if indicator else code


def list_indicators(level: int) -> tuple[Indicator, ...]:
    """The indicators a person may tick at that level, the basic ones first."""
    return tuple(indicator for indicator in INDICATORS if indicator.level == level)


def find_level(level: int) -> RatingLevel:
    """The row of a level 1–5."""
    return _BY_LEVEL[level]


def petition_text(level: int) -> str:
    """A level 1–5 in the words of the petition scale."""
    return next(step.text for step in PETITION_STEPS if level in step.levels)


def is_bad(level: int) -> bool:
    """Whether a rating of that level is a bad one (差评) and opens a rectification."""
    return level <= BAD_LEVEL_MAX


def decode_indicator(code: str) -> Indicator | None:
    """The indicator of a code, of the present set or the superseded one. None: of neither."""
    if code in SUPERSEDED_CODES:
        return Indicator(code, int(code[0]), f"旧版指标{code}", False)
    return _BY_CODE.get(code)
