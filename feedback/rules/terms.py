"""Statutory lengths of time. The table TERMS, each row naming its article.

Units of length: `cd` calendar days 日, `wd` working days 工作日, `h` and `min` running hours and minutes (nights and
holidays included).
When the law changes, add a row with `since`; never edit one: running clocks keep the row in force when they began.
What is only worded wrongly, such as a citation, is corrected in its row: a clock knows its row by `id`, never by words.
An id is the rule book, the code, where several rows share it which cases the row is for, and the year from which the
row holds (of `since`, or of the rule book: 信访工作条例 2022, 国办发〔2020〕53号 2020, 国办发〔2019〕51号 2019). It is stored
with every clock, so it never changes, is never given to another row, and a row once released is never removed.
No I/O.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import product
from typing import Any

from feedback.kernel.errors import Invalid
from feedback.rules.lifecycle import CLAIMS, SIMPLE_LAW
from feedback.rules.vocabulary import Act, Kind, Profile, Stage


class TermUnit(StrEnum):
    """In what a term is counted."""

    CALENDAR = "cd"
    WORKING = "wd"
    HOURS = "h"
    MINUTES = "min"

    @property
    def runs(self) -> bool:
        """Whether it is counted on the clock, through nights and holidays, and asks no calendar."""
        return self in (TermUnit.HOURS, TermUnit.MINUTES)


class Holder(StrEnum):
    """Whom a clock binds."""

    CITIZEN_OWN = "own"  # the citizen's own clock: from submission to answer, binds us all
    DESK = "desk"
    LEAD = "lead"
    CO = "co"
    CITIZEN = "citizen"  # a limit the citizen must keep


PERSONAL = frozenset({Holder.CITIZEN_OWN, Holder.CITIZEN})
"""Whose clocks are the citizen's own dates: what they were promised, and the limits they must keep."""
ON_REQUEST = frozenset({"review", "re_review"})
"""Terms in which an organ decides what the citizen asked for: the only promise they have in that stage."""
DATA_TERMS = frozenset({"decide_correction", "decide_erasure", "decide_restriction"})
"""Terms in which the desk decides what a person asks about their own data; they run in whatever status a case is."""

PROMISED = ON_REQUEST | {"simple_resolve"}
"""Terms of a unit whose last day was told to the citizen in writing."""

RIGHTS = frozenset({"object", "ask_review", "ask_re_review"})
"""Terms that limit a right, not a duty: they lapse, nobody is late."""


def is_personal(term: str, holder: Holder) -> bool:
    """Whether a clock is shown to the citizen, on page, receipt, slip and through the API.

    All others are between offices: who reads 提出异议 among their dates takes it for their own right.
    """
    return holder in PERSONAL or term in PROMISED or term in DATA_TERMS


_SPANS = {TermUnit.HOURS: timedelta(hours=1), TermUnit.MINUTES: timedelta(minutes=1)}


@dataclass(frozen=True, slots=True)
class Length:
    """A number of days, hours or minutes."""

    count: int
    unit: TermUnit

    @property
    def span(self) -> timedelta:
        """How long a length is that runs on the clock."""
        return self.count * _SPANS[self.unit]

    def exceeds(self, other: "Length") -> bool:
        """Whether it is longer than another length of the same sort."""
        return self.span > other.span if self.unit.runs else self.count > other.count

    def is_like(self, other: "Length") -> bool:
        """Whether the two can be compared: both on the clock, or both in the same days."""
        return self.unit is other.unit or (self.unit.runs and other.unit.runs)

    def __str__(self) -> str:
        return f"{self.count}{self.unit.value}"


@dataclass(frozen=True, slots=True)
class Term:
    """One row: which limit begins with which act, who keeps it how, how long, and where that is written."""

    id: str
    code: str
    label: str
    holder: Holder
    begins: frozenset[Act]
    kept_by: frozenset[Act]
    length: Length
    law: str
    profiles: frozenset[Profile]
    kinds: frozenset[Kind] = frozenset(Kind)
    stages: frozenset[Stage] = frozenset(Stage)
    urgent: frozenset[int] = frozenset({0, 1, 2})  # urgency levels it holds for: 0 none, 1 two hours, 2 a day
    voided_by: frozenset[Act] = frozenset()
    longer_by: int = 0  # at most so many more of the same unit, by EXTEND
    rolls: bool = True
    only_named: bool = False  # no duty towards somebody who left no name (信访工作条例 第二十三条第二款)
    named_by: str = ""  # the need that may name the unit bound, of those that have to do with the case
    only_reachable: bool = False  # begins only where the handling unit sees whom it must call
    only_when: tuple[str, object] | None = None  # begins only when the act said so
    until: str = ""  # the need that names the last day; `length` holds when it is not said
    direct: bool | None = None  # True: only when the desk keeps the matter itself, False: only when it does not
    from_day: str = ""  # the need that names the first day; the act's own day when it is not said
    from_receipt: bool = False  # counted from when the matter came, not from the act that begins it
    restarted_by: frozenset[Act] = frozenset()  # counts anew from that day
    paused_by: frozenset[Act] = frozenset()
    resumed_by: frozenset[Act] = frozenset()  # the days between are not counted
    fixed: bool = False  # True: a town may not promise less
    warn: Length = Length(3, TermUnit.WORKING)
    remark: str = ""
    since: date = date(1900, 1, 1)


A, K, P, U = Act, Kind, Profile, TermUnit
_ALL_ENDS = frozenset({A.WITHDRAW, A.MERGE, A.TERMINATE})


def _term(
    id_: str,
    code: str,
    label: str,
    holder: Holder,
    begins: set[Act],
    kept_by: set[Act],
    length: str,
    law: str,
    **columns: Any,
) -> Term:
    return Term(id_, code, label, holder, frozenset(begins), frozenset(kept_by), parse_length(length), law, **columns)


def parse_length(text: str) -> Length:
    """`15cd`, `5wd`, `24h` or `30min`.

    Raises Invalid for anything else.
    """
    match = re.fullmatch(r"(\d{1,4})(cd|wd|h|min)", text.strip().lower())
    if not match:
        raise Invalid({"length": "not_a_length"})
    return Length(int(match[1]), TermUnit(match[2]))


_PETITION = frozenset({P.PETITION})
_HOTLINE = frozenset({P.HOTLINE})
_RATING = frozenset({P.RATING})
_CALM, _URGENT = frozenset({0}), frozenset({1, 2})
_NOTIFIED_KINDS = CLAIMS | {K.SUGGEST}
_WORK_ORDERS = frozenset(K) - {K.CONSULT, K.RECTIFY}
_ANSWERING_ACTS = frozenset({A.REPLY, A.DECLINE, A.DIVERT})
_FORWARDED_AFTER = {A.SUBMIT, A.RETURN, A.TRANSFER, A.CONTEST, A.OVERTURN, A.CHANGE_KIND, A.UNMERGE}
_DELIVERY_SINCE = date(2026, 11, 29)
"""From when the citizen's right to review runs from a recorded delivery only; what was answered before keeps its row."""
_PAUSED_ON_ACCOUNT: Mapping[str, Any] = {
    "voided_by": _ALL_ENDS,
    "paused_by": frozenset({A.HOLD}),
    "resumed_by": frozenset({A.RESUME}),
    "since": _DELIVERY_SINCE,
    "remark": "从您提交之日起算，单位之间转来转去不停表；只有批准挂账的日子不算，恢复办理后接着算",
}
"""The citizen's own clock of an order: it stands still while the order is on account and comes back with it."""
_ONE, _TWO = Length(1, U.WORKING), Length(2, U.WORKING)
_53 = "国办发〔2020〕53号（办理）；平台承诺"
_URGENT_SINCE = date(2026, 11, 30)
"""From when all clocks of an urgent order count in hours, and nobody owes a call to somebody whose number it may not see."""
_RETURN_LAW = "国办发〔2020〕53号（办理）；平台承诺在签收时限内退单"
_CONTACT_LAW = "国办发〔2020〕53号（办理）；平台承诺"
_CO_LAW = "国办发〔2020〕53号（办理）；平台承诺"
_DATA_LAW = "个人信息保护法 第五十条（便捷的受理和处理机制，法律未定天数，平台承诺15个工作日）"

# fmt: off
TERMS: tuple[Term, ...] = (
    # --- 信访 petition
    _term("petition.forward.2022", "forward", "登记转送交办", Holder.DESK, _FORWARDED_AFTER, {A.ASSIGN, A.DECLINE, A.DIVERT, A.TRANSFER}, "15cd",
          "信访工作条例 第二十二条", profiles=_PETITION, voided_by=_ALL_ENDS, remark="下转、上报的，新窗口自收到之日起另算"),
    _term("petition.report_up.2022", "report_up", "报告重大紧急事项", Holder.DESK, {A.SUBMIT}, {A.REPORT_UP}, "2h",
          "信访工作条例 第二十五条（及时报告，条例未定时数，平台承诺2小时）", profiles=_PETITION, kinds=CLAIMS, urgent=_URGENT, voided_by=_ALL_ENDS | _ANSWERING_ACTS, warn=Length(1, U.HOURS)),
    _term("petition.report_up.others.2026", "report_up", "报告重大紧急事项", Holder.DESK, {A.SUBMIT}, {A.REPORT_UP}, "2h",
          "信访工作条例 第二十五条（及时报告，条例未定时数，平台承诺2小时）", profiles=_PETITION, kinds=frozenset({K.SUGGEST, K.REPORT}), urgent=_URGENT, voided_by=_ALL_ENDS | _ANSWERING_ACTS, warn=Length(1, U.HOURS),
          since=_URGENT_SINCE, remark="建议意见、检举控告涉及重大紧急情况的也要及时报告"),
    _term("petition.notify.transferred.2022", "notify", "受理告知", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT, A.DECLINE, A.DIVERT, A.RETURN}, "15cd",
          "信访工作条例 第二十三条第三款", profiles=_PETITION, kinds=_NOTIFIED_KINDS, voided_by=_ALL_ENDS, only_named=True, direct=False,
          remark="检举控告的告知按纪检监察规定执行（第二十三条第四款）"),
    _term("petition.notify.direct.2022", "notify", "受理告知", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT, A.DECLINE, A.DIVERT, A.RETURN}, "15cd",
          "信访工作条例 第二十三条第二款", profiles=_PETITION, kinds=_NOTIFIED_KINDS, voided_by=_ALL_ENDS, only_named=True, direct=True, from_receipt=True,
          remark="直接收到的能当场告知的当场书面告知；期限自收到之日起算"),
    _term("petition.notify.report.2026", "notify", "告知实名检举控告人受理情况", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT, A.DECLINE, A.RETURN}, "15wd",
          "信访工作条例 第二十三条第四款；纪检监察机关处理检举控告工作规则（实名检举控告的告知）", profiles=_PETITION, kinds=frozenset({K.REPORT}), voided_by=_ALL_ENDS, only_reachable=True, from_receipt=True,
          since=_URGENT_SINCE, remark="自收到之日起算，重新分派不重新计算；匿名的不告知"),
    _term("petition.object.2022", "object", "提出异议", Holder.LEAD, {A.ASSIGN}, {A.OBJECT, A.RETURN, A.ACCEPT, A.DECLINE, A.DIVERT}, "5wd",
          "信访工作条例 第二十三条第三款", profiles=_PETITION, voided_by=_ALL_ENDS, warn=_ONE, direct=False, fixed=True,
          remark="逾期未提出异议，视为属于本单位职责"),
    _term("petition.decide_objection.2022", "decide_objection", "核实异议", Holder.DESK, {A.OBJECT}, {A.RETURN, A.REFUSE_OBJECTION, A.ACCEPT, A.DECLINE, A.DIVERT, A.CHANGE_KIND}, "5wd",
          "信访工作条例 第二十三条第三款（经核实同意；平台承诺5个工作日）", profiles=_PETITION, voided_by=_ALL_ENDS, warn=_ONE),
    _term("petition.resolve.claim.2022", "resolve", "办结答复", Holder.LEAD, {A.ACCEPT, A.REDO}, {A.REPLY, A.DIVERT}, "60cd",
          "信访工作条例 第三十四条", profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.FIRST}),
          voided_by=_ALL_ENDS, longer_by=30),
    _term("petition.simple_notify.2026", "simple_notify", "简易办理受理告知", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT, A.DECLINE, A.DIVERT, A.RETURN}, "3wd",
          SIMPLE_LAW, profiles=_PETITION, kinds=_NOTIFIED_KINDS, stages=frozenset({Stage.FIRST}), only_when=("procedure", "simple"), voided_by=_ALL_ENDS | {A.CHANGE_KIND}, fixed=True, warn=_ONE,
          remark="受理窗口建议简易办理的；承办单位认为不宜的，按普通程序受理"),
    _term("petition.simple_resolve.2026", "simple_resolve", "简易办理答复", Holder.LEAD, {A.ACCEPT}, {A.REPLY, A.DIVERT}, "10wd",
          SIMPLE_LAW, profiles=_PETITION, kinds=_NOTIFIED_KINDS, stages=frozenset({Stage.FIRST}), only_when=("procedure", "simple"), voided_by=_ALL_ENDS | {A.TO_ORDINARY}, fixed=True,
          remark="不能延期；期满前可以转为普通程序，办理期限从受理之日起算"),
    _term("petition.resolve.suggestion.2022", "resolve", "研究答复", Holder.LEAD, {A.ACCEPT}, {A.REPLY}, "60cd",
          "信访工作条例 第二十九条（条例未定天数，平台承诺60日）", profiles=_PETITION, kinds=frozenset({K.SUGGEST}),
          voided_by=_ALL_ENDS, longer_by=30),
    _term("petition.notify_result.2026", "notify_result", "告知实名检举控告人处理结果", Holder.LEAD, {A.REPLY}, {A.NOTIFY_RESULT}, "15wd",
          "信访工作条例 第三十条；纪检监察机关处理检举控告工作规则（实名检举控告的告知）", profiles=_PETITION, kinds=frozenset({K.REPORT}), voided_by=_ALL_ENDS, only_reachable=True,
          since=_URGENT_SINCE, remark="自办结之日起算；匿名的不告知"),
    _term("petition.resolve.report.2022", "resolve", "办理检举控告", Holder.LEAD, {A.ASSIGN}, {A.REPLY, A.DECLINE}, "90cd",
          "信访工作条例 第三十条（按纪检监察规定办理，条例未定天数，平台跟踪90日）", profiles=_PETITION, kinds=frozenset({K.REPORT}),
          voided_by=_ALL_ENDS | {A.RETURN}, longer_by=90),
    _term("petition.resolve.report.2026", "resolve", "办理检举控告", Holder.LEAD, {A.ASSIGN}, {A.REPLY, A.DECLINE}, "90cd",
          "信访工作条例 第三十条（按纪检监察规定办理，条例未定天数，平台跟踪90日）", profiles=_PETITION, kinds=frozenset({K.REPORT}),
          voided_by=_ALL_ENDS | {A.RETURN}, longer_by=90, from_receipt=True, since=_URGENT_SINCE, remark="自收到之日起算，重新分派不重新计算"),
    _term("petition.review.2022", "review", "作出复查意见", Holder.LEAD, {A.REVIEW}, {A.REPLY, A.DECLINE}, "30cd",
          "信访工作条例 第三十五条", profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.REVIEW}), voided_by=_ALL_ENDS),
    _term("petition.re_review.2022", "re_review", "作出复核意见", Holder.LEAD, {A.RE_REVIEW}, {A.REPLY, A.DECLINE}, "30cd",
          "信访工作条例 第三十六条", profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.RE_REVIEW}), voided_by=_ALL_ENDS,
          paused_by=frozenset({A.HEARING}), resumed_by=frozenset({A.END_HEARING}), remark="听证所需时间不计算在内（第三十六条第二款）"),
    _term("petition.hearing.2022", "hearing", "完成听证", Holder.LEAD, {A.HEARING}, {A.END_HEARING}, "30cd",
          "信访工作条例 第三十一条第六项，复核适用第三十六条第二款（条例未定天数，平台承诺30日）", profiles=_PETITION, kinds=CLAIMS, voided_by=_ALL_ENDS),
    _term("petition.ask_review.2022", "ask_review", "申请复查", Holder.CITIZEN, {A.REPLY}, {A.REVIEW}, "30cd",
          "信访工作条例 第三十五条", profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.FIRST}), voided_by=_ALL_ENDS,
          restarted_by=frozenset({A.DELIVER}), fixed=True, remark="自收到书面答复之日起算"),
    _term("petition.ask_re_review.2022", "ask_re_review", "申请复核", Holder.CITIZEN, {A.REPLY}, {A.RE_REVIEW}, "30cd",
          "信访工作条例 第三十六条", profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.REVIEW}), voided_by=_ALL_ENDS,
          restarted_by=frozenset({A.DELIVER}), fixed=True, remark="自收到复查意见之日起算"),
    _term("petition.ask_review.2026", "ask_review", "申请复查", Holder.CITIZEN, {A.DELIVER}, {A.REVIEW}, "30cd",
          "信访工作条例 第三十五条", profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.FIRST}), voided_by=_ALL_ENDS,
          only_when=("is_annulled", None), from_day="day", fixed=True, since=_DELIVERY_SINCE, remark="自收到书面答复之日起算，没有登记送达的不起算，权利一直在"),
    _term("petition.ask_re_review.2026", "ask_re_review", "申请复核", Holder.CITIZEN, {A.DELIVER}, {A.RE_REVIEW}, "30cd",
          "信访工作条例 第三十六条", profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.REVIEW}), voided_by=_ALL_ENDS,
          only_when=("is_annulled", None), from_day="day", fixed=True, since=_DELIVERY_SINCE, remark="自收到复查意见之日起算，没有登记送达的不起算，权利一直在"),
    _term("petition.answer.2022", "answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE, A.DIVERT}, "90cd",
          "信访工作条例 第二十二、二十三、三十四条（15日+15日+60日）", profiles=_PETITION,
          kinds=_NOTIFIED_KINDS, stages=frozenset({Stage.FIRST}), voided_by=_ALL_ENDS, longer_by=30,
          remark="从您提交之日起算，单位之间转来转去不停表"),
    _term("petition.answer_again.2026", "answer_again", "重新给您答复", Holder.CITIZEN_OWN, {A.REDO}, {A.REPLY, A.DIVERT}, "60cd",
          "信访工作条例 第三十四条", profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.FIRST}), voided_by=_ALL_ENDS, longer_by=30,
          remark="复查、复核机关责令重新办理的，从责令之日起算"),
    # --- 12345 hotline
    _term("hotline.forward.2020", "forward", "派单", Holder.DESK, _FORWARDED_AFTER, {A.ASSIGN, A.DECLINE, A.TRANSFER}, "1wd",
          "国办发〔2020〕53号（派单）；平台承诺", profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=_CALM, warn=Length(4, U.HOURS)),
    _term("hotline.forward.urgent.2020", "forward", "紧急派单", Holder.DESK, _FORWARDED_AFTER, {A.ASSIGN, A.DECLINE, A.TRANSFER}, "1h",
          "国办发〔2020〕53号（派单）；平台承诺", profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=_URGENT, warn=Length(1, U.HOURS)),
    _term("hotline.notify.2020", "notify", "签收受理", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT, A.DECLINE, A.RETURN}, "1wd",
          "国办发〔2020〕53号（办理）；平台承诺 1个工作日签收", profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=_CALM, warn=Length(4, U.HOURS)),
    _term("hotline.notify.urgent.2020", "notify", "紧急签收", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT, A.DECLINE, A.RETURN}, "1h",
          "国办发〔2020〕53号（办理）；平台承诺 1小时签收", profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=_URGENT, warn=Length(1, U.HOURS)),
    _term("hotline.notify.urgent.2026", "notify", "紧急签收", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT, A.DECLINE, A.RETURN}, "30min",
          "国办发〔2020〕53号（办理）；平台承诺 30分钟签收", profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=_URGENT, warn=Length(10, U.MINUTES), since=date(2026, 11, 22),
          remark="此前派出的紧急件仍按1小时签收"),
    _term("hotline.object.2020", "object", "申请退单", Holder.LEAD, {A.ASSIGN}, {A.RETURN, A.ACCEPT, A.DECLINE}, "1wd",
          "国办函〔2025〕66号（退单、改派的异议审核）；平台承诺 1个工作日", profiles=_HOTLINE, voided_by=_ALL_ENDS, warn=Length(4, U.HOURS), fixed=True,
          remark="逾期未退单，视为属于本单位职责"),
    _term("hotline.object.2026", "object", "申请退单", Holder.LEAD, {A.ASSIGN}, {A.RETURN, A.ACCEPT, A.DECLINE}, "1wd",
          _RETURN_LAW, profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=_CALM, warn=Length(4, U.HOURS), fixed=True, since=_URGENT_SINCE,
          remark="逾期未退单，视为属于本单位职责"),
    _term("hotline.object.urgent.2026", "object", "紧急件申请退单", Holder.LEAD, {A.ASSIGN}, {A.RETURN, A.ACCEPT, A.DECLINE}, "30min",
          _RETURN_LAW, profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=_URGENT, warn=Length(10, U.MINUTES), fixed=True, since=_URGENT_SINCE,
          remark="紧急件在签收时限内退单，逾期视为属于本单位职责"),
    _term("hotline.contact.2020", "contact", "联系群众", Holder.LEAD, {A.ACCEPT}, {A.CONTACT, A.REPLY}, "1wd",
          "国办发〔2020〕53号（办理）；平台承诺 1个工作日", profiles=_HOTLINE, voided_by=_ALL_ENDS, warn=Length(4, U.HOURS)),
    _term("hotline.contact.2026", "contact", "联系群众", Holder.LEAD, {A.ACCEPT}, {A.CONTACT, A.REPLY}, "1wd",
          _CONTACT_LAW, profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=_CALM, only_reachable=True, warn=Length(4, U.HOURS), since=_URGENT_SINCE,
          remark="匿名的不要求联系：承办单位看不到电话"),
    _term("hotline.contact.urgent.2026", "contact", "紧急联系群众", Holder.LEAD, {A.ACCEPT}, {A.CONTACT, A.REPLY}, "1h",
          _CONTACT_LAW, profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=_URGENT, only_reachable=True, warn=Length(30, U.MINUTES), since=_URGENT_SINCE,
          remark="匿名的不要求联系：承办单位看不到电话"),
    _term("hotline.resolve.life.2020", "resolve", "紧急处置", Holder.LEAD, {A.ACCEPT, A.REOPEN, A.RESUME}, {A.REPLY}, "2h",
          "平台承诺（危及生命财产 2小时）", profiles=_HOTLINE, urgent=frozenset({1}), voided_by=_ALL_ENDS | {A.HOLD}, warn=Length(1, U.HOURS)),
    _term("hotline.resolve.utilities.2020", "resolve", "紧急办理", Holder.LEAD, {A.ACCEPT, A.REOPEN, A.RESUME}, {A.REPLY}, "24h",
          "平台承诺（水电气热 24小时）", profiles=_HOTLINE, urgent=frozenset({2}), voided_by=_ALL_ENDS | {A.HOLD}, warn=Length(4, U.HOURS)),
    _term("hotline.resolve.consult.2020", "resolve", "答复咨询", Holder.LEAD, {A.ACCEPT, A.REOPEN, A.RESUME}, {A.REPLY}, "2wd",
          _53, profiles=_HOTLINE, kinds=frozenset({K.CONSULT}), urgent=_CALM, voided_by=_ALL_ENDS | {A.HOLD}, longer_by=2, warn=_ONE),
    _term("hotline.resolve.2020", "resolve", "办结答复", Holder.LEAD, {A.ACCEPT, A.REOPEN, A.RESUME}, {A.REPLY}, "5wd",
          _53, profiles=_HOTLINE, kinds=_WORK_ORDERS, urgent=_CALM, voided_by=_ALL_ENDS | {A.HOLD}, longer_by=10, warn=_TWO,
          remark="疑难事项经单位负责人同意、12345中心批准可延长，合计不超过15个工作日"),
    _term("any.endorse_extension.2026", "endorse_extension", "单位负责人审批延期申请", Holder.LEAD, {A.ASK_EXTENSION}, {A.EXTEND, A.ENDORSE_EXTENSION, A.REFUSE_EXTENSION}, "1wd",
          "信访工作条例 第三十四条（由单位负责人批准）；平台承诺 1个工作日", profiles=frozenset(P), voided_by=_ALL_ENDS | _ANSWERING_ACTS | {A.HOLD, A.RECTIFY, A.EXPLAIN, A.CHANGE_KIND}, warn=Length(4, U.HOURS), since=_URGENT_SINCE),
    _term("hotline.decide_extension.2020", "decide_extension", "审批延期", Holder.DESK, {A.ENDORSE_EXTENSION}, {A.EXTEND, A.REFUSE_EXTENSION}, "1wd",
          "平台承诺 1个工作日", profiles=_HOTLINE, voided_by=_ALL_ENDS | {A.REPLY, A.HOLD}, warn=Length(4, U.HOURS)),
    _term("hotline.decide_hold.2020", "decide_hold", "审批挂账", Holder.DESK, {A.ASK_HOLD}, {A.HOLD, A.REFUSE_HOLD}, "1wd",
          "平台承诺 1个工作日", profiles=_HOTLINE, voided_by=_ALL_ENDS | {A.REPLY}, warn=Length(4, U.HOURS)),
    _term("hotline.on_account.2020", "on_account", "挂账到期", Holder.LEAD, {A.HOLD}, {A.RESUME}, "30cd",
          "平台承诺（挂账到批准的目标日）", profiles=_HOTLINE, until="target_day", rolls=False, voided_by=_ALL_ENDS, fixed=True,
          remark="到批准的目标日自动恢复办理"),
    _term("hotline.audit.2020", "audit", "审核办理结果", Holder.DESK, {A.REPLY}, {A.AUDIT, A.REOPEN, A.CALL_BACK}, "2wd",
          "国办发〔2020〕53号（办结）；平台承诺 2个工作日", profiles=_HOTLINE, voided_by=_ALL_ENDS | {A.CLOSE}, warn=_ONE),
    _term("hotline.call_back.2020", "call_back", "回访群众", Holder.DESK, {A.REPLY, A.ANSWER_MERGED}, {A.CALL_BACK, A.RATE, A.REOPEN}, "5wd",
          "国办发〔2020〕53号（回访）；平台承诺 5个工作日", profiles=_HOTLINE, voided_by=_ALL_ENDS | {A.CLOSE}, warn=_ONE,
          remark="电话、短信、网络都可以回访：群众自己评价了的，就是网络回访"),
    _term("hotline.answer.consult.2020", "answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "4wd",
          "平台承诺（派单1+签收1+办理2个工作日）", profiles=_HOTLINE, kinds=frozenset({K.CONSULT}), urgent=_CALM, voided_by=_ALL_ENDS | {A.HOLD}, longer_by=2, warn=_ONE),
    _term("hotline.answer.2020", "answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "7wd",
          "平台承诺（派单1+签收1+办理5个工作日）", profiles=_HOTLINE, kinds=_WORK_ORDERS, urgent=_CALM,
          voided_by=_ALL_ENDS | {A.HOLD}, longer_by=10, warn=_TWO, remark="从您提交之日起算，单位之间转来转去不停表"),
    _term("hotline.answer.life.2020", "answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "4h",
          "平台承诺（紧急事项）", profiles=_HOTLINE, urgent=frozenset({1}), voided_by=_ALL_ENDS | {A.HOLD}, warn=Length(1, U.HOURS)),
    _term("hotline.answer.utilities.2020", "answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "26h",
          "平台承诺（紧急事项）", profiles=_HOTLINE, urgent=frozenset({2}), voided_by=_ALL_ENDS | {A.HOLD}, warn=Length(4, U.HOURS)),
    _term("hotline.answer.consult.2026", "answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "4wd",
          "平台承诺（派单1+签收1+办理2个工作日）", profiles=_HOTLINE, kinds=frozenset({K.CONSULT}), urgent=_CALM, longer_by=2, warn=_ONE, **_PAUSED_ON_ACCOUNT),
    _term("hotline.answer.2026", "answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "7wd",
          "平台承诺（派单1+签收1+办理5个工作日）", profiles=_HOTLINE, kinds=_WORK_ORDERS, urgent=_CALM, longer_by=10, warn=_TWO, **_PAUSED_ON_ACCOUNT),
    _term("hotline.answer.life.2026", "answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "4h",
          "平台承诺（紧急事项）", profiles=_HOTLINE, urgent=frozenset({1}), warn=Length(1, U.HOURS), **_PAUSED_ON_ACCOUNT),
    _term("hotline.answer.utilities.2026", "answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "26h",
          "平台承诺（紧急事项）", profiles=_HOTLINE, urgent=frozenset({2}), warn=Length(4, U.HOURS), **_PAUSED_ON_ACCOUNT),
    # --- both
    _term("any.report_back.2022", "report_back", "提交办结报告", Holder.LEAD, {A.ASSIGN}, {A.REPORT_BACK}, "30cd",
          "信访工作条例 第二十二条第一款第三项（指定办理期限）", profiles=_PETITION | _HOTLINE, only_when=("mode", "commission"), until="target_day", rolls=False, fixed=True,
          voided_by=_ALL_ENDS | {A.RETURN, A.DECLINE, A.DIVERT, A.CLOSE, A.CALL_BACK, A.REVIEW, A.RE_REVIEW}),
    _term("any.co_reply.2022", "co_reply", "协办反馈", Holder.CO, {A.CO_ASSIGN, A.ASSIGN}, {A.CO_REPLY}, "3wd",
          "信访工作条例 第二十四条；平台承诺 3个工作日", profiles=_PETITION | _HOTLINE, voided_by=_ALL_ENDS | _ANSWERING_ACTS, warn=_ONE),
    _term("petition.co_reply.2026", "co_reply", "协办反馈", Holder.CO, {A.CO_ASSIGN, A.ASSIGN}, {A.CO_REPLY}, "3wd",
          "信访工作条例 第二十四条；平台承诺 3个工作日", profiles=_PETITION, voided_by=_ALL_ENDS | _ANSWERING_ACTS, warn=_ONE, since=_URGENT_SINCE),
    _term("hotline.co_reply.2026", "co_reply", "协办反馈", Holder.CO, {A.CO_ASSIGN, A.ASSIGN}, {A.CO_REPLY}, "3wd",
          _CO_LAW, profiles=_HOTLINE, voided_by=_ALL_ENDS | _ANSWERING_ACTS, urgent=_CALM, warn=_ONE, since=_URGENT_SINCE),
    _term("hotline.co_reply.life.2026", "co_reply", "紧急协办反馈", Holder.CO, {A.CO_ASSIGN, A.ASSIGN}, {A.CO_REPLY}, "2h",
          _CO_LAW, profiles=_HOTLINE, voided_by=_ALL_ENDS | _ANSWERING_ACTS, urgent=frozenset({1}), warn=Length(1, U.HOURS), since=_URGENT_SINCE),
    _term("hotline.co_reply.utilities.2026", "co_reply", "紧急协办反馈", Holder.CO, {A.CO_ASSIGN, A.ASSIGN}, {A.CO_REPLY}, "12h",
          _CO_LAW, profiles=_HOTLINE, voided_by=_ALL_ENDS | _ANSWERING_ACTS, urgent=frozenset({2}), warn=Length(4, U.HOURS), since=_URGENT_SINCE),
    _term("any.supervision.2022", "supervision", "答复督办", Holder.LEAD, {A.SUPERVISE}, {A.ANSWER_SUPERVISION}, "5wd",
          "信访工作条例 第四十条；平台承诺 5个工作日", profiles=frozenset(P), named_by="addressee", until="target_day", rolls=False, voided_by=_ALL_ENDS | {A.CLOSE, A.CALL_BACK, A.DECLINE, A.DIVERT}, warn=_TWO),
    # --- 个人信息 rights in one's own data
    _term("any.decide_correction.2026", "decide_correction", "决定更正请求", Holder.DESK, {A.ASK_CORRECTION}, {A.CORRECT, A.REFUSE_CORRECTION}, "15wd",
          _DATA_LAW, profiles=_PETITION | _HOTLINE, voided_by=frozenset({A.ERASE})),
    _term("any.decide_erasure.2026", "decide_erasure", "决定删除请求", Holder.DESK, {A.ASK_ERASURE}, {A.ERASE, A.REFUSE_ERASURE}, "15wd",
          _DATA_LAW, profiles=_PETITION | _HOTLINE),
    _term("any.decide_restriction.2026", "decide_restriction", "决定限制处理请求", Holder.DESK, {A.ASK_RESTRICTION}, {A.RESTRICT, A.REFUSE_RESTRICTION}, "15wd",
          _DATA_LAW, profiles=_PETITION | _HOTLINE, voided_by=frozenset({A.ERASE})),
    # --- 差评整改 rectification
    _term("rating.sign.2019", "sign", "签收差评", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT}, "1wd",
          "国办发〔2019〕51号；平台承诺 1个工作日", profiles=_RATING, voided_by=_ALL_ENDS, warn=Length(4, U.HOURS)),
    _term("rating.verify.2019", "verify", "联系核实", Holder.LEAD, {A.ASSIGN}, {A.CONTACT}, "1wd",
          "国办发〔2019〕51号（回访核实）；平台承诺 1个工作日", profiles=_RATING, voided_by=_ALL_ENDS | {A.CALL_BACK, A.CLOSE}, warn=Length(4, U.HOURS)),
    _term("rating.verify.2026", "verify", "联系核实", Holder.LEAD, {A.ASSIGN}, {A.CONTACT}, "1wd",
          "国办发〔2019〕51号（回访核实）；平台承诺 1个工作日", profiles=_RATING, voided_by=_ALL_ENDS | {A.CALL_BACK, A.CLOSE}, only_reachable=True, warn=Length(4, U.HOURS), since=_URGENT_SINCE,
          remark="匿名评价的不要求联系：被评价的单位看不到是谁"),
    _term("rating.rectify.2019", "rectify", "整改反馈", Holder.LEAD, {A.ASSIGN, A.REOPEN}, {A.RECTIFY, A.EXPLAIN}, "5wd",
          "国办发〔2019〕51号；平台承诺 5个工作日（疑难15个工作日）", profiles=_RATING, voided_by=_ALL_ENDS, longer_by=10, warn=_TWO),
    _term("rating.call_back.2019", "call_back", "回访", Holder.DESK, {A.RECTIFY, A.EXPLAIN}, {A.CALL_BACK, A.REOPEN}, "3wd",
          "国办发〔2019〕51号（回访）；平台承诺 3个工作日", profiles=_RATING, voided_by=_ALL_ENDS | {A.CLOSE}, warn=_ONE),
)
# fmt: on


def by_id(terms: Iterable[Term]) -> Mapping[str, Term]:
    """The rows by their ids, in order.

    Raises ValueError when two rows share an id.
    """
    rows: dict[str, Term] = {}
    for term in terms:
        if rows.setdefault(term.id, term) is not term:
            raise ValueError(f"two rows of TERMS have the id {term.id}")
    return rows


TERMS_BY_ID: Mapping[str, Term] = by_id(TERMS)


def list_terms_in_force(day: date) -> tuple[Term, ...]:
    """The rows that hold for what begins that day: those to come and those that newer rows replaced are left out."""
    newest: dict[tuple[object, ...], Term] = {}
    for term in sorted((term for term in TERMS if term.since <= day), key=lambda term: term.since):
        newest |= dict.fromkeys(_list_scopes(term), term)
    in_force = {term.id for term in newest.values()}
    return tuple(term for term in TERMS if term.id in in_force)


def _list_scopes(term: Term) -> Iterable[tuple[object, ...]]:
    """The sorts of cases a row is for, one by one: a newer row for some of them replaces it there."""
    is_direct = (True, False) if term.direct is None else (term.direct,)
    return product([term.code], term.profiles, term.kinds, term.stages, term.urgent, is_direct)
