"""Reads from an ingestion job's failure reasons which file failed and why.

Bedrock gives a list of texts, each usually a JSON array of sentences such as `Encountered error: Ignored 2
files as their file format was not supported. [Files: s3://kb/a.png, s3://kb/b c.zip]. Call to Customer
Source did not succeed.` A long text may be cut off anywhere.
"""

import json
import re
from collections.abc import Iterable, Iterator

from chalicelib.domain.ingestion import FileFailure

MAX_REASON_CHARS = 300
LONGEST_ESCAPE = len(r"\uXXXX")
FILES = re.compile(r"\[Files?: (?=s3://[^/]+/)")
BUCKET = re.compile(r"s3://[^/]+/")
LEAD = "Encountered error:"
COUNT = re.compile(r"^Ignored \d+ files?\. (?=\S)")
"""A sentence of its own tells nothing beside the file's name."""
TRAILER = "Call to Customer Source did not succeed."


def read_failures(reasons: Iterable[str]) -> tuple[FileFailure, ...]:
    """Return each failure once, in Bedrock's order; `file` is None where a sentence names none."""
    found = (failure for reason in reasons for text in _sentences(reason) for failure in _failures(text))
    return tuple(dict.fromkeys(found))


def _sentences(reason: str) -> list[str]:
    if not reason.lstrip().startswith("["):
        return [reason]
    # A text that was cut off lacks its end, and may have been cut within an escape.
    attempts = [reason, *(f'{reason[: len(reason) - cut]}"]' for cut in range(LONGEST_ESCAPE))]
    for text in attempts:
        try:
            sentences = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(sentences, list):
            return [s if isinstance(s, str) else json.dumps(s) for s in sentences]
    return [reason]


def _failures(sentence: str) -> Iterator[FileFailure]:
    files = FILES.search(sentence)
    if files is None:
        yield FileFailure(None, _tidy(sentence))
        return
    # Up to the last bracket: a key may hold any. Without one the text was cut off.
    listed, bracket, after = sentence[files.end() :].rpartition("]")
    uris = listed if bracket else after
    behind = after.removeprefix(".") if bracket else ""
    reason = _tidy(f"{sentence[: files.start()]} {behind}")
    for key in _keys(uris, is_cut=not bracket):
        yield FileFailure(key, reason)


def _keys(uris: str, is_cut: bool) -> list[str]:
    """Split a list of addresses at the bucket's name, since a key may hold a comma and a space."""
    bucket = BUCKET.match(uris)
    start = bucket[0] if bucket else ""
    keys = uris.removeprefix(start).split(f", {start}")
    return [*keys[:-1], f"{keys[-1]}…"] if is_cut else keys


def _tidy(text: str) -> str:
    line = COUNT.sub("", " ".join(text.replace(LEAD, " ").replace(TRAILER, " ").split()))
    line = line or "Bedrock gives no reason."
    return line if len(line) <= MAX_REASON_CHARS else line[: MAX_REASON_CHARS - 1].rstrip() + "…"
