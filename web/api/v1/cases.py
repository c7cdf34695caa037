"""API calls that submit a case, look it up and perform acts on it, for citizens' apps and for staff."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback import letter_register
from feedback.kernel import identifiers
from feedback.kernel.errors import Invalid, NotFound
from feedback.letter_register import IssuedLetter
from feedback.queries import cases as case_queries
from feedback.queries import lookup as case_lookup
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.intake import PersonSubmission, Proxy, Submission
from feedback.rules.lifecycle import Step
from feedback.rules.needs import Need
from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import Act, Role
from routing import directory
from web.actions import cases as case_actions
from web.actions import letters as letter_actions
from web.api import serializers
from web.api.request_parsing import load_body, parse_body, parse_object, read_path, read_query
from web.api.schemas import requests
from web.api.serializers import json_response
from web.auth import sessions
from web.context import AppContext
from web.forms import parsing, step_forms
from web.presentation import deadline_changes
from web.wording import acts, catalogue, dates

_PERSON = ("name", "phone", "id_number", "address")


async def submit(request: Request) -> Response:
    """Hand in a message: 201 with a receipt, or 200 with the same one when the source was here before."""
    context: AppContext = request.app.state.context
    values, faults = await parse_body(request, requests.NewCase)
    sender = await _sender(request)
    await request.app.state.limiter.hit("submit", request)
    if not values.get("source_id") and "source_id" not in faults:
        values["source_id"] = request.headers.get("idempotency-key", "")
    draft = replace(_draft(values, sender), sender=_mark(request, sender))
    receipt = await case_actions.submit_case(context, draft, sender, faults=faults)
    now = context.clock.now()
    told = {
        "no": receipt.no,
        "code": receipt.code,
        "status": receipt.status.value,
        "received_at": dates.iso(receipt.received_at),
        "clocks": [serializers.clock_json(clock, now) for clock in receipt.clocks],
    }
    return json_response(told, 201 if receipt.fresh else 200)


async def _sender(request: Request) -> Actor:
    """The member of staff who registers it, or the citizen. A bearer token that is over is not taken for nobody's."""
    staff = await sessions.find_actor(request)
    if staff is None and request.headers.get("authorization"):
        raise sessions.Unauthorized()
    return staff or case_actions.CITIZEN


def _mark(request: Request, sender: Actor) -> str:
    """By what a resend without a telephone is known: the member of staff, or the address and the program."""
    if sender is not case_actions.CITIZEN:
        return sender.id
    return f"{request.app.state.limiter.address(request)} {request.headers.get('user-agent', '')}"


def _draft(values: dict[str, Any], sender: Actor) -> Submission:
    person, proxy = values.get("person"), values.get("proxy")
    return Submission(
        kind=values.get("kind", ""),
        title=values.get("title", ""),
        text=values.get("text", ""),
        channel=values.get("channel", ""),
        desk=sender.unit if Role.RECEPTION in sender.roles else "",
        source_id=values.get("source_id", ""),
        region=values.get("region", ""),
        address=values.get("address", ""),
        person=_person(person) if person else None,
        exclude=values.get("exclude", ""),
        anonymous=values.get("anonymous", False),
        public_consent=values.get("public_consent", False),
        attachments=tuple(values.get("attachments", ())),
        headcount=values.get("headcount", 1),
        representatives=tuple(_person(each) for each in values.get("representatives", ())),
        proxy=Proxy(_person(proxy), proxy.get("kind", ""), proxy.get("authority", "")) if proxy else None,
    )


def _person(said: dict[str, Any]) -> PersonSubmission:
    return PersonSubmission(*(said.get(name, "") for name in _PERSON))


async def look_up(request: Request) -> Response:
    """A case as the asker may see it."""
    code = read_query(request, requests.CaseQuery)["code"]
    no = identifiers.normalize_case_number(read_path(request, "no"))
    return await _shown(request, await asking_actor(request, no, code), no)


async def asking_actor(request: Request, no: str, code: str) -> Actor:
    """Whoever holds the code, else the member of staff.

    Raises NotFound, the same for a wrong code and an unknown case, Unauthorized, or TooMany after many wrong codes.
    """
    if not code:
        return await sessions.require_actor(request)
    context: AppContext = request.app.state.context
    limiter = request.app.state.limiter
    await limiter.check("lookup", request)
    try:
        return access.citizen(await case_lookup.find_by_code(context.settings.vault, code, no=no or "-"))
    except NotFound:
        await limiter.hit("lookup", request)
        raise


async def _shown(request: Request, asker: Actor, no: str) -> Response:
    context: AppContext = request.app.state.context
    now = context.clock.now()
    file = await case_queries.load_file(asker, no, vault=context.settings.vault, log_at=now)
    return json_response(
        _case_told(file, await directory.load_directory(), now, await letter_register.list_letters(asker, file))
    )


def _case_told(file: CaseFile, names: directory.Directory, now: Any, letters: Iterable[IssuedLetter]) -> dict[str, Any]:
    """A case as JSON; each act also describes the fields it asks for."""
    told = serializers.case_json(file, names, now)
    told["date_changes"] = [deadline_changes.to_json(each) for each in file.moves]
    told["letters"] = [_letter(letter) for letter in letters]
    told["acts"] = [_offer(step, file) for step in file.steps(now)]
    return told


def _letter(letter: IssuedLetter) -> dict[str, Any]:
    return {
        "id": str(letter.id),
        "code": letter.code,
        "title": letter.row.title,
        "number": letter.number,
        "issued_at": dates.iso(letter.issued_at),
        "verify": letter.token,
    }


def _offer(step: Step, file: CaseFile) -> dict[str, Any]:
    may = [need for need in step.may if need.name not in parsing.SYSTEM_NEEDS]
    return {
        "act": step.act.value,
        "label": acts.ACTS[step.act].label,
        "needs": [need.name for need in step.needs],
        "may": [need.name for need in may],
        "fields": [_field(need, step, file) for need in (*step.needs, *may)],
    }


def _field(need: Need, step: Step, file: CaseFile) -> dict[str, Any]:
    label = catalogue.NEEDS.get(need.name, need.name)
    told = {"name": need.name, "label": label, "sort": need.sort, "optional": need.optional, "most": need.most}
    options = step_forms.list_options(step.act.value, need, (file.profile, file.kind, file.stage))
    return told | ({"options": [{"code": code, "label": words} for code, words in options]} if options else {})


async def act(request: Request) -> Response:
    """Take a step, then show the case as it is now."""
    context: AppContext = request.app.state.context
    payload = await load_body(request, may_be_empty=True)
    values, faults = parse_object(requests.ActIn, payload)
    step = _act_of(read_path(request, "act"))
    if faults:
        raise Invalid(faults)
    no = identifiers.normalize_case_number(read_path(request, "no"))
    asker = await asking_actor(request, no, values["code"])
    data = parsing.parse_json(payload, parsing.list_needs(step))
    before = await _case_seen(context, asker, no) if step is Act.RECUSE else None
    await case_actions.perform_act(context, no, step, asker, data, expect=values["version"], pf=values["pf"])
    if before is not None and data.get("staff") == asker.id:
        # Whoever withdraws does not see it again: the answer is what they saw before.
        return json_response(_case_told(before, await directory.load_directory(), context.clock.now(), ()))
    return await _shown(request, asker, no)


async def _case_seen(context: AppContext, asker: Actor, no: str) -> CaseFile:
    return await case_queries.load_file(asker, no, vault=context.settings.vault)


def _act_of(text: str) -> Act:
    try:
        return Act(text)
    except ValueError as fault:
        raise NotFound(act=text) from fault


async def letter(request: Request) -> Response:
    """A letter of a case the asker may see, as Word or PDF."""
    code = read_query(request, requests.CaseQuery)["code"]
    no = identifiers.normalize_case_number(read_path(request, "no"))
    return await letter_actions.download_letter(request, await asking_actor(request, no, code), no)
