"""A row of the terms is identified by its id, whatever its wording."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from feedback.rules.clocks import Clock, term_of_clock
from feedback.rules.deadlines import compute_clocks
from feedback.rules.extensions import max_extension_days
from feedback.rules.projection import project
from feedback.rules.terms import TERMS, TERMS_BY_ID, by_id
from feedback.rules.vocabulary import Act, Kind, Profile
from tests.rules.test_law_table import CALENDAR, clock, facts, history

CORRECTED = by_id(replace(t, law=f"更正：{t.law}", label=f"更正：{t.label}") for t in TERMS)
"""The next release's table: every citation and every name reworded."""

_ACCEPTED = (Act.SUBMIT, Act.ASSIGN, Act.ACCEPT)


def _counted_before_the_correction() -> Clock:
    return clock(compute_clocks(history(*_ACCEPTED), facts(), CALENDAR), "resolve")


def test_no_two_rows_share_an_id_and_each_id_says_rule_book_code_and_year() -> None:
    assert len({term.id for term in TERMS}) == len(TERMS) == len(TERMS_BY_ID)
    for term in TERMS:
        book = term.id.partition(".")[0]
        assert re.fullmatch(rf"(any|petition|hotline|rating)\.{term.code}(\.[a-z]+)?\.\d{{4}}", term.id), term.id
        assert {book} == {profile.value for profile in term.profiles} or (book == "any" and len(term.profiles) > 1)


def test_a_second_row_with_the_same_id_is_refused() -> None:
    with pytest.raises(ValueError, match=re.escape(TERMS[0].id)):
        by_id([*TERMS, replace(TERMS[0], label="另一行")])


def test_a_clock_finds_its_row_after_the_citation_was_corrected() -> None:
    stored = _counted_before_the_correction()
    row = term_of_clock(stored, CORRECTED)
    assert (row.id, row.law) == (stored.term_id, f"更正：{stored.law}")
    assert row.longer_by == term_of_clock(stored).longer_by == 30


def test_the_corrected_table_counts_the_same_dates_under_the_new_words() -> None:
    before = compute_clocks(history(*_ACCEPTED, Act.EXTEND), facts(), CALENDAR)
    after = compute_clocks(history(*_ACCEPTED, Act.EXTEND), facts(), CALENDAR, CORRECTED)
    assert [replace(c, law="", label="") for c in after] == [replace(c, law="", label="") for c in before]
    assert all(c.law.startswith("更正：") for c in after)


@pytest.mark.parametrize("id_", ["", "petition.resolve.claim.1999"], ids=["not known", "no longer in the table"])
def test_a_clock_without_a_row_falls_back_to_what_it_holds_itself(id_: str) -> None:
    stored = replace(_counted_before_the_correction(), term_id=id_)
    row = term_of_clock(stored)
    assert (row.code, row.label, row.law, row.length) == (stored.term, stored.label, stored.law, stored.length)
    assert not row.paused_by and max_extension_days([stored]) == 0


@pytest.mark.parametrize(("urgency", "length", "hours"), [(1, "4h", 1), (2, "26h", 4)])
def test_two_rows_worded_alike_are_two_rows(urgency: int, length: str, hours: int) -> None:
    urgent = facts(Kind.COMPLAINT, Profile.HOTLINE, urgency)
    own = clock(compute_clocks(history(Act.SUBMIT), urgent, CALENDAR), "answer")
    row = term_of_clock(own)
    assert (str(row.length), row.urgent) == (length, frozenset({urgency}))
    assert own.due_at - own.warn_at == row.warn.span == timedelta(hours=hours)


def test_a_shorter_promise_and_a_newer_row_have_rows_of_their_own() -> None:
    promised = history(*_ACCEPTED, data_by_act={Act.ACCEPT: {"terms": {"resolve": "30cd"}}})
    stored = clock(compute_clocks(promised, facts(), CALENDAR), "resolve")
    assert (stored.term_id, str(stored.length)) == ("petition.resolve.claim.2022", "30cd")
    assert project(promised, facts(), CALENDAR).clocks[-1].term_id in TERMS_BY_ID
    assert TERMS_BY_ID["hotline.notify.urgent.2020"].length != TERMS_BY_ID["hotline.notify.urgent.2026"].length
