"""How is one case worked on at the desk? Its file, the forms of the open steps, their preview, and taking them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from classify import labels as categories
from feedback import attachments, calendars, cases, lifecycle, queries, redact
from feedback.access import Actor
from feedback.intake import PersonDraft
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow
from feedback.lifecycle import Act, Role, Status, Step
from feedback.queries import CaseFile
from feedback.workdays import Calendar
from routing import directory
from routing.directory import Directory
from web import act_forms, identity, labels, present, present_desk, suggestions
from web.act_forms import ANSWERS, REVIEWED, Choices
from web.models import QuickReason, ReplyTemplate
from web.pages.filing import kept_files, upload_words
from web.present import CaseView

if TYPE_CHECKING:
    from web.boot import Office


@dataclass(frozen=True, slots=True)
class Looked:
    """A case as a member of staff looks at it now."""

    actor: Actor
    file: CaseFile
    view: CaseView
    names: Directory
    calendar: Calendar
    now: datetime

    def step(self, what: str) -> Step | None:
        return next((step for step in self.file.steps if step.act.value == what), None)


async def looked(request: Request, *, log: bool = False) -> Looked:
    """The case of the address, as the one who asks may see it."""
    office: Office = request.app.state.office
    actor, now = await identity.actor(request), office.clock.now()
    names, calendar = await directory.snapshot(), await calendars.current()
    no, secret = request.path_params["no"], office.settings.secret
    file = await queries.file(actor, no, secret=secret, log_at=now if log else None)
    return Looked(actor, file, present.case_view(file, names, actor, now, calendar), names, calendar, now)


async def case(request: Request) -> Response:
    """The file of a case, and what may be done with it."""
    seen = await looked(request, log=True)
    done = request.query_params.get("done", "")
    flash = {"kind": "good", "title": f"已完成：{labels.ACTS[done]}"} if done in labels.ACTS else None
    return await _shown(request, seen, opened=request.query_params.get("act", ""), flash=flash)


async def act(request: Request) -> Response:
    """Take one step. 422 shows the form again, 409 what happened meanwhile; nothing typed is lost."""
    office: Office = request.app.state.office
    seen = await looked(request)
    what = request.path_params["act"]
    async with request.form(max_files=20, max_fields=500) as form:
        step = seen.step(what)
        if step is None:
            _check_known(seen, what)
            return await _overtaken(request, seen, what, _typed_of(what, seen, form), form)
        typed = act_forms.typed(step, form)
        if "insert" in form or "edit" in form:
            typed["attachments"] = _texts(form, "attachments")
            return await _shown(request, seen, opened=what, typed=await _with_phrase(step, typed, form))
        try:
            typed |= await _files(request, step, form)
            await _check(request, seen, step, typed)
            if (
                step.act in ANSWERS | {Act.PUBLISH}
                and "confirmed" not in form
                and await _findings(request, seen, typed)
            ):
                return await _previewed(request, seen, step, typed, form, status=422)
            await cases.act(seen.file.no, step.act, seen.actor, typed, now=seen.now, expect=_version(form))
        except Invalid as fault:
            errors = {_field(name): labels.fault_words(name, code) for name, code in fault.fields.items()}
            return await _shown(request, seen, opened=what, typed=typed, errors=errors, status=422)
        except (Conflict, NotNow) as refused:
            if refused.code == "no_consent":
                raise
            return await _overtaken(request, await looked(request), what, typed, form)
    office.wake()
    return RedirectResponse(f"/desk/cases/{seen.file.no}?done={what}", status_code=303)


async def preview(request: Request) -> Response:
    """What a step would bring about: the answer as the citizen sees it, or the new last day. Nothing is written."""
    seen = await looked(request)
    async with request.form(max_files=20, max_fields=500) as form:
        step = seen.step(_text(form, "act"))
        if step is None or step.act not in REVIEWED:
            return await _overtaken(request, seen, _text(form, "act"), _typed_of(_text(form, "act"), seen, form), form)
        typed = act_forms.typed(step, form)
        try:
            typed |= await _files(request, step, form)
            await _check(request, seen, step, typed)
        except Invalid as fault:
            errors = {_field(name): labels.fault_words(name, code) for name, code in fault.fields.items()}
            return await _shown(request, seen, opened=step.act.value, typed=typed, errors=errors, status=422)
        return await _previewed(request, seen, step, typed, form)


async def route(request: Request) -> Response:
    """One click at the desk: correct the category when it differs, then send the case to the unit of that row."""
    office: Office = request.app.state.office
    seen = await looked(request)
    async with request.form() as form:
        category, unit = _text(form, "category"), _text(form, "unit")
        co, expect = _texts(form, "units"), _version(form)
        typed = {"unit": unit, "units": co, "reason": _text(form, "reason"), "rule": _text(form, "rule")}
        try:
            check_places({"category": category, **typed}, seen.names)
            if category and category != seen.file.category:
                await cases.act(
                    seen.file.no, Act.CLASSIFY, seen.actor, {"category": category}, now=seen.now, expect=expect
                )
                expect = None if expect is None else expect + 1
            await cases.act(seen.file.no, Act.ASSIGN, seen.actor, typed, now=seen.now, expect=expect)
        except Invalid as fault:
            errors = {name: labels.fault_words(name, code) for name, code in fault.fields.items()}
            return await _shown(request, await looked(request), opened="assign", typed=typed, errors=errors, status=422)
        except (Conflict, NotNow):
            return await _overtaken(request, await looked(request), "assign", typed, form)
    office.wake()
    return RedirectResponse(f"/desk/cases/{seen.file.no}?done=assign", status_code=303)


async def attachment(request: Request) -> Response:
    """A file of a case the actor sees; pictures open in the page, everything else is saved."""
    office: Office = request.app.state.office
    actor = await identity.actor(request)
    row, path = await attachments.opened(actor, request.path_params["id"], office.settings.data)
    inline = row.type in attachments.SHOWN_INLINE
    name = quote(PurePath(row.name).name)
    disposition = f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{name}"
    return FileResponse(path, media_type=row.type, headers={"Content-Disposition": disposition})


# ---- what came with the form ----


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _texts(form: FormData, name: str) -> list[str]:
    return [value for value in form.getlist(name) if isinstance(value, str) and value]


def _version(form: FormData) -> int | None:
    text = _text(form, "version")
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _field(name: str) -> str:
    return "files" if name in ("attachments", "file") else name


async def _files(request: Request, step: Step, form: FormData) -> dict[str, Any]:
    if not any(need.sort == "files" for need in (*step.needs, *step.may)):
        return {}
    ids = await kept_files(request, form)
    return {"attachments": ids} if ids else {}


async def _check(request: Request, seen: Looked, step: Step, typed: Mapping[str, Any]) -> None:
    """Raises Invalid for what a step lacks, and for units, headings and cases that are not there."""
    lifecycle.check_needs(step, typed)
    check_places(typed, seen.names)
    if other := typed.get("case"):
        office: Office = request.app.state.office
        try:
            await queries.file(seen.actor, other, secret=office.settings.secret)
        except NotFound as fault:
            raise Invalid({"case": "unknown"}) from fault


def check_places(typed: Mapping[str, Any], names: Directory) -> None:
    """Raises Invalid when a unit or a heading is none: the case file keeps codes and cannot know."""
    faults = {}
    if typed.get("unit") and not names.has(typed["unit"]):
        faults["unit"] = "unknown_unit"
    if not all(names.has(code) for code in typed.get("units", ())):
        faults["units"] = "unknown_unit"
    if typed.get("category") and not categories.exists(typed["category"]):
        faults["category"] = "unknown"
    if faults:
        raise Invalid(faults)


def _check_known(seen: Looked, what: str) -> None:
    """Raises Forbidden for a step that is never this person's, NotFound for one that does not exist."""
    if what not in list(Act):
        raise NotFound(act=what)
    row = lifecycle.step_for(Act(what), seen.file.profile, seen.file.kind, seen.file.stage)
    if row is None or not any(role in seen.actor.roles for role, _ in row.who):
        raise Forbidden(act=what)


def _typed_of(what: str, seen: Looked, form: FormData) -> dict[str, Any]:
    """What was typed for a step that is not open any more."""
    row = (
        lifecycle.step_for(Act(what), seen.file.profile, seen.file.kind, seen.file.stage) if what in list(Act) else None
    )
    return act_forms.typed(row, form) if row else {}


async def _with_phrase(step: Step, typed: dict[str, Any], form: FormData) -> dict[str, Any]:
    """The typed data with the chosen phrase put at the end of its first text."""
    code = _text(form, "phrase") if "insert" in form else ""
    phrase = next((text for key, text in (await _phrases()).get(step.act.value, ()) if key == code), "")
    into = next((need.name for need in (*step.needs, *step.may) if need.sort == "text"), "")
    if phrase and into:
        typed[into] = "\n".join(part for part in (typed.get(into, ""), phrase) if part)
    return typed


async def _findings(request: Request, seen: Looked, typed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What in the texts looks like personal data, as (sort, text), once each."""
    office: Office = request.app.state.office
    names = await queries.names_in(seen.actor, seen.file.no, office.settings.secret)
    words = "\n".join(str(typed.get(name, "")) for name in ("title", "question", "answer", "text"))
    found = [(present_desk.FINDING_WORDS[f.sort], f.text) for f in redact.findings(words, names)]
    return list(dict.fromkeys(found))


# ---- pages ----


async def _shown(
    request: Request,
    seen: Looked,
    *,
    opened: str = "",
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    flash: Mapping[str, str] | None = None,
    since: int | None = None,
    status: int = 200,
) -> Response:
    office: Office = request.app.state.office
    settings, file = office.settings, seen.file
    values = await _proposed(request, seen)
    if typed is not None:
        values[opened] = dict(typed)
    steps = [s for s in file.steps if s.act is not Act.PUBLISH or file.public_consent]
    choices = Choices(
        units=tuple(present_desk.unit_groups(seen.names)),
        categories=tuple(present_desk.category_groups(with_heads=True)),
        clocks=file.clocks,
        phrases=await _phrases(),
    )
    forms = act_forms.forms_of(steps, values, choices)
    waiting = await attachments.waiting((typed or {}).get("attachments", ()))
    context = {
        **present_desk.frame(seen.actor, seen.names),
        "view": seen.view,
        "clocks": present_desk.clock_lines(file, seen.view.clocks),
        "facts": _facts(seen),
        "tenures": _tenures(seen),
        "forms": forms,
        "opened": opened or next((form.act for form in forms[:1] if form.act in act_forms.EXPECTED), ""),
        "errors": errors or {},
        "flash": flash,
        "timeline": present_desk.staff_timeline(seen.view.timeline),
        "news": [e for e in seen.view.timeline if since is not None and e.seq > since],
        "seq": len(file.entries),
        "waiting": waiting,
        "suggestion": await suggestions.for_desk(office, seen.actor, file, seen.names),
        "is_desk": Role.RECEPTION in seen.actor.roles and seen.actor.unit == file.desk,
        "no_consent": file.status in (Status.REPLIED, Status.CLOSED) and not file.public_consent,
        **upload_words(settings.attachments_max, settings.upload_max_bytes),
    }
    return office.render(request, "desk/case.html", context, status=status)


async def _overtaken(request: Request, seen: Looked, what: str, typed: dict[str, Any], form: FormData) -> Response:
    """Somebody was faster: what they did, and what was typed here, side by side."""
    since = _text(form, "seq")
    flash = {
        "kind": "warn",
        "title": "内容刚刚被别人更新",
        "words": "请先看下面的变化，再决定是否继续；您填写的内容还在。",
    }
    if seen.step(what) is None:
        flash["title"] = f"现在不能“{labels.ACTS.get(what, '这一步')}”"
        flash["words"] = "当前状态已经变化，下面是最新情况和您刚才填写的内容。"
    return await _shown(
        request,
        seen,
        opened=what,
        typed=typed,
        flash={**flash, "kept": _kept_words(typed)},
        since=int(since) if since.isdecimal() and len(since) < 7 else None,
        status=409,
    )


def _kept_words(typed: Mapping[str, Any]) -> str:
    return "\n".join(str(value) for value in typed.values() if isinstance(value, str))


async def _previewed(
    request: Request, seen: Looked, step: Step, typed: dict[str, Any], form: FormData, status: int = 200
) -> Response:
    office: Office = request.app.state.office
    is_answer = step.act in ANSWERS
    moves = present_desk.clock_moves(seen.file, step.act, typed, seen.actor, seen.names, seen.calendar, seen.now)
    if step.act is Act.ASK_EXTENSION:
        moves = present_desk.clock_moves(seen.file, Act.EXTEND, typed, seen.actor, seen.names, seen.calendar, seen.now)
    context = {
        **present_desk.frame(seen.actor, seen.names),
        "view": seen.view,
        "act": step.act.value,
        "label": labels.ACTS[step.act.value],
        "typed": typed,
        "hidden": act_forms.hidden(typed),
        "version": _text(form, "version"),
        "seq": _text(form, "seq"),
        "is_answer": is_answer,
        "checks": present_desk.answer_checks(str(typed.get("text", ""))) if step.act is Act.REPLY else [],
        "findings": [] if "days" in typed else await _findings(request, seen, typed),
        "must_confirm": status != 200,
        "moves": moves,
        "unit": seen.view.unit,
        "when": present.day_words(office_day(seen.now)),
        "errors": {},
    }
    return office.render(request, "desk/preview.html", context, status=status)


async def _proposed(request: Request, seen: Looked) -> dict[str, dict[str, Any]]:
    """What the forms already hold: the masked words to publish, the days asked for, the category now."""
    file = seen.file
    values: dict[str, dict[str, Any]] = {"classify": {"category": file.category}}
    if seen.step("publish"):
        office: Office = request.app.state.office
        known = await queries.names_in(seen.actor, file.no, office.settings.secret)
        words = {"title": file.title, "question": file.text, "answer": seen.view.reply}
        values["publish"] = {name: redact.masked(text, known) for name, text in words.items()}
    asked = next((e for e in reversed(file.entries) if e.act == Act.ASK_EXTENSION), None)
    if asked and seen.step("extend"):
        values["extend"] = {"reason": asked.data.get("reason", ""), "days": asked.data.get("days", "")}
    if seen.step("assign"):
        values["assign"] = {"unit": suggestions.decided(file, seen.names).unit}
    return values


async def _phrases() -> dict[str, tuple[tuple[str, str], ...]]:
    """The texts to start from, by act: (title, text)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in await ReplyTemplate.all().order_by("code"):
        for each in ANSWERS:
            found.setdefault(each.value, []).append((row.title, row.text))
    for reason in await QuickReason.all().order_by("id"):
        found.setdefault(reason.act, []).append((reason.text, reason.text))
    return {name: tuple(rows) for name, rows in found.items()}


def _facts(seen: Looked) -> list[tuple[str, str]]:
    file, view = seen.file, seen.view
    place = f"{view.region_text} {file.address}".strip()
    rows = [("内容分类", view.category_text), ("地点", place), ("来源", view.channel_text)]
    if file.person:
        p = PersonDraft(file.person.name, file.person.phone, file.person.id_number, file.person.address)
        rows += [("姓名", p.name), ("电话", p.phone), ("身份证号码", p.id_number), ("住址", p.address)]
    else:
        rows.append(("姓名", "没有留名"))
    rows += [
        ("人数", f"{file.headcount} 人" if file.headcount > 1 else ""),
        ("匿名", "不让承办单位知道姓名电话" if file.anonymous else ""),
        ("公开", "同意隐去个人信息后公开" if file.public_consent else "不同意公开"),
        ("受理窗口", view.desk),
    ]
    return [(term, words) for term, words in rows if words]


def _tenures(seen: Looked) -> list[dict[str, str]]:
    return [
        {
            "unit": seen.names.name(t.unit),
            "role": "主办" if t.lead else "协办",
            "since": present.short_time(t.since),
            "until": present.short_time(t.until) or "现在",
            "task": t.task,
        }
        for t in seen.file.tenures
    ]


ROUTES = [
    Route("/cases/{no}", case),
    Route("/cases/{no}/acts/{act}", act, methods=["POST"]),
    Route("/cases/{no}/preview", preview, methods=["POST"]),
    Route("/cases/{no}/route", route, methods=["POST"]),
    Route("/files/{id}", attachment),
]
