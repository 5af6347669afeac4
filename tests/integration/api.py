"""The running product, as its clients see it."""

import json
import socket
import time
import uuid
from contextlib import closing
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import boto3
import requests

from devstack.aws.local_secrets import AGENT_TOKEN
from devstack.stage import read_local_stage
from tests import contract
from tests.builders import customer_proof
from tests.product import Product

TIMEOUT_SECONDS = 35
PATIENCE_SECONDS = 30
STAGE = read_local_stage()
WHERE = {"knowledgeBaseId": STAGE.knowledge_base_id, "dataSourceId": STAGE.data_source_id}
FINAL = {"COMPLETE", "FAILED", "STOPPED"}
TICKET = {
    "customer_external_id": "CUST-1001",
    "subject": "Parcel not arrived",
    "description": "Where is my order?",
}


def as_headers(proof: dict[str, Any]) -> dict[str, str]:
    """Return the fields of a proof as the headers that stand for them where there is no body."""
    return {f"X-{name.replace('_', '-')}": str(value) for name, value in proof.items()}


class Api:
    """The product's HTTP API and the tables behind it."""

    stage = "local"
    agent_token = AGENT_TOKEN

    def __init__(self, product: Product) -> None:
        self._product = product
        self.url = product.url
        self._http = requests.Session()

    def send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send a request."""
        response = self._http.request(method, self.url + path, timeout=TIMEOUT_SECONDS, **arguments)
        return as_described(path, response)

    def send_as_agent(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send a request with an agent's token; in a connection of its own, so threads may."""
        headers = {"Authorization": f"Bearer {self.agent_token}", **arguments.pop("headers", {})}
        return self._request(method, path, headers=headers, **arguments)

    def post_ticket(self, **fields: Any) -> dict[str, Any]:
        """Post a ticket, and insist on an answer."""
        response = self.send_as_agent("POST", "/tickets", json={**TICKET, **fields})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def proof_of(self, customer_id: str, expires: int | None = None) -> dict[str, Any]:
        """Return the fields of a chat by which a customer is proven, for good or until a time."""
        path = self._product.data_dir / "secrets.json"
        secret = json.loads(path.read_text("utf-8"))["app_secret"]
        proof = customer_proof(customer_id, secret, expires)
        fields = {"customer_id": customer_id, "customer_hash": proof.customer_hash}
        return fields if expires is None else {**fields, "customer_hash_expires": expires}

    def ask(self, query: str, **fields: Any) -> dict[str, Any]:
        """Chat, and insist on an answer."""
        response = self._request("POST", "/chat", json={"query": query, **fields})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def raw(self, request: bytes) -> bytes:
        """Send bytes as they are and return what comes back until the server closes."""
        with closing(socket.create_connection(("127.0.0.1", self._product.port), timeout=10)) as connection:
            connection.sendall(request)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        return answer

    def aws(self, service: str) -> Any:
        """Return a boto3 client of the local stack."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self._product.aws_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def ingest(self) -> None:
        """Run an ingestion job from start to end, after the one that may be under way."""
        bedrock = self.aws("bedrock-agent")
        deadline = time.monotonic() + PATIENCE_SECONDS
        job = None
        while job is None or job["status"] not in FINAL:
            assert time.monotonic() < deadline
            time.sleep(0.1)
            if job:
                job_id = job["ingestionJobId"]
                job = bedrock.get_ingestion_job(**WHERE, ingestionJobId=job_id)["ingestionJob"]
                continue
            try:
                job = bedrock.start_ingestion_job(**WHERE)["ingestionJob"]
            except bedrock.exceptions.ConflictException:
                continue
        assert job["status"] == "COMPLETE", job

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return all items of a table."""
        paginator = self.aws("dynamodb").get_paginator("scan")
        return [item for page in paginator.paginate(TableName=table) for item in page["Items"]]

    def mails(self, to: str) -> list[EmailMessage]:
        """Return the mails to an address, oldest first."""
        paths = sorted((self._product.data_dir / "mail").glob("*.eml"))
        mails = [message_from_bytes(path.read_bytes(), policy=default) for path in paths]
        return [mail for mail in mails if mail["To"] == to]

    def break_down(self, operation: str, **fault: Any) -> None:
        """Switch a fault of the Bedrock stand-in on."""
        url = self._product.aws_url + "/_devstack/faults"
        response = requests.put(url, json={"operation": operation, **fault}, timeout=5)
        assert response.ok, response.text

    def recover(self) -> None:
        """Switch all faults off."""
        requests.delete(self._product.aws_url + "/_devstack/faults", timeout=5)

    def _request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send a request in a connection of its own."""
        response = requests.request(method, self.url + path, timeout=TIMEOUT_SECONDS, **arguments)
        return as_described(path, response)


def as_described(path: str, response: requests.Response) -> requests.Response:
    """Check an answer against the description of the API and return it."""
    method, sent = response.request.method or "", response.request.body or b""
    raw = sent.encode() if isinstance(sent, str) else sent
    contract.check(method, path, raw, response.status_code, response.headers, response.content)
    return response


def new_id(prefix: str = "T") -> str:
    """Return an id that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex}"


def refused(response: requests.Response, status: int) -> dict[str, Any]:
    """Check the shape of an error and return its body."""
    body: dict[str, Any] = response.json()
    assert response.status_code == status, body
    assert isinstance(body["error"], str)
    assert body["code"]
    assert body["correlation_id"] == response.headers["X-Correlation-Id"]
    assert response.headers["Content-Type"] == "application/json"
    return body
