"""Submitting a case and performing an act on it, the same for every channel: `submit_case` and `perform_act`.

Pages, API and exchange with other systems only translate; here the desk, the urgency, the place and the barred units of
a new case are filled in, what is named is checked against the directory, and the worker is woken.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from classify.duplicates import link_proposals
from classify.signals import urgency
from classify.signals.accusations import is_certain_accusation
from evaluation.ratings import cases as case_ratings
from evaluation.ratings import submission as rating_submission
from feedback import links
from feedback.kernel.errors import Conflict, Invalid, NotFound
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.record.cases import Receipt
from feedback.rules import decision_grounds, intake, merging
from feedback.rules.access import Actor
from feedback.rules.intake import Submission
from feedback.rules.lifecycle import Step
from feedback.rules.merging import MergeCandidate
from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import Act, Kind, Role, Status
from routing import assignment, assignment_rules, directory
from routing.directory import Directory
from web.actions import personal_data, publication
from web.context import AppContext
from web.forms import parsing
from web.presentation import dangers
from web.presentation import flags as flag_views

CITIZEN = Actor(id="citizen", name="群众", roles=frozenset({Role.CITIZEN}))
"""Whoever hands something in without being known to us."""

URGENCY_AT_ONCE = 1
"""Danger to life and property: two hours."""

_MAX_ATTEMPTS = 3  # a case the worker moves on at the same moment is looked at again


async def submit_case(
    context: AppContext, submission: Submission, actor: Actor = CITIZEN, *, faults: Mapping[str, str] | None = None
) -> Receipt:
    """Open a case. `submission.desk` may be left empty; `faults` are the caller's own, reported with all others.

    Raises Invalid naming every field that is wrong, or Conflict when the source id was used for another text.
    """
    names = await directory.load_directory()
    settings = context.settings
    submission = replace(submission, region=intake.expand_region(submission.region))
    all_faults = _find_faults(submission, names, settings.attachments_max) | dict(faults or {})
    if all_faults:
        raise Invalid(all_faults)
    raised_flags = await flag_views.find_flags(submission.title, submission.text)
    is_accusation = is_certain_accusation(submission.title, submission.text)
    if is_accusation:
        raised_flags = (*raised_flags, assignment.ACCUSATION_FLAG)
    is_confidential = is_accusation or submission.kind == Kind.REPORT
    if is_confidential and submission.desk and not await directory.is_cleared(submission.desk, Role.RECEPTION):
        submission = replace(submission, desk="")  # taken in where nobody may open it: it goes to the desk for its kind
    if submission.person and await link_proposals.is_concluded_matter(
        submission.title, submission.text, submission.person, settings.vault
    ):
        raised_flags = (*raised_flags, assignment.CONCLUDED_FLAG)
    desk = intake.choose_desk(submission.kind, submission.profile, settings.desk, settings.petition_desk)
    submit = partial(
        cases.submit,
        fill_submission(replace(submission, flags=raised_flags), names, desk),
        actor,
        now=context.clock.now(),
        vault=settings.vault,
        attachments_max=settings.attachments_max,
    )
    try:
        receipt = await submit()
    except Invalid as fault:
        if not submission.source_id or fault.fields != {"attachments": "unknown"}:
            raise
        receipt = await submit()  # a twin may have claimed the files just now: then its receipt is the answer
    context.wake()
    return receipt


def fill_submission(submission: Submission, names: Directory, desk: str) -> Submission:
    """The draft with what the person need not know: desk, place, urgency, and who must never learn of it."""
    words = f"{submission.title}\n{submission.text}"
    is_calm = submission.kind in dangers.CALM_KINDS
    complete = replace(
        submission,
        desk=submission.desk or desk,
        region=submission.region or names.place_of(f"{submission.address}\n{words}"),
        urgency=submission.urgency or _compute_urgency(submission, is_calm),
        attachments=tuple(dict.fromkeys(submission.attachments)),
    )
    is_accusation = assignment.is_accusation(submission.flags)
    if submission.kind != Kind.REPORT and not is_accusation:
        return complete
    bars = submission.bars | find_barred_units(words, names, complete.desk, complete.region)
    return replace(complete, bars=bars, confidential=is_accusation)


def _compute_urgency(submission: Submission, is_calm: bool) -> int:
    """What the words say, and what the desk noted: threats of an extreme act are urgent."""
    if submission.particulars.get("threat"):
        return URGENCY_AT_ONCE
    return 0 if is_calm else urgency.detect_level(submission.title, submission.text)


def find_barred_units(words: str, names: Directory, desk: str, region: str) -> frozenset[str]:
    """The units a report names, which may never learn of it (信访工作条例 第三十条).

    Units below a barred one are barred too, so nothing that stands above whoever must handle the report can be barred.
    If the report names the discipline organ itself, it goes to somebody else: the desk where no row has another answer.
    """
    named_units = names.named_units(words)
    usual_unit = _find_receiving_unit(names, desk, region, frozenset())
    named_units -= names.ancestry(usual_unit) - {usual_unit}
    receiving_unit = _find_receiving_unit(
        names, desk, region, frozenset().union(*(names.subtree(unit) for unit in named_units))
    )
    return named_units - names.ancestry(receiving_unit or desk)


def _find_receiving_unit(names: Directory, desk: str, region: str, barred_codes: frozenset[str]) -> str:
    """The unit a report goes to by the routing rows, or "" when the desk must decide."""
    facts = assignment_rules.CaseFacts(
        category="",
        kind=Kind.REPORT,
        region=region,
        desk=desk,
        is_sure=False,
        street=names.street_of(region),
        region_chain=names.region_chain(region),
        barred=barred_codes,
    )
    return assignment_rules.decide_unit(facts, names.rows).unit


def _find_faults(submission: Submission, names: Directory, attachments_max: int) -> dict[str, str]:
    faults: dict[str, str] = {}
    try:
        intake.tidy(submission, attachments_max)
    except Invalid as refusal:
        faults |= refusal.fields
    if submission.kind == Kind.RECTIFY:
        faults["kind"] = "unknown"  # only a bad rating opens one
    if submission.region and submission.region not in names.by_region:
        faults["region"] = "unknown"
    return faults


async def perform_act(
    context: AppContext,
    no: str,
    act: Act,
    actor: Actor,
    data: Mapping[str, Any],
    *,
    expect: int | None = None,
    pf: str = rating_submission.PC_CHANNEL,
    key: str = "",
    is_confirmed: bool = False,
    asked_at: datetime | None = None,
) -> Status:
    """Take a step. `data` as `web.forms.parsing` made it; `expect` is the version the actor looked at; `pf` how a rating came.
    A rating form brings its `key`, so that pressing twice is rating once. `is_confirmed`: somebody has looked at what
    looks like personal data in the words to be published, and lets it stand. `asked_at` is when a rating was asked for:
    one that came in since is not followed up by somebody who cannot have known of it, but answered with Conflict.

    Raises what `cases.act` raises; Invalid names every wrong need at once.
    """
    record_rating = partial(
        case_ratings.record_rating, pf=pf, rating_id=rating_submission.compute_rating_id(key, context.settings.vault)
    )
    for attempt in range(_MAX_ATTEMPTS):
        file = await case_queries.load_file(actor, no, vault=context.settings.vault)
        if act is Act.RATE and asked_at is not None and _is_rated_since(file, asked_at):
            raise Conflict(no=no)
        step = next((step for step in file.steps(context.clock.now()) if step.act is act), None)
        if act is Act.CHANGE_KIND:
            kind = data.get("kind", "")
            data = {**data, "bars": await _list_bars_of_kind(file, kind), "urgency": _urgency_of_kind(file, kind)}
        if step is not None and (faults := await _find_step_faults(context, file, step, actor, data, pf)):
            raise Invalid(faults)
        if step is not None and act is Act.PUBLISH and not is_confirmed:
            publication.raise_unless_clear(await publication.review_publication(context, actor, file, data))
        try:
            status = await cases.act(
                no,
                act,
                actor,
                data,
                now=context.clock.now(),
                # Without a version of their own people mean the case as it stands: what was just checked.
                expect=file.version if expect is None else expect,
                in_transaction=record_rating if act is Act.RATE else await personal_data.build_hook(no, act),
                vault=context.settings.vault,
            )
        except Conflict:
            if expect is not None or attempt == _MAX_ATTEMPTS - 1:
                raise
        else:
            context.wake()
            return status
    raise AssertionError


async def _list_bars_of_kind(file: CaseFile, kind: str) -> list[str]:
    """Who may not learn of the case once it is of that kind."""
    if kind != Kind.REPORT and not assignment.is_accusation(file.flags.split()):
        return []
    words = f"{file.title}\n{file.text}"
    return sorted(find_barred_units(words, await directory.load_directory(), file.desk, file.region))


def _urgency_of_kind(file: CaseFile, kind: str) -> int:
    """What the words say of a kind that is looked at for urgency; what was urgent before stays so."""
    return file.urgency if kind in dangers.CALM_KINDS else file.urgency or urgency.detect_level(file.title, file.text)


def _is_rated_since(file: CaseFile, moment: datetime) -> bool:
    return any(entry.act == Act.RATE and entry.at > moment for entry in file.entries)


async def _find_step_faults(
    context: AppContext, file: CaseFile, step: Step, actor: Actor, data: Mapping[str, Any], pf: str
) -> dict[str, str]:
    faults = parsing.find_faults(step, data, await directory.load_directory(), context.settings.attachments_max)
    faults |= decision_grounds.find_ground_faults(step.act, data, file.profile, file.kind, file.stage)
    if step.act is Act.RATE and "level" not in faults:
        text, tags = data.get("text", ""), data.get("tags", [])
        if isinstance(text, str) and "tags" not in faults:
            faults |= rating_submission.find_rating_faults(data["level"], tags, text, pf, is_case=True)
    if step.act in (Act.ASSIGN, Act.CO_ASSIGN, Act.TRANSFER) and not faults:
        faults |= await _find_unit_faults(file, data)
    if step.act is Act.ASSIGN and not faults:
        faults |= await _find_organ_faults(file, data["unit"])
    if step.act is Act.CHANGE_KIND and not faults and data["kind"] == Kind.REPORT:
        faults |= {} if await directory.is_cleared(file.desk, Role.RECEPTION) else {"kind": "desk_not_cleared"}
    if step.act is Act.TRANSFER and not faults and data["desk"] not in await directory.list_desks():
        faults["desk"] = "no_desk"
    if step.act is Act.RECUSE and not faults and (fault := await _find_recusal_fault(file, data["staff"])):
        faults["staff"] = fault
    if (
        step.act is Act.MERGE
        and "case" not in faults
        and (fault := await _find_merge_fault(context, file, actor, data["case"]))
    ):
        faults["case"] = fault
    return faults


async def _find_unit_faults(file: CaseFile, data: Mapping[str, Any]) -> dict[str, str]:
    """A report goes to nobody it names, to nobody below them, and to no unit in which nobody could open it."""
    names = await directory.load_directory()
    barred_codes, faults = assignment.list_barred_units(file, names), dict[str, str]()
    for need in ("unit", "units", "desk"):
        codes = data.get(need) or ()
        for unit in (codes,) if isinstance(codes, str) else codes:
            stays_confidential = file.kind is Kind.REPORT or (file.confidential and need == "desk")
            if unit in barred_codes:
                faults[need] = "barred"
            elif stays_confidential and not await directory.is_cleared(
                unit, Role.RECEPTION if need == "desk" else None
            ):
                faults.setdefault(need, "not_cleared")
    return faults


async def _find_organ_faults(file: CaseFile, unit: str) -> dict[str, str]:
    """A review goes to the organ above whoever decided; no appeal is led by a committee of residents."""
    fault = assignment.find_organ_fault(file, unit, await directory.load_directory())
    return {"unit": fault} if fault else {}


async def _find_recusal_fault(file: CaseFile, staff: str) -> str:
    """Somebody must be left in the unit who can go on with the case."""
    if not await directory.is_staff(staff):
        return "unknown_staff"
    handler_roles = {Role.CLERK.value, Role.LEAD.value} if file.unit else {Role.RECEPTION.value}
    staff_rows = await directory.list_staff(file.unit or file.desk)
    handlers = [
        row for row in staff_rows if handler_roles & set(row["roles"]) and (row["cleared"] or not file.confidential)
    ]
    remaining = {row["username"] for row in handlers} - {staff} - file.recused
    return "" if remaining else "last_handler"


async def _find_merge_fault(context: AppContext, file: CaseFile, actor: Actor, other_no: str) -> str:
    """What is wrong with the case another is to be merged into, or "". Its number will stand in the other's file."""
    if other_no == file.no:
        return "unknown"
    try:
        target = await case_queries.load_file(actor, other_no, vault=context.settings.vault)
    except NotFound:
        return "unknown"
    case, lead = (
        MergeCandidate(f.status, f.stage, f.profile, f.confidential, f.received_at, f.clocks) for f in (file, target)
    )
    return merging.find_merge_fault(case, lead, await links.may_be_one_matter(file.no, other_no))
