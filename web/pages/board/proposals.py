"""The page where proposed supervision orders (建议督办) are issued or dismissed."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.errors import Invalid
from feedback.queries import overdue
from feedback.rules.access import Actor
from feedback.rules.vocabulary import Act, Role
from routing import directory
from routing.oversight import proposals as supervision_proposals
from web.actions import cases as case_actions
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.presentation import desk_frame
from web.presentation import oversight as oversight_views
from web.presentation.oversight import build_tabs
from web.wording import catalogue

AS_PROPOSED = "as_proposed"
"""What the button brings that issues an order in its proposed words."""


async def proposals(request: Request) -> Response:
    """What the rules propose to supervise, with the evidence; what was decided lately."""
    return await _proposals(request, current_actor(request), {}, {}, None)


async def _proposals(
    request: Request, actor: Actor, typed: dict[str, str], errors: dict[str, str], opened: int | None
) -> Response:
    context: AppContext = request.app.state.context
    names = await directory.load_directory()
    rows = await supervision_proposals.list_proposals(actor, context.clock.now())
    decided = await supervision_proposals.list_decided(actor, supervision_proposals.DISMISSED, most=30)
    decided += await supervision_proposals.list_decided(actor, supervision_proposals.ISSUED, most=30)
    titles = await overdue.load_titles(actor, [row["case_no"] for row in rows + decided])
    values = {
        **desk_frame.frame_values(actor, names),
        "tabs": build_tabs("proposals", actor),
        "rows": [oversight_views.proposal_line(row, names, titles) for row in rows],
        "decided": [oversight_views.proposal_line(row, names, titles) for row in decided],
        "may_decide": Role.SUPERVISOR in actor.roles,
        "typed": typed,
        "errors": errors,
        "opened": opened,
        "as_proposed": AS_PROPOSED,
        "reason_most": supervision_proposals.REASON_MOST,
        "done": request.query_params.get("done", ""),
    }
    return context.render(request, "board/proposals.html", values, status=422 if errors else 200)


async def decide(request: Request) -> Response:
    """Issue the proposed order, or write down why not."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    text = request.path_params["id"]
    proposal = await supervision_proposals.load_open_proposal(
        actor, int(text) if text.isdecimal() and len(text) < 19 else -1, context.clock.now()
    )
    async with request.form() as form:
        typed = _typed(form)
        issue = "issue" in form
        if form.get("issue") == AS_PROPOSED:  # in the words of this moment, not of when the page was opened
            names = await directory.load_directory()
            typed["reason"] = oversight_views.proposal_line(proposal, names, {})["words"]
    try:
        await (_issued if issue else _dismissed)(request, actor, proposal, typed)
    except Invalid as fault:
        errors = {
            name: catalogue.fault_words("supervise_" + name if issue else name, code)
            for name, code in fault.fields.items()
        }
        return await _proposals(request, actor, typed, errors, proposal["id"])
    return RedirectResponse(f"/board/proposals?done={'issued' if issue else 'dismissed'}", status_code=303)


def _typed(form: FormData) -> dict[str, str]:
    return {name: parsing.read_text(form, name) for name in ("reason", "target_day", "why")}


async def _issued(request: Request, actor: Actor, proposal: dict[str, Any], typed: dict[str, str]) -> None:
    context: AppContext = request.app.state.context
    data = {"reason": typed["reason"], "trigger": proposal["trigger"], "addressee": proposal["unit"]}
    if typed["target_day"]:
        data["target_day"] = typed["target_day"]
    await case_actions.perform_act(context, proposal["case_no"], Act.SUPERVISE, actor, data)
    await supervision_proposals.decide_proposal(
        actor, proposal, supervision_proposals.ISSUED, typed["reason"], context.clock.now()
    )


async def _dismissed(request: Request, actor: Actor, proposal: dict[str, Any], typed: dict[str, str]) -> None:
    context: AppContext = request.app.state.context
    if not typed["why"]:
        raise Invalid({"why": "missing"})
    if len(typed["why"]) > supervision_proposals.REASON_MOST:
        raise Invalid({"why": "too_long"})
    await supervision_proposals.decide_proposal(
        actor, proposal, supervision_proposals.DISMISSED, typed["why"], context.clock.now()
    )
