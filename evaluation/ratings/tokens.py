"""Signed tokens for rating links and QR codes.

A token names either a case, or a service matter with the number of one handling or the window it was given at. It is
signed, not stored: a printed code works as long as the secret stands, and nobody can make one up. No I/O.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import astuple, dataclass

from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Invalid

_SIGNATURE = 12  # bytes: 96 bits are out of reach behind the rate limit, and the code stays easy to scan
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is rated: a case, or one handling of a matter, or whatever happens at a window."""

    case_no: str = ""
    matter: str = ""
    handling_no: str = ""
    window: str = ""


def create_token(vault: Vault, occasion: Occasion) -> str:
    """The token that stands for the occasion."""
    payload = _SEPARATOR.join(astuple(occasion)).encode()
    return base64.urlsafe_b64encode(_sign(vault, payload) + payload).decode().rstrip("=")


def parse_token(vault: Vault, token: str) -> Occasion:
    """The occasion a token stands for.

    Raises Invalid for a token that is not ours.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as fault:
        raise Invalid({"token": "unknown"}) from fault
    signature, payload = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(vault, payload)):
        raise Invalid({"token": "unknown"})
    return Occasion(*payload.decode().split(_SEPARATOR))


def _sign(vault: Vault, payload: bytes) -> bytes:
    key = vault.mac_key("rating-token")
    return hmac.new(key, payload, hashlib.sha256).digest()[:_SIGNATURE]
