"""What routes take in their paths and queries, and the headers of all answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.api.fields import ExternalId, Identifier
from deployment.openapi.operation import Operation
from deployment.openapi.schemas import Schema, properties_of, schema_of

CORRELATION_ID = "X-Correlation-Id"
RETRY_AFTER = "Retry-After"
HEADERS: dict[str, Schema] = {
    CORRELATION_ID: {
        "description": "Names this request in the logs; the one that was sent, or a new one.",
        "required": True,
        "schema": {"type": "string", "maxLength": 128},
        "example": "5b0c2e0a-6d0e-4d0c-9a43-2f1f7c1b8a11",
    },
    RETRY_AFTER: {
        "description": "In how many seconds to send the same again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "example": 5,
    },
}


@dataclass(frozen=True)
class PathParameter:
    """A part of a path that names something."""

    kind: Any
    description: str
    example: str


PATH: Mapping[str, PathParameter] = {
    "session_id": PathParameter(Identifier, "The `session_id` of an answer.", "cs_5J8kq2Vd0yT3mW9x"),
    "message_id": PathParameter(
        Identifier, "The `message_id` of a message: a random UUID.", "0d7c9d1e-3c0f-4ae8-9b0c-7d8d2d1c5a10"
    ),
    "ticket_id": PathParameter(Identifier, "The `ticket_id` of a ticket.", "T-1042"),
    "event_id": PathParameter(
        Identifier, "The `event_id` of an event.", "evt_5f2b8c0d9e1a4b7c8d6e3f2a1b0c9d8e"
    ),
    "external_id": PathParameter(ExternalId, "How your own systems name the customer.", "CUST-9001"),
}


def header(name: str) -> Schema:
    """Return the reference to a header."""
    return {"$ref": f"#/components/headers/{name}"}


def parameters_of(operation: Operation) -> Iterator[Schema]:
    """Yield the parameters of a route."""
    for name in operation.in_path:
        each = PATH[name]
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": each.description,
            "schema": schema_of(each.kind),
            "example": each.example,
        }
    if operation.query:
        for name, schema in properties_of(operation.query).items():
            description = schema.pop("description")
            yield {"name": name, "in": "query", "description": description, "schema": schema}
