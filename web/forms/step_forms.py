"""Which fields does a step's form ask for, and what did the clerk type into them?

Made from the rows of STEPS, so a new step is a row and a label, never a new form.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from feedback.rules import decision_grounds
from feedback.rules.deadlines import Clock, longest_extension
from feedback.rules.lifecycle import Step
from feedback.rules.needs import Need
from feedback.rules.terms import TermUnit
from feedback.rules.vocabulary import Act, Kind, Profile, Stage
from web.forms import parsing
from web.forms.parsing import FOR_MACHINES
from web.presentation.desk_frame import Group, Option
from web.wording import catalogue

REVIEWED = frozenset(
    {Act.REPLY, Act.RECTIFY, Act.EXPLAIN, Act.PUBLISH, Act.EXTEND, Act.ASK_EXTENSION, Act.ENDORSE_EXTENSION}
)
"""Steps that can be looked at as their effect before they are done."""

ANSWERS = frozenset({Act.REPLY, Act.RECTIFY, Act.EXPLAIN})
"""Steps whose text goes to a citizen, so that personal data in it must be confirmed."""

EXPECTED = frozenset(
    {Act.ASSIGN, Act.ACCEPT, Act.CO_REPLY, Act.ANSWER_SUPERVISION, Act.CALL_BACK, Act.RESUME, Act.PUBLISH}
    | ANSWERS
    | {Act.AUDIT, Act.REPORT_BACK}
)
"""Steps somebody waits for: the first of them is open when the page is."""

_STOPS = frozenset(
    {Act.UNPUBLISH, Act.DECLINE, Act.DIVERT, Act.RETURN, Act.MERGE, Act.REFUSE_EXTENSION, Act.REFUSE_OBJECTION}
    | {Act.HOLD, Act.ASK_HOLD, Act.REFUSE_HOLD, Act.RECUSE, Act.OBJECT}
)
ORDER = (
    *(Act.ASSIGN, Act.ACCEPT, Act.END_HEARING, Act.REPLY, Act.RECTIFY, Act.EXPLAIN, Act.CO_REPLY),
    *(
        Act.HOLD,
        Act.REFUSE_HOLD,
        Act.ENDORSE_EXTENSION,
        Act.ANSWER_SUPERVISION,
        Act.REFUSE_OBJECTION,
        Act.AUDIT,
        Act.CALL_BACK,
        Act.RESUME,
        Act.REPORT_BACK,
    ),
    *(Act.DELIVER, Act.PUBLISH, Act.UNPUBLISH, Act.CONTACT, Act.PROGRESS, Act.EXTEND, Act.REFUSE_EXTENSION, Act.ASK),
    *(Act.ASK_EXTENSION, Act.CO_ASSIGN, Act.MEDIATE, Act.HEARING, Act.CLASSIFY, Act.OBJECT, Act.RETURN, Act.TRANSFER),
    *(Act.DIVERT, Act.DECLINE, Act.ASK_HOLD, Act.MERGE, Act.SUPERVISE, Act.URGE, Act.REOPEN, Act.REPORT_UP),
    *(Act.SUPPLEMENT, Act.RECUSE, Act.NOTE, Act.CLOSE),
)
_LABELS: Mapping[tuple[str, str], str] = {
    ("reply", "text"): "答复内容",
    ("rectify", "text"): "整改情况",
    ("explain", "text"): "解释说明",
    ("accept", "text"): "告知群众的话",
    ("ask", "text"): "请群众补充什么",
    ("contact", "text"): "联系情况",
    ("co_reply", "text"): "协办意见",
    ("answer_supervision", "text"): "办理情况",
    ("note", "text"): "备注",
    ("supplement", "text"): "补充的情况",
    ("urge", "text"): "催办说明",
    ("call_back", "text"): "回访情况",
    ("call_back", "reason"): "群众不认可仍要办结的理由",
    ("supervise", "reason"): "督办要求",
    ("unpublish", "reason"): "为什么撤下",
    ("supervise", "target_day"): "要求完成日期",
    ("assign", "reason"): "派件说明",
    ("assign", "units"): "协办单位",
    ("merge", "case"): "并入哪一件（编号）",
    ("reply", "public"): "建议公开这份答复",
    ("decline", "where_instead"): "应到哪里反映",
    ("divert", "text"): "告知群众的话",
    ("divert", "where_instead"): "受理机关和联系方式",
    ("divert", "target_day"): "该程序最迟办到哪一天",
    ("assign", "target_day"): "交办的办理期限",
    ("object", "reason"): "为什么不属于本单位职责",
    ("object", "where_instead"): "建议由哪个单位办理",
    ("refuse_objection", "reason"): "为什么不同意退回",
    ("report_back", "text"): "办结报告",
    ("mediate", "text"): "达成的协议",
    ("deliver", "day"): "群众收到的日期",
    ("hearing", "text"): "听证的事由、时间和地点",
    ("hearing", "day"): "听证日期",
    ("end_hearing", "text"): "听证结论",
    ("progress", "text"): "办理进展",
    ("report_up", "text"): "报告内容",
    ("report_up", "units"): "同时通报哪些单位",
    ("recuse", "reason"): "回避的事由",
    ("audit", "text"): "审核意见",
    ("reply", "outcome"): "结论",
}
_HINTS: Mapping[tuple[str, str], str] = {
    ("reply", "text"): "写清事实、依据、结果和不满意时怎么办",
    ("accept", "text"): "不填写时按统一用语告知",
    ("decline", "reason"): "写明依据，群众会看到",
    (
        "call_back",
        "reason",
    ): "不填写的，群众不认可就退回承办单位再办；依法办理后仍以同一事实和理由提出、诉求不合法的，写明理由才能办结",
    ("decline", "where_instead"): "写明单位名称和联系方式，群众会看到",
    ("return", "reason"): "写明为什么不属于本单位职责；退回不停表",
    ("return", "where_instead"): "建议由哪个单位办理",
    ("note", "text"): "只有工作人员看得到",
    ("co_reply", "text"): "交主办单位汇总，不直接答复群众",
    ("hold", "target_day"): "到这一天恢复办理，不能晚于承办单位申请的日期",
    ("ask_hold", "target_day"): "到这一天恢复办理",
    ("ask_hold", "reason"): "写明客观原因和下一步安排，12345中心批准后告知群众",
    ("hold", "reason"): "写进给群众的告知函",
    ("extend", "reason"): "写进给群众的告知书",
    ("publish", "question"): "系统已隐去个人信息，请逐字核对",
    ("publish", "answer"): "系统已隐去个人信息，请逐字核对",
    ("merge", "case"): "两件的记录都会保留",
    ("decline", "ground"): "选定后，告知书写明相应条款",
    ("assign", "mode"): "交办要写明办理期限，承办单位须提交办结报告",
    ("divert", "text"): "写明应走什么程序、向哪里提出、有什么期限，群众会看到",
    ("deliver", "day"): "不填写时为今天；申请复查、复核的期限从这一天起算",
    ("report_up", "text"): "报同级党委和政府、上级主管部门；核实不属于重大紧急的也写在这里",
    ("recuse", "staff"): "回避后这个人不能再查看和办理这一件",
    ("object", "reason"): "自收到之日起 5 个工作日内提出；受理窗口同意后才能退回，时限不停",
}
_BUTTONS: Mapping[str, str] = {
    "assign": "派件",
    "accept": "受理",
    "reply": "发送答复",
    "publish": "公开",
    "return": "退回",
    "decline": "不予受理",
    "extend": "批准延期",
    "classify": "改分类",
    "note": "保存备注",
}
_CHOICES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("reply", "outcome"): ("support", "explain", "reject"),
    ("call_back", "outcome"): ("satisfied", "unsatisfied", "unreached"),
    ("call_back", "contacted"): ("yes", "no"),
    ("call_back", "solved"): ("solved", "partly", "unsolved"),
}
_ROWS: Mapping[str, int] = {"reply": 12, "rectify": 8, "explain": 8, "publish": 8, "note": 3, "urge": 3}


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of a step's form."""

    name: str
    label: str
    sort: str
    optional: bool
    hint: str
    most: int
    rows: int
    value: Any
    options: tuple[Option, ...] = ()
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class ActForm:
    """The form of one step."""

    act: str
    label: str
    button: str
    stops: bool
    reviewed: bool
    fields: tuple[FieldView, ...]
    law: str
    remark: str
    phrases: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the fields offer to choose from."""

    units: tuple[Group, ...]
    categories: tuple[Group, ...]
    clocks: tuple[Clock, ...]
    phrases: Mapping[str, tuple[Option, ...]]
    desks: tuple[Group, ...] = ()
    staff: tuple[Option, ...] = ()
    case: tuple[Profile, Kind, Stage] = (Profile.HOTLINE, Kind.COMPLAINT, Stage.FIRST)


def options_of(act: str, need: Need, case: tuple[Profile, Kind, Stage]) -> tuple[Option, ...]:
    """What a choice offers in such a case: code and words."""
    if rows := decision_grounds.rows_for(Act(act), need.name, *case):
        return tuple((row.code, row.label) for row in rows if row.offered)
    if need.choices:
        return tuple((code, catalogue.CHOICES[need.name][code]) for code in need.choices)
    return tuple((code, catalogue.OUTCOMES[code]) for code in _CHOICES.get((act, need.name), ()))


def forms_of(steps: Iterable[Step], values: Mapping[str, Mapping[str, Any]], choices: Choices) -> list[ActForm]:
    """The forms of the open steps, the likeliest first. `values`: what each already holds, by act and need."""
    ordered = sorted(steps, key=lambda step: ORDER.index(step.act) if step.act in ORDER else len(ORDER))
    return [_form(step, values.get(step.act.value, {}), choices) for step in ordered]


def _form(step: Step, values: Mapping[str, Any], choices: Choices) -> ActForm:
    act = step.act.value
    asked = [need for need in (*step.needs, *step.may) if need.name not in FOR_MACHINES]
    return ActForm(
        act=act,
        label=catalogue.ACTS[act],
        button=_BUTTONS.get(act, catalogue.ACTS[act]),
        stops=step.act in _STOPS,
        reviewed=step.act in REVIEWED,
        fields=tuple(_field(act, need, values.get(need.name, ""), choices) for need in asked),
        law=step.law,
        remark=step.remark,
        phrases=tuple(choices.phrases.get(act, ())),
    )


def _field(act: str, need: Need, value: Any, choices: Choices) -> FieldView:
    sort, most, hint = need.sort, need.most, _HINTS.get((act, need.name), "")
    if options := options_of(act, need, choices.case):
        sort = "select"
    elif sort == "staff":
        sort, options = "select", choices.staff
    if need.name == "days":
        most, hint = longest_extension(choices.clocks), _days_hint(choices.clocks)
    if sort == "desk":
        sort, groups = "unit", choices.desks
    else:
        groups = choices.units if sort in ("unit", "units") else choices.categories if sort == "category" else ()
    return FieldView(
        name=need.name,
        label=_LABELS.get((act, need.name), catalogue.NEEDS[need.name]),
        sort=sort,
        optional=need.optional,
        hint=hint,
        most=most,
        rows=_ROWS.get(act, 4),
        value=value,
        options=options,
        groups=groups,
    )


def _days_hint(clocks: tuple[Clock, ...]) -> str:
    most = longest_extension(clocks)
    units = {c.length.unit for c in clocks if c.term == "resolve" and c.stopped_at is None}
    return f"最多 {most} {'个工作日' if TermUnit.WORKING in units else '日'}；只能延一次，理由会告知群众"


def typed(step: Step, form: FormData) -> dict[str, Any]:
    """What the form brings for the step, by need; files are stored by the caller."""
    needs = [need for need in (*step.needs, *step.may) if need.name not in FOR_MACHINES and need.sort != "files"]
    return parsing.from_form(form, needs)


def hidden(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The typed data as hidden fields, to be sent again unchanged."""
    pairs: list[tuple[str, str]] = []
    for name, value in data.items():
        if isinstance(value, bool):
            pairs += [(name, "1")] if value else []
        elif isinstance(value, list | tuple):
            pairs += [(name, str(item)) for item in value]
        else:
            pairs.append((name, str(value)))
    return pairs
