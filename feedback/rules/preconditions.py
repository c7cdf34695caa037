"""Preconditions of a step that depend on the case and that its row cannot say. Checked before anything is written.

Rights that lapsed, extensions that come too late, days that lie wrongly, units that must not be named. No I/O.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from feedback.kernel.clock import office_day
from feedback.kernel.errors import Invalid, NotNow
from feedback.rules import case_markers, decision_grounds, intake
from feedback.rules.access import SYSTEM, CaseAccess
from feedback.rules.clocks import Clock
from feedback.rules.conditions import STORED_ONLY
from feedback.rules.deadlines import compute_due_days
from feedback.rules.extensions import list_extendable, max_extension_days
from feedback.rules.intake import PersonSubmission
from feedback.rules.lifecycle import find_redirect, is_simple_procedure_on, list_steps, may_be_simple
from feedback.rules.parties import find_proxy_kind
from feedback.rules.projection import CaseProjection
from feedback.rules.terms import DATA_TERMS, RIGHTS, TERMS_BY_ID
from feedback.rules.vocabulary import Act, Condition, Profile, RestrictionScope, Role, Status
from feedback.rules.workdays import Calendar


@dataclass(frozen=True, slots=True)
class Attempt:
    """A step somebody tries, and the case before it."""

    act: Act
    data: Mapping[str, Any]
    case_access: CaseAccess
    before: CaseProjection
    now: datetime
    latest_data: Mapping[Act, Mapping[str, Any]] = field(
        default_factory=dict
    )  # what each act last brought, those asking
    actor_id: str = ""
    actor_roles: frozenset[Role] = frozenset()
    party: intake.PersonSubmission | None = None  # whom the step makes a party
    urgency: int = 0
    calendar: Calendar | None = None  # the newest; None where no day is to be counted


def find_lapse(
    act: Act, profile: Profile, clocks: Sequence[Clock], now: datetime, *, is_delivered: bool, is_extended: bool
) -> str:
    """Why it is too late for a step that its row allows, as a stable code; "" while it is not.

    The one answer for the buttons, the API's `acts` and the act itself. `is_delivered`: it is proven that the last
    answer was received; before that no right to review lapses (信访工作条例 第三十五条、第三十六条: 自收到之日起).
    `is_extended`: the one extension was granted, so nobody may ask for, or agree to, another that could only be refused.
    """
    if act in _EXTENSIONS:
        if is_extended:
            return "extension_used"
        extendable_clocks = list_extendable(clocks)
        return "extension_too_late" if extendable_clocks and all(now >= c.due_at for c in extendable_clocks) else ""
    # A petition goes back once the desk consented to the objection, however long it took to look into it.
    if act not in _RIGHTS or (act is Act.RETURN and profile is not Profile.HOTLINE):
        return ""
    term, code = _RIGHTS[act]
    if act in _REVIEWS and (not is_delivered or all(c.term != term for c in clocks)):
        return ""  # nobody knows when the answer was received: a right does not lapse on a day that is not known
    clocks_of_term = (c for c in clocks if c.term == term and c.stopped_at is None)
    return "" if any(now < c.due_at for c in clocks_of_term) else code


_EXTENSIONS = frozenset({Act.ASK_EXTENSION, Act.ENDORSE_EXTENSION, Act.EXTEND})
_REVIEWS = frozenset({Act.REVIEW, Act.RE_REVIEW})
_RIGHTS: Mapping[Act, tuple[str, str]] = MappingProxyType(
    {
        Act.OBJECT: ("object", "objection_lapsed"),
        Act.RETURN: ("object", "return_lapsed"),
        Act.REVIEW: ("ask_review", "right_lapsed"),
        Act.RE_REVIEW: ("ask_re_review", "right_lapsed"),
        Act.TO_ORDINARY: ("simple_resolve", "simple_expired"),
    }
)
"""The steps that are rights, the clock each lapses with, and how it is refused then."""


def check_attempt(attempt: Attempt) -> None:
    """Raises Invalid naming what is wrong with the data, or NotNow with the reason why it is too late."""
    state = attempt.before.state
    _check_machine(attempt)
    faults = decision_grounds.find_ground_faults(
        attempt.act, attempt.data, state.profile, state.kind, state.stage
    ) | _barred_faults(attempt)
    if faults:
        raise Invalid(faults)
    if code := find_lapse(
        attempt.act,
        state.profile,
        attempt.before.clocks,
        attempt.now,
        is_delivered=Condition.DELIVERED in state.conditions,
        is_extended=bool(state.done.get(Act.EXTEND)),
    ):
        raise NotNow(code=code, act=attempt.act.value)
    if rule := _RULES.get(attempt.act):
        rule(attempt)


def _barred_faults(attempt: Attempt) -> dict[str, str]:
    """Who must never learn of the case may not be sent it."""
    faults = {}
    for need in ("unit", "units", "desk", "addressee"):
        codes = attempt.data.get(need) or ()
        if attempt.case_access.bars & ({codes} if isinstance(codes, str) else set(map(str, codes))):
            faults[need] = "barred"
    return faults


def is_bare_consent(reason: object) -> bool:
    """Whether a reason only says that somebody agrees: no cause a citizen could be told."""
    return re.sub(r"[\W_]+", "", str(reason or "")) in _CONSENTS


_CONSENTS = frozenset(
    ("", "同意", "批准", "准予", "可以", "已阅", "同意延期", "同意挂账", "批准延期", "批准挂账", "同意申请")
)
_REQUESTS: Mapping[Act, tuple[Act, ...]] = MappingProxyType(
    {
        Act.EXTEND: (Act.ENDORSE_EXTENSION, Act.ASK_EXTENSION),
        Act.ENDORSE_EXTENSION: (Act.ASK_EXTENSION,),
        Act.HOLD: (Act.ASK_HOLD,),
    }
)
"""By what an extension or a hold was asked for, the last word first."""
_PENDING = frozenset({Condition.EXTENSION_ASKED, Condition.HOLD_ASKED})


def find_cause(attempt: Attempt) -> str:
    """Why more time was asked for, in the words of whoever asked; "" when nobody did."""
    if not attempt.before.state.conditions & _PENDING:
        return ""
    reasons = [
        str(attempt.latest_data.get(request, {}).get("reason", "")) for request in _REQUESTS.get(attempt.act, ())
    ]
    return next((reason for reason in reasons if not is_bare_consent(reason)), "")


def _check_cause(attempt: Attempt) -> None:
    """The citizen is told why it takes longer (第三十四条): that somebody agrees is no reason."""
    if is_bare_consent(attempt.data["reason"]) and not find_cause(attempt):
        raise Invalid({"reason": "no_cause"})


def _check_extension(attempt: Attempt) -> None:
    _check_cause(attempt)
    most = max_extension_days(attempt.before.clocks)
    if attempt.data["days"] > most:
        raise Invalid({"days": "longer_than_the_law_allows"}, most=most)


def _check_endorsed_extension(attempt: Attempt) -> None:
    """The centre grants no more than the unit's head agreed to: both must have approved what holds."""
    _check_extension(attempt)
    if attempt.before.state.profile is Profile.HOTLINE:
        endorsed_days = attempt.latest_data.get(Act.ENDORSE_EXTENSION, {}).get("days")
        if isinstance(endorsed_days, int) and attempt.data["days"] > endorsed_days:
            raise Invalid({"days": "longer_than_agreed"}, most=endorsed_days)


def _check_procedure(attempt: Attempt) -> None:
    """The simple procedure is for what is small, clear and undisputed, and is chosen within three working days."""
    if attempt.data.get("procedure") != "simple":
        return
    if not is_simple_procedure_on():
        raise Invalid({"procedure": "simple_off"})
    submission = attempt.latest_data.get(Act.SUBMIT, {})
    is_simple = may_be_simple(attempt.before.state) and not attempt.urgency and not submission.get("headcount")
    if (
        not is_simple
        or attempt.case_access.co
        or attempt.data.get("units")
        or _NOT_SIMPLE & attempt.before.state.conditions
    ):
        raise Invalid({"procedure": "not_simple"})
    received_at = next((t.since for t in reversed(attempt.before.tenures) if t.lead and t.until is None), attempt.now)
    if attempt.act is Act.ACCEPT and attempt.calendar:
        _, last_day = compute_due_days(attempt.calendar, office_day(received_at), TERMS_BY_ID[_SIMPLE_NOTICE].length)
        if office_day(attempt.now) > last_day:
            raise Invalid({"procedure": "simple_too_late"})


_NOT_SIMPLE = frozenset({Condition.SUPERVISED, Condition.COMMISSIONED, Condition.OVERRULED})
_SIMPLE_NOTICE = "petition.simple_notify.2026"


def _check_assignment(attempt: Attempt) -> None:
    _check_procedure(attempt)
    if attempt.data.get("mode") == "commission":
        if not attempt.data.get("target_day"):
            raise Invalid({"target_day": "missing"})
        _check_target_day(attempt)
    elif attempt.data.get("target_day"):
        raise Invalid({"target_day": "only_commissioned"})


def _check_order(attempt: Attempt) -> None:
    """An order goes to who has to do with the case: nobody else has a clock in it, or could answer."""
    involved = attempt.case_access.co | {attempt.case_access.lead, attempt.case_access.desk}
    if attempt.data.get("addressee") and attempt.data["addressee"] not in involved:
        raise Invalid({"addressee": "not_involved"})
    _check_target_day(attempt)


def build_correction(data: Mapping[str, Any]) -> PersonSubmission:
    """Who a person says they are, tidied: only what is to be corrected, all else empty."""
    person = PersonSubmission(
        name=str(data.get("name", "")),
        phone=str(data.get("phone", "")),
        id_number=str(data.get("id_number", "")),
        address=str(data.get("home_address", "")),
        id_kind=str(data.get("id_kind", "")),
    )
    return intake.tidy_person(person)


def _check_correction(attempt: Attempt) -> None:
    person = build_correction(attempt.data)
    if person == PersonSubmission():
        raise Invalid({"name": "nothing_to_correct"})
    faults = intake.person_faults(person, prefix="")
    if faults:
        raise Invalid({"home_address" if name == "address" else name: fault for name, fault in faults.items()})


def _check_restriction(attempt: Attempt) -> None:
    """What is refused already needs no second decision."""
    condition = {
        RestrictionScope.CONTACT.value: Condition.NO_CONTACT,
        RestrictionScope.MACHINE.value: Condition.NO_MACHINE,
    }.get(attempt.data["scope"])
    if condition in attempt.before.state.conditions:
        raise Invalid({"scope": "restricted_already"})


def _check_erasure(attempt: Attempt) -> None:
    """While somebody still owes something in this case, its words are needed (个人信息保护法 第四十七条)."""
    if any(c.stopped_at is None and c.term not in RIGHTS | DATA_TERMS for c in attempt.before.clocks):
        raise NotNow(code="case_unfinished", act=attempt.act.value)


def _check_machine(attempt: Attempt) -> None:
    """A program neither classifies nor assigns where the person refused it (个人信息保护法 第二十四条第三款).

    Where somebody is barred the rows still decide: the desk itself may be who must not learn of it.
    """
    is_shut_desk = attempt.act is Act.ASSIGN and (attempt.case_access.confidential or attempt.case_access.bars)
    is_machine = attempt.act in _MACHINE_ACTS and attempt.actor_id == SYSTEM.id and not is_shut_desk
    if is_machine and Condition.NO_MACHINE in attempt.before.state.conditions:
        raise NotNow(code="machine_refused", act=attempt.act.value)


_MACHINE_ACTS = frozenset({Act.CLASSIFY, Act.ASSIGN})


def _check_target_day(attempt: Attempt) -> None:
    if (day := _parse_day(attempt, "target_day")) and day < office_day(attempt.now):
        raise Invalid({"target_day": "before_today"})


def _check_hold(attempt: Attempt) -> None:
    _check_cause(attempt)
    day = _parse_day(attempt, "target_day")
    if day is None or day <= office_day(attempt.now):
        raise Invalid({"target_day": "not_a_future_day"})
    requested_day = attempt.latest_data.get(Act.ASK_HOLD, {}).get("target_day") if attempt.act is Act.HOLD else None
    if requested_day and day.isoformat() > str(requested_day):
        raise Invalid({"target_day": "later_than_asked"})


def _check_delivery(attempt: Attempt) -> None:
    if (day := _parse_day(attempt, "day")) is None:
        return
    if day > office_day(attempt.now):
        raise Invalid({"day": "after_today"})
    if attempt.before.replied_at and day < office_day(attempt.before.replied_at):
        raise Invalid({"day": "before_the_answer"})


def _check_review_request(attempt: Attempt) -> None:
    """The day the citizen says the answer was received is kept as a fact; it shortens nothing."""
    if (day := _parse_day(attempt, "received_day")) is None:
        return
    if day > office_day(attempt.now):
        raise Invalid({"received_day": "after_today"})
    if attempt.before.replied_at and day < office_day(attempt.before.replied_at):
        raise Invalid({"received_day": "before_the_answer"})


def _check_hearing(attempt: Attempt) -> None:
    _parse_day(attempt, "day")


def _check_diversion(attempt: Attempt) -> None:
    _parse_day(attempt, "target_day")


def _check_refusal(attempt: Attempt) -> None:
    """Who may return a matter no more does not get rid of it as not its own either (returns are bounded)."""
    state = attempt.before.state
    if state.status is Status.ASSIGNED and state.conditions & _BOUND and attempt.data["ground"] in _NOT_OUR_DUTY:
        raise Invalid({"ground": "designated"})


_BOUND = frozenset({Condition.DESIGNATED, Condition.OVERRULED, Condition.RETURNED_OUT})
_NOT_OUR_DUTY = decision_grounds.NOT_OUR_DUTY


def _check_co_units(attempt: Attempt) -> None:
    """Asking the lead alone to help itself would look done and be nothing."""
    if set(attempt.data["units"]) <= {attempt.case_access.lead}:
        raise Invalid({"units": "already_lead"})


def _check_call_back(attempt: Attempt) -> None:
    """Sent back as often as may be: from then on it must be said why the order is closed all the same."""
    state = attempt.before.state
    redirect = find_redirect(attempt.act, state.profile, state.kind, frozenset(), attempt.data)
    if redirect and all(step.act is not redirect.into for step in list_steps(state)):
        raise Invalid({redirect.unless: "sent_back_too_often"})


def _check_kind(attempt: Attempt) -> None:
    if attempt.data["kind"] == attempt.before.state.kind:
        raise Invalid({"kind": "same_kind"})


def _check_transfer(attempt: Attempt) -> None:
    if attempt.data["desk"] == attempt.case_access.desk:
        raise Invalid({"desk": "already_there"})


def _check_succession(attempt: Attempt) -> None:
    """A unit that took its own place would end its own clocks, as if both had been asked for the same."""
    if attempt.data["unit"] == attempt.data["from_unit"]:
        raise Invalid({"unit": "already_there"})


def _check_unmerge(attempt: Attempt) -> None:
    """A slip is undone at once; what a petitioner was told a day ago is undone by a decision that says why."""
    merged_at = attempt.before.closed_at
    if merged_at and attempt.now - merged_at > _UNDO_MERGE_WITHIN and not attempt.data.get("reason"):
        raise Invalid({"reason": "missing"})


_UNDO_MERGE_WITHIN = timedelta(days=1)


def _check_party(attempt: Attempt) -> None:
    """Who joins is somebody with a name and a right of a sort that proxy may have."""
    faults = intake.person_faults(attempt.party, "party_") if attempt.party else {}
    kind = find_proxy_kind(str(attempt.data.get("party_kind", "")))
    if kind is not None and attempt.data.get("authority") not in kind.authorities:
        faults["authority"] = "not_of_this_proxy"
    if faults:
        raise Invalid(faults)


def _check_marker(attempt: Attempt) -> None:
    """Who may set it does, once, with what it must bring and nothing else."""
    code, is_lifting = str(attempt.data["marker"]), attempt.act is Act.LIFT_MARKER
    marker = case_markers.find_marker(code)
    if marker is None or not marker.set_by & attempt.actor_roles:
        raise Invalid({"marker": "not_yours_to_set"})
    if is_lifting is not (code in attempt.before.markers):
        raise Invalid({"marker": "not_set" if is_lifting else "already_set"})
    if is_lifting:
        return
    faults = {name: "missing" for name in marker.needs if not attempt.data.get(name)}
    faults |= {
        name: "only_led" for name in case_markers.LED_NEEDS if name not in marker.needs and attempt.data.get(name)
    }
    if faults:
        raise Invalid(faults)
    if (day := _parse_day(attempt, "since_day")) and day > office_day(attempt.now):
        raise Invalid({"since_day": "after_today"})


def _parse_day(attempt: Attempt, need: str) -> date | None:
    text = attempt.data.get(need)
    if not text:
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise Invalid({need: "not_a_day"}) from None


_RULES: Mapping[Act, Callable[[Attempt], None]] = MappingProxyType(
    {
        Act.ASSIGN: _check_assignment,
        Act.ACCEPT: _check_procedure,
        Act.TRANSFER: _check_transfer,
        Act.CHANGE_KIND: _check_kind,
        Act.ASK_EXTENSION: _check_extension,
        Act.ENDORSE_EXTENSION: _check_extension,
        Act.EXTEND: _check_endorsed_extension,
        Act.CO_ASSIGN: _check_co_units,
        Act.CALL_BACK: _check_call_back,
        Act.ASK_HOLD: _check_hold,
        Act.HOLD: _check_hold,
        Act.SUPERVISE: _check_order,
        Act.HEARING: _check_hearing,
        Act.DELIVER: _check_delivery,
        Act.REVIEW: _check_review_request,
        Act.RE_REVIEW: _check_review_request,
        Act.DIVERT: _check_diversion,
        Act.ASK_DIVERT: _check_diversion,
        Act.ASK_DECLINE: _check_refusal,
        Act.DECLINE: _check_refusal,
        Act.UNMERGE: _check_unmerge,
        Act.ASK_CORRECTION: _check_correction,
        Act.ASK_RESTRICTION: _check_restriction,
        Act.ERASE: _check_erasure,
        Act.INHERIT: _check_party,
        Act.ADD_PARTY: _check_party,
        Act.SET_MARKER: _check_marker,
        Act.LIFT_MARKER: _check_marker,
        Act.SUCCEED: _check_succession,
    }
)


def extra_data(attempt: Attempt) -> dict[str, Any]:
    """What the entry keeps besides what was brought, so that it can be projected without asking anything else."""
    case = attempt.case_access
    match attempt.act:
        case Act.TRANSFER:
            return {"from_desk": case.desk}
        case Act.SUCCEED if attempt.data["from_unit"] == case.desk:
            return {"from_desk": case.desk}
        case Act.DELIVER if attempt.before.state.status is Status.ACCEPTED:
            return {"is_annulled": True}  # an opinion that ordered to redo: no right to review runs from it
        case Act.SUPERVISE:
            return {"addressee": attempt.data.get("addressee") or case.lead or case.desk}
        case Act.DRAFT_REPLY:
            return {"drafted_by": attempt.actor_id}
        case Act.REPLY if Condition.DRAFT_PENDING in attempt.before.state.conditions:
            draft = attempt.latest_data[Act.DRAFT_REPLY]
            files = [*draft.get("attachments", ()), *attempt.data.get("attachments", ())]
            return {"drafted_by": draft["drafted_by"], **({"attachments": list(dict.fromkeys(files))} if files else {})}
        case Act.RESTRICT:
            return {"scope": attempt.latest_data[Act.ASK_RESTRICTION]["scope"]}
        case Act.REFUSE_ERASURE if attempt.data["ground"] == STORED_ONLY:
            return {"scope": RestrictionScope.MACHINE.value}
        case Act.EXTEND | Act.HOLD if cause := find_cause(attempt):
            return {"cause": cause}
        case _:
            return {}
