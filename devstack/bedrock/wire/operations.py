"""Which operation a request asks for, and whether its parameters have the shape that the operation takes.

Both are read from the service models that boto3 ships, so the stand-in follows the services and not our
memory of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.loaders import Loader
from botocore.model import (
    ListShape,
    MapShape,
    OperationModel,
    ServiceModel,
    Shape,
    StringShape,
    StructureShape,
)
from botocore.validate import ParamValidator
from werkzeug.wrappers import Request

from devstack.bedrock.wire.protocol import AWS_JSON, REST_JSON, RPC_CBOR, ServiceError, Target

REST_SERVICES = ("bedrock-runtime", "bedrock-agent-runtime", "bedrock-agent", "bedrock", "sesv2")
RPC_SERVICES = ("comprehend",)
RPC_PATH = re.compile(r"/service/(?P<prefix>[^/]+)/operation/(?P<operation>[^/]+)/?")
# Shapes whose values the operation refuses itself, with an error of its own name.
LEFT_TO_THE_OPERATION = frozenset({"LanguageCode"})


class Router:
    """Finds the operation that a request names."""

    def __init__(self) -> None:
        loader = Loader()
        services = {
            name: ServiceModel(loader.load_service_model(name, "service-2"), name)
            for name in REST_SERVICES + RPC_SERVICES
        }
        self._routes = [
            (operation.http["method"], _path_pattern(operation.http["requestUri"]), operation)
            for service in REST_SERVICES
            for operation in _operations(services[service])
        ]
        self._rpc = {
            (services[service].metadata["targetPrefix"], operation.name): operation
            for service in RPC_SERVICES
            for operation in _operations(services[service])
        }

    def resolve(self, request: Request) -> Target:
        """Return what the request asks for.

        Raises: ServiceError (UnknownOperationException) for a route that no service model has.
        """
        target = self._resolve_rpc(request) or self._resolve_rest(request)
        if target is None:
            raise ServiceError(
                "UnknownOperationException", f"No operation at {request.method} {request.path}"
            )
        return target

    def declared_errors(self, operation_names: Iterable[str]) -> dict[str, frozenset[str]]:
        """Return the errors that each of the operations may answer with, also in the middle of a stream."""
        wanted = set(operation_names)
        operations = [operation for _, _, operation in self._routes] + list(self._rpc.values())
        return {
            operation.name: frozenset(
                shape.name for shape in [*operation.error_shapes, *_in_stream(operation)]
            )
            for operation in operations
            if operation.name in wanted
        }

    def _resolve_rpc(self, request: Request) -> Target | None:
        prefix, _, name = request.headers.get("X-Amz-Target", "").partition(".")
        codec = AWS_JSON
        if match := RPC_PATH.fullmatch(request.path):
            prefix, name, codec = match["prefix"], match["operation"], RPC_CBOR
        operation = self._rpc.get((prefix, name))
        return None if operation is None else Target(operation, codec, is_rpc=True)

    def _resolve_rest(self, request: Request) -> Target | None:
        path = _raw_path(request)
        for method, pattern, operation in self._routes:
            if method == request.method and (match := pattern.fullmatch(path)):
                values = {name: unquote(value) for name, value in match.groupdict().items()}
                return Target(operation, REST_JSON, path_parameters=values)
        return None


def _operations(service: ServiceModel) -> list[OperationModel]:
    return [service.operation_model(name) for name in service.operation_names]


def _in_stream(operation: OperationModel) -> list[Shape]:
    stream: Any = operation.get_event_stream_output()
    members = stream.members.values() if stream else ()
    return [member for member in members if member.metadata.get("exception")]


def _path_pattern(template: str) -> re.Pattern[str]:
    literal_and_names = re.split(r"\{(\w+)\+?\}", urlsplit(template).path.rstrip("/"))
    parts = [
        f"(?P<{part}>[^/]+)" if odd else re.escape(part)
        for part, odd in zip(literal_and_names, [False, True] * len(literal_and_names), strict=False)
    ]
    return re.compile("".join(parts) + "/?")


def _raw_path(request: Request) -> str:
    """Return the path still encoded: a model's ARN holds slashes, which arrive as %2F."""
    raw = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.path
    return urlsplit(str(raw)).path


def checked(parameters: dict[str, Any], operation: OperationModel) -> dict[str, Any]:
    """Return the parameters without nulls, when the operation's input shape allows them.

    Raises: ServiceError, ValidationException or what the operation declares in its place.
    """
    shape = operation.input_shape
    if shape is None:
        return {}
    given: dict[str, Any] = _without_nulls(parameters, shape)
    if problems := problems_with(given, shape):
        plural = "s" if len(problems) > 1 else ""
        raise ServiceError(
            _refusal(operation), f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}"
        )
    return given


class UnlikeAws(Exception):
    """An answer of the stand-in that the service cannot give: what works with it would fail there."""


def sendable(output: dict[str, Any], operation: OperationModel) -> dict[str, Any]:
    """Return an output when the operation's output shape allows it. Raises: UnlikeAws."""
    if operation.output_shape is not None:
        _require_like_aws(output, operation.output_shape, operation)
    return output


def sendable_events(
    events: Iterable[tuple[str, dict[str, Any]]], operation: OperationModel
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the events of a stream, each when its shape allows it. Raises: UnlikeAws."""
    stream: Any = operation.get_event_stream_output()
    for name, members in events:
        _require_like_aws(members, stream.members[name], operation)
        yield name, members


def _require_like_aws(value: dict[str, Any], shape: Shape, operation: OperationModel) -> None:
    if problems := problems_with(value, shape):
        raise UnlikeAws(f"{operation.name}: {shape.name}: {'; '.join(problems)}")


def problems_with(value: Any, shape: Shape) -> list[str]:
    """Return what a shape forbids in a value, path by path."""
    report = ParamValidator().validate(value, shape)
    return report.generate_report().splitlines() if report.has_errors() else list(_excesses(value, shape, ""))


def _refusal(operation: OperationModel) -> str:
    declared = {shape.name for shape in operation.error_shapes}
    own = ("InvalidRequestException", "BadRequestException")
    return next((name for name in own if name in declared), "ValidationException")


def _without_nulls(value: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape) and not shape.is_document_type and isinstance(value, dict):
        return {
            key: _without_nulls(each, shape.members[key]) if key in shape.members else each
            for key, each in value.items()
            if each is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_without_nulls(each, shape.member) for each in value]
    return value


def _excesses(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Yield what botocore leaves to the service: upper bounds, patterns and enumerations."""
    if isinstance(shape, StructureShape) and not shape.is_document_type:
        for key, each in value.items():
            yield from _excesses(each, shape.members[key], f"{path}.{key}" if path else key)
    elif isinstance(shape, ListShape):
        yield from _above_maximum(len(value), shape, path, "length")
        for index, each in enumerate(value):
            yield from _excesses(each, shape.member, f"{path}.{index}")
    elif isinstance(shape, MapShape):
        yield from _above_maximum(len(value), shape, path, "length")
        for key, each in value.items():
            yield from _excesses(key, shape.key, path)
            yield from _excesses(each, shape.value, f"{path}.{key}")
    elif isinstance(shape, StringShape):
        yield from _string_excesses(value, shape, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _above_maximum(value, shape, path, "value")


def _above_maximum(size: float, shape: Shape, path: str, what: str) -> Iterator[str]:
    maximum = shape.metadata.get("max")
    if maximum is not None and size > maximum:
        yield _constraint(path, f"Member must have {what} less than or equal to {maximum}")


def _string_excesses(value: str, shape: StringShape, path: str) -> Iterator[str]:
    if shape.name in LEFT_TO_THE_OPERATION:
        return
    yield from _above_maximum(len(value), shape, path, "length")
    if shape.enum and value not in shape.enum:
        yield _constraint(path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    compiled = _compiled(pattern) if pattern else None
    if compiled is not None and not compiled.fullmatch(value):
        yield _constraint(path, f"Member must satisfy regular expression pattern: {pattern}")


def _constraint(path: str, constraint: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: {constraint}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a model's pattern, or return None for Java syntax that Python does not have (`\\P{C}`)."""
    try:
        return re.compile(pattern)
    except re.error:
        return None
