"""The form with which the desk registers a letter, visit, call or transfer, and the slip to hand out.

What may have been said before is shown while one types (or by a button, without scripts), and once more before a
likely repeat is saved. A form sent after the session ended is kept, encrypted, for whoever wrote it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import segno
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from classify.duplicates import link_proposals
from classify.duplicates.link_proposals import Hint
from feedback import attachments, links
from feedback.kernel import identifiers
from feedback.kernel.clock import OFFICE_TIMEZONE
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from feedback.queries import cases as case_queries
from feedback.queries import lookup as case_lookup
from feedback.record import access_log, calendar_editions
from feedback.rules import case_markers, intake, intake_fields, parties
from feedback.rules.access import Actor
from feedback.rules.intake import PersonSubmission, Proxy, Submission
from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import PUBLIC_KINDS, Channel, Kind, LinkKind, Profile
from routing import directory
from web.actions import cases as case_actions
from web.auth import drafts, sessions
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.forms.form_reading import open_form
from web.forms.uploads import name_refused, store_uploads, upload_values
from web.presentation import desk_frame
from web.presentation import links as link_views
from web.presentation import parties as party_views
from web.presentation import worklist as worklist_views
from web.wording import catalogue, dates

AT_THE_DESK = (
    Channel.HOTLINE,
    Channel.VISIT,
    Channel.LETTER,
    Channel.FAX,
    Channel.AGENT,
    Channel.TRANSFER,
    Channel.MAILBOX,
)
DRAFT = "register"
_PERSON = ("name", "phone", "id_kind", "id_number", "address", "email", "org_name", "org_code")
_REPRESENTATIVES = [f"rep{n}.{name}" for n in range(parties.REPRESENTATIVES_MOST) for name in ("name", "phone")]
_PARTICULARS = [row.name for row in intake_fields.INTAKE_FIELDS if row.sort != "switch"]
_TEXTS = (
    *("channel", "kind", "profile", "title", "text", "region", "address", "urgency", "headcount", "key"),
    *(f"person.{name}" for name in _PERSON),
    *_REPRESENTATIVES,
    *("proxy.kind", "proxy.authority", "proxy.name", "proxy.phone", "related", "relation", "birth_day", "age_group"),
    *_PARTICULARS,
)
_SWITCHES = (
    *("anonymous", "public_consent"),
    *(row.name for row in intake_fields.INTAKE_FIELDS if row.sort == "switch"),
)
_FIELD_OF = {
    **{"attachments": "files", "file": "files", "representatives": "rep0-name"},
    **{"person.org.name": "person.org_name", "person.org.uscc": "person.org_code"},
}


async def register(request: Request) -> Response:
    """Take in what came by letter, visit, call, fax or from above."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    if request.method == "GET":
        draft_values = await drafts.load_staff_draft(context, DRAFT, actor.id)
        if draft_values:
            return await _shown(request, actor, _blank(context) | draft_values, {}, restored=True)
        return await _shown(request, actor, _blank(context), {})
    async with open_form(request) as form:
        typed = _typed(form)
        try:
            uploads = await store_uploads(request, form)
            typed["attachments"] = uploads.ids
            uploads.require_all()
            if "drop_attachment" in form:
                typed["attachments"] = [
                    id_ for id_ in typed["attachments"] if id_ != parsing.read_field(form, "drop_attachment")
                ]
                return await _shown(request, actor, typed, {})
            draft, faults = _draft_of(typed, actor)
            hints = await _hints(request, actor, typed)
            is_resent = await case_lookup.is_known_source(draft.channel, draft.source_id)
            if "check" in form or (not faults and not is_resent and _must_look(hints, form)):
                return await _shown(request, actor, typed, {}, hints=hints, asked="check" in form)
            receipt = await case_actions.submit_case(context, draft, actor, faults=faults)
        except Invalid as fault:
            errors = name_refused(fault, {_field(name): _words(name, code) for name, code in fault.fields.items()})
            return await _shown(request, actor, typed, errors)
        except Conflict:
            # The same form again with other words, after a step back in the browser: another message, or a slip.
            typed["key"] = identifiers.new_id()
            errors = {"title": "刚才已经登记过一件；这次内容不同，确实要另登一件的，请再点一次登记"}
            return await _shown(request, actor, typed, errors)
    await drafts.delete_staff_draft(context, DRAFT, actor.id)
    await _link(context, actor, receipt.no, typed)
    return RedirectResponse(f"/desk/register/{receipt.no}", status_code=303)


def _must_look(hints: Sequence[Hint], form: FormData) -> bool:
    """Whether a likely repeat is to be looked at before it is saved: once, and not if it was shown while typing."""
    shown = {value for value in form.getlist("seen") if isinstance(value, str)}
    return any(hint.similarity.cosine and hint.case.no not in shown for hint in hints)


async def _link(context: AppContext, actor: Actor, no: str, typed: Mapping[str, Any]) -> None:
    """What the clerk said it has to do with an earlier case."""
    kinds = (LinkKind.REPEAT_OF, LinkKind.NEW_FACTS_OF, LinkKind.CAMPAIGN)
    if typed["related"] and typed["relation"] in kinds:
        try:
            await links.add_link(actor, no, typed["related"], LinkKind(typed["relation"]), now=context.clock.now())
        except (Invalid, NotFound):
            return  # a case that is gone from view meanwhile: the message itself is what counts


async def check(request: Request) -> Response:
    """What may have been said before, as a piece of the page for whoever is typing."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    async with open_form(request) as form:
        typed = _typed(form)
    values = {"hints": await _hint_lines(await _hints(request, actor, typed), context), "typed": typed}
    return context.render(request, "desk/hints.html", values)


async def _hints(request: Request, actor: Actor, typed: Mapping[str, Any]) -> list[Hint]:
    """Earlier cases of the person or in the same words; that a person was looked for is written down when found."""
    context: AppContext = request.app.state.context
    phone = intake.normalize_phone(typed["person.phone"])
    person = {
        "name": intake.clean_line(typed["person.name"]),
        "phone": phone,
        "id_kind": typed["person.id_kind"],
        "id_number": intake.normalize_document(typed["person.id_number"]),
    }
    realm = links.realm_number(typed["kind"] == Kind.REPORT)
    hints = await link_proposals.find_hints(
        actor, typed["title"], typed["text"], person, context.settings.vault, realm=realm
    )
    if any({"phone", "id"} & set(hint.known_by) for hint in hints):
        await access_log.log_read(actor, "person", detail=f"登记时查重：{len(hints)} 件", now=context.clock.now())
    return hints


async def _hint_lines(hints: Sequence[Hint], context: AppContext) -> list[dict[str, Any]]:
    names, calendar, now = (
        await directory.load_directory(),
        await calendar_editions.load_current_calendar(),
        context.clock.now(),
    )
    return [
        {
            "case": worklist_views.row_view(hint.case, names, now, calendar),
            "why": [link_views.PERSON_WORDS[how] for how in hint.known_by]
            + (
                [f"文字相似 {max(hint.similarity.cosine, hint.similarity.containment):.0%}"]
                if hint.similarity.cosine
                else []
            ),
            "passages": hint.passages,
            "strong": bool(hint.known_by) or hint.similarity.is_same,
        }
        for hint in hints
    ]


async def store_late_draft(request: Request) -> None:
    """Keep what was typed into a form that came after the session ended, sealed, for whoever wrote it."""
    username = await sessions.expired_session_user(request)
    if username is None:
        return
    async with open_form(request) as form:
        typed = _typed(form)
        typed["attachments"] = (await store_uploads(request, form)).ids
    await drafts.store_staff_draft(request.app.state.context, DRAFT, username, typed)


async def drop(request: Request) -> Response:
    """Throw away what was kept."""
    actor = current_actor(request)
    await drafts.delete_staff_draft(request.app.state.context, DRAFT, actor.id)
    return RedirectResponse("/desk/register", status_code=303)


async def registered(request: Request) -> Response:
    """The slip of a case of this desk: number, query code and what to do with them. The look is written down.

    Of a report that went to another desk, because nobody here may open one, it says where it went and no more.
    """
    context: AppContext = request.app.state.context
    actor, now, no = current_actor(request), context.clock.now(), request.path_params["no"]
    names = await directory.load_directory()
    file: CaseFile | None = None
    try:
        file = await case_queries.load_file(actor, no, vault=context.settings.vault)
        desk = file.desk
    except NotFound:
        desk = await case_lookup.find_desk_of_intake(actor, no, now=now)
    if file and desk != actor.unit:
        raise Forbidden(no=no)
    await access_log.log_read(actor, "code", no, now=now)
    base = context.settings.public_url or str(request.base_url).rstrip("/")
    values = {
        **desk_frame.frame_values(actor, names),
        "no": no,
        "code": await case_lookup.load_receipt_code(no, context.settings.vault),
        "opens": file is not None,
        "rows": [("编号", no), *(_said_on_the_slip(file) if file else ()), ("受理窗口", names.name(desk))],
        "dues": [(c.label, c.due_legal_day) for c in file.clocks if c.is_personal and c.stopped_at is None]
        if file
        else [],
        "qr": segno.make(f"{base}/lookup?no={no}", error="m").svg_data_uri(omitsize=True, border=2),
        "by_proxy": next((party for party in file.beside if party.role == parties.PartyRole.PROXY), None)
        if file
        else None,
    }
    return context.render(request, "desk/registered.html", values)


def _said_on_the_slip(file: CaseFile) -> list[tuple[str, str]]:
    return [
        ("标题", file.title),
        ("来源", catalogue.CHANNELS[file.channel]),
        ("人数", party_views.headcount_words(file.headcount)),
        ("收到时间", dates.time_words(file.received_at)),
    ]


def _blank(context: AppContext) -> dict[str, Any]:
    now = context.clock.now().astimezone(OFFICE_TIMEZONE)
    return dict.fromkeys(_TEXTS, "") | {
        "channel": Channel.HOTLINE.value,
        "headcount": "1",
        "key": identifiers.new_id(),
        "visit_at": f"{now:%Y-%m-%dT%H:%M}",
        "attachments": [],
    }


def _typed(form: FormData) -> dict[str, Any]:
    typed: dict[str, Any] = {name: parsing.read_field(form, name).strip() for name in _TEXTS}
    return typed | {name: name in form for name in _SWITCHES}


def _draft_of(typed: Mapping[str, Any], actor: Actor) -> tuple[Submission, dict[str, str]]:
    """The draft the form says, and what only this form can find wrong."""
    faults: dict[str, str] = {}
    headcount = _number(typed["headcount"] or "1", "headcount", parties.HEADCOUNT_MOST, faults)
    if typed["channel"] not in AT_THE_DESK:
        faults["channel"] = "missing"
    proxy = Proxy(
        PersonSubmission(typed["proxy.name"], typed["proxy.phone"]),
        kind=typed["proxy.kind"],
        authority=typed["proxy.authority"],
    )
    representatives = [
        PersonSubmission(typed[f"rep{n}.name"], typed[f"rep{n}.phone"]) for n in range(parties.REPRESENTATIVES_MOST)
    ]
    draft = Submission(
        kind=typed["kind"],
        title=typed["title"],
        text=typed["text"],
        channel=typed["channel"],
        desk=actor.unit,
        source_id=f"desk-{typed['key']}" if typed["key"] else "",
        sender=actor.id,
        profile=typed["profile"],
        region=typed["region"],
        address=typed["address"],
        person=PersonSubmission(**{name: typed[f"person.{name}"] for name in _PERSON}),
        anonymous=typed["anonymous"],
        public_consent=typed["public_consent"],
        attachments=tuple(typed["attachments"]),
        urgency=int(typed["urgency"]) if typed["urgency"] in ("1", "2") else 0,
        headcount=headcount,
        representatives=tuple(
            representative for representative in representatives if representative != PersonSubmission()
        ),
        proxy=proxy if proxy != Proxy(PersonSubmission()) else None,
        particulars={row.name: typed[row.name] for row in intake_fields.INTAKE_FIELDS},
        birth_day=typed["birth_day"],
        age_group=typed["age_group"],
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
    return catalogue.fault_words(name, code)


def _field(name: str) -> str:
    if name.startswith("representatives."):
        return "rep" + name.removeprefix("representatives.")
    return _FIELD_OF.get(name, name)


async def _shown(
    request: Request,
    actor: Actor,
    typed: Mapping[str, Any],
    errors: Mapping[str, str],
    *,
    hints: Sequence[Hint] = (),
    asked: bool = False,
    restored: bool = False,
) -> Response:
    context: AppContext = request.app.state.context
    settings, names = context.settings, await directory.load_directory()
    values = {
        **desk_frame.frame_values(actor, names),
        "typed": dict.fromkeys(_SWITCHES, False) | dict(typed),
        "errors": dict(errors),
        "hints": await _hint_lines(hints, context),
        "asked": asked,
        "restored": restored,
        "channels": [(c.value, catalogue.CHANNELS[c.value]) for c in AT_THE_DESK],
        "kinds": worklist_views.kind_options(PUBLIC_KINDS),
        "profiles": [(p.value, catalogue.PROFILES[p.value]) for p in (Profile.HOTLINE, Profile.PETITION)],
        "regions": worklist_views.region_groups(names, settings.region),
        "urgencies": [("1", "特急（危及生命财产，2 小时）"), ("2", "紧急（水电气热，24 小时）")],
        "proxies": [(kind.code, kind.words) for kind in parties.PROXY_KINDS],
        "documents": list(catalogue.DOCUMENT_KINDS.items()),
        "ages": [(code, catalogue.MARKERS[code]) for code in (case_markers.UNDER_14, case_markers.UNDER_18)],
        "authorities": list(catalogue.AUTHORITIES.items()),
        "particulars": _groups(),
        "opened": _opened(typed, errors),
        "files": await attachments.list_unclaimed(typed.get("attachments", ())),
        **upload_values(settings.attachments_max, settings.upload_max_bytes),
    }
    return context.render(request, "desk/register.html", values, status=422 if errors else 200)


_HEADS: tuple[tuple[str, str, frozenset[Channel]], ...] = (
    ("visit", "来访", frozenset({Channel.VISIT, Channel.AGENT})),
    ("letter", "来信、传真", frozenset({Channel.LETTER, Channel.FAX})),
    ("above", "上级交办、转送", frozenset({Channel.TRANSFER})),
    ("mailbox", "领导信箱", frozenset({Channel.MAILBOX})),
)


def _groups() -> list[tuple[str, str, str, list[intake_fields.IntakeField]]]:
    """The particulars of some channels each under its heading, then those of all: id, heading, channels, rows."""
    groups = [
        (
            id_,
            words,
            " ".join(sorted(channels)),
            [row for row in intake_fields.INTAKE_FIELDS if row.channels == channels],
        )
        for id_, words, channels in _HEADS
    ]
    everywhere = [row for row in intake_fields.INTAKE_FIELDS if row.channels == frozenset(Channel)]
    return [*groups, ("more", "其他登记项", "", everywhere)]


def _opened(typed: Mapping[str, Any], errors: Mapping[str, str]) -> set[str]:
    """The collapsed sections that hold something, or where something is wrong."""
    section_ids = {
        id_
        for id_, _, _, rows in _groups()
        if any((typed.get(row.name) and row.name != "visit_at") or row.name in errors for row in rows)
    }
    section_ids |= {id_ for id_, _, channels in _HEADS if typed["channel"] in channels}
    if any(typed.get(name) for name in _REPRESENTATIVES) or any(name.startswith("rep") for name in errors):
        section_ids.add("group")
    if typed.get("proxy.kind") or typed.get("proxy.name") or any(name.startswith("proxy") for name in errors):
        section_ids.add("proxy")
    return section_ids
