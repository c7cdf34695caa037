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
from feedback.rules.clocks import ClockFacts
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

    Raises Invalid naming each row that is not one, loosens the law, or touches what is fixed; its `by_field` says of
    each the number of the row, what was promised, and the limit with its law.
    """
    try:
        rows = tomllib.loads(text).get("promise", [])
    except tomllib.TOMLDecodeError as fault:
        raise Invalid({"promise": "not_toml"}, code="local_terms", by_field={"promise": {"why": str(fault)}}) from fault
    local_terms, faults, by_field = [], dict[str, str](), dict[str, Mapping[str, object]]()
    for number, row in enumerate(rows, 1):
        try:
            local_term = _parse_term(row)
        except (KeyError, ValueError, TypeError, Invalid) as fault:
            name = f"promise {number}"
            faults[name], by_field[name] = "not_a_promise", {"row": number, "why": repr(fault)}
            continue
        code, details = find_term_fault(local_term)
        if code:
            name = f"promise {number} ({local_term.term})"
            faults[name], by_field[name] = code, {"row": number, "term": local_term.term, **details}
        local_terms.append(local_term)
    if faults:
        raise Invalid(faults, code="local_terms", by_field=by_field)
    return tuple(local_terms)


def _parse_term(row: Mapping[str, Any]) -> LocalTerm:
    kinds = frozenset(map(Kind, row["kinds"])) if "kinds" in row else frozenset(Kind)
    return LocalTerm(str(row["term"]), Profile(row["profile"]), parse_length(str(row["length"])), kinds)


def find_term_fault(local_term: LocalTerm) -> tuple[str, Mapping[str, object]]:
    """What is wrong with a promise, or "", and what a sentence about it shows."""
    rows = [row for row in TERMS if local_term.tightens(row)]
    # A promise in days says nothing of what already runs in hours, and the other way round.
    comparable_rows = [row for row in rows if row.length.is_like(local_term.length)]
    if not rows:
        return "no_such_term", {}
    if not comparable_rows:
        return "counted_otherwise", _show(local_term, rows[0])
    if fixed_row := next((row for row in comparable_rows if row.fixed), None):
        return "may_not_be_tightened", _show(local_term, fixed_row)
    if stricter_row := next((row for row in comparable_rows if local_term.length.exceeds(row.length)), None):
        return "longer_than_the_law", _show(local_term, stricter_row)
    return ("", {}) if local_term.length.count else ("promise_of_nothing", {})


def _show(local_term: LocalTerm, row: Term) -> Mapping[str, object]:
    return {"label": row.label, "promised": local_term.length, "limit": row.length, "law": row.law}


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
