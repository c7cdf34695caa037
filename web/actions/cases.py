"""What do all doors do alike when somebody hands something in, or takes a step? `hand_in` and `do`.

Pages, API and exchange with other systems only translate; here the desk, the urgency, the place and the bars of a new
case are filled in, what is named is checked against the directory, and the worker is woken.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from classify.signals import urgency
from evaluation.ratings import cases as case_ratings
from evaluation.ratings import submission
from feedback.kernel.errors import Conflict, Invalid, NotFound
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.record.cases import Receipt
from feedback.rules import decision_grounds, intake
from feedback.rules.access import Actor
from feedback.rules.intake import Submission
from feedback.rules.lifecycle import Step
from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import Act, Kind, Role, Status
from routing import assignment_rules, directory
from routing.directory import Directory
from web.context import AppContext
from web.forms import parsing
from web.presentation import flags as flag_views

CITIZEN = Actor(id="citizen", name="群众", roles=frozenset({Role.CITIZEN}))
"""Whoever hands something in without being known to us."""

AT_ONCE = 1
"""Danger to life and property: two hours."""

_CALM_KINDS = frozenset({Kind.SUGGEST, Kind.PRAISE})
_TRIES = 3  # a case the worker moves on at the same moment is looked at again


async def submit_case(
    context: AppContext, draft: Submission, actor: Actor = CITIZEN, *, faults: Mapping[str, str] | None = None
) -> Receipt:
    """Open a case. `draft.desk` may be left empty; `faults` are those the door itself found, told with all others.

    Raises Invalid naming every field that is wrong, or Conflict when the source id was used for another text.
    """
    names = await directory.load_directory()
    settings = context.settings
    wrong = _faults(draft, names, settings.attachments_max) | dict(faults or {})
    if wrong:
        raise Invalid(wrong)
    if draft.kind == Kind.REPORT and draft.desk and not await directory.is_cleared(draft.desk, Role.RECEPTION):
        draft = replace(draft, desk="")  # taken in where nobody may open it: it goes to the desk of the house
    seen = await flag_views.raised_flags(draft.title, draft.text)
    submit = partial(
        cases.submit,
        replace(filled(draft, names, settings.desk), flags=seen),
        actor,
        now=context.clock.now(),
        secret=settings.secret,
        attachments_max=settings.attachments_max,
    )
    try:
        receipt = await submit()
    except Invalid as fault:
        if not draft.source_id or fault.fields != {"attachments": "unknown"}:
            raise
        receipt = await submit()  # a twin may have claimed the files just now: then its receipt is the answer
    context.wake()
    return receipt


def filled(draft: Submission, names: Directory, desk: str) -> Submission:
    """The draft with what the person need not know: desk, place, urgency, and who must never learn of it."""
    words = f"{draft.title}\n{draft.text}"
    calm = draft.kind in _CALM_KINDS
    found = replace(
        draft,
        desk=draft.desk or desk,
        region=draft.region or names.place_of(f"{draft.address}\n{words}"),
        urgency=draft.urgency or _urgency(draft, calm),
        attachments=tuple(dict.fromkeys(draft.attachments)),
    )
    if draft.kind != Kind.REPORT:
        return found
    return replace(found, bars=draft.bars | barred_by(words, names, found.desk, found.region))


def _urgency(draft: Submission, calm: bool) -> int:
    """What the words say, and what the desk noted: who threatens with an extreme act is heard at once."""
    if draft.particulars.get("threat"):
        return AT_ONCE
    return 0 if calm else urgency.level_of(draft.title, draft.text)


def barred_by(words: str, names: Directory, desk: str, region: str) -> frozenset[str]:
    """The units a report names, which may never learn of it (信访工作条例 第三十条).

    A bar also holds for all below, so nothing that stands above whoever must handle the report can be barred. If the
    report names the discipline organ itself, it goes to somebody else: the desk where no row has another answer.
    """
    named = names.named_units(words)
    usual = _goes_to(names, desk, region, frozenset())
    named -= names.ancestry(usual) - {usual}
    goes_to = _goes_to(names, desk, region, frozenset().union(*(names.subtree(unit) for unit in named)))
    return named - names.ancestry(goes_to or desk)


def _goes_to(names: Directory, desk: str, region: str, barred: frozenset[str]) -> str:
    """The unit a report goes to by the routing rows, or "" when the desk must decide."""
    facts = assignment_rules.CaseFacts(
        category="",
        kind=Kind.REPORT,
        region=region,
        desk=desk,
        is_sure=False,
        street=names.street_of(region),
        region_chain=names.region_chain(region),
        barred=barred,
    )
    return assignment_rules.decide_unit(facts, names.rows).unit


def _faults(draft: Submission, names: Directory, attachments_max: int) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        intake.tidy(draft, attachments_max)
    except Invalid as by_rule:
        found |= by_rule.fields
    if draft.kind == Kind.RECTIFY:
        found["kind"] = "unknown"  # only a bad rating opens one
    if draft.region and draft.region not in names.by_region:
        found["region"] = "unknown"
    return found


async def perform_act(
    context: AppContext,
    no: str,
    act: Act,
    actor: Actor,
    data: Mapping[str, Any],
    *,
    expect: int | None = None,
    pf: str = submission.PC,
    key: str = "",
) -> Status:
    """Take a step. `data` as `web.forms.parsing` made it; `expect` is the version the actor looked at; `pf` how a rating came.
    A rating form brings its `key`, so that pressing twice is rating once.

    Raises what `cases.act` raises; Invalid names every wrong need at once.
    """
    rated = partial(case_ratings.record, pf=pf, rating_id=submission.id_of(key, context.settings.secret))
    for attempt in range(_TRIES):
        file = await case_queries.load_file(actor, no, secret=context.settings.secret)
        step = next((step for step in file.steps(context.clock.now()) if step.act is act), None)
        if step is not None and (wrong := await _step_faults(context, file, step, actor, data, pf)):
            raise Invalid(wrong)
        try:
            status = await cases.act(
                no,
                act,
                actor,
                data,
                now=context.clock.now(),
                # Without a version of their own people mean the case as it stands: what was just checked.
                expect=file.version if expect is None else expect,
                in_transaction=rated if act is Act.RATE else None,
            )
        except Conflict:
            if expect is not None or attempt == _TRIES - 1:
                raise
        else:
            context.wake()
            return status
    raise AssertionError


async def _step_faults(
    context: AppContext, file: CaseFile, step: Step, actor: Actor, data: Mapping[str, Any], pf: str
) -> dict[str, str]:
    found = parsing.faults(step, data, await directory.load_directory(), context.settings.attachments_max)
    found |= decision_grounds.find_ground_faults(step.act, data, file.profile, file.kind, file.stage)
    if step.act is Act.RATE and "level" not in found:
        text, tags = data.get("text", ""), data.get("tags", [])
        if isinstance(text, str) and "tags" not in found:
            found |= submission.faults(data["level"], tags, text, pf)
    if step.act in (Act.ASSIGN, Act.CO_ASSIGN, Act.TRANSFER) and not found:
        found |= await _unit_faults(file, data)
    if step.act is Act.TRANSFER and not found and data["desk"] not in await directory.list_desks():
        found["desk"] = "no_desk"
    if step.act is Act.RECUSE and not found and (fault := await _recusal_fault(file, data["staff"])):
        found["staff"] = fault
    if (
        step.act is Act.MERGE
        and "case" not in found
        and (fault := await _merge_fault(context, file, actor, data["case"]))
    ):
        found["case"] = fault
    return found


async def _unit_faults(file: CaseFile, data: Mapping[str, Any]) -> dict[str, str]:
    """A report goes to nobody it names, to nobody below them, and to no unit in which nobody could open it."""
    names, bars = await directory.load_directory(), frozenset(file.entries[0].data.get("bars", ()))
    found = {}
    for need in ("unit", "units", "desk"):
        said = data.get(need) or ()
        for unit in (said,) if isinstance(said, str) else said:
            if names.ancestry(unit) & bars:
                found[need] = "barred"
            elif file.confidential and not await directory.is_cleared(unit, Role.RECEPTION if need == "desk" else None):
                found.setdefault(need, "not_cleared")
    return found


async def _recusal_fault(file: CaseFile, staff: str) -> str:
    """Somebody must be left in the unit who can go on with the case."""
    if not await directory.is_staff(staff):
        return "unknown_staff"
    able = {Role.CLERK.value, Role.LEAD.value} if file.unit else {Role.RECEPTION.value}
    at = await directory.list_staff(file.unit or file.desk)
    fit = [row for row in at if able & set(row["roles"]) and (row["cleared"] or not file.confidential)]
    left = {row["username"] for row in fit} - {staff} - file.recused
    return "" if left else "last_handler"


async def _merge_fault(context: AppContext, file: CaseFile, actor: Actor, other: str) -> str:
    """What is wrong with the case another is to be merged into, or "". Its number will stand in the other's file."""
    if other == file.no:
        return "unknown"
    try:
        into = await case_queries.load_file(actor, other, secret=context.settings.secret)
    except NotFound:
        return "unknown"
    return "confidential" if into.confidential and not file.confidential else ""
