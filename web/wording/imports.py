"""Words of the import of a history, read from `imports.toml` beside this module."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from web.wording.catalogue import KINDS, load_tables

_TABLES = load_tables("imports.toml")

FIELDS: Mapping[str, str] = _TABLES["fields"]
REASONS: Mapping[str, str] = _TABLES["reasons"]
TOLD: Mapping[str, Any] = _TABLES["told"]
KIND_OF_WORD: Mapping[str, str] = MappingProxyType(
    {word: kind for kind, word in KINDS.items()}
    | {word: kind for kind, words in _TABLES["kinds"].items() for word in words}
)
"""A word for a kind, ours or another system's -> the kind."""


def tell(name: str, /, **values: object) -> str:
    """A sentence of the command with its values."""
    return str(TOLD[name]).format(**values)


def reason_words(code: str) -> str:
    """Why a cell was not understood."""
    return REASONS.get(code, code)
