"""Settle each first answer once: satisfied, dissatisfied, or not rated in time.

A first answer is settled in the period in which the rating came, or in which the window closed. Who has said nothing by
then counts as 逾期未评价, until they do: a rating that comes later takes the place of the silence in that same period. So
every case is in the base exactly once, nobody drops out of it by staying silent, and nobody who said that they are not
content is counted as if they had not spoken. No I/O.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from evaluation.periods import Period
from evaluation.scale import PETITION_STEPS
from feedback.kernel.clock import from_millis
from feedback.rules.vocabulary import Kind, Profile

if TYPE_CHECKING:
    from feedback.queries.aggregates import FirstAnswer


@dataclass(frozen=True, slots=True)
class SatisfactionScope:
    """Which petitions are rated by the masses (满意度评价范围)."""

    kinds: frozenset[Kind]
    first_only: bool
    law: str


SCOPE = SatisfactionScope(
    frozenset({Kind.APPEAL, Kind.SUGGEST}),
    first_only=True,
    law="国信发〔2022〕11号；谁初次办理、谁负责公开、谁接受评价。检举控告、导入法定程序和重复信访的不在范围内",
)
"""What was led out (导入法定程序) has no answer of ours, and reports never reach this module."""

OUTCOME_WORDS: Mapping[str, str] = {
    "satisfied": "满意",
    "basically": "基本满意",
    "dissatisfied": "不满意",
    "unrated": "逾期未评价",
}
_OUTCOME_BY_LEVEL: Mapping[int, str] = {
    level: code
    for code, step in zip(("satisfied", "basically", "dissatisfied"), PETITION_STEPS, strict=True)
    for level in step.levels
}


@dataclass(frozen=True, slots=True)
class FirstRating:
    """A first rating of a case: the unit's level, the petition department's, and whether it stands."""

    level: int
    desk_level: int | None
    at: datetime
    is_valid: bool = True


@dataclass(frozen=True, slots=True)
class SettledAnswer:
    """A first answer as it was settled. `outcome` is one of WORDS; `object` says whom it is about: unit or desk."""

    case_no: str
    unit: str
    object: str
    outcome: str
    is_petition: bool


def settle_answers(
    answers: "Iterable[FirstAnswer]",
    ratings: Mapping[str, FirstRating],
    period: Period,
    at: datetime,
    window_days: int,
    excluded_nos: Iterable[str] = (),
) -> list[SettledAnswer]:
    """The first answers settled in the period as known at `at`; those of `excluded_nos` (剔除) and invalid ratings are in none."""
    excluded, rows = frozenset(excluded_nos), []
    for answer in answers:
        rating = ratings.get(answer.case_no)
        if answer.case_no in excluded or (rating is not None and not rating.is_valid):
            continue
        closes_at = from_millis(answer.at_millis) + timedelta(days=window_days)
        rating = rating if rating is not None and rating.at <= at else None
        settled_at = min(rating.at, closes_at) if rating is not None else closes_at
        if not period.since <= settled_at < period.until or settled_at > at:
            continue
        is_petition = answer.profile == Profile.PETITION
        level = rating.level if rating is not None else None
        rows.append(
            SettledAnswer(answer.case_no, answer.unit, "unit", _to_outcome(level), is_petition and is_in_scope(answer))
        )
        if is_petition and is_in_scope(answer):
            desk_level = rating.desk_level if rating is not None else None
            rows.append(SettledAnswer(answer.case_no, answer.desk, "desk", _to_outcome(desk_level), True))
    return rows


def is_in_scope(answer: "FirstAnswer") -> bool:
    """Whether the petition is one of those the masses rate."""
    return answer.kind in SCOPE.kinds and not (SCOPE.first_only and answer.is_repeat)


def _to_outcome(level: int | None) -> str:
    return _OUTCOME_BY_LEVEL[level] if level is not None else "unrated"


def list_fact_names(row: SettledAnswer) -> list[str]:
    """The facts a settled answer is counted in."""
    names = [f"{row.object}_{row.outcome}"] if row.is_petition else []
    if row.object == "unit":
        names.append("silent" if row.outcome == "unrated" else "voted")
    return names
