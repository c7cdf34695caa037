"""Names and telephone numbers of the demo town's people, drawn with the simulation's own random numbers, and where they live. No I/O."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from routing.directory import Directory, RegionRow


def draw_name(rng: random.Random, names: Mapping[str, Any]) -> str:
    """A name from the demo's family and given names."""
    return str(rng.choice(names["family"]) + rng.choice(names["given"]))


def draw_phone(rng: random.Random) -> str:
    """An 11-digit mobile number."""
    return f"139{rng.randrange(10**8):08d}"


def list_villages(message: Mapping[str, Any], villages: Sequence[RegionRow], directory: Directory) -> list[RegionRow]:
    """The villages a message may come from: the one it names, else town or country as it says."""
    if place := message.get("region"):
        return [region for region in villages if region.code == place]
    kinds = {"urban": ("street",), "rural": ("town",)}.get(message.get("area", ""), ("street", "town"))
    return [region for region in villages if directory.unit(directory.street_of(region.code)).kind in kinds]
