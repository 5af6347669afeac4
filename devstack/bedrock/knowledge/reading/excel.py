"""Read Excel workbooks (.xlsx) as Markdown: a table for each sheet, with the values as Excel shows them."""

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import ParseError

from lxml import etree
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from devstack.bedrock.knowledge.reading.delimited import titled_table
from devstack.bedrock.knowledge.reading.document import Document, UnreadableDocument
from devstack.bedrock.knowledge.reading.excel_layout import layout_of

_ENCRYPTED = 0x1
_MOST_UNPACKED_BYTES = 200 * 1024 * 1024
# What zipfile and openpyxl raise for a damaged workbook, as found by damaging them; of their own classes only
# two are among it.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, etree.LxmlError, ParseError, InvalidFileException, OSError, EOFError,
    AttributeError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
_DECIMALS = re.compile(r"0\.(0+)")
_DIGITS = re.compile(r"[#0?](?:[#0?.,]*[#0?])?")
_PADDED = re.compile(r"0{2,}")
_LITERALS = re.compile(r"\[\$([^\]-]+)[^\]]*\]|\"([^\"]*)\"|\\(.)|([€$£¥])")
_MOST_GENERAL = 1e15
_NOT_SHOWN = re.compile(r"\[(?:[A-Za-z]+|[<>=][^\]]*)\]")


def read_xlsx(body: bytes) -> Document:
    """Read a workbook; of several sheets each is below its name. Raises UnreadableDocument."""
    with _opening():
        _require_plain(body)
    sheets = list(_sheets(body))
    if len(sheets) == 1:
        return sheets[0][1]
    return Document(None, "\n\n".join(f"# {name}\n\n{sheet.text}" for name, sheet in sheets))


@contextmanager
def _opening() -> Iterator[None]:
    """Tell the libraries' failures as what they come from; our own are not among them."""
    try:
        yield
    except _DAMAGED as error:
        raise UnreadableDocument("The Excel file is damaged. Open it and save it as .xlsx again.") from error


def _require_plain(body: bytes) -> None:
    """Refuse what must not or cannot be unpacked. Raises UnreadableDocument."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        entries = archive.infolist()
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise UnreadableDocument("The Excel file is protected by a password. Save it without one.")
    if sum(entry.file_size for entry in entries) > _MOST_UNPACKED_BYTES:
        raise UnreadableDocument("The Excel file unpacks to more than 200 MB. Split it into smaller files.")


def _sheets(body: bytes) -> Iterator[tuple[str, Document]]:
    """Yield the name and the table of each sheet that can be seen and has values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it does not read, such as charts
        with _opening():
            book = load_workbook(io.BytesIO(body), read_only=True, data_only=True)
            visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        for sheet in visible:
            with (
                _opening(),
                sheet._get_source() as part,
            ):  # which of the file's parts it is, only openpyxl knows
                layout = layout_of(part.read())
            table = titled_table(layout.shown([_shown(*cell) for cell in row] for row in _rows(sheet)))
            if table.text:
                yield sheet.title, table


def _rows(sheet: Any) -> Iterator[list[tuple[object, str]]]:
    """Yield the value and the number format of each cell, row by row. Raises UnreadableDocument."""
    with _opening():
        sheet.reset_dimensions()  # which programs get wrong: a million empty rows take long
        for row in sheet.iter_rows():
            yield [(cell.value, cell.number_format) for cell in row]


def _shown(value: object, number_format: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, number_format)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat(" ") if isinstance(value, datetime) else _text(value)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _number(value: float, number_format: str) -> str:
    """Return a number with the decimals, percent sign and words that its format shows."""
    form = _NOT_SHOWN.sub("", (number_format or "General").split(";")[0])
    words = [next(filter(None, found.groups()), "").strip() for found in _LITERALS.finditer(form)]
    form = _LITERALS.sub("", form)
    decimals, digits = _DECIMALS.search(form), _DIGITS.search(form)
    percent = "%" in form
    value = value * 100 if percent else value
    if decimals:
        written = f"{value:.{len(decimals[1])}f}"
    elif digits and _PADDED.fullmatch(digits[0]):
        written = f"{value:0{len(digits[0])}.0f}"  # a postcode, or an article's number
    elif "0" in form and not percent:
        written = f"{value:.0f}"
    else:
        is_whole = abs(value) < _MOST_GENERAL and value == int(value)
        written = f"{value:.0f}" if is_whole else f"{value:.10g}"
    return " ".join(filter(None, (f"{written}%" if percent else written, *words)))
