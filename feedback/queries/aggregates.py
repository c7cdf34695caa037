"""Aggregate counts of a period by unit, made by the database, without words or persons.

The rows are cubes: each names what was counted by a few columns, and `n` says how often. What a clock counts as is
said in `evaluation.kpi.timeliness`; a test holds the statement here equal to it. Reports (检举控告) are in no figure: one
more or less in a unit's row would tell of it (信访工作条例 第三十条). Instants are whole milliseconds, so they stand in
the statement itself; everything else is a parameter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from feedback.kernel import db
from feedback.kernel.clock import end_of_day, start_of_day, to_millis
from feedback.record.models.case import PublicReply
from feedback.rules import case_markers
from feedback.rules.imported_history import IMPORTER
from feedback.rules.terms import RIGHTS, Holder
from feedback.rules.vocabulary import OPEN, Act, Kind, LinkKind, LinkState, Status

ONLINE = ("web", "app", "miniprogram", "wechat", "weibo")
"""The channels of a government site and its accounts (政府网站与政务新媒体)."""
_OPEN = ", ".join(f"'{status}'" for status in sorted(OPEN))
_DONE_HERE = f"e.actor <> '{IMPORTER}'"
"""What an import recorded was done in another system, at times and by steps we do not know of: in no figure of acts."""
_ONLINE = ", ".join(f"'{channel}'" for channel in ONLINE)


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` to before `until`, as known at `at`; in a region and what lies below it, or everywhere."""

    since: datetime
    until: datetime
    at: datetime
    region: str = ""

    @property
    def end(self) -> datetime:
        return min(self.at, self.until)


async def count_clocks(span: Span) -> list[dict[str, Any]]:
    """Clocks by (unit, profile, kind, term, outcome): who answers for them, and how they count."""
    return await _execute(
        "SELECT unit, profile, kind, term, outcome, COUNT(*) AS n "  # noqa: S608 - only whole numbers and our own words
        f"FROM ({_clock_rows(span)}) AS x GROUP BY unit, profile, kind, term, outcome",
        _region(span),
    )


def _clock_rows(span: Span) -> str:
    since, until, at, end = (to_millis(instant) for instant in (span.since, span.until, span.at, span.end))
    is_stopped = f"k.stopped_at IS NOT NULL AND k.stopped_at <= {end} AND k.stopped_at < {until}"
    in_time = f"{is_stopped} AND k.stopped_at < k.due_at"
    ended_at = f"CASE WHEN k.stopped_at IS NOT NULL AND k.stopped_at <= {end} THEN k.stopped_at ELSE {end} END"
    moment = f"CASE WHEN k.due_at < {ended_at} THEN k.due_at ELSE {ended_at} END"
    unit = f"CASE k.holder WHEN '{Holder.DESK}' THEN COALESCE(NULLIF(k.unit, ''), c.desk) WHEN '{Holder.LEAD}' THEN {_lead_unit('k', moment)} ELSE k.unit END"
    outcome = (
        f"CASE WHEN {in_time} THEN CASE WHEN k.kept THEN 'on_time' WHEN k.stopped_by = '{Act.HOLD}' THEN 'held' ELSE 'void' END "
        f"WHEN k.due_at <= {since} THEN 'left_over' "
        f"WHEN k.due_at <= {end} THEN CASE WHEN NOT ({is_stopped}) THEN 'late_open' WHEN k.kept THEN 'late_done' ELSE 'late_void' END "
        "ELSE 'running' END"
    )
    rights = ", ".join(f"'{term}'" for term in sorted(RIGHTS))
    return (
        f"SELECT {unit} AS unit, c.profile AS profile, c.kind AS kind, k.term AS term, c.no AS no, {outcome} AS outcome "  # noqa: S608 - codes of enums, whole numbers and our own columns: nothing that was typed
        "FROM feedback_clock k JOIN feedback_case c ON c.id = k.case_id "
        f"WHERE {_visible(span)} AND k.holder NOT IN ('{Holder.CITIZEN_OWN}', '{Holder.CITIZEN}') AND k.term NOT IN ({rights}) "
        f"AND k.starts_at < {until} AND k.starts_at <= {at} "
        # Decided before the span: kept in time then, or late then and answered since.
        f"AND NOT ({in_time} AND k.stopped_at < {since}) AND NOT (k.due_at <= {since} AND {is_stopped})"
    )


async def list_clock_cases(span: Span, units: Sequence[str] | None = None, **cells: Sequence[Any]) -> list[str]:
    """The numbers of the cases behind some cells of `count_clocks`."""
    return await _case_numbers(_clock_rows(span), span, units, cells)


async def count_acts(span: Span) -> list[dict[str, Any]]:
    """Acceptances, returns and answers by unit, profile, kind and what had happened before; `waited` in milliseconds."""
    columns = "unit, profile, kind, act, is_first, is_repeat, contacted, published, returned, at_desk"
    return await _execute(
        f"SELECT {columns}, COUNT(*) AS n, SUM(waited) AS waited FROM ({_act_rows(span)}) AS x GROUP BY {columns}",  # noqa: S608
        _region(span),
    )


def _act_rows(span: Span) -> str:
    end = to_millis(span.until)
    return (
        f"SELECT {_lead_unit('e', 'e.at')} AS unit, c.profile AS profile, c.kind AS kind, e.act AS act, c.no AS no, "  # noqa: S608
        f"CASE WHEN {_had_act_before('e.act')} THEN 0 ELSE 1 END AS is_first, {_is_repeat(end)} AS is_repeat, "
        f"CASE WHEN e.act = '{Act.REPLY}' AND {_had_act_before(_quote(Act.CONTACT))} THEN 1 ELSE 0 END AS contacted, "
        f"CASE WHEN e.act = '{Act.REPLY}' AND EXISTS (SELECT 1 FROM feedback_public_reply p "
        f"WHERE p.case_id = e.case_id AND p.published_at < {end}) THEN 1 ELSE 0 END AS published, "
        f"CASE WHEN e.act = '{Act.REPLY}' AND {_had_act_before(_quote(Act.RETURN))} THEN 1 ELSE 0 END AS returned, "
        f"CASE WHEN e.act = '{Act.REPLY}' AND e.unit = c.desk THEN 1 ELSE 0 END AS at_desk, "
        "e.at - c.received_at AS waited "
        "FROM feedback_entry e JOIN feedback_case c ON c.id = e.case_id "
        f"WHERE {_visible(span)} AND e.act IN ('{Act.ACCEPT}', '{Act.RETURN}', '{Act.REPLY}') AND {_within('e.at', span)} AND {_DONE_HERE}"
    )


async def list_act_cases(span: Span, units: Sequence[str] | None = None, **cells: Sequence[Any]) -> list[str]:
    """The numbers of the cases behind some cells of `count_acts`."""
    return await _case_numbers(_act_rows(span), span, units, cells)


async def count_call_backs(span: Span, without: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Call-backs (回访) of 12345 orders by unit and what people said: outcome, solved, contacted.

    `set_aside` is 1 for the cases in `without`, which an approval has taken out of the rates.
    """
    columns = "unit, profile, outcome, solved, contacted, set_aside"
    return await _execute(
        f"SELECT {columns}, COUNT(*) AS n FROM ({_call_back_rows(span, without)}) AS x GROUP BY {columns}",  # noqa: S608
        [*without, *_region(span)],
    )


def _call_back_rows(span: Span, without: Sequence[str]) -> str:
    set_aside = f"CASE WHEN c.no IN ({', '.join('?' for _ in without)}) THEN 1 ELSE 0 END" if without else "0"
    data_columns = ", ".join(
        f"COALESCE({_data_text(name)}, '') AS {name}" for name in ("outcome", "solved", "contacted")
    )
    # An order somebody is not content with is sent back, with what they said at the call-back.
    is_call_back = f"(e.act = '{Act.CALL_BACK}' OR (e.act = '{Act.REOPEN}' AND {_data_text('outcome')} IS NOT NULL))"
    return (
        f"SELECT {_lead_unit('e', 'e.at')} AS unit, c.profile AS profile, c.no AS no, {data_columns}, {set_aside} AS set_aside "  # noqa: S608
        "FROM feedback_entry e JOIN feedback_case c ON c.id = e.case_id "
        f"WHERE {is_call_back} AND {_within('e.at', span)} AND {_visible(span)}"
    )


async def list_call_back_cases(
    span: Span, units: Sequence[str] | None = None, without: Sequence[str] = (), **cells: Sequence[Any]
) -> list[str]:
    """The numbers of the cases behind some cells of `count_call_backs`."""
    return await _case_numbers(_call_back_rows(span, without), span, units, cells, leading_parameters=without)


async def count_received(span: Span) -> list[dict[str, Any]]:
    """Cases that came in, by unit, profile, kind, channel, top category and region; whether they repeat another.

    `at_desk` is 1 for what the desk has not sent on, or answers itself: the unit is the desk then.
    """
    columns = "unit, profile, kind, channel, category, region, is_repeat, answered, at_desk"
    return await _execute(
        f"SELECT {columns}, COUNT(*) AS n FROM ({_received_rows(span)}) AS x GROUP BY {columns}",  # noqa: S608
        _region(span),
    )


def _received_rows(span: Span) -> str:
    end = to_millis(span.until)
    answers = ", ".join(f"'{act}'" for act in (Act.REPLY, Act.ANSWER_MERGED, Act.DECLINE))
    return (
        "SELECT CASE WHEN c.unit = '' THEN c.desk ELSE c.unit END AS unit, c.profile AS profile, c.kind AS kind, "  # noqa: S608
        f"CASE WHEN c.channel IN ({_ONLINE}) THEN 1 ELSE 0 END AS online, "
        "CASE WHEN c.unit = '' OR c.unit = c.desk THEN 1 ELSE 0 END AS at_desk, "
        "c.no AS no, c.channel AS channel, SUBSTR(c.category, 1, 2) AS category, c.region AS region, "
        f"{_is_repeat(end)} AS is_repeat, "
        # By the case, not by act and time: the sums keep SQLite from walking all answers of the installation for each case.
        f"CASE WHEN EXISTS (SELECT 1 FROM feedback_entry b WHERE b.case_id = c.id AND b.act || '' IN ({answers}) "
        f"AND b.at + 0 <= {to_millis(span.end)}) THEN 1 ELSE 0 END AS answered FROM feedback_case c "
        f"WHERE {_within('c.received_at', span)} AND {_visible(span)} AND c.kind <> '{Kind.RECTIFY}'"
    )


async def list_received_cases(span: Span, units: Sequence[str] | None = None, **cells: Sequence[Any]) -> list[str]:
    """The numbers of the cases behind some cells of `count_received`."""
    return await _case_numbers(_received_rows(span), span, units, cells)


async def count_all_acts(span: Span) -> list[dict[str, Any]]:
    """Every act of the span by unit (who led the case then), act and profile: transfers, supervision and the like.

    `mode` is that of an ASSIGN, `direct` when the desk keeps the matter itself.
    """
    return await _execute(
        "SELECT unit, profile, act, mode, COUNT(*) AS n, COUNT(DISTINCT case_id) AS cases FROM ("  # noqa: S608
        f"SELECT {_lead_unit('e', 'e.at')} AS unit, c.profile AS profile, e.act AS act, e.case_id AS case_id, "
        f"CASE WHEN e.act <> '{Act.ASSIGN}' THEN '' WHEN {_data_text('unit')} = c.desk THEN 'direct' "
        f"ELSE COALESCE({_data_text('mode')}, '') END AS mode "
        "FROM feedback_entry e JOIN feedback_case c ON c.id = e.case_id "
        f"WHERE {_within('e.at', span)} AND {_visible(span)} AND {_DONE_HERE}) AS x GROUP BY unit, profile, act, mode",
        _region(span),
    )


@dataclass(frozen=True, slots=True)
class ReportCounts:
    """How many reports (检举控告) came, were sent to an organ, and were answered: of the whole installation only."""

    received: int
    assigned: int
    answered: int


async def count_reports(span: Span) -> ReportCounts:
    """The reports of a span. By unit, month or region one more or less would tell of one, so there is only the sum."""

    def of_acts(act: Act) -> str:
        return (
            f"(SELECT COUNT(DISTINCT e.case_id) FROM feedback_entry e JOIN feedback_case c ON c.id = e.case_id "  # noqa: S608
            f"WHERE e.act = '{act}' AND {_within('e.at', span)} AND {is_report} AND {_DONE_HERE})"
        )

    is_report = f"c.kind = '{Kind.REPORT}'"
    received = f"(SELECT COUNT(*) FROM feedback_case c WHERE {is_report} AND {_within('c.received_at', span)})"  # noqa: S608
    rows = await _execute(
        f"SELECT {received} AS received, {of_acts(Act.ASSIGN)} AS assigned, {of_acts(Act.REPLY)} AS answered"
    )
    return ReportCounts(**{name: int(count) for name, count in rows[0].items()})


async def count_markers(span: Span) -> dict[str, int]:
    """How many cases received in a span bear each marker now, in the order of the table. Reports are in no such figure."""
    counted = ", ".join(
        f"SUM(CASE WHEN c.markers LIKE '% {code}%' THEN 1 ELSE 0 END) AS {code}" for code in case_markers.CODES
    )
    rows = await _execute(
        f"SELECT {counted} FROM feedback_case c WHERE c.kind <> '{Kind.REPORT}' AND {_within('c.received_at', span)}"  # noqa: S608
    )
    return {code: int(rows[0][code] or 0) for code in case_markers.CODES}


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The first answer to a case: who gave it and when; `is_repeat` when the matter had been brought before."""

    case_no: str
    unit: str
    desk: str
    profile: str
    kind: str
    is_repeat: bool
    at_millis: int


async def list_first_answers(since: datetime, until: datetime, region: str = "") -> list[FirstAnswer]:
    """The first answers given in a span, oldest first."""
    span = Span(since, until, until, region)
    rows = await _execute(
        f"SELECT c.no AS no, {_lead_unit('e', 'e.at')} AS unit, c.desk AS desk, c.profile AS profile, c.kind AS kind, "  # noqa: S608
        f"{_is_repeat(to_millis(until))} AS is_repeat, e.at AS at "
        "FROM feedback_entry e JOIN feedback_case c ON c.id = e.case_id "
        f"WHERE e.act = '{Act.REPLY}' AND {_within('e.at', span)} AND {_visible(span)} "
        f"AND {_DONE_HERE} AND NOT {_had_act_before('e.act')} ORDER BY e.at, e.id",
        _region(span),
    )
    return [
        FirstAnswer(r["no"], r["unit"], r["desk"], r["profile"], r["kind"], bool(r["is_repeat"]), r["at"]) for r in rows
    ]


async def list_unanswered(now: datetime, days: int, region: str = "") -> list[dict[str, Any]]:
    """Online consultations (网上咨询) without an answer for at least so many days: no, unit, received_at in millis."""
    span = Span(now, now, now, region)
    return await _unanswered(
        f"c.received_at <= {to_millis(now - timedelta(days=days))} AND {_visible(span)}", _region(span)
    )


async def unanswered_of(day: date) -> list[dict[str, Any]]:
    """The same for those received on one day of the office."""
    since, until = to_millis(start_of_day(day)), to_millis(end_of_day(day))
    span = Span(start_of_day(day), end_of_day(day), end_of_day(day))
    return await _unanswered(
        f"c.received_at >= {since} AND c.received_at < {until} AND {_visible(span)}", _region(span)
    )


async def _unanswered(where: str, given: Sequence[Any]) -> list[dict[str, Any]]:
    return await _execute(
        "SELECT c.no AS no, CASE WHEN c.unit = '' THEN c.desk ELSE c.unit END AS unit, c.received_at AS received_at "  # noqa: S608
        f"FROM feedback_case c WHERE c.status IN ({_OPEN}) AND c.kind = '{Kind.CONSULT}' "
        f"AND c.channel IN ({_ONLINE}) AND {where} ORDER BY c.received_at",
        given,
    )


async def load_last_publication() -> datetime | None:
    """When the last question and answer were published."""
    row = await PublicReply.all().using_db(db.read_connection()).order_by("-published_at").first()
    return row.published_at if row else None


# ---- pieces ----


def _lead_unit(table: str, moment: str) -> str:
    """Who led the case at a moment; between two units it lies at the desk."""
    return (
        f"COALESCE((SELECT t.unit FROM feedback_tenure t WHERE t.case_id = {table}.case_id AND t.lead "  # noqa: S608
        f"AND t.since <= {moment} AND (t.until IS NULL OR {moment} <= t.until) ORDER BY t.since, t.id LIMIT 1), c.desk)"
    )


def _had_act_before(act: str) -> str:
    return f"EXISTS (SELECT 1 FROM feedback_entry b WHERE b.case_id = e.case_id AND b.act = {act} AND b.seq < e.seq)"  # noqa: S608


def _is_repeat(end: int) -> str:
    """Whether the same person or group had brought the same matter before (重件), as somebody decided.

    What is only proposed does not count, nor what several people bring, nor a case merged into another person's.
    """
    has_link = (
        f"EXISTS (SELECT 1 FROM feedback_link l WHERE l.case_id = c.id AND l.state = '{LinkState.CONFIRMED}' "  # noqa: S608
        f"AND l.kind IN ('{LinkKind.REPEAT_OF}', '{LinkKind.MERGED_INTO}') AND l.same_person "
        f"AND COALESCE(l.decided_at, l.made_at) < {end})"
    )
    return f"CASE WHEN {has_link} THEN 1 ELSE 0 END"


def _data_text(name: str) -> str:
    """A text the entry brought."""
    return f"e.data ->> '{name}'" if _dialect() == "postgres" else f"json_extract(e.data, '$.{name}')"


def _within(column: str, span: Span) -> str:
    since, until, at = (to_millis(instant) for instant in (span.since, span.until, span.at))
    return f"{column} >= {since} AND {column} < {until} AND {column} <= {at}"


def _visible(span: Span) -> str:
    """Reports are in no figure, nor is what rectified a rating that was judged invalid (误评、恶意差评)."""
    annulled = f"(c.kind = '{Kind.RECTIFY}' AND c.status = '{Status.WITHDRAWN}')"
    return f"NOT c.confidential AND NOT {annulled}" + (" AND c.region LIKE ?" if span.region else "")


def _region(span: Span) -> list[str]:
    return [(span.region.rstrip("0") or "0").replace("%", "").replace("_", "") + "%"] if span.region else []


def _quote(text: str) -> str:
    return f"'{text}'"


async def _case_numbers(
    rows: str, span: Span, units: Sequence[str] | None, cells: dict[str, Any], leading_parameters: Sequence[str] = ()
) -> list[str]:
    filters = dict(cells) if units is None else {**cells, "unit": list(units)}
    if any(not values for values in filters.values()):
        return []
    tests = [f"{name} IN ({', '.join('?' for _ in values)})" for name, values in filters.items()]
    sql = f"SELECT DISTINCT no FROM ({rows}) AS x" + (f" WHERE {' AND '.join(tests)}" if tests else "")  # noqa: S608
    parameters = [value for values in filters.values() for value in values]
    return [
        row["no"] for row in await _execute(f"{sql} ORDER BY no", [*leading_parameters, *_region(span), *parameters])
    ]


async def _execute(sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    if _dialect() == "postgres":
        pieces = sql.split("?")
        sql = "".join(f"{piece}${i}" for i, piece in enumerate(pieces[:-1], 1)) + pieces[-1]
    return list(await db.read_connection().execute_query_dict(sql, list(parameters)))


def _dialect() -> str:
    return db.read_connection().capabilities.dialect


# ---- for machines, which ask often ----


async def by_status() -> dict[str, int]:
    """How many cases there are of each status. Without reports."""
    rows = await _execute("SELECT status, COUNT(*) AS n FROM feedback_case WHERE NOT confidential GROUP BY status", [])
    return {row["status"]: row["n"] for row in rows}


async def by_light(now: datetime) -> dict[str, int]:
    """How many open cases have a next clock that has run out ("red") or is about to ("amber"). Without reports."""
    at = to_millis(now)
    rows = await _execute(
        f"SELECT COALESCE(SUM(CASE WHEN next_due_at <= {at} THEN 1 ELSE 0 END), 0) AS red, "  # noqa: S608 - our own words
        f"COALESCE(SUM(CASE WHEN next_due_at > {at} AND next_warn_at <= {at} THEN 1 ELSE 0 END), 0) AS amber "
        f"FROM feedback_case WHERE status IN ({_OPEN}) AND next_due_at IS NOT NULL AND NOT confidential",
        [],
    )
    return {name: int(rows[0][name]) for name in ("red", "amber")}
