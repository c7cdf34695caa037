"""Which worker of pytest-xdist runs which test? Those of one `xdist_group` stay together, all others go anywhere.

xdist's own `--dist loadgroup` writes the group into a test's id, which pytest 9.2 does not allow any more: there it
groups nothing, silently. Here workers note the groups in the folder of the run, and the main process reads them.
"""

import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests import shared

_NAME, _FILE = "groups", "groups.json"


def note_groups(items: Iterable[pytest.Item]) -> None:
    """Let the main process know the group of each test; every worker has the same tests."""
    groups = {item.nodeid: mark.args[0] for item in items if (mark := item.get_closest_marker("xdist_group"))}

    def write(folder: Path) -> None:
        (folder / _FILE).write_text(json.dumps(groups), "utf-8")

    shared.made_once(_NAME, write)


class ByGroup(LoadScopeScheduling):  # type: ignore[misc] # no types come with it
    """The largest groups first, then test by test."""

    @cached_property
    def _groups(self) -> dict[str, str]:
        groups: dict[str, str] = json.loads((shared.made_once(_NAME, _missing) / _FILE).read_text("utf-8"))
        return groups

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid, nodeid)


def _missing(folder: Path) -> None:
    raise LookupError("no worker has noted the groups of its tests")
