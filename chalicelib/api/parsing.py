"""Parses what clients send, or refuses it by the field and what to do, in our own words.

Pydantic's name types of Python and may repeat the input, a customer's text perhaps.
"""

import json
from typing import Any, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from chalicelib.api.fields import PATTERNS, Identifier
from chalicelib.errors import BadInput, BodyTooLarge, FieldProblem

MAX_BODY_BYTES = 64 * 1024
IDENTIFIER = TypeAdapter(Identifier, config=ConfigDict(defer_build=True))

Request = TypeVar("Request", bound=BaseModel)


STRICT = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)
"""For bodies of our own API alone, where an unknown field is a slip."""


def at_least_one_of(*fields: str) -> dict[str, Any]:
    """Return what the description of a body says where one of these fields is needed, and null is none."""
    given = [{"required": [name], "properties": {name: {"type": "string"}}} for name in fields]
    return {"anyOf": given}


class Body(BaseModel):
    """A JSON object; unknown fields are let through: clients of other systems send more than we read."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", defer_build=True)


class Query(BaseModel):
    """What follows the `?`; all of it arrives as text."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


def parse_body(kind: type[Request], body: bytes) -> Request:
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
        names = sorted(kind.model_fields, key=lambda name: not kind.model_fields[name].is_required())
        raise BadInput(FieldProblem("body", f'must be a JSON object, such as {{"{names[0]}": "…"}}'))
    return parse(kind, values)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def parse(kind: type[Request], values: dict[str, Any]) -> Request:
    """Check values against the fields of a request. Raises BadInput naming each wrong field."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise BadInput(*(_problem(str(each["loc"][0]), dict(each)) for each in problems)) from None


def parse_path(name: str, value: str, kind: "TypeAdapter[str]" = IDENTIFIER) -> str:
    """Check a part of a path, which arrives percent-encoded as the client wrote it. Raises BadInput."""
    try:
        return kind.validate_python(unquote(value, errors="strict"))
    except UnicodeDecodeError:
        raise BadInput(FieldProblem(name, "is not percent-encoded UTF-8")) from None
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise BadInput(*(_problem(name, dict(each)) for each in problems)) from None


def _problem(name: str, error: dict[str, Any]) -> FieldProblem:
    kind, context = error["type"], error.get("ctx", {})
    sentences = {
        "missing": "is required",
        "extra_forbidden": "is not known here; leave it out",
        "string_type": "must be a string",
        "string_unicode": "holds half a character (a lone surrogate); send valid Unicode",
        "string_too_long": f"must be at most {context.get('max_length')} characters long",
        "string_pattern_mismatch": PATTERNS.get(name, "is malformed"),
        "bool_type": "must be true or false",
        "dict_type": "must be a JSON object",
        "int_type": "must be a whole number",
        "int_parsing": "must be a whole number",
        "int_parsing_size": "is too large",
        "greater_than_equal": f"must be at least {context.get('ge')}",
        "less_than_equal": f"must be at most {context.get('le')}",
        "literal_error": f"must be {context.get('expected')}",
        "value_error": str(context.get("error")),
    }
    return FieldProblem(name, sentences.get(kind, "is not valid"))
