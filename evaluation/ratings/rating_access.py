"""Access rules of ratings, their disputes and exclusions: who reads them, who speaks for a unit, who decides. No I/O.

Which ratings an actor sees is `access.scope` with the unit of the rating in place of those that hold a case;
`evaluation.ratings.cases.visible_ratings` says it as a query.
"""

from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.vocabulary import Role


def may_read(actor: Actor) -> bool:
    """Whether somebody of the staff reads ratings and exclusions at all: an administrator does not."""
    return access.has_role(actor, access.ANY_STAFF - {Role.ADMIN})


def may_know_source(actor: Actor) -> bool:
    """Whether the actor learns who gave an anonymous rating, or to which case: the rated unit never does."""
    return Role.CITIZEN in actor.roles or Role.SYSTEM in actor.roles or access.unit_scope(actor).everywhere


def may_speak_for(actor: Actor, unit: str) -> bool:
    """Whether the actor may dispute a rating of the unit, or ask to leave out a case it answered."""
    return access.has_role(actor, (Role.CLERK, Role.LEAD)) and actor.unit == unit


def may_register_handlings(actor: Actor, unit: str) -> bool:
    """Whether the actor may register a handling of the unit, and print the code by which its applicant rates."""
    return access.has_role(actor, (Role.CLERK, Role.LEAD, Role.RECEPTION)) and bool(unit) and actor.unit == unit


def may_decide_exclusion(actor: Actor, unit: str) -> bool:
    """A supervisor who does not belong to the unit."""
    return access.has_role(actor, (Role.SUPERVISOR,)) and actor.unit != unit


def may_decide_dispute(actor: Actor, unit: str) -> bool:
    """A supervisor of the whole installation who does not belong to the unit."""
    return may_decide_exclusion(actor, unit) and access.unit_scope(actor).everywhere
