"""The Bedrock stand-in, reading an emulated bucket: what the deployed functions find in place of Bedrock."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from werkzeug.wrappers import Response

from devstack.bedrock.app import BedrockConfig, BedrockStandIn
from devstack.bedrock.model.converse import MODEL_ID
from tests.deploy.emulator_template import DATA_SOURCE_ID, GUARDRAIL_ID, KNOWLEDGE_BASE_ID
from tests.devstack.bedrock_server import serving
from tooling.template import Template

SERVICES = ("BEDROCK", "BEDROCK_RUNTIME", "BEDROCK_AGENT", "BEDROCK_AGENT_RUNTIME", "COMPREHEND")
MODEL_IN_URL = re.compile(r"^/model/[^/]+/")


class BucketDocuments:
    """The objects of a bucket, read over S3."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def objects(self) -> Mapping[str, str]:
        """Return the ETag of each key. Raises ClientError."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", ())}

    def read(self, key: str) -> bytes:
        """Return an object's content. Raises ClientError."""
        content: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return content


@contextmanager
def bedrock(s3: Any, bucket: str) -> Iterator[dict[str, str]]:
    """Run the stand-in; gives the variables by which an SDK finds it."""
    config = BedrockConfig(
        index_path=None,
        bucket=bucket,
        knowledge_base_id=KNOWLEDGE_BASE_ID,
        data_source_id=DATA_SOURCE_ID,
        guardrail_id=GUARDRAIL_ID,
        guardrail_definition=Template().guardrail(),
        ingestion_seconds=0.1,
    )
    with (
        closing(BedrockStandIn(config, BucketDocuments(s3, bucket))) as stand_in,
        serving(_any_model(stand_in)) as url,
    ):
        yield {f"AWS_ENDPOINT_URL_{service}": url for service in SERVICES}


def _any_model(stand_in: BedrockStandIn) -> Callable[..., Iterable[bytes]]:
    """Let the stand-in's one model answer for those that the stage names, and an embedding model be there."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].endswith("/invoke"):
            return Response("{}", content_type="application/json")(environ, start_response)
        environ["REQUEST_URI"] = MODEL_IN_URL.sub(f"/model/{MODEL_ID}/", environ["REQUEST_URI"])
        return stand_in(environ, start_response)

    return application
