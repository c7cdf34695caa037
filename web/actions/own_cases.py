"""What a citizen who proved a telephone number does beside the steps of a case: opens older cases, asks for a new code.

The desk issues a new code too, for somebody who came with a document.
"""

from datetime import timedelta

from starlette.requests import Request

from feedback.kernel.errors import Invalid
from feedback.queries import own_cases as own_case_queries
from feedback.record import query_codes
from feedback.rules import intake
from feedback.rules.access import Actor
from web.auth import citizen_sessions, phone_counts
from web.auth.citizen_sessions import CitizenLogin
from web.auth.phone_counts import Limit, TooOften
from web.context import AppContext

REASON_MOST = 300
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
