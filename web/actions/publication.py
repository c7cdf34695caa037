"""What publishing a case could give away, looked at before it happens: one rule for the page and the API.

Two things want a second look: words that look like personal data (个人信息保护法 第二十五条), and a writer who may be in
danger of their own life, whom a public case exposes (世界卫生组织《预防自杀：媒体专业人员指南》: no details, nobody
recognisable). Whoever confirms has seen the findings; nothing is refused for good.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from classify.signals import flags
from feedback.kernel.errors import Invalid
from feedback.queries import cases as case_queries
from feedback.rules.access import Actor
from feedback.rules.read_models import CaseFile
from feedback.rules.redaction import Redactor
from routing import directory
from web.context import AppContext
from web.presentation import flags as flag_views

PUBLISHED_FIELDS: Final = ("title", "question", "answer")
PERSONAL_DATA, CRISIS, BOTH = "personal_data", "crisis", "crisis_and_personal_data"
_CRISIS_FLAGS: Final = frozenset({flags.SELF_HARM, flags.SELF_HARM + flag_views.SUSPECTED_MARK})


@dataclass(frozen=True, slots=True)
class PublicationFinding:
    """One reason to look again: its code, the field it stands in, the sort of personal data, and the words ("" if none)."""

    code: str
    field: str
    sort: str
    words: str


async def load_redactor(context: AppContext, actor: Actor, no: str) -> Redactor:
    """The redaction engine with what is known of a case: the names of its persons, the telephones of all offices.

    Raises NotFound for a case the actor may not know of.
    """
    names = await case_queries.list_names(actor, no, context.settings.vault)
    return Redactor(tuple(names), await list_public_phones())


async def load_redactors(context: AppContext, actor: Actor, nos: Iterable[str]) -> dict[str, Redactor]:
    """`load_redactor` for many cases in a constant number of statements; only those the actor sees."""
    names_by_case = await case_queries.list_names_by_case(actor, nos, context.settings.vault)
    phones = await list_public_phones()
    return {no: Redactor(tuple(names), phones) for no, names in names_by_case.items()}


async def list_public_phones() -> tuple[str, ...]:
    """The telephones of units, which are nobody's own."""
    return tuple(unit.phone for unit in (await directory.load_directory()).units() if unit.phone)


async def review_publication(
    context: AppContext, actor: Actor, file: CaseFile, texts: Mapping[str, Any]
) -> list[PublicationFinding]:
    """What in the words to be published wants a second look, field by field."""
    redactor = await load_redactor(context, actor, file.no)
    words_by_field = {name: str(texts.get(name, "")) for name in PUBLISHED_FIELDS}
    findings = [
        PublicationFinding(PERSONAL_DATA, name, span.sort, span.text)
        for name, words in words_by_field.items()
        for span in redactor.find(words)
    ]
    return list(dict.fromkeys([*findings, *await _find_crisis(file, words_by_field)]))


async def _find_crisis(file: CaseFile, words_by_field: Mapping[str, str]) -> list[PublicationFinding]:
    """Whether the writer may want to die: by the words to be published, or by the flags of the case.

    What was shortened for publication still makes a person in danger recognisable, so the case's own flags count too.
    """
    title, *others = words_by_field.values()
    text = "\n".join(others)
    codes = {*file.flags.split(), *await flag_views.find_flags(title, text)}
    if not codes & _CRISIS_FLAGS:
        return []
    words = next((flag.words for flag in flags.detect_flags(title, text) if flag.code == flags.SELF_HARM), "")
    return [PublicationFinding(CRISIS, "question", "", words)]


def raise_unless_clear(findings: list[PublicationFinding]) -> None:
    """Raises Invalid naming each field and, as `reasons`, every code of its findings."""
    reasons: dict[str, list[str]] = {}
    for finding in findings:
        codes = reasons.setdefault(finding.field, [])
        if finding.code not in codes:
            codes.append(finding.code)
    if reasons:
        faults = {name: codes[0] if len(codes) == 1 else BOTH for name, codes in reasons.items()}
        raise Invalid(faults, reasons=reasons)
