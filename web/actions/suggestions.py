"""The classifier's suggestions for the desk, and the unit each category would lead to."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from classify import taxonomy as categories
from classify.model.release import Reason
from feedback.queries import worklist as case_worklist
from feedback.rules.access import Actor
from feedback.rules.read_models import CaseFile, EntryView, Filters, WorkRow
from feedback.rules.vocabulary import Act, Kind
from routing.assignment import choose_unit
from routing.assignment_rules import Decision
from routing.directory import Directory
from web.context import AppContext
from web.presentation import timeline as timeline_views
from web.wording import catalogue

CANDIDATES_MOST = 3
SHARE_LEAST = 0.03
"""An alternative the classifier hardly believes in only makes the list longer."""
PIECE_LENGTH = 4
PIECES_MOST = 4
DUTY_PREFIX = "职责相近"
SEARCH_WORDS_MOST = 3
SEARCH_PAGE_SIZE = 20
SIMILAR_MOST = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A heading the case may belong under, with the unit its routing row names and why."""

    category: str
    category_text: str
    share: str
    unit: str
    unit_name: str
    co: tuple[str, ...]
    co_names: str
    reason: str
    rule: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a clerk at the desk sees beside a case that waits for its unit."""

    how: str
    reasons: tuple[tuple[str, str], ...]
    candidates: tuple[Candidate, ...]
    against: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    went_to: str = ""
    usual: str = ""
    precedents: tuple[WorkRow, ...] = ()


async def suggest_for_desk(
    context: AppContext, actor: Actor, file: CaseFile, directory: Directory
) -> Suggestion | None:
    """The suggestion for whoever may send the case to a unit now, else None."""
    if not any(step.act is Act.ASSIGN for step in file.allowed):
        return None
    model = await context.model()
    if model is None:
        candidates = [to_candidate(file, file.category, None, directory)] if file.category else []
        return Suggestion(_explain_category(file), (), tuple(candidates))
    verdict = await asyncio.to_thread(model.predict, file.title, file.text)
    shares: dict[str, float | None] = {file.category: None} if file.by_hand and file.category else {}
    if verdict.category:
        shares.setdefault(verdict.category, verdict.confidence)
    for alternative in verdict.alternatives:
        if shares and alternative.confidence < SHARE_LEAST:
            break
        shares.setdefault(alternative.category, alternative.confidence)
    reasons = tuple((reason.text, f"{reason.weight:.2f}") for reason in verdict.reasons if reason.weight > 0)
    candidates = [to_candidate(file, code, share, directory) for code, share in list(shares.items())[:CANDIDATES_MOST]]
    earlier_cases = await find_precedents(actor, verdict.reasons, file.no, context.clock.now())
    return Suggestion(
        _explain_category(file),
        reasons,
        tuple(candidates),
        against=tuple(reason.text for reason in verdict.reasons if reason.weight < 0),
        notes=tuple(reason.text for reason in verdict.reasons if not reason.weight),
        went_to=_render_precedent_units(earlier_cases, directory),
        usual=await _render_usual_units(context, file, directory),
        precedents=tuple(earlier_cases[:SIMILAR_MOST]),
    )


async def find_precedents(actor: Actor, reasons: Sequence[Reason], no: str, now: datetime) -> list[WorkRow]:
    """Earlier cases this actor sees that hold the words which spoke loudest, and had a unit; most of the words first."""
    matches: dict[str, tuple[int, WorkRow]] = {}
    words = [reason.text for reason in reasons if reason.weight > 0 and not reason.text.startswith(DUTY_PREFIX)][
        :SEARCH_WORDS_MOST
    ]
    for word in words:
        page = await case_worklist.load_worklist(
            actor, Filters(q=word, sort="-received"), 1, now=now, size=SEARCH_PAGE_SIZE
        )
        for row in page.items:
            if row.no != no and row.unit and not row.confidential and row.kind != Kind.RECTIFY:
                matches[row.no] = (matches.get(row.no, (0, row))[0] + 1, row)
    min_matches = min(2, len(words))
    ranked = sorted((pair for pair in matches.values() if pair[0] >= min_matches), key=lambda pair: -pair[0])
    return [row for _, row in ranked]


async def _render_usual_units(context: AppContext, file: CaseFile, directory: Directory) -> str:
    """Who usually answers such a message here; a report follows the law alone."""
    if file.kind is Kind.REPORT:
        return ""
    units = await context.unit_recommendation.usual(context, file.title, file.text)
    return "、".join(f"{directory.short(unit)} {share:.0%}" for unit, share in units)


def _render_precedent_units(rows: Sequence[WorkRow], directory: Directory) -> str:
    """Where they went, the commonest first: 区人社局 6 件、区住建局 1 件."""
    return "、".join(f"{directory.short(unit)} {n} 件" for unit, n in Counter(row.unit for row in rows).most_common(3))


async def find_similar(actor: Actor, file: CaseFile, directory: Directory, now: datetime) -> list[WorkRow]:
    """Other cases the actor sees that may be the same matter: whole pieces of this one's title stand in them.

    For the desk while it may still merge; the nearer (same region) and the more pieces, the earlier in the list.
    """
    if not any(step.act is Act.MERGE for step in file.allowed):
        return []
    matches: dict[str, tuple[int, WorkRow]] = {}
    pieces = _title_pieces(file.title)
    for piece in pieces:
        page = await case_worklist.load_worklist(
            actor, Filters(q=piece, sort="-received"), 1, now=now, size=SEARCH_PAGE_SIZE
        )
        for row in page.items:
            if row.no != file.no:
                count = matches.get(row.no, (0, row))[0]
                matches[row.no] = (count + 1, row)
    streets = directory.region_chain(file.region)
    ranked = sorted(matches.values(), key=lambda pair: (pair[1].region not in streets, -pair[0]))
    return [
        row for piece_count, row in ranked if piece_count >= min(2, len(pieces)) or row.region == file.region != ""
    ][:SIMILAR_MOST]


def _title_pieces(title: str) -> list[str]:
    """A few runs of four letters spread over the title."""
    letters = "".join(re.findall(r"\w", title))
    starts = range(0, max(1, len(letters) - PIECE_LENGTH + 1), max(1, (len(letters) - PIECE_LENGTH) // 3))
    return list(
        dict.fromkeys(letters[start : start + PIECE_LENGTH] for start in starts if len(letters) >= PIECE_LENGTH)
    )[:PIECES_MOST]


def current_decision(file: CaseFile, directory: Directory) -> Decision:
    """Who gets the case by the routing rows as it is."""
    return choose_unit(file, directory)


def decision_for_category(file: CaseFile, category: str, directory: Directory) -> Decision:
    """Who would get the case if the desk said it belongs under that heading."""
    entry = EntryView(0, Act.CLASSIFY.value, file.received_at, "", "", "", "", {"category": category}, False)
    return choose_unit(replace(file, category=category, entries=(*file.entries, entry)), directory)


def to_candidate(file: CaseFile, category: str, share: float | None, directory: Directory) -> Candidate:
    decision = decision_for_category(file, category, directory)
    return Candidate(
        category=category,
        category_text=timeline_views.category_words(category) if categories.has_code(category) else category,
        share="人工分类" if share is None else f"{share:.0%}",
        unit=decision.unit,
        unit_name=directory.name(decision.unit) if decision.unit else "",
        co=decision.co,
        co_names=_join_names(decision.co, directory),
        reason=decision.reason,
        rule=decision.rule,
    )


def _join_names(codes: Sequence[str], directory: Directory) -> str:
    return "、".join(directory.short(code) for code in codes)


def _explain_category(file: CaseFile) -> str:
    """How it came to its heading, in one sentence."""
    last_entry = next((e for e in reversed(file.entries) if e.act == Act.CLASSIFY), None)
    if last_entry is None:
        return "还没有分类，请人工判断。"
    if file.by_hand:
        return f"分类由{last_entry.actor_name or '工作人员'}确定。"
    words = f"分类器判断为“{timeline_views.category_words(file.category)}”，把握 {file.confidence:.0%}"
    if last_entry.data.get("abstained"):
        return f"{words}，不够确定，交人工判断。"
    if hold_words := catalogue.HELD.get(str(last_entry.data.get("held", ""))):
        return f"{words}，{hold_words}。"
    return f"{words}。"
