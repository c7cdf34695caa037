"""Seed examples for the first release: the cards and examples of `knowledge/` and the tenant's duty list."""

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
    """A text and its category: a level-2 code or, when no finer one is known, a level-1 code."""

    title: str
    text: str
    category: str
    source: str
    weight: float = 1.0


def seed_examples(duties: Iterable[tuple[str, Sequence[str]]]) -> list[Example]:
    """All seed examples: cards, our own examples, the tenant's duty sentences."""
    examples: list[Example] = []
    for code, card in _read("cards").items():
        words = card["words"].split()
        examples.append(Example("", " ".join(words), code, "card"))
        examples.extend(Example("", word, code, "word") for word in words)
    for code, section in _read("examples").items():
        examples.extend(Example(title, body, code, "example") for title, body in section["messages"])
    for sentence, codes in duties:
        known_codes = [code for code in codes if code in taxonomy.LEVEL2]
        examples.extend(Example("", sentence, code, "duty", 1 / len(known_codes)) for code in known_codes)
    return examples


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((KNOWLEDGE / f"{name}.toml").read_text(encoding="utf-8"))
