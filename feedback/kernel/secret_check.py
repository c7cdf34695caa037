"""Check at every start that the configured secret is the one the stored data is encrypted with.

Without it a backup restored beside another secret looks whole until somebody opens a case, and what comes in meanwhile
is encrypted with a second one.
"""

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from feedback.kernel import db
from feedback.kernel.crypto import Vault

_ROW = 1
_TEXT = "xinqiao"


class SecretCheck(Model):
    """One sealed word that only the right secret opens"""

    id = fields.IntField(primary_key=True)
    sealed = fields.TextField()
    made_at = db.InstantField()

    class Meta:
        table = "kernel_secret_check"


class SecretState(StrEnum):
    """What the encrypted check word says of a secret. MISSING: there is none yet."""

    RIGHT = "right"
    WRONG = "wrong"
    MISSING = "missing"


async def state(vault: Vault) -> SecretState:
    """Whether this secret opens the sealed word."""
    row = await SecretCheck.get_or_none(id=_ROW)
    if row is None:
        return SecretState.MISSING
    try:
        is_right = vault.decrypt_system(row.sealed) == _TEXT
    except ValueError:
        is_right = False
    return SecretState.RIGHT if is_right else SecretState.WRONG


async def write(vault: Vault, now: datetime) -> None:
    """Seal the word under this vault, unless there is one already."""
    try:
        await SecretCheck.create(id=_ROW, sealed=vault.encrypt_system(_TEXT), made_at=now)
    except IntegrityError:  # another process was faster: `state` says whether with the same vault
        return
