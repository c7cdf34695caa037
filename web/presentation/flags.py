"""What deserves attention in a message, in words for people? Rules and hunches together, at the door and on the pages."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from classify.signals import flag_model, flags

HUNCH: Final = "?"
"""A flag the model only suspects is kept with this mark behind its code."""

_RED: Final = frozenset({flags.SELF_HARM, flags.LIFE, flags.MINOR})
_MAYBE: Final = "疑似"


@dataclass(frozen=True, slots=True)
class FlagView:
    """A flag as it is shown: its label, the words that raised it ("" for a hunch), and whether it is grave."""

    label: str
    words: str
    is_grave: bool
    is_hunch: bool = False


async def raised_flags(title: str, text: str) -> tuple[str, ...]:
    """The codes a case keeps. In a thread: a long story takes a while."""
    return await asyncio.to_thread(_codes, title, text)


async def warm(folder: Path) -> None:
    """Have the model ready before anybody asks: the one kept in the folder, or a fresh one, which takes seconds."""
    await asyncio.to_thread(flag_model.prepare, folder)


def is_ready() -> bool:
    """Whether this process can say what deserves attention: from the moment `web.bootstrap.opened` opened it."""
    return flag_model.is_ready()


def _codes(title: str, text: str) -> tuple[str, ...]:
    sure = flags.codes_in(title, text)
    felt = (code for code in flag_model.predict_flags(title, text) if code not in sure)
    return (*sure, *(f"{code}{HUNCH}" for code in felt))


def flag_views(kept: str) -> list[FlagView]:
    """The flags of a line in a list, the gravest first."""
    codes = kept.split()
    found = [FlagView(words, "", code in _RED) for code, words in flags.FLAGS.items() if code in codes]
    return found + [
        FlagView(f"{_MAYBE}{words}", "", False, is_hunch=True)
        for code, words in flags.FLAGS.items()
        if f"{code}{HUNCH}" in codes
    ]


def flag_views_in(title: str, text: str, kept: str) -> list[FlagView]:
    """The flags of a case with the words that raised them, read anew; hunches as they were kept."""
    found = [FlagView(flags.FLAGS[flag.code], flag.words, flag.code in _RED) for flag in flags.flags_in(title, text)]
    return found + [mark for mark in flag_views(kept) if mark.is_hunch]


async def help_line(title: str, text: str) -> str:
    """The number whoever wrote this should be told, or "": here a hunch is enough."""
    codes = await raised_flags(title, text)
    return flags.HELP_LINE if {flags.SELF_HARM, flags.SELF_HARM + HUNCH} & set(codes) else ""


OPTIONS: Final[Mapping[str, str]] = flags.FLAGS
