"""Which column of a file holds which field, what holds where a cell is empty, and what other names things go by."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feedback.kernel.errors import Invalid
from web.tables.headings import normalize_heading
from web.tables.model import Table

FIELDS: Mapping[str, tuple[str, ...]] = {
    # field: the headings under which files usually carry it
    "source_id": ("source_id", "id", "编号", "工单编号", "工单号", "流水号", "信件编号", "留言编号", "受理编号", "诉求编号", "序列号"),
    "title": ("title", "subject", "标题", "主题", "留言主题", "来信标题", "诉求标题", "工单标题"),
    "text": ("text", "content", "内容", "留言详情", "留言内容", "来信内容", "诉求内容", "工单内容", "反映内容", "问题描述"),
    "time": ("time", "received_at", "时间", "留言时间", "来信时间", "受理时间", "来电时间", "登记时间", "创建时间", "反映时间"),
    "kind": ("kind", "类型", "诉求类型", "工单类型", "信件类型", "留言类型", "来信类型"),
    "category": ("category", "内容分类", "一级标签", "一级分类", "问题分类", "诉求分类"),
    "unit": ("unit", "承办单位", "回复机构", "答复单位", "办理单位", "回复单位", "责任单位", "主办单位"),
    "reply": ("reply", "回复", "答复意见", "答复内容", "回复内容", "办理结果", "处理结果", "答复"),
    "reply_time": ("reply_time", "replied_at", "回复时间", "答复时间", "办结时间", "办理时间"),
    "region": ("region", "区划代码", "行政区划", "所属区域", "所属街道"),
    "address": ("address", "地点", "地址", "事发地点", "诉求地址", "事发地址"),
    "name": ("name", "姓名", "联系人", "来电人", "诉求人", "写信人", "留言人", "来信人"),
    "phone": ("phone", "电话", "联系电话", "手机号码", "手机", "来电号码", "联系方式", "手机号"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """What a person says of a file: columns by field, values of empty cells, and other names of units and the like."""

    columns: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)

    @property
    def expected(self) -> Mapping[str, tuple[str, ...]]:
        """The headings to look for: the one that was named, else the usual ones. "" in the map: the field is not read."""
        named = {name: (heading,) if heading else () for name, heading in self.columns.items()}
        return {**FIELDS, **named}


_TABLES = ("columns", "defaults", "units", "kinds", "categories", "regions")


def load_column_map(map_files: Sequence[Path], columns: Sequence[str]) -> ColumnMap:
    """The maps of several files, later ones first, with the columns of the command line above all.

    Raises Invalid when a file cannot be read or names a field that is none.
    """
    tables: dict[str, dict[str, str]] = {name: {} for name in _TABLES}
    for path in map_files:
        content = _read_toml(path)
        for name in _TABLES:
            tables[name] |= {str(key): str(value).strip() for key, value in content.get(name, {}).items()}
    for pair in columns:
        name, _, heading = pair.partition("=")
        tables["columns"][name.strip()] = heading.strip()
    faults = {name: "unknown_field" for name in (*tables["columns"], *tables["defaults"]) if name not in FIELDS}
    if faults:
        raise Invalid(faults)
    return ColumnMap(**tables)


def check_columns(column_map: ColumnMap, table: Table) -> None:
    """Raises Invalid when a heading that was named is not in the file, or nothing in it holds the words."""
    forms = {normalize_heading(heading) for heading in table.headings}
    missing = {
        name: "no_such_heading"
        for name, heading in column_map.columns.items()
        if heading and normalize_heading(heading) not in forms
    }
    if missing:
        raise Invalid(missing, headings="、".join(table.headings))
    if not {"text", "title"} & set(table.fields):
        raise Invalid({"text": "no_column"}, headings="、".join(table.headings))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise Invalid({"map": "unreadable"}, map=str(path)) from fault
