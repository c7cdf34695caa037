"""A ClamAV daemon of its own for a test, with one signature: that of the EICAR test file."""

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sample_files import EICAR


@contextmanager
def clamd(folder: Path) -> Iterator[Path]:
    """The socket of a running daemon. Without its program a failure in CI, elsewhere skipped."""
    program = shutil.which("clamd")
    if program is None:
        words = "no clamd on this machine: apt-get install clamav-daemon"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    signatures, socket, process = folder / "signatures", folder / "clamd.sock", folder / "clamd.pid"
    signatures.mkdir(parents=True, exist_ok=True)
    (signatures / "own.hdb").write_text(f"{hashlib.md5(EICAR).hexdigest()}:{len(EICAR)}:Test.Eicar\n")  # noqa: S324 - ClamAV's format
    (signatures / "own.ndb").write_text(f"Test.Eicar.Inside:0:*:{EICAR.hex()}\n")
    configuration = folder / "clamd.conf"
    configuration.write_text(
        f"DatabaseDirectory {signatures}\nLocalSocket {socket}\nPidFile {process}\nLogFile {folder}/clamd.log\n"
        "StreamMaxLength 25M\nMaxThreads 2\n"
    )
    # It goes to the background as soon as it answers.
    subprocess.run([program, "--config-file", str(configuration)], check=True, timeout=60, capture_output=True)
    try:
        yield socket
    finally:
        os.kill(int(process.read_text()), signal.SIGTERM)
