"""Waves of the demo town: from many people, within their days, with known places and categories."""

import random
from collections import Counter
from itertools import combinations

from classify.duplicates import near_duplicates
from classify.taxonomy import LEVEL2
from web.demo import seed, simulation, waves

WAVES = seed.load_data("seasons")
UNITS = {unit["code"] for unit in seed.load_data("units")["unit"]}
CODES = {region["code"] for region in seed.load_data("regions")["region"]}


class Village:
    """A village with one compound."""

    code, name, places = "990102001001", "清波社区", ("清波花园",)


def _comings() -> list[waves.ScheduledCase]:
    return list(waves.scheduled_cases(WAVES, [Village()], random.Random(1)))


def test_every_message_names_places_and_categories_of_the_town() -> None:
    for coming in _comings():
        assert coming.category in LEVEL2
        assert coming.unit in UNITS
        assert coming.region in CODES
        assert 0 <= coming.days <= simulation.DAYS
        assert "{" not in coming.text


def test_a_wave_comes_in_its_days_and_the_same_with_the_same_seed() -> None:
    (asked,) = WAVES["routine"]
    routine = [coming for coming in _comings() if coming.category == asked["category"]]
    assert len(routine) == asked["number"]
    assert all(asked["days"][1] <= coming.days <= asked["days"][0] for coming in routine)
    assert _comings() == _comings()


def test_routine_messages_are_not_copies() -> None:
    routine = [coming for coming in _comings() if coming.kind == "consult"][:60]
    shapes = [near_duplicates.vectorize(near_duplicates.normalize("", coming.text)) for coming in routine]
    same = Counter(near_duplicates.measure_similarity(a, b).cosine >= 0.9 for a, b in combinations(shapes, 2))
    assert same[True] <= 0.02 * same.total()
