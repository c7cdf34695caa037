"""Who is notified when a clock runs out, level by level. The table ESCALATION_RULES.

A rule is one audience at one level of `feedback.rules.escalation_levels`, for the profiles it holds for, with its
article. Levels passed while nobody looked are reported together: everybody they name is notified once, in the words of
the last. Reports (检举控告) are shown to whoever holds them and to cleared overseers, in neutral words, and to nobody else
(信访工作条例 第三十条). No I/O.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback.rules import escalation_levels
from feedback.rules.terms import parse_length
from feedback.rules.vocabulary import Profile
from routing.notices.catalogue import Audience, prepare_title
from routing.notices.delivery_hours import Priority

P = Profile
_PETITION = frozenset({P.PETITION})
_HOTLINE = frozenset({P.HOTLINE, P.RATING})
_ALL = frozenset(P)


@dataclass(frozen=True, slots=True)
class EscalationRule:
    """One row: at this stage, in these rule books, tell this audience these words."""

    stage: str
    audience: Audience
    words: str  # with {no} {title} {unit} {term} {stage}
    push: Priority
    law: str
    profiles: frozenset[Profile] = _ALL
    of_reports: bool = True  # whether the audience may hear of a report at all
    terms: frozenset[str] = frozenset()  # only for clocks of these terms; empty: for all
    remark: str = ""


_U, _H, _D, _O, _S, _J = (
    Audience.UNIT,
    Audience.HEAD,
    Audience.DESK,
    Audience.OVERSEER,
    Audience.SUPERIOR,
    Audience.JOINT,
)
_40 = "信访工作条例 第四十条（督办）"
_39 = "信访工作条例 第三十九条（联席会议约谈、通报、挂牌督办）"
_22 = "信访工作条例 第二十二条（属地管理、分级负责，谁主管、谁负责）"
_53 = "国办发〔2020〕53号（督办）"
_51 = "国办发〔2019〕51号（差评整改督促）"
_NOW, _DAY, _SUM = Priority.AT_ONCE, Priority.WORKING, Priority.DIGEST

# fmt: off
ESCALATION_RULES: tuple[EscalationRule, ...] = (
    EscalationRule("amber",  _U, "临期：{no}“{title}”的{term}快到期了。", _SUM, _22, remark="普通件并入次日汇总，不逐件打扰"),
    EscalationRule("today",  _U, "今天到期：{no}“{title}”的{term}今天是最后一天。", _DAY, _22),
    EscalationRule("today",  _H, "今天到期：{no}“{title}”的{term}今天是最后一天，请过问。", _SUM, _22),
    EscalationRule("late",   _U, "超期：{no}“{title}”的{term}已超过期限。", _DAY, _22),
    EscalationRule("late",   _H, "超期：{no}“{title}”的{term}已超过期限，请督促。", _DAY, _22),
    EscalationRule("late",   _D, "超期：{unit} {no}“{title}”的{term}已超过期限。", _SUM, "信访工作条例 第二十二条（转送、交办后督促）", _PETITION),
    EscalationRule("late",   _D, "超期：{unit} {no}“{title}”的{term}已超过期限。", _SUM, _53, _HOTLINE, remark="派单的受理窗口跟踪到底"),
    EscalationRule("late",   _O, "超期：{unit} {no}“{title}”的{term}已超过期限。", _DAY, _40, _PETITION),
    EscalationRule("late",   _O, "超期：{unit} {no}“{title}”的{term}已超过期限。", _DAY, _53, _HOTLINE),
    EscalationRule("late_1", _U, "仍未办结：{no}“{title}”的{term}{stage}。", _DAY, _22),
    EscalationRule("late_1", _H, "仍未办结：{no}“{title}”的{term}{stage}，请说明原因。", _DAY, _22),
    EscalationRule("late_1", _O, "仍未办结：{unit} {no}“{title}”的{term}{stage}。", _SUM, _40, remark="督办人员逐日汇总"),
    EscalationRule("late_3", _H, "仍未办结：{no}“{title}”的{term}{stage}，请负责人直接过问。", _DAY, _22),
    EscalationRule("late_3", _O, "建议督办：{unit} {no}“{title}”的{term}{stage}。", _DAY, _40, _PETITION),
    EscalationRule("late_3", _O, "建议督办：{unit} {no}“{title}”的{term}{stage}。", _DAY, _53, _HOTLINE),
    EscalationRule("late_3", _S, "下级单位{unit}有件超期：{no} 的{term}{stage}。", _DAY, _22, of_reports=False),
    EscalationRule("late_5", _H, "仍未办结：{no}“{title}”的{term}{stage}，将提请约谈或通报。", _DAY, _39),
    EscalationRule("late_5", _O, "仍未办结：{unit} {no}“{title}”的{term}{stage}，可以提请约谈或通报。", _DAY, _39, _PETITION),
    EscalationRule("late_5", _O, "仍未办结：{unit} {no}“{title}”的{term}{stage}，可以通报。", _DAY, _51, _HOTLINE),
    EscalationRule("late_5", _J, "{unit} {no} 的{term}{stage}，请联席会议办公室研究。", _DAY, _39, _PETITION, of_reports=False),
)
# fmt: on


def rules_between(
    before: str,
    after: str,
    profile: Profile,
    *,
    term: str,
    is_report: bool,
    rules: Sequence[EscalationRule] = ESCALATION_RULES,
) -> tuple[EscalationRule, ...]:
    """Every rule that applies when a clock of a term went from one level to another.

    Each audience once, by its last rule; one that names the term stands above one for all.
    """
    rules_by_audience: dict[Audience, EscalationRule] = {}
    for stage in escalation_levels.list_passed_levels(before, after):
        applicable = [
            rule
            for rule in rules
            if rule.stage == stage
            and profile in rule.profiles
            and (rule.of_reports or not is_report)
            and (not rule.terms or term in rule.terms)
        ]
        for rule in sorted(applicable, key=lambda rule: bool(rule.terms)):
            rules_by_audience[rule.audience] = rule
    return tuple(rules_by_audience.values())


def priority_of(rule: EscalationRule, *, length: str, urgency: int, is_report: bool) -> Priority:
    """How urgent the notice of a rule is: what runs in hours is urgent, and a report is never part of a sum."""
    if urgency or parse_length(length).unit.runs:
        return Priority.AT_ONCE
    return Priority.WORKING if is_report and rule.push is Priority.DIGEST else rule.push


def render_warning(rule: EscalationRule, after: str, *, no: str, title: str, unit: str, term: str, length: str) -> str:
    """The rule's words for one clock. `after` is the level it stands at, which may lie above the rule's."""
    stage = escalation_levels.label_level(after, length)
    values = {"no": no, "title": prepare_title(title), "unit": unit, "term": f"“{term}”", "stage": stage}
    return rule.words.format(**values)


def list_escalation_rules(stage: str, profile: Profile) -> list[EscalationRule]:
    """The rules of a level, for the page that explains escalation."""
    return [rule for rule in ESCALATION_RULES if rule.stage == stage and profile in rule.profiles]
