"""API calls that log a member of staff in and out."""

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from feedback.rules import intake
from feedback.rules.access import Actor
from routing import directory
from routing.directory import Directory
from web.api import serializers
from web.api.request_parsing import read_body
from web.api.schemas import requests
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
    told = {
        "token": session.token,
        "expires_at": dates.iso(session.expires_at),
        "actor": _actor_told(session.actor, await directory.load_directory()),
    }
    return json_response(told, 201)


def _actor_told(actor: Actor, names: Directory) -> dict[str, Any]:
    return {
        "username": actor.id,
        "name": actor.name,
        "unit": serializers.unit_json(actor.unit, names),
        "roles": sorted(role.value for role in actor.roles),
    }


async def log_out(request: Request) -> Response:
    """End the session the call came with."""
    await sessions.log_out(request)
    return Response(status_code=204)
