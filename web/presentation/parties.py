"""The people of a case in words: how many they are."""

from feedback.rules import parties


def headcount_words(headcount: int) -> str:
    """How many people brought it, with the band in which joint petitions are reported."""
    band = parties.find_band(headcount)
    if band is None:
        return f"{headcount} 人" if headcount > 1 else ""
    first, last = band
    return f"{headcount} 人（集体，{f'{first}–{last} 人' if last else f'{first - 1} 人以上'}）"
