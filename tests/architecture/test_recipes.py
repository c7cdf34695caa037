"""Do the documents match this tree? Recipes, decisions and links name files that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPES = (
    "A clock",
    "A letter",
    "An act",
    "A key figure",
    "A page with a chart",
    "A notice channel",
    "An API call",
)
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "feedback/README.md",
    "classify/README.md",
    "routing/README.md",
    "evaluation/README.md",
    "web/README.md",
    "web/deploy/README.md",
    "web/deploy/README.zh-CN.md",
)
PACKAGE_DOCUMENTS = DOCUMENTS[4:9]
README_LINES = 150


def _text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _section(text: str, level: str, title: str) -> str:
    """What stands under a heading, up to the next of its level or above. "" when there is no such heading."""
    match = re.search(
        rf"^{level} {re.escape(title)}\n(.*?)(?=^#{{2,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL
    )
    return match[1] if match else ""


def _files_of(recipe: str) -> list[str]:
    return re.findall(r"^- `([^`]+)`: ", _section(_text("CONTRIBUTING.md"), "###", recipe), re.MULTILINE)


def _exists(path: str) -> bool:
    """Whether a path is in the tree. `<name>` stands for any name: at least one such file must be there to follow."""
    return any(True for _ in ROOT.glob(re.sub(r"<[^>]+>", "*", path)))


def test_contributing_holds_the_seven_recipes() -> None:
    assert (
        tuple(re.findall(r"^### (.+)$", _section(_text("CONTRIBUTING.md"), "##", "Recipes"), re.MULTILINE)) == RECIPES
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_names_files_of_this_tree_a_test_and_the_changelog(recipe: str) -> None:
    files = _files_of(recipe)
    assert not [path for path in files if not _exists(path)]
    assert any(path.startswith("tests/") for path in files)
    assert files[-1] == "CHANGELOG.md"


def _paths_in(text: str) -> Iterator[str]:
    """Whatever stands in backticks and looks like a file or folder of ours."""
    folders = "feedback|classify|routing|evaluation|web|tests|.ci|.devcontainer"
    yield from re.findall(rf"`((?:{folders})/[\w./*@<>-]*)`", text)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_names_only_files_that_exist(document: str) -> None:
    assert not sorted({path for path in _paths_in(_text(document)) if not _exists(path)})


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_between_documents_lead_somewhere(document: str) -> None:
    text, folder = _text(document), (ROOT / document).parent
    targets = [t for t in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in t]
    targets += re.findall(r'<img src="([^"]+)"', text)
    assert not [target for target in targets if not (folder / target).exists()]


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len(_text("README.md").splitlines()) <= README_LINES


def test_every_decision_has_its_number_once_a_date_and_what_holds_it() -> None:
    decisions = [
        line for name in PACKAGE_DOCUMENTS for line in _text(name).splitlines() if re.match(r"- \*\*\d+\. ", line)
    ]
    numbers = sorted(int(re.findall(r"\d+", line)[0]) for line in decisions)
    assert numbers == list(range(1, len(numbers) + 1))
    assert not [
        line[:60] for line in decisions if not re.search(r"\((?:[^()]*)(?:`(?:tests/|pyproject)[^()]*)\)$", line)
    ]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_document_gives_away_a_machine_or_a_mirror(document: str) -> None:
    assert not re.findall(r"/(?:work|tmp|home|root)/[\w.-]+|\b(?:10|192\.168)\.\d+\.\d+\.\d+\b", _text(document))
