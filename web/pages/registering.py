"""How does the desk take in a letter, a visit or a call? One screen, then the number and code to hand out."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from feedback import attachments, queries, reads
from feedback.access import Actor
from feedback.intake import Draft, PersonDraft
from feedback.kernel import codes
from feedback.kernel.errors import Conflict, Forbidden, Invalid
from feedback.lifecycle import PUBLIC_KINDS, Channel, Profile, Role
from routing import directory
from web import doors, identity, labels, present, present_desk
from web.office import Office
from web.pages.filing import kept_files, upload_words

AT_THE_DESK = (Channel.HOTLINE, Channel.VISIT, Channel.LETTER, Channel.FAX, Channel.AGENT, Channel.TRANSFER)
REPRESENTATIVES_MOST = 5
"""信访工作条例 第二十条: 多人共同提出的，推选代表，代表不得超过五人。"""
HEADCOUNT_MOST = 1_000_000
_TEXTS = (
    *("channel", "kind", "profile", "title", "text", "region", "address", "urgency", "headcount", "representatives"),
    *("person.name", "person.phone", "person.id_number", "person.address", "key"),
)
_SWITCHES = ("anonymous", "public_consent")


async def register(request: Request) -> Response:
    """Take in what came by letter, visit, call or fax."""
    office: Office = request.app.state.office
    actor = await _receptionist(request)
    if request.method == "GET":
        blank = dict.fromkeys(_TEXTS, "") | {
            "channel": Channel.HOTLINE.value,
            "headcount": "1",
            "key": codes.fresh_id(),
        }
        return await _shown(request, actor, blank, {})
    async with request.form(max_files=20, max_fields=200) as form:
        typed: dict[str, Any] = {name: _text(form, name) for name in _TEXTS}
        typed |= {name: name in form for name in _SWITCHES}
        try:
            typed["attachments"] = await kept_files(request, form)
            if "drop_attachment" in form:
                typed["attachments"] = [id_ for id_ in typed["attachments"] if id_ != _text(form, "drop_attachment")]
                return await _shown(request, actor, typed, {})
            draft, faults = _draft_of(typed, actor)
            receipt = await doors.hand_in(office, draft, actor, faults=faults)
        except Invalid as fault:
            errors = {_field(name): _words(name, code) for name, code in fault.fields.items()}
            return await _shown(request, actor, typed, errors)
        except Conflict:
            # The same form again with other words, after a step back in the browser: another message, or a slip.
            typed["key"] = codes.fresh_id()
            errors = {"title": "刚才已经登记过一件；这次内容不同，确实要另登一件的，请再点一次登记"}
            return await _shown(request, actor, typed, errors)
    return RedirectResponse(f"/desk/register/{receipt.no}", status_code=303)


async def registered(request: Request) -> Response:
    """Number and query code of a case of this desk, to read out or print. The look is written down."""
    office: Office = request.app.state.office
    actor, now, no = await _receptionist(request), office.clock.now(), request.path_params["no"]
    names = await directory.snapshot()
    file = await queries.file(actor, no, secret=office.settings.secret)
    if file.desk != actor.unit:
        raise Forbidden(no=no)
    await reads.log_read(actor, "code", no, now=now)
    context = {
        **present_desk.frame(actor, names),
        "no": no,
        "code": await queries.receipt_code(no, office.settings.secret),
        "title": file.title,
        "received": present.time_words(file.received_at),
        "dues": [(c.label, c.due_legal_day) for c in file.clocks if c.stopped_at is None],
    }
    return office.render(request, "desk/registered.html", context)


async def _receptionist(request: Request) -> Actor:
    actor = await identity.actor(request)
    if Role.RECEPTION not in actor.roles:
        raise Forbidden
    return actor


def _draft_of(typed: Mapping[str, Any], actor: Actor) -> tuple[Draft, dict[str, str]]:
    """The draft the form says, and what only this form can find wrong."""
    faults: dict[str, str] = {}
    headcount = _number(typed["headcount"] or "1", "headcount", HEADCOUNT_MOST, faults)
    if typed["representatives"]:
        _number(typed["representatives"], "representatives", REPRESENTATIVES_MOST, faults)
    if typed["channel"] not in AT_THE_DESK:
        faults["channel"] = "missing"
    names = ("name", "phone", "id_number", "address")
    draft = Draft(
        kind=typed["kind"],
        title=typed["title"],
        text=typed["text"],
        channel=typed["channel"],
        desk=actor.unit,
        source_id=f"desk-{typed['key']}" if typed["key"] else "",
        profile=typed["profile"],
        region=typed["region"],
        address=typed["address"],
        person=PersonDraft(**{name: typed[f"person.{name}"] for name in names}),
        anonymous=typed["anonymous"],
        public_consent=typed["public_consent"],
        attachments=tuple(typed["attachments"]),
        urgency=int(typed["urgency"]) if typed["urgency"] in ("1", "2") else 0,
        headcount=headcount,
    )
    return draft, faults


def _number(text: str, name: str, most: int, faults: dict[str, str]) -> int:
    if not text.isdecimal() or len(text) > 9:
        faults[name] = "not_a_number"
        return 0
    if not 1 <= int(text) <= most:
        faults[name] = "out_of_range"
    return int(text)


def _words(name: str, code: str) -> str:
    if name == "representatives":
        return f"代表人数应为 1 到 {REPRESENTATIVES_MOST} 人（信访工作条例第二十条）"
    return labels.fault_words(name, code)


def _field(name: str) -> str:
    return "files" if name in ("attachments", "file") else name


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


async def _shown(request: Request, actor: Actor, typed: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    office: Office = request.app.state.office
    settings, names = office.settings, await directory.snapshot()
    context = {
        **present_desk.frame(actor, names),
        "typed": {"anonymous": False, "public_consent": False, **typed},
        "errors": dict(errors),
        "channels": [(c.value, labels.CHANNELS[c.value]) for c in AT_THE_DESK],
        "kinds": present_desk.kind_options(PUBLIC_KINDS),
        "profiles": [(p.value, labels.PROFILES[p.value]) for p in (Profile.HOTLINE, Profile.PETITION)],
        "regions": present_desk.region_groups(names, settings.region),
        "urgencies": [("1", "特急（危及生命财产，2 小时）"), ("2", "紧急（水电气热，24 小时）")],
        "files": await attachments.waiting(typed.get("attachments", ())),
        **upload_words(settings.attachments_max, settings.upload_max_bytes),
    }
    return office.render(request, "desk/register.html", context, status=422 if errors else 200)


ROUTES = [
    Route("/register", register, methods=["GET", "POST"]),
    Route("/register/{no}", registered),
]
