"""Directory of units, regions and staff: a snapshot per edition, read once per process."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from feedback.kernel import db
from feedback.kernel.clock import to_millis
from feedback.kernel.errors import Invalid, NotFound
from feedback.rules import normal_form
from feedback.rules.access import Actor, is_reserved_id
from feedback.rules.imported_history import UNKNOWN_UNIT
from feedback.rules.vocabulary import Role
from routing.assignment_rules import URGENT_SERVICES, AssignmentRule
from routing.models import DirectoryEdition, Region, RoutingRow, Staff, Unit

STREET_KINDS = frozenset({"street", "town"})
UTILITY_KIND = "utility"
"""公共服务企业: water, power, gas, heating, buses."""
COMMITTEE_LEVEL = "village"
"""Committees of villages and communities: they help, but no law gives them the power to decide an appeal."""

_REQUEST_CHARACTERS = frozenset("请由向望盼求让找")
UNKNOWN_UNIT_NAME = "单位不详"
"""How the unit of an imported answer is called that the file does not name, or by no name of ours."""
_NAME_LEAST = 3  # a shorter alias stands in too many words that mean something else


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit as others see it."""

    code: str
    name: str
    short: str
    kind: str
    level: str
    parent: str
    region: str
    phone: str
    address: str
    aliases: tuple[str, ...]
    duties: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A region as others see it."""

    code: str
    name: str
    level: str
    parent: str
    aliases: tuple[str, ...]
    places: tuple[str, ...]


def _walk_up(code: str, rows: Mapping[str, UnitRow] | Mapping[str, RegionRow]) -> frozenset[str]:
    """A code and all above it, each once, even where a parent's parent is itself."""
    codes: set[str] = set()
    while code and code not in codes:
        codes.add(code)
        row = rows.get(code)
        code = row.parent if row else ""
    return frozenset(codes)


@dataclass(frozen=True)
class Directory:
    """All units, regions and routing rows of one edition."""

    edition: int
    by_code: Mapping[str, UnitRow]
    by_region: Mapping[str, RegionRow]
    rows: tuple[AssignmentRule, ...]
    closed: Mapping[str, UnitRow] = field(default_factory=dict)  # for their names in old files
    successors: Mapping[str, str] = field(default_factory=dict)  # of the closed ones
    _down: dict[str, frozenset[str]] = field(default_factory=dict)

    def units(self) -> list[UnitRow]:
        return list(self.by_code.values())

    def regions(self) -> list[RegionRow]:
        return list(self.by_region.values())

    def unit(self, code: str) -> UnitRow:
        """The unit of a code.

        Raises NotFound.
        """
        if code not in self.by_code:
            raise NotFound(unit=code)
        return self.by_code[code]

    def has(self, code: str) -> bool:
        return code in self.by_code

    def name(self, code: str) -> str:
        """The full name, or the code itself for one nobody knows."""
        row = self.by_code.get(code) or self.closed.get(code)
        return row.name if row else _name_of_none(code)

    def short(self, code: str) -> str:
        row = self.by_code.get(code) or self.closed.get(code)
        return row.short if row else _name_of_none(code)

    def current(self, code: str) -> str:
        """The unit that goes on with what a closed one did (信访工作条例 第二十四条第二款); an open one is its own."""
        codes: set[str] = set()
        while code in self.successors and code not in codes:
            codes.add(code)
            code = self.successors[code]
        return code

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        children: dict[str, list[str]] = {}
        for row in self.by_code.values():
            children.setdefault(row.parent, []).append(row.code)
        return children

    def children(self, code: str) -> list[str]:
        return self._children.get(code, [])

    def subtree(self, code: str) -> frozenset[str]:
        """The unit and all below it."""
        if code not in self._down:
            units, queue = set(), [code]
            while queue:
                unit = queue.pop()
                units.add(unit)
                queue += self.children(unit)
            self._down[code] = frozenset(units)
        return self._down[code]

    def ancestry(self, code: str) -> frozenset[str]:
        """The unit and all above it."""
        return _walk_up(code, self.by_code)

    def superior(self, code: str) -> str:
        """The unit one level above: the one that reviews (信访工作条例 第三十五条)."""
        row = self.by_code.get(code)
        return row.parent if row else ""

    def list_superiors(self, code: str) -> tuple[str, ...]:
        """All units above, the nearest first."""
        superiors: list[str] = []
        while (code := self.superior(code)) and code not in superiors:
            superiors.append(code)
        return tuple(superiors)

    def find_other_desk(self, code: str, desks: Iterable[str]) -> str:
        """The reception desk nearest above a unit, or the petition department there; "" when there is none."""
        others = set(desks) - {code}
        for superior in self.list_superiors(code):
            if superior in others:
                return superior
            for unit in self.units():
                if unit.code in others and unit.kind == "petition" and unit.parent == superior:
                    return unit.code
        return ""

    def is_committee(self, code: str) -> bool:
        """Whether the unit is a committee of residents (村民委员会、居民委员会)."""
        row = self.by_code.get(code)
        return row is not None and row.level == COMMITTEE_LEVEL

    def region_chain(self, code: str) -> frozenset[str]:
        """The region and all regions it lies in."""
        return _walk_up(code, self.by_region)

    def region_name(self, code: str) -> str:
        """清河街道清波社区, without the district and what lies above it."""
        names: list[str] = []
        row = self.by_region.get(code)
        while row and row.level in ("street", "village"):
            names.insert(0, row.name)
            row = self.by_region.get(row.parent)
        return "".join(names) or (self.by_region[code].name if code in self.by_region else "")

    def street_of(self, region: str) -> str:
        """The street or town unit of a region, or ""."""
        for code in self.region_chain(region):
            for unit in self._by_unit_region.get(code, ()):
                if self.by_code[unit].kind in STREET_KINDS:
                    return unit
        return ""

    @cached_property
    def _by_unit_region(self) -> dict[str, list[str]]:
        units: dict[str, list[str]] = {}
        for row in (*self.by_code.values(), *self.closed.values()):
            if self.has(self.current(row.code)):
                units.setdefault(row.region, []).append(self.current(row.code))
        return units

    @cached_property
    def _place_pattern(self) -> tuple["re.Pattern[str]", dict[str, str]]:
        names: dict[str, str] = {}
        for row in self.by_region.values():
            if row.level in ("street", "village"):
                for name in map(normal_form.fold_script, (row.name, *row.aliases, *row.places)):
                    names.setdefault(name, row.code)
        return _compile_names(name for name in names if len(name) >= 2), names

    def place_of(self, text: str) -> str:
        """The region a text names, by the longest place name in it, or ""."""
        pattern, names = self._place_pattern
        matches = pattern.findall(normal_form.fold_script(text))
        return names[max(matches, key=len)] if matches else ""

    @cached_property
    def _unit_pattern(self) -> tuple["re.Pattern[str]", dict[str, str]]:
        names: dict[str, str] = {}
        for row in (*self.by_code.values(), *self.closed.values()):
            for name in map(normal_form.fold_script, (row.name, row.short, *row.aliases)):
                if self.has(self.current(row.code)):  # people go on writing the old name
                    names.setdefault(name, self.current(row.code))
        return _compile_names(name for name in names if len(name) >= _NAME_LEAST), names

    def find_utility_duty(self, text: str, category: str) -> tuple[str, str]:
        """The one public utility that a text names, with its duty of that category nearest to the text; ("", "") if none."""
        pattern, names = self._unit_pattern
        plain = normal_form.fold_script(text)
        codes = {names[name] for name in pattern.findall(plain)}
        duties = {
            code: [duty for duty, categories in self.by_code[code].duties if category in categories]
            for code in codes
            if self.by_code[code].kind == UTILITY_KIND
        }
        utilities = [code for code, texts in duties.items() if texts]
        if len(utilities) != 1:
            return "", ""
        return utilities[0], max(duties[utilities[0]], key=lambda duty: len(set(duty) & set(plain)))

    def find_urgent_utilities(self, text: str) -> dict[str, str]:
        """The utilities that must come for what an urgent text says, each with its duty, by their lists of duties."""
        plain = normal_form.fold_script(text)
        services = [row for row in URGENT_SERVICES if row.words.search(plain)]
        utilities = [row for row in self.by_code.values() if row.kind == UTILITY_KIND]
        return {
            unit.code: next(duty for duty, _ in unit.duties if service.duties.search(duty))
            for service in services
            for unit in utilities
            if any(service.duties.search(duty) for duty, _ in unit.duties)
        }

    def named_units(self, text: str) -> frozenset[str]:
        """The units a text names, by name, short name or alias; not those it only asks for help (请区纪委查处)."""
        pattern, names = self._unit_pattern
        text = normal_form.fold_script(text)
        matches = pattern.finditer(text)
        return frozenset(
            names[m[0]] for m in matches if text[max(0, m.start() - 1) : m.start()] not in _REQUEST_CHARACTERS
        )


def _name_of_none(code: str) -> str:
    return UNKNOWN_UNIT_NAME if code == UNKNOWN_UNIT else code


def _compile_names(names: Iterable[str]) -> "re.Pattern[str]":
    longest_first = sorted(set(names), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


_cache: dict[tuple[int, int], Directory] = {}  # editions never change, so each is read once per process


async def load_directory() -> Directory:
    """The directory as it is now."""
    newest = await DirectoryEdition.all().order_by("-id").first()
    if newest is None:
        return Directory(0, {}, {}, ())
    key = (newest.id, to_millis(newest.made_at))
    if key not in _cache:
        _cache.clear()
        units = await Unit.all().order_by("code")
        regions = await Region.all().order_by("code")
        rows = await RoutingRow.filter(active=True).order_by("id")
        _cache[key] = Directory(
            newest.id,
            {u.code: _unit_row(u) for u in units if u.closed_at is None},
            {r.code: RegionRow(r.code, r.name, r.level, r.parent, tuple(r.aliases), tuple(r.places)) for r in regions},
            tuple(AssignmentRule(r.id, r.category, r.kind, r.region, r.lead, tuple(r.co), r.reason) for r in rows),
            closed={u.code: _unit_row(u) for u in units if u.closed_at is not None},
            successors={u.code: u.successor for u in units if u.closed_at is not None and u.successor},
        )
    return _cache[key]


def _unit_row(u: Unit) -> UnitRow:
    return UnitRow(
        code=u.code,
        name=u.name,
        short=u.short,
        kind=u.kind,
        level=u.level,
        parent=u.parent,
        region=u.region,
        phone=u.phone,
        address=u.address,
        aliases=tuple(u.aliases),
        duties=tuple((d["text"], tuple(d["categories"])) for d in u.duties),
    )


async def load_actor(username: str) -> Actor:
    """The actor a member of staff is.

    Raises NotFound for one who is not (or no longer) there, and for a name that nobody may have.
    """
    if is_reserved_id(username):
        raise NotFound(staff=username)
    staff = await Staff.get_or_none(username=username, active=True)
    if staff is None:
        raise NotFound(staff=username)
    directory = await load_directory()
    return Actor(
        id=staff.username,
        name=staff.name,
        roles=frozenset(Role(role) for role in staff.roles),
        unit=staff.unit,
        units=directory.subtree(staff.unit) if Role.SUPERVISOR in map(Role, staff.roles) else frozenset({staff.unit}),
        ancestry=directory.ancestry(staff.unit),
        everywhere=bool(staff.everywhere),
        cleared=bool(staff.cleared),
    )


async def list_overseers() -> list[Actor]:
    """Everybody who supervises others."""
    rows = await Staff.filter(active=True).values("username", "roles")
    names = [row["username"] for row in rows if Role.SUPERVISOR.value in row["roles"]]
    return [await load_actor(name) for name in names]


async def list_units_with_mail() -> frozenset[str]:
    """The units in which somebody gets notices by e-mail."""
    return frozenset(row["unit"] for row in await Staff.filter(active=True, mail__gt="").values("unit"))


async def list_mails(unit: str) -> list[tuple[str, str]]:
    """Who in a unit gets notices by e-mail, and where."""
    rows = await Staff.filter(unit=unit, active=True, mail__gt="").order_by("username").values("username", "mail")
    return [(row["username"], row["mail"]) for row in rows]


async def load_mail(username: str) -> str:
    """Where somebody gets their notices, or ""."""
    staff = await Staff.get_or_none(username=username)
    return staff.mail if staff else ""


async def store_mail(username: str, mail: str) -> None:
    """Send somebody's notices there from now on; "" for nowhere."""
    await Staff.filter(username=username).update(mail=mail)


async def is_cleared(unit: str, role: Role | None = None) -> bool:
    """Whether somebody in the unit, in that role if one is named, may read the confidential class."""
    rows = await Staff.filter(unit=unit, active=True, cleared=True).values("roles")
    return any(role is None or role.value in row["roles"] for row in rows)


async def has_head(unit: str) -> bool:
    """Whether somebody in the unit may sign what binds it."""
    rows = await Staff.filter(unit=unit, active=True).values("roles")
    return any(Role.LEAD.value in row["roles"] for row in rows)


async def list_headless_units() -> list[str]:
    """Units where somebody drafts and nobody may sign: their drafts and requests wait for ever."""
    roles_by_unit: dict[str, set[str]] = {}
    for row in await Staff.filter(active=True).order_by("unit").values("unit", "roles"):
        roles_by_unit.setdefault(row["unit"], set()).update(row["roles"])
    return [unit for unit, roles in roles_by_unit.items() if Role.CLERK.value in roles and Role.LEAD.value not in roles]


async def list_desks() -> list[str]:
    """The units that keep a reception desk."""
    rows = await Staff.filter(active=True).order_by("unit").values("unit", "roles")
    return list(dict.fromkeys(row["unit"] for row in rows if Role.RECEPTION.value in row["roles"]))


async def is_staff(username: str) -> bool:
    """Whether somebody of that name has a post."""
    return await Staff.filter(username=username, active=True).exists()


async def store_directory(
    units: Iterable[Mapping[str, Any]],
    regions: Iterable[Mapping[str, Any]],
    rows: Iterable[Mapping[str, Any]],
    *,
    author: str,
    now: datetime,
) -> None:
    """Put units, regions and routing rows in place as one edition (a new installation, or a yearly revision)."""
    async with db.transaction():
        edition = await DirectoryEdition.create(made_at=now, made_by=author, remark="load")
        await Unit.bulk_create([Unit(**u) for u in units], ignore_conflicts=True)
        await Region.bulk_create([Region(**r) for r in regions], ignore_conflicts=True)
        await RoutingRow.bulk_create([RoutingRow(author=author, made_at=now, **r) for r in rows])
        await DirectoryEdition.filter(id=edition.id).update(remark="loaded")


async def save_row(row_id: int | None, columns: Mapping[str, Any], *, author: str, now: datetime) -> int:
    """Keep a routing row a person wrote: the old version stays, inactive, with its author. Returns the new id."""
    async with db.transaction():
        await DirectoryEdition.create(made_at=now, made_by=author, remark=f"routing row {row_id or 'new'}")
        if row_id is not None:
            await RoutingRow.filter(id=row_id).update(active=False)
        row = await RoutingRow.create(author=author, made_at=now, **columns)
    return row.id


async def deactivate_row(row_id: int, *, author: str, now: datetime) -> None:
    """Take a routing row out of force; it stays in the table with its history."""
    async with db.transaction():
        await DirectoryEdition.create(made_at=now, made_by=author, remark=f"routing row {row_id} dropped")
        await RoutingRow.filter(id=row_id).update(active=False)


async def add_staff(rows: Iterable[Mapping[str, Any]]) -> None:
    """Give people their posts. Raises Invalid for a name that nobody may have."""
    await Staff.bulk_create([Staff(**row) for row in _check_usernames(rows)], ignore_conflicts=True)


async def assign_posts(rows: Iterable[Mapping[str, Any]]) -> None:
    """Give people their posts, in place of those they held. An address for notices stays where the row names none.

    Raises Invalid for a name that nobody may have.
    """
    async with db.transaction():
        for row in _check_usernames(rows):
            columns = {name: value for name, value in row.items() if value or name != "mail"}
            await Staff.update_or_create(username=columns.pop("username"), defaults={**columns, "active": True})


def _check_usernames(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    checked = list(rows)
    if reserved := [row["username"] for row in checked if is_reserved_id(row["username"])]:
        raise Invalid({"username": "reserved_name"}, name=reserved[0])
    return checked


async def remove_post(username: str) -> bool:
    """Take somebody's post away; what they did stays in their name. Returns whether they held one."""
    return bool(await Staff.filter(username=username, active=True).update(active=False))


async def list_staff(unit: str) -> list[dict[str, Any]]:
    """Who works in a unit."""
    rows = Staff.filter(unit=unit, active=True).order_by("username")
    return list(await rows.values("username", "name", "roles", "cleared"))
