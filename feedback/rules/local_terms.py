"""A town's promised terms that are shorter than the law, each checked against the row it tightens.

A promise may only be shorter than the row of TERMS it names; one that is longer, or that names a row nobody may
tighten, is refused where the process starts. What is promised is written into the entry that begins the clock, so a
running clock keeps the promise it began with. No I/O.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedback.kernel.errors import Invalid
from feedback.rules.deadlines import ClockFacts
from feedback.rules.terms import TERMS, Length, Term, parse_length
from feedback.rules.vocabulary import Act, Kind, Profile


@dataclass(frozen=True, slots=True)
class LocalTerm:
    """One row: this term of this rule book, in so many days, hours or minutes, for these kinds."""

    term: str
    profile: Profile
    length: Length
    kinds: frozenset[Kind] = frozenset(Kind)

    def tightens(self, term: Term) -> bool:
        return term.code == self.term and self.profile in term.profiles and bool(self.kinds & term.kinds)


def parse_local_terms(text: str) -> tuple[LocalTerm, ...]:
    """The promises of a TOML text: [[promise]] with term, profile, length and, if not for all, kinds.

    Raises Invalid naming each row that is not one, loosens the law, or touches what is fixed.
    """
    try:
        rows = tomllib.loads(text).get("promise", [])
    except tomllib.TOMLDecodeError as fault:
        raise Invalid({"promise": f"not_toml: {fault}"}, code="settings") from fault
    local_terms, faults = [], dict[str, str]()
    for number, row in enumerate(rows, 1):
        try:
            local_term = _parse_term(row)
        except (KeyError, ValueError, TypeError, Invalid) as fault:
            faults[f"promise {number}"] = f"not_a_promise: {fault!r}"
            continue
        if problem := find_term_fault(local_term):
            faults[f"promise {number} ({local_term.term})"] = problem
        local_terms.append(local_term)
    if faults:
        raise Invalid(faults, code="settings")
    return tuple(local_terms)


def _parse_term(row: Mapping[str, Any]) -> LocalTerm:
    kinds = frozenset(map(Kind, row["kinds"])) if "kinds" in row else frozenset(Kind)
    return LocalTerm(str(row["term"]), Profile(row["profile"]), parse_length(str(row["length"])), kinds)


def find_term_fault(local_term: LocalTerm) -> str:
    """What is wrong with a promise, or ""."""
    rows = [row for row in TERMS if local_term.tightens(row)]
    # A promise in days says nothing of what already runs in hours, and the other way round.
    comparable_rows = [row for row in rows if row.length.is_like(local_term.length)]
    if not comparable_rows:
        return "no_such_term" if not rows else f"counted_in_{rows[0].length.unit.value}"
    if any(row.fixed for row in comparable_rows):
        return "may_not_be_tightened"
    if stricter_row := next((row for row in comparable_rows if local_term.length.exceeds(row.length)), None):
        return f"longer_than_the_law: {local_term.length} > {stricter_row.length} ({stricter_row.law})"
    return "" if local_term.length.count else "not_a_length"


_active_terms: tuple[LocalTerm, ...] = ()


def activate_local_terms(local_terms: Sequence[LocalTerm]) -> None:
    """These hold in this process from now on. Called where a process starts."""
    global _active_terms
    _active_terms = tuple(local_terms)


def list_promised_lengths(act: Act, case: ClockFacts, local_terms: Iterable[LocalTerm] | None = None) -> dict[str, str]:
    """The promised lengths of the clocks an act may begin, by term: what its entry keeps."""
    lengths = {}
    for local_term in _active_terms if local_terms is None else local_terms:
        if local_term.profile is not case.profile or case.kind not in local_term.kinds:
            continue
        for row in TERMS:
            fits = local_term.tightens(row) and case.kind in row.kinds and case.urgency in row.urgent
            if fits and act in row.begins and row.length.is_like(local_term.length):
                lengths[local_term.term] = str(local_term.length)
    return lengths
