"""Issuing letters when acts are performed, previewing them, and writing them out for download."""

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
from feedback.rules.clocks import Clock
from feedback.rules.letter_types import LetterContext, LetterType
from feedback.rules.read_models import CaseFile, EntryView
from feedback.rules.vocabulary import REPLIES, Act
from routing import directory
from routing.directory import Directory
from web.context import AppContext
from web.letters import placeholders, rendering, templates, unit_marks
from web.letters.placeholders import IssueDetails, OfficeLetterValues


def build_handlers(context: AppContext) -> dict[str, list[Handler]]:
    """What acts are followed by: their letters. Twice changes nothing more."""

    async def issue(payload: dict[str, Any], now: datetime) -> None:
        no, seq = payload["no"], payload["seq"]
        # Asked first of the message itself: an import brings thousands, and none of them issues a letter.
        if payload.get("by") in letter_types.NON_ISSUING_ACTORS or not await letter_register.may_issue_letters(no, seq):
            raise NotNow(no=no)
        file = await case_queries.load_file(SYSTEM, no, vault=context.settings.vault)
        entry = next(e for e in file.entries if e.seq == seq)
        issued_codes = await letter_register.list_issued_codes(no, seq)
        for letter_type in select_letter_types(file, entry):
            if letter_type.code not in issued_codes:
                await _issue(context, file, entry, letter_type)

    return {f"case.{act}": [issue] for act in sorted(letter_types.ACTS)}


async def _issue(context: AppContext, file: CaseFile, entry: EntryView, letter_type: LetterType) -> None:
    settings, names = context.settings, await directory.load_directory()
    unit = placeholders.find_issuer(file, entry)
    await letter_register.issue_letter(
        file.no,
        entry,
        letter_type,
        unit=unit,
        mark=unit_marks.find_mark(settings.data, names, unit),
        facts=placeholders.freeze_values(
            letter_type, file, entry, file.clocks, names, settings.site_phone, await _name_delivered_letter(file, entry)
        ),
        edition=templates.store_edition(settings.data, templates.load_template(settings.data, letter_type.code)),
        vault=settings.vault,
    )


async def _name_delivered_letter(file: CaseFile, entry: EntryView) -> str:
    """The letter that an act of delivery is about: the last answer's.

    Raises Conflict while that letter itself is still to be issued: the message comes again.
    """
    answers = [e for e in file.entries if e.seq < entry.seq and e.act in REPLIES]
    if entry.act != Act.DELIVER or not answers:
        return ""
    answer = answers[-1]
    letters = [letter for letter in await letter_register.list_letters(SYSTEM, file) if letter.seq == answer.seq]
    if letters:
        return f"《{letters[0].letter_type.title}》（{letters[0].number}）"
    if await letter_register.may_issue_letters(file.no, answer.seq) and select_letter_types(file, answer):
        raise Conflict(code="letter_waits", no=file.no)
    return "《书面答复》"


def select_letter_types(file: CaseFile, entry: EntryView) -> tuple[LetterType, ...]:
    """The letters an entry of a file issues."""
    stage = letter_types.stage_of_acts(e.act for e in file.entries if e.seq <= entry.seq)
    is_direct = placeholders.find_holder(file, entry.seq) == file.desk
    letter_context = LetterContext(file.profile, file.kind, stage, file.person is not None, is_direct)
    return letter_types.select_letters(entry.act, entry.data, letter_context)


async def preview_letters(
    context: AppContext, file: CaseFile, entry: EntryView, clocks: Iterable[Clock], names: Directory, address: str
) -> Sequence[tuple[str, str]]:
    """The letters a step would issue, as (title, HTML). Nothing is written or numbered."""
    previews = []
    for letter_type in select_letter_types(replace(file, entries=(*file.entries, entry)), entry):
        facts = placeholders.freeze_values(
            letter_type,
            file,
            entry,
            clocks,
            names,
            context.settings.site_phone,
            await _name_delivered_letter(file, entry),
        )
        values = placeholders.build_values(letter_type, file, entry, facts, file.person, IssueDetails(), address)
        template = templates.load_template(context.settings.data, letter_type.code)
        previews.append((letter_type.title, await rendering.render_html(template.content, values)))
    return previews


def letter_values(view: LetterView, address: str) -> dict[str, str]:
    """What stands in each placeholder of an issued letter, for whoever opened it."""
    letter = view.letter
    printed = IssueDetails(letter.number, letter.token, letter.digest)
    return placeholders.build_values(
        letter.letter_type, view.file, view.entry, letter.facts, view.person, printed, address
    )


async def render_letter(context: AppContext, view: LetterView, file_format: str, address: str) -> bytes:
    """An issued letter as Word or PDF, with the template it was issued with."""
    template = templates.load_edition(context.settings.data, view.letter.edition)
    return await rendering.render_letter(file_format, template, letter_values(view, address))


async def list_letters(actor: Actor, file: CaseFile, base: str) -> list[dict[str, Any]]:
    """The letters of a file for a page, oldest first, each with where its forms are."""
    return [
        {
            "title": letter.letter_type.title,
            "number": letter.number,
            "when": placeholders.format_day(office_day(letter.issued_at)),
            "internal": letter.letter_type.internal,
            "forms": [
                (f"{base}{letter.id}.{file_format}", words) for file_format, words in (("pdf", "PDF"), ("docx", "Word"))
            ],
        }
        for letter in await letter_register.list_letters(actor, file)
    ]


def list_letter_acts(file: CaseFile) -> frozenset[str]:
    """The acts that may issue a letter in this case as it stands."""
    is_direct = file.unit == file.desk
    return letter_types.list_letter_acts(
        LetterContext(file.profile, file.kind, file.stage, file.person is not None, is_direct)
    )


async def issue_unit_letter(context: AppContext, kind: str, values: OfficeLetterValues) -> IssuedLetter:
    """The letter of a measure, issued now if it was not before.

    Raises NotFound for a measure that has no letter.
    """
    letter_type, names, settings = (
        letter_types.find_measure_letter(kind),
        await directory.load_directory(),
        context.settings,
    )
    if letter_type is None:
        raise NotFound(measure=kind)
    return await letter_register.issue_unit_letter(
        values.about,
        letter_type,
        unit=values.issuer,
        mark=unit_marks.find_conference_mark(settings.data)
        if letter_type.signed_by_conference
        else unit_marks.find_mark(settings.data, names, values.issuer),
        facts=placeholders.freeze_unit_values(
            letter_type,
            values,
            names,
            settings.site_phone,
            settings.joint_conference or f"{names.region_name(settings.region)}信访工作联席会议",
        ),
        edition=templates.store_edition(settings.data, templates.load_template(settings.data, letter_type.code)),
        at=values.at,
        vault=settings.vault,
    )


async def render_unit_letter(context: AppContext, letter: IssuedLetter, file_format: str, address: str) -> bytes:
    """A letter between offices as Word or PDF."""
    printed = IssueDetails(letter.number, letter.token, letter.digest)
    template = templates.load_edition(context.settings.data, letter.edition)
    return await rendering.render_letter(
        file_format, template, placeholders.build_unit_values(letter.facts, printed, address)
    )


def file_name(letter: IssuedLetter, file_format: str) -> str:
    """云信受告〔2026〕12号 信访事项受理告知书.pdf."""
    return f"{letter.number} {letter.letter_type.title}.{file_format}"
