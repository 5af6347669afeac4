"""Links to an answer's sources: to where the team publishes them, else short-lived ones into the bucket."""

from collections.abc import Callable
from pathlib import PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.logs import cause_of, logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SIGNING = Config(
    signature_version="s3v4",
    # The host is signed, so the link must name the bucket's own Region: S3 answers any other with a redirect
    # that the signature does not cover. An endpoint that is an IP address gets the bucket in the path.
    s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
)
"""The settings of a client that signs links."""

TEXT = "text/plain; charset=utf-8"
CONTENT_TYPES = {
    ".csv": TEXT,
    # As text, since a page could run scripts there: locally its origin is the endpoint of all of AWS.
    ".htm": TEXT,
    ".html": TEXT,
    ".md": TEXT,
    ".txt": TEXT,
    ".pdf": "application/pdf",
}
DOWNLOAD = "application/octet-stream"
"""For what no browser shows. The type that an object was uploaded with never decides: anyone may set it."""


class Source(Protocol):
    """A passage or a citation: where it is published, and its key in the documents bucket."""

    @property
    def url(self) -> str | None: ...
    @property
    def document(self) -> str | None: ...


class DocumentLinks:
    """Makes links to sources; signing is local, and the client for it is made when it is first needed."""

    def __init__(self, make_client: Callable[[], "S3Client"], bucket: str, lifetime_seconds: int) -> None:
        self._make_client = make_client
        self._bucket = bucket
        self._lifetime_seconds = lifetime_seconds
        self._client: S3Client | None = None
        self._making = Lock()

    def link(self, source: Source) -> str | None:
        """Return an address that works for a while without an account; None where there is none.

        A link that cannot be signed is logged and left out: the answer is worth more than its source.
        """
        if source.url or not source.document:
            return source.url
        try:
            return self._signed(source.document)
        except (BotoCoreError, ClientError) as error:
            logger.warning("document_not_linked", cause=cause_of(error))
            return None

    def _signed(self, key: str) -> str:
        return self._s3().generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": "inline",
                "ResponseContentType": CONTENT_TYPES.get(PurePosixPath(key).suffix.lower(), DOWNLOAD),
            },
            ExpiresIn=self._lifetime_seconds,
        )

    def _s3(self) -> "S3Client":
        with self._making:
            if self._client is None:
                self._client = self._make_client()
            return self._client
