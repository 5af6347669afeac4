"""Short-lived links to the documents of the bucket."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from botocore.config import Config

from chalicelib.gateways.aws import calling

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
    # As text, since a page could run scripts there, at an address of the team's own account.
    ".htm": TEXT,
    ".html": TEXT,
    ".md": TEXT,
    ".txt": TEXT,
    ".pdf": "application/pdf",
}
DOWNLOAD = "application/octet-stream"
"""For what no browser shows. The type that an object was uploaded with never decides: anyone may set it."""


@dataclass(frozen=True)
class DocumentLinks:
    """Signs links. That asks nobody, so `client` is called only when there is something to sign."""

    client: "Callable[[], S3Client]"
    bucket: str
    lifetime_seconds: int

    def link(self, document: str) -> str:
        """Return where a document can be read for a while, by its key. Raises Unavailable."""
        with calling("links"):
            return self.client().generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self.bucket,
                    "Key": document,
                    "ResponseContentDisposition": "inline",
                    "ResponseContentType": CONTENT_TYPES.get(
                        PurePosixPath(document).suffix.lower(), DOWNLOAD
                    ),
                },
                ExpiresIn=self.lifetime_seconds,
            )
