"""`dev.py doctor`: each fault of a stage is found, named, and comes with what to do."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from chalicelib import __version__
from chalicelib.chat.limits import BUDGET, DAY
from chalicelib.stores.state import counter_key
from cli.doctor.command import Finding, checks_of, examine, finding
from cli.doctor.stage import Stage
from cli.options import build_parser
from devstack.aws.clients import AwsClients
from devstack.ports import free_port
from devstack.stage import read_local_stage
from tests.local_server import LocalHandler, LocalServer
from tests.product import Product
from tooling.project import ROOT

LOCAL = read_local_stage()
NOW = datetime.now(timezone.utc)
JOB = {"job_id": "J1", "status": "COMPLETE", "ended_at": NOW.isoformat(), "failures": [], "statistics": {}}
REACHED = dict.fromkeys(("dynamodb", "knowledge_base", "bedrock", "postgres"), "ok")
WELL: Mapping[str, Any] = {
    "/health": {"stage": "local", "version": __version__, "checks": REACHED},
    "/kb/sync": {"pending": False, "last_change_at": None, "last_error": None, "jobs": [JOB]},
    "/events": {"events": [], "next": None},
    "/tickets": {"tickets": [], "next": None},
}


def found(stage: Stage, name: str) -> Finding:
    (check,) = (each for each in checks_of(stage) if each.__name__ == name)
    return finding(stage, check)


def stage_of(product: Product, **variables: str) -> Stage:
    arguments = ["doctor", "--port", str(product.port), "--aws-port", str(product.aws_port)]
    stage = Stage(build_parser().parse_args(arguments), ROOT)
    stage.variables = {**stage.variables, **variables}
    return stage


def test_a_stage_that_is_well_has_no_finding(product: Product, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["doctor", "--json", "--port", str(product.port), "--aws-port", str(product.aws_port)]
    assert examine(build_parser().parse_args(arguments)) == 0
    findings = json.loads(capsys.readouterr().out)
    assert len(findings) >= 25
    assert all(each["ok"] and each["detail"] and not each["fix"] for each in findings)


@pytest.mark.parametrize("answer", ["<html>", [], 501])
def test_something_else_at_the_ports_is_said_and_ends_no_check(
    capsys: pytest.CaptureFixture[str], answer: Any
) -> None:
    with closing(ScriptedApp(defaultdict(lambda: answer), lets_all_in=True, moment=NOW)) as app:
        arguments = ["doctor", "--json", "--port", str(app.port), "--aws-port", str(app.port)]
        assert examine(build_parser().parse_args(arguments)) == 1
    findings = {each["check"]: each for each in json.loads(capsys.readouterr().out)}
    assert len(findings) >= 25
    assert "is not this app" in findings["app"]["detail"]
    assert [each for each in findings.values() if not each["ok"] and not each["fix"]] == []


def test_a_stage_that_is_not_deployed_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(build_parser().parse_args(["doctor", "--json", "--stage", "nope"])) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["check"], found["ok"], found["fix"]) == ("stage", False, "Known are: dev, prod.")


def test_a_stack_that_is_not_there_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["doctor", "--port", str(free_port()), "--aws-port", str(free_port())]
    assert examine(build_parser().parse_args(arguments)) == 1
    assert capsys.readouterr().out.count("Start it with `python3 dev.py run`.") == 1


@pytest.mark.parametrize(
    ("check", "variables", "detail"),
    [
        ("settings", {"SESSION_POLICY": "closed"}, "SESSION_POLICY"),
        ("settings", {"BEDROCK_MODEL_IDS": ""}, "BEDROCK_MODEL_IDS"),
        ("tables", {"TABLE_SUFFIX": "-x"}, "-x does not exist"),
        ("events_stream", {"TABLE_SUFFIX": "-x"}, "-x does not exist"),
        ("conversations_stream", {"TABLE_SUFFIX": "-x"}, "-x does not exist"),
        ("intake_queue", {"INTAKE_QUEUE_ARN": "arn:aws:sqs:us-east-1:1:none"}, "none does not exist"),
        ("intake_queue", {"INTAKE_QUEUE_ARN": ""}, "INTAKE_QUEUE_ARN is not set"),
        ("documents", {"DOCUMENTS_BUCKET": "none"}, "none does not exist"),
        ("bucket_events", {"DOCUMENTS_BUCKET": "none"}, "none does not exist"),
        ("app_secret", {"APP_SECRET_ID": "none"}, "APP_SECRET_ID does not exist"),
        ("agent_tokens", {"AGENT_TOKENS_SECRET_ID": ""}, "AGENT_TOKENS_SECRET_ID is not set"),
        ("database_secret", {"DATABASE_SECRET_ID": "none"}, "DATABASE_SECRET_ID does not exist"),
        ("webhooks", {"WEBHOOKS_SECRET_ID": "none"}, "WEBHOOKS_SECRET_ID does not exist"),
        ("knowledge_base", {"KNOWLEDGE_BASE_ID": "NONE000001"}, "NONE000001 does not exist"),
        ("data_source", {"DATA_SOURCE_ID": "NONE000001"}, "NONE000001 does not exist"),
        ("data_source", {"DOCUMENTS_BUCKET": "other"}, f"reads {LOCAL.documents_bucket}"),
        ("guardrail", {"GUARDRAIL_ID": "none"}, "none in version 1 does not exist"),
        ("guardrail", {"GUARDRAIL_VERSION": "77"}, "in version 77 does not exist"),
        ("guardrail", {"GUARDRAIL_ID": ""}, "there is none"),
    ],
)
def test_a_setting_that_names_nothing_is_found(
    stack: Product, check: str, variables: dict[str, str], detail: str
) -> None:
    seen = found(stage_of(stack, **variables), check)
    assert not seen.ok
    assert detail in seen.detail
    assert seen.fix


@contextmanager
def secret(aws: AwsClients, secret_id: str, text: str) -> Iterator[None]:
    before = aws.secrets.get_secret_value(SecretId=secret_id)["SecretString"]
    aws.secrets.put_secret_value(SecretId=secret_id, SecretString=text)
    yield
    aws.secrets.put_secret_value(SecretId=secret_id, SecretString=before)


@contextmanager
def no_expiry(aws: AwsClients) -> Iterator[None]:
    wanted = {"AttributeName": "ttl", "Enabled": False}
    aws.dynamodb.update_time_to_live(TableName="support-events", TimeToLiveSpecification=wanted)  # type: ignore[arg-type]
    yield
    wanted["Enabled"] = True
    aws.dynamodb.update_time_to_live(TableName="support-events", TimeToLiveSpecification=wanted)  # type: ignore[arg-type]


@contextmanager
def dead_letter(aws: AwsClients) -> Iterator[None]:
    url = aws.sqs.get_queue_url(QueueName="support-tickets-intake-dlq")["QueueUrl"]
    aws.sqs.send_message(QueueUrl=url, MessageBody="no ticket")
    yield
    (message,) = aws.sqs.receive_message(QueueUrl=url)["Messages"]
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


@contextmanager
def no_bucket_events(aws: AwsClients) -> Iterator[None]:
    bucket = LOCAL.documents_bucket
    before = aws.s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    aws.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    yield
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": before}
    )


@pytest.mark.parametrize(
    ("check", "fault", "detail"),
    [
        ("expiry", no_expiry, "support-events keeps items for ever"),
        ("bucket_events", no_bucket_events, "s3:ObjectCreated:*"),
        ("intake_queue", dead_letter, "support-tickets-intake-dlq holds 1"),
        ("app_secret", lambda aws: secret(aws, LOCAL.app_secret_id, "short"), "shorter than 32"),
        ("agent_tokens", lambda aws: secret(aws, LOCAL.agent_tokens_secret_id, "{}"), "holds no token"),
        ("agent_tokens", lambda aws: secret(aws, LOCAL.agent_tokens_secret_id, '{"a": 1}'), "holds no token"),
        ("database_secret", lambda aws: secret(aws, LOCAL.database_secret_id, "pw"), "no JSON object"),
        ("webhooks", lambda aws: secret(aws, LOCAL.webhooks_secret_id, '[{"url": 1}]'), "cannot be read"),
    ],
)
def test_what_is_wrong_in_the_account_is_found(
    stack: Product, check: str, fault: Callable[[AwsClients], Any], detail: str
) -> None:
    with fault(AwsClients(stack.aws_url, LOCAL)):
        seen = found(stage_of(stack), check)
    assert not seen.ok
    assert detail in seen.detail
    assert seen.fix
    assert found(stage_of(stack), check).ok


def test_an_empty_bucket_is_found(stack: Product) -> None:
    aws = AwsClients(stack.aws_url, LOCAL)
    aws.s3.create_bucket(Bucket="empty")
    seen = found(stage_of(stack, DOCUMENTS_BUCKET="empty"), "documents")
    aws.s3.delete_bucket(Bucket="empty")
    assert (seen.ok, seen.detail) == (False, "the bucket empty is empty")


class ScriptedApp(LocalServer):
    """An app whose routes answer what they are told to; an answer alone is a 200."""

    def __init__(self, answers: Mapping[str, Any], lets_all_in: bool, moment: datetime) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(LocalHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path = self.path.partition("?")[0]
                status, body = 200, answers.get(self.path, answers[path])
                if path != "/health" and not lets_all_in and not self.headers.get("Authorization"):
                    status = 401
                if isinstance(body, int):
                    status, body = body, {}
                content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.answer(status, content)

            do_POST = do_GET

            def date_time_string(self, timestamp: float | None = None) -> str:
                return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")

        super().__init__(Handler)


def test_all_checks_see_one_look_at_the_health() -> None:
    app = ScriptedApp(WELL, lets_all_in=False, moment=NOW)
    stage = Stage(build_parser().parse_args(["doctor", "--port", str(app.port)]), ROOT)
    with ThreadPoolExecutor(len(REACHED)) as pool:
        seen = list(pool.map(lambda name: found(stage, f"app_to_{name}").ok, REACHED))
    app.close()
    assert (seen, app.asked) == ([True] * len(REACHED), ["/health?deep=1"])


@contextmanager
def app_that_answers(
    changes: Mapping[str, Any], lets_all_in: bool = False, moment: datetime = NOW, **variables: str
) -> Iterator[Stage]:
    app = ScriptedApp({**WELL, **changes}, lets_all_in, moment)
    stage = Stage(build_parser().parse_args(["doctor", "--port", str(app.port)]), ROOT)
    stage.variables = {**stage.variables, **variables}
    yield stage
    app.close()


OLD = (NOW - timedelta(hours=1)).isoformat()
SYNC = WELL["/kb/sync"]
IN_VAIN = {
    "attempts": 3,
    "receivers": [{"name": "a.example", "status": "delivered"}, {"name": "b.example", "status": "pending"}],
}


@pytest.mark.parametrize(
    ("check", "path", "answer", "detail"),
    [
        ("app", "/health", "<html>", "is not this app"),
        ("app", "/health", {**WELL["/health"], "stage": "dev"}, "is stage dev"),
        ("version", "/health", {**WELL["/health"], "version": "0.0.1"}, "0.0.1 runs"),
        ("agent_routes", "/tickets", 403, "an agent's token is answered 403"),
        *(
            (f"app_to_{name}", "/health", {**WELL["/health"], "checks": {name: "unreachable"}}, "not reach")
            for name in REACHED
        ),
        ("app_to_bedrock", "/health", 429, "GET /health?deep=1 answers 429"),
        ("last_sync", "/kb/sync", {**SYNC, "jobs": []}, "no sync has ended"),
        ("last_sync", "/kb/sync", {**SYNC, "jobs": [{**JOB, "status": "FAILED"}]}, "ended as FAILED"),
        (
            "last_sync",
            "/kb/sync",
            {**SYNC, "jobs": [{**JOB, "failures": [{"file": "a.pdf", "reason": "x"}]}]},
            "1 document not indexed: a.pdf",
        ),
        ("last_sync", "/kb/sync", 503, "GET /kb/sync answers 503"),
        (
            "index_age",
            "/kb/sync",
            {**SYNC, "pending": True, "last_change_at": OLD, "last_error": "ThrottlingException"},
            "min: ThrottlingException",
        ),
        ("deliveries", "/events", {"events": [{"event_id": "T-1#2"}]}, "the newest T-1#2"),
        (
            "deliveries",
            "/events?status=pending&limit=100",
            {"events": [IN_VAIN]},
            "not taken yet by b.example",
        ),
    ],
)
def test_what_the_app_says_is_judged(check: str, path: str, answer: Any, detail: str) -> None:
    with app_that_answers({path: answer}) as stage:
        seen = found(stage, check)
    assert not seen.ok
    assert detail in seen.detail
    assert seen.fix


def test_agent_routes_that_let_everybody_in_are_found() -> None:
    with app_that_answers({}, lets_all_in=True) as stage:
        assert found(stage, "agent_routes").detail == "without a token GET /tickets answers 200"


def test_a_clock_that_is_wrong_is_found() -> None:
    with app_that_answers({}, moment=NOW - timedelta(minutes=10)) as stage:
        assert not found(stage, "clock").ok


def test_a_budget_that_is_used_up_is_found(stack: Product) -> None:
    key = counter_key(BUDGET, datetime.now(timezone.utc), DAY)
    item: Any = {"pk": {"S": key}, "value": {"N": "10000000"}}
    dynamodb = AwsClients(stack.aws_url, LOCAL).dynamodb
    stage = stage_of(stack, DAILY_BUDGET_USD="10")
    assert found(stage, "budget").ok
    dynamodb.put_item(TableName="support-state", Item=item)
    seen = found(stage, "budget")
    dynamodb.delete_item(TableName="support-state", Key={"pk": {"S": key}})
    assert (seen.ok, seen.detail) == (False, "today's 10.00 dollars are used up")
