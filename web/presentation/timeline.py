"""View objects of a case's steps and past events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from classify import taxonomy as categories
from evaluation import scale
from feedback.rules.lifecycle import Step
from feedback.rules.needs import Need
from feedback.rules.read_models import CaseFile, EntryView, FileView
from feedback.rules.vocabulary import Act, Profile
from routing.directory import Directory
from web.wording import acts, catalogue
from web.wording.dates import time_words

_HIDDEN_DATA = frozenset(
    {
        "title",
        "text",
        "channel",
        "region",
        "address",
        "location",
        "bars",
        "link",
        "attachments",
        "rule",
        "shared_files",
        "time_unknown",
        "urgency",
    }
)


ReplyStanding = Literal["current", "reviewed", "rejected"]


@dataclass(frozen=True, slots=True)
class StepView:
    """A step somebody may take: a button and its form."""

    act: str
    label: str
    needs: tuple[Need, ...]
    may: tuple[Need, ...]
    law: str
    remark: str


@dataclass(frozen=True, slots=True)
class EventView:
    """One line of the timeline."""

    seq: int
    act: str
    act_text: str
    at: datetime
    when: str
    who: str
    unit: str
    author_unit: str
    text: str
    details: tuple[tuple[str, str], ...]
    public: bool
    level: int
    files: tuple[FileView, ...]


def step_view(step: Step) -> StepView:
    return StepView(step.act.value, acts.ACTS[step.act].label, step.needs, step.may, step.law, step.remark)


def event_view(entry: EntryView, file: CaseFile, directory: Directory) -> EventView:
    data = entry.data
    text = str(data.get("text", "")) if entry.act != Act.SUBMIT else ""
    details = [
        (
            catalogue.NEEDS[name],
            _level_words(file, value) if name in _LEVEL_NEEDS else _detail_words(name, value, directory),
        )
        for name, value in data.items()
        if name not in _hidden_data(entry.act) and name in catalogue.NEEDS and value not in (None, "", [], False)
    ]
    if entry.role == "citizen":
        who = "群众"
    elif entry.role == "system":
        who = "系统"
    else:
        who = f"{directory.short(entry.unit)} {entry.actor_name}".strip()
    return EventView(
        seq=entry.seq,
        act=entry.act,
        act_text=acts.done_line(entry.act),
        at=entry.at,
        when=catalogue.UNKNOWN_TIME if entry.time_unknown else time_words(entry.at),
        who=who,
        unit=directory.short(str(data.get("unit") or "") or entry.unit) if (data.get("unit") or entry.unit) else "",
        author_unit=directory.name(entry.unit) if entry.unit else "",
        text=text,
        details=tuple(details),
        public=entry.public,
        level=int(data.get("level", 0)) if isinstance(data.get("level", 0), int) else 0,
        files=tuple(f for f in file.attachments if f.seq == entry.seq),
    )


def _hidden_data(act: str) -> frozenset[str]:
    """What a line does not repeat: the kind stands at the head of the page, unless it is what was corrected."""
    return _HIDDEN_DATA if act == Act.CHANGE_KIND else _HIDDEN_DATA | {"kind"}


_LEVEL_NEEDS = frozenset({"level", "desk_level"})


_CHOSEN = frozenset(
    {
        *("mode", "way", "ground", "legal_route", "trigger", "scope", "id_kind"),
        *("marker", "party_kind", "authority", "procedure"),
    }
)
"""What an act takes from a list of choices."""


def _level_words(file: CaseFile, level: Any) -> str:
    """A rating in the words of its own scale: three steps for petitions, five for the rest."""
    if file.profile is Profile.PETITION and level in catalogue.LEVELS:
        return scale.petition_text(level)
    return catalogue.LEVELS.get(level, str(level))


def _detail_words(name: str, value: Any, directory: Directory) -> str:
    match name:
        case "unit":
            return directory.name(str(value))
        case "proposed":
            return directory.name(str(value))
        case "held":
            return catalogue.HELD.get(str(value), str(value))
        case "units":
            return "、".join(directory.name(str(u)) for u in value)
        case "category":
            return category_words(str(value))
        case "confidence" | "known":
            return f"{float(value):.0%}"
        case "desk":
            return directory.name(str(value))
        case "fields":
            return "、".join(catalogue.FIELDS.get(str(field), str(field)) for field in value)
        case _ if name in _CHOSEN:
            return catalogue.choice_words(name, str(value))
        case "kind":
            return catalogue.KINDS[str(value)]
        case "outcome" | "contacted" | "solved":
            return catalogue.OUTCOMES.get(str(value), str(value))
        case "tags":
            return "、".join(scale.describe_tag(str(tag)) for tag in value)
        case _:
            return "是" if value is True else str(value)


def category_words(code: str) -> str:
    return categories.path_name(code) if code else "未分类"


def find_reply_standing(acts_in_order: Sequence[str]) -> ReplyStanding:
    """Whether the newest answer still stands: not while it is under review, nor once it was sent back."""
    standing: ReplyStanding = "current"
    for act in acts_in_order:
        standing = _STANDING_AFTER.get(act, standing)
    return standing


_STANDING_AFTER: dict[str, ReplyStanding] = {
    Act.REPLY: "current",
    Act.ANSWER_MERGED: "current",
    Act.RECTIFY: "current",
    Act.EXPLAIN: "current",
    Act.REVIEW: "reviewed",
    Act.RE_REVIEW: "reviewed",
    Act.REOPEN: "rejected",
    Act.REDO: "rejected",
}
