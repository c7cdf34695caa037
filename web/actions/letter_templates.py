"""Managing letter templates and verifying the code printed on a letter, for pages and API."""

import asyncio
from dataclasses import dataclass
from datetime import date

from starlette.requests import Request

from feedback import letter_register
from feedback.kernel import identifiers
from feedback.kernel.clock import office_day
from feedback.kernel.errors import NotFound
from feedback.letter_register import IssuedLetter
from feedback.rules import letter_types
from feedback.rules.letter_types import LetterType
from routing import directory
from web.context import AppContext
from web.letters import placeholders, rendering, templates
from web.wording import acts, catalogue, dates

ADDRESSEE_WORDS = {
    "petitioner": "信访人",
    "unit": "承办单位",
    "desk": "交办单位",
    "other_desk": "接收窗口",
    "above": "党委政府、主管部门、联席会议",
    "file": "存卷",
}
MEASURE_WORDS = "三项建议和督查措施"
NO_FILE_WORDS = "请选择改好的 Word 模板"


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A letter and whose template holds for it. `own`: the office's own; `faults`: why it cannot be used, in words."""

    code: str
    title: str
    act: str
    act_words: str
    to: str
    series: str
    law: str
    internal: bool
    own: bool
    faults: list[str]


def find_letter_type(code: str) -> LetterType:
    """The row of a letter.

    Raises NotFound.
    """
    letter_type = letter_types.BY_CODE.get(code)
    if letter_type is None:
        raise NotFound(letter=code)
    return letter_type


def describe_template(context: AppContext, letter_type: LetterType) -> TemplateView:
    """How the template of a letter stands."""
    path = templates.own_path(context.settings.data, letter_type.code)
    is_own = path.is_file()
    faults = templates.find_faults(letter_type, path.read_bytes()) if is_own else []
    return TemplateView(
        code=letter_type.code,
        title=letter_type.title,
        act=letter_type.act,
        act_words=acts.label_of(letter_type.act) or MEASURE_WORDS,
        to=ADDRESSEE_WORDS[letter_type.to.value],
        series=letter_type.series,
        law=letter_types.cite_law(letter_type.law),
        internal=letter_type.internal,
        own=is_own,
        faults=[templates.render_fault(fault) for fault in faults],
    )


def as_markdown() -> list[str]:
    """Every letter with what issues it and the article it rests on, as it stands in `web/letters/README.md`."""
    lines = ["| 代码 | 文书 | 签发的环节 | 主送 | 签发单位 | 代字 | 依据 |", "|---|---|---|---|---|---|---|"]
    for row in letter_types.ALL:
        others = [f"{catalogue.STAGES[stage]}：{letter_types.cite_law(law)}" for stage, law in row.law_by_stage]
        cells = (
            f"`{row.code}`",
            row.title,
            acts.label_of(row.act) or MEASURE_WORDS,
            ADDRESSEE_WORDS[row.to.value] + ("（内部）" if row.internal else ""),
            "信访工作联席会议" if row.signed_by_conference else "办理这一步的单位",
            row.series,
            "；".join((letter_types.cite_law(row.law), *others)),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


async def install_template(context: AppContext, letter_type: LetterType, content: bytes) -> list[str]:
    """Put an own template in force, unless something is wrong with it: that is returned, in words."""
    if not content:
        return [NO_FILE_WORDS]
    faults = await asyncio.to_thread(templates.install_template, context.settings.data, letter_type.code, content)
    return [templates.render_fault(fault) for fault in faults]


def restore_default(context: AppContext, letter_type: LetterType) -> None:
    """Back to the template we ship."""
    templates.remove_template(context.settings.data, letter_type.code)


def load_editable(context: AppContext, letter_type: LetterType, *, is_default: bool) -> bytes:
    """The template to edit in Word: the one in force, or ours."""
    path = templates.own_path(context.settings.data, letter_type.code)
    return templates.default_template(letter_type.code) if is_default or not path.is_file() else path.read_bytes()


def load_in_force(context: AppContext, letter_type: LetterType) -> bytes:
    """The template a letter would be issued with now.

    Raises TemplateError.
    """
    return templates.load_template(context.settings.data, letter_type.code).content


def sample_values(letter_type: LetterType) -> dict[str, str]:
    """What stands in a letter about the sample case."""
    values = placeholders.sample_values() | {"标题": letter_type.title, "依据": letter_types.cite_law(letter_type.law)}
    return values | ({"主送": "云川区自然资源局"} if letter_type.to is letter_types.Addressee.UNIT else {})


async def render_sample_pdf(context: AppContext, letter_type: LetterType) -> bytes:
    """A letter about the sample case, as PDF."""
    return await rendering.render_letter("pdf", load_in_force(context, letter_type), sample_values(letter_type))


@dataclass(frozen=True, slots=True)
class VerifiedLetter:
    """What anybody may know of a letter whose code they hold: nothing of the person or the matter."""

    title: str
    number: str
    unit: str
    issued_day: date
    code: str
    digest: str


async def verify_code(request: Request, code: str) -> VerifiedLetter | None:
    """The letter of a printed code. Codes that are unknown and codes that are none are answered alike, and counted."""
    limiter = request.app.state.limiter
    await limiter.check("lookup", request)
    letter = await letter_register.find_by_token(code)
    if letter is None:
        await limiter.hit("lookup", request)
        return None
    return await _to_verified_letter(letter)


async def _to_verified_letter(letter: IssuedLetter) -> VerifiedLetter:
    names = await directory.load_directory()
    return VerifiedLetter(
        title=letter.letter_type.title,
        number=letter.number,
        unit=str(letter.facts.get("签发单位") or names.name(letter.unit)),
        issued_day=office_day(letter.issued_at),
        code=dates.group_code(identifiers.normalize_code(letter.token)),
        digest=letter.digest[:16],
    )
