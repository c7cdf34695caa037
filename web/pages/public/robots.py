"""What search engines may read: `robots.txt` and `sitemap.xml`. Staff pages and single cases are none of theirs."""

from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from web.context import AppContext

PAGES = (
    *("/", "/new", "/lookup", "/replies", "/scores", "/rate/service", "/guide", "/guide/law", "/deadline"),
    *("/privacy", "/accessibility"),
)
_CLOSED = (
    "/desk",
    "/board",
    "/admin",
    "/login",
    "/case",
    "/receipt",
    "/new/",
    "/api/",
    "/letters/",
    "/replies/similar",
)
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


async def robots(request: Request) -> Response:
    """Which pages are not to be read by programs, and where the list of the others is."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _CLOSED), f"Sitemap: {_base(request)}/sitemap.xml", ""]
    return PlainTextResponse("\n".join(lines), headers={"Cache-Control": "public, max-age=86400"})


async def sitemap(request: Request) -> Response:
    """The public pages. Answers are found from their list."""
    urls = ElementTree.Element("urlset", xmlns=_NAMESPACE)
    for path in PAGES:
        ElementTree.SubElement(ElementTree.SubElement(urls, "url"), "loc").text = _base(request) + path
    text = ElementTree.tostring(urls, "utf-8", xml_declaration=True)
    return Response(text, media_type="application/xml", headers={"Cache-Control": "public, max-age=86400"})


def _base(request: Request) -> str:
    context: AppContext = request.app.state.context
    return (context.settings.public_url or str(request.base_url)).rstrip("/")
