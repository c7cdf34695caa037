"""How is it told that the calendar moved a date: in words for people, as JSON for machines?"""

from typing import Any

from feedback.rules.read_models import DeadlineChangeView
from web.wording.dates import day_words, iso


def words(move: DeadlineChangeView) -> str:
    """Why a date is another than it was."""
    why = move.remark or "放假调休安排调整"
    return f"因{why}（日历 {move.edition} 版），{move.label}的最后一天由 {day_words(move.before)} 改为 {day_words(move.after)}"


def as_json(move: DeadlineChangeView) -> dict[str, Any]:
    return {
        "term": move.term,
        "label": move.label,
        "before_day": move.before.isoformat(),
        "after_day": move.after.isoformat(),
        "at": iso(move.at),
        "edition": move.edition,
        "why": words(move),
    }
