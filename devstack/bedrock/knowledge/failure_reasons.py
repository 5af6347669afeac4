"""Says which files a job left out, as `GetIngestionJob` does: in strings that hold JSON lists of sentences.

Such a sentence on AWS: "Encountered error: Ignored 1 files as their file format was not supported. [Files:
s3://bucket/film.mp4]. Call to Customer Source did not succeed." Ours says besides what to do about it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MAX_REASONS = 2_048
MAX_REASON_CHARS = 2_048
# Leaves room for the longest URI there is, since a reason may repeat what stands in a file.
MAX_SUMMARY_CHARS = 300


@dataclass(frozen=True)
class IgnoredFile:
    """A document that was left out: `kind` says why as AWS does, `detail` in our words."""

    uri: str
    kind: str
    detail: str


def failure_reasons(ignored: Sequence[IgnoredFile]) -> list[str]:
    """Return the API's `failureReasons`; files that share a reason share a sentence, while they fit."""
    reasons: list[str] = []
    packed: list[str] = []
    for sentence in _sentences(ignored):
        if packed and not _fits([*packed, sentence]):
            reasons.append(_json(packed))
            packed = []
        packed.append(sentence)
    return [*reasons, *([_json(packed)] if packed else [])][:MAX_REASONS]


def _sentences(ignored: Iterable[IgnoredFile]) -> Iterator[str]:
    by_reason: dict[tuple[str, str], list[str]] = {}
    for file in ignored:
        by_reason.setdefault((file.kind, file.detail), []).append(file.uri)
    for (kind, detail), uris in by_reason.items():
        start = 0
        for end in range(1, len(uris) + 1):
            # A file's name is never cut: one that is too long for the limit stands alone.
            if end == len(uris) or not _fits([_sentence(kind, detail, uris[start : end + 1])]):
                yield _sentence(kind, detail, uris[start:end])
                start = end


def _sentence(kind: str, detail: str, uris: Sequence[str]) -> str:
    summary = f"Encountered error: Ignored {len(uris)} files{kind}. {detail}"[:MAX_SUMMARY_CHARS]
    return f"{summary} [Files: {', '.join(uris)}]. Call to Customer Source did not succeed."


def _fits(sentences: Sequence[str]) -> bool:
    return len(_json(sentences)) <= MAX_REASON_CHARS


def _json(sentences: Sequence[str]) -> str:
    return json.dumps(sentences, ensure_ascii=False)
