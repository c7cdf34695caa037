"""Grounds of decisions, legal routes, outcomes and supervision triggers, as rows with their articles.

GROUNDS of not accepting, LEGAL_ROUTES that lead out of the petition, OUTCOMES of an opinion and TRIGGERS of a
supervision order. Forms offer exactly the rows that hold for the case, the help page quotes them. No I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from feedback.rules.conditions import STORED_ONLY
from feedback.rules.lifecycle import CLAIMS
from feedback.rules.vocabulary import Act, Kind, Profile, Stage


class GroundLetter(StrEnum):
    """Which letter tells the citizen of a refusal."""

    NOT_ACCEPTED = "not_accepted"  # 不予受理告知书
    NOT_AGAIN = "not_again"  # 不再受理告知书
    GUIDE = "guide"  # 告知向有权机关提出


@dataclass(frozen=True, slots=True)
class DecisionGround:
    """One choice: its code, what people read, the article, what the article says, and for whom it holds."""

    code: str
    label: str
    law: str
    says: str  # the substance of the article, or what to tell the citizen
    profiles: frozenset[Profile] = field(default_factory=lambda: frozenset(Profile))
    kinds: frozenset[Kind] = field(default_factory=lambda: frozenset(Kind))
    stages: frozenset[Stage] = field(default_factory=lambda: frozenset(Stage))
    letter: GroundLetter | None = None  # of a ground
    own_limit: str = ""  # of a legal route: the other procedure's own limit
    offered: bool = True  # False: only in what was brought in from elsewhere


REDO = "redo"
"""The outcome of a review by which the matter goes back to whoever decided first (责令重新办理)."""

P, K, S = Profile, Kind, Stage
_PETITION, _HOTLINE = frozenset({P.PETITION}), frozenset({P.HOTLINE})
_SUGGESTIONS = frozenset({K.SUGGEST})
_EXCEPT_SUGGESTIONS = frozenset(K) - _SUGGESTIONS
_FIRST, _AGAIN = frozenset({S.FIRST}), frozenset({S.REVIEW, S.RE_REVIEW})
_NEVER: frozenset[Stage] = frozenset()  # what older entries cite and nobody may choose: 第三十五条 bars no new request
_REGULATION = "信访工作条例"
_ACCEPTED = "国办发〔2020〕53号（受理范围）"
_ORDER_SUPERVISED = "国办发〔2020〕53号（督办）"
_REVIEWED = f"{_REGULATION} 第三十五条、第三十六条（复查、复核意见；四种结论见各地复查复核办法）"

# fmt: off
GROUNDS: tuple[DecisionGround, ...] = (
    # --- 信访
    DecisionGround("in_progress", "已经受理或者正在办理，在规定期限内又向上级提出同一事项", f"{_REGULATION} 第十九条第三款",
        "信访事项已经受理或者正在办理的，信访人在规定期限内向受理、办理机关、单位的上级再提出同一信访事项的，上级不予受理。",
        _PETITION, stages=_FIRST, letter=GroundLetter.NOT_ACCEPTED),
    DecisionGround("statutory_route", "已经或者依法应当通过诉讼、仲裁、行政复议等法定途径解决", f"{_REGULATION} 第二十二条第二款、第二十八条、第三十一条",
        "涉法涉诉事项由政法部门依法处理；应当通过诉讼、仲裁、行政复议等途径解决的，按法定程序办理。",
        _PETITION, kinds=CLAIMS, stages=_FIRST, letter=GroundLetter.NOT_ACCEPTED),
    DecisionGround("other_power", "属于人民代表大会、人民法院、人民检察院等机关的职权范围", f"{_REGULATION} 第二十三条第二款",
        "不属于本机关、单位或者本系统职权范围的，告知信访人向有权处理的机关、单位提出。",
        _PETITION, stages=_FIRST, letter=GroundLetter.GUIDE),
    DecisionGround("not_ours", "不属于本机关、单位或者本系统的职权范围", f"{_REGULATION} 第二十三条第二款",
        "不属于本机关、单位或者本系统职权范围的，告知信访人向有权处理的机关、单位提出。",
        _PETITION, stages=_FIRST, letter=GroundLetter.GUIDE),
    DecisionGround("discipline", "检举控告属于纪检监察机关受理的", f"{_REGULATION} 第二十二条第二款、第三十条",
        "反映的情况属于纪检监察机关受理范围的，按照管理权限由纪检监察机关依规依纪依法处理。",
        _PETITION, kinds=frozenset({K.REPORT}), letter=GroundLetter.GUIDE),
    DecisionGround("wrong_level", "越级走访，应当向有权处理的本级或者上一级机关、单位提出", f"{_REGULATION} 第二十条第一款",
        "走访提出信访事项的，应当到有权处理的本级或者上一级机关、单位设立或者指定的接待场所提出。",
        _PETITION, stages=_FIRST, letter=GroundLetter.GUIDE),
    DecisionGround("review_not_asked", "收到处理意见后三十日内没有请求复查，又以同一事实和理由提出", f"{_REGULATION} 第三十五条",
        "对处理意见不服的，可以自收到书面答复之日起三十日内请求复查；逾期未请求又以同一事实和理由提出的，不再受理。",
        _PETITION, kinds=CLAIMS, stages=_NEVER, letter=GroundLetter.NOT_AGAIN, offered=False),
    DecisionGround("re_review_not_asked", "收到复查意见后三十日内没有请求复核，又以同一事实和理由提出", f"{_REGULATION} 第三十六条第一款",
        "对复查意见不服的，可以自收到书面答复之日起三十日内请求复核；逾期未请求又以同一事实和理由提出的，不再受理。",
        _PETITION, kinds=CLAIMS, stages=_NEVER, letter=GroundLetter.NOT_AGAIN, offered=False),
    DecisionGround("concluded", "对复核意见不服，仍以同一事实和理由提出", f"{_REGULATION} 第三十六条第三款",
        "信访人对复核意见不服，仍然以同一事实和理由提出投诉请求的，各级机关、单位不再受理。",
        _PETITION, kinds=CLAIMS, stages=_FIRST, letter=GroundLetter.NOT_AGAIN),
    DecisionGround("terminated", "已经按规定认定办结、批准终结，又以同一事实和理由提出", f"{_REGULATION} 第三十六条第三款（终结备案，各地办法）",
        "已经依法按程序办理、经批准终结并备案的事项，没有新的事实和理由的，不再受理。",
        _PETITION, kinds=CLAIMS, stages=_FIRST, letter=GroundLetter.NOT_AGAIN),
    DecisionGround("review_not_due", "复查、复核请求不符合条件（逾期、不是原事项、原意见不可复查）", f"{_REGULATION} 第三十五条、第三十六条",
        "复查、复核针对原处理意见或者复查意见，自收到书面答复之日起三十日内提出。",
        _PETITION, kinds=CLAIMS, stages=_AGAIN, letter=GroundLetter.NOT_ACCEPTED),
    # --- 12345
    DecisionGround("emergency", "紧急警情、火情、医疗急救、道路交通事故", _ACCEPTED,
        "请立即拨打 110、119、120、122，紧急情况由这些专线处置。", _HOTLINE, letter=GroundLetter.GUIDE),
    DecisionGround("by_procedure", "依法应当通过诉讼、仲裁、纪检监察、行政复议、政府信息公开等程序解决", _ACCEPTED,
        "请按法定途径提出，我们告知受理机关。", _HOTLINE, letter=GroundLetter.GUIDE),
    DecisionGround("in_petition", "已经进入信访渠道办理", _ACCEPTED,
        "已在信访渠道办理的，请向信访部门查询进展。", _HOTLINE, letter=GroundLetter.NOT_ACCEPTED),
    DecisionGround("same_matter", "同一事项正在办理，或者已经办结且没有新的事实和理由", _ACCEPTED,
        "告知办理进展或者结果；有新的事实和理由的，可以另行反映。", _HOTLINE, letter=GroundLetter.NOT_AGAIN),
    DecisionGround("secret", "涉及国家秘密、商业秘密或者他人隐私", _ACCEPTED,
        "依法不能通过热线办理，向来电人说明。", _HOTLINE, letter=GroundLetter.NOT_ACCEPTED),
    DecisionGround("outside_duty", "不属于政府职责，应当通过市场、社会渠道解决", _ACCEPTED,
        "告知可以通过哪些市场、社会渠道解决。", _HOTLINE, letter=GroundLetter.GUIDE),
    DecisionGround("unlawful", "违反法律法规、社会公序良俗", _ACCEPTED,
        "不予受理并劝导。", _HOTLINE, letter=GroundLetter.NOT_ACCEPTED),
)

LEGAL_ROUTES: tuple[DecisionGround, ...] = (
    DecisionGround("r1", "诉讼、国家赔偿、检察监督、公安等政法程序", f"{_REGULATION} 第三十一条第一项",
        "请向人民法院、人民检察院或者公安机关提出，由其依法处理；涉法涉诉事项尚未依法终结的，按法律规定的程序办理。",
        _PETITION, CLAIMS, _FIRST, own_limit="行政诉讼一般应当自知道行政行为之日起六个月内提起"),
    DecisionGround("r2", "仲裁", f"{_REGULATION} 第三十一条第二项",
        "请向有管辖权的仲裁机构申请仲裁，由其依法裁决。",
        _PETITION, CLAIMS, _FIRST, own_limit="劳动人事争议一般应当自知道权利被侵害之日起一年内申请仲裁"),
    DecisionGround("r3", "党员申诉、申请复审", f"{_REGULATION} 第三十一条第三项",
        "请向作出决定的党组织或者其上级提出申诉、申请复审，按党内法规办理。",
        _PETITION, CLAIMS, _FIRST, own_limit="按党内法规规定的期限办理"),
    DecisionGround("r4", "行政复议、行政裁决、行政确认、行政许可、行政处罚等行政程序", f"{_REGULATION} 第三十一条第四项",
        "请向复议机关或者有权的行政机关提出申请，由其按行政程序办理。",
        _PETITION, CLAIMS, _FIRST, own_limit="行政复议一般应当自知道行政行为之日起六十日内申请，五日、十日等期限按工作日计算"),
    DecisionGround("r5", "请求查处违法行为、履行保护人身权或者财产权等职责", f"{_REGULATION} 第三十一条第五项",
        "由有权机关依法履行职责或者书面答复；不服的可以申请行政复议或者提起行政诉讼。",
        _PETITION, CLAIMS, _FIRST, own_limit="一般自收到申请之日起两个月内履行或者答复（行政诉讼法 第四十七条）"),
)

OUTCOMES: tuple[DecisionGround, ...] = (
    DecisionGround("support", "予以支持", f"{_REGULATION} 第三十二条第一项",
        "请求事实清楚，符合法律、法规、规章或者其他有关规定的，予以支持，并督促执行。", _PETITION, kinds=_EXCEPT_SUGGESTIONS, stages=_FIRST),
    DecisionGround("explain", "解释说明", f"{_REGULATION} 第三十二条第二项",
        "请求事由合理但是缺乏法律依据的，作出解释说明。", _PETITION, kinds=_EXCEPT_SUGGESTIONS, stages=_FIRST),
    DecisionGround("reject", "不予支持", f"{_REGULATION} 第三十二条第三项",
        "请求缺乏事实根据或者不符合法律、法规、规章或者其他有关规定的，不予支持，并做好疏导。", _PETITION, kinds=_EXCEPT_SUGGESTIONS, stages=_FIRST),
    DecisionGround("uphold", "维持原意见", _REVIEWED,
        "原意见认定事实清楚、依据正确、程序合规、处理适当的，予以维持。", _PETITION, kinds=CLAIMS, stages=_AGAIN),
    DecisionGround("change", "变更原意见", _REVIEWED,
        "原意见认定事实清楚、程序合规，但是依据错误或者处理不当的，予以变更，写明变更以后的处理意见。", _PETITION, kinds=CLAIMS, stages=_AGAIN),
    DecisionGround("revoke", "撤销原意见", _REVIEWED,
        "原意见依据错误、处理明显不当或者不应当作出的，予以撤销，写明撤销以后怎样处理。", _PETITION, kinds=CLAIMS, stages=_AGAIN),
    DecisionGround(REDO, "责令重新办理", _REVIEWED,
        "原意见认定事实不清、证据不足或者违反程序的，责令原办理单位重新办理、重新作出处理意见。", _PETITION, kinds=CLAIMS, stages=_AGAIN),
    DecisionGround("adopted", "采纳", f"{_REGULATION} 第二十九条",
        "建议意见经研究论证，科学合理、具有现实可行性的，采纳或者部分采纳，并予以回复。", _PETITION, kinds=_SUGGESTIONS),
    DecisionGround("adopted_partly", "部分采纳", f"{_REGULATION} 第二十九条",
        "采纳一部分的，写明采纳了哪些、没有采纳的理由。", _PETITION, kinds=_SUGGESTIONS),
    DecisionGround("not_adopted", "没有采纳", f"{_REGULATION} 第二十九条",
        "没有采纳的，说明理由。", _PETITION, kinds=_SUGGESTIONS),
    DecisionGround("unstated", "原件未载明", f"{_REGULATION} 第三十二条", "批量导入的历史数据没有写明结论。", _PETITION, offered=False),
)

TRIGGERS: tuple[DecisionGround, ...] = (
    # --- 信访工作条例 第四十条第一款; no repealed regulation is a ground
    DecisionGround("procedure", "受理、办理违反规定", f"{_REGULATION} 第四十条第一款",
        "违反规定受理、办理信访事项，未按规定程序办理的。", _PETITION),
    DecisionGround("shirking", "推诿、敷衍、拖延", f"{_REGULATION} 第四十条第一款",
        "办理信访事项推诿、敷衍、拖延的。", _PETITION),
    DecisionGround("falsifying", "弄虚作假", f"{_REGULATION} 第四十条第一款", "办理信访事项弄虚作假的。", _PETITION),
    DecisionGround("not_executed", "拒不执行信访处理意见", f"{_REGULATION} 第四十条第一款",
        "拒不执行信访处理意见的。", _PETITION),
    DecisionGround("overdue", "无正当理由超过期限没有办结", f"{_REGULATION} 第三十四条、第四十条第一款",
        "无正当理由未按规定的办理期限办结信访事项的。", _PETITION),
    DecisionGround("not_reported", "没有按规定反馈办理结果", f"{_REGULATION} 第二十二条第一款第三项、第四十条第一款",
        "未按规定反馈信访事项办理结果的。", _PETITION),
    DecisionGround("other", "其他需要督办的情形", f"{_REGULATION} 第四十条第一款", "其他需要督办的情形。", _PETITION),
    # --- 12345
    DecisionGround("refused", "应当接收而拒不接收", "国办函〔2025〕66号（推诿扯皮的督办）", "承办单位拒不接收属于职责范围的诉求的。", _HOTLINE),
    DecisionGround("late", "逾期没有办结", _ORDER_SUPERVISED, "承办单位逾期未办结的。", _HOTLINE),
    DecisionGround("unsolved", "应当解决而没有解决", _ORDER_SUPERVISED, "应当解决而未解决的。", _HOTLINE),
    DecisionGround("poor", "办理效果差", _ORDER_SUPERVISED, "办理质量和效果差，群众不满意的。", _HOTLINE),
    DecisionGround("concentrated", "反映多、集中，长期没有解决", "国办函〔2025〕66号（未诉先办、源头治理）", "诉求集中、反映强烈，长期未得到解决的。", _HOTLINE),
    DecisionGround("knowledge", "知识库没有及时更新", _ORDER_SUPERVISED, "未及时更新、报送知识库信息的。", _HOTLINE),
    DecisionGround("otherwise", "其他需要督办的情形", _ORDER_SUPERVISED, "其他需要督办的情形。", _HOTLINE),
    # --- 差评整改
    DecisionGround("not_rectified", "差评没有按期整改、敷衍整改", "国办发〔2019〕51号（差评整改率）", "差评未按期核实、整改、反馈的。", frozenset({P.RATING})),
)
_DEATH = "民法典 第十三条、第一千一百二十二条"
TERMINATIONS: tuple[DecisionGround, ...] = (
    DecisionGround("died_without_heir", "信访人死亡，没有承继人，或者承继人不再提出", _DEATH,
        "自然人从出生时起到死亡时止具有民事权利能力；没有人承继请求的，办理终止。", frozenset({P.PETITION, P.HOTLINE})),
    DecisionGround("died_personal_claim", "信访人死亡，请求只属于本人、不能承继", _DEATH,
        "依照法律规定或者根据其性质不得继承的，不能承继。", frozenset({P.PETITION, P.HOTLINE})),
)
_PIPL = "个人信息保护法"
_CASES = frozenset({P.PETITION, P.HOTLINE})
_NOT_PROVEN = DecisionGround("pi_not_proven", "不能确认是本人提出的请求", f"{_PIPL} 第四十四条、第五十条第一款",
    "这些权利属于个人本人；请带有效证件到受理窗口核实身份后再提出。", _CASES)
_NOT_OWN = DecisionGround("pi_not_own", "涉及的不是本人的信息，或者与他人的信息不能分开", f"{_PIPL} 第二条、第四十四条",
    "个人对其个人信息享有权利；共同反映的，其他人的信息由他们自己决定。", _CASES)

REFUSALS_OF_CORRECTION: tuple[DecisionGround, ...] = (
    DecisionGround("pi_accurate", "经核实，现有信息准确、完整", f"{_PIPL} 第四十六条第二款",
        "个人请求更正、补充的，应当对其个人信息予以核实；准确、完整的不需要更正。", _CASES),
    _NOT_PROVEN,
    _NOT_OWN,
)
ERASURES: tuple[DecisionGround, ...] = (
    DecisionGround("pi_purpose_achieved", "处理目的已经实现、无法实现，或者不再必要", f"{_PIPL} 第四十七条第一款第一项", "应当主动删除个人信息。", _CASES),
    DecisionGround("pi_retention_over", "停止服务，或者保存期限已经届满", f"{_PIPL} 第四十七条第一款第二项", "应当主动删除个人信息。", _CASES),
    DecisionGround("pi_consent_withdrawn", "个人撤回同意", f"{_PIPL} 第四十七条第一款第三项", "基于同意处理的，撤回后应当删除。", _CASES),
    DecisionGround("pi_unlawful", "违反法律、行政法规或者约定处理个人信息", f"{_PIPL} 第四十七条第一款第四项", "应当删除个人信息。", _CASES),
    DecisionGround("pi_with_origin", "原件的个人信息已经依法删除", f"{_PIPL} 第四十七条", "由原件而来的记录一并删除。", frozenset({P.RATING}), offered=False),
)
REFUSALS_OF_ERASURE: tuple[DecisionGround, ...] = (
    DecisionGround("pi_unfinished", "这一件还在办理，或者请求复查、复核的期限未满", f"{_PIPL} 第十三条第一款第三项、第四十七条第一款第一项",
        "办理期间处理个人信息是履行法定职责所必需，目的还没有实现；办结以后可以再次请求。", _CASES),
    DecisionGround(STORED_ONLY, "属于应当归档的材料，保存期限未届满", "中华人民共和国档案法 第十三条、第十四条；个人信息保护法 第四十七条第二款",
        "法律、行政法规规定的保存期限未届满的，停止除存储和采取必要的安全保护措施之外的处理。", _CASES),
    DecisionGround("pi_legal_duty", "履行法定职责仍需要（复议、诉讼、督查、审计等正在使用）", f"{_PIPL} 第十三条第一款第三项、第三十四条",
        "国家机关为履行法定职责处理个人信息，应当依照法律、行政法规规定的权限、程序进行。", _CASES),
    _NOT_PROVEN,
    _NOT_OWN,
)
REFUSALS_OF_RESTRICTION: tuple[DecisionGround, ...] = (
    DecisionGround("pi_duty_needs_it", "法律、行政法规规定必须这样处理，或者不这样处理不能履行法定职责", f"{_PIPL} 第四十四条、第十三条第一款第三项",
        "个人有权限制或者拒绝他人对其个人信息进行处理；法律、行政法规另有规定的除外。", _CASES),
    DecisionGround("pi_not_done", "没有进行请求所指的处理", f"{_PIPL} 第四十四条、第四十八条", "向本人说明实际怎样处理。", _CASES),
    _NOT_PROVEN,
    _NOT_OWN,
)
# fmt: on

NOT_OUR_DUTY = frozenset({"not_ours", "other_power", "outside_duty"})
"""Grounds by which a unit says that a matter is not its own: what it must no longer say once the desk designated it."""

TABLES: Mapping[tuple[Act, str], tuple[DecisionGround, ...]] = MappingProxyType(
    {
        (Act.DECLINE, "ground"): GROUNDS,
        (Act.ASK_DECLINE, "ground"): GROUNDS,
        (Act.DIVERT, "legal_route"): LEGAL_ROUTES,
        (Act.ASK_DIVERT, "legal_route"): LEGAL_ROUTES,
        (Act.REPLY, "outcome"): OUTCOMES,
        (Act.SUPERVISE, "trigger"): TRIGGERS,
        (Act.TERMINATE, "ground"): TERMINATIONS,
        (Act.REFUSE_CORRECTION, "ground"): REFUSALS_OF_CORRECTION,
        (Act.ERASE, "ground"): ERASURES,
        (Act.REFUSE_ERASURE, "ground"): REFUSALS_OF_ERASURE,
        (Act.REFUSE_RESTRICTION, "ground"): REFUSALS_OF_RESTRICTION,
    }
)
"""Which table a choice of an act is made from."""


def list_grounds(act: Act, need: str, profile: Profile, kind: Kind, stage: Stage) -> tuple[DecisionGround, ...]:
    """The rows that hold for such a case, in order."""
    return tuple(
        row
        for row in TABLES.get((act, need), ())
        if profile in row.profiles and kind in row.kinds and stage in row.stages
    )


def find_ground(act: Act, need: str, code: str) -> DecisionGround | None:
    """The row of a code, whatever case it was chosen in."""
    return next((row for row in TABLES.get((act, need), ()) if row.code == code), None)


def find_ground_faults(
    act: Act, data: Mapping[str, object], profile: Profile, kind: Kind, stage: Stage
) -> dict[str, str]:
    """The choices in `data` that no row of this rule book, kind and stage holds, by need."""
    faults_by_need = {}
    for table_act, need in TABLES:
        value = data.get(need)
        if table_act is not act or value in (None, ""):
            continue
        rows = list_grounds(act, need, profile, kind, stage)
        if rows and all(row.code != value for row in rows):
            faults_by_need[need] = "unknown"
    return faults_by_need
