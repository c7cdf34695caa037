"""Examples known before the first real message: the cards and examples of `knowledge/` and the tenant's duty list."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from classify import taxonomy

KNOWLEDGE: Final = Path(__file__).parents[1] / "knowledge"
OWN_SOURCES: Final = frozenset({"word", "card", "example", "duty"})


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what it is about: a level-2 code or, when nobody said more, a level-1 code."""

    title: str
    text: str
    category: str
    source: str
    weight: float = 1.0


def seed_examples(duties: Iterable[tuple[str, Sequence[str]]]) -> list[Example]:
    """What is known before the first real message: cards, examples of our own, the tenant's duty sentences."""
    found: list[Example] = []
    for code, card in _read("cards").items():
        known = card["words"].split()
        found.append(Example("", " ".join(known), code, "card"))
        found.extend(Example("", word, code, "word") for word in known)
    for code, own in _read("examples").items():
        found.extend(Example(title, body, code, "example") for title, body in own["messages"])
    for sentence, codes in duties:
        known_codes = [code for code in codes if code in taxonomy.LEVEL2]
        found.extend(Example("", sentence, code, "duty", 1 / len(known_codes)) for code in known_codes)
    return found


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((KNOWLEDGE / f"{name}.toml").read_text(encoding="utf-8"))
