"""Files that are unreadable at rest and can be read from any place on, as players of sound and video do.

Layout: `MAGIC`, the file's own random key encrypted under the master secret (60 bytes), then pieces of 64 KiB, each
AES-256-GCM with its number as nonce (the key is used for no other file). The name of the file is authenticated with the
key, the number of the piece and whether it is the last one with the piece: a file put in another's place, a piece
moved, and an end cut off do not open.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from feedback.kernel.crypto import Vault

MAGIC = b"XQFILE1\n"
PIECE_BYTES = 65_536
_PURPOSE = "files"
_NONCE_BYTES, _KEY_BYTES, _TAG_BYTES = 12, 32, 16
_HEAD_BYTES = len(MAGIC) + _NONCE_BYTES + _KEY_BYTES + _TAG_BYTES


class UnreadableFile(ValueError):
    """The file was encrypted under another secret, is another file's, or was changed."""


def encrypt(vault: Vault, name: str, content: bytes) -> bytes:
    """The bytes to store for the file of that name, under a fresh key."""
    key, nonce = os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
    wrapped_key = AESGCM(vault.mac_key(_PURPOSE)).encrypt(nonce, key, name.encode())
    cipher = AESGCM(key)
    parts = [MAGIC, nonce, wrapped_key]
    last = _last_piece(len(content))
    for number in range(last + 1):
        piece = content[number * PIECE_BYTES : (number + 1) * PIECE_BYTES]
        parts.append(cipher.encrypt(_nonce(number), piece, _piece_data(number, last)))
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class EncryptedFile:
    """An encrypted file that was opened. `size`: bytes of its content."""

    path: Path
    size: int
    _key: bytes = field(repr=False)

    @classmethod
    def open(cls, vault: Vault, name: str, path: Path) -> "EncryptedFile":
        """Read the head of the file.

        Raises FileNotFoundError, and UnreadableFile when it does not open under this secret and name.
        """
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            body_bytes = os.fstat(file.fileno()).st_size - _HEAD_BYTES
        if len(head) < _HEAD_BYTES or not head.startswith(MAGIC):
            raise UnreadableFile(str(path))
        wrapped = head[len(MAGIC) :]
        try:
            key = AESGCM(vault.mac_key(_PURPOSE)).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], name.encode())
        except InvalidTag as fault:
            raise UnreadableFile(str(path)) from fault
        piece_count = -(-body_bytes // (PIECE_BYTES + _TAG_BYTES))
        return cls(path, max(0, body_bytes - piece_count * _TAG_BYTES), key)

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        """The content from byte `start` up to byte `stop`, to its end by default.

        Raises UnreadableFile for bytes that were changed.
        """
        return b"".join(self.pieces(start, stop))

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The same in pieces of at most `PIECE_BYTES`."""
        stop = self.size if stop is None else min(stop, self.size)
        last, cipher = _last_piece(self.size), AESGCM(self._key)
        first, behind = start // PIECE_BYTES, -(-stop // PIECE_BYTES)
        if self.size == 0:
            behind = 1  # the empty piece proves that nothing was cut off
        with self.path.open("rb") as file:
            file.seek(_HEAD_BYTES + first * (PIECE_BYTES + _TAG_BYTES))
            for number in range(first, behind):
                ciphertext = file.read(PIECE_BYTES + _TAG_BYTES)
                try:
                    piece = cipher.decrypt(_nonce(number), ciphertext, _piece_data(number, last))
                except InvalidTag as fault:
                    raise UnreadableFile(str(self.path)) from fault
                at = number * PIECE_BYTES
                yield piece[max(0, start - at) : stop - at]


def _last_piece(size: int) -> int:
    return max(0, -(-size // PIECE_BYTES) - 1)


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE_BYTES, "big")


def _piece_data(number: int, last: int) -> bytes:
    return b"last" if number == last else b"more"
