"""Does training read files and corrections, and never put a worse release in force?"""

from collections.abc import Sequence
from typing import Any

import pytest

from classify import taxonomy
from classify.learning import trainer
from classify.learning.trainer import MessageFile
from classify.model import comparison, registry
from classify.model.seed_examples import seed_examples
from feedback.kernel.errors import Invalid
from tests.models.classifier import DUTIES, cold
from tests.moments import MONDAY
from web.context import AppContext

pytestmark = pytest.mark.slow

MESSAGES = [e for e in seed_examples([]) if e.source == "example" and e.category[:2] in ("03", "04", "06")]


def _file(rows: Sequence[tuple[str, ...]], columns: tuple[str, ...] = ("subject", "text", "label")) -> MessageFile:
    return MessageFile("file", [(line, dict(zip(columns, row, strict=True))) for line, row in enumerate(rows, 2)])


def _labelled_file(shift: int = 0) -> MessageFile:
    """Our own messages labelled by heading, all of them wrongly when shifted."""
    headings = ("03", "04", "06")
    wrong = {h: headings[(i + shift) % 3] for i, h in enumerate(headings)}
    return _file([(e.title, e.text, taxonomy.name_of(wrong[e.category[:2]])) for e in MESSAGES])


async def _train(context: AppContext, *files: MessageFile, force: bool = False) -> dict[str, Any]:
    return await trainer.train(files, [], DUTIES, context.settings.data, force=force, now=MONDAY)


async def _current(context: AppContext) -> str:
    model = await registry.load_current(context.settings.data, None)
    assert model is not None
    return model.release


async def test_labels_the_release_in_force_does_not_know_put_a_better_one_in_force(context: AppContext) -> None:
    """This town files transport under telecoms and telecoms under transport."""
    filed = {"10": "12", "12": "10", "11": "11"}
    examples = [e for e in seed_examples([]) if e.source == "example" and e.category[:2] in filed]
    rows = [(e.title, e.text, filed[e.category[:2]]) for e in examples]
    outcome = await _train(context, _file(rows))
    assert outcome["kind"] == "trained"
    assert outcome["promoted"], outcome
    assert outcome["trial"]["n"] >= comparison.MIN_MESSAGES
    assert outcome["trial"]["macro_f1"] > outcome["before"]["trial"]["macro_f1"]
    assert await _current(context) == outcome["release"]


async def test_a_release_from_wrong_labels_is_not_promoted_unless_forced(context: AppContext) -> None:
    before = await _current(context)
    outcome = await _train(context, _labelled_file(shift=1))
    assert "frozen_accuracy" in outcome["worse_because"]
    assert not outcome["promoted"]
    assert await _current(context) == before
    assert (await _train(context, _labelled_file(shift=1), force=True))["promoted"]
    assert await _current(context) != before


async def test_knowledge_alone_is_no_worse_than_itself(context: AppContext) -> None:
    outcome = await _train(context)
    assert outcome["kind"] == "cold"
    assert outcome["promoted"]


async def test_a_correction_is_stored_once_per_case_and_masked(context: AppContext) -> None:
    for category in ("0305", "0304"):
        text = "我的电话13812345678，小区停水"
        await trainer.store_label("停水", text, category, case_no="XQ1", by="reception", now=MONDAY)
    (message,) = await trainer.load_labelled_messages()
    assert message.label == "0304"
    assert "13812345678" not in message.text


async def test_a_correction_to_an_unknown_category_is_refused(context: AppContext) -> None:
    with pytest.raises(Invalid):
        await trainer.store_label("停水", "小区停水", "9999", case_no="XQ1", by="reception", now=MONDAY)


async def test_corrections_are_part_of_the_next_fit(context: AppContext) -> None:
    for i in range(8):
        text = f"第{i}号楼的鸽子棚又扩大了，羽毛飞进窗户"
        await trainer.store_label("鸽子棚", text, "0801", case_no=f"XQ{i}", by="reception", now=MONDAY)
    assert (await _train(context))["learnt"] > 0


def test_a_trial_takes_only_the_split_that_was_asked_for() -> None:
    rows = [("停水", "小区停水三天", "03", "val"), ("欠薪", "老板拖欠工资", "04", "train")]
    file = _file(rows, ("subject", "text", "label", "split"))
    assert trainer.evaluate_file(cold(), file, restrict=True, split="val")["n"] == 1
    assert trainer.evaluate_file(cold(), file, restrict=True)["n"] == 2


@pytest.mark.parametrize(
    ("columns", "row", "field"),
    [
        (("subject", "text"), ("停水", "小区停水三天"), "label"),
        (("subject", "text", "label"), ("停水", "小区停水三天", "天文航海"), "label"),
    ],
)
def test_an_unreadable_file_is_refused_by_field(columns: tuple[str, ...], row: tuple[str, ...], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        trainer.evaluate_file(cold(), _file([row], columns))
    assert field in refused.value.fields


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(Invalid):
        trainer.evaluate_file(cold(), _file([]))
