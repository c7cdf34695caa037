"""API calls that manage letter templates and verify a letter's code."""

from typing import Annotated
from urllib.parse import quote

from msgspec import Struct, structs
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.errors import Invalid
from feedback.rules import letter_types
from feedback.rules.letter_types import LetterType
from web.actions import letter_templates
from web.api.request_parsing import read_path, read_query
from web.api.schemas.requests import described
from web.api.schemas.responses import Day
from web.api.serializers import json_response
from web.auth.metering import meter_upload
from web.context import AppContext
from web.letters import placeholders, rendering


class LetterTemplateOut(Struct):
    """A letter and whose template holds for it (文书模板)."""

    code: str
    title: str
    act: Annotated[str, described("出这份文书的办理动作")]
    act_text: str
    to: Annotated[str, described("主送")]
    series: Annotated[str, described("文号里的字")]
    law: str
    internal: Annotated[bool, described("只给工作人员看")]
    own: Annotated[bool, described("用的是本地模板，不是平台模板")]
    faults: Annotated[list[str], described("本地模板为什么不能用；有的话这种文书暂停签发")]


class TemplateList(Struct):
    """Every letter."""

    items: list[LetterTemplateOut]


class Placeholder(Struct):
    """A blank that a template may hold (占位符)."""

    name: str
    meaning: str
    required: Annotated[bool, described("这种文书必须写明")]


class TemplateOut(LetterTemplateOut):
    """One letter with the blanks its template may hold and those it must."""

    placeholders: list[Placeholder] = []


class TemplateQuery(Struct):
    """Which template to download."""

    ours: Annotated[bool, described("true 下载平台模板，不管现在用的是哪一个")] = False


class VerifyQuery(Struct):
    """What is printed on a letter."""

    code: Annotated[str, described("文书上的二十位核验码；空格和全角数字都可以")]


class GenuineLetter(Struct):
    """What anybody may know of a letter whose code they hold."""

    title: str
    number: str
    unit: str
    issued_day: Day
    code: str
    digest: Annotated[str, described("文书内容的摘要，与纸上印的一致才是原件")]


class Verified(Struct):
    """Whether a letter is genuine. Codes that are unknown and codes that are none are answered alike."""

    genuine: bool
    letter: GenuineLetter | None


async def listed(request: Request) -> Response:
    """Every letter, which act issues it, and whose template holds."""
    context: AppContext = request.app.state.context
    return json_response(TemplateList([_build_template(context, row) for row in letter_types.ALL]))


async def show_template(request: Request) -> Response:
    """One letter with its blanks."""
    return _template_response(request, _letter(request))


async def template(request: Request) -> Response:
    """The template to edit in Word."""
    context: AppContext = request.app.state.context
    ours = read_query(request, TemplateQuery)["ours"]
    row = _letter(request)
    return _file(letter_templates.load_editable(context, row, is_default=ours), f"{row.title}（模板）.docx", "docx")


async def sample(request: Request) -> Response:
    """The letter about a sample case, as PDF."""
    context: AppContext = request.app.state.context
    row = _letter(request)
    return _file(await letter_templates.render_sample_pdf(context, row), f"{row.title}（样张）.pdf", "pdf")


async def take_in(request: Request) -> Response:
    """Put an own template in force, if it is sound."""
    context: AppContext = request.app.state.context
    row = _letter(request)
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Invalid(code="unsupported_type")
    async with request.form(max_files=1, max_fields=5) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Invalid({"file": "missing"})
        await meter_upload(request, file.size or 0)
        content = await file.read()
    if faults := await letter_templates.install_template(context, row, content):
        raise Invalid({"file": "wrong_template"}, words="wrong_template", sentences="；".join(faults))
    return _template_response(request, row)


async def restore(request: Request) -> Response:
    """Back to the template we ship; twice is once."""
    context: AppContext = request.app.state.context
    row = _letter(request)
    letter_templates.restore_default(context, row)
    return _template_response(request, row)


async def verify(request: Request) -> Response:
    """Whether a letter is genuine, by the code printed on it."""
    letter = await letter_templates.verify_code(request, read_query(request, VerifyQuery)["code"])
    if letter is None:
        return json_response(Verified(genuine=False, letter=None))
    genuine_letter = GenuineLetter(
        title=letter.title,
        number=letter.number,
        unit=letter.unit,
        issued_day=letter.issued_day.isoformat(),
        code=letter.code,
        digest=letter.digest,
    )
    return json_response(Verified(genuine=True, letter=genuine_letter))


def _template_response(request: Request, letter_type: LetterType) -> Response:
    template = _build_template(request.app.state.context, letter_type)
    blanks = [
        Placeholder(name, meaning, name in letter_type.states)
        for name, (meaning, _) in placeholders.PLACEHOLDERS.items()
    ]
    return json_response(TemplateOut(**structs.asdict(template), placeholders=blanks))


def _build_template(context: AppContext, letter_type: LetterType) -> LetterTemplateOut:
    view = letter_templates.describe_template(context, letter_type)
    return LetterTemplateOut(
        code=view.code,
        title=view.title,
        act=view.act,
        act_text=view.act_words,
        to=view.to,
        series=view.series,
        law=view.law,
        internal=view.internal,
        own=view.own,
        faults=view.faults,
    )


def _letter(request: Request) -> LetterType:
    return letter_templates.find_letter_type(read_path(request, "code"))


def _file(content: bytes, name: str, form: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=rendering.MEDIA_TYPES[form], headers=headers)
