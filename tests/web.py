"""The app in this process, asked over HTTP."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

import app as app_module
from chalicelib.api.agent_tokens import AgentTokens
from chalicelib.branding import NEUTRAL
from tests import contract
from tests.fakes import ORIGINS

TOKEN = "token-of-zendesk"
TOKENS = {"zendesk": TOKEN, "next": "token-of-tomorrow"}
JSON = {"Content-Type": "application/json"}
AGENT = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Web:
    """What asks the app; with `AGENT` among the headers it is an agent."""

    client: Client
    headers: Mapping[str, str]

    def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> HTTPResponse:
        """Send a request; a body that is not bytes is sent as JSON, other headers replace the usual ones."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = dict(self.headers if headers is None else headers)
        response = self.client.http.request(method, path, headers=sent, body=raw)
        contract.check(method, path, raw, response.status_code, response.headers, response.body)
        return response


@contextmanager
def serving(headers: Mapping[str, str] = JSON, **services: object) -> Iterator[Web]:
    """Serve the app over these services."""
    settings = SimpleNamespace(branding=NEUTRAL)
    known = {
        "agent_tokens": AgentTokens(lambda: TOKENS),
        "origins": ORIGINS,
        "settings": settings,
        **services,
    }
    with pytest.MonkeyPatch.context() as patch, Client(app_module.app) as client:
        patch.setattr(app_module, "services", lambda: SimpleNamespace(**known))
        yield Web(client, headers)


def refusal(response: HTTPResponse, status: int, code: str) -> dict[str, Any]:
    """Check the shape that every error has and return the body."""
    body: dict[str, Any] = response.json_body
    assert response.status_code == status, body
    assert body["code"] == code
    assert isinstance(body["error"], str)
    assert body["error"]
    assert body["correlation_id"] == response.headers["X-Correlation-Id"]
    assert set(body) <= {"error", "code", "correlation_id", "fields"}
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    return body


def fields_of(response: HTTPResponse) -> list[str]:
    """Check that a request was refused for its input and return the fields that were at fault."""
    problems = refusal(response, 400, "invalid_request")["fields"]
    assert all(problem["problem"] for problem in problems)
    return [problem["field"] for problem in problems]
