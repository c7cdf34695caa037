"""Units, regions, routing rows and staff of the fictional demo district 云川区, read from its data files."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from feedback.kernel.errors import NotNow
from feedback.rules.vocabulary import Role
from routing import directory
from web.auth import accounts
from web.context import AppContext
from web.imports import provisioning
from web.imports.provisioning import UnitFileRow

TOWN = Path(__file__).parent / "town"
DEMO_PASSWORD = "demo"  # noqa: S105 - the demo town's, refused in production
SEED = 20_261_121


def load_data(name: str) -> dict[str, Any]:
    """One of the town's data files."""
    return tomllib.loads((TOWN / f"{name}.toml").read_text("utf-8"))


async def seed_town(context: AppContext) -> None:
    """Units, regions, routing rows, staff, accounts, texts, matters and a first classifier; no case yet."""
    now = context.clock.now()
    district = provisioning.read_district(TOWN)
    try:
        await provisioning.provision(context, district, author="demo")
    except NotNow:  # killed half way at an earlier start: the rest of it
        await provisioning.first_release(context, district)
    staff = _list_staff(district.units, context)
    await directory.add_staff(staff)
    await accounts.add_accounts([row["username"] for row in staff], DEMO_PASSWORD, is_demo=True, now=now)


def _list_staff(units: Sequence[UnitFileRow], context: AppContext) -> list[dict[str, Any]]:
    """A clerk and a head for every unit, and the staff with tasks for the whole district."""
    names, rng = load_data("staff"), random.Random(SEED)  # noqa: S311 - a demo, repeatable on purpose

    def name() -> str:
        return str(rng.choice(names["family"]) + rng.choice(names["given"]))

    def cleared(unit: UnitFileRow) -> bool:
        return unit.kind == "discipline" or unit.code.endswith("jiwei")

    rows = [
        _post(f"{role.value}-{unit.code}", name(), unit.code, [role], cleared=cleared(unit))
        for unit in units
        for role in (Role.CLERK, Role.LEAD)
    ]
    desk = context.settings.desk
    return [
        *rows,
        _post("reception", name(), desk, [Role.RECEPTION], cleared=True),
        _post("supervisor", name(), "xinfang", [Role.SUPERVISOR], everywhere=True),
        _post("auditor", name(), "xinfang", [Role.AUDITOR], everywhere=True),
        _post("admin", name(), "xinfang", [Role.ADMIN]),
        *(
            _post(f"reception-{unit.code}", name(), unit.code, [Role.RECEPTION], cleared=_is_petition(unit))
            for unit in units
            if _is_desk(unit)
        ),
        # Who audits what is read of reports belongs to the discipline organ, and not to who keeps the system.
        _post("auditor-jiwei", name(), "jiwei", [Role.AUDITOR], everywhere=True, cleared=True),
        # A report is supervised from there too: other supervisors belong to offices that it may accuse.
        _post("supervisor-jiwei", name(), "jiwei", [Role.SUPERVISOR], everywhere=True, cleared=True),
    ]


def _is_desk(unit: UnitFileRow) -> bool:
    """Petition departments of every level, streets and towns take people in themselves (属地管理)."""
    return unit.kind in ("street", "town") or _is_petition(unit)


def _is_petition(unit: UnitFileRow) -> bool:
    """Petition departments (信访局), which also take in reports."""
    return unit.kind == "petition" or unit.code.endswith("xinfang")


def _post(
    username: str, name: str, unit: str, roles: list[Role], *, everywhere: bool = False, cleared: bool = False
) -> dict[str, Any]:
    return {
        "username": username,
        "name": name,
        "unit": unit,
        "roles": [role.value for role in roles],
        "everywhere": everywhere,
        "cleared": cleared,
    }


def fill_slots(text: str, slots: Mapping[str, str]) -> str:
    """A demo text with its `{slots}` filled."""
    for name, value in slots.items():
        text = text.replace("{" + name + "}", value)
    return text
