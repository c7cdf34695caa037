"""What the pages promise: every sentence of /, /guide, /privacy and /accessibility has a row in `promises.toml`.

A row says which test holds the sentence, or that it promises nothing. Whoever writes a new sentence there adds its row,
and where it promises something, the test that would fail if it were not kept.
"""

import re
import tomllib
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.people import Door

ROWS_FILE = Path(__file__).with_name("promises.toml")
PAGES = ("/", "/guide", "/privacy", "/accessibility")
_ENDS = frozenset({"p", "li", "td", "th", "h1", "h2", "h3", "div", "dt", "dd", "tr", "summary", "caption", "a.btn"})
_SILENT = frozenset({"script", "style", "svg", "nav", "aside", "caption"})
_STATED = re.compile(r"[。；]")


class _Sentences(HTMLParser):
    """The sentences of a page's main part, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []
        self._words = ""
        self._depth_of_main = self._depth_of_silence = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._depth_of_main += tag == "main"
        self._depth_of_silence += tag in _SILENT or ("data-of-table", "") in attrs
        if tag in _ENDS:
            self._end()

    def handle_endtag(self, tag: str) -> None:
        if tag in _ENDS:
            self._end()
        self._depth_of_main -= tag == "main"
        self._depth_of_silence -= tag in _SILENT

    def handle_data(self, data: str) -> None:
        if self._depth_of_main and not self._depth_of_silence:
            self._words += data

    def _end(self) -> None:
        words, self._words = re.sub(r"\s+", " ", self._words).strip(), ""
        self.sentences += [part.strip() for part in _STATED.split(words) if part.strip()]


def list_sentences(html: str) -> list[str]:
    """Each sentence once."""
    parser = _Sentences()
    parser.feed(html)
    return list(dict.fromkeys(parser.sentences))


async def test_dump(door: Door) -> None:
    out = []
    for path in PAGES:
        out.append("== " + path)
        out += list_sentences((await door.get(path)).text)
    Path("/tmp/proof-sentences.txt").write_text("\n".join(out))
