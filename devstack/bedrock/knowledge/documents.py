"""Read the files of a knowledge base as titled plain text or Markdown."""

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.parsers.expat import ExpatError

import mammoth
from bs4.exceptions import ParserRejectedMarkup
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from devstack.bedrock.knowledge.html_text import html_to_text

_MOST_BYTES = 50 * 1024 * 1024
_MOST_UNPACKED_BYTES = 4 * _MOST_BYTES
_LONGEST_TITLE_LINE = 120

# What the PDF and Word readers raise on damaged files; they make no promise beyond their own classes.
_READER_FAILURES = (
    PyPdfError, zipfile.BadZipFile, zlib.error, ExpatError, ParserRejectedMarkup, ArithmeticError,
    AssertionError, AttributeError, EOFError, ImportError, LookupError, OSError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.MULTILINE)
_CODE_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_DECLARED_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_EMPHASIS = re.compile(r"[*_`]{1,3}(\S.*?\S|\S)[*_`]{1,3}")


class UnsupportedDocument(Exception):
    """A kind of file that is not read here; says which kinds are."""


class UnreadableDocument(Exception):
    """A file of a known kind that cannot be read; says what to do about it."""


@dataclass(frozen=True)
class Document:
    """The text of a file, and its title when it names one."""

    title: str | None
    text: str


def extract(key: str, body: bytes) -> Document:
    """Read a file by the ending of its key. Raises UnsupportedDocument, UnreadableDocument."""
    reader = _READERS.get(PurePosixPath(key).suffix.lower())
    if reader is None:
        raise UnsupportedDocument(f"Use one of {', '.join(sorted(_READERS))}.")
    if len(body) > _MOST_BYTES:
        raise UnreadableDocument("The file is larger than 50 MB. Split it into smaller files.")
    if not body.strip():
        raise UnreadableDocument("The file is empty.")
    document = reader(body)
    text = _without_control_characters(document.text).strip()
    if not text:
        raise UnreadableDocument("The file holds no text. Scanned pages need text recognition (OCR) first.")
    title = _without_control_characters(document.title or "")
    return Document(" ".join(title.split()) or None, text)


def _without_control_characters(text: str) -> str:
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    return _CONTROL_CHARACTERS.sub("", unified)


def _read_markdown(body: bytes) -> Document:
    text = _without_control_characters(_decode(body))
    front = _FRONT_MATTER.match(text)
    title = _FRONT_TITLE.search(front.group(1)) if front else None
    text = text[front.end() :] if front else text
    title = title or _HEADING.search(_CODE_FENCE.sub("", text))
    return Document(_EMPHASIS.sub(r"\1", title.group(1)) if title else None, text)


def _read_text(body: bytes) -> Document:
    """Read plain text; a first line that stands alone, short and without a full stop, is the title."""
    text = _without_control_characters(_decode(body)).strip()
    first, _, rest = text.partition("\n")
    stands_alone = not rest.strip() or rest.startswith("\n") or first.rstrip().endswith("?")
    is_title = (
        len(first) <= _LONGEST_TITLE_LINE and stands_alone and not first.rstrip().endswith((".", ":", ","))
    )
    return Document(first.lstrip("# ") if is_title else None, text)


def _read_html(body: bytes) -> Document:
    try:
        return Document(*html_to_text(_decode(body, _declared_charset(body))))
    except (ParserRejectedMarkup, RecursionError) as error:
        raise UnreadableDocument("The HTML cannot be read. Check it with a validator.") from error


def _declared_charset(body: bytes) -> str | None:
    declared = _DECLARED_CHARSET.search(body[:2048])
    if declared is None:
        return None
    try:
        return codecs.lookup(declared.group(1).decode("ascii", "replace")).name
    except LookupError:
        return None


def _read_csv(body: bytes) -> Document:
    text = _decode(body).replace("\0", "")
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise UnreadableDocument(f"The CSV cannot be read ({error}). Save it again as UTF-8 CSV.") from error
    if len(rows) < 2:
        return Document(None, "\n".join(", ".join(row) for row in rows))
    return Document(None, "\n\n".join(_described(rows[0], row) for row in rows[1:]))


def _described(names: list[str], row: list[str]) -> str:
    """Return one row as "name: value" pairs on one line; values beyond the named columns stand alone."""
    padded = names + [""] * (len(row) - len(names))
    pairs = (
        (" ".join(name.split()), " ".join(value.split())) for name, value in zip(padded, row, strict=False)
    )
    return "; ".join(f"{name}: {value}" if name else value for name, value in pairs if value)


def _read_pdf(body: bytes) -> Document:
    try:
        reader = PdfReader(io.BytesIO(body))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableDocument("The PDF is protected by a password. Save it without one.")
        pages = [page.extract_text() for page in reader.pages]
        title = reader.metadata.title if reader.metadata else None
        return Document(str(title) if title else None, "\n\n".join(pages))
    except _READER_FAILURES as error:
        raise UnreadableDocument("The PDF is damaged. Open it, and save or print it as PDF again.") from error


def _read_docx(body: bytes) -> Document:
    if body.startswith(b"\xd0\xcf\x11\xe0"):  # an OLE container: an encrypted .docx, or an old .doc
        raise UnreadableDocument(
            "The Word file is protected by a password or in the old .doc format. Save it as an open .docx."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            unpacked_bytes = sum(entry.file_size for entry in archive.infolist())
        if unpacked_bytes > _MOST_UNPACKED_BYTES:
            raise UnreadableDocument(
                "The Word file unpacks to more than 200 MB. Split it into smaller files."
            )
        # Images would come along as base64 text.
        converted = mammoth.convert_to_html(
            io.BytesIO(body), convert_image=mammoth.images.img_element(_no_image)
        )
        return Document(*html_to_text(converted.value))
    except _READER_FAILURES as error:
        raise UnreadableDocument("The Word file is damaged. Open it and save it as .docx again.") from error


def _no_image(_image: object) -> dict[str, str]:
    return {"src": ""}


def _decode(body: bytes, declared: str | None = None) -> str:
    """Decode UTF-8, or else the declared encoding. Raises UnreadableDocument."""
    for encoding in (
        ("utf-16",)
        if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        else (
            "utf-8-sig",
            *((declared,) if declared else ()),
        )
    ):
        try:
            return body.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    raise UnreadableDocument("The file is not UTF-8 text. Save it with the encoding UTF-8.")


_READERS: dict[str, Callable[[bytes], Document]] = {
    ".csv": _read_csv,
    ".docx": _read_docx,
    ".htm": _read_html,
    ".html": _read_html,
    ".md": _read_markdown,
    ".pdf": _read_pdf,
    ".txt": _read_text,
}
