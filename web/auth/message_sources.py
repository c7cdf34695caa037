"""From where citizens' messages came, so that a burst is found and handled together.

Kept are keyed hashes of network and device, for some weeks, and never of a report (检举控告): nobody is to learn, not
even from hashes, that two reports came from one place. The hashes are shown to nobody; bursts are numbered by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from tortoise.functions import Count, Max, Min

from feedback.rules.vocabulary import Kind
from web.auth.models import MessageSource
from web.context import AppContext

KEPT_DAYS = 30
LEAST_MESSAGES = 10
"""Fewer from one place are a family or an office."""
_MOST_BURSTS = 20
_MOST_MESSAGES = 500
SOURCES = ("network", "device")


@dataclass(frozen=True, slots=True)
class Burst:
    """Messages that came from one network or one device within the span that was looked at."""

    source: str  # one of SOURCES
    key: str
    count: int
    first_at: datetime
    last_at: datetime


async def remember_source(request: Request, no: str, kind: str) -> None:
    """Write down from where a citizen's message came, unless it is a report."""
    if kind == Kind.REPORT:
        return
    context: AppContext = request.app.state.context
    keyed_hash, device = context.settings.vault.keyed_hash, getattr(request.state, "device", "")
    network = request.app.state.limiter.network(request)
    columns = {
        "network": keyed_hash("message-network", network),
        "device": keyed_hash("message-device", device) if device else "",
        "at": context.clock.now(),
    }
    await MessageSource.get_or_create(columns, case_no=no)


async def forget_source(no: str) -> None:
    """Forget from where a case came, once it is erased."""
    await MessageSource.filter(case_no=no).delete()


async def list_bursts(since: datetime) -> list[Burst]:
    """The places from which most came since then, at least LEAST_MESSAGES each."""
    bursts = []
    for source in SOURCES:
        rows = (
            MessageSource.filter(at__gte=since)
            .exclude(**{source: ""})
            .annotate(messages=Count("case_no"), first=Min("at"), last=Max("at"))
            .group_by(source)
            .filter(messages__gte=LEAST_MESSAGES)
            .order_by("-messages")
            .limit(_MOST_BURSTS)
            .values(source, "messages", "first", "last")
        )
        bursts += [Burst(source, row[source], row["messages"], row["first"], row["last"]) for row in await rows]
    return sorted(bursts, key=lambda burst: -burst.count)[:_MOST_BURSTS]


async def list_case_numbers(source: str, key: str, since: datetime) -> Sequence[str]:
    """The cases of one burst, the newest first. An unknown source or key has none."""
    if source not in SOURCES or not key:
        return ()
    rows = MessageSource.filter(at__gte=since, **{source: key[:64]}).order_by("-at").limit(_MOST_MESSAGES)
    return [row["case_no"] for row in await rows.values("case_no")]


async def delete_old(now: datetime, limit: int = 1000) -> int:
    """Delete what is older than KEPT_DAYS, at most `limit`. Returns how many: 0 when none is left."""
    rows = MessageSource.filter(at__lt=now - timedelta(days=KEPT_DAYS))
    numbers = list(await rows.limit(limit).values_list("case_no", flat=True))
    return await MessageSource.filter(case_no__in=numbers).delete() if numbers else 0
