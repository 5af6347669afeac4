"""AWS's wire protocols, as botocore's own service models describe them.

Supported are restJson1 (Bedrock), and for Comprehend both smithy-rpc-v2-cbor (botocore 1.44) and awsJson1.1
(older ones).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import cbor2
from botocore.model import OperationModel, StructureShape
from werkzeug.wrappers import Request, Response

from devstack.bedrock.wire import event_stream

UNMODELLED_STATUS = {"UnknownOperationException": 404}


class ServiceError(Exception):
    """An error that the service answers with; `code` is its name in the service model."""

    def __init__(self, code: str, message: str, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.members = members


@dataclass(frozen=True)
class Codec:
    """How a protocol writes values: `loads` raises ValueError on anything that it cannot read."""

    content_type: str
    loads: Callable[[bytes], Any]
    dumps: Callable[[Any], bytes]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """What a request asks for: an operation, in a protocol, with the parameters that the path holds."""

    operation: OperationModel
    codec: Codec
    is_rpc: bool = False
    path_parameters: Mapping[str, str] = field(default_factory=dict)


def _load_json(body: bytes) -> Any:
    try:
        value = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if (
        b"\\u" in body
    ):  # an escaped lone surrogate is no text: encoding it raises UnicodeEncodeError, a ValueError
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _dump_json(value: Any) -> bytes:
    return json.dumps(value, default=_wire_time).encode()


def _wire_time(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not travel as JSON")


def _load_cbor(body: bytes) -> Any:
    try:
        return cbor2.loads(body)
    except (cbor2.CBORDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error


REST_JSON = Codec("application/json", _load_json, _dump_json)
AWS_JSON = Codec("application/x-amz-json-1.1", _load_json, _dump_json)
RPC_CBOR = Codec("application/cbor", _load_cbor, cbor2.dumps, {"smithy-protocol": "rpc-v2-cbor"})


def read_input(request: Request, target: Target) -> dict[str, Any]:
    """Return the operation's parameters as they arrived, not yet checked against its shape.

    Raises: ServiceError (SerializationException) when the body cannot be read.
    """
    body = request.get_data()
    try:
        parameters = target.codec.loads(body) if body else {}
    except ValueError as error:
        raise ServiceError("SerializationException", "The request body could not be read") from error
    if not isinstance(parameters, dict):
        raise ServiceError("SerializationException", "The request body is not an object")
    return {**parameters, **target.path_parameters}


def answer(target: Target, output: Mapping[str, Any]) -> Response:
    """Write an operation's output."""
    status = target.operation.http.get("responseCode", 200)
    return _response(status, target.codec, target.codec.dumps(dict(output)))


def stream_answer(target: Target, events: Iterable[tuple[str, Mapping[str, Any]]]) -> Response:
    """Write the events of an operation's output as they come, and an error among them as AWS does."""

    def frames() -> Iterator[bytes]:
        try:
            for name, members in events:
                yield event_stream.event(name, target.codec.dumps(dict(members)))
        except ServiceError as error:
            name = error.code[0].lower() + error.code[1:]
            yield event_stream.exception(name, target.codec.dumps({"message": error.message}))

    status = target.operation.http.get("responseCode", 200)
    response = Response(frames(), status=status, content_type="application/vnd.amazon.eventstream")
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response


def malformed_answer(target: Target) -> Response:
    """Write an answer that stops half way, as a broken proxy would pass it on."""
    return _response(200, target.codec, target.codec.dumps({"output": ["…"] * 3})[:-4])


def error_answer(target: Target | None, error: ServiceError) -> Response:
    """Write an error as the operation's protocol does."""
    codec = target.codec if target else REST_JSON
    shape = _error_shape(target, error.code)
    name_of_message = "Message" if shape is not None and "Message" in shape.members else "message"
    body: dict[str, Any] = {name_of_message: error.message, **error.members}
    if target and target.is_rpc:
        body["__type"] = f"com.amazonaws.{target.operation.service_model.service_name}#{error.code}"
    declared = shape.metadata["error"]["httpStatusCode"] if shape is not None else None
    response = _response(declared or UNMODELLED_STATUS.get(error.code, 400), codec, codec.dumps(body))
    response.headers["x-amzn-ErrorType"] = error.code
    return response


def _error_shape(target: Target | None, code: str) -> StructureShape | None:
    declared = target.operation.error_shapes if target else []
    named = (shape for shape in declared if shape.name == code and isinstance(shape, StructureShape))
    return next(named, None)


def _response(status: int, codec: Codec, body: bytes) -> Response:
    headers = {"x-amzn-RequestId": str(uuid.uuid4()), **codec.headers}
    return Response(body, status=status, headers=headers, content_type=codec.content_type)
