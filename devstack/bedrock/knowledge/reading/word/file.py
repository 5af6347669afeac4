"""Read Word files (.docx) as Markdown."""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from devstack.bedrock.knowledge.reading.document import Document, UnreadableDocument
from devstack.bedrock.knowledge.reading.markdown import title_of
from devstack.bedrock.knowledge.reading.word.body import Paragraph, body_blocks
from devstack.bedrock.knowledge.reading.word.paragraphs import Numbering, Styles, note_mark, paragraph_text
from devstack.bedrock.knowledge.reading.word.xml import attribute, children, name_of

_MOST_UNPACKED_BYTES = 200 * 1024 * 1024
_INDENT = "   "
_NOTES = ("footnotes.xml", "endnotes.xml")
_NOTE_MARK = re.compile(r"\ue000\w+ -?\w*\ue001")
_LONGEST_NOTE_BESIDE = 200
_OTHER_PARTS = ("styles.xml", "numbering.xml", *_NOTES)
_ENCRYPTED = 0x1
"""The bit of an entry's flags that says so."""
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that Word writes."""
# What a damaged archive of these raises: each was seen when one was damaged 800,000 times, and no other. A
# part that is missing is a KeyError; a name that is not UTF-8, or a place before the file, a ValueError.
_DAMAGED_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, ValueError)
_IS_DAMAGED = "The Word file is damaged. Open it and save it as .docx again."


@dataclass(frozen=True)
class _Parts:
    """The main part, what others the file has by name, and what the main part's links lead to by id."""

    main: bytes
    others: dict[str, bytes]
    targets: dict[str, str]


def read_docx(body: bytes) -> Document:
    """Read a Word file; the title is its first heading, or a first line that stands alone.

    Raises UnreadableDocument.
    """
    try:
        text = "\n\n".join(_blocks(_unpacked(body)))
    except etree.LxmlError as error:
        raise UnreadableDocument(_IS_DAMAGED) from error
    return Document(title_of(text), text)


def _unpacked(body: bytes) -> _Parts:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            _require_plain(archive.infolist())
            main = _main_part(archive.read("_rels/.rels"))
            paths = {name: posixpath.join(posixpath.dirname(main), name) for name in _OTHER_PARTS}
            there = set(archive.namelist())
            others = {name: archive.read(path) for name, path in paths.items() if path in there}
            relations = posixpath.join(posixpath.dirname(main), "_rels", f"{posixpath.basename(main)}.rels")
            targets = _link_targets(archive.read(relations)) if relations in there else {}
            return _Parts(archive.read(main), others, targets)
    except _DAMAGED_ARCHIVE as error:
        raise UnreadableDocument(_IS_DAMAGED) from error


def _require_plain(entries: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse what must not or cannot be unpacked. Raises UnreadableDocument."""
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise UnreadableDocument("The Word file is protected by a password. Save it without one.")
    if any(entry.compress_type not in _COMPRESSIONS for entry in entries):
        raise UnreadableDocument(_IS_DAMAGED)
    if sum(entry.file_size for entry in entries) > _MOST_UNPACKED_BYTES:
        raise UnreadableDocument("The Word file unpacks to more than 200 MB. Split it into smaller files.")


def _main_part(relations: bytes) -> str:
    for relation in children(etree.fromstring(relations), "Relationship"):
        if (attribute(relation, "Type") or "").endswith("/officeDocument"):
            return (attribute(relation, "Target") or "").lstrip("/")
    return ""


def _link_targets(relations: bytes) -> dict[str, str]:
    found = children(etree.fromstring(relations), "Relationship")
    links = (each for each in found if (attribute(each, "Type") or "").endswith("/hyperlink"))
    return {attribute(each, "Id") or "": attribute(each, "Target") or "" for each in links}


def _blocks(parts: _Parts) -> list[str]:
    roots = {name: etree.fromstring(part) for name, part in parts.others.items()}
    styles, numbering = Styles(roots.get("styles.xml")), Numbering(roots.get("numbering.xml"))

    def read_paragraph(element: etree._Element) -> Paragraph:
        level = styles.heading_level(element)
        text = paragraph_text(element, {} if level else parts.targets)
        if not text or level:
            return Paragraph(f"{'#' * (level or 0)} {' '.join(text.split())}" if text else "")
        place = styles.list_place(element)
        if place is None:
            return Paragraph(text)
        mark = _INDENT * place.depth + numbering.mark(place)
        return Paragraph(mark + text.replace("\n", f"\n{' ' * len(mark)}"), is_entry=True)

    blocks = body_blocks(io.BytesIO(parts.main), read_paragraph)
    notes = dict(note for name in _NOTES for note in _notes(roots.get(name)))
    short = {mark: note for mark, note in notes.items() if len(note) <= _LONGEST_NOTE_BESIDE}
    numbers = {
        mark: f"[{number}]" for number, mark in enumerate((m for m in notes if m not in short), start=1)
    }

    def beside(found: re.Match[str]) -> str:
        said = f"({short[found[0]]})" if found[0] in short else numbers.get(found[0], "")
        return f" {said}" if said else ""

    texts = [_NOTE_MARK.sub(beside, block) for block in blocks]
    return [*texts, *(f"{number} {notes[mark]}" for mark, number in numbers.items())]


def _notes(root: etree._Element | None) -> Iterator[tuple[str, str]]:
    """Yield the notes that the text refers to by their marks; those with a type only draw lines."""
    for note in root if root is not None else ():
        text = " ".join(paragraph_text(each) for each in note.iter() if name_of(each) == "p")
        if text and attribute(note, "type") is None:
            yield note_mark(name_of(note), attribute(note, "id")), text
