"""The description of the API says what there is, and in OpenAPI."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app import app
from chalicelib.api.cors import PREFLIGHT
from chalicelib.api.http import OF_CHALICE, OUR_FAULT, STATUSES
from deployment.gateway import RESPONSES
from deployment.openapi.document import OPERATIONS, render
from tests.contract import COMPONENTS, DOCUMENT, closed, open_validator, resolved, validator
from tests.web import serving
from tooling.project import ROOT

OF_NO_ROUTE = {"not_found", "method_not_allowed"}


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each described route, as `GET /health`, with its description."""
    for path, methods in DOCUMENT["paths"].items():
        yield from ((f"{method.upper()} {path}", operation) for method, operation in methods.items())


def contents(operation: dict[str, Any]) -> Iterator[tuple[Any, list[Any]]]:
    """Yield each schema of a route's answers with the examples of it."""
    for response in map(resolved, operation["responses"].values()):
        for content in response.get("content", {}).values():
            examples = [each["value"] for each in content.get("examples", {}).values()]
            yield content["schema"], [*examples, *([content["example"]] if "example" in content else [])]


each_operation = pytest.mark.parametrize(
    "operation", [pytest.param(operation, id=name) for name, operation in operations()]
)


def test_the_description_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_its_files_are_what_the_types_say() -> None:
    for path, text in render().items():
        assert (ROOT / path).read_text("utf-8") == text, "python -m deployment.openapi writes them"


def test_the_app_serves_it() -> None:
    with serving() as web:
        response = web.send("GET", "/openapi.json")
    assert json.loads(response.body) == DOCUMENT
    assert response.headers["Content-Type"] == "application/json"


def test_every_route_is_described_and_no_other() -> None:
    served = {f"{method} {path}" for path, methods in app.routes.items() for method in methods}
    described = [name for name, _ in operations()]
    # What a client knows of any server.
    of_http = (f"{PREFLIGHT} ", "HEAD ")
    assert sorted(described) == sorted(name for name in served if not name.startswith(of_http))
    assert len(described) == len(OPERATIONS)


def test_every_code_of_an_error_is_described() -> None:
    of_chalice = {code for code, _ in OF_CHALICE.values()} | {OUR_FAULT[0]}
    known = {code for _, code in STATUSES.values()} | of_chalice | {each.code for each in RESPONSES.values()}
    described = {code for each in COMPONENTS["responses"].values() for code in codes_of(each)}
    assert described == known - OF_NO_ROUTE
    assert all(f"`{code}`" in DOCUMENT["info"]["description"] for code in OF_NO_ROUTE)


def codes_of(response: dict[str, Any]) -> list[str]:
    """Return the codes that an answer of an error may have."""
    (content,) = response["content"].values()
    return [example["value"]["code"] for example in content["examples"].values()]


def test_an_agents_route_wants_a_token_and_no_other_does() -> None:
    for name, operation in operations():
        method, path = name.split()
        wants_token = operation["security"] == [{"agentToken": []}]
        assert wants_token == bool(app.routes[path][method].authorizer), name


@each_operation
def test_its_examples_are_as_they_are_described(operation: dict[str, Any]) -> None:
    for schema, examples in contents(operation):
        for example in examples:
            validator(json.dumps(closed(schema))).validate(example)
    body = operation.get("requestBody")
    if body:
        content = body["content"]["application/json"]
        assert content["examples"]
        for example in content["examples"].values():
            open_validator(json.dumps(content["schema"])).validate(example["value"])


@each_operation
def test_its_parameters_have_words_and_its_answers_headers(operation: dict[str, Any]) -> None:
    assert all(each["description"] for each in operation["parameters"])
    for status, response in operation["responses"].items():
        headers = set(resolved(response)["headers"])
        assert headers == {"X-Correlation-Id"} | ({"Retry-After"} if status in ("429", "503") else set())
