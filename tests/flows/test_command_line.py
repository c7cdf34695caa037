"""Commands as people type them: what is wrong is one Chinese sentence, and damage is told in plain words."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from feedback.kernel.settings import Settings
from feedback.record.models.case import Case, Entry
from tests.flows.test_startup import assert_refused, run_command
from tests.people import Door


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("deadline 2026-13-01 5wd", "日期应写成 2026-11-21 的样子"),
        ("deadline 9999-12-31 5wd", "日期应在 2004 年到 2100 年之间"),
        ("deadline 2026-02-02 5xx", "时限应写成 15cd"),
        ("deadline", "缺少参数：start, length"),
        ("deadline 2026-02-02 5wd --what", "不认识的参数：--what"),
        ("deadlines", "没有“deadlines”这个命令"),
        ("", "缺少参数：VERB"),
        ("import /nowhere/rows.csv", "没有 /nowhere/rows.csv 这个文件"),
        ("train /nowhere/rows.csv", "没有 /nowhere/rows.csv 这个文件"),
        ("init /nowhere", "没有 /nowhere 这个文件夹"),
        ("serve --processes many", "应为 1 到 9999 的整数"),
        ("serve --processes", "参数 --processes 后面的值"),
        ("publish 2026-13", "统计期应写成 2026-10 的样子"),
        ("report 26", "年份应写成 2026 的样子"),
        ("report 2026 --to /dev/null/x", "不能建立文件夹 /dev/null/x"),
    ],
)
def test_a_wrong_argument_is_answered_in_one_chinese_sentence(tmp_path: Path, words: str, sentence: str) -> None:
    done = run_command(Settings(data=tmp_path), *words.split())
    assert_refused(done, sentence)
    assert done.stderr.count("\n") == 1 and "usage" not in done.stderr and not done.stdout


@pytest.mark.parametrize("verb", ["serve", "verify"])
def test_a_promise_longer_than_the_law_is_named_with_its_row_and_its_limit(
    settings: Settings, tmp_path: Path, verb: str
) -> None:
    promises = tmp_path / "promises.toml"
    promises.write_text('[[promise]]\nterm = "resolve"\nprofile = "petition"\nlength = "75cd"\nkinds = ["appeal"]\n')
    done = run_command(replace(settings, promises=str(promises)), *verb.split())
    assert_refused(done, "第 1 项“办结答复”承诺 75 日，比规定的 60 日 长（信访工作条例 第三十四条）")


def test_the_report_of_a_year_is_written_into_a_folder_that_was_not_there(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "new"
    done = run_command(settings, "report", "2026", "--to", str(folder))
    assert done.returncode == 0, done.stderr
    assert sorted(path.suffix for path in folder.iterdir()) == [".docx", ".xlsx"]


def test_a_deadline_over_new_year_is_not_the_holiday(tmp_path: Path) -> None:
    done = run_command(Settings(data=tmp_path), "deadline", "2026-12-25", "5wd")
    assert json.loads(done.stdout) == {"due_raw": "2027-01-04", "due_legal": "2027-01-04", "provisional": True}


async def test_damage_is_named_in_plain_chinese(settings: Settings) -> None:
    async with Door.opened(settings) as door:
        first, second = (
            (await door.submit())["no"],
            (await door.submit(title="另一件", text="路灯不亮已经三天了。"))["no"],
        )
        await Entry.filter(case__no=first, seq=1).update(data={"title": "改"})
        await Case.filter(no=second).update(title="改")
    done = run_command(settings, "verify")
    assert done.returncode == 1
    assert f"编号 {first} 的第 1 条记录：指纹链断了" in done.stdout
    assert f"编号 {second}：标题或者正文与提交时不同" in done.stdout
    assert "case " not in done.stdout and "{" not in done.stdout
