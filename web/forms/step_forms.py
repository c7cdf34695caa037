"""Building the form of a step from STEPS, and reading what the clerk typed into it.

Made from the rows of STEPS, so a new step is a row and a label, never a new form.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from feedback.rules import decision_grounds
from feedback.rules.clocks import Clock
from feedback.rules.extensions import max_extension_days
from feedback.rules.lifecycle import Step
from feedback.rules.local_ordinances import cite_with_ordinance
from feedback.rules.needs import Need
from feedback.rules.terms import TermUnit
from feedback.rules.vocabulary import Act, Kind, Profile, Stage
from web.forms import parsing
from web.forms.parsing import SYSTEM_NEEDS
from web.presentation.desk_frame import Group, Option
from web.wording import acts, catalogue
from web.wording.acts import ActWording

Phrase = tuple[str, str, str]
"""Code, title and text of a text to start from. The code says which one was chosen, whatever it is called."""


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of a step's form."""

    name: str
    label: str
    sort: str
    optional: bool
    hint: str
    most: int
    rows: int
    value: Any
    options: tuple[Option, ...] = ()
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class ActForm:
    """The form of one step."""

    act: str
    label: str
    button: str
    stops: bool
    reviewed: bool
    fields: tuple[FieldView, ...]
    law: str
    remark: str
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the fields offer to choose from."""

    units: tuple[Group, ...]
    categories: tuple[Group, ...]
    clocks: tuple[Clock, ...]
    phrases: Mapping[str, tuple[Phrase, ...]]
    desks: tuple[Group, ...] = ()
    staff: tuple[Option, ...] = ()
    involved: tuple[Group, ...] = ()  # the units that have to do with the case
    case: tuple[Profile, Kind, Stage] = (Profile.HOTLINE, Kind.COMPLAINT, Stage.FIRST)


def list_options(act: str, need: Need, case: tuple[Profile, Kind, Stage]) -> tuple[Option, ...]:
    """What a choice offers in such a case: code and words."""
    if rows := decision_grounds.list_grounds(Act(act), need.name, *case):
        return tuple((row.code, row.label) for row in rows if row.offered)
    if need.choices:
        return tuple((code, catalogue.CHOICES[need.name][code]) for code in need.choices)
    field = acts.ACTS[Act(act)].fields.get(need.name)
    return tuple((code, catalogue.OUTCOMES[code]) for code in (field.outcomes if field else ()))


def build_forms(steps: Iterable[Step], values: Mapping[str, Mapping[str, Any]], choices: Choices) -> list[ActForm]:
    """The forms of the open steps, the likeliest first. `values`: what each already holds, by act and need."""
    ordered = sorted(steps, key=lambda step: acts.ORDER.index(step.act) if step.act in acts.ORDER else len(acts.ORDER))
    return [_build_form(step, values.get(step.act.value, {}), choices) for step in ordered]


def _build_form(step: Step, values: Mapping[str, Any], choices: Choices) -> ActForm:
    act, wording = step.act.value, acts.ACTS[step.act]
    needs = [need for need in (*step.needs, *step.may) if need.name not in SYSTEM_NEEDS]
    return ActForm(
        act=act,
        label=wording.label,
        button=wording.button,
        stops=wording.stops,
        reviewed=wording.reviewed,
        fields=tuple(_build_field(wording, need, values.get(need.name, ""), choices) for need in needs),
        law=cite_with_ordinance(step.act, step.profiles, step.law),
        remark=step.remark,
        phrases=tuple(choices.phrases.get(act, ())),
    )


def _build_field(wording: ActWording, need: Need, value: Any, choices: Choices) -> FieldView:
    sort, most, hint = need.sort, need.most, wording.field_hint(need.name)
    if options := list_options(wording.act.value, need, choices.case):
        sort = "select"
    elif sort == "staff":
        sort, options = "select", choices.staff
    if need.name == "days":
        most, hint = max_extension_days(choices.clocks), _days_hint(choices.clocks)
    if sort == "desk":
        sort, groups = "unit", choices.desks
    elif need.name == "addressee":
        groups = choices.involved
    else:
        groups = choices.units if sort in ("unit", "units") else choices.categories if sort == "category" else ()
    return FieldView(
        name=need.name,
        label=wording.field_label(need.name),
        sort=sort,
        optional=need.optional,
        hint=hint,
        most=most,
        rows=wording.rows,
        value=value,
        options=options,
        groups=groups,
    )


def _days_hint(clocks: tuple[Clock, ...]) -> str:
    most = max_extension_days(clocks)
    units = {c.length.unit for c in clocks if c.term == "resolve" and c.stopped_at is None}
    return f"最多 {most} {'个工作日' if TermUnit.WORKING in units else '日'}；只能延一次，理由会告知群众"


def parse_step_form(step: Step, form: FormData) -> dict[str, Any]:
    """What the form brings for the step, by need; files are stored by the caller."""
    needs = [need for need in (*step.needs, *step.may) if need.name not in SYSTEM_NEEDS and need.sort != "files"]
    return parsing.parse_form(form, needs)


def hidden_fields(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The typed data as hidden fields, to be sent again unchanged."""
    pairs: list[tuple[str, str]] = []
    for name, value in data.items():
        if isinstance(value, bool):
            pairs += [(name, "1")] if value else []
        elif isinstance(value, list | tuple):
            pairs += [(name, str(item)) for item in value]
        else:
            pairs.append((name, str(value)))
    return pairs
