"""Case numbers, unguessable codes and keyed hashes.

Numbers and codes are digits only: they are read out on the telephone and typed by people of every age.
"""

import hmac
import re
import secrets
import unicodedata
from datetime import date

CODE_DIGITS = 12
_DIGITS = "0123456789"
CASE_NUMBER_MOST = 20  # no case number is longer, and PostgreSQL refuses to compare a longer one


def case_number(day: date) -> str:
    """A fresh case number: office day and six random digits, e.g. `20261121-048213`.

    Random, so that it tells nobody how many cases came before; the unique index refuses the rare duplicate.
    """
    return f"{day:%Y%m%d}-{secrets.randbelow(10**6):06d}"


def query_code() -> str:
    """A fresh query code (查询码): 12 random digits, about 40 bits behind the rate limit."""
    return "".join(secrets.choice(_DIGITS) for _ in range(CODE_DIGITS))


def normalize_code(text: str) -> str:
    """What a person meant by a typed code: full-width digits narrowed, blanks and dashes dropped."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isdigit())


def normalize_case_number(text: str) -> str:
    """What a person meant by a typed case number."""
    digits = normalize_code(text)
    if len(digits) == 14:
        return f"{digits[:8]}-{digits[8:]}"
    return unicodedata.normalize("NFKC", text).strip()[:CASE_NUMBER_MOST]


def new_token() -> str:
    """A fresh bearer token, 256 bits."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """A fresh unguessable id for things that carry no number, 128 bits, URL-safe."""
    return secrets.token_urlsafe(16)


_RANDOM_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}", re.IGNORECASE)


def is_random_uuid(text: str) -> bool:
    """Whether an id from outside is a random UUID (122 bits), which nobody comes upon who was not given it."""
    return _RANDOM_UUID.fullmatch(text) is not None


def constant_time_equal(left: str, right: str) -> bool:
    """Equality in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
