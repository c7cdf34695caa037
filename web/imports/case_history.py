"""Importing a district's case history from CSV or Excel, row by row through `submit_case`.

Idempotent by (channel, source_id): running it again adds nothing. A row that cannot be taken goes to
`<file>.rejected.csv` with its reason; no row is dropped. Rows with an answer become answered cases at their own
times; all others are classified and assigned like what comes in today.
"""

import csv
import hashlib
import io
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from classify import taxonomy as categories
from feedback.kernel import db
from feedback.kernel.clock import monotonic, to_utc
from feedback.kernel.errors import Conflict, Invalid, Refusal
from feedback.queries import statistics as case_statistics
from feedback.record import cases
from feedback.record.cases import ActCommand
from feedback.rules.access import Actor, citizen
from feedback.rules.intake import TITLE_MOST, PersonSubmission, Submission, clean_line, clean_paragraph
from feedback.rules.vocabulary import Act, Channel, Kind, Role
from routing import directory
from routing.directory import Directory
from web.actions import cases as case_actions
from web.context import AppContext
from web.wording import catalogue

FIELDS: Mapping[str, tuple[str, ...]] = {
    # field: the headings under which files usually carry it
    "source_id": ("source_id", "id", "编号", "工单编号", "流水号", "信件编号"),
    "title": ("title", "subject", "标题", "主题", "留言主题", "来信标题"),
    "text": ("text", "content", "内容", "留言详情", "来信内容", "诉求内容"),
    "time": ("time", "received_at", "时间", "留言时间", "来信时间", "受理时间"),
    "kind": ("kind", "类型", "诉求类型", "工单类型"),
    "category": ("category", "内容分类", "一级标签"),
    "unit": ("unit", "承办单位", "回复机构", "答复单位"),
    "reply": ("reply", "回复", "答复意见", "答复内容", "回复内容"),
    "reply_time": ("reply_time", "replied_at", "回复时间", "答复时间"),
    "region": ("region", "区划代码"),
    "address": ("address", "地点", "地址", "事发地点"),
    "name": ("name", "姓名", "联系人"),
    "phone": ("phone", "电话", "联系电话", "手机号码"),
}
_TIMES = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y年%m月%d日", "%Y.%m.%d")
_FIRST_YEAR = 1949
"""No petition office is older: an earlier year is a broken cell, like Excel's 0001 or 1900."""
_ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which heading holds which field, what holds where a cell is empty, and what other names units go by."""

    columns: Mapping[str, str]
    defaults: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ImportSummary:
    """What became of a file: read = fresh + known + rejected."""

    read: int = 0
    fresh: int = 0
    known: int = 0
    rejected: int = 0
    answered: int = 0
    assigned: int = 0
    waiting: int = 0
    seconds: float = 0.0

    @property
    def line(self) -> str:
        speed = self.read / self.seconds if self.seconds else 0
        return (
            f"读入 {self.read} 行 = 收下 {self.fresh} + 此前已有 {self.known} + 退回 {self.rejected};"
            f"其中已答复 {self.answered},自动派出 {self.assigned},在受理窗口等候 {self.waiting};"
            f"用时 {self.seconds:.1f} 秒,每秒 {speed:.0f} 行"
        )


async def import_history(
    context: AppContext, file: Path, map_file: Path | None = None, columns: Sequence[str] = ()
) -> ImportSummary:
    """Take in a file, carry out what follows, and write the rejected rows beside it.

    Raises Invalid when the file or the map cannot be read.
    """
    start, summary = monotonic(), ImportSummary()
    headings, rows, total = _read_rows(file)
    mapping = build_column_map(headings, map_file, columns)
    names = await directory.load_directory()
    rejected: list[tuple[dict[str, str], str]] = []
    fresh_nos: list[str] = []
    for row in tqdm(rows, total=total, unit="行", desc=file.name, disable=None):
        summary.read += 1
        try:
            no = await _import_row(context, names, mapping, row, summary)
        except Refusal as fault:
            summary.rejected += 1
            rejected.append((row, _render_refusal(fault)))
            continue
        if no:
            fresh_nos.append(no)
    _write_rejected(file, headings, rejected, context.settings.data)
    await context.drain()
    await _count_outcome(fresh_nos, summary, context)
    summary.seconds = monotonic() - start
    return summary


def build_column_map(headings: Sequence[str], map_file: Path | None, columns: Sequence[str]) -> ColumnMap:
    """The map given by file or options, filled up with the usual headings.

    Raises Invalid when it names a field or a heading that is not there, or nothing holds the words.
    """
    map_data: dict[str, Any] = {}
    if map_file is not None:
        try:
            map_data = tomllib.loads(map_file.read_text("utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as fault:
            raise Invalid({"map": "unreadable"}, map=str(map_file)) from fault
    heading_by_field = dict(map_data.get("columns", {}))
    for pair in columns:
        name, _, heading = pair.partition("=")
        heading_by_field[name] = heading
    faults = {name: "unknown_field" for name in heading_by_field if name not in FIELDS}
    faults |= {name: "unknown" for name, heading in heading_by_field.items() if heading and heading not in headings}
    if faults:
        raise Invalid(faults)
    for name, usual_headings in FIELDS.items():
        if name not in heading_by_field and (match := next((h for h in usual_headings if h in headings), "")):
            heading_by_field[name] = match
    if not heading_by_field.get("text") and not heading_by_field.get("title"):
        raise Invalid({"text": "missing"})
    return ColumnMap(heading_by_field, map_data.get("defaults", {}), map_data.get("units", {}))


def _read_rows(file: Path) -> tuple[list[str], Iterator[dict[str, str]], int]:
    try:
        if file.suffix.lower() in (".xlsx", ".xls", ".et"):
            table = _read_excel(file)
        else:
            table = list(csv.reader(io.StringIO(_read_text(file), newline="")))
    except (OSError, csv.Error) as fault:
        raise Invalid({"file": "unreadable"}, file=str(file), fault=str(fault)) from fault
    if not table:
        raise Invalid({"file": "empty"}, file=str(file))
    headings = [clean_line(heading) for heading in table[0]]
    body = [row for row in table[1:] if any(cell.strip() for cell in row)]
    return headings, (dict(zip(headings, [*row, *[""] * len(headings)], strict=False)) for row in body), len(body)


def _read_text(file: Path) -> str:
    raw = file.read_bytes()
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")


def _read_excel(file: Path) -> list[list[str]]:
    import python_calamine

    try:
        sheet = python_calamine.load_workbook(str(file)).get_sheet_by_index(0)
    except (python_calamine.CalamineError, ValueError) as fault:
        raise Invalid({"file": "unreadable"}, file=str(file)) from fault
    return [[_cell_text(value) for value in row] for row in sheet.to_python()]


def _cell_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # Excel keeps every number as a float: 13800001111.0
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


async def _import_row(
    context: AppContext, names: Directory, mapping: ColumnMap, row: Mapping[str, str], summary: ImportSummary
) -> str:
    """Hand in one row. Returns the number of a fresh case, or "" for one that was there.

    Raises Refusal with the reason why the row cannot be taken.
    """

    def cell(name: str) -> str:
        heading = mapping.columns.get(name, "")
        return (row.get(heading, "") if heading else "").strip() or str(mapping.defaults.get(name, ""))

    now = context.clock.now()
    received_at = _parse_time(cell("time"), "time") or now
    reply = clean_paragraph(cell("reply"))
    replied_at = _parse_time(cell("reply_time"), "reply_time") if reply else None
    if received_at > now:
        raise Invalid({"time": "in_the_future"})
    if replied_at and (replied_at < received_at or replied_at > now):
        raise Invalid({"reply_time": "before_the_message" if replied_at < received_at else "in_the_future"})
    title, text = _fit_texts(cell("title"), cell("text"))
    submission = Submission(
        kind=_parse_kind(cell("kind")),
        title=title,
        text=text,
        channel=Channel.IMPORT.value,
        desk=context.settings.desk,
        source_id=cell("source_id") or _fingerprint(title, text, cell("time")),
        region=cell("region"),
        address=cell("address"),
        person=PersonSubmission(name=cell("name"), phone=cell("phone")),
    )
    if not reply:  # history keeps what it was: its place, its pace, and the unit that answered
        submission = case_actions.fill_submission(submission, names, context.settings.desk)
    async with db.transaction():  # message and answer together: a row that is there is there as a whole
        try:
            receipt = await cases.submit(submission, citizen(""), now=received_at, vault=context.settings.vault)
        except Conflict as fault:
            raise Invalid({"source_id": "used_for_another_text"}) from fault
        if receipt.is_new and reply:
            unit = _find_unit(cell("unit"), mapping, names) or context.settings.desk
            category = _parse_category(cell("category"))
            data = {"text": reply} | ({"outcome": "unstated"} if submission.kind == Kind.APPEAL else {})
            await _record_answer(
                receipt.no, context.settings.desk, unit, category, data, received_at, replied_at or received_at
            )
    if not receipt.is_new:
        summary.known += 1
        return ""
    summary.fresh += 1
    summary.answered += bool(reply)
    return receipt.no


async def _record_answer(
    no: str,
    desk: str,
    unit: str,
    category: str,
    reply: Mapping[str, str],
    received_at: datetime,
    replied_at: datetime,
) -> None:
    """Enter what is known of an answered case: it was handed over when it came, and answered when it was."""
    at_desk = Actor(id="import", name="批量导入", roles=frozenset({Role.RECEPTION}), unit=desk, units=frozenset({desk}))
    at_unit = Actor(id="import", name="批量导入", roles=frozenset({Role.CLERK}), unit=unit, units=frozenset({unit}))
    commands = [
        ActCommand(Act.ASSIGN, at_desk, {"unit": unit, "reason": "历史数据"}, received_at),
        ActCommand(Act.ACCEPT, at_unit, {}, received_at),
        ActCommand(Act.REPLY, at_unit, reply, replied_at),
    ]
    if category:
        commands.insert(0, ActCommand(Act.CLASSIFY, at_desk, {"category": category}, received_at))
    await cases.acts(no, commands)


def _fit_texts(title: str, text: str) -> tuple[str, str]:
    """Title and text that fit our limits, with nothing lost: a long title moves into the text."""
    title, text = clean_line(title), clean_paragraph(text)
    if not text:
        text = title
    if not title:
        title = clean_line(text)[:40]
    if len(title) > TITLE_MOST:
        text = text if title in text else f"{title}\n\n{text}"
        title = title[: TITLE_MOST - 1] + "…"
    return title, text


def _parse_kind(text: str) -> str:
    if not text:
        return Kind.COMPLAINT.value
    by_words = {words: kind for kind, words in catalogue.KINDS.items()}
    return by_words.get(text, text)


def _parse_category(text: str) -> str:
    if not text:
        return ""
    return text if categories.has_code(text) else categories.code_of(text)


def _find_unit(name: str, mapping: ColumnMap, names: Directory) -> str:
    """The unit of a name in the file: by the map, by code, by name or alias; "" when nobody here is called so."""
    if not name:
        return ""
    code = mapping.units.get(name, name)
    if names.has(code):
        return code
    return next((unit.code for unit in names.units() if code in (unit.name, unit.short, *unit.aliases)), "")


def _parse_time(text: str, name: str) -> datetime | None:
    if not text:
        return None
    readings: tuple[Callable[[str], datetime], ...] = (
        datetime.fromisoformat,
        *(partial(_strptime, form) for form in _TIMES),
    )
    for read in readings:
        try:
            moment = read(text)
        except ValueError:
            continue
        if moment.year < _FIRST_YEAR:
            break
        return to_utc(moment)
    raise Invalid({name: "not_a_time"})


def _strptime(form: str, text: str) -> datetime:
    return datetime.strptime(text, form)  # noqa: DTZ007 - made aware at once, as office time


def _fingerprint(title: str, text: str, when: str) -> str:
    return hashlib.sha256(f"{title}\n{text}\n{when}".encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _render_refusal(fault: Refusal) -> str:
    if isinstance(fault, Invalid):
        return ";".join(f"{name}: {catalogue.fault_words(name, why)} ({why})" for name, why in fault.fields.items())
    return catalogue.error_words(fault.code, count=1)


def _write_rejected(
    file: Path, headings: Sequence[str], rejected: Sequence[tuple[dict[str, str], str]], data: Path
) -> None:
    """The rejected rows as they came, with the reason; beside the file, or in the data folder where that is not ours."""
    name = f"{file.name}.rejected.csv"
    folder = file.parent if os.access(file.parent, os.W_OK) else data
    target = folder / name
    if not rejected:
        target.unlink(missing_ok=True)
        return
    with target.open("w", encoding="utf-8-sig", newline="") as output:
        writer = csv.writer(output)
        writer.writerow([*headings, "退回原因"])
        writer.writerows([*(row.get(heading, "") for heading in headings), reason] for row, reason in rejected)
    print(f"退回的行在 {target}")


async def _count_outcome(fresh_nos: Sequence[str], summary: ImportSummary, context: AppContext) -> None:
    """Where the fresh cases without an answer are now."""
    counts = await case_statistics.count_by_status(fresh_nos)
    summary.assigned = counts.get("assigned", 0)
    summary.waiting = counts.get("received", 0)
