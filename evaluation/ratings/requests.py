"""Ask citizens to rate (评价邀请), by a message some time after the answer.

The link holds a signed token instead of the query code: it opens the rating of this case and nothing else. Whoever
handed in a report (检举控告) or left no name is not asked.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tortoise.exceptions import IntegrityError

from evaluation.ratings.tokens import Occasion, create_token
from feedback.kernel import db, outbox
from feedback.kernel.errors import NotNow
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.rules.read_models import CaseSummary
from feedback.rules.vocabulary import Act, Kind, Status
from routing.notices.citizen_catalogue import CitizenTexts
from routing.notices.citizen_planning import prepare_notice
from routing.notices.delivery import DeliveryPolicy, store_notices

_EXCLUDED_KINDS = frozenset({Kind.REPORT, Kind.RECTIFY})
_STALE_AFTER = timedelta(days=7)


async def schedule_request(payload: Mapping[str, Any], now: datetime, *, settings: Settings) -> None:
    """Handler of an answer: see that its citizen is asked later."""
    if not settings.invite_hours:
        return
    at = now + timedelta(hours=settings.invite_hours)
    try:
        async with db.transaction():
            key = f"{payload['no']}:{payload['seq']}"
            await outbox.put("rating.invite", key, dict(payload), at, outbox.MessagePriority.BULK)
    except IntegrityError:
        return  # it is remembered already


async def send_request(payload: Mapping[str, Any], now: datetime, *, settings: Settings, texts: CitizenTexts) -> None:
    """Handler: ask, unless they rated meanwhile, or the answer was withdrawn, or it is long ago.

    Raises NotNow when there is nothing to ask.
    """
    case = await case_queries.load_summary(str(payload["no"]))
    answer = next((e for e in case.entries if e.seq == payload["seq"]), None)
    if answer is None or not _should_ask(case, answer.seq) or now - answer.at > _STALE_AFTER + _delay(settings):
        raise NotNow(no=case.no)
    token = create_token(settings.vault, Occasion(case_no=case.no))
    address = f"{settings.public_url}/rate/service?t={token}" if settings.public_url else "本平台“查进度”（凭查询码）"
    policy = DeliveryPolicy.of(settings)
    notice = await prepare_notice(
        f"rating.invite:{case.no}:{answer.seq}",
        "rating.invite",
        case.no,
        "rating_invite",
        {"no": case.no, "address": address},
        texts,
        policy,
        now,
    )
    await store_notices([notice], policy, now)


def _should_ask(case: CaseSummary, seq: int) -> bool:
    later_entries = [e for e in case.entries if e.seq > seq]
    has_moved_on = any(e.act in (Act.RATE, Act.REPLY, Act.REOPEN) for e in later_entries)
    is_answered = case.status in (Status.REPLIED, Status.CLOSED)
    return case.is_named and case.kind not in _EXCLUDED_KINDS and is_answered and not has_moved_on


def _delay(settings: Settings) -> timedelta:
    return timedelta(hours=settings.invite_hours)
