"""Faults that a test switches on over HTTP, to see how the product bears them.

`PUT /_devstack/faults` with `{"operation": "Converse", "error": "ThrottlingException", "times": 2}` makes the
next two calls fail; `GET` lists what is on; `DELETE` (with `?operation=` for one) switches off.

The operation `IngestionJob` stands for what happens after a job has started: with `delay_seconds` the next
one takes that much longer, with `error` it ends as FAILED, for the reason `message`, and has indexed nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from werkzeug.wrappers import Request, Response

from devstack.bedrock.wire.protocol import ServiceError

PATH = "/_devstack/faults"
INGESTION_JOB = "IngestionJob"
JOB_ERRORS = frozenset({"InternalServerException"})
# A page in a browser can make its own host name point here (DNS rebinding), but not take one of these names.
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


class InvalidFault(Exception):
    """The fault asked for is not one that the operation can have."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with an operation: `times` None means until cleared."""

    operation: str
    error: str | None = None
    message: str = "Switched on through /_devstack/faults"
    times: int | None = None
    delay_seconds: float = 0.0
    malformed: bool = False
    rate_per_second: float | None = None


class Faults:
    """The faults that are on, one per operation."""

    def __init__(self, declared_errors: Mapping[str, frozenset[str]]) -> None:
        self._declared = {**declared_errors, INGESTION_JOB: JOB_ERRORS}
        self._faults: dict[str, Fault] = {}
        self._last_call: dict[str, float] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def switch_on(self, fault: Fault) -> None:
        """Put the operation's fault in place. Raises: InvalidFault."""
        _check(fault, self._declared)
        with self._lock:
            self._faults[fault.operation] = fault
            self._last_call.pop(fault.operation, None)

    def switch_off(self, operation: str | None = None) -> None:
        """Clear one operation's fault, or every fault."""
        with self._lock:
            for name in [operation] if operation else list(self._faults):
                self._faults.pop(name, None)

    def active(self) -> list[Fault]:
        """Return the faults that are on."""
        with self._lock:
            return list(self._faults.values())

    def meet(self, operation: str) -> bool:
        """Suffer the operation's fault, if one is on; return whether its answer is to be malformed.

        Raises: ServiceError with the error that was asked for, or ThrottlingException above the rate.
        """
        fault = self.take(operation)
        if fault is None:
            return False
        if fault.delay_seconds and self._closing.wait(fault.delay_seconds):
            raise ServiceError("InternalServerException", "The stand-in is shutting down")
        if fault.error:
            raise ServiceError(fault.error, fault.message)
        return fault.malformed

    def take(self, operation: str) -> Fault | None:
        """Return the operation's fault, if one is on, and count this use of it."""
        with self._lock:
            fault = self._faults.get(operation)
            if fault is None:
                return None
            if fault.times is not None:
                self._count_down(fault, fault.times)
            if fault.rate_per_second is not None and not self._within_rate(operation, fault.rate_per_second):
                return replace(fault, error="ThrottlingException", message="Rate exceeded")
            return fault

    def close(self) -> None:
        """Let go of every call that is being delayed."""
        self._closing.set()

    def _count_down(self, fault: Fault, times: int) -> None:
        if times > 1:
            self._faults[fault.operation] = replace(fault, times=times - 1)
        else:
            del self._faults[fault.operation]

    def _within_rate(self, operation: str, rate_per_second: float) -> bool:
        now = time.monotonic()
        last = self._last_call.get(operation)
        if last is not None and now - last < 1 / rate_per_second:
            return False
        self._last_call[operation] = now
        return True


def _check(fault: Fault, declared: Mapping[str, frozenset[str]]) -> None:
    if fault.operation not in declared:
        raise InvalidFault(f"operation must be one of {', '.join(sorted(declared))}")
    errors = declared[fault.operation]
    if fault.error is not None and fault.error not in errors:
        raise InvalidFault(f"{fault.operation} declares these errors: {', '.join(sorted(errors))}")
    if fault.rate_per_second is not None and "ThrottlingException" not in errors:
        raise InvalidFault(f"{fault.operation} declares no ThrottlingException, so it has no rate")
    if fault.malformed and fault.operation == INGESTION_JOB:
        raise InvalidFault(f"{INGESTION_JOB} gives no answer that could be malformed")
    if not (fault.error or fault.delay_seconds or fault.malformed or fault.rate_per_second):
        raise InvalidFault("a fault needs one of error, delay_seconds, malformed, rate_per_second")


def answer(request: Request, faults: Faults) -> Response:
    """Answer a request to the faults' own address."""
    if request.host.rsplit(":", 1)[0] not in LOCAL_HOSTS:
        return _json({"error": "only for this machine"}, 403)
    if request.method == "PUT":
        try:
            faults.switch_on(_fault_from(request.get_data()))
        except InvalidFault as error:
            return _json({"error": str(error)}, 400)
    elif request.method == "DELETE":
        faults.switch_off(request.args.get("operation"))
    elif request.method != "GET":
        return _json({"error": "GET, PUT or DELETE"}, 405)
    return _json({"faults": [asdict(fault) for fault in faults.active()]})


def _fault_from(body: bytes) -> Fault:
    try:
        given = json.loads(body)
    except ValueError as error:
        raise InvalidFault("the body is not JSON") from error
    if not isinstance(given, dict) or not isinstance(given.get("operation"), str):
        raise InvalidFault("the body names no operation")
    unknown = given.keys() - Fault.__dataclass_fields__.keys()
    if unknown:
        raise InvalidFault(f"unknown: {', '.join(sorted(unknown))}")
    wrong = sorted(name for name, value in given.items() if not _is_allowed(name, value))
    if wrong:
        raise InvalidFault(f"wrong type or range: {', '.join(wrong)}")
    return Fault(**given)


def _is_allowed(name: str, value: Any) -> bool:
    if name == "malformed":
        return isinstance(value, bool)
    if name in ("operation", "message"):
        return isinstance(value, str)
    if name == "error":
        return value is None or isinstance(value, str)
    if value is None:
        return name in ("times", "rate_per_second")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return (
        value >= 0 if name == "delay_seconds" else value > 0 and (name != "times" or isinstance(value, int))
    )


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, content_type="application/json")
