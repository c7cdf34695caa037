"""Mask personal data in text that leaves the office.

Finds telephone, identity, bank card and plate numbers, mail addresses and other accounts by their form, and names
that are known to belong to the case. No I/O.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from feedback.rules import normal_form

_EDGE, _END = r"(?<![\dA-Za-z])", r"(?![\dA-Za-z])"
_GAP = r"[ .\-]?"
"""What people put between the groups of a number, in the plain form."""
_PLACE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[123])"
"""The first two places of an identity number (GB/T 2260, 8x: residence permits of Hong Kong, Macao and Taiwan)."""
_DAY = r"(?:0[1-9]|1[0-2])" + _GAP + r"(?:0[1-9]|[12]\d|3[01])"
_AREA = r"0(?:10|2\d|[3-9]\d{2})"
_PROVINCE = r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
_PLATE = _PROVINCE + r"[A-HJ-NP-Z][. -]?(?:[A-HJ-NP-Z0-9]{4}[港澳警学挂领试超使]|[A-HJ-NP-Z0-9]{5,6})"
_FIGURE = r"[零〇一二三四五六七八九幺两]"
_HOME_BEFORE = r"(?<=[区苑园村里庭府城湾居庄院楼寓])"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("id_number", re.compile(_EDGE + r"\d{6}" + _GAP + r"(?:19|20)\d{2}" + _GAP + _DAY + _GAP + r"\d{3}[\dXx]" + _END)),
    ("id_number", re.compile(_EDGE + _PLACE + r"\d{4}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}" + _END)),
    ("id_number", re.compile(r"(?:护照|通行证|回乡证|台胞证)(?:号码?)?[是为: ]{0,4}[A-Za-z]{0,2}\d{7,10}" + _END)),
    ("id_number", re.compile(_EDGE + r"(?:E[A-HJ-NP-Z]\d{7}|[EGDSP]\d{8}|[HM]\d{8}(?:\d{2})?)" + _END)),
    ("id_number", re.compile(_EDGE + r"[A-Z]{1,2}\d{6}\([0-9A]\)")),
    (
        "bank_card",
        re.compile(
            _EDGE
            + r"(?:62|4\d|5[1-5])\d{2}"
            + _GAP
            + r"\d{4}"
            + _GAP
            + r"\d{4}"
            + _GAP
            + r"\d{4}(?:"
            + _GAP
            + r"\d{1,3})?"
            + _END
        ),
    ),
    ("phone", re.compile(_EDGE + r"(?:(?:\+|00)?86[- ]?)?1[3-9]\d" + _GAP + r"\d{4}" + _GAP + r"\d{4}" + _END)),
    ("phone", re.compile(_EDGE + r"(?:(?:\+|00)?86[- ]?)?1[3-9]\d{2}" + _GAP + r"\d{3}" + _GAP + r"\d{4}" + _END)),
    ("phone", re.compile(_EDGE + r"\(?" + _AREA + r"\)?[-. ]{0,2}[2-8]\d{2,3}[-. ]?\d{4}(?:-\d{1,5})?" + _END)),
    ("phone", re.compile(rf"(?<!{_FIGURE})[一幺][三四五六七八九]{_FIGURE}{{9}}(?!{_FIGURE})")),
    ("plate", re.compile(_PLATE + _END)),
    ("mail", re.compile(r"(?<![\w.+-])[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")),
    (
        "account",
        re.compile(
            r"(?:QQ|qq|Qq|扣扣|微信|薇信|威信|weixin|(?<![A-Za-z])(?:wx|WX|vx|VX|Vx)|[加+][vV]|[vV]信)[号同为是: ]{0,6}[A-Za-z0-9_-]{5,20}"
        ),
    ),
    ("account", re.compile(r"(?<![A-Za-z0-9])wxid_[A-Za-z0-9]{4,40}")),
    ("home", re.compile(r"\d{1,3}(?:号楼|栋|幢|#楼|座)(?:\d{1,2}单元)?\d{1,4}(?:室|号房|房|号)")),
    ("home", re.compile(r"\d{1,3}(?:号楼|栋|幢|#楼|座)\d{1,2}单元\d{3,4}(?!\d)")),
    ("home", re.compile(rf"{_FIGURE}{{1,3}}十?{_FIGURE}?(?:号楼|栋|幢|座){_FIGURE}单元{_FIGURE}{{3,4}}")),
    ("home", re.compile(r"(?<=住)[在址: ]{0,2}\d{1,3}-\d{1,2}-\d{3,4}(?!\d)")),
    ("home", re.compile(_HOME_BEFORE + r" ?\d{1,3}-\d{1,2}-\d{3,4}(?!\d)")),
)
"""The forms of personal data, searched in the plain form of a text (`normal_form.fold`)."""
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范"
    "金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤安常温康施文牛樊葛邢窦柏"
)
_BEFORE_NAME = r"^(?:我叫|我是|本人|名字叫|户主|户名是?|姓名[:：]?)"
_STATED_NAME = re.compile(
    rf"(?:我叫|我是|本人|名字叫|户主|户名是?|姓名[:：]?)([{_SURNAMES}][\u4e00-\u9fff]{{1,3}})(?=[,，。;；、!！\s]|$)"
)


@dataclass(frozen=True, slots=True)
class PersonalDataSpan:
    """One place that should not be published: what it is and where it stands."""

    sort: str
    text: str
    start: int
    end: int


def find_personal_data(text: str, names: Iterable[str] = ()) -> list[PersonalDataSpan]:
    """Everything in the text that looks like personal data, in order, without overlaps. `names` are known persons."""
    plain = normal_form.fold(text)
    candidates = [
        PersonalDataSpan(sort, text[match.start() : match.end()], match.start(), match.end())
        for sort, pattern in _PATTERNS
        for match in pattern.finditer(plain)
    ]
    for name in {n for n in names if len(n) >= 2}:
        candidates += [PersonalDataSpan("name", name, m.start(), m.end()) for m in re.finditer(re.escape(name), text)]
    candidates += [PersonalDataSpan("name", m[0], m.start(), m.end()) for m in _STATED_NAME.finditer(text)]
    candidates.sort(key=lambda f: (f.start, -f.end))
    spans: list[PersonalDataSpan] = []
    for span in candidates:
        if not spans or span.start >= spans[-1].end:
            spans.append(span)
    return spans


def mask_text(text: str, names: Iterable[str] = ()) -> str:
    """The text with every finding covered, keeping its length hints readable."""
    parts, offset = [], 0
    for span in find_personal_data(text, names):
        parts += [text[offset : span.start], _mask_span(span)]
        offset = span.end
    return "".join([*parts, text[offset:]])


def mask_name(name: str) -> str:
    """王小明 as 王**."""
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""


def mask_phone(phone: str) -> str:
    """13812345678 as 138****5678."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "*" * len(phone)


def mask_id_number(number: str) -> str:
    """An identity number with only its first three and last two places."""
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}" if len(number) > 6 else "*" * len(number)


def _mask_span(span: PersonalDataSpan) -> str:
    match span.sort:
        case "phone":
            return mask_phone(re.sub(r"[^\d+]", "", normal_form.fold(span.text)) or span.text)
        case "name":
            name = re.sub(_BEFORE_NAME, "", span.text)
            return span.text[: len(span.text) - len(name)] + mask_name(name)
        case _:
            return "*" * min(8, len(span.text))
