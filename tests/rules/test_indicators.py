"""Do the levels and indicators agree with the national set?"""

import pytest

from evaluation import scale
from evaluation.scale import INDICATORS, LEVELS, SUPERSEDED_CODES, decode_indicator, list_indicators


def test_there_are_forty_indicators_eight_for_each_level_three_of_them_basic() -> None:
    assert len({i.code for i in INDICATORS}) == 40
    for level in range(1, 6):
        own = list_indicators(level)
        assert len(own) == 8
        assert [i.extended for i in own] == [False] * 3 + [True] * 5


@pytest.mark.parametrize(
    ("code", "level", "text"),
    [
        ("510", 5, "一窗受理一次办结"),
        ("517", 5, "服务热情效率高"),
        ("406", 4, "填写一张表单就可完成申报"),
        ("413", 4, "服务态度较好"),
        ("307", 3, "一次性告知需要补正的材料"),
        ("314", 3, "服务态度一般"),
        ("207", 2, "没有提供材料样本"),
        ("214", 2, "服务态度生硬"),
        ("108", 1, "在办事指南之外增加新的审批条件"),
        ("115", 1, "服务态度差效率低"),
    ],
)
def test_the_first_and_last_code_of_each_level_mean_what_the_national_set_says(
    code: str, level: int, text: str
) -> None:
    indicator = decode_indicator(code)
    assert indicator is not None
    assert (indicator.level, indicator.text) == (level, text)


def test_the_first_digit_of_every_code_is_its_level() -> None:
    assert all(int(i.code[0]) == i.level for i in INDICATORS)


def test_the_two_foreign_codings_run_in_opposite_directions() -> None:
    assert [(row.exchange, row.gb39046) for row in LEVELS] == [
        ("5", "1"),
        ("4", "2"),
        ("3", "3"),
        ("2", "4"),
        ("1", "5"),
    ]
    assert [row.level for row in LEVELS if not row.good] == [row.level for row in LEVELS if scale.is_bad(row.level)]


def test_superseded_codes_are_decoded_but_never_offered() -> None:
    assert len(SUPERSEDED_CODES) == 32
    assert "403" not in SUPERSEDED_CODES
    indicator = decode_indicator("501")
    assert indicator is not None
    assert indicator.level == 5
    assert not SUPERSEDED_CODES & {i.code for i in INDICATORS}
    assert decode_indicator("999") is None


def test_the_three_steps_of_petitions_cover_the_five_levels_once() -> None:
    covered = [level for step in scale.PETITION_STEPS for level in step.levels]
    assert sorted(covered) == [row.level for row in reversed(scale.LEVELS)]
    assert all(step.level in step.levels for step in scale.PETITION_STEPS)
    assert [scale.petition_text(level) for level in (5, 4, 3, 2, 1)] == [
        "满意",
        "满意",
        "基本满意",
        "不满意",
        "不满意",
    ]


def test_the_three_steps_agree_with_the_five_on_what_is_bad() -> None:
    assert all(scale.is_bad(level) == (step.text == "不满意") for step in scale.PETITION_STEPS for level in step.levels)
