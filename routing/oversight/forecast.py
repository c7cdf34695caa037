"""Forecast which running clocks will be late: a share counted from the past, with the count beside it.

For a clock that has used up a fraction of its time: of the unit's past clocks of the same term and kind that were not
ended by the same fraction, how many became late? Few cases say little, so the share leans on that of all units for this
term and kind, that on the term's, and that on all terms', each as if `PRIOR_WEIGHT` more cases had been counted there. No model, nothing to trust: everybody can count it again. No I/O.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

PRIOR_WEIGHT = 8.0
PRIOR_SHARE = 0.1  # what is believed of a term nobody has a history of
_DAY = 86_400.0

Group = tuple[str, str, str]  # unit ("" for all), term, kind


@dataclass(frozen=True, slots=True)
class PastClock:
    """A clock of the past: when it began, was due and ended. `ended_at` None: it still runs, and is late."""

    unit: str
    term: str
    kind: str
    starts_at: datetime
    due_at: datetime
    ended_at: datetime | None

    def fraction(self, now: datetime) -> float:
        """The part of its time after which it ended; 1 or more is late."""
        return used_share(self.starts_at, self.due_at, self.ended_at or now)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the past says of a clock: the chance to be late, from how many cases, and by how many days if so."""

    chance: float
    days_if_late: float
    unit_n: int
    unit_late: int
    all_n: int
    all_late: int
    used: float

    @property
    def expected_days(self) -> float:
        return self.chance * self.days_if_late


@dataclass
class _GroupCounts:
    fractions: list[float] = field(default_factory=list)  # sorted
    overrun_days: float = 0.0
    late: int = 0


@dataclass
class History:
    """The past of every unit, term and kind, counted once."""

    groups: dict[Group, _GroupCounts] = field(default_factory=dict)

    @classmethod
    def of(cls, clocks: Iterable[PastClock], now: datetime) -> "History":
        history = cls()
        for clock in clocks:
            fraction = clock.fraction(now)
            overrun = ((clock.ended_at or now) - clock.due_at).total_seconds() / _DAY
            for group in _list_groups(clock.unit, clock.term, clock.kind):
                counts = history.groups.setdefault(group, _GroupCounts())
                counts.fractions.append(fraction)
                if fraction >= 1:
                    counts.late += 1
                    counts.overrun_days += overrun
        for counts in history.groups.values():
            counts.fractions.sort()
        return history

    def count_unended(self, group: Group, used: float) -> tuple[int, int]:
        """How many of the group were not ended by that fraction of their time, and how many of them became late."""
        counts = self.groups.get(group)
        if counts is None:
            return 0, 0
        return len(counts.fractions) - bisect_left(counts.fractions, used), counts.late

    def forecast(self, unit: str, term: str, kind: str, used: float) -> Forecast:
        """What the past says of a clock of this unit that has used up this fraction of its time."""
        used = max(0.0, used)
        all_n, all_late = self.count_unended(("", term, kind), min(used, 1.0))
        unit_n, unit_late = self.count_unended((unit, term, kind), min(used, 1.0)) if unit else (0, 0)
        chance = PRIOR_SHARE
        for group in _list_groups(unit, term, kind):
            n, late = self.count_unended(group, min(used, 1.0))
            chance = (late + PRIOR_WEIGHT * chance) / (n + PRIOR_WEIGHT)
        chance = 1.0 if used >= 1 else chance
        return Forecast(chance, self._days(unit, term, kind), unit_n, unit_late, all_n, all_late, used)

    def _days(self, unit: str, term: str, kind: str) -> float:
        unit_counts, all_units = (
            self.groups.get((unit, term, kind), _GroupCounts()),
            self.groups.get(("", term, kind), _GroupCounts()),
        )
        usual_days = all_units.overrun_days / all_units.late if all_units.late else 1.0
        if not unit:
            return usual_days
        return (unit_counts.overrun_days + PRIOR_WEIGHT * usual_days) / (unit_counts.late + PRIOR_WEIGHT)


def _list_groups(unit: str, term: str, kind: str) -> list[Group]:
    """From everything to the unit's own: each level leans on the one before."""
    groups = [("", "", ""), ("", term, ""), ("", term, kind)]
    return [*groups, (unit, term, kind)] if unit else groups


def used_share(starts_at: datetime, due_at: datetime, at: datetime) -> float:
    """The part of a clock's time that was used up at a moment."""
    duration = (due_at - starts_at).total_seconds()
    return (at - starts_at).total_seconds() / duration if duration > 0 else 1.0


def compute_calibration(pairs: Iterable[tuple[float, bool]], bins: int = 5) -> Mapping[str, object]:
    """How well foretold chances fit what happened: per bin the mean chance and the share that was late; Brier score."""
    predictions = sorted(pairs)
    rows: list[dict[str, float]] = []
    for index in range(bins):
        bin_pairs = predictions[index * len(predictions) // bins : (index + 1) * len(predictions) // bins]
        if bin_pairs:
            mean_chance, late_share = (
                sum(p for p, _ in bin_pairs) / len(bin_pairs),
                sum(y for _, y in bin_pairs) / len(bin_pairs),
            )
            rows.append({"n": len(bin_pairs), "foretold": round(mean_chance, 4), "happened": round(late_share, 4)})
    n = len(predictions) or 1
    late_rate = sum(y for _, y in predictions) / n
    brier = sum((p - y) ** 2 for p, y in predictions) / n
    return {
        "n": len(predictions),
        "late": late_rate,
        "brier": brier,
        "brier_of_base": late_rate * (1 - late_rate),
        "bins": rows,
    }
