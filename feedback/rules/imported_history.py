"""What is history in an imported case: what was done elsewhere before the import, where our clocks did not run.

Two marks last, both in what the digests cover. An entry recorded by the actor `import` tells of an act somebody did in
another system, and the first entry of an imported case names the moment it was taken in (`imported_at`). From them the
clocks are computed: what happened elsewhere starts no duty, what had run out before the import is nobody's lateness
here, and an instant nobody wrote down is unknown. Files of an older version carry only the first mark. No I/O.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from feedback.rules.vocabulary import Act, Channel

IMPORTER = "import"
"""The id of the actor who records what was done in another system. Stored in hashed rows: it never changes."""

UNKNOWN_UNIT = "unknown"
"""The code of the unit that answered where the file names none of ours. No unit may be called so."""


class RecordedEvent(Protocol):
    """An entry as `feedback.rules.clocks.CaseEvent` holds it."""

    @property
    def seq(self) -> int: ...
    @property
    def act(self) -> Act: ...
    @property
    def at(self) -> datetime: ...
    @property
    def data(self) -> Mapping[str, object]: ...
    @property
    def by_import(self) -> bool: ...


UNSTATED = "原系统的答复没有分项写明"
"""What an imported opinion says of facts and basis, which other systems keep in one text."""
_ANSWERS = frozenset({Act.REPLY})


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """What the clocks need to know of an import. `imported_at` is None for a case that was not imported."""

    imported_at: datetime | None = None
    is_answered: bool = False  # the answer was given elsewhere, before the import


NOT_IMPORTED = ImportFacts()


def find_import_facts(history: Sequence[RecordedEvent]) -> ImportFacts:
    """Whether the case was imported, when, and whether it came with its answer.

    A file of an older version does not say when; what happened next here, the classification as a rule, is the
    earliest moment we know of.
    """
    first = history[0]
    if first.data.get("channel") != Channel.IMPORT:
        return NOT_IMPORTED
    imported_at = _parse_instant(first.data.get("imported_at"))
    if imported_at is None:
        imported_at = next((event.at for event in history[1:] if not event.by_import), None)
    is_answered = bool(first.data.get("answered")) or any(e.by_import and e.act in _ANSWERS for e in history)
    return ImportFacts(imported_at, is_answered)


def is_time_unknown(event: RecordedEvent, history: Sequence[RecordedEvent]) -> bool:
    """Whether nobody knows when an act recorded by the import was done. Its `at` is then the receipt: not before that.

    An older version wrote the receipt down as the time of an answer without one, and no mark.
    """
    if not event.by_import:
        return False
    if "imported_at" in history[0].data:
        return event.data.get("time_unknown") is True
    return event.at == history[0].at


def list_unknown_times(history: Sequence[RecordedEvent]) -> frozenset[int]:
    """The `seq` of the entries whose time nobody knows. `history` is in order, from the first."""
    return frozenset(event.seq for event in history if is_time_unknown(event, history))


def _parse_instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
