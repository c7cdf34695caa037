"""How does an administrator look after letters? The list, each letter's Word template and its trial, the units' marks."""

from typing import Any
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from feedback import letters
from feedback.access import Actor
from feedback.intake import line
from feedback.kernel.errors import Forbidden, NotFound
from feedback.letters import ALL, Letter
from feedback.lifecycle import Role
from routing import directory
from web import identity, labels, present_desk
from web.letters import marking, rendering, stencils, values
from web.office import Office

TO_WORDS = {
    "petitioner": "信访人",
    "unit": "承办单位",
    "desk": "交办单位",
    "other_desk": "接收窗口",
    "above": "党委政府、主管部门、联席会议",
    "file": "存卷",
}
DONE = {
    "saved": "模板已启用，以后签发的文书用它；已经签发的不变",
    "dropped": "已恢复平台模板",
    "marks": "机关代字已保存",
}


async def rows(request: Request) -> Response:
    """Every letter, which act issues it, and whose template holds."""
    return await _listed(request, await _administrator(request), {})


async def _listed(request: Request, actor: Actor, errors: dict[str, str], typed: str | None = None) -> Response:
    office: Office = request.app.state.office
    names, data = await directory.snapshot(), office.settings.data
    known = marking.marks(data)
    context = {
        **present_desk.frame(actor, names),
        "rows": [_row(office, each) for each in ALL],
        "lines": marking.lines_of(known) if typed is None else typed,
        "example": f"{marking.mark_of(data, names, office.settings.desk)}受告〔2026〕12号",
        "errors": errors,
        "done": DONE.get(request.query_params.get("done", ""), ""),
    }
    return office.render(request, "admin/letters.html", context, status=422 if errors else 200)


def _row(office: Office, row: Letter) -> dict[str, Any]:
    return {
        "code": row.code,
        "title": row.title,
        "act": labels.ACTS.get(row.act, "三项建议和督查措施"),
        "to": TO_WORDS[row.to.value],
        "series": row.series,
        "law": letters.cited(row.law),
        "internal": row.internal,
        "own": stencils.own_path(office.settings.data, row.code).is_file(),
        "faults": _faults(office, row),
    }


def _faults(office: Office, row: Letter) -> list[str]:
    """What is wrong with the template in force, in words."""
    path = stencils.own_path(office.settings.data, row.code)
    faults = stencils.faults_of(row, path.read_bytes()) if path.is_file() else []
    return [stencils.why_broken(fault) for fault in faults]


async def one(request: Request) -> Response:
    """One letter: what it must state, its placeholders, its template, and how it looks with a sample."""
    return await _shown(request, await _administrator(request), _letter(request), [])


async def _shown(request: Request, actor: Actor, row: Letter, faults: list[str]) -> Response:
    office: Office = request.app.state.office
    names, standing = await directory.snapshot(), _faults(office, row)
    sample = "" if standing else await rendering.shown(_template(office, row), _sample(row))
    context = {
        **present_desk.frame(actor, names),
        "row": _row(office, row),
        "states": row.states,
        "placeholders": [(name, meaning, name in row.states) for name, (meaning, _) in values.PLACEHOLDERS.items()],
        "sample": sample,
        "standing": standing,
        "faults": faults,
        "errors": {"file": "；".join(faults)} if faults else {},
        "done": DONE.get(request.query_params.get("done", ""), ""),
    }
    return office.render(request, "admin/letter.html", context, status=422 if faults else 200)


async def take_in(request: Request) -> Response:
    """Put an own template in force, if it is sound."""
    office: Office = request.app.state.office
    actor, row = await _administrator(request), _letter(request)
    async with request.form(max_files=1, max_fields=5) as form:
        file = form.get("file")
        content = await file.read() if isinstance(file, UploadFile) else b""
    if not content:
        return await _shown(request, actor, row, ["请选择改好的 Word 模板"])
    faults = stencils.take_in(office.settings.data, row.code, content)
    if faults:
        return await _shown(request, actor, row, [stencils.why_broken(fault) for fault in faults])
    return RedirectResponse(f"/admin/letters/{row.code}?done=saved", status_code=303)


async def drop(request: Request) -> Response:
    """Back to the template we ship."""
    office: Office = request.app.state.office
    await _administrator(request)
    row = _letter(request)
    stencils.drop(office.settings.data, row.code)
    return RedirectResponse(f"/admin/letters/{row.code}?done=dropped", status_code=303)


async def template(request: Request) -> Response:
    """The template to edit in Word: the one in force, or ours."""
    office: Office = request.app.state.office
    await _administrator(request)
    row = _letter(request)
    own = stencils.own_path(office.settings.data, row.code)
    is_ours = "ours" in request.query_params or not own.is_file()
    return _file(stencils.shipped(row.code) if is_ours else own.read_bytes(), f"{row.title}（模板）.docx", "docx")


async def sample(request: Request) -> Response:
    """The letter with a sample case, as PDF."""
    office: Office = request.app.state.office
    await _administrator(request)
    row = _letter(request)
    content = await rendering.written("pdf", _template(office, row), _sample(row))
    return _file(content, f"{row.title}（样张）.pdf", "pdf")


async def mark(request: Request) -> Response:
    """Keep the marks of the units."""
    office: Office = request.app.state.office
    actor, names = await _administrator(request), await directory.snapshot()
    async with request.form(max_fields=5) as form:
        typed = str(form.get("lines", ""))
    found, wrong = marking.read(typed, names.has)
    if wrong:
        return await _listed(request, actor, {"lines": "；".join(wrong[:5])}, typed)
    marking.keep(office.settings.data, found)
    return RedirectResponse("/admin/letters?done=marks", status_code=303)


def _file(content: bytes, name: str, form: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=rendering.FORMS[form], headers=headers)


def _template(office: Office, row: Letter) -> bytes:
    return stencils.stencil_of(office.settings.data, row.code).content


def _sample(row: Letter) -> dict[str, str]:
    said = values.sample() | {"标题": row.title, "依据": letters.cited(row.law)}
    return said | ({"主送": "云川区自然资源局"} if row.to is letters.To.UNIT else {})


def _letter(request: Request) -> Letter:
    row = letters.BY_CODE.get(line(request.path_params["code"]))
    if row is None:
        raise NotFound(letter=request.path_params["code"])
    return row


async def _administrator(request: Request) -> Actor:
    actor = await identity.actor(request)
    if Role.ADMIN not in actor.roles:
        raise Forbidden
    return actor


ROUTES = [
    Route("/letters", rows),
    Route("/letters/marks", mark, methods=["POST"]),
    Route("/letters/{code}", one),
    Route("/letters/{code}", take_in, methods=["POST"]),
    Route("/letters/{code}/drop", drop, methods=["POST"]),
    Route("/letters/{code}/template.docx", template),
    Route("/letters/{code}/sample.pdf", sample),
]
