"""A bucket of moto's S3, seen in the same process: its objects, and removals that moto does not announce."""

import threading
from collections.abc import Mapping

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend, s3_backends
from moto.s3.notifications import S3NotificationEvent, send_event

PARTITION = "aws"

Version = FakeKey | FakeDeleteMarker


class MotoBucket:
    """The objects of one bucket, as the ingestion of the Bedrock stand-in wants to see them."""

    def __init__(self, name: str, lock: threading.RLock) -> None:
        """The lock keeps requests from changing an object while it is read."""
        self._name = name
        self._lock = lock

    def objects(self) -> Mapping[str, str]:
        """Return the ETag of each key; nothing while there is no such bucket."""
        with self._lock:
            bucket = self._backend().buckets.get(self._name)
            keys = bucket.keys.items() if bucket else ()
            return {name: key.etag for name, key in keys if isinstance(key, FakeKey)}

    def read(self, key: str) -> bytes:
        """Return an object's content.

        Raises KeyError when it is gone.
        """
        with self._lock:
            found = self._backend().buckets[self._name].keys[key]
            if not isinstance(found, FakeKey):
                raise KeyError(key)
            content: bytes = found.value
            return content

    def _backend(self) -> S3Backend:
        return s3_backends[DEFAULT_ACCOUNT_ID][PARTITION]


class VersionedRemovals:
    """Compares how many versions each key has with how many it had at the last look."""

    def __init__(self, bucket: str) -> None:
        self._name = bucket
        self._before: Mapping[str, int] = {}

    def update(self) -> None:
        """Announce what was removed since the last call; the caller holds the lock on S3."""
        bucket = s3_backends[DEFAULT_ACCOUNT_ID][PARTITION].buckets.get(self._name)
        if bucket is None or not bucket.is_versioned:
            return
        keys = list(bucket.keys)
        for key in keys:
            _announce(bucket, bucket.keys.getlist(key), self._before.get(key, 0))
        self._before = {key: len(bucket.keys.getlist(key)) for key in keys}


def _announce(bucket: FakeBucket, versions: list[Version], count_before: int) -> None:
    event = _removal(versions, count_before)
    if event is None:
        return
    content = versions[-1]
    while isinstance(content, FakeDeleteMarker):
        content = content.key
    send_event(DEFAULT_ACCOUNT_ID, event, bucket, content)


def _removal(versions: list[Version], count_before: int) -> S3NotificationEvent | None:
    if len(versions) < count_before:
        return S3NotificationEvent.OBJECT_REMOVED_DELETE_EVENT
    if len(versions) > count_before and isinstance(versions[-1], FakeDeleteMarker):
        return S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
    return None
