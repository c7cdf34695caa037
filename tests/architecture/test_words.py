"""The words of the code: standard terms that a stranger finds, one word for one thing."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("feedback", "classify", "routing", "evaluation", "web")
SAY_NOTHING = frozenset({"found", "said", "told", "kept", "each", "one"})
_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

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


def _empty_names(path: Path) -> Iterator[str]:
    """Where names that say nothing stand. Fields of a class are left out: `Clock.kept` and stored columns keep theirs."""

    def names(node: ast.AST, where: str, *, in_class: bool) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            inner = f"{where}.{child.name}" if isinstance(child, _DEFINITIONS) else where
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name in SAY_NOTHING
            is_variable = isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store) and child.id in SAY_NOTHING
            is_argument = isinstance(child, ast.arg) and child.arg in SAY_NOTHING
            if is_argument or ((is_function or is_variable) and not in_class):
                yield inner
            is_inside = isinstance(child, ast.ClassDef) or (in_class and not isinstance(child, _DEFINITIONS))
            yield from names(child, inner, in_class=is_inside)

    yield from names(ast.parse(path.read_text("utf-8")), path.relative_to(ROOT).as_posix(), in_class=False)


def test_no_name_says_nothing() -> None:
    assert [where for path in _files(*PACKAGES, "tests") for where in _empty_names(path)] == []


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
