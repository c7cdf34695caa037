"""Issues a query code anew in place of one that was lost, and writes down who did it, when and why.

The old code is never shown: whoever asks for it gets a new one, and the old one opens nothing from then on.
"""

import hashlib
import json
from datetime import datetime

from feedback.kernel import db, identifiers
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Conflict, NotFound
from feedback.record.cases import code_hash
from feedback.record.models.case import Case
from feedback.record.models.logs import CodeReissue
from feedback.record.persistence import load_case_access
from feedback.rules import access
from feedback.rules.access import Actor


async def require_may_reissue(actor: Actor, no: str) -> None:
    """Raises NotFound, also for a case that the actor sees but for which a code is not theirs to give."""
    case = await Case.get_or_none(no=no[: identifiers.CASE_NUMBER_MOST])
    if case is None or not access.may_issue_code(actor, await load_case_access(case)):
        raise NotFound(no=no)


async def reissue(no: str, actor: Actor, reason: str, *, now: datetime, vault: Vault) -> str:
    """A fresh code for the case. One transaction begins by comparing the old one, so of two at once one fails.

    Raises NotFound as `require_may_reissue`, Conflict when somebody else issued one just now.
    """
    await require_may_reissue(actor, no)
    case = await Case.get(no=no)
    code = identifiers.query_code()
    async with db.transaction():
        rows = Case.filter(id=case.id, code_hash=case.code_hash)
        if not await rows.update(code=vault.encrypt_system(code), code_hash=code_hash(vault, code)):
            raise Conflict(no=no)
        await CodeReissue.create(
            case_no=no,
            at=now,
            actor=actor.id,
            actor_name=actor.name,
            unit=actor.unit,
            reason=reason,
            digest=_compute_digest(no, actor, reason, now),
        )
    return code


def _compute_digest(no: str, actor: Actor, reason: str, now: datetime) -> str:
    text = json.dumps([no, now.isoformat(), actor.id, actor.name, actor.unit, reason], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


async def list_reissues(no: str) -> list[CodeReissue]:
    """When codes of a case were issued anew, oldest first."""
    return list(await CodeReissue.filter(case_no=no).order_by("id"))
