"""Erase a person's case everywhere, and keep the machine off where a person refused it (个人信息保护法 第四十四条、第四十七条).

What other packages took from the words of a case is destroyed in the transaction of the decision; files and what lies
in an index follow by its message, which is carried out until it succeeds.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import classify.erasure
import evaluation.erasure
import routing.erasure
from feedback import links
from feedback.attachments import FileStore, upkeep
from feedback.kernel.clock import office_day
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.record import cases, search
from feedback.record.cases import InTransaction, RecordedAct
from feedback.rules.access import SYSTEM
from feedback.rules.vocabulary import Act, RestrictionScope
from web.auth import message_sources

_WITH_ORIGIN = "pi_with_origin"


async def build_hook(no: str, act: Act) -> InTransaction | None:
    """What belongs into the transaction of an act on personal data, besides what the case file does itself."""
    if act not in (Act.ERASE, Act.RESTRICT, Act.REFUSE_ERASURE):
        return None
    (case,) = await links.load_compared_cases(no=no)

    async def forget(recorded_act: RecordedAct) -> None:
        is_erased = recorded_act.act is Act.ERASE
        if is_erased or recorded_act.data.get("scope") == RestrictionScope.MACHINE:
            since = office_day(case.received_at)
            await classify.erasure.forget_case(case.id, no, case.title, case.text, case.realm, since)
        if is_erased:
            await routing.erasure.forget_case(no)
            await evaluation.erasure.forget_case(no)
            await message_sources.forget_source(no)

    return forget


def build_handlers(settings: Settings) -> dict[str, list[Callable[[dict[str, Any], datetime], Awaitable[None]]]]:
    """What follows from an erasure. Twice changes nothing more."""

    async def finish_erasure(payload: Mapping[str, Any], now: datetime) -> None:
        no = str(payload["no"])
        await upkeep.delete_erased(FileStore.of(settings), await case_queries.list_attachment_ids(no))
        await search.purge_removed(search.CASES)
        await search.purge_removed(search.REPLIES)
        for rectify_no in await case_queries.list_unerased_rectifications(no):
            hook = await build_hook(rectify_no, Act.ERASE)
            data = {"ground": _WITH_ORIGIN}
            await cases.act(rectify_no, Act.ERASE, SYSTEM, data, now=now, in_transaction=hook, vault=settings.vault)

    return {f"case.{Act.ERASE}": [finish_erasure]}
