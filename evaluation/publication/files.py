"""Files of a published edition for download: CSV and Excel, with the same cells, words and formulae as the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.kpi.table import NOTE_COLUMNS
from evaluation.publication import statistics
from evaluation.publication.editions import EditionView, district_rows, region_rows
from feedback.kernel import spreadsheets
from feedback.kernel.spreadsheets import Cell, Sheet, SheetColumn


def column_names(figures: Mapping[str, Any]) -> list[str]:
    """The names of the columns, the unit's first."""
    return ["单位", *(row["name"] for row in figures["formulae"])]


def list_lines(figures: Mapping[str, Any]) -> list[list[Cell]]:
    """The table in the order of `column_names`, all units together first. A hidden figure is replaced by the reason."""
    return [[row["name"], *(_cell_value(row, column) for column in figures["formulae"])] for row in _all_rows(figures)]


def _all_rows(figures: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*statistics.list_district_rows(figures), *figures["units"]]


def _cell_value(row: Mapping[str, Any], column: Mapping[str, str]) -> str | float:
    return format_figure(row, column) if row[column["code"]] is None else row[column["code"]]


def format_figure(row: Mapping[str, Any], column: Mapping[str, str]) -> str:
    """One figure in words: a share in percent, a hidden one by what may be said of it."""
    value, bounds = row[column["code"]], row["bounds"].get(column["code"])
    if value is not None:
        return (
            f"{value:.1%}" if column["sort"] == "share" else f"{value:.2f}" if column["sort"] == "mean" else f"{value}"
        )
    if bounds:
        low, high = bounds
        return f"{low:.1%}—{high:.1%}" if column["sort"] == "share" else f"{low:.1f}—{high:.1f}"
    return statistics.render_reason(row["hidden"].get(column["code"], ""))


def list_notes(edition: EditionView) -> list[tuple[str, str]]:
    """What a reader of the bare file must know."""
    figures = edition.figures
    kind = "临时数据，本期尚未结束" if edition.provisional else "正式数据"
    return [
        ("统计期", f"{figures['first_day']} 至 {figures['last_day']}"),
        ("期次", f"{edition.period} 第 {edition.number} 版（{kind}）"),
        *([("更正说明", edition.remark)] if edition.remark else []),
        (
            "不公布的数据",
            f"计数为 1 至 {figures['cell_min'] - 1} 的不公布，另有数据可能反推出它们的也不公布；0 照常公布",
        ),
        ("比率和平均值", f"分母不足 {figures['rank_min']} 的不公布；给出上下限的，是由已公布数据推得的范围"),
        ("超期未办", "到期未完成的时限在到期的当期计为超期，是否事后补办不影响；没有办完的案件不会从分母中消失"),
        ("评价指标", f"全国一体化在线政务服务平台“好差评”二级指标 {figures['indicator_set']}"),
        ("校验值", edition.digest),
    ]


def to_csv(edition: EditionView) -> str:
    """The table as CSV for spreadsheet programs: with a byte order mark, and no cell they would take for a formula."""
    figures = edition.figures
    return spreadsheets.to_csv(
        [
            column_names(figures),
            *list_lines(figures),
            [],
            *district_rows(figures),
            [],
            *region_rows(figures),
            [],
            *list_notes(edition),
        ]
    )


def to_xlsx(edition: EditionView) -> bytes:
    """The edition as a workbook: 指标, 公式, 说明, and what later layouts have besides."""
    figures = edition.figures
    figure_columns = [SheetColumn(row["name"], 14, _NUMBER_FORMATS.get(row["sort"], "")) for row in figures["formulae"]]
    formula_rows = [(row["name"], row["formula"], row["source"]) for row in figures["formulae"]]
    more_sheets = [
        Sheet(name, _to_columns(rows[0]), rows[1:])
        for name, rows in (("全区指标", district_rows(figures)), ("各镇街", region_rows(figures)))
        if rows
    ]
    return spreadsheets.to_xlsx(
        [
            Sheet("指标", [SheetColumn("单位", 28), *figure_columns], list_lines(figures), frozen_columns=1),
            *more_sheets,
            Sheet("公式", [SheetColumn("指标", 22), SheetColumn("公式", 70), SheetColumn("依据", 70)], formula_rows),
            Sheet("说明", NOTE_COLUMNS, list_notes(edition)),
        ],
        title=f"办理公示 {edition.period}",
        made_at=edition.made_at,
    )


_NUMBER_FORMATS = {"share": "0.0%", "mean": "0.00"}


def _to_columns(titles: Sequence[Cell]) -> list[SheetColumn]:
    return [SheetColumn(str(title), width) for title, width in zip(titles, (26, 26, 14, 14, 14, 70), strict=False)]
