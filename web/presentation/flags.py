"""Flags raised by a message, in words: those found by rules and those predicted by the model."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from classify.signals import flag_model, flags

SUSPECTED_MARK: Final = "?"
"""A flag the model only suspects is stored with this suffix behind its code."""

_GRAVE_FLAGS: Final = frozenset({flags.SELF_HARM, flags.LIFE, flags.MINOR})
_SUSPECTED_PREFIX: Final = "疑似"


@dataclass(frozen=True, slots=True)
class FlagView:
    """A flag as it is shown: its label, the words that raised it ("" for a prediction of the model), and whether it is grave."""

    label: str
    words: str
    is_grave: bool
    is_hunch: bool = False


async def find_flags(title: str, text: str) -> tuple[str, ...]:
    """The codes a case keeps. In a thread: a long story takes a while."""
    return await asyncio.to_thread(_find_codes, title, text)


async def prepare_model(folder: Path) -> None:
    """Have the model ready before anybody asks: the one kept in the folder, or a fresh one, which takes seconds."""
    await asyncio.to_thread(flag_model.prepare, folder)


def is_ready() -> bool:
    """Whether this process can say what deserves attention: from the moment `web.bootstrap.opened` opened it."""
    return flag_model.is_ready()


def _find_codes(title: str, text: str) -> tuple[str, ...]:
    certain = flags.detect_flag_codes(title, text)
    suspected = (code for code in flag_model.predict_flags(title, text) if code not in certain)
    return (*certain, *(f"{code}{SUSPECTED_MARK}" for code in suspected))


def list_flags(stored_codes: str) -> list[FlagView]:
    """The flags of a line in a list, the gravest first."""
    codes = stored_codes.split()
    views = [FlagView(words, "", code in _GRAVE_FLAGS) for code, words in flags.FLAGS.items() if code in codes]
    return views + [
        FlagView(f"{_SUSPECTED_PREFIX}{words}", "", False, is_hunch=True)
        for code, words in flags.FLAGS.items()
        if f"{code}{SUSPECTED_MARK}" in codes
    ]


def list_case_flags(title: str, text: str, stored_codes: str) -> list[FlagView]:
    """The flags of a case with the words that raised them, read anew; predictions of the model as they were stored."""
    views = [
        FlagView(flags.FLAGS[flag.code], flag.words, flag.code in _GRAVE_FLAGS)
        for flag in flags.detect_flags(title, text)
    ]
    return views + [view for view in list_flags(stored_codes) if view.is_hunch]


async def find_help_line(title: str, text: str) -> str:
    """The help line to show the writer, or "": here a prediction of the model is enough."""
    codes = await find_flags(title, text)
    return flags.HELP_LINE if {flags.SELF_HARM, flags.SELF_HARM + SUSPECTED_MARK} & set(codes) else ""


FLAG_OPTIONS: Final[Mapping[str, str]] = flags.FLAGS
