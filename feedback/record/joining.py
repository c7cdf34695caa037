"""Who joins a case while it runs: heirs and those who act in a petitioner's place; and what a petitioner's age says.

A name and numbers that an act brings are sealed with the person; the entry holds only in which capacity they joined.
Called by `feedback.record.cases` inside its transaction.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from feedback.kernel.clock import office_day
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Invalid
from feedback.record.people import store_party
from feedback.rules import case_markers, intake
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.needs import NEEDS
from feedback.rules.parties import PartyRole
from feedback.rules.vocabulary import Act


def with_markers(submission: Submission, now: datetime) -> Submission:
    """The submission with the marker its petitioner's age gives. Raises Invalid for a birth day that is still to come."""
    if submission.birth_day > office_day(now).isoformat():
        raise Invalid({"birth_day": "after_today"})
    person = submission.person or PersonSubmission()
    markers = case_markers.list_submitted_markers(
        submission.age_group, submission.birth_day, person.id_kind, person.id_number, office_day(now)
    )
    return replace(submission, markers=markers)


def split_party(data: Mapping[str, Any]) -> tuple[dict[str, Any], PersonSubmission | None]:
    """What of an act's data the entry holds, and who joins with it."""
    sealed = {name: str(value) for name, value in data.items() if name in NEEDS and NEEDS[name].is_sealed}
    if not sealed:
        return dict(data), None
    person = PersonSubmission(*(sealed.get(f"party_{name}", "") for name in ("name", "phone", "id_number")))
    return {name: value for name, value in data.items() if name not in sealed}, intake.tidy_person(person)


async def store_joined(
    case_id: int, seq: int, act: Act, data: Mapping[str, Any], person: PersonSubmission, vault: Vault | None
) -> None:
    """The person who joins with that entry. Raises ValueError where the caller brought nothing to seal with."""
    if vault is None:
        raise ValueError("a party is sealed: the act needs a vault")
    role = PartyRole.HEIR if act is Act.INHERIT else PartyRole.PROXY
    kind, authority = str(data.get("party_kind", "")), str(data.get("authority", ""))
    await store_party(case_id, seq, role, kind, authority, person, vault)
