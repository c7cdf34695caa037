"""API calls for overseers: overdue clocks, escalation rules, supervision orders, forecasts, measures."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.errors import Invalid, NotFound
from feedback.queries import overdue
from feedback.record import calendar_editions
from feedback.rules import escalation_levels, intake
from feedback.rules.vocabulary import Act
from routing import directory
from routing.directory import Directory
from routing.notices import inbox
from routing.notices.delivery import DeliveryPolicy
from routing.notices.escalation import ESCALATION_RULES
from routing.oversight import measure_types, measures
from routing.oversight import proposals as supervision_proposals
from routing.oversight.measure_types import MeasureStep
from routing.oversight.measures import MeasureFilters
from web.actions import cases as case_actions
from web.actions import forecasts as forecast_actions
from web.api.request_parsing import parse_body, read_body, read_query
from web.api.schemas.requests import described
from web.api.schemas.responses import Day
from web.api.serializers import json_response
from web.auth import permissions
from web.presentation import oversight as oversight_views

if TYPE_CHECKING:
    from web.context import AppContext


_ID_MOST = 18
STAGE_TEXT = {row.code: row.label for row in escalation_levels.ESCALATION_LEVELS}


class NotifiedOut(Struct):
    """Who was told of a late clock, at which stage, when, and whether it was read."""

    whom: str
    stage: str
    at: Annotated[str, described("办公时间，2026-11-26 17:30")]
    read: str


class LateOut(Struct):
    """A late clock, and who was told of it (超期与告知)."""

    no: str
    title: str
    unit: str
    term: str
    due_day: Day
    late_days: int
    law: str
    told: list[NotifiedOut]


class LateList(Struct):
    items: list[LateOut]


class ProposalOut(Struct):
    """A supervision order the rules propose (建议督办)."""

    id: int
    no: str
    unit: str
    rule: str
    trigger: Annotated[str, described("督办情形代码")]
    trigger_text: str
    law: str
    evidence: list[str]


class ProposalList(Struct):
    items: list[ProposalOut]


class DecisionIn(Struct):
    """Whether the order is issued; the reason is the order's text, or why there is none."""

    issue: Annotated[bool, described("true 发出督办，false 不督办")]
    reason: Annotated[str, described("督办要求，或者不督办的理由", minLength=1, maxLength=1000)]


class Decided(Struct):
    status: Annotated[str, described("issued | dismissed")]


class EscalationRuleOut(Struct):
    """A row of the ladder: at this stage of a clock, this audience is told these words (逐级告知)."""

    stage: str
    stage_text: str
    audience: Annotated[str, described("unit head desk overseer superior joint")]
    words: Annotated[str, described("{no} {title} {unit} {term} {stage} 逐件替换")]
    push: Annotated[str, described("at_once 立即 · working 办公时间 · digest 并入次日汇总")]
    law: str
    profiles: list[str]
    of_reports: Annotated[bool, described("检举控告是否也告知")]
    remark: str


class Ladder(Struct):
    items: list[EscalationRuleOut]


class OrderOut(Struct):
    """A supervision order, its clock and its answer (督办件)."""

    no: str
    unit: str
    reason: str
    trigger: str
    due_day: Day
    state: str
    answer: str


class OrderList(Struct):
    items: list[OrderOut]


class ForecastOut(Struct):
    """A running clock and its chance to be late (可能超期)."""

    no: str
    unit: str
    term: str
    due_day: Day
    chance: Annotated[float, described("0 到 1")]
    expected_days: Annotated[float, described("可能性乘以超期时的平均天数")]
    unit_n: int
    unit_late: int
    all_n: int
    all_late: int
    why: str


class ForecastList(Struct):
    items: list[ForecastOut]


class MeasureOut(Struct):
    """A measure or suggestion addressed to a unit (措施与建议)."""

    id: int
    no: str
    kind: str
    unit: str
    title: str
    status: Annotated[str, described("issued | answered | closed | withdrawn")]
    late: bool
    due_day: Day
    adoption: Annotated[str | None, described("adopted | partly | not")]
    law: str
    text: str
    cases: Annotated[list[str], described("依据的件里调用者能查阅的；列表里为空")]
    deeds: Annotated[list[str], described("现在可以办理的动作")]


class MeasureList(Struct):
    items: list[MeasureOut]


class MeasureQuery(Struct):
    """What the measures are narrowed by."""

    kind: Annotated[str, described("interview circular listed rectify_by improve policy hold_liable")] = ""
    unit: Annotated[str, described("单位代码")] = ""
    status: Annotated[str, described("issued answered closed withdrawn")] = ""
    late: Annotated[bool, described("只看逾期未反馈的")] = False


class MeasureIn(Struct):
    """A measure to be issued."""

    kind: Annotated[str, described("interview circular listed rectify_by improve policy hold_liable")]
    unit: Annotated[str, described("单位代码")]
    title: Annotated[str, described("标题", minLength=1, maxLength=measure_types.TITLE_MOST)]
    text: Annotated[str, described("正文", minLength=1, maxLength=measure_types.TEXT_MOST)]
    due_day: Annotated[str, described("最迟反馈日期；三项建议可以不填")] = ""
    meeting_at: Annotated[str, described("约谈时间，印在通知书上")] = ""
    place: Annotated[str, described("约谈地点")] = ""
    attendees: Annotated[str, described("参加人员")] = ""
    cases: Annotated[list[str], described("依据的件的编号")] = []


class MeasureStepIn(Struct):
    """What a step about a measure brings."""

    text: Annotated[str, described("反馈内容或者理由")] = ""
    adoption: Annotated[str, described("adopted | partly | not，只在反馈建议时")] = ""
    due_day: Annotated[str, described("退回补充时新的最迟反馈日期")] = ""


async def late(request: Request) -> Response:
    """Overdue clocks, and who was notified."""
    context: AppContext = request.app.state.context
    actor, now, names = permissions.current_actor(request), context.clock.now(), await directory.load_directory()
    rows = await overdue.list_late_clocks(actor, now=now)
    notices = await inbox.list_clock_notices(row["id"] for row in rows)
    calendar = await calendar_editions.load_current_calendar()
    lines = [oversight_views.late_line(row, notices.get(row["id"], []), names, now, calendar) for row in rows]
    return json_response(LateList([_build_late_clock(line) for line in lines]))


def _build_late_clock(line: Mapping[str, Any]) -> LateOut:
    return LateOut(
        no=line["no"],
        title=line["title"],
        unit=line["unit"],
        term=line["term"],
        due_day=line["due"],
        late_days=line["late_days"],
        law=line["law"],
        told=[NotifiedOut(notice.whom, notice.stage, notice.when, notice.read) for notice in line["told"]],
    )


async def proposals(request: Request) -> Response:
    """What the rules propose to supervise."""
    actor, names = permissions.current_actor(request), await directory.load_directory()
    rows = await supervision_proposals.list_proposals(actor, request.app.state.context.clock.now())
    return json_response(ProposalList([_build_proposal(oversight_views.proposal_line(row, names, {})) for row in rows]))


def _build_proposal(line: Mapping[str, Any]) -> ProposalOut:
    return ProposalOut(
        id=line["id"],
        no=line["no"],
        unit=line["unit"],
        rule=line["rule"],
        trigger=line["trigger"],
        trigger_text=line["trigger_text"],
        law=line["law"],
        evidence=line["evidence"],
    )


async def decide(request: Request) -> Response:
    """Issue a proposed order, or write down why not."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    values, faults = await parse_body(request, DecisionIn)
    reason = intake.clean_paragraph(values.get("reason", ""))
    if not reason:
        faults.setdefault("reason", "missing")
    elif values.get("issue") is False and len(reason) > supervision_proposals.REASON_MOST:
        faults["reason"] = "too_long"  # an order's own text is measured by its step
    if faults:
        raise Invalid(faults)
    proposal = await supervision_proposals.load_open_proposal(actor, _id(request), context.clock.now())
    status = supervision_proposals.ISSUED if values["issue"] else supervision_proposals.DISMISSED
    if values["issue"]:
        data = {"reason": reason, "trigger": proposal["trigger"], "addressee": proposal["unit"]}
        await case_actions.perform_act(context, proposal["case_no"], Act.SUPERVISE, actor, data)
    await supervision_proposals.decide_proposal(actor, proposal, status, reason, context.clock.now())
    return json_response(Decided(status))


def _id(request: Request) -> int:
    text = request.path_params["id"]
    return int(text) if text.isdecimal() and len(text) <= _ID_MOST else -1


async def rungs(request: Request) -> Response:
    """Who is notified at which stage of a clock."""
    items = [
        EscalationRuleOut(
            stage=rule.stage,
            stage_text=STAGE_TEXT[rule.stage],
            audience=rule.audience.value,
            words=rule.words,
            push=rule.push.value,
            law=rule.law,
            profiles=sorted(profile.value for profile in rule.profiles),
            of_reports=rule.of_reports,
            remark=rule.remark,
        )
        for rule in ESCALATION_RULES
    ]
    return json_response(Ladder(items))


async def orders(request: Request) -> Response:
    """The supervision orders, open ones first."""
    context: AppContext = request.app.state.context
    actor, names, now = permissions.current_actor(request), await directory.load_directory(), context.clock.now()
    rows = await overdue.list_supervision_orders(actor)
    return json_response(OrderList([_build_order(oversight_views.order_line(row, names, now)) for row in rows]))


def _build_order(line: Mapping[str, Any]) -> OrderOut:
    return OrderOut(
        no=line["no"],
        unit=line["unit"],
        reason=line["reason"],
        trigger=line["trigger"],
        due_day=line["due"],
        state=line["state"],
        answer=line["answer"],
    )


async def forecast(request: Request) -> Response:
    """Running clocks, those of which most lateness is to be expected first."""
    context: AppContext = request.app.state.context
    actor, names = permissions.current_actor(request), await directory.load_directory()
    lines = await forecast_actions.list_forecasts(context, actor, names)
    return json_response(ForecastList([_build_forecast(line) for line in lines]))


def _build_forecast(line: Mapping[str, Any]) -> ForecastOut:
    return ForecastOut(
        no=line["no"],
        unit=line["unit"],
        term=line["term"],
        due_day=line["due"],
        chance=line["chance"],
        expected_days=line["expected_days"],
        unit_n=line["unit_n"],
        unit_late=line["unit_late"],
        all_n=line["all_n"],
        all_late=line["all_late"],
        why=line["why"],
    )


async def list_measures(request: Request) -> Response:
    """The measures the caller may see."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    filters, now = MeasureFilters(**read_query(request, MeasureQuery)), context.clock.now()
    rows, names = await measures.list_measures(actor, filters, now), await directory.load_directory()
    return json_response(MeasureList([_build_measure(row, names, now) for row in rows]))


def _build_measure(row: measures.MeasureView, names: Directory, now: datetime) -> MeasureOut:
    line = oversight_views.measure_line(row, names, now)
    return MeasureOut(
        id=row.id,
        no=row.no,
        kind=line["kind"],
        unit=row.unit,
        title=row.title,
        status=row.status.value,
        late=line["late"],
        due_day=line["due"],
        adoption=row.adoption or None,
        law=line["law"],
        text=row.text,
        cases=list(row.cases),
        deeds=[step.value for step in row.steps],
    )


async def one_measure(request: Request) -> Response:
    """One measure."""
    return await _measure_response(
        request, await measures.load_measure(permissions.current_actor(request), _id(request))
    )


async def _measure_response(request: Request, row: measures.MeasureView, status: int = 200) -> Response:
    context: AppContext = request.app.state.context
    return json_response(_build_measure(row, await directory.load_directory(), context.clock.now()), status)


async def issue(request: Request) -> Response:
    """Issue a measure."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    values = await read_body(request, MeasureIn)
    brought = {name: intake.clean_paragraph(str(values.get(name) or "")) for name in ("kind", "unit", "title", "text")}
    meeting = {name: intake.clean_line(str(values.get(name) or "")) for name in measure_types.MEETING_FIELDS}
    brought |= {name: words for name, words in meeting.items() if words}
    day = await measures.parse_due_day(
        str(values.get("due_day") or ""), brought["kind"], context.settings, context.clock.now()
    )
    cases = [intake.clean_line(no) for no in values.get("cases") or []]
    made = await measures.issue_measure(
        actor, {**brought, "due_day": day}, cases, DeliveryPolicy.of(context.settings), context.clock.now()
    )
    context.wake()
    return await _measure_response(request, await measures.load_measure(actor, made), 201)


async def deed(request: Request) -> Response:
    """Answer, send back, close or withdraw a measure."""
    context: AppContext = request.app.state.context
    actor, what = permissions.current_actor(request), request.path_params["act"]
    values = await read_body(request, MeasureStepIn, may_be_empty=True)
    if what not in {step.value for step in measure_types.MEASURE_STEPS if step is not MeasureStep.REMIND}:
        raise NotFound(act=what)
    brought: dict[str, Any] = {name: intake.clean_paragraph(values[name]) for name in ("text", "adoption", "due_day")}
    brought["due_day"] = _day(brought["due_day"])
    await measures.perform_step(
        actor, _id(request), MeasureStep(what), brought, DeliveryPolicy.of(context.settings), context.clock.now()
    )
    context.wake()
    return await _measure_response(request, await measures.load_measure(actor, _id(request)))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
