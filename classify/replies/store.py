"""Store findings about sent replies, counted per unit for supervisors. Reports (检举控告) are never stored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError

from classify.models import AnswerFinding


@dataclass(frozen=True, slots=True)
class ReplyFindingCounts:
    """How many answers a unit sent, and how many of them had each finding."""

    unit: str
    answers: int
    findings: Counter[str]


async def store_findings(case_no: str, seq: int, unit: str, at: datetime, codes: Sequence[str]) -> None:
    """Store the findings of one answer, once."""
    try:
        await AnswerFinding.create(case_no=case_no, seq=seq, unit=unit, at=at, findings=list(codes))
    except IntegrityError:
        return


async def count_findings(since: datetime, units: frozenset[str] | None) -> list[ReplyFindingCounts]:
    """Count answers and findings per unit since that moment; `units`: only those. Most answers first."""
    rows = AnswerFinding.filter(at__gte=since)
    if units is not None:
        rows = rows.filter(unit__in=sorted(units))
    answers: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {}
    for unit, codes in await rows.values_list("unit", "findings"):
        answers[unit] += 1
        counts.setdefault(unit, Counter()).update(codes)
    return [ReplyFindingCounts(unit, n, counts[unit]) for unit, n in answers.most_common()]


async def list_cases_with_finding(since: datetime, unit: str, code: str, most: int = 200) -> list[str]:
    """The numbers of the cases whose answers had a finding, the latest first. The caller filters by access."""
    rows = await AnswerFinding.filter(at__gte=since, unit=unit).order_by("-at").values_list("case_no", "findings")
    return list(dict.fromkeys(no for no, codes in rows if code in codes))[:most]
