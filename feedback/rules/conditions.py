"""What holds of a case besides its status? The table MARKS: which act sets a mark, which clears it.

Steps depend on marks: no return without a pending objection, no answer while a hearing is held. No I/O.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from feedback.rules.vocabulary import Act, Condition

A, M = Act, Condition


@dataclass(frozen=True, slots=True)
class ConditionRule:
    """When a mark holds: once it was set so often since it was last cleared, if the act said so."""

    mark: Condition
    set_by: frozenset[Act]
    cleared_by: frozenset[Act]
    said: tuple[str, object] | None = None
    not_said: tuple[str, object] | None = None
    times: int = 1


RETURNS_MOST = 2
_ANEW = frozenset({A.REVIEW, A.RE_REVIEW})
_EXTENSION_DECIDED = frozenset({A.EXTEND, A.REFUSE_EXTENSION, A.REPLY, A.HOLD})


def _mark(mark: Condition, set_by: set[Act], cleared_by: Iterable[Act], **more: object) -> ConditionRule:
    return ConditionRule(mark, frozenset(set_by), frozenset(cleared_by) | _ANEW, **more)  # type: ignore[arg-type] # keywords are checked by the dataclass


CONDITION_RULES: tuple[ConditionRule, ...] = (
    _mark(M.OBJECTED, {A.OBJECT}, {A.RETURN, A.REFUSE_OBJECTION, A.ACCEPT, A.DECLINE, A.DIVERT}),
    _mark(M.OVERRULED, {A.REFUSE_OBJECTION}, {A.ASSIGN}),
    _mark(M.DESIGNATED, {A.ASSIGN}, {A.ASSIGN}, said=("designated", True)),
    _mark(M.RETURNED_OUT, {A.RETURN}, (), times=RETURNS_MOST),
    _mark(M.EXTENSION_ASKED, {A.ASK_EXTENSION, A.ENDORSE_EXTENSION}, _EXTENSION_DECIDED),
    _mark(M.EXTENSION_ENDORSED, {A.ENDORSE_EXTENSION}, _EXTENSION_DECIDED),
    _mark(M.HOLD_ASKED, {A.ASK_HOLD}, {A.HOLD, A.REFUSE_HOLD, A.REPLY}),
    _mark(M.SUPERVISED, {A.SUPERVISE}, {A.ANSWER_SUPERVISION}),
    _mark(M.PUBLISHED, {A.PUBLISH}, {A.UNPUBLISH}),
    _mark(M.COMMISSIONED, {A.ASSIGN}, {A.RETURN, A.REPORT_BACK}, said=("mode", "commission")),
    _mark(M.HEARING, {A.HEARING}, {A.END_HEARING}),
    _mark(M.DELIVERED, {A.DELIVER}, {A.REPLY}),
    _mark(M.FINISHED, {A.CLOSE, A.CALL_BACK}, {A.REOPEN}, not_said=("outcome", "unsatisfied")),
    _mark(M.AUDITED, {A.AUDIT}, {A.REPLY, A.REOPEN}),
)


def conditions_of(history: Iterable[tuple[Act, Mapping[str, object]]]) -> frozenset[Condition]:
    """The marks that hold after all of `history`."""
    counted: dict[Condition, int] = {}
    for act, said in history:
        for row in CONDITION_RULES:
            if act in row.cleared_by:
                counted[row.mark] = 0
            if act in row.set_by and _is_meant(row, said):
                counted[row.mark] = counted.get(row.mark, 0) + 1
    return frozenset(row.mark for row in CONDITION_RULES if counted.get(row.mark, 0) >= row.times)


def _is_meant(row: ConditionRule, said: Mapping[str, object]) -> bool:
    wanted = row.said is None or said.get(row.said[0]) == row.said[1]
    return wanted and (row.not_said is None or said.get(row.not_said[0]) != row.not_said[1])
