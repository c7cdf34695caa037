"""Pages to issue, answer, list and download measures and suggestions (约谈 通报 挂牌督办 限期整改；三项建议)."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel import spreadsheets
from feedback.kernel.errors import Invalid, NotFound
from feedback.kernel.spreadsheets import XLSX_TYPE, Sheet, SheetColumn
from feedback.record import access_log
from feedback.rules.access import OVERSEERS, Actor, has_role
from routing import directory
from routing.notices.delivery import DeliveryPolicy
from routing.oversight import measure_types, measures
from routing.oversight.measure_types import MeasureStep
from routing.oversight.measures import MeasureFilters, MeasureView
from web.actions import letters as letter_actions
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.forms.filters import FRAME_PARAMETERS, note_unknown, refuse_unknown
from web.letters import issuing, rendering
from web.letters.placeholders import OfficeLetterValues
from web.presentation import desk_frame
from web.presentation import oversight as oversight_views
from web.presentation import worklist as worklist_views
from web.presentation.oversight import build_tabs
from web.wording import catalogue

FAULTS = {
    "cases:unknown": "有的编号不存在，或者您看不到",
    "cases:report_named": "检举控告件不能作为依据列出",
    "due_day:not_a_future_day": "最迟反馈日期应在今天之后、一年以内",
    "unit:missing": "请选择发给哪个单位",
    "adoption:unknown": "请说明是否采纳",
}
_COLUMNS = (
    ("编号", "no"),
    ("类型", "kind_text"),
    ("单位", "unit_text"),
    ("标题", "title"),
    ("发出", "issued"),
    ("最迟反馈", "due"),
    ("反馈", "answered"),
    ("状态", "status_text"),
    ("采纳情况", "adoption_text"),
    ("依据", "law"),
)


_FILTERS = ("kind", "unit", "status", "late")


async def listed(request: Request) -> Response:
    """The measures somebody may see, with the figures per unit."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    note_unknown(request, *_FILTERS)
    now, filters = context.clock.now(), _filters(request)
    rows = await measures.list_measures(actor, filters, now)
    values = {
        **desk_frame.frame_values(actor, names),
        "tabs": build_tabs("measures", actor) if has_role(actor, OVERSEERS) else [],
        "rows": [oversight_views.measure_line(row, names, now) for row in rows],
        "figures": [{**row, "name": names.short(row["unit"])} for row in await measures.load_figures(actor, now)],
        "chosen": filters,
        "query": request.url.query,
        "kinds": [(row.code, row.label) for row in measure_types.MEASURES],
        "statuses": list(oversight_views.MEASURE_STATUSES.items()),
        "units": worklist_views.unit_groups(names, actor.units if not actor.everywhere else frozenset(names.by_code)),
        "may_issue": measure_types.may_issue(actor),
        "oversees": has_role(actor, OVERSEERS),
        "done": request.query_params.get("done", ""),
    }
    return context.render(request, "board/measures.html", values)


def _filters(request: Request) -> MeasureFilters:
    q = request.query_params
    return MeasureFilters(
        q.get("kind", "")[:20], q.get("unit", "")[:60], q.get("status", "")[:20], q.get("late", "") == "1"
    )


async def export(request: Request) -> Response:
    """The same list as an Excel file; the taking is written down."""
    context: AppContext = request.app.state.context
    actor, names, now = (
        current_actor(request),
        await directory.load_directory(),
        context.clock.now(),
    )
    refuse_unknown(request.query_params, (*_FILTERS, *FRAME_PARAMETERS))
    rows = [
        oversight_views.measure_line(row, names, now)
        for row in await measures.list_measures(actor, _filters(request), now)
    ]
    await access_log.log_read(actor, "export", detail=f"措施与建议 {len(rows)} 项", now=now)
    body = await asyncio.to_thread(_build_workbook, rows)
    return Response(body, media_type=XLSX_TYPE, headers={"Content-Disposition": 'attachment; filename="measures.xlsx"'})


def _build_workbook(rows: Sequence[Mapping[str, Any]]) -> bytes:
    columns = [SheetColumn(title, 32 if name in ("title", "law") else 16) for title, name in _COLUMNS]
    return spreadsheets.to_xlsx(
        [Sheet("措施与建议", columns, [[str(row[name]) for _, name in _COLUMNS] for row in rows])]
    )


async def new(request: Request) -> Response:
    """The form of a new measure, and issuing it."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    if request.method == "GET":
        q = request.query_params
        typed = {"kind": q.get("kind", ""), "unit": q.get("unit", ""), "cases": q.get("cases", "")[:1000]}
        blank = dict.fromkeys(("title", "text", "due_day", *measure_types.MEETING_FIELDS), "")
        return await _form(request, actor, {**blank, **typed}, {})
    async with request.form() as form:
        names = ("kind", "unit", "title", "text", "due_day", "cases", *measure_types.MEETING_FIELDS)
        typed = {name: parsing.read_text(form, name) for name in names}
    due_day = await measures.parse_due_day(typed["due_day"], typed["kind"], context.settings, context.clock.now())
    values = {**typed, "due_day": due_day if due_day or typed["due_day"] else ""}
    try:
        made = await measures.issue_measure(
            actor, values, _numbers(typed["cases"]), DeliveryPolicy.of(context.settings), context.clock.now()
        )
    except Invalid as fault:
        return await _form(request, actor, typed, _errors(fault))
    context.wake()
    return RedirectResponse(f"/desk/measures/{made}?done=issue", status_code=303)


def _numbers(text: str) -> list[str]:
    return list(dict.fromkeys(text.replace("，", " ").replace(",", " ").replace("、", " ").split()))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _errors(fault: Invalid) -> dict[str, str]:
    return {
        name: FAULTS.get(f"{name}:{code}") or catalogue.fault_words(name, code) for name, code in fault.fields.items()
    }


async def _form(request: Request, actor: Actor, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    context: AppContext = request.app.state.context
    names = await directory.load_directory()
    values = {
        **desk_frame.frame_values(actor, names),
        "typed": dict(typed),
        "errors": dict(errors),
        "kinds": [(row.code, row.label, f"书面反馈{row.wants}。{row.law}") for row in measure_types.MEASURES],
        "units": worklist_views.unit_groups(names, frozenset(names.by_code) if actor.everywhere else actor.units),
        "days": context.settings.suggestion_days,
        "meeting_most": measure_types.MEETING_MOST,
    }
    return context.render(request, "board/measure_new.html", values, status=422 if errors else 200)


async def show_measure(request: Request) -> Response:
    """One measure: its words, the cases it rests on, its history, and what may be done."""
    row, actor = await _found(request)
    return await _one(request, actor, row, {}, {})


async def _found(request: Request) -> tuple[MeasureView, Actor]:
    actor = current_actor(request)
    text = request.path_params["id"]
    return await measures.load_measure(actor, int(text) if text.isdecimal() and len(text) < 19 else -1), actor


async def _one(
    request: Request,
    actor: Actor,
    row: MeasureView,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    opened: str = "",
) -> Response:
    context: AppContext = request.app.state.context
    names, now = await directory.load_directory(), context.clock.now()
    values = {
        **desk_frame.frame_values(actor, names),
        "tabs": build_tabs("measures", actor) if has_role(actor, OVERSEERS) else [],
        "m": oversight_views.measure_line(row, names, now),
        "row": row,
        "unit": names.name(row.unit),
        "course": oversight_views.list_measure_steps(row, names),
        "deeds": [(deed.value, oversight_views.STEP_WORDS[deed]) for deed in row.steps],
        "adoptions": list(measure_types.ADOPTIONS.items()),
        "typed": {"text": "", "adoption": "", "due_day": "", **typed},
        "errors": dict(errors),
        "opened": opened,
        "done": oversight_views.STEP_WORDS.get(request.query_params.get("done", ""), ""),
    }
    return context.render(request, "board/measure.html", values, status=422 if errors else 200)


async def act(request: Request) -> Response:
    """Answer, send back, close or withdraw."""
    context: AppContext = request.app.state.context
    row, actor = await _found(request)
    what = request.path_params["act"]
    if what not in {deed.value for deed in measure_types.MEASURE_STEPS if deed is not MeasureStep.REMIND}:
        raise NotFound(act=what)
    async with request.form() as form:
        typed = _typed(form)
    values = {**typed, "due_day": _day(typed["due_day"])}
    try:
        await measures.perform_step(
            actor, row.id, MeasureStep(what), values, DeliveryPolicy.of(context.settings), context.clock.now()
        )
    except Invalid as fault:
        return await _one(request, actor, row, typed, _errors(fault), what)
    context.wake()
    return RedirectResponse(f"/desk/measures/{row.id}?done={what}", status_code=303)


def _typed(form: FormData) -> dict[str, str]:
    return {name: parsing.read_text(form, name) for name in ("text", "adoption", "due_day")}


async def letter(request: Request) -> Response:
    """The measure as a numbered letter, as Word or PDF: issued with the first look, the same ever after."""
    context: AppContext = request.app.state.context
    row, _ = await _found(request)
    form = request.path_params["form"]
    if form not in rendering.MEDIA_TYPES:
        raise NotFound(form=form)
    first = row.entries[0]["data"]
    values = OfficeLetterValues(
        about=row.no,
        unit=row.unit,
        issuer=row.issuer_unit,
        title=row.title,
        text=row.text,
        wants=row.measure_type.wants,
        due_day=date.fromisoformat(first["due_day"]),
        at=row.issued_at,
    )
    issued = await issuing.issue_unit_letter(context, row.measure_type.code, values)
    content = await issuing.render_unit_letter(context, issued, form, letter_actions.base_address(request))
    return letter_actions.letter_response(issued, form, content)
