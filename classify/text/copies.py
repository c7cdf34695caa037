"""Group near-identical texts, so that copies of one text weigh together no more than a few. No I/O."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from classify.text.features import tidy

CAMPAIGN_MOST: Final = 3.0
"""What all copies of one text weigh together."""
ALIKE: Final = 0.5  # Jaccard of character fours
_SKETCH: Final = 48
_BANDS: Final = 6
_LOOKED: Final = 24  # so many texts that share a gram are compared; a wording everybody uses tells nothing


def copies(texts: Iterable[str]) -> list[int]:
    """A number per text; near-identical texts share theirs. Found by sketches, so the time grows with the number."""
    sketches = [_sketch(text) for text in texts]
    leader = list(range(len(sketches)))

    def root(place: int) -> int:
        while leader[place] != place:
            leader[place] = leader[leader[place]]
            place = leader[place]
        return place

    first: dict[int, list[int]] = {}
    for place, sketch in enumerate(sketches):
        for gram in sketch[:_BANDS]:
            known = first.setdefault(gram, [])
            for other in known:
                if root(other) != root(place) and _alike(sketch, sketches[other]):
                    leader[root(place)] = root(other)
            if len(known) < _LOOKED:
                known.append(place)
    return [root(place) for place in range(len(sketches))]


def _sketch(text: str) -> tuple[int, ...]:
    """The smallest hashes of the character fours: two texts alike share most of them."""
    plain = tidy(text).replace(" ", "")
    fours = {zlib.crc32(plain[i : i + 4].encode()) for i in range(max(1, len(plain) - 3))}
    return tuple(sorted(fours)[:_SKETCH])


def _alike(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    both = set(one) | set(other)
    smallest = set(sorted(both)[:_SKETCH])
    return len(smallest & set(one) & set(other)) >= ALIKE * len(smallest)
