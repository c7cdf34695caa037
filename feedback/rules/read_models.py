"""Values that queries return, never rows: files, worklist lines, pages, and the filters that ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from feedback.rules import file_types, preconditions
from feedback.rules.clocks import Clock, Light
from feedback.rules.conditions import compute_conditions
from feedback.rules.file_types import ScanState
from feedback.rules.geography import Location
from feedback.rules.lifecycle import Step
from feedback.rules.terms import RIGHTS, Holder, is_personal
from feedback.rules.vocabulary import Act, Condition, Kind, Profile, Stage, Status


@dataclass(frozen=True, slots=True)
class PersonView:
    """The person as the actor may see them; masked unless they must answer."""

    name: str
    phone: str
    id_number: str
    address: str
    is_masked: bool
    id_kind: str = ""
    email: str = ""
    org_name: str = ""
    org_code: str = ""
    is_reached_by_guardian: bool = False  # a minor whose guardian is a party: nobody calls the child


@dataclass(frozen=True, slots=True)
class PartyView:
    """Somebody beside the petitioner, as the actor may see them: a representative, or a proxy with its sort and right."""

    role: str
    kind: str
    authority: str
    person: PersonView
    seq: int = 1  # the entry with which they joined


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry as the actor may see it."""

    seq: int
    act: str
    at: datetime
    actor_name: str
    role: str
    unit: str
    status: str
    data: Mapping[str, Any]
    public: bool
    by_import: bool = False  # done in another system before the import
    time_unknown: bool = False  # nobody knows when; `at` is the receipt of the case


@dataclass(frozen=True, slots=True)
class FileView:
    """An attachment. `scan`: see `file_types.ScanState`."""

    id: str
    name: str
    size: int
    type: str
    seq: int
    scan: str = ""

    @property
    def is_recording(self) -> bool:
        """Whether it is sound or video."""
        return self.type.startswith(("audio/", "video/"))

    @property
    def player(self) -> str:
        """`audio` or `video` for what browsers play by themselves, else ""."""
        return self.type.partition("/")[0] if self.type in file_types.PLAYABLE else ""

    @property
    def is_picture(self) -> bool:
        """Whether browsers show it as a picture."""
        return self.type in file_types.PICTURES

    @property
    def is_shut(self) -> bool:
        """Whether nobody may open it, because it waits for the virus scanner or failed there."""
        return self.scan in (ScanState.WAITING, ScanState.INFECTED)


@dataclass(frozen=True, slots=True)
class TenureView:
    """A unit's hold on the case."""

    unit: str
    lead: bool
    since: datetime
    until: datetime | None
    task: str


@dataclass(frozen=True, slots=True)
class DeadlineChangeView:
    """A deadline that an edition of the calendar moved."""

    edition: str
    remark: str
    term: str
    label: str
    seq: int
    holder: Holder
    unit: str
    before: date
    after: date
    at: datetime

    @property
    def is_personal(self) -> bool:
        """Whether it is the citizen's own date: what they were promised, or a limit they must keep."""
        return is_personal(self.term, self.holder)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One case with everything the actor may see of it, and the steps open to them."""

    no: str
    kind: Kind
    profile: Profile
    stage: Stage
    status: Status
    version: int
    title: str
    text: str
    channel: str
    region: str
    address: str
    category: str
    confidence: float
    by_hand: bool
    desk: str
    unit: str
    co_units: tuple[str, ...]
    urgency: int
    flags: str
    confidential: bool
    anonymous: bool
    public_consent: bool
    headcount: int
    link: str
    linked: tuple[str, ...]
    received_at: datetime
    replied_at: datetime | None
    closed_at: datetime | None
    person: PersonView | None
    beside: tuple[PartyView, ...]
    clocks: tuple[Clock, ...]
    entries: tuple[EntryView, ...]
    attachments: tuple[FileView, ...]
    tenures: tuple[TenureView, ...]
    allowed: tuple[Step, ...]  # what the rows and the access rule allow, too late or not
    is_published: bool
    exclude: str = ""  # whom the citizen asks to be kept away: for the desk and the citizen only
    recused: frozenset[str] = frozenset()  # staff who must not handle it
    deadline_changes: tuple[DeadlineChangeView, ...] = ()
    markers: tuple[str, ...] = ()  # of `case_markers`: for staff only
    location: Location | None = None
    is_own: bool = False  # whoever reads it is its citizen
    restrictions: tuple[str, ...] = ()  # uses of their data that the person refused, codes of RestrictionScope
    set_aside: tuple[tuple[str, str], ...] = ()  # what an import did not understand: field and cell, for the desk

    def steps(self, now: datetime) -> tuple[Step, ...]:
        """The steps open to the actor now: what lapsed is no longer offered."""
        return tuple(step for step in self.allowed if not self.find_bar(step.act, now))

    def find_bar(self, act: Act, now: datetime) -> str:
        """Why a step that its row allows is not open now, as a stable code, or "": it lapsed, or nothing was agreed to."""
        if act in (Act.ASK_CORRECTION, Act.CORRECT) and self.person is None:
            return "no_person_held"
        if act is Act.WITHDRAW_CONSENT and not self.public_consent:
            return "no_consent"
        delivered = Condition.DELIVERED in compute_conditions((Act(entry.act), entry.data) for entry in self.entries)
        extended = any(entry.act == Act.EXTEND for entry in self.entries)
        return preconditions.find_lapse(
            act, self.profile, self.clocks, now, is_delivered=delivered, is_extended=extended
        )

    def light(self, now: datetime) -> Light:
        """The worst light of the clocks that bind us."""
        lights = [c.light(now) for c in self.clocks if c.term not in RIGHTS]
        return next((light for light in (Light.RED, Light.AMBER, Light.GREEN) if light in lights), Light.NONE)


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """What the jobs need of a case: its words, where it stands, what happened. Two queries, for the system only."""

    no: str
    kind: Kind
    stage: Stage
    status: Status
    version: int
    title: str
    text: str
    region: str
    address: str
    category: str
    desk: str
    unit: str
    is_named: bool
    urgency: int
    entries: tuple[EntryView, ...]
    profile: Profile = Profile.HOTLINE
    link: str = ""  # the case it belongs to, of a rectification the rated one
    flags: tuple[str, ...] = ()  # what its words say, a hunch with a mark behind it
    is_left_open_history: bool = (
        False  # imported without an answer when every term had run out: answered or not, who knows
    )

    @property
    def conditions(self) -> frozenset[Condition]:
        """What holds besides the status, as far as the entries alone say."""
        return compute_conditions((Act(entry.act), entry.data) for entry in self.entries)


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One line of a worklist."""

    no: str
    kind: str
    title: str
    status: str
    stage: str
    unit: str
    desk: str
    category: str
    region: str
    channel: str
    urgency: int
    flags: str
    confidential: bool
    received_at: datetime
    next_due_at: datetime | None
    next_warn_at: datetime | None
    confidence: float
    markers: str = ""

    def light(self, now: datetime) -> Light:
        if self.next_due_at is None or self.next_warn_at is None:
            return Light.NONE
        if now >= self.next_due_at:
            return Light.RED
        return Light.AMBER if now >= self.next_warn_at else Light.GREEN


@dataclass(frozen=True, slots=True)
class Filters:
    """What a worklist is narrowed to; empty means all. `category` matches by its beginning."""

    status: str = ""  # a status, or "open"
    light: str = ""
    unit: str = ""
    kind: str = ""
    category: str = ""
    region: str = ""
    q: str = ""
    sort: str = "due"  # due | received | -received
    channel: str = ""
    marker: str = ""  # a code of `case_markers`
    flag: str = ""  # a code of what deserves attention, sure or suspected
    mine: bool = False  # only what waits for the actor's own unit now
    deciding: bool = False  # only what waits for the actor's own decision: to sign, grant or refuse
    from_day: str = ""  # the first office day, as 2026-11-21
    until_day: str = ""  # the last one, itself included
    day_of: str = "received"  # received | replied: which day counts


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link between two cases as the actor may know it: `here` is the case one looks at, `there` the other."""

    id: int
    kind: str  # of LinkKind, or "same_matter" where the actor may not know whose they are
    state: str
    here: WorkRow
    there: WorkRow
    is_later: bool  # `here` is the newer one
    cosine: float
    held: float
    passages: tuple[str, ...]
    days: int
    same_place: bool
    person: tuple[str, ...]  # by what one person is known: phone, id, name
    same_person: bool
    decided_name: str
    decided_at: datetime | None
