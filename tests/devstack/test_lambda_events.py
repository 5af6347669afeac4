"""The app's event handlers, called as on AWS: S3's notifications, their retries, and the clock."""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from chalice import Chalice
from chalice.app import CloudWatchEvent, DynamoDBEvent, S3Event, SQSEvent
from chalice.config import Config
from chalice.local import LambdaContext

from devstack.app.events import (
    AsynchronousCalls,
    EventClients,
    LambdaFunction,
    loops_of,
    run_side_by_side,
    scheduled_event,
)
from devstack.aws.clients import AwsClients
from devstack.aws.moto_bucket import VersionedRemovals
from devstack.aws.object_events import ObjectEvents, Subscription, queue_of
from devstack.aws.queue_messages import QueueMessages
from devstack.aws.server import AwsServer, Environ, StartResponse
from devstack.aws.table_stream import TableStream
from devstack.provision import announce_changes, create_queues
from devstack.stage import read_local_stage
from devstack.stop_request import StopRequest, StopRequested
from tests.product import within
from tooling.template import Template

BUCKET, TABLE, QUEUE = "watched", "written", "support-tickets-intake"
QUEUE_ARN = f"arn:aws:sqs:us-east-1:123456789012:{QUEUE}"
STAGE = replace(read_local_stage(), documents_bucket=BUCKET)
ALL = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
CONFIG = Config("local", config_from_disk={"lambda_memory_size": 512, "lambda_timeout": 30})
AWKWARD_KEYS = ["a b+c%25.md", "Ünï/日本.md", "'quoted' \"twice\" & <b>.md", "k" * 1020 + ".txt"]

Event = dict[str, Any]


class Endpoint:
    """The local S3 and SQS, with a bucket that announces its changes."""

    def __init__(self) -> None:
        lock = threading.RLock()
        self.server = AwsServer(0, nobody, lock, VersionedRemovals(BUCKET).update)
        self.aws = AwsClients(self.server.url, STAGE)
        self.aws.s3.create_bucket(Bucket=BUCKET)
        announce_changes(self.aws, STAGE)
        self.events()
        self.aws.dynamodb.create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        create_queues(self.aws, Template())

    def write(self, item: str) -> None:
        self.aws.dynamodb.put_item(TableName=TABLE, Item={"id": {"S": item}})

    def queue_url(self, name: str = QUEUE) -> str:
        return self.aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def send(self, body: str) -> str:
        return self.aws.sqs.send_message(QueueUrl=self.queue_url(), MessageBody=body)["MessageId"]

    def show_at_once(self, message: Event) -> None:
        """Let a message that was received be seen again, as if its visibility timeout had passed."""
        handle = message["Records"][0]["receiptHandle"]
        self.aws.sqs.change_message_visibility(
            QueueUrl=self.queue_url(), ReceiptHandle=handle, VisibilityTimeout=0
        )

    def take_all(self, *subscriptions: Subscription) -> None:
        events = ObjectEvents(self.aws.sqs, BUCKET, subscriptions)
        while events.take():
            pass

    def events(self) -> list[tuple[str, str]]:
        """Return name and key, as a handler sees it, of each event since the last call."""
        taken: list[Event] = []
        self.take_all(subscription(taken.append))
        with_records = [S3Event(event, None) for event in taken if "Records" in event]
        return [(event.to_dict()["Records"][0]["eventName"], event.key) for event in with_records]

    @contextmanager
    def versions(self) -> Iterator[None]:
        def switch(status: Any) -> None:
            self.aws.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})

        switch("Enabled")
        yield
        switch("Suspended")


def nobody(_environ: Environ, _start_response: StartResponse) -> Iterable[bytes]:
    return []


def subscription(deliver: Callable[[Event], None], *events: str, **filters: str) -> Subscription:
    return Subscription(BUCKET, events or ALL, filters.get("prefix", ""), filters.get("suffix", ""), deliver)


@contextmanager
def at_work(calls: AsynchronousCalls) -> Iterator[None]:
    stop = StopRequest()
    worker = threading.Thread(target=until_stopped, args=(calls.work, stop), daemon=True)
    worker.start()
    yield
    stop.ask()
    worker.join(5)
    assert not worker.is_alive()


def until_stopped(work: Callable[[StopRequest], None], stop: StopRequest) -> None:
    with suppress(StopRequested):
        work(stop)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    served = Endpoint()
    yield served
    served.server.close()


@pytest.fixture
def key() -> str:
    return f"{uuid4().hex}.md"


@pytest.mark.parametrize("name", AWKWARD_KEYS)
def test_a_created_and_a_removed_object_are_announced_under_their_key(endpoint: Endpoint, name: str) -> None:
    endpoint.aws.s3.put_object(Bucket=BUCKET, Key=name, Body=b"1")
    assert endpoint.events() == [("ObjectCreated:Put", name)]
    endpoint.aws.s3.delete_object(Bucket=BUCKET, Key=name)
    assert endpoint.events() == [("ObjectRemoved:Delete", name)]


def test_a_copy_and_a_removal_of_many_are_announced(endpoint: Endpoint, key: str) -> None:
    s3 = endpoint.aws.s3
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"1")
    s3.copy_object(Bucket=BUCKET, Key=f"copy-{key}", CopySource={"Bucket": BUCKET, "Key": key})
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key}, {"Key": f"copy-{key}"}]})
    assert endpoint.events()[1:] == [
        ("ObjectCreated:Copy", f"copy-{key}"),
        ("ObjectRemoved:Delete", key),
        ("ObjectRemoved:Delete", f"copy-{key}"),
    ]


def test_an_upload_in_parts_is_announced_when_it_is_complete(endpoint: Endpoint, key: str) -> None:
    s3 = endpoint.aws.s3
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=b"1")
    assert endpoint.events() == []
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload=parts)  # type: ignore[arg-type]
    assert ("ObjectCreated:CompleteMultipartUpload", key) in endpoint.events()


def test_where_versions_are_kept_every_removal_is_announced(endpoint: Endpoint, key: str) -> None:
    s3 = endpoint.aws.s3
    with endpoint.versions():
        first = s3.put_object(Bucket=BUCKET, Key=key, Body=b"1")["VersionId"]
        endpoint.events()
        marker = s3.delete_object(Bucket=BUCKET, Key=key)["VersionId"]
        assert endpoint.events() == [("ObjectRemoved:DeleteMarkerCreated", key)]
        s3.delete_object(Bucket=BUCKET, Key=key, VersionId=marker)
        assert endpoint.events() == [("ObjectRemoved:Delete", key)]
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key}]})
        assert endpoint.events() == [("ObjectRemoved:DeleteMarkerCreated", key)]
        s3.delete_object(Bucket=BUCKET, Key=key, VersionId=first)
        assert endpoint.events() == [("ObjectRemoved:Delete", key)]
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"2")
        assert endpoint.events() == [("ObjectCreated:Put", key)]


def test_no_event_is_lost_while_others_are_taken(endpoint: Endpoint) -> None:
    names = [f"{uuid4().hex}-{number}.md" for number in range(100)]
    taken: list[Event] = []
    with ThreadPoolExecutor(4) as pool:
        puts = [pool.submit(endpoint.aws.s3.put_object, Bucket=BUCKET, Key=name, Body=b"1") for name in names]
        while not all(put.done() for put in puts):
            endpoint.take_all(subscription(taken.append))
    endpoint.take_all(subscription(taken.append))
    assert sorted(event["Records"][0]["s3"]["object"]["key"] for event in taken) == sorted(names)


def test_somebody_who_waits_for_messages_keeps_nobody_else_waiting(endpoint: Endpoint, key: str) -> None:
    url = endpoint.aws.sqs.get_queue_url(QueueName=queue_of(BUCKET))["QueueUrl"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(endpoint.aws.sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20)
        endpoint.aws.s3.put_object(Bucket=BUCKET, Key=key, Body=b"1")
        assert len(waiting.result(timeout=15)["Messages"]) == 1


@pytest.mark.parametrize(
    ("wanted", "is_delivered"),
    [
        (subscription(print, "s3:ObjectCreated:*"), True),
        (subscription(print, "s3:ObjectCreated:Put"), True),
        (subscription(print, "s3:ObjectRemoved:*"), False),
        (subscription(print, prefix="guides/ä ", suffix=".md"), True),
        (subscription(print, prefix="other/"), False),
        (subscription(print, suffix=".pdf"), False),
    ],
)
def test_a_function_hears_of_what_its_decorator_names(wanted: Subscription, is_delivered: bool) -> None:
    record = {"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "guides/%C3%A4+b.md"}}}
    assert wanted.wants(record) is is_delivered


def test_the_test_event_of_s3_reaches_the_handler(endpoint: Endpoint) -> None:
    taken: list[Event] = []
    announce_changes(endpoint.aws, STAGE)
    endpoint.take_all(subscription(taken.append, "s3:ObjectRemoved:*"))
    assert [event["Event"] for event in taken] == ["s3:TestEvent"]


@pytest.mark.parametrize("body", ["not JSON", "[]", '"text"', "null", "[" * 100_000])
def test_a_message_that_is_no_event_is_dropped_and_the_next_one_delivered(
    endpoint: Endpoint, key: str, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    url = endpoint.aws.sqs.get_queue_url(QueueName=queue_of(BUCKET))["QueueUrl"]
    endpoint.aws.sqs.send_message(QueueUrl=url, MessageBody=body)
    endpoint.aws.s3.put_object(Bucket=BUCKET, Key=key, Body=b"1")
    assert endpoint.events() == [("ObjectCreated:Put", key)]
    assert "is no event" in caplog.text


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Records": None},
        {"Records": "text"},
        {"Records": ["text"]},
        {"Records": [{"eventName": "ObjectCreated:Put"}]},
        {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": 5}}}]},
    ],
    ids=str,
)
def test_a_malformed_event_reaches_the_handler(endpoint: Endpoint, event: Event) -> None:
    taken: list[Event] = []
    url = endpoint.aws.sqs.get_queue_url(QueueName=queue_of(BUCKET))["QueueUrl"]
    endpoint.aws.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
    endpoint.take_all(subscription(taken.append, prefix="guides/"))
    assert taken == [event]


def test_a_failed_call_is_tried_twice_more_and_then_given_up(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Event] = []
    event = {"text": "what a customer wrote"}

    def fail(event: Event, _context: LambdaContext) -> None:
        seen.append(event)
        raise ValueError(event["text"])

    calls = AsynchronousCalls(LambdaFunction("changed", fail), retry_after_seconds=(0.05, 0.05))
    with at_work(calls), caplog.at_level(logging.ERROR):
        calls.add(event)
        assert within(5, lambda: "given up after 3 attempts" in caplog.text)
    assert seen == [event] * 3
    assert "ValueError" in caplog.text
    assert "customer wrote" not in caplog.text


def test_a_failed_call_blocks_no_event_and_ends_with_a_success() -> None:
    seen: list[int] = []

    def fail_once(event: Event, _context: LambdaContext) -> None:
        seen.append(event["n"])
        if seen == [1]:
            raise ValueError

    calls = AsynchronousCalls(LambdaFunction("changed", fail_once), retry_after_seconds=(0.1, 0.1))
    with at_work(calls):
        for number in (1, 2, 3):
            calls.add({"n": number})
        assert within(5, lambda: len(seen) == 4)
        assert not within(0.2, lambda: len(seen) > 4)
    assert seen == [1, 2, 3, 1]


def test_a_handler_gets_the_context_of_a_lambda_function() -> None:
    contexts: list[LambdaContext] = []
    function = LambdaFunction("changed", lambda _event, context: contexts.append(context), 256, 30)
    assert function.invoke({})
    assert function.invoke({})
    first, second = contexts
    assert (first.function_name, first.memory_limit_in_mb) == ("changed", 256)
    assert 29_000 < first.get_remaining_time_in_millis() <= 30_000
    assert first.aws_request_id != second.aws_request_id


def test_a_scheduled_event_has_the_shape_of_eventbridge() -> None:
    event = CloudWatchEvent(scheduled_event("sweep"), None)
    assert (event.source, event.detail_type, event.detail) == ("aws.events", "Scheduled Event", {})
    assert event.resources[0].endswith("rule/sweep")
    assert json.loads(json.dumps(event.to_dict())) == event.to_dict()


def app_with_handlers(seen: list[str], bucket: str = BUCKET) -> Chalice:
    app = Chalice(app_name="with-handlers")

    @app.on_s3_event(bucket=bucket, events=list(ALL))
    def changed(event: S3Event) -> None:
        seen.append(f"{event.key} in {event.bucket}")

    @app.on_dynamodb_record(f"arn:aws:dynamodb:us-east-1:123456789012:table/{TABLE}/stream/local")
    def written(event: DynamoDBEvent) -> None:
        # As it came: Chalice's record reads its time in a way that Python 3.12 warns of.
        records = event.to_dict()["Records"]
        seen.extend(f"{each['eventName']} {each['dynamodb']['Keys']['id']['S']}" for each in records)

    @app.on_sqs_message(queue_arn=QUEUE_ARN)
    def sent(event: SQSEvent) -> None:
        seen.extend(record.body for record in event)

    @app.schedule("rate(1 day)")
    def every_day(event: CloudWatchEvent) -> None:
        seen.append(event.detail_type)

    return app


def clients(endpoint: Endpoint) -> EventClients:
    return EventClients(endpoint.aws.sqs, endpoint.aws.streams)


def test_what_the_decorators_declare_is_called(endpoint: Endpoint, key: str) -> None:
    seen: list[str] = []
    stop = StopRequest()
    loops = loops_of(app_with_handlers(seen), CONFIG, clients(endpoint), stop, schedule_every_seconds=0.1)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_side_by_side, loops, stop)
        endpoint.aws.s3.put_object(Bucket=BUCKET, Key=key, Body=b"1")
        endpoint.write(key)
        endpoint.send(f"sent {key}")
        wanted = {f"{key} in {BUCKET}", "Scheduled Event", f"INSERT {key}", f"sent {key}"}
        is_seen = within(10, lambda: wanted <= set(seen))
        stop.ask()
        running.result(timeout=10)
    assert is_seen, seen


def test_a_batch_of_the_stream_that_fails_comes_again_before_what_follows(endpoint: Endpoint) -> None:
    seen: list[str] = []
    answers = [True]

    def answer(event: Event) -> bool:
        seen.extend(record["dynamodb"]["NewImage"]["id"]["S"] for record in event["Records"])
        return answers.pop() if answers else True

    stream = TableStream(endpoint.aws.streams, TABLE, 1, answer)
    while stream.take():
        pass
    del seen[:]
    answers.append(False)
    for name in ("first", "second"):
        endpoint.write(f"{name} {uuid4()}")
    assert [stream.take() for _ in range(4)] == [0, 1, 1, 0]
    assert [each.split()[0] for each in seen] == ["first", "first", "second"]


def test_a_message_comes_as_from_lambda_and_leaves_the_queue(endpoint: Endpoint) -> None:
    taken: list[Event] = []
    messages = QueueMessages(endpoint.aws.sqs, QUEUE_ARN, 1, lambda event: not taken.append(event))  # type: ignore[func-returns-value]
    sent = endpoint.send('{"a": "ü"}')
    assert [messages.take() for _ in range(2)] == [1, 0]
    (record,) = taken[0]["Records"]
    assert (record["messageId"], record["body"]) == (sent, '{"a": "ü"}')
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", QUEUE_ARN)
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert int(record["attributes"]["SentTimestamp"]) > 1_700_000_000_000


def test_a_message_that_fails_five_times_is_a_dead_letter(endpoint: Endpoint) -> None:
    counts: list[str] = []

    def fail(event: Event) -> bool:
        counts.append(event["Records"][0]["attributes"]["ApproximateReceiveCount"])
        endpoint.show_at_once(event)
        return False

    messages = QueueMessages(endpoint.aws.sqs, QUEUE_ARN, 1, fail)
    sent = endpoint.send("poison")
    while messages.take():
        pass
    assert counts == ["1", "2", "3", "4", "5"]
    dead = endpoint.aws.sqs.receive_message(QueueUrl=endpoint.queue_url(f"{QUEUE}-dlq"))["Messages"]
    assert [(each["MessageId"], each["Body"]) for each in dead] == [(sent, "poison")]


def test_a_message_that_failed_is_not_seen_before_its_time(endpoint: Endpoint) -> None:
    messages = QueueMessages(endpoint.aws.sqs, QUEUE_ARN, 1, lambda _event: False)
    endpoint.send("later")
    assert [messages.take() for _ in range(2)] == [1, 0]
    endpoint.aws.sqs.purge_queue(QueueUrl=endpoint.queue_url())


def test_a_bucket_that_announces_nothing_is_refused_at_the_start(endpoint: Endpoint) -> None:
    with pytest.raises(endpoint.aws.sqs.exceptions.QueueDoesNotExist):
        loops_of(app_with_handlers([], "silent"), CONFIG, clients(endpoint), StopRequest())


def test_a_loop_that_fails_ends_the_others_and_the_process_with_its_error() -> None:
    stop = StopRequest()

    def fail() -> None:
        raise ConnectionError("the endpoint is gone")

    with pytest.raises(ConnectionError, match="the endpoint is gone"):
        run_side_by_side([fail, lambda: stop.pause(60)], stop)
