"""Computers that others use too (village hall, internet café): leave the form, and clear what it left behind.

Who sits down next opens a page anew, goes back, or opens a closed tab again. So a form on a shared computer goes on only
from a page of the form itself; everywhere else it begins empty.
"""

import re
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.errors import Invalid
from web.auth import citizen_cookie, drafts
from web.context import AppContext
from web.forms import parsing

_FORM_PAGE = re.compile(r"/new/\d")
_PARTS = ("draft", "case")


def is_continued(request: Request) -> bool:
    """Whether the browser came here from a page of the form, and not from an address, a bookmark or another page.

    By the Referer, which our own pages always ask for. Sec-Fetch-Site says "same-origin" of an address that was typed,
    too, where a service worker fetches the page.
    """
    if request.headers.get("sec-fetch-site") not in (None, "same-origin"):
        return False
    parts = urlsplit(request.headers.get("referer", ""))
    return parts.netloc == request.headers.get("host") and bool(_FORM_PAGE.fullmatch(parts.path))


async def mark(request: Request) -> Response:
    """A script says that the computer is shared (`on`), that somebody types (`here`) or left the form (`away`)."""
    async with request.form() as form:
        state = parsing.read_field(form, "state")
    response = Response(status_code=204)
    match state:
        case "on":
            draft = await drafts.load_draft(request)
            if draft and "sent" not in draft:
                await drafts.store_draft(request, response, {**draft, drafts.SHARED: True})
        case "here":
            await drafts.postpone_end(request)
        case "away":
            await drafts.postpone_end(request, drafts.SHARED_AWAY)
        case _:
            raise Invalid({"state": "unknown"})
    return response


async def clear(request: Request) -> Response:
    """Forget the half-filled form and the case of this browser. The page behind it says which of them there were."""
    had_case = citizen_cookie.CASE_COOKIE in request.cookies
    had_draft = drafts.DRAFT_COOKIE in request.cookies
    parts = [part for part, is_there in zip(_PARTS, (had_draft, had_case), strict=True) if is_there]
    response = RedirectResponse("/new/cleared" + (f"?had={'+'.join(parts)}" if parts else ""), status_code=303)
    await drafts.delete_draft(request, response)
    await citizen_cookie.forget_case(request, response)
    return response


async def cleared(request: Request) -> Response:
    """What was cleared, in words; scripts clear here what they kept on the device."""
    context: AppContext = request.app.state.context
    parts = set(request.query_params.get("had", "").split())
    return context.render(request, "citizen/cleared.html", {"had": [part for part in _PARTS if part in parts]})
