"""Sessions of citizens who proved a telephone number: opening, finding, listing and ending them.

A session opens the cases of the number (`feedback.queries.own_cases`), never a desk. It ends with the browser and after
two hours, unless its owner wants the device remembered.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel import identifiers
from feedback.rules import own_cases
from feedback.rules.own_cases import PhoneHolder
from web.auth import login_attempts, phone_codes
from web.auth.cookies import set_cookie
from web.auth.models import Citizen, CitizenSession, ConfirmedCase
from web.auth.sessions import Unauthorized, hash_token, read_bearer
from web.context import AppContext

CITIZEN_COOKIE = "xq_me"
_BRIEF = timedelta(hours=2)
_KEPT = timedelta(days=30)
_IDLE_BRIEF = timedelta(minutes=30)
_SEEN_STEP = timedelta(minutes=1)
_LISTED_MOST = 50

_SYSTEMS = (
    ("MicroMessenger", "微信"),
    ("AlipayClient", "支付宝"),
    ("HarmonyOS", "鸿蒙手机"),
    ("iPhone", "苹果手机"),
    ("iPad", "苹果平板"),
    ("Android", "安卓手机"),
    ("Windows", "Windows 电脑"),
    ("Macintosh", "苹果电脑"),
    ("Linux", "Linux 电脑"),
)


@dataclass(frozen=True, slots=True)
class CitizenLogin:
    """A citizen's session: whose it is, and what it may open."""

    id: str
    phone: str
    holder: PhoneHolder
    is_kept: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Device:
    """A line of the list of places where somebody is logged in."""

    id: str
    words: str
    made_at: datetime
    seen_at: datetime
    is_here: bool


async def open_session(request: Request, phone: str, phone_hash: str, *, is_kept: bool = False) -> tuple[str, datetime]:
    """A fresh session of whoever just proved the number: its token, and when it ends at the latest."""
    context: AppContext = request.app.state.context
    now, token = context.clock.now(), identifiers.new_token()
    await _note_use(context, phone, phone_hash)
    expires_at = now + (_KEPT if is_kept else _BRIEF)
    await CitizenSession.create(
        token_hash=hash_token(token),
        id=identifiers.new_id(),
        phone_hash=phone_hash,
        device=_device_words(request),
        is_kept=is_kept,
        made_at=now,
        seen_at=now,
        expires_at=expires_at,
    )
    return token, expires_at


async def _note_use(context: AppContext, phone: str, phone_hash: str) -> None:
    """Write down that the number was proved now. After a gap its holder is somebody new: what was confirmed is not theirs."""
    now = context.clock.now()
    sealed = context.settings.vault.encrypt_system(phone)
    citizen, is_new = await Citizen.get_or_create(
        {"phone": sealed, "since": now, "verified_at": now}, phone_hash=phone_hash
    )
    if is_new:
        return
    since = own_cases.first_use(citizen.since, citizen.verified_at, now)
    if since != citizen.since:
        await ConfirmedCase.filter(phone_hash=phone_hash).delete()
        await CitizenSession.filter(phone_hash=phone_hash).delete()
    await Citizen.filter(phone_hash=phone_hash).update(phone=sealed, since=since, verified_at=now)


def _device_words(request: Request) -> str:
    """What kind of device asks, in words its owner knows it by."""
    agent = request.headers.get("user-agent", "")
    return next((words for mark, words in _SYSTEMS if re.search(mark, agent)), "其他设备")


def forget_citizen(response: Response) -> None:
    """Take the session from this browser."""
    response.delete_cookie(CITIZEN_COOKIE)


def set_citizen_cookie(response: Response, request: Request, token: str, phone_hash: str, *, is_kept: bool) -> None:
    """Give the browser its session. Only where it is to be remembered something stays when the browser is closed."""
    context: AppContext = request.app.state.context
    set_cookie(response, context, CITIZEN_COOKIE, token, _KEPT.days * 24 if is_kept else 0)
    if is_kept:
        login_attempts.remember_account(request, response, phone_codes.device_account(context, phone_hash))


async def find_citizen(request: Request) -> CitizenLogin | None:
    """The citizen who asks, if one does."""
    if not hasattr(request.state, "citizen"):
        token = read_bearer(request) or request.cookies.get(CITIZEN_COOKIE, "")
        request.state.citizen = await _load_login(request.app.state.context, token) if token else None
    login: CitizenLogin | None = request.state.citizen
    return login


async def require_citizen(request: Request) -> CitizenLogin:
    """The citizen who asks.

    Raises Unauthorized.
    """
    login = await find_citizen(request)
    if login is None:
        raise Unauthorized("citizen_unauthorized")
    return login


async def _load_login(context: AppContext, token: str) -> CitizenLogin | None:
    now = context.clock.now()
    session = await CitizenSession.get_or_none(token_hash=hash_token(token))
    if session is None or session.expires_at <= now:
        return None
    if not session.is_kept and session.seen_at + _IDLE_BRIEF <= now:
        return None
    citizen = await Citizen.get_or_none(phone_hash=session.phone_hash)
    if citizen is None:
        return None
    if now - session.seen_at > _SEEN_STEP:
        await CitizenSession.filter(token_hash=session.token_hash).update(seen_at=now)
    numbers = await ConfirmedCase.filter(phone_hash=session.phone_hash).values_list("case_no", flat=True)
    return CitizenLogin(
        id=session.id,
        phone=context.settings.vault.decrypt_system(citizen.phone),
        holder=PhoneHolder(session.phone_hash, citizen.since, frozenset(map(str, numbers))),
        is_kept=bool(session.is_kept),
        expires_at=session.expires_at,
    )


async def keep_awake(session_id: str, now: datetime) -> bool:
    """Whether the session still lets somebody in; its owner is at the keyboard, so it begins to idle anew."""
    session = await CitizenSession.get_or_none(id=session_id)
    if session is None or session.expires_at <= now or not (session.is_kept or session.seen_at + _IDLE_BRIEF > now):
        return False
    if now - session.seen_at > _SEEN_STEP:
        await CitizenSession.filter(id=session_id).update(seen_at=now)
    return True


async def confirm_cases(context: AppContext, holder: PhoneHolder, numbers: list[str]) -> None:
    """These older cases are theirs from now on."""
    for no in numbers:
        await ConfirmedCase.get_or_create({"at": context.clock.now()}, phone_hash=holder.phone_hash, case_no=no)


async def list_devices(login: CitizenLogin, now: datetime) -> list[Device]:
    """Where they are logged in, latest use first."""
    rows = CitizenSession.filter(phone_hash=login.holder.phone_hash, expires_at__gt=now).order_by("-seen_at")
    return [
        Device(row.id, row.device, row.made_at, row.seen_at, row.id == login.id)
        for row in await rows.limit(_LISTED_MOST)
        if row.is_kept or row.seen_at + _IDLE_BRIEF > now
    ]


async def end_session(login: CitizenLogin, session_id: str = "") -> int:
    """End one of their sessions, or all. Returns how many."""
    rows = CitizenSession.filter(phone_hash=login.holder.phone_hash)
    return await (rows.filter(id=session_id) if session_id else rows).delete()


async def end_citizen(login: CitizenLogin) -> None:
    """Forget the citizen: sessions, what they confirmed, and that the number was ever proved here."""
    for model in (CitizenSession, ConfirmedCase, Citizen):
        await model.filter(phone_hash=login.holder.phone_hash).delete()


async def delete_expired(now: datetime, limit: int = 1000) -> int:
    """Delete sessions that are over. Returns how many: 0 when none is left."""
    rows = CitizenSession.filter(expires_at__lt=now)
    hashes = list(await rows.limit(limit).values_list("token_hash", flat=True))
    return await CitizenSession.filter(token_hash__in=hashes).delete() if hashes else 0
