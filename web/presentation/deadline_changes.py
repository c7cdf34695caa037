"""Deadlines moved by a calendar change, in words."""

from feedback.rules.read_models import DeadlineChangeView
from web.wording.dates import day_words


def render_change(change: DeadlineChangeView) -> str:
    """Why a date is another than it was."""
    reason = change.remark or "放假调休安排调整"
    return f"因{reason}（日历 {change.edition} 版），{change.label}的最后一天由 {day_words(change.before)} 改为 {day_words(change.after)}"
