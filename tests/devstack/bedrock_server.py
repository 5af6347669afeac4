"""Runs the Bedrock stand-in on a port of its own, and gives boto3 clients that check every answer."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
import cbor2
import requests
from botocore.config import Config
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from devstack.bedrock.app import BedrockConfig, BedrockStandIn

KNOWLEDGE_BASE, DATA_SOURCE, BUCKET = "TESTKB0001", "TESTDS0001", "documents"
NAMES: Any = {"knowledgeBaseId": KNOWLEDGE_BASE, "dataSourceId": DATA_SOURCE}
GUARDRAIL: dict[str, Any] = {
    "Name": "test",
    "BlockedInputMessaging": "I can't talk about that.",
    "BlockedOutputsMessaging": "I can't say that.",
    "TopicPolicyConfig": {
        "TopicsConfig": [
            {
                "Name": "Gardening",
                "Type": "DENY",
                "Definition": "Growing plants, pruning roses, soil and fertiliser.",
                "Examples": ["How do I prune my roses?", "Which fertiliser do tomatoes need?"],
            }
        ]
    },
    "ContentPolicyConfig": {
        "FiltersConfig": [
            {"Type": "VIOLENCE", "InputStrength": "MEDIUM", "OutputStrength": "HIGH"},
            {"Type": "INSULTS", "InputStrength": "LOW", "OutputStrength": "HIGH"},
            {"Type": "PROMPT_ATTACK", "InputStrength": "HIGH", "OutputStrength": "NONE"},
        ]
    },
    "WordPolicyConfig": {
        "WordsConfig": [{"Text": "Globex"}],
        "ManagedWordListsConfig": [{"Type": "PROFANITY", "InputAction": "NONE"}],
    },
    "SensitiveInformationPolicyConfig": {
        "PiiEntitiesConfig": [
            {"Type": "EMAIL", "Action": "ANONYMIZE"},
            {"Type": "CREDIT_DEBIT_CARD_NUMBER", "Action": "BLOCK", "OutputAction": "ANONYMIZE"},
            {"Type": "AWS_ACCESS_KEY", "Action": "BLOCK", "InputEnabled": False},
        ],
        "RegexesConfig": [{"Name": "employee", "Pattern": r"EMP-\d{4}", "Action": "ANONYMIZE"}],
    },
}


class Documents:
    """A bucket in memory; `failure` is what listing it raises, `unreadable` a key that is gone by then."""

    def __init__(self, content: Mapping[str, str | bytes] | None = None) -> None:
        self._content: dict[str, bytes] = {}
        self.failure: Exception | None = None
        self.unreadable = ""
        for key, body in (content or {}).items():
            self.put(key, body)

    def put(self, key: str, body: str | bytes) -> None:
        self._content[key] = body.encode() if isinstance(body, str) else body

    def delete(self, key: str) -> None:
        del self._content[key]

    def objects(self) -> Mapping[str, str]:
        if self.failure:
            raise self.failure
        # Bytes and not a security matter: this is what S3 makes of an object.
        return {
            key: hashlib.md5(body, usedforsecurity=False).hexdigest() for key, body in self._content.items()
        }

    def read(self, key: str) -> bytes:
        if key == self.unreadable:
            raise KeyError(key)
        return self._content[key]


class Server:
    """The stand-in behind a port."""

    def __init__(self, url: str, documents: Documents, stand_in: BedrockStandIn) -> None:
        self.url = url
        self.documents = documents
        self.stand_in = stand_in
        self._session = boto3.Session("local", "local", region_name="us-east-1")
        self.client = cache(self._client)

    runtime = property(lambda self: self.client("bedrock-runtime"))
    agent = property(lambda self: self.client("bedrock-agent"))
    agent_runtime = property(lambda self: self.client("bedrock-agent-runtime"))
    comprehend = property(lambda self: self.client("comprehend"))

    def _client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 1}, read_timeout=20, max_pool_connections=20)
        client = self._session.client(service, endpoint_url=self.url, config=config)  # type: ignore[call-overload]
        client.meta.events.register("before-parse", _check_answer)
        return client

    def fault(self, **fault: Any) -> requests.Response:
        return requests.put(f"{self.url}/_devstack/faults", json=fault, timeout=5)

    def ingest(self) -> dict[str, Any]:
        """Run an ingestion job to its end."""
        started = self.agent.start_ingestion_job(**NAMES)["ingestionJob"]
        return self.finished(started["ingestionJobId"])

    def finished(self, job_id: str) -> dict[str, Any]:
        """Wait until a job has ended."""

        def ended() -> dict[str, Any] | None:
            job: Any = self.agent.get_ingestion_job(**NAMES, ingestionJobId=job_id)["ingestionJob"]
            return job if job["status"] in ("COMPLETE", "FAILED", "STOPPED") else None

        return wait_for(ended)


def wait_for(condition: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    """Return what the condition gives once it gives something."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if (value := condition()) is not None:
            return value
        time.sleep(0.01)
    raise AssertionError("nothing within 10 s")


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Say nothing about single requests."""


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """Serve a WSGI application on a free port; gives its address."""
    server: BaseWSGIServer = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class FakeEndpoint:
    """Answers JSON as told, raw bytes as they are, and remembers what it was asked."""

    def __init__(self, answer: Any, status: int = 200, delay_seconds: float = 0.0) -> None:
        self.answer = answer if callable(answer) else lambda _asked: answer
        self.status = status
        self.delay_seconds = delay_seconds
        self.asked: list[dict[str, Any]] = []
        self.request = Request({})

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.request = Request(environ)
        self.asked.append(json.loads(self.request.get_data()))
        time.sleep(self.delay_seconds)
        answer = self.answer(self.asked[-1])
        body = answer if isinstance(answer, bytes) else json.dumps(answer)
        return Response(body, status=self.status)(environ, start_response)


@contextmanager
def running(documents: Documents | None = None, **settings: Any) -> Iterator[Server]:
    """Run a stand-in whose jobs take hardly any time, unless told otherwise."""
    bucket = documents or Documents()
    config = BedrockConfig(
        **{
            "index_path": None,
            "bucket": BUCKET,
            "knowledge_base_id": KNOWLEDGE_BASE,
            "data_source_id": DATA_SOURCE,
            "guardrail_id": "testguardrail",
            "guardrail_definition": GUARDRAIL,
            "ingestion_seconds": 0.02,
            **settings,
        }
    )
    stand_in = BedrockStandIn(config, bucket)
    try:
        with serving(stand_in) as url:
            yield Server(url, bucket, stand_in)
    finally:
        stand_in.close()


def _check_answer(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    """Hold every answer against the service model; the stand-in itself does so with what succeeds."""
    headers, status = response_dict["headers"], response_dict["status_code"]
    assert headers["x-amzn-requestid"]
    if status < 300 and operation_model.has_event_stream_output:
        return  # its events come later, one by one
    is_cbor = headers["Content-Type"] == "application/cbor"
    try:
        body = (cbor2.loads if is_cbor else json.loads)(response_dict["body"])
    except ValueError:
        return  # a malformed answer that a test asked for
    if status < 300:
        assert status == operation_model.http.get("responseCode", 200)
        return
    declared = {shape.name: shape for shape in operation_model.error_shapes}
    error = declared.get(headers["x-amzn-errortype"])
    if error is not None:
        assert status == error.metadata["error"]["httpStatusCode"]
        # The model of SES declares errors without any member, and SES sends a message all the same.
        assert body.keys() - {"__type"} <= (error.members.keys() or {"message"})
