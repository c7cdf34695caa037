"""Rating a service (好差评): by the printed QR code, a link in a message, or the service number."""

import io
from collections.abc import Mapping
from typing import Any

import segno
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from evaluation import scale
from evaluation.ratings import cases as case_ratings
from evaluation.ratings import services, submission, tokens
from evaluation.ratings.submission import ServiceRating
from evaluation.ratings.tokens import Occasion
from feedback.kernel import identifiers
from feedback.kernel.errors import Invalid, NotFound, NotNow
from feedback.rules import access
from feedback.rules.vocabulary import Act
from routing import directory
from web.actions import cases as case_actions
from web.auth import sessions
from web.context import AppContext
from web.forms import parsing
from web.http.challenge import ChallengeRequired, require_answer
from web.presentation import rating_links
from web.wording import catalogue

WEB, SCANNED = "1", "3"  # 评价渠道: 电脑端, 二维码
_WORDS: Mapping[tuple[str, str], str] = {
    ("level", "out_of_range"): "请选择满意程度",
    ("matter", "missing"): "请选择办的是什么事",
    ("handling_no", "missing"): "请填写办件编号，在受理单或者短信里可以找到",
    ("token", "unknown"): "这个二维码或链接无效，请在下面填写",
}


async def rate(request: Request) -> Response:
    """The form on GET, the rating taken on POST."""
    if request.method == "GET":
        typed = {"token": request.query_params.get("t", ""), "pf": SCANNED if "t" in request.query_params else WEB}
        return await _shown(request, typed, {})
    async with request.form() as form:
        typed = _typed(form)
        answer = {name: parsing.read_field(form, f"challenge_{name}") for name in ("token", "answer")}
    context: AppContext = request.app.state.context
    await request.app.state.limiter.hit("submit", request)
    try:
        await require_answer(request, **answer)
        occasion = _occasion(context, typed["token"])
        is_verified = await _keep(request, typed, occasion)
    except Invalid as fault:
        errors = {
            name: _WORDS.get((name, code)) or catalogue.fault_words(name, code) for name, code in fault.fields.items()
        }
        if "token" in errors:
            typed["token"] = ""
        return await _shown(request, typed, errors)
    except ChallengeRequired as fault:
        return await _shown(request, typed, {}, challenge=fault)
    except NotNow as fault:
        return await _shown(request, typed, {"level": catalogue.error_words(fault.code)})
    context.wake()
    standing = "" if is_verified else "&unverified=1"
    return RedirectResponse(f"/rate/thanks?level={typed['level']}{standing}", status_code=303)


def _occasion(context: AppContext, token: str) -> Occasion:
    return tokens.parse_token(context.settings.vault, token) if token else Occasion()


def _typed(form: FormData) -> dict[str, Any]:
    level = parsing.read_field(form, "level")
    return {
        "level": int(level) if level.isdecimal() and len(level) == 1 else 0,
        "tags": [tag for tag in form.getlist("tags") if isinstance(tag, str)],
        "text": parsing.read_field(form, "text"),
        "anonymous": "anonymous" in form,
        "matter": parsing.read_field(form, "matter"),
        "handling_no": parsing.read_field(form, "handling_no"),
        "slip_code": parsing.read_field(form, "slip_code"),
        "phone": parsing.read_field(form, "phone"),
        "token": parsing.read_field(form, "token"),
        "pf": _channel(parsing.read_field(form, "pf")),
        "key": parsing.read_field(form, "key"),
    }


def _channel(pf: str) -> str:
    """How the rating came: nobody who fills in a page came by what only the system receives."""
    return WEB if not pf or pf in scale.SYSTEM_CHANNELS else pf


async def _keep(request: Request, typed: dict[str, Any], occasion: Occasion) -> bool:
    """Take the rating. Returns whether it counts."""
    context: AppContext = request.app.state.context
    now, vault = context.clock.now(), context.settings.vault
    # Without scripts the boxes of every level are on the page: only those of the chosen level were meant.
    typed["tags"] = [tag for tag in typed["tags"] if not submission.find_tags_fault(typed["level"], [tag])]
    if occasion.case_no:
        data = {name: typed[name] for name in ("level", "tags", "text", "anonymous") if typed[name]}
        no = occasion.case_no
        if not await case_ratings.is_submitted(typed["key"], vault):
            await case_actions.perform_act(
                context, no, Act.RATE, access.citizen(no), data, pf=typed["pf"], key=typed["key"]
            )
        return True
    rating = ServiceRating(**{**typed, "tags": tuple(typed["tags"])})
    view = await services.rate_service(rating, await sessions.find_actor(request), now=now, vault=vault)
    return view.status != submission.UNVERIFIED


async def _shown(
    request: Request,
    typed: Mapping[str, Any],
    errors: Mapping[str, str],
    challenge: ChallengeRequired | None = None,
) -> Response:
    context: AppContext = request.app.state.context
    names = await directory.load_directory()
    rows = await services.list_matters()
    errors, token = dict(errors), str(typed["token"])
    occasion = Occasion()
    try:
        occasion = _occasion(context, token)
    except Invalid:
        errors["matter"] = _WORDS["token", "unknown"]
        token = ""
    groups: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        groups.setdefault(names.name(row.unit), []).append((row.code, row.name))
    matter = next((row for row in rows if row.code == occasion.matter), None)
    typed = {**typed, "key": typed.get("key") or identifiers.new_id()}
    blank = {
        "level": "",
        "tags": [],
        "text": "",
        "anonymous": False,
        "matter": "",
        "handling_no": "",
        "slip_code": "",
        "phone": "",
    }
    values = {
        "draft": {**blank, **typed, "token": token},
        "fixed": _fixed(occasion, matter.name if matter else "", names.name(matter.unit) if matter else ""),
        "asks_matter": not (occasion.case_no or occasion.matter),
        "asks_handling": not (occasion.case_no or occasion.handling_no),
        "matters": list(groups.items()),
        "levels": list(catalogue.LEVELS.items()),
        "indicators": _indicator_options(),
        "text_most": submission.TEXT_MOST,
        "errors": errors,
        "challenge": challenge,
    }
    status = 403 if challenge is not None else 422 if errors else 200
    return context.render(request, "public/rate_service.html", values, status=status)


def _fixed(occasion: Occasion, matter: str, unit: str) -> list[tuple[str, str]]:
    """What the QR code already says."""
    rows = [
        ("诉求编号", occasion.case_no),
        ("办的什么事", matter),
        ("办理单位", unit),
        ("办件编号", occasion.handling_no),
        ("窗口", occasion.window),
    ]
    return [(term, words) for term, words in rows if words]


async def picture(request: Request) -> Response:
    """The QR code of a token as a picture, for slips and messages of other systems.

    Raises NotFound for a token that is not ours.
    """
    context: AppContext = request.app.state.context
    token = request.path_params["token"]
    try:
        tokens.parse_token(context.settings.vault, token)
    except Invalid as fault:
        raise NotFound(code=token[:8]) from fault
    code = segno.make(rating_links.service_address(context.settings, request, token), error="m")
    content = io.BytesIO()
    code.save(content, kind="svg", omitsize=True, border=2)
    return Response(content.getvalue(), media_type="image/svg+xml")


async def thanks(request: Request) -> Response:
    """What happens with the rating."""
    context: AppContext = request.app.state.context
    text = request.query_params.get("level", "")
    level = int(text) if text in {str(known_level) for known_level in catalogue.LEVELS} else 5
    values = {"level_words": catalogue.LEVELS[level], "bad": scale.is_bad(level)}
    values["is_unverified"] = request.query_params.get("unverified") == "1"
    return context.render(request, "public/rate_thanks.html", values)


def _indicator_options() -> dict[int, list[tuple[str, str]]]:
    """The indicators of each level, to tick."""
    return {level: [(row.code, row.text) for row in scale.list_indicators(level)] for level in catalogue.LEVELS}
