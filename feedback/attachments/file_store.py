"""Where the bytes of attachments lie: encrypted, one file for each row, under its random id.

The place tells nothing of the content, so that nobody who sees the folder can ask whether this town holds a certain
file. Files of older versions lie in clear under their SHA-256 until `upkeep.encrypt_some` has turned them over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from feedback.kernel import encrypted_file, storage
from feedback.kernel.clamav import Scanner
from feedback.kernel.crypto import Vault
from feedback.kernel.encrypted_file import EncryptedFile
from feedback.kernel.settings import Settings
from feedback.record.models.case import Attachment

_DIGEST_PURPOSE = "attachment"
SUFFIX = ".xq"


@dataclass(frozen=True, slots=True)
class PlainFile:
    """A file that was not turned over yet. `size`: its bytes."""

    path: Path
    size: int

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        """The content from byte `start` up to byte `stop`, to its end by default."""
        return b"".join(self.pieces(start, stop))

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The same in pieces of at most `encrypted_file.PIECE_BYTES`."""
        left = (self.size if stop is None else min(stop, self.size)) - start
        with self.path.open("rb") as file:
            file.seek(start)
            while left > 0 and (piece := file.read(min(left, encrypted_file.PIECE_BYTES))):
                left -= len(piece)
                yield piece


Content = EncryptedFile | PlainFile


@dataclass(frozen=True, slots=True)
class FileStore:
    """The files of this installation, and what is asked of a new one."""

    folder: Path
    vault: Vault
    most_bytes: int
    min_free_bytes: int = 0
    scanner: Scanner | None = None
    most_recording_bytes: int = 0
    """Of sound and video that come in parts; they are neither decoded nor unpacked here."""

    @classmethod
    def of(cls, settings: Settings) -> "FileStore":
        """The store that the settings describe."""
        return cls(
            settings.data / "files",
            settings.vault,
            settings.upload_max_bytes,
            settings.storage_min_free_bytes,
            Scanner(settings.clamav) if settings.clamav else None,
            settings.resumable_max_bytes,
        )

    def digest(self, sha256: str) -> str:
        """What a row holds of its file's SHA-256: whoever reads the table cannot compare it with files of theirs."""
        return self.vault.keyed_hash(_DIGEST_PURPOSE, sha256)

    def require_space(self) -> None:
        """Refuse another file while too little is free.

        Raises Unavailable.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        storage.require_space(self.folder.parent, self.min_free_bytes)

    def write(self, attachment_id: str, content: bytes) -> None:
        """Whole or not at all: only a process killed half-way leaves a temporary file, which the night deletes."""
        storage.write_whole(self.path(attachment_id), encrypted_file.encrypt(self.vault, attachment_id, content))

    def open(self, row: Attachment) -> Content:
        """The file of a row, wherever it lies.

        Raises FileNotFoundError, and UnreadableFile when it was changed or belongs to another secret.
        """
        try:
            return EncryptedFile.open(self.vault, row.id, self.path(row.id))
        except FileNotFoundError:
            path = self.old_path(row.digest)
            try:
                return PlainFile(path, path.stat().st_size)
            except FileNotFoundError:  # it may have been turned over in this moment
                return EncryptedFile.open(self.vault, row.id, self.path(row.id))

    def path(self, attachment_id: str) -> Path:
        """The first character of the id makes the folder. Its prefix keeps it apart from the old ones."""
        return self.folder / f"id-{attachment_id[:1]}" / (attachment_id + SUFFIX)

    def old_path(self, sha256: str) -> Path:
        """Where a file in clear lies, by its SHA-256."""
        return self.folder / sha256[:2] / sha256[2:]
