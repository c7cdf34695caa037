"""A document is what lies in it, and one that acts by itself is refused with the reason."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.rules import file_types
from feedback.rules.documents.examination import examine
from feedback.rules.documents.pdf import find_streams
from feedback.rules.documents.refusal import Refused
from feedback.rules.file_types import FileType
from tests import sample_files
from tests.sample_files import EXCEL, SLIDES, archive, compound, ofd, office, pdf, pdf_of_hidden_objects, pdf_stream

XML_VOUCHER = pdf(
    pdf_stream(b"/Type /EmbeddedFile", b"<?xml version='1.0'?><fp/>"),
    b"<< /Type /Filespec /UF (fp.xml) /EF << /F 4 0 R >> >>",
    root=b"/AF [5 0 R]",
)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("情况.docx", office(), file_types.DOCX),
        ("情况.doc", office(), file_types.DOCX),
        ("情况", office(), file_types.DOCX),
        ("情况.wps", office(), file_types.WPS),
        ("名单.xlsx", office(EXCEL), file_types.XLSX),
        ("名单.et", office(EXCEL), file_types.ET),
        ("汇报.pptx", office(SLIDES), file_types.PPTX),
        ("汇报.dps", office(SLIDES), file_types.DPS),
        ("公文.ofd", ofd(), file_types.OFD),
        ("情况.doc", compound("WordDocument", "1Table"), file_types.DOC),
        ("情况.wps", compound("WordDocument"), file_types.WPS),
        ("名单.xls", compound("Workbook"), file_types.XLS),
        ("名单.et", compound("Workbook"), file_types.ET),
        ("汇报.ppt", compound("PowerPoint Document"), file_types.PPT),
        ("汇报.dps", compound("PowerPoint Document"), file_types.DPS),
        ("旧稿.wps", compound("MM", "MN0"), file_types.WPS),
        ("发票.pdf", pdf(), file_types.PDF),
        ("打开在第一页.pdf", pdf(root=b"/OpenAction [3 0 R /Fit]"), file_types.PDF),
        ("电子凭证.pdf", XML_VOUCHER, file_types.PDF),
        ("图表.docx", office(name="word/embeddings/a.xlsx", part=office(EXCEL)), file_types.DOCX),
        ("绘图.docx", office(name="word/media/image1.emz", part=b"\x1f\x8b" + bytes(40)), file_types.DOCX),
    ],
)
def test_a_document_is_what_lies_in_it(name: str, content: bytes, kind: FileType) -> None:
    assert examine(name, content) == kind


def test_a_text_about_scripts_is_no_script() -> None:
    assert (
        examine("a.docx", office(name="word/a.xml", part="<w:t>DDEAUTO 和 JavaScript 是什么</w:t>")) == file_types.DOCX
    )
    page = pdf_stream(b"", b"BT (/JavaScript /JS (x) /Launch) Tj ET")
    assert examine("a.pdf", pdf(page)) == file_types.PDF


RELATION = (
    '<Relationships><Relationship Id="r" TargetMode="External" Target="http://x/a.dotm" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"/></Relationships>'
)
RELATION_IN_REFERENCES = RELATION.replace("attachedTemplate", "attachedTempl&#97;te").replace(
    "External", "Ext&#x65;rnal"
)
RELATION_IN_UTF16 = ('<?xml version="1.0" encoding="UTF-16"?>' + RELATION).encode("utf-16")
HIDDEN_SCRIPT = pdf_stream(b"/Type /ObjStm /N 1 /First 4", b"9 0 << /S /JavaScript /JS (app.alert\\(1\\)) >>")
PROGRAM = pdf(
    pdf_stream(b"/Type /EmbeddedFile", b"MZ" + bytes(200)),
    b"<< /Type /Filespec /UF (a.exe) /EF << /F 4 0 R >> >>",
    root=b"/AF [5 0 R]",
)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("宏.docx", office(name="word/vbaProject.bin", part=b"x"), "macros"),
        ("宏.docx", office(name="word/VBAProject.BIN", part=b"x"), "macros"),
        ("宏.xlsm", office("application/vnd.ms-excel.sheet.macroEnabled.main+xml"), "macros"),
        ("旧宏.xlsx", office(EXCEL, name="xl/macrosheets/sheet1.xml", part="<a/>"), "macros"),
        ("控件.docx", office(name="word/activeX/activeX1.bin", part=b"x"), "macros"),
        ("宏.doc", compound("WordDocument", "Macros", "VBA", "_VBA_PROJECT"), "macros"),
        ("宏.xls", compound("Workbook", "_VBA_PROJECT_CUR"), "macros"),
        ("旧宏.xls", compound("Workbook", tail=b"\x85\0\x0e\0" + bytes(4) + b"\0\x01" + bytes(118)), "macros"),
        ("宏.ppt", compound("PowerPoint Document", tail=b"\x02\0\0\x04\x0c\0\0\0\x05\0\0\0\x01\0\0\0"), "macros"),
        ("里面的.docx", office(name="word/embeddings/a.doc", part=compound("WordDocument", "_VBA_PROJECT")), "macros"),
        ("模板.docx", office(name="word/_rels/settings.xml.rels", part=RELATION), "scripted"),
        ("域.docx", office(name="word/a.xml", part="<w:instrText>DDE</w:instrText><w:instrText>AUTO c</w:instrText>"), "scripted"),
        ("模板.docx", office(name="word/_rels/settings.xml.rels", part=RELATION_IN_REFERENCES), "scripted"),
        ("模板.docx", office(name="word/_rels/settings.xml.rels", part=RELATION_IN_UTF16), "scripted"),
        ("模板.docx", office(name="word/_rels/settings.xml.rels", part=RELATION.encode("utf-16-le")), "damaged_document"),
        ("模板.docx", office(name="word/a.xml", part='<?xml version="1.0" encoding="utf-7"?><a/>'), "damaged_document"),
        ("域.docx", office(name="word/a.xml", part='<w:fldSimple w:instr="DDEAUTO cmd"><w:r/></w:fldSimple>'), "scripted"),
        ("域.docx", office(name="word/a.xml", part="<w:fldSimple w:instr = '&#68;DE cmd'/>"), "scripted"),
        ("域.docx", office(name="word/a.xml", part="<x:instrText>DDEAUTO cmd</x:instrText>"), "scripted"),
        ("域.docx", office(name="w/a.xml", part="<instrText>D&#68;EAUTO cmd</instrText>"), "scripted"),
        ("表.xlsx", office(EXCEL, name="xl/externalLinks/a.xml", part="<y:ddeLink/>"), "scripted"),
        ("实体.docx", office(name="word/a.xml", part='<!DOCTYPE a [<!ENTITY b "c">]><a/>'), "scripted"),
        ("程序.docx", office(name="word/media/a.png", part=b"MZ" + bytes(80)), "embedded"),
        ("程序.doc", compound("WordDocument", "\x01Ole10Native"), "embedded"),
        ("压缩包.docx", office(name="word/a.bin", part=b"Rar!" + bytes(80)), "embedded"),
        ("压缩包.docx", office(name="word/a.bin", part=archive({"a.exe": "x"})), "embedded"),
        ("加密.docx", compound("EncryptedPackage", "EncryptionInfo"), "locked"),
        ("炸弹.docx", office(name="word/a.xml", part=bytes(150_000_000)), "unpacks_too_large"),
        ("a.zip", archive({"a.txt": "x"}), "type_refused"),
        ("a.jar", archive({"META-INF/MANIFEST.MF": "x"}), "type_refused"),
        ("a.docx", b"PK\x03\x04" + bytes(80), "damaged_document"),
        ("a.docx", office()[:-40], "damaged_document"),
        ("a.msi", compound("Binary.a", "Property"), "type_refused"),
        ("脚本.pdf", pdf(root=b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"), "scripted"),
        ("脚本.pdf", pdf(b"<< /S /J#61vaScript /J#53 (x) >>", root=b"/OpenAction 4 0 R"), "scripted"),
        ("脚本.pdf", pdf(b"<< /S /Launch /F (cmd.exe) >>"), "scripted"),
        ("远处的动作.pdf", pdf_of_hidden_objects({5: b"<</S 6 0 R/F(cmd.exe)>>", 6: b"/Launch"}), "scripted"),
        ("更远的动作.pdf", pdf_of_hidden_objects({5: b"<</S 6 0 R/F(cmd.exe)>>", 6: b"7 0 R", 7: b"/Launch"}), "damaged_document"),
        ("藏起来的脚本.pdf", pdf(HIDDEN_SCRIPT), "scripted"),
        ("表单.pdf", pdf(root=b"/AcroForm << /XFA [(a) 4 0 R] >>"), "scripted"),
        ("程序.pdf", PROGRAM, "embedded"),
        ("半个.pdf", b"%PDF-1.4", "damaged_document"),
    ],
)  # fmt: skip
def test_a_document_that_acts_by_itself_or_hides_something_is_refused(name: str, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        examine(name, content)
    assert refused.value.code == code


def test_a_document_in_utf16_is_taken() -> None:
    part = '<?xml version="1.0" encoding="UTF-16"?><a>路灯</a>'.encode("utf-16")
    assert examine("a.docx", office(name="customXml/item1.xml", part=part)) == file_types.DOCX


@pytest.mark.parametrize(
    "piece", [b"/ObjStm stream\n", b"stream\n", b"stream\nendstream ", b"/ObjStm stream\nendstream"]
)
def test_the_work_on_many_streams_grows_as_their_number_does(piece: bytes) -> None:
    """Each search goes on behind what the one before took, and without an end there is one only."""
    spans = list(find_streams(b"%PDF-1.4\n" + piece * 2_000))
    assert len(spans) == (2_000 if b"endstream" in piece else 0)
    assert all(later[0] >= earlier[2] for earlier, later in pairwise(spans)), "no byte is looked at twice"


def test_archives_in_archives_end_somewhere() -> None:
    inner = office()
    for _ in range(6):
        inner = office(name="word/embeddings/a.docx", part=inner)
    with pytest.raises(Refused) as refused:
        examine("a.docx", inner)
    assert refused.value.code == "embedded"


WHOLE = (office(), compound("WordDocument"), pdf(HIDDEN_SCRIPT), ofd(), sample_files.WAVE)


@given(st.sampled_from(WHOLE), st.data())
def test_broken_documents_are_refused_and_break_nothing(whole: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = whole[:at] + data.draw(st.binary(max_size=20)) + whole[at + data.draw(st.integers(0, 40)) :]
    try:
        assert examine("a.docx", broken) in file_types.DOCUMENTS
    except Refused as refused:
        assert refused.code
