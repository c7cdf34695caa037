"""Every letter we can issue, as the PDF people hold in their hands and as pictures of its pages.

    python -m tests.bench.print_letters FOLDER [--only opinion]

Issues each type of letter in a case of a demo town of its own, as the tests of letters do, and writes CODE.pdf into the
folder; with `pdftoppm` (poppler) also CODE-1.png and so on. Somebody must look at them: whether a sentence is true, and
whether a page looks like one of an office, no test can tell.
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from feedback import letter_register
from feedback.kernel.clock import office_day
from feedback.kernel.settings import Settings
from feedback.rules.access import SYSTEM, citizen
from routing.oversight.measure_types import MEASURES
from tests.flows import test_letters as letter_tests
from tests.moments import MONDAY
from web import bootstrap
from web.cli.serve import configure_logging
from web.context import AppContext
from web.demo import seed
from web.letters import issuing
from web.letters.placeholders import OfficeLetterValues

SERVER = "https://xinqiao.example"
_MEASURE_LASTS = timedelta(days=30)


async def _print_case_letters(context: AppContext, folder: Path, only: str) -> None:
    for code, (draft, steps) in letter_tests.WALKS.items():
        if only not in ("", code):
            continue
        no = await letter_tests._opened(context, draft)
        await letter_tests._walk(context, no, *steps)
        letter = (await letter_tests._letters(context, no))[code]
        reader = SYSTEM if letter.letter_type.internal else citizen(no)
        opened = await letter_register.open_letter(reader, no, str(letter.id), vault=context.settings.vault)
        _write(folder, code, await issuing.render_letter(context, opened, "pdf", SERVER))


async def _print_measures(context: AppContext, folder: Path, only: str) -> None:
    for row in MEASURES:
        values = OfficeLetterValues(
            about="JD2026-0001",
            unit="ziran",
            issuer="rexian",
            title="完善征地补偿面积复核",
            text="一、建立复核台账。\n二、公开复核结果。",
            wants="书面反馈采纳情况",
            due_day=office_day(MONDAY + _MEASURE_LASTS),
            at=MONDAY,
        )
        letter = await issuing.issue_unit_letter(context, row.code, values)
        if only in ("", letter.code):
            _write(folder, letter.code, await issuing.render_unit_letter(context, letter, "pdf", SERVER))


def _write(folder: Path, code: str, content: bytes) -> None:
    path = folder / f"{code}.pdf"
    path.write_bytes(content)
    if program := shutil.which("pdftoppm"):
        subprocess.run([program, "-r", "60", "-png", str(path), str(folder / code)], check=True)
    print(code, flush=True)


async def run(folder: Path, only: str) -> None:
    """Print them all into the folder, or only one."""
    data = Path(tempfile.mkdtemp(prefix="xinqiao-letters-"))
    settings = Settings.read({"XINQIAO_DATA": str(data), "XINQIAO_LOG_LEVEL": "error"})
    configure_logging(settings)
    await bootstrap.migrate(settings)
    try:
        async with bootstrap.open_context(settings) as now_context:
            context = replace(now_context, clock=now_context.clock.starting_at(MONDAY))
            await bootstrap.seed_calendar(context)
            await seed.seed_town(context)
            await _print_case_letters(context, folder, only)
            await _print_measures(context, folder, only)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(run(args.folder, args.only))
    return 0


if __name__ == "__main__":
    sys.exit(main())
