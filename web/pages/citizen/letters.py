"""Letter pages: downloads for staff and citizens, previews at the desk, and verification of a code."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.errors import NotFound
from feedback.rules.read_models import EntryView
from web.actions import letter_templates
from web.actions.letters import base_address, download_letter
from web.auth import citizen_cookie
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing, step_forms
from web.forms.form_reading import open_form
from web.letters import issuing, placeholders
from web.pages.desk.case_page import looked, shown
from web.presentation import desk_case, desk_frame
from web.wording import acts, catalogue


async def at_desk(request: Request) -> Response:
    """A letter of a case the actor sees; the look is written down."""
    return await download_letter(request, current_actor(request), request.path_params["no"])


async def of_own(request: Request) -> Response:
    """A letter of one's own case.

    Raises NotFound for anybody without the code.
    """
    citizen = await citizen_cookie.read_citizen(request)
    if citizen is None:
        raise NotFound(letter=request.path_params["id"])
    return await download_letter(request, citizen, citizen.case_no)


async def preview(request: Request) -> Response:
    """The letters a step would issue, before it is taken. Nothing is written or numbered."""
    context: AppContext = request.app.state.context
    seen = await looked(request)
    async with open_form(request) as form:
        what = parsing.read_field(form, "act")
        step = seen.step(what)
        if step is None:
            flash = {"kind": "warn", "title": f"现在不能“{acts.label_of(what) or '这一步'}”，下面是最新情况"}
            return await shown(request, seen, flash=flash, status=409)
        typed = step_forms.parse_step_form(step, form)
    faults = parsing.find_faults(step, typed, seen.names, context.settings.attachments_max)
    if faults:
        errors = {name: catalogue.fault_words(name, code) for name, code in faults.items()}
        return await shown(request, seen, opened=step.act.value, typed=typed, errors=errors, status=422)
    actor, file = seen.actor, seen.file
    entry = EntryView(len(file.entries) + 1, step.act, seen.now, actor.name, "", actor.unit, "", typed, step.public)
    clocks = desk_case.project_clocks(file, step.act, typed, actor, seen.editions, seen.now)
    values = {
        **desk_frame.frame_values(actor, seen.names),
        "view": seen.view,
        "act": step.act.value,
        "label": acts.ACTS[step.act].label,
        "letters": await issuing.preview_letters(context, file, entry, clocks, seen.names, base_address(request)),
    }
    return context.render(request, "desk/letters.html", values)


async def back(request: Request) -> Response:
    """Whoever had to log in on the way to a preview gets the case again."""
    return RedirectResponse(f"/desk/cases/{request.path_params['no']}", status_code=303)


async def verify(request: Request) -> Response:
    """Whether a letter is genuine, by the code printed on it. Unknown and wrong codes are answered alike."""
    context: AppContext = request.app.state.context
    typed = request.query_params.get("t", "")
    letter = await letter_templates.verify_code(request, typed) if typed.strip() else None
    values = {"asked": bool(typed.strip()), "facts": _facts(letter) if letter else []}
    return context.render(request, "public/letter.html", values)


def _facts(letter: letter_templates.VerifiedLetter) -> list[tuple[str, str]]:
    return [
        ("文书", letter.title),
        ("文号", letter.number),
        ("签发单位", letter.unit),
        ("签发日期", placeholders.format_day(letter.issued_day)),
        ("核验码", letter.code),
        ("摘要", letter.digest),
    ]
