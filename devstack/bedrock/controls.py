"""What a test switches on and reads over HTTP: faults of operations, and how often each was called.

`PUT /_devstack/faults` with `{"operation": "Converse", "error": "ThrottlingException", "times": 2}` makes the
next two calls fail; `GET` lists what is on; `DELETE` (with `?operation=` for one) switches off.
`GET /_devstack/calls` answers `{"calls": {"Converse": 2}}`.

Of `ConverseStream`, `pause_seconds` is how long each event takes, as if a model wrote it; with `after_events`
the error comes when so many have been sent, and with `cut` the connection ends there.

The operation `IngestionJob` stands for what happens after a job has started: with `delay_seconds` the next
one takes that much longer, with `error` it ends as FAILED, for the reason `message`, and has indexed nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, PositiveInt, ValidationError
from werkzeug.wrappers import Request, Response

from devstack.bedrock.wire.protocol import ServiceError

FAULTS_PATH, CALLS_PATH = "/_devstack/faults", "/_devstack/calls"
INGESTION_JOB, STREAM = "IngestionJob", "ConverseStream"
JOB_ERRORS = frozenset({"InternalServerException"})
# A page in a browser can make its own host name point here (DNS rebinding), but not take one of these names.
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


T = TypeVar("T")


class InvalidFault(Exception):
    """The fault asked for is not one that the operation can have."""


class StreamCut(ConnectionError):
    """The connection ends in the middle of a stream; the server says nothing of that kind of failure."""


class Fault(BaseModel):
    """What goes wrong with an operation: `times` None means until cleared."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    operation: str
    error: str | None = None
    message: str = "Switched on through /_devstack/faults"
    times: PositiveInt | None = None
    delay_seconds: NonNegativeFloat = 0.0
    malformed: bool = False
    rate_per_second: PositiveFloat | None = None
    pause_seconds: NonNegativeFloat = 0.0
    after_events: PositiveInt | None = None
    cut: bool = False


NO_FAULT = Fault(operation="")


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

    def begin(self, operation: str) -> Fault:
        """Wait or fail as the operation's fault says, if one is on; return what is still to go wrong.

        Raises: ServiceError with the error that was asked for, or ThrottlingException above the rate.
        """
        fault = self.take(operation) or NO_FAULT
        self._wait(fault.delay_seconds)
        if fault.error and fault.after_events is None:
            raise ServiceError(fault.error, fault.message)
        return fault

    def during(self, fault: Fault, events: Iterable[T]) -> Iterator[T]:
        """Yield the events of a stream as its fault says. Raises: ServiceError, StreamCut."""
        for sent, event in enumerate(events):
            if sent == fault.after_events:
                if fault.cut:
                    raise StreamCut
                raise ServiceError(fault.error or "InternalServerException", fault.message)
            self._wait(fault.pause_seconds)
            yield event

    def take(self, operation: str) -> Fault | None:
        """Return the operation's fault, if one is on, and count this use of it."""
        with self._lock:
            fault = self._faults.get(operation)
            if fault is None:
                return None
            if fault.times is not None:
                self._count_down(fault, fault.times)
            if fault.rate_per_second is not None and not self._within_rate(operation, fault.rate_per_second):
                return fault.model_copy(update={"error": "ThrottlingException", "message": "Rate exceeded"})
            return fault

    def close(self) -> None:
        """Let go of every call that is being delayed."""
        self._closing.set()

    def _wait(self, seconds: float) -> None:
        if seconds and self._closing.wait(seconds):
            raise ServiceError("InternalServerException", "The stand-in is shutting down")

    def _count_down(self, fault: Fault, times: int) -> None:
        if times > 1:
            self._faults[fault.operation] = fault.model_copy(update={"times": times - 1})
        else:
            del self._faults[fault.operation]

    def _within_rate(self, operation: str, rate_per_second: float) -> bool:
        now = time.monotonic()
        last = self._last_call.get(operation)
        if last is not None and now - last < 1 / rate_per_second:
            return False
        self._last_call[operation] = now
        return True


class Calls:
    """Counts every call that reached the stand-in, including those that it refused."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, operation: str) -> None:
        """Add one to an operation."""
        with self._lock:
            self._counts[operation] += 1

    def counted(self) -> dict[str, int]:
        """Return the counts since the start."""
        with self._lock:
            return dict(self._counts)


def answer(request: Request, faults: Faults, calls: Calls) -> Response | None:
    """Answer a request to one of the two paths; another one is not answered here."""
    if request.path == CALLS_PATH:
        return _json({"calls": calls.counted()})
    return _answer_faults(request, faults) if request.path == FAULTS_PATH else None


def _answer_faults(request: Request, faults: Faults) -> Response:
    if request.host.rsplit(":", 1)[0] not in LOCAL_HOSTS:
        return _json({"error": "only for this machine"}, 403)
    if request.method == "PUT":
        try:
            faults.switch_on(Fault.model_validate_json(request.get_data()))
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            return _json({"error": "; ".join(problems)}, 400)
        except InvalidFault as error:
            return _json({"error": str(error)}, 400)
    elif request.method == "DELETE":
        faults.switch_off(request.args.get("operation"))
    elif request.method != "GET":
        return _json({"error": "GET, PUT or DELETE"}, 405)
    return _json({"faults": [fault.model_dump() for fault in faults.active()]})


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
    is_of_stream = fault.pause_seconds or fault.after_events or fault.cut
    if is_of_stream and fault.operation != STREAM:
        raise InvalidFault(f"pause_seconds, after_events and cut are for {STREAM}")
    if (fault.after_events and not (fault.error or fault.cut)) or (fault.cut and not fault.after_events):
        raise InvalidFault("after_events goes with error or cut, and cut with after_events")
    if not (fault.error or fault.delay_seconds or fault.malformed or fault.rate_per_second or is_of_stream):
        raise InvalidFault("a fault needs one of error, delay_seconds, malformed, rate_per_second")


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, content_type="application/json")
