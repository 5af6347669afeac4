"""Word, Excel and PDF files to read, built by hand: what stands in them is all that a test shows."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from html import escape

from openpyxl import Workbook

_NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)
_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"""
_RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
 Target="word/document.xml"/></Relationships>"""


_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"


def docx(*blocks: str, links: Sequence[str] = (), **parts: str) -> bytes:
    """Build a Word file of blocks of WordprocessingML; other parts are named, such as `styles`.

    The first of the links has the id `link0`.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr("word/document.xml", _part("document", f"<w:body>{''.join(blocks)}</w:body>"))
        for name, content in parts.items():
            archive.writestr(f"word/{name}.xml", _part(name, content))
        if links:
            relations = (
                f'<Relationship Id="link{n}" Type="{_LINK}" Target="{escape(link)}" TargetMode="External"/>'
                for n, link in enumerate(links)
            )
            archive.writestr(
                "word/_rels/document.xml.rels", f"<Relationships>{''.join(relations)}</Relationships>"
            )
    return buffer.getvalue()


Cell = str | float | bool | date | None


def xlsx(rows: Sequence[Sequence[Cell]], **sheets: Sequence[Sequence[Cell]]) -> bytes:
    """Build an Excel workbook of a sheet called "Sheet", and of others by name."""
    return saved(workbook(Sheet=rows, **sheets))


def workbook(**sheets: Sequence[Sequence[Cell]]) -> Workbook:
    """Build a workbook of sheets by name."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return book


def saved(book: Workbook) -> bytes:
    """Return a workbook as a file."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def repacked(file: bytes, compression: int) -> bytes:
    """Compress the entries of a ZIP file in another way."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(buffer, "w", compression) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return buffer.getvalue()


def locked_archive(file: bytes) -> bytes:
    """Say of each entry of a ZIP file that it is encrypted, as some programs that pack them do."""
    # The flags stand behind these marks of an entry and of its line in the directory.
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        parts = file.split(mark)
        file = mark.join([parts[0], *(_with_bit(part, place - 4) for part in parts[1:])])
    return file


def _with_bit(part: bytes, place: int) -> bytes:
    return part[:place] + bytes([part[place] | 1]) + part[place + 1 :]


def _part(name: str, content: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><w:{name} {_NAMESPACES}>{content}</w:{name}>'


def paragraph(*runs: str, style: str = "", properties: str = "") -> str:
    """Write a paragraph of runs, or of plain text."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    written = "".join(each if each.startswith("<") else run(each) for each in runs)
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{written}</w:p>"


def run(text: str, properties: str = "") -> str:
    """Write a run of text."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def table(*rows: str | Sequence[str]) -> str:
    """Write a table of rows, each made of cells or of their texts."""
    return f"<w:tbl>{''.join(each if isinstance(each, str) else row(*each) for each in rows)}</w:tbl>"


def row(*cells: str, properties: str = "") -> str:
    """Write a row of cells, or of their texts."""
    written = "".join(each if each.startswith("<w:tc>") else cell(each) for each in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{written}</w:tr>"


def cell(*blocks: str, properties: str = "") -> str:
    """Write a cell of blocks, or of plain text."""
    written = "".join(each if each.startswith("<") else paragraph(each) for each in blocks)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{written}</w:tc>"


Text = tuple[float, float, str] | tuple[float, float, str, float]
"""Where a text starts, in points from the lower left corner, the text, and its size when that is not 10."""


def pdf(*pages: Iterable[Text | str], title: str = "") -> bytes:
    """Build a PDF; each page holds texts, and drawing operators as they are."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * place} 0 R" for place in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for place, page in enumerate(pages):
        drawing = "\n".join(each if isinstance(each, str) else _shown(*each) for each in page).encode(
            "cp1252"
        )
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * place),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        ]
    objects.append(b"<< /Title (%s) >>" % title.encode("cp1252"))
    return _file(objects)


def form(label: str, value: str) -> bytes:
    """Build a PDF with a field behind a label, filled in."""
    drawing, shown = _shown(50, 700, label).encode(), _shown(0, 0, value).encode()
    resources = b"/Resources << /Font << /F1 4 0 R >> >>"
    return _file(
        [
            b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Annots [6 0 R] %s >>"
            % resources,
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /F 4 /V (%s) /Rect [100 700 200 712]"
            b" /AP << /N 7 0 R >> >>" % value.encode(),
            b"<< /Type /XObject /Subtype /Form /BBox [0 -4 100 12] %s /Length %d >>\nstream\n%s\nendstream"
            % (resources, len(shown), shown),
            b"<< >>",
        ]
    )


def _shown(x: float, y: float, text: str, size: float = 10) -> str:
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /F1 {size} Tf {x} {y} Td ({escaped}) Tj ET"


def _file(objects: Sequence[bytes]) -> bytes:
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    size = len(objects) + 1
    entries = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        size,
        size - 1,
        len(body),
    )
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % size + entries + trailer
