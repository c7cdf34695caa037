"""Are messages for the classifier read from any table, and is what could not be read named?"""

from pathlib import Path

import pytest

from feedback.kernel.errors import Invalid
from tests.web.table_files import make_xlsx
from web.imports.message_files import read_messages

ROWS = [("停水", "小区停水三天，没人管", "城乡建设"), ("欠薪", "老板拖欠工资", "劳动和社会保障")]
TEXT = "subject,text,label\n" + "".join(f"{','.join(row)}\n" for row in ROWS)


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.csv", TEXT.encode("gbk"), id="GBK"),
        pytest.param("a.csv", TEXT.replace(",", "\t").encode("utf-16"), id="Unicode text of Excel"),
        pytest.param("a.csv", TEXT.replace("\n", "\r").encode(), id="lone carriage returns"),
        pytest.param(
            "a.xlsx", make_xlsx({"说明": [["x"]], "S": [["留言主题", "留言详情", "一级标签"], *ROWS]}), id="Excel"
        ),
    ],
)
async def test_labelled_messages_are_read_from_any_table(tmp_path: Path, name: str, content: bytes) -> None:
    file = await read_messages(_write(tmp_path / name, content))
    assert [(row["subject"], row["text"], row["label"]) for _, row in file.rows] == ROWS
    assert [line for line, _ in file.rows] == [2, 3]


async def test_a_line_that_could_not_be_read_is_named_and_takes_no_other_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = TEXT.replace("欠薪", '"欠薪') + "噪声,夜里太吵,环境保护\n"
    file = await read_messages(_write(tmp_path / "a.csv", content.encode()))
    assert [row["subject"] for _, row in file.rows] == ["停水", "噪声"]
    words = capsys.readouterr().err
    assert "第 3 行：引号没有配对" in words and "有 1 行没有读入，读入了 2 行" in words


async def test_a_file_that_is_not_there_or_has_no_known_heading_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        await read_messages(tmp_path / "missing.csv")
    with pytest.raises(Invalid) as refusal:
        await read_messages(_write(tmp_path / "a.csv", "甲,乙\n1,2\n".encode()))
    assert refusal.value.fields == {"file": "no_headings"}
