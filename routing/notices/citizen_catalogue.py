"""The table CITIZEN_NOTICES: of which events a citizen hears, by which template, how urgently, with which date.

The words stand in `web/wording/messages.toml` under the template's name. A row that says `is_statutory` is a thing the
law or the platform's duty to answer demands to be told: nobody opts out of it. No I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from feedback.rules.lifecycle import CLAIMS
from feedback.rules.vocabulary import Act, Kind, Profile, Stage
from routing.notices.delivery_hours import Priority


class CitizenDate(StrEnum):
    """Which date a message names."""

    NONE = ""
    ANSWER = "answer"  # by when the citizen is answered
    REVIEW = "review"  # by when a review is decided
    ASK_REVIEW = "ask_review"  # until when a review may be asked for; a right, of a recorded delivery
    RATE = "rate"  # until when the answer can be rated


CLOCKS: Mapping[CitizenDate, tuple[str, ...]] = {
    CitizenDate.ANSWER: ("answer_again", "answer"),
    CitizenDate.REVIEW: ("re_review", "review"),
    CitizenDate.ASK_REVIEW: ("ask_re_review", "ask_review"),
}
"""The terms of the clocks that hold a date, the one that counts first."""


class CitizenTexts(Protocol):
    """Renders a template in words, which the outside does, for somebody with these preferences (their id; 0: none).

    Returns the text and all values that stand in it. KeyError for an unknown template or a missing value.
    """

    def __call__(
        self, template: str, values: Mapping[str, str], *, is_plain: bool, preference: int
    ) -> tuple[str, dict[str, str]]: ...


@dataclass(frozen=True, slots=True)
class CitizenNotice:
    """One row: after this event, of such a case, this template."""

    event: str
    template: str
    push: Priority = Priority.WORKING
    is_statutory: bool = False
    date: CitizenDate = CitizenDate.NONE
    profiles: frozenset[Profile] = frozenset(Profile)
    kinds: frozenset[Kind] = frozenset(Kind)
    stages: frozenset[Stage] = frozenset(Stage)


_NOW = Priority.AT_ONCE
_PETITION, _HOTLINE = frozenset({Profile.PETITION}), frozenset({Profile.HOTLINE})
_RECTIFY = frozenset({Kind.RECTIFY})
_ANY = frozenset(Kind) - _RECTIFY
_FIRST, _REVIEW, _RE_REVIEW = frozenset({Stage.FIRST}), frozenset({Stage.REVIEW}), frozenset({Stage.RE_REVIEW})
_LAW = True

_PERSON_DECISIONS = (
    *(Act.CORRECT, Act.REFUSE_CORRECTION, Act.ERASE, Act.REFUSE_ERASURE),
    *(Act.RESTRICT, Act.REFUSE_RESTRICTION),
)
"""What decides a request about one's own data (个人信息保护法 第五十条)."""

REPORT_RECEIVED, REPORT_MOVED = "report_received", "report_moved"
"""The only two things that whoever brought a report (检举控告) ever hears: it lights up on a locked telephone."""

# fmt: off
CITIZEN_NOTICES: tuple[CitizenNotice, ...] = (
    CitizenNotice("case.submit",        "received",         _NOW, _LAW, CitizenDate.ANSWER, kinds=_ANY),
    CitizenNotice("case.assign",        "assigned",         kinds=_ANY),
    CitizenNotice("case.accept",        "accepted",         is_statutory=_LAW, kinds=_ANY),
    CitizenNotice("case.ask",           "asked",            _NOW, _LAW, kinds=_ANY),
    CitizenNotice("case.extend",        "extended",         Priority.WORKING, _LAW, CitizenDate.ANSWER, kinds=_ANY),
    CitizenNotice("case.change_kind",   "kind_changed",     Priority.WORKING, _LAW, CitizenDate.ANSWER, kinds=_ANY),
    CitizenNotice("case.decline",       "declined",         is_statutory=_LAW, kinds=_ANY),
    CitizenNotice("case.divert",        "diverted",         is_statutory=_LAW, kinds=_ANY),
    CitizenNotice("case.terminate",     "terminated",       is_statutory=_LAW, kinds=_ANY),
    CitizenNotice("case.overturn",      "overturned",       Priority.WORKING, _LAW, CitizenDate.ANSWER, kinds=_ANY),
    CitizenNotice("case.hearing",       "hearing",          is_statutory=_LAW, kinds=_ANY),
    CitizenNotice("case.hold",          "held",             is_statutory=_LAW, kinds=_ANY),
    CitizenNotice("case.resume",        "resumed",          Priority.WORKING, False, CitizenDate.ANSWER, kinds=_ANY),
    CitizenNotice("case.reply",         "answered_claim",   is_statutory=_LAW, profiles=_PETITION, kinds=CLAIMS, stages=_FIRST),
    CitizenNotice("case.reply",         "answered_review",  is_statutory=_LAW, profiles=_PETITION, kinds=CLAIMS, stages=_REVIEW),
    CitizenNotice("case.reply",         "answered_finally", is_statutory=_LAW, profiles=_PETITION, kinds=CLAIMS, stages=_RE_REVIEW),
    CitizenNotice("case.reply",         "answered",         Priority.WORKING, _LAW, CitizenDate.RATE, kinds=_ANY),
    CitizenNotice("case.deliver",       "delivered_review", Priority.WORKING, _LAW, CitizenDate.ASK_REVIEW, stages=_REVIEW, kinds=_ANY),
    CitizenNotice("case.deliver",       "delivered",        Priority.WORKING, _LAW, CitizenDate.ASK_REVIEW, stages=_FIRST, kinds=_ANY),
    CitizenNotice("case.answer_merged", "answered_merged",  Priority.WORKING, _LAW, CitizenDate.RATE, kinds=_ANY),
    CitizenNotice("case.merge",         "merged",           kinds=_ANY),
    CitizenNotice("case.unmerge",       "unmerged",         Priority.WORKING, False, CitizenDate.ANSWER, kinds=_ANY),
    CitizenNotice("case.review",        "review_received",  Priority.WORKING, _LAW, CitizenDate.REVIEW, kinds=_ANY),
    CitizenNotice("case.re_review",     "review_received",  Priority.WORKING, _LAW, CitizenDate.REVIEW, kinds=_ANY),
    CitizenNotice("case.redo",          "redone",           Priority.WORKING, _LAW, CitizenDate.ANSWER, kinds=_ANY),
    CitizenNotice("case.reopen",        "reopened",         Priority.WORKING, False, CitizenDate.ANSWER, kinds=_ANY),
    CitizenNotice("case.succeed",       "succeeded",        kinds=_ANY),
    CitizenNotice("case.call_back",     "called_back",      kinds=_ANY),
    CitizenNotice("case.close",         "closed",           profiles=_HOTLINE, kinds=_ANY),
    CitizenNotice("case.close",         "closed_petition",  profiles=_PETITION, kinds=_ANY),
    CitizenNotice("case.rectify",       "rectified",        is_statutory=_LAW, kinds=_RECTIFY),
    CitizenNotice("case.explain",       "rectified",        is_statutory=_LAW, kinds=_RECTIFY),
    CitizenNotice("case.call_back",     "rectification_checked", kinds=_RECTIFY),
    *(CitizenNotice(f"case.{act}", "request_decided", is_statutory=_LAW, kinds=_ANY) for act in _PERSON_DECISIONS),
    CitizenNotice("case.to_ordinary",   "turned_ordinary",  Priority.WORKING, _LAW, CitizenDate.ANSWER, kinds=_ANY),
    CitizenNotice("case.notify_result", "report_moved",     is_statutory=_LAW, kinds=frozenset({Kind.REPORT})),
    CitizenNotice("clock.moved",        "date_moved",       is_statutory=_LAW, kinds=_ANY),
)
# fmt: on

EVENTS = frozenset(row.event for row in CITIZEN_NOTICES)
OTHER_STATUTORY = frozenset({REPORT_RECEIVED, REPORT_MOVED})
"""Templates that are no row of the table and that nobody opts out of."""

OTHER_TEMPLATES = frozenset({"rating_invite"}) | OTHER_STATUTORY
STATUTORY = frozenset(row.template for row in CITIZEN_NOTICES if row.is_statutory) | OTHER_STATUTORY


def choose_notice(event: str, *, profile: Profile, kind: Kind, stage: Stage) -> CitizenNotice | None:
    """The row that holds for an event of such a case, the first that fits; None when its citizen hears nothing."""
    for row in CITIZEN_NOTICES:
        if row.event == event and profile in row.profiles and kind in row.kinds and stage in row.stages:
            return row
    return None


def choose_template(row: CitizenNotice, *, kind: Kind) -> str:
    """The template, which of a report says that there is news and no more."""
    if kind is Kind.REPORT:
        return REPORT_RECEIVED if row.event == "case.submit" else REPORT_MOVED
    return row.template


def render_date(day: date, at: datetime | None, now: date) -> str:
    """A date as short as can be: 12月8日, with the year when it is another one, with the time when hours count."""
    year = f"{day.year}年" if day.year != now.year else ""
    time = f"{at:%H}时{at:%M}分" if at else ""
    return f"{year}{day.month}月{day.day}日{time}"


SEGMENT_MOST, PART_MOST = 70, 67
"""Characters of a short message in Chinese: of one alone, and of each part of a longer one."""


def count_segments(text: str) -> int:
    """As how many short messages a text goes out, with its signature. Characters outside the BMP count twice (UCS-2)."""
    units = len(text.encode("utf-16-be")) // 2
    return 1 if units <= SEGMENT_MOST else -(-units // PART_MOST)
