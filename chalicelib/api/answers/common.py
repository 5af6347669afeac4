"""What answers of several routes hold. The middleware adds `correlation_id` to each JSON object."""

from typing import Annotated, Literal

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

Time = Annotated[
    str,
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-20T12:00:00.000+00:00"]}),
]
Score = Annotated[float, WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
Count = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0})]
OUT_OF_REACH = ["history", "knowledge_base", "customer", "interactions", "sentiment", "links", "storage"]
OutOfReach = Annotated[str, WithJsonSchema({"type": "string", "enum": OUT_OF_REACH})]


class Accepted(TypedDict):
    """What was sent is kept."""

    status: Literal["accepted"]


class Health(TypedDict):
    """How the app is."""

    status: Literal["ok", "degraded"]
    """`degraded` if a check is not `ok`."""
    stage: str
    version: str
    checks: dict[str, Literal["ok", "unreachable"]]
    """Each dependency with `?deep=1`, else nothing."""


class FieldProblem(TypedDict):
    """What is wrong with one field."""

    field: str
    """The field of the body, the parameter or the header; `body` for a body that can't be read at all."""
    problem: str
    """What is wrong and what to do, to be read after the field's name."""


class Correlated(TypedDict):
    """What every JSON object has."""

    correlation_id: str
    """Names this request in the logs, as the header X-Correlation-Id does."""


class Error(Correlated):
    """A refusal or a failure."""

    error: str
    """A sentence for a person."""
    code: str
    """What happened, for a program."""


class InvalidRequest(Error):
    """A refusal of what was sent; nothing was kept."""

    fields: list[FieldProblem]
    """Each field that is wrong; empty where it is not one field's fault."""
