"""Propose links between a new case and earlier similar ones, with their evidence.

The same person and the same matter is a repeat (重件), other people and the same matter a campaign (群体、同类). This module
only proposes: a clerk merges the cases, answers with the state of the first one, or rejects the proposal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from classify.duplicates import fingerprint_store, near_duplicates
from classify.duplicates.near_duplicates import Similarity
from feedback import links
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import NotNow
from feedback.links import ComparedCase, LinkProposal
from feedback.rules.access import Actor
from feedback.rules.intake import PersonSubmission
from feedback.rules.read_models import WorkRow
from feedback.rules.vocabulary import LinkKind

SAME_PERSON_COSINE: Final = 0.15
SAME_PERSON_CONTAINMENT: Final = 0.3
"""Thresholds for two cases of one person, lower than in general: people seldom copy their own earlier text."""

SAME_CATEGORY_COSINE: Final = 0.08
"""Threshold for two cases of one person in the same category."""

MAX_CANDIDATES: Final = 40
MAX_HINTS: Final = 5
_BATCH: Final = 50


def decide_link_kind(
    similarity: Similarity, known_by: Sequence[str], *, is_same_category: bool = False
) -> LinkKind | None:
    """The kind of link between two cases, if any. `known_by`: the evidence of one person; a name alone is weak."""
    is_similar_enough = (
        similarity.cosine >= (SAME_CATEGORY_COSINE if is_same_category else SAME_PERSON_COSINE)
        or similarity.containment >= SAME_PERSON_CONTAINMENT
    )
    if is_similar_enough and {"phone", "id"} & set(known_by):
        return LinkKind.REPEAT_OF
    if similarity.is_same:
        return LinkKind.REPEAT_OF if known_by else LinkKind.CAMPAIGN
    return None


async def propose_links(payload: dict[str, Any], now: datetime) -> None:
    """Handler of `case.submit`: store the fingerprints of the case and propose links to earlier ones. Idempotent."""
    case = next(iter(await links.load_compared_cases(no=payload["no"])))
    if not case.is_compared:
        raise NotNow(no=case.no)
    words = near_duplicates.normalize(case.title, case.text)
    await fingerprint_store.add_keys(fingerprint_store.make_keys(case.id, words, case.realm))
    known_by = await links.find_earlier_of_person(case.id)
    near = [id_ for id_ in await fingerprint_store.find_near(words, case.realm, most=MAX_CANDIDATES) if id_ < case.id]
    earlier = [
        other
        for other in await links.load_compared_cases({*near, *known_by})
        if other.is_compared and other.realm == case.realm
    ]
    proposals = [_compare(case, words, other, known_by.get(other.id, [])) for other in earlier]
    await links.store_proposals(case.id, await _choose_best([proposal for proposal in proposals if proposal]), now)


async def is_concluded_matter(title: str, text: str, person: PersonSubmission, vault: Vault) -> bool:
    """Whether a re-review concluded the same matter of the same person before (信访工作条例 第三十六条第三款)."""
    vector = near_duplicates.vectorize(near_duplicates.normalize(title, text))
    for other in await links.list_concluded_of_person(person, vault):
        other_vector = near_duplicates.vectorize(near_duplicates.normalize(other.title, other.text))
        similarity = near_duplicates.measure_similarity(vector, other_vector)
        if decide_link_kind(similarity, ("phone",)) is LinkKind.REPEAT_OF:
            return True
    return False


def _compare(case: ComparedCase, words: str, other: ComparedCase, known_by: Sequence[str]) -> LinkProposal | None:
    """The link proposed between two cases, with its evidence."""
    other_text = near_duplicates.normalize(other.title, other.text)
    similarity = near_duplicates.measure_similarity(
        near_duplicates.vectorize(words), near_duplicates.vectorize(other_text)
    )
    is_same_category = bool(case.category) and case.category == other.category
    kind = decide_link_kind(similarity, known_by, is_same_category=is_same_category)
    if kind is None:
        return None
    evidence = {
        "cosine": round(similarity.cosine, 3),
        "held": round(similarity.containment, 3),
        "alike": similarity.is_same,
        "passages": near_duplicates.find_shared_passages(words, other_text),
        "person": list(known_by),
        "place": bool(case.region and case.region == other.region),
        "days": (case.received_at - other.received_at).days,
    }
    is_sure = bool({"phone", "id"} & set(known_by))
    return LinkProposal(other.id, kind, round(similarity.score, 3), is_sure and kind is LinkKind.REPEAT_OF, evidence)


async def _choose_best(proposals: Sequence[LinkProposal]) -> list[LinkProposal]:
    """The most similar case of each kind of link, replaced by the first case of its chain or campaign."""
    best = []
    for kinds in ((LinkKind.REPEAT_OF, LinkKind.MERGED_INTO), (LinkKind.CAMPAIGN,)):
        some = [p for p in proposals if p.kind in kinds]
        if not some:
            continue
        roots = await links.find_roots([p.earlier_id for p in some], kinds)
        by_id = {p.earlier_id: p for p in some}
        nearest = max(some, key=lambda p: (p.score, -p.earlier_id))
        root = roots.get(nearest.earlier_id, nearest.earlier_id)
        best.append(by_id.get(root) or _with_root(nearest, root))
    return best


def _with_root(proposal: LinkProposal, root: int) -> LinkProposal:
    return LinkProposal(root, proposal.kind, proposal.score, proposal.same_person, proposal.evidence)


@dataclass(frozen=True, slots=True)
class Hint:
    """An earlier case that may be the same as the one being registered, and why."""

    case: WorkRow
    similarity: Similarity
    passages: tuple[str, ...]
    known_by: tuple[str, ...]


async def find_hints(
    actor: Actor, title: str, text: str, person: Mapping[str, str], vault: Vault, *, realm: int = 0
) -> list[Hint]:
    """Earlier cases that may be the same matter: of the same person, or with similar text. Only those the actor may see."""
    words = near_duplicates.normalize(title, text)
    phone, id_number = person.get("phone", ""), person.get("id_number", "")
    own = (
        {
            row.no: row
            for row in await links.list_cases_of_person(actor, phone, id_number, vault, person.get("id_kind", ""))
        }
        if phone or id_number
        else {}
    )
    near = (
        await links.load_visible_cases(actor, await fingerprint_store.find_near(words, realm, most=MAX_CANDIDATES))
        if len(words) >= near_duplicates.RUN_LENGTH
        else {}
    )
    names = await links.find_cases_by_name(actor, person["name"], vault) if person.get("name") else set[int]()
    vector, matches = near_duplicates.vectorize(words), []
    for id_, (row, other_text) in near.items():
        other = near_duplicates.normalize(row.title, other_text)
        similarity = near_duplicates.measure_similarity(vector, near_duplicates.vectorize(other))
        known_by = ("phone",) if row.no in own else ("name",) if id_ in names else ()
        if decide_link_kind(similarity, known_by):
            matches.append(
                Hint(row, similarity, tuple(near_duplicates.find_shared_passages(words, other, 2)), known_by)
            )
            own.pop(row.no, None)
    matches.sort(key=lambda hint: (not hint.known_by, -hint.similarity.score))
    rest = [Hint(row, Similarity(0.0, 0.0), (), ("phone",)) for row in own.values()]
    return (matches + rest)[:MAX_HINTS]


async def backfill() -> int:
    """Store the fingerprints of every case, after an upgrade or a loss. Returns how many cases were added."""
    added, last = 0, 0
    while True:
        some, last = await backfill_some(last)
        added += some
        if not last:
            return added


async def backfill_some(last: int) -> tuple[int, int]:
    """A slice of `backfill`, from the newest case back: when the oldest case has fingerprints, all have.

    `last`: the id of the case before, 0 at the beginning. Returns how many were added and the id to go on from, 0 at the
    end.
    """
    if not last:
        first = await links.load_oldest_compared_case()
        if first is None or await fingerprint_store.has_keys(_make_keys(first)):
            return 0, 0
    some = await links.load_earlier_compared_cases(last or None, _BATCH)
    for case in some:
        await fingerprint_store.add_keys(_make_keys(case))
    return len(some), some[-1].id if len(some) == _BATCH else 0


def _make_keys(case: ComparedCase) -> list[int]:
    return fingerprint_store.make_keys(case.id, near_duplicates.normalize(case.title, case.text), case.realm)
