"""Reading the files of a knowledge base."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter

from devstack.bedrock.knowledge.documents import Document, UnreadableDocument, UnsupportedDocument, extract

ENDINGS = ["md", "txt", "html", "htm", "csv", "pdf", "docx"]

WORD_XML = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>
<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Opening hours</w:t></w:r></w:p>
<w:p><w:r><w:t>We are open from nine to five.</w:t></w:r></w:p>
</w:body></w:document>"""
WORD_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"""
WORD_RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
 Target="word/document.xml"/></Relationships>"""


def docx() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", WORD_TYPES)
        archive.writestr("_rels/.rels", WORD_RELATIONS)
        archive.writestr("word/document.xml", WORD_XML)
    return buffer.getvalue()


def pdf(text: str, title: str = "") -> bytes:
    """Build a PDF of one page, by hand: no library at hand writes text into one."""
    drawing = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Title (%s) >>" % title.encode(),
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size 7 /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF" % len(body)
    return body + b"xref\n0 7\n0000000000 65535 f \n" + table + trailer


def locked_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_takes_the_title_of_markdown_from_its_first_heading() -> None:
    assert extract("a/b.md", b"Intro\n\n## Reset **it**\n\nText") == Document(
        "Reset it", "Intro\n\n## Reset **it**\n\nText"
    )


def test_takes_no_heading_out_of_a_code_block() -> None:
    assert extract("a.md", b"```\n# comment\n```\n\n# Title").title == "Title"


def test_takes_the_title_from_front_matter_and_drops_the_rest_of_it() -> None:
    document = extract("a.md", b'---\ntitle: "Plans"\ndraft: no\n---\nText')
    assert document == Document("Plans", "Text")


def test_takes_a_short_first_line_of_plain_text_as_its_title() -> None:
    assert extract("a.txt", b"Opening hours\n\nWe open at nine.").title == "Opening hours"
    assert extract("a.txt", b"We open at nine. We close\nat five.").title is None


def test_endings_are_read_in_any_case() -> None:
    assert extract("GUIDE.MD", b"# Hi\n\nThere").title == "Hi"


def test_reads_html_as_markdown_without_the_page_around_it() -> None:
    html = """<!DOCTYPE html><html><head><title>Plans &amp; prices</title><style>p{}</style></head><body>
    <nav><a>Home</a></nav><script>alert(1)</script><!-- hidden -->
    <h1>Plans</h1><p>Choose <b>one</b>:</p><ol><li>Small</li><li>Large<ul><li>yearly</li></ul></li></ol>
    <table><tr><th>Plan</th><th>Price</th></tr><tr><td>Small</td><td>5|6</td></tr></table>
    <div>Loose <p>text</p> end</div><pre>a  b</pre></body></html>"""
    document = extract("a.html", html.encode())
    assert document.title == "Plans & prices"
    assert document.text.split("\n\n") == [
        "# Plans",
        "Choose one:",
        "1. Small\n2. Large\n   - yearly",
        "| Plan | Price |\n|---|---|\n| Small | 5\\|6 |",
        "Loose",
        "text",
        "end",
        "```\na  b\n```",
    ]


def test_reads_html_in_the_encoding_that_it_declares() -> None:
    body = '<meta charset="iso-8859-1"><p>Größe</p>'.encode("latin-1")
    assert extract("a.htm", body).text == "Größe"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_reads_each_row_of_a_csv_with_its_column_names(delimiter: str) -> None:
    body = f'Country{delimiter}Price\nFrance{delimiter}"8,90"\n\nItaly{delimiter}\n'.encode("utf-8-sig")
    assert extract("a.csv", body).text == "Country: France; Price: 8,90\n\nCountry: Italy"


def test_reads_the_text_and_title_of_a_pdf() -> None:
    assert extract("a.pdf", pdf("We open at nine.", "Hours")) == Document("Hours", "We open at nine.")
    assert extract("a.pdf", pdf("We open at nine.")).title is None


def test_reads_a_word_file() -> None:
    document = extract("a.docx", docx())
    assert document == Document("Opening hours", "# Opening hours\n\nWe are open from nine to five.")


@pytest.mark.parametrize(
    ("key", "body", "part"),
    [
        ("a.md", b"", "empty"),
        ("a.txt", b" \n\t", "empty"),
        ("a.txt", b"\xff\xfe\xfa", "UTF-8"),
        ("a.txt", "größe".encode("latin-1"), "UTF-8"),
        ("a.html", b"<script>x</script>", "no text"),
        ("a.csv", b'"' + b"x" * 200_000, "CSV"),
        ("a.pdf", b"%PDF-1.4 nothing", "damaged"),
        ("a.pdf", locked_pdf(), "password"),
        ("a.pdf", pdf(""), "no text"),
        ("a.docx", b"PK\x03\x04nothing", "damaged"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "password"),
        ("a.txt", b"x" * (50 * 1024 * 1024 + 1), "50 MB"),
    ],
)
def test_says_what_is_wrong_with_a_file(key: str, body: bytes, part: str) -> None:
    with pytest.raises(UnreadableDocument, match=part) as caught:
        extract(key, body)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("key", ["a.exe", "a", "folder.md/a", "a.doc"])
def test_names_the_kinds_it_reads_when_it_does_not_read_one(key: str) -> None:
    with pytest.raises(UnsupportedDocument, match=r"\.docx.*\.md"):
        extract(key, b"x")


def test_refuses_html_nested_too_deeply() -> None:
    with pytest.raises(UnreadableDocument):
        extract("a.html", b"<div>" * 20_000 + b"x")


def test_refuses_a_word_file_that_unpacks_to_too_much() -> None:
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


@given(st.sampled_from([("a.pdf", pdf("Some text", "Title")), ("a.docx", docx())]), st.data())
@settings(deadline=None)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    file: tuple[str, bytes], data: st.DataObject
) -> None:
    key, body = file
    place = data.draw(st.integers(0, len(body) - 1))
    length = data.draw(st.integers(0, 60))
    read_or_refuse(key, body[:place] + data.draw(st.binary(max_size=20)) + body[place + length :])


@given(st.text(alphabet="<>/!?-[] abdiuloptrhx&;=\"'\n", max_size=300))
@settings(deadline=None)
def test_any_markup_is_read_or_refused_and_nothing_else(html: str) -> None:
    read_or_refuse("a.html", html.encode())
