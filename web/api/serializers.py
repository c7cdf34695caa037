"""Cases and clocks as JSON objects of the API; their types are in `web.api.schemas.responses`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from feedback.rules.deadlines import Clock
from feedback.rules.read_models import CaseFile, EntryView, WorkRow
from feedback.rules.vocabulary import Act
from routing.directory import Directory
from web.presentation import parties as party_views
from web.presentation.timeline import category_words
from web.wording import acts, catalogue
from web.wording.dates import iso


def json_response(answer: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer as JSON."""
    return Response(msgspec.json.encode(answer), status, headers, "application/json")


def clock_json(clock: Clock, now: datetime) -> dict[str, Any]:
    """A clock as a JSON object."""
    return {
        "term": clock.term,
        "label": clock.label,
        "unit": clock.unit or None,
        "starts_at": iso(clock.starts_at),
        "due_raw_day": clock.due_raw_day.isoformat(),
        "due_legal_day": clock.due_legal_day.isoformat(),
        "due_at": iso(clock.due_at),
        "state": clock.state(now).value,
        "light": clock.light(now).value,
        "law": clock.law,
        "provisional": clock.provisional,
    }


def case_json(file: CaseFile, directory: Directory, now: datetime) -> dict[str, Any]:
    """A case as a JSON object."""
    answers = [e for e in file.entries if e.act in (Act.REPLY, Act.RECTIFY, Act.EXPLAIN)]
    return {
        "no": file.no,
        "kind": file.kind.value,
        "profile": file.profile.value,
        "stage": file.stage.value,
        "title": file.title,
        "text": file.text,
        "status": file.status.value,
        "status_text": catalogue.STATUSES[file.status.value],
        "unit": unit_json(file.unit, directory),
        "co_units": [unit_json(u, directory) for u in file.co_units],
        "category": file.category or None,
        "category_text": category_words(file.category),
        "region": file.region or None,
        "address": file.address,
        "channel": file.channel,
        "version": file.version,
        "person": person_json(file),
        "headcount": file.headcount,
        "beside": [party_views.party_json(each) for each in file.beside],
        "recused": sorted(file.recused),
        "received_at": iso(file.received_at),
        "clocks": [clock_json(c, now) for c in file.clocks],
        "timeline": [entry_json(e, directory) for e in file.entries],
        "attachments": [{"id": f.id, "name": f.name, "size": f.size, "type": f.type} for f in file.attachments],
        "reply": str(answers[-1].data.get("text", "")) if answers else None,
        "acts": [
            {
                "act": s.act.value,
                "label": acts.ACTS[s.act].label,
                "needs": [n.name for n in s.needs],
                "may": [n.name for n in s.may],
            }
            for s in file.steps(now)
        ],
    }


def person_json(file: CaseFile) -> dict[str, Any] | None:
    p = file.person
    return {"name": p.name, "phone": p.phone, "masked": p.is_masked} if p else None


def unit_json(code: str, directory: Directory) -> dict[str, str] | None:
    return {"code": code, "name": directory.name(code)} if code else None


def entry_json(entry: EntryView, directory: Directory) -> dict[str, Any]:
    said: Mapping[str, Any] = entry.data
    unit = str(said.get("unit") or "") or entry.unit
    text = "" if entry.act == Act.SUBMIT else str(said.get("text") or said.get("reason") or "")
    line: dict[str, Any] = {"at": iso(entry.at), "act": entry.act, "act_text": acts.done_line(entry.act)}
    if unit:
        line["unit"] = unit_json(unit, directory)
    if text:
        line["text"] = text
    if entry.act == Act.RATE:
        line["level"] = said.get("level")
    if entry.act == Act.EXTEND:
        line["days"] = said.get("days")
    if entry.act == Act.DECLINE:
        line["where_instead"] = said.get("where_instead")
    return line


def row_json(row: WorkRow, directory: Directory, now: datetime) -> dict[str, Any]:
    """A line of `GET /desk/cases`."""
    return {
        "no": row.no,
        "kind": row.kind,
        "title": row.title,
        "status": row.status,
        "status_text": catalogue.STATUSES[row.status],
        "unit": unit_json(row.unit, directory),
        "category": row.category or None,
        "region": row.region or None,
        "channel": row.channel,
        "urgency": row.urgency,
        "received_at": iso(row.received_at),
        "due_at": iso(row.next_due_at) if row.next_due_at else None,
        "light": row.light(now).value,
    }
