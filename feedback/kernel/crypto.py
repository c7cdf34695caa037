"""Encrypt personal data at rest, and destroy a person's key to forget them.

Every person has a key of their own (AES-256-GCM), itself encrypted with the master secret. Destroying the person's
key makes everything encrypted with it unreadable for ever (crypto-shredding), while the case file stays.
"""

import base64
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


def master_key(secret: str) -> bytes:
    """The 256-bit key that seals the keys of persons."""
    return hmac.digest(secret.encode(), b"seal", "sha256")


def new_person_key(master: bytes) -> str:
    """A fresh key for one person, encrypted with the master key."""
    return _encrypt(master, os.urandom(32))


def encrypt_for_person(master: bytes, person_key: str, text: str) -> str:
    """`text` encrypted with the person's key. Empty stays empty."""
    return _encrypt(_decrypt(master, person_key), text.encode()) if text else ""


def decrypt_for_person(master: bytes, person_key: str, ciphertext: str) -> str:
    """The text again. Empty when there was none or the person's key was destroyed."""
    return _decrypt(_decrypt(master, person_key), ciphertext).decode() if ciphertext and person_key else ""


def encrypt_system(secret: str, text: str) -> str:
    """`text` encrypted with the installation's own key: for what belongs to no person, such as query codes."""
    return _encrypt(master_key(secret), text.encode())


def decrypt_system(secret: str, ciphertext: str) -> str:
    """The text encrypted by `encrypt_system`."""
    return _decrypt(master_key(secret), ciphertext).decode()


def _encrypt(key: bytes, plaintext: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plaintext, None)).decode()


def _decrypt(key: bytes, ciphertext: str) -> bytes:
    raw = base64.b64decode(ciphertext)
    try:
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None)
    except InvalidTag as fault:
        raise ValueError("sealed under another secret, or changed behind our back") from fault
