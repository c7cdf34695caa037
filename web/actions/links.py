"""What does the desk decide about cases that belong together? One step for page and API; a campaign's one answer for all.

Merge, answer with how the first case stands, say that it is a repeat or has new facts, or that it is something else.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from feedback import links
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow, Refusal
from feedback.queries import cases as case_queries
from feedback.record import calendar_editions
from feedback.rules.access import Actor
from feedback.rules.read_models import LinkView, WorkRow
from feedback.rules.vocabulary import Act, LinkKind, LinkState, Role
from routing import directory
from web.actions import cases as case_actions
from web.context import AppContext
from web.presentation import links as link_views
from web.wording import catalogue, dates

BULK_MOST: Final = 100
TEXT_MOST: Final = 5000
MANUAL: Final = (LinkKind.REPEAT_OF, LinkKind.NEW_FACTS_OF, LinkKind.CAMPAIGN, LinkKind.SPLIT_FROM)
MERGED: Final = "merge"
ANSWERED: Final = "answer"
SAID: Final[Mapping[str, tuple[LinkState, LinkKind | None]]] = {
    "confirm": (LinkState.CONFIRMED, None),
    "new_facts": (LinkState.CONFIRMED, LinkKind.NEW_FACTS_OF),
    "dismiss": (LinkState.DISMISSED, None),
}
"""What may be said of a link without anything being done to its cases."""
DECISIONS: Final = (MERGED, ANSWERED, *SAID)
_REASON = "与在办的一件是同一事项，并案办理，原件办理结果一并答复。"


def receptionist(actor: Actor) -> Actor:
    """The actor, if they work at a desk.

    Raises Forbidden.
    """
    if Role.RECEPTION not in actor.roles:
        raise Forbidden
    return actor


async def link_of(actor: Actor, text: str) -> LinkView:
    """The undecided or decided link of an address, told from its newer case.

    Raises NotFound.
    """
    found = await links.load_link(actor, int(text)) if text.isascii() and text.isdecimal() and len(text) <= 15 else None
    if found is None:
        raise NotFound
    return found


async def decide(context: AppContext, actor: Actor, link: LinkView, what: str, *, expect: str = "") -> None:
    """Take one of DECISIONS about a link. `expect`: the state it was looked at in; "" for as it is now.

    Raises NotFound for another decision, Conflict when it was decided meanwhile, Forbidden, or NotNow.
    """
    if expect and expect != link.state:
        raise Conflict(link=link.id)
    no, first, now = link.here.no, link.there.no, context.clock.now()
    if what == MERGED:
        await case_actions.perform_act(context, no, Act.MERGE, actor, {"case": first, "reason": _REASON})
    elif what == ANSWERED:
        if not link.same_person:
            raise NotNow(no=no)  # how somebody else's case stands is not for this one's code
        await _answered(context, actor, no, first)
        await links.decide_link(
            actor, link.id, LinkState.CONFIRMED, now=now, kind=LinkKind.REPEAT_OF, expect=link.state
        )
    elif what in SAID:
        state, kind = SAID[what]
        await links.decide_link(actor, link.id, state, now=now, kind=kind, expect=link.state)
    else:
        raise NotFound


async def _answered(context: AppContext, actor: Actor, no: str, first: str) -> None:
    """Decline the repeat with how the first case stands.

    Raises NotNow where no ground fits.
    """
    secret, now = context.settings.secret, context.clock.now()
    again, earlier = [await case_queries.load_file(actor, each, secret=secret) for each in (no, first)]
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    answer = link_views.repeat_answer(again, earlier, names, calendar, now)
    if answer is None:
        raise NotNow(no=no)
    said = {"ground": answer.ground, "reason": answer.reason, "where_instead": answer.where_instead}
    await case_actions.perform_act(context, no, Act.DECLINE, actor, said)


async def add(context: AppContext, actor: Actor, no: str, other: str, kind: str) -> None:
    """Link a case to an earlier one by hand.

    Raises Invalid, NotFound, or Forbidden.
    """
    if kind not in MANUAL:
        raise Invalid({"kind": "unknown"} if other else {"kind": "unknown", "case": "missing"})
    await links.add_link(actor, no, other, LinkKind(kind), now=context.clock.now())


async def answer_all(
    context: AppContext, actor: Actor, rows: Iterable[WorkRow], text: str, *, is_sent: bool
) -> dict[str, str]:
    """Answer the cases of a campaign alike, each with its own clock, or look at what would go: why not, by number.

    "" where it went, or would go.
    """
    return {row.no: await _reply(context, actor, row, text, is_sent) for row in list(rows)[:BULK_MOST]}


async def _reply(context: AppContext, actor: Actor, row: WorkRow, text: str, is_sent: bool) -> str:
    words = text.replace("【编号】", row.no).replace("【标题】", row.title)
    words = words.replace("【收到日期】", dates.day_words(office_day(row.received_at)))
    try:
        file = await case_queries.load_file(actor, row.no, secret=context.settings.secret)
        if not any(step.act is Act.REPLY for step in file.steps(context.clock.now())):
            return f"{catalogue.STATUSES[file.status.value]}，现在不能由您答复"
        if is_sent:
            await case_actions.perform_act(context, row.no, Act.REPLY, actor, {"text": words}, expect=file.version)
    except Invalid as fault:
        said = [catalogue.fault_words(name, code) for name, code in fault.fields.items()]
        return f"{'；'.join(said)}，请单独答复"
    except Refusal as refused:
        return catalogue.error_words(refused.code, count=1)
    return ""
