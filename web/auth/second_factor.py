"""What else proves who logs in? Six digits that change every half minute (RFC 6238), or one of ten spare codes.

The secret is sealed; a code is good once and for a minute around its time. Off for whoever did not switch it on, unless
the house requires it (等级保护第三级 身份鉴别：两种或两种以上组合的鉴别技术, GB/T 22239-2019 8.1.4.1 d).
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from tortoise.exceptions import IntegrityError

from feedback.kernel import crypto, identifiers
from feedback.kernel.errors import Invalid, NotNow
from web.auth.models import SecondFactor
from web.context import AppContext

PERIOD_SECONDS = 30
DRIFT = (0, -1, 1)
"""Steps a telephone's clock may be off."""
SPARES = 10


@dataclass(frozen=True, slots=True)
class SecondFactorState:
    """Whether somebody has a second factor, since when, and how many spare codes are left."""

    since: datetime | None
    spares: int

    @property
    def is_on(self) -> bool:
        return self.since is not None


def step_of(secret: str, code: str, now: datetime, after: int) -> int | None:
    """The step whose code this is, if it is near `now` and later than the step used last."""
    digits, made = "".join(code.split()), pyotp.TOTP(secret, interval=PERIOD_SECONDS)
    at = int(now.timestamp()) // PERIOD_SECONDS
    for step in (at + drift for drift in DRIFT):
        right = hmac.compare_digest(made.generate_otp(step).encode(), digits.encode("utf-8", "surrogatepass"))
        if right and step > after:
            return step
    return None


def new_secret() -> str:
    """A secret for an authenticator: 160 bits in base32."""
    return pyotp.random_base32(32)


def address(context: AppContext, username: str, secret: str) -> str:
    """What the QR code says: otpauth://…"""
    return pyotp.TOTP(secret, interval=PERIOD_SECONDS).provisioning_uri(
        name=username, issuer_name=context.settings.site_name
    )


async def standing(username: str) -> SecondFactorState:
    """How somebody's second factor stands."""
    row = await SecondFactor.get_or_none(username=username)
    return SecondFactorState(row.made_at, row.left) if row else SecondFactorState(None, 0)


async def switch_on(context: AppContext, username: str, secret: str, code: str) -> list[str]:
    """From now on codes are asked for. Returns the spare codes, which are never shown again.

    Raises Invalid when the code is not the secret's, NotNow when it is on already.
    """
    now = context.clock.now()
    if (await standing(username)).is_on:
        raise NotNow(second_factor="on")
    step = step_of(secret, code, now, 0)
    if step is None:
        raise Invalid({"otp": "wrong_code"})
    spares = [f"{secrets.randbelow(10**8):08d}" for _ in range(SPARES)]
    sealed = crypto.encrypt_system(context.settings.secret, secret)
    hashes = [_hashed(context, username, spare) for spare in spares]
    row = SecondFactor(username=username, secret=sealed, made_at=now, step=step, spares=hashes, left=len(hashes))
    try:
        await row.save(force_create=True)
    except IntegrityError as twice:  # sent twice at once: the other's spare codes hold
        raise NotNow(second_factor="on") from twice
    return spares


async def accepts(context: AppContext, username: str, code: str) -> bool:
    """Whether this is a good code of somebody who has a second factor; it is used up by asking."""
    row = await SecondFactor.get_or_none(username=username)
    if row is None:
        return False
    secret = crypto.decrypt_system(context.settings.secret, row.secret)
    step = step_of(secret, code, context.clock.now(), row.step)
    if step is not None:
        return bool(await SecondFactor.filter(username=username, step=row.step).update(step=step))
    spare = _hashed(context, username, "".join(code.split()))
    rest = [kept for kept in row.spares if not hmac.compare_digest(kept, spare)]
    if len(rest) == row.left:
        return False
    # The number before in the condition: of two at once with one spare code, one is let in.
    return bool(await SecondFactor.filter(username=username, left=row.left).update(spares=rest, left=len(rest)))


async def switch_off(username: str) -> bool:
    """No code is asked for any more. Returns whether one was."""
    return bool(await SecondFactor.filter(username=username).delete())


def _hashed(context: AppContext, username: str, spare: str) -> str:
    return identifiers.keyed_hash(context.settings.secret, "spare-code", f"{username} {spare}")
