"""The documents bucket: lists, uploads and removes documents."""

import mimetypes
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError

from chalicelib.domain.access import access_of
from chalicelib.errors import InvalidAccess
from cli.display import Line, columns, human_size, local_time
from cli.kb.files import Refusal, Upload
from cli.kb.target import Target
from devstack.bedrock.knowledge.sidecar import SUFFIX, InvalidSidecar, attributes_from, title_of
from tooling.aws_errors import code_of
from tooling.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

AT_ONCE = 8
EVERYBODY, NOBODY = "everybody", "nobody (see its access)"
NOT_FOUND = frozenset({"404", "NoSuchKey"})


@dataclass(frozen=True)
class StoredDocument:
    """An object of the bucket; `title` is empty when its metadata file gives none.

    `readers` says who may read it.
    """

    key: str
    size_bytes: int
    changed_at: datetime
    readers: str
    title: str


def list_documents(target: Target) -> list[StoredDocument]:
    """Return the documents by key; a metadata file is listed only when its document is missing."""
    objects = {each["Key"]: each for each in _objects(target, "")}
    shown = [
        key for key in objects if key.removesuffix(SUFFIX) == key or key.removesuffix(SUFFIX) not in objects
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sidecars = list(
            pool.map(lambda key: _sidecar(target, key) if key + SUFFIX in objects else (EVERYBODY, ""), shown)
        )
    return [
        StoredDocument(key, objects[key]["Size"], objects[key]["LastModified"], *sidecar)
        for key, sidecar in zip(shown, sidecars, strict=True)
    ]


def describe_documents(documents: Iterable[StoredDocument]) -> str:
    """Return a line for each document."""
    rows = [
        (each.key, human_size(each.size_bytes), local_time(each.changed_at), each.readers, each.title)
        for each in documents
    ]
    if not rows:
        return "The bucket holds no documents. `kb add FILE` adds one."
    return columns([("KEY", "SIZE", "CHANGED", "READERS", "TITLE"), *rows])


def remove_documents(target: Target, keys: Sequence[str]) -> list[str]:
    """Remove the documents and their metadata files; return all that was removed.

    A key that ends with a slash is a folder with all that is in it. Raises CommandError, and removes
    nothing, when one of them is not there.
    """
    found = {key: _keys_of(target, key) for key in dict.fromkeys(keys)}
    missing = [key for key, present in found.items() if not present]
    if missing:
        names = ", ".join(key or "without a name" for key in missing)
        raise CommandError(
            f"Nothing was removed: the bucket has no document {names}. `kb ls` lists what it has, "
            "and a folder ends with a slash."
        )
    wanted = [key for present in found.values() for key in present]
    sidecars = [key + SUFFIX for key in wanted if not key.endswith(SUFFIX)]
    removed = list(dict.fromkeys([*wanted, *(key for key in sidecars if _exists(target, key))]))
    for key in removed:
        target.s3.delete_object(Bucket=target.bucket, Key=key)
    return removed


def _keys_of(target: Target, key: str) -> list[str]:
    """Return the keys that a name of `kb rm` stands for."""
    if key.endswith("/"):
        return [each["Key"] for each in _objects(target, key)]
    return [key] if _exists(target, key) else []


def _objects(target: Target, prefix: str) -> "list[ObjectTypeDef]":
    pages = target.s3.get_paginator("list_objects_v2").paginate(Bucket=target.bucket, Prefix=prefix)
    return [each for page in pages for each in page.get("Contents", [])]


def _exists(target: Target, key: str) -> bool:
    if not key:
        return False
    try:
        target.s3.head_object(Bucket=target.bucket, Key=key)
    except ClientError as error:
        if code_of(error) in NOT_FOUND:
            return False
        raise
    return True


def _sidecar(target: Target, key: str) -> tuple[str, str]:
    """Return who may read a document, and its title."""
    body = target.s3.get_object(Bucket=target.bucket, Key=key + SUFFIX)["Body"].read()
    try:
        attributes = attributes_from(body)
    except InvalidSidecar:
        return "?", "(its metadata file cannot be read)"
    return _readers(attributes), title_of(attributes) or ""


def _readers(attributes: Mapping[str, object]) -> str:
    try:
        access = access_of(attributes)
    except InvalidAccess:
        return NOBODY
    return EVERYBODY if access is None else ", ".join(access)


def upload_all(target: Target, uploads: Sequence[Upload]) -> list[Refusal]:
    """Upload the files one after the other; return those that could no longer be read.

    Raises BotoCoreError, ClientError, which end the whole command.
    """
    refusals = []
    for number, upload in enumerate(uploads, 1):
        line = Line(sys.stdout)
        name = f"[{number}/{len(uploads)}] {upload.key}"
        try:
            line.done(f"{name}  {human_size(_upload(target, upload, name, line))}")
        except OSError as error:
            line.done(f"{name}  failed")
            refusals.append(Refusal(str(upload.path), f"cannot be read ({error.strerror})"))
    return refusals


def _upload(target: Target, upload: Upload, name: str, line: Line) -> int:
    size = upload.path.stat().st_size
    sent = 0

    def progress(more: int) -> None:
        nonlocal sent
        sent += more
        line.show(f"{name}  {100 * sent // max(size, 1)} % of {human_size(size)}")

    kind = mimetypes.guess_type(upload.key)[0] or "application/octet-stream"
    extra = {"ContentType": kind, **target.upload_arguments}
    try:
        target.s3.upload_file(str(upload.path), target.bucket, upload.key, ExtraArgs=extra, Callback=progress)
    except S3UploadFailedError as error:
        # boto3 wraps the error that says what was wrong.
        raise error.__context__ or error from None
    return size
