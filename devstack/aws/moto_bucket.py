"""Reads a bucket of moto's S3 in the same process, without a request for each object."""

import threading
from collections.abc import Mapping

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeKey, S3Backend, s3_backends

PARTITION = "aws"


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
