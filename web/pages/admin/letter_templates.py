"""Pages that manage letter templates: list, upload and trial of a template, marks of the units."""

from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.rules.access import Actor
from feedback.rules.intake import clean_line
from feedback.rules.letter_types import ALL, LetterType
from routing import directory
from web.actions import letter_templates
from web.auth.metering import meter_upload
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.letters import placeholders, rendering, unit_marks
from web.presentation import desk_frame

DONE = {
    "saved": "模板已启用，以后签发的文书用它；已经签发的不变",
    "dropped": "已恢复平台模板",
    "marks": "机关代字已保存",
}


async def rows(request: Request) -> Response:
    """Every letter, which act issues it, and whose template holds."""
    return await _listed(request, current_actor(request), {})


async def _listed(request: Request, actor: Actor, errors: dict[str, str], typed: str | None = None) -> Response:
    context: AppContext = request.app.state.context
    names, data = await directory.load_directory(), context.settings.data
    known = unit_marks.load_marks(data)
    values = {
        **desk_frame.frame_values(actor, names),
        "rows": [letter_templates.describe_template(context, letter_type) for letter_type in ALL],
        "lines": unit_marks.format_marks(known) if typed is None else typed,
        "example": f"{unit_marks.find_mark(data, names, context.settings.desk)}受告〔2026〕12号",
        "errors": errors,
        "done": DONE.get(request.query_params.get("done", ""), ""),
    }
    return context.render(request, "admin/letter_templates.html", values, status=422 if errors else 200)


async def show_template(request: Request) -> Response:
    """One letter: what it must state, its placeholders, its template, and how it looks with a sample."""
    return await _shown(request, current_actor(request), _letter(request), [])


async def _shown(request: Request, actor: Actor, row: LetterType, faults: list[str]) -> Response:
    context: AppContext = request.app.state.context
    names, template_view = await directory.load_directory(), letter_templates.describe_template(context, row)
    sample = (
        ""
        if template_view.faults
        else await rendering.render_html(
            letter_templates.load_in_force(context, row), letter_templates.sample_values(row)
        )
    )
    values = {
        **desk_frame.frame_values(actor, names),
        "row": template_view,
        "states": row.states,
        "placeholders": [
            (name, meaning, name in row.states) for name, (meaning, _) in placeholders.PLACEHOLDERS.items()
        ],
        "sample": sample,
        "standing": template_view.faults,
        "faults": faults,
        "errors": {"file": "；".join(faults)} if faults else {},
        "done": DONE.get(request.query_params.get("done", ""), ""),
    }
    return context.render(request, "admin/letter_template.html", values, status=422 if faults else 200)


async def take_in(request: Request) -> Response:
    """Put an own template in force, if it is sound."""
    context: AppContext = request.app.state.context
    actor, row = current_actor(request), _letter(request)
    async with request.form(max_files=1, max_fields=5) as form:
        file = form.get("file")
        await meter_upload(request, file.size or 0 if isinstance(file, UploadFile) else 0)
        content = await file.read() if isinstance(file, UploadFile) else b""
    if faults := await letter_templates.install_template(context, row, content):
        return await _shown(request, actor, row, faults)
    return RedirectResponse(f"/admin/letters/{row.code}?done=saved", status_code=303)


async def drop(request: Request) -> Response:
    """Back to the template we ship."""
    context: AppContext = request.app.state.context
    row = _letter(request)
    letter_templates.restore_default(context, row)
    return RedirectResponse(f"/admin/letters/{row.code}?done=dropped", status_code=303)


async def template(request: Request) -> Response:
    """The template to edit in Word: the one in force, or ours."""
    context: AppContext = request.app.state.context
    row = _letter(request)
    content = letter_templates.load_editable(context, row, is_default="ours" in request.query_params)
    return _file(content, f"{row.title}（模板）.docx", "docx")


async def sample(request: Request) -> Response:
    """The letter with a sample case, as PDF."""
    context: AppContext = request.app.state.context
    row = _letter(request)
    return _file(await letter_templates.render_sample_pdf(context, row), f"{row.title}（样张）.pdf", "pdf")


async def mark(request: Request) -> Response:
    """Keep the marks of the units."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    async with request.form(max_fields=5) as form:
        typed = parsing.read_text(form, "lines")
    marks, wrong = unit_marks.parse_marks(typed, names.has)
    if wrong:
        return await _listed(request, actor, {"lines": "；".join(wrong[:5])}, typed)
    unit_marks.store_marks(context.settings.data, marks)
    return RedirectResponse("/admin/letters?done=marks", status_code=303)


def _file(content: bytes, name: str, form: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=rendering.MEDIA_TYPES[form], headers=headers)


def _letter(request: Request) -> LetterType:
    return letter_templates.find_letter_type(clean_line(request.path_params["code"]))
