"""A district's own ordinance on the hotline: what a step or letter rests on there beside, or instead of, our rule.

Empty by default: an ordinance holds where it was made and nowhere else. Petitions rest on the national Regulation alone.
No I/O.
"""

import tomllib
from collections.abc import Mapping

from feedback.kernel.errors import Invalid
from feedback.rules.lifecycle import PLATFORM_RULE, STEPS
from feedback.rules.vocabulary import Profile

_HOTLINE = frozenset({Profile.HOTLINE})
_ACTS = frozenset(step.act.value for step in STEPS if step.profiles == _HOTLINE)


def parse_ordinances(text: str) -> Mapping[str, str]:
    """The articles of a TOML text, by act: [[ordinance]] with act and law (某市12345条例 第二十四条).

    Raises Invalid naming each row that is not one.
    """
    laws, faults = dict[str, str](), dict[str, str]()
    for number, row in enumerate(tomllib.loads(text).get("ordinance", []), 1):
        act, law = str(row.get("act", "")), str(row.get("law", "")).strip()
        if act not in _ACTS or not law:
            faults[f"ordinance {number}"] = "not_an_ordinance"
        laws[act] = law
    if faults:
        raise Invalid(faults, code="local_terms", by_field={name: {"row": name.split()[1]} for name in faults})
    return laws


_active_laws: Mapping[str, str] = {}


def activate_ordinances(laws: Mapping[str, str]) -> None:
    """These hold in this process from now on. Called where a process starts."""
    global _active_laws
    _active_laws = dict(laws)


def cite_with_ordinance(act: str, profiles: frozenset[Profile], law: str) -> str:
    """What a step or a letter of these rule books rests on in this district."""
    own = _active_laws.get(act, "") if profiles == _HOTLINE else ""
    if not own:
        return law
    return own if law in ("", PLATFORM_RULE) else f"{law}；{own}"
