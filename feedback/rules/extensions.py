"""Which running clocks of a case an approved extension makes longer, and by how much. No I/O."""

from collections.abc import Iterable

from feedback.rules.clocks import Clock, term_of_clock
from feedback.rules.terms import Holder


def list_extendable(clocks: Iterable[Clock]) -> list[Clock]:
    """The units' running clocks that an approved extension would make longer."""
    return [c for c in clocks if c.stopped_at is None and c.holder is Holder.LEAD and term_of_clock(c).longer_by]


def max_extension_days(clocks: Iterable[Clock]) -> int:
    """How many more days (of the term's own unit) an extension may still give. 0: none."""
    return max((term_of_clock(c).longer_by for c in list_extendable(clocks)), default=0)
