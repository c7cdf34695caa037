"""A town's own terms may be shorter than the law's, never longer; a running clock keeps the term it started with."""

from datetime import date, timedelta

import pytest

from feedback.kernel.errors import Invalid
from feedback.rules import local_terms
from feedback.rules.deadlines import compute_clocks
from feedback.rules.terms import TERMS
from feedback.rules.vocabulary import Act, Kind, Profile
from tests.rules.test_law_table import CALENDAR, START, clock, facts, history

SHORTER = '[[promise]]\nterm = "resolve"\nprofile = "petition"\nlength = "30cd"\nkinds = ["appeal"]\n'


def test_a_shorter_promise_holds_for_what_begins_under_it_and_for_nothing_that_runs() -> None:
    acts = (Act.SUBMIT, Act.ASSIGN, Act.ACCEPT)
    data = {"terms": local_terms.list_promised_lengths(Act.ACCEPT, facts(), local_terms.parse_local_terms(SHORTER))}
    assert data == {"terms": {"resolve": "30cd"}}
    promised = clock(compute_clocks(history(*acts, data_by_act={Act.ACCEPT: data}), facts(), CALENDAR), "resolve")
    plain = clock(compute_clocks(history(*acts), facts(), CALENDAR), "resolve")
    assert (str(promised.length), promised.due_raw_day) == ("30cd", date(2026, 9, 4))
    assert (str(plain.length), plain.law) == ("60cd", promised.law)
    assert promised.starts_at > START


def test_a_promise_holds_for_its_kinds_only() -> None:
    assert (
        local_terms.list_promised_lengths(Act.ACCEPT, facts(Kind.SUGGEST), local_terms.parse_local_terms(SHORTER)) == {}
    )
    assert (
        local_terms.list_promised_lengths(
            Act.ACCEPT, facts(Kind.APPEAL, Profile.HOTLINE), local_terms.parse_local_terms(SHORTER)
        )
        == {}
    )


URGENT = '[[promise]]\nterm = "notify"\nprofile = "hotline"\nlength = "20min"\n'


def test_a_promise_in_minutes_tightens_what_runs_in_hours_or_minutes_and_nothing_in_days() -> None:
    (promise,) = local_terms.parse_local_terms(URGENT)
    urgent, calm = facts(Kind.HELP, Profile.HOTLINE, 1), facts(Kind.HELP, Profile.HOTLINE)
    assert local_terms.list_promised_lengths(Act.ASSIGN, urgent, [promise]) == {"notify": "20min"}
    assert local_terms.list_promised_lengths(Act.ASSIGN, calm, [promise]) == {}
    data_by_act = {Act.ASSIGN: {"unit": "jiaoyu", "terms": {"notify": "20min"}}}
    computed = clock(
        compute_clocks(history(Act.SUBMIT, Act.ASSIGN, data_by_act=data_by_act), urgent, CALENDAR), "notify"
    )
    assert (str(computed.length), computed.due_at - computed.starts_at) == ("20min", timedelta(minutes=20))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (URGENT.replace("20min", "31min"), "longer_than_the_law"),
        (URGENT.replace("20min", "1h"), "longer_than_the_law"),
        (SHORTER.replace("30cd", "61cd"), "longer_than_the_law"),
        (SHORTER.replace('"resolve"', '"object"').replace("30cd", "3wd"), "may_not_be_tightened"),
        (SHORTER.replace('"resolve"', '"ask_review"').replace("30cd", "10cd"), "may_not_be_tightened"),
        (SHORTER.replace("30cd", "5wd"), "counted_otherwise"),
        (SHORTER.replace('"resolve"', '"nothing"'), "no_such_term"),
        (SHORTER.replace('"petition"', '"postal"'), "not_a_promise"),
        (SHORTER.replace("30cd", "0cd"), "promise_of_nothing"),
        ("[[promise", "not_toml"),
    ],
)
def test_what_loosens_or_touches_what_is_fixed_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        local_terms.parse_local_terms(text)
    assert set(refused.value.fields.values()) == {why}


def test_every_row_says_whether_it_may_be_tightened_and_rights_may_not() -> None:
    fixed = {row.code for row in TERMS if row.fixed}
    assert {"object", "ask_review", "ask_re_review"} <= fixed
    assert not fixed & {"forward", "resolve", "notify", "answer", "review", "re_review"}
