"""Open and change cases: `submit`, `act` and `acts` are the only way to change a case.

Both read, then decide by plain functions over plain values, then write in one short transaction that begins with a
write. The only writer of the case file's tables.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tortoise.exceptions import IntegrityError

from feedback.kernel import db, identifiers
from feedback.kernel.clock import office_day
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Conflict, Forbidden, NotFound, NotNow, Unavailable
from feedback.record import calendar_editions, deadline_changes, joining, people, personal_data, search
from feedback.record.entries import ActCommand, PlannedEntry, chain_entry, write_entry
from feedback.record.models.case import AccessBar, Case, Entry, TenureRow
from feedback.record.models.clocks import ClockRow
from feedback.record.people import store_parties, store_person
from feedback.record.persistence import (
    check_attachments,
    clock_columns,
    load_case_access,
    load_stored_clocks,
    projection_columns,
    store_projection,
    store_side_rows,
    submission_data,
    sweep_columns,
    tenure_columns,
    to_clock_facts,
    to_event,
)
from feedback.rules import access, lifecycle, local_terms, preconditions, projection
from feedback.rules.access import Actor, CaseAccess
from feedback.rules.clocks import CaseEvent, Clock, ClockFacts
from feedback.rules.deadlines import change_facts
from feedback.rules.imported_history import IMPORTER
from feedback.rules.intake import Submission, tidy
from feedback.rules.lifecycle import Step
from feedback.rules.preconditions import Attempt
from feedback.rules.projection import CaseProjection
from feedback.rules.vocabulary import Act, Channel, Kind, Profile, Role, Status
from feedback.rules.workdays import Editions

CLOCK_SKEW = timedelta(minutes=1)
_CLOCK_BEHIND_SECONDS = 60
"""How far the clocks of several machines may differ: within it an entry gets the time of the one before."""

_TRIES = 5  # fresh case numbers tried when the random one is taken


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the citizen takes home. `is_new` is False when the same source was handed in before."""

    no: str
    code: str
    status: Status
    received_at: datetime
    clocks: tuple[Clock, ...]
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class RecordedAct:
    """An act as it was just recorded, for facts that belong into the same transaction."""

    case_no: str
    seq: int
    act: Act
    at: datetime
    actor: Actor
    status: Status
    kind: Kind
    unit: str
    data: Mapping[str, Any]
    profile: Profile
    desk: str
    region: str


InTransaction = Callable[[RecordedAct], Awaitable[None]]


async def submit(
    submission: Submission,
    actor: Actor,
    *,
    now: datetime,
    vault: Vault,
    attachments_max: int = 9,
    past: Sequence[ActCommand] = (),
    in_transaction: InTransaction | None = None,
) -> Receipt:
    """Open a case, once per (channel, source_id), with what was done with it in another system (`past`).

    Raises what `act` raises where the past may not be, Invalid, or Conflict when the source id was used for another text.
    """
    submission = joining.with_markers(tidy(submission, attachments_max), now)
    if submission.source_id and (receipt := await _find_receipt(submission, actor, vault)):
        return receipt
    await check_attachments(submission.attachments)
    editions = await calendar_editions.load_editions()
    for attempt in range(_TRIES):
        no = identifiers.case_number(office_day(now))
        try:
            return await _open_case(no, submission, actor, editions, now, vault, past, in_transaction)
        except IntegrityError:
            if submission.source_id and (receipt := await _find_receipt(submission, actor, vault)):
                return receipt  # somebody else handed in the same at the same moment
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


async def act(
    no: str,
    act_code: Act,
    actor: Actor,
    data: Mapping[str, Any],
    *,
    now: datetime,
    expect: int | None = None,
    in_transaction: InTransaction | None = None,
    vault: Vault | None = None,
) -> Status:
    """Do `what` to case `no`. Returns its new status. `expect` is the version the actor looked at; `vault` is needed by
    acts on personal data, and seals whom an act makes a party.

    Raises NotFound (also for a case the actor may not see), Forbidden, NotNow, Invalid, Conflict when somebody else
    changed the case meanwhile, or Unavailable when this machine's clock is behind the case's last entry.
    """
    commands = [ActCommand(act_code, actor, data, now)]
    return await acts(no, commands, expect=expect, in_transaction=in_transaction, vault=vault)


async def acts(
    no: str,
    commands: Sequence[ActCommand],
    *,
    expect: int | None = None,
    in_transaction: InTransaction | None = None,
    vault: Vault | None = None,
) -> Status:
    """Do several things to a case in one transaction, in order: all of them or none. Raises what `act` raises."""
    # Read.
    case, case_access, history, facts = await _load_case(no, commands[0].actor)
    editions = await calendar_editions.load_editions()
    # Decide.
    state = before = projection.project(history, facts, editions)
    changes = await deadline_changes.find_pending_changes(case, state, editions)
    entries: list[PlannedEntry] = []
    digest = case.digest
    for command in commands:
        command = replace(command, at=_in_order(command.at, history[-1].at))
        step, data = _check_command(command, case, case_access, state, facts, expect)
        await check_attachments(data.get("attachments", ()))
        command = replace(command, data=data)
        complete = await personal_data.prepare(case, [command.act], vault)
        entry = _plan_entry(command, step, case_access, state, facts, history, editions, digest, complete)
        state, digest, case_access = entry.after, entry.digest, _access_after(case_access, entry.after)
        facts = change_facts(facts, command.act, command.data)
        entries.append(entry)
    changes += deadline_changes.find_resumed_changes(case, history, before, state, editions)
    # Write.
    async with db.transaction():
        columns = {"version": case.version + len(entries), "digest": digest, **projection_columns(state)}
        await db.compare_and_set(case, {"version": case.version}, columns)
        for entry in entries:
            await write_entry(case, entry)
            await store_side_rows(case, entry.command.act, entry.command.data, entry.seq, entry.command.at)
            await personal_data.carry_out(case, entry.command.act, entry.command.data, entry.command.at, vault)
            if entry.party:
                await joining.store_joined(
                    case.id, entry.seq, entry.command.act, entry.command.data, entry.party, vault
                )
            if in_transaction:
                await in_transaction(_to_recorded_act(no, entry, facts, entry.after.unit or case.unit, case.region))
        await deadline_changes.store_changes([(case, changes)], editions.newest.edition, commands[0].at)
        await store_projection(case.id, state)
    return state.state.status


def _plan_entry(
    command: ActCommand,
    step: Step,
    case_access: CaseAccess,
    before: CaseProjection,
    facts: ClockFacts,
    history: list[CaseEvent],
    editions: Editions,
    digest: str,
    complete: personal_data.Complete | None = None,
) -> PlannedEntry:
    """What becomes of an allowed command: `history` gets its event, nothing is written.

    Raises Invalid or NotNow.
    """
    data, party = joining.split_party(command.data)
    latest_data = {event.act: event.data for event in history}
    by_import = command.actor.id == IMPORTER
    attempt = Attempt(command.act, data, case_access, before, command.at, latest_data, command.actor.id)
    calendar, actor_roles = None if by_import else editions.newest, command.actor.roles
    attempt = replace(attempt, actor_roles=actor_roles, party=party, urgency=facts.urgency, calendar=calendar)
    preconditions.check_attempt(attempt)
    roles = frozenset[Role]() if by_import else command.actor.roles  # what was answered elsewhere went out there
    if redirect := lifecycle.find_redirect(command.act, facts.profile, facts.kind, roles, data):
        command = replace(command, act=redirect.into)
        data = lifecycle.redirected_data(redirect, data, latest_data)
        step = lifecycle.find_step(command.act, facts.profile, facts.kind, before.state.stage) or step
        attempt = replace(attempt, act=command.act, data=data)
    facts = change_facts(facts, command.act, data)
    data |= preconditions.extra_data(attempt) | _local_term_data(command.act, facts, history)
    data = complete(command.act, data) if complete else data
    seq = len(history) + 1
    history.append(CaseEvent(seq, command.act, command.at, command.actor.unit, data, by_import))
    state = projection.project(history, facts, editions)
    is_public = _is_public(step, command, _access_after(case_access, state))
    entry = chain_entry(digest, case_access.no, seq, replace(command, data=data), state, is_public)
    return replace(entry, party=party)


def _plan_past(
    commands: Sequence[ActCommand], first: PlannedEntry, case: Case, facts: ClockFacts, editions: Editions
) -> list[PlannedEntry]:
    """The entries of a case that comes with what was done with it elsewhere. Raises what `act` raises."""
    history = [CaseEvent(1, Act.SUBMIT, first.command.at, first.command.actor.unit, first.command.data)]
    case_access = CaseAccess(no=case.no, confidential=bool(case.confidential), desk=facts.desk, lead="")
    entries = [first]
    for command in commands:
        state = entries[-1].after
        step, data = _check_command(command, case, case_access, state, facts, None)
        command = replace(command, data=data)
        entry = _plan_entry(command, step, case_access, state, facts, history, editions, entries[-1].digest)
        case_access = _access_after(case_access, entry.after)
        entries.append(entry)
    return entries


def _to_recorded_act(no: str, entry: PlannedEntry, facts: ClockFacts, unit: str, region: str) -> RecordedAct:
    command, status = entry.command, entry.after.state.status
    values = (command.act, command.at, command.actor, status, facts.kind, unit, command.data)
    return RecordedAct(no, entry.seq, *values, profile=facts.profile, desk=facts.desk, region=region)


def _check_command(
    command: ActCommand,
    case: Case,
    case_access: CaseAccess,
    before: CaseProjection,
    facts: ClockFacts,
    expect: int | None,
) -> tuple[Step, dict[str, Any]]:
    """The row that allows the deed, and what of its data is kept.

    Raises NotNow, Forbidden, Conflict or Invalid.
    """
    step = lifecycle.find_step(command.act, facts.profile, facts.kind, before.state.stage)
    if step is None:
        raise NotNow(act=command.act.value, status=case.status)
    if not access.may_perform(command.actor, step, replace(case_access, ordered=before.ordered_units)):
        raise Forbidden(act=command.act.value)
    if expect is not None and expect != case.version:
        raise Conflict(no=case.no)
    lifecycle.check_step(before.state, command.act, command.data)
    names = [need.name for need in (*step.needs, *step.may)]
    return step, {name: command.data[name] for name in names if command.data.get(name) not in (None, "")}


def _in_order(at: datetime, latest: datetime) -> datetime:
    """The time of a new entry, never before that of the last one.

    Raises Unavailable when the clock of this machine was set back: deadlines would begin in the past.
    """
    if at < latest - CLOCK_SKEW:
        raise Unavailable("clock_behind", seconds=_CLOCK_BEHIND_SECONDS)
    return max(at, latest)


def _local_term_data(act: Act, facts: ClockFacts, history: Sequence[CaseEvent] = ()) -> dict[str, Any]:
    """The town's shorter terms of the clocks that begin here, kept with the entry.

    A corrected kind begins all clocks anew: then also of those that began before.
    """
    acts_ = {event.act for event in history} | {act} if act is Act.CHANGE_KIND else {act}
    terms = {code: length for a in acts_ for code, length in local_terms.list_promised_lengths(a, facts).items()}
    return {"terms": terms} if terms else {}


def _is_public(step: Step, command: ActCommand, case_access: CaseAccess) -> bool:
    """Whether the citizen sees the entry: what a co-unit says goes to the lead."""
    return step.public and not (command.act is Act.PROGRESS and command.actor.unit != case_access.lead)


def _access_after(case_access: CaseAccess, after: CaseProjection) -> CaseAccess:
    return replace(
        case_access,
        desk=after.desk,
        lead=after.unit,
        co=frozenset(t.unit for t in after.tenures if not t.lead and t.until is None),
        held=case_access.held | frozenset(t.unit for t in after.tenures),
    )


async def bar_access(no: str, *, units: Sequence[str] = (), staff: Sequence[str] = ()) -> None:
    """Shut units (and all below them) or single staff out of a case (回避)."""
    case = await Case.get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    async with db.transaction():
        await AccessBar.bulk_create(
            [AccessBar(case_id=case.id, unit=u) for u in units] + [AccessBar(case_id=case.id, staff=s) for s in staff]
        )


async def _load_case(no: str, actor: Actor) -> tuple[Case, CaseAccess, list[CaseEvent], ClockFacts]:
    case = await Case.get_or_none(no=no[: identifiers.CASE_NUMBER_MOST])
    if case is None:
        raise NotFound(no=no)
    case_access = await load_case_access(case)
    if not access.may_see(actor, case_access):
        raise NotFound(no=no)
    history = [to_event(e) for e in await Entry.filter(case_id=case.id).order_by("seq")]
    return case, case_access, history, to_clock_facts(case)


async def _find_receipt(submission: Submission, actor: Actor, vault: Vault) -> Receipt | None:
    """The receipt of the same source, if it was handed in before, by the same sender.

    Raises Conflict for another text, for another person and for whoever cannot be told from a stranger: the receipt
    holds the query code, a source id and a text that goes round can be guessed, and people share a counter's computer.
    """
    query = Case.get_or_none(channel=submission.channel, source_id=submission.source_id)
    case = await query.prefetch_related("person")
    if case is None:
        return None
    is_sender = (
        identifiers.constant_time_equal(case.sender_hash, sender_hash(vault, submission.sender))
        or people.is_same_person(case.person, submission.person, vault)
        or identifiers.is_random_uuid(submission.source_id)
        or (Role.RECEPTION in actor.roles and actor.unit == case.desk)
    )
    is_other = people.is_other_person(case.person, submission.person, vault)
    if not is_sender or is_other or (case.title, case.text) != (submission.title, submission.text):
        raise Conflict(code="source_id_used", source_id=submission.source_id)
    clocks = await load_stored_clocks(case.id)
    code = vault.decrypt_system(case.code)
    return Receipt(case.no, code, Status(case.status), case.received_at, tuple(clocks), is_new=False)


async def _open_case(
    no: str,
    submission: Submission,
    actor: Actor,
    editions: Editions,
    now: datetime,
    vault: Vault,
    past: Sequence[ActCommand],
    in_transaction: InTransaction | None,
) -> Receipt:
    code = identifiers.query_code()
    facts = projection.build_clock_facts(
        submission.kind,
        submission.profile,
        submission.desk,
        submission.urgency,
        is_named=submission.person is not None,
        is_anonymous=submission.anonymous,
    )
    if submission.channel == Channel.IMPORT and submission.imported_at is None:
        submission = replace(submission, imported_at=now)  # a program's import, which has no history elsewhere
    data = submission_data(submission) | _local_term_data(Act.SUBMIT, facts)
    if submission.exclude:
        data["exclude"] = vault.encrypt_system(submission.exclude)
    person_key = vault.new_person_key() if submission.person else ""
    if submission.set_aside:
        data["set_aside"] = people.seal_set_aside(submission.set_aside, person_key, vault)
    after = projection.project([CaseEvent(1, Act.SUBMIT, now, actor.unit, data)], facts, editions)
    command = ActCommand(Act.SUBMIT, actor, data, now)
    entry = chain_entry("", no, 1, command, after, is_public=True)
    unwritten = Case(no=no, status=after.state.status.value, confidential=after.confidential)
    entries = _plan_past(past, entry, unwritten, facts, editions) if past else [entry]
    after = entries[-1].after
    async with db.transaction():
        person = await store_person(submission, vault, person_key)
        case = await Case.create(
            no=no,
            code=vault.encrypt_system(code),
            code_hash=code_hash(vault, code),
            channel=submission.channel,
            source_id=submission.source_id or None,
            title=submission.title,
            text=submission.text,
            region=submission.region,
            address=submission.address,
            urgency=submission.urgency,
            flags=" ".join(submission.flags),
            anonymous=submission.anonymous,
            public_consent=submission.public_consent and facts.kind is not Kind.REPORT and not submission.markers,
            headcount=submission.headcount,
            link=submission.link,
            person=person,
            received_at=now,
            version=len(entries),
            digest=entries[-1].digest,
            sender_hash=sender_hash(vault, submission.sender),
            **projection_columns(after),
        )
        await store_parties(case.id, submission, vault)
        await AccessBar.bulk_create([AccessBar(case_id=case.id, unit=unit) for unit in sorted(submission.bars)])
        for planned in entries:
            await write_entry(case, planned)
        await store_side_rows(case, Act.SUBMIT, data, 1, now)
        await ClockRow.bulk_create(
            [ClockRow(case_id=case.id, **clock_columns(clock), **sweep_columns(clock)) for clock in after.clocks]
        )
        await TenureRow.bulk_create([TenureRow(case_id=case.id, **tenure_columns(tenure)) for tenure in after.tenures])
        # The words come last: SQLite counts what FTS5 flushes as rows changed by the next statement.
        words = search.case_words(submission.title, submission.address, submission.text)
        await search.index(search.CASES, case.id, words)
        if in_transaction:
            await in_transaction(_to_recorded_act(no, entry, facts, "", submission.region))
    return Receipt(no, code, after.state.status, now, after.clocks)


def code_hash(vault: Vault, code: str) -> str:
    """What a query code is found by."""
    return vault.keyed_hash("query-code", code)


def sender_hash(vault: Vault, sender: str) -> str:
    """What a resend is known by for a day; empty for what comes from inside the installation."""
    return vault.keyed_hash("sender", sender) if sender else ""
