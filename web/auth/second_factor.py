"""The second factor of a log-in: time-based six-digit codes (RFC 6238), or one of ten spare codes.

The secret is encrypted; a code is good once and for a minute around its time. Off for whoever did not switch it on, unless
this installation requires it (等级保护第三级 身份鉴别：两种或两种以上组合的鉴别技术, GB/T 22239-2019 8.1.4.1 d).
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from tortoise.exceptions import IntegrityError

from feedback.kernel.errors import Invalid, NotNow
from web.auth.models import SecondFactor
from web.context import AppContext

PERIOD_SECONDS = 30
DRIFT_STEPS = (0, -1, 1)
"""Steps a telephone's clock may be off."""
SPARE_CODES = 10


@dataclass(frozen=True, slots=True)
class SecondFactorState:
    """Whether somebody has a second factor, since when, and how many spare codes are left."""

    since: datetime | None
    spares: int

    @property
    def is_on(self) -> bool:
        return self.since is not None


def find_step(secret: str, code: str, now: datetime, after: int) -> int | None:
    """The step whose code this is, if it is near `now` and later than the step used last."""
    digits, totp = "".join(code.split()), pyotp.TOTP(secret, interval=PERIOD_SECONDS)
    current_step = int(now.timestamp()) // PERIOD_SECONDS
    for step in (current_step + drift for drift in DRIFT_STEPS):
        is_match = hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode("utf-8", "surrogatepass"))
        if is_match and step > after:
            return step
    return None


def new_secret() -> str:
    """A secret for an authenticator: 160 bits in base32."""
    return pyotp.random_base32(32)


def provisioning_uri(context: AppContext, username: str, secret: str) -> str:
    """What the QR code says: otpauth://…"""
    return pyotp.TOTP(secret, interval=PERIOD_SECONDS).provisioning_uri(
        name=username, issuer_name=context.settings.site_name
    )


async def load_state(username: str) -> SecondFactorState:
    """How somebody's second factor stands."""
    row = await SecondFactor.get_or_none(username=username)
    return SecondFactorState(row.made_at, row.left) if row else SecondFactorState(None, 0)


async def switch_on(context: AppContext, username: str, secret: str, code: str) -> list[str]:
    """From now on codes are asked for. Returns the spare codes, which are never shown again.

    Raises Invalid when the code is not the secret's, NotNow when it is on already.
    """
    now = context.clock.now()
    if (await load_state(username)).is_on:
        raise NotNow(second_factor="on")
    step = find_step(secret, code, now, 0)
    if step is None:
        raise Invalid({"otp": "wrong_code"})
    spares = [f"{secrets.randbelow(10**8):08d}" for _ in range(SPARE_CODES)]
    ciphertext = context.settings.vault.encrypt_system(secret)
    hashes = [_hash_spare_code(context, username, spare) for spare in spares]
    row = SecondFactor(username=username, secret=ciphertext, made_at=now, step=step, spares=hashes, left=len(hashes))
    try:
        await row.save(force_create=True)
    except IntegrityError as fault:  # sent twice at once: the other's spare codes hold
        raise NotNow(second_factor="on") from fault
    return spares


async def accept_code(context: AppContext, username: str, code: str) -> bool:
    """Whether this is a good code of somebody who has a second factor; it is used up by asking."""
    row = await SecondFactor.get_or_none(username=username)
    if row is None:
        return False
    secret = context.settings.vault.decrypt_system(row.secret)
    step = find_step(secret, code, context.clock.now(), row.step)
    if step is not None:
        return bool(await SecondFactor.filter(username=username, step=row.step).update(step=step))
    spare_hash = _hash_spare_code(context, username, "".join(code.split()))
    remaining = [stored_hash for stored_hash in row.spares if not hmac.compare_digest(stored_hash, spare_hash)]
    if len(remaining) == row.left:
        return False
    # The number before in the condition: of two at once with one spare code, one is let in.
    return bool(
        await SecondFactor.filter(username=username, left=row.left).update(spares=remaining, left=len(remaining))
    )


async def switch_off(username: str) -> bool:
    """No code is asked for any more. Returns whether one was."""
    return bool(await SecondFactor.filter(username=username).delete())


def _hash_spare_code(context: AppContext, username: str, spare: str) -> str:
    return context.settings.vault.keyed_hash("spare-code", f"{username} {spare}")
