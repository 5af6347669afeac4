"""Calls the app's event handlers, as AWS would, in a process of its own.

It finds them where `chalice deploy` does: in what `@app.on_s3_event` and the decorators like it declared.
"""

import argparse
import logging
import sys
import threading
import time
import traceback
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

import boto3
from botocore.config import Config
from chalice import Chalice
from chalice.app import (
    BaseEventSourceConfig,
    DynamoDBEventConfig,
    S3EventConfig,
    ScheduledEventConfig,
    SQSEventConfig,
)
from chalice.config import Config as ChaliceConfig
from chalice.local import LambdaContext
from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
from mypy_boto3_sqs import SQSClient

from devstack.app.stage import add_overrides, load_app, stop_with_parent
from devstack.aws.object_events import ObjectEvents, Subscription
from devstack.aws.queue_messages import QueueMessages
from devstack.aws.table_stream import TableStream, table_of
from devstack.stop_request import StopRequest, StopRequested

LOG = logging.getLogger(__name__)
QUEUE_POLL_SECONDS = 0.5
STOP_CHECK_SECONDS = 0.1
WATCH_SECONDS = 1.0
SCHEDULE_EVERY_SECONDS = 5.0
"""Whatever rate a function asked for: a developer is waiting for what would take a minute on AWS."""
REGION = "us-east-1"
ACCOUNT = "123456789012"

Event = Mapping[str, Any]
Handler = Callable[[dict[str, Any], LambdaContext], Any]
Loop = Callable[[], None]
Source = ObjectEvents | TableStream | QueueMessages


class LambdaFunction:
    """A handler with one container: it handles one event at a time, and keeps running when a call fails."""

    def __init__(self, name: str, handler: Handler, memory_mb: int = 128, timeout_seconds: int = 60) -> None:
        self.name = name
        self._handler = handler
        self._memory_mb = memory_mb
        self._timeout_ms = timeout_seconds * 1000
        self._container = ThreadPoolExecutor(1, thread_name_prefix=name)

    def invoke(self, event: Event) -> bool:
        """Call the handler; say whether it returned."""
        context = LambdaContext(self.name, self._memory_mb, self._timeout_ms)
        error = self._container.submit(self._handler, dict(event), context).exception()
        if error is None:
            return True
        # Where it failed but not the error's text, which can hold what a customer wrote.
        where = "".join(traceback.format_tb(error.__traceback__))
        LOG.error("%s failed: %s\n%s", self.name, type(error).__name__, where)
        return False


class AsynchronousCalls:
    """The events that wait for a function, as Lambda queues them for asynchronous calls.

    As on AWS an event whose call fails is tried twice more and then given up, but after 2 and 5 seconds
    instead of 1 and 2 minutes: a developer is waiting. Those that wait are lost when this process ends; then
    the whole stack ends, and its next start ingests every document.
    """

    def __init__(self, function: LambdaFunction, retry_after_seconds: tuple[float, ...] = (2, 5)) -> None:
        self._function = function
        self._retry_after_seconds = retry_after_seconds
        self._waiting: SimpleQueue[tuple[Event, int]] = SimpleQueue()

    def add(self, event: Event, attempt: int = 1) -> None:
        """Let an event wait for its turn."""
        self._waiting.put((event, attempt))

    def work(self, stop: StopRequest) -> None:
        """Call the function with each event. Raises StopRequested, and never ends otherwise."""
        while True:
            stop.check()
            try:
                event, attempt = self._waiting.get(timeout=STOP_CHECK_SECONDS)
            except Empty:
                continue
            if not self._function.invoke(event):
                self._try_again(event, attempt)

    def _try_again(self, event: Event, attempt: int) -> None:
        if attempt > len(self._retry_after_seconds):
            LOG.error("%s: an event is given up after %d attempts", self._function.name, attempt)
            return
        timer = threading.Timer(self._retry_after_seconds[attempt - 1], self.add, (event, attempt + 1))
        timer.daemon = True
        timer.start()


def main(arguments: list[str]) -> int:
    """Call the handlers until the parent closes our standard input or a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m devstack.app.events")
    parser.add_argument("--stage", default="local")
    parser.add_argument("--aws-port", type=int, required=True)
    add_overrides(parser)
    options = parser.parse_args(arguments)
    _log_to_output()
    stop = StopRequest()
    stop.listen()
    threading.Thread(target=stop_with_parent, args=(stop,), daemon=True).start()
    app, config = load_app(options.stage, options.aws_port, dict(options.settings))
    run_side_by_side(loops_of(app, config, event_clients(), stop), stop)
    return 0


def _log_to_output() -> None:
    output = logging.StreamHandler(sys.stdout)
    # The app raises the level for its AWS libraries, but logs them in its own format.
    output.setLevel(logging.WARNING)
    logging.basicConfig(handlers=[output], format="%(asctime)s %(message)s")


def run_side_by_side(loops: Sequence[Loop], stop: StopRequest) -> None:
    """Run the loops until somebody asks to stop, or one of them fails. Raises what that one raised."""
    with ThreadPoolExecutor(max(len(loops), 1)) as pool, suppress(StopRequested):
        running = [pool.submit(loop) for loop in loops]
        while not any(each.done() for each in running):
            stop.pause(WATCH_SECONDS)
        stop.ask()
    for each in running:
        with suppress(StopRequested):
            each.result()


@dataclass(frozen=True)
class EventClients:
    """Where the events come from."""

    sqs: SQSClient
    streams: DynamoDBStreamsClient


def event_clients() -> EventClients:
    """Return clients of the stand-ins."""
    config = Config(retries={"total_max_attempts": 2})
    return EventClients(boto3.client("sqs", config=config), boto3.client("dynamodbstreams", config=config))


def loops_of(
    app: Chalice,
    config: ChaliceConfig,
    clients: EventClients,
    stop: StopRequest,
    schedule_every_seconds: float = SCHEDULE_EVERY_SECONDS,
) -> list[Loop]:
    """Return what calls everything that the app declares; each loop ends by raising StopRequested."""
    loops: list[Loop] = []
    polled: list[Source] = []
    by_bucket: dict[str, list[Subscription]] = defaultdict(list)
    for source in app.event_sources:
        function = _function(app, config, source)
        if isinstance(source, S3EventConfig):
            calls = AsynchronousCalls(function)
            by_bucket[source.bucket].append(_subscription(source, calls))
            loops.append(partial(calls.work, stop))
        elif isinstance(source, ScheduledEventConfig):
            loops.append(partial(_call_by_clock, function, stop, schedule_every_seconds))
        elif isinstance(source, DynamoDBEventConfig):
            table = table_of(source.stream_arn)
            polled.append(TableStream(clients.streams, table, source.batch_size, function.invoke))
        elif isinstance(source, SQSEventConfig):
            arn = source.queue_arn or ""
            polled.append(QueueMessages(clients.sqs, arn, source.batch_size, function.invoke))
    polled += [ObjectEvents(clients.sqs, bucket, wanted) for bucket, wanted in by_bucket.items()]
    return [*loops, *[partial(_take, each, stop) for each in polled]]


def _function(app: Chalice, config: ChaliceConfig, source: BaseEventSourceConfig) -> LambdaFunction:
    scoped = config.scope(config.chalice_stage, source.name)
    handler = app.handler_map[source.name]
    return LambdaFunction(source.name, handler, scoped.lambda_memory_size, scoped.lambda_timeout)


def _subscription(source: S3EventConfig, calls: AsynchronousCalls) -> Subscription:
    return Subscription(source.bucket, source.events, source.prefix or "", source.suffix or "", calls.add)


def _take(source: Source, stop: StopRequest) -> None:
    while True:
        stop.check()
        if source.take() == 0:
            stop.pause(QUEUE_POLL_SECONDS)


def _call_by_clock(function: LambdaFunction, stop: StopRequest, every_seconds: float) -> None:
    while True:
        stop.pause(every_seconds)
        function.invoke(scheduled_event(function.name))


def scheduled_event(rule: str) -> dict[str, Any]:
    """Return the event that a rule sends when its time has come."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"],
        "detail": {},
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
