"""A district's history is taken in row by row: a row is there as a whole or not at all, and no row stops a file."""

import csv
import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from feedback import recalculation
from feedback.kernel.clock import SystemClock
from feedback.kernel.errors import Invalid
from feedback.kernel.outbox import Message
from feedback.queries import aggregates, overdue
from feedback.queries import cases as case_queries
from feedback.queries.aggregates import Span
from feedback.record.models.case import Case, Entry, TenureRow
from feedback.record.models.clocks import ClockRow
from feedback.rules.clocks import Light
from feedback.rules.imported_history import UNKNOWN_UNIT
from feedback.rules.intake import TEXT_MOST
from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import Act, Kind, Status
from routing import directory
from tests.moments import MONDAY
from tests.web.table_files import make_xlsx
from web.context import AppContext
from web.imports import history
from web.imports.history import ImportSummary
from web.presentation import timeline

DAY = timedelta(days=1)
HEADINGS = ("编号", "标题", "内容", "受理时间", "承办单位", "答复内容", "答复时间")


def written(path: Path, rows: Sequence[Sequence[str]], headings: Sequence[str] = HEADINGS) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([headings, *rows])
    return path


def row(number: int, reply: str = "已修复。", received: str = "2026-07-01 09:00", **cells: str) -> list[str]:
    usual = {
        "编号": f"L{number}",
        "标题": f"路灯不亮{number}",
        "内容": f"第{number}盏路灯不亮",
        "受理时间": received,
        "承办单位": "教育局" if reply else "",
        "答复内容": reply,
        "答复时间": "2026-07-03 15:00" if reply else "",
    }
    return [*(usual | cells).values()]


async def imported(context: AppContext, path: Path, *map_files: Path) -> ImportSummary:
    summary, _ = await history.import_history(context, path, map_files)
    assert summary.read == summary.fresh + summary.known + summary.rejected
    return summary


def beside(path: Path, ending: str) -> list[dict[str, str]]:
    file = path.with_name(f"{path.name}.{ending}.csv")
    if not file.exists():
        return []
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


async def load(context: AppContext, source_id: str, staff: str = "reception") -> CaseFile:
    case = await Case.get(source_id=source_id)
    return await case_queries.load_file(await directory.load_actor(staff), case.no, vault=context.settings.vault)


async def test_a_file_twice_is_taken_in_once(context: AppContext, tmp_path: Path) -> None:
    path = written(tmp_path / "history.csv", [row(1), row(2, reply="")])
    first, again = await imported(context, path), await imported(context, path)
    assert (first.fresh, first.answered, first.rejected) == (2, 1, 0)
    assert (again.fresh, again.known) == (0, 2)
    file = await load(context, "L1", "lead-jiaoyu")
    assert (file.status, file.entries[-1].data["text"]) == (Status.REPLIED, "已修复。")


async def test_a_row_whose_answer_cannot_be_taken_leaves_no_message_without_it(
    context: AppContext, tmp_path: Path
) -> None:
    path = written(tmp_path / "history.csv", [row(1), row(2, reply="长" * (TEXT_MOST + 1)), row(3)])
    summary = await imported(context, path)
    assert (summary.fresh, summary.answered, summary.rejected) == (2, 2, 1)
    assert not await Case.filter(source_id="L2").exists()
    assert [line["编号"] for line in beside(path, "rejected")] == ["L2"]
    mended = await imported(context, written(tmp_path / "mended.csv", [row(2)]))
    assert (mended.fresh, mended.answered) == (1, 1)


async def test_a_broken_date_of_receipt_costs_its_row_and_no_other(context: AppContext, tmp_path: Path) -> None:
    dates = ("0001-01-01", "1900-01-00", "9999-12-31", "not a day", "2026-13-01", "3/4/2026", "")
    broken = [row(number, received=date) for number, date in enumerate(dates)]
    path = written(tmp_path / "history.csv", [*broken, row(99)])
    summary = await imported(context, path)
    assert (summary.fresh, summary.rejected) == (1, len(dates))
    assert len(beside(path, "rejected")) == len(dates)


@pytest.mark.parametrize(
    ("spelling", "former"),
    [
        ("2020/1/5 14:30", "2020/1/5 14:30"),
        ("2020-01-05 14:30:00", "2020-01-05T14:30:00"),  # a time of Excel
        ("2020-01-05 00:00:00", "2020-01-05"),  # a day of Excel
    ],
)
async def test_a_row_without_an_id_that_an_older_version_took_in_is_known(
    context: AppContext, tmp_path: Path, spelling: str, former: str
) -> None:
    path = written(tmp_path / "history.csv", [row(1, 编号="", received=spelling)])
    await imported(context, path)
    of_old = hashlib.sha256(f"路灯不亮1\n第1盏路灯不亮\n{former}".encode()).hexdigest()[:40]
    await Case.all().update(source_id=of_old)
    again = await imported(context, path)
    assert (again.fresh, again.known, await Case.all().count()) == (0, 1, 1)


async def test_another_answer_to_the_same_message_is_set_aside_in_every_run(
    context: AppContext, tmp_path: Path
) -> None:
    rows = [row(1), row(1, reply="协办单位已到场。"), row(1), row(2, reply=""), row(2, reply="后来修好。")]
    path = written(tmp_path / "history.csv", rows)
    for run in range(2):
        summary = await imported(context, path)
        assert (summary.fresh, summary.known, summary.rejected) == ((2, 3, 0) if not run else (0, 5, 0))
        assert [(cell["行号"], cell["内容"]) for cell in beside(path, "set-aside")] == [
            ("3", "协办单位已到场。"),
            ("6", "后来修好。"),
        ]
    assert "已有另一份答复" in beside(path, "set-aside")[0]["原因"]
    other = written(tmp_path / "other.csv", [row(1, reply="另一个文件里的答复。")])
    assert ((await imported(context, other)).known, len(beside(other, "set-aside"))) == (1, 1)


# ---- history is history ----


async def test_history_is_in_no_list_of_what_is_late_and_in_no_figure_of_acts(
    context: AppContext, tmp_path: Path
) -> None:
    rows = [row(number, received="2011-03-07 10:00", 答复时间="2011-06-01 10:00") for number in range(20)]
    path = written(tmp_path / "history.csv", [*rows, row(50, reply="", received="2011-03-07 10:00")])
    summary = await imported(context, path)
    assert (summary.answered, summary.waiting, summary.assigned) == (20, 1, 0)
    assert await ClockRow.all().count() == 0
    supervisor = await directory.load_actor("supervisor")
    assert await overdue.list_late_clocks(supervisor, now=MONDAY + 400 * DAY) == []
    span = Span(MONDAY - 8000 * DAY, MONDAY + DAY, MONDAY)
    assert await aggregates.count_clocks(span) == []
    assert await aggregates.count_acts(span) == []
    assert sum(cell["n"] for cell in await aggregates.count_received(span)) == 21


async def test_nobody_is_told_or_asked_anything_about_an_old_answer(context: AppContext, tmp_path: Path) -> None:
    await imported(context, written(tmp_path / "history.csv", [row(1)]))
    assert await Message.filter(kind__in=["case.assign", "case.accept", "case.reply"]).count() == 0


async def test_an_old_message_without_an_answer_waits_at_the_desk_without_a_clock(
    context: AppContext, tmp_path: Path
) -> None:
    await imported(context, written(tmp_path / "history.csv", [row(1, reply="", received="2011-03-07 10:00")]))
    file = await load(context, "L1")
    assert (file.status, file.unit, file.clocks) == (Status.RECEIVED, "", ())
    assert [e.data["held"] for e in file.entries if e.act == Act.CLASSIFY] == ["history"]


async def test_a_message_of_this_week_comes_with_the_clocks_of_its_receipt(context: AppContext, tmp_path: Path) -> None:
    context.clock = SystemClock.starting_at(MONDAY)
    received = f"{MONDAY - DAY:%Y-%m-%d} 09:00"
    await imported(context, written(tmp_path / "history.csv", [row(1, reply="", received=received)]))
    file = await load(context, "L1")
    answer = next(clock for clock in file.clocks if clock.term == "answer")
    assert (answer.starts_at, file.light(MONDAY)) == (file.received_at, Light.GREEN)


async def test_an_answer_without_its_day_is_shown_with_the_time_unknown(context: AppContext, tmp_path: Path) -> None:
    path = written(
        tmp_path / "r03.csv", [row(1, 答复时间=""), row(2, 答复时间="大约七月"), row(3, 答复时间="2026-06-30")]
    )
    summary = await imported(context, path)
    assert (summary.answered, summary.undated) == (3, 3)
    assert [(cell["行号"], cell["栏目"], cell["内容"]) for cell in beside(path, "set-aside")] == [
        ("3", "答复时间", "大约七月"),
        ("4", "答复时间", "2026-06-30"),
    ]
    file = await load(context, "L1")
    assert (file.status, file.replied_at, file.clocks) == (Status.REPLIED, None, ())
    names = await directory.load_directory()
    reply = timeline.event_view(file.entries[-1], file, names)
    assert (reply.text, reply.when) == ("已修复。", "时间不详")


async def test_files_of_an_older_version_are_put_right_by_a_recalculation(context: AppContext, tmp_path: Path) -> None:
    """What is stored is brought to what an older version stored: clocks of duties that nobody had."""
    await imported(context, written(tmp_path / "history.csv", [row(1)]))
    case = await Case.get(source_id="L1")
    columns: dict[str, Any] = {"term": "audit", "label": "审核办理结果", "seq": 4, "holder": "desk", "unit": "rexian"}
    columns |= {"law": "", "length": "2wd", "edition": "", "due_raw_day": date(2026, 7, 7)}
    columns |= {"due_legal_day": date(2026, 7, 7), "starts_at": MONDAY, "warn_at": MONDAY, "due_at": MONDAY}
    await ClockRow.create(case_id=case.id, **columns)
    await Case.filter(id=case.id).update(next_due_at=MONDAY)
    differences = [difference async for difference in recalculation.find_differences()]
    assert [difference.no for difference in differences] == [case.no]
    await recalculation.recalculate(differences[0], recalculation.CAUSE, MONDAY)
    assert await ClockRow.filter(case_id=case.id).count() == 0
    assert (await Case.get(id=case.id)).next_due_at is None


# ---- units nobody knows ----


async def test_the_answer_of_an_unknown_unit_stands_and_is_credited_to_nobody(
    context: AppContext, tmp_path: Path
) -> None:
    path = written(tmp_path / "r04.csv", [row(1, 承办单位="云川轨道交通运营公司"), row(2, 承办单位="")])
    summary = await imported(context, path)
    assert (summary.answered, summary.unknown_unit) == (2, 2)
    file = await load(context, "L1")
    names = await directory.load_directory()
    assert (file.unit, names.name(file.unit)) == (UNKNOWN_UNIT, "单位不详")
    assert await TenureRow.filter(unit=context.settings.desk).count() == 0
    mapping = path.with_name("r04.csv.units.toml")
    mapping.write_text(mapping.read_text("utf-8").replace('公司" = ""', '公司" = "交通局"'), "utf-8")
    again = await imported(context, path, mapping)
    assert (again.known, again.named_since) == (2, 1)
    named, unnamed = await load(context, "L1"), await load(context, "L2")
    assert (named.unit, named.status, named.clocks) == ("jiaotong", Status.REPLIED, ())
    assert [tenure.unit for tenure in named.tenures] == ["jiaotong"]
    assert unnamed.unit == UNKNOWN_UNIT
    assert Act.NAME_UNIT in [step.act for step in unnamed.allowed]
    assert (await imported(context, path, mapping)).named_since == 0


# ---- side fields ----

PHONES: Mapping[str, tuple[str, bool]] = {
    # a cell -> the number that can be called, and whether the cell says anything besides
    "19912345678": ("19912345678", False),
    "0571-88888888": ("057188888888", False),
    "0571-88888888-801": ("057188888888", True),
    "0571-88888888转801": ("057188888888", True),
    "4008001234": ("", True),
    "95598": ("", True),
    "88881234": ("", True),
    "13800001111/13900002222": ("13800001111", True),
    "0086-13800001111": ("13800001111", False),
    "8613800001111": ("13800001111", False),
    "１３８００００１１１１": ("13800001111", False),
    "13800001111（儿子）": ("13800001111", True),
    "无": ("", False),
    "138****1111": ("", True),
    "1.38E+10": ("", True),
}


async def test_no_telephone_stops_its_row_and_what_is_no_number_is_kept_for_the_desk(
    context: AppContext, tmp_path: Path
) -> None:
    headings = (*HEADINGS, "联系人", "联系电话")
    rows = [[*row(number, reply=""), "王某某", phone] for number, phone in enumerate(PHONES)]
    path = written(tmp_path / "r05.csv", rows, headings)
    summary = await imported(context, path)
    assert (summary.fresh, summary.rejected) == (len(PHONES), 0)
    for number, (text, (phone, has_more)) in enumerate(PHONES.items()):
        file = await load(context, f"L{number}")
        assert file.person is not None
        assert (file.person.phone, file.set_aside) == (phone, (("phone", text),) if has_more else ())
        entry = await Entry.get(case__source_id=f"L{number}", seq=1)
        assert text not in str(entry.data)


async def test_nothing_but_missing_words_sends_a_row_back(context: AppContext, tmp_path: Path) -> None:
    headings = (*HEADINGS, "类型", "区划代码", "一级标签", "事发地点", "姓名")
    side = ["不知什么", "123", "没有这一类", "路" * 300, "名" * 60]
    path = written(tmp_path / "history.csv", [[*row(1), *side], [*row(2, 标题="", 内容=""), *side]], headings)
    summary = await imported(context, path)
    assert (summary.fresh, summary.rejected, summary.set_aside) == (1, 1, 5)
    file = await load(context, "L1")
    assert file.kind is Kind.COMPLAINT
    assert dict(file.set_aside).keys() == {"kind", "region", "category", "address", "name"}
    assert dict((await load(context, "L1", "lead-jiaoyu")).set_aside)["address"] == "路" * 300


async def test_kinds_and_regions_are_understood_as_other_systems_write_them(
    context: AppContext, tmp_path: Path
) -> None:
    kinds = {
        "投诉": Kind.COMPLAINT,
        "投诉举报": Kind.COMPLAINT,
        "举报": Kind.REPORT,
        "咨询类": Kind.CONSULT,
        "求助类": Kind.HELP,
        "建议类": Kind.SUGGEST,
        "意见建议": Kind.SUGGEST,
        "表扬": Kind.PRAISE,
        "感谢": Kind.PRAISE,
        "申诉": Kind.APPEAL,
        "信访": Kind.APPEAL,
        "检举控告": Kind.REPORT,
        "投诉 ": Kind.COMPLAINT,
        "好人好事": Kind.PRAISE,
    }
    mapping = tmp_path / "map.toml"
    mapping.write_text('[kinds]\n"好人好事" = "praise"\n[regions]\n"城里" = "990102"\n', "utf-8")
    regions = ("990102", "990102000000", "城里")
    rows = [[*row(number, reply=""), kind, regions[number % 3]] for number, kind in enumerate(kinds)]
    path = written(tmp_path / "r13.csv", rows, (*HEADINGS, "诉求类型", "区划代码"))
    summary = await imported(context, path, mapping)
    assert (summary.fresh, summary.set_aside) == (len(kinds), 0)
    stored = {case.source_id: case for case in await Case.all()}
    assert [stored[f"L{number}"].kind for number in range(len(kinds))] == [kind.value for kind in kinds.values()]
    assert {case.region for case in stored.values()} == {"990102000000"}


async def test_rows_that_look_like_formulas_are_written_back_as_text(context: AppContext, tmp_path: Path) -> None:
    path = written(tmp_path / "r16.csv", [row(1, received="=1+1", 标题='=HYPERLINK("http://127.0.0.1")')])
    await imported(context, path)
    assert [(line["标题"][:2], line["受理时间"][:2]) for line in beside(path, "rejected")] == [("'=", "'=")]


# ---- rows add up ----


async def test_whatever_the_cells_hold_every_row_is_taken_or_sent_back(context: AppContext, tmp_path: Path) -> None:
    odd = [
        "",
        "2026-07-01 09:00",
        "0001-01-01",
        "46027.39",
        "教育局",
        "无",
        "=1+1",
        "138****1111",
        "投诉",
        "\x00",
        "𠮷" * 400,
    ]
    rows = [
        [odd[(number * step + step) % len(odd)] for step in range(1, 10)]
        for number in range(80)
        if number % len(odd) != 10
    ]
    path = written(tmp_path / "any.csv", [*rows, row(1), row(1), row(1, 内容="别的内容")], (*HEADINGS, "类型", "电话"))
    content = path.read_text("utf-8-sig") + '"L9","没有关的引号\r\n' + ",".join([*row(10), "投诉", "无"]) + "\r\n"
    path.write_text(content, "utf-8-sig")
    summary, again = await imported(context, path), await imported(context, path)
    assert summary.read == again.read == len(rows) + 3 + 2
    assert len(beside(path, "rejected")) == summary.rejected == again.rejected
    assert (again.fresh, again.known) == (0, summary.fresh + summary.known)
    assert await Case.filter(source_id="L10").exists()


# ---- before it is taken in ----


async def test_an_import_names_the_sheets_and_columns_it_did_not_read(context: AppContext, tmp_path: Path) -> None:
    path = tmp_path / "sheets.xlsx"
    rows = [[*HEADINGS, "满意度"], [*row(1), "高"]]
    path.write_bytes(make_xlsx({"一月": rows, "二月": [HEADINGS, row(2)]}))
    summary, sentences = await history.import_history(context, path)
    assert summary.fresh == 1
    assert sentences == (await history.preview_history(context, path))[: len(sentences)]
    for words in ("工作表“一月”", "另有工作表：二月", "没有认出的栏目", "满意度"):
        assert words in "\n".join(sentences)


async def test_a_preview_names_what_was_not_understood_and_writes_nothing(context: AppContext, tmp_path: Path) -> None:
    headings = ("留言编号", "留言主题", "留言详情", "留言时间", "一级分类", "满意度", "答复意见", "答复时间")
    cells = ["99001", "路面塌陷", "学府路路面塌陷", "2026-07-03 10:00", "城乡建设", "高", "已回填。", "大约"]
    path = written(tmp_path / "r17.csv", [cells, ["99002", "", "", "", "", "", "", ""]], headings)
    sentences = "\n".join(await history.preview_history(context, path))
    for words in ("留言编号→编号", "一级分类→内容分类", "没有认出的栏目", "满意度", "路面塌陷", "第 3 行退回", "大约"):
        assert words in sentences
    assert await Case.all().count() == 0
    assert {entry.name for entry in os.scandir(tmp_path)} <= {"r17.csv", "data"}


async def test_a_file_without_words_says_which_headings_it_has(context: AppContext, tmp_path: Path) -> None:
    path = written(tmp_path / "history.csv", [["1", "2026-07-01"]], ("编号", "时间"))
    with pytest.raises(Invalid) as refusal:
        await history.import_history(context, path)
    assert refusal.value.fields == {"text": "no_column"}
    assert refusal.value.details["headings"] == "编号、时间"
