"""Does a token open what it was made for, and nothing else?"""

import pytest

from evaluation.ratings.tokens import Occasion, occasion_of, token_of
from feedback.kernel.errors import Invalid

HANDLING = Occasion(matter="99010200001", handling_no="办-2026-0001", window="A12")


def test_a_token_comes_back_as_its_occasion() -> None:
    for occasion in (HANDLING, Occasion(case_no="20261121-048213"), Occasion(matter="1", window="3")):
        assert occasion_of("geheim", token_of("geheim", occasion)) == occasion


def test_a_token_fits_into_an_address() -> None:
    assert token_of("geheim", HANDLING).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("token", ["", "x", "AAAA", "？", "a" * 300, token_of("anderes", HANDLING)])
def test_nobody_can_make_up_a_token(token: str) -> None:
    with pytest.raises(Invalid) as fault:
        occasion_of("geheim", token)
    assert fault.value.fields == {"token": "unknown"}


@pytest.mark.parametrize("place", [0, 10, 20, 40])
def test_a_changed_token_opens_nothing(place: int) -> None:
    token = token_of("geheim", HANDLING)
    other = "A" if token[place] != "A" else "B"
    with pytest.raises(Invalid):
        occasion_of("geheim", token[:place] + other + token[place + 1 :])
