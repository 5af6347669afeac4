"""What a function may do is what it does: its calls are noted while it runs and held against its policy."""

import ast
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
import requests
from botocore import xform_name

from chalicelib.chat.sessions import Sessions
from chalicelib.domain.event import event_id_of
from deployment.arns import UnknownRoutes
from deployment.facts import SETTINGS_OF_THE_DATABASE, Extras, model_ids, placeholders
from deployment.policies import FUNCTIONS, as_text, known_facts, policy_file, render, write_policies
from deployment.policies import main as write_all_policies
from devstack.stage import read_local_stage
from tests.deploy.iam import Need, missing, needs_of, unused
from tests.deploy.scenarios import DOCUMENT
from tests.product import Product
from tooling.project import ROOT
from tooling.stages import read_config, write_config
from tooling.template import Template

CONFIG = read_config(ROOT)
STAGES = ["dev", "prod"]
LOCAL = read_local_stage()
LOCAL_MODEL = "local-extractive"
PATIENCE_SECONDS = 60
SUBJECT, FAR_AHEAD = "ticket#T-9", "9999999999999"
EVENT_ID = event_id_of(SUBJECT, 0)
CONTACT = {"email": "jo@example.com", "phone": None, "name": None}
READER, CALL_READER = "customer-support-dev-customers", ("api_handler", "intake")
MAX_ROLE_POLICY_CHARACTERS = 10_240
"""Without white space, which IAM does not count."""
WITHOUT_RESOURCES = {"xray", "ec2", "comprehend"}
"""Services some of whose actions can only be allowed on everything."""

OF_PYNAMODB = {
    "batch_get": "BatchGetItem",
    "batch_write": "BatchWriteItem",
    "count": "Query",
    "get": "GetItem",
    "query": "Query",
    "refresh": "GetItem",
    "save": "PutItem",
    "scan": "Scan",
    "update": "UpdateItem",
}
"""The operations behind the methods of PynamoDB's models; `delete` is also one of its batches."""

Policy = dict[str, Any]


RERANKER = "amazon.rerank-v1:0"


class Account:
    """The stand-ins for AWS, and the functions run against them."""

    def __init__(self, product: Product) -> None:
        self._product = product
        secrets = {
            each["Name"]: each["ARN"] for each in self._client("secretsmanager").list_secrets()["SecretList"]
        }
        self.facts = replace(
            placeholders("dev", (*model_ids(CONFIG, "dev"), LOCAL_MODEL), Extras(RERANKER, LOCAL.mail_from)),
            documents_bucket=LOCAL.documents_bucket,
            knowledge_base_id=LOCAL.knowledge_base_id,
            data_source_id=LOCAL.data_source_id,
            guardrail_id=LOCAL.guardrail_id,
            app_secret_id=secrets[LOCAL.app_secret_id],
            agent_tokens_secret_id=secrets[LOCAL.agent_tokens_secret_id],
            webhooks_secret_id=secrets[LOCAL.webhooks_secret_id],
            database_secret_id=secrets[LOCAL.database_secret_id],
            database_owner_secret_id=secrets[LOCAL.database_owner_secret_id],
        )

    def needs(self, function: str) -> set[Need]:
        """Run a function through its scenario; return what it has to be allowed to do."""
        self._forget_the_last_job()
        self._leave_an_event()
        if function == "sweep":
            self._let_a_job_fail()
        if function == "api_handler":
            self._let_models_be_gone()
        calls = self._run(function)
        if function == "sweep":
            self._wait_for_jobs()
            calls += self._run(function)
        return {need for call in calls for need in needs_of(**call)}

    def create_tables(self) -> None:
        """Create the stage's tables; the local stage has others, so that its own sweep does not interfere."""
        for table in Template().tables():
            name = table.name + self.facts.table_suffix
            self._client("dynamodb").create_table(TableName=name, **table.properties)

    def add_document(self) -> None:
        """Put a document into the bucket that no job has ingested, and let nobody hear of it."""
        name, text = DOCUMENT
        s3 = self._client("s3")
        s3.put_bucket_notification_configuration(Bucket=LOCAL.documents_bucket, NotificationConfiguration={})
        s3.put_object(Bucket=LOCAL.documents_bucket, Key=name, Body=text.encode())

    def _run(self, function: str) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "tests.deploy.container", function],
            cwd=ROOT,
            env=self._environment(function),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        lines = (json.loads(line) for line in done.stdout.splitlines())
        return [line for line in lines if "operation" in line]

    def _environment(self, function: str) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        local = CONFIG["stages"]["local"]["environment_variables"]
        known = self.facts.settings
        secrets = {name: known[name] for name in known if name.endswith("_SECRET_ID")}
        return {
            **own,
            **local,
            **secrets,
            "TABLE_SUFFIX": self.facts.table_suffix,
            "AWS_ENDPOINT_URL": self._product.aws_url,
            # The stand-in serves none of the stage's models, so each is tried before its own.
            "BEDROCK_MODEL_IDS": ",".join(self.facts.model_ids),
            "RERANK_MODEL_ID": RERANKER,
            "SYNC_AT_LEAST_EVERY_HOURS": "24",
            "CHAT_REQUESTS_PER_MINUTE": "20",
            "CHAT_TOKENS_PER_DAY": "200000",
            "DAILY_BUDGET_USD": "1000",
            "PASSAGE_CACHE_SECONDS": "60",
            **({"CUSTOMERS_FUNCTION": READER} if function in CALL_READER else {}),
            "TEST_APP_SECRET": self._app_secret(),
            "TEST_EVENT_ID": EVENT_ID,
        }

    def _forget_the_last_job(self) -> None:
        """Let the next job start at once, as if the last one had been long ago."""
        self._wait_for_jobs()
        state = f"support-state{self.facts.table_suffix}"
        key = {"pk": {"S": f"sync#{LOCAL.data_source_id}"}}
        self._client("dynamodb").delete_item(TableName=state, Key=key)

    def _leave_an_event(self) -> None:
        """Put an event into the table that is due: of a reply that is mailed, to a ticket that is there."""
        told = {"ticket_id": "T-9", "contact": CONTACT, "author": "Jo", "message": "Hello"}
        texts = {"event_id": EVENT_ID, "type": "ticket.replied", "subject": SUBJECT, "status": "pending"}
        texts |= {"listed_at": f"2026-11-20T12:00:00.000Z.{EVENT_ID}", "data": json.dumps(told)}
        texts |= {"outcomes": "{}"}
        zeros = ("number", "timestamp", "due_at", "attempts", "claimed_until")
        numbers = {**dict.fromkeys(zeros, "0"), "give_up_at": FAR_AHEAD, "ttl": FAR_AHEAD}
        item = {
            **{name: {"S": text} for name, text in texts.items()},
            **{name: {"N": number} for name, number in numbers.items()},
        }
        table = f"support-events{self.facts.table_suffix}"
        self._client("dynamodb").put_item(TableName=table, Item=item)
        self._leave_a_ticket()
        self._leave_a_conversation()

    def _leave_a_conversation(self) -> None:
        """Put a conversation that is to be judged, and gaps to be grouped, into the table."""
        state: dict[str, Any] = {"sequence": 1, "number": 1, "started_at": 0, "last_at": 0, "is_open": True}
        state |= {"last_result": None, "handed_over": None, "rated_down": 0, "asked_again": False}
        texts = {
            "pk": "conversation",
            "sk": "k",
            "status": "open",
            "state": json.dumps({**state, "questions": []}),
        }
        numbers = {"version": "1", "due_at": "1", "ttl": FAR_AHEAD}
        item = {
            **{name: {"S": text} for name, text in texts.items()},
            **{name: {"N": number} for name, number in numbers.items()},
        }
        table = f"support-insights{self.facts.table_suffix}"
        self._client("dynamodb").put_item(TableName=table, Item=item)
        report = {"pk": {"S": "gap-report"}, "sk": {"S": "gap-report"}, "changes": {"N": "1"}}
        self._client("dynamodb").put_item(TableName=table, Item=report)

    def _leave_a_ticket(self) -> None:
        session_id = Sessions(self._app_secret, accept_made_up_ids=False).issue()
        texts = {"ticket_id": "T-9", "session_id": session_id, "contact": json.dumps(CONTACT)}
        texts |= {"created_at": "2026-11-20T12:00:00.000+00:00", "listed_at": "01795176000000.T-9"}
        texts |= {"status": "open", "channel": "chat", "priority": "medium"}
        texts |= {"subject": "Llama", "description": "Llama?"}
        item = {**{name: {"S": text} for name, text in texts.items()}, "ttl": {"N": FAR_AHEAD}}
        self._client("dynamodb").put_item(TableName=f"support-tickets{self.facts.table_suffix}", Item=item)

    def _app_secret(self) -> str:
        secret: str = json.loads((self._product.data_dir / "secrets.json").read_text("utf-8"))["app_secret"]
        return secret

    def _let_a_job_fail(self) -> None:
        """Start a job that fails, and that the app does not know of."""
        self._fault({"operation": "IngestionJob", "error": "InternalServerException", "times": 1})
        where = {"knowledgeBaseId": LOCAL.knowledge_base_id, "dataSourceId": LOCAL.data_source_id}
        self._client("bedrock-agent").start_ingestion_job(**where)
        self._wait_for_jobs()

    def _let_models_be_gone(self) -> None:
        """Let the look at the health ask for each model but the stand-in's own."""
        times = len(self.facts.model_ids) - 1
        self._fault({"operation": "CountTokens", "error": "ResourceNotFoundException", "times": times})

    def _fault(self, fault: dict[str, Any]) -> None:
        requests.put(f"{self._product.aws_url}/_devstack/faults", json=fault, timeout=5).raise_for_status()

    def _wait_for_jobs(self) -> None:
        where = {"knowledgeBaseId": LOCAL.knowledge_base_id, "dataSourceId": LOCAL.data_source_id}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._statuses(where) & {"STARTING", "IN_PROGRESS"}:
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def _statuses(self, where: dict[str, str]) -> set[str]:
        jobs = self._client("bedrock-agent").list_ingestion_jobs(**where)["ingestionJobSummaries"]
        return {job["status"] for job in jobs}

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self._product.aws_url,
            region_name=LOCAL.region,
            aws_access_key_id=LOCAL.access_key_id,
            aws_secret_access_key=LOCAL.secret_access_key,
        )


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Stand-ins without the app, so that nobody else sweeps."""
    # Not below pytest's own folder, which the account that Postgres runs as may not enter.
    with (
        tempfile.TemporaryDirectory(prefix="support-test-", ignore_cleanup_errors=True) as folder,
        Product(Path(folder).resolve(), "stack") as product,
    ):
        account = Account(product.wait_until_ready())
        account.create_tables()
        account.add_document()
        yield account
        assert product.stop() == 0, product.output


@pytest.fixture(scope="module")
def needed(account: Account) -> dict[str, set[Need]]:
    """What each function had to be allowed to do in its scenario."""
    return {function: account.needs(function) for function in FUNCTIONS}


def policy_of(account: Account, function: str) -> Policy:
    return render(account.facts)[policy_file("dev", function)]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_all_that_it_does(
    function: str, account: Account, needed: dict[str, set[Need]]
) -> None:
    assert needed[function]
    assert missing(policy_of(account, function), needed[function]) == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_nothing_that_it_does_not_do(
    function: str, account: Account, needed: dict[str, set[Need]]
) -> None:
    assert unused(policy_of(account, function), needed[function]) == set()


def methods_called_in(package: str) -> set[str]:
    """Return the names of all methods that a package of the app calls."""
    found = set()
    for path in (ROOT / "chalicelib" / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                found.add(node.func.attr)
    return found


def test_the_scenarios_make_each_call_that_a_gateway_can_make(needed: dict[str, set[Need]]) -> None:
    session = botocore.session.get_session()
    operations = {
        xform_name(operation): operation
        for service in (
            "bedrock-agent",
            "bedrock-agent-runtime",
            "comprehend",
            "s3",
            "secretsmanager",
            "sesv2",
        )
        for operation in session.get_service_model(service).operation_names
    }
    called = {operations[name] for name in methods_called_in("gateways") & operations.keys()}
    made = {need.action.split(":")[1] for needs in needed.values() for need in needs}
    assert "StartIngestionJob" in called
    assert called <= made


def test_the_scenarios_make_each_kind_of_call_that_a_store_can_make(needed: dict[str, set[Need]]) -> None:
    called = {OF_PYNAMODB[name] for name in methods_called_in("stores") & OF_PYNAMODB.keys()}
    made = {need.action for needs in needed.values() for need in needs}
    assert called <= {action.removeprefix("dynamodb:") for action in made}


def test_without_a_reranker_none_may_be_called() -> None:
    policy = as_text(render(placeholders("dev", model_ids(CONFIG, "dev")))["policy-dev.json"])
    assert "rerank" not in policy.lower()


def test_without_a_database_no_function_may_ask_for_customers() -> None:
    without = replace(
        placeholders("dev", model_ids(CONFIG, "dev")),
        **dict.fromkeys(SETTINGS_OF_THE_DATABASE, ""),  # type: ignore[arg-type]
    )
    policies = render(without)
    actions = {
        a for each in policies.values() for statement in each["Statement"] for a in statement["Action"]
    }
    assert not any(action.startswith(("ec2:", "lambda:")) for action in actions)
    for name in ("customers", "migrate"):
        secrets = [
            each for each in policies[policy_file("dev", name)]["Statement"] if each["Sid"] == "Secrets"
        ]
        assert secrets == []


NEEDED = Need("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/support-state")


def allowing(*actions: str, resource: str = NEEDED.resource) -> Policy:
    return {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": [resource]}]}


def test_a_permission_that_is_missing_is_found() -> None:
    assert missing(allowing("dynamodb:PutItem"), [NEEDED]) == {NEEDED}
    assert missing(allowing("dynamodb:GetItem", resource=NEEDED.resource + "-dev"), [NEEDED]) == {NEEDED}
    assert missing(allowing("dynamodb:GetItem"), [NEEDED]) == set()


def test_a_permission_that_is_not_used_is_found() -> None:
    policy = allowing("dynamodb:GetItem", "dynamodb:Scan")
    assert unused(policy, [NEEDED]) == {("dynamodb:Scan", NEEDED.resource)}


def test_a_model_behind_a_profile_may_not_be_called_past_it(account: Account) -> None:
    policy = render(account.facts)["policy-dev.json"]
    (routed,) = {
        need
        for need in needs_of("bedrock-runtime", "Converse", {"modelId": account.facts.model_ids[0]})
        if need.resource.startswith("arn:aws:bedrock:::")
    }
    assert missing(policy, [routed]) == set()
    directly = replace(routed, profile=None)
    assert missing(policy, [directly]) == {directly}


def test_mails_may_be_from_the_stages_address_alone(account: Account) -> None:
    (own, _) = needs_of("sesv2", "SendEmail", {"FromEmailAddress": LOCAL.mail_from})
    assert missing(policy_of(account, "deliver"), [own]) == set()
    other = replace(own, sender="other@example.com")
    assert missing(policy_of(account, "deliver"), [other]) == {other}


def test_a_stage_that_sends_no_mails_may_not_send_any() -> None:
    for policy in render(placeholders("dev", model_ids(CONFIG, "dev"))).values():
        assert not any(action.startswith("ses:") for each in policy["Statement"] for action in each["Action"])


def test_the_files_hold_what_is_rendered(tmp_path: Path) -> None:
    (tmp_path / ".chalice").mkdir()
    write_config(CONFIG, tmp_path)
    write_all_policies(tmp_path)
    for path in (tmp_path / ".chalice").glob("policy-*.json"):
        held = (ROOT / ".chalice" / path.name).read_text("utf-8")
        assert held == path.read_text("utf-8"), "python -m deployment.policies writes them"


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_policy_is_small_enough_to_lie_in_a_role(stage: str, function: str) -> None:
    policy = render(known_facts(CONFIG, stage))[policy_file(stage, function)]
    assert len(json.dumps(policy, separators=(",", ":"))) <= MAX_ROLE_POLICY_CHARACTERS


def test_no_other_policy_lies_about() -> None:
    files = {path.name for path in (ROOT / ".chalice").glob("policy-*.json")}
    assert files == {policy_file(stage, function) for stage in STAGES for function in FUNCTIONS}


def test_written_policies_are_those_of_the_account(tmp_path: Path) -> None:
    (tmp_path / ".chalice").mkdir()
    facts = replace(
        placeholders("dev", ("eu.anthropic.model-v1:0",)), account="210987654321", region="eu-west-1"
    )
    write_policies(facts, tmp_path)
    written = {path.name: json.loads(path.read_text("utf-8")) for path in (tmp_path / ".chalice").iterdir()}
    assert written == render(facts)
    arn = "arn:aws:bedrock:eu-west-1:210987654321:inference-profile/eu.anthropic.model-v1:0"
    assert arn in as_text(written["policy-dev.json"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_everything_is_named_but_where_the_service_knows_no_names(function: str) -> None:
    policy = render(placeholders("prod", model_ids(CONFIG, "prod")))[policy_file("prod", function)]
    for statement in policy["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        if "*" in statement["Resource"]:
            assert {action.split(":")[0] for action in statement["Action"]} <= WITHOUT_RESOURCES


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_its_own_log_alone(function: str) -> None:
    policy = render(placeholders("dev", model_ids(CONFIG, "dev")))[policy_file("dev", function)]
    name = "customer-support-dev" if function == "api_handler" else f"customer-support-dev-{function}"
    (logs,) = (each for each in policy["Statement"] if each["Action"][0].startswith("logs:"))
    assert logs["Resource"] == [f"arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/{name}:*"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_lambda_makes_network_interfaces_and_the_code_inside_cannot(function: str) -> None:
    facts = placeholders("dev", model_ids(CONFIG, "dev"))
    statements = render(facts)[policy_file("dev", function)]["Statement"]
    network = [each for each in statements if each["Action"][0].startswith("ec2:")]
    effects = [each["Effect"] for each in network]
    assert effects == (["Allow", "Deny"] if function in ("customers", "migrate") else [])
    assert len({tuple(each["Action"]) for each in network}) <= 1


@pytest.mark.parametrize(
    ("model_id", "regions"),
    [
        ("us.anthropic.model-v1:0", {"us-east-1", "us-east-2", "us-west-2"}),
        ("global.anthropic.model-v1:0", {"us-east-1", ""}),
        ("anthropic.model-v1:0", {"us-east-1"}),
    ],
)
def test_a_model_may_run_wherever_its_profile_routes_to(model_id: str, regions: set[str]) -> None:
    statements = render(placeholders("dev", (model_id,)))["policy-dev.json"]["Statement"]
    invoked = [
        arn for each in statements if "bedrock:InvokeModel" in each["Action"] for arn in each["Resource"]
    ]
    assert {arn for arn in invoked if "::foundation-model/" in arn} == {
        f"arn:aws:bedrock:{region}::foundation-model/anthropic.model-v1:0" for region in regions
    }


@pytest.mark.parametrize(
    "model_id", ["jp.anthropic.model-v1:0", "arn:aws:bedrock:us-east-1:1:inference-profile/x"]
)
def test_a_profile_whose_regions_are_not_known_is_refused_by_name(model_id: str) -> None:
    with pytest.raises(UnknownRoutes, match=model_id):
        render(placeholders("dev", (model_id,)))
