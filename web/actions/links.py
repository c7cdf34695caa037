"""Decisions of the desk about linked cases, and one answer for a whole campaign, for pages and API.

Merge, answer with how the first case stands, say that it is a repeat or has new facts, or that it is something else.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from feedback import links
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Conflict, Invalid, NotFound, NotNow, Refusal
from feedback.queries import cases as case_queries
from feedback.record import calendar_editions
from feedback.rules.access import Actor
from feedback.rules.read_models import LinkView, WorkRow
from feedback.rules.vocabulary import Act, LinkKind, LinkState
from routing import directory
from web.actions import cases as case_actions
from web.context import AppContext
from web.presentation import links as link_views
from web.wording import catalogue, dates

BULK_MOST: Final = 100
TEXT_MOST: Final = 5000
MANUAL_KINDS: Final = (LinkKind.REPEAT_OF, LinkKind.NEW_FACTS_OF, LinkKind.CAMPAIGN, LinkKind.SPLIT_FROM)
MERGE: Final = "merge"
ANSWER: Final = "answer"
STATE_DECISIONS: Final[Mapping[str, tuple[LinkState, LinkKind | None]]] = {
    "confirm": (LinkState.CONFIRMED, None),
    "new_facts": (LinkState.CONFIRMED, LinkKind.NEW_FACTS_OF),
    "dismiss": (LinkState.DISMISSED, None),
}
"""What may be said of a link without anything being done to its cases."""
DECISIONS: Final = (MERGE, ANSWER, *STATE_DECISIONS)
_MERGE_REASON = "与在办的一件是同一事项，并案办理，原件办理结果一并答复。"


async def load_link(actor: Actor, text: str) -> LinkView:
    """The undecided or decided link of an address, seen from its newer case.

    Raises NotFound.
    """
    link = await links.load_link(actor, int(text)) if text.isascii() and text.isdecimal() and len(text) <= 15 else None
    if link is None:
        raise NotFound
    return link


async def decide_link(context: AppContext, actor: Actor, link: LinkView, decision: str, *, expect: str = "") -> None:
    """Take one of DECISIONS about a link. `expect`: the state it was looked at in; "" for as it is now.

    Raises NotFound for another decision, Conflict when it was decided meanwhile, Forbidden, or NotNow.
    """
    if expect and expect != link.state:
        raise Conflict(link=link.id)
    no, first_no, now = link.here.no, link.there.no, context.clock.now()
    if decision == MERGE:
        await case_actions.perform_act(context, no, Act.MERGE, actor, {"case": first_no, "reason": _MERGE_REASON})
    elif decision == ANSWER:
        if not link.same_person:
            raise NotNow(no=no)  # how somebody else's case stands is not for this one's code
        await _decline_repeat(context, actor, no, first_no)
        await links.decide_link(
            actor, link.id, LinkState.CONFIRMED, now=now, kind=LinkKind.REPEAT_OF, expect=link.state
        )
    elif decision in STATE_DECISIONS:
        state, kind = STATE_DECISIONS[decision]
        await links.decide_link(actor, link.id, state, now=now, kind=kind, expect=link.state)
    else:
        raise NotFound


async def _decline_repeat(context: AppContext, actor: Actor, no: str, first_no: str) -> None:
    """Decline the repeat with how the first case stands.

    Raises NotNow where no ground fits.
    """
    vault, now = context.settings.vault, context.clock.now()
    repeat_case, first_case = [await case_queries.load_file(actor, case_no, vault=vault) for case_no in (no, first_no)]
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    answer = link_views.build_repeat_answer(repeat_case, first_case, names, calendar, now)
    if answer is None:
        raise NotNow(no=no)
    data = {"ground": answer.ground, "reason": answer.reason, "where_instead": answer.where_instead}
    await case_actions.perform_act(context, no, Act.DECLINE, actor, data)


async def add_link(context: AppContext, actor: Actor, no: str, other_no: str, kind: str) -> None:
    """Link a case to an earlier one by hand.

    Raises Invalid, NotFound, or Forbidden.
    """
    if kind not in MANUAL_KINDS:
        raise Invalid({"kind": "unknown"} if other_no else {"kind": "unknown", "case": "missing"})
    await links.add_link(actor, no, other_no, LinkKind(kind), now=context.clock.now())


async def reply_to_all(
    context: AppContext, actor: Actor, rows: Iterable[WorkRow], text: str, *, is_sent: bool
) -> dict[str, str]:
    """Answer the cases of a campaign alike, each with its own clock, or look at what would go: why not, by number.

    "" where it went, or would go.
    """
    return {row.no: await _reply(context, actor, row, text, is_sent) for row in list(rows)[:BULK_MOST]}


async def _reply(context: AppContext, actor: Actor, row: WorkRow, text: str, is_sent: bool) -> str:
    reply = text.replace("【编号】", row.no).replace("【标题】", row.title)
    reply = reply.replace("【收到日期】", dates.day_words(office_day(row.received_at)))
    try:
        file = await case_queries.load_file(actor, row.no, vault=context.settings.vault)
        if not any(step.act is Act.REPLY for step in file.steps(context.clock.now())):
            return f"{catalogue.STATUSES[file.status.value]}，现在不能由您答复"
        if is_sent:
            await case_actions.perform_act(context, row.no, Act.REPLY, actor, {"text": reply}, expect=file.version)
    except Invalid as fault:
        faults = [catalogue.fault_words(name, code) for name, code in fault.fields.items()]
        return f"{'；'.join(faults)}，请单独答复"
    except Refusal as refusal:
        return catalogue.error_words(refusal.code, count=1)
    return ""
