"""How much personal data redaction covers, and how little else, on sentences of our own.

The figures are printed by `python -m tests.bench.redaction_report`.
"""

from collections import Counter

import pytest

from tests.bench import redaction_report
from tests.bench.redaction_report import Counts, Sentence, load_sentences, measure

MIN_RECALL, MIN_PRECISION, MIN_RECALL_OF_A_KIND = 0.97, 0.97, 0.95
SENTENCES = load_sentences()


def test_the_set_is_large_and_has_hard_sentences_that_must_stay_as_they_are() -> None:
    assert len(SENTENCES) >= 400
    assert sum(not sentence.spans for sentence in SENTENCES) >= 120
    spans = Counter(sentence.heading for sentence in SENTENCES for _ in sentence.spans)
    assert {kind for kind, count in spans.items() if count >= 12} == set(spans)
    assert 0.3 < sum(sentence.is_held_out for sentence in SENTENCES) / len(SENTENCES) < 0.34


@pytest.mark.parametrize("is_held_out", [False, True])
def test_redaction_covers_nearly_all_and_hardly_anything_else(is_held_out: bool) -> None:
    figures = measure(sentence for sentence in SENTENCES if sentence.is_held_out is is_held_out)
    total = figures["all"]
    assert total.recall >= MIN_RECALL, total.faults
    assert total.precision >= MIN_PRECISION, total.faults
    weak = {kind: counts.faults for kind, counts in figures.items() if counts.recall < MIN_RECALL_OF_A_KIND}
    assert not weak


def test_the_report_counts_what_is_missed_and_what_is_found_without_need() -> None:
    missed = Sentence("home", "见附件第三页", ((0, 6),), (), False)
    needless = Sentence("keep", "电话13812345678", (), (), False)
    figures = measure([missed, needless])
    assert isinstance(figures["home"], Counts)
    assert (figures["home"].recall, figures["keep"].precision) == (0.0, 0.0)
    assert redaction_report.measure_by_sort([needless]) == {"phone": (1, 1)}
