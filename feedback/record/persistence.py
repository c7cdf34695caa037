"""Convert acts to rows and rows to values: columns, clocks, tenures and side rows of a case.

Only `feedback.record` calls what writes here, inside its transaction.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from feedback.kernel.errors import Conflict, Invalid, NotNow
from feedback.kernel.outbox import MessagePriority
from feedback.record import search
from feedback.record.models.case import AccessBar, Attachment, Case, Entry, Link, PublicReply, TenureRow
from feedback.record.models.clocks import ClockRow
from feedback.record.people import has_common_petitioner, person_id_of
from feedback.rules import entry_texts, escalation_levels, projection
from feedback.rules.access import Actor, CaseAccess
from feedback.rules.case_markers import MINORS
from feedback.rules.clocks import CaseEvent, Clock, ClockFacts
from feedback.rules.conditions import STORED_ONLY
from feedback.rules.imported_history import IMPORTER
from feedback.rules.intake import Submission
from feedback.rules.projection import CaseProjection
from feedback.rules.tenures import Tenure
from feedback.rules.terms import Holder, parse_length
from feedback.rules.vocabulary import Act, Kind, LinkKind, LinkState, RestrictionScope, Role

_UNPUBLISHING_ACTS = frozenset({Act.UNPUBLISH, Act.WITHDRAW_CONSENT, Act.ERASE})


async def load_stored_clocks(case_id: int) -> list[Clock]:
    """The clocks of a case as they are stored."""
    return [to_clock(row) for row in await ClockRow.filter(case_id=case_id).order_by("seq", "id")]


def to_clock(row: ClockRow) -> Clock:
    return Clock(
        term_id=row.term_id,
        term=row.term,
        label=row.label,
        seq=row.seq,
        holder=Holder(row.holder),
        unit=row.unit,
        starts_at=row.starts_at,
        due_raw_day=row.due_raw_day,
        due_legal_day=row.due_legal_day,
        warn_at=row.warn_at,
        due_at=row.due_at,
        law=row.law,
        provisional=bool(row.provisional),
        edition=row.edition,
        length=parse_length(row.length),
        stopped_at=row.stopped_at,
        stopped_by=Act(row.stopped_by) if row.stopped_by else None,
        kept=bool(row.kept),
    )


def to_event(entry: Entry) -> CaseEvent:
    return CaseEvent(entry.seq, Act(entry.act), entry.at, entry.unit, entry.data, entry.actor == IMPORTER)


def to_clock_facts(case: Case) -> ClockFacts:
    is_named, is_anonymous = person_id_of(case) is not None, bool(case.anonymous)
    return projection.build_clock_facts(
        case.kind, case.profile, case.desk, case.urgency, is_named=is_named, is_anonymous=is_anonymous
    )


async def load_case_access(case: Case) -> CaseAccess:
    """What the access rule needs to know of a stored case."""
    return (await load_case_accesses([case]))[case.id]


async def load_case_accesses(cases: Sequence[Case]) -> dict[int, CaseAccess]:
    """The same of several cases, by their ids, in two statements however many they are."""
    if not cases:
        return {}
    ids = [case.id for case in cases]
    tenures, bars = defaultdict[int, list[TenureRow]](list), defaultdict[int, list[AccessBar]](list)
    for tenure in await TenureRow.filter(case_id__in=ids):
        tenures[tenure.case_id].append(tenure)  # type: ignore[attr-defined] # Tortoise adds the column attributes at run time
    for bar in await AccessBar.filter(case_id__in=ids):
        bars[bar.case_id].append(bar)  # type: ignore[attr-defined] # as above
    return {case.id: _case_access(case, tenures[case.id], bars[case.id]) for case in cases}


def _case_access(case: Case, tenures: Sequence[TenureRow], bars: Sequence[AccessBar]) -> CaseAccess:
    return CaseAccess(
        no=case.no,
        confidential=bool(case.confidential),
        desk=case.desk,
        lead=case.unit,
        co=frozenset(t.unit for t in tenures if not t.lead and t.until is None),
        held=frozenset(t.unit for t in tenures),
        bars=frozenset(b.unit for b in bars if b.unit),
        recused=frozenset(b.staff for b in bars if b.staff),
    )


def submission_data(submission: Submission) -> dict[str, Any]:
    """What the first entry keeps of the draft: everything but who the person is."""
    data = {
        "kind": submission.kind,
        "title": submission.title,
        "text": submission.text,
        "channel": submission.channel,
        "region": submission.region,
        "address": submission.address,
        "location": submission.location.as_data() if submission.location else {},
        "attachments": list(submission.attachments),
        "unit": submission.unit,
        "bars": sorted(submission.bars),
        "confidential": submission.confidential,
        "link": submission.link,
        "headcount": submission.headcount if submission.headcount > 1 else 0,
        "representatives": len(submission.representatives),
        "proxy": submission.proxy.kind if submission.proxy else "",
        "particulars": dict(submission.particulars),
        "imported_at": submission.imported_at.isoformat() if submission.imported_at else "",
        "answered": submission.answered,
        "markers": list(submission.markers),
    }
    return {name: value for name, value in data.items() if value}


def find_chain_break(case: Case, entries: Sequence[Entry]) -> str:
    """Where the chain of a file is broken: "entry 3", "the last entry", or "" when it is whole."""
    before, remainders = "", list_erased(entries)
    for position, e in enumerate(entries, 1):
        if e.seq != position or not _is_chained(case.no, before, e, remainders.get(e.seq)):
            return f"entry {e.seq}"
        before = e.digest
    return "" if entries and before == case.digest else "the last entry"


def list_erased(entries: Iterable[Entry]) -> dict[int, str]:
    """The entries whose texts a later decision erased, by seq, each with the digest of what is left of it."""
    erased: dict[int, str] = {}
    for e in entries:
        erased |= {int(seq): str(remainder) for seq, remainder in e.data.get(entry_texts.ERASED, {}).items()}
    return erased


def compute_remainder(e: Entry) -> str:
    """The digest of what is left of an entry without its texts."""
    return entry_texts.compute_remainder(e.seq, e.act, e.at, e.actor, e.role, e.unit, e.data, e.status, e.digest)


def _is_chained(no: str, before: str, e: Entry, remainder: str | None) -> bool:
    """Whether an entry is what its digest says. `remainder`: of one that a decision erased, else None.

    The plain digest of an entry of before there were salted ones cannot be computed again without its texts: then what is
    left of it, that digest included, is covered by the decision.
    """
    if remainder is None:
        is_whole = e.digests is None or e.digests == entry_texts.compute_text_digests(e.salt, e.data)
    else:
        is_whole = not e.salt and not entry_texts.TEXT_KEYS & set(e.data) and remainder == compute_remainder(e)
        if e.digests is None:
            return is_whole
    return is_whole and e.digest == projection.compute_entry_digest(
        before, no, e.seq, e.act, e.at, e.actor, e.role, e.unit, e.data, e.status, e.digests
    )


async def store_projection(case_id: int, after: CaseProjection) -> None:
    await store_clocks(case_id, after.clocks)
    await _store_tenures(case_id, after.tenures)


async def store_clocks(case_id: int, clocks: Sequence[Clock]) -> None:
    rows_by_key = {(r.term, r.seq, r.unit): r for r in await ClockRow.filter(case_id=case_id)}
    removed_ids = {r.id for r in rows_by_key.values()}
    by_start = {(r.term, r.seq): r for r in rows_by_key.values() if r.holder in (Holder.LEAD, Holder.DESK)}
    new_rows = []
    for clock in clocks:
        # A lead's or a desk's clock may change hands: it is the same row under another unit.
        row = rows_by_key.get((clock.term, clock.seq, clock.unit)) or by_start.get((clock.term, clock.seq))
        columns = clock_columns(clock)
        removed_ids.discard(row.id if row else 0)
        if row is None:
            new_rows.append(ClockRow(case_id=case_id, **columns, **sweep_columns(clock)))
        elif to_clock(row) != clock:
            if row.due_at != clock.due_at or clock.stopped_at:
                columns |= sweep_columns(clock)  # a deadline that moved is warned of anew
            await ClockRow.filter(id=row.id).update(**columns)
    if removed_ids:  # only what an older version projected otherwise
        await ClockRow.filter(id__in=sorted(removed_ids)).delete()
    if new_rows:
        await ClockRow.bulk_create(new_rows)


def sweep_columns(clock: Clock) -> dict[str, Any]:
    """The columns by which the sweep finds a clock: no stage told yet, and when to look first."""
    look_at = escalation_levels.compute_first_look(clock.term, clock.warn_at, clock.due_legal_day, str(clock.length))
    return {"stage": "", "look_at": look_at} if clock.stopped_at is None else {"look_at": None}


def clock_columns(clock: Clock) -> dict[str, Any]:
    return {
        "term_id": clock.term_id,
        "term": clock.term,
        "label": clock.label,
        "seq": clock.seq,
        "holder": clock.holder.value,
        "unit": clock.unit,
        "starts_at": clock.starts_at,
        "due_raw_day": clock.due_raw_day,
        "due_legal_day": clock.due_legal_day,
        "warn_at": clock.warn_at,
        "due_at": clock.due_at,
        "law": clock.law,
        "length": str(clock.length),
        "provisional": clock.provisional,
        "edition": clock.edition,
        "stopped_at": clock.stopped_at,
        "stopped_by": clock.stopped_by.value if clock.stopped_by else "",
        "kept": clock.kept,
    }


def tenure_columns(tenure: Tenure) -> dict[str, Any]:
    return {
        "unit": tenure.unit,
        "lead": tenure.lead,
        "seq": tenure.seq,
        "since": tenure.since,
        "until": tenure.until,
        "task": tenure.task,
    }


async def _store_tenures(case_id: int, tenures: Sequence[Tenure]) -> None:
    rows_by_key = {(r.seq, r.unit): r for r in await TenureRow.filter(case_id=case_id)}
    removed_keys = set(rows_by_key) - {(t.seq, t.unit) for t in tenures}
    if removed_keys:  # only what an older version projected otherwise
        await TenureRow.filter(id__in=[rows_by_key[key].id for key in removed_keys]).delete()
    for t in tenures:
        row = rows_by_key.get((t.seq, t.unit))
        if row is None:
            await TenureRow.create(case_id=case_id, **tenure_columns(t))
        elif row.until != t.until:
            await TenureRow.filter(id=row.id).update(until=t.until)


def projection_columns(after: CaseProjection) -> dict[str, Any]:
    return {
        "kind": after.state.kind.value,
        "profile": after.state.profile.value,
        "confidential": after.confidential,
        "status": after.state.status.value,
        "stage": after.state.stage.value,
        "desk": after.desk,
        "unit": after.unit,
        "category": after.category,
        "confidence": after.confidence,
        "by_hand": after.by_hand,
        "replied_at": after.replied_at,
        "closed_at": after.closed_at,
        "next_due_at": after.next_due_at,
        "next_warn_at": after.next_warn_at,
        "deciders": after.deciders,
        "restrictions": after.restrictions,
        "markers": join_markers(after.markers),
    }


_ROUTING = frozenset({Act.SUBMIT, Act.CLASSIFY, Act.ASSIGN, Act.RETURN, Act.REVIEW, Act.RE_REVIEW})


def message_priority(act: Act, actor: Actor) -> MessagePriority:
    """What follows first: the way of a case to its unit. Last: what the system closes by itself, thousands in a night."""
    if act in _ROUTING:
        return MessagePriority.NEW_CASE
    return MessagePriority.BULK if act is Act.CLOSE and Role.SYSTEM in actor.roles else MessagePriority.NORMAL


def join_markers(codes: Iterable[str]) -> str:
    """The markers as the column holds them: a blank before each, so that one is found without the others."""
    return "".join(f" {code}" for code in codes)


async def check_attachments(ids: Sequence[str]) -> None:
    if ids and await Attachment.filter(id__in=list(ids), case_id__isnull=True).count() != len(set(ids)):
        raise Invalid({"attachments": "unknown"})


async def store_side_rows(case: Case, act: Act, data: Mapping[str, Any], seq: int, now: datetime) -> None:
    """Rows beside the entry that the act brings: claimed attachments, a published answer."""
    if ids := data.get("attachments"):
        drafted = case.id if act is Act.REPLY and "drafted_by" in data else None  # they came with the draft
        files = Attachment.filter(Q(case_id__isnull=True) | Q(case_id=drafted), id__in=list(ids))
        count = await files.update(case_id=case.id, seq=seq)
        if count != len(set(ids)):
            raise Conflict(attachments=list(ids))
    if act is Act.RECUSE:
        # What a bad rating of the case opened tells its number and what was said of it.
        rectification_ids = await Case.filter(link=case.no, kind=Kind.RECTIFY.value).values_list("id", flat=True)
        await AccessBar.bulk_create(
            [AccessBar(case_id=id_, staff=data["staff"]) for id_ in (case.id, *rectification_ids)]
        )
    if act is Act.CHANGE_KIND:
        await _store_changed_kind(case, data)
    if act is Act.PUBLISH:
        await _publish(case, data, now)
    if act is Act.MERGE:
        await _link_merged(case, str(data["case"]), now)
    if act is Act.UNMERGE:
        merged = Link.filter(case_id=case.id, kind=LinkKind.MERGED_INTO.value)
        await merged.update(state=LinkState.DISMISSED.value, decided_at=now)
    if act is Act.WITHDRAW_CONSENT:
        if not case.public_consent:
            raise NotNow(code="no_consent", no=case.no)
        await Case.filter(id=case.id).update(public_consent=False)  # so that nobody publishes it again
    is_refused = (act is Act.RESTRICT and data["scope"] == RestrictionScope.PUBLICATION) or (
        act is Act.REFUSE_ERASURE and data["ground"] == STORED_ONLY
    )
    is_minor = act is Act.SET_MARKER and data["marker"] in MINORS
    if is_refused or is_minor or act is Act.ERASE:
        await Case.filter(id=case.id).update(public_consent=False)
    is_taken_down = is_refused or is_minor or act in _UNPUBLISHING_ACTS
    if is_taken_down and (row := await PublicReply.get_or_none(case_id=case.id)):
        await PublicReply.filter(id=row.id).delete()
        await search.remove(search.REPLIES, row.id, search.reply_words(row.title, row.question, row.answer))


async def _store_changed_kind(case: Case, data: Mapping[str, Any]) -> None:
    """Who may not learn of the case of its new kind, how urgent it is, and no consent to publish what is a report."""
    await AccessBar.filter(case_id=case.id).exclude(unit="").delete()
    await AccessBar.bulk_create([AccessBar(case_id=case.id, unit=unit) for unit in data.get("bars", ())])
    is_report = data["kind"] == Kind.REPORT
    columns = {"urgency": data.get("urgency", case.urgency), "public_consent": case.public_consent and not is_report}
    await Case.filter(id=case.id).update(**columns)


async def _link_merged(case: Case, target_no: str, now: datetime) -> None:
    """A merge is a link too, whether it was proposed or not; who did it stands in the entry."""
    other = await Case.get_or_none(no=target_no)
    if other is None or other.id == case.id:
        return
    decision = {"kind": LinkKind.MERGED_INTO.value, "state": LinkState.CONFIRMED.value, "decided_at": now}
    if await Link.filter(case_id=case.id, earlier_id=other.id).update(**decision):
        return
    await Link.create(
        case_id=case.id,
        earlier_id=other.id,
        kind=LinkKind.MERGED_INTO.value,
        state=LinkState.CONFIRMED.value,
        same_person=await has_common_petitioner(case, other),
        evidence={},
        made_at=now,
        made_by="",
        decided_at=now,
    )


async def _publish(case: Case, data: Mapping[str, Any], now: datetime) -> None:
    if not case.public_consent:
        raise NotNow(code="no_consent", no=case.no)
    columns = {
        "title": data["title"],
        "question": data["question"],
        "answer": data["answer"],
        "unit": case.unit,
        "category": case.category,
        "region": case.region,
        "kind": case.kind,
        "received_at": case.received_at,
        "replied_at": case.replied_at or now,
        "published_at": now,
        "digest": hashlib.sha256(f"{data['title']}\n{data['question']}\n{data['answer']}".encode()).hexdigest(),
    }
    words = search.reply_words(data["title"], data["question"], data["answer"])
    row = await PublicReply.get_or_none(case_id=case.id)
    if row is None:
        row = await PublicReply.create(case_id=case.id, **columns)
        await search.index(search.REPLIES, row.id, words)
    else:
        await PublicReply.filter(id=row.id).update(**columns)
        await search.index(
            search.REPLIES, row.id, words, before=search.reply_words(row.title, row.question, row.answer)
        )
