"""Passwords are hashed at a cost that makes guessing from a stolen table expensive."""

from argon2 import PasswordHasher, extract_parameters

from web.auth import passwords


def test_a_hash_costs_what_owasp_asks_for() -> None:
    hashed = PasswordHasher.from_parameters(passwords.COST).hash("demo")
    parameters = extract_parameters(hashed)
    assert parameters == passwords.COST
    assert parameters.memory_cost >= 19 * 1024 and parameters.time_cost >= 2


def test_a_password_is_recognised_whatever_its_hash_had_cost() -> None:
    expensive = PasswordHasher.from_parameters(passwords.COST).hash("demo")
    for hashed in (expensive, passwords.hash_password("demo")):
        assert passwords.matches_hash(hashed, "demo")
        assert not passwords.matches_hash(hashed, "Demo")
    assert not passwords.matches_hash("no hash at all", "demo")
