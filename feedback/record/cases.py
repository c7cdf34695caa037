"""How is a case opened, and how does it change? The one door: `submit` and `act`.

Both read, then decide by plain functions over plain values, then write in one short transaction that begins with a
write. The only writer of the case file's tables.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from feedback.kernel import crypto, db, identifiers, outbox
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Conflict, Forbidden, NotFound, NotNow
from feedback.kernel.outbox import Priority
from feedback.record import calendar_editions, deadline_changes, people, search
from feedback.record.models.case import AccessBar, Case, Entry
from feedback.record.models.clocks import ClockRow
from feedback.record.people import keep_people, keep_person
from feedback.record.persistence import (
    armed,
    check_attachments,
    clock_columns,
    clocks_stored,
    columns_of,
    facts_of,
    happening_of,
    keep_side_rows,
    said_by,
    standing_of,
    store_foldings,
)
from feedback.rules import access, lifecycle, local_terms, preconditions, projection
from feedback.rules.access import Actor, CaseAccess
from feedback.rules.deadlines import CaseEvent, Clock, ClockFacts
from feedback.rules.intake import Submission, tidy
from feedback.rules.lifecycle import Step
from feedback.rules.preconditions import Attempt
from feedback.rules.projection import CaseProjection
from feedback.rules.vocabulary import Act, Kind, Profile, Role, Status
from feedback.rules.workdays import Editions

NO_MOST = 20  # no number is longer, and the database refuses to compare one that is
_TRIES = 5  # fresh case numbers tried when the random one is taken


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the citizen takes home. `fresh` is False when the same source was handed in before."""

    no: str
    code: str
    status: Status
    received_at: datetime
    clocks: tuple[Clock, ...]
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Recorded:
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


InTransaction = Callable[[Recorded], Awaitable[None]]


async def submit(
    draft: Submission,
    actor: Actor,
    *,
    now: datetime,
    secret: str,
    attachments_max: int = 9,
    in_transaction: InTransaction | None = None,
) -> Receipt:
    """Open a case, once per (channel, source_id).

    Raises Invalid, or Conflict when the source id was used for another text.
    """
    draft = tidy(draft, attachments_max)
    if draft.source_id and (known := await _known(draft, actor, secret)):
        return known
    await check_attachments(draft.attachments)
    editions = await calendar_editions.editions()
    for attempt in range(_TRIES):
        no = identifiers.case_number(office_day(now))
        try:
            return await _open(no, draft, actor, editions, now, secret, in_transaction)
        except IntegrityError:
            if draft.source_id and (known := await _known(draft, actor, secret)):
                return known  # somebody else handed in the same at the same moment
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


@dataclass(frozen=True, slots=True)
class ActCommand:
    """Something somebody wants to do to a case."""

    act: Act
    actor: Actor
    data: Mapping[str, Any]
    at: datetime


async def act(
    no: str,
    what: Act,
    actor: Actor,
    data: Mapping[str, Any],
    *,
    now: datetime,
    expect: int | None = None,
    in_transaction: InTransaction | None = None,
) -> Status:
    """Do `what` to case `no`. Returns its new status. `expect` is the version the actor looked at.

    Raises NotFound (also for a case the actor may not see), Forbidden, NotNow, Invalid, or Conflict when somebody
    else changed the case meanwhile.
    """
    return await acts(no, [ActCommand(what, actor, data, now)], expect=expect, in_transaction=in_transaction)


async def acts(
    no: str, deeds: Sequence[ActCommand], *, expect: int | None = None, in_transaction: InTransaction | None = None
) -> Status:
    """Do several things to a case in one transaction, in order: all of them or none. Raises what `act` raises."""
    # Read.
    case, standing, history, facts = await _file(no, deeds[0].actor)
    editions = await calendar_editions.editions()
    # Decide.
    state = before = projection.project(history, facts, editions)
    moved = await deadline_changes.due_in(case, state, editions)
    done: list[_Done] = []
    digest = case.digest
    for deed in deeds:
        step, kept = _decided(deed, case, standing, state, facts, expect)
        await check_attachments(kept.get("attachments", ()))
        asked = {each.act: each.data for each in history}
        tried = Attempt(deed.act, kept, standing, state, deed.at, asked)
        preconditions.check(tried)
        if turn := lifecycle.redirect_of(deed.act, facts.profile, kept):
            deed, kept = replace(deed, act=turn.into), kept | {turn.unless: turn.reason}
        kept |= preconditions.noted(tried) | _promised(deed.act, facts)
        seq = len(history) + 1
        history.append(CaseEvent(seq, deed.act, deed.at, deed.actor.unit, kept))
        state = projection.project(history, facts, editions)
        standing = _standing_after(standing, state)
        deed = replace(deed, data=kept)
        digest = _digest(digest, no, seq, deed, state)
        done.append(_Done(deed, state, _is_public(step, deed, standing), seq, digest))
    moved += deadline_changes.woken(case, history, before, state, editions)
    # Write.
    async with db.transaction():
        change = {"version": case.version + len(done), "digest": digest, **columns_of(state)}
        await db.compare_and_set(case, {"version": case.version}, change)
        for each in done:
            await _record(case, each)
            await keep_side_rows(case, each.deed.act, each.deed.data, each.seq, each.deed.at)
            if in_transaction:
                await in_transaction(_recorded(no, each, facts, each.after.unit or case.unit, case.region))
        await deadline_changes.keep([(case, moved)], editions.newest.edition, deeds[0].at)
        await store_foldings(case.id, state)
    return state.state.status


@dataclass(frozen=True, slots=True)
class _Done:
    """A deed as it will be recorded."""

    deed: ActCommand
    after: CaseProjection
    public: bool
    seq: int
    digest: str


def _digest(before: str, no: str, seq: int, deed: ActCommand, after: CaseProjection) -> str:
    role, status = _acting_role(deed.actor), after.state.status.value
    actor = deed.actor
    return projection.entry_digest(
        before, no, seq, deed.act.value, deed.at, actor.id, role, actor.unit, deed.data, status
    )


def _recorded(no: str, done: _Done, facts: ClockFacts, unit: str, region: str) -> Recorded:
    deed, status = done.deed, done.after.state.status
    who = (deed.act, deed.at, deed.actor, status, facts.kind, unit, deed.data)
    return Recorded(no, done.seq, *who, profile=facts.profile, desk=facts.desk, region=region)


def _decided(
    deed: ActCommand, case: Case, standing: CaseAccess, before: CaseProjection, facts: ClockFacts, expect: int | None
) -> tuple[Step, dict[str, Any]]:
    """The row that allows the deed, and what of its data is kept.

    Raises NotNow, Forbidden, Conflict or Invalid.
    """
    step = lifecycle.step_for(deed.act, facts.profile, facts.kind, before.state.stage)
    if step is None:
        raise NotNow(act=deed.act.value, status=case.status)
    if not access.may(deed.actor, step, standing):
        raise Forbidden(act=deed.act.value)
    if expect is not None and expect != case.version:
        raise Conflict(no=case.no)
    lifecycle.decide(before.state, deed.act, deed.data)
    asked = [need.name for need in (*step.needs, *step.may)]
    return step, {name: deed.data[name] for name in asked if deed.data.get(name) not in (None, "")}


def _promised(act: Act, facts: ClockFacts) -> dict[str, Any]:
    """The town's shorter terms of the clocks that begin here, kept with the entry."""
    found = local_terms.begun_by(act, facts)
    return {"terms": found} if found else {}


def _is_public(step: Step, deed: ActCommand, standing: CaseAccess) -> bool:
    """Whether the citizen sees the entry: what a co-unit says goes to the lead."""
    return step.public and not (deed.act is Act.PROGRESS and deed.actor.unit != standing.lead)


def _standing_after(standing: CaseAccess, after: CaseProjection) -> CaseAccess:
    return replace(
        standing,
        desk=after.desk,
        lead=after.unit,
        co=frozenset(t.unit for t in after.tenures if not t.lead and t.until is None),
        held=standing.held | frozenset(t.unit for t in after.tenures),
    )


async def bar(no: str, *, units: Sequence[str] = (), staff: Sequence[str] = ()) -> None:
    """Shut units (and all below them) or single staff out of a case (回避)."""
    case = await Case.get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    async with db.transaction():
        await AccessBar.bulk_create(
            [AccessBar(case_id=case.id, unit=u) for u in units] + [AccessBar(case_id=case.id, staff=s) for s in staff]
        )


async def _file(no: str, actor: Actor) -> tuple[Case, CaseAccess, list[CaseEvent], ClockFacts]:
    case = await Case.get_or_none(no=no[:NO_MOST])
    if case is None:
        raise NotFound(no=no)
    standing = await standing_of(case)
    if not access.sees(actor, standing):
        raise NotFound(no=no)
    history = [happening_of(e) for e in await Entry.filter(case_id=case.id).order_by("seq")]
    return case, standing, history, facts_of(case)


async def _known(draft: Submission, actor: Actor, secret: str) -> Receipt | None:
    """The receipt of the same source, if it was handed in before, by the same sender.

    Raises Conflict for another text and for whoever cannot be told from a stranger: the receipt holds the query code,
    and both a source id and a text that goes round can be guessed.
    """
    found = Case.get_or_none(channel=draft.channel, source_id=draft.source_id)
    case = await found.prefetch_related("person")
    if case is None:
        return None
    is_sender = (
        identifiers.constant_time_equal(case.sender_hash, sender_hash(secret, draft.sender))
        or people.is_person(case.person, draft.person, secret)
        or identifiers.is_unguessable(draft.source_id)
        or (Role.RECEPTION in actor.roles and actor.unit == case.desk)
    )
    if not is_sender or (case.title, case.text) != (draft.title, draft.text):
        raise Conflict(code="source_id_used", source_id=draft.source_id)
    clocks = await clocks_stored(case.id)
    code = crypto.decrypt_system(secret, case.code)
    return Receipt(case.no, code, Status(case.status), case.received_at, tuple(clocks), fresh=False)


async def _open(
    no: str,
    draft: Submission,
    actor: Actor,
    editions: Editions,
    now: datetime,
    secret: str,
    in_transaction: InTransaction | None,
) -> Receipt:
    code = identifiers.query_code()
    facts = projection.facts_from(draft.kind, draft.profile, draft.desk, draft.urgency, draft.person is not None)
    said = said_by(draft) | _promised(Act.SUBMIT, facts)
    if draft.exclude:
        said["exclude"] = crypto.encrypt_system(secret, draft.exclude)
    after = projection.project([CaseEvent(1, Act.SUBMIT, now, actor.unit, said)], facts, editions)
    confidential = facts.kind is Kind.REPORT
    deed = ActCommand(Act.SUBMIT, actor, said, now)
    done = _Done(deed, after, True, 1, _digest("", no, 1, deed, after))
    async with db.transaction():
        person = await keep_person(draft, secret)
        case = await Case.create(
            no=no,
            code=crypto.encrypt_system(secret, code),
            code_hash=code_hash(secret, code),
            channel=draft.channel,
            source_id=draft.source_id or None,
            kind=draft.kind,
            profile=draft.profile,
            title=draft.title,
            text=draft.text,
            region=draft.region,
            address=draft.address,
            urgency=draft.urgency,
            flags=" ".join(draft.flags),
            confidential=confidential,
            anonymous=draft.anonymous,
            public_consent=draft.public_consent and not confidential,
            headcount=draft.headcount,
            link=draft.link,
            person=person,
            received_at=now,
            digest=done.digest,
            sender_hash=sender_hash(secret, draft.sender),
            **columns_of(after),
        )
        await keep_people(case.id, draft, secret)
        await AccessBar.bulk_create([AccessBar(case_id=case.id, unit=unit) for unit in sorted(draft.bars)])
        await _record(case, done)
        await keep_side_rows(case, Act.SUBMIT, said, 1, now)
        await ClockRow.bulk_create(
            [ClockRow(case_id=case.id, **clock_columns(clock), **armed(clock)) for clock in after.clocks]
        )
        # The words come last: SQLite counts what FTS5 flushes as rows changed by the next statement.
        await search.index(search.CASES, case.id, f"{draft.title}\n{draft.text}\n{draft.address}")
        if in_transaction:
            await in_transaction(_recorded(no, done, facts, "", draft.region))
    return Receipt(no, code, after.state.status, now, after.clocks)


def code_hash(secret: str, code: str) -> str:
    """What a query code is found by."""
    return identifiers.keyed_hash(secret, "query-code", code)


def sender_hash(secret: str, sender: str) -> str:
    """What a resend is known by for a day; empty for what comes from inside the house."""
    return identifiers.keyed_hash(secret, "sender", sender) if sender else ""


async def _record(case: Case, done: _Done) -> None:
    """The entry, chained to the one before, and the message that it happened."""
    deed = done.deed
    await Entry.create(
        case_id=case.id,
        seq=done.seq,
        act=deed.act.value,
        at=deed.at,
        actor=deed.actor.id,
        actor_name=deed.actor.name,
        role=_acting_role(deed.actor),
        unit=deed.actor.unit,
        data=dict(deed.data),
        status=done.after.state.status.value,
        public=done.public,
        digest=done.digest,
    )
    told = {"no": case.no, "seq": done.seq, "by": deed.actor.id}
    await outbox.put(f"case.{deed.act.value}", f"{case.no}:{done.seq}", told, deed.at, _priority(deed))


_ROUTING = frozenset({Act.SUBMIT, Act.CLASSIFY, Act.ASSIGN, Act.RETURN, Act.REVIEW, Act.RE_REVIEW})


def _priority(deed: ActCommand) -> Priority:
    """What follows first: the way of a case to its unit. Last: what the system closes by itself, thousands in a night."""
    if deed.act in _ROUTING:
        return Priority.NEW_CASE
    return Priority.BULK if deed.act is Act.CLOSE and Role.SYSTEM in deed.actor.roles else Priority.NORMAL


def _acting_role(actor: Actor) -> str:
    return min(actor.roles, key=list(Role).index).value
