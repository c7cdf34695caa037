"""When is a letter issued, and what is written out for whoever opens it? The handler of acts, previews, and downloads."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from feedback import letter_register
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Conflict, NotFound, NotNow
from feedback.kernel.outbox import Handler
from feedback.letter_register import IssuedLetter, LetterView
from feedback.queries import cases as case_queries
from feedback.rules import letter_types
from feedback.rules.access import SYSTEM, Actor
from feedback.rules.deadlines import Clock
from feedback.rules.letter_types import LetterContext, LetterType
from feedback.rules.read_models import CaseFile, EntryView
from feedback.rules.vocabulary import Act
from routing import directory
from routing.directory import Directory
from web.context import AppContext
from web.letters import placeholders, rendering, templates, unit_marks
from web.letters.placeholders import OfficeLetterValues, Printed


def handlers(context: AppContext) -> dict[str, list[Handler]]:
    """What acts are followed by: their letters. Twice changes nothing more."""

    async def issue(payload: dict[str, Any], now: datetime) -> None:
        no, seq = payload["no"], payload["seq"]
        # Asked first of the message itself: an import brings thousands, and none of them issues a letter.
        if payload.get("by") in letter_types.NON_ISSUING_ACTORS or not await letter_register.may_issue_letters(no, seq):
            raise NotNow(no=no)
        file = await case_queries.load_file(SYSTEM, no, secret=context.settings.secret)
        entry = next(e for e in file.entries if e.seq == seq)
        done = await letter_register.list_issued_codes(no, seq)
        for row in letters_of(file, entry):
            if row.code not in done:
                await _issue(context, file, entry, row)

    return {f"case.{act}": [issue] for act in sorted(letter_types.ACTS)}


async def _issue(context: AppContext, file: CaseFile, entry: EntryView, row: LetterType) -> None:
    settings, names = context.settings, await directory.load_directory()
    unit = placeholders.issuer_of(file, entry)
    await letter_register.issue_letter(
        file.no,
        entry,
        row,
        unit=unit,
        mark=unit_marks.mark_of(settings.data, names, unit),
        facts=placeholders.frozen(
            row, file, entry, file.clocks, names, settings.site_phone, await _delivered(file, entry)
        ),
        edition=templates.keep_edition(settings.data, templates.template_in_force(settings.data, row.code)),
        secret=settings.secret,
    )


async def _delivered(file: CaseFile, entry: EntryView) -> str:
    """The letter that an act of delivery is about: the last answer's.

    Raises Conflict while that letter itself is still to be issued: the message comes again.
    """
    answers = [e for e in file.entries if e.seq < entry.seq and e.act == Act.REPLY]
    if entry.act != Act.DELIVER or not answers:
        return ""
    answer = answers[-1]
    issued = [each for each in await letter_register.list_letters(SYSTEM, file) if each.seq == answer.seq]
    if issued:
        return f"《{issued[0].row.title}》（{issued[0].number}）"
    if await letter_register.may_issue_letters(file.no, answer.seq) and letters_of(file, answer):
        raise Conflict(code="letter_waits", no=file.no)
    return "《书面答复》"


def letters_of(file: CaseFile, entry: EntryView) -> tuple[LetterType, ...]:
    """The letters an entry of a file issues."""
    stage = letter_types.stage_of_acts(e.act for e in file.entries if e.seq <= entry.seq)
    is_direct = placeholders.holder_at(file, entry.seq) == file.desk
    about = LetterContext(file.profile, file.kind, stage, file.person is not None, is_direct)
    return letter_types.select_letters(entry.act, entry.data, about)


async def preview(
    context: AppContext, file: CaseFile, entry: EntryView, clocks: Iterable[Clock], names: Directory, address: str
) -> Sequence[tuple[str, str]]:
    """The letters a step would issue, as (title, HTML). Nothing is written or numbered."""
    found = []
    for row in letters_of(replace(file, entries=(*file.entries, entry)), entry):
        facts = placeholders.frozen(
            row, file, entry, clocks, names, context.settings.site_phone, await _delivered(file, entry)
        )
        said = placeholders.values(row, file, entry, facts, file.person, Printed(), address)
        stencil = templates.template_in_force(context.settings.data, row.code)
        found.append((row.title, await rendering.shown(stencil.content, said)))
    return found


def said_in(found: LetterView, address: str) -> dict[str, str]:
    """What stands in each placeholder of an issued letter, for whoever opened it."""
    letter = found.letter
    printed = Printed(letter.number, letter.token, letter.digest)
    return placeholders.values(letter.row, found.file, found.entry, letter.facts, found.person, printed, address)


async def written(context: AppContext, found: LetterView, form: str, address: str) -> bytes:
    """An issued letter as Word or PDF, with the template it was issued with."""
    template = templates.edition(context.settings.data, found.letter.edition)
    return await rendering.written(form, template, said_in(found, address))


async def listed(actor: Actor, file: CaseFile, base: str) -> list[dict[str, Any]]:
    """The letters of a file for a page, oldest first, each with where its forms are."""
    return [
        {
            "title": letter.row.title,
            "number": letter.number,
            "when": placeholders.day_text(office_day(letter.issued_at)),
            "internal": letter.row.internal,
            "forms": [(f"{base}{letter.id}.{form}", words) for form, words in (("pdf", "PDF"), ("docx", "Word"))],
        }
        for letter in await letter_register.list_letters(actor, file)
    ]


def acts_with_letters(file: CaseFile) -> frozenset[str]:
    """The acts that may issue a letter in this case as it stands."""
    is_direct = file.unit == file.desk
    return letter_types.list_letter_acts(
        LetterContext(file.profile, file.kind, file.stage, file.person is not None, is_direct)
    )


async def between(context: AppContext, kind: str, said: OfficeLetterValues) -> IssuedLetter:
    """The letter of a measure, issued now if it was not before.

    Raises NotFound for a measure that is told by no letter.
    """
    row, names, settings = letter_types.find_measure_letter(kind), await directory.load_directory(), context.settings
    if row is None:
        raise NotFound(measure=kind)
    return await letter_register.issue_unit_letter(
        said.about,
        row,
        unit=said.issuer,
        mark=unit_marks.mark_of(settings.data, names, said.issuer),
        facts=placeholders.frozen_between(row, said, names, settings.site_phone),
        edition=templates.keep_edition(settings.data, templates.template_in_force(settings.data, row.code)),
        at=said.at,
        secret=settings.secret,
    )


async def written_between(context: AppContext, letter: IssuedLetter, form: str, address: str) -> bytes:
    """A letter between offices as Word or PDF."""
    printed = Printed(letter.number, letter.token, letter.digest)
    template = templates.edition(context.settings.data, letter.edition)
    return await rendering.written(form, template, placeholders.values_between(letter.facts, printed, address))


def file_name(letter: IssuedLetter, form: str) -> str:
    """云信受告〔2026〕12号 信访事项受理告知书.pdf."""
    return f"{letter.number} {letter.row.title}.{form}"
