"""Group near-identical texts, so that all copies of one text together have only the weight of a few. No I/O."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

from classify.text.features import tidy

MAX_COPIES_WEIGHT: Final = 3.0
"""The total weight of all copies of one text."""
MIN_JACCARD: Final = 0.5  # Jaccard of character fours
_SKETCH_SIZE: Final = 48
_BANDS: Final = 6
_MAX_COMPARED: Final = 24  # at most this many texts that share a gram are compared; a common wording is no evidence


def group_copies(texts: Iterable[str]) -> list[int]:
    """Number the texts by group: near-identical texts get the same number. Uses sketches, in linear time."""
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
                if root(other) != root(place) and _is_copy(sketch, sketches[other]):
                    leader[root(place)] = root(other)
            if len(known) < _MAX_COMPARED:
                known.append(place)
    return [root(place) for place in range(len(sketches))]


def _sketch(text: str) -> tuple[int, ...]:
    """The smallest hashes of the runs of four characters: similar texts share most of them."""
    plain = tidy(text).replace(" ", "")
    fours = {zlib.crc32(plain[i : i + 4].encode()) for i in range(max(1, len(plain) - 3))}
    return tuple(sorted(fours)[:_SKETCH_SIZE])


def _is_copy(sketch: tuple[int, ...], other: tuple[int, ...]) -> bool:
    both = set(sketch) | set(other)
    smallest = set(sorted(both)[:_SKETCH_SIZE])
    return len(smallest & set(sketch) & set(other)) >= MIN_JACCARD * len(smallest)
