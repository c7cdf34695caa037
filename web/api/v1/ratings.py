"""API calls that rate a service or a case."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from evaluation.ratings import cases as case_ratings
from evaluation.ratings import services
from evaluation.ratings.submission import UNVERIFIED, RatingView, ServiceRating, compute_rating_id
from evaluation.ratings.tokens import parse_token
from evaluation.scale import SYSTEM_CHANNELS
from feedback.kernel import identifiers
from feedback.kernel.errors import Conflict, Invalid
from feedback.rules import access, intake
from feedback.rules.access import Actor
from feedback.rules.vocabulary import Act
from web.actions import cases as case_actions
from web.api.request_parsing import parse_body
from web.api.schemas import requests, responses
from web.api.serializers import json_response
from web.api.v1.cases import find_asker
from web.auth import sessions
from web.context import AppContext
from web.http import challenge

KEY_MOST = 200


async def rate(request: Request) -> Response:
    """Rate a case, or a service that has none. The same Idempotency-Key again is the same rating."""
    context: AppContext = request.app.state.context
    asked_at = context.clock.now()
    values, faults = await parse_body(request, requests.NewRating)
    if str(values.get("pf")) in SYSTEM_CHANNELS:
        faults["pf"] = "only_by_the_system"
    if faults:
        raise Invalid(faults)
    values["pf"] = str(values["pf"])
    rater = await _find_rater(request, values)
    key = _find_key(request, rater, values)
    if rater is None:
        view = await _rate_service(request, context, values, key)
    else:
        view = await _rate_case(context, rater, values, key, asked_at)
    status = 202 if view.status == UNVERIFIED else 201
    return json_response(responses.RatingOut(view.id, view.level, view.status), status)


def _find_key(request: Request, rater: Actor | None, values: dict[str, Any]) -> str:
    """The key of the call, good for this case or handling only; "" when it brings none."""
    key = request.headers.get("idempotency-key", "").strip()[:KEY_MOST]
    subject = rater.case_no if rater else f"{values['matter']} {values['handling_no']} {values['token']}"
    return f"api {subject} {key}" if key else ""


async def _rate_case(
    context: AppContext, rater: Actor, values: dict[str, Any], key: str, asked_at: datetime
) -> RatingView:
    vault = context.settings.vault
    data = {name: values[name] for name in ("level", "tags", "anonymous")} | {
        "text": intake.clean_paragraph(values["text"])
    }
    if values["desk_level"] is not None:
        data["desk_level"] = values["desk_level"]
    if not await case_ratings.is_submitted(key, vault):
        try:
            await case_actions.perform_act(
                context, rater.case_no, Act.RATE, rater, data, pf=values["pf"], key=key, asked_at=asked_at
            )
        except Conflict:
            if not await case_ratings.is_submitted(key, vault):
                raise
    views = (await case_ratings.list_ratings(rater, case_no=rater.case_no)).items
    return next((view for view in views if key and view.id == compute_rating_id(key, vault)), views[0])


async def _find_rater(request: Request, values: dict[str, Any]) -> Actor | None:
    """The citizen whose case is rated, or None when it is no case."""
    context: AppContext = request.app.state.context
    if values["token"]:
        no = parse_token(context.settings.vault, intake.clean_line(values["token"])).case_no
        return access.citizen(no) if no else None
    if not values["case_no"] and (values["handling_no"] or not values["code"]):
        return None
    missing = {name: "missing" for name in ("case_no", "code") if not values[name].strip()}
    if missing:
        raise Invalid(missing)
    return await find_asker(
        request, identifiers.normalize_case_number(intake.clean_line(values["case_no"])), values["code"]
    )


async def _rate_service(request: Request, context: AppContext, values: dict[str, Any], key: str) -> RatingView:
    await request.app.state.limiter.hit("submit", request)
    if await sessions.find_actor(request) is None:
        await challenge.require_answer(request, **challenge.read_header(request))
    rating = ServiceRating(
        level=values["level"],
        tags=tuple(values["tags"]),
        text=intake.clean_paragraph(values["text"]),
        pf=values["pf"],
        anonymous=values["anonymous"],
        matter=intake.clean_line(values["matter"]),
        handling_no=intake.clean_line(values["handling_no"]),
        token=intake.clean_line(values["token"]),
        phone=intake.clean_line(values["phone"]),
        slip_code=values["code"],
        key=key,
    )
    staff = await sessions.find_actor(request)
    settings = context.settings
    view = await services.rate_service(rating, staff, now=context.clock.now(), vault=settings.vault)
    context.wake()
    return view
