"""Calendar arithmetic against examples of the rule book, make-up working days, and the package chinesecalendar."""

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.kernel.errors import Invalid
from feedback.rules import workdays
from feedback.rules.deadlines import compute_due_days
from feedback.rules.terms import Length, TermUnit, parse_length

CALENDAR = workdays.package()
ANNOUNCED = st.dates(date(2010, 1, 1), date(2026, 11, 30))


def _day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "length", "raw", "legal"),
    [
        pytest.param("2026-02-02", "15cd", "2026-02-17", "2026-02-24", id="ends in Spring Festival and moves past it"),
        pytest.param("2026-01-30", "15cd", "2026-02-14", "2026-02-14", id="ends on a make-up Saturday and stays"),
        pytest.param(
            "2026-02-12", "30cd", "2026-03-14", "2026-03-16", id="ends on a plain Saturday and moves to Monday"
        ),
        pytest.param("2026-08-05", "60cd", "2026-10-04", "2026-10-08", id="sixty days end in National Day"),
        pytest.param("2026-09-18", "15cd", "2026-10-03", "2026-10-08", id="fifteen days end in National Day"),
        pytest.param("2026-09-30", "60cd", "2026-11-29", "2026-11-30", id="ends on a Sunday"),
        pytest.param("2026-02-12", "5wd", "2026-02-26", "2026-02-26", id="working days around Spring Festival"),
        pytest.param("2026-09-18", "5wd", "2026-09-24", "2026-09-24", id="a make-up Sunday counts"),
        pytest.param("2026-09-30", "5wd", "2026-10-13", "2026-10-13", id="working days around National Day"),
        pytest.param("2026-02-02", "5wd", "2026-02-09", "2026-02-09", id="a plain working week"),
    ],
)
def test_a_term_ends_on_the_day_the_rule_book_says(start: str, length: str, raw: str, legal: str) -> None:
    assert compute_due_days(CALENDAR, _day(start), parse_length(length)) == (_day(raw), _day(legal))


def test_an_extension_runs_from_the_plain_due_day() -> None:
    raw, _ = compute_due_days(CALENDAR, _day("2026-08-05"), parse_length("60cd"))
    assert compute_due_days(CALENDAR, raw, parse_length("30cd")) == (_day("2026-11-03"), _day("2026-11-03"))


@given(ANNOUNCED)
def test_our_calendar_agrees_with_the_announced_one_on_every_day(day: date) -> None:
    assert CALENDAR.is_workday(day) == chinese_calendar.is_workday(day)


def test_our_calendar_agrees_on_all_days_from_2010_to_2026() -> None:
    day, last = date(2010, 1, 1), date(2026, 12, 31)
    while day <= last:
        assert CALENDAR.is_workday(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


@given(ANNOUNCED, st.integers(1, 15))
def test_working_days_land_on_a_working_day_and_count_back_to_the_same_number(day: date, count: int) -> None:
    due = CALENDAR.add_workdays(day, count)
    assert CALENDAR.is_workday(due)
    assert CALENDAR.workdays_between(day, due) == count
    counted = [
        d for d in (day + timedelta(n) for n in range(1, (due - day).days + 1)) if chinese_calendar.is_workday(d)
    ]
    assert len(counted) == count


@given(ANNOUNCED, st.integers(1, 90))
def test_a_legal_due_day_is_the_first_working_day_not_before_the_plain_one(day: date, count: int) -> None:
    raw, legal = compute_due_days(CALENDAR, day, Length(count, TermUnit.CALENDAR))
    assert raw == day + timedelta(days=count)
    assert legal >= raw
    assert CALENDAR.is_workday(legal)
    assert not any(CALENDAR.is_workday(raw + timedelta(n)) for n in range((legal - raw).days))


@given(ANNOUNCED, ANNOUNCED, st.integers(1, 60))
def test_a_later_start_is_never_due_earlier(day: date, other_day: date, count: int) -> None:
    first, second = sorted((day, other_day))
    for unit in (TermUnit.CALENDAR, TermUnit.WORKING):
        assert (
            compute_due_days(CALENDAR, first, Length(count, unit))[1]
            <= compute_due_days(CALENDAR, second, Length(count, unit))[1]
        )


def test_a_year_without_its_notice_is_provisional() -> None:
    assert CALENDAR.is_provisional(date(CALENDAR.announced_until.year + 1, 1, 4))
    assert not CALENDAR.is_provisional(CALENDAR.announced_until)


def test_every_day_of_a_term_is_explained() -> None:
    days = list(CALENDAR.explain(_day("2026-09-30"), _day("2026-10-13")))
    assert [d for d, works, _ in days if works] == [_day(f"2026-10-{n:02}") for n in (8, 9, 10, 12, 13)]
    assert {d: why for d, _, why in days}[_day("2026-10-10")] == "国庆节调休上班"


@pytest.mark.parametrize("text", ["", "15", "cd", "-3cd", "1.5wd", "15xd", "99999cd", "30m", "min", "1.5min"])
def test_a_length_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_length(text)
