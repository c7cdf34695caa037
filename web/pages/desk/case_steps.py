"""Handlers of the staff case page: show it, preview and perform steps, download attachments."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from classify.replies import checks
from feedback import attachments
from feedback.attachments import FileStore
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow
from feedback.rules import lifecycle
from feedback.rules.lifecycle import Step
from feedback.rules.vocabulary import Act
from web.actions import cases as case_actions
from web.actions import publication
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing, reply_templates, step_forms
from web.forms.form_reading import open_form
from web.forms.uploads import StoredUploads, name_refused, store_uploads
from web.http.file_response import file_response
from web.pages.desk.case_page import Looked, looked, shown
from web.presentation import desk_case, desk_frame
from web.tasks import topics
from web.wording import acts, catalogue, dates
from web.wording.acts import ANSWERS, REVIEWED


async def case(request: Request) -> Response:
    """The file of a case, and what may be done with it."""
    seen = await looked(request)
    done = request.query_params.get("done", "")
    flash = {"kind": "good", "title": f"已完成：{acts.label_of(done)}", "done": done} if acts.label_of(done) else None
    if done == "link":
        flash = {"kind": "good", "title": "关联已经更新"}
    return await shown(request, seen, opened=request.query_params.get("act", ""), flash=flash)


async def act(request: Request) -> Response:
    """Take one step. 422 shows the form again, 409 what happened meanwhile; nothing typed is lost."""
    context: AppContext = request.app.state.context
    seen = await looked(request)
    what = request.path_params["act"]
    async with open_form(request) as form:
        step = seen.step(what)
        if step is None:
            _check_known(seen, what)
            return await _overtaken(request, seen, what, _typed_of(what, seen, form), form)
        typed = step_forms.parse_step_form(step, form)
        if "insert" in form or "edit" in form:
            typed["attachments"] = _texts(form, "attachments")
            return await shown(request, seen, opened=what, typed=await _with_phrase(seen, step, typed, form))
        try:
            uploads = await _files(request, step, form)
            if uploads.ids:
                typed["attachments"] = uploads.ids
            uploads.require_all()
            _check(request, seen, step, typed)
            if (
                step.act in ANSWERS | {Act.PUBLISH}
                and "confirmed" not in form
                and (await _findings(request, seen, step, typed)).must_be_confirmed
            ):
                return await _previewed(request, seen, step, typed, form, status=422)
            await case_actions.perform_act(
                context,
                seen.file.no,
                step.act,
                seen.actor,
                typed,
                expect=_version(form),
                is_confirmed="confirmed" in form,
            )
        except Invalid as fault:
            errors = _errors(fault, typed)
            return await shown(request, seen, opened=what, typed=typed, errors=errors, status=422)
        except (Conflict, NotNow) as refused:
            if refused.code == "no_consent":
                raise
            return await _overtaken(request, await looked(request), what, typed, form)
    shut = step.act is Act.RECUSE and typed.get("staff") == seen.actor.id  # whoever withdraws does not see it again
    return RedirectResponse("/desk" if shut else f"/desk/cases/{seen.file.no}?done={what}", status_code=303)


async def preview(request: Request) -> Response:
    """What a step would bring about: the answer as the citizen sees it, or the new last day. Nothing is written."""
    seen = await looked(request)
    async with open_form(request) as form:
        step = seen.step(parsing.read_field(form, "act"))
        if step is None or step.act not in REVIEWED:
            return await _overtaken(
                request,
                seen,
                parsing.read_field(form, "act"),
                _typed_of(parsing.read_field(form, "act"), seen, form),
                form,
            )
        typed = step_forms.parse_step_form(step, form)
        try:
            uploads = await _files(request, step, form)
            if uploads.ids:
                typed["attachments"] = uploads.ids
            uploads.require_all()
            _check(request, seen, step, typed)
        except Invalid as fault:
            errors = _errors(fault, typed)
            return await shown(request, seen, opened=step.act.value, typed=typed, errors=errors, status=422)
        return await _previewed(request, seen, step, typed, form)


async def route(request: Request) -> Response:
    """One click at the desk: correct the category when it differs, then send the case to the unit of that row."""
    context: AppContext = request.app.state.context
    seen = await looked(request)
    async with request.form() as form:
        category, expect, step = parsing.read_field(form, "category"), _version(form), seen.step("assign")
        typed = _typed_of("assign", seen, form)
        if step is None:
            _check_known(seen, "assign")
            return await _overtaken(request, seen, "assign", typed, form)
        try:
            _check(request, seen, step, typed)
            if category and category != seen.file.category:
                await case_actions.perform_act(
                    context, seen.file.no, Act.CLASSIFY, seen.actor, {"category": category}, expect=expect
                )
                expect = None if expect is None else expect + 1
            await case_actions.perform_act(context, seen.file.no, Act.ASSIGN, seen.actor, typed, expect=expect)
        except Invalid as fault:
            errors = _errors(fault, typed)
            return await shown(request, await looked(request), opened="assign", typed=typed, errors=errors, status=422)
        except (Conflict, NotNow):
            return await _overtaken(request, await looked(request), "assign", typed, form)
    return RedirectResponse(f"/desk/cases/{seen.file.no}?done=assign", status_code=303)


async def back(request: Request) -> Response:
    """Whoever had to log in on the way to a step gets the case again: a step is only ever posted."""
    act = request.path_params.get("act", "")
    return RedirectResponse(f"/desk/cases/{request.path_params['no']}{f'?act={act}' if act else ''}", status_code=303)


async def attachment(request: Request) -> Response:
    """A file of a case the actor sees; pictures open in the page, everything else is saved."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    now = context.clock.now()
    row, content = await attachments.open_attachment(
        actor, request.path_params["id"], FileStore.of(context.settings), log_at=now
    )
    return file_response(request, content, row.name, row.type)


# ---- what came with the form ----


def _texts(form: FormData, name: str) -> list[str]:
    return [value for value in form.getlist(name) if isinstance(value, str) and value]


def _version(form: FormData) -> int | None:
    text = parsing.read_field(form, "version")
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _errors(fault: Invalid, typed: Mapping[str, Any]) -> dict[str, str]:
    """The sentence for each wrong field."""
    errors = {}
    for name, code in fault.fields.items():
        if code == "blank":
            blanks = "".join(reply_templates.find_blanks(str(typed.get(name, ""))))
            errors[name] = f"还有没填写的地方：{blanks}"
        else:
            errors["files" if name in ("attachments", "file") else name] = catalogue.fault_words(name, code)
    return name_refused(fault, errors)


async def _files(request: Request, step: Step, form: FormData) -> StoredUploads:
    if not any(need.sort == "files" for need in (*step.needs, *step.may)):
        return StoredUploads([])
    return await store_uploads(request, form)


def _check(request: Request, seen: Looked, step: Step, typed: Mapping[str, Any]) -> None:
    """Raises Invalid for everything wrong with what was typed, so that nothing wrong is even previewed."""
    context: AppContext = request.app.state.context
    faults = parsing.find_faults(step, typed, seen.names, context.settings.attachments_max)
    if step.act in ANSWERS and reply_templates.find_blanks(str(typed.get("text", ""))):
        faults["text"] = "blank"
    if faults:
        raise Invalid(faults)


def _check_known(seen: Looked, what: str) -> None:
    """Raises Forbidden for a step that is never this person's, NotFound for one that does not exist."""
    if what not in list(Act):
        raise NotFound(act=what)
    row = lifecycle.find_step(Act(what), seen.file.profile, seen.file.kind, seen.file.stage)
    if row is None or not any(role in seen.actor.roles for role, _ in row.who):
        raise Forbidden(act=what)


def _typed_of(what: str, seen: Looked, form: FormData) -> dict[str, Any]:
    """What was typed for a step that is not open any more."""
    row = (
        lifecycle.find_step(Act(what), seen.file.profile, seen.file.kind, seen.file.stage)
        if what in list(Act)
        else None
    )
    return step_forms.parse_step_form(row, form) if row else {}


async def _with_phrase(seen: Looked, step: Step, typed: dict[str, Any], form: FormData) -> dict[str, Any]:
    """The typed data with the chosen phrase put at the end of its first text."""
    chosen = parsing.read_field(form, "phrase") if "insert" in form else ""
    offered = await reply_templates.list_phrases(seen.file, seen.names, seen.actor.name)
    phrase = next((text for code, _, text in offered.get(step.act.value, ()) if code == chosen), "")
    into = next((need.name for need in (*step.needs, *step.may) if need.sort == "text"), "")
    if phrase and into:
        typed[into] = "\n".join(part for part in (typed.get(into, ""), phrase) if part)
    return typed


@dataclass(frozen=True, slots=True)
class _Findings:
    """What wants a second look: personal data as (sort, text), once each, and whether the writer may be in danger."""

    personal: tuple[tuple[str, str], ...] = ()
    is_crisis: bool = False
    crisis_words: str = ""

    @property
    def must_be_confirmed(self) -> bool:
        return bool(self.personal) or self.is_crisis


async def _findings(request: Request, seen: Looked, step: Step, typed: Mapping[str, Any]) -> _Findings:
    """What in the texts of an answer or a publication wants a second look before it goes out."""
    context: AppContext = request.app.state.context
    if step.act is not Act.PUBLISH:
        redactor = await publication.load_redactor(context, seen.actor, seen.file.no)
        spans = redactor.find(str(typed.get("text", "")))
        return _Findings(tuple(dict.fromkeys((desk_case.FINDING_WORDS[span.sort], span.text) for span in spans)))
    findings = await publication.review_publication(context, seen.actor, seen.file, typed)
    personal = [(desk_case.FINDING_WORDS[f.sort], f.words) for f in findings if f.code == publication.PERSONAL_DATA]
    crisis = [finding for finding in findings if finding.code == publication.CRISIS]
    return _Findings(tuple(dict.fromkeys(personal)), bool(crisis), crisis[0].words if crisis else "")


async def _advice(context: AppContext, seen: Looked, step: Step, typed: Mapping[str, Any]) -> list[checks.ReplyFinding]:
    """What to look at again in an answer before it is sent. Personal data has a notice of its own."""
    if step.act is not Act.REPLY:
        return []
    asked = topics.reply_context(seen.file, await context.model())
    findings = checks.check_reply(asked, str(typed.get("text", "")))
    return [finding for finding in findings if finding.code != "personal"]


async def _overtaken(request: Request, seen: Looked, what: str, typed: dict[str, Any], form: FormData) -> Response:
    """Somebody was faster: what they did, and what was typed here, side by side."""
    since = parsing.read_field(form, "seq")
    flash = {
        "kind": "warn",
        "title": "内容刚刚被别人更新",
        "words": "请先看下面的变化，再决定是否继续；您填写的内容还在。",
    }
    if seen.step(what) is None:
        flash["title"] = f"现在不能“{acts.label_of(what) or '这一步'}”"
        flash["words"] = "当前状态已经变化，下面是最新情况和您刚才填写的内容。"
    return await shown(
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


def _recorded_act(seen: Looked, step: Step) -> Act:
    """What the step becomes when this person does it: a clerk's answer that must be signed is a draft."""
    redirect = lifecycle.find_redirect(step.act, seen.file.profile, seen.file.kind, seen.actor.roles, {})
    return redirect.into if redirect else step.act


async def _previewed(
    request: Request, seen: Looked, step: Step, typed: dict[str, Any], form: FormData, status: int = 200
) -> Response:
    context: AppContext = request.app.state.context
    is_answer = step.act in ANSWERS
    findings = _Findings() if "days" in typed else await _findings(request, seen, step, typed)
    moves = desk_case.list_clock_moves(seen.file, step.act, typed, seen.actor, seen.names, seen.editions, seen.now)
    if step.act in (Act.ASK_EXTENSION, Act.ENDORSE_EXTENSION):
        moves = desk_case.list_clock_moves(
            seen.file, Act.EXTEND, typed, seen.actor, seen.names, seen.editions, seen.now
        )
    values = {
        **desk_frame.frame_values(seen.actor, seen.names),
        "view": seen.view,
        "act": step.act.value,
        "label": acts.ACTS[step.act].label,
        "must_be_signed": _recorded_act(seen, step) is Act.DRAFT_REPLY,
        "typed": typed,
        "hidden": step_forms.hidden_fields(typed),
        "version": parsing.read_field(form, "version"),
        "seq": parsing.read_field(form, "seq"),
        "is_answer": is_answer,
        "checks": desk_case.check_reply(str(typed.get("text", ""))) if step.act is Act.REPLY else [],
        "advice": await _advice(context, seen, step, typed),
        "findings": findings.personal,
        "crisis": findings,
        "must_confirm": status != 200,
        "moves": moves,
        "unit": seen.view.unit,
        "when": dates.day_words(office_day((step.act is Act.PUBLISH and seen.file.replied_at) or seen.now)),
        "errors": {},
    }
    return context.render(request, "desk/preview.html", values, status=status)
