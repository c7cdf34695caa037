"""With a ClamAV daemon beside it: what carries a virus is refused, and while it is away nothing is lost or opened."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from feedback import jobs
from feedback.attachments import FileStore, upkeep
from feedback.kernel.settings import Settings
from feedback.record.models.case import Attachment
from feedback.rules.file_types import ScanState
from tests import sample_files
from tests.clamav import clamd
from tests.people import Door

pytestmark = pytest.mark.xdist_group("clamav")
NOTE = "现场说明".encode()


@pytest.fixture(scope="module")
def scanner() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder, clamd(Path(folder)) as socket:
        yield socket


@pytest.fixture
async def scanned(settings: Settings, scanner: Path) -> AsyncIterator[Door]:
    async with Door.opened(replace(settings, clamav=str(scanner))) as door:
        yield door


@pytest.fixture
async def unscanned(settings: Settings, tmp_path: Path) -> AsyncIterator[Door]:
    """The scanner is set and away."""
    async with Door.opened(replace(settings, clamav=str(tmp_path / "nobody.sock"))) as door:
        yield door


async def upload(door: Door, name: str, content: bytes) -> str:
    response = await door.client.post("/api/v1/attachments", files={"file": (name, content)})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def test_a_virus_is_refused_with_a_sentence_and_not_stored(scanned: Door) -> None:
    response = await scanned.client.post("/api/v1/attachments", files={"file": ("a.txt", sample_files.EICAR)})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "infected")
    assert "查出病毒，没有收下" in response.json()["error"]["fields"]["file"]
    assert not await Attachment.all().count()
    assert not [path for path in (scanned.settings.data / "files").rglob("*") if path.is_file()]


async def test_a_virus_inside_a_document_is_found(scanned: Door) -> None:
    content = sample_files.office(name="word/media/a.txt", part=b"x" * 100 + sample_files.EICAR)
    response = await scanned.client.post("/api/v1/attachments", files={"file": ("a.docx", content)})
    assert response.status_code == 422


async def test_a_harmless_file_is_taken_and_the_health_page_says_that_the_scanner_answers(scanned: Door) -> None:
    row = await Attachment.get(id=await upload(scanned, "a.txt", NOTE))
    assert row.scan == ScanState.CLEAN
    assert (await scanned.get("/readyz")).json()["scanner"] == {"answers": True, "waiting": 0}


async def test_while_the_scanner_is_away_files_wait_shut_until_it_has_looked(unscanned: Door, scanner: Path) -> None:
    good = await upload(unscanned, "a.txt", NOTE)
    bad = await upload(unscanned, "b.txt", sample_files.EICAR)
    receipt = await unscanned.submit(attachments=[good, bad])
    assert (await unscanned.get("/readyz")).json()["scanner"] == {"answers": False, "waiting": 2}
    path = f"/api/v1/cases/{receipt['no']}/attachments/{{}}?code={receipt['code']}"
    for attachment in (good, bad):
        response = await unscanned.get(path.format(attachment))
        assert (response.status_code, response.json()["error"]["code"]) == (409, "scan_waiting")
    assert await upkeep.scan_some(FileStore.of(unscanned.settings)) == "", "it is away"

    await upkeep.scan_some(FileStore.of(replace(unscanned.settings, clamav=str(scanner))))
    response = await unscanned.get(path.format(good))
    assert (response.status_code, response.content) == (200, NOTE)
    response = await unscanned.get(path.format(bad))
    assert (response.status_code, response.json()["error"]["code"]) == (409, "scan_infected")
    case = (await unscanned.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}")).json()
    assert [file["scan"] for file in case["attachments"]] == ["clean", "infected"]
    page = await unscanned.page_client("reception")
    assert "查出病毒，已经封存" in (await page.get(f"/desk/cases/{receipt['no']}")).text
    await page.aclose()
    assert not [damage async for damage in jobs.find_damages(unscanned.settings)], "nothing is lost of either"


async def _refuse_large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speaks as clamd does: a virus in nothing, and no look at pieces of more than 1,000 bytes, hanging up at once."""
    command = await reader.readuntil(b"\0")
    if command == b"zPING\0":
        writer.write(b"PONG\0")
    else:
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            if length > 1_000:
                break
            await reader.readexactly(length)
        writer.write(b"INSTREAM size limit exceeded. ERROR\0" if length else b"stream: OK\0")
    writer.close()


@pytest.mark.parametrize("size", [2_000, 5_000_000])
async def test_a_file_that_the_scanner_will_not_look_at_holds_up_no_other(
    unscanned: Door, tmp_path: Path, size: int
) -> None:
    names = [await upload(unscanned, "a.txt", NOTE) for _ in range(12)]
    first, *others = sorted(names)
    store = FileStore.of(unscanned.settings)
    store.write(first, b"a" * size)
    socket = tmp_path / "strict.sock"
    strict = FileStore.of(replace(unscanned.settings, clamav=str(socket)))
    async with await asyncio.start_unix_server(_refuse_large, socket):
        position = await upkeep.scan_some(strict)
        assert position, "more than one slice waits"
        assert await upkeep.scan_some(strict, position) == ""
    states = {row.id: row.scan for row in await Attachment.all()}
    assert states == {first: ScanState.WAITING, **dict.fromkeys(others, ScanState.CLEAN)}


async def test_files_of_the_time_before_the_scanner_are_scanned(unscanned: Door, scanner: Path) -> None:
    good, bad = await upload(unscanned, "a.txt", NOTE), await upload(unscanned, "b.txt", sample_files.EICAR)
    await Attachment.all().update(scan=ScanState.NONE)
    await upkeep.scan_some(FileStore.of(replace(unscanned.settings, clamav=str(scanner))))
    states = {row.id: row.scan for row in await Attachment.all()}
    assert states == {good: ScanState.CLEAN, bad: ScanState.INFECTED}
