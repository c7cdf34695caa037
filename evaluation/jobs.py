"""Timers and handlers of evaluation: rectification cases after bad ratings, editions at the end of a month.

A bad rating (差评) opens a case of its own by `feedback.record.cases`, so that it gets its clocks like anything else
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
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import NotFound
from feedback.kernel.outbox import Handler
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.rules import access
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Channel, Kind
from routing import directory
from routing.notices.citizen_catalogue import CitizenTexts


def build_handlers(settings: Settings, texts: CitizenTexts) -> dict[str, Handler]:
    """What this package does about which message. `texts` are the words of notices to citizens."""
    on_rating = partial(open_rectification, settings=settings)
    return {
        "case.rate": on_rating,
        "rating.service": on_rating,
        "case.reply": partial(requests.schedule_request, settings=settings),
        "case.answer_merged": partial(requests.schedule_request, settings=settings),
        "rating.invite": partial(requests.send_request, settings=settings, texts=texts),
    }


async def open_rectification(payload: dict[str, Any], now: datetime, *, settings: Settings) -> None:
    """Open the case that rectifies a bad rating, once."""
    rating = await case_ratings.find_unrectified(
        rating_id=payload.get("rating", ""), case_no=payload.get("no", ""), seq=payload.get("seq", 0)
    )
    if rating is None:
        return
    rated_case = (
        await case_queries.load_file(access.SYSTEM, rating.case_no, vault=settings.vault) if rating.case_no else None
    )
    if rated_case is not None and rated_case.confidential:
        return  # reports (检举控告) are never told again in a file that others may open (信访工作条例 第三十条)
    person = await _find_rater(rating, settings.vault)
    receipt = await cases.submit(
        _to_submission(rating, person, await _find_call_back_desk(rating.unit, settings.desk)),
        access.SYSTEM,
        now=now,
        vault=settings.vault,
    )
    if rated_case is not None and rated_case.recused:
        await cases.bar_access(
            receipt.no, staff=sorted(rated_case.recused)
        )  # whom the case is kept from does not read of it here
    await case_ratings.store_rectification(rating.id, receipt.no)


async def _find_call_back_desk(unit: str, desk: str) -> str:
    """Who takes the file and calls back: the desk, unless it was rated itself."""
    if unit != desk:
        return desk
    names = await directory.load_directory()
    return names.find_other_desk(desk, await directory.list_desks()) or desk


async def _find_rater(rating: RatingView, vault: Vault) -> PersonSubmission | None:
    """Whom to call about a bad rating: the number left with it, or that of the case if its rater does not hide."""
    if phone := await case_ratings.load_contact(rating.id, vault):
        return PersonSubmission(phone=phone)
    return (
        await case_queries.load_petitioner(rating.case_no, vault) if rating.case_no and not rating.anonymous else None
    )


def _to_submission(rating: RatingView, person: PersonSubmission | None, desk: str) -> Submission:
    # Whoever rates anonymously is not made known by the number of the case or of the handling.
    subject = rating.matter_name or ("匿名评价" if rating.anonymous else f"诉求 {rating.case_no}")
    number = "" if rating.anonymous else rating.handling_no or rating.case_no
    lines = [
        f"评价结果：{rating.level_text}（{'追加评价' if rating.number > 1 else '首次评价'}）",
        f"评价对象：{subject}" + (f"（编号 {number}）" if number and number not in subject else ""),
        "评价选项：" + ("；".join(text for _, text in rating.tags) or "未选"),
        "评价留言：" + (rating.text or "无"),
        "请在规定时限内联系核实，能够立即整改的立即整改，情况复杂的说明原因、限期整改，没有依据的解释说明。",
    ]
    return Submission(
        kind=Kind.RECTIFY,
        title=f"差评整改：{subject}"[:100],
        text="\n".join(lines),
        channel=Channel.WEB,
        desk=desk,
        source_id=f"rating:{rating.id}",
        person=person,
        anonymous=rating.anonymous,  # then the number is for the desk's call-back only
        link="" if rating.anonymous else rating.case_no,
        unit=rating.unit,
    )


async def close_period(now: datetime, settings: Settings) -> EditionView | None:
    """Timer: freeze the month that is just over, if nobody did yet. None when nothing happened in it."""
    period = editions.last_finished_month(now)
    with contextlib.suppress(NotFound):
        frozen = await editions.load_edition(period)
        if not frozen.provisional:
            return frozen  # nothing is counted again for what stands already
    rows, _ = await editions.count_period(period, now=now)
    return await editions.publish_edition(period, now=now, author="system", settings=settings) if rows else None
