"""The words a text is found by, and what a query asks for. Pure: no I/O.

A text is brought into its comparison form and cut into bigrams of Chinese runs (and each run's last character) and
whole Latin words or numbers, in their order. A word of a query is a phrase: its tokens must follow each other. So a hit
is a hit without a second look at the text, and the same on every database.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from feedback.rules.normal_form import comparison_form

_CHINESE = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_CHINESE}]+|[^\W_{_CHINESE}]+")
QUERY_MOST = 200  # characters of a query that count
TEXT_MOST = 16_000  # characters of a text that are indexed: PostgreSQL tells no positions apart beyond 16,383


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that must follow each other; with `is_open` the last one need only be the beginning of a token."""

    tokens: tuple[str, ...]
    is_open: bool = False


def normalize(text: str) -> str:
    """The text as it is compared."""
    return comparison_form(text)


def is_chinese(run: str) -> bool:
    return run[0] >= "\u3400"


def split_runs(text: str) -> list[str]:
    """The runs of Chinese characters and of other letters and digits in a normalized text."""
    return _RUN.findall(text)


def find_runs(text: str) -> list[tuple[int, str]]:
    """The same, each with its place."""
    return [(match.start(), match[0]) for match in _RUN.finditer(text)]


def tokenize(text: str) -> list[str]:
    """What a text is found by, in its order: bigrams and the last character of a Chinese run, other words whole."""
    return [token for run in split_runs(normalize(text)[:TEXT_MOST]) for token in _cut(run)]


def _cut(run: str) -> Iterator[str]:
    if not is_chinese(run):
        yield run[:QUERY_MOST]  # no query is longer, and PostgreSQL refuses words of more than 2,046 bytes
        return
    for at in range(len(run) - 1):
        yield run[at : at + 2]
    yield run[-1]


def query_terms(query: str) -> list[str]:
    """The words of a query in comparison form."""
    return [term for term in normalize(query)[:QUERY_MOST].split() if term]


def query_phrases(query: str) -> list[Phrase]:
    """What a query asks for, a phrase for each of its words; signs and blanks between characters do not count."""
    phrases = dict.fromkeys(phrase for term in query_terms(query) if (phrase := _to_phrase(split_runs(term))))
    return list(phrases)


def former_phrases(query: str) -> list[Phrase]:
    """The same as the index of the version before was written: compatibility forms unified, case folded, no more."""
    terms = unicodedata.normalize("NFKC", query).casefold()[:QUERY_MOST].split()
    return list(dict.fromkeys(phrase for term in terms if (phrase := _to_phrase(split_runs(term)))))


def _to_phrase(runs: list[str]) -> Phrase | None:
    if not runs:
        return None
    tokens = [token for run in runs for token in _cut(run)]
    last = runs[-1]
    if not is_chinese(last):
        return Phrase(tuple(tokens))
    # The text may go on behind the last character: one alone begins a token, more have their bigrams.
    return Phrase(tuple(tokens), is_open=True) if len(last) == 1 else Phrase(tuple(tokens[:-1]))


def holds_all(text: str, query: str) -> bool:
    """Whether the text holds every word of the query as it is written."""
    haystack = normalize(text)
    return all(term in haystack for term in query_terms(query))
