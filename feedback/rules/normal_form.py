"""The normal form of a text: what is compared, searched, classified and masked is read in it. Never shown. Pure: no I/O.

People type digits in full width, dashes of ten kinds, dots for blanks, letters of other alphabets that look like ours,
invisible characters, and the characters of Taiwan and Hong Kong; some do so to get a number past a filter.

| function | length | for |
|---|---|---|
| `fold` | as the text | patterns of numbers whose places are shown or covered |
| `simplify` | as the text | rules about words in texts whose punctuation matters |
| `fold_script` | as the text | `fold` and `simplify` together: rules whose words are shown |
| `drop_invisible` | may change | before rules that read letters side by side |
| `comparison_form` | may change | equality, search, features of a classifier |
| `with_offsets` | may change | `fold` without what nobody sees, and where each character stood |
"""

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from opencc import OpenCC

_DASHES = "‐‑‒–—―−﹘﹣－ー"
_DOTS = "·•・‧∙⋅．﹒"
_LOOK_ALIKES = dict(zip("АВЕКМНОРСТХаеорсухΑΒΕΖΗΙΚΜΝΟΡΤΧ", "ABEKMHOPCTXaeopcyxABEZHIKMNOPTX", strict=True))
"""Cyrillic and Greek letters that nobody can tell from Latin ones."""

_RADICALS = dict(
    zip(
        "⺠⺩⺼⻁⻄⻅⻆⻉⻋⻐⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰",
        "民王月虎西见角贝车钅长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙",
        strict=True,
    )
)
"""Radicals that stand for whole characters in text copied out of PDF files; Unicode gives them no decomposition."""

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u20e3\u3164\uffa0")
"""Characters without a picture beside those of the category Cf (joiners, marks of direction, soft hyphens)."""


_MAX_ROUNDS = 8


def fold(text: str) -> str:
    """The text in plain characters, of the same length: full width, digits of any script, dashes, dots, look-alikes."""
    return text.translate(_FOLDED)


def fold_script(text: str) -> str:
    """`fold`, and each traditional character as its simplified one; of the same length.

    Character by character (OpenCC's TSCharacters), never by phrases: equal texts stay equal whatever stands beside
    them, and no personal name is read as a word.
    """
    return text.translate(_SIMPLIFIED)


def simplify(text: str) -> str:
    """Each traditional character as its simplified one, all else as it is; of the same length."""
    return text.translate(_SCRIPT)


def drop_invisible(text: str) -> str:
    """The text without the characters nobody sees."""
    return text.translate(_VISIBLE)


def comparison_form(text: str) -> str:
    """The form in which two spellings of one text are equal: NFKC, no case, no script, nothing invisible, single blanks.

    Applying it twice changes nothing.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_COMPARED)
    for _ in range(_MAX_ROUNDS):  # dropping may allow a composition, and the result may fold again
        if unicodedata.is_normalized("NFKC", plain):
            break
        plain = unicodedata.normalize("NFKC", plain).translate(_COMPARED)
    return " ".join(plain.split())


def with_offsets(text: str) -> tuple[str, Sequence[int]]:
    """The text without invisible characters, each of the rest folded, and the place of each character in the original."""
    pieces = [_fold_whole(char) for char in text]
    if all(len(piece) == 1 for piece in pieces):
        return "".join(pieces), range(len(text))
    return "".join(pieces), [place for place, piece in enumerate(pieces) for _ in piece]


def is_invisible(char: str) -> bool:
    """Whether a character shows nothing: joiners, marks of direction, soft hyphens, variation selectors, key caps."""
    return char in _INVISIBLE or unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f"


@lru_cache(maxsize=50_000)
def _fold_whole(char: str) -> str:
    """One character with what it is made of (⒈ as 1.), "" when nobody sees it."""
    if is_invisible(char):
        return ""
    plain = _plain(char)
    return plain if plain != char else fold(unicodedata.normalize("NFKC", char))


def _plain(char: str) -> str:
    compatible = unicodedata.normalize("NFKC", char)
    plain = compatible if len(compatible) == 1 else char
    if plain in _DASHES or char in _DASHES:
        return "-"
    if plain in _DOTS or char in _DOTS:
        return "."
    digit = unicodedata.decimal(plain, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(plain) == "Zs":
        return " "
    return _LOOK_ALIKES.get(plain) or _RADICALS.get(plain, plain)


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def _simplify(char: str) -> str:
    """A character as it is written on the mainland; others as they are."""
    if not "\u3400" <= char <= "\U0003ffff" or "\ud800" <= char <= "\uf8ff":
        return char
    for _ in range(2):  # 薴 becomes 苧, which is itself the traditional character of 苎
        simplified = str(_converter().convert(char))
        char = simplified if len(simplified) == 1 else char
    return char


def _compare(char: str) -> str:
    """A character simplified and without case, "" for what nobody sees.

    Some letters have no small form of one character (ǰ): they stay, since NFKC would put them together again.
    """
    if is_invisible(char):
        return ""
    plain = _simplify(_plain(char))
    folded = plain.casefold()
    if not unicodedata.is_normalized("NFKC", folded):
        return plain
    return _LOOK_ALIKES.get(folded, folded)


class _Table(dict[int, str]):
    """What each character becomes, computed when it is met. Nothing is stored for codes that stand for no character."""

    def __init__(self, convert: Callable[[str], str]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if unicodedata.category(char) in ("Cn", "Co", "Cs"):
            return char
        self[code] = self._convert(char)
        return self[code]


_FOLDED = _Table(_plain)
_SCRIPT = _Table(_simplify)
_SIMPLIFIED = _Table(lambda char: _simplify(_plain(char)))
_COMPARED = _Table(_compare)
_VISIBLE = _Table(lambda char: "" if is_invisible(char) else char)
