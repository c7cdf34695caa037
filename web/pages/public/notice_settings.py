"""How somebody wants to be told of their cases: reached by the signed link in a message, without logging in."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.errors import NotFound
from feedback.record import contact_preferences
from feedback.record.contact_preferences import ContactPreference
from routing.notices.catalogue import Audience
from web.context import AppContext
from web.forms import parsing
from web.notify import channel, citizen_texts
from web.wording import catalogue

HOURS = ("08:00-21:00", "08:00-12:00", "12:00-18:00", "18:00-21:00")
"""The hours somebody may choose; urgent matters come at any time."""


async def settings(request: Request) -> Response:
    """The choices as they are. A link nobody signed is answered like an address there is none of."""
    context: AppContext = request.app.state.context
    preference = await _load(request)
    names = channel.channels_to(Audience.CITIZEN, context.settings)
    values = {
        "path": request.url.path,
        "preference": preference,
        "hours": [(span, span.replace("-", " 至 ")) for span in HOURS],
        "usual_hours": context.settings.citizen_hours.replace("-", " 至 "),
        "channels": [(name.value, catalogue.DELIVERY_CHANNELS[name.value]) for name in names],
        "done": request.query_params.get("done", ""),
    }
    return context.render(request, "public/notice_settings.html", values)


async def change(request: Request) -> Response:
    """Store the choices, end the notices that nothing demands, or take them up again."""
    context: AppContext = request.app.state.context
    preference = await _load(request)
    async with request.form() as form:
        act = parsing.read_field(form, "act")
        hours, name = parsing.read_field(form, "hours"), parsing.read_field(form, "channel")
        is_plain = "plain" in form
    now, vault = context.clock.now(), context.settings.vault
    if act in ("stop", "resume"):
        stopped_at = now if act == "stop" else None
        await contact_preferences.change_preference(preference.subject, now, vault=vault, opted_out_at=stopped_at)
    else:
        act = "save"
        known = {name.value for name in channel.channels_to(Audience.CITIZEN, context.settings)}
        await contact_preferences.change_preference(
            preference.subject,
            now,
            vault=vault,
            hours=hours if hours in HOURS else "",
            channel=name if name in known else "",
            is_plain=is_plain,
        )
    return RedirectResponse(f"{request.url.path}?done={act}", status_code=303)


async def _load(request: Request) -> ContactPreference:
    """The settings behind the link. Raises NotFound, and counts it: links are not to be tried out."""
    context: AppContext = request.app.state.context
    try:
        return await contact_preferences.load_by_link(request.path_params["token"], context.settings.vault)
    except NotFound:
        await request.app.state.limiter.hit("lookup", request)
        raise


PATH = f"{citizen_texts.SETTINGS_PATH}/{{token}}"
