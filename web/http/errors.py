"""Error handlers: every refusal or fault as a JSON error for the API or as a page for people."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import asyncpg
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from tortoise.exceptions import BaseORMException

from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow, Refusal, Unavailable
from web.auth import sessions
from web.auth.metering import TooManyFiles
from web.auth.phone_counts import TooOften
from web.http import templating
from web.http.challenge import ANSWER_HEADER, ChallengeRequired
from web.http.hosts import UnknownHost
from web.http.limits import TooLarge, TooMany, TooSlow
from web.wording import catalogue

STATUS_OF: Mapping[type[Refusal], int] = {
    sessions.Unauthorized: 401,
    TooMany: 429,
    TooOften: 429,
    TooSlow: 408,
    UnknownHost: 421,
    TooManyFiles: 429,
    Invalid: 422,
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    NotNow: 409,
    Unavailable: 503,
}
_NAME_MOST = 60  # no thing has a longer name in an address
log = structlog.get_logger("web")


@contextmanager
def suppress_database_faults(what: str, no: str) -> Iterator[None]:
    """For what is written beside a case that is stored already: the answer stays its receipt, the fault is logged."""
    try:
        yield
    except (BaseORMException, asyncpg.PostgresError, asyncpg.InterfaceError, sqlite3.Error, OSError) as fault:
        log.error(f"not written beside an accepted case: {what}", case=no, exc_info=fault)


def status_of(fault: Refusal) -> int:
    """The HTTP status of a refusal."""
    if fault.code == "too_large":
        return 413
    if fault.code == "not_json":
        return 400
    if fault.code == "unsupported_type":
        return 415
    return next((status for kind, status in STATUS_OF.items() if isinstance(fault, kind)), 500)


def error_json(fault: Refusal) -> dict[str, Any]:
    """An error as JSON; its type is `ErrorBody`."""
    words = str(fault.details.get("words", fault.code))  # a code may have more than one sentence
    error: dict[str, Any] = {"code": fault.code, "message": catalogue.error_words(words, **_error_details(fault))}
    if isinstance(fault, Invalid) and fault.fields:
        error["fields"] = {name: catalogue.fault_words(name, why, fault.details) for name, why in fault.fields.items()}
    if "reasons" in fault.details:
        error["reasons"] = fault.details["reasons"]
    if isinstance(fault, ChallengeRequired):
        error["challenge"] = {"token": fault.token, "question": fault.question, "answer_header": ANSWER_HEADER}
    return {"error": error}


def _error_details(fault: Refusal) -> dict[str, object]:
    count = len(fault.fields) if isinstance(fault, Invalid) else 0
    return {"count": max(1, count), **fault.details}


_RETRY_SECONDS = 60
"""What Retry-After says of what does not answer, unless the refusal knows better."""


def is_api_request(request: Request) -> bool:
    return request.url.path.startswith("/api/")


async def handle_refusal(request: Request, fault: Exception) -> Response:
    if not isinstance(fault, Refusal):
        raise fault
    return await refusal_response(request, fault)


async def refusal_response(request: Request, fault: Refusal) -> Response:
    """A refusal as JSON for the API, as a page for people; who is not logged in is sent to the log-in."""
    status = status_of(fault)
    seconds = fault.details.get("seconds", _RETRY_SECONDS if status == 503 else None)
    headers = {"Retry-After": str(seconds)} if seconds is not None else {}
    if status == 408:
        headers["Connection"] = "close"
    if is_api_request(request):
        return JSONResponse(error_json(fault), status, headers)
    if status == 401 and fault.code == "unauthorized":
        target = f"/login?next={request.url.path}"
        return RedirectResponse(target, 303)
    if status == 401 and fault.code == "citizen_unauthorized":
        return RedirectResponse("/me/login", 303)
    words = catalogue.error_words(fault.code, **_error_details(fault))
    fields = error_json(fault)["error"].get("fields", {})
    response = templating.render_page(
        request, "error.html", {"status": status, "message": words, "fields": fields}, status
    )
    response.headers.update(headers)
    return response


async def handle_http_error(request: Request, fault: Exception) -> Response:
    if not isinstance(fault, HTTPException):
        raise fault
    refusals: Mapping[int, Refusal] = {
        404: NotFound(),
        405: Refusal("method_not_allowed"),
        413: TooLarge(),
        400: Invalid(code="invalid"),
    }
    refusal = refusals.get(fault.status_code, Refusal("internal"))
    if is_api_request(request):
        return JSONResponse(error_json(refusal), fault.status_code, fault.headers)
    is_no_page = fault.status_code == 404
    words = catalogue.error_words("no_page" if is_no_page else refusal.code, count=1)
    values = {"status": fault.status_code, "message": words, "fields": {}}
    return templating.render_page(request, "error.html", values, fault.status_code)


async def handle_validation_error(request: Request, fault: Exception) -> Response:
    """Something is longer than any that is kept, and the ORM refuses to compare or to store it.

    Asked for by such a name there is no such thing; what was sent is too long, and the answer says so.
    """
    if request.method in ("GET", "HEAD") or any(len(str(part)) > _NAME_MOST for part in request.path_params.values()):
        return await refusal_response(request, NotFound())
    name = str(fault).partition(":")[0]
    return await refusal_response(request, Invalid({name if name in catalogue.FIELDS else "body": "too_long"}))


async def handle_internal_error(request: Request, fault: Exception) -> Response:
    """A fault of ours: logged with the request's id, answered without details."""
    request_id = getattr(request.state, "request_id", "")
    log.error("broken", id=request_id, path=request.url.path, exc_info=fault)
    words = catalogue.error_words("internal")
    if is_api_request(request):
        return JSONResponse({"error": {"code": "internal", "message": words, "request_id": request_id}}, 500)
    return templating.render_page(
        request, "error.html", {"status": 500, "message": words, "fields": {}, "request_id": request_id}, 500
    )
