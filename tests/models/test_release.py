"""Does the first release predict sensibly, give reasons, abstain when it should, and refuse damaged files?"""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from classify import taxonomy
from classify.model import release_files, seed_examples, training
from classify.model.metrics import frozen_accuracy, frozen_messages
from classify.model.release_files import ReleaseDamaged, load, release_id
from tests.models.classifier import DUTIES, cold, cold_folder

STORED = Path(__file__).with_name("data") / "releases_0_1_0"


@pytest.mark.parametrize(
    ("title", "body", "category"),
    [
        ("停水两天没有人管", "我们楼从前天开始停水，自来水公司的电话打不通，家里有老人和小孩。", "0305"),
        ("老板拖欠三个月工资", "在工地干活，工资一直没有发，要回家过年了，请帮忙讨回血汗钱。", "0402"),
        ("半夜施工噪音", "旁边工地凌晨还在打桩，噪音太大，孩子睡不着。", "1301"),
        ("公交车太少", "每天等公交要四十分钟，希望增加班次。", "0310"),
        ("孩子被老师打", "小学老师体罚学生，孩子不敢去学校。", "0602"),
    ],
)
def test_plain_complaints_get_their_category(title: str, body: str, category: str) -> None:
    verdict = cold().predict(title, body)
    assert verdict.category == category
    assert verdict.label == taxonomy.path_name(category)
    assert not verdict.abstained
    assert verdict.release == cold().release


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("户口迁移", "请问户口迁移需要什么材料"),
        ("停水两天没有人管", "我们楼从前天开始停水，自来水公司的电话打不通，家里有老人和小孩。"),
        ("公交车太少", "每天等公交要四十分钟，希望增加班次。"),
        ("孩子被老师打", "小学老师体罚学生，孩子不敢去学校。"),
    ],
)
def test_traditional_characters_full_width_and_invisible_ones_change_no_verdict(title: str, body: str) -> None:
    converter = OpenCC("s2t")
    traditional = converter.convert(title), converter.convert(body)
    assert traditional != (title, body)
    plain, other = cold().predict(title, body), cold().predict(*traditional)
    assert (other.category, other.abstained) == (plain.category, plain.abstained)
    assert other.confidence == pytest.approx(plain.confidence, abs=1e-6)
    assert cold().predict(title, "\u200b".join(body)).category == plain.category


def test_most_frozen_messages_get_their_level_1_category() -> None:
    assert frozen_accuracy(cold()) >= 0.9


def test_reasons_are_words_of_the_message_and_the_duty_that_fits() -> None:
    title, body = "停水两天没有人管", "自来水公司的电话打不通，水压一直很低。"
    reasons = cold().predict(title, body).reasons
    words = [reason for reason in reasons if not reason.text.startswith("职责相近：")]
    assert words
    assert all(reason.text in f"{title} {body}" for reason in words)
    assert words[0].weight == max(reason.weight for reason in words)
    assert [r.text for r in reasons if r.text.startswith("职责相近：")] == [
        "职责相近：家里突然停水、水压低，由供水管理所抢修答复"
    ]


def test_alternatives_are_other_categories_by_falling_confidence() -> None:
    verdict = cold().predict("孩子上学", "小区没有学位，学校又收赞助费")
    assert verdict.category not in [other.category for other in verdict.alternatives]
    chances = [other.confidence for other in verdict.alternatives]
    assert chances == sorted(chances, reverse=True)
    assert all(other.label == taxonomy.path_name(other.category) for other in verdict.alternatives)


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("", ""),
        ("停水", ""),
        ("Hello", "My bank card was swallowed by the machine yesterday"),
        ("！！！", "……"),
        ("", "你们这帮王八蛋，一群废物，什么都不干"),
        ("鼊齉龘靐", "爩鱻麤灪籲爨癵驫"),
    ],
)
def test_an_unreadable_message_is_left_to_a_person_without_a_category(title: str, body: str) -> None:
    verdict = cold().predict(title, body)
    assert verdict.abstained
    assert verdict.category == ""
    assert verdict.reasons


def test_two_matters_in_one_message_are_left_to_a_person_with_both_categories() -> None:
    body = "我们楼从前天开始停水，自来水公司的电话打不通，家里有老人。另外，老板拖欠我三个月工资，一直没有发，请劳动监察帮忙。"
    verdict = cold().predict("停水和欠薪", body)
    assert verdict.abstained
    headings = {verdict.category[:2], verdict.alternatives[0].category[:2]}
    assert headings == {"03", "04"}
    assert any(reason.text.startswith("像是两件事") for reason in verdict.reasons)


def test_one_matter_with_an_afterthought_stays_one() -> None:
    body = "我们楼从前天开始停水，自来水公司的电话打不通，家里有老人。另外，水压平时就低，水费倒是一分没有少收过，请供水公司一并解决。"
    assert not cold().predict("停水两天没有人管", body).abstained


def test_an_unsure_category_is_returned_and_marked_as_abstained() -> None:
    verdict = cold().predict("请领导过问一下", "这件事情已经反映很多次了，希望有关部门尽快解决，谢谢。")
    assert verdict.abstained
    assert verdict.category
    assert verdict.confidence < cold().threshold


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=60)
def test_the_classifier_accepts_any_text(title: str, body: str) -> None:
    verdict = cold().predict(title, body)
    assert 0 <= verdict.confidence <= 1
    assert verdict.category == "" or taxonomy.has_code(verdict.category)


def test_probabilities_of_all_categories_add_up_to_one() -> None:
    for row in frozen_messages():
        assert float(cold().probabilities(row.title, row.text).sum()) == pytest.approx(1, abs=1e-3)


def test_a_choice_among_few_categories_uses_the_overlaps_with_other_taxonomies() -> None:
    chances = cold().restricted_to("超市卖假货", "买到假冒的手机，店家不给退货，要求工商查处。", ("03", "11"))
    assert chances[1] > 0.9  # market supervision is a heading of its own here, and part of commerce elsewhere


def test_a_release_is_refused_when_one_bit_changed(tmp_path: Path) -> None:
    for name, place in (("weights.npz", 1000), ("release.json", 60)):
        folder = tmp_path / name
        shutil.copytree(cold_folder(), folder)
        content = bytearray((folder / name).read_bytes())
        content[place] ^= 1
        (folder / name).write_bytes(content)
        with pytest.raises(ReleaseDamaged):
            load(folder)


def test_a_release_is_refused_when_a_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ReleaseDamaged):
        load(tmp_path)
    shutil.copytree(cold_folder(), tmp_path / "half")
    (tmp_path / "half" / "weights.npz").unlink()
    with pytest.raises(ReleaseDamaged):
        load(tmp_path / "half")


def test_a_release_with_a_threshold_changed_by_hand_is_refused(tmp_path: Path) -> None:
    shutil.copytree(cold_folder(), tmp_path / "r")
    card = json.loads((tmp_path / "r" / "release.json").read_text(encoding="utf-8"))
    card["settings"]["threshold"] = 0.01
    (tmp_path / "r" / "release.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ReleaseDamaged):
        load(tmp_path / "r")


def test_a_release_holds_no_pickle_and_is_small() -> None:
    assert sorted(path.name for path in cold_folder().iterdir()) == ["release.json", "weights.npz"]
    assert sum(path.stat().st_size for path in cold_folder().iterdir()) < 15_000_000


def test_answering_needs_neither_scikit_learn_nor_scipy() -> None:
    code = (
        "import sys; from pathlib import Path; from classify.model.release_files import load;"
        "load(Path(sys.argv[1])).predict('停水', '小区停水三天没有人来修');"
        "sys.exit(any(name.split('.')[0] in ('sklearn', 'scipy') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(cold_folder())], check=False).returncode == 0


def test_a_web_process_starts_without_scikit_learn() -> None:
    code = "import sys, web.app, web.bootstrap; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_release_made_before_a_category_was_added_answers_as_before(tmp_path: Path) -> None:
    """Its columns are those of the tree of its day; of what came later it knows nothing."""
    later = {"0310", "1004"}
    model = training.fit(seed_examples.seed_examples(DUTIES))
    columns = [i for i, code in enumerate(taxonomy.LEVEL2) if code not in later]
    knowledge = replace(model.knowledge, weights=model.knowledge.weights[:, columns])
    folder = tmp_path / release_files.save(replace(model, knowledge=knowledge, bias=model.bias[columns]), tmp_path)
    card = json.loads((folder / "release.json").read_text("utf-8"))
    card["codes"] = [taxonomy.LEVEL2[i] for i in columns]
    card["id"] = release_id(card)
    (folder / "release.json").write_text(json.dumps(card), "utf-8")
    loaded = load(folder)
    assert loaded.predict("停水两天没有人管", "我们楼从前天开始停水，自来水公司的电话打不通。").category == "0305"
    probabilities = dict(zip(taxonomy.LEVEL2, loaded.probabilities("公交车太少", "每天等公交要四十分钟"), strict=True))
    assert max(probabilities[code] for code in later) < 1e-4
    assert sum(probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("folder", sorted(STORED.iterdir()), ids=lambda folder: folder.name)
def test_a_release_stored_by_version_0_1_0_answers_as_it_did_then(folder: Path) -> None:
    """Formats 1 (cold) and 2 (adapted, trained, corrected); what they answered was written down by that version."""
    model = load(folder)
    for answer in json.loads((folder / "answers.json").read_text("utf-8")):
        probabilities = dict(zip(taxonomy.LEVEL2, model.probabilities(answer["title"], answer["text"]), strict=True))
        best = max(probabilities, key=lambda code: probabilities[code])
        assert best == answer["best"]
        assert probabilities[best] == pytest.approx(answer["probability"], abs=1e-4)
        verdict = model.predict(answer["title"], answer["text"])
        assert (verdict.category, verdict.abstained) == (answer["category"], answer["abstained"])


def test_a_release_of_a_newer_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    shutil.copytree(cold_folder(), tmp_path / "r")
    card = json.loads((tmp_path / "r" / "release.json").read_text(encoding="utf-8"))
    card["format"] = 99
    (tmp_path / "r" / "release.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ReleaseDamaged, match=r"format 99.*newer version.*xinqiao train"):
        load(tmp_path / "r")
