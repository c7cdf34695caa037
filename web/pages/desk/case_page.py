"""Building the staff page of one case: file, clocks, forms of the open steps, proposed values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback import attachments, links
from feedback.kernel.clock import office_day
from feedback.queries import cases as case_queries
from feedback.queries import minors
from feedback.record import calendar_editions
from feedback.rules import intake_fields, parties
from feedback.rules.access import Actor
from feedback.rules.case_markers import LED, MINORS
from feedback.rules.lifecycle import Step
from feedback.rules.read_models import CaseFile, LinkView, PartyView
from feedback.rules.vocabulary import Act, LinkState, Role, Stage, Status
from feedback.rules.workdays import Calendar, Editions
from routing import directory
from routing.directory import Directory
from web.actions import publication, suggestions
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import reply_templates, step_forms
from web.forms.step_forms import Choices
from web.forms.uploads import upload_values
from web.letters import issuing
from web.presentation import case as case_views
from web.presentation import deadline_changes, desk_case, desk_frame
from web.presentation import flags as flag_views
from web.presentation import links as link_views
from web.presentation import parties as party_views
from web.presentation import worklist as worklist_views
from web.presentation.case import CaseView
from web.presentation.desk_frame import Option
from web.wording import acts, catalogue, dates, imports


@dataclass(frozen=True, slots=True)
class Looked:
    """A case as a member of staff looks at it now."""

    actor: Actor
    file: CaseFile
    view: CaseView
    names: Directory
    editions: Editions
    now: datetime

    @property
    def calendar(self) -> Calendar:
        return self.editions.newest

    def step(self, what: str) -> Step | None:
        return next((step for step in self.file.steps(self.now) if step.act.value == what), None)


async def looked(request: Request) -> Looked:
    """The case of the address, as the one who asks may see it; the look is written down, whatever it was for."""
    context: AppContext = request.app.state.context
    actor, now = current_actor(request), context.clock.now()
    names, editions = await directory.load_directory(), await calendar_editions.load_editions()
    no, vault = request.path_params["no"], context.settings.vault
    file = await case_queries.load_file(actor, no, vault=vault, log_at=now)
    return Looked(actor, file, case_views.case_view(file, names, actor, now, editions.newest), names, editions, now)


async def shown(
    request: Request,
    seen: Looked,
    *,
    opened: str = "",
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    flash: Mapping[str, str] | None = None,
    since: int | None = None,
    status: int = 200,
) -> Response:
    context: AppContext = request.app.state.context
    settings, file = context.settings, seen.file
    values = await _proposed(request, seen)
    if typed is not None:
        values[opened] = dict(typed)
    steps = [s for s in file.steps(seen.now) if s.act is not Act.PUBLISH or file.public_consent]
    choices = Choices(
        units=tuple(worklist_views.unit_groups(seen.names)),
        categories=tuple(worklist_views.category_groups(with_heads=True)),
        clocks=file.clocks,
        phrases=await reply_templates.list_phrases(file, seen.names, seen.actor.name),
        desks=tuple(worklist_views.unit_groups(seen.names, await directory.list_desks()))
        if seen.step("transfer")
        else (),
        staff=await _staff(seen) if seen.step("recuse") else (),
        involved=tuple(worklist_views.unit_groups(seen.names, (file.unit, *file.co_units, file.desk))),
        case=(file.profile, file.kind, file.stage),
    )
    forms = step_forms.build_forms(steps, values, choices)
    waiting = await attachments.list_unclaimed((typed or {}).get("attachments", ()))
    linked = await links.list_links(seen.actor, file.no)
    known = {link.there.no for link in linked}
    page_values = {
        **desk_frame.frame_values(seen.actor, seen.names),
        "view": seen.view,
        "links": link_views.list_link_lines(linked, seen.names, seen.now, seen.calendar),
        "answers": await _repeat_answers(request, seen, linked),
        "may_merge": seen.step("merge") is not None,
        "others": [
            worklist_views.row_view(row, seen.names, seen.now, seen.calendar)
            for row in await links.list_others_of_person(seen.actor, file.no)
            if row.no not in known
        ],
        "clocks": desk_case.clock_lines(file, seen.view.clocks),
        "markers": worklist_views.marker_words(file.markers),
        "is_minor": bool(MINORS & set(file.markers)),
        "is_guarded": minors.has_guardian(file.beside),
        "marks": flag_views.list_case_flags(file.title, file.text, file.flags),
        "moves": [
            (dates.short_time(change.at), deadline_changes.render_change(change)) for change in file.deadline_changes
        ],
        "facts": _facts(seen),
        "tenures": _tenures(seen),
        "forms": forms,
        "opened": opened or next((form.act for form in forms[:1] if Act(form.act) in acts.EXPECTED), ""),
        "errors": errors or {},
        "flash": flash,
        "timeline": desk_case.staff_timeline(seen.view.timeline),
        "news": [e for e in seen.view.timeline if since is not None and e.seq > since],
        "seq": len(file.entries),
        "waiting": waiting,
        "letters": await issuing.list_letters(seen.actor, file, f"/desk/cases/{file.no}/letters/"),
        "letter_acts": issuing.list_letter_acts(file),
        "similar": [
            worklist_views.row_view(row, seen.names, seen.now, seen.calendar)
            for row in await suggestions.find_similar(seen.actor, file, seen.names, seen.now)
            if row.no not in known
        ],
        "suggestion": await suggestions.suggest_for_desk(context, seen.actor, file, seen.names),
        "ordered": ordered_from_above(seen),
        "is_desk": Role.RECEPTION in seen.actor.roles and seen.actor.unit == file.desk,
        "no_consent": file.status in (Status.REPLIED, Status.CLOSED) and not file.public_consent,
        **upload_values(settings.attachments_max, settings.upload_max_bytes),
    }
    return context.render(request, "desk/case_page.html", page_values, status=status)


async def _staff(seen: Looked) -> tuple[Option, ...]:
    """Whoever works in the desk and the units of the case, as code and words."""
    units = dict.fromkeys((seen.file.unit, *seen.file.co_units, seen.file.desk))
    staff_rows = [(unit, row) for unit in units if unit for row in await directory.list_staff(unit)]
    return tuple((row["username"], f"{seen.names.short(unit)} {row['name']}") for unit, row in staff_rows)


async def _repeat_answers(
    request: Request, seen: Looked, linked: Sequence[LinkView]
) -> dict[int, link_views.RepeatAnswer]:
    """What would be answered to each undecided repeat that may still be declined."""
    if seen.step("decline") is None:
        return {}
    context: AppContext = request.app.state.context
    answers = {}
    for link in linked:
        if link.is_later and link.state == LinkState.PROPOSED and link.same_person:
            first = await case_queries.load_file(seen.actor, link.there.no, vault=context.settings.vault)
            answer = link_views.build_repeat_answer(seen.file, first, seen.names, seen.calendar, seen.now)
            if answer is not None:
                answers[link.id] = answer
    return answers


async def _proposed(request: Request, seen: Looked) -> dict[str, dict[str, Any]]:
    """What the forms already hold: the masked words to publish, the days asked for, the category now."""
    file = seen.file
    values: dict[str, dict[str, Any]] = {"classify": {"category": file.category}}
    if seen.step("publish"):
        context: AppContext = request.app.state.context
        redactor = await publication.load_redactor(context, seen.actor, file.no)
        words = {"title": file.title, "question": file.text, "answer": seen.view.reply}
        values["publish"] = {name: redactor.mask(text) for name, text in words.items()}
    for act, before, names in _ASKED_BEFORE:
        asked = next((e for e in reversed(file.entries) if e.act in before), None)
        if asked and seen.step(act):
            values[act.value] = {name: asked.data.get(name, "") for name in names}
    if seen.step("assign"):
        values["assign"] = {"unit": suggestions.current_decision(file, seen.names).unit} | ordered_from_above(seen)
    return values


_ASKED_BEFORE = (
    (Act.EXTEND, (Act.ASK_EXTENSION, Act.ENDORSE_EXTENSION), ("reason", "days")),
    (Act.ENDORSE_EXTENSION, (Act.ASK_EXTENSION,), ("reason", "days")),
    (Act.HOLD, (Act.ASK_HOLD,), ("reason", "target_day")),
    (Act.REPLY, (Act.DRAFT_REPLY,), ("text", "outcome", "facts", "basis", "public")),
    (Act.DECLINE, (Act.ASK_DECLINE,), ("ground", "reason", "where_instead")),
    (Act.DIVERT, (Act.ASK_DIVERT,), ("legal_route", "text", "where_instead", "target_day")),
)
"""The steps that decide what somebody asked for, the acts that ask, and what is taken over from them."""


def ordered_from_above(seen: Looked) -> dict[str, str]:
    """A commission by the day that whoever sent it down wants a report; nothing once that day is over."""
    day = str(seen.file.entries[0].data.get("particulars", {}).get("limit_day", ""))
    is_open = seen.file.stage is Stage.FIRST and day >= office_day(seen.now).isoformat()
    return {"mode": "commission", "target_day": day} if is_open else {}


def _facts(seen: Looked) -> list[tuple[str, str]]:
    file, view = seen.file, seen.view
    place = f"{view.region_text} {file.address}".strip()
    rows = [("内容分类", view.category_text), ("地点", place), ("来源", view.channel_text)]
    if file.person:
        p = file.person
        rows += [
            ("姓名", p.name),
            ("电话", "只与监护人联系" if p.is_reached_by_guardian else p.phone),
            (catalogue.DOCUMENT_KINDS.get(p.id_kind) or catalogue.field_label("id_number"), p.id_number),
            ("住址", p.address),
            (catalogue.field_label("email"), p.email),
            ("代表单位", "　".join(part for part in (p.org_name, p.org_code) if part)),
        ]
    else:
        rows.append(("姓名", "没有留名"))
    rows += [_beside(party) for party in file.beside]
    rows += [
        ("领导包案", _describe_leader(file)),
        ("人数", party_views.headcount_words(file.headcount)),
        *intake_fields.render_values(file.entries[0].data.get("particulars", {})),
        ("匿名", "不让承办单位知道姓名电话" if file.anonymous else ""),
        ("公开", "同意隐去个人信息后公开" if file.public_consent else "不同意公开"),
        ("请求回避的人员", file.exclude),
        ("受理窗口", view.desk),
        *((imports.tell("set_aside", field=imports.FIELDS.get(name, name)), cell) for name, cell in file.set_aside),
    ]
    return [(term, words) for term, words in rows if words]


def _describe_leader(file: CaseFile) -> str:
    """Which leader is in charge of the case, in which post and since when; "" while none is."""
    if LED not in file.markers:
        return ""
    data = next(e.data for e in reversed(file.entries) if e.act == Act.SET_MARKER and e.data["marker"] == LED)
    day = date.fromisoformat(data["since_day"])
    return f"{data['leader_name']}（{data['leader_post']}），{dates.day_words(day)}起"


def _beside(party: PartyView) -> tuple[str, str]:
    """A representative or a proxy, with the sort of proxy and its right."""
    p, kind = party.person, parties.find_proxy_kind(party.kind)
    parts = [p.name, p.phone, p.id_number]
    if kind is None:
        name = "承继人" if party.role == parties.PartyRole.HEIR else "代表"
        return name, "　".join(part for part in parts if part)
    parts += [kind.words, catalogue.AUTHORITIES[party.authority]]
    if kind.code == parties.GUARDIAN:
        return "监护人", "　".join(part for part in parts if part)
    return "代理人", "　".join(part for part in parts if part)


def _tenures(seen: Looked) -> list[dict[str, str]]:
    return [
        {
            "unit": seen.names.name(t.unit),
            "role": "主办" if t.lead else "协办",
            "since": dates.short_time(t.since),
            "until": dates.short_time(t.until) or "现在",
            "task": t.task,
        }
        for t in seen.file.tenures
    ]
