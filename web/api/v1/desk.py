"""API calls for the worklist and for the classification and assignment proposed for a message."""

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from classify import taxonomy as categories
from classify.signals import urgency
from feedback.kernel.errors import Invalid
from feedback.queries import worklist as case_worklist
from feedback.rules import intake
from feedback.rules.read_models import Filters
from routing import directory
from routing.assignment_rules import CaseFacts, Decision, decide_unit
from routing.directory import Directory
from web.actions import suggestions
from web.api import serializers
from web.api.route_table import answered, asked, taken
from web.api.schemas import requests
from web.auth import sessions
from web.tasks import classification
from web.wording import catalogue

if TYPE_CHECKING:
    from classify.model.release import Verdict
    from web.context import AppContext


async def worklist(request: Request) -> Response:
    """The cases the member of staff sees, narrowed and sorted."""
    context: AppContext = request.app.state.context
    actor = await sessions.require_actor(request)
    names = await directory.load_directory()
    said = asked(request, requests.DeskQuery)
    if faults := filter_faults(said, names):
        raise Invalid(faults)
    page = said.pop("page")
    filters = Filters(**{name: value or "" for name, value in said.items() if name != "mine"}, mine=said["mine"])
    now = context.clock.now()
    found = await case_worklist.load_worklist(actor, filters, page, now=now)
    items = [{**serializers.row_json(row, names, now), "flags": row.flags.split()} for row in found.items]
    return answered({"items": items, "total": found.total, "page": found.page, "pages": found.pages})


def filter_faults(said: dict[str, Any], names: Directory) -> dict[str, str]:
    """What is wrong with the codes a list is narrowed by."""
    found = {}
    if said["unit"] and not names.has(said["unit"]):
        found["unit"] = "unknown_unit"
    if said["category"] and not categories.has_code(said["category"]):
        found["category"] = "unknown"
    if said["region"] and said["region"] not in names.by_region:
        found["region"] = "unknown"
    return found


async def classify(request: Request) -> Response:
    """What a message is about, who should answer it and why: a proposal, nothing is written."""
    context: AppContext = request.app.state.context
    actor = await sessions.require_actor(request)
    values, faults, _ = await taken(request, requests.ToClassify)
    title, text = intake.clean_line(values.get("title", "")), intake.clean_paragraph(values.get("text", ""))
    names = await directory.load_directory()
    if faults := _message_faults(title, text, values, names) | faults:
        raise Invalid(faults)
    model = await context.model()
    verdict = await asyncio.to_thread(model.predict, title, text) if model else None
    region = values["region"] or names.place_of(f"{values['address']}\n{title}\n{text}")
    decision = _decision(verdict, values["kind"] or "", region, context.settings.desk, names)
    told = _suggestion(verdict, decision, title, text, context.settings.desk, names)
    now = context.clock.now()
    earlier = await suggestions.find_precedents(actor, verdict.reasons, "", now) if verdict else []
    told["similar"] = [
        {"no": row.no, "title": row.title, "unit": serializers.unit_json(row.unit, names), "status": row.status}
        for row in earlier[: suggestions.SIMILAR_MOST]
    ]
    told |= await _automatic(context, verdict, decision, names.street_of(region))
    return answered(told)


async def _automatic(
    context: "AppContext", verdict: "Verdict | None", decision: Decision, street: str
) -> dict[str, Any]:
    """Whether a message like this goes to its unit without a person, else why not."""
    if verdict is None or not decision.unit:
        return {"automatic": False, "automatic_reason": "没有对应的派单规则，由受理窗口分派"}
    said = classification.classification_data(verdict, context.settings.confidence_bar) | {"proposed": decision.unit}
    if said["abstained"]:
        return {"automatic": False, "automatic_reason": "分类器不够确定，由受理窗口判断"}
    held = await classification.find_hold_reason(said, street, context.settings.automatic_mode)
    return {"automatic": not held, "automatic_reason": catalogue.HELD.get(held, "")}


def _message_faults(title: str, text: str, values: dict[str, Any], names: Directory) -> dict[str, str]:
    found = {}
    if not title and not text:
        found["text"] = "missing"
    if len(title) > intake.TITLE_MOST:
        found["title"] = "too_long"
    if len(text) > intake.TEXT_MOST:
        found["text"] = "too_long"
    if values.get("region") and values["region"] not in names.by_region:
        found["region"] = "unknown"
    return found


def _decision(verdict: "Verdict | None", kind: str, region: str, desk: str, names: Directory) -> Decision:
    """Who would answer. A person reads this, so the best guess counts even where the classifier abstains."""
    facts = CaseFacts(
        category=verdict.category if verdict else "",
        kind=kind,
        region=region,
        desk=desk,
        is_sure=bool(verdict and verdict.category),
        street=names.street_of(region),
        region_chain=names.region_chain(region),
    )
    return decide_unit(facts, names.rows)


def _suggestion(
    verdict: "Verdict | None", decision: Decision, title: str, text: str, desk: str, names: Directory
) -> dict[str, Any]:
    signs = urgency.detect_signs(title, text)
    return {
        "category": (verdict.category or None) if verdict else None,
        "label": verdict.label if verdict and verdict.category else None,
        "confidence": round(verdict.confidence, 4) if verdict else 0.0,
        "abstained": verdict.abstained if verdict else True,
        "unit": serializers.unit_json(decision.unit or desk, names),
        "co_units": [serializers.unit_json(unit, names) for unit in decision.co],
        "unit_reason": decision.reason,
        "reasons": [{"text": r.text, "weight": round(r.weight, 4)} for r in verdict.reasons] if verdict else [],
        "alternatives": [
            {"category": a.category, "label": a.label, "confidence": round(a.confidence, 4)}
            for a in (verdict.alternatives if verdict else ())
        ],
        "urgency": signs[0].level if signs else 0,
        "signs": [{"level": s.level, "why": s.why, "words": s.words} for s in signs],
        "release": verdict.release if verdict else None,
    }
