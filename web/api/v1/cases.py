"""API calls that submit a case, look it up and perform acts on it, for citizens' apps and for staff."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback import letter_register
from feedback.kernel import identifiers
from feedback.kernel.errors import Invalid, NotFound
from feedback.queries import cases as case_queries
from feedback.queries import lookup as case_lookup
from feedback.queries import personal_copy
from feedback.queries.own_cases import require_own_case
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.geography import Crs, find_location_faults, read_location
from feedback.rules.intake import PersonSubmission, Proxy, Submission, normalize_phone
from feedback.rules.vocabulary import Act, Role
from routing import directory
from web.actions import cases as case_actions
from web.actions import letters as letter_actions
from web.api import serializers
from web.api.request_parsing import find_unused, load_body, parse_object, read_path, read_query
from web.api.schemas import requests, responses
from web.api.serializers import json_response
from web.auth import citizen_sessions, message_sources, sessions
from web.context import AppContext
from web.forms import parsing
from web.http import challenge
from web.http.errors import suppress_database_faults
from web.wording import catalogue, dates

_NAME_SHOWN, _NAMES_SHOWN = 40, 10  # of fields nobody reads
_PERSON = ("name", "phone", "id_number", "address", "id_kind", "email")


async def submit(request: Request) -> Response:
    """Hand in a message: 201 with a receipt, or 200 with the same one when the source was here before."""
    context: AppContext = request.app.state.context
    sender = await _find_sender(request)
    payload = await load_body(request)
    values, faults = parse_object(requests.NewCase, payload)
    faults = {**_find_document_faults(values), **_find_place_faults(values), **faults}
    await request.app.state.limiter.hit("submit", request)
    if sender is case_actions.CITIZEN:
        phone = str((values.get("person") or {}).get("phone", ""))
        await challenge.require_answer(request, phone=normalize_phone(phone), **challenge.read_header(request))
    if not values.get("source_id") and "source_id" not in faults:
        values["source_id"] = request.headers.get("idempotency-key", "")
    draft = replace(_build_submission(values, sender), sender=_resend_key(request, sender))
    try:
        receipt = await case_actions.submit_case(context, draft, sender, faults=faults)
    except Invalid as fault:
        _rename_document_fields(fault, values)
        raise
    if sender is case_actions.CITIZEN:
        with suppress_database_faults("its source", receipt.no):
            await message_sources.remember_source(request, receipt.no, draft.kind)
    now = context.clock.now()
    answer = responses.ReceiptOut(
        no=receipt.no,
        code=receipt.code,
        status=receipt.status,
        received_at=dates.iso(receipt.received_at),
        clocks=[serializers.build_clock(clock, now) for clock in receipt.clocks if clock.is_personal],
    )
    if unused := find_unused(requests.NewCase, payload):
        names = "、".join(name[:_NAME_SHOWN] for name in unused[:_NAMES_SHOWN])
        answer.warnings = [catalogue.error_words("unused_fields", names=names)]
    return json_response(answer, 201 if receipt.is_new else 200)


async def _find_sender(request: Request) -> Actor:
    """The member of staff who registers it, or the citizen. A bearer token that is over is not taken for nobody's."""
    staff = await sessions.find_actor(request)
    is_nobody = staff is None and await citizen_sessions.find_citizen(request) is None
    if is_nobody and request.headers.get("authorization"):
        raise sessions.Unauthorized()
    return staff or case_actions.CITIZEN


def _resend_key(request: Request, sender: Actor) -> str:
    """By what a resend without a telephone is known: the member of staff, or the address and the program."""
    if sender is not case_actions.CITIZEN:
        return sender.id
    return f"{request.app.state.limiter.address(request)} {request.headers.get('user-agent', '')}"


def _build_submission(values: dict[str, Any], sender: Actor) -> Submission:
    petitioner, proxy, place = values.get("person"), values.get("proxy"), values.get("location")
    return Submission(
        kind=values.get("kind", ""),
        title=values.get("title", ""),
        text=values.get("text", ""),
        channel=values.get("channel", ""),
        desk=sender.unit if Role.RECEPTION in sender.roles else "",
        source_id=values.get("source_id", ""),
        region=values.get("region", ""),
        address=values.get("address", ""),
        location=read_location(place) if place and not find_location_faults(place) else None,
        person=_build_person(petitioner) if petitioner else None,
        exclude=values.get("exclude", ""),
        anonymous=values.get("anonymous", False),
        public_consent=values.get("public_consent", False),
        attachments=tuple(values.get("attachments", ())),
        headcount=values.get("headcount", 1),
        representatives=tuple(_build_person(person) for person in values.get("representatives", ())),
        age_group=values.get("age_group", ""),
        birth_day=values.get("birth_day", ""),
        proxy=Proxy(_build_person(proxy), proxy.get("kind", ""), proxy.get("authority", "")) if proxy else None,
    )


def _build_person(values: dict[str, Any]) -> PersonSubmission:
    person = PersonSubmission(*(values.get(name, "") for name in _PERSON))
    document, org = values.get("document"), values.get("org") or {}
    person = replace(person, org_name=org.get("name", ""), org_code=org.get("uscc", ""))
    return (
        replace(person, id_kind=document.get("kind", ""), id_number=document.get("number", "")) if document else person
    )


def _list_documented(values: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """People with a `document`, and the fields they stand in."""
    representatives = values.get("representatives") or ()
    people = [("person", values.get("person")), ("proxy", values.get("proxy"))]
    people += [(f"representatives.{index}", person) for index, person in enumerate(representatives)]
    return [(field, person) for field, person in people if person and person.get("document")]


def _find_document_faults(values: dict[str, Any]) -> dict[str, str]:
    """People of whom a document is written in both ways: which one is right is not ours to choose."""
    return {
        f"{field}.document": "document_twice"
        for field, person in _list_documented(values)
        if person.get("id_number") or person.get("id_kind")
    }


def _rename_document_fields(fault: Invalid, values: dict[str, Any]) -> None:
    """Faults of a document under the names of the fields in which it was sent."""
    names: dict[str, str] = {}
    for field, _ in _list_documented(values):
        names |= {f"{field}.id_kind": f"{field}.document.kind", f"{field}.id_number": f"{field}.document.number"}
    fault.fields = {names.get(field, field): code for field, code in fault.fields.items()}


def _find_place_faults(values: dict[str, Any]) -> dict[str, str]:
    return find_location_faults(values["location"]) if values.get("location") else {}


async def look_up(request: Request) -> Response:
    """A case as the asker may see it, its location in the coordinate system they ask for."""
    query = read_query(request, requests.LookUpQuery)
    if query["crs"] not in set(Crs):
        raise Invalid({"crs": "unknown"})
    no = identifiers.normalize_case_number(read_path(request, "no"))
    return await case_response(request, await find_asker(request, no, query["code"]), no, crs=Crs(query["crs"]))


async def copy(request: Request) -> Response:
    """Everything held about whoever holds the code, in this case. Staff have no right to a copy of somebody else."""
    context: AppContext = request.app.state.context
    code = read_query(request, requests.CaseQuery)["code"]
    no = identifiers.normalize_case_number(read_path(request, "no"))
    if not code:
        raise NotFound(no=no)
    asker = await find_asker(request, no, code)
    values = await personal_copy.copy_of_case(asker, no, vault=context.settings.vault)
    return json_response(responses.PersonalCopy(**values))


async def find_asker(request: Request, no: str, code: str) -> Actor:
    """Whoever holds the code, else the member of staff, else the citizen who proved the telephone of the case.

    Raises NotFound, the same for a wrong code and an unknown case, Unauthorized, or TooMany after many wrong codes.
    """
    if not code:
        staff = await sessions.find_actor(request)
        if staff is None and (login := await citizen_sessions.find_citizen(request)) is not None:
            return await require_own_case(login.holder, no)
        return staff or await sessions.require_actor(request)
    context: AppContext = request.app.state.context
    limiter = request.app.state.limiter
    await limiter.check("lookup", request)
    try:
        return access.citizen(await case_lookup.find_by_code(context.settings.vault, code, no=no or "-"))
    except NotFound:
        await limiter.hit("lookup", request)
        raise


async def case_response(request: Request, asker: Actor, no: str, *, crs: Crs = Crs.WGS84) -> Response:
    """The case as it is now, for whoever asks."""
    context: AppContext = request.app.state.context
    now = context.clock.now()
    file = await case_queries.load_file(asker, no, vault=context.settings.vault, log_at=now)
    letters = await letter_register.list_letters(asker, file)
    names, rating_days = await directory.load_directory(), context.settings.rating_days
    return json_response(serializers.build_case(file, letters, names, now, rating_days=rating_days, crs=crs))


async def act(request: Request) -> Response:
    """Take a step, then show the case as it is now."""
    return await answer_act(request, lambda no, code: find_asker(request, no, code))


async def answer_act(request: Request, find: Callable[[str, str], Awaitable[Actor]]) -> Response:
    """The same for whomever `find` makes out, by the number and what was sent as the code."""
    context: AppContext = request.app.state.context
    payload = await load_body(request, may_be_empty=True)
    values, faults = parse_object(requests.ActIn, payload)
    step = _parse_act(read_path(request, "act"))
    if faults:
        raise Invalid(faults)
    no = identifiers.normalize_case_number(read_path(request, "no"))
    asker = await find(no, values["code"])
    data = parsing.parse_json(payload, parsing.list_needs(step))
    is_withdrawing = step is Act.RECUSE and data.get("staff") == asker.id
    file = await case_queries.load_file(asker, no, vault=context.settings.vault) if is_withdrawing else None
    await case_actions.perform_act(
        context,
        no,
        step,
        asker,
        data,
        expect=values["version"],
        pf=values["pf"],
        is_confirmed=values["confirmed"],
    )
    if file is not None:  # whoever withdraws does not see it again: the answer is what they saw before
        case = serializers.build_case(
            file, (), await directory.load_directory(), context.clock.now(), rating_days=context.settings.rating_days
        )
        return json_response(case)
    return await case_response(request, asker, no)


def _parse_act(text: str) -> Act:
    try:
        return Act(text)
    except ValueError as fault:
        raise NotFound(act=text) from fault


async def letter(request: Request) -> Response:
    """A letter of a case the asker may see, as Word or PDF."""
    code = read_query(request, requests.CaseQuery)["code"]
    no = identifiers.normalize_case_number(read_path(request, "no"))
    return await letter_actions.download_letter(request, await find_asker(request, no, code), no)
