"""What a citizen who proved a telephone number does beside the steps of a case: opens older cases, asks for a new code.

The desk issues a new code too, for somebody who came with a document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request

from feedback.kernel.errors import Invalid, NotNow
from feedback.queries import cases as case_queries
from feedback.queries import own_cases as own_case_queries
from feedback.record import query_codes
from feedback.rules import access, intake
from feedback.rules import todo as todo_rules
from feedback.rules.access import Actor
from feedback.rules.vocabulary import OPEN, Act
from routing.directory import Directory
from web.actions import cases as case_actions
from web.auth import citizen_sessions, phone_counts
from web.auth.citizen_sessions import CitizenLogin
from web.auth.phone_counts import Limit, TooOften
from web.context import AppContext
from web.presentation import todo as todo_views
from web.presentation.todo import TodoView

REASON_MOST = 300
CORRECTABLE = ("name", "phone", "id_kind", "id_number", "home_address")
_PROOFS = Limit("proofs of older cases", 5, timedelta(days=1))
_REISSUES = Limit("new codes of a case", 3, timedelta(days=1))


async def open_older_cases(request: Request, login: CitizenLogin, *, code: str = "", name: str = "") -> int:
    """Add cases from before the number was proved here, by query code or name. Returns how many were found.

    Raises Invalid where nothing matches, TooOften after five tries in a day; each is counted before it is looked at.
    """
    context: AppContext = request.app.state.context
    if seconds := await phone_counts.count(context, _PROOFS, login.holder.phone_hash):
        raise TooOften(seconds=seconds)
    vault = context.settings.vault
    numbers = await own_case_queries.find_by_proof(login.holder, vault, code=code, name=intake.clean_line(name))
    if not numbers:
        raise Invalid({"code" if code else "name": "no_older_case"})
    await citizen_sessions.confirm_cases(context, login.holder, numbers)
    return len(numbers)


async def reissue_code(context: AppContext, no: str, actor: Actor, reason: str) -> str:
    """A fresh query code for a case; the old one is dead, and who did it is on record.

    Raises NotFound for whoever may not, Invalid without a reason from staff, TooOften after three in a day.
    """
    reason = intake.clean_line(reason)
    if len(reason) > REASON_MOST:
        raise Invalid({"reason": "too_long"})
    if not reason and not actor.case_no:
        raise Invalid({"reason": "missing"})
    await query_codes.require_may_reissue(actor, no)
    if seconds := await phone_counts.count(context, _REISSUES, no):
        raise TooOften(seconds=seconds)
    return await query_codes.reissue(no, actor, reason, now=context.clock.now(), vault=context.settings.vault)


async def load_progress(context: AppContext, no: str, names: Directory) -> tuple[TodoView | None, int]:
    """What the citizen of that case must or may do now, and how they rated its newest answer (0: not yet)."""
    file = await case_queries.load_file(access.citizen(no), no, vault=context.settings.vault)
    todo = todo_views.build_todo(file, names, context.clock.now(), context.settings.rating_days)
    return todo, todo_rules.newest_level(file.entries)


@dataclass(frozen=True, slots=True)
class Requested:
    """In which cases a request was made, and in which not, each with the stable code of the reason."""

    nos: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


async def request_correction(context: AppContext, login: CitizenLogin, data: Mapping[str, str]) -> Requested:
    """Ask for a correction of one's data in every case one brought (个人信息保护法 第四十六条); the desk checks it.

    Raises Invalid naming what is wrong with the new data, NotNow where no case can take the request.
    """
    if not any(data.get(name) for name in CORRECTABLE):
        raise Invalid(code="nothing_to_correct")
    return await _request(context, login, Act.ASK_CORRECTION, {name: value for name, value in data.items() if value})


async def request_erasure(context: AppContext, login: CitizenLogin, reason: str = "") -> Requested:
    """Ask for erasure in every case one brought, and forget the log-in (个人信息保护法 第四十七条).

    What still runs, or was asked for already, is refused with its reason. Raises NotNow where that is all there is: then
    nothing was done.
    """
    requested = await _request(context, login, Act.ASK_ERASURE, {"reason": reason} if reason else {})
    await citizen_sessions.end_citizen(login)
    return requested


async def _request(context: AppContext, login: CitizenLogin, act: Act, data: Mapping[str, str]) -> Requested:
    nos, refused = list[str](), list[tuple[str, str]]()
    for no in await own_case_queries.list_petitioned(login.holder):
        citizen = access.citizen(no)
        file = await case_queries.load_file(citizen, no, vault=context.settings.vault)
        if act is Act.ASK_ERASURE and file.status in OPEN:
            refused.append((no, "case_unfinished"))
            continue
        try:
            await case_actions.perform_act(context, no, act, citizen, dict(data))
        except NotNow as fault:
            refused.append((no, fault.code))
        else:
            nos.append(no)
    if refused and not nos:
        raise NotNow(code=refused[0][1])
    return Requested(tuple(nos), tuple(refused))
