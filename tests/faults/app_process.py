"""The app in a process of its own, called as Lambda calls it; its calls are noted, and led into faults.

Each call of AWS has a name, such as `Query support-tickets`: what is called and, where the app's policy tells
them apart, on what. A fault is put on such a name. Connections that go anywhere else are noted too, so that
nothing the app depends on escapes.
"""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore import handlers
from botocore.awsrequest import AWSPreparedRequest
from botocore.model import OperationModel

import app as app_module
from chalicelib.errors import Unavailable
from chalicelib.services import Services
from chalicelib.settings import read_settings
from devstack.app.stage import load_app
from tests.deploy.iam import Need, needs_of
from tests.faults.fault_server import FAULT_HEADER, REFUSED
from tests.service_models import problems

BY_RESOURCE = ("dynamodb", "secretsmanager")
"""Services that hold several things of ours, each a dependency of its own."""
HOSTS_OF_OURS = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Settings:
    """What a container is started with; the ports are of 127.0.0.1, and `closed_port` takes no connection."""

    aws_port: int
    fault_port: int
    closed_port: int
    variables: Mapping[str, str]
    log: Path


@dataclass(frozen=True)
class Fault:
    """A kind of fault, and the name of the call that has it, or of the service all of whose calls do."""

    kind: str
    dependency: str


@dataclass(frozen=True)
class Invocation:
    """A call of one of the app's functions; `is_cold` makes it the first of a new container."""

    function: str
    event: Mapping[str, Any]
    fault: Fault | None = None
    is_cold: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of it: an answer, or the name of what the function raised.

    `calls` holds the names of the calls made, each with what a policy has to allow for it; `struck` counts
    those that met the fault, `elsewhere` lists where else a connection went to, and `refused` what AWS would
    refuse of the calls, which the stand-ins take.
    """

    answer: Any
    raised: str | None
    calls: Mapping[str, frozenset[str]]
    struck: int
    elsewhere: frozenset[str]
    refused: frozenset[str]


class Wire:
    """What lies between the app and its dependencies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._suffix = settings.variables["TABLE_SUFFIX"]
        self._ports = {settings.aws_port, settings.fault_port, settings.closed_port}
        self._lock = threading.Lock()
        self.fault: Fault | None = None
        self.reset()
        handlers.BUILTIN_HANDLERS.append(("before-parameter-build", self._name))
        handlers.BUILTIN_HANDLERS.append(("before-call", self._mark))
        handlers.BUILTIN_HANDLERS.append(("before-send", self._send))
        sys.addaudithook(self._note_connection)

    def reset(self) -> None:
        """Forget what was noted."""
        self.calls: dict[str, frozenset[str]] = {}
        self.elsewhere: set[str] = set()
        self.refused: set[str] = set()
        self.struck = 0

    def _name(self, params: Any, model: OperationModel, context: dict[str, Any], **_: object) -> None:
        service = model.service_model.service_name
        needs = list(needs_of(service, model.name, params))
        things = [self._thing(need) for need in needs]
        name = " ".join([model.name, *sorted(set(things))] if service in BY_RESOURCE else [model.name])
        context["names"] = (name, service)
        refused = problems(model.input_shape, params) if model.input_shape else ()
        with self._lock:
            self.refused.update(f"{model.name}: {each}" for each in refused)
            self.calls[name] = frozenset(
                f"{need.action} {thing}" if service == "dynamodb" else need.action
                for need, thing in zip(needs, things, strict=True)
            )

    def _thing(self, need: Need) -> str:
        """Return the end of a resource's name, without what the stage adds to it."""
        _, _, table = need.resource.partition(":table/")
        bare, suffix, index = table.partition(self._suffix)
        return bare + index if suffix else need.resource.split("/")[-1]

    def _mark(self, params: Any, context: dict[str, Any], **_: object) -> None:
        if self.fault is not None and self.fault.dependency in context["names"]:
            params["headers"][FAULT_HEADER] = self.fault.kind

    def _send(self, request: AWSPreparedRequest, **_: object) -> None:
        kind = request.headers.get(FAULT_HEADER)
        if kind is None:
            return
        with self._lock:
            self.struck += 1
        is_refused = kind in (REFUSED, REFUSED.encode())
        port = self._settings.closed_port if is_refused else self._settings.fault_port
        request.url = urlsplit(request.url)._replace(netloc=f"127.0.0.1:{port}").geturl()

    def _note_connection(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            host, port = arguments[:2]
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            host, port = arguments[1][:2]
        else:
            return
        if host not in HOSTS_OF_OURS or port not in self._ports:
            self.elsewhere.add(f"{host}:{port}")


def serve(connection: Connection, settings: Settings) -> None:
    """Answer invocations until the other side hangs up."""
    with settings.log.open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    wire = Wire(settings)
    load_app("local", settings.aws_port, settings.variables)
    wake_up()
    while True:
        try:
            invocation: Invocation = connection.recv()
        except EOFError:
            return
        if invocation.is_cold:
            wake_up()
        connection.send(invoke(wire, invocation))


def wake_up() -> None:
    """Let the app begin as in a new container: with nothing built, read or remembered."""
    services = Services(read_settings())
    vars(app_module)["services"] = lambda: services


def invoke(wire: Wire, invocation: Invocation) -> Outcome:
    """Call a function of the app, with the fault on."""
    handler: Callable[[Any, Any], Any] = app_module.app
    if invocation.function != "api_handler":
        handler = app_module.app.handler_map[invocation.function]
    wire.reset()
    wire.fault = invocation.fault
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(handler, dict(invocation.event), None)
        error = call.exception()
    wire.fault = None
    answer = None if error else call.result()
    elsewhere, refused = frozenset(wire.elsewhere), frozenset(wire.refused)
    return Outcome(answer, _kind(error), wire.calls, wire.struck, elsewhere, refused)


def _kind(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return (Unavailable if isinstance(error, Unavailable) else type(error)).__name__
