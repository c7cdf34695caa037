"""What certainly accuses somebody in office, and what is only angry (信访工作条例 第三十条)."""

import tomllib

import pytest

from classify.signals import flags
from classify.signals.accusations import is_certain_accusation

EXAMPLES = [
    (codes.split(), text)
    for codes, text in tomllib.loads((flags.KNOWLEDGE.parent / "attention.toml").read_text("utf-8"))["messages"]
]


@pytest.mark.parametrize(
    "text",
    [
        "控告区教育局王科长索贿两万元，请求查处违纪。",
        "区民政局低保科科长收了我两千块红包，请纪检查处。",
        "班主任向家长索要礼金，请查处违纪。",
        "村主任冒领低保补贴，我要实名举报。",
        "區教育局局長受賄。",
        "有的乡镇干部截留救济款",
    ],
)
def test_graft_of_somebody_in_office_is_an_accusation(text: str) -> None:
    assert is_certain_accusation("", text)
    assert is_certain_accusation(text, "请处理")


@pytest.mark.parametrize(
    "text",
    [
        "环保局不作为，工厂排污没人管。",
        "学校门口堵车，领导不管。",
        "感谢窗口的同志，没有吃拿卡要，办得很快",
        "去年那位受贿的局长已经判了，大家都很满意",
        "邻居收了我两千元押金不退。",
        "请教育局的领导管一管。谁家收红包也不该。",
    ],
)
def test_anger_at_an_office_is_none(text: str) -> None:
    assert not is_certain_accusation("", text)


def test_of_the_written_examples_at_most_one_in_a_hundred_is_held_without_reason() -> None:
    others = [text for codes, text in EXAMPLES if flags.ACCUSE not in codes]
    held = [text for text in others if is_certain_accusation("", text)]
    assert len(others) >= 500 and len(held) <= len(others) / 100, held
