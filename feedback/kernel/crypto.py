"""Keeps personal data unreadable at rest, and makes it possible to forget it.

Every person has a key of their own (AES-256-GCM), itself encrypted under the master secret. Destroying the person's
key makes everything encrypted with it unreadable for ever (crypto-shredding), while the case file stays. All uses of
the secret go through one `Vault`, made from the settings.
"""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Vault:
    """The master secret of this installation, and all that may be done with it."""

    secret: str = field(repr=False)

    def mac_key(self, purpose: str) -> bytes:
        """A 256-bit key for one purpose: HMAC-SHA256 of its name under the secret."""
        return hmac.digest(self.secret.encode(), purpose.encode(), "sha256")

    def keyed_hash(self, purpose: str, text: str) -> str:
        """HMAC-SHA256 of `text` under a key of its own per `purpose`: equal texts can be found, not read."""
        return hmac.new(self.mac_key(purpose), text.encode(), hashlib.sha256).hexdigest()

    def new_person_key(self) -> str:
        """A fresh key for one person, encrypted under the master key."""
        return _encrypt(self._master_key, os.urandom(32))

    def encrypt_for_person(self, person_key: str, text: str) -> str:
        """`text` encrypted with the person's key. Empty stays empty."""
        return _encrypt(_decrypt(self._master_key, person_key), text.encode()) if text else ""

    def decrypt_for_person(self, person_key: str, ciphertext: str) -> str:
        """The text again. Empty when there was none or the person's key was destroyed.

        Raises ValueError when it was encrypted under another secret.
        """
        if not ciphertext or not person_key:
            return ""
        return _decrypt(_decrypt(self._master_key, person_key), ciphertext).decode()

    def encrypt_system(self, text: str) -> str:
        """`text` encrypted under the installation's own key: for what belongs to no person, such as query codes."""
        return _encrypt(self._master_key, text.encode())

    def decrypt_system(self, ciphertext: str) -> str:
        """The text encrypted by `encrypt_system`.

        Raises ValueError when it was encrypted under another secret.
        """
        return _decrypt(self._master_key, ciphertext).decode()

    @property
    def _master_key(self) -> bytes:
        return self.mac_key("seal")


def _encrypt(key: bytes, plaintext: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plaintext, None)).decode()


def _decrypt(key: bytes, ciphertext: str) -> bytes:
    raw = base64.b64decode(ciphertext)
    try:
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None)
    except InvalidTag as fault:
        raise ValueError("encrypted under another secret, or changed behind our back") from fault
