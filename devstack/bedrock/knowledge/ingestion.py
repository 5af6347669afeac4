"""What an ingestion job does: bring the index up to the bucket, object by object, and name what it left out.

Incremental as Bedrock's: an object is read again only when its etag or its metadata file's changed. One
that cannot be read is counted and named, and what an earlier job made of it stays.

Files are named as `GetIngestionJob` does, in strings that hold JSON lists of sentences such as "Encountered
error: Ignored 1 files as their file format was not supported. [Files: s3://bucket/film.mp4]. Call to Customer
Source did not succeed." Ours also say what to do about it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from devstack.bedrock.knowledge.documents import UnreadableDocument, UnsupportedDocument, extract
from devstack.bedrock.knowledge.sidecar import SUFFIX, InvalidSidecar, attributes_from, title_of
from devstack.bedrock.search.index import Index

# What a source raises when it cannot be reached, or when an object was deleted since it was listed.
SOURCE_ERRORS = (OSError, KeyError, BotoCoreError, ClientError)
ETAG_SEPARATOR = " "
MAX_REASONS = 2_048
MAX_REASON_CHARS = 2_048
# Leaves room for the longest URI there is, since a reason may repeat what stands in a file.
MAX_SUMMARY_CHARS = 300


class DocumentSource(Protocol):
    """The bucket that a data source reads."""

    def objects(self) -> Mapping[str, str]:
        """Return the etag of every object, by key. Raises one of SOURCE_ERRORS."""
        ...

    def read(self, key: str) -> bytes:
        """Return an object's content. Raises one of SOURCE_ERRORS."""
        ...


@dataclass(frozen=True)
class IgnoredFile:
    """A document that was left out: `kind` says why as AWS does, `detail` in our words."""

    uri: str
    kind: str
    detail: str


@dataclass
class Progress:
    """What a job has done so far; the names are those of the API's statistics."""

    documents_scanned: int = 0
    metadata_documents_scanned: int = 0
    new_documents_indexed: int = 0
    modified_documents_indexed: int = 0
    metadata_documents_modified: int = 0
    documents_deleted: int = 0
    documents_failed: int = 0
    ignored: list[IgnoredFile] = field(default_factory=list)

    def statistics(self) -> dict[str, int]:
        """Return the counts as the API names them."""
        return {
            "numberOfDocumentsScanned": self.documents_scanned,
            "numberOfMetadataDocumentsScanned": self.metadata_documents_scanned,
            "numberOfNewDocumentsIndexed": self.new_documents_indexed,
            "numberOfModifiedDocumentsIndexed": self.modified_documents_indexed,
            "numberOfMetadataDocumentsModified": self.metadata_documents_modified,
            "numberOfDocumentsDeleted": self.documents_deleted,
            "numberOfDocumentsFailed": self.documents_failed,
        }


@dataclass(frozen=True)
class Ingestion:
    """Everything that a job needs: where from, where to, and under which names."""

    source: DocumentSource
    index: Index
    bucket: str
    data_source_id: str

    def run(self, progress: Progress, is_stopped: Callable[[], bool]) -> None:
        """Index what is new or changed, remove what is gone; keep count in `progress`.

        Raises: SOURCE_ERRORS when the bucket cannot be listed, EmbeddingsUnavailable.
        """
        objects = self.source.objects()
        documents = {key: etag for key, etag in objects.items() if _is_document(key)}
        known = self.index.etags()
        progress.documents_scanned = len(documents)
        progress.metadata_documents_scanned = sum(key.endswith(SUFFIX) for key in objects)
        self._remove_missing(documents, known, progress)
        for key, etag in sorted(documents.items()):
            if is_stopped():
                return
            combined = f"{etag}{ETAG_SEPARATOR}{objects.get(key + SUFFIX, '')}"
            before = known.get(self._uri(key))
            if combined != before:
                self._index(key, before, combined, progress)

    def _uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def _remove_missing(
        self, documents: Mapping[str, str], known: Mapping[str, str], progress: Progress
    ) -> None:
        for uri in known.keys() - {self._uri(key) for key in documents}:
            self.index.remove(uri)
            progress.documents_deleted += 1

    def _index(self, key: str, before: str | None, after: str, progress: Progress) -> None:
        try:
            self._put(key, after)
        except (UnsupportedDocument, UnreadableDocument, InvalidSidecar, *SOURCE_ERRORS) as error:
            progress.documents_failed += 1
            progress.ignored.append(_ignored(self._uri(key), error))
        else:
            _count_indexed(progress, before, after)

    def _put(self, key: str, etag: str) -> None:
        body = self.source.read(key)
        has_sidecar = not etag.endswith(ETAG_SEPARATOR)
        attributes = attributes_from(self.source.read(key + SUFFIX)) if has_sidecar else {}
        document = extract(key, body)
        title = title_of(attributes) or document.title or PurePosixPath(key).name
        self.index.put(self._uri(key), etag, title, document.text, self._metadata(key, attributes))

    def _metadata(self, key: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **attributes,
            "x-amz-bedrock-kb-source-uri": self._uri(key),
            "x-amz-bedrock-kb-data-source-id": self.data_source_id,
        }


def _is_document(key: str) -> bool:
    return not key.endswith(("/", SUFFIX))


def _ignored(uri: str, error: Exception) -> IgnoredFile:
    if isinstance(error, UnsupportedDocument):
        return IgnoredFile(uri, " as their file format was not supported", str(error))
    if isinstance(error, InvalidSidecar):
        return IgnoredFile(uri, " due to invalid metadata attributes", str(error))
    if isinstance(error, UnreadableDocument):
        return IgnoredFile(uri, "", str(error))
    return IgnoredFile(uri, "", f"The bucket did not hand it over ({type(error).__name__}).")


def _count_indexed(progress: Progress, before: str | None, after: str) -> None:
    if before is None:
        progress.new_documents_indexed += 1
        return
    document_before, _, sidecar_before = before.partition(ETAG_SEPARATOR)
    document, _, sidecar = after.partition(ETAG_SEPARATOR)
    progress.modified_documents_indexed += document != document_before
    progress.metadata_documents_modified += bool(before) and sidecar != sidecar_before


def named_in_sentences(ignored: Sequence[IgnoredFile]) -> list[str]:
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
