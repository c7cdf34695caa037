"""What a reader cannot see at a glance: names, docstrings, guarded routes, documented settings, current migrations."""

import ast
import importlib
import re
import tomllib
from pathlib import Path

import pytest
from tortoise.cli.cli import tortoise_cli_context
from tortoise.migrations.autodetector import MigrationAutodetector

from feedback.kernel import settings as settings_table
from feedback.kernel.errors import Invalid
from feedback.kernel.settings import Settings
from web import bootstrap

ROOT = Path(__file__).parents[2]
PACKAGES = ("feedback", "classify", "routing", "evaluation", "web")
DRAWERS = {"utils", "util", "helpers", "helper", "service", "manager", "common", "base", "misc"}
MOST_LINES = 500


def _modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def _our_modules() -> list[Path]:
    return [path for path in _modules() if "migrations" not in path.parts]


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_ours_and_not_another_distributions(package: str) -> None:
    assert Path(str(importlib.import_module(package).__file__)).is_relative_to(ROOT)


def test_no_module_has_a_catch_all_name() -> None:
    assert not [path for path in _modules() if path.stem in DRAWERS]


def test_every_module_says_which_question_it_answers() -> None:
    assert not [path for path in _our_modules() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]


def test_no_module_is_too_long() -> None:
    assert not [(path, n) for path in _our_modules() if (n := len(path.read_text("utf-8").splitlines())) > MOST_LINES]


def test_only_the_command_line_reads_the_environment() -> None:
    readers = {path.relative_to(ROOT).as_posix() for path in _our_modules() if "os.environ" in path.read_text("utf-8")}
    assert readers <= {"web/cli/serve.py", "web/__main__.py", "feedback/kernel/settings.py"}


def test_templates_hold_no_inline_style_or_script() -> None:
    bad = re.compile(r"\sstyle=|\son[a-z]+=[\"']|<script(?![^>]*\bsrc=)|javascript:", re.IGNORECASE)
    offences = [
        (path.name, match[0])
        for path in (ROOT / "web" / "templates").rglob("*.html")
        for match in bad.finditer(path.read_text("utf-8"))
        if "application/json" not in path.read_text("utf-8")[match.start() : match.start() + 60]
    ]
    assert not offences


def test_no_template_or_stylesheet_loads_from_another_host() -> None:
    outside = re.compile(r"(?:src|href|action)=[\"'](?:https?:)?//")
    files = [*(ROOT / "web" / "templates").rglob("*.html"), *(ROOT / "web" / "static" / "css").glob("*.css")]
    assert not [path for path in files if outside.search(path.read_text("utf-8"))]


def test_the_operators_handbook_holds_the_table_of_settings() -> None:
    handbook = (ROOT / "web" / "deploy" / "README.md").read_text("utf-8").splitlines()
    assert not [line for line in settings_table.as_markdown() if line not in handbook], "xinqiao settings --markdown"
    rows = [line for line in handbook if line.startswith("| `XINQIAO_") and line.count("|") == 5]
    assert rows == settings_table.as_markdown()[2:]


async def test_the_migrations_are_current(tmp_path: Path) -> None:
    config = bootstrap.config(Settings(data=tmp_path))
    async with tortoise_cli_context(config) as context:
        assert context.apps is not None
        assert not await MigrationAutodetector(context.apps, config["apps"]).changes()


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"XINQIAO_PORT": "many"}, "XINQIAO_PORT"),
        ({"XINQIAO_NOW": "yesterday"}, "XINQIAO_NOW"),
        ({"XINQIAO_PROT": "8000"}, "XINQIAO_PROT"),
        ({"XINQIAO_ENV": "production"}, "XINQIAO_SECRET"),
        ({"XINQIAO_ENV": "production", "XINQIAO_SECRET": "x" * 40, "XINQIAO_NOW": "2026-01-01"}, "XINQIAO_NOW"),
        ({"XINQIAO_ENV": "staging"}, "XINQIAO_ENV"),
        ({"XINQIAO_REDIS_URL": "redis://127.0.0.1"}, "XINQIAO_REDIS_URL"),
        (
            {"XINQIAO_REDIS_URL": "redis://127.0.0.1", "XINQIAO_DATABASE_URL": "sqlite:///x.sqlite3"},
            "XINQIAO_REDIS_URL",
        ),
    ],
)
def test_a_wrong_setting_is_named_at_the_start(environment: dict[str, str], named: str) -> None:
    with pytest.raises(Invalid) as caught:
        Settings.read(environment)
    assert named in caught.value.fields


def test_the_default_settings_start_a_whole_system() -> None:
    settings = Settings.read({})
    assert settings.database.startswith("sqlite://")
    assert not settings.redis_url


def test_words_that_raise_a_flag_repeat_nothing_without_a_bound() -> None:
    """Each row is searched at every place of a message: an unbounded repetition there costs the square of its length."""
    knowledge = tomllib.loads((ROOT / "classify" / "knowledge" / "signs.toml").read_text("utf-8"))
    unbounded = re.compile(r"(?<!\\)[+*]|\{\d+,\}")
    assert [name for name, words in knowledge["concepts"].items() if unbounded.search(words)] == []
