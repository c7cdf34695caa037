"""Understanding one row: what it says of a case, and which of its cells could not be understood. Pure: no I/O.

A side field that is not understood never stops a row: the cell is set aside with its reason. What is not said is
unknown, never the best or the nearest value.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from classify import taxonomy as categories
from feedback.kernel.clock import OFFICE_TIMEZONE, end_of_day, office_day
from feedback.kernel.errors import Invalid
from feedback.rules.imported_history import UNKNOWN_UNIT
from feedback.rules.intake import (
    ADDRESS_MOST,
    NAME_MOST,
    SOURCE_MOST,
    TEXT_MOST,
    TITLE_MOST,
    clean_line,
    clean_paragraph,
    expand_region,
)
from feedback.rules.vocabulary import PUBLIC_KINDS, Kind
from routing.directory import Directory
from web.imports.history.columns import ColumnMap
from web.tables import cells
from web.wording import imports as words

_TITLE_FROM_TEXT = 40


@dataclass(frozen=True, slots=True)
class SetAsideCell:
    """A cell that was not understood, with the code of its reason."""

    line: int
    field: str
    value: str
    reason: str


@dataclass(slots=True)
class HistoryRow:
    """What a row says of a case. `replied_at` None beside a reply: nobody knows when. `unit` "" without a reply.

    `former_ids` are those an older version gave a row without its own.
    """

    line: int
    source_id: str
    title: str
    text: str
    received_at: datetime
    kind: str = Kind.COMPLAINT.value
    category: str = ""
    region: str = ""
    address: str = ""
    name: str = ""
    phone: str = ""
    reply: str = ""
    replied_at: datetime | None = None
    unit: str = ""
    unit_name: str = ""  # as the file says it
    former_ids: tuple[str, ...] = ()
    set_aside: list[SetAsideCell] = field(default_factory=list)


class RowReader:
    """Reads the rows of one file. `fields`: field -> heading, as the table was understood."""

    def __init__(self, fields: Mapping[str, str], column_map: ColumnMap, names: Directory, now: datetime) -> None:
        self._fields = fields
        self._map = column_map
        self._names = names
        self._now = now
        self._unit_codes = {
            name: unit.code for unit in names.units() for name in (unit.code, unit.name, unit.short, *unit.aliases)
        }
        self._region_codes = {
            name: region.code for region in reversed(names.regions()) for name in (region.name, *region.aliases)
        }

    def read(self, line: int, row: Mapping[str, str]) -> HistoryRow:
        """The row as a case.

        Raises Invalid when there are no words, or too many, or it cannot be told when they came.
        """
        return _Cells(self, line, row).read()

    def cell(self, name: str, row: Mapping[str, str]) -> str:
        """The cell of a field, or what the map says of empty ones."""
        heading = self._fields.get(name, "")
        return (row.get(heading, "") if heading else "").strip() or self._map.defaults.get(name, "")

    def find_unit(self, name: str) -> str:
        """The unit of a name in the file: by the map, by code, name or alias; "" when nobody here is called so."""
        if not name:
            return ""
        mapped = self._map.units.get(name) or name
        return self._unit_codes.get(mapped) or self._unit_codes.get(clean_line(mapped)) or ""

    def find_kind(self, text: str) -> str:
        """The kind a word means, or ""."""
        plain = unicodedata.normalize("NFKC", text).strip()
        plain = self._map.kinds.get(plain, plain)
        for word in (plain, plain.removesuffix("类"), plain.removesuffix("件"), plain.removesuffix("类件")):
            kind = words.KIND_OF_WORD.get(word, word)
            if kind in PUBLIC_KINDS:
                return str(kind)
        return ""

    def find_category(self, text: str) -> str:
        """The category a code or name means, or ""."""
        try:
            return categories.code_of(self._map.categories.get(text, text))
        except KeyError:
            return ""

    def find_region(self, text: str) -> str:
        """The region of a code of 6, 9 or 12 places or of a name, or ""."""
        plain = unicodedata.normalize("NFKC", text).strip()
        plain = self._map.regions.get(plain, plain)
        code = expand_region(plain)
        return code if code in self._names.by_region else self._region_codes.get(plain, "")

    @property
    def now(self) -> datetime:
        return self._now


class _Cells:
    """The cells of one row while they are read."""

    def __init__(self, reader: RowReader, line: int, row: Mapping[str, str]) -> None:
        self._reader = reader
        self._line = line
        self._row = row
        self._set_aside: list[SetAsideCell] = []

    def read(self) -> HistoryRow:
        title, text = _fit_texts(self._cell("title"), self._cell("text"))
        reply = clean_paragraph(self._cell("reply"))
        if faults := _find_text_faults(text, reply):
            raise Invalid(faults)
        received_at = self._read_receipt(is_answered=bool(reply))
        source_id = self._read_source_id()
        result = HistoryRow(
            self._line,
            source_id or self._fingerprint(title, text, received_at),
            title,
            text,
            received_at,
            kind=self._look_up("kind", self._reader.find_kind) or Kind.COMPLAINT.value,
            category=self._look_up("category", self._reader.find_category),
            region=self._look_up("region", self._reader.find_region),
            address=self._shorten("address", ADDRESS_MOST),
            name=self._shorten("name", NAME_MOST),
            phone=self._read_phone(),
            reply=reply,
            former_ids=() if source_id else self._list_former_fingerprints(title, text),
        )
        self._read_answer(result)
        result.set_aside = self._set_aside
        return result

    def _cell(self, name: str) -> str:
        return self._reader.cell(name, self._row)

    def _put_aside(self, name: str, reason: str) -> None:
        self._set_aside.append(SetAsideCell(self._line, name, self._cell(name), reason))

    def _read_receipt(self, *, is_answered: bool) -> datetime:
        """When it came. Without a time it is a message of today; an answered one is not, and a guess would be wrong."""
        text = self._cell("time")
        if not text:
            if is_answered:
                raise Invalid({"time": "missing"})
            return self._reader.now
        received_at = cells.parse_time(text)
        if received_at is None:
            raise Invalid({"time": cells.find_time_fault(text)})
        if received_at > self._reader.now:
            raise Invalid({"time": "in_the_future"})
        return received_at

    def _read_answer(self, result: HistoryRow) -> None:
        unit_name = clean_line(self._cell("unit"))
        if not result.reply:
            if unit_name:
                self._put_aside("unit", "not_answered")
            if self._cell("reply_time"):
                self._put_aside("reply_time", "no_reply")
            return
        result.unit_name = unit_name
        result.unit = self._reader.find_unit(unit_name) or UNKNOWN_UNIT
        if result.unit == UNKNOWN_UNIT and unit_name:
            self._put_aside("unit", "unknown_unit")
        result.replied_at = self._read_reply_time(result.received_at)

    def _read_reply_time(self, received_at: datetime) -> datetime | None:
        text = self._cell("reply_time")
        if not text:
            return None
        replied_at = cells.parse_time(text)
        if replied_at and replied_at < received_at and cells.parse_date(text) == office_day(received_at):
            # Only the day is known, the day of receipt itself: the answer came by its end.
            replied_at = min(end_of_day(office_day(received_at)) - timedelta(seconds=1), self._reader.now)
            replied_at = max(replied_at, received_at)
        if replied_at is None:
            reason = cells.find_time_fault(text)
        elif replied_at < received_at:
            reason = "before_the_message"
        elif replied_at > self._reader.now:
            reason = "in_the_future"
        else:
            return replied_at
        self._put_aside("reply_time", reason)
        return None

    def _read_source_id(self) -> str:
        """The id of the row, or "" when it has none that can be used."""
        source_id = clean_line(self._cell("source_id"))
        if source_id and cells.is_damaged_number(source_id):
            self._put_aside("source_id", "damaged_number")
        elif len(source_id) > SOURCE_MOST:
            self._put_aside("source_id", "too_long")
        elif source_id:
            return source_id
        return ""

    def _fingerprint(self, title: str, text: str, received_at: datetime) -> str:
        """An id for a row without one: the same however the file spells the time of receipt."""
        return _digest(title, text, _spell_time(received_at) if self._cell("time") else "")

    def _list_former_fingerprints(self, title: str, text: str) -> tuple[str, ...]:
        """The ids an older version gave: by the time as the cell spells it, where Excel knew a day as its date only."""
        when = self._cell("time")
        day = cells.parse_date(when)
        return tuple(_digest(title, text, spelling) for spelling in (when, day.isoformat() if day else "") if spelling)

    def _read_phone(self) -> str:
        text = self._cell("phone")
        if not text:
            return ""
        content = cells.parse_phones(text)
        phone = next((phone for phone in content.phones if phone.is_personal), None)
        is_whole = phone is not None and len(content.phones) == 1 and not (content.rest or phone.extension)
        if not is_whole and not content.says_none:
            self._put_aside("phone", "damaged_number" if cells.is_damaged_number(text) else "phone_left_over")
        return phone.number if phone else ""

    def _look_up(self, name: str, find: Callable[[str], str]) -> str:
        text = clean_line(self._cell(name))
        value = find(text) if text else ""
        if text and not value:
            self._put_aside(name, "unknown")
        return value

    def _shorten(self, name: str, most: int) -> str:
        text = clean_line(self._cell(name))
        if len(text) <= most:
            return text
        self._put_aside(name, "too_long")
        return text[: most - 1] + "…"


def _fit_texts(title: str, text: str) -> tuple[str, str]:
    """Title and text that fit our limits, with nothing lost: a long title moves into the text."""
    title, text = clean_line(title), clean_paragraph(text)
    text = text or title
    title = title or clean_line(text)[:_TITLE_FROM_TEXT]
    if len(title) > TITLE_MOST:
        text = text if title in text else f"{title}\n\n{text}"
        title = title[: TITLE_MOST - 1] + "…"
    return title, text


def _find_text_faults(text: str, reply: str) -> dict[str, str]:
    if not text:
        return {"text": "missing"}
    return {name: "too_long" for name, words in (("text", text), ("reply", reply)) if len(words) > TEXT_MOST}


def _spell_time(moment: datetime) -> str:
    """A time as an older version spelt one of Excel: 2020-01-05T14:30:00, in the office."""
    return moment.astimezone(OFFICE_TIMEZONE).replace(tzinfo=None).isoformat()


def _digest(title: str, text: str, when: str) -> str:
    return hashlib.sha256(f"{title}\n{text}\n{when}".encode("utf-8", "surrogatepass")).hexdigest()[:40]
