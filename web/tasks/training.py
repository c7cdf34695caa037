"""Background training of the classifier: labels are recorded, candidates made at night or on request.

A candidate learns from what people decided and, without any label, from the district's own messages.

A candidate is made in a process of its own by whoever carries the timers (the web process on one machine, a worker
otherwise); no request and no message waits for it. The run is a row, so that killing any of them loses nothing.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from classify import taxonomy
from classify.learning import candidate, trainer, training_labels, training_runs
from feedback.kernel.clock import OFFICE_TIMEZONE, office_day
from feedback.kernel.errors import NotNow
from feedback.queries import cases as case_queries
from feedback.queries import statistics as case_statistics
from feedback.rules.vocabulary import Condition, Kind
from routing import directory
from web.context import AppContext

NIGHTLY_PREFIX: Final = "night"
NIGHT_HOURS: Final = 4  # whoever starts at noon does not begin his day with training
MESSAGES_MOST: Final = 5_000
MESSAGES_DAYS: Final = 365
"""What a district writes changes with the seasons; more messages than these cost minutes and add nothing."""

_EXCLUDED_KINDS = frozenset(
    {Kind.REPORT, Kind.RECTIFY}
)  # a report's words are not kept; a rectification has none of its own
_log = structlog.get_logger("learning")


async def store_training_label(payload: dict[str, Any], now: datetime) -> None:
    """The handler of every act that may teach: what the case teaches now is kept as an example."""
    case = await case_queries.load_summary(payload["no"])
    label = training_labels.derive_label(case.entries)
    if Condition.NO_MACHINE in case.conditions or Condition.ERASED in case.conditions:
        raise NotNow(no=case.no)
    if label is None or case.kind in _EXCLUDED_KINDS or not taxonomy.has_code(label.category):
        raise NotNow(no=case.no)
    await trainer.store_training_label(case.title, case.text, case.no, label)


async def request_candidate(context: AppContext, by: str) -> bool:
    """Somebody wants a candidate now. Returns False while one is being made."""
    now = context.clock.now()
    is_new = await training_runs.request_run(f"asked-{now.timestamp():.0f}", by=by, now=now)
    context.wake()
    return is_new


async def run_timer(context: AppContext, now: datetime) -> None:
    """The timer: ask for tonight's candidate when its hour has come, and begin what was asked for."""
    await _request_nightly(context, now)
    run = await training_runs.take_run(now)
    if run is not None:
        context.spawn(train_candidate(context, run.id, run.asked_by))


async def _request_nightly(context: AppContext, now: datetime) -> None:
    settings, today = context.settings, office_day(now)
    if settings.train_hour < 0 or not 0 <= now.astimezone(OFFICE_TIMEZONE).hour - settings.train_hour < NIGHT_HOURS:
        return
    key = f"{NIGHTLY_PREFIX}-{today.isoformat()}"
    if await training_runs.is_requested(key):
        return
    label_counts = await trainer.count_labels_by_state(await training_runs.load_last_request_time())
    if sum(label_counts.values()) >= settings.train_least:
        await training_runs.request_run(key, by="系统", now=now)


async def train_candidate(context: AppContext, run: int, by: str) -> None:
    """Have the candidate made, judged, kept, and put in force unless it is worse."""
    now = context.clock.now()
    try:
        outcome = await trainer.train(
            *((), (), await load_duties(), context.settings.data),
            own_messages=await _load_messages(now),
            now=now,
            by=by,
            make=candidate.make_candidate_in_subprocess,
        )
    except Exception as fault:  # kept with the run and shown to the administrator; the timer tries again
        _log.error("no candidate", run=run, exc_info=fault)
        await training_runs.return_run(run, str(fault))
        return
    _log.info("candidate", release=outcome["release"], promoted=outcome["promoted"], worse=outcome["worse_because"])
    await training_runs.finish_run(run, now=context.clock.now(), release=outcome["release"])


async def _load_messages(now: datetime) -> list[tuple[str, str]]:
    """The district's own messages, the newest ones, without reports: the classifier gets used to how people write here."""
    rows = await case_statistics.load_topic_texts(now - timedelta(days=MESSAGES_DAYS), now, MESSAGES_MOST)
    return [(row["title"], row["text"]) for row in rows]


async def load_duties() -> list[tuple[str, tuple[str, ...]]]:
    """The duty list of every unit: what the classifier knows of this town."""
    return [duty for unit in (await directory.load_directory()).units() for duty in unit.duties]


LABELLING_MESSAGES: Final = tuple(f"case.{act.value}" for act in sorted(training_labels.LABELLING_ACTS))
