"""What is in the documents bucket, and taking something out of it."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from cli.kb.target import Target
from devstack.bedrock.knowledge.sidecar import SUFFIX
from tooling.errors import CommandError

AT_ONCE = 8
NOT_FOUND = frozenset({"404", "NoSuchKey"})


@dataclass(frozen=True)
class StoredDocument:
    """An object of the bucket; `title` is empty when its metadata file gives none."""

    key: str
    size_bytes: int
    changed_at: datetime
    title: str


def list_documents(target: Target) -> list[StoredDocument]:
    """Return the documents by key; a metadata file is listed only when its document is missing."""
    pages = target.s3.get_paginator("list_objects_v2").paginate(Bucket=target.bucket)
    objects = {each["Key"]: each for page in pages for each in page.get("Contents", [])}
    shown = [
        key for key in objects if key.removesuffix(SUFFIX) == key or key.removesuffix(SUFFIX) not in objects
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        titles = list(pool.map(lambda key: _title(target, key) if key + SUFFIX in objects else "", shown))
    return [
        StoredDocument(key, objects[key]["Size"], objects[key]["LastModified"], title)
        for key, title in zip(shown, titles, strict=True)
    ]


def remove_documents(target: Target, keys: Sequence[str]) -> list[str]:
    """Remove the documents and their metadata files; return all that was removed.

    Raises CommandError, and removes nothing, when one of the documents is not there.
    """
    wanted = list(dict.fromkeys(keys))
    missing = [key for key in wanted if not _exists(target, key)]
    if missing:
        names = ", ".join(key or "without a name" for key in missing)
        raise CommandError(
            f"Nothing was removed: the bucket has no document {names}. `kb ls` lists what it has."
        )
    sidecars = [key + SUFFIX for key in wanted if not key.endswith(SUFFIX)]
    removed = list(dict.fromkeys([*wanted, *(key for key in sidecars if _exists(target, key))]))
    for key in removed:
        target.s3.delete_object(Bucket=target.bucket, Key=key)
    return removed


def _exists(target: Target, key: str) -> bool:
    if not key:
        return False
    try:
        target.s3.head_object(Bucket=target.bucket, Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in NOT_FOUND:
            return False
        raise
    return True


def _title(target: Target, key: str) -> str:
    body = target.s3.get_object(Bucket=target.bucket, Key=key + SUFFIX)["Body"].read()
    try:
        metadata: Any = json.loads(body)
        return str(metadata["metadataAttributes"].get("title", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "(its metadata file cannot be read)"
