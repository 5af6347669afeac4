"""What reading any file has in common: kinds, titles, encodings, and refusals that say what to do."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter

from devstack.bedrock.knowledge.documents import Document, UnreadableDocument, UnsupportedDocument, extract
from tests.devstack.document_files import docx, locked_archive, paragraph, pdf, repacked, table, xlsx

ENDINGS = ["md", "txt", "html", "htm", "csv", "pdf", "docx", "xlsx"]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def locked_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def package(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


def old_office(stream: str) -> bytes:
    return OLE + bytes(64) + stream.encode("utf-16-le")


def test_endings_are_read_in_any_case() -> None:
    assert extract("GUIDE.MD", b"# Hi\n\nThere").title == "Hi"


@pytest.mark.parametrize("key", ["a.exe", "a", "folder.md/a", "a.doc", "a.xls"])
def test_names_the_kinds_it_reads_when_it_does_not_read_one(key: str) -> None:
    with pytest.raises(UnsupportedDocument, match=r"\.docx.*\.md"):
        extract(key, b"x")


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("a.txt", b"Plans\n\nTwo."),
        ("a.md", b"---\ntitle: Plans\n---\nTwo."),
        ("a.html", b"<title>Plans</title>Two."),
        ("a.docx", docx(paragraph("Plans"), paragraph("Two."))),
        ("a.pdf", pdf([(72, 720, "Two.")], title="Plans")),
    ],
)
def test_a_text_begins_with_its_title(key: str, body: bytes) -> None:
    assert extract(key, body) == Document("Plans", "# Plans\n\nTwo.")


@pytest.mark.parametrize(
    ("text", "headed"),
    [
        ("## Plans\n\nTwo.", "## Plans\n\nTwo."),
        ("Plans", "Plans"),
        ("Open from 9 to 5\n\nCome in.", "# Open from 9 to 5\n\nOpen from 9 to 5\n\nCome in."),
    ],
)
def test_no_fact_becomes_a_heading_alone_and_no_heading_two(text: str, headed: str) -> None:
    assert extract("a.txt", text.encode()).text == headed


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("ending", ["csv", "html", "md", "txt"])
def test_reads_unicode_in_every_encoding(ending: str, encoding: str) -> None:
    text = "Die Größe ist 4 €, der Preis 5 €."
    assert extract(f"a.{ending}", text.encode(encoding)).text.replace("; ", ", ") == text


@pytest.mark.parametrize(
    ("typeset", "plain"),
    [
        ("re\u00adim\u00adburse", "reimburse"),
        ("of\ufb01ce, \ufb02at, o\ufb00er", "office, flat, offer"),
        ("HM\u2011120", "HM-120"),
        ("pass\u200bword\u2060s", "passwords"),
        ("one\u2028two", "one\ntwo"),
        ("bell\x07", "bell"),
    ],
)
def test_what_only_a_typesetter_needs_is_dropped(typeset: str, plain: str) -> None:
    assert extract("a.txt", f"{typeset}.".encode()).text == f"{plain}."


REFUSED = [
    ("empty.md", b"", "empty"),
    ("blank.txt", b" \n\t", "empty"),
    ("scripted.html", b"<script>x</script>", "no text"),
    ("image-only.pdf", pdf(["q 1 0 0 1 0 0 cm Q"]), "OCR"),
    ("images-only.docx", docx("<w:p><w:r><w:drawing/></w:r></w:p>"), "OCR"),
    ("latin-1.txt", "Die Größe".encode("latin-1"), "UTF-8"),
    ("windows.csv", "Größe;4 €".encode("cp1252"), "UTF-8"),
    ("shift-jis.md", "返品について".encode("shift-jis"), "UTF-8"),
    ("bytes.txt", b"\xff\xfe\xfa", "UTF-8"),
    ("zeros.txt", b"a\0b" * 50, "not text"),
    ("damaged.pdf", b"%PDF-1.4 nothing", "damaged"),
    ("cut-off.pdf", pdf([(72, 720, "x")])[:300], "damaged"),
    ("damaged.docx", b"PK\x03\x04nothing", "damaged"),
    ("text.docx", b"Dear Sir", "damaged"),
    ("lzma.docx", repacked(docx(paragraph("x")), zipfile.ZIP_LZMA), "damaged"),
    ("locked-entries.docx", locked_archive(docx(paragraph("x"))), "password"),
    ("locked.pdf", locked_pdf(), "password"),
    ("locked.docx", old_office("EncryptedPackage"), "password"),
    ("old.docx", old_office("WordDocument"), r"\.doc format"),
    ("old-excel.docx", old_office("Workbook"), r"\.xls format"),
    ("some-ole.docx", OLE, "password"),
    ("rich.docx", rb"{\rtf1 Hello}", "RTF"),
    ("excel.docx", package("xl/workbook.xml"), r"\.xlsx"),
    ("slides.docx", package("ppt/presentation.xml"), "PDF"),
    ("writer.docx", package("mimetype", "content.xml"), r"Save it as \.docx"),
    ("page.docx", b"<!DOCTYPE html><html>x", r"\.html"),
    ("mail.docx", b"MIME-Version: 1.0\n", "MHTML"),
    ("word.pdf", docx(paragraph("x")), r"\.docx"),
    ("pdf.docx", pdf([(72, 720, "x")]), r"\.pdf"),
    ("pdf.txt", pdf([(72, 720, "x")]), r"\.pdf"),
    ("excel.csv", package("xl/workbook.xml"), r"\.xlsx"),
    ("damaged.xlsx", b"PK\x03\x04nothing", "damaged"),
    ("no-sheets.xlsx", package("xl/workbook.xml"), "damaged"),
    ("locked.xlsx", old_office("EncryptedPackage"), "password"),
    ("locked-entries.xlsx", locked_archive(package("xl/workbook.xml")), "password"),
    ("word.xlsx", docx(paragraph("x")), r"\.docx"),
    ("archive.md", package("a.md"), "Unpack"),
    ("archive.txt", b"\x1f\x8b\x08\0", "Unpack"),
    ("damaged.txt", b"PK\x03\x04 garbage", "damaged archive"),
    ("cut-off.csv", package("a.md")[:-9], "damaged archive"),
    ("cut-off-archive.pdf", package("a.md")[:-9], "damaged archive"),
    ("photo.txt", b"\x89PNG\r\n", "OCR"),
    ("large.txt", b"x" * (50 * 1024 * 1024 + 1), "50 MB"),
]


@pytest.mark.parametrize(("key", "body", "part"), REFUSED, ids=[each[0] for each in REFUSED])
def test_a_refusal_says_what_is_wrong_and_what_to_do(key: str, body: bytes, part: str) -> None:
    with pytest.raises(UnreadableDocument, match=part) as refusal:
        extract(key, body)
    assert str(refusal.value).endswith(".")


def test_a_text_may_quote_a_web_page_or_be_a_mail() -> None:
    assert extract("a.md", b"<html>\n\nis the root.").text.endswith("is the root.")
    assert extract("a.txt", b"MIME-Version: 1.0\n\nHello.").text.endswith("Hello.")


def test_a_word_file_that_unpacks_to_too_much_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"word/{number}.xml", bytes(45 * 1024 * 1024))
    with pytest.raises(UnreadableDocument, match="200 MB"):
        extract("a.docx", buffer.getvalue())


def read_or_refuse(key: str, body: bytes) -> None:
    try:
        document = extract(key, body)
    except (UnreadableDocument, UnsupportedDocument):
        return
    assert document.text.strip()
    assert "\0" not in document.text


@given(
    st.sampled_from(ENDINGS),
    st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
@settings(deadline=None)
def test_garbage_is_read_or_refused_and_nothing_else(ending: str, body: bytes) -> None:
    read_or_refuse(f"a.{ending}", body)


@given(
    st.sampled_from(
        [
            ("a.pdf", pdf([(72, 720, "Some text"), "72 700 m 300 700 l S"], title="Title")),
            *(
                ("a.docx", repacked(docx(paragraph("Some text"), table(["a", "b"], ["c", "d"])), packed))
                for packed in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)
            ),
            ("a.xlsx", xlsx([["Plan", "Price"], ["Starter", 19], ["Growth", 49.5]])),
        ]
    ),
    st.data(),
)
@settings(deadline=None)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    file: tuple[str, bytes], data: st.DataObject
) -> None:
    key, body = file
    place = data.draw(st.integers(0, len(body) - 1))
    length = data.draw(st.integers(0, 60))
    read_or_refuse(key, body[:place] + data.draw(st.binary(max_size=20)) + body[place + length :])


@given(
    st.sampled_from(["html", "md"]),
    st.text(alphabet="<>/!?-[]|`~# abdiuloptrhx&;=\"'\n\ue000\ue0011", max_size=300),
)
@settings(deadline=None)
def test_any_markup_is_read_or_refused_and_nothing_else(ending: str, markup: str) -> None:
    read_or_refuse(f"a.{ending}", markup.encode())
