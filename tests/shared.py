"""Folders a test run makes only once: shared by its worker processes, each made by the first that needs it.

The main process of a run owns the place and removes it at the end, with the databases that were noted there. Workers
of pytest-xdist inherit the place by the environment; without xdist the main process is the only one.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PLACE = "TEST_RUN_FOLDER"
"""The environment variable that names the folder of this run."""


def begin_run() -> Path:
    """A folder for this run, known to every process it starts."""
    folder = Path(tempfile.mkdtemp(prefix="xinqiao-tests-"))
    os.environ[PLACE] = str(folder)
    return folder


def end_run(folder: Path) -> None:
    """Remove the folder of this run."""
    os.environ.pop(PLACE, None)
    shutil.rmtree(folder, ignore_errors=True)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name, filled by `make` the first time any process of this run asks for it.

    Others wait meanwhile. When `make` raises, whoever asks next tries again in an empty folder.
    """
    run = Path(os.environ[PLACE])
    folder, done = run / name, run / f"{name}.done"
    with _locked(run / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Only one process at a time; the lock of a process that died is free."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
