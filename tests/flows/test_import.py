"""A district's history is taken in row by row: a row is there as a whole or not at all, and no row stops a file."""

import csv
from collections.abc import Sequence
from pathlib import Path

from feedback.queries import cases as case_queries
from feedback.record.models.case import Case
from feedback.rules.intake import TEXT_MOST
from feedback.rules.vocabulary import Status
from routing import directory
from web.context import AppContext
from web.imports import case_history
from web.imports.case_history import ImportSummary

HEADINGS = ("编号", "标题", "内容", "受理时间", "承办单位", "答复内容", "答复时间")


def written(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEADINGS, *rows])
    return path


def row(number: int, reply: str = "已修复。", received: str = "2026-07-01 09:00") -> list[str]:
    return [
        f"L{number}",
        f"路灯不亮{number}",
        f"第{number}盏路灯不亮",
        received,
        "教育局",
        reply,
        "2026-07-03 15:00" if reply else "",
    ]


async def imported(context: AppContext, path: Path) -> ImportSummary:
    summary = await case_history.import_history(context, path)
    assert summary.read == summary.fresh + summary.known + summary.rejected
    return summary


def rejected(path: Path) -> list[dict[str, str]]:
    file = path.with_name(f"{path.name}.rejected.csv")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


async def test_a_file_twice_is_taken_in_once(context: AppContext, tmp_path: Path) -> None:
    path = written(tmp_path / "history.csv", [row(1), row(2, reply="")])
    first, again = await imported(context, path), await imported(context, path)
    assert (first.fresh, first.answered, first.rejected) == (2, 1, 0)
    assert (again.fresh, again.known) == (0, 2)
    answered = await Case.get(source_id="L1")
    file = await case_queries.load_file(
        await directory.load_actor("lead-jiaoyu"), answered.no, vault=context.settings.vault
    )
    assert (file.status, file.entries[-1].data["text"]) == (Status.REPLIED, "已修复。")


async def test_a_row_whose_answer_cannot_be_taken_leaves_no_message_without_it(
    context: AppContext, tmp_path: Path
) -> None:
    path = written(tmp_path / "history.csv", [row(1), row(2, reply="长" * (TEXT_MOST + 1)), row(3)])
    summary = await imported(context, path)
    assert (summary.fresh, summary.answered, summary.rejected) == (2, 2, 1)
    assert not await Case.filter(source_id="L2").exists()
    assert [line["编号"] for line in rejected(path)] == ["L2"]
    mended = await imported(context, written(tmp_path / "mended.csv", [row(2)]))
    assert (mended.fresh, mended.answered) == (1, 1)


async def test_a_broken_date_costs_its_row_and_no_other(context: AppContext, tmp_path: Path) -> None:
    dates = ("0001-01-01", "1900-01-00", "9999-12-31", "not a day", "2026-13-01")
    broken = [row(number, received=date) for number, date in enumerate(dates)]
    path = written(tmp_path / "history.csv", [*broken, row(99)])
    summary = await imported(context, path)
    assert (summary.fresh, summary.rejected) == (1, len(dates))
    assert len(rejected(path)) == len(dates)
