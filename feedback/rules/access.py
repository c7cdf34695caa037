"""Access rules: who may see a case, and who may do what with it. One rule for check, list, count, export and buttons.

`scope` says the rule as a value that a query can use, `may_see` says it for one case; a test holds them equal.
Confidential cases (检举控告) are seen by cleared staff only, and a barred unit and all below it never learn of one
(信访工作条例 第三十条). No I/O.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from feedback.rules.imported_history import IMPORTER
from feedback.rules.lifecycle import CaseState, Step, list_steps
from feedback.rules.vocabulary import Role, Whose

ANY_STAFF = frozenset({Role.RECEPTION, Role.CLERK, Role.LEAD, Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN})
OVERSEERS = frozenset({Role.SUPERVISOR, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. Made by pages and the API from a session or a query code, never by rules."""

    id: str
    name: str
    roles: frozenset[Role]
    unit: str = ""
    units: frozenset[str] = frozenset()  # the units whose cases are theirs to see: their own and what lies below
    ancestry: frozenset[str] = frozenset()  # their unit and all above it: a bar on any of them bars them too
    everywhere: bool = False  # an overseer of the whole installation
    cleared: bool = False  # may read the confidential class
    case_no: str = ""  # the one case a citizen's code opens


SYSTEM = Actor(id="system", name="系统", roles=frozenset({Role.SYSTEM}))


def citizen(case_no: str) -> Actor:
    """Whoever holds the query code of that case."""
    return Actor(id="citizen", name="群众", roles=frozenset({Role.CITIZEN}), case_no=case_no)


_RESERVED_IDS = frozenset({IMPORTER, SYSTEM.id, citizen("").id})


def is_reserved_id(actor_id: str) -> bool:
    """Whether nobody of the staff may be called so: entries of such an actor mean what no person did."""
    return actor_id.casefold() in _RESERVED_IDS


@dataclass(frozen=True, slots=True)
class CaseAccess:
    """What the access rule needs to know of a case."""

    no: str
    confidential: bool
    desk: str
    lead: str  # the unit that leads it now, or ""
    co: frozenset[str] = frozenset()  # co-units now
    held: frozenset[str] = frozenset()  # every unit that holds or once held it
    bars: frozenset[str] = frozenset()
    recused: frozenset[str] = frozenset()  # ids of staff who must not handle it
    ordered: frozenset[str] = frozenset()  # units whose answer to a supervision order is awaited


@dataclass(frozen=True, slots=True)
class UnitScope:
    """Whose records an actor sees of those that belong to a unit, said so that a query can use it. By default nobody's."""

    everywhere: bool = False
    units: frozenset[str] = frozenset()

    def covers(self, unit: str) -> bool:
        return self.everywhere or unit in self.units


def unit_scope(actor: Actor) -> UnitScope:
    """The units whose records `actor` sees: an overseer of the whole installation all, others their own and below."""
    return UnitScope(
        everywhere=actor.everywhere and bool(actor.roles & OVERSEERS),
        units=actor.units | ({actor.unit} if actor.unit else frozenset()),
    )


@dataclass(frozen=True, slots=True)
class AccessScope:
    """Which cases an actor sees, said so that a query can use it."""

    everything: bool = False  # no test at all: the system only
    nothing: bool = False
    case_no: str = ""
    everywhere: bool = False
    units: frozenset[str] = frozenset()
    desk: str = ""
    confidential: bool = False
    ancestry: frozenset[str] = frozenset()
    staff_id: str = ""


def scope(actor: Actor) -> AccessScope:
    """The cases `actor` sees."""
    if Role.SYSTEM in actor.roles:
        return AccessScope(everything=True)
    if Role.CITIZEN in actor.roles:
        return AccessScope(case_no=actor.case_no, nothing=not actor.case_no)
    roles = actor.roles - {Role.ADMIN}  # an administrator manages accounts and tables, not people's matters
    if not roles:
        return AccessScope(nothing=True)
    units = unit_scope(actor)
    return AccessScope(
        everywhere=units.everywhere,
        units=units.units,
        desk=actor.unit if Role.RECEPTION in roles else "",
        confidential=actor.cleared,
        ancestry=actor.ancestry | ({actor.unit} if actor.unit else frozenset()),
        staff_id=actor.id,
    )


def may_see(actor: Actor, case: CaseAccess) -> bool:
    """Whether `actor` may know that the case exists."""
    access_scope = scope(actor)
    if access_scope.everything:
        return True
    if access_scope.nothing:
        return False
    if access_scope.case_no:
        return access_scope.case_no == case.no
    if case.confidential and not access_scope.confidential:
        return False
    if case.bars & access_scope.ancestry or access_scope.staff_id in case.recused:
        return False
    return (
        access_scope.everywhere
        or bool(case.held & access_scope.units)
        or (access_scope.desk != "" and access_scope.desk == case.desk)
    )


def may_perform(actor: Actor, step: Step, case: CaseAccess) -> bool:
    """Whether `actor` may do the step to a case, its status aside."""
    if not may_see(actor, case):
        return False
    return any(role in actor.roles and _is_responsible(actor, whose, case) for role, whose in step.who)


def _is_responsible(actor: Actor, whose: Whose, case: CaseAccess) -> bool:
    match whose:
        case Whose.DESK:
            return actor.unit == case.desk
        case Whose.OTHER_DESK:
            return actor.unit == case.desk != case.lead
        case Whose.HOLDER:
            return bool(case.lead) and actor.unit == case.lead
        case Whose.CO:
            return actor.unit in case.co
        case Whose.ORDERED:
            return actor.unit in case.ordered
        case Whose.OVERSEER:
            return actor.everywhere or case.lead in actor.units
        case Whose.OTHER_OVERSEER:
            return actor.unit != case.lead and (actor.everywhere or case.lead in actor.units)
        case Whose.OWNER:
            return actor.case_no == case.no
        case Whose.NOBODY:
            return Role.SYSTEM in actor.roles


def open_steps(actor: Actor, state: CaseState, case: CaseAccess) -> tuple[Step, ...]:
    """The steps `actor` may take now: the buttons, the forms and the API's `acts`."""
    return tuple(step for step in list_steps(state) if may_perform(actor, step, case))


def may_see_person(actor: Actor, case: CaseAccess) -> bool:
    """Whether `actor` sees the person's name and telephone: those who must answer, and the desk."""
    if Role.CITIZEN in actor.roles:
        return actor.case_no == case.no
    is_handler = bool(actor.roles & {Role.CLERK, Role.LEAD, Role.RECEPTION})
    return is_handler and may_see(actor, case) and actor.unit in case.co | {case.lead, case.desk}


def may_issue_code(actor: Actor, case: CaseAccess) -> bool:
    """Whether `actor` may be given, or may give to the citizen, a new query code: the citizen, and the case's own desk."""
    if Role.CITIZEN in actor.roles:
        return actor.case_no == case.no
    return Role.RECEPTION in actor.roles and actor.unit == case.desk and may_see(actor, case)


def may_read_letter(actor: Actor, *, internal: bool) -> bool:
    """Whether whoever sees a case may read a letter of it: slips and orders between offices are for staff."""
    return not internal or Role.CITIZEN not in actor.roles


def has_role(actor: Actor, roles: Iterable[Role]) -> bool:
    """Whether `actor` holds one of the roles."""
    return bool(actor.roles & frozenset(roles))
