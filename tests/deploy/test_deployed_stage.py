"""The product as `infra` and `deploy` bring it up in an emulated AWS account that enforces its roles.

Played there: every function from its real package, IAM, DynamoDB, S3 and its events, the schedule, Secrets
Manager, CloudFormation. Bedrock is this project's stand-in, Postgres a real one next door, and the gateway is
played from the definition that Chalice sent. Not played: the network, TLS, Bedrock and what it permits, Arm.
"""

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
import requests

from chalicelib.sync.starts import START_INTERVAL
from tests.deploy import scenarios, stage_faults
from tests.deploy.emulator_project import STAGE
from tests.deploy.emulator_stage import (
    API,
    BUCKET,
    MIGRATE,
    RUNTIME_ONLY,
    SWEEP,
    DeployedStage,
    deployed_things,
    log_groups,
    read_secret,
)
from tests.deploy.emulator_template import KNOWLEDGE_BASE_ID
from tests.product import within
from tooling.stages import read_config, write_config

pytestmark = [pytest.mark.deploy, RUNTIME_ONLY]
CUSTOMER = "CUST-1001"
BURSTS = "not at_once and not at_the_same_time"
"""Many requests at once would unpack many containers at once here, which takes a small machine a minute."""
FEWEST_LIVE_TESTS = 12
"""The others skip themselves, as they need the local stack; not all of them may."""
SYNC_SECONDS = 60
NOTICED_SECONDS = 30


def synced(stage: DeployedStage, is_done: Callable[[dict[str, Any]], bool]) -> None:
    """Let minutes pass, each with its sweep, until the sync stands as wanted."""
    deadline = time.monotonic() + SYNC_SECONDS
    while not is_done(status := stage.send("GET", "/kb/sync").body):
        assert time.monotonic() < deadline, f"{status}\n{stage.account.emulator.tail()}"
        scenarios.sweep(lambda event: stage.invoke(SWEEP, event))
        time.sleep(0.2)


def wait_until_a_job_may_start(stage: DeployedStage) -> None:
    """Keep the distance between two jobs that the app keeps."""
    newest = datetime.fromisoformat(stage.send("GET", "/kb/sync").body["jobs"][0]["started_at"])
    wait = newest + START_INTERVAL - datetime.now(timezone.utc)
    time.sleep(max(0.0, wait.total_seconds()))


@pytest.fixture(scope="module")
def synced_stage(deployed: DeployedStage) -> DeployedStage:
    """The stage after a document was dropped into its bucket, and that was followed."""
    key, text = scenarios.DOCUMENT
    before = {job["job_id"] for job in deployed.send("GET", "/kb/sync").body["jobs"]}
    deployed.client("s3").put_object(Bucket=BUCKET, Key=key, Body=text.encode())

    def has_synced_it(status: dict[str, Any]) -> bool:
        # Not the job of the samples, while this change has not been seen yet.
        ended = [job for job in status["jobs"] if job["ended_at"] and job["job_id"] not in before]
        return not status["pending"] and any(job["trigger"] == "change" for job in ended)

    synced(deployed, has_synced_it)
    return deployed


def test_infra_says_what_it_will_make_and_what_came_of_it(deployed: DeployedStage) -> None:
    assert "add        6 × DynamoDB Table" in deployed.infra_said
    assert "create complete       customer-support-dev" in deployed.infra_said
    assert re.search(rf"KnowledgeBaseId +{KNOWLEDGE_BASE_ID}\n", deployed.infra_said)


def test_infra_finds_nothing_to_change_the_second_time(deployed: DeployedStage) -> None:
    assert "Nothing to change" in deployed.project.deployment("infra", STAGE, "--yes")


def test_deploy_makes_the_schema_tries_the_stage_and_says_where_it_is(deployed: DeployedStage) -> None:
    said = deployed.deploy_said
    assert "applied 0001.customers-and-orders" in said
    assert "Smoke test      “How do I reset my password?” →" in said
    summary = dict(
        line.split() for line in said.splitlines() if line.startswith("  ") and len(line.split()) == 2
    )
    assert summary["ApiEndpoint"].startswith("https://")
    assert summary["KnowledgeBaseId"] == KNOWLEDGE_BASE_ID
    assert summary["DocumentsBucket"] == BUCKET


def test_the_documents_that_are_added_are_followed_until_they_answer(deployed: DeployedStage) -> None:
    assert re.search(
        r"ended: COMPLETE(?:, the last of \d+)?; documents: 30 scanned, .*0 failed", deployed.add_said
    )
    assert "reset-your-password.md" in deployed.project.kb(deployed.account.url, "ls")
    assert "COMPLETE" in deployed.project.kb(deployed.account.url, "status")


def test_the_database_is_migrated_once(deployed: DeployedStage) -> None:
    assert deployed.invoke(MIGRATE, {}) == {"applied": []}


def test_a_document_that_is_dropped_is_synced_and_cited(synced_stage: DeployedStage) -> None:
    answer = synced_stage.send("POST", "/chat", {"query": scenarios.QUESTION})
    assert answer.status == 200
    assert "40 euros" in answer.body["response"]
    citation = answer.body["citations"][0]
    assert citation["title"] == "Llama grooming"
    assert BUCKET in citation["url"]
    assert answer.body["degraded"] == []


def test_a_sweep_records_how_the_job_ended(synced_stage: DeployedStage) -> None:
    items = synced_stage.client("dynamodb").scan(TableName=f"support-state-{STAGE}")["Items"]
    recorded = [each for each in items if each["pk"]["S"].startswith("sync-job")]
    assert "COMPLETE" in {each["status"]["S"] for each in recorded}


def test_a_sweep_comes_every_minute(deployed: DeployedStage) -> None:
    events = deployed.client("events")
    (rule,) = events.list_rules()["Rules"]
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"].endswith(f":function:{SWEEP}")


def test_the_gateway_holds_callers_back_and_keeps_a_log(deployed: DeployedStage) -> None:
    gateway = deployed.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    stage = gateway.get_stage(restApiId=api["id"], stageName="api")
    assert stage["methodSettings"]["*/*"]["throttlingBurstLimit"] == 100
    assert stage["accessLogSettings"]["destinationArn"].endswith(f":log-group:/aws/apigateway/{API}")


@pytest.mark.parametrize("header", ["Bearer wrong", "wrong", ""])
def test_the_authorizer_lets_nobody_in_without_a_token(deployed: DeployedStage, header: str) -> None:
    assert deployed.authorize(header) == {"Allow": []}


def test_the_authorizer_lets_an_agent_in(deployed: DeployedStage) -> None:
    token = json.loads(read_secret(deployed.account, "agent-tokens"))["ticketing"]
    (resource,) = deployed.authorize(f"Bearer {token}")["Allow"]
    assert resource.endswith("/*")


def test_a_ticket_comes_back_with_the_customer_from_postgres(deployed: DeployedStage) -> None:
    ticket = {"customer_external_id": CUSTOMER, "subject": "Parcel", "description": "Where is my order?"}
    received = deployed.send("POST", "/tickets", ticket)
    assert received.status == 200
    assert received.body["customer_context"]["external_id"] == CUSTOMER
    assert received.body["customer_context"]["recent_orders"]
    assert received.body["degraded"] == []


def test_everything_that_the_app_depends_on_can_be_reached(deployed: DeployedStage) -> None:
    # After a ticket, as a new container of the emulator may need longer than a look at a service may take.
    health = deployed.send("GET", "/health", query={"deep": ["1"]})
    assert health.status == 200
    assert health.body["stage"] == STAGE
    assert health.body["checks"].keys() == {"dynamodb", "knowledge_base", "bedrock", "postgres"}
    assert set(health.body["checks"].values()) == {"ok"}


def test_a_function_has_the_rights_of_its_policy_and_no_others(deployed: DeployedStage) -> None:
    with deployed.without_policy("api_handler"):
        assert deployed.send("GET", "/tickets").status == 503
    assert deployed.send("GET", "/tickets").status == 200


def test_the_page_and_its_chat_answer_over_http(synced_stage: DeployedStage) -> None:
    url = synced_stage.account.url
    page = requests.get(url, timeout=30)
    assert page.headers["Content-Type"].startswith("text/html")
    answer = requests.post(f"{url}/chat", json={"query": "How do I reset my password?"}, timeout=30).json()
    assert answer["citations"]


@pytest.mark.parametrize(
    ("route", "token", "status", "code"),
    [
        ("/tickets", None, 401, "unauthorized"),
        ("/tickets", "Bearer wrong", 403, "forbidden"),
        ("/nowhere", None, 404, "not_found"),
    ],
)
def test_the_gateways_own_answers_have_the_shape_of_the_apps_errors(
    deployed: DeployedStage, route: str, token: str | None, status: int, code: str
) -> None:
    headers = {"Authorization": token} if token else {}
    answer = requests.get(deployed.account.url + route, headers=headers, timeout=30)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["correlation_id"] == answer.headers["X-Correlation-Id"]
    assert answer.headers.get("Access-Control-Allow-Origin") == ("*" if status == 404 else None)
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_integration_tests_pass_against_the_stage(synced_stage: DeployedStage) -> None:
    files = [
        f"tests/integration/test_{name}.py" for name in ("conversation", "refusals", "tickets", "erasure")
    ]
    said = synced_stage.project.live_tests(synced_stage.account.url, "-q", "--tb=short", "-k", BURSTS, *files)
    passed = re.search(r"(\d+) passed", said)
    assert passed, said
    assert int(passed[1]) >= FEWEST_LIVE_TESTS, said


def test_the_code_that_runs_is_the_package_that_was_built(deployed: DeployedStage) -> None:
    package = hashlib.sha256(deployed.project.package().read_bytes())
    functions = deployed_things(deployed.account)["functions"].values()
    assert {each["CodeSha256"] for each in functions} == {base64.b64encode(package.digest()).decode()}


def test_plain_chalice_deploys_the_stage_again_and_changes_nothing(deployed: DeployedStage) -> None:
    before = deployed_things(deployed.account)
    deployed.project.chalice("deploy", "--stage", STAGE)
    assert deployed_things(deployed.account) == before
    first, *others = deployed.account.front.definitions
    assert others
    assert all(each == first for each in others)


def test_no_secret_lands_in_the_project_or_what_the_commands_print(deployed: DeployedStage) -> None:
    files = [path for path in deployed.project.folder.rglob("*") if path.is_file()]
    printed = (deployed.infra_said + deployed.deploy_said + deployed.add_said).encode()
    for content in [printed, *(path.read_bytes() for path in files)]:
        assert not any(secret.encode() in content for secret in deployed.secrets)


def test_every_route_can_do_all_that_it_does(
    synced_stage: DeployedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_APP_SECRET", read_secret(synced_stage.account, "app-secret"))
    wait_until_a_job_may_start(synced_stage)
    scenarios.api_handler(lambda event: synced_stage.invoke(API, event))


def test_what_happens_is_told_by_itself(synced_stage: DeployedStage) -> None:
    ticket = {"customer_external_id": CUSTOMER, "subject": "Llama", "description": "How much?"}
    ticket_id = synced_stage.send("POST", "/tickets", ticket).body["ticket_id"]
    deadline = time.monotonic() + SYNC_SECONDS
    while not _is_told_of(synced_stage, ticket_id):
        assert time.monotonic() < deadline, synced_stage.account.emulator.tail()
        time.sleep(0.2)


def _is_told_of(stage: DeployedStage, ticket_id: str) -> bool:
    events = stage.send("GET", "/events", query={"status": ["delivered"]}).body["events"]
    return ticket_id in [event["data"].get("ticket_id") for event in events]


def test_a_ticket_from_the_queue_is_taken_in_and_what_was_found_is_told(synced_stage: DeployedStage) -> None:
    sqs = synced_stage.client("sqs")
    url = sqs.get_queue_url(QueueName=f"support-tickets-intake-{STAGE}")["QueueUrl"]
    message = json.dumps({**scenarios.TICKET, "ticket_id": "T-queued"})
    sqs.send_message(QueueUrl=url, MessageBody=message)
    deadline = time.monotonic() + SYNC_SECONDS
    while not (told := _found_for(synced_stage, "T-queued")):
        assert time.monotonic() < deadline, synced_stage.account.emulator.tail()
        time.sleep(0.2)
    (found,) = told
    assert found["customer_context"]["external_id"] == CUSTOMER
    assert found["kb_suggestions"]
    assert found["degraded"] == []


def _found_for(stage: DeployedStage, ticket_id: str) -> list[dict[str, Any]]:
    events = stage.send("GET", "/events").body["events"]
    of_type = (event["data"] for event in events if event["type"] == "ticket.enriched")
    return [data for data in of_type if data["ticket_id"] == ticket_id]


NOT_OF_THE_EMULATOR = {"expiry", "models", "guardrail_version"}
"""It does not delete what expires, and knows no models and no guardrails."""


# The last four, because they end what the others look at.


def test_the_doctor_finds_each_of_many_faults_of_a_stage(synced_stage: DeployedStage) -> None:
    config = read_config(synced_stage.project.folder)
    stage_faults.break_copy(synced_stage)
    stage_faults.break_functions(synced_stage)
    stage_faults.break_stores(synced_stage)
    # A container remembers for ten seconds what it reached.
    assert within(
        NOTICED_SECONDS, lambda: _unreachable(synced_stage) == {"postgres", "bedrock", "knowledge_base"}
    )
    found = synced_stage.project.doctor(synced_stage.account.url)
    write_config(config, synced_stage.project.folder)
    stage_faults.restore_bedrock(synced_stage)
    wrong = {name: each for name, each in found.items() if not each["ok"]}
    assert wrong.keys() - NOT_OF_THE_EMULATOR == stage_faults.FOUND.keys()
    unlike = {
        name: wrong[name] for name, said in stage_faults.FOUND.items() if said not in wrong[name]["detail"]
    }
    assert unlike == {}
    assert all(each["fix"] for each in wrong.values())


def _unreachable(stage: DeployedStage) -> set[str]:
    checks = stage.send("GET", "/health", query={"deep": ["1"]}).body["checks"]
    return {name for name, state in checks.items() if state != "ok"}


def test_chalice_deletes_all_that_it_has_made(deployed: DeployedStage) -> None:
    deployed.project.chalice("delete", "--stage", STAGE)
    assert not any(deployed_things(deployed.account).values())


def test_destroy_goes_on_from_there_and_leaves_what_holds_data(deployed: DeployedStage) -> None:
    said = deployed.project.deployment("destroy", STAGE, "--yes")
    assert "Stage dev is gone." in said
    client = deployed.client
    assert log_groups(deployed.account) == set()
    stacks = client("cloudformation").list_stacks()["StackSummaries"]
    assert {each["StackStatus"] for each in stacks} == {"DELETE_COMPLETE"}
    assert client("rds").describe_db_instances()["DBInstances"] == []
    assert client("secretsmanager").list_secrets()["SecretList"] == []
    assert len(client("dynamodb").list_tables()["TableNames"]) == 6
    assert [each["Name"] for each in client("s3").list_buckets()["Buckets"]] == [BUCKET]


def test_a_stage_without_postgres_works_outside_of_any_network(deployed: DeployedStage) -> None:
    _remove_what_was_left(deployed)
    deployed.project.deployment("infra", STAGE, "--parameter", "CustomerDatabase=NONE", "--yes")
    said = deployed.project.deployment("deploy", STAGE, "--yes")
    assert re.search(r"Database +none", said)
    functions = deployed.client("lambda").list_functions()["Functions"]
    assert not any(each.get("VpcConfig", {}).get("SubnetIds") for each in functions)
    assert deployed.client("rds").describe_db_instances()["DBInstances"] == []
    received = deployed.send("POST", "/tickets", scenarios.TICKET).body
    known = {name for name, value in received["customer_context"].items() if value is not None}
    assert known == {"external_id", "recent_orders", "open_tickets", "is_high_value", "churn_risk"}
    assert received["degraded"] == []
    health = deployed.send("GET", "/health", query={"deep": ["1"]}).body
    assert (health["status"], "postgres" in health["checks"]) == ("ok", False)


def _remove_what_was_left(stage: DeployedStage) -> None:
    """Delete tables and bucket, which the emulator cannot take over as AWS does."""
    dynamodb, s3 = stage.client("dynamodb"), stage.client("s3")
    for name in dynamodb.list_tables()["TableNames"]:
        dynamodb.delete_table(TableName=name)
    versions = s3.list_object_versions(Bucket=BUCKET)
    for each in (*versions.get("Versions", ()), *versions.get("DeleteMarkers", ())):
        s3.delete_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])
    s3.delete_bucket(Bucket=BUCKET)
