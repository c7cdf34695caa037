"""Calendar arithmetic against examples of the rule book, make-up working days, and the package chinesecalendar."""

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.kernel.errors import Invalid
from feedback.rules import statutory_holidays, workdays
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


NO_NOTICE = st.dates(date(2027, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("start", "due"),
    [
        pytest.param("2026-12-25", "2027-01-04", id="the first of January is off whatever the notice says"),
        pytest.param("2027-09-27", "2027-10-05", id="so are three days of October"),
        pytest.param("2027-02-03", "2027-02-12", id="the eve and three days of Spring Festival, two on a weekend"),
        pytest.param("2027-04-02", "2027-04-12", id="Qingming by the solar term"),
        pytest.param("2027-06-04", "2027-06-14", id="Dragon Boat by the lunar calendar"),
        pytest.param("2027-09-10", "2027-09-20", id="Mid-autumn by the lunar calendar"),
    ],
)
def test_the_days_of_the_law_are_off_before_the_notice_of_their_year(start: str, due: str) -> None:
    assert CALENDAR.add_workdays(_day(start), 5) == _day(due)
    assert CALENDAR.is_provisional(_day(due))


@pytest.mark.parametrize(("first", "last", "count"), [(2005, 2007, 10), (2008, 2024, 11), (2025, 2026, 13)])
def test_the_days_of_the_law_are_among_those_announced(first: int, last: int, count: int) -> None:
    for year in range(first, last + 1):
        days = statutory_holidays.days_of_year(year)
        assert sum(len(names.split("、")) for names in days.values()) == count, year
        assert not [day for day in days if chinese_calendar.is_workday(day)], year


@given(NO_NOTICE)
def test_a_day_without_notice_is_off_on_weekends_and_by_the_law_only(day: date) -> None:
    is_off = day.weekday() >= 5 or bool(statutory_holidays.name_of(day))
    assert CALENDAR.is_workday(day) is not is_off
    assert CALENDAR.is_provisional(day)


@given(NO_NOTICE, st.integers(1, 60))
def test_the_days_of_the_law_only_ever_make_a_term_longer(day: date, count: int) -> None:
    plain = workdays.Calendar.of("before", CALENDAR.announced_until, CALENDAR.rows.values(), False)
    for unit in (TermUnit.CALENDAR, TermUnit.WORKING):
        raw, legal = compute_due_days(CALENDAR, day, Length(count, unit))
        plain_raw, plain_legal = compute_due_days(plain, day, Length(count, unit))
        assert raw >= plain_raw and legal >= plain_legal
        assert CALENDAR.is_workday(legal)


def test_a_notice_stands_above_the_law_in_its_year() -> None:
    notice = workdays.DayRow(date(2027, 10, 8), False, "国庆节")
    announced = workdays.Calendar.of("2027", date(2027, 12, 31), [*CALENDAR.rows.values(), notice])
    assert not announced.is_workday(date(2027, 10, 8))
    assert announced.is_workday(date(2027, 10, 1))  # a notice that leaves the day out is a fault, told by its draft
    changed = workdays.changed_days(CALENDAR, announced)
    assert changed[0] == date(2027, 1, 1) and changed[-1] == date(2027, 10, 8)
    assert all(day.year == 2027 for day in changed)


def test_an_edition_of_before_the_rule_counts_the_plain_week_as_it_did() -> None:
    before = workdays.Calendar.of("2026-1", CALENDAR.announced_until, CALENDAR.rows.values(), False)
    assert before.add_workdays(_day("2026-12-25"), 5) == _day("2027-01-01")
    changed = workdays.changed_days(before, CALENDAR)
    assert changed[0] == date(2027, 1, 1) and date(2099, 10, 1) in changed


def test_behind_the_tables_of_the_lunar_calendar_the_solar_days_are_known() -> None:
    days = statutory_holidays.days_of_year(statutory_holidays.LAST_YEAR + 1)
    assert [f"{day:%m%d}" for day in days] == ["0101", "0501", "0502", "1001", "1002", "1003"]


def test_every_day_of_a_term_is_explained() -> None:
    days = list(CALENDAR.explain(_day("2026-09-30"), _day("2026-10-13")))
    assert [d for d, works, _ in days if works] == [_day(f"2026-10-{n:02}") for n in (8, 9, 10, 12, 13)]
    assert {d: why for d, _, why in days}[_day("2026-10-10")] == "国庆节调休上班"


@pytest.mark.parametrize("text", ["", "15", "cd", "-3cd", "1.5wd", "15xd", "99999cd", "30m", "min", "1.5min"])
def test_a_length_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_length(text)
