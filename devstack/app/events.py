"""Calls the app's event handlers, as AWS would, in a process of its own.

It finds them where `chalice deploy` does, in what `@app.on_s3_event` and `@app.schedule` declared.
"""

import argparse
import logging
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from chalice import Chalice
from chalice.app import BaseEventSourceConfig, S3EventConfig, ScheduledEventConfig
from chalice.config import Config as ChaliceConfig
from mypy_boto3_sqs import SQSClient

from devstack.app.function import AsynchronousCalls, LambdaFunction
from devstack.app.stage import load_app, stop_with_parent
from devstack.aws.object_events import ObjectEvents, Subscription
from devstack.stop_request import StopRequest, StopRequested

LOOK_EVERY_SECONDS = 0.5
WATCH_SECONDS = 1.0
SCHEDULE_EVERY_SECONDS = 5.0
"""Whatever rate a function asked for: a developer is waiting for what would take a minute on AWS."""
REGION = "us-east-1"
ACCOUNT = "123456789012"

Loop = Callable[[], None]


def main(arguments: list[str]) -> int:
    """Call the handlers until the parent closes our standard input or a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m devstack.app.events")
    parser.add_argument("--stage", default="local")
    parser.add_argument("--aws-port", type=int, required=True)
    options = parser.parse_args(arguments)
    _log_to_output()
    stop = StopRequest()
    stop.listen()
    threading.Thread(target=stop_with_parent, args=(stop,), daemon=True).start()
    app, config = load_app(options.stage, options.aws_port)
    sqs = boto3.client("sqs", config=Config(retries={"total_max_attempts": 2}))
    run_side_by_side(loops_of(app, config, sqs, stop), stop)
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


def loops_of(
    app: Chalice,
    config: ChaliceConfig,
    sqs: SQSClient,
    stop: StopRequest,
    schedule_every_seconds: float = SCHEDULE_EVERY_SECONDS,
) -> list[Loop]:
    """Return what calls everything that the app declares; each loop ends by raising StopRequested."""
    loops: list[Loop] = []
    by_bucket: dict[str, list[Subscription]] = defaultdict(list)
    for source in app.event_sources:
        function = _function(app, config, source)
        if isinstance(source, S3EventConfig):
            calls = AsynchronousCalls(function)
            by_bucket[source.bucket].append(_subscription(source, calls))
            loops.append(partial(calls.work, stop))
        elif isinstance(source, ScheduledEventConfig):
            loops.append(partial(_call_by_clock, function, stop, schedule_every_seconds))
    events = [ObjectEvents(sqs, bucket, wanted) for bucket, wanted in by_bucket.items()]
    return [*loops, *[partial(_take, each, stop) for each in events]]


def _function(app: Chalice, config: ChaliceConfig, source: BaseEventSourceConfig) -> LambdaFunction:
    scoped = config.scope(config.chalice_stage, source.name)
    handler = app.handler_map[source.name]
    return LambdaFunction(source.name, handler, scoped.lambda_memory_size, scoped.lambda_timeout)


def _subscription(source: S3EventConfig, calls: AsynchronousCalls) -> Subscription:
    return Subscription(source.bucket, source.events, source.prefix or "", source.suffix or "", calls.add)


def _take(events: ObjectEvents, stop: StopRequest) -> None:
    while True:
        stop.check()
        if events.take() == 0:
            stop.pause(LOOK_EVERY_SECONDS)


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
