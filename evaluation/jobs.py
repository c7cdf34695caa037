"""What follows from a rating, and from the end of a month? Rectification cases, editions.

A bad rating (差评) opens a case of its own through the one door, so that it gets its clocks like anything else
(国办发〔2019〕51号).
"""

import contextlib
from datetime import datetime
from functools import partial
from typing import Any

from evaluation.publication import editions
from evaluation.publication.editions import EditionView
from evaluation.ratings import cases as case_ratings
from evaluation.ratings import requests
from evaluation.ratings.submission import RatingView
from feedback.kernel.errors import NotFound
from feedback.kernel.outbox import Handler
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.rules import access
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Channel, Kind


def handlers(settings: Settings) -> dict[str, Handler]:
    """What this package does about which message."""
    opening = partial(open_rectification, settings=settings)
    return {
        "case.rate": opening,
        "rating.service": opening,
        "case.reply": partial(requests.remember, settings=settings),
        "rating.invite": partial(requests.invite, settings=settings),
    }


async def open_rectification(payload: dict[str, Any], now: datetime, *, settings: Settings) -> None:
    """Open the case that rectifies a bad rating, once."""
    rating = await case_ratings.awaiting_rectification(
        rating_id=payload.get("rating", ""), case_no=payload.get("no", ""), seq=payload.get("seq", 0)
    )
    if rating is None:
        return
    rated = (
        await case_queries.load_file(access.SYSTEM, rating.case_no, secret=settings.secret) if rating.case_no else None
    )
    if rated is not None and rated.confidential:
        return  # reports (检举控告) are never told again in a file that others may open (信访工作条例 第三十条)
    phone = await case_ratings.contact_of(rating.id, settings.secret)
    receipt = await cases.submit(_draft(rating, phone, settings.desk), access.SYSTEM, now=now, secret=settings.secret)
    if rated is not None and rated.recused:
        await cases.bar_access(
            receipt.no, staff=sorted(rated.recused)
        )  # whom the case is kept from does not read of it here
    await case_ratings.rectified_by(rating.id, receipt.no)


def _draft(rating: RatingView, phone: str, desk: str) -> Submission:
    # Whoever rates anonymously is not made known by the number of the case or of the handling.
    what = rating.matter_name or ("匿名评价" if rating.anonymous else f"诉求 {rating.case_no}")
    number = "" if rating.anonymous else rating.handling_no or rating.case_no
    said = [
        f"评价结果：{rating.level_text}（{'追加评价' if rating.number > 1 else '首次评价'}）",
        f"评价对象：{what}" + (f"（编号 {number}）" if number and number not in what else ""),
        "评价选项：" + ("；".join(text for _, text in rating.tags) or "未选"),
        "评价留言：" + (rating.text or "无"),
        "请在规定时限内联系核实，能够立即整改的立即整改，情况复杂的说明原因、限期整改，没有依据的解释说明。",
    ]
    return Submission(
        kind=Kind.RECTIFY,
        title=f"差评整改：{what}"[:100],
        text="\n".join(said),
        channel=Channel.WEB,
        desk=desk,
        source_id=f"rating:{rating.id}",
        person=PersonSubmission(phone=phone) if phone else None,
        anonymous=bool(phone),  # the number is for the desk's call-back, the rated unit does not see it
        link="" if rating.anonymous else rating.case_no,
        unit=rating.unit,
    )


async def close_period(now: datetime, settings: Settings) -> EditionView | None:
    """Timer: freeze the month that is just over, if nobody did yet. None when nothing happened in it."""
    period = editions.month_just_over(now)
    with contextlib.suppress(NotFound):
        frozen = await editions.edition(period)
        if not frozen.provisional:
            return frozen  # nothing is counted again for what stands already
    rows, _ = await editions.counts(period, now=now)
    return await editions.publish(period, now=now, by="system", settings=settings) if rows else None
