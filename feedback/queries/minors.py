"""What staff see of a petitioner who is a minor: contact goes through the guardian, and of children under 14 less is shown.

个人信息保护法 第二十八条、第三十一条: what concerns a child under 14 is sensitive, so it is seen by those who handle the
case and by its desk; co-units, overseers and former units read words without personal data. 未成年人保护法 第四条.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from feedback.rules.access import Actor, CaseAccess
from feedback.rules.case_markers import MINORS, UNDER_14
from feedback.rules.parties import GUARDIAN
from feedback.rules.read_models import EntryView, PartyView, PersonView, WorkRow
from feedback.rules.redaction import Redactor, mask_text
from feedback.rules.vocabulary import Role

_TEXTS = frozenset({"title", "text", "address", "task", "question", "answer", "reason", "facts"})
CHILD = PersonView("（未成年人）", "", "", "", True)
"""All that is shown of a child, and of who stands beside them, to those who do not handle the case."""


def is_kept_from(actor: Actor, case: CaseAccess, markers: Sequence[str]) -> bool:
    """Whether the actor sees a child's case without what tells who the child is."""
    if UNDER_14 not in markers or actor.case_no or Role.SYSTEM in actor.roles:
        return False
    return not actor.unit or actor.unit not in (case.lead, case.desk)


def has_guardian(parties: Sequence[PartyView]) -> bool:
    """Whether a guardian has joined the case."""
    return any(party.kind == GUARDIAN for party in parties)


def withhold(
    person: PersonView | None, actor: Actor, case: CaseAccess, markers: Sequence[str], *, is_guarded: bool
) -> PersonView | None:
    """The petitioner as the actor may see them. The petitioner's own view holds everything."""
    if person is None or not MINORS & set(markers) or actor.case_no or Role.SYSTEM in actor.roles:
        return person
    if is_kept_from(actor, case, markers):
        return CHILD
    if UNDER_14 in markers and actor.unit != case.desk:
        person = replace(person, id_number="", address="")
    return replace(person, phone="", is_reached_by_guardian=True) if is_guarded else person


def mask_row(row: WorkRow) -> WorkRow:
    """A line of a list: a child's title is read over shoulders, so whoever opens the case reads it whole."""
    return replace(row, title=mask_text(row.title)) if UNDER_14 in row.markers.split() else row


def mask_entry(entry: EntryView, redactor: Redactor) -> EntryView:
    """The entry with the personal data in its words covered."""
    data: Mapping[str, Any] = entry.data
    masked = {
        name: redactor.mask(value) if name in _TEXTS and isinstance(value, str) else value
        for name, value in data.items()
    }
    return replace(entry, data=masked)
