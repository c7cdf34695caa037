"""What does an administrator look after? Units and staff, the queue of messages, and the auditors' log of reads."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classify import labels as categories
from feedback import queries
from feedback.access import Actor
from feedback.kernel import outbox
from feedback.kernel.errors import Forbidden
from feedback.reads import read_log
from feedback.vocabulary import Role
from routing import directory, rules
from web import identity, labels, present, present_desk
from web.office import Office
from web.pages import automatic, calendar_changes, calendar_pages, learning_pages, letter_admin, routing_pages

READS_MOST = 300
READ_WORDS = {
    "file": "查阅案卷",
    "attachment": "打开附件",
    "letter": "下载文书",
    "export": "导出列表",
    "code": "查看查询码",
    "person": "查看个人信息",
}


async def administrator(request: Request, *roles: Role) -> Actor:
    """Whoever asks, if they hold one of the roles (an administrator when none is named).

    Raises Forbidden.
    """
    actor = await identity.actor(request)
    if not actor.roles & frozenset(roles or (Role.ADMIN,)):
        raise Forbidden
    return actor


async def home(request: Request) -> Response:
    """Where to go from here, and whether something is stuck."""
    office: Office = request.app.state.office
    actor, names = await administrator(request, Role.ADMIN, Role.AUDITOR), await directory.snapshot()
    model = await office.model()
    context = {
        **present_desk.frame(actor, names),
        "is_admin": Role.ADMIN in actor.roles,
        "is_auditor": Role.AUDITOR in actor.roles,
        "queue": await outbox.counts(office.clock.now()),
        "units": len(names.units()),
        "rows": len(names.rows),
        "unrouted": len(rules.unrouted(categories.LEVEL2, names.rows)),
        "edition": names.edition,
        "calendar": await calendar_pages.edition_words(),
        "release": model.release if model else "",
    }
    return office.render(request, "admin/home.html", context)


async def units(request: Request) -> Response:
    """Every unit, found by name or code."""
    office: Office = request.app.state.office
    actor, names = await administrator(request), await directory.snapshot()
    q = request.query_params.get("q", "").strip()[:60]
    found = [u for u in names.units() if not q or q in u.code or any(q in n for n in (u.name, u.short, *u.aliases))]
    context = {
        **present_desk.frame(actor, names),
        "q": q,
        "rows": [
            {
                "code": u.code,
                "name": u.name,
                "kind": present_desk.UNIT_KINDS.get(u.kind, u.kind),
                "parent": names.short(u.parent) if u.parent else "",
                "region": names.region_name(u.region),
                "phone": u.phone,
            }
            for u in found
        ],
    }
    return office.render(request, "admin/units.html", context)


async def unit(request: Request) -> Response:
    """One unit: its duties, what lies below it, the rows that lead to it, and who works there."""
    office: Office = request.app.state.office
    actor, names = await administrator(request), await directory.snapshot()
    row = names.unit(request.path_params["code"])
    staff = await directory.staff_of(row.code)
    context = {
        **present_desk.frame(actor, names),
        "unit": row,
        "facts": [
            ("代码", row.code),
            ("简称", row.short),
            ("别名", "、".join(row.aliases) or "无"),
            ("类别", present_desk.UNIT_KINDS.get(row.kind, row.kind)),
            ("上级", names.name(row.parent) if row.parent else "无"),
            ("地区", names.region_name(row.region)),
            ("电话", row.phone),
            ("地址", row.address),
        ],
        "duties": [(words, [_category(code) for code in codes]) for words, codes in row.duties],
        "children": [(code, names.name(code)) for code in names.children(row.code)],
        "routes": [routing_pages.row_view(r, names) for r in names.rows if r.lead == row.code or row.code in r.co],
        "staff": [{**s, "roles": "、".join(labels.ROLES[r] for r in s["roles"])} for s in staff],
    }
    return office.render(request, "admin/unit.html", context)


def _category(code: str) -> str:
    return categories.path_name(code) if categories.exists(code) else code


async def messages(request: Request) -> Response:
    """What waits to be carried out, and what failed so often that somebody must look."""
    office: Office = request.app.state.office
    actor, names = await administrator(request), await directory.snapshot()
    rows = await outbox.failing()
    context = {
        **present_desk.frame(actor, names),
        "queue": await outbox.counts(office.clock.now()),
        "rows": [{**present.unnumbered(row), "next": present.short_time(row["run_at"])} for row in rows],
    }
    return office.render(request, "admin/messages.html", context)


async def reads(request: Request) -> Response:
    """Who looked at personal or confidential data. For auditors only: an administrator does not audit himself."""
    office: Office = request.app.state.office
    actor, names = await administrator(request, Role.AUDITOR), await directory.snapshot()
    no = request.query_params.get("no", "").strip()[:24]
    rows = await read_log(no, READS_MOST)
    seen = await queries.seen_of(actor, (row["case_no"] for row in rows))  # reports are audited by cleared auditors
    context = {
        **present_desk.frame(actor, names),
        "no": no,
        "most": READS_MOST,
        "rows": [_read(row, names) for row in rows if not row["case_no"] or row["case_no"] in seen],
    }
    return office.render(request, "admin/reads.html", context)


def _read(row: dict[str, Any], names: directory.Directory) -> dict[str, str]:
    return {
        "at": present.short_time(row["at"]),
        "actor": row["actor"],
        "unit": names.short(row["unit"]) if row["unit"] else "",
        "what": READ_WORDS.get(row["what"], row["what"]),
        "no": row["case_no"],
        "detail": row["detail"],
    }


ROUTES = [
    Route("/", home),
    Route("/units", units),
    Route("/units/{code}", unit),
    Route("/messages", messages),
    Route("/reads", reads),
    *automatic.ROUTES,
    *calendar_pages.ROUTES,
    *calendar_changes.ROUTES,
    *learning_pages.ROUTES,
    *letter_admin.ROUTES,
    *routing_pages.ROUTES,
]
