"""Which operation a request asks for, by the service models that boto3 ships.

Routes are read from the models, so the stand-in follows the services and not our memory of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from werkzeug.wrappers import Request

from devstack.bedrock.wire.protocol import AWS_JSON, REST_JSON, RPC_CBOR, ServiceError, Target

REST_SERVICES = ("bedrock-runtime", "bedrock-agent-runtime", "bedrock-agent", "bedrock")
RPC_SERVICES = ("comprehend",)
RPC_PATH = re.compile(r"/service/(?P<prefix>[^/]+)/operation/(?P<operation>[^/]+)/?")


class Router:
    """Finds the operation that a request names."""

    def __init__(self) -> None:
        loader = Loader()
        models = {
            name: ServiceModel(loader.load_service_model(name, "service-2"), name)
            for name in REST_SERVICES + RPC_SERVICES
        }
        self._routes = [
            (operation.http["method"], _path_pattern(operation.http["requestUri"]), operation)
            for service in REST_SERVICES
            for operation in _operations(models[service])
        ]
        self._rpc = {
            (models[service].metadata["targetPrefix"], operation.name): operation
            for service in RPC_SERVICES
            for operation in _operations(models[service])
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
        """Return the errors that each of the operations may answer with."""
        wanted = set(operation_names)
        operations = [operation for _, _, operation in self._routes] + list(self._rpc.values())
        return {
            operation.name: frozenset(shape.name for shape in operation.error_shapes)
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


def _operations(model: ServiceModel) -> list[OperationModel]:
    return [model.operation_model(name) for name in model.operation_names]


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
