"""What people may store is counted before it is stored: bytes of files, by who sends them.

Members of staff are counted by their account, wherever they sit. Citizens are counted by their device first, so that
one device cannot use up what a building shares, then by the telephone they gave, then by their network (IPv6: the /64);
all are looked at before anything is taken of one, so that what is refused costs nothing.
A telephone that was only typed proves nothing and is counted together with the network: nobody is stopped by strangers
who type his number.

The limits are chosen so that 300 people behind one address are not stopped: 300 messages of 10 MB in a day, which at
40 MB in ten seconds need 13 minutes. A flood of 60 MB in a second is stopped after its fourth file of 10 MB. One form
that is larger than that by itself goes through when nothing else came from the network just before.
"""

from starlette.requests import Request

from feedback.kernel.errors import Invalid, Refusal
from web.auth import citizen_cookie, drafts
from web.context import AppContext


class TooManyFiles(Invalid):
    """So much was sent that nothing more is stored for now: a form shows it at its files, with what was typed."""

    def __init__(self, field: str, seconds: int) -> None:
        super().__init__({field: "upload_limit"}, code="upload_limit", seconds=seconds)


async def meter_upload(request: Request, size: int, count: int = 1) -> None:
    """Count `count` files of `size` bytes together, before they are stored.

    Raises TooManyFiles when the sender's day, or the address's ten seconds or day, has no room for them. Then nothing
    is to be stored, and the answer, a form too, goes out with status 429 and Retry-After.
    """
    if count:
        await _meter(request, size, count, burst=True, day=True)


async def meter_whole(request: Request, size: int) -> None:
    """Count a file of `size` bytes that will come in parts, before the first of them: its sender's day, and no moment.

    Raises TooManyFiles.
    """
    await _meter(request, size, 1, burst=False, day=True)


async def meter_part(request: Request, size: int) -> None:
    """Count a part of such a file, whose day was counted, before it is stored: the moment.

    Raises TooManyFiles.
    """
    await _meter(request, size, 1, burst=True, day=False)


async def _meter(request: Request, size: int, count: int, *, burst: bool, day: bool) -> None:
    try:
        await _spend(request, -(-size // 1000), count, burst=burst, day=day)
    except Refusal as refusal:
        if refusal.code != "too_many":
            raise
        seconds = int(str(refusal.details["seconds"]))
        request.state.retry_seconds = seconds
        raise TooManyFiles("file" if request.url.path.startswith("/api/") else "files", seconds) from refusal


async def _spend(request: Request, kilobytes: int, count: int, *, burst: bool, day: bool) -> None:
    limiter, actor = request.app.state.limiter, getattr(request.state, "actor", None)
    if actor is not None:
        if day:
            await limiter.spend("upload_staff", actor.id, kilobytes)
        return
    network = limiter.network(request)
    await limiter.hit("submit", request, cost=count)
    costs = [("upload_burst", network, limiter.at_most("upload_burst", kilobytes))] if burst else []
    if not day:
        await limiter.spend_all(costs)
        return
    if device := await _find_device(request):
        costs.append(("upload_device", device, kilobytes))
    if phone := getattr(request.state, "phone", ""):
        costs.append(("upload_phone", phone_key(request, phone), kilobytes))
    await limiter.spend_all([*costs, ("upload_network", network, kilobytes)])


async def _find_device(request: Request) -> str:
    """The browser that has begun a form or opened its case, whatever address it sends its files to; or ""."""
    if not hasattr(request.state, "device"):
        await drafts.load_draft(request)
    if device := getattr(request.state, "device", ""):
        return str(device)
    citizen = await citizen_cookie.read_citizen(request)
    return f"case {citizen.case_no}" if citizen else ""


def phone_key(request: Request, phone: str) -> str:
    """Keyed, so that no telephone number stands in Redis, and bound to the network."""
    context: AppContext = request.app.state.context
    network = request.app.state.limiter.network(request)
    return context.settings.vault.keyed_hash("metered-phone", f"{network} {phone}")
