"""Puts the description of the API together."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chalicelib import __version__
from chalicelib.api.answers import common
from chalicelib.api.chat import ProofHeaders
from chalicelib.api.cors import PROOF_HEADERS
from deployment.gateway import STAGE
from deployment.openapi import chat, events, insights, knowledge_base, service, tickets
from deployment.openapi.failures import Failures
from deployment.openapi.operation import HTML, SCRIPT, TAGS, Answer, Operation
from deployment.openapi.parameters import CORRELATION_ID, HEADERS, header, parameters_of
from deployment.openapi.schemas import Schema, reference, schemas_of
from tooling.docstrings import field_docstrings
from tooling.project import ROOT

OPERATIONS: tuple[Operation, ...] = (
    *service.OPERATIONS,
    *chat.OPERATIONS,
    *tickets.OPERATIONS,
    *knowledge_base.OPERATIONS,
    *events.OPERATIONS,
    *insights.OPERATIONS,
)
DESCRIPTION = """\
JSON in, JSON out.

- Every answer has the header `X-Correlation-Id`, and a JSON object has `correlation_id`. Send the header to
  choose it: letters, digits and `._:-`, at most 128. The logs hold it.
- `degraded`, where it is there, lists what could not be reached. The rest of the answer is good.
- A refusal holds a sentence for a person (`error`) and a `code` for a program; a 400 also says which
  fields are wrong.
- Answers of 429 and 503 have `Retry-After`, in seconds. The same request may be sent again then.
- Times are ISO 8601 in UTC. Unknown fields of a body are ignored. A body has at most 64 KB.
- On AWS, a path or method that is not listed here is a 404 `not_found`; locally a wrong method is a
  405 `method_not_allowed`.
"""
AGENT_TOKEN = "A token from the stage's secret of agents' tokens; locally `local-agent-token`."  # noqa: S105
PROOF: list[Schema] = [{}, *({name: [] for name in PROOF_HEADERS[:n]} for n in (2, 3))]
"""No proof, the customer with the hash, or both with the time until which the hash counts."""
SERVED, FOR_READERS = Path("chalicelib") / "api" / "openapi.json", Path("docs") / "openapi.json"


def write(root: Path = ROOT) -> int:
    """Write the description: what the app serves on one line, for readers on many."""
    for path, text in render().items():
        (root / path).write_text(text, "utf-8", newline="\n")
    return 0


def render() -> dict[Path, str]:
    """Return the text of the description by the files that hold it."""
    described = document()
    return {
        SERVED: json.dumps(described, separators=(",", ":"), ensure_ascii=False) + "\n",
        FOR_READERS: json.dumps(described, indent=2, ensure_ascii=False) + "\n",
    }


def document() -> Schema:
    """Return the whole description."""
    failures = Failures()
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, failures)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Support assistant",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": "/", "description": "Locally, and under a domain name of your own."},
            {"url": f"/{STAGE}", "description": "On AWS, at the address that `deploy` prints."},
        ],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "responses": dict(sorted(failures.responses.items())),
            "headers": HEADERS,
            "securitySchemes": _security_schemes(),
        },
    }


def _schemas() -> dict[str, Schema]:
    bodies = [each.body for each in OPERATIONS if each.body]
    answers = [each.answer.kind for each in OPERATIONS if each.answer.kind]
    return schemas_of(bodies, [*answers, common.Error, common.InvalidRequest, common.Correlated])


def _security_schemes() -> dict[str, Schema]:
    meanings = field_docstrings(ProofHeaders)
    proof = {str(field.alias): meanings[name] for name, field in ProofHeaders.model_fields.items()}
    return {
        "agentToken": {"type": "http", "scheme": "bearer", "description": AGENT_TOKEN},
        **{
            name: {"type": "apiKey", "in": "header", "name": name, "description": proof[name]}
            for name in proof
        },
    }


def _operation(operation: Operation, failures: Failures) -> Schema:
    answer = operation.answer
    found: Schema = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "security": _security(operation),
        "parameters": list(parameters_of(operation)),
        "responses": {str(answer.status): _answer(answer), **failures.of(operation)},
    }
    if operation.has_etag:
        found["responses"]["304"] = {
            "description": "The version that `If-None-Match` names is the current one.",
            "headers": {CORRELATION_ID: header(CORRELATION_ID)},
        }
    if operation.body:
        examples = {name: {"value": value} for name, value in operation.examples.items()}
        content = {"application/json": {"schema": reference(operation.body), "examples": examples}}
        found["requestBody"] = {"required": not operation.is_body_optional, "content": content}
    return found


def _security(operation: Operation) -> list[Schema]:
    if operation.is_for_agents:
        return [{"agentToken": []}]
    return PROOF if operation.takes_proof else []


def _answer(answer: Answer) -> Schema:
    found: Schema = {"description": answer.description, "headers": {CORRELATION_ID: header(CORRELATION_ID)}}
    if answer.status != 204:
        found["content"] = {answer.media_type: dict(_content(answer))}
    if answer.links:
        found["links"] = {
            link.name: {
                "operationId": link.name,
                "parameters": {each: f"$response.body#/{each}" for each in link.parameters},
                **({"requestBody": dict(link.body)} if link.body else {}),
            }
            for link in answer.links
        }
    return found


def _content(answer: Answer) -> Iterator[tuple[str, Any]]:
    if answer.kind:
        yield "schema", {"allOf": [reference(answer.kind), reference(common.Correlated)]}
        yield "example", {**answer.example, "correlation_id": HEADERS[CORRELATION_ID]["example"]}
    else:
        yield "schema", {"type": "string" if answer.media_type in (HTML, SCRIPT) else "object"}
