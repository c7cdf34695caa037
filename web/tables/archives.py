"""Opening the zip archives that .xlsx, .ods and .et files are, refusing those that would unpack to too much."""

import io
import struct
import zipfile
import zlib
from typing import IO, Final

from web.tables.model import TableLimits, refuse_file

_SMALL = 10 * 1024 * 1024
_ENCRYPTED = 1
ARCHIVE_FAULTS: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(OSError, RuntimeError, NotImplementedError, ValueError, KeyError, IndexError, OverflowError),
)
"""What Python raises for damaged archives, on opening and while their files are read."""


def open_archive(content: bytes, limits: TableLimits) -> zipfile.ZipFile:
    """The archive, once its directory has been checked: number of files, unpacked size, ratio of compression.

    Python never unpacks more of a file than its directory states, so what is stated is what counts.
    Raises Invalid.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except ARCHIVE_FAULTS:
        refuse_file("unreadable_table")
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    is_bomb = any(
        entry.file_size > _SMALL and entry.file_size > entry.compress_size * limits.unpacked_ratio for entry in entries
    )
    if len(entries) > limits.archive_entries or unpacked > limits.unpacked_bytes or is_bomb:
        refuse_file("unpacks_to_too_much")
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        refuse_file("has_password")
    return archive


def open_entry(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A file of the archive as a stream. Raises Invalid when it is not there or cannot be unpacked."""
    try:
        return archive.open(name)
    except ARCHIVE_FAULTS:
        refuse_file("unreadable_table")
