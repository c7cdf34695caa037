"""API calls of a citizen who proved a telephone number: own cases, query codes, devices."""

from typing import Annotated

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.errors import Invalid, NotFound
from feedback.queries import own_cases as own_case_queries
from feedback.queries import personal_copy
from feedback.queries.own_cases import OwnCase
from feedback.rules import intake
from feedback.rules.vocabulary import Status
from routing import directory
from routing.directory import Directory
from routing.notices import inbox
from web.actions import own_cases as own_case_actions
from web.api import serializers
from web.api.request_parsing import read_body, read_path, read_query
from web.api.schemas.requests import QueryCode, described
from web.api.schemas.responses import Instant, TodoOut, UnitName
from web.api.serializers import json_response
from web.api.v1 import cases
from web.auth import citizen_sessions, permissions
from web.context import AppContext
from web.wording import catalogue, dates

HERE = "here"


class OwnCaseRow(Struct):
    """A line of one's own list (我的事); of a report (检举控告) it tells neither title nor kind nor unit."""

    no: str
    title: str
    kind: Annotated[str | None, described("诉求类型；检举控告为 null")]
    status: Status
    status_text: str
    unit: UnitName | None
    received_at: Instant
    replied_at: Instant | None
    todo: TodoOut | None


class OwnCasePage(Struct):
    """One page of one's own cases, newest first."""

    items: list[OwnCaseRow]
    total: int
    page: int
    pages: int


class OwnCasesQuery(Struct):
    """Which page."""

    page: Annotated[int, described("第几页，每页 20 件", minimum=1)] = 1


class OlderCasesIn(Struct):
    """What opens cases from before the number was proved here (找回以前的事): a query code, or the name given then."""

    code: QueryCode = ""
    name: Annotated[str, described("当时填写的姓名", maxLength=intake.NAME_MOST)] = ""


class OlderCasesOut(Struct):
    """How many cases were added to the list."""

    opened: int


class ReissueIn(Struct):
    """Why a new query code is wanted."""

    reason: Annotated[str, described("例如：查询码丢了", maxLength=300)] = ""


class NewCodeOut(Struct):
    """The new query code, shown this once. The old one opens nothing any more."""

    no: str
    code: QueryCode


class CorrectionIn(Struct):
    """What is to be corrected (更正); only what changes is sent."""

    name: Annotated[str, described("姓名", maxLength=intake.NAME_MOST)] = ""
    phone: Annotated[str, described("手机或固定电话号码")] = ""
    id_kind: Annotated[str, described("证件种类")] = ""
    id_number: Annotated[str, described("证件号码")] = ""
    home_address: Annotated[str, described("住址", maxLength=intake.ADDRESS_MOST)] = ""
    reason: Annotated[str, described("说明")] = ""


class ErasureIn(Struct):
    """Why one's data are to be erased (删除)."""

    reason: Annotated[str, described("可以不写")] = ""


class RefusedRequest(Struct):
    """A case in which the request was not made, and why."""

    no: str
    code: str
    message: str


class RequestedOut(Struct):
    """In which cases the request was made: the desk decides within the term, and the decision is told."""

    requested: list[str]
    refused: list[RefusedRequest]


class MessageOut(Struct):
    """What one was told (消息)."""

    case_no: str
    text: str
    at: Instant
    state: Annotated[
        str, described("sent 已发出 · no_channel 没有发送渠道，只在这里显示 · queued 待发 · failed 没有发出")
    ]


class MessagePage(Struct):
    items: list[MessageOut]
    total: int
    page: int
    pages: int


class DeviceOut(Struct):
    """A device on which the number is logged in (登录的设备)."""

    id: str
    device: str
    made_at: Instant
    seen_at: Instant
    here: bool


class DeviceList(Struct):
    items: list[DeviceOut]


async def list_cases(request: Request) -> Response:
    """One's own cases."""
    login = permissions.current_citizen(request)
    page = await own_case_queries.list_own_cases(login.holder, read_query(request, OwnCasesQuery)["page"])
    names, context = await directory.load_directory(), request.app.state.context
    items = [await _build_row(context, case, names) for case in page.items]
    return json_response(OwnCasePage(items, page.total, page.number, page.pages))


async def _build_row(context: AppContext, case: OwnCase, names: Directory) -> OwnCaseRow:
    todo, _ = await own_case_actions.load_progress(context, case.no, names)
    return OwnCaseRow(
        no=case.no,
        title=case.title or catalogue.CONFIDENTIAL_TITLE,
        kind=case.kind or None,
        status=Status(case.status),
        status_text=catalogue.STATUSES[case.status],
        unit=serializers.build_optional_unit(case.unit, names),
        received_at=dates.iso(case.received_at),
        replied_at=dates.iso(case.replied_at) if case.replied_at else None,
        todo=serializers.build_todo(todo) if todo else None,
    )


async def look_up(request: Request) -> Response:
    """One of them, as by its query code."""
    login = permissions.current_citizen(request)
    citizen = await own_case_queries.require_own_case(login.holder, read_path(request, "no"))
    return await cases.case_response(request, citizen, citizen.case_no)


async def act(request: Request) -> Response:
    """Take a step in one of them, as by its query code."""
    login = permissions.current_citizen(request)
    return await cases.answer_act(request, lambda no, code: own_case_queries.require_own_case(login.holder, no))


async def open_older(request: Request) -> Response:
    """Add cases from before: whoever held the number earlier may be somebody else."""
    login = permissions.current_citizen(request)
    values = await read_body(request, OlderCasesIn)
    if not values["code"] and not values["name"]:
        raise Invalid(code="older_proof_missing")
    opened = await own_case_actions.open_older_cases(request, login, code=values["code"], name=values["name"])
    return json_response(OlderCasesOut(opened))


async def reissue_code(request: Request) -> Response:
    """A new query code in place of a lost one."""
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    values = await read_body(request, ReissueIn, may_be_empty=True)
    citizen = await own_case_queries.require_own_case(login.holder, read_path(request, "no"))
    code = await own_case_actions.reissue_code(context, citizen.case_no, citizen, values["reason"])
    return json_response(NewCodeOut(citizen.case_no, code), 201)


async def data(request: Request) -> Response:
    """A copy of everything held about the person in the cases they may open."""
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    ids = await own_case_queries.list_person_ids(login.holder)
    return json_response(await personal_copy.copy_of_person(ids, vault=context.settings.vault))


async def correct(request: Request) -> Response:
    """Ask for a correction in every case one brought."""
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    values = await read_body(request, CorrectionIn)
    requested = await own_case_actions.request_correction(context, login, values)
    return json_response(_build_requested(requested), 202)


async def erase(request: Request) -> Response:
    """Ask for erasure in every case one brought, and end the log-in."""
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    values = await read_body(request, ErasureIn, may_be_empty=True)
    requested = await own_case_actions.request_erasure(context, login, intake.clean_paragraph(values["reason"]))
    return json_response(_build_requested(requested), 202)


def _build_requested(requested: own_case_actions.Requested) -> RequestedOut:
    refused = [RefusedRequest(no, code, catalogue.error_words(code)) for no, code in requested.refused]
    return RequestedOut(list(requested.nos), refused)


async def messages(request: Request) -> Response:
    """What one was told of one's cases."""
    login = permissions.current_citizen(request)
    page = await inbox.list_own_notices(login.holder, read_query(request, OwnCasesQuery)["page"])
    items = [MessageOut(row["case_no"], row["words"], dates.iso(row["made_at"]), row["state"]) for row in page.items]
    return json_response(MessagePage(items, page.total, page.number, page.pages))


async def devices(request: Request) -> Response:
    """Where the number is logged in."""
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    rows = await citizen_sessions.list_devices(login, context.clock.now())
    items = [DeviceOut(row.id, row.words, dates.iso(row.made_at), dates.iso(row.seen_at), row.is_here) for row in rows]
    return json_response(DeviceList(items))


async def end_device(request: Request) -> Response:
    """Log one device out: `here` is the one that asks."""
    login = permissions.current_citizen(request)
    id_ = read_path(request, "id")
    if not await citizen_sessions.end_session(login, login.id if id_ == HERE else id_):
        raise NotFound(device=id_)
    return Response(status_code=204)


async def end_devices(request: Request) -> Response:
    """Log out everywhere."""
    await citizen_sessions.end_session(permissions.current_citizen(request))
    return Response(status_code=204)
