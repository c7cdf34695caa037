"""Does the hook refuse what CONTRIBUTING.md rules out, and nothing else?"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _hook(tmp_path: Path, message: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "COMMIT_EDITMSG"
    file.write_text(message, "utf-8")
    command = [sys.executable, str(ROOT / ".ci" / "commit_message.py"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "message",
    [
        "Add a heartbeat that every worker writes into the database",
        "Seed the demo town beside the server\n\nIt took two minutes before; now it answers at once.\n# a comment of git",
        "Need no Redis for a start",
        "Merge branch 'worker'",
        'Revert "Added things; and others, in a subject that is far longer than anybody would like to read it"',
        "fixup! Add a heartbeat",
        f"Add {'x' * 68}",
    ],
)
def test_a_good_message_passes(tmp_path: Path, message: str) -> None:
    result = _hook(tmp_path, message)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("", "write a subject"),
        ("# only a comment", "write a subject"),
        (f"Add {'x' * 69}", "shorten the subject by 1 characters"),
        ("Add a lock; rename the table", "no semicolon"),
        ("Add a lock；改名", "no semicolon"),
        ("Add a lock.", "no full stop"),
        ("add a lock", "capital letter"),
        ("Added a lock", "imperative"),
        ("Adding a lock", "imperative"),
        ("Fixes a lock", "imperative"),
        ("Add a lock\nbecause of this", "second line empty"),
    ],
)
def test_a_bad_message_is_refused_with_what_to_do(tmp_path: Path, message: str, words: str) -> None:
    result = _hook(tmp_path, message)
    assert result.returncode == 1
    assert words in result.stderr
