"""The page of proposed duplicate cases, the decisions about them, and whole campaigns.

One click merges, answers with how the first case stands, or says that it is something else; who said so is kept.
"""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback import links
from feedback.record import calendar_editions
from feedback.rules import redaction
from routing import directory
from web.actions import links as link_actions
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.presentation import desk_case, desk_frame
from web.presentation import links as link_views
from web.presentation import worklist as worklist_views
from web.wording import catalogue


async def pending(request: Request) -> Response:
    """What waits for a decision of this desk: repeats, and matters several people bring."""
    context: AppContext = request.app.state.context
    actor, now = current_actor(request), context.clock.now()
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    lines = {
        name: link_views.list_link_lines(await links.list_pending(actor, campaigns=campaigns), names, now, calendar)
        for name, campaigns in (("repeats", False), ("campaigns", True))
    }
    return context.render(request, "desk/duplicates.html", {**desk_frame.frame_values(actor, names), **lines})


async def decide(request: Request) -> Response:
    """Merge, answer with how the first stands, confirm, say that there are new facts, or that it is something else."""
    context: AppContext = request.app.state.context
    actor, what = current_actor(request), request.path_params["what"]
    link = await link_actions.load_link(actor, request.path_params["id"])
    await link_actions.decide_link(context, actor, link, what)
    async with request.form() as form:
        back = "/desk/repeats" if "list" in form else f"/desk/cases/{link.here.no}?done={_DONE.get(what, 'link')}"
    return RedirectResponse(back, status_code=303)


_DONE = {link_actions.MERGE: "merge", link_actions.ANSWER: "decline"}


async def add(request: Request) -> Response:
    """Link a case to an earlier one by hand."""
    context: AppContext = request.app.state.context
    actor, no = current_actor(request), request.path_params["no"]
    async with request.form() as form:
        other, kind = parsing.read_text(form, "case"), parsing.read_text(form, "kind")
    await link_actions.add_link(context, actor, no, other, kind)
    return RedirectResponse(f"/desk/cases/{no}?done=link", status_code=303)


async def campaign(request: Request) -> Response:
    """A matter several people bring: its cases, and one answer for all of them, each with its own clock."""
    context: AppContext = request.app.state.context
    actor, now = current_actor(request), context.clock.now()
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    head, members = await links.load_campaign(actor, request.path_params["no"])
    rows, text, findings = [head, *members], "", list[tuple[str, str]]()
    outcome: dict[str, str] = {}
    done, fault = False, ""
    if request.method == "POST":
        async with request.form(max_fields=1000) as form:
            text = parsing.read_text(form, "text")
            fault = "missing" if not text else "too_long" if len(text) > link_actions.TEXT_MOST else ""
            chosen = {str(no) for no in form.getlist("no")}
            findings = list(
                dict.fromkeys((desk_case.FINDING_WORDS[f.sort], f.text) for f in redaction.find_personal_data(text))
            )
            done = "confirmed" in form and not fault
        if not fault:
            outcome = await link_actions.reply_to_all(
                context, actor, [r for r in rows if r.no in chosen], text, is_sent=done
            )
    values = {
        **desk_frame.frame_values(actor, names),
        "head": worklist_views.row_view(head, names, now, calendar),
        "rows": [worklist_views.row_view(row, names, now, calendar) for row in rows],
        "text": text,
        "findings": findings,
        "outcome": outcome,
        "good": sum(not words for words in outcome.values()),
        "done": done,
        "errors": {"text": catalogue.fault_words("text", fault)} if fault else {},
    }
    status = 422 if values["errors"] else 200
    return context.render(request, "desk/campaign.html", values, status=status)


async def back(request: Request) -> Response:
    """Whoever had to log in on the way to a decision gets the list: a decision is only ever posted."""
    return RedirectResponse("/desk/repeats", status_code=303)
