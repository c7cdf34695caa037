"""What does routing do when something happened? Assigns by the rows, and tells people.

Each handler may run twice or a day late: what is already done answers NotNow.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tortoise.exceptions import IntegrityError

from feedback import cases, queries
from feedback.access import SYSTEM
from feedback.kernel import db, outbox
from feedback.kernel.clock import from_millis
from feedback.kernel.errors import NotNow
from feedback.kernel.outbox import Handler
from feedback.lifecycle import Act, Kind, Stage, Status
from feedback.views import Brief, CaseFile
from routing.directory import Directory, snapshot
from routing.models import Notice
from routing.notices import NOTICES, Audience, NoticeRow, Outgoing, Send, rows_for, worded
from routing.rules import CaseFacts, Decision, decide

STALE_ACT = timedelta(days=7)
STALE_CLOCK = timedelta(days=30)
REPORT_TITLE = "检举控告件"
"""What a notice to staff says instead of a report's title: it is read on telephones and over shoulders."""


def handlers(send: Send) -> dict[str, list[Handler]]:
    """What routing does on which message."""

    async def assign(payload: dict[str, Any], now: datetime) -> None:
        case = await queries.brief(payload["no"])
        if case.status is not Status.RECEIVED:
            raise NotNow(no=case.no)
        directory = await snapshot()
        decision = unit_for(case, directory)
        if decision.unit:
            await cases.act(case.no, Act.ASSIGN, SYSTEM, assignment(decision), now=now, expect=case.version)

    async def assign_past_a_barred_desk(payload: dict[str, Any], now: datetime) -> None:
        """Who was returned a report that names their own desk may not even see it: the rows decide once more."""
        case = await queries.brief(payload["no"])
        directory = await snapshot()
        if case.desk in _barred(case, directory):
            await assign(payload, now)

    async def tell(event: str, payload: dict[str, Any], now: datetime) -> None:
        case = await queries.brief(payload["no"])
        if _is_stale(case, payload, now):
            raise NotNow(no=case.no)
        directory = await snapshot()
        barred, is_report = _barred(case, directory), case.kind is Kind.REPORT
        for row in rows_for(event):
            if row.audience is Audience.CITIZEN and not case.is_named:
                continue  # there is nobody to send it to
            if row.audience is Audience.OVERSEER and is_report:
                continue  # overseers are not cleared as such
            title = REPORT_TITLE if is_report and row.audience is not Audience.CITIZEN else case.title
            for unit in await _units_told(row, case, payload):
                if unit in barred:
                    continue
                key = f"{event}:{payload['no']}:{payload.get('seq', payload.get('clock', ''))}:{row.audience}:{unit}"
                words = worded(row, no=case.no, title=title, unit=directory.short(case.unit or case.desk))
                await _note(key, case.no, event, row.audience, unit, words, now)

    async def send_notice(payload: dict[str, Any], now: datetime) -> None:
        notice = await Notice.get(id=payload["notice"])
        if notice.sent_at or notice.error:
            raise NotNow(notice=notice.id)
        out = Outgoing(notice.key, notice.case_no, Audience(notice.audience), notice.unit, notice.words)
        try:
            await send(out)
        except (ValueError, LookupError) as fault:  # a wrong address does not get right by trying again
            await Notice.filter(id=notice.id).update(error=str(fault)[:300])
            return
        await Notice.filter(id=notice.id).update(sent_at=now)

    def teller(event: str) -> Handler:
        async def handler(payload: dict[str, Any], now: datetime) -> None:
            await tell(event, payload, now)

        return handler

    found: dict[str, list[Handler]] = {row.event: [teller(row.event)] for row in NOTICES}
    for event in ("case.submit", "case.classify", "case.review", "case.re_review"):
        found.setdefault(event, []).append(assign)
    found.setdefault("case.return", []).append(assign_past_a_barred_desk)
    found["notice.send"] = [send_notice]
    return found


def assignment(decision: Decision) -> dict[str, Any]:
    """What the entry keeps of a decision: who, with whom, by which row and why."""
    return {"unit": decision.unit, "units": list(decision.co), "reason": decision.reason, "rule": decision.rule}


def _is_stale(case: Brief, payload: Mapping[str, Any], now: datetime) -> bool:
    """Nobody is told today of what happened long ago, as in an imported history."""
    if "due" in payload:
        return now - from_millis(int(payload["due"])) > STALE_CLOCK
    happened = next((e.at for e in case.entries if e.seq == payload.get("seq")), now)
    return now - happened > STALE_ACT


def unit_for(case: CaseFile | Brief, directory: Directory) -> Decision:
    """Who answers this case now, and why."""
    barred = _barred(case, directory)
    named = str(case.entries[0].data.get("unit", ""))
    if named and case.kind == "rectify":
        return Decision(named, (), "rectify", "差评由被评价的单位整改（谁办理、谁负责）")
    if case.stage is not Stage.FIRST:
        return _reviewer(case, directory, barred)
    region = case.region or directory.place_of(f"{case.address}\n{case.title}\n{case.text}")
    facts = CaseFacts(
        category=case.category,
        kind=case.kind.value,
        region=region,
        desk=case.desk,
        is_sure=is_sure(case),
        street=directory.street_of(region),
        region_chain=directory.region_chain(region),
        barred=barred,
    )
    return decide(facts, directory.rows)


def is_sure(case: CaseFile | Brief) -> bool:
    """Whether the category was given by a person, or by the classifier without abstaining."""
    last = next((e for e in reversed(case.entries) if e.act == Act.CLASSIFY), None)
    return last is not None and not last.data.get("abstained", False)


def _barred(case: CaseFile | Brief, directory: Directory) -> frozenset[str]:
    """The units a report names, and all below them."""
    named: Iterable[str] = case.entries[0].data.get("bars", ())
    return frozenset[str]().union(*(directory.subtree(unit) for unit in named))


def _reviewer(case: CaseFile | Brief, directory: Directory, barred: frozenset[str]) -> Decision:
    """复查 and 复核 go to the unit one level above whoever decided last."""
    held = [str(e.data["unit"]) for e in case.entries if e.act == Act.ASSIGN]
    above = directory.superior(held[-1]) if held else ""
    if not above or above in barred:
        return Decision("", (), "review", "没有上一级机关，由受理窗口指定")
    law = "信访工作条例 第三十五条" if case.stage is Stage.REVIEW else "信访工作条例 第三十六条"
    return Decision(above, (), "review", f"由原办理机关的上一级机关办理({law})")


async def _units_told(row: NoticeRow, case: Brief, payload: Mapping[str, Any]) -> tuple[str, ...]:
    match row.audience:
        case Audience.DESK:
            return (case.desk,)
        case Audience.UNIT | Audience.HEAD:
            if payload.get("unit"):
                return (str(payload["unit"]),)
            return tuple(u for u in (case.unit, *await queries.co_units(case.no)) if u)
        case _:
            return ("",)


async def _note(key: str, no: str, event: str, audience: Audience, unit: str, words: str, now: datetime) -> None:
    """Write the notice down once; sending it is a message of its own."""
    if await Notice.exists(key=key):
        return
    try:
        async with db.transaction():
            notice = await Notice.create(
                key=key, case_no=no, event=event, audience=audience.value, unit=unit, words=words, made_at=now
            )
            await outbox.put("notice.send", str(notice.id), {"notice": notice.id}, now)
    except IntegrityError:
        return  # another worker wrote it down just now


async def notices_for(unit: str, limit: int = 30) -> list[dict[str, Any]]:
    """What a unit was told lately, newest first."""
    rows = Notice.filter(unit=unit, audience__in=["unit", "head", "desk"]).order_by("-made_at", "-id")
    return list(await rows.limit(limit).values("id", "case_no", "event", "words", "made_at", "read_at"))


async def undelivered(limit: int = 50) -> list[dict[str, Any]]:
    """Notices that could not leave the house, for supervisors."""
    rows = Notice.filter(error__gt="").order_by("-id").limit(limit)  # not `<>`, which no index answers
    return list(await rows.values("id", "case_no", "words", "error"))
