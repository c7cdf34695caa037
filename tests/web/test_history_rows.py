"""A row of a history is understood or refused with a reason, whatever its cells hold; nothing of it is guessed."""

from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feedback.kernel.errors import Invalid
from feedback.rules.imported_history import UNKNOWN_UNIT
from feedback.rules.intake import clean_line
from routing.directory import Directory
from tests.moments import MONDAY
from web.imports.history.columns import FIELDS, ColumnMap
from web.imports.history.rows import HistoryRow, RowReader

NOBODY = Directory(1, {}, {}, ())
ROW = {"text": "路灯不亮", "time": "2026-07-01 09:00"}


def read(column_map: ColumnMap | None = None, /, **cells: str) -> HistoryRow:
    reader = RowReader({name: name for name in FIELDS}, column_map or ColumnMap(), NOBODY, MONDAY)
    return reader.read(2, ROW | cells)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(list(FIELDS)), st.text(max_size=40)))
def test_only_missing_words_and_the_time_of_receipt_stop_a_row(cells: dict[str, str]) -> None:
    try:
        row = read(**cells)
    except Invalid as refusal:
        assert refusal.fields.keys() <= {"text", "time"}
        return
    assert row.text
    assert row.received_at <= MONDAY
    assert row.replied_at is None or row.received_at <= row.replied_at <= MONDAY
    assert bool(row.unit) is bool(row.reply)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=30))
@example("\x1b")
def test_a_side_field_is_understood_or_kept_as_it_stood(text: str) -> None:
    for name in ("kind", "category", "region"):
        row = read(**{name: text})
        is_blank = not clean_line(text)  # control characters alone say nothing
        assert getattr(row, name) != "" or is_blank or [cell.value for cell in row.set_aside] == [text.strip()]


@pytest.mark.parametrize(
    ("cells", "field", "reason"),
    [
        ({"reply": "好", "reply_time": "2026-06-30"}, "reply_time", "before_the_message"),
        ({"reply": "好", "reply_time": "2027-06-30"}, "reply_time", "in_the_future"),
        ({"reply": "好", "reply_time": "3/4/2026"}, "reply_time", "ambiguous_day"),
        ({"reply": "好", "unit": "轨道公司"}, "unit", "unknown_unit"),
        ({"unit": "教育局"}, "unit", "not_answered"),
        ({"reply_time": "2026-07-02"}, "reply_time", "no_reply"),
        ({"source_id": "1.2345678E+17"}, "source_id", "damaged_number"),
        ({"source_id": "9" * 200}, "source_id", "too_long"),
        ({"phone": "1.38E+10"}, "phone", "damaged_number"),
        ({"phone": "13800001111（儿子）"}, "phone", "phone_left_over"),
        ({"name": "名" * 51}, "name", "too_long"),
        ({"region": "123456"}, "region", "unknown"),
    ],
)
def test_a_cell_that_is_not_understood_says_why(cells: dict[str, str], field: str, reason: str) -> None:
    assert [(cell.field, cell.reason) for cell in read(**cells).set_aside] == [(field, reason)]


def test_an_answer_without_a_unit_is_of_an_unknown_one_and_no_cell_is_to_blame() -> None:
    row = read(reply="好")
    assert (row.unit, row.replied_at, row.set_aside) == (UNKNOWN_UNIT, None, [])


def test_a_message_without_an_answer_and_a_time_came_today_and_an_answered_one_is_sent_back() -> None:
    assert read(time="").received_at == MONDAY
    with pytest.raises(Invalid) as refusal:
        read(time="", reply="好")
    assert refusal.value.fields == {"time": "missing"}


def test_an_answer_of_the_same_day_without_an_hour_was_given_by_the_end_of_that_day() -> None:
    row = read(time="2026-07-01 14:30", reply="好", reply_time="2026-07-01")
    assert (row.replied_at, row.set_aside) == (row.received_at.replace(hour=15, minute=59, second=59), [])
    today = read(time=f"{MONDAY:%Y-%m-%d} 00:01", reply="好", reply_time=f"{MONDAY:%Y-%m-%d}")
    assert (today.replied_at, today.set_aside) == (MONDAY, [])


def test_a_row_without_an_id_has_the_same_however_its_time_is_spelt() -> None:
    spellings = (
        "2020-01-05 14:30",
        "2020/1/5 14:30:00",
        "2020年1月5日 下午2时30分",
        "2020-01-05T14:30:00",
        "20200105143000",
    )
    assert len({read(time=spelling).source_id for spelling in spellings}) == 1
    assert read(time="2020-01-05 14:31").source_id != read(time="2020-01-05 14:30").source_id


def test_the_map_names_what_empty_cells_hold() -> None:
    assert read(ColumnMap(defaults={"kind": "consult"})).kind == "consult"
    assert read(ColumnMap(defaults={"kind": "consult"}), kind="表扬").kind == "praise"


def test_a_time_with_nothing_but_a_day_is_that_days_first_instant() -> None:
    assert read(time="2026年7月1日").received_at == read().received_at - timedelta(hours=9)
