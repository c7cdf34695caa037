"""Pages of the units: search, and one unit with its duties, routing rows and staff."""

from starlette.requests import Request
from starlette.responses import Response

from classify import taxonomy as categories
from routing import directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms.filters import note_unknown
from web.pages.admin import routing_rules
from web.presentation import desk_frame
from web.presentation import worklist as worklist_views
from web.wording import catalogue


async def units(request: Request) -> Response:
    """Every unit, found by name or code."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    note_unknown(request, "q")
    q = request.query_params.get("q", "").strip()[:60]
    matches = [u for u in names.units() if not q or q in u.code or any(q in n for n in (u.name, u.short, *u.aliases))]
    values = {
        **desk_frame.frame_values(actor, names),
        "q": q,
        "rows": [
            {
                "code": u.code,
                "name": u.name,
                "kind": worklist_views.UNIT_KINDS.get(u.kind, u.kind),
                "parent": names.short(u.parent) if u.parent else "",
                "region": names.region_name(u.region),
                "phone": u.phone,
            }
            for u in matches
        ],
    }
    return context.render(request, "admin/units.html", values)


async def unit(request: Request) -> Response:
    """One unit: its duties, what lies below it, the rows that lead to it, and who works there."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    row = names.unit(request.path_params["code"])
    staff = await directory.list_staff(row.code)
    values = {
        **desk_frame.frame_values(actor, names),
        "unit": row,
        "facts": [
            ("代码", row.code),
            ("简称", row.short),
            ("别名", "、".join(row.aliases) or "无"),
            ("类别", worklist_views.UNIT_KINDS.get(row.kind, row.kind)),
            ("上级", names.name(row.parent) if row.parent else "无"),
            ("地区", names.region_name(row.region)),
            ("电话", row.phone),
            ("地址", row.address),
        ],
        "duties": [(words, [_category(code) for code in codes]) for words, codes in row.duties],
        "children": [(code, names.name(code)) for code in names.children(row.code)],
        "routes": [routing_rules.row_view(r, names) for r in names.rows if r.lead == row.code or row.code in r.co],
        "staff": [{**s, "roles": "、".join(catalogue.ROLES[r] for r in s["roles"])} for s in staff],
    }
    return context.render(request, "admin/unit.html", values)


def _category(code: str) -> str:
    return categories.path_name(code) if categories.has_code(code) else code
