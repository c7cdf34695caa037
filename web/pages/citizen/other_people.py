"""The part of the form that says for whom somebody writes: another person, a group, a company. Left empty: for oneself.

There is no choice to make first: what is filled in counts, so nothing that was typed is dropped unseen, and it works
without scripts. Fields are named as the rules name their faults.
"""

from collections.abc import Mapping

from starlette.datastructures import FormData

from feedback.rules import parties
from feedback.rules.intake import PersonSubmission, Proxy, normalize_width
from web.forms import parsing
from web.wording import catalogue

_ROWS = parties.REPRESENTATIVES_MOST
GROUPS: Mapping[str, tuple[str, ...]] = {
    "proxy": ("proxy.kind", "proxy.authority", "proxy.name", "proxy.phone"),
    "group": ("headcount", *(f"representatives.{row}.{part}" for row in range(_ROWS) for part in ("name", "phone"))),
    "org": ("person.org.name", "person.org.uscc"),
}
"""The fields of each part."""

FIELDS = tuple(name for names in GROUPS.values() for name in names)
FAULT_FIELDS = frozenset({*FIELDS, "representatives"})
PROXY_KINDS = [(kind.code, kind.words) for kind in parties.PROXY_KINDS if kind.code != "window"]


def read(form: FormData) -> dict[str, str]:
    """What was typed, by field; empty ones are left out.

    Raises Invalid for a field that came twice in different words.
    """
    values = {name: parsing.read_field(form, name).strip() for name in FIELDS}
    return {name: value for name, value in values.items() if value}


def build_proxy(values: Mapping[str, str]) -> Proxy | None:
    """Who writes for the petitioner. A guardian's right needs no choice: it rests on the law."""
    if not any(values.get(name) for name in GROUPS["proxy"]):
        return None
    kind = parties.find_proxy_kind(values.get("proxy.kind", ""))
    authority = values.get("proxy.authority", "")
    if kind is not None and len(kind.authorities) == 1:
        authority = next(iter(kind.authorities))
    person = PersonSubmission(values.get("proxy.name", ""), values.get("proxy.phone", ""))
    return Proxy(person, values.get("proxy.kind", ""), authority)


def build_representatives(values: Mapping[str, str]) -> tuple[PersonSubmission, ...]:
    """Those chosen to speak for a group: up to the last row in which something stands."""
    rows = [
        PersonSubmission(*(values.get(f"representatives.{row}.{part}", "") for part in ("name", "phone")))
        for row in range(_ROWS)
    ]
    return tuple(row for row in rows if row != PersonSubmission())


def compact(values: Mapping[str, str]) -> dict[str, str]:
    """The same with the rows of representatives moved up, so that a fault names the row it shows at."""
    rest = {name: value for name, value in values.items() if not name.startswith("representatives.")}
    for row, person in enumerate(build_representatives(values)):
        parts = {f"representatives.{row}.name": person.name, f"representatives.{row}.phone": person.phone}
        rest |= {name: value for name, value in parts.items() if value}
    return rest


def parse_headcount(values: Mapping[str, str]) -> int:
    """How many bring it together; -1 for what is no number, which the rules refuse. Left empty: those who are named."""
    text = normalize_width(values.get("headcount", ""))
    if not text:
        return max(1, len(build_representatives(values)))
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 7 else -1


def list_rows(values: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The answers to check before the form is sent."""
    rows: list[tuple[str, str, str]] = []
    if proxy := build_proxy(values):
        kind = parties.find_proxy_kind(proxy.kind)
        words = (proxy.person.name, kind.words if kind else "", catalogue.AUTHORITIES.get(proxy.authority, ""))
        rows.append(("代他人填写的人", "，".join(filter(None, words)), "/new/3"))
    representatives = build_representatives(values)
    if representatives or values.get("headcount"):
        names = "、".join(person.name for person in representatives)
        rows.append(
            ("一起反映的人数", f"{parse_headcount(values)} 人" + (f"，代表：{names}" if names else ""), "/new/3")
        )
    if values.get("person.org.name"):
        rows.append(("单位", values["person.org.name"], "/new/3"))
    return rows
