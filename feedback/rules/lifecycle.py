"""The life cycle of a case. The table STEPS: what may happen, from which status, by whom, and with which fields.

Checks, buttons, forms, the API's `acts` and the help page are all read from it. A row's remark says why it is so.

Of the desk's 转、交、督、存、报 four are rows: ASSIGN and TRANSFER, ASSIGN with a day, SUPERVISE, REPORT_UP. 存 (kept in
the file without handling), which some running systems offer, is none on purpose: 信访工作条例 第二十二条、第二十三条 know
only matters that are forwarded, commissioned, taken up or led elsewhere, each within days and with a word to the
petitioner, and what is merely kept would have no clock. What those systems keep has its own way out here: a repeat is
merged, what may not be taken up is declined on a ground with its letter, what holds no request is answered by the
desk itself (直接回复: assigned to the desk, whose receipt and reply it is). No I/O.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from feedback.kernel.errors import Invalid, NotNow
from feedback.rules import case_markers
from feedback.rules.conditions import CONDITION_RULES
from feedback.rules.needs import CONCLUSION, SOLVED, Need, find_need_fault, may, must
from feedback.rules.vocabulary import STAGE_AFTER, Act, Condition, Kind, Profile, Role, Stage, Status, Whose


@dataclass(frozen=True, slots=True)
class Step:
    """One row: the act, where it may start, where it leads, by whom, bringing what."""

    act: Act
    sources: frozenset[Status]
    target: Status | None
    who: frozenset[tuple[Role, Whose]]
    needs: tuple[Need, ...] = ()
    may: tuple[Need, ...] = ()
    profiles: frozenset[Profile] = field(default_factory=lambda: frozenset(Profile))
    kinds: frozenset[Kind] = field(default_factory=lambda: frozenset(Kind))
    stages: frozenset[Stage] = field(default_factory=lambda: frozenset(Stage))
    most: int | None = None  # how often in one file
    only: frozenset[Condition] = frozenset()  # only while all of these hold
    unless: frozenset[Condition] = frozenset()  # not while one of these holds
    public: bool = True  # the citizen sees the entry
    law: str = ""
    remark: str = ""


S, R, W, A, P, K, M = Status, Role, Whose, Act, Profile, Kind, Condition

_DESK = ((R.RECEPTION, W.DESK),)
_OTHER_DESK = ((R.RECEPTION, W.OTHER_DESK),)
_HOLDER = ((R.CLERK, W.HOLDER), (R.LEAD, W.HOLDER))
_LEAD = ((R.LEAD, W.HOLDER),)
_CLERK = ((R.CLERK, W.HOLDER),)
_CO = ((R.CLERK, W.CO), (R.LEAD, W.CO))
_OWNER = ((R.CITIZEN, W.OWNER),)
_OVERSEER = ((R.SUPERVISOR, W.OVERSEER),)
_OTHER_OVERSEER = ((R.SUPERVISOR, W.OTHER_OVERSEER),)
_ORDERED = ((R.CLERK, W.ORDERED), (R.LEAD, W.ORDERED), (R.RECEPTION, W.ORDERED))
_SYSTEM = ((R.SYSTEM, W.NOBODY),)
_CASES = frozenset({P.PETITION, P.HOTLINE})
_PETITION = frozenset({P.PETITION})
_HOTLINE = frozenset({P.HOTLINE})
_RATING = frozenset({P.RATING})
CLAIMS = frozenset({K.APPEAL, K.COMPLAINT, K.HELP, K.CONSULT, K.PRAISE})
"""What a petition is when it is neither a suggestion (第二十九条) nor a report (第三十条): a claim (第三十一条)."""
_EXCEPT_REPORTS = frozenset(K) - {K.REPORT}
SIGNED_OFF = frozenset({K.APPEAL, K.REPORT})
"""Whose answers go out only under the signature of the unit's head, in every stage (审签)."""
SIMPLE_LAW = "信访事项简易办理办法（试行）"
"""Whether it is in force beside the Regulation of 2022 is for the district to say: a setting, off by default."""
PLATFORM_RULE = "平台规则（延期、挂账没有全国统一规定）"
"""What a step rests on that no national paper speaks of; a district may name its own ordinance, another city's is none."""
_FIRST_STAGE, _REVIEW_STAGES = frozenset({Stage.FIRST}), frozenset({Stage.REVIEW, Stage.RE_REVIEW})
_RUNNING = (S.RECEIVED, S.ASSIGNED, S.ACCEPTED, S.HELD)
_ERASABLE = (S.CLOSED, S.DECLINED, S.WITHDRAWN, S.DIVERTED, S.TERMINATED)
"""Where nobody owes an answer any more: a merged case has yet to get that of the case that leads."""
_REQUESTS_MOST = 20
_AFTER_ERASURE = frozenset({A.REFOLD})


def _step(
    act: Act,
    sources: Iterable[Status],
    target: Status | None,
    who: Iterable[tuple[Role, Whose]],
    needs: tuple[Need, ...] = (),
    may: tuple[Need, ...] = (),
    **more: object,
) -> Step:
    return Step(act, frozenset(sources), target, frozenset(who), needs, may, **more)  # type: ignore[arg-type] # keywords are checked by the dataclass


# fmt: off
STEPS: tuple[Step, ...] = (
    #     act                  from                            to          who                      must bring; may bring
    _step(A.SUBMIT,            (),                             S.RECEIVED, (*_OWNER, *_DESK, *_SYSTEM), must("title", "text"), may("attachments"),
          law="信访工作条例 第十九条、第二十二条"),
    _step(A.CLASSIFY,          (S.RECEIVED, S.ASSIGNED),       None,       (*_SYSTEM, *_DESK),      must("category"), may("confidence", "release", "abstained", "proposed", "held", "known"), public=False),
    _step(A.ASSIGN,            (S.RECEIVED,),                  S.ASSIGNED, (*_SYSTEM, *_DESK),      must("unit"), may("reason", "rule", "units", "mode", "target_day", "designated", "time_unknown", "procedure"),
          law="信访工作条例 第二十二条（转送、交办）", remark="交办须写明办理期限，承办单位按期反馈办结报告；指定办理的不得再退回"),
    _step(A.TRANSFER,          (S.RECEIVED,),                  None,       _DESK,                   must("desk", "reason"), profiles=_CASES, most=10,
          law="信访工作条例 第二十二条第一款第二项（属地管理、分级负责）", remark="下转或上报到另一个受理窗口，案卷随之移交，群众的时限不停"),
    _step(A.CHANGE_KIND,       (S.RECEIVED, S.ASSIGNED),       S.RECEIVED, _DESK,                   must("kind", "reason"), may("bars", "urgency"), profiles=_CASES, stages=_FIRST_STAGE, most=2,
          law="信访工作条例 第二十二条、第二十九条至第三十一条（分类处理）", remark="群众选错类别的，受理前由受理窗口更正：各项期限按新的类别从收到之日重新计算，已经派出的收回重派"),
    _step(A.OBJECT,            (S.ASSIGNED,),                  None,       _HOLDER,                 must("reason"), may("where_instead"), profiles=_PETITION, kinds=_EXCEPT_REPORTS, stages=_FIRST_STAGE,
          unless=frozenset({M.OBJECTED, M.OVERRULED, M.DESIGNATED, M.RETURNED_OUT, M.DIRECT}), public=False,
          law="信访工作条例 第二十三条第三款（异议）", remark="自收到转送、交办之日起 5 个工作日内提出，写明理由；受理窗口核实同意后才能退回，群众的时限不停"),
    _step(A.RETURN,            (S.ASSIGNED,),                  S.RECEIVED, _DESK,                   must("reason"), may("where_instead"), profiles=_PETITION, kinds=_EXCEPT_REPORTS,
          only=frozenset({M.OBJECTED}), law="信访工作条例 第二十三条第三款（经核实同意后退还）", remark="退回次数计入案卷：两次之后由受理窗口指定，不得再退"),
    _step(A.RETURN,            (S.ASSIGNED,),                  S.RECEIVED, _HOLDER,                 must("reason"), may("where_instead"), profiles=_PETITION, kinds=frozenset({K.REPORT}),
          unless=frozenset({M.DESIGNATED, M.RETURNED_OUT}), law="信访工作条例 第二十三条第四款、第三十条", remark="检举控告按纪检监察规定办理，不属于管辖的直接退还"),
    _step(A.RETURN,            (S.ASSIGNED,),                  S.RECEIVED, _HOLDER,                 must("reason"), may("where_instead"), profiles=_HOTLINE,
          unless=frozenset({M.DESIGNATED, M.RETURNED_OUT}), law="国办函〔2025〕66号（退单、改派的异议审核）", remark="签收时限内退单（紧急件30分钟）；两次之后由受理台指定，指定的不得退单"),
    _step(A.REFUSE_OBJECTION,  (S.ASSIGNED,),                  None,       _DESK,                   must("reason"), profiles=_PETITION, kinds=_EXCEPT_REPORTS, only=frozenset({M.OBJECTED}), public=False,
          law="信访工作条例 第二十三条第三款", remark="不同意退回的，原单位应当办理"),
    _step(A.ACCEPT,            (S.ASSIGNED,),                  S.ACCEPTED, _HOLDER,                 (), may("text", "time_unknown", "procedure"),
          law="信访工作条例 第二十三条（受理告知）"),
    _step(A.TO_ORDINARY,       (S.ACCEPTED,),                  None,       _HOLDER,                 must("reason"), profiles=_PETITION, only=frozenset({M.SIMPLE}),
          law=SIMPLE_LAW, remark="不宜简易办理的，期满前转为普通程序：受理之日不变，办理期限从原来受理之日起算"),
    _step(A.ASK_DECLINE,       (S.ASSIGNED,),                  None,       _CLERK,                  must("ground", "reason", "where_instead"), profiles=_PETITION, unless=frozenset({M.DECLINE_ASKED}), public=False,
          law="信访工作条例 第二十三条", remark="不予受理由有权处理的机关决定：经办人提出，单位负责人签批；指定办理或者异议没有同意的，不得再以不属职权为由提出"),
    _step(A.ASK_DECLINE,       (S.ASSIGNED,),                  None,       _HOLDER,                 must("ground", "reason", "where_instead"), profiles=_HOTLINE, unless=frozenset({M.DECLINE_ASKED}), public=False,
          law="国办发〔2020〕53号（受理范围）", remark="承办单位不能自行不予受理：写明依据报12345中心决定；指定办理的不得再以不属职责为由提出"),
    _step(A.REFUSE_DECLINE,    (S.ASSIGNED,),                  None,       _LEAD,                   must("reason"), profiles=_PETITION, only=frozenset({M.DECLINE_ASKED}), public=False,
          law="信访工作条例 第二十三条", remark="负责人不同意的，依法受理"),
    _step(A.REFUSE_DECLINE,    (S.ASSIGNED,),                  None,       _DESK,                   must("reason"), profiles=_HOTLINE, only=frozenset({M.DECLINE_ASKED}), public=False,
          law="国办发〔2020〕53号（受理范围）", remark="中心不同意的，承办单位应当签收办理"),
    _step(A.DECLINE,           (S.RECEIVED, S.ASSIGNED),       S.DECLINED, (*_DESK, *_LEAD),        must("ground", "reason", "where_instead"), profiles=_PETITION, stages=_FIRST_STAGE,
          law="信访工作条例 第十九条第三款、第二十三条、第三十六条第三款", remark="登记前由受理窗口决定，转送、交办后由承办单位负责人签批；写明依据和去处，群众可以提出异议一次"),
    _step(A.DECLINE,           (S.ASSIGNED,),                  S.DECLINED, _LEAD,                   must("ground", "reason", "where_instead"), profiles=_PETITION, stages=_REVIEW_STAGES,
          law="信访工作条例 第三十五条、第三十六条", remark="复查、复核请求只由复查、复核机关决定是否受理"),
    _step(A.DECLINE,           (S.RECEIVED, S.ASSIGNED),       S.DECLINED, _DESK,                   must("ground", "reason", "where_instead"), profiles=_HOTLINE,
          law="国办发〔2020〕53号（受理范围）", remark="只由12345中心决定，写明依据和去处；群众可以提出异议一次"),
    _step(A.CONTEST,           (S.DECLINED, S.DIVERTED, S.TERMINATED), S.RECEIVED, _OWNER,                  must("reason"), profiles=_CASES, most=1,
          law="信访工作条例 第四十四条第二项（应当受理而不予受理的，由上级机关责令改正）", remark="对不予受理、导入法定程序有异议的，受理窗口重新审查一次；期限从收到来件之日算，不因此延后"),
    _step(A.OVERTURN,          (S.DECLINED, S.DIVERTED, S.TERMINATED), S.RECEIVED, _OVERSEER,               must("reason"), profiles=_CASES, most=2,
          law="信访工作条例 第四十四条第二项", remark="不予受理不当的，由监督部门责令改正，退回受理窗口"),
    _step(A.ASK_DIVERT,        (S.ASSIGNED, S.ACCEPTED),       None,       _CLERK,                  must("legal_route", "text"), may("where_instead", "target_day"), profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.FIRST}),
          unless=frozenset({M.HEARING, M.DIVERT_ASKED}), public=False, law="信访工作条例 第三十一条第一项至第五项（导入法定程序）", remark="经办人提出，单位负责人签批"),
    _step(A.REFUSE_DIVERT,     (S.ASSIGNED, S.ACCEPTED),       None,       _LEAD,                   must("reason"), profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.FIRST}), only=frozenset({M.DIVERT_ASKED}), public=False,
          law="信访工作条例 第三十一条", remark="负责人不同意的，继续办理"),
    _step(A.DIVERT,            (S.RECEIVED, S.ASSIGNED, S.ACCEPTED), S.DIVERTED, (*_DESK, *_LEAD), must("legal_route", "text"), may("where_instead", "target_day"), profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.FIRST}),
          unless=frozenset({M.HEARING}), law="信访工作条例 第三十一条第一项至第五项（导入法定程序）", remark="写明应走的程序、受理机关和该程序自己的期限"),
    _step(A.ASK,               (S.ASSIGNED, S.ACCEPTED),       None,       (*_DESK, *_HOLDER),      must("text"), profiles=_CASES, remark="请群众补充情况不停表：条例只在复核听证时停表"),
    _step(A.SUPPLEMENT,        (S.RECEIVED, S.ASSIGNED, S.ACCEPTED, S.HELD, S.REPLIED), None, (*_OWNER, *_DESK), must("text"), may("attachments"), profiles=_CASES),
    _step(A.CONTACT,           (S.ASSIGNED, S.ACCEPTED, S.HELD), None,       (*_HOLDER, *_CO),        must("text"),
          law="国办发〔2020〕53号；国办发〔2019〕51号（回访核实）"),
    _step(A.CO_ASSIGN,         (S.ASSIGNED, S.ACCEPTED),       None,       (*_DESK, *_HOLDER),      must("units", "task"), profiles=_CASES,
          law="信访工作条例 第二十四条；国办函〔2025〕66号（主办、协办）", remark="首接单位主办，协办单位按分工反馈"),
    _step(A.CO_REPLY,          (S.ASSIGNED, S.ACCEPTED, S.HELD), None,     _CO,                     must("text"), profiles=_CASES, public=False, remark="协办意见交主办单位汇总，不直接答复群众"),
    _step(A.PROGRESS,          (S.ASSIGNED, S.ACCEPTED, S.HELD), None,     (*_HOLDER, *_CO),        must("text"), may("attachments"), profiles=_CASES,
          remark="主办单位的阶段反馈群众看得到，协办单位的只交主办单位"),
    _step(A.ASK_EXTENSION,     (S.ACCEPTED,),                  None,       ((R.CLERK, W.HOLDER),),  must("reason", "days"), only=frozenset({M.EXTENDABLE}), unless=frozenset({M.EXTENSION_ASKED, M.SIMPLE}), public=False),
    _step(A.EXTEND,            (S.ACCEPTED,),                  None,       _LEAD,                   must("reason", "days"), profiles=_PETITION | _RATING, only=frozenset({M.EXTENDABLE}), unless=frozenset({M.SIMPLE}), most=1,
          law="信访工作条例 第三十四条", remark="期满前由单位负责人批准，只能延一次，理由告知群众"),
    _step(A.ENDORSE_EXTENSION, (S.ACCEPTED,),                  None,       _LEAD,                   must("reason", "days"), profiles=_HOTLINE, only=frozenset({M.EXTENDABLE}), unless=frozenset({M.EXTENSION_ENDORSED}), public=False,
          law=PLATFORM_RULE, remark="工单延期先由单位负责人同意，再报12345中心批准"),
    _step(A.EXTEND,            (S.ACCEPTED,),                  None,       _DESK,                   must("reason", "days"), profiles=_HOTLINE, only=frozenset({M.EXTENDABLE, M.EXTENSION_ENDORSED}), most=1,
          law=PLATFORM_RULE, remark="单位负责人同意后，期满前由12345中心批准，只能延一次，不超过负责人同意的天数，理由告知群众"),
    _step(A.REFUSE_EXTENSION,  (S.ACCEPTED,),                  None,       _LEAD,                   must("reason"), profiles=_PETITION | _RATING, only=frozenset({M.EXTENSION_ASKED}), public=False),
    _step(A.REFUSE_EXTENSION,  (S.ACCEPTED,),                  None,       (*_LEAD, *_DESK),        must("reason"), profiles=_HOTLINE, only=frozenset({M.EXTENSION_ASKED}), public=False,
          law=PLATFORM_RULE, remark="单位负责人和12345中心都可以不同意"),
    _step(A.ASK_HOLD,          (S.ACCEPTED,),                  None,       _LEAD,                   must("reason", "target_day"), profiles=_HOTLINE, unless=frozenset({M.HOLD_ASKED}), public=False,
          law=PLATFORM_RULE, remark="由单位负责人提出，写明理由和目标日，报12345中心批准"),
    _step(A.HOLD,              (S.ACCEPTED,),                  S.HELD,     _DESK,                   must("reason", "target_day"), profiles=_HOTLINE, only=frozenset({M.HOLD_ASKED}),
          law=PLATFORM_RULE, remark="挂账由12345中心批准、写明目标日，理由告知群众，单列统计，定期提醒，到期自动恢复办理"),
    _step(A.REFUSE_HOLD,       (S.ACCEPTED,),                  None,       _DESK,                   must("reason"), profiles=_HOTLINE, only=frozenset({M.HOLD_ASKED}), public=False,
          law=PLATFORM_RULE, remark="不同意挂账的，承办单位在原期限内办结"),
    _step(A.RESUME,            (S.HELD,),                      S.ACCEPTED, (*_HOLDER, *_OVERSEER, *_SYSTEM), (), may("reason"), profiles=_HOTLINE),
    _step(A.MEDIATE,           (S.ACCEPTED,),                  None,       _HOLDER,                 must("text"), may("attachments"), profiles=_PETITION, kinds=CLAIMS,
          law="信访工作条例 第三十三条（调解、和解）", remark="双方自愿；写明达成的协议"),
    _step(A.HEARING,           (S.ACCEPTED,),                  None,       _HOLDER,                 must("text"), may("day"), profiles=_PETITION, kinds=CLAIMS, unless=frozenset({M.HEARING}),
          law="信访工作条例 第三十一条第六项、第三十六条第二款（听证）", remark="只有复核听证停表，听证所需时间不计入；初次办理和复查听证不停表"),
    _step(A.END_HEARING,       (S.ACCEPTED,),                  None,       _HOLDER,                 must("text"), profiles=_PETITION, kinds=CLAIMS, only=frozenset({M.HEARING}),
          law="信访工作条例 第三十一条第六项、第三十六条第二款（听证）"),
    _step(A.REPLY,             (S.ACCEPTED,),                  S.REPLIED,  _HOLDER,                 (*must("text", "facts", "basis"), CONCLUSION), may("public", "attachments", "time_unknown"), profiles=_PETITION, kinds=frozenset({K.APPEAL}), unless=frozenset({M.HEARING}),
          law="信访工作条例 第三十二条、第三十四条", remark="处理意见书写明诉求、事实和理由、处理意见及依据，告知复查、复核的权利"),
    _step(A.REPLY,             (S.ACCEPTED,),                  S.REPLIED,  _HOLDER,                 must("text"), may("outcome", "facts", "basis", "public", "attachments", "time_unknown"), profiles=_PETITION, kinds=frozenset(K) - {K.APPEAL}, unless=frozenset({M.HEARING}),
          law="信访工作条例 第二十九条、第三十条、第三十二条"),
    _step(A.REPLY,             (S.ACCEPTED,),                  S.REPLIED,  _HOLDER,                 must("text"), may("outcome", "public", "attachments", "time_unknown"), profiles=_HOTLINE,
          law="国办发〔2020〕53号（答复）"),
    _step(A.DRAFT_REPLY,       (S.ACCEPTED,),                  None,       (),                      (*must("text", "facts", "basis"), CONCLUSION), may("public", "attachments"), profiles=_PETITION, kinds=frozenset({K.APPEAL}), unless=frozenset({M.HEARING}), public=False,
          law="信访工作条例 第三十二条；党政机关公文处理工作条例 第二十二条（签发）", remark="经办人的处理意见先成为待签发的草稿，由单位负责人签发；期限不停"),
    _step(A.DRAFT_REPLY,       (S.ACCEPTED,),                  None,       (),                      must("text"), may("outcome", "facts", "basis", "public", "attachments"), profiles=_PETITION, kinds=frozenset({K.REPORT}), unless=frozenset({M.HEARING}), public=False,
          law="信访工作条例 第三十条；党政机关公文处理工作条例 第二十二条（签发）", remark="经办人的答复先成为待签发的草稿，由单位负责人签发；期限不停"),
    _step(A.DRAFT_REPLY,       (S.ACCEPTED,),                  None,       _CLERK,                  must("text"), may("outcome", "public", "attachments"), profiles=_CASES, kinds=frozenset(K) - SIGNED_OFF, unless=frozenset({M.HEARING}), public=False,
          law="党政机关公文处理工作条例 第二十二条（签发）", remark="可以直接答复的，经办人没有把握时也可以先报负责人签发；期限不停"),
    _step(A.SIGN_REPLY,        (S.ACCEPTED,),                  S.REPLIED,  _LEAD,                   (), profiles=_CASES, only=frozenset({M.DRAFT_PENDING}), unless=frozenset({M.HEARING}),
          law="党政机关公文处理工作条例 第二十二条（签发）", remark="负责人签发后，草稿成为答复发出；要改动的，直接答复或者退回修改"),
    _step(A.SEND_BACK_DRAFT,   (S.ACCEPTED,),                  None,       _LEAD,                   must("reason"), profiles=_CASES, only=frozenset({M.DRAFT_PENDING}), public=False,
          law="党政机关公文处理工作条例 第二十二条（签发）", remark="退回经办人修改，写明意见；每一稿和意见都留在案卷里"),
    _step(A.REPORT_BACK,       (S.ASSIGNED, S.ACCEPTED, S.REPLIED), None,  _HOLDER,                 must("text"), may("attachments"), profiles=_CASES, only=frozenset({M.COMMISSIONED}), public=False,
          law="信访工作条例 第二十二条第三项（办结报告）"),
    _step(A.NOTIFY_RESULT,     (S.REPLIED, S.CLOSED),          None,       _HOLDER,                 must("text", "way"), may("day"), profiles=_PETITION, kinds=frozenset({K.REPORT}), most=2,
          law="信访工作条例 第三十条；纪检监察机关处理检举控告工作规则（实名检举控告的告知）", remark="实名检举控告的，办结后十五个工作日内告知处理结果；匿名的不告知"),
    _step(A.NOTIFY_PERSONNEL,  (*_RUNNING, S.REPLIED, S.CLOSED), None,     _DESK,                   must("units", "text"), profiles=_PETITION, most=10, public=False,
          law="信访工作条例 第三十条第二款（通报反映干部问题的信访情况）", remark="反映干部问题的，按干部管理权限向组织（人事）部门通报；重大情况报党委主要负责同志"),
    _step(A.DELIVER,           (S.REPLIED, S.CLOSED, S.ACCEPTED),         None,       (*_DESK, *_HOLDER),      (), may("day", "way"), profiles=_PETITION, only=frozenset({M.TO_DELIVER}),
          law="信访工作条例 第三十五条、第三十六条（收到书面答复之日）", remark="申请复查、复核的期限自收到书面答复之日起算"),
    _step(A.PUBLISH,           (S.REPLIED, S.CLOSED),          None,       (*_DESK, *_LEAD),        must("title", "question", "answer"), profiles=_CASES, kinds=frozenset(K) - {K.REPORT, K.RECTIFY},
          unless=frozenset({M.MINOR}), public=False, law="个人信息保护法 第二十五条、第二十八条、第三十一条", remark="只有本人同意公开、脱敏后的文字才能公开；未成年人的来件不公开"),
    _step(A.UNPUBLISH,         (S.REPLIED, S.CLOSED),          None,       (*_DESK, *_LEAD, *_OVERSEER), must("reason"), profiles=_CASES, only=frozenset({M.PUBLISHED}),
          public=False, law="个人信息保护法 第四十七条", remark="本人要求或发现含个人信息时撤下"),
    _step(A.WITHDRAW_CONSENT,  tuple(S),                       None,       _OWNER,                  (), may("reason"), profiles=_CASES, kinds=frozenset(K) - {K.REPORT, K.RECTIFY},
          law="个人信息保护法 第十五条、第四十四条（撤回同意）", remark="撤回后立即撤下已公开的问答，以后也不能再公开；不影响办理"),
    _step(A.ASK_CORRECTION,    tuple(S),                       None,       _OWNER,                  (), may("name", "phone", "id_kind", "id_number", "home_address", "reason"), profiles=_CASES, unless=frozenset({M.CORRECTION_ASKED}), most=_REQUESTS_MOST,
          law="个人信息保护法 第四十六条（更正、补充）", remark="只填写要更正的内容；受理窗口核实后更正，原来的内容不再保留"),
    _step(A.CORRECT,           tuple(S),                       None,       _DESK,                   (), may("reason"), profiles=_CASES, only=frozenset({M.CORRECTION_ASKED}),
          law="个人信息保护法 第四十六条（核实并及时更正、补充）", remark="由受理窗口核实后更正，不由经办人决定"),
    _step(A.REFUSE_CORRECTION, tuple(S),                       None,       _DESK,                   must("ground", "reason"), profiles=_CASES, only=frozenset({M.CORRECTION_ASKED}),
          law="个人信息保护法 第五十条第一款（拒绝的说明理由）", remark="不同意更正的，写明情形和理由，本人可以看到"),
    _step(A.ASK_ERASURE,       tuple(S),                       None,       _OWNER,                  (), may("reason"), profiles=_CASES, unless=frozenset({M.ERASURE_ASKED}), most=_REQUESTS_MOST,
          law="个人信息保护法 第四十七条（删除）", remark="同意的，姓名、电话、证件、诉求和答复的文字、附件全部销毁，不能恢复；正在办理的和档案保存期限未满的不能删除"),
    _step(A.ERASE,             _ERASABLE,                      None,       _DESK,                   must("ground"), may("reason"), profiles=_CASES, only=frozenset({M.ERASURE_ASKED}),
          law="个人信息保护法 第四十七条（删除）", remark="由受理窗口决定，销毁密钥和文字，只留下办理的时间、环节和指纹"),
    _step(A.ERASE,             _ERASABLE,                      None,       _SYSTEM,                 must("ground"), may("reason"), profiles=_RATING,
          law="个人信息保护法 第四十七条（删除）", remark="原件的个人信息依法删除的，由它而来的整改一并删除"),
    _step(A.REFUSE_ERASURE,    tuple(S),                       None,       _DESK,                   must("ground", "reason"), profiles=_CASES, only=frozenset({M.ERASURE_ASKED}),
          law="个人信息保护法 第四十七条第二款、第五十条第一款（拒绝的说明理由）", remark="不同意删除的，写明情形和理由，本人可以看到；因档案保存期限不能删除的，只保存，不再公开，不再由程序处理"),
    _step(A.ASK_RESTRICTION,   tuple(S),                       None,       _OWNER,                  must("scope"), may("reason"), profiles=_CASES, unless=frozenset({M.RESTRICTION_ASKED}), most=_REQUESTS_MOST,
          law="个人信息保护法 第四十四条（限制、拒绝处理）、第二十四条第三款（自动化决策）", remark="可以拒绝公开、拒绝电话联系、拒绝程序自动分类派件"),
    _step(A.RESTRICT,          tuple(S),                       None,       _DESK,                   (), may("reason"), profiles=_CASES, only=frozenset({M.RESTRICTION_ASKED}),
          law="个人信息保护法 第四十四条（限制、拒绝处理）", remark="拒绝公开的，已公开的问答马上撤下；拒绝程序处理的，以后只由人分类派件，不用于训练"),
    _step(A.REFUSE_RESTRICTION, tuple(S),                      None,       _DESK,                   must("ground", "reason"), profiles=_CASES, only=frozenset({M.RESTRICTION_ASKED}),
          law="个人信息保护法 第四十四条、第五十条第一款（拒绝的说明理由）", remark="不同意的，写明情形和理由，本人可以看到"),
    _step(A.WITHDRAW,          _RUNNING,                       S.WITHDRAWN, _OWNER,                 (), may("reason"), profiles=_CASES),
    _step(A.WITHDRAW,          (*_RUNNING, S.REPLIED, S.CLOSED), S.WITHDRAWN, _SYSTEM,              must("reason"), profiles=_RATING,
          law="国办发〔2019〕51号（排除误评和恶意差评）", remark="差评经复核认定无效的，整改随之撤销，不计入任何指标"),
    _step(A.INHERIT,           (*_RUNNING, S.REPLIED),         None,       (*_DESK, *_HOLDER),      must("party_name", "relation", "proof"), may("reason", "party_phone", "party_id_number", "attachments"), profiles=_CASES,
          law="民法典 第十三条、第一千一百二十二条", remark="信访人死亡、权利可以承继的，由承继人继续，期限不变；承继人登记为当事人，可以凭查询码和本人电话查询、评价、申请复查"),
    _step(A.ADD_PARTY,         (*_RUNNING, S.REPLIED, S.CLOSED), None,     (*_DESK, *_HOLDER),      must("party_kind", "authority", "party_name", "proof"), may("party_phone", "party_id_number", "attachments"), profiles=_CASES,
          law="民法典 第二十三条、第三十四条、第一百六十一条；未成年人保护法 第四条", remark="未成年人的来件补充登记监护人，以后只与监护人联系；监护人凭查询码和本人电话查询、评价、申请复查"),
    _step(A.SET_MARKER,        (*_RUNNING, S.REPLIED, S.CLOSED), None,     (*_DESK, *_HOLDER, *_OVERSEER), must("marker"), may("reason", *case_markers.LED_NEEDS), profiles=_CASES, public=False,
          law="信访工作条例 第二十条、第四十条；未成年人保护法 第四条", remark="未成年人由经办人标记；越级、积案、领导包案由受理窗口和监督部门标记，包案写明领导的姓名、职务和从哪天起"),
    _step(A.LIFT_MARKER,       (*_RUNNING, S.REPLIED, S.CLOSED), None,     (*_DESK, *_HOLDER, *_OVERSEER), must("marker", "reason"), profiles=_CASES, public=False,
          law="信访工作条例 第二十条、第四十条；未成年人保护法 第四条", remark="写明为什么取消；标记过的记录留在案卷里"),
    _step(A.TERMINATE,         _RUNNING,                       S.TERMINATED, (*_DESK, *_LEAD),      must("ground", "reason"), profiles=_PETITION, stages=_FIRST_STAGE,
          law="民法典 第十三条、第一千一百二十二条", remark="信访人死亡、没有承继人或者请求只属于本人的终止；家属不同意的，可以请求重新审查一次"),
    _step(A.TERMINATE,         _RUNNING,                       S.TERMINATED, _LEAD,                 must("ground", "reason"), profiles=_PETITION, stages=_REVIEW_STAGES,
          law="民法典 第十三条、第一千一百二十二条", remark="复查、复核只由复查、复核机关终止"),
    _step(A.TERMINATE,         _RUNNING,                       S.TERMINATED, _DESK,                 must("ground", "reason"), profiles=_HOTLINE,
          law="民法典 第十三条、第一千一百二十二条", remark="只由12345中心终止"),
    _step(A.URGE,              _RUNNING,                       None,       (*_OWNER, *_OVERSEER, *_DESK), (), may("text"), most=20),
    _step(A.SUPERVISE,         (*_RUNNING, S.REPLIED),         None,       _OVERSEER,                   must("reason"), may("trigger", "target_day", "addressee"),
          law="信访工作条例 第四十条（督办）", remark="发给期限归它的单位：主办、协办单位或者受理窗口；不写明的发给主办单位，还没有派出的发给受理窗口"),
    _step(A.ANSWER_SUPERVISION, (*_RUNNING, S.REPLIED),       None,       _ORDERED,                must("text"), public=False, only=frozenset({M.SUPERVISED}), law="信访工作条例 第四十条", remark="由收到督办的单位答复"),
    _step(A.REPORT_UP,         _RUNNING,                       None,       (*_DESK, *_HOLDER),      must("text"), may("units"), profiles=_PETITION, most=10, public=False,
          law="信访工作条例 第二十五条、第四十六条第四项（重大、紧急事项及时报告）", remark="报同级党委和政府、上级主管部门，通报联席会议办公室；核实不属于重大紧急的也在此写明"),
    _step(A.RECUSE,            (*_RUNNING, S.REPLIED),         None,       (*_DESK, *_HOLDER, *_OVERSEER), must("staff", "reason"), public=False,
          law="信访工作条例 第二十八条第三款（回避）", remark="被回避的人员不能再查看和办理这一件"),
    _step(A.RATE,              (S.REPLIED, S.CLOSED),          None,       _OWNER,                  must("level"), (SOLVED, *may("desk_level", "tags", "text", "anonymous")), profiles=_PETITION, most=2,
          law="信访工作条例 第二十一条；国信发〔2022〕11号 第三条", remark="信访部门和责任单位分开评价；一次评价加一次追评"),
    _step(A.RATE,              (S.REPLIED, S.CLOSED),          None,       _OWNER,                  must("level"), (SOLVED, *may("tags", "text", "anonymous")), profiles=_HOTLINE, most=2,
          law="信访工作条例 第二十一条；国办发〔2019〕51号", remark="一次评价加一次追评"),
    _step(A.REVIEW,            (S.REPLIED, S.CLOSED),          S.RECEIVED, _OWNER,                  must("reason"), may("received_day"), profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.FIRST}), most=1,
          law="信访工作条例 第三十五条（复查）", remark="办结不影响申请复查的权利"),
    _step(A.RE_REVIEW,         (S.REPLIED, S.CLOSED),          S.RECEIVED, _OWNER,                  must("reason"), may("received_day"), profiles=_PETITION, kinds=CLAIMS, stages=frozenset({Stage.REVIEW}), most=1,
          law="信访工作条例 第三十六条（复核）", remark="办结不影响申请复核的权利"),
    _step(A.REDO,              (S.REPLIED,),                   S.ACCEPTED, _SYSTEM,                 must("unit", "reason"), profiles=_PETITION, kinds=CLAIMS, stages=_REVIEW_STAGES,
          law="信访工作条例 第三十五条、第三十六条（复查、复核）", remark="复查、复核机关责令重新办理的，退回原办理单位，从头计算办理期限；对新的处理意见可以重新请求复查"),
    _step(A.AUDIT,             (S.REPLIED,),                   None,       _DESK,                   (), may("text"), profiles=_HOTLINE, unless=frozenset({M.AUDITED}), public=False,
          law="国办发〔2020〕53号（办结）", remark="逐件审核办理结果；不实不全的退回再办"),
    _step(A.REOPEN,            (S.REPLIED, S.CLOSED),          S.ACCEPTED, (*_OWNER, *_OVERSEER, *_DESK), must("reason"), profiles=_HOTLINE, most=2, unless=frozenset({M.FINISHED}),
          law="国办发〔2020〕53号（回访）", remark="回访时群众不认可的，办结后也可以退回再办"),
    _step(A.REOPEN,            (S.REPLIED,),                   S.ACCEPTED, (*_OTHER_OVERSEER, *_OTHER_DESK), must("reason"), profiles=_RATING, most=1,
          law="国办发〔2019〕51号（回访整改）", remark="回访时评价人不认可的，重新整改一次"),
    _step(A.MERGE,             (S.RECEIVED, S.ASSIGNED),       S.MERGED,   _DESK,                   must("case", "reason"), profiles=_CASES, unless=frozenset({M.IN_REVIEW}),
          law="信访工作条例 第十九条第三款", remark="后件并入先件：同一信访人的，或者已经确认是同一批联名反映的；复查、复核不能并案；两案记录都保留"),
    _step(A.ANSWER_MERGED,     (S.MERGED,),                    S.REPLIED,  _SYSTEM,                 must("case", "unit", "text"), may("outcome", "facts", "basis", "shared_files"), profiles=_CASES,
          law="信访工作条例 第三十二条、第三十四条、第三十五条", remark="先件答复时，并入的各件同时得到同一答复，评价和申请复查的权利不变"),
    _step(A.UNMERGE,           (S.MERGED,),                    S.RECEIVED, (*_DESK, *_OVERSEER, *_SYSTEM), (), may("reason"), profiles=_CASES,
          law="信访工作条例 第二十二条、第二十三条", remark="一日内受理窗口可以直接撤销，之后写明理由；先件没有答复就结束的自动撤销；期限从本件收到之日算"),
    _step(A.RECTIFY,           (S.ACCEPTED,),                  S.REPLIED,  _HOLDER,                 must("text"), profiles=_RATING, law="国办发〔2019〕51号（立行立改、限期整改）"),
    _step(A.EXPLAIN,           (S.ACCEPTED,),                  S.REPLIED,  _HOLDER,                 must("text"), profiles=_RATING, law="国办发〔2019〕51号（解释说明）"),
    _step(A.CALL_BACK,         (S.REPLIED,),                   S.CLOSED,   (*_DESK, *_OVERSEER),        must("outcome", "text"), may("contacted", "solved", "reason"), profiles=_HOTLINE,
          law="国办发〔2020〕53号（回访）", remark="群众不认可的退回再办；依法办理后仍不认可、确需办结的，写明理由"),
    _step(A.CALL_BACK,         (S.REPLIED,),                   S.CLOSED,   (*_OTHER_DESK, *_OTHER_OVERSEER), must("outcome", "text"), may("contacted", "solved"), profiles=frozenset(P) - _HOTLINE,
          law="国办发〔2019〕51号（回访整改）", remark="由受理窗口或监督部门回访；被评价的就是受理窗口或者监督部门的，由另一个回访"),
    _step(A.NAME_UNIT,         (S.ACCEPTED, S.REPLIED, S.CLOSED), None,    _DESK,                   must("unit"), profiles=_CASES, only=frozenset({M.UNIT_UNKNOWN}), public=False,
          remark="历史导入的答复没有写明承办单位的，查明后补记；答复和时间不变，不计入该单位的时限"),
    _step(A.SUCCEED,           (*_RUNNING, S.REPLIED),        None,       _SYSTEM,                 must("unit", "from_unit"), may("reason"),
          law="信访工作条例 第二十四条第二款（分立、合并、撤销）", remark="单位合并、撤销的，由继续行使其职权的单位办理，期限照旧，不重新计算"),
    _step(A.NOTE,              (*_RUNNING, S.REPLIED, S.CLOSED), None,     (*_DESK, *_HOLDER, *_CO, *_OVERSEER), must("text"), public=False),
    _step(A.REFOLD,            tuple(S),                       None,       _SYSTEM,                 must("reason"), remark="程序更新后，存档与案卷重新算出的不一致的，由系统重新计算，写明原因和变动的日期"),
    _step(A.CLOSE,             (S.REPLIED,),                   S.CLOSED,   (*_SYSTEM, *_OTHER_DESK),    (), may("reason"), profiles=_CASES, remark="评价期满自动办结，受理窗口也可以结；答复的单位自己不能结"),
    _step(A.CLOSE,             (S.REPLIED,),                   S.CLOSED,   _SYSTEM,                 (), may("reason"), profiles=_RATING, law="国办发〔2019〕51号（回访整改）", remark="差评整改由别人回访后办结，被评价的单位不能自己结"),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Redirect:
    """One row: an act that is recorded as another one, because of who does it, what it found or what it signs."""

    act: Act
    into: Act
    law: str
    profiles: frozenset[Profile] = _CASES
    is_signed_off: bool = False  # only of kinds whose answers the head signs
    when: tuple[str, str] | None = None  # only where it brings this
    unless: str = ""  # not where it says why not: the name of that need
    reason: str = ""  # what that need says otherwise
    by: Role | None = None  # only by this role, where the same person has not the role of `over` as well
    over: Role | None = None
    takes: Act | None = None  # what the newest act of this sort brought is taken over


REDIRECTS: tuple[Redirect, ...] = (
    Redirect(
        A.CALL_BACK,
        A.REOPEN,
        "国办发〔2020〕53号（回访）",
        profiles=_HOTLINE,
        when=("outcome", "unsatisfied"),
        unless="reason",
        reason="回访时群众不认可",
    ),
    Redirect(
        A.REPLY,
        A.DRAFT_REPLY,
        "党政机关公文处理工作条例 第二十二条（签发）",
        is_signed_off=True,
        by=R.CLERK,
        over=R.LEAD,
    ),
    Redirect(A.SIGN_REPLY, A.REPLY, "党政机关公文处理工作条例 第二十二条（签发）", takes=A.DRAFT_REPLY),
)


def find_redirect(
    act: Act, profile: Profile, kind: Kind, roles: frozenset[Role], data: Mapping[str, object]
) -> Redirect | None:
    """The row by which such an act, done by somebody with these roles, becomes another one."""
    return next(
        (
            row
            for row in REDIRECTS
            if row.act is act
            and profile in row.profiles
            and (kind in _signed_off or not row.is_signed_off)
            and (row.when is None or data.get(row.when[0]) == row.when[1])
            and not (row.unless and data.get(row.unless))
            and (row.by is None or (row.by in roles and row.over not in roles))
        ),
        None,
    )


_signed_off = SIGNED_OFF


def activate_sign_off(kinds: Iterable[Kind]) -> None:
    """In this process the head signs the answers of these kinds, too. Called where a process starts."""
    global _signed_off
    _signed_off = SIGNED_OFF | frozenset(kinds)


_is_simple_procedure_on = False


def activate_simple_procedure(*, is_on: bool) -> None:
    """Whether this process offers the simple procedure (简易办理). Called where a process starts."""
    global _is_simple_procedure_on
    _is_simple_procedure_on = is_on


def is_simple_procedure_on() -> bool:
    """Whether the district handles small, clear, undisputed petitions under the simple procedure."""
    return _is_simple_procedure_on


def may_be_simple(state: "CaseState") -> bool:
    """Whether the kind of case is one for the simple procedure: a claim or a suggestion that nobody decided yet."""
    return state.profile is P.PETITION and state.kind in CLAIMS | {K.SUGGEST} and state.stage is Stage.FIRST


def _as_offered(step: Step, state: "CaseState") -> Step:
    """The row without the choice of a procedure where there is none to choose."""
    if _is_simple_procedure_on and may_be_simple(state):
        return step
    return replace(step, may=tuple(need for need in step.may if need.name != "procedure"))


def redirected_data(
    row: Redirect, data: Mapping[str, object], latest_data: Mapping[Act, Mapping[str, object]]
) -> dict[str, object]:
    """What the act that is recorded brings."""
    taken = latest_data.get(row.takes, {}) if row.takes else {}
    return {**taken, **data, **({row.unless: row.reason} if row.unless else {})}


@dataclass(frozen=True, slots=True)
class CaseState:
    """What the rules need to know of a case now."""

    kind: Kind
    profile: Profile
    status: Status
    stage: Stage = Stage.FIRST
    done: Mapping[Act, int] = field(default_factory=dict)  # acts so far, counted; from the last order to redo it all
    conditions: frozenset[Condition] = frozenset()


def state_after(state: CaseState, step: Step) -> CaseState:
    """Where a case would stand after a step that says nothing unusual: to look ahead, as pages and proofs do."""
    done = {} if step.act is Act.REDO else state.done
    act_counts = {**done, step.act: done.get(step.act, 0) + 1}
    cleared_conditions = {row.condition for row in CONDITION_RULES if step.act in row.cleared_by}
    set_conditions = {
        row.condition
        for row in CONDITION_RULES
        if step.act in row.set_by and row.when is None and act_counts[step.act] >= row.times
    }
    stage = STAGE_AFTER.get(step.act, state.stage)
    return replace(
        state,
        status=step.target or state.status,
        stage=stage,
        done=act_counts,
        conditions=state.conditions - cleared_conditions | set_conditions,
    )


def find_step(act: Act, profile: Profile, kind: Kind, stage: Stage) -> Step | None:
    """The row that holds for the act in this rule book, kind and stage."""
    for step in STEPS:
        if step.act is act and profile in step.profiles and kind in step.kinds and stage in step.stages:
            return step
    return None


def list_steps(state: CaseState) -> tuple[Step, ...]:
    """All rows that may happen now, whoever asks."""
    return tuple(
        _as_offered(step, state)
        for step in STEPS
        if state.status in step.sources
        and state.profile in step.profiles
        and state.kind in step.kinds
        and state.stage in step.stages
        and not _is_blocked(step, state)
    )


def check_step(state: CaseState, act: Act, data: Mapping[str, object]) -> Step:
    """The row by which `act` may happen now with what it brings.

    Raises NotNow (wrong status, or too often) and Invalid (something needed is missing or wrong).
    """
    step = find_step(act, state.profile, state.kind, state.stage)
    if step is None or state.status not in step.sources or _is_blocked(step, state):
        code = _SPENT_CODES.get(act, "") if step and _is_spent(step, state) else ""
        code = code or next(
            (words for (a, bar), words in _BARRED_CODES.items() if a is act and bar in state.conditions), ""
        )
        raise NotNow(code=code, act=act.value, status=state.status.value)
    check_needs(step, data)
    return step


def check_needs(step: Step, data: Mapping[str, object]) -> None:
    """Raises Invalid naming each need that is missing or out of its limits."""
    faults = {
        need.name: fault
        for need in (*step.needs, *step.may)
        if (fault := find_need_fault(need, data.get(need.name))) is not None
    }
    if faults:
        raise Invalid(faults)


def _is_blocked(step: Step, state: CaseState) -> bool:
    if M.ERASED in state.conditions and step.act not in _AFTER_ERASURE:
        return True
    return bool(step.only - state.conditions or step.unless & state.conditions) or _is_spent(step, state)


def _is_spent(step: Step, state: CaseState) -> bool:
    return step.most is not None and state.done.get(step.act, 0) >= step.most


_SPENT_CODES: Mapping[Act, str] = {A.EXTEND: "extension_used"}
"""How an act is refused that may happen no more in this file, where that can be said better than that it is not now."""
_BARRED_CODES: Mapping[tuple[Act, Condition], str] = {(A.PUBLISH, M.MINOR): "minor_not_published"}
"""The same for what the case itself does not allow."""
