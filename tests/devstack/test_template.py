"""The CloudFormation template keeps its promises, and the local tables are read from it."""

from pathlib import Path
from typing import Any

import pytest

from tooling.template import TEMPLATE, Template, parse_template

RESOURCES: dict[str, Any] = parse_template(TEMPLATE.read_text("utf-8"))["Resources"]
TABLES = {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == "AWS::DynamoDB::Table"}


def key_of(properties: dict[str, Any]) -> list[tuple[str, str]]:
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in properties["AttributeDefinitions"]}
    return [(entry["AttributeName"], types[entry["AttributeName"]]) for entry in properties["KeySchema"]]


def test_the_tables_have_the_names_and_keys_of_the_design() -> None:
    assert {table.name: key_of(table.properties) for table in Template().tables()} == {
        "customer-support-conversations": [("session_id", "S"), ("timestamp", "N")],
        "customer-interactions": [("customer_id", "S"), ("timestamp", "S")],
        "support-tickets": [("ticket_id", "S")],
        "support-state": [("pk", "S")],
        "support-events": [("event_id", "S")],
        "support-insights": [("pk", "S"), ("sk", "S")],
    }


INDEXES = {
    ("customer-support-conversations", "customer-timestamp"): (
        [("customer_id", "HASH"), ("timestamp", "RANGE")],
        "KEYS_ONLY",
    ),
    ("support-tickets", "customer-created_at"): (
        [("customer_id", "HASH"), ("created_at", "RANGE")],
        ["status", "subject", "ttl"],
    ),
    ("support-tickets", "status-listed_at"): ([("status", "HASH"), ("listed_at", "RANGE")], "ALL"),
    ("support-events", "status-listed_at"): ([("status", "HASH"), ("listed_at", "RANGE")], "ALL"),
    ("support-insights", "status-due_at"): ([("status", "HASH"), ("due_at", "RANGE")], "KEYS_ONLY"),
}


def test_the_tables_have_the_indexes_that_the_stores_ask() -> None:
    assert {
        (table.name, index["IndexName"]): (
            [(entry["AttributeName"], entry["KeyType"]) for entry in index["KeySchema"]],
            index["Projection"].get("NonKeyAttributes", index["Projection"]["ProjectionType"]),
        )
        for table in Template().tables()
        for index in table.properties.get("GlobalSecondaryIndexes", ())
    } == INDEXES


@pytest.mark.parametrize("name", TABLES)
def test_a_table_declares_the_attributes_of_its_keys_and_no_others(name: str) -> None:
    keys = [TABLES[name], *TABLES[name].get("GlobalSecondaryIndexes", ())]
    used = {entry["AttributeName"] for key in keys for entry in key["KeySchema"]}
    assert {entry["AttributeName"] for entry in TABLES[name]["AttributeDefinitions"]} == used


def test_the_tables_have_the_streams_that_the_functions_read() -> None:
    streams = {table.name: table.properties.get("StreamSpecification") for table in Template().tables()}
    assert {name: stream["StreamViewType"] for name, stream in streams.items() if stream} == {
        "support-events": "NEW_IMAGE",
        "customer-support-conversations": "NEW_AND_OLD_IMAGES",
    }


def test_the_queue_of_tickets_has_one_for_dead_letters() -> None:
    queues = {queue.name: (queue.dead_letters, queue.max_receives) for queue in Template().queues()}
    assert queues == {
        "support-tickets-intake": ("support-tickets-intake-dlq", 5),
        "support-tickets-intake-dlq": (None, 0),
    }


def test_every_table_lets_items_expire() -> None:
    assert {table.ttl_attribute for table in Template().tables()} == {"ttl"}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_encrypted_paid_by_use_and_recoverable_in_prod(name: str) -> None:
    recoverable = {"Fn::If": ["IsProd", True, False]}
    assert TABLES[name]["SSESpecification"] == {"SSEEnabled": True}
    assert TABLES[name]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": recoverable}
    assert TABLES[name]["BillingMode"] == "PAY_PER_REQUEST"
    assert TABLES[name]["TableName"]["Fn::Sub"].endswith("-${Stage}")


@pytest.mark.parametrize("name", [*TABLES, "DocumentsBucket"])
def test_what_holds_data_outlives_the_stack_and_its_replacement(name: str) -> None:
    assert RESOURCES[name]["DeletionPolicy"] == "Retain"
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_the_bucket_is_private_encrypted_and_versioned() -> None:
    bucket = RESOURCES["DocumentsBucket"]["Properties"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def test_the_bucket_answers_over_tls_only() -> None:
    (statement,) = RESOURCES["DocumentsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {"Fn::GetAtt": ["DocumentsBucket", "Arn"]} in statement["Resource"]
    assert {"Fn::Sub": "${DocumentsBucket.Arn}/*"} in statement["Resource"]


def test_the_guardrail_is_read_as_it_is_deployed() -> None:
    guardrail = Template().guardrail()
    assert guardrail == RESOURCES["Guardrail"]["Properties"]
    assert guardrail["TopicPolicyConfig"]["TopicsConfig"]


def test_short_forms_become_what_they_are_short_for(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        "Resources:\n"
        "  G:\n"
        "    Type: AWS::Bedrock::Guardrail\n"
        "    Properties: { A: !Ref X, B: !GetAtt Y.Z.W, C: !Join ['-', [a, !Ref b]], D: !Sub 'x-${Y}' }\n",
        "utf-8",
    )
    assert Template(path).guardrail() == {
        "A": {"Ref": "X"},
        "B": {"Fn::GetAtt": ["Y", "Z.W"]},
        "C": {"Fn::Join": ["-", ["a", {"Ref": "b"}]]},
        "D": {"Fn::Sub": "x-${Y}"},
    }
