"""API calls that log a member of staff in and out."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from feedback.rules import intake
from routing import directory
from web.api import serializers
from web.api.request_parsing import read_body
from web.api.schemas import requests, responses
from web.api.serializers import json_response
from web.auth import login_attempts, sessions
from web.wording import dates

if TYPE_CHECKING:
    from web.context import AppContext


async def log_in(request: Request) -> Response:
    """A session for a member of staff."""
    context: AppContext = request.app.state.context
    limiter = request.app.state.limiter
    values = await read_body(request, requests.LogIn)
    username, source = intake.clean_line(values["username"]), login_attempts.read_source(request)
    await limiter.check("login", request)
    try:
        session = await sessions.log_in(context, username, values["password"], values["otp"], source=source)
    except sessions.Unauthorized:
        await limiter.hit("login", request)
        raise
    actor, names = session.actor, await directory.load_directory()
    answer = responses.SessionOut(
        token=session.token,
        expires_at=dates.iso(session.expires_at),
        actor=responses.ActorOut(
            username=actor.id,
            name=actor.name,
            unit=serializers.build_optional_unit(actor.unit, names),
            roles=sorted(actor.roles),
        ),
    )
    return json_response(answer, 201)


async def log_out(request: Request) -> Response:
    """End the session the call came with."""
    await sessions.log_out(request)
    return Response(status_code=204)
