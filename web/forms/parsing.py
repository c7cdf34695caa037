"""Turning a form or JSON object into the values a step needs, and finding what is wrong with them.

A form knows only texts, so its numbers, switches and lists are made here; JSON keeps the types it came with, and a
wrong one stays as it is, so that the rules name it. What is typed is tidied, never changed in meaning. No I/O.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from starlette.datastructures import FormData

from classify import taxonomy as categories
from feedback.kernel.errors import Invalid
from feedback.kernel.identifiers import normalize_case_number
from feedback.rules import lifecycle
from feedback.rules.intake import clean_line, clean_paragraph, normalize_width
from feedback.rules.lifecycle import STEPS, Step
from feedback.rules.needs import Need
from feedback.rules.vocabulary import Act
from routing.directory import Directory

SYSTEM_NEEDS = frozenset(
    {"confidence", "release", "abstained", "proposed", "held", "known", "rule", "time_unknown", "bars", "urgency"}
)
"""Needs that only the system brings: from anybody else they are ignored."""

LIST_MOST = 50
_FALSE_VALUES = frozenset({"", "0", "false", "off", "no", "否"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def list_needs(act: Act) -> tuple[Need, ...]:
    """Everything people may bring for an act, in whichever rule book."""
    rows = [need for step in STEPS if step.act is act for need in (*step.needs, *step.may)]
    return tuple({need.name: need for need in rows if need.name not in SYSTEM_NEEDS}.values())


def read_field(form: FormData, name: str) -> str:
    """What a field brings, as it was typed; "" when it brings nothing.

    Raises Invalid when it came twice in different words: nobody could say which of them was meant.
    """
    texts = list(dict.fromkeys(value for value in form.getlist(name) if isinstance(value, str)))
    if len(texts) > 1:
        raise Invalid({name: "said_twice"})
    return texts[0] if texts else ""


def read_text(form: FormData, name: str, most: int = 0) -> str:
    """The words of a field, tidied.

    Raises Invalid when there are more than `most`: nothing is cut off in silence; or when it came twice.
    """
    text = clean_paragraph(read_field(form, name))
    if most and len(text) > most:
        raise Invalid({name: "too_long"})
    return text


def read_yes_no(form: FormData, name: str) -> bool:
    """What two buttons of one name say: 1 or 0.

    Raises Invalid for anything else.
    """
    text = read_field(form, name)
    if text not in ("1", "0"):
        raise Invalid({name: "unknown" if text else "missing"})
    return text == "1"


def parse_form(form: FormData, needs: Iterable[Need]) -> dict[str, Any]:
    """What a form brings; what was left empty is left out.

    Raises Invalid for what came twice in different words.
    """
    values = {
        need.name: _parse_texts(need, [text for text in form.getlist(need.name) if isinstance(text, str)])
        for need in needs
    }
    return {name: value for name, value in values.items() if value not in ("", [], None)}


def _parse_texts(need: Need, texts: list[str]) -> Any:
    match need.sort:
        case "units" | "tags" | "files":
            return [clean_line(text) for text in texts if clean_line(text)]
        case "switch":
            return bool(texts) and clean_line(texts[-1]).lower() not in _FALSE_VALUES
        case _ if len(set(texts)) > 1:
            raise Invalid({need.name: "said_twice"})
        case "number" | "level":
            digits = normalize_width(texts[-1]) if texts else ""
            return int(digits) if re.fullmatch(r"-?[0-9]{1,9}", digits) else digits
        case _:
            return _clean_value(need, texts[-1]) if texts else None


def parse_json(body: Mapping[str, Any], needs: Iterable[Need]) -> dict[str, Any]:
    """What a JSON object brings. Numbers stay numbers; a value of another type than the need's stays as it is."""
    values = {need.name: _clean_value(need, body.get(need.name)) for need in needs}
    return {name: value for name, value in values.items() if value is not None}


def _clean_value(need: Need, value: Any) -> Any:
    match value:
        case str():
            if need.sort == "text":
                return clean_paragraph(value)
            return normalize_case_number(clean_line(value)) if need.sort == "case" else clean_line(value)
        case list():
            return [clean_line(item) if isinstance(item, str) else item for item in value]
        case _:
            return value


def find_faults(step: Step, data: Mapping[str, Any], directory: Directory, files_most: int) -> dict[str, str]:
    """Everything that is wrong with what was brought, by need: types and limits, then whether the named things exist."""
    faults: dict[str, str] = {}
    for need in (*step.needs, *step.may):
        value = data.get(need.name)
        if value not in (None, "", []) and (fault := _find_fault(need, value, directory, files_most)):
            faults[need.name] = fault
    try:
        lifecycle.check_needs(step, data)
    except Invalid as refusal:
        faults |= refusal.fields
    return faults


def _find_fault(need: Need, value: Any, directory: Directory, files_most: int) -> str:
    texts = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
    match need.sort, value:
        case "unit" | "desk", str():
            return "" if directory.has(value) else "unknown_unit"
        case "category", str():
            return "" if categories.has_code(value) else "unknown"
        case "day", str():
            return "" if is_day(value) else "not_a_day"
        case "units", list():
            if len(value) > LIST_MOST:
                return "too_many"
            return "" if all(directory.has(code) for code in texts) else "unknown_unit"
        case "tags", list():
            return "too_many" if len(value) > LIST_MOST else ""
        case "files", list():
            return "too_many" if len(value) > files_most else ""
        case _:
            return ""


def is_day(text: str) -> bool:
    """Whether the text is a calendar day, written 2026-11-21."""
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
