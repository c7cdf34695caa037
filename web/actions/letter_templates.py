"""Who keeps the letters' templates, and what is told of a code printed on a letter? One step for page and API."""

import asyncio
from dataclasses import dataclass
from datetime import date

from starlette.requests import Request

from feedback import letter_register
from feedback.kernel import identifiers
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Forbidden, NotFound
from feedback.letter_register import IssuedLetter
from feedback.rules import letter_types
from feedback.rules.access import Actor
from feedback.rules.letter_types import LetterType
from feedback.rules.vocabulary import Role
from routing import directory
from web.auth import sessions
from web.context import AppContext
from web.letters import placeholders, rendering, templates
from web.wording import acts, dates

TO_WORDS = {
    "petitioner": "信访人",
    "unit": "承办单位",
    "desk": "交办单位",
    "other_desk": "接收窗口",
    "above": "党委政府、主管部门、联席会议",
    "file": "存卷",
}
NO_FILE = "请选择改好的 Word 模板"


@dataclass(frozen=True, slots=True)
class Template:
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


async def administrator(request: Request) -> Actor:
    """Whoever asks, if they keep the templates.

    Raises Unauthorized or Forbidden.
    """
    actor = await sessions.actor(request)
    if Role.ADMIN not in actor.roles:
        raise Forbidden
    return actor


def letter_of(code: str) -> LetterType:
    """The row of a letter.

    Raises NotFound.
    """
    row = letter_types.BY_CODE.get(code)
    if row is None:
        raise NotFound(letter=code)
    return row


def template_of(context: AppContext, row: LetterType) -> Template:
    """How the template of a letter stands."""
    path = templates.own_path(context.settings.data, row.code)
    own = path.is_file()
    faults = templates.faults_of(row, path.read_bytes()) if own else []
    return Template(
        code=row.code,
        title=row.title,
        act=row.act,
        act_words=(acts.label_of(row.act) or "三项建议和督查措施"),
        to=TO_WORDS[row.to.value],
        series=row.series,
        law=letter_types.cite_law(row.law),
        internal=row.internal,
        own=own,
        faults=[templates.why_broken(fault) for fault in faults],
    )


async def taken_in(context: AppContext, row: LetterType, content: bytes) -> list[str]:
    """Put an own template in force, unless something is wrong with it: that is returned, in words."""
    if not content:
        return [NO_FILE]
    faults = await asyncio.to_thread(templates.take_in, context.settings.data, row.code, content)
    return [templates.why_broken(fault) for fault in faults]


def restored(context: AppContext, row: LetterType) -> None:
    """Back to the template we ship."""
    templates.drop(context.settings.data, row.code)


def file_to_edit(context: AppContext, row: LetterType, *, ours: bool) -> bytes:
    """The template to edit in Word: the one in force, or ours."""
    own = templates.own_path(context.settings.data, row.code)
    return templates.shipped(row.code) if ours or not own.is_file() else own.read_bytes()


def in_force(context: AppContext, row: LetterType) -> bytes:
    """The template a letter would be issued with now.

    Raises Broken.
    """
    return templates.template_in_force(context.settings.data, row.code).content


def sample_of(row: LetterType) -> dict[str, str]:
    """What stands in a letter about the sample case."""
    said = placeholders.sample() | {"标题": row.title, "依据": letter_types.cite_law(row.law)}
    return said | ({"主送": "云川区自然资源局"} if row.to is letter_types.Addressee.UNIT else {})


async def sample_pdf(context: AppContext, row: LetterType) -> bytes:
    """A letter about the sample case, as PDF."""
    return await rendering.written("pdf", in_force(context, row), sample_of(row))


@dataclass(frozen=True, slots=True)
class VerifiedLetter:
    """What anybody may know of a letter whose code they hold: nothing of the person or the matter."""

    title: str
    number: str
    unit: str
    issued_day: date
    code: str
    digest: str


async def verified(request: Request, typed: str) -> VerifiedLetter | None:
    """The letter of a printed code. Codes that are unknown and codes that are none are answered alike, and counted."""
    limiter = request.app.state.limiter
    await limiter.check("lookup", request)
    found = await letter_register.find_by_token(typed)
    if found is None:
        await limiter.hit("lookup", request)
        return None
    return await _told(found)


async def _told(letter: IssuedLetter) -> VerifiedLetter:
    names = await directory.load_directory()
    return VerifiedLetter(
        title=letter.row.title,
        number=letter.number,
        unit=names.name(letter.unit),
        issued_day=office_day(letter.issued_at),
        code=dates.grouped(identifiers.normalize_code(letter.token)),
        digest=letter.digest[:16],
    )
