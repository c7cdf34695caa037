"""Find the places a message names, by their endings (小区, 路, 学院 …), so that no gazetteer is needed.

The same smell in two compounds is two matters, two complaints about one compound are likely one. A name is kept as its
last two characters and its ending: where it begins, no rule can tell. No I/O.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

PARTED: Final = 0.3
"""The likeness of two cases that name places, and none in common, is so much of what it was."""

JOINED: Final = 0.5
"""It grows by up to so much where they name the same ones and are alike otherwise: one place has many matters."""

ALIKE: Final = 0.15
"""The likeness from which two cases are alike otherwise."""

READ: Final = 150  # characters of a text: where people say where it is
_COMMON: Final = 0.05  # what so many cases name is no place one could tell them by
_COMMON_LEAST: Final = 20
_ENDING = (
    r"(?:小区|花园|家园|庭园|新城|新村|新苑|公寓|公馆|大厦|广场|国际|社区|名城|名苑|豪庭|华府|水岸|之城|学院|大学|中学|小学|学校|医院|公司|工厂|市场|超市|酒店"
    r"|搅拌站|变电站|加油站|车站|项目|楼盘|工地|大道|路口|高速|大桥|水库|公园|[苑湾郡城园邸轩厂矿站路街巷村镇乡桥湖])"
)
_NAME = re.compile(rf"(?=([\u4e00-\u9fff]{{2}}{_ENDING}))")
_GENERAL = re.compile(r"我们|有限|物业|政府|附近|安置|火车|地铁|公交|垃圾|农民|线路|小区里|[这的本请在道市区县]")
_ODD = re.compile(r"[^\u4e00-\u9fff]")


_STEM = re.compile(r"^(?:[\u4e00-\u9fff]{2,5}?[省市])?([\u4e00-\u9fff]{2})(?:省|市|区|县|镇|乡|街道)")
_BEFORE = re.compile(r"^.*?(?:省|市|区|县|镇|乡|街道)(?=.{2})")


def stems(names: Iterable[str]) -> list[str]:
    """The places by which units are named, as people write them: 平南 of 平南县人民政府."""
    return sorted({match[1] for name in names if (match := _STEM.match(name))})


def without_stem(name: str) -> str:
    """What a unit does, without where: 教育局 of 平南县教育局."""
    return _BEFORE.sub("", name)


def named(title: str, text: str) -> frozenset[str]:
    """The places a message names near its beginning."""
    said = _ODD.sub(" ", f"{title} {text[:READ]}")
    return frozenset(match[1] for match in _NAME.finditer(said) if not _GENERAL.search(match[1]))


def weighed(alike: Any, names: Sequence[frozenset[str]]) -> Any:
    """A sparse matrix of likenesses, greater where two cases name the same places, less where they name others."""
    from scipy.sparse import csr_matrix, diags_array

    seen = Counter(name for some in names for name in some)
    most = max(_COMMON * len(names), _COMMON_LEAST)
    number = {name: at for at, name in enumerate(sorted(name for name, n in seen.items() if 2 <= n <= most))}
    if not number:
        return alike
    spots = [(case, number[name]) for case, some in enumerate(names) for name in sorted(some) if name in number]
    cases, columns = np.array(spots).T
    rare = np.log(len(names) / np.bincount(columns, minlength=len(number))) + 1
    rows = csr_matrix((rare[columns], (cases, columns)), shape=(len(names), len(number)))
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows = diags_array(1 / np.maximum(lengths, 1e-9)) @ rows
    pairs = alike.tocoo()
    shared = np.asarray(rows[pairs.row].multiply(rows[pairs.col]).sum(axis=1)).ravel()
    both = (lengths[pairs.row] > 0) & (lengths[pairs.col] > 0)
    joined = np.where(pairs.data >= ALIKE, 1 + JOINED * shared, 1.0)
    factor = np.where(shared > 0, joined, np.where(both, PARTED, 1.0))
    return csr_matrix((pairs.data * factor, (pairs.row, pairs.col)), shape=alike.shape)
