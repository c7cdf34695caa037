"""Recording a row in the case file: the message and, if there is one, its answer, in one transaction."""

from dataclasses import dataclass, replace
from typing import Any

from feedback.kernel.errors import Conflict, Invalid
from feedback.queries import cases as case_queries
from feedback.queries.cases import ImportedCase
from feedback.record import cases
from feedback.record.entries import ActCommand
from feedback.rules.access import Actor, citizen
from feedback.rules.imported_history import IMPORTER, UNKNOWN_UNIT, UNSTATED
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import OPEN, Act, Channel, Kind, Role
from routing.directory import Directory
from web.actions import cases as case_actions
from web.context import AppContext
from web.imports.history.rows import HistoryRow, SetAsideCell

_IMPORTER_NAME = "批量导入"  # stored in hashed rows: it stays what it was
_ASSIGNMENT_REASON = "历史数据"


@dataclass(frozen=True, slots=True)
class RecordedRow:
    """What became of a row: the number of its case, and whether it was there before."""

    no: str
    is_new: bool
    is_unit_named: bool = False  # the unit of an answer that was taken in without one


class RowRecorder:
    """Records the rows of one file."""

    def __init__(self, context: AppContext, names: Directory) -> None:
        self._context = context
        self._names = names
        self._desk = context.settings.desk
        self._known: dict[str, ImportedCase] = {}

    async def look_up(self, rows: list[HistoryRow]) -> None:
        """Find those of the next rows that were taken in before, in as many statements for all as for one."""
        self._known = await case_queries.load_imported_cases(
            [source_id for row in rows for source_id in (row.source_id, *row.former_ids)]
        )

    async def record(self, row: HistoryRow) -> RecordedRow:
        """Hand in a row, once per source id.

        Raises Refusal with the reason why it cannot be taken.
        """
        for source_id in (row.source_id, *row.former_ids):
            if source_id in self._known:
                return await self._complete(row, source_id)
        submission = self._build_submission(row)
        past = self._list_commands(row, submission.imported_at)
        try:  # message and answer are one transaction: a row that is there is there as a whole
            receipt = await cases.submit(
                submission, citizen(""), now=row.received_at, vault=self._context.settings.vault, past=past
            )
        except Conflict as fault:
            raise Invalid({"source_id": "used_for_another_text"}) from fault
        if not receipt.is_new:  # somebody else took it in since the look-up
            self._known |= await case_queries.load_imported_cases([row.source_id])
            return await self._complete(row, row.source_id)
        replies = (row.reply,) if row.reply else ()  # the same id may come again further down
        self._known[row.source_id] = ImportedCase(receipt.no, row.title, row.text, receipt.status, row.unit, replies)
        return RecordedRow(receipt.no, is_new=True)

    async def _complete(self, row: HistoryRow, source_id: str) -> RecordedRow:
        """A row whose case is there: nothing is added but a unit nobody knew; another answer is set aside."""
        known = self._known[source_id]
        if (known.title, known.text) != (row.title, row.text):
            raise Invalid({"source_id": "used_for_another_text"})
        if row.reply and row.reply not in known.replies:
            reason = "answered_since" if known.status in OPEN and not known.replies else "another_reply"
            row.set_aside.append(SetAsideCell(row.line, "reply", row.reply, reason))
        if known.unit != UNKNOWN_UNIT or row.unit in ("", UNKNOWN_UNIT):
            return RecordedRow(known.no, is_new=False)
        at_desk = _actor(Role.RECEPTION, self._desk)
        await cases.act(known.no, Act.NAME_UNIT, at_desk, {"unit": row.unit}, now=self._context.clock.now())
        self._known[source_id] = replace(known, unit=row.unit)
        return RecordedRow(known.no, is_new=False, is_unit_named=True)

    def _build_submission(self, row: HistoryRow) -> Submission:
        submission = Submission(
            kind=row.kind,
            title=row.title,
            text=row.text,
            channel=Channel.IMPORT.value,
            desk=self._desk,
            source_id=row.source_id,
            region=row.region,
            address=row.address,
            person=PersonSubmission(name=row.name, phone=row.phone),
            imported_at=self._context.clock.now(),
            answered=bool(row.reply),
            set_aside={cell.field: cell.value for cell in row.set_aside},
        )
        if row.reply:  # history keeps what it was: its place, its pace, and the unit that answered
            return submission
        return case_actions.fill_submission(submission, self._names, self._desk)

    def _list_commands(self, row: HistoryRow, imported_at: Any) -> list[ActCommand]:
        """What is known of the case: its category, and that it was handed over and answered, at which time if any."""
        at_desk = _actor(Role.RECEPTION, self._desk)
        at_unit = _actor(Role.CLERK, row.unit)
        commands = []
        if row.category:
            at = row.received_at if row.reply else imported_at
            commands.append(ActCommand(Act.CLASSIFY, at_desk, {"category": row.category}, at))
        if not row.reply:
            return commands
        unknown = {"time_unknown": True}
        answer: dict[str, Any] = {"text": row.reply}
        if row.kind == Kind.APPEAL:
            answer |= {"outcome": "unstated", "facts": UNSTATED, "basis": UNSTATED}
        assignment = {"unit": row.unit, "reason": _ASSIGNMENT_REASON}
        return [
            *commands,
            ActCommand(Act.ASSIGN, at_desk, assignment | unknown, row.received_at),
            ActCommand(Act.ACCEPT, at_unit, unknown, row.received_at),
            ActCommand(
                Act.REPLY, at_unit, answer | ({} if row.replied_at else unknown), row.replied_at or row.received_at
            ),
        ]


def _actor(role: Role, unit: str) -> Actor:
    return Actor(id=IMPORTER, name=_IMPORTER_NAME, roles=frozenset({role}), unit=unit, units=frozenset({unit}))


def is_unit_unknown(row: HistoryRow) -> bool:
    """Whether the row was answered by a unit nobody here knows."""
    return bool(row.reply) and row.unit == UNKNOWN_UNIT
