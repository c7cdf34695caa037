"""People beside a petitioner: representatives, proxies and headcount bands.

Proxy petitions (信访代理) keep both people; a joint petition sends at most five representatives, and the headcount is
kept apart from them. No I/O.
"""

from dataclasses import dataclass
from enum import StrEnum

REPRESENTATIVES_MOST = 5
"""信访工作条例 第二十条: 多人共同提出的，推选代表，代表不得超过五人。"""

HEADCOUNT_MOST = 1_000_000


class PartyRole(StrEnum):
    """In which role somebody other than the petitioner belongs to a case."""

    REPRESENTATIVE = "representative"
    PROXY = "proxy"
    HEIR = "heir"  # goes on with the matter of somebody who died


class Authority(StrEnum):
    """What a proxy's right rests on."""

    WRITTEN = "written"  # 书面委托
    RECORDED = "recorded"  # 本人口头委托，窗口记录在案
    STATUTORY = "statutory"  # 法定代理


@dataclass(frozen=True, slots=True)
class ProxyKind:
    """One sort of proxy: on what its right may rest, and whether the petitioner's progress is told to it.

    A guardian, a near relative or a lawyer acts in the petitioner's place, so what is told to one is told to the other.
    A volunteer, a village cadre or a clerk at the window only helped to hand the matter in: the right to look up stays
    with the petitioner, who holds the query code (个人信息保护法 第五条、第六条: 最小必要).
    """

    code: str
    words: str
    authorities: frozenset[Authority]
    may_look_up: bool
    law: str


_ANY_AUTHORITY = frozenset({Authority.WRITTEN, Authority.RECORDED})

# fmt: off
PROXY_KINDS: tuple[ProxyKind, ...] = (
    ProxyKind("guardian",  "监护人",             frozenset({Authority.STATUTORY}),                    True,  "民法典 第二十三条、第三十四条"),
    ProxyKind("family",    "近亲属",             _ANY_AUTHORITY,                                                True,  "民法典 第一百六十一条、第一百六十五条"),
    ProxyKind("lawyer",    "律师、法律工作者",   frozenset({Authority.WRITTEN}),                      True,  "民法典 第一百六十五条"),
    ProxyKind("volunteer", "志愿者（信访代理员）", _ANY_AUTHORITY,                                              False, "民法典 第一百六十一条"),
    ProxyKind("cadre",     "村（社区）干部",     _ANY_AUTHORITY,                                                False, "民法典 第一百六十一条"),
    ProxyKind("window",    "窗口工作人员代办",   frozenset({Authority.RECORDED, Authority.WRITTEN}),  False, "信访工作条例 第十九条（口头提出的如实记录）"),
)
BANDS: tuple[tuple[int, int | None], ...] = ((5, 10), (11, 20), (21, 50), (51, 100), (101, None))
"""Bands in which joint petitions are reported, first and last headcount."""
# fmt: on

GUARDIAN = "guardian"
ADDED_LATER = (GUARDIAN, "family", "lawyer")
"""Who may join a matter that runs: those who act in the petitioner's place."""

_BY_CODE = {kind.code: kind for kind in PROXY_KINDS}


def find_proxy_kind(code: str) -> ProxyKind | None:
    """The sort of proxy with that code."""
    return _BY_CODE.get(code)


def find_band(headcount: int) -> tuple[int, int | None] | None:
    """The band a headcount falls into, or None below the least joint petition."""
    return next((band for band in BANDS if band[0] <= headcount and (band[1] is None or headcount <= band[1])), None)


def may_look_up(role: str, kind: str) -> bool:
    """Whether somebody beside the petitioner opens the case with the query code and the tail of an own telephone.

    Representatives are petitioners themselves, and heirs have taken the place of one, so they may.
    """
    proxy = find_proxy_kind(kind)
    return role in (PartyRole.REPRESENTATIVE, PartyRole.HEIR) or (proxy is not None and proxy.may_look_up)
