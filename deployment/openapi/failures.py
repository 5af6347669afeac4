"""How routes fail, by status: in our own shape, and in that of API Gateway where it lets nobody in."""

from collections import defaultdict
from collections.abc import Iterator

from chalicelib import errors
from chalicelib.api.answers.common import Error, InvalidRequest
from chalicelib.api.http import OUR_FAULT, STATUSES
from deployment.gateway import RESPONSES
from deployment.openapi.operation import JSON, Operation
from deployment.openapi.parameters import CORRELATION_ID, HEADERS, RETRY_AFTER, header
from deployment.openapi.schemas import Schema, reference

COMMON = (errors.TooManyRequests, errors.Unavailable)
"""API Gateway may answer these before any route."""
WITH_RETRY_AFTER = {429, 503}
OF_THE_AUTHORIZER = {"UNAUTHORIZED": 401, "ACCESS_DENIED": 403}
LOCAL = ' Under `chalice local` the body is `{"message": …}` or `{"Message": …}`.'
PROBLEM = {"field": "query", "problem": "is blank; write something"}
LOCAL_SHAPE: Schema = {
    "type": "object",
    "description": "Chalice's own shape, locally.",
    "properties": {"message": {"type": "string"}, "Message": {"type": "string"}},
    "minProperties": 1,
}


class Failures:
    """Describes the failures of routes, those that are alike once."""

    def __init__(self) -> None:
        self.responses: dict[str, Schema] = {}

    def of(self, operation: Operation) -> dict[str, Schema]:
        """Return the answers of a route that fails, by status."""
        by_status: dict[int, dict[str, str]] = defaultdict(dict)
        for status, code, meaning in _failures(operation):
            by_status[status].setdefault(code, meaning)
        return {str(status): self._shared(status, by_status[status]) for status in sorted(by_status)}

    def _shared(self, status: int, meanings: dict[str, str]) -> Schema:
        name = "Or".join("".join(word.title() for word in code.split("_")) for code in meanings)
        self.responses[name] = _response(status, meanings)
        return {"$ref": f"#/components/responses/{name}"}


def _failures(operation: Operation) -> Iterator[tuple[int, str, str]]:
    """Yield each failure as status, code and what it means."""
    if operation.is_for_agents:
        for name, status in OF_THE_AUTHORIZER.items():
            yield status, RESPONSES[name].code, RESPONSES[name].sentence + LOCAL
    kinds: list[type[errors.SupportError]] = [*operation.errors, *COMMON]
    if operation.body or operation.query or operation.in_path or operation.takes_proof:
        kinds.append(errors.BadInput)
    if operation.body:
        kinds += [errors.BodyTooLarge, errors.NotJson]
    for kind in kinds:
        yield *STATUSES[kind], (kind.__doc__ or "").splitlines()[0]
    yield 500, *OUR_FAULT


def _response(status: int, meanings: dict[str, str]) -> Schema:
    ours: Schema = {
        "allOf": [reference(InvalidRequest if status == 400 else Error)],
        "properties": {"code": {"enum": list(meanings)}},
    }
    is_gateways = any(text.endswith(LOCAL) for text in meanings.values())
    schema = {"anyOf": [ours, LOCAL_SHAPE]} if is_gateways else ours
    headers = {CORRELATION_ID: header(CORRELATION_ID)}
    if is_gateways:
        headers = {CORRELATION_ID: {**HEADERS[CORRELATION_ID], "required": False}}
    if status in WITH_RETRY_AFTER:
        headers[RETRY_AFTER] = header(RETRY_AFTER)
    return {
        "description": "\n".join(f"- `{code}`: {text}" for code, text in meanings.items()),
        "headers": headers,
        "content": {JSON: {"schema": schema, "examples": dict(_examples(status, meanings))}},
    }


def _examples(status: int, meanings: dict[str, str]) -> Iterator[tuple[str, Schema]]:
    for code, text in meanings.items():
        body: Schema = {"error": text.removesuffix(LOCAL), "code": code}
        if status == 400:
            body |= {"error": f"The request is not valid: {PROBLEM['field']} {PROBLEM['problem']}."}
            body |= {"fields": [PROBLEM]}
        yield code, {"value": {**body, "correlation_id": HEADERS[CORRELATION_ID]["example"]}}
