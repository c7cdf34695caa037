"""The kind of a file is read from its bytes, and its ending follows from the kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.rules import file_types
from feedback.rules.file_types import AVIF, HEIF, JPEG, M4A, MP3, MP4, PDF, QUICKTIME, TEXT, WAV, FileType
from tests import sample_files


def box(*brands: bytes) -> bytes:
    """The first box of a file of the ISO base media format with these brands, the major one first."""
    content = b"ftyp" + brands[0] + b"\0\0\0\0" + b"".join(brands)
    return (len(content) + 4).to_bytes(4, "big") + content + b"\0" * 40


WAVE = b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 40


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.heic", box(b"heic", b"mif1"), HEIF),
        ("a.mp4", box(b"mif1", b"heic"), HEIF),
        ("a.avif", box(b"avif", b"mif1"), AVIF),
        ("a.m4a", box(b"M4A ", b"mp42"), M4A),
        ("a.mov", box(b"qt  "), QUICKTIME),
        ("a.mp4", box(b"isom", b"mp41"), MP4),
        ("a.mp4", box(b"XXXX", b"mp41"), MP4),
        ("a.mp4", box(b"XXXX"), None),
        ("run.bat", b"@echo xxWAVE&calc\r\n" + b" " * 40, None),
        ("setup.exe", b"MZ\0\0ftypisom" + b"\0" * 64, None),
        ("a.exe", b"MZ" + b"\0" * 64, None),
        ("a.exe", b"ID3\xff\xff" + b"\0" * 64, None),
        ("a.mp3", b"ID3\x04\x00" + b"\0" * 64, MP3),
        ("a.wav", WAVE, WAV),
        ("a.html", b"%PDF-1.4 <script>", PDF),
        ("a.html", b"<html></html>", None),
        ("a.txt", "投诉".encode(), TEXT),
        ("a.txt", b"\xff\xfe\0", None),
        ("a.txt", "投诉\r\n".encode("gb18030"), TEXT),
        ("a.txt", "投诉\r\n".encode("utf-16"), TEXT),
        ("a.txt", b"MZ\x90\0\x03\0\0\0", None),
        ("a.docx", b"PK\x03\x04", file_types.ZIP_ARCHIVE),
        ("a.jar", b"PK\x03\x04", file_types.ZIP_ARCHIVE),
        ("a", b"", None),
        ("录像.mp4", sample_files.media(b"isom", b"vide", b"soun"), MP4),
        ("录音.mp4", sample_files.media(b"isom", b"soun"), M4A),
        ("录音.m4a", sample_files.media(b"M4A ", b"soun"), M4A),
        ("录像.m4a", sample_files.media(b"M4A ", b"soun", b"vide"), MP4),
        ("录音.mov", sample_files.media(b"qt  ", b"soun"), M4A),
        ("录音.3gp", sample_files.media(b"3gp4", b"soun"), file_types.THREE_GP_SOUND),
        ("录像.3gp", sample_files.media(b"3gp4", b"soun", b"vide"), file_types.THREE_GP),
        ("录像.webm", sample_files.WEBM_VIDEO, file_types.WEBM),
        ("录音.webm", sample_files.WEBM_SOUND, file_types.WEBM_SOUND),
        ("录音.ogg", sample_files.OGG, file_types.OGG),
        ("录音.aac", sample_files.AAC, file_types.AAC),
        ("录音.amr", b"#!AMR\n" + bytes(60), file_types.AMR),
    ],
)
def test_the_kind_is_that_of_the_content(name: str, content: bytes, kind: FileType | None) -> None:
    assert file_types.find_type(name, content) == kind


@pytest.mark.parametrize(
    ("name", "kind", "clean"),
    [
        ("发票.pdf.exe", PDF, "发票.pdf"),
        ("x.html", PDF, "x.pdf"),
        ("photo\u202egpj.exe", JPEG, "photogpj.jpg"),
        ("IMG_0001.HEIC", JPEG, "IMG_0001.jpg"),
        ("照片.JPEG", JPEG, "照片.JPEG"),
        ("3.15 投诉", PDF, "3.15 投诉.pdf"),
        ("../../etc/passwd", PDF, "passwd.pdf"),
        ("C:\\用户\\材料.doc", file_types.DOC, "材料.doc"),
        ("a\u200b\u2066b.jpg", JPEG, "ab.jpg"),
        ('a<b>:"|?*.png', file_types.PNG, "a_b______.png"),
        ("evil.exe. ", JPEG, "evil.jpg"),
        (".exe", JPEG, "exe.jpg"),
        ("", JPEG, "附件.jpg"),
        ("长" * 300, JPEG, "长" * 116 + ".jpg"),
    ],
)
def test_the_ending_is_that_of_the_kind(name: str, kind: FileType, clean: str) -> None:
    assert file_types.clean_name(name, kind) == clean


KINDS = [value for value in vars(file_types).values() if isinstance(value, FileType)]


@given(st.text(max_size=200), st.sampled_from(KINDS))
def test_no_name_ends_with_a_foreign_ending_or_turns_the_writing_round(name: str, kind: FileType) -> None:
    clean = file_types.clean_name(name, kind)
    assert clean.lower().endswith(kind.suffixes)
    assert len(clean) <= file_types.NAME_MAX
    assert not set(clean) & set('<>:"/\\|?*\u202e\u2066\u200f\r\n\0')
    assert file_types.clean_name(clean, kind) == clean


@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_bytes_have_a_kind_or_none(content: bytes, name: str) -> None:
    kind = file_types.find_type(name, content)
    assert kind is None or kind in KINDS
