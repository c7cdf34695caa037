"""Import of a notice of days off: typed lines, holiday-cn's JSON, CSV, Excel. Faults are reported."""

import io
import json
from datetime import date, timedelta

import pytest
import xlsxwriter

from feedback.record import calendar_editions
from feedback.rules import workdays
from feedback.rules.workdays import Calendar, DayRow
from web.imports.calendar_files import read_file, read_lines
from web.imports.calendar_notice import CalendarNotice, check_notice, count_days, list_doubts

KNOWN = workdays.package()
YEAR = [
    ("元旦", "2027-01-01", True),
    ("元旦", "2027-01-02", True),
    ("元旦", "2027-01-03", True),
    ("春节", "2027-02-05", True),
    ("春节", "2027-02-20", False),
]


def _json(days: list[tuple[str, str, bool]], year: int = 2027) -> bytes:
    rows = [{"name": name, "date": day, "isOffDay": is_off} for name, day, is_off in days]
    return json.dumps({"year": year, "papers": ["http://www.gov.cn/7"], "days": rows}).encode()


def _excel(rows: list[tuple[object, ...]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(at, column, value, day)
                else:
                    sheet.write(at, column, value)
    return out.getvalue()


async def test_three_sorts_of_file_say_the_same() -> None:
    text = "日期,名称,是否上班\r\n" + "".join(f"{day},{name},{'否' if off else '是'}\r\n" for name, day, off in YEAR)
    head = [("date", "is_workday", "name")]
    sheet = _excel([*head, *((date.fromisoformat(day), not off, name) for name, day, off in YEAR)])
    notices = [await read_file("", body) for body in (_json(YEAR), text.encode("gb18030"), sheet)]
    lines = [[(line.day, line.is_workday, line.name) for line in notice.lines] for notice in notices]
    assert not [notice.faults for notice in notices if notice.faults]
    assert lines[0] == lines[1] == lines[2]
    assert (notices[0].year, notices[0].source) == (2027, "http://www.gov.cn/7")


def test_typed_lines_are_read_and_wrong_ones_named() -> None:
    text = "2027-01-01,off,元旦\n2027-01-09，班，元旦调休\n\n2027-02-30,off,春节\n2027-03-01,maybe,x"
    notice = read_lines(text)
    assert [(line.day.isoformat(), line.is_workday) for line in notice.lines] == [
        ("2027-01-01", False),
        ("2027-01-09", True),
    ]
    assert [fault[:5] for fault in notice.faults] == ["第 4 行", "第 5 行"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("2027-01-08,work,元旦", "不是周末", id="a make-up working day on a Friday"),
        pytest.param("2027-01-01,off,元旦\n2027-01-01,off,元旦", "写了 2 次", id="a day said twice"),
        pytest.param("2027-01-01,off,", "请写明名称", id="no name"),
        pytest.param("1999-01-01,off,元旦", "年份不在", id="before our time"),
        pytest.param("2027-03-02,plain", "本来就是平日", id="plain already"),
        pytest.param("", "请至少填写一行", id="nothing"),
    ],
)
def test_a_fault_is_reported_in_words(line: str, words: str) -> None:
    change, faults = check_notice(read_lines(line), KNOWN, False)
    assert change is None
    assert words in "；".join(faults)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"year": 2027}',
        b'{"year": 2027, "days": [1]}',
        b"PK\x03\x04 not a book",
        b'{"days": {}}',
        b"\xff\xfe\x00",
    ],
)
async def test_a_broken_file_is_a_fault_and_no_more(body: bytes) -> None:
    change, faults = check_notice(await read_file("x", body), KNOWN, True)
    assert change is None and faults


async def test_a_whole_year_lies_in_its_year() -> None:
    change, faults = check_notice(await read_file("", _json([*YEAR, ("元旦", "2028-03-01", True)])), KNOWN, True)
    assert change is None and "不在 2027 年" in faults[0]
    change, faults = check_notice(await read_file("", _json([*YEAR, ("元旦", "2026-12-31", True)])), KNOWN, True)
    assert change and not faults


async def test_only_a_whole_year_makes_it_known_and_what_it_leaves_out_plain() -> None:
    checked, _ = check_notice(read_lines("2027-01-01,off,元旦"), KNOWN, False)
    assert checked and checked.announced_until == date(2026, 12, 31)
    before = Calendar.of("b", date(2026, 12, 31), [*KNOWN.rows.values(), DayRow(date(2027, 5, 3), False, "劳动节")])
    year, _ = check_notice(await read_file("", _json(YEAR)), before, True)
    assert year and year.announced_until == date(2027, 12, 31)
    assert year.plain == (date(2027, 5, 3),)
    assert date(2027, 5, 3) not in calendar_editions.apply_change(before, year).rows


async def test_an_implausible_notice_gets_a_warning_and_is_not_refused() -> None:
    change, _ = check_notice(await read_file("", _json(YEAR)), KNOWN, True)
    assert change
    words = "".join(list_doubts(change, calendar_editions.apply_change(KNOWN, change), date(2026, 11, 22)))
    assert "没有看到：清明、劳动、端午、中秋、国庆" in words
    past = calendar_editions.CalendarChange((DayRow(date(2026, 10, 9), False, "x"),), (), KNOWN.announced_until)
    assert "已经过去" in list_doubts(past, calendar_editions.apply_change(KNOWN, past), date(2026, 11, 22))[0]


def test_the_announced_years_pass_their_own_check() -> None:
    for year in range(2016, 2027):
        rows = [r for r in KNOWN.rows.values() if r.day.year == year]
        notice = CalendarNotice(
            read_lines("\n".join(f"{r.day},{'work' if r.is_workday else 'off'},{r.name}" for r in rows)).lines
        )
        change, faults = check_notice(notice, KNOWN, True)
        assert change, faults
        assert calendar_editions.apply_change(KNOWN, change).rows == KNOWN.rows


def test_a_year_is_counted_as_the_notice_does() -> None:
    counts = count_days(KNOWN, 2026)
    assert counts["make_up"] == 6
    days = [date(2026, 1, 1) + timedelta(n) for n in range(365)]
    assert counts["working"] == sum(KNOWN.is_workday(day) for day in days) == 248


SAME_DAYS = [(date(2027, 1, 1), False, "元旦"), (date(2027, 2, 20), True, "春节")]


def _days(notice: CalendarNotice) -> list[tuple[date, bool | None, str]]:
    assert not notice.faults
    return [(line.day, line.is_workday, line.name) for line in notice.lines]


@pytest.mark.parametrize(
    "day", ["2027-1-1", "2027/1/1", "2027年1月1日", "2027.1.1", "20270101", "46388", "２０２７-０１-０１"]
)
@pytest.mark.parametrize(
    ("off", "work"), [("休息日", "补班"), ("放假", "上班"), ("法定节假日", "调休上班"), ("FALSE", "TRUE")]
)
def test_the_spellings_of_notices_say_the_same(day: str, off: str, work: str) -> None:
    assert _days(read_lines(f"日期,安排,名称\n{day},{off},元旦\n2027/2/20,{work},春节")) == SAME_DAYS


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "，"])
def test_typed_and_copied_lines_are_read_with_every_separator_and_line_end(line_end: str, separator: str) -> None:
    lines = ["日期,安排,名称", "2027/1/1,休,元旦", "2027/2/20,班,春节", ""]
    assert _days(read_lines(line_end.join(lines).replace(",", separator))) == SAME_DAYS


async def test_saved_again_as_unicode_text_on_an_old_computer_it_is_still_read() -> None:
    for content in (
        "日期\t安排\t名称\r\n2027/1/1\t休\t元旦\r\n2027/2/20\t班\t春节\r\n".encode("utf-16"),
        "日期,安排,名称\r2027-01-01,休,元旦\r2027-02-20,班,春节\r".encode(),
        "日期,安排,名称\r\n2027/1/1,休,元旦\r\n2027/2/20,班,春节\r\n".encode("gbk"),
    ):
        assert _days(await read_file("2027.csv", content)) == SAME_DAYS


def test_an_unclosed_quotation_mark_is_named_and_takes_no_day_with_it() -> None:
    notice = read_lines('日期,安排,名称\n2027-01-01,休,"元旦\n2027-01-02,休,元旦\n')
    assert [(line.day, line.name) for line in notice.lines] == [(date(2027, 1, 2), "元旦")]
    assert notice.faults == ("第 2 行：引号没有配对，请补上或删去这一行的引号",)


def test_a_day_that_could_be_two_is_asked_and_not_guessed() -> None:
    assert "看不出哪个是月" in read_lines("1/5/2027,休,元旦").faults[0]


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    assert "缺少栏目 名称，第 1 行写的是：日期、安排" in read_lines("日期,安排\n2027-01-01,休").faults[0]


async def test_the_calendars_of_others_say_the_same() -> None:
    timor = {"code": 0, "holiday": {
        "01-01": {"holiday": True, "name": "元旦", "date": "2027-01-01"},
        "02-20": {"holiday": False, "name": "春节后补班", "date": "2027-02-20"},
    }}  # fmt: skip
    chinese_days = {
        "holidays": {"2027-01-01": "New Year's Day,元旦,1"},
        "workdays": {"2027-02-20": "Spring Festival,春节,3"},
        "inLieuDays": {},
    }
    event = "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:{}\r\nDTEND;VALUE=DATE:{}\r\nSUMMARY:{}\r\nEND:VEVENT\r\n"
    ics = (
        "BEGIN:VCALENDAR\r\n"
        + event.format("20270101", "20270102", "元旦（休）")
        + event.format("20270220", "20270221", "春节 补班")
    )
    for content in (json.dumps(timor).encode(), json.dumps(chinese_days).encode(), f"{ics}END:VCALENDAR".encode()):
        assert _days(await read_file("x", content)) == SAME_DAYS
