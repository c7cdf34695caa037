"""What the texts of cells mean: times and days in all spellings of Chinese systems, telephone numbers, long numbers."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.kernel.clock import OFFICE_TIMEZONE
from web.tables.cells import (
    Phone,
    cell_text,
    find_time_fault,
    guard_formula,
    is_damaged_number,
    number_text,
    parse_date,
    parse_phones,
    parse_time,
    serial_text,
)

HALF_PAST_NINE = datetime(2026, 1, 5, 9, 30, tzinfo=OFFICE_TIMEZONE)


@pytest.mark.parametrize(
    "text",
    [
        "2026-1-5 9:30",
        "2026-01-05 09:30:00",
        "2026-01-05T09:30:00+08:00",
        "2026-01-05T01:30:00Z",
        "2026-01-05T01:30:00.000Z",
        "2026-01-05 09:30:00+0800",
        "2026/01/05 09:30:00.0",
        "2026-01-05 09:30:00.000",
        "2026/1/5 上午 9:30:00",
        "2026-01-05 上午9:30",
        "2026年1月5日 9:30",
        "2026年01月05日 09时30分",
        "2026年01月05日09时30分00秒",
        "2026年1月5日 上午9点半",
        "2026 年 1 月 5 日 9 ： 30",
        "2026年1月5日（星期一）9:30",
        "2026.1.5 9:30",
        "2026.01.05 09:30",
        "20260105093000",
        "202601050930",
        "46027.395833",
        "46027.395833333336",
        "1767576600000",
        "1767576600",
        "２０２６-０１-０５ ０９：３０",
        "2026/1/5 9:30 AM",
        "Mon Jan 05 09:30:00 CST 2026",
        "'2026-1-5 9:30",
        " 2026-1-5\u3000 9:30 ",
        "二〇二六年一月五日 9:30",
    ],
)
def test_every_spelling_of_half_past_nine_is_the_same_instant(text: str) -> None:
    assert parse_time(text) == HALF_PAST_NINE
    assert parse_time(text).tzinfo is UTC  # type: ignore[union-attr]
    assert find_time_fault(text) == ""


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("2026-1-5 下午3:20", 15, 20),
        ("2026/1/5 3:20:00 PM", 15, 20),
        ("2026-1-5 下午 15:20", 15, 20),
        ("2026-1-5 上午12:05", 0, 5),
        ("2026-1-5 下午12:05", 12, 5),
        ("2026-1-5 中午12:05", 12, 5),
        ("2026-1-5 中午1点", 13, 0),
        ("2026-1-5 晚上8点10分", 20, 10),
        ("2026-1-5 凌晨2:00", 2, 0),
        ("2026-1-5", 0, 0),
    ],
)
def test_the_part_of_the_day_moves_the_hour(text: str, hour: int, minute: int) -> None:
    assert parse_time(text) == datetime(2026, 1, 5, hour, minute, tzinfo=OFFICE_TIMEZONE)


@pytest.mark.parametrize("text", ["1/5/2026", "1/5/2026 9:30:00 AM", "5-1-2026", "12.11.2026"])
def test_a_day_that_could_be_two_is_not_guessed(text: str) -> None:
    assert parse_time(text) is None
    assert parse_date(text) is None
    assert find_time_fault(text) == "ambiguous_day"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("13/5/2026", date(2026, 5, 13)),
        ("5/13/2026", date(2026, 5, 13)),
        ("3/3/2026", date(2026, 3, 3)),
        ("2027/1/1", date(2027, 1, 1)),
        ("2027年1月1日", date(2027, 1, 1)),
        ("2027-01-01 00:00:00", date(2027, 1, 1)),
        ("2027-01-01T00:00:00+08:00", date(2027, 1, 1)),
        ("20270101", date(2027, 1, 1)),
        ("46388", date(2027, 1, 1)),
        ("二〇二六年十一月二十三日", date(2026, 11, 23)),
        ("二零二六年十月三十一日", date(2026, 10, 31)),
    ],
)
def test_days_are_read_in_every_spelling_that_is_certain(text: str, day: date) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "无",
        "待定",
        "0001-01-01",
        "1899-12-31",
        "2101-01-01",
        "2026-13-1",
        "2026-2-30",
        "26-1-5",
        "2026-01-05 25:00",
        "2026-01-05 上午15:00",
        "2026-1-5 晚上12点",
        "2026-1-5 夜里2:30",
        "2026-1-5 晚上1:00",
        "2026-1-5 晚上0:30",
        "2026-01-05 09:61",
        "昨天",
        "0",
        "-1",
        "99999",
        "9" * 400,
        "00000000",
    ],
)
def test_what_is_no_time_is_none_and_says_so(text: str) -> None:
    assert parse_time(text) is None
    assert find_time_fault(text) == "not_a_time"


def test_a_day_with_a_time_of_day_is_no_day() -> None:
    assert parse_date("2027-01-01 09:30") is None


@given(st.datetimes(datetime(1992, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001
def test_what_programs_write_is_read_to_the_second(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    expected = moment.replace(tzinfo=OFFICE_TIMEZONE)
    for form in ("%Y-%m-%d %H:%M:%S", "%Y年%m月%d日 %H时%M分%S秒", "%Y%m%d%H%M%S", "%Y.%m.%d %I:%M:%S %p"):
        assert parse_time(moment.strftime(form)) == expected


@given(st.text(max_size=80))
def test_no_text_breaks_the_readers(text: str) -> None:
    parse_time(text)
    parse_date(text)
    parse_phones(text)
    number_text(text)


MOBILE = Phone("13800001111", "mobile")


@pytest.mark.parametrize(
    ("text", "phones", "rest"),
    [
        ("13800001111", [MOBILE], ""),
        ("１３８００００１１１１", [MOBILE], ""),
        ("138-0000-1111", [MOBILE], ""),
        ("138 0000 1111", [MOBILE], ""),
        ("+86 138 0000 1111", [MOBILE], ""),
        ("0086-13800001111", [MOBILE], ""),
        ("86-13800001111", [MOBILE], ""),
        ("8613800001111", [MOBILE], ""),
        ("(86)13800001111", [MOBILE], ""),
        ("13800001111.0", [MOBILE], ""),
        ("19912345678", [Phone("19912345678", "mobile")], ""),
        ("16712345678", [Phone("16712345678", "mobile")], ""),
        ("0571-88888888", [Phone("057188888888", "landline")], ""),
        ("(0571)88881234", [Phone("057188881234", "landline")], ""),
        ("0571-88888888-801", [Phone("057188888888", "landline", "801")], ""),
        ("0571-88888888转801", [Phone("057188888888", "landline", "801")], ""),
        ("+86 571 88881234", [Phone("057188881234", "landline")], ""),
        ("020 8888 1234", [Phone("02088881234", "landline")], ""),
        ("57188881234", [Phone("057188881234", "landline")], ""),
        ("88881234", [Phone("88881234", "local")], ""),
        ("4008001234", [Phone("4008001234", "service")], ""),
        ("400-800-1234", [Phone("4008001234", "service")], ""),
        ("95598", [Phone("95598", "service")], ""),
        ("+852 2345 6789", [Phone("+85223456789", "foreign")], ""),
        ("13800001111/13900002222", [MOBILE, Phone("13900002222", "mobile")], ""),
        ("13800001111 13900002222", [MOBILE, Phone("13900002222", "mobile")], ""),
        ("13800001111；13800001111", [MOBILE], ""),
        ("13800001111、0571-88881234", [MOBILE, Phone("057188881234", "landline")], ""),
        ("13800001111（儿子）", [MOBILE], "(儿子)"),
        ("微信同号 13800001111", [MOBILE], "微信同号"),
        ("330102199001011234", [], "330102199001011234"),
        ("1380000111", [], "1380000111"),
        ("138000011112", [], "138000011112"),
    ],
)
def test_telephone_cells_give_their_numbers_and_what_is_left_over(text: str, phones: list[Phone], rest: str) -> None:
    cell = parse_phones(text)
    assert (list(cell.phones), cell.rest) == (phones, rest)


def test_no_number_and_a_hidden_number_are_told_apart() -> None:
    assert all(parse_phones(text).says_none for text in ("无", "不详", "-", "保密", "N/A"))
    assert [parse_phones(text).is_masked for text in ("138****1111", "1380000****", "0571-8888****")] == [True] * 3
    assert parse_phones("138****1111").rest == "138****1111"


def test_only_numbers_somebody_can_be_called_back_under_are_personal() -> None:
    cell = parse_phones("13800001111/95598/88881234/0571-88881234")
    assert [phone.is_personal for phone in cell.phones] == [True, False, False, True]


def test_whole_numbers_lose_no_digit_and_damaged_ones_are_recognised() -> None:
    assert cell_text(13800001111.0) == "13800001111"
    assert number_text("20260901000012345") == "20260901000012345"
    assert number_text("1.3800001111E10") == "13800001111"
    assert [cell_text(value) for value in (0.1 + 0.2, 1.5, 100, True, None)] == ["0.3", "1.5", "100", "TRUE", ""]
    assert cell_text(2.026090100001234e16) == "2.026090100001234E+16"
    assert [is_damaged_number(text) for text in ("2.026090100001234E+16", "1.2E+17", "1.38E+10")] == [True] * 3
    assert [is_damaged_number(text) for text in ("1.38E+2", "13800001111", "20260901000012300", "E10", "")] == [
        False
    ] * 5


def test_serial_numbers_become_days_and_times() -> None:
    assert serial_text("46027") == "2026-01-05"
    assert serial_text("46027.39583333333") == "2026-01-05 09:30:00"
    assert serial_text("0.5") == "12:00:00"
    assert serial_text("44565", starts_1904=True) == "2026-01-05"
    assert serial_text("99999999") == "99999999"


def test_what_a_spreadsheet_would_run_is_guarded() -> None:
    assert guard_formula("=cmd|'/c calc'!A1") == "'=cmd|'/c calc'!A1"
    assert guard_formula("路灯") == "路灯"
