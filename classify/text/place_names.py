"""Find the places a message names, by their endings (小区, 路, 学院 …), so that no gazetteer is needed.

The same smell in two compounds is two matters; two complaints about one compound are likely one matter. A name is
reduced to its last two characters and its ending, because no rule finds where it begins. No I/O.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from feedback.rules import normal_form

DIFFERENT_PLACES_FACTOR: Final = 0.3
"""The similarity of two cases that name different places is multiplied by this."""

SAME_PLACES_BONUS: Final = 0.5
"""The similarity grows by up to this share when two cases name the same places and are otherwise similar."""

MIN_SIMILARITY: Final = 0.15
"""The similarity from which two cases are otherwise similar."""

MAX_CHARACTERS: Final = 150  # characters of a text that are searched: places are named at the beginning
_MAX_DOCUMENT_SHARE: Final = 0.05  # a name in a greater share of the cases does not distinguish them
_MAX_DOCUMENTS_FLOOR: Final = 20
_ENDING = (
    r"(?:小区|花园|家园|庭园|新城|新村|新苑|公寓|公馆|大厦|广场|国际|社区|名城|名苑|豪庭|华府|水岸|之城|学院|大学|中学|小学|学校|医院|公司|工厂|市场|超市|酒店"
    r"|搅拌站|变电站|加油站|车站|项目|楼盘|工地|大道|路口|高速|大桥|水库|公园|[苑湾郡城园邸轩厂矿站路街巷村镇乡桥湖])"
)
_NAME = re.compile(rf"(?=([\u4e00-\u9fff]{{2}}{_ENDING}))")
_GENERAL = re.compile(r"我们|有限|物业|政府|附近|安置|火车|地铁|公交|垃圾|农民|线路|小区里|[这的本请在道市区县]")
_NOT_CHINESE = re.compile(r"[^\u4e00-\u9fff]")


_STEM = re.compile(r"^(?:[\u4e00-\u9fff]{2,5}?[省市])?([\u4e00-\u9fff]{2})(?:省|市|区|县|镇|乡|街道)")
_BEFORE = re.compile(r"^.*?(?:省|市|区|县|镇|乡|街道)(?=.{2})")


def list_place_stems(names: Iterable[str]) -> list[str]:
    """The places by which units are named, as people write them: 平南 of 平南县人民政府."""
    return sorted({match[1] for name in names if (match := _STEM.match(name))})


def strip_place(name: str) -> str:
    """The name of a unit without its place: 教育局 of 平南县教育局."""
    return _BEFORE.sub("", name)


def find_places(title: str, text: str) -> frozenset[str]:
    """The places a message names near its beginning."""
    text_read = _NOT_CHINESE.sub(" ", normal_form.fold_script(f"{title} {text[:MAX_CHARACTERS]}"))
    return frozenset(match[1] for match in _NAME.finditer(text_read) if not _GENERAL.search(match[1]))


def weigh_by_places(similarities: Any, names: Sequence[frozenset[str]]) -> Any:
    """Weight a sparse matrix of similarities: greater where two cases name the same places, less for different places."""
    from scipy.sparse import csr_matrix, diags_array

    seen = Counter(name for names_of_case in names for name in names_of_case)
    most = max(_MAX_DOCUMENT_SHARE * len(names), _MAX_DOCUMENTS_FLOOR)
    number = {name: at for at, name in enumerate(sorted(name for name, n in seen.items() if 2 <= n <= most))}
    if not number:
        return similarities
    mentions = [
        (case, number[name])
        for case, names_of_case in enumerate(names)
        for name in sorted(names_of_case)
        if name in number
    ]
    cases, columns = np.array(mentions).T
    rarity = np.log(len(names) / np.bincount(columns, minlength=len(number))) + 1
    rows = csr_matrix((rarity[columns], (cases, columns)), shape=(len(names), len(number)))
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows = diags_array(1 / np.maximum(lengths, 1e-9)) @ rows
    pairs = similarities.tocoo()
    shared = np.asarray(rows[pairs.row].multiply(rows[pairs.col]).sum(axis=1)).ravel()
    both = (lengths[pairs.row] > 0) & (lengths[pairs.col] > 0)
    same_places_factor = np.where(pairs.data >= MIN_SIMILARITY, 1 + SAME_PLACES_BONUS * shared, 1.0)
    factor = np.where(shared > 0, same_places_factor, np.where(both, DIFFERENT_PLACES_FACTOR, 1.0))
    return csr_matrix((pairs.data * factor, (pairs.row, pairs.col)), shape=similarities.shape)
