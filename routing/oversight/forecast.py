"""Which running clocks will probably be late? A share counted from the past, with the count beside it.

For a clock that has used up a fraction of its time: of the unit's past clocks of the same term and kind that were not
ended by the same fraction, how many became late? Few cases say little, so the share leans on that of all units for this
term and kind, that on the term's, and that on all terms', each as if `LEAN` more cases had been counted there. No model, nothing to trust: everybody can count it again. No I/O.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

LEAN = 8.0
FIRST_SHARE = 0.1  # what is believed of a term nobody has a history of
_DAY = 86_400.0

Group = tuple[str, str, str]  # unit ("" for all), term, kind


@dataclass(frozen=True, slots=True)
class Past:
    """A clock of the past: when it began, was due and ended. `ended_at` None: it still runs, and is late."""

    unit: str
    term: str
    kind: str
    starts_at: datetime
    due_at: datetime
    ended_at: datetime | None

    def fraction(self, now: datetime) -> float:
        """The part of its time after which it ended; 1 or more is late."""
        return share_of_time(self.starts_at, self.due_at, self.ended_at or now)


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
class _Counted:
    fractions: list[float] = field(default_factory=list)  # sorted
    overrun_days: float = 0.0
    late: int = 0


@dataclass
class History:
    """The past of every unit, term and kind, counted once."""

    groups: dict[Group, _Counted] = field(default_factory=dict)

    @classmethod
    def of(cls, past: Iterable[Past], now: datetime) -> "History":
        history = cls()
        for each in past:
            fraction = each.fraction(now)
            overrun = ((each.ended_at or now) - each.due_at).total_seconds() / _DAY
            for group in _levels(each.unit, each.term, each.kind):
                counted = history.groups.setdefault(group, _Counted())
                counted.fractions.append(fraction)
                if fraction >= 1:
                    counted.late += 1
                    counted.overrun_days += overrun
        for counted in history.groups.values():
            counted.fractions.sort()
        return history

    def still(self, group: Group, used: float) -> tuple[int, int]:
        """How many of the group were not ended by that fraction of their time, and how many of them became late."""
        counted = self.groups.get(group)
        if counted is None:
            return 0, 0
        return len(counted.fractions) - bisect_left(counted.fractions, used), counted.late

    def forecast(self, unit: str, term: str, kind: str, used: float) -> Forecast:
        """What the past says of a clock of this unit that has used up this fraction of its time."""
        used = max(0.0, used)
        all_n, all_late = self.still(("", term, kind), min(used, 1.0))
        unit_n, unit_late = self.still((unit, term, kind), min(used, 1.0)) if unit else (0, 0)
        chance = FIRST_SHARE
        for group in _levels(unit, term, kind):
            n, late = self.still(group, min(used, 1.0))
            chance = (late + LEAN * chance) / (n + LEAN)
        chance = 1.0 if used >= 1 else chance
        return Forecast(chance, self._days(unit, term, kind), unit_n, unit_late, all_n, all_late, used)

    def _days(self, unit: str, term: str, kind: str) -> float:
        own, everybody = self.groups.get((unit, term, kind), _Counted()), self.groups.get(("", term, kind), _Counted())
        usual = everybody.overrun_days / everybody.late if everybody.late else 1.0
        if not unit:
            return usual
        return (own.overrun_days + LEAN * usual) / (own.late + LEAN)


def _levels(unit: str, term: str, kind: str) -> list[Group]:
    """From everything to the unit's own: each level leans on the one before."""
    found = [("", "", ""), ("", term, ""), ("", term, kind)]
    return [*found, (unit, term, kind)] if unit else found


def share_of_time(starts_at: datetime, due_at: datetime, at: datetime) -> float:
    """The part of a clock's time that was used up at a moment."""
    whole = (due_at - starts_at).total_seconds()
    return (at - starts_at).total_seconds() / whole if whole > 0 else 1.0


def calibration(pairs: Iterable[tuple[float, bool]], bins: int = 5) -> Mapping[str, object]:
    """How well foretold chances fit what happened: per bin the mean chance and the share that was late; Brier score."""
    told = sorted(pairs)
    rows: list[dict[str, float]] = []
    for place in range(bins):
        part = told[place * len(told) // bins : (place + 1) * len(told) // bins]
        if part:
            foretold, happened = sum(p for p, _ in part) / len(part), sum(y for _, y in part) / len(part)
            rows.append({"n": len(part), "foretold": round(foretold, 4), "happened": round(happened, 4)})
    n = len(told) or 1
    base = sum(y for _, y in told) / n
    brier = sum((p - y) ** 2 for p, y in told) / n
    return {"n": len(told), "late": base, "brier": brier, "brier_of_base": base * (1 - base), "bins": rows}
