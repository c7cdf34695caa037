"""Is a rating token valid for its own occasion and for nothing else?"""

import pytest

from evaluation.ratings.tokens import Occasion, create_token, parse_token
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Invalid

HANDLING = Occasion(matter="99010200001", handling_no="办-2026-0001", window="A12")


def test_a_token_comes_back_as_its_occasion() -> None:
    for occasion in (HANDLING, Occasion(case_no="20261121-048213"), Occasion(matter="1", window="3")):
        assert parse_token(Vault("geheim"), create_token(Vault("geheim"), occasion)) == occasion


def test_a_token_fits_into_an_address() -> None:
    assert create_token(Vault("geheim"), HANDLING).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("token", ["", "x", "AAAA", "？", "a" * 300, create_token(Vault("anderes"), HANDLING)])
def test_nobody_can_make_up_a_token(token: str) -> None:
    with pytest.raises(Invalid) as fault:
        parse_token(Vault("geheim"), token)
    assert fault.value.fields == {"token": "unknown"}


@pytest.mark.parametrize("place", [0, 10, 20, 40])
def test_a_changed_token_opens_nothing(place: int) -> None:
    token = create_token(Vault("geheim"), HANDLING)
    other = "A" if token[place] != "A" else "B"
    with pytest.raises(Invalid):
        parse_token(Vault("geheim"), token[:place] + other + token[place + 1 :])
