"""Tidy and check a submission from any channel.

Tidying never changes what a person said: it normalises line ends, drops control characters that no database keeps,
and trims. Every fault is named by field. No I/O.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from feedback.kernel.errors import Invalid
from feedback.rules import case_markers, identity_documents, intake_fields, parties
from feedback.rules.geography import Location
from feedback.rules.vocabulary import PROFILE_OF, PUBLIC_KINDS, Channel, Kind, Profile

TITLE_MOST = 100
TEXT_MOST = 20_000
NAME_MOST = 50
ADDRESS_MOST = 200
SOURCE_MOST = 120
EXCLUDE_MOST = 200
EMAIL_MOST = 254
ORG_MOST = 100

_REGION_PLACES = 12

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ud800-\udfff]")
_MOBILE = re.compile(r"1\d{10}")
_LANDLINE = re.compile(r"0\d{2,3}-?\d{7,8}")
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,63}")
_ABROAD = re.compile(r"\+(?!86)[1-9]\d{6,14}")  # E.164


@dataclass(frozen=True, slots=True)
class PersonSubmission:
    """Who brings it: the petitioner (信访人)."""

    name: str = ""
    phone: str = ""
    id_number: str = ""
    address: str = ""
    id_kind: str = ""  # of `identity_documents`; a number without it is a resident identity card
    email: str = ""
    org_name: str = ""  # the enterprise or office for which they speak
    org_code: str = ""  # its 统一社会信用代码


@dataclass(frozen=True, slots=True)
class Proxy:
    """Who hands it in for the petitioner (信访代理), and by what right."""

    person: PersonSubmission
    kind: str = ""
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """A message as pages and the API give it to `cases.submit`."""

    kind: str
    title: str
    text: str
    channel: str
    desk: str
    source_id: str = ""
    profile: str = ""  # "": by kind
    region: str = ""
    address: str = ""
    location: Location | None = None
    person: PersonSubmission | None = None
    anonymous: bool = False  # hidden from the unit and the public, not absent from the record
    public_consent: bool = False
    attachments: tuple[str, ...] = ()
    urgency: int = 0
    flags: tuple[str, ...] = ()  # codes of what deserves attention; they move no clock
    bars: frozenset[str] = frozenset()
    confidential: bool = False  # cleared staff decide who gets it, though it is no report by its kind
    headcount: int = 1
    representatives: tuple[PersonSubmission, ...] = ()  # those chosen to speak for a joint petition
    proxy: Proxy | None = None
    particulars: Mapping[str, object] = field(default_factory=dict)
    sender: str = ""  # a mark of who sends it, by which a resend is known; never shown, soon forgotten
    exclude: str = ""  # whom the citizen asks to be kept away from it (回避), for the desk only
    link: str = ""  # the case this one grew out of, for a rectification
    unit: str = ""  # the unit it concerns from the start, for a rectification
    imported_at: datetime | None = None  # when it was taken over from another system
    answered: bool = False  # it was answered there
    age_group: str = ""  # of the petitioner, in their own word: a code of `case_markers.MINORS`
    markers: tuple[str, ...] = ()  # of `case_markers`: filled in when it is received
    birth_day: str = ""  # of the petitioner; says whether they are of age, and is not stored
    set_aside: Mapping[str, str] = field(default_factory=dict)  # what the file said of a field and nobody understood


def tidy(submission: Submission, attachments_max: int = 9) -> Submission:
    """The draft with its texts tidied.

    Raises Invalid naming each field that is missing or wrong.
    """
    person = submission.person and tidy_person(submission.person)
    if person == PersonSubmission():
        person = None
    representatives = tuple(
        person_submission
        for representative in submission.representatives
        if (person_submission := tidy_person(representative)) != PersonSubmission()
    )
    clean = replace(
        submission,
        title=clean_line(submission.title),
        text=clean_paragraph(submission.text),
        source_id=clean_line(submission.source_id),
        region=expand_region(submission.region),
        address=clean_line(submission.address),
        person=person,
        representatives=representatives,
        proxy=submission.proxy and replace(submission.proxy, person=tidy_person(submission.proxy.person)),
        exclude=clean_line(submission.exclude),
        birth_day=clean_line(submission.birth_day),
        particulars=intake_fields.clean_values(submission.particulars, submission.channel),
    )
    faults = _faults(clean, attachments_max)
    if faults:
        raise Invalid(faults)
    return replace(clean, profile=clean.profile or PROFILE_OF[Kind(clean.kind)])


def choose_desk(kind: str, profile: str, desk: str, petition_desk: str) -> str:
    """The desk that takes in what comes from outside: the petition office, where there is one, for its own rules."""
    profile = profile or (PROFILE_OF[Kind(kind)] if kind in list(Kind) else "")
    return petition_desk if petition_desk and profile == Profile.PETITION else desk


def tidy_person(person: PersonSubmission) -> PersonSubmission:
    """The person with name, numbers and address as they are stored and compared."""
    return PersonSubmission(
        name=clean_line(person.name),
        phone=normalize_phone(person.phone),
        id_number=(id_number := normalize_document(person.id_number)),
        address=clean_line(person.address),
        id_kind=(person.id_kind or identity_documents.RESIDENT) if id_number else "",
        email=normalize_width(clean_line(person.email)),
        org_name=clean_line(person.org_name),
        org_code=normalize_document(person.org_code),
    )


def _faults(submission: Submission, attachments_max: int) -> dict[str, str]:
    faults: dict[str, str] = {}
    if submission.kind not in (*PUBLIC_KINDS, Kind.RECTIFY):
        faults["kind"] = "unknown" if submission.kind else "missing"
    if submission.channel not in list(Channel):
        faults["channel"] = "unknown" if submission.channel else "missing"
    if submission.profile and submission.profile not in list(Profile):
        faults["profile"] = "unknown"
    for name, value, most in (("title", submission.title, TITLE_MOST), ("text", submission.text, TEXT_MOST)):
        if not value:
            faults[name] = "missing"
        elif len(value) > most:
            faults[name] = "too_long"
    if len(submission.exclude) > EXCLUDE_MOST:
        faults["exclude"] = "too_long"
    if len(submission.address) > ADDRESS_MOST:
        faults["address"] = "too_long"
    if len(submission.source_id) > SOURCE_MOST:
        faults["source_id"] = "too_long"
    if submission.region and not re.fullmatch(r"\d{12}", submission.region):
        faults["region"] = "unknown"
    if len(submission.attachments) > attachments_max:
        faults["attachments"] = "too_many"
    if not 1 <= submission.headcount <= parties.HEADCOUNT_MOST:
        faults["headcount"] = "out_of_range"
    elif submission.representatives and submission.headcount < len(submission.representatives):
        faults["headcount"] = "fewer_than_representatives"
    faults |= case_markers.find_age_faults(submission.age_group, submission.birth_day)
    faults |= intake_fields.find_field_faults(submission.particulars, submission.channel)
    return faults | (person_faults(submission.person) if submission.person else {}) | _party_faults(submission)


def _party_faults(submission: Submission) -> dict[str, str]:
    """What is wrong with the people beside the petitioner."""
    faults: dict[str, str] = {}
    if len(submission.representatives) > parties.REPRESENTATIVES_MOST:
        return {"representatives": "too_many_representatives"}
    for index, representative in enumerate(submission.representatives):
        faults |= person_faults(representative, f"representatives.{index}.") | _name_fault(
            representative, f"representatives.{index}."
        )
    if (proxy := submission.proxy) is None:
        return faults
    kind = parties.find_proxy_kind(proxy.kind)
    if kind is None:
        faults["proxy.kind"] = "unknown" if proxy.kind else "missing"
    elif proxy.authority not in kind.authorities:
        faults["proxy.authority"] = "not_of_this_proxy" if proxy.authority else "missing"
    faults |= person_faults(proxy.person, "proxy.") | _name_fault(proxy.person, "proxy.")
    if submission.person is None or not submission.person.name:
        faults["person.name"] = "missing_for_proxy"
    return faults


def _name_fault(person: PersonSubmission, prefix: str) -> dict[str, str]:
    return {} if person.name else {f"{prefix}name": "missing"}


def person_faults(person: PersonSubmission, prefix: str = "person.") -> dict[str, str]:
    """The faults of a person's data, by field name with the prefix before it."""
    faults: dict[str, str] = {}
    if len(person.name) > NAME_MOST:
        faults[f"{prefix}name"] = "too_long"
    if len(person.address) > ADDRESS_MOST:
        faults[f"{prefix}address"] = "too_long"
    if person.phone and not (is_mobile(person.phone) or _LANDLINE.fullmatch(person.phone)):
        faults[f"{prefix}phone"] = "not_a_phone_abroad" if person.phone.startswith("+") else "not_a_phone"
    if person.email and (len(person.email) > EMAIL_MOST or not _EMAIL.fullmatch(person.email)):
        faults[f"{prefix}email"] = "not_an_email"
    if len(person.org_name) > ORG_MOST:
        faults[f"{prefix}org.name"] = "too_long"
    if person.org_code and not person.org_name:
        faults[f"{prefix}org.name"] = "missing"
    if person.org_code and not identity_documents.is_organization_code(person.org_code):
        faults[f"{prefix}org.uscc"] = "not_an_organization_code"
    if person.id_number and (fault := identity_documents.find_fault(person.id_kind, person.id_number)):
        faults[f"{prefix}{fault[0]}"] = fault[1]
    return faults


def expand_region(code: str) -> str:
    """A division code of a county (6 places) or street (9) in the 12 places of GB/T 10114; others as they are."""
    return code.ljust(_REGION_PLACES, "0") if re.fullmatch(r"\d{6}|\d{9}", code) else code


def normalize_width(text: str) -> str:
    """Full-width digits and letters made plain."""
    return unicodedata.normalize("NFKC", text).strip()


def normalize_document(text: str) -> str:
    """The number of an identity document as typed by people, made plain: blanks, dots, dashes and brackets dropped, capitals."""
    return re.sub(r"[\s()·.-]", "", normalize_width(text)).upper()


def normalize_phone(text: str) -> str:
    """A telephone number as typed by people, made plain: as dialled in China, or with + and its country code (E.164).

    Blanks, dashes, dots and brackets are dropped, 00 before a country code is +, and +86 is left out.
    """
    plain = re.sub(r"[\s().\u2010-\u2015-]", "", normalize_width(text))
    plain = f"+{plain[2:]}" if plain.startswith("00") else plain
    return plain.removeprefix("+86")


def is_mobile(phone: str) -> bool:
    """Whether a plain number can get a text: a mobile telephone here, or any number abroad, which may be one."""
    return bool(_MOBILE.fullmatch(phone) or _ABROAD.fullmatch(phone))


def clean_line(text: str) -> str:
    """One line of text without control characters."""
    return re.sub(r"\s+", " ", _CONTROL.sub("", text)).strip()


def clean_paragraph(text: str) -> str:
    """Text in paragraphs, line ends unified, without control characters; at most one blank line in a row."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()
