"""Puts files into the documents bucket, with one line for each that shows how far it is."""

import mimetypes
import sys
from collections.abc import Sequence

from boto3.exceptions import S3UploadFailedError

from cli.kb.display import Line, human_size
from cli.kb.files import Refusal, Upload
from cli.kb.target import Target


def upload_all(target: Target, uploads: Sequence[Upload]) -> list[Refusal]:
    """Upload the files one after the other; return those that could not be read any more.

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
        # boto3 hides the error that says what was wrong behind one of its own.
        raise error.__context__ or error from None
    return size
