"""Extra intake fields by channel (letter, visit, transfer from above), one row each.

None of it names a person; it is kept in the first entry and shown to staff only. Missing particulars never keep a
message from being registered, save where a later duty rests on them. No I/O.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from feedback.rules.vocabulary import Channel

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")
LINE_MOST = 80


@dataclass(frozen=True, slots=True)
class IntakeField:
    """One row: its name and words, its sort (line, day, moment, switch, choice), and the channels that have it."""

    name: str
    words: str
    sort: str = "line"
    channels: frozenset[Channel] = frozenset(Channel)
    required: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    law: str = ""


_LETTER = frozenset({Channel.LETTER, Channel.FAX})
_VISIT = frozenset({Channel.VISIT, Channel.AGENT})
_ABOVE = frozenset({Channel.TRANSFER})
_MAILBOX = frozenset({Channel.MAILBOX})
LANGUAGES = {"dialect": "方言", "minority": "少数民族语言", "sign": "手语", "foreign": "外语"}

# fmt: off
INTAKE_FIELDS: tuple[IntakeField, ...] = (
    IntakeField("visit_at",      "来访时间",   "moment", _VISIT),
    IntakeField("visit_place",   "来访地点、窗口", channels=_VISIT),
    IntakeField("postmark_day",  "邮戳日期",   "day",    _LETTER, hint="来信的邮戳日"),
    IntakeField("letter_serial", "来信编号",   channels=_LETTER),
    IntakeField("source_unit",   "交办、转送单位", channels=_ABOVE, required=True, law="信访工作条例 第二十二条"),
    IntakeField("source_no",     "上级编号",   channels=_ABOVE, required=True),
    IntakeField("limit_day",     "要求反馈的期限", "day", _ABOVE, law="信访工作条例 第二十二条第一款第三项（交办）"),
    IntakeField("leader",        "写给哪位领导", channels=_MAILBOX, required=True, hint="例如县长、书记", law="信访工作条例 第十七条"),
    IntakeField("instruction",   "领导批示要点", channels=_MAILBOX),
    IntakeField("happened_day",  "事情发生的日期", "day"),
    IntakeField("language",      "使用的语言", "choice", options=LANGUAGES, hint="普通话不用选"),
    IntakeField("minors",        "涉及未成年人", "switch", law="个人信息保护法 第三十一条"),
    IntakeField("threat",        "扬言采取极端行为", "switch", law="信访工作条例 第二十六条", hint="登记后按特急办理"),
    IntakeField("litigation",    "涉法涉诉",   "switch", law="信访工作条例 第三十一条第一项"),
)
# fmt: on

_BY_NAME = {row.name: row for row in INTAKE_FIELDS}


def list_fields(channel: str) -> tuple[IntakeField, ...]:
    """The rows a channel has."""
    return tuple(row for row in INTAKE_FIELDS if channel in row.channels)


def clean_values(values: Mapping[str, object], channel: str) -> dict[str, str | bool]:
    """What was said of the rows the channel has; what is empty, or belongs to another channel, is left out."""
    result: dict[str, str | bool] = {}
    for row in list_fields(channel):
        value = values.get(row.name)
        if row.sort == "switch":
            if value is True:
                result[row.name] = True
        elif isinstance(value, str) and value.strip():
            result[row.name] = " ".join(value.split())
    return result


def find_field_faults(values: Mapping[str, object], channel: str) -> dict[str, str]:
    """The fault of each row, by name."""
    return {row.name: fault for row in list_fields(channel) if (fault := _fault(row, values.get(row.name)))}


def render_values(values: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    """What is known, in words: for the page of a case."""
    for name, value in values.items():
        if row := _BY_NAME.get(name):
            text = "是" if value is True else row.options.get(str(value), str(value))
            yield row.words, text.replace("T", " ") if row.sort == "moment" else text


def _fault(row: IntakeField, value: object) -> str:
    if value is None or value == "" or value is False:
        return "missing" if row.required else ""
    if row.sort == "switch":
        return "" if value is True else "not_a_switch"
    if not isinstance(value, str):
        return "not_text"
    match row.sort:
        case "day":
            return "" if _DAY.fullmatch(value) and _is_iso_format(date, value) else "not_a_day"
        case "moment":
            return "" if _MOMENT.fullmatch(value) and _is_iso_format(datetime, value) else "not_a_time"
        case "choice":
            return "" if value in row.options else "unknown"
        case _:
            return "too_long" if len(value) > LINE_MOST else ""


def _is_iso_format(kind: type[date], text: str) -> bool:
    try:
        kind.fromisoformat(text)
    except ValueError:
        return False
    return True
