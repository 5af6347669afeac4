"""What clients may send: parsed and checked, or refused with the field and what to do."""

import json
import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from chalicelib.errors import BadInput, BodyTooLarge, FieldProblem
from chalicelib.times import from_millis

MAX_BODY_BYTES = 64 * 1024
MAX_QUERY_CHARS = 4000
MAX_COMMENT_CHARS = 1000
MAX_PAGE_MESSAGES = 200
LAYOUT = "\t\n\r"

Request = TypeVar("Request", bound=BaseModel)


def _text(value: str) -> str:
    for position, char in enumerate(value):
        if unicodedata.category(char) == "Cc" and char not in LAYOUT:
            raise ValueError(
                f"holds the control character U+{ord(char):04X} at position {position}; remove it"
            )
    return value


def _not_blank(value: str) -> str:
    # Spaces and invisible characters (Z*, C*) alone are no question; neither is a lone accent (M*).
    if all(unicodedata.category(char)[0] in "ZCM" for char in value):
        raise ValueError("is blank; write something")
    return value


Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]
CustomerId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
CustomerHash = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$")]
IDENTIFIER_PROBLEM = "must be 1 to 128 letters, digits or . _ : - and start with a letter or digit"
PATTERNS = {
    "session_id": IDENTIFIER_PROBLEM,
    "message_id": IDENTIFIER_PROBLEM,
    "customer_id": "must be 1 to 128 printable ASCII characters without spaces",
    "customer_hash": "must be 64 hexadecimal digits (HMAC-SHA256 of the customer_id)",
    "before": "must be the `next` of an earlier answer",
}


class _Body(BaseModel):
    # Unknown fields are let through: clients of other systems send more than we read.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class ChatRequest(_Body):
    """The body of POST /chat."""

    query: Annotated[
        str, Field(max_length=MAX_QUERY_CHARS), AfterValidator(_text), AfterValidator(_not_blank)
    ]
    session_id: Identifier | None = None
    message_id: Identifier | None = None
    customer_id: CustomerId | None = None
    customer_hash: CustomerHash | None = None


class FeedbackRequest(_Body):
    """The body of POST /chat/{session_id}/feedback."""

    message_id: Identifier
    rating: Literal["up", "down"]
    comment: Annotated[str, Field(max_length=MAX_COMMENT_CHARS), AfterValidator(_text)] | None = None


class SessionPath(_Body):
    """The session in a path."""

    session_id: Identifier


class HistoryQuery(BaseModel):
    """The query of GET /chat/{session_id}; `limit` counts messages, two an exchange."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    limit: int = Field(50, ge=2, le=MAX_PAGE_MESSAGES)
    before: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,14}$")] | None = None

    @property
    def older_than(self) -> datetime | None:
        """The time that `before` stands for."""
        return from_millis(int(self.before)) if self.before is not None else None


def parse_body(model: type[Request], body: bytes) -> Request:
    """Parse a JSON body of at most 64 KB. Raises BodyTooLarge, BadInput."""
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(
            f"The request is too large: {len(body)} bytes, and at most {MAX_BODY_BYTES} are read."
        )
    try:
        # A byte order mark is no part of the text, and NaN is no JSON though Python reads it.
        values = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise BadInput(FieldProblem("body", "is not UTF-8 text; send JSON encoded as UTF-8")) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(FieldProblem("body", "is not valid JSON; send one JSON object")) from error
    if not isinstance(values, dict):
        raise BadInput(FieldProblem("body", 'must be a JSON object, such as {"query": "…"}'))
    return parse(model, values)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def parse(model: type[Request], values: dict[str, Any]) -> Request:
    """Check values against a request's model. Raises BadInput naming each wrong field."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # Only the place and our own words: pydantic would repeat the input, a customer's text perhaps.
        raise BadInput(
            *(_problem(dict(e)) for e in error.errors(include_url=False, include_input=False))
        ) from None


def _problem(error: dict[str, Any]) -> FieldProblem:
    name = str(error["loc"][0])
    kind, context = error["type"], error.get("ctx", {})
    sentences = {
        "missing": "is required",
        "string_type": "must be a string",
        "string_unicode": "holds half a character (a lone surrogate); send valid Unicode",
        "string_too_long": f"must be at most {context.get('max_length')} characters long",
        "string_pattern_mismatch": PATTERNS.get(name, "is malformed"),
        "int_parsing": "must be a whole number",
        "greater_than_equal": f"must be at least {context.get('ge')}",
        "less_than_equal": f"must be at most {context.get('le')}",
        "literal_error": f"must be {context.get('expected')}",
        "value_error": str(context.get("error")),
    }
    return FieldProblem(name, sentences.get(kind) or str(error["msg"]).lower())
