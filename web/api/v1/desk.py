"""API calls for the worklist and for the classification and assignment proposed for a message."""

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from classify.signals import urgency
from feedback.kernel.errors import Invalid
from feedback.queries import worklist as case_worklist
from feedback.rules import intake
from feedback.rules.read_models import Filters
from routing import directory
from routing.assignment import decide_for_message
from routing.assignment_rules import CaseFacts, Decision
from routing.directory import Directory
from web.actions import suggestions
from web.api import serializers
from web.api.request_parsing import parse_body, read_query
from web.api.schemas import requests, responses
from web.api.serializers import json_response
from web.auth import permissions
from web.forms.filters import find_code_faults, find_day_faults
from web.tasks import classification
from web.wording import catalogue

if TYPE_CHECKING:
    from classify.model.release import Verdict
    from web.context import AppContext


async def worklist(request: Request) -> Response:
    """The cases the member of staff sees, narrowed and sorted."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    names = await directory.load_directory()
    values = read_query(request, requests.DeskQuery)
    if faults := find_code_faults(values, names) | find_day_faults(values["from_day"], values["until_day"]):
        raise Invalid(faults)
    number = values.pop("page")
    mine, deciding = bool(values.pop("mine")), bool(values.pop("deciding"))
    filters = Filters(**{name: value or "" for name, value in values.items()}, mine=mine, deciding=deciding)
    now = context.clock.now()
    page = await case_worklist.load_worklist(actor, filters, number, now=now)
    items = [serializers.build_desk_row(row, names, now) for row in page.items]
    return json_response(responses.DeskPage(items=items, total=page.total, page=page.number, pages=page.pages))


async def classify(request: Request) -> Response:
    """What a message is about, who should answer it and why: a proposal, nothing is written."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    values, faults = await parse_body(request, requests.ToClassify)
    title, text = intake.clean_line(values.get("title", "")), intake.clean_paragraph(values.get("text", ""))
    names = await directory.load_directory()
    if faults := _find_message_faults(title, text, values, names) | faults:
        raise Invalid(faults)
    model = await context.model()
    verdict = await asyncio.to_thread(model.predict, title, text) if model else None
    region = values["region"] or names.place_of(f"{values['address']}\n{title}\n{text}")
    settings = context.settings
    desk = intake.choose_desk(values["kind"] or "", "", settings.desk, settings.petition_desk)
    signs = urgency.detect_signs(title, text)
    level = signs[0].level if signs else 0
    decision = _decide(verdict, f"{title}\n{text}", values["kind"] or "", region, desk, level, names)
    now = context.clock.now()
    precedents = await suggestions.find_precedents(actor, verdict.reasons, "", now) if verdict else []
    hold_words = await _find_hold_words(context, verdict, decision, names.street_of(region))
    answer = responses.SuggestionOut(
        category=(verdict.category or None) if verdict else None,
        label=verdict.label if verdict and verdict.category else None,
        confidence=round(verdict.confidence, 4) if verdict else 0.0,
        abstained=verdict.abstained if verdict else True,
        unit=serializers.build_unit(decision.unit or desk, names),
        co_units=[serializers.build_unit(unit, names) for unit in decision.co],
        unit_reason=decision.reason,
        reasons=[
            responses.ReasonOut(reason.text, round(reason.weight, 4)) for reason in (verdict.reasons if verdict else ())
        ],
        alternatives=[
            responses.AlternativeOut(row.category, row.label, round(row.confidence, 4))
            for row in (verdict.alternatives if verdict else ())
        ],
        similar=[
            responses.EarlierCase(row.no, row.title, serializers.build_unit(row.unit, names), row.status)
            for row in precedents[: suggestions.SIMILAR_MOST]
        ],
        automatic=not hold_words,
        automatic_reason=hold_words,
        urgency=level,
        signs=[responses.UrgencySignOut(sign.level, sign.why, sign.words) for sign in signs],
        release=verdict.release if verdict else None,
    )
    return json_response(answer)


def _find_message_faults(title: str, text: str, values: dict[str, Any], names: Directory) -> dict[str, str]:
    faults = {}
    if not title and not text:
        faults["text"] = "missing"
    if len(title) > intake.TITLE_MOST:
        faults["title"] = "too_long"
    if len(text) > intake.TEXT_MOST:
        faults["text"] = "too_long"
    if values.get("region") and values["region"] not in names.by_region:
        faults["region"] = "unknown"
    return faults


async def _find_hold_words(context: "AppContext", verdict: "Verdict | None", decision: Decision, street: str) -> str:
    """Why a message like this would not go to its unit without a person; "" where it would."""
    if verdict is None or not decision.unit:
        return catalogue.HELD["no_rule"]
    data = classification.classification_data(verdict, context.settings.confidence_bar) | {"proposed": decision.unit}
    if data["abstained"]:
        return catalogue.HELD["abstained"]
    reason = await classification.find_hold_reason(data, street, context.settings.automatic_mode)
    return catalogue.HELD[reason] if reason else ""


def _decide(
    verdict: "Verdict | None", message: str, kind: str, region: str, desk: str, level: int, names: Directory
) -> Decision:
    """Who would answer. A person reads this, so the best guess counts even where the classifier abstains."""
    facts = CaseFacts(
        category=verdict.category if verdict else "",
        kind=kind,
        region=region,
        desk=desk,
        urgency=level,
        is_sure=bool(verdict and verdict.category),
        street=names.street_of(region),
        region_chain=names.region_chain(region),
    )
    return decide_for_message(facts, message, names)
