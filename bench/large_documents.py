"""How long the local knowledge base takes for large documents, and how much memory.

    python -m bench.large_documents

Each is made up, read, cut and indexed in a process of its own. Times are of the processor, as ratios to plain
text of the same length too; memory is what Python objects took at most while it was read.
"""

import io
import multiprocessing
import time
import tracemalloc
import zipfile
from collections.abc import Callable

from devstack.bedrock.knowledge.documents import extract
from devstack.bedrock.search.index import Index
from devstack.bedrock.search.local_embedder import LocalEmbedder

ROWS = 50_000
COLUMNS = ["Code", "Name", "Price", "Stock"]
WIDE_ROWS, WIDE_COLUMNS = 500, 200
PARAGRAPHS, PARAGRAPH_WORDS = 12_500, 40
WORDS = (
    "parcel",
    "refund",
    "invoice",
    "order",
    "customer",
    "return",
    "payment",
    "plan",
    "shop",
    "support",
    "label",
)
_MB = 1_000_000
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"


def _rows() -> list[list[str]]:
    return [COLUMNS, *([f"HM-{n:05}", f"Pump {n}", f"{n}.90 EUR", str(n % 97)] for n in range(ROWS))]


def text() -> bytes:
    """Return 3.5 MB of prose."""
    paragraphs = (
        " ".join(WORDS[n // len(WORDS) ** (place % 4) % len(WORDS)] for place in range(PARAGRAPH_WORDS))
        for n in range(PARAGRAPHS)
    )
    return "\n\n".join(paragraphs).encode()


def csv() -> bytes:
    """Return 50,000 rows."""
    return "\n".join(",".join(row) for row in _rows()).encode()


def wide_csv() -> bytes:
    """Return rows of 200 columns."""
    names = ",".join(f"Column {place}" for place in range(WIDE_COLUMNS))
    rows = (",".join(f"v{n}x{place}" for place in range(WIDE_COLUMNS)) for n in range(WIDE_ROWS))
    return "\n".join([names, *rows]).encode()


def html() -> bytes:
    """Return a table of 50,000 rows."""
    return f"<table>{''.join('<tr><td>' + '<td>'.join(row) for row in _rows())}</table>".encode()


def docx() -> bytes:
    """Return a Word table of 50,000 rows."""
    cells = "".join(
        f"<w:tr>{''.join(f'<w:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></w:tc>' for cell in row)}</w:tr>"
        for row in _rows()
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        relation = f'<Relationship Type="{_RELATION}" Target="word/document.xml"/>'
        archive.writestr("_rels/.rels", f"<Relationships>{relation}</Relationships>")
        body = f"<w:body><w:tbl>{cells}</w:tbl></w:body>"
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{_WORD}">{body}</w:document>')
    return buffer.getvalue()


DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "text.txt": text, "rows.csv": csv, "columns.csv": wide_csv, "rows.html": html, "rows.docx": docx,
}  # fmt: skip


def measure(key: str) -> tuple[float, float, float]:
    """Return the length of a document's text in MB, the seconds for it and the MB of memory."""
    body = DOCUMENTS[key]()
    started = time.process_time()
    index = Index(None, LocalEmbedder())
    read = extract(key, body)
    index.put(key, "1", read.title or key, read.text, {})
    seconds = time.process_time() - started
    index.close()
    tracemalloc.start()
    extract(key, body)
    return len(read.text) / _MB, seconds, tracemalloc.get_traced_memory()[1] / _MB


def main() -> None:
    """Print a line for each document."""
    plain = 0.0
    for key in DOCUMENTS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            megabytes, seconds, memory = pool.apply(measure, (key,))
        plain = plain or seconds / megabytes
        ratio = seconds / megabytes / plain
        print(f"{key:12} {megabytes:4.1f} MB of text {seconds:5.1f} s {ratio:5.1f} x {memory:5.0f} MB")


if __name__ == "__main__":
    main()
