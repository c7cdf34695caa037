"""Pages that list, edit, delete and try out routing rows."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from classify import taxonomy as categories
from feedback.kernel.errors import NotFound
from feedback.rules.access import Actor
from feedback.rules.intake import choose_desk, clean_line
from feedback.rules.vocabulary import PUBLIC_KINDS
from routing import assignment_rules, directory
from routing.assignment_rules import DESK, STREET, AssignmentRule, CaseFacts
from routing.directory import Directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.forms.filters import note_unknown
from web.presentation import desk_frame
from web.presentation import timeline as timeline_views
from web.presentation import worklist as worklist_views
from web.wording import catalogue

SPECIAL = {STREET: "所在街道、乡镇", DESK: "受理窗口人工分派"}
REASON_MOST = 300
_CHOSEN = frozenset({"missing", "unknown_unit"})
_FILTERS = ("category", "unit", "q")
_TRIAL_FIELDS = ("text", "kind", "region", "category")
FAULTS = {"co": "协办单位里有不存在的代码", "lead": "请选择主办单位", "reason": "请写明为什么这样派"}


async def rows(request: Request) -> Response:
    """Every row in force, narrowed by category, unit or words; and the trial."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    q = request.query_params
    note_unknown(request, *_FILTERS, *(f"try_{name}" for name in _TRIAL_FIELDS))
    chosen = {name: q.get(name, "").strip()[:200] for name in _FILTERS}
    views = [row_view(row, names) for row in names.rows if _fits(row, chosen)]
    values = {
        **desk_frame.frame_values(actor, names),
        "rows": [row for row in views if not chosen["q"] or chosen["q"] in " ".join(map(str, row.values()))],
        "total": len(names.rows),
        "chosen": chosen,
        "units": worklist_views.unit_groups(names),
        "categories": worklist_views.category_groups(with_heads=True),
        "done": q.get("done", ""),
        "waiting": [
            _waiting(code, names) for code in assignment_rules.list_unrouted_categories(categories.LEVEL2, names.rows)
        ],
        **await _trial(request, names),
    }
    return context.render(request, "admin/routing_rules.html", values)


def _waiting(code: str, names: Directory) -> dict[str, str]:
    """A category without a row of its own, and who answers meanwhile."""
    rows = assignment_rules.list_matching_rules(CaseFacts(category=code, kind="", region="", desk=""), names.rows)
    lead = rows[0].lead if rows else DESK
    return {"code": code, "words": timeline_views.category_words(code), "serves": SPECIAL.get(lead) or names.name(lead)}


def _fits(row: AssignmentRule, chosen: Mapping[str, str]) -> bool:
    if chosen["category"] and not row.category.startswith(chosen["category"]):
        return False
    return not chosen["unit"] or chosen["unit"] == row.lead or chosen["unit"] in row.co


def row_view(row: AssignmentRule, names: Directory) -> dict[str, Any]:
    """A routing row in words."""
    return {
        "id": row.id,
        "category": timeline_views.category_words(row.category) if row.category else "不限",
        "kind": catalogue.KINDS.get(row.kind, row.kind) if row.kind else "不限",
        "region": names.region_name(row.region) if row.region else "不限",
        "lead": SPECIAL.get(row.lead) or names.name(row.lead),
        "co": "、".join(SPECIAL.get(code) or names.short(code) for code in row.co),
        "reason": row.reason,
    }


async def _trial(request: Request, names: Directory) -> dict[str, Any]:
    """Which row wins for the words somebody tries, and which rows it beat."""
    context: AppContext = request.app.state.context
    q = request.query_params
    typed = {name: q.get(f"try_{name}", "").strip()[:2000] for name in _TRIAL_FIELDS}
    shown: dict[str, Any] = {
        "trial": typed,
        "kinds": worklist_views.kind_options(PUBLIC_KINDS),
        "regions": worklist_views.region_groups(names, context.settings.region),
        "verdict": None,
    }
    if not any(typed.values()):
        return shown
    region = typed["region"] or names.place_of(typed["text"])
    category, how, is_sure = await _category(context, typed)
    facts = CaseFacts(
        category=category,
        kind=typed["kind"],
        region=region,
        desk=choose_desk(typed["kind"], "", context.settings.desk, context.settings.petition_desk),
        is_sure=is_sure,
        street=names.street_of(region),
        region_chain=names.region_chain(region),
    )
    decision = assignment_rules.decide_unit(facts, names.rows)
    winner = next((row for row in names.rows if f"row:{row.id}" == decision.rule), None)
    beaten = [row for row in assignment_rules.list_matching_rules(facts, names.rows) if row is not winner]
    shown["verdict"] = {
        "category": timeline_views.category_words(category),
        "how": how,
        "region": names.region_name(region) if region else "没有识别出地区",
        "unit": names.name(decision.unit) if decision.unit else "交受理窗口人工分派",
        "co": "、".join(names.short(code) for code in decision.co),
        "reason": decision.reason,
        "winner": row_view(winner, names) if winner else None,
        "beaten": [row_view(row, names) for row in beaten[:8]],
    }
    return shown


async def _category(context: AppContext, typed: Mapping[str, str]) -> tuple[str, str, bool]:
    """The category to try with, how it was found, and whether it is sure."""
    if categories.has_code(typed["category"]):
        return typed["category"], "指定", True
    model = await context.model() if typed["text"] else None
    if model is None:
        return "", "没有分类", False
    verdict = await asyncio.to_thread(model.predict, typed["text"][:60], typed["text"])
    words = f"分类器判断，把握 {verdict.confidence:.0%}"
    return verdict.category, words + ("，不够确定" if verdict.abstained else ""), not verdict.abstained


async def edit(request: Request) -> Response:
    """One row, or a new one, to change and keep."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    row = _row(names, request.path_params["id"])
    if request.method == "GET":
        asked = request.query_params.get("category", "")
        columns = _columns(row) | ({"category": asked} if row is None and categories.has_code(asked) else {})
        return _form(request, actor, names, row, columns, {})
    async with request.form(max_fields=500) as form:
        typed = _typed(form)
    faults = assignment_rules.find_rule_faults(typed, names.has, categories.has_code) | _unknown(typed, names)
    if faults:
        errors = {
            name: (code in _CHOSEN and FAULTS.get(name)) or catalogue.fault_words(name, code)
            for name, code in faults.items()
        }
        return _form(request, actor, names, row, typed, errors)
    await directory.save_row(row.id if row else None, typed, author=actor.id, now=context.clock.now())
    return RedirectResponse("/admin/routing?done=saved", status_code=303)


async def drop(request: Request) -> Response:
    """Take a row out of force."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    row = _row(names, request.path_params["id"])
    if row is not None:
        await directory.deactivate_row(row.id, author=actor.id, now=context.clock.now())
    return RedirectResponse("/admin/routing?done=dropped", status_code=303)


def _row(names: Directory, text: str) -> AssignmentRule | None:
    """The row of an id in force; None for "new".

    Raises NotFound.
    """
    if text == "new":
        return None
    rule = next((row for row in names.rows if str(row.id) == text), None)
    if rule is None:
        raise NotFound(row=text)
    return rule


def _columns(row: AssignmentRule | None) -> dict[str, Any]:
    if row is None:
        return {"category": "", "kind": "", "region": "", "lead": "", "co": [], "reason": ""}
    return {
        "category": row.category,
        "kind": row.kind,
        "region": row.region,
        "lead": row.lead,
        "co": list(row.co),
        "reason": row.reason,
    }


def _unknown(typed: Mapping[str, Any], names: Directory) -> dict[str, str]:
    """A kind, region or reason that would be kept as another one, or cut off."""
    faults = {}
    if typed["kind"] and typed["kind"] not in catalogue.KINDS:
        faults["kind"] = "unknown"
    if typed["region"] and typed["region"] not in names.by_region:
        faults["region"] = "unknown"
    if len(typed["reason"]) > REASON_MOST:
        faults["reason"] = "too_long"
    return faults


def _typed(form: FormData) -> dict[str, Any]:
    typed: dict[str, Any] = {
        name: clean_line(parsing.read_field(form, name)) for name in ("category", "kind", "region", "lead", "reason")
    }
    typed["co"] = [code for code in map(str, form.getlist("co")) if code]
    return typed


def _form(
    request: Request,
    actor: Actor,
    names: Directory,
    row: AssignmentRule | None,
    typed: Mapping[str, Any],
    errors: Mapping[str, str],
) -> Response:
    context: AppContext = request.app.state.context
    units = worklist_views.unit_groups(names)
    values = {
        **desk_frame.frame_values(actor, names),
        "row_id": row.id if row else None,
        "typed": dict(typed),
        "errors": dict(errors),
        "leads": [("按规则", list(SPECIAL.items())), *units],
        "cos": [("按规则", [(STREET, SPECIAL[STREET])]), *units],
        "categories": worklist_views.category_groups(with_heads=True),
        "kinds": worklist_views.kind_options(PUBLIC_KINDS),
        "regions": worklist_views.region_groups(names, context.settings.region),
    }
    return context.render(request, "admin/routing_rule.html", values, status=422 if errors else 200)
