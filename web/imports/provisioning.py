"""Setting up a district from files: units, regions, routing rows and people, checked as a whole.

A folder holds `units.toml`, `regions.toml` and `routes.toml` (the demo town's in `web/demo/town/` show the format), perhaps
`matters.toml` and `phrases.toml`, and `staff.csv` or `staff.xlsx`. Every fault is reported at once, with its file and place; with a single
one nothing is taken in. Later changes of routing rows have their page; people are added with another list of staff.
"""

import secrets
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

import classify.model.registry
from classify import taxonomy as categories
from evaluation.ratings import services
from feedback.kernel import db
from feedback.kernel.errors import NotNow
from feedback.rules.access import is_reserved_id
from feedback.rules.vocabulary import Act, Kind, Role
from routing import directory
from routing.assignment_rules import DESK, STREET
from web.auth import accounts
from web.context import AppContext
from web.forms.models import QuickReason, ReplyTemplate
from web.imports import staff_files
from web.imports.file_faults import FaultyError, FileFault, RowT, convert_row
from web.imports.staff_files import StaffFileRow
from web.wording import catalogue

Level = Literal["province", "city", "district", "street", "village"]
LEVELS: tuple[Level, ...] = ("province", "city", "district", "street", "village")
RegionCode = Annotated[str, Meta(pattern=r"^\d{12}$")]
UnitCode = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105 - what is not mistaken for something else on paper
PASSWORD_LENGTH = 14


class DutyFile(Struct, forbid_unknown_fields=True):
    """A sentence of a duty list, in words people understand, and the headings it answers for."""

    text: Annotated[str, Meta(min_length=1, max_length=500)]
    categories: tuple[str, ...]


class UnitFileRow(Struct, forbid_unknown_fields=True):
    """One [[unit]]."""

    code: UnitCode
    name: Name
    short: Annotated[str, Meta(min_length=1, max_length=40)]
    kind: Annotated[str, Meta(min_length=1, max_length=20)]
    level: Level
    region: RegionCode
    parent: str = ""
    aliases: tuple[str, ...] = ()
    phone: Annotated[str, Meta(max_length=30)] = ""
    address: Annotated[str, Meta(max_length=200)] = ""
    duties: tuple[DutyFile, ...] = ()


class RegionFileRow(Struct, forbid_unknown_fields=True):
    """One [[region]]."""

    code: RegionCode
    name: Annotated[str, Meta(min_length=1, max_length=60)]
    level: Level
    parent: str = ""
    aliases: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


class RouteFileRow(Struct, forbid_unknown_fields=True):
    """One [[route]]: which unit leads, and why."""

    lead: str
    reason: Annotated[str, Meta(min_length=1, max_length=300)]
    category: str = ""
    kind: str = ""
    region: str = ""
    co: tuple[str, ...] = ()


class MatterFileRow(Struct):
    """One [[matter]] (政务服务事项) that can be rated without a case."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    unit: str
    kind: str
    promise_days: Annotated[int, Meta(ge=0)] = 0


class TemplateFileRow(Struct):
    """One [[template]] from which an answer may be begun."""

    code: Annotated[str, Meta(min_length=1, max_length=60)]
    title: Name
    text: Annotated[str, Meta(min_length=1)]
    kind: str = ""


class ReasonFileRow(Struct):
    """One [[reason]] to choose from."""

    act: Act
    text: Annotated[str, Meta(min_length=1, max_length=300)]


@dataclass(frozen=True, slots=True)
class District:
    """What the files say."""

    units: tuple[UnitFileRow, ...] = ()
    regions: tuple[RegionFileRow, ...] = ()
    routes: tuple[RouteFileRow, ...] = ()
    matters: tuple[MatterFileRow, ...] = ()
    templates: tuple[TemplateFileRow, ...] = ()
    reasons: tuple[ReasonFileRow, ...] = ()
    people: tuple[StaffFileRow, ...] = ()
    unused_headings: tuple[str, ...] = ()


# ---- reading ----


def read_district(folder: Path) -> District:
    """The district a folder describes.

    Raises FaultyError with everything that is wrong with single rows and between them.
    """
    faults: list[FileFault] = []

    def rows(name: str, key: str, kind: type[RowT], *, required: bool = True) -> tuple[RowT, ...]:
        path = folder / name
        if not path.exists():
            if required:
                faults.append(FileFault(name, "没有这个文件"))
            return ()
        return tuple(_read_toml_rows(path, key, kind, faults))

    staff = staff_files.find_staff_file(folder)
    people = staff_files.read_rows(staff, faults) if staff else staff_files.StaffFile()
    district = District(
        rows("units.toml", "unit", UnitFileRow),
        rows("regions.toml", "region", RegionFileRow),
        rows("routes.toml", "route", RouteFileRow),
        rows("matters.toml", "matter", MatterFileRow, required=False),
        rows("phrases.toml", "template", TemplateFileRow, required=False),
        rows("phrases.toml", "reason", ReasonFileRow, required=False),
        people.rows,
        people.unused_headings,
    )
    faults += find_district_faults(district)
    if faults:
        raise FaultyError(faults)
    return district


def _read_toml_rows(path: Path, key: str, kind: type[RowT], faults: list[FileFault]) -> Iterator[RowT]:
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        faults.append(FileFault(path.name, f"不是 UTF-8 的 TOML 文件（{fault}）"))
        return
    for number, row in enumerate(tables.get(key, []), 1):
        yield from convert_row(row, kind, f"{path.name} 第 {number} 个 [[{key}]]", faults)


# ---- checking ----


def find_district_faults(district: District) -> list[FileFault]:
    """What single rows cannot show: codes named twice or not at all, and who must be there."""
    units = {row.code: row for row in district.units}
    regions = {row.code: row for row in district.regions}
    return [
        *_find_duplicates("units.toml", [row.code for row in district.units]),
        *_find_duplicates("regions.toml", [row.code for row in district.regions]),
        *_find_duplicates("staff.csv", [row.username for row in district.people]),
        *_find_region_faults(district.regions, regions),
        *_find_unit_faults(district.units, units, regions),
        *_find_route_faults(district.routes, units, regions),
        *_find_kind_faults(district),
        *(
            FileFault(f"matters.toml {row.code}", f"没有单位 {row.unit}")
            for row in district.matters
            if row.unit not in units
        ),
        *find_people_faults(district.people, lambda code: code in units),
    ]


def find_people_faults(people: Sequence[StaffFileRow], has_unit: Callable[[str], bool]) -> Iterator[FileFault]:
    """What is wrong with the posts of people."""
    for row in people:
        location = f"staff.csv {row.username}"
        if is_reserved_id(row.username):
            yield FileFault(location, catalogue.fault_words("username", "reserved_name", {"name": row.username}))
        if not has_unit(row.unit):
            yield FileFault(location, f"没有单位 {row.unit}")
        if not row.roles:
            yield FileFault(
                location, f"roles 不能为空，可用 {' '.join(role.value for role in _STAFF_ROLES)}，几个用空格隔开"
            )
        if invalid_roles := [role.value for role in row.roles if role not in _STAFF_ROLES]:
            yield FileFault(location, f"工作人员没有 {' '.join(invalid_roles)} 这种角色")


_STAFF_ROLES = tuple(role for role in Role if role not in (Role.CITIZEN, Role.SYSTEM))


def _find_duplicates(name: str, codes: Sequence[str]) -> Iterator[FileFault]:
    for code, times in Counter(codes).items():
        if times > 1:
            yield FileFault(f"{name} {code}", f"出现了 {times} 次")


def _find_kind_faults(district: District) -> Iterator[FileFault]:
    used_kinds = [(f"routes.toml 第 {number} 个 [[route]]", row.kind) for number, row in enumerate(district.routes, 1)]
    used_kinds += [(f"phrases.toml {row.code}", row.kind) for row in district.templates]
    kinds = {kind.value for kind in Kind}
    yield from (
        FileFault(location, f"没有诉求类型 {kind}") for location, kind in used_kinds if kind and kind not in kinds
    )


def _find_region_faults(rows: Sequence[RegionFileRow], regions: Mapping[str, RegionFileRow]) -> Iterator[FileFault]:
    for row in rows:
        location = f"regions.toml {row.code}"
        if row.parent and row.parent not in regions:
            yield FileFault(location, f"上级 {row.parent} 不在文件里")
        elif row.parent and LEVELS.index(regions[row.parent].level) >= LEVELS.index(row.level):
            yield FileFault(location, f"上级 {row.parent} 的层级不比它高")


def _find_unit_faults(
    rows: Sequence[UnitFileRow], units: Mapping[str, UnitFileRow], regions: Mapping[str, RegionFileRow]
) -> Iterator[FileFault]:
    for row in rows:
        location = f"units.toml {row.code}"
        if row.region not in regions:
            yield FileFault(location, f"没有地区 {row.region}")
        if row.parent and row.parent not in units:
            yield FileFault(location, f"上级 {row.parent} 不在文件里")
        elif row.parent and LEVELS.index(units[row.parent].level) > LEVELS.index(row.level):
            yield FileFault(location, f"上级 {row.parent} 的层级比它低")
        for duty in row.duties:
            if unknown := [code for code in duty.categories if not categories.has_code(code)]:
                yield FileFault(location, f"职责“{duty.text[:12]}”里没有 {' '.join(unknown)} 这种内容分类")


def _find_route_faults(
    rows: Sequence[RouteFileRow], units: Mapping[str, UnitFileRow], regions: Mapping[str, RegionFileRow]
) -> Iterator[FileFault]:
    for number, row in enumerate(rows, 1):
        location = f"routes.toml 第 {number} 个 [[route]]"
        if row.lead not in units and row.lead not in (STREET, DESK):
            yield FileFault(location, f"没有单位 {row.lead}；也可以写 {STREET} 或 {DESK}")
        if unknown := [code for code in row.co if code not in units]:
            yield FileFault(location, f"没有单位 {' '.join(unknown)}")
        if row.category and not categories.has_code(row.category):
            yield FileFault(location, f"没有内容分类 {row.category}")
        if row.region and row.region not in regions:
            yield FileFault(location, f"没有地区 {row.region}")
    if not any(row.lead == DESK and not (row.category or row.kind or row.region) for row in rows):
        yield FileFault("routes.toml", f"缺少兜底的一条：category、kind、region 都为空，lead 为 {DESK}")
    if not any(row.kind == Kind.REPORT and not row.category for row in rows):
        yield FileFault("routes.toml", "缺少检举控告的一条：kind 为 report，category 为空（信访工作条例 第三十条）")


# ---- loading ----


async def provision(context: AppContext, district: District, *, author: str) -> None:
    """Put a district in place in an empty installation: everything but its people, and a first classifier.

    Raises NotNow when there are units already.
    """
    if (await directory.load_directory()).edition:
        raise NotNow(directory="loaded")
    now = context.clock.now()
    units, regions, routes = (
        [msgspec.to_builtins(row) for row in rows] for rows in (district.units, district.regions, district.routes)
    )
    async with db.transaction():  # killed half way, nothing is there and the command may be given again
        await directory.store_directory(units, regions, routes, author=author, now=now)
        await ReplyTemplate.bulk_create([ReplyTemplate(**msgspec.to_builtins(row)) for row in district.templates])
        await QuickReason.bulk_create([QuickReason(**msgspec.to_builtins(row)) for row in district.reasons])
        await services.store_matters([msgspec.to_builtins(row) for row in district.matters])
    await first_release(context, district)


async def first_release(context: AppContext, district: District) -> None:
    """The classifier of day one, fitted from the units' duty lists, if there is none yet."""
    duties = [(duty.text, duty.categories) for unit in district.units for duty in unit.duties]
    await classify.model.registry.ensure_first_release(duties, context.settings.data, now=context.clock.now())


async def employ_staff(
    people: Sequence[StaffFileRow], write_down: Callable[[Mapping[str, str]], None], *, now: datetime
) -> int:
    """Give people their posts; who has none yet gets an account. Returns how many accounts are new.

    `write_down` gets the new passwords by user name before any account is made: nobody else ever knows them.
    Raises FaultyError when a unit is not there.
    """
    names = await directory.load_directory()
    if faults := [*_find_duplicates("staff.csv", [p.username for p in people]), *find_people_faults(people, names.has)]:
        raise FaultyError(faults)
    new_usernames = await accounts.list_without_account([person.username for person in people])
    passwords = {username: new_password() for username in new_usernames}
    if passwords:
        write_down(passwords)
    await directory.assign_posts([msgspec.to_builtins(person) for person in people])
    for username, password in passwords.items():
        await accounts.add_accounts([username], password, is_demo=False, now=now)
    return len(passwords)


def new_password() -> str:
    """A password nobody chose: 69 bits, in letters that can be read from paper."""
    return "".join(secrets.choice(PASSWORD_LETTERS) for _ in range(PASSWORD_LENGTH))
