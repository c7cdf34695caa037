"""Conditions of a case besides its status. The table CONDITION_RULES: which act sets a condition, which clears it.

Steps depend on conditions: no return without a pending objection, no answer while a hearing is held. No I/O.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from feedback.rules import case_markers
from feedback.rules.imported_history import UNKNOWN_UNIT
from feedback.rules.vocabulary import REPLIES, Act, Condition, Profile, RestrictionScope, Role

A, M, P = Act, Condition, Profile


@dataclass(frozen=True, slots=True)
class ConditionRule:
    """When a condition holds: once it was set so often since it was last cleared, if the act said so."""

    condition: Condition
    set_by: frozenset[Act]
    cleared_by: frozenset[Act]
    when: tuple[str, object] | None = None
    when_not: tuple[str, object] | None = None
    times: int = 1
    cleared_when: tuple[tuple[Act, str, frozenset[object]], ...] = ()  # also by this act where it brings one of these


RETURNS_MOST = 2
STORED_ONLY = "pi_archive"
"""The ground on which erasure is refused and the data may only be stored (个人信息保护法 第四十七条第二款)."""
_ANEW = frozenset({A.REVIEW, A.RE_REVIEW, A.REDO})
_EXTENSION_DECIDED = frozenset({A.EXTEND, A.REFUSE_EXTENSION, A.REPLY, A.HOLD, A.TERMINATE})


def _rule(condition: Condition, set_by: set[Act], cleared_by: Iterable[Act], **more: object) -> ConditionRule:
    return ConditionRule(condition, frozenset(set_by), frozenset(cleared_by) | _ANEW, **more)  # type: ignore[arg-type] # keywords are checked by the dataclass


def _person_rule(condition: Condition, set_by: Act, *cleared_by: Act, **more: object) -> ConditionRule:
    """Of the rights in one's own data, which a review of the matter neither grants nor takes back."""
    return ConditionRule(condition, frozenset({set_by}), frozenset(cleared_by), **more)  # type: ignore[arg-type] # as above


CONDITION_RULES: tuple[ConditionRule, ...] = (
    _rule(
        M.OBJECTED,
        {A.OBJECT},
        {A.RETURN, A.REFUSE_OBJECTION, A.ACCEPT, A.DECLINE, A.DIVERT, A.CHANGE_KIND, A.MERGE, A.TERMINATE},
    ),
    _rule(
        M.DECLINE_ASKED,
        {A.ASK_DECLINE},
        {A.DECLINE, A.REFUSE_DECLINE, A.ACCEPT, A.RETURN, A.DIVERT, A.CHANGE_KIND, A.MERGE, A.TERMINATE},
    ),
    _rule(
        M.DIVERT_ASKED,
        {A.ASK_DIVERT},
        {A.DIVERT, A.REFUSE_DIVERT, A.RETURN, A.REPLY, A.DECLINE, A.CHANGE_KIND, A.MERGE, A.TERMINATE},
    ),
    _rule(M.DRAFT_PENDING, {A.DRAFT_REPLY}, {A.REPLY, A.SEND_BACK_DRAFT, A.DIVERT, A.HOLD, A.TERMINATE}),
    _rule(M.OVERRULED, {A.REFUSE_OBJECTION}, {A.ASSIGN, A.CHANGE_KIND}),
    _rule(M.DESIGNATED, {A.ASSIGN}, {A.ASSIGN, A.CHANGE_KIND}, when=("designated", True)),
    _rule(M.RETURNED_OUT, {A.RETURN}, (), times=RETURNS_MOST),
    _rule(M.EXTENSION_ASKED, {A.ASK_EXTENSION, A.ENDORSE_EXTENSION}, _EXTENSION_DECIDED),
    _rule(M.EXTENSION_ENDORSED, {A.ENDORSE_EXTENSION}, _EXTENSION_DECIDED),
    _rule(M.HOLD_ASKED, {A.ASK_HOLD}, {A.HOLD, A.REFUSE_HOLD, A.REPLY, A.TERMINATE}),
    _rule(M.SUPERVISED, {A.SUPERVISE}, {A.ANSWER_SUPERVISION}),
    _rule(
        M.PUBLISHED,
        {A.PUBLISH},
        {A.UNPUBLISH, A.WITHDRAW_CONSENT, A.ERASE},
        cleared_when=(
            (A.RESTRICT, "scope", frozenset({RestrictionScope.PUBLICATION.value})),
            (A.SET_MARKER, "marker", case_markers.MINORS),
            (A.REFUSE_ERASURE, "ground", frozenset({STORED_ONLY})),
        ),
    ),
    _rule(
        M.COMMISSIONED,
        {A.ASSIGN},
        {A.RETURN, A.REPORT_BACK, A.CHANGE_KIND, A.MERGE, A.TERMINATE},
        when=("mode", "commission"),
    ),
    _rule(M.HEARING, {A.HEARING}, {A.END_HEARING, A.TERMINATE}),
    _rule(M.DELIVERED, {A.DELIVER}, REPLIES),
    # Not cleared by REDO: the opinion that orders it is handed over while the matter is being done again.
    ConditionRule(M.TO_DELIVER, REPLIES, frozenset({A.DELIVER, A.REVIEW, A.RE_REVIEW, A.REOPEN})),
    _rule(
        M.FINISHED,
        {A.CLOSE, A.CALL_BACK},
        {A.REOPEN},
        when_not=("outcome", "unsatisfied"),
        cleared_when=((A.RATE, "level", frozenset({1, 2})),),
    ),
    _rule(M.SIMPLE, {A.ACCEPT}, {A.TO_ORDINARY, A.CHANGE_KIND, A.RETURN, A.ASSIGN}, when=("procedure", "simple")),
    _rule(M.UNIT_UNKNOWN, {A.ASSIGN}, {A.ASSIGN, A.NAME_UNIT}, when=("unit", UNKNOWN_UNIT)),
    _rule(M.IN_REVIEW, {A.REVIEW, A.RE_REVIEW}, ()),
    _rule(M.AUDITED, {A.AUDIT}, {A.REPLY, A.REOPEN}),
    _person_rule(M.CORRECTION_ASKED, A.ASK_CORRECTION, A.CORRECT, A.REFUSE_CORRECTION, A.ERASE),
    _person_rule(M.ERASURE_ASKED, A.ASK_ERASURE, A.ERASE, A.REFUSE_ERASURE),
    _person_rule(M.RESTRICTION_ASKED, A.ASK_RESTRICTION, A.RESTRICT, A.REFUSE_RESTRICTION, A.ERASE),
    _person_rule(M.ERASED, A.ERASE),
    _person_rule(M.NO_CONTACT, A.RESTRICT, when=("scope", RestrictionScope.CONTACT.value)),
    ConditionRule(
        M.NO_MACHINE,
        frozenset({A.RESTRICT, A.REFUSE_ERASURE}),
        frozenset(),
        when=("scope", RestrictionScope.MACHINE.value),
    ),
)

PERSON_REQUESTS = frozenset({M.CORRECTION_ASKED, M.ERASURE_ASKED, M.RESTRICTION_ASKED})
"""What a person asks about their own data: decided in whatever status the case is."""


def compute_conditions(history: Iterable[tuple[Act, Mapping[str, object]]]) -> frozenset[Condition]:
    """The conditions that hold after all of `history`."""
    counts: dict[Condition, int] = {}
    for act, data in history:
        for row in _RULES_OF_ACT[act]:
            if act in row.cleared_by or _clears(row, act, data):
                counts[row.condition] = 0
            if act in row.set_by and _applies(row, data):
                counts[row.condition] = counts.get(row.condition, 0) + 1
    return frozenset(row.condition for row in CONDITION_RULES if counts.get(row.condition, 0) >= row.times)


_RULES_OF_ACT: Mapping[Act, tuple[ConditionRule, ...]] = {
    act: tuple(
        row
        for row in CONDITION_RULES
        if act in row.set_by | row.cleared_by or any(clearing_act is act for clearing_act, _, _ in row.cleared_when)
    )
    for act in Act
}
"""The rows an act has to do with: most acts have to do with none."""


def _clears(row: ConditionRule, act: Act, data: Mapping[str, object]) -> bool:
    return any(act is clearing_act and data.get(need) in values for clearing_act, need, values in row.cleared_when)


def _applies(row: ConditionRule, data: Mapping[str, object]) -> bool:
    is_set = row.when is None or data.get(row.when[0]) == row.when[1]
    return is_set and (row.when_not is None or data.get(row.when_not[0]) != row.when_not[1])


@dataclass(frozen=True, slots=True)
class DecisionDue:
    """One row: what waits for whose decision, in which rule books."""

    condition: Condition
    by: Role  # the head of the unit that leads the case, or the reception desk
    profiles: frozenset[Profile] = frozenset(Profile)
    unless: Condition | None = None


_PETITION, _HOTLINE = frozenset({P.PETITION}), frozenset({P.HOTLINE})
DECISIONS_DUE: tuple[DecisionDue, ...] = (
    DecisionDue(M.OBJECTED, Role.RECEPTION),
    DecisionDue(M.DECLINE_ASKED, Role.LEAD, _PETITION),
    DecisionDue(M.DECLINE_ASKED, Role.RECEPTION, _HOTLINE),
    DecisionDue(M.DIVERT_ASKED, Role.LEAD),
    DecisionDue(M.EXTENSION_ASKED, Role.LEAD, unless=M.EXTENSION_ENDORSED),
    DecisionDue(M.EXTENSION_ENDORSED, Role.RECEPTION, _HOTLINE),
    DecisionDue(M.HOLD_ASKED, Role.RECEPTION),
    DecisionDue(M.DRAFT_PENDING, Role.LEAD),
    *(DecisionDue(condition, Role.RECEPTION) for condition in sorted(PERSON_REQUESTS)),
)


def list_deciders(profile: Profile, conditions: frozenset[Condition]) -> tuple[Role, ...]:
    """Whose decision a case waits for now, each once, in alphabetical order; nobody's: empty."""
    roles = {
        row.by
        for row in DECISIONS_DUE
        if row.condition in conditions and profile in row.profiles and row.unless not in conditions
    }
    return tuple(sorted(roles))
