"""Read the files of a knowledge base as titled Markdown."""

import io
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath

from devstack.bedrock.knowledge.reading.characters import tidy
from devstack.bedrock.knowledge.reading.delimited import read_csv
from devstack.bedrock.knowledge.reading.document import Document, UnreadableDocument, UnsupportedDocument
from devstack.bedrock.knowledge.reading.excel import read_xlsx
from devstack.bedrock.knowledge.reading.html.file import read_html
from devstack.bedrock.knowledge.reading.markdown import read_markdown, read_text
from devstack.bedrock.knowledge.reading.pdf.file import read_pdf
from devstack.bedrock.knowledge.reading.questions import mark_questions
from devstack.bedrock.knowledge.reading.word.file import read_docx

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNATURES = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (_OLE, "OLE"),
    (b"{\\rtf", "RTF"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"\x1f\x8b", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"Rar!\x1a\x07", "archive"),
    (b"MIME-Version:", "web archive"),
)
_PACKAGES = (("word/", "Word"), ("xl/", "Excel"), ("ppt/", "PowerPoint"), ("content.xml", "OpenDocument"))
_STREAMS = (("EncryptedPackage", "protected"), ("WordDocument", "old Word"), ("Workbook", "old Excel"))
_WEB_PAGES = (b"<!doctype html", b"<html")
_REASONS = {
    "PDF": "It is a PDF. Give it the ending .pdf.",
    "Word": "It is a Word document. Give it the ending .docx.",
    "web page": "It is a web page. Give it the ending .html.",
    "Excel": "It is an Excel workbook. Give it the ending .xlsx.",
    "PowerPoint": "It is a PowerPoint presentation. Save it as PDF.",
    "OpenDocument": "It is an OpenDocument file. Save it as .docx.",
    "RTF": "It is a rich text file (RTF). Open it and save it as .docx.",
    "old Word": "It is a Word file in the old .doc format. Open it and save it as .docx.",
    "old Excel": "It is an Excel workbook in the old .xls format. Open it and save it as .xlsx.",
    "protected": "It is protected by a password. Save it without one.",
    "OLE": "It is protected by a password or in an old Office format. Save it as an open .docx.",
    "image": "It is an image. Text in images needs text recognition (OCR) first.",
    "archive": "It is an archive. Unpack it and add the files in it.",
    "ZIP": "It is an archive. Unpack it and add the files in it.",
    "damaged ZIP": "It is a damaged archive or Office file. Copy or download it again.",
    "web archive": "It is a web archive (MHTML). Open it and save it as .docx or .html.",
}
# The readers of Office files say better what is damaged.
_EXPECTED = {".pdf": ("PDF",), ".docx": ("Word", "damaged ZIP"), ".xlsx": ("Excel", "damaged ZIP")}
_BINARY_ENDINGS = tuple(_EXPECTED)
_TEXT_KINDS = ("web page", "web archive")


def require_kind(ending: str, body: bytes) -> None:
    """Refuse a file whose content is plainly of another kind than its ending says.

    Raises UnreadableDocument.
    """
    kind = _kind_of(body)
    if kind in _TEXT_KINDS and ending not in _BINARY_ENDINGS:
        return  # Markdown may quote a page, a text may be an e-mail
    if kind in _REASONS and kind not in _EXPECTED.get(ending, ()):
        raise UnreadableDocument(_REASONS[kind])


def _kind_of(body: bytes) -> str | None:
    kind = next((name for signature, name in _SIGNATURES if body.startswith(signature)), None)
    if kind == "ZIP":
        return _package_kind(body)
    if kind == "OLE":
        return next((name for stream, name in _STREAMS if stream.encode("utf-16-le") in body), kind)
    return "web page" if kind is None and body.lstrip()[:14].lower().startswith(_WEB_PAGES) else kind


def _package_kind(body: bytes) -> str:
    """Return what a ZIP file packs."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError):
        # Its directory, a later version of the format, or the name of an entry cannot be read.
        return "damaged ZIP"
    found = (kind for start, kind in _PACKAGES if any(name.startswith(start) for name in names))
    return next(found, "ZIP")


__all__ = ["Document", "UnreadableDocument", "UnsupportedDocument", "extract"]

_MOST_BYTES = 50 * 1024 * 1024


def extract(key: str, body: bytes) -> Document:
    """Read a file by the ending of its key. Raises UnsupportedDocument, UnreadableDocument."""
    ending = PurePosixPath(key).suffix.lower()
    reader = _READERS.get(ending)
    if reader is None:
        raise UnsupportedDocument(f"Use one of {', '.join(sorted(_READERS))}.")
    if len(body) > _MOST_BYTES:
        raise UnreadableDocument("The file is larger than 50 MB. Split it into smaller files.")
    if not body.strip():
        raise UnreadableDocument("The file is empty.")
    require_kind(ending, body)
    document = reader(body)
    text = mark_questions(tidy(document.text).strip())
    if not text:
        raise UnreadableDocument("The file holds no text. Scanned pages need text recognition (OCR) first.")
    title = " ".join(tidy(document.title or "").split())
    return Document(title or None, _headed(title, text))


def _headed(title: str, text: str) -> str:
    """Return the text below its title, so that each part of it can be told what it is part of."""
    first, _, rest = text.partition("\n")
    is_heading = first.startswith("# ") or (first.startswith("#") and first.lstrip("# ") == title)
    if not title or is_heading or text == title:
        return text
    # A line with a number may be a fact, which a heading would not be.
    is_only_name = first == title and not any(letter.isdigit() for letter in first)
    return f"# {title}\n{rest}" if is_only_name else f"# {title}\n\n{text}"


_READERS: dict[str, Callable[[bytes], Document]] = {
    ".csv": read_csv,
    ".docx": read_docx,
    ".htm": read_html,
    ".html": read_html,
    ".md": read_markdown,
    ".pdf": read_pdf,
    ".txt": read_text,
    ".xlsx": read_xlsx,
}
