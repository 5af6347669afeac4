"""Which files become which documents, and which ones a knowledge base does not accept."""

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from chalicelib.domain.access import ATTRIBUTE, access_of
from chalicelib.errors import InvalidAccess
from cli.display import human_size
from devstack.bedrock.knowledge.documents import UnreadableDocument, UnsupportedDocument, extract
from devstack.bedrock.knowledge.sidecar import SUFFIX, InvalidSidecar, attributes_from

KINDS = (".csv", ".doc", ".docx", ".html", ".md", ".pdf", ".txt", ".xls", ".xlsx")
MOST_BYTES = 50 * 1024 * 1024
MOST_KEY_BYTES = 1024
LIKENESS = 0.85
"""How alike two names are when one is probably a misspelling of the other, 0–1."""


class RefusedFile(Exception):
    """A file that a knowledge base does not accept; the text says why."""


@dataclass(frozen=True)
class Upload:
    """A file and the key that it gets in the bucket."""

    path: Path
    key: str


@dataclass(frozen=True)
class Refusal:
    """A file that is not uploaded, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Choice:
    """What is to be uploaded, each document after its metadata file, and what is not."""

    uploads: tuple[Upload, ...]
    refusals: tuple[Refusal, ...]

    @property
    def keys(self) -> frozenset[str]:
        """Return the keys of the documents, without their metadata files."""
        return frozenset(each.key for each in self.uploads if not each.key.endswith(SUFFIX))


def choose(paths: Iterable[Path], prefix: str) -> Choice:
    """Look at files and folders; a key is the file's name, or its path inside the folder that was named."""
    folder = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    uploads: dict[str, Upload] = {}
    refusals: list[Refusal] = []
    for path in paths:
        try:
            found = list(_files(path))
        except RefusedFile as refused:
            refusals.append(Refusal(str(path), str(refused)))
            continue
        for name, file in found:
            try:
                wanted = _with_sidecar(Upload(file, folder + name))
                _check(wanted, uploads)
                uploads.update({each.key: each for each in wanted})
            except RefusedFile as refused:
                refusals.append(Refusal(str(file), str(refused)))
    return Choice(tuple(uploads.values()), tuple(refusals))


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the key and the path of each file. Raises RefusedFile when there is none."""
    if path.is_dir():
        yield from _in_folder(path)
    elif path.exists():
        yield path.name, path
    else:
        # On Windows the program has to expand `*.md`, not the shell.
        matching = [Path(each) for each in sorted(glob.glob(str(path)))]  # noqa: PTH207 - an absolute pattern
        if not matching:
            raise RefusedFile("there is no such file")
        for each in matching:
            yield from _files(each)


def _in_folder(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield what a folder holds; hidden files are no documents, and metadata comes with its document."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not _is_hidden(path, folder)]
    if not files:
        raise RefusedFile("the folder holds no files")
    for path in files:
        if not (path.name.endswith(SUFFIX) and _document_of(path).is_file()):
            yield path.relative_to(folder).as_posix(), path


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _document_of(sidecar: Path) -> Path:
    return sidecar.with_name(sidecar.name.removesuffix(SUFFIX))


def _with_sidecar(upload: Upload) -> list[Upload]:
    sidecar = Upload(upload.path.with_name(upload.path.name + SUFFIX), upload.key + SUFFIX)
    return [sidecar, upload] if sidecar.path.is_file() else [upload]


def _check(uploads: Sequence[Upload], chosen: dict[str, Upload]) -> None:
    for upload in uploads:
        other = chosen.get(upload.key)
        if other is not None and other.path != upload.path:
            raise RefusedFile(f"{other.path} has the same name in the bucket")
        _check_key(upload.key)
        try:
            _check_content(upload)
        except OSError as error:
            raise RefusedFile(f"{upload.path.name} cannot be read ({error.strerror})") from error


def _check_key(key: str) -> None:
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise RefusedFile("its name is not valid Unicode: rename it") from error
    if size > MOST_KEY_BYTES:
        raise RefusedFile(f"its name in the bucket would have {size} bytes, S3 takes {MOST_KEY_BYTES}")


def _check_content(upload: Upload) -> None:
    if upload.key.endswith(SUFFIX):
        _check_sidecar(upload.path)
    elif upload.path.suffix.lower() not in KINDS:
        raise RefusedFile(f"Bedrock does not read this kind of file; it reads {', '.join(KINDS)}")
    elif (size := upload.path.stat().st_size) > MOST_BYTES:
        raise RefusedFile(f"it has {human_size(size)}, Bedrock takes {human_size(MOST_BYTES)}: split it")
    elif size == 0:
        raise RefusedFile("the file is empty")
    else:
        _check_readable(upload)


def _check_readable(upload: Upload) -> None:
    """Refuse what the local knowledge base cannot read either; of other kinds Bedrock is the judge."""
    try:
        extract(upload.key, upload.path.read_bytes())
    except UnsupportedDocument:
        return
    except UnreadableDocument as error:
        raise RefusedFile(str(error).rstrip(".")) from error


def _check_sidecar(path: Path) -> None:
    try:
        attributes = attributes_from(path.read_bytes())
        access_of(attributes)
    except (InvalidSidecar, InvalidAccess) as error:
        raise RefusedFile(f"{path.name}: {str(error).rstrip('.')}") from error
    if ATTRIBUTE not in attributes and (near := get_close_matches(ATTRIBUTE, attributes, cutoff=LIKENESS)):
        # Bedrock takes any name, and the document would be for everybody.
        raise RefusedFile(f"{path.name}: The attribute {near[0]!r} is almost {ATTRIBUTE!r}. Rename it")
