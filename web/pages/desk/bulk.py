"""Performing one step on many cases: a preview of what would happen to each, then the result."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.errors import Forbidden, Invalid, NotFound, Refusal
from feedback.queries import cases as case_queries
from feedback.rules import decision_grounds
from feedback.rules.access import Actor
from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import Act, Role, Status
from routing import directory
from routing.directory import Directory
from web.actions import cases as case_actions
from web.actions import suggestions
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.presentation import desk_frame
from web.presentation import worklist as worklist_views
from web.wording import acts, catalogue

BULK_ACTS: Mapping[Act, tuple[str, frozenset[Role]]] = {
    Act.ASSIGN: ("批量派件", frozenset({Role.RECEPTION})),
    Act.DECLINE: ("批量不予受理", frozenset({Role.RECEPTION})),
    Act.SIGN_REPLY: ("批量签发", frozenset({Role.LEAD})),
    Act.URGE: ("批量催办", frozenset({Role.SUPERVISOR, Role.RECEPTION})),
    Act.SUPERVISE: ("批量督办", frozenset({Role.SUPERVISOR})),
}
BULK_MOST = 50
_WORDS_MOST = 1000


_NOT_IN_LISTS = frozenset({Act.DECLINE})
"""Offered only where many messages of one source are looked at, not beside every list."""


def bulk_acts(actor: Actor) -> list[tuple[str, str]]:
    """What somebody may do to many cases of a list: code and words."""
    return [(act, words) for act, words in _allowed_acts(actor).items() if act not in _NOT_IN_LISTS]


def _allowed_acts(actor: Actor) -> dict[str, str]:
    return {act.value: words for act, (words, roles) in BULK_ACTS.items() if actor.roles & roles}


async def bulk(request: Request) -> Response:
    """One step for many cases: first what would happen to each, then, confirmed, what did."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    async with request.form(max_fields=500) as form:
        act = str(form.get("act", ""))
        if act not in _allowed_acts(actor):
            raise Forbidden(act=act)
        numbers = list(dict.fromkeys(str(no) for no in form.getlist("no")))[:BULK_MOST]
        words = {
            name: parsing.read_text(form, name, most=_WORDS_MOST)
            for name in ("text", "unit", "query", "where_instead", "ground")
        }
        is_confirmed = "confirmed" in form
        rows = [await _bulk_row(request, actor, names, Act(act), no, form, is_confirmed) for no in numbers]
        values = {
            **desk_frame.frame_values(actor, names),
            "act": act,
            "label": _allowed_acts(actor)[act],
            "rows": rows,
            "done": is_confirmed,
            "good": sum(row["ok"] for row in rows),
            "lacks": any(row["lacks"] for row in rows),
            "units": worklist_views.unit_groups(names),
            "grounds": [(row.code, row.label) for row in decision_grounds.GROUNDS if row.offered],
            **words,
            "back": f"/desk?{words['query']}",
        }
    return context.render(request, "desk/bulk.html", values)


async def _bulk_row(
    request: Request, actor: Actor, names: Directory, act: Act, no: str, form: FormData, is_confirmed: bool
) -> dict[str, Any]:
    """What the step would do, or did, to one case."""
    context: AppContext = request.app.state.context
    row: dict[str, Any] = {"no": no, "title": "", "words": "", "ok": False, "version": "", "lacks": False}
    try:
        file = await case_queries.load_file(actor, no, vault=context.settings.vault)
        row |= {"title": file.title, "version": file.version}
        data = _bulk_data(file, act, form, names)
        row["words"] = names.name(str(data["unit"])) if data.get("unit") else _what(file, act)
        if not any(step.act is act for step in file.steps(context.clock.now())):
            row["words"] = f"{catalogue.STATUSES[file.status.value]}，不能{acts.ACTS[act].label}"
        elif act is Act.ASSIGN and not data["unit"]:
            row["words"] = "没有合适的派单规则，请选单位或单独办理"
        elif act is Act.DECLINE and not (data.get("ground") and data.get("reason") and data.get("where_instead")):
            row |= {"words": "请在下面写明理由、情形和应到哪里反映，再预览", "ok": not is_confirmed, "lacks": True}
        elif is_confirmed:
            version = str(form.get(f"version-{no}", ""))
            expect = int(version) if version.isdecimal() else None
            await case_actions.perform_act(context, no, act, actor, data, expect=expect)
            row["ok"] = True
        else:
            row["ok"] = True
    except NotFound:
        row["words"] = catalogue.error_words("not_found")
    except Invalid as fault:
        words = [catalogue.fault_words(name, code) for name, code in fault.fields.items()]
        row |= {"words": "；".join(words), "ok": False}
    except Refusal as refused:
        row |= {"words": catalogue.error_words(refused.code, count=1), "ok": False}
    return row


def _what(file: CaseFile, act: Act) -> str:
    """What would happen: of a signature, the words that would go out."""
    draft = next((entry for entry in reversed(file.entries) if entry.act == Act.DRAFT_REPLY), None)
    return str(draft.data.get("text", "")) if act is Act.SIGN_REPLY and draft else acts.ACTS[act].label


def _bulk_data(file: CaseFile, act: Act, form: FormData, names: Directory) -> dict[str, Any]:
    text, unit = parsing.read_text(form, "text"), parsing.read_text(form, "unit")
    if act is Act.DECLINE:
        data = {"reason": text} | {name: parsing.read_text(form, name) for name in ("where_instead", "ground")}
        return {name: value for name, value in data.items() if value}
    if act is Act.SIGN_REPLY:
        return {}
    if act is not Act.ASSIGN:
        return {"text" if act is Act.URGE else "reason": text} if text else {}
    if unit:
        return {"unit": unit, "reason": "受理窗口批量派件"}
    if file.status is not Status.RECEIVED:
        return {"unit": ""}
    decision = (
        suggestions.decision_for_category(file, file.category, names)
        if file.category
        else suggestions.current_decision(file, names)
    )
    return {"unit": decision.unit, "units": list(decision.co), "reason": decision.reason, "rule": decision.rule}
