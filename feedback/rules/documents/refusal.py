"""Why a document is not taken, and how much of it is looked at."""

from dataclasses import dataclass


class Refused(Exception):
    """The document is not taken.

    Codes: macros, scripted, embedded (a program or an archive inside), locked (a password), unpacks_too_large,
    damaged_document, type_refused.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


MAX_DEPTH = 3
MAX_ENTRIES = 10_000
MAX_ENTRY_BYTES = 100_000_000


@dataclass
class Budget:
    """How much may still be unpacked of one upload, whatever lies in whatever."""

    bytes_left: int = 200_000_000
    entries_left: int = MAX_ENTRIES

    def spend(self, byte_count: int) -> None:
        """Raises Refused when nothing is left."""
        self.bytes_left -= byte_count
        if self.bytes_left < 0:
            raise Refused("unpacks_too_large")

    def spend_entries(self, count: int) -> None:
        """Raises Refused when nothing is left."""
        self.entries_left -= count
        if self.entries_left < 0:
            raise Refused("unpacks_too_large")
