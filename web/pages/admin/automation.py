"""The page of categories assigned without a person and their statistical evidence."""

from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from classify.automation import gate, outcomes
from classify.automation.gate import GateState
from classify.automation.outcomes import NamedCell
from classify.learning import drift
from classify.learning.drift import ClassifiedMessage, DriftLevel, DriftMeasure
from feedback.queries import statistics as case_statistics
from feedback.rules.vocabulary import Role
from routing import directory
from routing.directory import Directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.presentation import desk_frame
from web.presentation import timeline as timeline_views
from web.wording import catalogue, dates

TONES = {GateState.PROVEN: "green", GateState.WITHDRAWN: "red", GateState.GATHERING: "", GateState.DOUBTFUL: "amber"}
SHIFT_TONES = {DriftLevel.CALM: "green", DriftLevel.WATCH: "amber", DriftLevel.SHIFTED: "red", DriftLevel.UNKNOWN: ""}
RECENT_DAYS = 14
BEFORE_DAYS = 104


async def automatic(request: Request) -> Response:
    """Every cell with its outcomes, its bound, how it stands and since when."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    names, cells = await directory.load_directory(), await outcomes.list_cell_states()
    pool = [cell for cell in cells if cell.name.startswith(gate.POOL)]
    wide = [cell for cell in cells if len(cell.name) == len(cell.name[:2])]
    narrow = [cell for cell in cells if cell not in wide and cell not in pool]
    settings = context.settings
    now = context.clock.now()
    classifications = await case_statistics.load_classifications(now - timedelta(days=BEFORE_DAYS), now)
    counted = sum(cell.results.total for cell in wide)
    values = {
        **desk_frame.frame_values(actor, names),
        "is_admin": Role.ADMIN in actor.roles,
        "mode": settings.automatic_mode,
        "mode_words": catalogue.AUTOMATIC_MODES[settings.automatic_mode],
        "target": f"{settings.automatic_target:.0%}",
        "risk": f"{gate.RISK:.0%}",
        "window": gate.WINDOW,
        "tiles": _tiles(cells, counted),
        "shift": _shift(classifications, now),
        "recent_days": RECENT_DAYS,
        "before_days": BEFORE_DAYS,
        "wide": [_row(cell, names) for cell in (*wide, *pool)],
        "narrow": [_row(cell, names) for cell in _by_weight(narrow)],
    }
    return context.render(request, "admin/automation.html", values)


def _shift(classifications: list[dict[str, Any]], now: datetime) -> list[dict[str, str]]:
    """The messages of the last weeks beside those of the months before."""
    border = now - timedelta(days=RECENT_DAYS)
    looks = {True: list[ClassifiedMessage](), False: list[ClassifiedMessage]()}
    for row in classifications:
        data = row["data"]
        look = ClassifiedMessage(
            str(data["category"])[:2], float(data.get("confidence", 0)), float(data.get("known", -1))
        )
        looks[row["at"] >= border].append(look)
    return [
        {
            "what": catalogue.SHIFT_SIGNS[finding.measure],
            "before": "" if finding.measure is DriftMeasure.TOPICS else f"{finding.before:.1%}",
            "now": f"{finding.now:.2f}" if finding.measure is DriftMeasure.TOPICS else f"{finding.now:.1%}",
            "bound": f"{finding.bound:.2f}" if finding.measure is DriftMeasure.TOPICS else f"{finding.bound:.0%}",
            "level": catalogue.SHIFT_LEVELS[finding.level],
            "tone": SHIFT_TONES[finding.level],
        }
        for finding in drift.detect_drift(looks[False], looks[True])
    ]


def _tiles(cells: list[NamedCell], counted: int) -> list[dict[str, Any]]:
    held = {state: sum(cell.results.state is state for cell in cells) for state in GateState}
    return [
        {"label": "已有结果", "figure": counted, "unit": "件", "note": "系统有把握、又有人确认过的"},
        {"label": "已证明", "figure": held[GateState.PROVEN], "unit": "类", "note": "可以不经人工派件", "tone": "green"},
        {"label": "已撤回", "figure": held[GateState.WITHDRAWN], "unit": "类", "note": "曾证明，后来准确率下降", "tone": "red" if held[GateState.WITHDRAWN] else ""},
    ]  # fmt: skip


def _by_weight(cells: list[NamedCell]) -> list[NamedCell]:
    """What was withdrawn first, then what is proven, then by the number of outcomes."""
    order = [GateState.WITHDRAWN, GateState.PROVEN, GateState.DOUBTFUL, GateState.GATHERING]
    return sorted(cells, key=lambda cell: (order.index(cell.results.state), -cell.results.total, cell.name))


def _row(cell: NamedCell, names: Directory) -> dict[str, Any]:
    category, street, unit, bar = gate.parse_cell(cell.name)
    standing = cell.results
    within = [
        f"在{names.short(street)}" if street else "",
        f"派给{names.short(unit)}" if unit else "",
        f"把握不低于 {bar:.0%}" if bar else "",
    ]
    return {
        "what": "各类合计" if category == gate.POOL else timeline_views.category_words(category),
        "within": "，".join(words for words in within if words),
        "n": standing.n,
        "right": standing.right,
        "total": standing.total,
        "bound": f"{standing.bound:.1%}",
        "state": catalogue.PROOF_STATES[standing.state.value],
        "tone": TONES[standing.state],
        "since": dates.short_time(standing.since),
    }
