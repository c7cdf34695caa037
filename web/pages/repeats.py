"""What does the desk do with what was said before? The list of proposals, decisions about them, and whole campaigns.

One click merges, answers with how the first case stands, or says that it is something else; who said so is kept.
"""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from feedback import calendars, links, queries, redact
from feedback.access import Actor
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Forbidden, Invalid, NotFound, NotNow, Refused
from feedback.lifecycle import Act, Role
from feedback.people import LinkKind, LinkState
from feedback.views import LinkView, WorkRow
from routing import directory
from web import doors, identity, labels, present, present_desk, present_links
from web.office import Office

BULK_MOST = 100
TEXT_MOST = 5000
_MANUAL = (LinkKind.REPEAT_OF, LinkKind.NEW_FACTS_OF, LinkKind.CAMPAIGN, LinkKind.SPLIT_FROM)


async def pending(request: Request) -> Response:
    """What waits for a decision of this desk: repeats, and matters several people bring."""
    office: Office = request.app.state.office
    actor, now = await _receptionist(request), office.clock.now()
    names, calendar = await directory.snapshot(), await calendars.current()
    told = {
        name: present_links.lines(await links.pending(actor, campaigns=campaigns), names, now, calendar)
        for name, campaigns in (("repeats", False), ("campaigns", True))
    }
    return office.render(request, "desk/repeats.html", {**present_desk.frame(actor, names), **told})


async def decide(request: Request) -> Response:
    """Merge, answer with how the first stands, confirm, say that there are new facts, or that it is something else."""
    office: Office = request.app.state.office
    actor = await _receptionist(request)
    link = await _link(actor, request.path_params["id"])
    no, first, now = link.here.no, link.there.no, office.clock.now()
    match request.path_params["what"]:
        case "merge":
            reason = "与在办的一件是同一事项，并案办理，原件办理结果一并答复。"
            await doors.do(office, no, Act.MERGE, actor, {"case": first, "reason": reason})
            done = "merge"
        case "answer":
            await _answered(office, actor, no, first)
            await links.decide(actor, link.id, LinkState.CONFIRMED, now=now, kind=LinkKind.REPEAT_OF)
            done = "decline"
        case "dismiss":
            await links.decide(actor, link.id, LinkState.DISMISSED, now=now)
            done = "link"
        case "confirm":
            await links.decide(actor, link.id, LinkState.CONFIRMED, now=now)
            done = "link"
        case "new_facts":
            await links.decide(actor, link.id, LinkState.CONFIRMED, now=now, kind=LinkKind.NEW_FACTS_OF)
            done = "link"
        case _:
            raise NotFound
    async with request.form() as form:
        back = "/desk/repeats" if "list" in form else f"/desk/cases/{no}?done={done}"
    return RedirectResponse(back, status_code=303)


async def _answered(office: Office, actor: Actor, no: str, first: str) -> None:
    """Decline the repeat with how the first case stands.

    Raises NotNow where no ground fits.
    """
    secret, now = office.settings.secret, office.clock.now()
    again, earlier = [await queries.file(actor, each, secret=secret) for each in (no, first)]
    names, calendar = await directory.snapshot(), await calendars.current()
    answer = present_links.repeat_answer(again, earlier, names, calendar, now)
    if answer is None:
        raise NotNow(no=no)
    said = {"ground": answer.ground, "reason": answer.reason, "where_instead": answer.where_instead}
    await doors.do(office, no, Act.DECLINE, actor, said)


async def _link(actor: Actor, text: str) -> LinkView:
    """The undecided or decided link of the address, told from its newer case.

    Raises NotFound.
    """
    found = await links.one(actor, int(text)) if text.isdecimal() and len(text) <= 15 else None
    if found is None:
        raise NotFound
    return found


async def add(request: Request) -> Response:
    """Link a case to an earlier one by hand."""
    office: Office = request.app.state.office
    actor, no = await _receptionist(request), request.path_params["no"]
    async with request.form() as form:
        other, kind = _text(form, "case"), _text(form, "kind")
    if kind not in _MANUAL:
        raise Invalid({"kind": "unknown"})
    await links.add(actor, no, other, LinkKind(kind), now=office.clock.now())
    return RedirectResponse(f"/desk/cases/{no}?done=link", status_code=303)


async def campaign(request: Request) -> Response:
    """A matter several people bring: its cases, and one answer for all of them, each with its own clock."""
    office: Office = request.app.state.office
    actor, now = await identity.actor(request), office.clock.now()
    names, calendar = await directory.snapshot(), await calendars.current()
    head, members = await links.group(actor, request.path_params["no"])
    rows, text, findings = [head, *members], "", list[tuple[str, str]]()
    outcome: dict[str, str] = {}
    done = False
    if request.method == "POST":
        async with request.form(max_fields=1000) as form:
            text = _text(form, "text")[:TEXT_MOST]
            chosen = {str(no) for no in form.getlist("no")}
            findings = list(dict.fromkeys((present_desk.FINDING_WORDS[f.sort], f.text) for f in redact.findings(text)))
            done = "confirmed" in form and bool(text)
        for row in rows[:BULK_MOST]:
            if row.no in chosen:
                outcome[row.no] = await _reply(office, actor, row, text, done)
    context = {
        **present_desk.frame(actor, names),
        "head": present.row_view(head, names, now, calendar),
        "rows": [present.row_view(row, names, now, calendar) for row in rows],
        "text": text,
        "findings": findings,
        "outcome": outcome,
        "good": sum(not words for words in outcome.values()),
        "done": done,
        "errors": {"text": labels.fault_words("text", "missing")} if request.method == "POST" and not text else {},
    }
    status = 422 if context["errors"] else 200
    return office.render(request, "desk/campaign.html", context, status=status)


async def _reply(office: Office, actor: Actor, row: WorkRow, text: str, done: bool) -> str:
    """Answer one case of a campaign, or say why not; "" when it went, or would go."""
    words = text.replace("【编号】", row.no).replace("【标题】", row.title)
    words = words.replace("【收到日期】", present.day_words(office_day(row.received_at)))
    try:
        file = await queries.file(actor, row.no, secret=office.settings.secret)
        if not any(step.act is Act.REPLY for step in file.steps):
            return f"{labels.STATUSES[file.status.value]}，现在不能由您答复"
        if done:
            await doors.do(office, row.no, Act.REPLY, actor, {"text": words}, expect=file.version)
    except Invalid as fault:
        said = [labels.fault_words(name, code) for name, code in fault.fields.items()]
        return f"{'；'.join(said)}，请单独答复"
    except Refused as refused:
        return labels.error_words(refused.code, count=1)
    return ""


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


async def _receptionist(request: Request) -> Actor:
    actor = await identity.actor(request)
    if Role.RECEPTION not in actor.roles:
        raise Forbidden
    return actor


async def back(request: Request) -> Response:
    """Whoever had to log in on the way to a decision gets the list: a decision is only ever posted."""
    return RedirectResponse("/desk/repeats", status_code=303)


ROUTES: list[Any] = [
    Route("/repeats", pending),
    Route("/links/{id}/{what}", decide, methods=["POST"]),
    Route("/links/{id}/{what}", back),
    Route("/cases/{no}/links", add, methods=["POST"]),
    Route("/cases/{no}/links", back),
    Route("/campaigns/{no}", campaign, methods=["GET", "POST"]),
]
