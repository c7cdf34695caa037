"""The citizen's page of their own case, and the steps open to them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from evaluation import scale
from evaluation.ratings import cases as case_ratings
from evaluation.ratings import submission
from feedback import attachments
from feedback.attachments import FileStore
from feedback.kernel import identifiers
from feedback.kernel.errors import Conflict, Invalid, NotFound, NotNow
from feedback.queries import cases as case_queries
from feedback.record import calendar_editions
from feedback.rules import lifecycle, vocabulary
from feedback.rules.access import Actor
from feedback.rules.lifecycle import Step
from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import ANSWERING_ACTS, Act, Profile, Role, Status
from routing import directory
from web.actions import cases as case_actions
from web.auth import citizen_cookie
from web.context import AppContext
from web.forms import parsing
from web.forms.form_reading import open_form
from web.forms.uploads import name_refused, store_uploads, upload_values
from web.http.file_response import file_response
from web.letters import issuing
from web.pages.citizen.rectifications import load_rectifications
from web.pages.desk import clock
from web.presentation import case as case_views
from web.presentation import deadline_changes, own_case
from web.presentation import todo as todo_views
from web.presentation.case import CaseView
from web.wording import acts, catalogue
from web.wording.acts import CitizenWording

TEXT_MOST = 2000
_FIRST_ASKED = "solved"
"""Whoever rates is asked first whether it was solved: that is what they know best."""


async def case(request: Request) -> Response:
    """The case of this browser's code."""
    citizen = await citizen_cookie.read_citizen(request)
    if citizen is None:
        return RedirectResponse("/lookup", status_code=303)
    done = request.query_params.get("done", "")
    wording = acts.citizen_wording(done)
    flash = {"kind": "good", "title": wording.done} if wording and wording.done else None
    return await _shown(request, citizen, await _load_file(request, citizen), flash=flash)


async def act(request: Request) -> Response:
    """Take one of the steps open to the citizen."""
    context: AppContext = request.app.state.context
    asked_at = context.clock.now()
    citizen = await citizen_cookie.read_citizen(request)
    if citizen is None:
        return RedirectResponse("/lookup", status_code=303)
    request.state.device = f"case {citizen.case_no}"  # whoever holds this case: its files are counted together
    file = await _load_file(request, citizen)
    what = request.path_params["act"]
    step = next((s for s in file.steps(context.clock.now()) if s.act.value == what), None)
    if step is None:
        return await _shown(request, citizen, file, flash=_not_now(what), status=409)
    async with open_form(request) as form:
        typed = _typed(form, step)
        try:
            if _asks(step, "attachments"):
                uploads = await store_uploads(request, form)
                typed["attachments"] = uploads.ids
                uploads.require_all()
            if step.act is Act.WITHDRAW and not parsing.read_field(form, "confirm"):
                raise Invalid({"confirm": "missing"})
            data = {k: v for k, v in typed.items() if v not in ("", [], None)}
            await _take(request, citizen, step, data, parsing.read_field(form, "key"), asked_at)
        except Invalid as fault:
            errors = name_refused(fault, {_field(name): _words(name, code) for name, code in fault.fields.items()})
            return await _shown(request, citizen, file, opened=what, typed=typed, errors=errors, status=422)
        except (NotNow, Conflict) as refused:
            flash = {"kind": "warn", "title": catalogue.error_words(refused.code)}
            file = await _load_file(request, citizen)  # as it is now: something has happened to it meanwhile
            return await _shown(request, citizen, file, opened=what, typed=typed, flash=flash, status=409)
    return RedirectResponse(f"/case?done={what}", status_code=303)


async def _load_file(request: Request, citizen: Actor) -> CaseFile:
    context: AppContext = request.app.state.context
    return await case_queries.load_file(citizen, citizen.case_no, vault=context.settings.vault)


async def _take(
    request: Request, citizen: Actor, step: Step, data: dict[str, Any], key: str, asked_at: datetime
) -> None:
    context: AppContext = request.app.state.context
    if step.act is Act.RATE:
        # Without scripts the boxes of every level are on the page: only those of the chosen level were meant.
        data["tags"] = [
            tag
            for tag in data.get("tags", ())
            if not submission.find_tags_fault(data.get("level", 0), [tag], is_case=True)
        ]
        if await case_ratings.is_submitted(key, context.settings.vault):
            return  # the button was pressed twice
    await case_actions.perform_act(context, citizen.case_no, step.act, citizen, data, key=key, asked_at=asked_at)


def _typed(form: FormData, step: Step) -> dict[str, Any]:
    """What the form brings of what the step needs or may bring."""
    typed: dict[str, Any] = {}
    for need in (*step.needs, *step.may):
        match need.sort:
            case "level":
                text = parsing.read_field(form, need.name)
                typed[need.name] = int(text) if text.isdecimal() and len(text) == 1 else None
            case "tags":
                typed[need.name] = [value for value in form.getlist(need.name) if isinstance(value, str)]
            case "switch":
                typed[need.name] = need.name in form
            case "files":
                pass  # stored by the caller
            case _:
                typed[need.name] = parsing.read_text(form, need.name)
    return typed


def _asks(step: Step, name: str) -> bool:
    return any(need.name == name for need in (*step.needs, *step.may))


def _words(name: str, code: str) -> str:
    return _MISSING.get(name, "") if code == "missing" and name in _MISSING else catalogue.fault_words(name, code)


_MISSING = {"level": "请选择满意程度", "confirm": "请先勾选确认：撤回后不再办理，也不能恢复"}


def _field(name: str) -> str:
    return "files" if name in ("attachments", "file") else name


def _not_now(what: str) -> dict[str, str]:
    words = acts.label_of(what) or "这一步"
    return {"kind": "warn", "title": f"现在不能“{words}”", "words": "情况可能刚刚有变化，请看下面的最新进度。"}


async def _shown(
    request: Request,
    citizen: Actor,
    file: CaseFile,
    *,
    opened: str = "",
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    flash: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    context: AppContext = request.app.state.context
    settings = context.settings
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    now = context.clock.now()
    view = case_views.case_view(file, names, citizen, now, calendar)
    rectifications = await load_rectifications(citizen, file, names, settings.vault, now)
    values = {
        "view": view,
        "counted": clock.running(file),
        "moves": [deadline_changes.render_change(change) for change in file.deadline_changes],
        "version": file.version,
        "key": identifiers.new_id(),
        "headline": own_case.build_headline(file, now, calendar, view.next_words),
        "handler": own_case.build_handler(file, names, settings.site_phone),
        "icon_of_kind": own_case.KIND_ICONS[file.kind],
        "futures": own_case.list_futures(file, is_rectifying=any(row.is_open for row in rectifications)),
        "rectifications": rectifications,
        "rated_before": _rated_before(view),
        "shown_reply": next((e.seq for e in reversed(file.entries) if e.act in ANSWERING_ACTS), 0),
        "facts": _facts(view),
        "letters": await issuing.list_letters(citizen, file, "/case/letters/"),
        "todo": todo_views.build_todo(file, names, now, settings.rating_days),
        "forms": {step.act.value: _form(step) for step in file.steps(now)},
        "refused": _refused(file, now),
        "explained": _explained(file, view),
        "levels": levels_of(file.profile),
        "rates_desk": file.profile is Profile.PETITION,
        "reasons": _reason_options(),
        "opened": opened,
        "typed": typed or {},
        "errors": errors or {},
        "flash": flash,
        **upload_values(settings.attachments_max, settings.upload_max_bytes),
    }
    return context.render(request, "citizen/case.html", values, status=status)


def levels_of(profile: Profile) -> list[tuple[int, str]]:
    """The levels to choose from: petitions are rated on a scale of three."""
    if profile is Profile.PETITION:
        return [(step.level, step.text) for step in scale.PETITION_STEPS]
    return list(catalogue.LEVELS.items())


def _reason_options() -> dict[int, list[tuple[str, str]]]:
    """The reasons of each level of an answered case, to tick."""
    return {level: [(row.code, row.text) for row in scale.list_case_reasons(level)] for level in catalogue.LEVELS}


def _rated_before(view: CaseView) -> str:
    """How the newest answer was rated already, in words; "" if it was not: then what comes is the first rating."""
    words = ""
    for event in view.timeline:
        if event.act in ANSWERING_ACTS:
            words = ""
        elif event.act == Act.RATE:
            words = dict(event.details).get(catalogue.NEEDS["level"], "")
    return words


def _form(step: Step) -> dict[str, Any]:
    wording = acts.ACTS[step.act]
    citizen = wording.citizen or CitizenWording()
    needs = [
        {
            "name": need.name,
            "label": wording.citizen_field_label(need.name),
            "optional": need.optional,
            "sort": need.sort,
            "options": [(code, catalogue.CHOICES[need.name][code]) for code in need.choices],
            "most": submission.TEXT_MOST if step.act is Act.RATE else min(need.most, TEXT_MOST),
        }
        for need in sorted((*step.needs, *step.may), key=lambda need: need.name != _FIRST_ASKED)
    ]
    return {
        "act": step.act.value,
        "label": wording.label,
        "hint": citizen.hint or step.remark,
        "button": citizen.button or wording.label,
        "needs": needs,
    }


def _refused(file: CaseFile, now: datetime) -> list[tuple[str, str]]:
    """The steps a citizen may have in such a case but not now, each with the reason."""
    open_ = {step.act for step in file.steps(now)}
    rows = [
        step
        for step in lifecycle.STEPS
        if step.act is not Act.SUBMIT
        and step.act not in open_
        and any(role is Role.CITIZEN for role, _ in step.who)
        and file.profile in step.profiles
        and file.kind in step.kinds
        and file.stage in step.stages
    ]
    done = [entry.act for entry in file.entries]
    over = {s.act: file.find_bar(s.act, now) for s in file.allowed}
    return [
        (
            acts.ACTS[step.act].label,
            _why_not(step, file.status, done.count(step.act.value), over.get(step.act, "")),
        )
        for step in rows
    ]


def _why_not(step: Step, status: Status, times: int, lapsed: str) -> str:
    if lapsed:
        return f"{catalogue.error_words(lapsed)}。"
    if step.most is not None and times >= step.most:
        return f"已经办过 {times} 次，每件最多 {step.most} 次。"
    if status in vocabulary.OPEN:
        return "要等承办单位答复以后。"
    if status is Status.REPLIED and step.act in (Act.URGE, Act.WITHDRAW):
        return "承办单位已经答复。"
    ended = {
        Status.CLOSED: "已经办结",
        Status.DECLINED: "不予受理",
        Status.WITHDRAWN: "您已撤回",
        Status.MERGED: "已并案办理",
        Status.DIVERTED: "已导入法定程序",
        Status.TERMINATED: "已终止",
    }
    return f"{ended.get(status, catalogue.STATUSES[status.value])}，不能再办这一步。"


def _facts(view: CaseView) -> list[tuple[str, str]]:
    place = f"{view.region_text} {view.file.address}".strip()
    rows = [
        ("类别", view.kind_text),
        ("内容分类", view.category_text),
        ("地点", place),
        ("承办单位", view.unit),
        ("协办单位", "、".join(view.co_units)),
        ("单位电话", view.unit_phone),
        ("是否匿名", "匿名，承办单位看不到您的姓名电话" if view.file.anonymous else ""),
        ("是否公开", "您同意在隐去个人信息后公开" if view.file.public_consent else "不公开"),
    ]
    return [(term, words) for term, words in rows if words]


def _explained(file: CaseFile, view: CaseView) -> str:
    """How it was classified and routed: everybody may ask (个人信息保护法 第二十四条)."""
    if not file.category:
        return ""
    how = "工作人员核对" if file.by_hand else f"系统根据您写的文字给出（把握 {file.confidence:.0%}），工作人员可以改正"
    assignments = [entry.data for entry in file.entries if entry.act == Act.ASSIGN]
    reason = str(assignments[-1].get("reason") or assignments[-1].get("rule") or "") if assignments else ""
    unit = f"按职责转给{view.unit}" if view.unit else "还没有确定承办单位"
    return f"分类为“{view.category_text}”，由{how}。{unit}{f'：{reason}' if reason else ''}。"


async def attachment(request: Request) -> Response:
    """A file of one's own case.

    Raises NotFound for anybody without the code.
    """
    context: AppContext = request.app.state.context
    citizen = await citizen_cookie.read_citizen(request)
    if citizen is None:
        raise NotFound(attachment=request.path_params["id"])
    row, content = await attachments.open_attachment(citizen, request.path_params["id"], FileStore.of(context.settings))
    return file_response(request, content, row.name, row.type)
