"""Precision and recall of redaction on sentences of our own, by kind.

`python -m tests.bench.redaction_report` prints a table for the sentences the patterns were written with and one for
the third that was held out, and every miss and false alarm with `--faults` (of the first set only, so that the other
stays unseen). A span counts as covered when no letter or digit of it is left; a finding counts as right when at least
half of it lies in what had to be covered.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from feedback.rules.redaction import find_personal_data

CASES: Final = Path(__file__).parents[1] / "rules" / "redaction_cases.toml"
OPEN, CLOSE = "⟦", "⟧"
HELD_OUT_EVERY: Final = 3


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without its marks, what must be covered in it, and the names known of the case."""

    heading: str
    text: str
    spans: tuple[tuple[int, int], ...]
    names: tuple[str, ...]
    is_held_out: bool


@dataclass(slots=True)
class Counts:
    """How much of a heading was covered, and how many findings there were right."""

    spans: int = 0
    covered: int = 0
    findings: int = 0
    right: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.covered / self.spans if self.spans else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.findings if self.findings else 1.0


def load_sentences() -> list[Sentence]:
    """All sentences of the file, in its order."""
    sentences: list[Sentence] = []
    for heading, table in tomllib.loads(CASES.read_text(encoding="utf-8")).items():
        lines = [line for line in table["lines"].split("\n") if line.strip()]
        sentences += [
            _parse(heading, line, tuple(table.get("names", ())), at % HELD_OUT_EVERY == HELD_OUT_EVERY - 1)
            for at, line in enumerate(lines)
        ]
    return sentences


def _parse(heading: str, line: str, names: tuple[str, ...], is_held_out: bool) -> Sentence:
    spans, text = [], ""
    for piece in line.split(OPEN):
        inside, close, outside = piece.partition(CLOSE)
        if close:
            spans.append((len(text), len(text) + len(inside)))
        text += inside + outside
    return Sentence(heading, text, tuple(spans), names, is_held_out)


def measure(sentences: Iterable[Sentence]) -> dict[str, Counts]:
    """Counts by heading, and of all under "all"."""
    figures: dict[str, Counts] = {}
    for sentence in sentences:
        findings = find_personal_data(sentence.text, sentence.names)
        places = {at for finding in findings for at in range(finding.start, finding.end)}
        wanted = {at for start, end in sentence.spans for at in range(start, end)}
        hidden = [
            all(at in places or not sentence.text[at].isalnum() for at in range(*span)) for span in sentence.spans
        ]
        right = [
            2 * len(wanted.intersection(range(f.start, f.end))) >= f.end - f.start if wanted else False
            for f in findings
        ]
        for counts in (figures.setdefault(sentence.heading, Counts()), figures.setdefault("all", Counts())):
            counts.spans += len(hidden)
            counts.covered += sum(hidden)
            counts.findings += len(right)
            counts.right += sum(right)
            if not all(hidden) or not all(right):
                counts.faults.append(f"{sentence.text}  {[f.text for f in findings]}")
    return figures


def measure_by_sort(sentences: Iterable[Sentence]) -> dict[str, tuple[int, int]]:
    """Of each sort of finding: how many there were, and how many in sentences where nothing is to be covered."""
    counts: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for sentence in sentences:
        for finding in find_personal_data(sentence.text, sentence.names):
            counts[finding.sort] += 1
            wrong[finding.sort] += not sentence.spans
    return {sort: (count, wrong[sort]) for sort, count in counts.items()}


def main() -> None:
    sentences = load_sentences()
    for title, is_held_out in (("written with", False), ("held out", True)):
        some = [sentence for sentence in sentences if sentence.is_held_out is is_held_out]
        figures = measure(some)
        print(f"\n{title}: {len(some)} sentences")
        print(f"{'kind':<18}{'spans':>6}{'recall':>8}{'found':>7}{'precision':>11}")
        for heading, counts in sorted(figures.items(), key=lambda item: item[0] == "all"):
            print(f"{heading:<18}{counts.spans:>6}{counts.recall:>8.3f}{counts.findings:>7}{counts.precision:>11.3f}")
        print("found, of these in sentences to keep:", measure_by_sort(some))
        if "--faults" in sys.argv and (not is_held_out or "--all" in sys.argv):
            print(*figures["all"].faults, sep="\n")


if __name__ == "__main__":
    main()
