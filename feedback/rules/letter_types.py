"""Types of official letters (文书). The table LETTERS: which act issues which, to whom, numbered how, stating what.

An act issues every letter whose row fits it. What a letter must state are placeholders; a template without one of them
is refused. Acts are named by their codes, so that a row may wait for its act. No I/O.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from feedback.rules import decision_grounds
from feedback.rules.imported_history import IMPORTER
from feedback.rules.lifecycle import CLAIMS, PLATFORM_RULE, SIMPLE_LAW
from feedback.rules.vocabulary import STAGE_AFTER, Act, Kind, Profile, Stage

NON_ISSUING_ACTORS = frozenset({IMPORTER})
"""Who only enters what another system did: its letters were that system's."""


class Addressee(StrEnum):
    """To whom a letter goes (主送)."""

    PETITIONER = "petitioner"
    UNIT = "unit"  # the unit that is named, or leads the case
    DESK = "desk"  # the reception desk that assigned it
    OTHER_DESK = "other_desk"  # the reception desk it is handed to
    ABOVE = "above"  # who must know at once: Party committee and government, the department above, the joint conference
    FILE = "file"  # nobody: it stays in the file


@dataclass(frozen=True, slots=True)
class LetterType:
    """One row: which act issues it, in which cases, to whom, with which number, by which law, and what it must state."""

    code: str
    title: str
    act: str
    to: Addressee
    series: str  # the word in the number: 受告 in 云信受告〔2026〕12号
    law: str
    states: tuple[str, ...]
    profiles: frozenset[Profile]
    kinds: frozenset[Kind]
    stages: frozenset[Stage] = field(default_factory=lambda: frozenset(Stage))
    where: tuple[tuple[str, frozenset[str]], ...] = ()  # what the act must have brought; "" stands for nothing
    only_named: bool = False  # no duty towards somebody who left no name (信访工作条例 第二十三条第二款)
    direct: bool | None = None  # True: only when the desk keeps the matter itself, False: only when it does not
    internal: bool = False  # for staff only
    signed_by_conference: bool = False  # 信访工作联席会议 signs, not the office that works for it (第三十九条)
    law_by_stage: tuple[tuple[Stage, str], ...] = ()  # stages that rest on another article

    def law_in(self, stage: Stage) -> str:
        """What it rests on in a case of that stage."""
        return dict(self.law_by_stage).get(stage, self.law)

    def fits(self, act: str, data: Mapping[str, object], context: "LetterContext") -> bool:
        return (
            act == self.act
            and context.profile in self.profiles
            and context.kind in self.kinds
            and context.stage in self.stages
            and (context.named or not self.only_named)
            and self.direct in (None, context.direct)
            and all(str(data.get(name) or "") in allowed for name, allowed in self.where)
        )


@dataclass(frozen=True, slots=True)
class LetterContext:
    """What of a case decides which letters an act issues."""

    profile: Profile
    kind: Kind
    stage: Stage
    named: bool
    direct: bool = False  # the unit that handles it is the desk that took it in


P, K, S = Profile, Kind, Stage
_PETITION = frozenset({P.PETITION})
_HOTLINE = frozenset({P.HOTLINE})
_OPEN = CLAIMS | {K.SUGGEST}  # a report is answered by the discipline organs' own rules (第二十三条第四款)
_ALL = frozenset(K) - {K.RECTIFY}
_RE_REVIEW_HEARING = ((S.RE_REVIEW, "信访工作条例 第三十六条第二款"),)
_FIRST, _REVIEW, _RE_REVIEW = frozenset({S.FIRST}), frozenset({S.REVIEW}), frozenset({S.RE_REVIEW})


def _letter(
    code: str, title: str, act: str, to: Addressee, series: str, law: str, states: str, **extra_columns: object
) -> LetterType:
    columns = {"profiles": _PETITION, "kinds": _OPEN, **extra_columns}
    return LetterType(code, title, act, to, series, law, tuple(states.split()), **columns)  # type: ignore[arg-type] # keywords are checked by the dataclass


def _grounds(letter: decision_grounds.GroundLetter, *, also: str = "none") -> tuple[tuple[str, frozenset[str]], ...]:
    """The grounds told by that letter. `also=""`: refusals of before there were grounds."""
    return (("ground", frozenset({row.code for row in decision_grounds.GROUNDS if row.letter is letter} | {also})),)


def _where(**allowed: str) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((name, frozenset(words.split("|"))) for name, words in allowed.items())


# fmt: off
LETTERS: tuple[LetterType, ...] = (
    # --- 受理与转办
    _letter("mailbox_slip", "领导信箱来信登记单", "submit", Addressee.FILE, "信箱", "信访工作条例 第十七条、第二十二条",
            "事项标题 事项编号 登记日期 信访人 写给哪位领导 反映内容 依据", profiles=_PETITION | _HOTLINE, kinds=_ALL, where=_where(channel="mailbox"), internal=True),
    _letter("accept_notice", "信访事项受理告知书", "accept", Addressee.PETITIONER, "受告", "信访工作条例 第二十三条",
            "信访人 事项标题 事项编号 依据 办理期限 联系电话", stages=_FIRST, only_named=True, direct=False, where=_where(procedure="|ordinary")),
    _letter("receipt_notice", "信访事项接收告知书", "accept", Addressee.PETITIONER, "接告", "信访工作条例 第二十三条第一款、第二款",
            "信访人 事项标题 事项编号 登记日期 承办单位 依据 办理期限 联系电话", stages=_FIRST, only_named=True, direct=True, where=_where(procedure="|ordinary")),
    _letter("simple_accept_notice", "信访事项简易办理受理告知书", "accept", Addressee.PETITIONER, "简受", f"信访工作条例 第二十三条；{SIMPLE_LAW}",
            "信访人 事项标题 事项编号 登记日期 承办单位 依据 简易办理期限 联系电话", stages=_FIRST, only_named=True, where=_where(procedure="simple")),
    _letter("to_ordinary_notice", "信访事项转为普通程序办理告知书", "to_ordinary", Addressee.PETITIONER, "转普", f"信访工作条例 第三十四条；{SIMPLE_LAW}",
            "信访人 事项标题 事项编号 理由 依据 办理期限 联系电话", stages=_FIRST, only_named=True),
    _letter("review_accept_notice", "信访事项复查受理告知书", "accept", Addressee.PETITIONER, "复查受", "信访工作条例 第三十五条",
            "信访人 事项标题 依据 办理期限 联系电话", kinds=CLAIMS, stages=_REVIEW),
    _letter("re_review_accept_notice", "信访事项复核受理告知书", "accept", Addressee.PETITIONER, "复核受", "信访工作条例 第三十六条",
            "信访人 事项标题 依据 办理期限 联系电话", kinds=CLAIMS, stages=_RE_REVIEW),
    _letter("forward_slip", "信访事项转送单", "assign", Addressee.UNIT, "转", "信访工作条例 第二十二条",
            "主送 事项标题 事项编号 反映内容 依据 告知期限 异议期限", kinds=_ALL, where=_where(mode="|forward"), direct=False, internal=True),
    _letter("forwarded_notice", "信访事项转送（交办）去向告知书", "assign", Addressee.PETITIONER, "转告", "信访工作条例 第二十二条、第二十三条第一款",
            "信访人 事项标题 事项编号 登记日期 办理方式 去向 告知期限 依据 联系电话", stages=_FIRST, only_named=True, direct=False),
    _letter("handed_on_notice", "信访事项转送去向告知书", "transfer", Addressee.PETITIONER, "移告", "信访工作条例 第二十二条第一款第二项、第二十三条第一款",
            "信访人 事项标题 事项编号 登记日期 去向 理由 转办期限 依据 联系电话", stages=_FIRST, only_named=True),
    _letter("transfer_slip", "信访事项转送函", "transfer", Addressee.OTHER_DESK, "转函", "信访工作条例 第二十二条第一款第二项",
            "主送 事项标题 事项编号 反映内容 理由 依据", kinds=_ALL, internal=True),
    _letter("commission_order", "信访事项交办函", "assign", Addressee.UNIT, "交", "信访工作条例 第二十二条第一款第三项",
            "主送 事项标题 事项编号 反映内容 办结报告期限 依据", kinds=_ALL, where=_where(mode="commission"), internal=True),
    _letter("not_accepted_notice", "信访事项不予受理告知书", "decline", Addressee.PETITIONER, "不受告", "信访工作条例 第十九条第三款、第二十三条",
            "信访人 事项标题 理由 应向哪里提出 依据 联系电话", where=_grounds(decision_grounds.GroundLetter.NOT_ACCEPTED, also="")),
    _letter("not_again_notice", "信访事项不再受理告知书", "decline", Addressee.PETITIONER, "不再告", "信访工作条例 第三十六条第三款",
            "信访人 事项标题 理由 应向哪里提出 依据 联系电话", where=_grounds(decision_grounds.GroundLetter.NOT_AGAIN)),
    _letter("guide_notice", "信访事项告知书", "decline", Addressee.PETITIONER, "告", "信访工作条例 第二十三条第二款",
            "信访人 事项标题 理由 应向哪里提出 依据 联系电话", kinds=_ALL, where=_grounds(decision_grounds.GroundLetter.GUIDE)),
    _letter("divert_notice", "信访事项程序性告知书", "divert", Addressee.PETITIONER, "程告", "信访工作条例 第三十一条第一项至第五项",
            "信访人 事项标题 法定途径 告知的话 依据 联系电话", kinds=CLAIMS),
    _letter("hotline_declined", "12345热线诉求不予受理告知书", "decline", Addressee.PETITIONER, "热不受", "国办发〔2020〕53号",
            "信访人 事项标题 理由 应向哪里提出 依据 联系电话", profiles=_HOTLINE, kinds=_ALL),
    _letter("merge_notice", "信访事项并案告知书", "merge", Addressee.PETITIONER, "并告", "信访工作条例 第二十二条、第二十三条第一款",
            "信访人 事项标题 事项编号 登记日期 先件编号 理由 答复期限 依据 联系电话", kinds=_OPEN, only_named=True),
    _letter("hotline_merged", "12345热线工单并案告知函", "merge", Addressee.PETITIONER, "热并", "国办发〔2020〕53号",
            "信访人 事项标题 事项编号 登记日期 先件编号 理由 答复期限 依据 联系电话", profiles=_HOTLINE, kinds=_ALL, only_named=True),
    _letter("termination_notice", "信访事项终止办理告知书", "terminate", Addressee.PETITIONER, "终告", "民法典 第十三条、第一千一百二十二条",
            "信访人 事项标题 事项编号 登记日期 终止情形 理由 依据 联系电话", kinds=_ALL),
    _letter("hotline_terminated", "12345热线工单终止办理告知函", "terminate", Addressee.PETITIONER, "热终", "民法典 第十三条、第一千一百二十二条",
            "信访人 事项标题 事项编号 登记日期 终止情形 理由 依据 联系电话", profiles=_HOTLINE, kinds=_ALL),
    # --- 办理
    _letter("urgent_report", "重大紧急信访信息报告", "report_up", Addressee.ABOVE, "急报", "信访工作条例 第二十五条",
            "主送 事项标题 事项编号 登记日期 信访人 反映内容 报告内容 依据 联系电话", kinds=_ALL, internal=True),
    _letter("personnel_notice", "反映干部问题信访情况通报", "notify_personnel", Addressee.ABOVE, "组通", "信访工作条例 第三十条第二款",
            "主送 事项标题 事项编号 登记日期 反映内容 报告内容 依据 联系电话", kinds=_ALL, internal=True),
    _letter("supplement_notice", "补充材料通知书", "ask", Addressee.PETITIONER, "补", "信访工作条例 第十九条",
            "信访人 事项标题 需要补充的内容 依据 联系电话", only_named=True),
    _letter("extension_notice", "延期办理告知书", "extend", Addressee.PETITIONER, "延告", "信访工作条例 第三十四条",
            "信访人 事项标题 理由 延长天数 延长后期限 依据"),
    _letter("hotline_extension", "12345热线工单延期告知函", "extend", Addressee.PETITIONER, "热延", PLATFORM_RULE,
            "信访人 事项标题 事项编号 承办单位 理由 延长天数 延长后期限 依据 联系电话", profiles=_HOTLINE, kinds=_ALL),
    _letter("hotline_hold", "12345热线工单挂账告知函", "hold", Addressee.PETITIONER, "热挂", PLATFORM_RULE,
            "信访人 事项标题 事项编号 承办单位 理由 恢复办理日期 依据 联系电话", profiles=_HOTLINE, kinds=_ALL),
    _letter("hearing_notice", "信访事项听证通知书", "hearing", Addressee.PETITIONER, "听通", "信访工作条例 第三十一条第六项",
            "信访人 事项标题 听证事项 依据 联系电话", kinds=CLAIMS, law_by_stage=_RE_REVIEW_HEARING),
    _letter("hearing_record", "信访事项听证笔录", "end_hearing", Addressee.FILE, "听笔", "信访工作条例 第三十一条第六项",
            "信访人 事项标题 听证事项 听证结论 依据", kinds=CLAIMS, law_by_stage=_RE_REVIEW_HEARING),
    _letter("mediation_record", "信访事项调解（和解）协议书", "mediate", Addressee.FILE, "调", "信访工作条例 第三十三条",
            "信访人 事项标题 协议内容 依据", kinds=CLAIMS),
    # --- 答复
    _letter("opinion", "信访事项处理意见书", "reply", Addressee.PETITIONER, "处", "信访工作条例 第三十一条第六项、第三十二条、第三十四条",
            "信访人 请求 事实和理由 处理意见 法律依据 救济机关 救济期限", kinds=CLAIMS, stages=_FIRST),
    _letter("suggestion_reply", "信访事项答复意见书", "reply", Addressee.PETITIONER, "答", "信访工作条例 第二十九条",
            "信访人 请求 处理意见 依据", kinds=frozenset({K.SUGGEST})),
    _letter("review_opinion", "信访事项复查意见书", "reply", Addressee.PETITIONER, "复查", "信访工作条例 第三十五条",
            "信访人 请求 申请理由 事实和理由 处理意见 法律依据 救济机关 救济期限", kinds=CLAIMS, stages=_REVIEW),
    _letter("re_review_opinion", "信访事项复核意见书", "reply", Addressee.PETITIONER, "复核", "信访工作条例 第三十六条",
            "信访人 请求 申请理由 事实和理由 处理意见 法律依据", kinds=CLAIMS, stages=_RE_REVIEW),
    _letter("result_notice", "实名检举控告处理结果告知书", "notify_result", Addressee.PETITIONER, "果告", "信访工作条例 第三十条；纪检监察机关处理检举控告工作规则（实名检举控告的告知）",
            "信访人 事项编号 登记日期 处理意见 送达方式 依据 联系电话", kinds=frozenset({K.REPORT}), only_named=True),
    _letter("delivery_receipt", "送达回证", "deliver", Addressee.FILE, "送", "信访工作条例 第三十五条、第三十六条",
            "信访人 送达文书 送达日期 送达方式 事项编号", kinds=_ALL - {K.REPORT}),
    _letter("completion_report", "信访事项办结报告", "report_back", Addressee.DESK, "报", "信访工作条例 第二十二条第一款第三项",
            "主送 事项标题 事项编号 办理情况 依据", kinds=_ALL, internal=True),
    _letter("hotline_reply", "12345热线工单答复函", "reply", Addressee.PETITIONER, "热答", "国办发〔2020〕53号",
            "信访人 事项标题 处理意见 依据 联系电话", profiles=_HOTLINE, kinds=_ALL),
    # --- 督办
    _letter("supervision_order", "督办函", "supervise", Addressee.UNIT, "督", "信访工作条例 第四十条",
            "主送 事项标题 事项编号 督办事由 督办要求 答复督办期限 依据", kinds=_ALL, internal=True),
    _letter("hotline_supervision", "12345热线督办函", "supervise", Addressee.UNIT, "热督", "国办发〔2020〕53号",
            "主送 事项标题 事项编号 督办事由 督办要求 答复督办期限 依据", profiles=_HOTLINE, kinds=_ALL, internal=True),
)

MEASURE = "measure"
_OF_THE_CONFERENCE = frozenset({"interview", "circular", "listed", "rectify_by"})
MEASURE_LETTERS: tuple[LetterType, ...] = tuple(
    # --- 三项建议 and what the joint conference may do: between offices, about no single case
    _letter(code, title, MEASURE, Addressee.UNIT, series, law, "主送 建议事项 建议内容 反馈期限 依据", profiles=frozenset(), kinds=frozenset(), where=_where(kind=kind), internal=True, signed_by_conference=kind in _OF_THE_CONFERENCE)
    for kind, code, title, series, law in (
        ("improve",     "improve_suggestion",   "改进工作建议书", "改建", "信访工作条例 第十四条第六项、第四十条"),
        ("policy",      "policy_suggestion",    "完善政策建议书", "政建", "信访工作条例 第十四条第六项、第四十条"),
        ("hold_liable", "liability_suggestion", "追究责任建议书", "责建", "信访工作条例 第十四条第六项、第四十条"),
        ("interview",   "interview_notice",     "约谈通知书",     "约",   "信访工作条例 第三十九条"),
        ("circular",    "circular",             "信访工作通报",   "通",   "信访工作条例 第三十九条"),
        ("listed",      "listed_supervision",   "挂牌督办通知书", "挂督", "信访工作条例 第三十九条"),
        ("rectify_by",  "rectification_order",  "限期整改通知书", "限改", "信访工作条例 第三十九条"),
    )
)
# fmt: on

ALL: tuple[LetterType, ...] = (*LETTERS, *MEASURE_LETTERS)
BY_CODE: Mapping[str, LetterType] = {letter.code: letter for letter in ALL}
_ISSUES_LETTERS_OF: Mapping[str, str] = {Act.ANSWER_MERGED: Act.REPLY}
"""Acts that issue the letters of another: a merged case is answered in writing like the case that led."""

ACTS: frozenset[str] = frozenset(letter.act for letter in LETTERS) | frozenset(_ISSUES_LETTERS_OF)


def select_letters(act: str, data: Mapping[str, object], context: LetterContext) -> tuple[LetterType, ...]:
    """The letters an act issues."""
    issuing_act = _ISSUES_LETTERS_OF.get(act, act)
    return tuple(letter for letter in LETTERS if letter.fits(issuing_act, data, context))


def find_measure_letter(kind: str) -> LetterType | None:
    """The letter a measure (三项建议、约谈、通报、挂牌督办、限期整改) is told by."""
    return next((letter_type for letter_type in MEASURE_LETTERS if kind in dict(letter_type.where)["kind"]), None)


def list_letter_acts(context: LetterContext) -> frozenset[str]:
    """The acts that may issue a letter in such a case, whatever they bring."""
    return frozenset(
        letter_type.act for letter_type in LETTERS if replace(letter_type, where=()).fits(letter_type.act, {}, context)
    )


def stage_of_acts(acts: Iterable[str]) -> Stage:
    """The stage a case is in after these acts, which are in order."""
    stage = Stage.FIRST
    for act in acts:
        stage = STAGE_AFTER.get(Act(act), stage)
    return stage


def series_name(letter: LetterType, mark: str, *, confidential: bool) -> str:
    """The series a letter is numbered in: 云信受告. A report's letters have one of their own: a gap would tell of it."""
    return f"{mark}{'密' if confidential else ''}{letter.series}"


def letter_number(series: str, day: date, sequence: int) -> str:
    """云信受告〔2026〕12号."""
    return f"{series}〔{day.year}〕{sequence}号"


def cite_law(law: str) -> str:
    """A row's law as a letter quotes it: 《信访工作条例》第二十三条."""
    parts = []
    for part in law.split("；"):
        name, _, articles = part.partition(" ")
        instrument = name.partition("（")[0]
        parts.append(f"《{name}》{articles}" if articles else _INSTRUMENTS.get(instrument, name))
    return "、".join(parts)


_INSTRUMENTS: Mapping[str, str] = {
    "信访事项简易办理办法": "《信访事项简易办理办法（试行）》",
    "纪检监察机关处理检举控告工作规则": "《纪检监察机关处理检举控告工作规则》",
    "国办发〔2020〕53号": "《国务院办公厅关于进一步优化地方政务服务便民热线的指导意见》（国办发〔2020〕53号）",
    "国办函〔2025〕66号": "《国务院办公厅关于进一步规范和提升12345热线服务的意见》（国办函〔2025〕66号）",
    "平台规则": "本平台公开的办理规则",
    "国办发〔2019〕51号": "《国务院办公厅关于建立政务服务“好差评”制度提高政务服务水平的意见》（国办发〔2019〕51号）",
}
