"""Generated waves of similar demo messages: one local problem many report, and questions that recur yearly.

Topics and proofs grow out of such waves by themselves; here are only the messages, put together from the town's data. No
I/O, and the randomness is an argument.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class DemoRegion(Protocol):
    """As much of a region as a message needs."""

    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def places(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class ScheduledCase:
    """A message that will come `days` before the end of the demo's time, and who will answer it with what."""

    days: float
    kind: str
    category: str
    unit: str
    region: str
    address: str
    title: str
    text: str
    reply: str


def scheduled_cases(
    waves: Mapping[str, Any], regions: Sequence[DemoRegion], rng: random.Random
) -> Iterator[ScheduledCase]:
    """Every message of the waves, in no order."""
    for wave in waves["topic"]:
        yield from _topic_cases(wave, rng)
    for wave in waves["routine"]:
        yield from _routine_cases(wave, regions, rng)


def _topic_cases(wave: Mapping[str, Any], rng: random.Random) -> Iterator[ScheduledCase]:
    first, last = wave["days"]
    for title, text in wave["messages"]:
        days = last + (first - last) * rng.random() ** 1.6  # more and more of them
        yield _to_case(wave, days, wave["region"], wave["place"], title, text)


def _routine_cases(
    wave: Mapping[str, Any], regions: Sequence[DemoRegion], rng: random.Random
) -> Iterator[ScheduledCase]:
    first, last = wave["days"]
    for _ in range(wave["number"]):
        region = rng.choice(regions)
        place = rng.choice(region.places or (region.name,))
        phrases = [rng.choice(wave[part]) for part in ("opening", "child", "home", "question", "ending")]
        text = "{}{}，{}，{}？{}".format(*phrases).replace("{place}", place)
        yield _to_case(wave, rng.uniform(last, first), region.code, place, rng.choice(wave["titles"]), text)


def _to_case(wave: Mapping[str, Any], days: float, region: str, address: str, title: str, text: str) -> ScheduledCase:
    return ScheduledCase(
        days, wave["kind"], wave["category"], wave["unit"], region, address, title, text, reply=wave["reply"]
    )
