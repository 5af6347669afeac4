"""Read the files of a knowledge base as titled Markdown."""

from collections.abc import Callable
from pathlib import PurePosixPath

from devstack.bedrock.knowledge.reading.delimited import read_csv
from devstack.bedrock.knowledge.reading.document import Document, UnreadableDocument, UnsupportedDocument
from devstack.bedrock.knowledge.reading.file_kinds import require_kind
from devstack.bedrock.knowledge.reading.html.file import read_html
from devstack.bedrock.knowledge.reading.markdown import read_markdown, read_text
from devstack.bedrock.knowledge.reading.pdf.file import read_pdf
from devstack.bedrock.knowledge.reading.questions import mark_questions
from devstack.bedrock.knowledge.reading.word.file import read_docx

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
    text = mark_questions(document.text.strip())
    if not text:
        raise UnreadableDocument("The file holds no text. Scanned pages need text recognition (OCR) first.")
    title = " ".join((document.title or "").split())
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
}
