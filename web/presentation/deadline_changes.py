"""Deadlines moved by a calendar change: in words for people, as JSON for machines."""

from typing import Any

from feedback.rules.read_models import DeadlineChangeView
from web.wording.dates import day_words, iso


def render_change(change: DeadlineChangeView) -> str:
    """Why a date is another than it was."""
    reason = change.remark or "放假调休安排调整"
    return f"因{reason}（日历 {change.edition} 版），{change.label}的最后一天由 {day_words(change.before)} 改为 {day_words(change.after)}"


def to_json(change: DeadlineChangeView) -> dict[str, Any]:
    return {
        "term": change.term,
        "label": change.label,
        "before_day": change.before.isoformat(),
        "after_day": change.after.isoformat(),
        "at": iso(change.at),
        "edition": change.edition,
        "why": render_change(change),
    }
