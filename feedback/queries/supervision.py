"""Facts that speak for a supervision order, and past clocks for forecasts.

Columns without words or persons, for the system only.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q

from feedback.kernel import db
from feedback.record.models.case import Case, Entry, TenureRow
from feedback.record.models.clocks import ClockRow
from feedback.rules.terms import PERSONAL, RIGHTS
from feedback.rules.vocabulary import OPEN, Act, Status


async def filter_confidential(nos: Sequence[str]) -> set[str]:
    """Those of the cases that are reports (检举控告)."""
    rows = await Case.filter(no__in=list(nos), confidential=True).values("no") if nos else []
    return {row["no"] for row in rows}


async def supervised_after(last: int, limit: int) -> list[int]:
    """Ids of cases that may be supervised, in their order, behind the id `last`."""
    rows = Case.filter(status__in=_SUPERVISED_STATUSES, id__gt=last).order_by("id").limit(limit)
    return [row["id"] for row in await rows.values("id")]


async def changed_after(entry: int, limit: int) -> tuple[list[int], int]:
    """The cases of the next so many entries behind the id `entry`, and the id of the last of these entries.

    An entry written at the same time as a later one, and committed after it, may be passed over on PostgreSQL.
    """
    rows = await Entry.filter(id__gt=entry).order_by("id").limit(limit).values("id", "case_id")
    return sorted({row["case_id"] for row in rows}), rows[-1]["id"] if rows else entry


async def last_entry() -> int:
    """The id of the newest entry, 0 when there is none."""
    row = await Entry.all().order_by("-id").first().values("id")
    return int(row["id"]) if row else 0


async def ids_of(nos: Sequence[str]) -> list[int]:
    """The ids of these cases."""
    rows = await Case.filter(no__in=list(nos)).values("id") if nos else []
    return [row["id"] for row in rows]


async def numbers_of(ids: Sequence[int]) -> list[str]:
    """The numbers of these cases."""
    rows = await Case.filter(id__in=list(ids)).values("no") if ids else []
    return [row["no"] for row in rows]


async def load_supervision_facts(now: datetime, cases: Sequence[int]) -> list[dict[str, Any]]:
    """What may speak for a supervision order in these cases: late clocks, returns, urging, a bad call-back.

    Only of cases that may be supervised and in which something of this was within a year. What came before the last
    order is not counted again. A late clock is of the unit it binds; the citizen's own clock runs through all hands and
    speaks against none. For the system only; reports are among them.
    """
    since = now - _LOOK_BACK
    overdue_clocks = ClockRow.filter(
        case_id__in=list(cases), stopped_at__isnull=True, due_at__lte=now, due_at__gte=since
    )
    overdue_clocks = overdue_clocks.exclude(term__in=[*sorted(RIGHTS), "supervision"])
    late_clocks = await overdue_clocks.exclude(holder__in=[holder.value for holder in PERSONAL]).values(
        "case_id", "id", "term", "label", "unit", "due_legal_day"
    )
    rows = Case.filter(id__in=list(cases), status__in=_SUPERVISED_STATUSES)
    records: dict[int, dict[str, Any]] = {
        row["id"]: row | _EMPTY_RECORD | {"late": [], "ordered": set(), "returned_by": Counter(), "co": [], "lead": ""}
        for row in await rows.values("id", "no", "profile", "unit", "desk")
    }
    helping = TenureRow.filter(case_id__in=list(records), lead=False, until__isnull=True)
    for case_id, unit in await helping.values_list("case_id", "unit"):
        records[case_id]["co"].append(unit)
    rows_of_entries = Entry.filter(case_id__in=list(records), act__in=_COUNTED_ACTS).order_by("case_id", "seq")
    entries = await rows_of_entries.values("case_id", "seq", "act", "at", "unit", "data")
    rated_nos = sorted({records[entry["case_id"]]["no"] for entry in entries if entry["act"] == Act.RATE})
    set_aside = await _find_invalid_ratings(rated_nos) if rated_nos else frozenset()
    concerned = {row["case_id"] for row in late_clocks}
    for entry in entries:
        if entry["act"] == Act.RATE and (records[entry["case_id"]]["no"], entry["seq"]) in set_aside:
            continue  # judged a mistake or malice: it speaks for nothing (国办发〔2019〕51号)
        _apply_entry(records[entry["case_id"]], entry)
        if entry["act"] in _SPEAKING and entry["at"] >= since:
            concerned.add(entry["case_id"])
    for clock in late_clocks:
        if clock["case_id"] in records:
            records[clock["case_id"]]["late"].append(clock)
    return [record for case, record in records.items() if case in concerned]


FindInvalidRatings = Callable[[Sequence[str]], Awaitable[frozenset[tuple[str, int]]]]


async def _none_invalid(_: Sequence[str]) -> frozenset[tuple[str, int]]:
    return frozenset()


_find_invalid_ratings: FindInvalidRatings = _none_invalid


def activate_rating_validity(find_invalid: FindInvalidRatings) -> None:
    """In this process ratings that were judged invalid speak for no order. Called where a process starts.

    `find_invalid` says of some cases, by number, which entries (case number, entry) are such ratings: the case file
    keeps what was said, only the ratings know what was judged.
    """
    global _find_invalid_ratings
    _find_invalid_ratings = find_invalid


_LOOK_BACK = timedelta(days=365)
_SUPERVISED_STATUSES = [s.value for s in (*OPEN, Status.REPLIED)]
_COUNTED_ACTS = [
    act.value
    for act in (
        Act.ASSIGN,
        Act.SUPERVISE,
        Act.ANSWER_SUPERVISION,
        Act.RETURN,
        Act.URGE,
        Act.CALL_BACK,
        Act.RATE,
        Act.REPLY,
        Act.EXTEND,
        Act.REOPEN,
    )
]
_SPEAKING = frozenset({Act.RETURN, Act.URGE, Act.CALL_BACK, Act.REOPEN, Act.RATE})
_SINCE_ORDER: dict[str, Any] = {"urges": 0, "unsatisfied": None, "rated_badly": None}
_EMPTY_RECORD: dict[str, Any] = {
    **_SINCE_ORDER,
    "orders": 0,
    "extended": False,
    "supported": False,
    "sent_back": False,
}
_BAD_LEVEL = 2


def _apply_entry(record: dict[str, Any], entry: Mapping[str, Any]) -> None:
    """Count an entry into the record of its case."""
    data = entry["data"]
    match entry["act"]:
        case Act.ASSIGN:
            record.update(lead=data.get("unit", ""), urges=0)
        case Act.SUPERVISE:
            # An order of before there were addressees went to who led the case.
            record["ordered"].add(data.get("addressee") or record["lead"] or record["desk"])
            record.update(_SINCE_ORDER, orders=record["orders"] + 1, returned_by=Counter())
        case Act.ANSWER_SUPERVISION:
            record["ordered"].discard(entry["unit"])
        case Act.RETURN:
            record["returned_by"][record["lead"]] += 1
        case Act.URGE:
            record["urges"] += 1
        case Act.CALL_BACK if data.get("outcome") == "unsatisfied":
            record["unsatisfied"] = entry["at"]
        case Act.RATE if isinstance(data.get("level"), int) and data["level"] <= _BAD_LEVEL:
            record["rated_badly"] = entry["at"]
        case Act.REPLY:
            record["supported"] = data.get("outcome") == "support"
        case Act.REOPEN if data.get("outcome") == "unsatisfied" and record["sent_back"]:
            record["unsatisfied"] = entry["at"]  # done again, and still nobody is content
        case Act.REOPEN:
            record.update(unsatisfied=None, rated_badly=None, sent_back=True)
        case Act.EXTEND:
            record["extended"] = True


async def load_past_clocks(since: datetime, now: datetime, most: int) -> list[tuple[Any, ...]]:
    """Clocks that ended as they should, or late, or are late now: unit, term, kind, start, due, end.

    The newest `most`; reports (检举控告) are not among them, since everybody sees what is counted from this.
    """
    is_counted = Q(stopped_at__isnull=False, kept=True) | Q(stopped_at__isnull=True, due_at__lte=now)
    rows = ClockRow.filter(is_counted, starts_at__gte=since, case__confidential=False)
    rows = rows.exclude(term__in=sorted(RIGHTS)).exclude(unit="").order_by("-id").limit(most)
    columns = ("unit", "term", "case__kind", "starts_at", "due_at", "stopped_at")
    return list(await rows.using_db(db.read_connection()).values_list(*columns))
