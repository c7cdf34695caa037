"""What does a town promise that is shorter than the law? Rows of its own, each checked against the row it tightens.

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

    def tightens(self, row: Term) -> bool:
        return row.code == self.term and self.profile in row.profiles and bool(self.kinds & row.kinds)


def read(text: str) -> tuple[LocalTerm, ...]:
    """The promises of a TOML text: [[promise]] with term, profile, length and, if not for all, kinds.

    Raises Invalid naming each row that is not one, loosens the law, or touches what is fixed.
    """
    try:
        rows = tomllib.loads(text).get("promise", [])
    except tomllib.TOMLDecodeError as fault:
        raise Invalid({"promise": f"not_toml: {fault}"}, code="settings") from fault
    found, faults = [], dict[str, str]()
    for number, row in enumerate(rows, 1):
        try:
            promise = _promise(row)
        except (KeyError, ValueError, TypeError, Invalid) as fault:
            faults[f"promise {number}"] = f"not_a_promise: {fault!r}"
            continue
        if wrong := fault_of(promise):
            faults[f"promise {number} ({promise.term})"] = wrong
        found.append(promise)
    if faults:
        raise Invalid(faults, code="settings")
    return tuple(found)


def _promise(row: Mapping[str, Any]) -> LocalTerm:
    kinds = frozenset(map(Kind, row["kinds"])) if "kinds" in row else frozenset(Kind)
    return LocalTerm(str(row["term"]), Profile(row["profile"]), parse_length(str(row["length"])), kinds)


def fault_of(promise: LocalTerm) -> str:
    """What is wrong with a promise, or ""."""
    rows = [row for row in TERMS if promise.tightens(row)]
    # A promise in days says nothing of what already runs in hours, and the other way round.
    same = [row for row in rows if row.length.is_like(promise.length)]
    if not same:
        return "no_such_term" if not rows else f"counted_in_{rows[0].length.unit.value}"
    if any(row.fixed for row in same):
        return "may_not_be_tightened"
    if broken := next((row for row in same if promise.length.exceeds(row.length)), None):
        return f"longer_than_the_law: {promise.length} > {broken.length} ({broken.law})"
    return "" if promise.length.count else "not_a_length"


_adopted: tuple[LocalTerm, ...] = ()


def adopt(promises: Sequence[LocalTerm]) -> None:
    """These hold in this process from now on. Called where a process starts."""
    global _adopted
    _adopted = tuple(promises)


def begun_by(act: Act, case: ClockFacts, promises: Iterable[LocalTerm] | None = None) -> dict[str, str]:
    """The promised lengths of the clocks an act may begin, by term: what its entry keeps."""
    found = {}
    for promise in _adopted if promises is None else promises:
        if promise.profile is not case.profile or case.kind not in promise.kinds:
            continue
        for row in TERMS:
            fits = promise.tightens(row) and case.kind in row.kinds and case.urgency in row.urgent
            if fits and act in row.begins and row.length.is_like(promise.length):
                found[promise.term] = str(promise.length)
    return found
