"""Rules that flag messages which deserve attention first, each with the words that raised the flag.

Danger to life, threats of self-harm, many people acting together, a child harmed, an official accused, personal data.
The words are data (`knowledge/signs.toml`): concepts, and rows that say which concepts near each other raise a flag and
which take it back. Written so that little is missed: a flag draws a person's eye and lets a list be narrowed. It moves
no clock, lowers nothing and decides nothing; urgency, which shortens clocks, has its own and stricter table. No I/O but
that file, read once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from classify.signals import urgency
from feedback.rules import redaction

LIFE, SELF_HARM, GROUP, MINOR, ACCUSE, PERSONAL = "life", "self_harm", "group", "minor", "accuse", "personal"
FLAGS: Final[Mapping[str, str]] = {
    SELF_HARM: "流露轻生",
    LIFE: "危及生命",
    MINOR: "涉未成年人",
    GROUP: "群体性",
    ACCUSE: "检举控告",
    PERSONAL: "含个人信息",
}
"""Every flag in the order in which they are shown: what cannot wait comes first."""

HELP_LINE: Final = "12356"
"""全国统一心理援助热线 (国家卫生健康委, 2025)."""

KNOWLEDGE: Final = Path(__file__).parents[1] / "knowledge" / "signs.toml"
REACH: Final = 24
"""Two concepts of a row stand within so many characters of each other, unless it says otherwise."""

BACK: Final = 16
"""What takes a sign back stands so near, in the same sentence."""

_STILL: Final = "going_on"
_OVER: Final = "over"
_END = re.compile(r"[。！!？?；;\n]")
_ADDRESSED = re.compile(
    r"(?:尊敬|敬爱|亲爱)的[^，。：:！\n]{0,16}(?=[，。：:！!\n]|您|你)|[\u4e00-\u9fff]{0,4}(?:书记|市长|县长|区长|局长|厅长|省长|主任|领导)(?=[：:,，]?\s*(?:您|你)好|[：:])"
    r"|(?:恳?请求?|希?望|求|盼|呼吁|麻烦|感谢)(?:各位|各级|有关|相关|上级|政府|贵|市|县|区|省)*(?:书记|领导|政府|部门|[市县区局厅]长)"
)
"""Whom a message is written to is not whom it is about."""

_MARKS: Final = str.maketrans(",;!?:", "，；！？：")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class FlagRule:
    """A flag is raised where all of `says` stand within `reach` and none of `unless` is near. Names of concepts."""

    flag: str
    says: tuple[str, ...]
    unless: tuple[str, ...] = ()
    reach: int = REACH


@dataclass(frozen=True, slots=True)
class FlagKnowledge:
    """The knowledge as it is used."""

    concepts: Mapping[str, re.Pattern[str]]
    rows: tuple[FlagRule, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag and the words that raised it."""

    code: str
    words: str


@cache
def signs() -> FlagKnowledge:
    """The knowledge, read once in a process."""
    told = tomllib.loads(KNOWLEDGE.read_text(encoding="utf-8"))
    concepts = {name: re.compile("|".join(words.split())) for name, words in told["concepts"].items()}
    rows = tuple(
        FlagRule(row["flag"], tuple(row["says"]), tuple(row.get("unless", ())), row.get("reach", REACH))
        for row in told["rows"]
    )
    return FlagKnowledge(concepts, rows)


@dataclass(slots=True)
class Reading:
    """A message and where each concept stands in it, looked up once."""

    said: str
    _places: dict[str, list[Span]] = field(default_factory=dict)

    def places(self, concept: str) -> list[Span]:
        """Where a concept stands, in order."""
        if concept not in self._places:
            self._places[concept] = [match.span() for match in signs().concepts[concept].finditer(self.said)]
        return self._places[concept]

    def raised(self, row: FlagRule) -> str | None:
        """The words that raise a row's flag, None when nothing does."""
        for first in self.places(row.says[0]):
            near = [first, *(self._nearest(first, other, row.reach) for other in row.says[1:])]
            found = [span for span in near if span is not None]
            if len(found) == len(near) and not self._taken_back(found, row.unless):
                return "…".join(self.said[a:b] for a, b in sorted(set(found)))
        return None

    def _nearest(self, span: Span, concept: str, reach: int) -> Span | None:
        found = [other for other in self.places(concept) if _gap(span, other) <= reach]
        return min(found, key=lambda other: _gap(span, other)) if found else None

    def _taken_back(self, found: Sequence[Span], unless: Sequence[str]) -> bool:
        start, end = min(a for a, _ in found), max(b for _, b in found)
        ends = [match.start() for match in _END.finditer(self.said)]
        start = max([max(0, start - BACK), *(at for at in ends if at < start)])
        end = min([end + BACK, *(at for at in ends if at >= end)])
        for name in unless:
            if any(a < end and b > start for a, b in self.places(name)) and not (
                name == _OVER and any(a < end and b > start for a, b in self.places(_STILL))
            ):
                return True
        return False


def flags_in(title: str, text: str) -> tuple[Flag, ...]:
    """The flags of a message, each once with the words that raised it, in the order in which they are shown."""
    said = f"{title}\n{text}"
    reading, found = Reading(_unaddressed(said)), dict[str, str]()
    for row in signs().rows:
        if row.flag not in found and (words := reading.raised(row)) is not None:
            found[row.flag] = words
    for sign in urgency.signs_in(title, text):
        if sign.level == 1 and not sign.is_self_harm:  # the rows know more ways to say that, and to not mean it
            found.setdefault(LIFE, sign.words)
    kinds = dict.fromkeys(_PERSONAL_WORDS[each.sort] for each in redaction.find_personal_data(said))
    if kinds:
        found[PERSONAL] = "、".join(kinds)  # what it is, never the data itself
    return tuple(Flag(code, found[code]) for code in FLAGS if code in found)


def codes_in(title: str, text: str) -> tuple[str, ...]:
    """The same as codes, as a case keeps them."""
    return tuple(flag.code for flag in flags_in(title, text))


def mentions(message: str) -> list[int]:
    """How often each concept stands in a message, in the order of the knowledge."""
    reading = Reading(_unaddressed(message))
    return [len(reading.places(concept)) for concept in signs().concepts]


def _unaddressed(message: str) -> str:
    """The message with full-width marks and without whom it is written to, each character in its place."""
    return _ADDRESSED.sub(lambda match: "　" * len(match[0]), message.translate(_MARKS))


def _gap(one: Span, other: Span) -> int:
    """How many characters lie between two places, 0 when they touch or overlap."""
    return max(0, other[0] - one[1], one[0] - other[1])


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
