"""Rules that flag messages which need attention first, each with the words that raised the flag.

Danger to life, threats of self-harm, many people acting together, a child harmed, an official accused, personal data.
The rules are data (`knowledge/signs.toml`): concepts, and rows that name the concepts which raise a flag when they stand
near each other, and those which cancel it. They favour recall: a flag is shown to a person and can be filtered by. It
changes no clock and decides nothing; urgency, which shortens clocks, has its own and stricter table. No I/O but that
file, read once.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from classify.signals import urgency
from feedback.rules import normal_form, redaction

LIFE, SELF_HARM, GROUP, MINOR, ACCUSE, PERSONAL = "life", "self_harm", "group", "minor", "accuse", "personal"
FLAGS: Final[Mapping[str, str]] = {
    SELF_HARM: "流露轻生",
    LIFE: "危及生命",
    MINOR: "涉未成年人",
    GROUP: "群体性",
    ACCUSE: "检举控告",
    PERSONAL: "含个人信息",
}
"""Every flag in the order in which they are shown, the most urgent first."""

HELP_LINE: Final = "12356"
"""全国统一心理援助热线 (国家卫生健康委, 2025)."""

KNOWLEDGE: Final = Path(__file__).parents[1] / "knowledge" / "signs.toml"
DEFAULT_REACH: Final = 24
"""The maximal distance of two concepts of a row in characters, unless the row has its own."""

CANCEL_DISTANCE: Final = 16
"""The maximal distance of a cancelling concept, in the same sentence."""

_STILL: Final = "going_on"
_OVER: Final = "over"
_END = re.compile(r"[。！!？?；;\n]")
_ADDRESSED = re.compile(
    r"(?:尊敬|敬爱|亲爱)的[^，。：:！\n]{0,16}(?=[，。：:！!\n]|您|你)|[\u4e00-\u9fff]{0,4}(?:书记|市长|县长|区长|局长|厅长|省长|主任|领导)(?=[：:,，]?\s*(?:您|你)好|[：:])"
    r"|(?:恳?请求?|希?望|求|盼|呼吁|麻烦|感谢)(?:各位|各级|有关|相关|上级|政府|贵|市|县|区|省)*(?:书记|领导|政府|部门|[市县区局厅]长)"
    # an office that is asked to help (请税务局处理) is not the one that is accused
    r"|(?:请求?|希望|[盼望]|麻烦|建议|由|敦促|督促)[^，。！？；\n请]{0,8}(?:[局所队科办处委院厅站]|部门|中心|政府|社区|街道|城管|交警|民警|村镇|[镇区县市乡]长|书记)"
    r"(?=(?:的同志|同志|们|能|能够|尽快|抓紧|及时|帮忙?|帮助|来|去|给|派人|出面|依法|严格|进行|一下){0,4}(?:处理|处置|查处|查一?查|查看|核查|核实|调查|检查|管|看|修|清理|清运|疏通|协调|解决|答复|解释|改进|关心|介入|监管|帮|来|督促|督办|责令|取缔|执法|整治|更换|公布|公示))"
)
"""The addressee of a message, who is not the person it is about."""

_MARKS: Final = str.maketrans(",;!?:", "，；！？：")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class FlagRule:
    """A flag is raised where all concepts of `says` stand within `reach` and no concept of `unless` is near."""

    flag: str
    says: tuple[str, ...]
    unless: tuple[str, ...] = ()
    reach: int = DEFAULT_REACH


@dataclass(frozen=True, slots=True)
class FlagKnowledge:
    """The concepts and rows of the file."""

    concepts: Mapping[str, re.Pattern[str]]
    rows: tuple[FlagRule, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag and the words that raised it."""

    code: str
    words: str


@cache
def load_flag_knowledge() -> FlagKnowledge:
    """The knowledge, read once per process."""
    knowledge = tomllib.loads(KNOWLEDGE.read_text(encoding="utf-8"))
    # Messages are read in simplified characters, so the few traditional ones of dialects in the file are, too.
    concepts = {
        name: re.compile("|".join(normal_form.simplify(words).split())) for name, words in knowledge["concepts"].items()
    }
    rows = tuple(
        FlagRule(row["flag"], tuple(row["says"]), tuple(row.get("unless", ())), row.get("reach", DEFAULT_REACH))
        for row in knowledge["rows"]
    )
    return FlagKnowledge(concepts, rows)


@dataclass(slots=True)
class AnalyzedMessage:
    """A message as it is read, with the positions of each concept, searched once. `original`: the same, as written."""

    text: str
    original: str
    _places: dict[str, list[Span]] = field(default_factory=dict)
    _ends: list[int] | None = None

    @property
    def ends(self) -> list[int]:
        """Where its sentences end, in order."""
        if self._ends is None:
            self._ends = [match.start() for match in _END.finditer(self.text)]
        return self._ends

    def find_concept(self, concept: str) -> list[Span]:
        """The positions of a concept, in order."""
        if concept not in self._places:
            self._places[concept] = [
                match.span() for match in load_flag_knowledge().concepts[concept].finditer(self.text)
            ]
        return self._places[concept]

    def match_rule(self, row: FlagRule) -> str | None:
        """The words that raise a row's flag, None when the row does not match."""
        for first in self.find_concept(row.says[0]):
            near = [first, *(self._find_nearest(first, other, row.reach) for other in row.says[1:])]
            spans = [span for span in near if span is not None]
            if len(spans) == len(near) and not self._is_cancelled(spans, row.unless):
                return "…".join(self.original[a:b] for a, b in sorted(set(spans)))
        return None

    def _find_nearest(self, span: Span, concept: str, reach: int) -> Span | None:
        """The nearest position of a concept, of two equally near ones the first. Positions never overlap each other."""
        spans = self.find_concept(concept)
        after = bisect_left(spans, span)
        near = [other for other in spans[max(0, after - 1) : after + 1] if _distance(span, other) <= reach]
        return min(near, key=lambda other: _distance(span, other)) if near else None

    def _is_cancelled(self, spans: Sequence[Span], unless: Sequence[str]) -> bool:
        start, end = min(a for a, _ in spans), max(b for _, b in spans)
        before, after = bisect_left(self.ends, start), bisect_left(self.ends, end)
        start = max([max(0, start - CANCEL_DISTANCE), *self.ends[max(0, before - 1) : before]])
        end = min([end + CANCEL_DISTANCE, *self.ends[after : after + 1]])
        for name in unless:
            if self._stands_between(name, start, end) and not (
                name == _OVER and self._stands_between(_STILL, start, end)
            ):
                return True
        return False

    def _stands_between(self, concept: str, start: int, end: int) -> bool:
        spans = self.find_concept(concept)
        first = bisect_right(spans, start, key=lambda span: span[1])
        return first < len(spans) and spans[first][0] < end


def detect_flags(title: str, text: str) -> tuple[Flag, ...]:
    """The flags of a message, each once with the words that raised it, in the order in which they are shown."""
    message = normal_form.drop_invisible(f"{title}\n{text}")
    reading, words_by_flag = _read_message(message), dict[str, str]()
    for row in load_flag_knowledge().rows:
        if row.flag not in words_by_flag and (words := reading.match_rule(row)) is not None:
            words_by_flag[row.flag] = words
    for sign in urgency.detect_signs(title, text):
        if sign.level == 1 and not sign.is_self_harm:  # the rows cover self-harm better, also what cancels it
            words_by_flag.setdefault(LIFE, sign.words)
    kinds = dict.fromkeys(_PERSONAL_WORDS[match.sort] for match in redaction.find_personal_data(message))
    if kinds:
        words_by_flag[PERSONAL] = "、".join(kinds)  # the kind of data, never the data itself
    return tuple(Flag(code, words_by_flag[code]) for code in FLAGS if code in words_by_flag)


def detect_flag_codes(title: str, text: str) -> tuple[str, ...]:
    """The codes of the flags of a message, as a case stores them."""
    return tuple(flag.code for flag in detect_flags(title, text))


def count_mentions(message: str) -> list[int]:
    """How often each concept stands in a message, in the order of the file."""
    reading = _read_message(normal_form.drop_invisible(message))
    return [len(reading.find_concept(concept)) for concept in load_flag_knowledge().concepts]


def _read_message(message: str) -> AnalyzedMessage:
    """The message in its normal form, with full-width punctuation, its addressees blanked out; all positions stay."""
    plain = normal_form.fold_script(message).translate(_MARKS)
    return AnalyzedMessage(_ADDRESSED.sub(lambda match: "　" * len(match[0]), plain), message)


def _distance(span: Span, other: Span) -> int:
    """How many characters lie between two spans, 0 when they touch or overlap."""
    return max(0, other[0] - span[1], span[0] - other[1])


_PERSONAL_WORDS: Final[Mapping[str, str]] = {
    "id_number": "身份证号",
    "bank_card": "银行卡号",
    "phone": "电话",
    "plate": "车牌",
    "mail": "邮箱",
    "account": "社交账号",
    "home": "门牌",
    "name": "姓名",
}
