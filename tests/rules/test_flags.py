"""Is what deserves attention seen, by words and by hunch, on sentences nobody tuned anything on?

`python -m tests.rules.test_flags` prints recall and precision of each flag, on the sentences the rules were written
with and on those kept for measuring.
"""

import json
import tomllib
from pathlib import Path

import pytest

from classify import flags, hunches, urgency
from web import attention

KEPT = Path(__file__).with_name("data") / "attention.toml"


def kept() -> list[tuple[frozenset[str], str]]:
    rows = tomllib.loads(KEPT.read_text(encoding="utf-8"))["messages"]
    return [(frozenset(codes.split()), said) for codes, said in rows]


def by_rules(messages: list[tuple[frozenset[str], str]]) -> dict[str, dict[str, float]]:
    return hunches.measured(messages, [frozenset(flags.codes_in("", said)) for _, said in messages])


def by_both(messages: list[tuple[frozenset[str], str]]) -> dict[str, dict[str, float]]:
    found = [frozenset(flags.codes_in("", said)) | set(hunches.hunches_of("", said)) for _, said in messages]
    return hunches.measured(messages, found)


def test_the_set_is_large_and_none_of_it_is_learnt() -> None:
    assert len(kept()) + len(hunches.told()) >= 300
    assert not {said for _, said in kept()} & {said for _, said in hunches.told()}


def test_usual_words_are_nearly_all_seen_and_few_calm_ones_are() -> None:
    for flag, found in by_rules(hunches.told()).items():
        assert found["recall"] >= 0.93, (flag, found)
        assert found["precision"] >= 0.8, (flag, found)


def test_with_hunches_most_unusual_words_are_seen_too() -> None:
    found = by_both(kept())
    assert found[flags.SELF_HARM]["recall"] >= 0.8, found
    assert found[flags.LIFE]["recall"] >= 0.8, found
    assert sum(one["recall"] for one in found.values()) / len(found) >= 0.75, found


@pytest.mark.parametrize("title", ["小区停水", "路灯不亮", "咨询医保报销比例", "建议增设公交站"])
def test_a_calm_message_raises_no_grave_flag(title: str) -> None:
    assert not set(flags.codes_in(title, f"{title}，请有关部门处理。")) & {flags.SELF_HARM, flags.LIFE, flags.MINOR}


def test_personal_data_is_named_by_its_sort_and_never_shown() -> None:
    (flag,) = flags.flags_in("投诉", "电话13812345678，房子漏水")
    assert (flag.code, flag.words) == (flags.PERSONAL, "电话")


def test_a_flag_moves_no_clock() -> None:
    """Urgency shortens clocks by a table of its own; what only a flag knows leaves it alone."""
    said = "业主们约好下周一起去讨说法"
    assert flags.codes_in("", said) == (flags.GROUP,)
    assert urgency.level_of("", said) == 0


async def test_what_a_case_keeps_says_which_is_sure_and_which_is_a_hunch() -> None:
    codes = await attention.noticed("讨薪", "再不给工钱我就从楼上跳下去")
    assert flags.SELF_HARM in codes
    assert [mark.label for mark in attention.marks("life? minor")] == ["涉未成年人", "疑似危及生命"]


if __name__ == "__main__":
    for name, messages in (("written with", hunches.told()), ("kept", kept())):
        for how, measure in (("rules", by_rules), ("rules and hunches", by_both)):
            print(name, len(messages), how, json.dumps(measure(messages), ensure_ascii=False))
