"""Does the lock hold what pyproject asks for, and does pyproject ask for everything the code imports?"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PACKAGES = ("feedback", "classify", "routing", "evaluation", "web")
EXTRAS = PROJECT["optional-dependencies"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
DEVELOPMENT = [Requirement(line) for line in (*PROJECT["dependencies"], *EXTRAS["build"], *EXTRAS["dev"])]
ONLY_WITH_AN_OPTION = {"pyinstrument"}
"""Asked for by `--profile` of one script, which says so; nobody needs it otherwise."""


def _locked(name: str) -> dict[str, str]:
    """Versions by canonical name of distribution, as one lock file pins them."""
    text = (ROOT / name).read_text("utf-8")
    return {canonicalize_name(n): v for n, v in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE)}


@pytest.mark.parametrize(
    ("lock", "requirements"), [("requirements.lock", RUNTIME), ("requirements-dev.lock", DEVELOPMENT)]
)
def test_every_dependency_is_locked_to_a_version_within_its_range(lock: str, requirements: list[Requirement]) -> None:
    versions = _locked(lock)
    misfits = [
        f"{requirement} is locked to {versions.get(canonicalize_name(requirement.name))}"
        for requirement in requirements
        if not requirement.specifier.contains(versions.get(canonicalize_name(requirement.name), "0"))
    ]
    assert not misfits, f"run `make lock`: {misfits}"


def test_every_range_has_an_upper_end() -> None:
    open_ended = [str(r) for r in DEVELOPMENT if not any(s.operator in ("<", "==", "~=") for s in r.specifier)]
    assert not open_ended


def test_the_development_lock_differs_in_no_version_from_the_other() -> None:
    runtime, development = _locked("requirements.lock"), _locked("requirements-dev.lock")
    assert {name: development.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_its_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    bare = [block[:40] for block in re.split(r"\n(?=[A-Za-z0-9])", text) if "==" in block and "--hash=" not in block]
    assert not bare
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links|^\s*#.*(?:^|\s)/\w+/", text, re.MULTILINE)


def _imports(folders: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Top-level names that modules of `folders` import, with the module that does."""
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((alias.name.partition(".")[0], path.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0], path.name


@pytest.mark.parametrize(("folders", "requirements"), [(PACKAGES, RUNTIME), (("tests",), DEVELOPMENT)])
def test_whatever_is_imported_is_declared(folders: tuple[str, ...], requirements: list[Requirement]) -> None:
    declared = {canonicalize_name(requirement.name) for requirement in requirements}
    distributions = packages_distributions()
    ours = {*sys.stdlib_module_names, *PACKAGES, "tests", *ONLY_WITH_AN_OPTION}
    undeclared = {
        (name, module)
        for name, module in _imports(folders)
        if name not in ours and not declared & {canonicalize_name(d) for d in distributions.get(name, [])}
    }
    assert not undeclared
