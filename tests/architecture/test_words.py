"""The words of the code: standard terms that a stranger finds, one word for one thing.

What is left of the words that say nothing is counted here. The numbers may fall, never rise.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("feedback", "classify", "routing", "evaluation", "web")
SAY_NOTHING = frozenset({"found", "said", "told", "kept", "each", "one"})
LONG = 15
"""A local variable of a function longer than this must say what it holds."""

IN_CLASS = -1
"""Where a field of a class stands: `Clock.kept` and stored columns keep their names."""

LEFT_IN_LONG_FUNCTIONS = 0
LEFT_IN_SHORT_FUNCTIONS = 0
LEFT_IN_TESTS = 39

GIVEN_UP_MODULES = frozenset(
    [
        "office",
        "doors",
        "frame",
        "keeping",
        "living",
        "seasons",
        "founding",
        "gathering",
        "triage",
        "attention",
        "date_moves",
        "calendar_desk",
        "letter_desk",
        "phrases",
        "guard",
        "act_forms",
        "filing",
        "registering",
        "case_sheet",
        "casework",
        "watching",
        "exporting",
        "own_password",
        "calls",
        "wire",
        "shapes",
        "overseeing",
        "disputing",
        "lettering",
        "deskwork",
        "stencils",
        "drawing",
        "marking",
        "marks",
        "folding",
        "refolding",
        "recording",
        "tallies",
        "watched",
        "moves",
        "particulars",
        "letterbook",
        "promises",
        "seal",
        "apart",
        "experience",
        "heads",
        "hunches",
        "lessons",
        "trust",
        "shift",
        "paired",
        "hotspots",
        "passages",
        "telling",
        "ladder",
        "measuring",
        "proposing",
        "asking",
        "alarms",
        "sheets",
    ]
)
GIVEN_UP_CLASSES = frozenset(
    [
        "Office",
        "Kept",
        "Life",
        "Coming",
        "Guard",
        "Mark",
        "Folded",
        "Move",
        "Happening",
        "Deed",
        "Bar",
        "Tried",
        "Turn",
        "Ear",
        "Taught",
        "Manner",
        "Push",
        "Rung",
        "Standing",
        "Said",
        "Told",
        "Stencil",
    ]
)


def _files(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from (path for path in sorted((ROOT / package).rglob("*.py")) if "migrations" not in path.parts)


def _empty_names(path: Path) -> Iterator[tuple[str, int]]:
    """Names that say nothing, as pairs of where they stand and the length of the function (0: module level)."""

    def names(node: ast.AST, where: str, length: int) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            inner, lines = where, length
            if isinstance(child, ast.ClassDef):
                inner, lines = f"{where}.{child.name}", IN_CLASS
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inner, lines = f"{where}.{child.name}", (child.end_lineno or child.lineno) - child.lineno + 1
                if child.name in SAY_NOTHING and length != IN_CLASS:
                    yield inner, 0
            is_variable = isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store) and child.id in SAY_NOTHING
            is_argument = isinstance(child, ast.arg) and child.arg in SAY_NOTHING
            if (is_variable and length != IN_CLASS) or is_argument:
                yield inner, lines
            yield from names(child, inner, lines)

    yield from names(ast.parse(path.read_text("utf-8")), path.relative_to(ROOT).as_posix(), 0)


def test_no_name_that_says_nothing_at_module_level() -> None:
    assert [where for path in _files(*PACKAGES) for where, length in _empty_names(path) if length == 0] == []


def test_names_that_say_nothing_in_long_functions_only_get_fewer() -> None:
    left = [where for path in _files(*PACKAGES) for where, length in _empty_names(path) if length > LONG]
    assert len(left) <= LEFT_IN_LONG_FUNCTIONS, left


def test_names_that_say_nothing_in_short_functions_only_get_fewer() -> None:
    left = [where for path in _files(*PACKAGES) for where, length in _empty_names(path) if 0 < length <= LONG]
    assert len(left) <= LEFT_IN_SHORT_FUNCTIONS, left


def test_names_that_say_nothing_in_tests_only_get_fewer() -> None:
    left = [where for path in _files("tests") for where, length in _empty_names(path) if length >= 0]
    assert len(left) <= LEFT_IN_TESTS, left


def test_no_module_has_a_name_that_was_given_up() -> None:
    assert [path for path in _files(*PACKAGES) if path.stem in GIVEN_UP_MODULES] == []


def _classes() -> Iterator[tuple[str, str]]:
    for path in _files(*PACKAGES):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, path.relative_to(ROOT).as_posix()


def test_no_class_has_a_name_that_was_given_up() -> None:
    assert [(name, path) for name, path in _classes() if name in GIVEN_UP_CLASSES] == []


def test_one_public_class_name_means_one_thing() -> None:
    counts = Counter(name for name, _ in _classes())
    assert [(name, path) for name, path in _classes() if counts[name] > 1] == []
