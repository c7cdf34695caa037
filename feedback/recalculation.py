"""Find cases that an older version computed otherwise, and recalculate each with its cause written down.

What is stored of a case is projected from its entries. A newer version may project them otherwise, say because a rule
was corrected; then `xinqiao verify` names the cases, and `recalculate` computes each anew by an act of the system
(`feedback.record.cases`): one transaction, with the cause and every changed date in its entry. What the calendar
changes is left to `feedback.record.deadline_changes`, and a file whose chain is broken is left as it is: that is for people.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback.queries import statistics as case_statistics
from feedback.record import cases, persistence
from feedback.record.models.case import Case, Entry
from feedback.rules.access import SYSTEM
from feedback.rules.clocks import Clock
from feedback.rules.needs import NEEDS
from feedback.rules.projection import CaseProjection
from feedback.rules.vocabulary import Act

CAUSE = "程序更新后，按现行规则重新计算"
_BATCH = 500


@dataclass(frozen=True, slots=True)
class CaseDifference:
    """A case that is stored otherwise than its entries say, and what changes. `broken`: where its chain is."""

    no: str
    changes: tuple[str, ...]
    broken: str = ""


async def find_differences() -> AsyncIterator[CaseDifference]:
    """Every case that would be counted anew, or may not be because its chain is broken. Nothing is written."""
    last_id = 0
    while rows := await Case.filter(id__gt=last_id).order_by("id").limit(_BATCH):
        last_id = rows[-1].id
        for case in rows:
            case_projection, stored_clocks, _ = await case_statistics.load_projection(case.no)
            if changes := describe_differences(case, stored_clocks, case_projection):
                entries = await Entry.filter(case_id=case.id).order_by("seq")
                yield CaseDifference(case.no, tuple(changes), persistence.find_chain_break(case, entries))


async def recalculate(difference: CaseDifference, cause: str, now: datetime) -> None:
    """Count a case anew and write down why. Raises Conflict when somebody changed it meanwhile: run it again."""
    words = f"{cause}：{'；'.join(difference.changes)}"
    await cases.act(difference.no, Act.REFOLD, SYSTEM, {"reason": words[: NEEDS["reason"].most]}, now=now)


def describe_differences(case: Case, stored_clocks: Sequence[Clock], case_projection: CaseProjection) -> list[str]:
    """What is stored otherwise than it is projected, in words; a wording that changed is no difference."""
    pairs = (
        ("状态", case.status, case_projection.state.status.value),
        ("阶段", case.stage, case_projection.state.stage.value),
        ("受理窗口", case.desk, case_projection.desk),
        ("承办单位", case.unit, case_projection.unit),
        ("内容分类", case.category, case_projection.category),
    )
    changes = [f"{name} {old or '无'}→{new or '无'}" for name, old, new in pairs if old != new]
    old_clocks = {(c.term, c.seq, c.unit): c for c in stored_clocks}
    new_clocks = {(c.term, c.seq, c.unit): c for c in case_projection.clocks}
    changes += [f"{c.label} 不再计时" for key, c in old_clocks.items() if key not in new_clocks]
    for key, clock in new_clocks.items():
        if key not in old_clocks:
            changes.append(f"{clock.label} 补记 {clock.due_legal_day}")
        elif change := _describe_clock_change(old_clocks[key], clock):
            changes.append(change)
    return changes


def _describe_clock_change(old: Clock, new: Clock) -> str:
    """How a clock differs, or "". What another edition of the calendar says is told by the calendar."""
    if old.due_at != new.due_at and old.edition == new.edition:
        return f"{new.label} {old.due_legal_day}→{new.due_legal_day}"
    if (old.stopped_at is None) != (new.stopped_at is None):
        return f"{new.label} {'已经停表' if new.stopped_at else '仍在计时'}"
    if (old.stopped_at, old.kept) != (new.stopped_at, new.kept):
        return f"{new.label} 停表的情形不同"
    return ""
