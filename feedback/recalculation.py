"""What of the record was counted by older rules than ours, and how is it counted anew with its cause written down?

What is stored of a case is folded from its entries. A newer version may fold them otherwise, say because a rule was
mended; then `xinqiao verify` names the cases, and `refold` counts each anew by an act of the system through the one
door: one transaction, the cause and every date that moves in its entry. What the calendar moves is not ours to tell,
and a file whose chain is broken is left as it is: that is for people.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback.queries import statistics as case_statistics
from feedback.record import cases, persistence
from feedback.record.models.case import Case, Entry
from feedback.rules.access import SYSTEM
from feedback.rules.deadlines import Clock
from feedback.rules.needs import NEEDS
from feedback.rules.projection import CaseProjection
from feedback.rules.vocabulary import Act

CAUSE = "程序更新后，按现行规则重新计算"
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Recalculated:
    """A case that is stored otherwise than its entries say, and what changes. `broken`: where its chain is."""

    no: str
    changes: tuple[str, ...]
    broken: str = ""


async def find_differences() -> AsyncIterator[Recalculated]:
    """Every case that would be counted anew, or may not be because its chain is broken. Nothing is written."""
    last = 0
    while rows := await Case.filter(id__gt=last).order_by("id").limit(_BATCH):
        last = rows[-1].id
        for case in rows:
            folded, stored, _ = await case_statistics.folded(case.no)
            if changes := differences(case, stored, folded):
                entries = await Entry.filter(case_id=case.id).order_by("seq")
                yield Recalculated(case.no, tuple(changes), persistence.breaks_at(case, entries))


async def recalculate(each: Recalculated, cause: str, now: datetime) -> None:
    """Count a case anew and write down why. Raises Conflict when somebody changed it meanwhile: run it again."""
    words = f"{cause}：{'；'.join(each.changes)}"
    await cases.act(each.no, Act.REFOLD, SYSTEM, {"reason": words[: NEEDS["reason"].most]}, now=now)


def differences(case: Case, stored: Sequence[Clock], folded: CaseProjection) -> list[str]:
    """What is stored otherwise than it is folded, in words; a wording that changed is no difference."""
    pairs = (
        ("状态", case.status, folded.state.status.value),
        ("阶段", case.stage, folded.state.stage.value),
        ("受理窗口", case.desk, folded.desk),
        ("承办单位", case.unit, folded.unit),
        ("内容分类", case.category, folded.category),
    )
    found = [f"{name} {old or '无'}→{new or '无'}" for name, old, new in pairs if old != new]
    was = {(c.term, c.seq, c.unit): c for c in stored}
    now = {(c.term, c.seq, c.unit): c for c in folded.clocks}
    found += [f"{c.label} 不再计时" for key, c in was.items() if key not in now]
    for key, clock in now.items():
        if key not in was:
            found.append(f"{clock.label} 补记 {clock.due_legal_day}")
        elif said := _said(was[key], clock):
            found.append(said)
    return found


def _said(old: Clock, new: Clock) -> str:
    """How a clock differs, or "". What another edition of the calendar says is told by the calendar."""
    if old.due_at != new.due_at and old.edition == new.edition:
        return f"{new.label} {old.due_legal_day}→{new.due_legal_day}"
    if (old.stopped_at is None) != (new.stopped_at is None):
        return f"{new.label} {'已经停表' if new.stopped_at else '仍在计时'}"
    if (old.stopped_at, old.kept) != (new.stopped_at, new.kept):
        return f"{new.label} 停表的情形不同"
    return ""
