"""Whose decision open cases wait for, computed for those of a version that did not store it."""

from feedback.record import calendar_editions
from feedback.record.models.case import Case, Entry
from feedback.record.persistence import to_clock_facts, to_event
from feedback.rules import projection
from feedback.rules.conditions import CONDITION_RULES, DECISIONS_DUE
from feedback.rules.vocabulary import OPEN

_BATCH = 200
_ASKING = sorted(
    {
        act.value
        for row in CONDITION_RULES
        for act in row.set_by
        if row.condition in {d.condition for d in DECISIONS_DUE}
    }
)


async def fill_deciders() -> None:
    """Store for every open case in which something was asked whose decision it waits for. Again does no harm."""
    editions, last_id = await calendar_editions.load_editions(), 0
    asked = Case.filter(status__in=[s.value for s in OPEN], deciders="", entries__act__in=_ASKING).distinct()
    while cases := await asked.filter(id__gt=last_id).order_by("id").limit(_BATCH):
        last_id = cases[-1].id
        for case in cases:
            history = [to_event(e) for e in await Entry.filter(case_id=case.id).order_by("seq")]
            deciders = projection.project(history, to_clock_facts(case), editions).deciders
            await Case.filter(id=case.id, version=case.version).update(deciders=deciders)
