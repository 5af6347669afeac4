"""The local DynamoDB over HTTP: AWS's manners with transactions, and no growth that use doesn't call for."""

import gc
import threading
from collections.abc import Iterable, Iterator
from uuid import uuid4

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodbstreams.models import ShardIterator
from mypy_boto3_dynamodb import DynamoDBClient
from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, UniversalAttributeValueTypeDef

from devstack.aws.clients import AwsClients
from devstack.aws.dynamodb.requests import TOKEN_SECONDS, IdempotentParameterMismatch, TransactionTokens
from devstack.aws.dynamodb.streams import KEPT_ITERATORS, KEPT_RECORDS, LocalStreams, RecentRecords
from devstack.aws.server import AwsServer, Environ, StartResponse
from devstack.stage import read_local_stage
from tests.service_models import require_valid_answer

STAGE = read_local_stage()
NEW = "attribute_not_exists(pk)"


def nobody(_environ: Environ, _start_response: StartResponse) -> Iterable[bytes]:
    """Stand where the Bedrock stand-in stands; nothing here reaches it."""
    raise AssertionError


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[DynamoDBClient]:
    server = AwsServer(0, nobody, threading.RLock(), lambda: None)
    client = AwsClients(server.url, STAGE).dynamodb
    client.meta.events.register("before-parse", require_valid_answer)
    yield client
    server.close()


@pytest.fixture
def table(dynamodb: DynamoDBClient) -> str:
    name = f"table-{uuid4().hex}"
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return name


@pytest.fixture
def stream(table: str) -> RecentRecords:
    """The table's stream, in this process."""
    shard = dynamodb_backends[DEFAULT_ACCOUNT_ID][STAGE.region].get_table(table).stream_shard
    assert isinstance(shard, RecentRecords)
    return shard


def put(table: str, key: str, condition: str = NEW) -> TransactWriteItemTypeDef:
    item = {"pk": {"S": key}, "text": {"S": "long " * 100}}
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": condition}}


def count(dynamodb: DynamoDBClient, table: str) -> int:
    return dynamodb.describe_table(TableName=table)["Table"]["ItemCount"]


def test_a_cancelled_transaction_says_why_for_each_write_and_makes_none(
    dynamodb: DynamoDBClient, table: str
) -> None:
    dynamodb.transact_write_items(TransactItems=[put(table, "taken")])
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as refused:
        dynamodb.transact_write_items(TransactItems=[put(table, "new"), put(table, "taken")])
    reasons = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert count(dynamodb, table) == 1


def test_a_transaction_that_is_sent_again_is_made_once(dynamodb: DynamoDBClient, table: str) -> None:
    for _ in range(2):
        dynamodb.transact_write_items(
            TransactItems=[put(table, "a")], ClientRequestToken=f"token of {table}"[:36]
        )
    assert count(dynamodb, table) == 1


def test_a_token_is_refused_for_another_transaction(dynamodb: DynamoDBClient, table: str) -> None:
    token = uuid4().hex
    dynamodb.transact_write_items(TransactItems=[put(table, "a")], ClientRequestToken=token)
    with pytest.raises(dynamodb.exceptions.IdempotentParameterMismatchException):
        dynamodb.transact_write_items(TransactItems=[put(table, "b")], ClientRequestToken=token)
    assert count(dynamodb, table) == 1


def test_a_cancelled_transaction_may_be_sent_again(dynamodb: DynamoDBClient, table: str) -> None:
    token = uuid4().hex
    exists = "attribute_exists(pk)"
    for _ in range(2):
        with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
            dynamodb.transact_write_items(TransactItems=[put(table, "a", exists)], ClientRequestToken=token)


def test_tokens_are_forgotten_after_ten_minutes() -> None:
    now = [0.0]
    tokens = TransactionTokens(lambda: now[0])
    tokens.add("one", ["a"])
    now[0] = TOKEN_SECONDS - 1
    tokens.add("two", ["a"])
    assert tokens.was_made("one", ["a"])
    now[0] += 1
    assert not tokens.was_made("one", ["a"])
    with pytest.raises(IdempotentParameterMismatch):
        tokens.was_made("two", ["b"])


def test_three_hundred_transactions_leave_no_objects_behind(dynamodb: DynamoDBClient, table: str) -> None:
    before = objects(Item), objects(Table)
    for number in range(300):
        dynamodb.transact_write_items(TransactItems=[put(table, str(number)), put(table, f"{number}-claim")])
    assert count(dynamodb, table) == 600
    assert objects(Item) < before[0] + 20
    assert objects(Table) == before[1]


def objects(kind: type) -> int:
    gc.collect()
    return sum(isinstance(each, kind) for each in gc.get_objects())


def test_a_stream_keeps_its_newest_records(stream: RecentRecords) -> None:
    for number in range(3 * KEPT_RECORDS):
        key = DynamoType({"S": str(number)})
        stream.add(None, Item(key, None, {"pk": key}))
    records = stream.get(0, 10 * KEPT_RECORDS)
    newest = [record["dynamodb"]["NewImage"]["pk"]["S"] for record in records]
    assert KEPT_RECORDS <= len(newest) < 2 * KEPT_RECORDS
    assert newest == [str(number) for number in range(3 * KEPT_RECORDS)][-len(newest) :]


def test_a_stream_that_is_read_for_days_keeps_its_newest_iterators(stream: RecentRecords) -> None:
    streams = LocalStreams(STAGE.region, DEFAULT_ACCOUNT_ID)
    iterator = ShardIterator(streams, stream, "LATEST")
    streams.shard_iterators[iterator.arn] = iterator
    place = iterator.arn
    for _ in range(2 * KEPT_ITERATORS):
        place = streams.get_records(place, 10)["NextShardIterator"]
    assert len(streams.shard_iterators) == KEPT_ITERATORS


def test_values_of_every_type_come_back_as_they_were(dynamodb: DynamoDBClient, table: str) -> None:
    item: dict[str, UniversalAttributeValueTypeDef] = {
        "pk": {"S": "every \U0001f600 type"},
        "number": {"N": "-12.50"},
        "binary": {"B": b"\x00\xff"},
        "nothing": {"NULL": True},
        "truth": {"BOOL": False},
        "list": {"L": [{"S": ""}, {"M": {"deep": {"B": b"\xfe"}}}]},
        "strings": {"SS": ["a", "b"]},
        "numbers": {"NS": ["1"]},
        "binaries": {"BS": [b"\x01"]},
    }
    dynamodb.put_item(TableName=table, Item=item)
    assert dynamodb.get_item(TableName=table, Key={"pk": item["pk"]})["Item"] == item
