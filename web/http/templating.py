"""The Jinja environment, and rendering a page with the values every template may rely on."""

from collections.abc import Mapping
from pathlib import Path
from types import CodeType
from typing import Any, Final

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.bccache import Bucket
from starlette.requests import Request
from starlette.responses import HTMLResponse

from feedback.kernel.clock import OFFICE_TIMEZONE
from feedback.kernel.settings import Settings
from web.context import AppContext
from web.wording import catalogue, dates

READING_COOKIE = "xq_ui"
READING_MODES = ("elder", "std")
READING_SECONDS = 365 * 24 * 3600
HERE = Path(__file__).parents[1]


class CompiledTemplates(BytecodeCache):
    """Compiled templates of this process, by name and by digest of their source.

    A process that builds the application more than once, as tests do, compiles no template twice. Kept in memory only:
    compiled code on a disk is code that whoever writes there could exchange.
    """

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED_TEMPLATES: Final = CompiledTemplates()


def build_environment(settings: Settings) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=not settings.production,
        bytecode_cache=_COMPILED_TEMPLATES,
    )
    environment.globals |= {
        "site": {
            "name": settings.site_name,
            "line": "群众诉求与政务服务评价平台",
            "owner": settings.site_owner,
            "operator": settings.site_operator,
            "phone": settings.site_phone,
            "code": settings.site_code,
            "icp": settings.icp,
            "police_record": settings.police_record,
        },
        "asset_version": _asset_version(),
        "labels": catalogue,
    }
    environment.filters |= {
        "time_words": dates.time_words,
        "day_words": dates.day_words,
        "short_time": dates.short_time,
        "grouped": dates.group_code,
    }
    return environment


def _asset_version() -> str:
    newest = max(path.stat().st_mtime for path in (HERE / "static").rglob("*") if path.is_file())
    return format(int(newest), "x")


def render_page(request: Request, name: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """A page from a template. Adds what every page's frame needs: date, elder mode, who is logged in.

    A form that is shown again because too much was sent (`request.state.retry_seconds`) says so by status 429.
    """
    actor = getattr(request.state, "actor", None)
    asked_mode = request.query_params.get("ui", "")
    is_asked = asked_mode in READING_MODES
    mode = asked_mode if is_asked else request.cookies.get(READING_COOKIE, "")
    context: AppContext = request.app.state.context
    frame_values = {
        "request": request,
        "today": dates.day_words(context.clock.now().astimezone(OFFICE_TIMEZONE).date()),
        "reading_mode": mode if mode in READING_MODES else "",
        "path": request.url.path,
        "filter_faults": getattr(request.state, "filter_faults", ()),
        "unread_count": getattr(request.state, "unread", 0),
        "actor": {"name": actor.name, "unit": actor.unit, "roles": sorted(role.value for role in actor.roles)}
        if actor
        else None,
    }
    html = request.app.state.templates.get_template(name).render({**frame_values, **values})
    seconds = getattr(request.state, "retry_seconds", 0)
    response = HTMLResponse(html, 429, {"Retry-After": str(seconds)}) if seconds else HTMLResponse(html, status)
    if is_asked:  # holds without scripts too, over every link and redirect; scripts write the same cookie
        response.set_cookie(
            READING_COOKIE, mode, max_age=READING_SECONDS, samesite="lax", secure=context.settings.production
        )
    return response
