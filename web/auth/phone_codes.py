"""One-time codes to a telephone: asking for one, and proving the number with it.

The answer to whoever asks is the same for every number, whether it is known, was asked for a moment ago, or gets no
more codes today: nobody learns from it who complained. A code has six digits, holds five minutes, bears five tries and
is good once; it is stored as a keyed hash, and every try is counted before the code is looked at. Numbers abroad get a
code only where they stand in a case: each costs the district money, and programs live on asking for them.
(GB/T 22239-2019 8.1.4.1; JR/T and GM/T leave the length to the operator: 5 in 1,000,000 a code, 15 codes a day)
"""

import secrets
from datetime import datetime, timedelta

from starlette.requests import Request
from tortoise.expressions import F

from feedback.kernel import db, identifiers
from feedback.kernel.errors import Invalid
from feedback.queries.own_cases import stands_in_a_case
from feedback.record import people
from feedback.rules import intake
from web.auth import login_attempts, phone_counts
from web.auth.models import PhoneCode
from web.auth.phone_counts import Limit, TooOften
from web.auth.sessions import Unauthorized
from web.context import AppContext
from web.notify import phone_messages

DIGITS = 6
LIFETIME = timedelta(minutes=5)
TRIES = 5
RESEND = timedelta(seconds=60)

_PER_MINUTE = Limit("code a minute", 1, RESEND)
_PER_SOURCE = Limit("code of a source", 5, timedelta(hours=1))
_PER_PHONE = Limit("code of a phone", 15, timedelta(days=1))
_PER_DEVICE = Limit("code of a device", 10, timedelta(hours=1))
_PER_NETWORK = Limit("code of a network", 300, timedelta(hours=1))
_TRIES_PER_NETWORK = Limit("tries of a network", 600, timedelta(hours=1))


def clean_phone(text: str) -> str:
    """The number that can get a text, as it is stored.

    Raises Invalid for a landline and for what is no number: both are seen from its digits alone.
    """
    phone = intake.normalize_phone(text)
    if not phone:
        raise Invalid({"phone": "missing"})
    if not intake.is_mobile(phone):
        raise Invalid({"phone": "not_a_mobile"})
    return phone


async def send_code(request: Request, phone: str) -> None:
    """Send a fresh code to the number, unless it got too many already, which nobody is told.

    Raises TooOften for the network or the device.
    """
    context: AppContext = request.app.state.context
    settings, now = context.settings, context.clock.now()
    network = request.app.state.limiter.network(request)
    await _require_room(context, _PER_NETWORK, network)
    if device := request.cookies.get(login_attempts.DEVICE_COOKIE, ""):
        await _require_room(context, _PER_DEVICE, device)
    phone_hash = people.phone_hash(phone, settings.vault)
    # Whoever proved this number here before has a count of their own: strangers cannot use it up.
    source = "known device" if is_known_device(request, phone_hash) else network
    is_wanted = await stands_in_a_case(phone_hash) or not phone.startswith("+")
    has_room = not await phone_counts.count(context, _PER_MINUTE, f"{phone_hash} {source}")
    has_room = has_room and not await phone_counts.count(context, _PER_SOURCE, f"{phone_hash} {source}")
    if has_room and source != "known device":
        has_room = not await phone_counts.count(context, _PER_PHONE, phone_hash)
    is_sent = is_wanted and has_room
    # The same work whether a text goes out or not: how long the answer takes tells nothing of the number either. What
    # is not sent stands beside the number, so that nobody's asking makes void the code that its owner just got.
    stored_under = phone_hash if is_sent else settings.vault.keyed_hash("phone-code-unsent", phone_hash)
    expires_at = now + LIFETIME if is_sent else now
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    values = {"code_hash": _code_hash(context, phone_hash, code), "tries": 0, "expires_at": expires_at}
    async with db.transaction():
        if not await PhoneCode.filter(phone_hash=stored_under).update(**values):
            await PhoneCode.get_or_create(values, phone_hash=stored_under)
        await phone_messages.send_to_phone(
            "login_code",
            phone,
            {"code": code, "minutes": str(int(LIFETIME.total_seconds()) // 60)},
            key=identifiers.new_id(),
            settings=settings,
            now=now,
            expires_at=expires_at,
        )
    context.wake()


async def _require_room(context: AppContext, limit: Limit, subject: str) -> None:
    if seconds := await phone_counts.count(context, limit, subject):
        raise TooOften(seconds=seconds)


async def prove_phone(request: Request, phone: str, code: str) -> str:
    """The keyed hash of the number, whose holder read the code that was sent to it. The code is then used up.

    Raises Unauthorized with code "wrong_phone_code", the same for a wrong, an expired, a used and a worn out one, and
    for a number to which none was sent; TooOften for a network that tries at very many.
    """
    context: AppContext = request.app.state.context
    await _require_room(context, _TRIES_PER_NETWORK, request.app.state.limiter.network(request))
    now = context.clock.now()
    phone_hash = people.phone_hash(phone, context.settings.vault)
    rows = PhoneCode.filter(phone_hash=phone_hash, expires_at__gt=now)
    is_counted = await rows.filter(tries__lt=TRIES).update(tries=F("tries") + 1)
    code_hash = _code_hash(context, phone_hash, identifiers.normalize_code(code))
    # Deleting is what uses it up: of several at once with the right code one is let in.
    if not is_counted or not await rows.filter(code_hash=code_hash).delete():
        raise Unauthorized("wrong_phone_code")
    return phone_hash


def _code_hash(context: AppContext, phone_hash: str, code: str) -> str:
    return context.settings.vault.keyed_hash("phone-code", f"{phone_hash} {code}")


def is_known_device(request: Request, phone_hash: str) -> bool:
    """Whether the number was proved on this device before."""
    context: AppContext = request.app.state.context
    return device_account(context, phone_hash) in login_attempts.read_source(request).device_accounts


def device_account(context: AppContext, phone_hash: str) -> str:
    """By what the device cookie remembers that the number was proved there."""
    return context.settings.vault.keyed_hash("phone-device", phone_hash)


async def delete_expired(now: datetime, limit: int = 1000) -> int:
    """Delete codes nobody used. Returns how many: 0 when none is left."""
    rows = PhoneCode.filter(expires_at__lt=now)
    hashes = list(await rows.limit(limit).values_list("phone_hash", flat=True))
    return await PhoneCode.filter(phone_hash__in=hashes).delete() if hashes else 0
