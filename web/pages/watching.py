"""Who watches over others? The check every page of oversight begins with, and the tabs between those pages."""

from typing import Any

from starlette.requests import Request

from feedback.access import OVERSEERS, Actor, has
from feedback.kernel.errors import Forbidden
from web import identity, present_oversight


async def overseer(request: Request) -> Actor:
    """Whoever asks, if they oversee others.

    Raises Forbidden.
    """
    actor = await identity.actor(request)
    if not has(actor, OVERSEERS):
        raise Forbidden
    return actor


def pages(current: str, actor: Actor) -> list[dict[str, Any]]:
    """The tabs over the pages of oversight."""
    return present_oversight.tabs(current, actor)
