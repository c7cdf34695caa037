"""Statistical disclosure control: means and shares of ratings, and which figures may be shown.

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

PROTECTS_ANOTHER = "protects_another"
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
        return round_ratio(sum(level * n for level, n in self.counts.items()), self.total, 2)

    def score(self, weights: Mapping[int, int] = WEIGHTS) -> float | None:
        """The ten-point mean, to two places."""
        return round_ratio(sum(weights[level] * n for level, n in self.counts.items()), self.total, 2)


def sum_levels(all_levels: Sequence[Levels]) -> Levels:
    """The ratings of several units together."""
    return Levels(
        {
            rating_level.level: sum(levels.counts.get(rating_level.level, 0) for levels in all_levels)
            for rating_level in LEVELS
        }
    )


def round_ratio(part: int, base: int, places: int) -> float | None:
    """`part / base` rounded half up, as people do it by hand. None without a base."""
    if base <= 0:
        return None
    return float((Decimal(part) / Decimal(base)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def share(part: int, base: int) -> float | None:
    """`part` of `base` as 0–1, to four places. None without a base."""
    return round_ratio(part, base, 4)


def wilson_interval(part: int, base: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share: how far chance alone could have moved it."""
    ratio, z2 = part / base, _Z95**2
    center = (ratio + z2 / (2 * base)) / (1 + z2 / base)
    half_width = _Z95 * sqrt(ratio * (1 - ratio) / base + z2 / (4 * base * base)) / (1 + z2 / base)
    return round(max(0.0, center - half_width), 4), round(min(1.0, center + half_width), 4)


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


def suppress_column(
    counts: Sequence[int], rules: DisclosureRules, base_cells: Sequence[PublishedCell] = ()
) -> tuple[list[PublishedCell], PublishedCell]:
    """The cells of units, and of their sum, with as many hidden as it takes that none can be worked out.

    `base_cells` are the cells these counts are part of: where so few answered that even their number is hidden, it is
    not told either that none of them was dissatisfied.
    """
    cells, total = [count_cell(n, rules) for n in counts], count_cell(sum(counts), rules)
    if sum(counts) == 0:
        return cells, total
    masked = {i for i, base in enumerate(base_cells) if base.reason == rules.few}
    cells = [PublishedCell(None, rules.few) if i in masked else cell for i, cell in enumerate(cells)]
    small_counts = [n for i, n in enumerate(counts) if 0 < n < rules.cell_min and i not in masked]
    if not (small_counts or masked) or total.value is None:
        return cells, total
    large_counts = sorted((n, i) for i, n in enumerate(counts) if n >= rules.cell_min)
    hidden_sum = sum(small_counts) + sum(counts[i] for i in masked)
    result = list(cells)
    for cover_count in range(len(large_counts) + 1):
        if _is_ambiguous(hidden_sum, len(small_counts), len(masked), cover_count, rules.cell_min):
            return result, total
        if cover_count < len(large_counts):
            n, i = large_counts[cover_count]
            result[i] = PublishedCell(None, PROTECTS_ANOTHER)
            hidden_sum += n
    return cells, PublishedCell(
        None, PROTECTS_ANOTHER
    )  # nothing left to hide behind: then there is no total to subtract from


def _is_ambiguous(hidden_sum: int, small_count: int, masked_count: int, cover_count: int, cell_min: int) -> bool:
    """Whether the sum of all hidden cells leaves each of them at least two values.

    Everybody knows that `small_count` of them lie in 1 … cell_min - 1, that `masked_count` ones may be 0 as well, and that
    `cover_count` of them are cell_min or more.
    """
    minimum = small_count + cover_count * cell_min
    maximum = (small_count + masked_count) * (cell_min - 1)
    return (
        small_count + masked_count + cover_count > 1
        and minimum < hidden_sum
        and (cover_count > 0 or hidden_sum < maximum)
    )


def share_cell(part: PublishedCell, base: PublishedCell, rules: DisclosureRules) -> PublishedCell:
    """`part` of `base`, from what is visible of both."""
    if base.value is None:
        return PublishedCell(None, base.reason)
    n = int(base.value)
    if n < rules.rank_min:
        return PublishedCell(None, rules.few_answers)
    if part.value is None:
        return PublishedCell(None, part.reason, _bounds(1, rules.cell_min - 1, n) if part.reason == rules.few else None)
    return PublishedCell(share(int(part.value), n), interval=wilson_interval(int(part.value), n))


def complement_cell(complement: PublishedCell, base: PublishedCell, rules: DisclosureRules) -> PublishedCell:
    """The share of `base` that is not `complement`: the good share (好评率), when the bad ones are counted."""
    complement_share = share_cell(complement, base, rules)
    if complement_share.value is not None and base.value is not None and complement.value is not None:
        n, part = int(base.value), int(base.value - complement.value)
        return PublishedCell(share(part, n), interval=wilson_interval(part, n))
    if complement_share.bounds is None or base.value is None:
        return complement_share
    return PublishedCell(
        None,
        complement_share.reason,
        _bounds(int(base.value) - rules.cell_min + 1, int(base.value) - 1, int(base.value)),
    )


def timeliness_cell(on_time: PublishedCell, late: PublishedCell, rules: DisclosureRules) -> PublishedCell:
    """on_time / (on_time + late). A hidden part leaves bounds that anybody could work out."""
    on_time_range, late_range = _value_range(on_time, rules), _value_range(late, rules)
    if on_time_range is None or late_range is None:
        return PublishedCell(None, PROTECTS_ANOTHER)
    if on_time_range[0] + late_range[0] < rules.rank_min:
        return PublishedCell(None, rules.few_answers)
    if on_time.value is not None and late.value is not None:
        return PublishedCell(
            share(on_time_range[0], on_time_range[0] + late_range[0]),
            interval=wilson_interval(on_time_range[0], on_time_range[0] + late_range[0]),
        )
    low, high = (
        share(on_time_range[0], on_time_range[0] + late_range[1]) or 0.0,
        share(on_time_range[1], on_time_range[1] + late_range[0]) or 0.0,
    )
    return PublishedCell(None, rules.few, (low, high))


def _value_range(cell: PublishedCell, rules: DisclosureRules) -> tuple[int, int] | None:
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
        return PublishedCell(None, PROTECTS_ANOTHER)
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
    if len(hidden) == 1 and cells[hidden[0]].reason in (rules.few, PROTECTS_ANOTHER):
        visible = sorted((sizes[i], i) for i, cell in enumerate(cells) if cell.value is not None)
        if visible:
            cells[visible[0][1]] = PublishedCell(None, PROTECTS_ANOTHER)
    return cells
