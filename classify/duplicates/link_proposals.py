"""Propose links between a new case and earlier similar ones, with their evidence.

The same person and the same matter is a repeat (重件), other people and the same matter a campaign (群体、同类). A machine
only proposes: a clerk merges, answers with how the first stands, or says that it is something else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from classify.duplicates import fingerprint_store, near_duplicates
from classify.duplicates.near_duplicates import Likeness
from feedback import links
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import NotNow
from feedback.links import ComparedCase, LinkProposal
from feedback.rules.access import Actor
from feedback.rules.read_models import WorkRow
from feedback.rules.vocabulary import LinkKind

KIN_COSINE: Final = 0.15
KIN_HELD: Final = 0.3
"""What one person writes twice about one matter is seldom copied: so much likeness is enough beside the same person."""

KIN_FILED: Final = 0.08
"""And less where both are filed under one heading."""

NEAR_MOST: Final = 40
HINTS_MOST: Final = 5
_BATCH: Final = 50


def judged(alike: Likeness, known_by: Sequence[str], *, one_heading: bool = False) -> LinkKind | None:
    """What two cases are to each other. `known_by`: what shows that one person brought both; a name alone shows little."""
    is_kin = alike.cosine >= (KIN_FILED if one_heading else KIN_COSINE) or alike.held >= KIN_HELD
    if is_kin and {"phone", "id"} & set(known_by):
        return LinkKind.REPEAT_OF
    if alike.is_same:
        return LinkKind.REPEAT_OF if known_by else LinkKind.CAMPAIGN
    return None


async def propose(payload: dict[str, Any], now: datetime) -> None:
    """Handler of `case.submit`: the case becomes findable, and what it may repeat is proposed. Twice changes nothing."""
    case = next(iter(await links.load_compared_cases(no=payload["no"])))
    if not case.is_compared:
        raise NotNow(no=case.no)
    words = near_duplicates.plain(case.title, case.text)
    await fingerprint_store.keep(fingerprint_store.keys_of(case.id, words, case.realm))
    known_by = await links.find_earlier_of_person(case.id)
    near = [id_ for id_ in await fingerprint_store.near(words, case.realm, most=NEAR_MOST) if id_ < case.id]
    earlier = [
        other
        for other in await links.load_compared_cases({*near, *known_by})
        if other.is_compared and other.realm == case.realm
    ]
    found = [_compared(case, words, other, known_by.get(other.id, [])) for other in earlier]
    await links.store_proposals(case.id, await _best([each for each in found if each]), now)


def _compared(case: ComparedCase, words: str, other: ComparedCase, known_by: Sequence[str]) -> LinkProposal | None:
    """The link two cases may have, with what speaks for it."""
    there = near_duplicates.plain(other.title, other.text)
    alike = near_duplicates.likeness(near_duplicates.shape(words), near_duplicates.shape(there))
    one_heading = bool(case.category) and case.category == other.category
    kind = judged(alike, known_by, one_heading=one_heading)
    if kind is None:
        return None
    evidence = {
        "cosine": round(alike.cosine, 3),
        "held": round(alike.held, 3),
        "alike": alike.is_same,
        "passages": near_duplicates.shared(words, there),
        "person": list(known_by),
        "place": bool(case.region and case.region == other.region),
        "days": (case.received_at - other.received_at).days,
    }
    is_sure = bool({"phone", "id"} & set(known_by))
    return LinkProposal(other.id, kind, round(alike.score, 3), is_sure and kind is LinkKind.REPEAT_OF, evidence)


async def _best(found: Sequence[LinkProposal]) -> list[LinkProposal]:
    """The nearest of each kind, moved to the first case of its chain or campaign."""
    best = []
    for kinds in ((LinkKind.REPEAT_OF, LinkKind.MERGED_INTO), (LinkKind.CAMPAIGN,)):
        some = [p for p in found if p.kind in kinds]
        if not some:
            continue
        roots = await links.find_roots([p.earlier_id for p in some], kinds)
        by_id = {p.earlier_id: p for p in some}
        nearest = max(some, key=lambda p: (p.score, -p.earlier_id))
        root = roots.get(nearest.earlier_id, nearest.earlier_id)
        best.append(by_id.get(root) or _moved(nearest, root))
    return best


def _moved(proposal: LinkProposal, root: int) -> LinkProposal:
    return LinkProposal(root, proposal.kind, proposal.score, proposal.same_person, proposal.evidence)


@dataclass(frozen=True, slots=True)
class Hint:
    """An earlier case that may be what is just being registered, and why."""

    case: WorkRow
    likeness: Likeness
    passages: tuple[str, ...]
    known_by: tuple[str, ...]


async def hints(
    actor: Actor, title: str, text: str, person: Mapping[str, str], vault: Vault, *, realm: int = 0
) -> list[Hint]:
    """Earlier cases that may be this one: of the same person, or in nearly the same words. As far as the actor may know."""
    words = near_duplicates.plain(title, text)
    phone, id_number = person.get("phone", ""), person.get("id_number", "")
    own = (
        {row.no: row for row in await links.list_cases_of_person(actor, phone, id_number, vault)}
        if phone or id_number
        else {}
    )
    near = (
        await links.load_visible_cases(actor, await fingerprint_store.near(words, realm, most=NEAR_MOST))
        if len(words) >= near_duplicates.RUN
        else {}
    )
    names = await links.find_cases_by_name(actor, person["name"], vault) if person.get("name") else set[int]()
    here, found = near_duplicates.shape(words), []
    for id_, (row, there) in near.items():
        other = near_duplicates.plain(row.title, there)
        alike = near_duplicates.likeness(here, near_duplicates.shape(other))
        known_by = ("phone",) if row.no in own else ("name",) if id_ in names else ()
        if judged(alike, known_by):
            found.append(Hint(row, alike, tuple(near_duplicates.shared(words, other, 2)), known_by))
            own.pop(row.no, None)
    found.sort(key=lambda hint: (not hint.known_by, -hint.likeness.score))
    rest = [Hint(row, Likeness(0.0, 0.0), (), ("phone",)) for row in own.values()]
    return (found + rest)[:HINTS_MOST]


async def fill() -> int:
    """Make every case findable: after an upgrade, or when the prints were lost. Returns how many were added."""
    added, last = 0, 0
    while True:
        some, last = await fill_some(last)
        added += some
        if not last:
            return added


async def fill_some(last: int) -> tuple[int, int]:
    """A slice of `fill`, from the newest case back, so that the oldest one findable means that all are.

    `last`: the id of the case before, 0 at the beginning. Returns how many were added and the id to go on from, 0 at the
    end.
    """
    if not last:
        first = await links.load_oldest_compared_case()
        if first is None or await fingerprint_store.holds(_keys(first)):
            return 0, 0
    some = await links.load_earlier_compared_cases(last or None, _BATCH)
    for case in some:
        await fingerprint_store.keep(_keys(case))
    return len(some), some[-1].id if len(some) == _BATCH else 0


def _keys(case: ComparedCase) -> list[int]:
    return fingerprint_store.keys_of(case.id, near_duplicates.plain(case.title, case.text), case.realm)
