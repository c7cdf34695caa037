"""The forms of personal data in text: numbers, documents, plates, accounts, homes. Pure: no I/O.

Patterns are searched in a plain text (folded, simplified, without invisible characters). The part of a match that is
personal is its group `v`, or the whole match. All repeats are bounded, so a search takes linear time. Public numbers
(12345, 95xxx, 400), laws, amounts, dates, case numbers and social credit codes of organisations are no personal data.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

_GAP: Final = r"[ .\-_/,]{0,2}"
"""What people put between the groups of a number."""

_NOT_AFTER: Final = r"(?<!\d)(?<!\d\.)"
_NOT_BEFORE: Final = r"(?!\d)(?!\.\d)"
_EDGE, _END = r"(?<![\dA-Za-z])", r"(?![\dA-Za-z])"
_IS: Final = r"(?:号码|编号|号|码)?[是为: (\[【]{0,4}"
"""What stands between the name of a number and the number."""

_FIGURE: Final = r"[零〇一二三四五六七八九十百两\d]"
_MONTH_DAY: Final = r"(?:0[1-9]|1[0-2])[ .\-]?(?:0[1-9]|[12]\d|3[01])"
_PLACE: Final = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[123])"
"""The first two places of an identity number (GB/T 2260, 8x: residence permits of Hong Kong, Macao and Taiwan)."""

_PROVINCE: Final = r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
_DIGITS_IN_DISGUISE: Final = str.maketrans(
    "零〇一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖lI|Oo", "0012345678912" + "123456789" + "11100"
)

_REFERENCE: Final = re.compile(
    r"(?:(?<!身份证)(?<!护照)(?<!通行证)(?<!证件)(?<!证明文件)(?<!居住证)编号|单号|订单号?|案号|案件号?|受理号|合同号?|发票号?码?|信用代码|注册号|登记号|识别代号|户号|表号|考证?号|学号|编码|流水号|批号|文号|型号)[是为: ]{0,3}$"
)
"""Before the number of something that is nobody's own."""

_MAX_LABEL: Final = 12


@dataclass(frozen=True, slots=True)
class Form:
    """One form of personal data. `accepts` looks at the match once more, e.g. at a check digit."""

    sort: str
    pattern: re.Pattern[str]
    accepts: Callable[[re.Match[str]], bool] = lambda match: True
    is_disguised: bool = False


@dataclass(frozen=True, slots=True)
class PersonalDataCandidate:
    """A place of personal data in the plain text."""

    sort: str
    start: int
    end: int


def find_candidates(plain: str) -> Iterator[PersonalDataCandidate]:
    """Every place that has one of the forms, in no order; they may overlap."""
    disguised = plain.translate(_DIGITS_IN_DISGUISE)
    for form in FORMS:
        for match in form.pattern.finditer(disguised if form.is_disguised else plain):
            if form.accepts(match):
                start, end = match.span("v" if "v" in form.pattern.groupindex else 0)
                yield PersonalDataCandidate(form.sort, start, end)


def undisguise(text: str) -> str:
    """The digits of a number, whatever stands for them."""
    return re.sub(r"\D", "", text.translate(_DIGITS_IN_DISGUISE))


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"[^\dXx]", "", match["v"] if "v" in match.re.groupindex else match[0])


def _is_referenced(match: re.Match[str]) -> bool:
    """Whether the number is called that of a case, an order, an organisation."""
    return bool(_REFERENCE.search(match.string, max(0, match.start() - _MAX_LABEL), match.start()))


_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _has_check_digit(number: str) -> bool:
    """GB 11643."""
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def _is_identity_number(match: re.Match[str]) -> bool:
    """18 places with a birth date; under the name of another number only with its right check digit."""
    number = _digits(match)
    if not re.fullmatch(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]", number):
        return False
    return not _is_referenced(match) or _has_check_digit(number)


def _has_luhn_digit(number: str) -> bool:
    doubled = (int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_bank_card(match: re.Match[str]) -> bool:
    number = _digits(match)
    return 15 <= len(number) <= 19 and (not _is_referenced(match) or _has_luhn_digit(number))


def _is_foreign_phone(match: re.Match[str]) -> bool:
    return 8 <= len(_digits(match)) <= 15


def _is_no_office_phone(match: re.Match[str]) -> bool:
    """A landline that is not called that of an office (咨询电话, 住建局电话, 3322571（征收办）)."""
    text = match.string
    start, end = match.span("v" if "v" in match.re.groupindex else 0)
    return not (_OFFICE_BEFORE.search(text, max(0, start - 2 * _MAX_LABEL), start) or _OFFICE_AFTER.match(text, end))


def _is_room(match: re.Match[str]) -> bool:
    """A room of a home, not of an office, a school or a hospital."""
    return not _PUBLIC_BUILDING.search(match.string, max(0, match.start() - 12), match.start())


def _is_handle(match: re.Match[str]) -> bool:
    """Somebody's own account, not that of an office or a newspaper."""
    return not _PUBLIC_ACCOUNT.search(match["v"])


_PUBLIC_BUILDING = re.compile(
    r"(?:中心|大厅|[局委馆所站院校厅]|政府|大楼|办公楼|教学楼|学校|大学|大厦)[\dA-Z东南西北一二三四五六七八九十号层楼座区 ]{0,6}$"
)
_PUBLIC_ACCOUNT = re.compile(r"发布|公安|交警|政务|网信|检察|法院|政府|日报|新闻|电视台|热线|12345")
_OFFICE_BEFORE = re.compile(
    r"(?:(?:咨询|监督|举报|投诉|服务|客服|办公|值班|窗口|公开|查询|报修|抢修|急救|预约|便民|报案|受理)(?:室|台|处)?|(?<![住居])[局科股站所处室办部厅]|中心|大厅|窗口|政府|委员会|居委会|村委会|公司|医院|学校)"
    r"(?:\([^()]{0,10}\))?[,的:(]{0,2}(?:联系|咨询|办公|监督|服务)?(?:电话|热线|座机)?(?:号码)?[是为: (]{0,4}$"
)
_OFFICE_AFTER = re.compile(r"\([^()]{0,8}[办室科股处局所站]\)")
_COUNTRY = r"(?:\(?(?:\+|00)?86\)?[- ]?)?"
_AREA = r"0(?:10|2\d|[3-9]\d{2})"
_EXTENSION = r"(?:(?:-|转)\d{1,5})?"
_PHONE_END = _NOT_BEFORE + r"(?![万亿元]|平[方米])"
_LOCAL = r"(?P<v>[2-8]\d{2,3}[ .\-]?\d{4}" + _EXTENSION + ")" + _PHONE_END
_PHONE_WORD = r"(?:电话|座机|固话|传真|手机|热线号)"

_BLOCK = r"(?:号楼|栋|幢|#楼|#|座|号院\d{1,3}号楼)"
_ROOM = r"(?:[A-Z]?\d{3,4}(?!\d)|(?<=单元)\d{1,2}(?=[室号])|[零〇一二三四五六七八九]{3,4})(?:室|号房|房间|房|号(?!楼|线))?(?![户人家元米平万m])"
_UNIT = rf"{_FIGURE}{{1,3}}(?:单元|门)"
_BUILDING = rf"(?:\d{{1,4}}号院?)?(?:[A-Z]?{_FIGURE}{{1,4}}|[A-Z]\d?){_BLOCK}"
_AT_HOME = r"(?:家庭住址|户籍地址|居住地址?|住址|[家现]住|住在|(?<![居])住(?![院房建户宅宿处所])|家在|门牌)"
_HOME_END = r"(?<=[区苑园村里庭府城湾居庄院楼寓])"
_NOT_A_COUNT = r"(?![\d\-]|[人户元米平个家名天万斤吨年月日分]|号路)"
_MAIL_NAME, _MAIL_HOST = r"[A-Za-z0-9_.+-]{1,64}", r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}"
_HANDLE = r"(?P<v>[A-Za-z0-9_-]{5,30})"

FORMS: Final[tuple[Form, ...]] = (
    # --- identity numbers and documents
    Form("id_number", re.compile(_EDGE + r"[1-9](?:[ .\-]?\d){16}[ .\-]?[\dXx]" + _END), _is_identity_number),
    Form("id_number", re.compile(_EDGE + _PLACE + r"\d{4}[ \-]?\d{2}" + _MONTH_DAY + r"[ \-]?\d{3}" + _END), lambda match: not _is_referenced(match)),
    Form("id_number", re.compile(_EDGE + r"(?:E[A-HJ-NP-Z]\d{7}|[EGDSPCLW]\d{8}|C[A-HJ-NP-Z]\d{7}|[HM]\d{8}(?:\d{2})?)" + _END), lambda match: not _is_referenced(match)),
    Form("id_number", re.compile(_EDGE + r"[A-Z]{1,2}\d{6}\([0-9A]\)")),
    Form("id_number", re.compile(_EDGE + r"[157]\d{6}\(\d\)")),
    Form("id_number", re.compile(_EDGE + r"[A-Z]{3}\d{12}" + _END), lambda match: not _is_referenced(match)),
    Form("id_number", re.compile(r"[军南北空海政后参武]字第?\d{6,8}号")),
    Form(
        "id_number",
        re.compile(r"(?:护照|通行证|回乡证|台胞证|居留证|永居证|居住证|证件)" + _IS + r"(?P<v>[A-Za-z]{0,3} ?\d(?: ?\d){5,14}[A-Za-z]?)" + _END),
    ),
    Form(
        "id_number",
        re.compile(r"(?:残疾人?证|军官证|士兵证|警官证|文职证|驾驶证|行驶证|退役证|优待证)(?:档案)?(?:编号)?" + _IS + r"(?P<v>[A-Za-z]{0,2}\d{6,20}[A-Za-z]?)" + _END),
    ),
    # --- bank cards
    Form("bank_card", re.compile(_EDGE + r"(?:62|4\d|5[1-5]|35|37)(?:[ .\-]?\d){12,17}" + _END), _is_bank_card),
    Form("bank_card", re.compile(r"(?:卡号|账号|帐号|账户|存折|银行卡)" + _IS + r"(?P<v>\d(?:[ .\-]?\d){10,20})" + _END)),
    # --- telephones
    Form("phone", re.compile(_NOT_AFTER + _COUNTRY + r"(?<!\d)1[3-9]\d" + _GAP + r"\d{4}" + _GAP + r"\d{4}" + _PHONE_END), is_disguised=True),
    Form("phone", re.compile(_NOT_AFTER + _COUNTRY + r"(?<!\d)1[3-9]\d{2}" + _GAP + r"\d{3}" + _GAP + r"\d{4}" + _PHONE_END), is_disguised=True),
    Form("phone", re.compile(_NOT_AFTER + r"(?:\+|00)?86[- ]?1[3-9]\d" + _GAP + r"\d{4}" + _GAP + r"\d{4}" + _PHONE_END), is_disguised=True),
    Form("phone", re.compile(_NOT_AFTER + r"1(?P<gap>[ .\-_/])[3-9](?:(?P=gap)\d){9}" + _PHONE_END), is_disguised=True),
    Form("phone", re.compile(_EDGE + r"\(?" + _AREA + r"\)?[-. ]{0,3}[2-8]\d{2,3}[-. ]?\d{4}" + _EXTENSION + _PHONE_END), _is_no_office_phone),
    Form("phone", re.compile(r"(?<!\d)(?:\+|00)86[- ]?(?:10|2\d|[3-9]\d{2})[- ]?[2-8]\d{2,3}[- ]?\d{4}" + _EXTENSION + _PHONE_END), _is_no_office_phone),
    Form("phone", re.compile(_PHONE_WORD + _IS + _LOCAL), _is_no_office_phone),
    Form("phone", re.compile(r"(?<![\d+])\+(?!86)[1-9]\d{0,2}(?:[ \-]?\(?\d{2,4}\)?){2,5}" + _PHONE_END), _is_foreign_phone),
    # --- plates
    Form("plate", re.compile(_PROVINCE + r" ?[A-HJ-NP-Za-hj-np-z][. \-]?(?:[A-HJ-NP-Za-hj-np-z0-9]{4}[港澳警学挂领试超使]|(?=[A-Za-z]{0,6}\d)[A-HJ-NP-Za-hj-np-z0-9][. ]?[A-HJ-NP-Za-hj-np-z0-9]{4,5})" + _END)),
    Form("plate", re.compile(r"WJ" + _PROVINCE + r"\d{4}[\dA-Z]" + _END)),
    Form("plate", re.compile(r"(?:车牌照?|牌照)" + _IS + r"(?P<v>[\u4e00-\u9fff]{0,2}[A-Z]?\d{5,7})" + _END)),
    # --- mail and accounts
    Form("mail", re.compile(rf"(?<![\w.+\-]){_MAIL_NAME} ?@ ?(?!(?:[A-Za-z0-9-]{{1,63}}\.){{0,3}}gov\.cn){_MAIL_HOST}")),
    Form("mail", re.compile(rf"(?<![A-Za-z0-9_.+\-]){_MAIL_NAME} ?(?:@|\(at\)|\[at\]|#) ?(?!(?:[A-Za-z0-9-]{{1,63}}\.){{0,3}}gov\.cn){_MAIL_HOST}")),
    Form("mail", re.compile(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{1,8}@[\w-]{1,40}\.(?:中国|公司|网络|com|cn|net)")),
    Form(
        "account",
        re.compile(
            r"(?:[Qq] ?[Qq]|扣扣|企鹅|Q群|微信|薇信|威信|[Ww]e[Cc]hat|weixin|(?<![A-Za-z])[WwVv][Xx]|[加+][vV]|[vV]信|支付宝|抖音|快手|小红书|钉钉|我的?号|本人号)"
            r"(?:群?账?号码?| ?[Ii][Dd]|同号)?[同为是: (\[【]{0,4}" + _HANDLE
        ),
    ),
    Form("account", re.compile(r"(?<![A-Za-z0-9])wxid_[A-Za-z0-9]{4,40}")),
    Form("account", re.compile(r"(?:微博|抖音|快手)(?:名|账号|号)?[: ]{0,2}(?P<v>@[\w-]{2,30})"), _is_handle),
    # --- homes
    Form("home", re.compile(rf"{_BUILDING}-?(?:{_UNIT}-?)?(?:{_FIGURE}{{1,2}}层)?{_ROOM}")),
    Form("home", re.compile(r"\d{1,3}#-\d{1,2}-\d{3,4}(?!\d)")),
    Form("home", re.compile(rf"(?:\d{{1,4}}号)?{_UNIT}{_ROOM}")),
    Form("home", re.compile(rf"{_BUILDING}-?{_UNIT}(?={_ROOM})")),
    Form("home", re.compile(r"\d{1,4}弄\d{1,3}号(?:\d{2,4}室)?")),
    Form("home", re.compile(r"(?<![\dA-Z\-])[A-Z]?\d{3,4}(?:室(?![内外温])|房(?![价产屋地东源租客管费]))"), _is_room),
    Form("home", re.compile(r"(?<![\d\-])\d{1,3}-\d{1,2}-\d{3,4}室")),
    Form("home", re.compile(_HOME_END + r" ?(?P<v>\d{1,3}-\d{1,2}-\d{3,4})(?!\d)")),
    Form("home", re.compile(_HOME_END + r" ?(?P<v>\d{1,2}-\d{3,4})" + _NOT_A_COUNT)),
    Form("home", re.compile(r"住[在址: ]{0,2}(?P<v>\d{1,3}-(?:\d{1,2}-)?\d{3,4})(?!\d)")),
    Form("home", re.compile(r"(?<![A-Za-z0-9\-])[A-Z]\d{0,2}-\d{3,4}" + _NOT_A_COUNT + r"(?=楼上|楼下|室|住户|业主|邻居|隔壁|房)")),
    Form("home", re.compile(rf"(?<=[村庄湾寨屯坪沟])第?{_FIGURE}{{1,3}}[组社队]第?{_FIGURE}{{1,4}}号")),
    Form("home", re.compile(_AT_HOME + r"[^,。;、\n]{0,16}?(?P<v>\d{1,4}(?:-\d{1,3})?号)(?!楼|线|窗|桥|门|口|井|地|公|停)")),
)  # fmt: skip
"""Searched one by one; a later one never hides an earlier one."""
