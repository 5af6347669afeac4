"""The local DynamoDB answers as moto does by itself, whatever is written and asked in whatever order."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from moto.dynamodb.models import DynamoDBBackend
from werkzeug.exceptions import HTTPException

from devstack.aws.dynamodb.tables import LocalDynamoDB

KEYS: dict[str, dict[str, str]] = {"ranged": {"pk": "S", "sk": "N"}, "plain": {"pk": "S"}}
INDEX = "by-kind"
TEXTS = ["", "a", "ab", "b", "é", "\ufffd", "\U0001f600"]
NUMBERS = ["-12.5", "-12.51", "-3", "0", "0.001", "7", "70", "7.5", "1732567890123", "9" * 38, "9" * 37 + "8"]

tables = st.sampled_from(sorted(KEYS))
texts = st.sampled_from(TEXTS).map(lambda text: {"S": text})
names = st.sampled_from(["a", "b"]).map(lambda text: {"S": text})
numbers = st.sampled_from(NUMBERS).map(lambda number: {"N": number})
attributes = st.fixed_dictionaries({}, optional={"kind": names, "rank": texts, "more": numbers})
conditions = st.sampled_from([None, "attribute_not_exists(pk)", "attribute_exists(kind)"])
comparisons = st.sampled_from(["=", "<", "<=", ">", ">=", "BETWEEN", "BEGINS_WITH"])


@st.composite
def writes(draw: st.DrawFn) -> dict[str, Any]:
    """A write, as a transaction holds it."""
    table, condition = draw(tables), draw(conditions)
    key = {name: draw(names if kind == "S" else numbers) for name, kind in KEYS[table].items()}
    common = {"TableName": table, **({"ConditionExpression": condition} if condition else {})}
    change = draw(st.sampled_from(["SET #rank = :rank", "REMOVE #rank", "SET more = more + :more"]))
    values = (
        {":rank": draw(texts)} if ":rank" in change else {":more": {"N": "1"}} if ":more" in change else {}
    )
    update = {"UpdateExpression": change, "ExpressionAttributeValues": values}
    kinds = {
        "Put": {**common, "Item": {**key, **draw(attributes)}},
        "Delete": {**common, "Key": key},
        "Update": {**common, "Key": key, **update, "ExpressionAttributeNames": {"#rank": "rank"}},
        "ConditionCheck": {**common, "Key": key, "ConditionExpression": condition or "attribute_exists(pk)"},
    }
    kind = draw(st.sampled_from(sorted(kinds)))
    return {kind: kinds[kind]}


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any]:
    """A query, as moto's backend takes it."""
    table, index = draw(tables), draw(st.sampled_from([None, INDEX]))
    hash_name, range_name = ("kind", "rank") if index else ("pk", "sk" if "sk" in KEYS[table] else None)
    asked = {"table_name": table, "index_name": index, "limit": draw(st.sampled_from([None, 1, 2, 5]))}
    hash_key = draw(names)
    comparison = draw(comparisons) if range_name and draw(st.booleans()) else None
    operands: list[Any] = []
    if comparison == "BEGINS_WITH" and not index:
        comparison = ">"
    if comparison:
        operands = [draw(texts if index else numbers) for _ in range(2 if comparison == "BETWEEN" else 1)]
    return {
        **asked,
        "scan_index_forward": draw(st.booleans()),
        "hash_key_dict": hash_key,
        "hash_key_conditions": [(hash_name, hash_key)],
        "range_comparison": comparison,
        "range_value_dicts": operands,
        "range_key_conditions": [(range_name, comparison, operands)] if comparison else [],
    }


@given(st.lists(st.lists(writes(), min_size=1, max_size=3), max_size=8), st.lists(queries(), min_size=3))
def test_whatever_was_written_it_finds_and_refuses_what_moto_does(
    transactions: list[list[dict[str, Any]]], asked: list[dict[str, Any]]
) -> None:
    local, plain = _with_tables(LocalDynamoDB), _with_tables(DynamoDBBackend)
    for transaction in transactions:
        assert _outcome(local, transaction) == _outcome(plain, transaction)
    for query in asked:
        assert list(_pages(local, query)) == list(_pages(plain, query))
    for name in KEYS:
        assert _all(local, name) == _all(plain, name)
        assert len(local.tables[name]) == len(plain.tables[name])
        assert _announced(local, name) == _announced(plain, name)


def _with_tables(kind: type[DynamoDBBackend]) -> DynamoDBBackend:
    backend = kind("us-east-1", "123456789012")
    for name, key in KEYS.items():
        backend.create_table(
            name=name,
            schema=_schema(key),
            throughput=None,
            attr=[
                {"AttributeName": attribute, "AttributeType": letter}
                for attribute, letter in {**key, "kind": "S", "rank": "S"}.items()
            ],
            global_indexes=[
                {
                    "IndexName": INDEX,
                    "KeySchema": _schema(["kind", "rank"]),
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            indexes=None,
            streams={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            billing_mode="PAY_PER_REQUEST",
            sse_specification=None,
            tags=[],
            deletion_protection_enabled=False,
            warm_throughput=None,
        )
    for number, text in zip(NUMBERS, cycle(TEXTS), strict=False):
        attributes = {"kind": {"S": "a"}, "rank": {"S": text}}
        backend.put_item("ranged", {"pk": {"S": "a"}, "sk": {"N": number}, **attributes})
    return backend


def _schema(names: Sequence[str] | dict[str, str]) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
    ]


def _outcome(backend: DynamoDBBackend, transaction: list[dict[str, Any]]) -> Any:
    try:
        backend.transact_write_items(transaction)
    except HTTPException as refused:
        return refused.description
    return "written"


def _pages(backend: DynamoDBBackend, query: dict[str, Any]) -> Iterator[Any]:
    start: Any = None
    while True:
        items, scanned, end = backend.query(exclusive_start_key=start, projection_expressions=None, **query)
        start = end and {name: value.to_json() for name, value in end.items()}
        if items:  # one of the two may not know yet that nothing follows
            yield [item.to_json() for item in items], scanned
        if start is None:
            return


def _all(backend: DynamoDBBackend, table: str) -> list[Any]:
    return [item.to_json() for item in backend.tables[table].all_items()]


def _announced(backend: DynamoDBBackend, table: str) -> list[Any]:
    shard = backend.tables[table].stream_shard
    assert shard is not None
    records = [dict(record.to_json()["dynamodb"]) for record in shard.items]
    return [{**record, "ApproximateCreationDateTime": None, "SizeBytes": None} for record in records]
