"""Builds the answers of the API (`web.api.schemas`) from cases, clocks, units and worklist rows, and encodes them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from starlette.responses import Response

from feedback.letter_register import IssuedLetter
from feedback.rules.clocks import Clock
from feedback.rules.geography import Crs, Location, from_wgs84
from feedback.rules.lifecycle import Step
from feedback.rules.needs import Need
from feedback.rules.read_models import CaseFile, DeadlineChangeView, EntryView, PartyView, PersonView, WorkRow
from feedback.rules.vocabulary import ANSWERING_ACTS, PERSON_ACTS, Act, Channel, Kind, Status
from routing.directory import Directory
from web.api.schemas import responses
from web.forms import parsing, step_forms
from web.presentation import todo
from web.presentation.deadline_changes import render_change
from web.presentation.timeline import category_words
from web.wording import acts, catalogue
from web.wording.dates import iso

REFERENCE_CACHE = {"Cache-Control": "public, max-age=300"}
"""Headers of reference tables: they change once in a while, a client may ask every five minutes."""


def json_response(
    answer: Struct | Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer as JSON."""
    return Response(msgspec.json.encode(answer), status, headers, "application/json")


def build_unit(code: str, directory: Directory) -> responses.UnitName:
    """A unit with its name."""
    return responses.UnitName(code, directory.name(code))


def build_optional_unit(code: str, directory: Directory) -> responses.UnitName | None:
    """The same where there may be none yet: "" is answered as null."""
    return build_unit(code, directory) if code else None


def build_clock(clock: Clock, now: datetime) -> responses.ClockOut:
    """A clock as it stands now."""
    return responses.ClockOut(
        term=clock.term,
        label=clock.label,
        unit=clock.unit or None,
        starts_at=iso(clock.starts_at),
        due_raw_day=clock.due_raw_day.isoformat(),
        due_legal_day=clock.due_legal_day.isoformat(),
        due_at=iso(clock.due_at),
        state=clock.state(now),
        light=clock.light(now),
        law=clock.law,
        provisional=clock.provisional,
    )


def build_case(
    file: CaseFile,
    letters: Iterable[IssuedLetter],
    directory: Directory,
    now: datetime,
    *,
    rating_days: int,
    crs: Crs = Crs.WGS84,
) -> responses.CaseOut:
    """A case with its letters; each act it offers describes the fields it asks for.

    Its citizen also gets what they may do now and until when they are answered. `rating_days`: the rating window. `crs`:
    the coordinate system of its location.
    """
    replies = [entry for entry in file.entries if entry.act in ANSWERING_ACTS]
    return responses.CaseOut(
        no=file.no,
        kind=file.kind,
        profile=file.profile,
        stage=file.stage,
        title=file.title,
        text=file.text,
        status=file.status,
        status_text=catalogue.STATUSES[file.status.value],
        unit=build_optional_unit(file.unit, directory),
        co_units=[build_unit(code, directory) for code in file.co_units],
        category=file.category or None,
        category_text=category_words(file.category),
        region=file.region or None,
        address=file.address,
        location=_build_location(file.location, crs) if file.location else None,
        channel=Channel(file.channel),
        version=file.version,
        person=_build_person(file.person) if file.person else None,
        headcount=file.headcount,
        beside=[_build_party(party) for party in file.beside],
        markers=list(file.markers),
        recused=sorted(file.recused),
        received_at=iso(file.received_at),
        clocks=[build_clock(clock, now) for clock in file.clocks],
        date_changes=[_build_date_change(change) for change in file.deadline_changes],
        timeline=[_build_timeline_entry(entry, directory) for entry in file.entries],
        attachments=[responses.FileOut(row.id, row.name, row.size, row.type, row.scan) for row in file.attachments],
        letters=[_build_letter(letter) for letter in letters],
        reply=str(replies[-1].data.get("text", "")) if replies else None,
        acts=[_build_act_offer(step, file) for step in file.steps(now)],
        todo=_build_todo(file, directory, now, rating_days) if file.is_own else msgspec.UNSET,
        promise=_build_promise(file) if file.is_own else msgspec.UNSET,
    )


def _build_location(location: Location, crs: Crs) -> responses.LocationOut:
    lat, long = from_wgs84(location.lat, location.long, crs)
    return responses.LocationOut(lat, long, crs.value, location.accuracy_m, location.text)


def _build_todo(file: CaseFile, directory: Directory, now: datetime, rating_days: int) -> responses.TodoOut | None:
    view = todo.build_todo(file, directory, now, rating_days)
    return build_todo(view) if view else None


def build_todo(view: todo.TodoView) -> responses.TodoOut:
    """The one thing to do, for the citizen."""
    return responses.TodoOut(view.act, view.label, view.because, view.until.isoformat() if view.until else None)


def _build_promise(file: CaseFile) -> responses.PromiseOut | None:
    view = todo.build_promise(file)
    return responses.PromiseOut(view.day.isoformat(), view.label, view.explain_url or None) if view else None


def _build_person(person: PersonView) -> responses.PersonOut:
    answer = responses.PersonOut(person.name, person.phone, person.is_masked)
    if person.email:
        answer.email = person.email
    if person.org_name:
        answer.org = responses.OrganizationOut(person.org_name, person.org_code)
    return answer


def _build_party(party: PartyView) -> responses.PartyOut:
    person = party.person
    return responses.PartyOut(
        role=party.role, kind=party.kind, name=person.name, phone=person.phone, masked=person.is_masked
    )


def _build_date_change(change: DeadlineChangeView) -> responses.DateChange:
    return responses.DateChange(
        term=change.term,
        label=change.label,
        before_day=change.before.isoformat(),
        after_day=change.after.isoformat(),
        at=iso(change.at),
        edition=change.edition,
        why=render_change(change),
    )


def _build_timeline_entry(entry: EntryView, directory: Directory) -> responses.TimelineEntry:
    data, act = entry.data, Act(entry.act)
    answer = responses.TimelineEntry(at=iso(entry.at), act=act, act_text=acts.done_line(entry.act))
    if entry.time_unknown:
        answer.time_unknown = True
    if unit := str(data.get("unit") or "") or entry.unit:
        answer.unit = build_unit(unit, directory)
    text = str(data.get("text") or data.get("cause") or data.get("reason") or "")
    if text and act is not Act.SUBMIT:
        answer.text = text
    if act in (Act.MERGE, Act.ANSWER_MERGED) and "case" in data:
        answer.case = str(data["case"])
    if act is Act.RATE:
        answer.level = data.get("level")
    if act is Act.EXTEND:
        answer.days = data.get("days")
    if act is Act.DECLINE:
        answer.where_instead = data.get("where_instead")
    if act in PERSON_ACTS:
        _add_personal_data(answer, data)
    return answer


def _add_personal_data(answer: responses.TimelineEntry, data: Mapping[str, Any]) -> None:
    """What a person asks of their own data, and on what ground it was decided."""
    if "scope" in data:
        answer.scope = str(data["scope"])
    if "ground" in data:
        answer.ground = catalogue.choice_words("ground", str(data["ground"]))
    names = ("name", "phone", "id_kind", "id_number", "home_address")
    if correction := {name: str(data[name]) for name in names if name in data}:
        answer.correction = correction


def _build_letter(letter: IssuedLetter) -> responses.LetterOut:
    return responses.LetterOut(
        id=str(letter.id),
        code=letter.code,
        title=letter.letter_type.title,
        number=letter.number,
        issued_at=iso(letter.issued_at),
        verify=letter.token,
    )


def _build_act_offer(step: Step, file: CaseFile) -> responses.ActOffer:
    may = [need for need in step.may if need.name not in parsing.SYSTEM_NEEDS]
    return responses.ActOffer(
        act=step.act,
        label=acts.ACTS[step.act].label,
        needs=[need.name for need in step.needs],
        may=[need.name for need in may],
        fields=[_build_field(need, step, file) for need in (*step.needs, *may)],
    )


def _build_field(need: Need, step: Step, file: CaseFile) -> responses.FieldOut:
    options = step_forms.list_options(step.act.value, need, (file.profile, file.kind, file.stage))
    return responses.FieldOut(
        name=need.name,
        label=catalogue.NEEDS.get(need.name, need.name),
        sort=need.sort,
        optional=need.optional,
        most=need.most,
        options=[responses.OptionOut(code, label) for code, label in options] if options else msgspec.UNSET,
    )


def build_desk_row(row: WorkRow, directory: Directory, now: datetime) -> responses.DeskRow:
    """A line of `GET /desk/cases`."""
    return responses.DeskRow(
        no=row.no,
        kind=Kind(row.kind),
        title=row.title,
        status=Status(row.status),
        status_text=catalogue.STATUSES[row.status],
        unit=build_optional_unit(row.unit, directory),
        category=row.category or None,
        region=row.region or None,
        channel=Channel(row.channel),
        urgency=row.urgency,
        flags=row.flags.split(),
        markers=row.markers.split(),
        received_at=iso(row.received_at),
        due_at=iso(row.next_due_at) if row.next_due_at else None,
        light=row.light(now),
    )
