"""The plain form of a text in which patterns are searched: every character keeps its place. Pure: no I/O.

People type digits in full width, dashes of ten kinds, dots for blanks and letters of other alphabets that look like ours;
some do so to get a number past a filter. What is compared or masked is compared or masked in this form.
"""

import unicodedata
from functools import cache

_DASHES = "‐‑‒–—―−﹘﹣－ー"
_DOTS = "·•・‧∙⋅．﹒"
_LOOK_ALIKES = dict(zip("АВЕКМНОРСТХаеорсухΑΒΕΖΗΙΚΜΝΟΡΤΧ", "ABEKMHOPCTXaeopcyxABEZHIKMNOPTX", strict=True))
"""Cyrillic and Greek letters that nobody can tell from Latin ones."""


def fold(text: str) -> str:
    """The text in plain characters, of the same length: full width, digits of any script, dashes, dots, look-alikes."""
    return text.translate(_Table())


class _Table(dict[int, str]):
    """What each character becomes, looked up when it is met."""

    def __missing__(self, code: int) -> str:
        return _plain(code)


@cache
def _plain(code: int) -> str:
    char = chr(code)
    if char in _DASHES:
        return "-"
    if char in _DOTS:
        return "."
    if char in _LOOK_ALIKES:
        return _LOOK_ALIKES[char]
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(char) == "Zs":
        return " "
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 else char
