"""Are messages that need attention flagged, by rules and by the model, on sentences nothing was tuned on?

`python -m tests.models.test_flags` prints recall and precision of each flag, on the sentences the rules were written
with and on the two sets kept for measuring.
"""

import json
import tempfile
import tomllib
from pathlib import Path

import pytest

from classify.signals import flag_model, flags, urgency
from web.presentation import flags as flag_views

DATA = Path(__file__).with_name("data")
KEPT = ("attention", "attention_voices")


def load_test_set(name: str) -> list[tuple[frozenset[str], str]]:
    rows = tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))["messages"]
    return [(frozenset(codes.split()), sentence) for codes, sentence in rows]


def measure_rules(messages: list[tuple[frozenset[str], str]]) -> dict[str, dict[str, float]]:
    return flag_model.measure(messages, [frozenset(flags.detect_flag_codes("", sentence)) for _, sentence in messages])


def measure_rules_and_model(messages: list[tuple[frozenset[str], str]]) -> dict[str, dict[str, float]]:
    predicted = [
        frozenset(flags.detect_flag_codes("", sentence)) | set(flag_model.predict_flags("", sentence))
        for _, sentence in messages
    ]
    return flag_model.measure(messages, predicted)


@pytest.fixture(scope="module", autouse=True)
def prepared_model(tmp_path_factory: pytest.TempPathFactory) -> None:
    flag_model.prepare(tmp_path_factory.mktemp("data"))


def test_a_stored_model_predicts_as_the_fitted_one(tmp_path: Path) -> None:
    flag_model.prepare(tmp_path)
    (file,) = tmp_path.iterdir()
    kept_model, message = flag_model.read(file), "活着没什么意思，把药都攒好了"
    assert kept_model is not None and kept_model is not flag_model.load()
    assert kept_model.predict(message) == flag_model.load().predict(message)


def test_the_test_sets_are_large_and_not_trained_on() -> None:
    measured = [sentence for name in KEPT for _, sentence in load_test_set(name)]
    assert len(measured) >= 300
    assert not set(measured) & {sentence for _, sentence in flag_model.load_training_sentences()}


def test_the_rules_flag_nearly_all_usual_words_and_few_neutral_messages() -> None:
    for flag, figures in measure_rules(flag_model.load_training_sentences()).items():
        assert figures["recall"] >= 0.9, (flag, figures)
        assert figures["precision"] >= 0.7, (flag, figures)


@pytest.mark.parametrize("name", KEPT)
def test_rules_and_model_flag_nearly_all_unusual_words_with_enough_precision(name: str) -> None:
    figures = measure_rules_and_model(load_test_set(name))
    for flag, figures_of_flag in figures.items():
        assert figures_of_flag["recall"] >= 0.8, (flag, figures_of_flag)
        assert figures_of_flag["precision"] >= 0.6, (flag, figures_of_flag)
    assert sum(figures_of_flag["recall"] for figures_of_flag in figures.values()) / len(figures) >= 0.9, figures


@pytest.mark.parametrize(
    ("message", "flag"),
    [
        pytest.param("路灯坏了。" * 30 + "我已经写好遗书，药也买了。" + "另外井盖松动。" * 30, flags.SELF_HARM, id="in the middle"),
        pytest.param("楼里煤气味很浓,有人晕倒了,快来", flags.LIFE, id="with half-width marks"),
    ],
)  # fmt: skip
def test_danger_is_flagged_wherever_it_stands_and_however_it_is_worded(message: str, flag: str) -> None:
    assert flag in flags.detect_flag_codes("反映情况", message)


def test_the_addressee_of_a_message_is_not_accused() -> None:
    assert flags.detect_flag_codes("尊敬的书记：您好", "商家卖假酒，送礼的都上当了，请领导管一管") == ()


def test_the_model_flags_one_sentence_of_a_long_message() -> None:
    message = (
        "各位好，我家在老城区住了二十年，邻里一向和睦。" * 4
        + "昨晚他坐在江堤上说不如跟着水走了算了。"
        + "也想问问公交几点收班。" * 4
    )
    assert flags.SELF_HARM in {*flags.detect_flag_codes("", message), *flag_model.predict_flags("", message)}


@pytest.mark.parametrize("title", ["小区停水", "路灯不亮", "咨询医保报销比例", "建议增设公交站"])
def test_a_neutral_message_raises_no_grave_flag(title: str) -> None:
    assert not set(flags.detect_flag_codes(title, f"{title}，请有关部门处理。")) & {
        flags.SELF_HARM,
        flags.LIFE,
        flags.MINOR,
    }


def load_ordinary_messages() -> list[str]:
    lines: str = tomllib.loads((DATA / "ordinary.toml").read_text(encoding="utf-8"))["lines"]
    return [line for line in lines.split("\n") if line.strip()]


def test_hardly_any_ordinary_message_would_be_held_as_a_report_or_taken_for_danger() -> None:
    """What only the rules are certain of may hold a case: at most one false alarm in a hundred."""
    messages = load_ordinary_messages()
    assert len(messages) >= 100
    assert not set(messages) & {sentence for _, sentence in flag_model.load_training_sentences()}
    held = [message for message in messages if set(flags.detect_flag_codes("", message)) - {flags.PERSONAL}]
    assert len(held) <= len(messages) / 100, held
    suspected = [message for message in messages if flag_model.predict_flags("", message)]
    assert len(suspected) <= len(messages) * 0.08, suspected


@pytest.mark.parametrize(
    "message", ["路灯不亮，请城管部门修", "路灯不亮，请城管部门修一下", "小学收费", "咨询小学收费标准"]
)
def test_an_office_that_is_asked_to_help_is_not_accused_and_a_school_fee_harms_no_child(message: str) -> None:
    assert flags.detect_flag_codes("", message) == ()
    assert flag_model.predict_flags("", message) == ()


@pytest.mark.parametrize(
    "message", ["请纪委查处李镇长受贿的问题", "请区长查一查，住建局科长收了开发商的红包", "城管收了摊贩的钱才放行"]
)
def test_whoever_is_accused_beside_an_office_that_is_asked_is_still_accused(message: str) -> None:
    assert flags.ACCUSE in flags.detect_flag_codes("", message)


def test_personal_data_is_named_by_its_sort_and_never_shown() -> None:
    (flag,) = flags.detect_flags("投诉", "电话13812345678，房子漏水")
    assert (flag.code, flag.words) == (flags.PERSONAL, "电话")


def test_a_flag_changes_no_clock() -> None:
    """Urgency shortens clocks by a table of its own; what only a flag knows leaves it alone."""
    text = "业主们约好下周一起去讨说法"
    assert flags.detect_flag_codes("", text) == (flags.GROUP,)
    assert urgency.detect_level("", text) == 0


async def test_flags_of_the_model_are_shown_as_suspected() -> None:
    codes = await flag_views.find_flags("讨薪", "再不给工钱我就从楼上跳下去")
    assert flags.SELF_HARM in codes
    assert [mark.label for mark in flag_views.list_flags("life? minor")] == ["涉未成年人", "疑似危及生命"]


if __name__ == "__main__":
    flag_model.prepare(Path(tempfile.mkdtemp()))
    for name, messages in (
        ("written with", flag_model.load_training_sentences()),
        *((name, load_test_set(name)) for name in KEPT),
    ):
        for how, measure in (("rules", measure_rules), ("rules and hunches", measure_rules_and_model)):
            print(name, len(messages), how, json.dumps(measure(messages), ensure_ascii=False))
