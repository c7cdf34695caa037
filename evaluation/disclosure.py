"""How good are the ratings, and which figures may be shown at all?

Means and shares over the five levels, and the small-cell rule. A count between 1 and `cell_min` - 1 is hidden; so is
another one whenever the hidden one could be worked out from the total. Zero is shown: nobody stands behind it.
A mean or a share needs `rank_min` answers, since a short list led by one lucky answer says nothing (see the interval
beside each share); whether it is given is decided from what everybody may see, never from a hidden number, or else
the hiding would tell it. No I/O.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt
from types import MappingProxyType

from evaluation.scale import LEVELS, is_bad

WEIGHTS: Mapping[int, int] = MappingProxyType({5: 10, 4: 8, 3: 6, 2: 3, 1: 0})
"""Points of a level in the ten-point mean (平均分). Towns differ, so it is an argument of `Rules`."""

PROTECTS = "protects_another"
_Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class DisclosureRules:
    """How few is too few, and what a level is worth."""

    cell_min: int = 5
    rank_min: int = 10
    weights: Mapping[int, int] = field(default_factory=lambda: WEIGHTS)

    @property
    def few(self) -> str:
        """The reason why a count is hidden."""
        return f"fewer_than_{self.cell_min}"

    @property
    def few_answers(self) -> str:
        """The reason why a mean or a share is not given."""
        return f"fewer_than_{self.rank_min}"


@dataclass(frozen=True, slots=True)
class Levels:
    """How many valid ratings each level got."""

    counts: Mapping[int, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def bad(self) -> int:
        return sum(n for level, n in self.counts.items() if is_bad(level))

    @property
    def good(self) -> int:
        return self.total - self.bad

    def mean(self) -> float | None:
        """The mean level, 5 best, to two places."""
        return rounded(sum(level * n for level, n in self.counts.items()), self.total, 2)

    def score(self, weights: Mapping[int, int] = WEIGHTS) -> float | None:
        """The ten-point mean, to two places."""
        return rounded(sum(weights[level] * n for level, n in self.counts.items()), self.total, 2)


def added(all_levels: Sequence[Levels]) -> Levels:
    """The ratings of several units together."""
    return Levels({row.level: sum(each.counts.get(row.level, 0) for each in all_levels) for row in LEVELS})


def rounded(part: int, base: int, places: int) -> float | None:
    """`part / base` rounded half up, as people do it by hand. None without a base."""
    if base <= 0:
        return None
    return float((Decimal(part) / Decimal(base)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def share(part: int, base: int) -> float | None:
    """`part` of `base` as 0–1, to four places. None without a base."""
    return rounded(part, base, 4)


def interval(part: int, base: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share: how far chance alone could have moved it."""
    p, z2 = part / base, _Z95**2
    middle = (p + z2 / (2 * base)) / (1 + z2 / base)
    half = _Z95 * sqrt(p * (1 - p) / base + z2 / (4 * base * base)) / (1 + z2 / base)
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


@dataclass(frozen=True, slots=True)
class PublishedCell:
    """A figure as it may be shown: the value, or why there is none and what follows from the visible ones."""

    value: float | None
    reason: str = ""
    bounds: tuple[float, float] | None = None  # what the visible figures say about the hidden one
    interval: tuple[float, float] | None = None


def count_cell(count: int, rules: DisclosureRules) -> PublishedCell:
    """A count, hidden when it is small but not zero."""
    return PublishedCell(None, rules.few) if 0 < count < rules.cell_min else PublishedCell(count)


def column(
    counts: Sequence[int], rules: DisclosureRules, parts_of: Sequence[PublishedCell] = ()
) -> tuple[list[PublishedCell], PublishedCell]:
    """The cells of units, and of their sum, with as many hidden as it takes that none can be worked out.

    `parts_of` are the cells these counts are part of: where so few answered that even their number is hidden, it is
    not told either that none of them was dissatisfied.
    """
    cells, total = [count_cell(n, rules) for n in counts], count_cell(sum(counts), rules)
    if sum(counts) == 0:
        return cells, total
    masked = {i for i, whole in enumerate(parts_of) if whole.reason == rules.few}
    cells = [PublishedCell(None, rules.few) if i in masked else cell for i, cell in enumerate(cells)]
    small = [n for i, n in enumerate(counts) if 0 < n < rules.cell_min and i not in masked]
    if not (small or masked) or total.value is None:
        return cells, total
    others = sorted((n, i) for i, n in enumerate(counts) if n >= rules.cell_min)
    hidden = sum(small) + sum(counts[i] for i in masked)
    covered = list(cells)
    for covers in range(len(others) + 1):
        if _is_ambiguous(hidden, len(small), len(masked), covers, rules.cell_min):
            return covered, total
        if covers < len(others):
            n, i = others[covers]
            covered[i] = PublishedCell(None, PROTECTS)
            hidden += n
    return cells, PublishedCell(None, PROTECTS)  # nothing left to hide behind: then there is no total to subtract from


def _is_ambiguous(hidden: int, small: int, masked: int, covers: int, cell_min: int) -> bool:
    """Whether the sum of all hidden cells leaves each of them at least two values.

    Everybody knows that `small` of them lie in 1 … cell_min - 1, that `masked` ones may be 0 as well, and that
    `covers` of them are cell_min or more.
    """
    least = small + covers * cell_min
    most = (small + masked) * (cell_min - 1)
    return small + masked + covers > 1 and least < hidden and (covers > 0 or hidden < most)


def share_cell(part: PublishedCell, base: PublishedCell, rules: DisclosureRules) -> PublishedCell:
    """`part` of `base`, from what is visible of both."""
    if base.value is None:
        return PublishedCell(None, base.reason)
    n = int(base.value)
    if n < rules.rank_min:
        return PublishedCell(None, rules.few_answers)
    if part.value is None:
        return PublishedCell(None, part.reason, _bounds(1, rules.cell_min - 1, n) if part.reason == rules.few else None)
    return PublishedCell(share(int(part.value), n), interval=interval(int(part.value), n))


def complement_cell(rest: PublishedCell, base: PublishedCell, rules: DisclosureRules) -> PublishedCell:
    """The share of `base` that is not `rest`: the good share (好评率), when the bad ones are counted."""
    other = share_cell(rest, base, rules)
    if other.value is not None and base.value is not None and rest.value is not None:
        n, part = int(base.value), int(base.value - rest.value)
        return PublishedCell(share(part, n), interval=interval(part, n))
    if other.bounds is None or base.value is None:
        return other
    return PublishedCell(
        None, other.reason, _bounds(int(base.value) - rules.cell_min + 1, int(base.value) - 1, int(base.value))
    )


def timeliness_cell(on_time: PublishedCell, late: PublishedCell, rules: DisclosureRules) -> PublishedCell:
    """on_time / (on_time + late). A hidden part leaves bounds that anybody could work out."""
    kept, missed = _range(on_time, rules), _range(late, rules)
    if kept is None or missed is None:
        return PublishedCell(None, PROTECTS)
    if kept[0] + missed[0] < rules.rank_min:
        return PublishedCell(None, rules.few_answers)
    if on_time.value is not None and late.value is not None:
        return PublishedCell(share(kept[0], kept[0] + missed[0]), interval=interval(kept[0], kept[0] + missed[0]))
    low, high = share(kept[0], kept[0] + missed[1]) or 0.0, share(kept[1], kept[1] + missed[0]) or 0.0
    return PublishedCell(None, rules.few, (low, high))


def _range(cell: PublishedCell, rules: DisclosureRules) -> tuple[int, int] | None:
    if cell.value is not None:
        return int(cell.value), int(cell.value)
    return (1, rules.cell_min - 1) if cell.reason == rules.few else None


def _bounds(low: int, high: int, base: int) -> tuple[float, float]:
    return share(max(low, 0), base) or 0.0, share(min(high, base), base) or 0.0


def mean_cell(levels: Levels, ratings: PublishedCell, bad: PublishedCell, rules: DisclosureRules) -> PublishedCell:
    """The mean level. Beside a hidden number of bad ratings it is given in steps of a half only.

    An exact mean close to 5 would tell that number: 10 answers with a mean of 4.6 hold exactly one bad one.
    """
    if ratings.value is None:
        return PublishedCell(None, ratings.reason)
    if ratings.value < rules.rank_min:
        return PublishedCell(None, rules.few_answers)
    mean = levels.mean()
    if bad.value is not None or mean is None:
        return PublishedCell(mean)
    # Below 12 answers even the top half step would leave room for one bad rating only.
    if bad.reason != rules.few or ratings.value < _BLUR_MIN:
        return PublishedCell(None, PROTECTS)
    low = int(sum(level * n for level, n in levels.counts.items()) * 2 // levels.total) / 2
    # A mean below 3 beside few bad ratings says that nearly all of the few were there: one step for all of these.
    return PublishedCell(None, rules.few, (low, min(5.0, low + 0.5)) if low >= 3 else (1.0, 3.0))


_BLUR_MIN = 12


def score_cell(levels: Levels, mean: PublishedCell, rules: DisclosureRules) -> PublishedCell:
    """The ten-point mean, shown where the mean level is."""
    return PublishedCell(None, mean.reason) if mean.value is None else PublishedCell(levels.score(rules.weights))


def guard_means(means: Sequence[PublishedCell], sizes: Sequence[int], rules: DisclosureRules) -> list[PublishedCell]:
    """The means of units, one more hidden when the only hidden one could be worked out from the mean of all."""
    cells = list(means)
    hidden = [i for i, cell in enumerate(cells) if cell.value is None and sizes[i] > 0]
    if len(hidden) == 1 and cells[hidden[0]].reason in (rules.few, PROTECTS):
        shown = sorted((sizes[i], i) for i, cell in enumerate(cells) if cell.value is not None)
        if shown:
            cells[shown[0][1]] = PublishedCell(None, PROTECTS)
    return cells
