"""Hashing a password and checking one against its hash. No I/O."""

from argon2 import Parameters, PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerifyMismatchError

COST = Parameters(type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's second choice, password storage cheat sheet: 19 MiB, two passes. A check takes 68 ms here."""
hasher = PasswordHasher.from_parameters(COST)
"""Tests put a cheaper one in its place; a hash is checked at the cost it was made with."""
DUMMY_HASH = hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    return hasher.hash(password)


def matches_hash(hashed: str, password: str) -> bool:
    try:
        return hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
