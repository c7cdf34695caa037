"""The placeholders of letter templates and their values. Their names are Chinese words: clerks edit them.

`freeze_values` says what could change later, as it is on the day of issue; `build_values` puts the words of the entry beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from feedback.kernel.clock import office_day
from feedback.rules import case_markers, decision_grounds, letter_types, review_organs
from feedback.rules.clocks import Clock
from feedback.rules.letter_types import Addressee, LetterType
from feedback.rules.local_ordinances import cite_with_ordinance
from feedback.rules.parties import GUARDIAN, PartyRole
from feedback.rules.preconditions import is_bare_consent
from feedback.rules.read_models import CaseFile, EntryView, PersonView
from feedback.rules.vocabulary import REPLIES, Act, Profile
from routing.directory import Directory
from web.wording import catalogue

UNNUMBERED = "（签发时编号）"

# name: what stands there, and a sample to try a template with
PLACEHOLDERS: Mapping[str, tuple[str, str]] = {
    "标题": ("文书名称", "信访事项受理告知书"),
    "文号": ("发文字号，签发时自动编排", "云信受告〔2026〕12号"),
    "签发单位": ("发出文书的单位全称", "云川区人力资源和社会保障局"),
    "签发日期": ("办理这一步的日期", "2026年11月22日"),
    "主送": ("文书写给谁", "安小娜"),
    "信访人": ("信访人姓名，多人的写明人数", "安小娜"),
    "住址": ("信访人住址，可能为空", "云川区清河街道清波社区8栋402室"),
    "事项编号": ("案卷编号", "20261122-048213"),
    "事项标题": ("信访事项的标题", "餐馆三个月没发工资"),
    "登记日期": ("收到信访事项的日期", "2026年11月20日"),
    "信访类别": ("申诉求决、建议、检举控告等", "申诉求决"),
    "反映内容": ("信访人反映的原话", "老板拖欠我们五个人三个月工资。\n请帮忙要回来。"),
    "请求": ("信访人的请求（信访工作条例第三十二条第一项）", "请求责令结清拖欠的工资。"),
    "依据": ("本文书的法律依据", "《信访工作条例》第二十三条"),
    "承办单位": ("办理这件事的单位", "云川区人力资源和社会保障局"),
    "办理期限": ("办结的最后一日（节假日已顺延）", "2027年1月21日"),
    "去向": ("转送、交办给哪个单位", "云川区人力资源和社会保障局"),
    "办理方式": ("转送或者交办", "转送"),
    "转办期限": ("接收的信访部门登记并转送、交办的最后一日", "2026年12月7日"),
    "先件编号": ("并案时先收到的一件的编号", "20261102-310577"),
    "答复期限": ("答复群众的最后一日（节假日已顺延）", "2027年2月22日"),
    "告知期限": ("受理告知的最后一日", "2026年12月7日"),
    "异议期限": ("提出异议的最后一日", "2026年11月27日"),
    "告知的话": ("经办人另外写给信访人的话，可能为空", "请保持电话畅通。"),
    "理由": ("不予受理或者延期的理由", "涉及多个部门，需要进一步核实。"),
    "应向哪里提出": ("告知信访人应到哪里反映", "云川区劳动人事争议仲裁委员会"),
    "需要补充的内容": ("请信访人补充什么", "请补充劳动合同或者工资条。"),
    "延长天数": ("延长多少日", "30"),
    "延长后期限": ("延长后的最后一日", "2027年2月22日"),
    "恢复办理日期": ("挂账到哪一天恢复办理", "2026年12月31日"),
    "申请理由": ("信访人申请复查、复核的理由", "处理意见没有核实加班工资。"),
    "事实和理由": ("查明的事实和理由（第三十二条第二项）", "经到店核实，拖欠工资情况属实。"),
    "写给哪位领导": ("领导信箱的来信写给谁", "县长"),
    "批示要点": ("领导批示的要点，可能为空", "请自然资源局核实并答复。"),
    "终止情形": ("终止办理属于哪种情形", "信访人死亡，没有承继人，或者承继人不再提出"),
    "简易办理期限": ("简易办理答复的最后一日", "2026年12月4日"),
    "处理意见": ("处理意见、答复或者复查复核意见", "责令该店三日内结清工资。"),
    "处理结论": ("予以支持、解释说明、不予支持，可能为空", "予以支持"),
    "重新办理单位": ("责令重新办理时，由哪个单位重新办理，其他结论为空", "云川区人力资源和社会保障局"),
    "法律依据": ("处理意见的法律依据（第三十二条第三项）", "《保障农民工工资支付条例》第十六条"),
    "原办理单位": ("作出上一次意见的单位", "云川区人力资源和社会保障局"),
    "救济名称": ("复查或者复核", "复查"),
    "救济机关": ("可以向哪个单位请求复查、复核", "云平市人力资源和社会保障局"),
    "救济期限": ("请求复查、复核的最后一日（节假日已顺延）", "2027年2月18日"),
    "办结报告期限": ("交办时写明的办理期限", "2026年12月31日"),
    "办理情况": ("办结报告的内容", "已责令该店结清五人工资。"),
    "报告内容": ("重大、紧急信访事项的核实和处置情况", "已派人到场，人员情绪稳定，正在协调发放工资。"),
    "法定途径": ("依法应当走的程序", "仲裁"),
    "途径说明": ("这种程序向哪里提出", "请向有管辖权的仲裁机构申请仲裁，由其依法裁决。"),
    "途径期限": ("这种程序自己的期限", "劳动人事争议一般应当自知道权利被侵害之日起一年内申请仲裁"),
    "听证事项": ("听证的事由、时间和地点", "定于2026年12月3日上午9时在区信访局听证室举行听证。"),
    "听证日期": ("听证日期，可能为空", "2026年12月3日"),
    "听证结论": ("听证结论", "双方对拖欠数额没有异议。"),
    "协议内容": ("调解、和解达成的协议", "一、三日内结清工资。\n二、双方再无争议。"),
    "送达文书": ("送达的是哪份文书", "《信访事项处理意见书》（云信处〔2026〕3号）"),
    "送达日期": ("信访人收到的日期", "2026年11月25日"),
    "送达方式": ("直接送达、邮寄送达等，可能为空", "直接送达"),
    "建议事项": ("建议或者措施的标题", "完善劳动监察投诉的答复时限"),
    "建议内容": ("建议或者措施的内容", "请在一个月内修订内部办理规程。"),
    "反馈期限": ("书面反馈的最后一日", "2026年12月22日"),
    "反馈要求": ("要求怎样反馈", "采纳情况；部分采纳或者不采纳的说明理由"),
    "督办事由": ("为什么督办", "逾期没有办结"),
    "要求完成日期": ("督办要求的完成日期，可能为空", "2026年11月30日"),
    "督办要求": ("督办人员的要求", "请于三日内办结并报告原因。"),
    "答复督办期限": ("答复督办的最后一日", "2026年11月27日"),
    "联系单位": ("有疑问找哪个单位", "云川区人力资源和社会保障局"),
    "联系电话": ("联系电话，没有时用热线电话", "0990-5550123"),
    "联系地址": ("联系地址，可能为空", "云川区政务路1号"),
    "查询网址": ("查询办理进度的网址", "https://xinqiao.example.cn/lookup"),
    "核验网址": ("核对文书真伪的网址", "https://xinqiao.example.cn/letters/verify"),
    "核验码": ("二十位核验码，每份文书不同", "1234 5678 9012 3456 7890"),
    "二维码": ("核验二维码图片", ""),
    "摘要": ("文书内容的摘要，供核对", "9f86d081884c7d65"),
}


@dataclass(frozen=True, slots=True)
class IssueDetails:
    """What a letter carries because it was issued: number, code and digest; or nothing yet, in a preview."""

    number: str = UNNUMBERED
    code: str = ""
    digest: str = ""


def format_day(day: date) -> str:
    """2026年11月22日, as letters write it."""
    return f"{day.year}年{day.month}月{day.day}日"


def freeze_values(
    letter_type: LetterType,
    file: CaseFile,
    entry: EntryView,
    clocks: Iterable[Clock],
    directory: Directory,
    phone: str,
    delivered: str = "",
) -> dict[str, str]:
    """What could change later, in words, as it is now. `phone`: the hotline, for units that have none; `delivered`:
    the letter an act of delivery is about."""
    unit = find_issuer(file, entry)
    holder = find_holder(file, entry.seq) or file.desk
    clocks_by_term = {
        clock.term: clock
        for clock in clocks
        if clock.seq == entry.seq or clock.term in _EARLIER_TERMS.get(letter_type.act, ())
    }
    issuer = directory.by_code.get(unit)
    values = {
        "签发单位": directory.name(unit),
        "承办单位": directory.name(holder),
        "联系单位": directory.name(unit),
        "联系电话": (issuer.phone if issuer else "") or phone,
        "联系地址": issuer.address if issuer else "",
        "主送": _addressee(letter_type, file, entry, holder, directory),
        "去向": directory.name(str(entry.data.get(_TARGET_FIELDS.get(entry.act, ""), ""))),
        "原办理单位": directory.name(find_previous_unit(file, entry.seq)),
        "送达文书": delivered,
        "依据": letter_types.cite_law(_find_law(letter_type, file, entry)),
    }
    for term, placeholder in _PLACEHOLDER_BY_TERM.items():
        if term in clocks_by_term:
            values[placeholder] = format_day(clocks_by_term[term].due_legal_day)
    if letter_type.act == Act.EXTEND and "办理期限" in values:
        values["延长后期限"] = values["办理期限"]
    for term, name in (("ask_review", "复查"), ("ask_re_review", "复核")):
        if term in clocks_by_term:
            values |= {"救济名称": name, "救济期限": format_day(clocks_by_term[term].due_legal_day)}
    if letter_type.act == Act.REPLY:
        values["救济机关"] = (
            directory.name(directory.superior(unit)) if directory.superior(unit) else "上一级机关、单位"
        )
    if entry.data.get("outcome") == decision_grounds.REDO:
        values["重新办理单位"] = directory.name(find_first_decider(file.entries))
    return {name: words for name, words in values.items() if words}


def _addressee(letter_type: LetterType, file: CaseFile, entry: EntryView, holder: str, directory: Directory) -> str:
    match letter_type.to:
        case Addressee.UNIT:
            return directory.name(str(entry.data.get("addressee") or holder))
        case Addressee.DESK:
            return directory.name(file.desk)
        case Addressee.OTHER_DESK:
            return directory.name(str(entry.data.get("desk", "")))
        case Addressee.ABOVE:
            return "、".join(map(directory.name, entry.data.get("units", ()))) or _SUPERIOR_BODIES
        case _:
            return ""


_TARGET_FIELDS: Mapping[str, str] = {Act.ASSIGN: "unit", Act.TRANSFER: "desk"}
"""What names whom a matter was sent to, in the acts that send it."""

_SUPERIOR_BODIES = "本级党委和政府、上级主管部门、信访工作联席会议办公室"
"""Whom 第二十五条 names, where the report itself names nobody."""


_PLACEHOLDER_BY_TERM: Mapping[str, str] = {
    "forward": "转办期限",
    "answer": "答复期限",
    "notify": "告知期限",
    "object": "异议期限",
    "resolve": "办理期限",
    "simple_resolve": "简易办理期限",
    "review": "办理期限",
    "re_review": "办理期限",
    "supervision": "答复督办期限",
    "report_back": "办结报告期限",
    "on_account": "恢复办理日期",
}
_EARLIER_TERMS: Mapping[str, tuple[str, ...]] = {
    # an extension moves a clock that began earlier; so does accepting in a review, whose clock began with the request
    Act.EXTEND: ("resolve",),
    Act.TO_ORDINARY: ("resolve",),
    Act.ACCEPT: ("review", "re_review"),
    Act.DELIVER: ("ask_review", "ask_re_review"),
    Act.MERGE: ("answer",),
}


def find_issuer(file: CaseFile, entry: EntryView) -> str:
    """The unit that signs: whose member acted; the desk for what the system did."""
    return entry.unit or file.desk


def find_holder(file: CaseFile, seq: int) -> str:
    """The unit that led the case after that many entries."""
    assigned = [e for e in file.entries if e.seq <= seq and e.act in (Act.ASSIGN, Act.ANSWER_MERGED)]
    return str(assigned[-1].data.get("unit", "")) if assigned else ""


def find_previous_unit(file: CaseFile, seq: int) -> str:
    """The unit whose opinion is under review."""
    answers = [e.unit for e in file.entries if e.seq < seq and e.act in REPLIES]
    return answers[-1] if answers else ""


def find_first_decider(entries: Sequence[EntryView]) -> str:
    """The unit whose answer the reviews were about: who does it again when a review orders so."""
    deciders = review_organs.list_deciders((entry.act, entry.data) for entry in entries)
    return deciders[0] if deciders else ""


def build_values(
    letter_type: LetterType,
    file: CaseFile,
    entry: EntryView,
    facts: Mapping[str, str],
    person: PersonView | None,
    issue: IssueDetails,
    address: str,
) -> dict[str, str]:
    """What stands in each placeholder of a letter. `address`: where this installation is found by people."""
    values = dict.fromkeys(PLACEHOLDERS, "") | dict(facts)
    petitioner_name = name_petitioner(person, file, entry.seq)
    data = {name: str(value) for name, value in entry.data.items() if isinstance(value, str | int)}
    text = data.get("text", "")
    values |= {
        "标题": letter_type.title,
        "签发日期": format_day(office_day(entry.at)),
        "主送": facts.get("主送") or petitioner_name,
        "信访人": petitioner_name,
        "住址": person.address if person else "",
        "事项编号": file.no,
        "事项标题": file.title,
        "登记日期": format_day(office_day(file.received_at)),
        "信访类别": catalogue.KINDS[file.kind.value],
        "反映内容": file.text,
        "请求": file.text,
        "依据": facts.get("依据") or letter_types.cite_law(_find_law(letter_type, file, entry)),
        "告知的话": text,
        "理由": _join_reasons(letter_type, data),
        "应向哪里提出": data.get("where_instead", ""),
        "需要补充的内容": text,
        "先件编号": data.get("case", ""),
        "办理方式": catalogue.CHOICES["mode"][data.get("mode") or "forward"],
        "延长天数": data.get("days", ""),
        "申请理由": find_review_reason(file.entries, entry.seq),
        "事实和理由": data.get("facts", ""),
        "处理意见": text,
        "处理结论": catalogue.OUTCOMES.get(data.get("outcome", ""), ""),
        "法律依据": data.get("basis", ""),
        "报告内容": text,
        "督办事由": _choice_label(Act.SUPERVISE, "trigger", data),
        "要求完成日期": _format_iso_day(data.get("target_day", "")),
        "办理情况": text,
        "听证事项": _hearing_text(file, entry),
        "听证日期": _format_iso_day(data.get("day", "") or _last_value(file.entries, entry.seq, Act.HEARING, "day")),
        "听证结论": text,
        "协议内容": text,
        "送达日期": _format_iso_day(data.get("day", "")) or format_day(office_day(entry.at)),
        "送达方式": catalogue.CHOICES["way"].get(data.get("way", ""), ""),
        "写给哪位领导": str(_particulars(file).get("leader", "")),
        "批示要点": str(_particulars(file).get("instruction", "")),
        "终止情形": _choice_label(Act.TERMINATE, "ground", data),
        "督办要求": data.get("reason", ""),
    }
    values |= _issue_values(issue, address)
    if route := decision_grounds.find_ground(Act.DIVERT, "legal_route", data.get("legal_route", "")):
        values |= {"法定途径": route.label, "途径说明": route.says, "途径期限": route.own_limit}
    if letter_type.act == Act.ASSIGN and not values["办结报告期限"]:
        values["办结报告期限"] = values["要求完成日期"]
    return values


def _find_law(letter_type: LetterType, file: CaseFile, entry: EntryView) -> str:
    """The law of the choice that was made, where there is one; else the letter's own in that stage."""
    for act, need in _CITED_CHOICES:
        if letter_type.act == act and (
            ground := decision_grounds.find_ground(act, need, str(entry.data.get(need, "")))
        ):
            return cite_with_ordinance(letter_type.act, letter_type.profiles, ground.law)
    law = letter_type.law_in(letter_types.stage_of_acts(e.act for e in file.entries if e.seq <= entry.seq))
    return cite_with_ordinance(letter_type.act, letter_type.profiles, law)


_CITED_CHOICES = ((Act.DECLINE, "ground"), (Act.DIVERT, "legal_route"), (Act.TERMINATE, "ground"))


def _choice_label(act: Act, need: str, data: Mapping[str, str]) -> str:
    ground = decision_grounds.find_ground(act, need, data.get(need, ""))
    return ground.label if ground else ""


def _join_reasons(letter_type: LetterType, data: Mapping[str, str]) -> str:
    """The ground as its row says it, then the words of whoever decided.

    Of more time: why it was asked for. That the desk agreed is no reason; the head of the unit may add to it.
    """
    label, reason, cause = _choice_label(Act.DECLINE, "ground", data), data.get("reason", ""), data.get("cause", "")
    if cause and (letter_type.profiles == frozenset({Profile.HOTLINE}) or is_bare_consent(reason)):
        reason = ""
    return "\n".join(dict.fromkeys(words for words in (f"{label}。" if label else "", cause, reason) if words))


def _format_iso_day(text: str) -> str:
    try:
        return format_day(date.fromisoformat(text)) if text else ""
    except ValueError:
        return text


def _last_value(entries: Sequence[EntryView], seq: int, act: Act, name: str) -> str:
    """What the last such act before brought."""
    texts = [str(e.data.get(name, "")) for e in entries if e.seq <= seq and e.act == act]
    return texts[-1] if texts else ""


def _hearing_text(file: CaseFile, entry: EntryView) -> str:
    """What a hearing is (or was) about, when and where."""
    return _last_value((*file.entries, entry), entry.seq, Act.HEARING, "text")


def _particulars(file: CaseFile) -> Mapping[str, object]:
    """What the desk noted when it took the case in; nothing for whom the first entry holds none."""
    particulars = file.entries[0].data.get("particulars", {})
    return particulars if isinstance(particulars, Mapping) else {}


def name_petitioner(person: PersonView | None, file: CaseFile, seq: int) -> str:
    """How a letter issued with entry `seq` names whom it is about: 安小娜等5人; a minor with the guardian, a dead one by the heir."""
    name = (person.name if person and person.name != "匿名" else "") or "信访人"
    name = f"{name}等{file.headcount}人" if file.headcount > 1 else name
    joined = [party for party in file.beside if party.seq <= seq]
    if heirs := [party.person.name for party in joined if party.role == PartyRole.HEIR]:
        return f"{heirs[-1]}（承继人，原信访人{name}）"
    markers = case_markers.compute_markers((Act(e.act), e.data) for e in file.entries if e.seq <= seq)
    guardians = [party.person.name for party in joined if party.kind == GUARDIAN]
    return f"{name}（监护人{'、'.join(guardians)}）" if guardians and case_markers.MINORS & set(markers) else name


def find_review_reason(entries: Sequence[EntryView], seq: int) -> str:
    """The reason given for the review that is under way."""
    reasons = [str(e.data.get("reason", "")) for e in entries if e.seq <= seq and e.act in (Act.REVIEW, Act.RE_REVIEW)]
    return reasons[-1] if reasons else ""


@dataclass(frozen=True, slots=True)
class OfficeLetterValues:
    """What a letter between offices says that belongs to no case."""

    about: str  # its own number
    unit: str  # to whom
    issuer: str
    title: str
    text: str
    wants: str  # how they must answer
    due_day: date
    at: datetime


def freeze_unit_values(
    letter_type: LetterType, values: OfficeLetterValues, directory: Directory, phone: str, conference: str
) -> dict[str, str]:
    """All that such a letter says. `conference`: the name of the joint conference, which signs what only it may do."""
    issuer = directory.by_code.get(values.issuer)
    return {
        "标题": letter_type.title,
        "签发单位": conference if letter_type.signed_by_conference else directory.name(values.issuer),
        "签发日期": format_day(office_day(values.at)),
        "主送": directory.name(values.unit),
        "承办单位": directory.name(values.unit),
        "事项编号": values.about,
        "事项标题": values.title,
        "建议事项": values.title,
        "建议内容": values.text,
        "反馈要求": values.wants,
        "反馈期限": format_day(values.due_day),
        "依据": letter_types.cite_law(letter_type.law),
        "联系单位": directory.name(values.issuer),
        "联系电话": (issuer.phone if issuer else "") or phone,
        "联系地址": issuer.address if issuer else "",
    }


def build_unit_values(facts: Mapping[str, str], issue: IssueDetails, address: str) -> dict[str, str]:
    """What stands in each placeholder of such a letter."""
    return dict.fromkeys(PLACEHOLDERS, "") | dict(facts) | _issue_values(issue, address)


def _issue_values(issue: IssueDetails, address: str) -> dict[str, str]:
    """Number, code and addresses: what every letter carries."""
    return {
        "文号": issue.number,
        "查询网址": f"{address}/lookup",
        "核验网址": f"{address}/letters/verify",
        "核验码": " ".join(issue.code[offset : offset + 4] for offset in range(0, len(issue.code), 4)),
        "摘要": issue.digest[:16],
    }


def sample_values() -> dict[str, str]:
    """One value for every placeholder, to try a template with."""
    return {name: example for name, (_, example) in PLACEHOLDERS.items()}
