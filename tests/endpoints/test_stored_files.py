"""Files lie unreadable on the disk, old ones are turned over without loss, and players may ask for parts."""

import hashlib
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from feedback import jobs
from feedback.attachments import FileStore, upkeep
from feedback.kernel import encrypted_file
from feedback.kernel.crypto import Vault
from feedback.kernel.encrypted_file import PIECE_BYTES, EncryptedFile, UnreadableFile
from feedback.kernel.settings import Settings
from feedback.record.models.case import Attachment
from tests import sample_files
from tests.people import Door

WORDS = "学校门口的录音".encode()
RECORDING = sample_files.WAVE + WORDS * 20_000  # several pieces


async def upload(door: Door, name: str = "a.wav", content: bytes = RECORDING) -> str:
    response = await door.client.post("/api/v1/attachments", files={"file": (name, content)})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def in_a_case(door: Door) -> str:
    """The address of a recording that came with a message."""
    attachment = await upload(door)
    receipt = await door.submit(attachments=[attachment])
    return f"/api/v1/cases/{receipt['no']}/attachments/{attachment}?code={receipt['code']}"


async def damages(door: Door) -> list[str]:
    return [damage.where async for damage in jobs.find_damages(door.settings)]


def stored_files(settings: Settings) -> list[Path]:
    return sorted(path for path in (settings.data / "files").rglob("*") if path.is_file())


async def test_neither_bytes_nor_names_on_the_disk_tell_what_a_file_is(door: Door) -> None:
    address = await in_a_case(door)
    (path,) = stored_files(door.settings)
    assert WORDS not in path.read_bytes()
    digest = hashlib.sha256(RECORDING).hexdigest()
    row = await Attachment.get()
    assert digest not in str(path).replace("/", "") and row.digest != digest
    response = await door.get(address)
    assert (response.status_code, response.content) == (200, RECORDING)
    assert await damages(door) == []


async def test_the_same_file_twice_is_two_files(door: Door) -> None:
    """Deleting one that nobody claimed never takes the other with it."""
    await upload(door)
    address = await in_a_case(door)
    later = door.context.clock.now() + timedelta(days=9)
    assert await upkeep.delete_orphans(FileStore.of(door.settings), now=later, hours=48) == 1
    assert (await door.get(address)).content == RECORDING
    assert len(stored_files(door.settings)) == 1


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-", 0, None),
        ("bytes=0-99", 0, 100),
        ("bytes=65530-65600", PIECE_BYTES - 6, PIECE_BYTES + 65),
        ("bytes=131072-", 2 * PIECE_BYTES, None),
        ("bytes=-10", len(RECORDING) - 10, None),
        ("bytes=100-99999999", 100, None),
    ],
)
async def test_players_may_ask_for_a_part(door: Door, wanted: str, start: int, stop: int | None) -> None:
    response = await door.client.get(await in_a_case(door), headers={"Range": wanted})
    assert response.status_code == (200 if (start, stop) == (0, None) else 206)
    assert response.content == RECORDING[start:stop]
    assert int(response.headers["content-length"]) == len(response.content)
    if response.status_code == 206:
        last = start + len(response.content) - 1
        assert response.headers["content-range"] == f"bytes {start}-{last}/{len(RECORDING)}"


async def test_a_part_beyond_the_end_is_refused_and_several_parts_are_the_whole(door: Door) -> None:
    address = await in_a_case(door)
    response = await door.client.get(address, headers={"Range": f"bytes={len(RECORDING)}-"})
    assert (response.status_code, response.headers["content-range"]) == (416, f"bytes */{len(RECORDING)}")
    response = await door.client.get(address, headers={"Range": "bytes=0-1,5-6"})
    assert (response.status_code, response.content) == (200, RECORDING)


@pytest.mark.parametrize(
    "wanted", ["bytes=" + "9" * 5_000 + "-", "bytes=0-" + "9" * 5_000, "bytes=-" + "9" * 5_000, "bytes=²-"]
)
async def test_a_range_that_is_no_number_is_not_looked_at(door: Door, wanted: str) -> None:
    response = await door.client.get(await in_a_case(door), headers=[(b"Range", wanted.encode())])
    assert (response.status_code, response.content) == (200, RECORDING)


@pytest.mark.parametrize("name", ["run.bat", "\u202evaw.tab", "a/../run.wav.exe"])
async def test_a_name_of_an_older_version_ends_as_its_content(door: Door, name: str) -> None:
    address = await in_a_case(door)
    await Attachment.all().update(name=name)
    served = unquote((await door.get(address)).headers["content-disposition"])
    assert served.endswith(".wav") and "\u202e" not in served and "/" not in served


async def test_what_was_changed_on_the_disk_is_named_and_not_handed_out(door: Door) -> None:
    address = await in_a_case(door)
    (path,) = stored_files(door.settings)
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    response = await door.get(address)
    assert (response.status_code, response.json()["error"]["code"]) == (503, "file_damaged")
    assert int(response.headers["retry-after"]) > 0
    assert await damages(door) == [f"attachment {(await Attachment.get()).id}"]


async def _as_older_version(door: Door, *contents: bytes) -> list[str]:
    """Rows and files as they lay before files were encrypted: in clear, the same content once."""
    ids = []
    for content in contents:
        attachment = await upload(door, content=content)
        digest = hashlib.sha256(content).hexdigest()
        store = FileStore.of(door.settings)
        store.path(attachment).unlink()
        store.old_path(digest).parent.mkdir(parents=True, exist_ok=True)
        store.old_path(digest).write_bytes(content)
        await Attachment.filter(id=attachment).update(digest=digest)
        ids.append(attachment)
    return ids


async def test_old_files_are_read_and_turned_over(door: Door) -> None:
    ids = await _as_older_version(door, RECORDING, RECORDING, RECORDING + b"another")
    receipt = await door.submit(attachments=ids)
    address = f"/api/v1/cases/{receipt['no']}/attachments/{{}}?code={receipt['code']}"
    assert (await door.get(address.format(ids[1]))).content == RECORDING
    assert await damages(door) == []

    assert await upkeep.encrypt_some(FileStore.of(door.settings), "") == ""
    assert len(stored_files(door.settings)) == 3
    assert not [path for path in stored_files(door.settings) if WORDS in path.read_bytes()]
    assert (await door.get(address.format(ids[1]))).content == RECORDING
    assert await damages(door) == []
    await upkeep.encrypt_some(FileStore.of(door.settings), "")
    assert [path.name for path in (door.settings.data / "files").iterdir() if len(path.name) == 2] == []


@pytest.mark.parametrize("place", ["before the row", "before the old file goes"])
async def test_killed_while_turning_over_it_loses_nothing(
    door: Door, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    ids = await _as_older_version(door, RECORDING, RECORDING)
    receipt = await door.submit(attachments=ids)
    store = FileStore.of(door.settings)
    with monkeypatch.context() as patch:
        if place == "before the row":
            patch.setattr(FileStore, "digest", kill)
        else:
            patch.setattr(Path, "unlink", kill)
        with pytest.raises(Killed):
            await upkeep.encrypt_some(store, "")
    assert await damages(door) == []
    await upkeep.encrypt_some(store, "")
    assert len(stored_files(door.settings)) == 2
    assert await damages(door) == []
    for attachment in ids:
        response = await door.get(f"/api/v1/cases/{receipt['no']}/attachments/{attachment}?code={receipt['code']}")
        assert response.content == RECORDING


async def test_a_file_of_no_attachment_is_left_for_somebody_to_look_at(door: Door) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    path = FileStore.of(door.settings).old_path(digest)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    await upkeep.encrypt_some(FileStore.of(door.settings), "")
    assert path.exists()


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_a_file_comes_back_as_it_was_and_only_as_a_whole(tmp_path: Path, size: int) -> None:
    vault, content, path = Vault("secret"), bytes(range(256)) * (size // 256) + b"x" * (size % 256), tmp_path / "a"
    path.write_bytes(encrypted_file.encrypt(vault, "a", content))
    file = EncryptedFile.open(vault, "a", path)
    assert (file.size, file.read()) == (size, content)
    assert file.read(size // 3, size // 2) == content[size // 3 : size // 2]
    with pytest.raises(UnreadableFile):
        EncryptedFile.open(Vault("another"), "a", path)
    with pytest.raises(UnreadableFile):
        EncryptedFile.open(vault, "b", path)
    whole = path.read_bytes()
    path.write_bytes(whole[: -PIECE_BYTES - 16] if size > PIECE_BYTES else whole[:-1])
    with pytest.raises(UnreadableFile):
        EncryptedFile.open(vault, "a", path).read()
