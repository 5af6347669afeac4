"""Holds what was asked and answered to the description of the API, more strictly than it is published.

A field that is not described is fine for a client, but here it is a mistake.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jsonschema_rs import Draft202012Validator

from deployment.openapi.document import document
from deployment.openapi.operation import JSON

Schema = dict[str, Any]


def closed(node: Any, is_part: bool = False) -> Any:
    """Return a schema that also refuses what it doesn't describe; the parts of an `allOf` do so together."""
    if isinstance(node, list):
        return [closed(each, is_part) for each in node]
    if not isinstance(node, dict):
        return node
    strict = {name: closed(each, name == "allOf") for name, each in node.items()}
    if not is_part and {"properties", "$ref", "allOf"} & set(node):
        strict["unevaluatedProperties"] = False
    return strict


DOCUMENT = document()
COMPONENTS = DOCUMENT["components"]
CLOSED = {"schemas": {name: closed(schema, True) for name, schema in COMPONENTS["schemas"].items()}}


def check(
    method: str, path: str, sent: bytes, status: int, headers: Mapping[str, str], received: bytes
) -> None:
    """Check an answer against the description of its route, and a request that was taken."""
    operation = operation_of(method, path)
    if operation is None:
        return
    where = f"{method} {operation['operationId']} {status}"
    assert str(status) in operation["responses"], f"{where}: the status is not described"
    response = resolved(operation["responses"][str(status)])
    present = {name.lower(): value for name, value in headers.items()}
    for name, header in response["headers"].items():
        assert name.lower() in present or not resolved(header)["required"], f"{where}: {name} is missing"
    if "content" not in response:
        assert received == b"", f"{where}: a body is not described"
        return
    ((media_type, content),) = response["content"].items()
    # API Gateway adds this one where it is missing.
    sent_type = present.get("content-type", JSON).split(";")[0]
    assert sent_type == media_type, f"{where}: {sent_type} is not described"
    if media_type == JSON:
        validator(json.dumps(closed(content["schema"]))).validate(json.loads(received))
    body = operation.get("requestBody")
    if status < 300 and body and (sent or body["required"]):
        schema = body["content"][JSON]["schema"]
        open_validator(json.dumps(schema)).validate(json.loads(sent.decode("utf-8-sig")))


def operation_of(method: str, path: str) -> Schema | None:
    """Return the description of the route that a request is for; None for preflights and the like."""
    bare = urlsplit(path).path
    for template, operations in sorted(DOCUMENT["paths"].items()):
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), bare):
            found: Schema | None = operations.get(method.lower())
            return found
    return None


def resolved(node: Schema) -> Schema:
    """Return what a reference stands for."""
    while "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        node = COMPONENTS[kind][name]
    return node


@cache
def validator(schema: str) -> Draft202012Validator:
    """Return what checks answers against a closed schema."""
    return Draft202012Validator({**json.loads(schema), "components": CLOSED}, validate_formats=True)


@cache
def open_validator(schema: str) -> Draft202012Validator:
    """Return what checks requests."""
    return Draft202012Validator({**json.loads(schema), "components": COMPONENTS}, validate_formats=True)
