"""`dev.py deploy`: from a stack's outputs to a stage that answers, repeatable and resumed after a failure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deployment.chalice_cli import Ended, run_chalice, run_on_terminal
from deployment.deploy import deploy_stage, facts_of_stack, write_settings
from deployment.facts import IncompleteStack, facts_in, model_ids, placeholders
from deployment.work import DONE
from tests.deploy.fakes import (
    ACCOUNT,
    ANSWERED,
    REGION,
    FakeClient,
    FakeCloudFormation,
    FakePages,
    Scene,
    invoked,
    note_deployed,
    options,
    project,
    refusal,
    scene,
)
from tooling.errors import CommandError
from tooling.project import ROOT
from tooling.stages import read_config
from tooling.throttling import BURST, PAGES_BURST, PAGES_PER_SECOND, REQUESTS_PER_SECOND

OUTPUTS = {
    "TableSuffix": "-dev",
    "DocumentsBucket": "documents-1",
    "KnowledgeBaseId": "KB12345678",
    "HybridSearch": "true",
    "DataSourceId": "DS12345678",
    "GuardrailId": "guard1",
    "GuardrailVersion": "3",
    "AppSecretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:app",
    "AgentTokensSecretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:agents",
    "WebhooksSecretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:webhooks",
    "EventsStreamArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/support-events-dev/stream/2026",
    "ConversationsStreamArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/conversations/stream/2026",
    "IntakeQueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:support-tickets-intake-dev",
    "DatabaseSecretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:database",
    "DatabaseOwnerSecretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db",
    "DatabaseHost": "db.example.com",
    "DatabasePort": "5432",
    "DatabaseName": "support",
    "SubnetIds": "subnet-1,subnet-2",
    "SecurityGroupId": "sg-1",
}
LEADS_HERE = f"…:function:arn:aws:lambda:{REGION}:{ACCOUNT}:function:customer-support-dev/invocations"
ANSWER = {"response": "Open the settings.\nThen choose a new one.", "degraded": []}


@dataclass
class FakeFunctions:
    """The functions of a stage; what each answers can be set by the last word of its name."""

    answers: dict[str, Any] = field(
        default_factory=lambda: {
            "migrate": {"applied": ["0001"]},
            "sweep": None,
            "dev": {"statusCode": 200, "body": json.dumps(ANSWER)},
        }
    )
    failing: set[str] = field(default_factory=set)
    events: list[tuple[str, Any]] = field(default_factory=list)

    def get_paginator(self, operation: str) -> FakePages:
        """List nothing: the functions are none that Chalice has made."""
        listed = {"list_functions": "Functions", "list_event_source_mappings": "EventSourceMappings"}
        return FakePages(lambda _arguments: {listed[operation]: []})

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS's names
        """Answer an event."""
        name = FunctionName.rsplit("-", 1)[1]
        self.events.append((FunctionName, json.loads(Payload)))
        answer = self.answers[name]
        return invoked(answer.pop(0) if isinstance(answer, list) else answer, name in self.failing)


@dataclass
class FakeChalice:
    """Chalice as a command; it notes its deployment unless it fails, with the words that are told."""

    root: Path
    failures: list[str] = field(default_factory=list)
    compiled: int = 0
    runs: list[tuple[Sequence[str], Mapping[str, str], Path]] = field(default_factory=list)

    def __call__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Ended:
        """Deploy, unless there is a failure left."""
        if "deploy" not in command:
            self.compiled += 1
            return Ended(0, "")
        self.runs.append((command, environment, folder))
        if self.failures:
            return Ended(1, self.failures.pop(0))
        note_deployed(self.root)
        return Ended(0, "")


@dataclass
class Stage:
    """A project, an account and what a deployment changes in them."""

    root: Path
    functions: FakeFunctions = field(default_factory=FakeFunctions)
    stack: FakeCloudFormation = field(
        default_factory=lambda: FakeCloudFormation("CREATE_COMPLETE", outputs=dict(OUTPUTS))
    )

    def __post_init__(self) -> None:
        self.chalice = FakeChalice(self.root)
        self.gateway = FakeClient(
            get_account={"cloudwatchRoleArn": "arn:role"},
            get_stage={},
            update_stage={},
            get_gateway_responses={"items": []},
            put_gateway_response={},
            create_deployment={},
            get_rest_apis={"items": [{"id": "api1", "name": "customer-support"}]},
            get_resources={
                "items": [{"resourceMethods": {"GET": {"methodIntegration": {"uri": LEADS_HERE}}}}]
            },
            get_stages={"item": [{"stageName": "api"}]},
        )
        self.logs = FakeClient(create_log_group={}, put_retention_policy={})
        self.tables = FakeClient(update_item={"Attributes": {"pk": {"S": "sync#DS12345678"}}})

    def scene(self) -> Scene:
        """Return the surroundings of one more run."""
        clients = {
            "cloudformation": self.stack,
            "lambda": self.functions,
            "apigateway": self.gateway,
            "logs": self.logs,
            "bedrock-runtime": FakeClient(converse=ANSWERED),
            "dynamodb": self.tables,
            "iam": FakeClient(simulate_principal_policy={"EvaluationResults": []}, list_roles={"Roles": []}),
            "events": FakeClient(list_rules={"Rules": []}),
            "s3": FakeClient(get_bucket_notification_configuration={}),
            "ssm": FakeClient(get_parameter={"Parameter": {"Value": "api1"}}, put_parameter={}),
        }
        return scene(clients, root=self.root, is_emulated=True)

    def deploy(self) -> Scene:
        """Deploy once."""
        at = self.scene()
        assert deploy_stage(at.work, options("deploy", "dev"), self.chalice) == 0
        return at


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage whose stack is there and that nobody has deployed."""
    return Stage(project(tmp_path))


def test_a_deployment_ends_with_an_answer_and_where_to_find_the_stage(stage: Stage) -> None:
    said = stage.deploy().said
    assert "→ Open the settings.\n" in said
    assert "applied 0001" in said
    assert f"ApiEndpoint      https://api1.execute-api.{REGION}.amazonaws.com/api/" in said
    assert "KnowledgeBaseId  KB12345678" in said
    assert "DocumentsBucket  documents-1" in said


def test_the_functions_are_called_in_their_order(stage: Stage) -> None:
    stage.deploy()
    called = [name for name, _ in stage.functions.events]
    assert called == ["customer-support-dev-migrate", "customer-support-dev-sweep", "customer-support-dev"]


def test_chalice_runs_for_the_stage_in_its_region(stage: Stage) -> None:
    stage.deploy()
    ((command, environment, folder),) = stage.chalice.runs
    assert list(command[-3:]) == ["deploy", "--stage", "dev"]
    assert environment["AWS_DEFAULT_REGION"] == REGION
    assert folder == stage.root


def test_what_chalice_packs_is_compiled_before(stage: Stage) -> None:
    stage.chalice.failures = ["AccessDenied"]
    with pytest.raises(CommandError):
        stage.deploy()
    assert stage.chalice.compiled == 1


def test_wheels_for_lambda_are_taken_by_their_hashes(stage: Stage) -> None:
    stage.deploy()
    ((_, environment, _),) = stage.chalice.runs
    assert "--hash=sha256:" in (ROOT / environment["PIP_CONSTRAINT"]).read_text("utf-8")


def test_the_settings_hold_ids_of_the_stack_and_leave_all_else_as_it_was(stage: Stage) -> None:
    before = read_config(stage.root)
    stage.deploy()
    after = read_config(stage.root)
    facts = facts_in(after, "dev")
    assert facts is not None
    assert (facts.knowledge_base_id, facts.subnet_ids) == ("KB12345678", ("subnet-1", "subnet-2"))
    assert after["stages"]["local"] == before["stages"]["local"]
    assert after["stages"]["prod"] == before["stages"]["prod"]
    assert {key: value for key, value in after.items() if key != "stages"} == {
        key: value for key, value in before.items() if key != "stages"
    }
    text = (stage.root / ".chalice" / "config.json").read_text("utf-8")
    assert text == json.dumps(after, indent=2) + "\n"


def test_the_policies_name_what_the_stack_made(stage: Stage) -> None:
    stage.deploy()
    policy = (stage.root / ".chalice" / "policy-dev.json").read_text("utf-8")
    assert f"arn:aws:bedrock:{REGION}:{ACCOUNT}:knowledge-base/KB12345678" in policy


def test_writing_the_same_settings_again_is_already_done(stage: Stage) -> None:
    work = stage.scene().work
    facts = facts_of_stack(work)
    assert write_settings(work, facts) != DONE
    assert write_settings(work, facts) == DONE
    (stage.root / ".chalice" / "policy-dev-sweep.json").unlink()
    assert write_settings(work, facts) != DONE


def test_a_sync_that_was_left_paused_goes_on(stage: Stage) -> None:
    stage.deploy()
    (change,) = stage.tables.called("update_item")
    assert change["UpdateExpression"] == "REMOVE paused_until"
    assert change["Key"] == {"pk": {"S": f"sync#{OUTPUTS['DataSourceId']}"}}


def test_a_second_deployment_changes_nothing_that_is_done(stage: Stage) -> None:
    stage.deploy()
    stage.functions.answers["migrate"] = {"applied": []}
    wanted = stage.gateway.called("put_gateway_response")
    changes = {
        change["path"]: change["value"]
        for change in stage.gateway.called("update_stage")[0]["patchOperations"]
    }
    of_one = {name for response in wanted for name in response} - {"restApiId"}
    responses = [{name: each[name] for name in of_one & each.keys()} for each in wanted]
    stage.gateway.answers["get_gateway_responses"] = {"items": responses}
    stage.gateway.answers["get_stage"] = {
        "methodSettings": {
            "*/*": {"throttlingRateLimit": float(REQUESTS_PER_SECOND), "throttlingBurstLimit": BURST},
            **{
                f"{page}/GET": {
                    "throttlingRateLimit": float(each_second),
                    "throttlingBurstLimit": PAGES_BURST,
                }
                for page, each_second in PAGES_PER_SECOND.items()
            },
        },
        "accessLogSettings": {
            "destinationArn": changes["/accessLogSettings/destinationArn"],
            "format": changes["/accessLogSettings/format"],
        },
    }
    said = stage.deploy().said
    assert said.count(DONE) == 4
    assert len(stage.gateway.called("update_stage")) == 1
    assert len(stage.gateway.called("create_deployment")) == 1


def test_a_stage_without_its_stack_is_told_to_make_it(stage: Stage) -> None:
    stage.stack.status = None
    with pytest.raises(CommandError, match=r"no stack customer-support-dev.*python3 dev\.py infra dev"):
        stage.deploy()
    assert stage.chalice.runs == []


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"])
def test_a_stack_that_cannot_be_used_is_not_deployed_to(stage: Stage, status: str) -> None:
    stage.stack.status = status
    with pytest.raises(CommandError, match=rf"is in {status}.*python3 dev\.py infra dev"):
        stage.deploy()
    assert (stage.chalice.runs, stage.stack.deletions) == ([], 0)


def test_a_stack_of_an_older_template_is_told_to_be_brought_up_to_date(stage: Stage) -> None:
    del stage.stack.outputs["DatabaseHost"]
    with pytest.raises(IncompleteStack, match=r"DatabaseHost.*python3 dev\.py infra dev"):
        stage.deploy()


def test_a_stage_without_postgres_is_deployed_outside_of_any_network(stage: Stage) -> None:
    stage.deploy()
    for output in OUTPUTS:
        if output.startswith(("Database", "SubnetIds", "SecurityGroupId")):
            del stage.stack.outputs[output]
    stage.functions.events.clear()
    at = stage.deploy()
    assert "Database        none" in at.said
    assert [name for name, _ in stage.functions.events] == [
        "customer-support-dev-sweep",
        "customer-support-dev",
    ]
    dev = read_config(stage.root)["stages"]["dev"]
    assert not any(name.startswith(("DATABASE", "CUSTOMERS_")) for name in dev["environment_variables"])
    assert not any("subnet_ids" in function for function in dev["lambda_functions"].values())
    facts = facts_in(read_config(stage.root), "dev")
    assert facts is not None
    assert not facts.has_database


def test_without_a_usable_model_nothing_is_deployed(stage: Stage) -> None:
    clients = {
        "cloudformation": stage.stack,
        "bedrock-runtime": FakeClient(converse=refusal("AccessDeniedException")),
        "bedrock": FakeClient(get_foundation_model_availability=refusal("AccessDeniedException")),
        "service-quotas": FakeClient(list_service_quotas={"Quotas": []}),
    }
    at = scene(clients, root=stage.root)
    with pytest.raises(CommandError, match="No model can be used"):
        deploy_stage(at.work, options("deploy", "dev"), stage.chalice)
    assert stage.chalice.runs == []


@pytest.mark.parametrize(
    ("account", "region"), [("999999999999", REGION), (ACCOUNT, "us-east-1")], ids=["account", "Region"]
)
def test_a_stage_is_not_deployed_a_second_time_elsewhere(stage: Stage, account: str, region: str) -> None:
    note_deployed(stage.root, account=account, region=region)
    with pytest.raises(CommandError, match=f"is deployed in account {account}, Region {region}"):
        stage.deploy()


def test_a_failing_step_is_named_and_the_next_run_goes_on(stage: Stage) -> None:
    stage.functions.failing.add("migrate")
    stage.functions.answers["migrate"] = {"errorType": "OperationalError", "errorMessage": "no\nroute"}
    with pytest.raises(CommandError) as caught:
        stage.deploy()
    assert "The step “Database” failed" in str(caught.value)
    assert "OperationalError: no route" in str(caught.value)
    assert "run `python3 dev.py deploy dev` again" in str(caught.value)
    stage.functions.failing.clear()
    stage.functions.answers["migrate"] = {"applied": []}
    stage.deploy()


def test_a_refusal_of_aws_in_a_step_is_named_with_it(stage: Stage) -> None:
    stage.gateway.answers["update_stage"] = refusal("AccessDeniedException", operation="UpdateStage")
    with pytest.raises(CommandError, match="“Limits and log” failed: These AWS credentials may not do Up"):
        stage.deploy()


def test_chalice_failing_ends_the_deployment_there(stage: Stage) -> None:
    stage.chalice.failures = ["AccessDenied"]
    with pytest.raises(CommandError, match="“Functions” failed: `chalice deploy` failed"):
        stage.deploy()
    assert (stage.functions.events, len(stage.chalice.runs)) == ([], 1)


NOT_YET = (
    "\nERROR - While deploying your chalice application:\n\n Unable to validate the following\n destination "
)


def test_what_aws_does_only_some_seconds_later_is_tried_again(stage: Stage) -> None:
    stage.chalice.failures = [NOT_YET + "configurations", "TooManyRequestsException: Too Many Requests"]
    at = stage.deploy()
    assert len(stage.chalice.runs) == 3
    assert at.pauses[:2] == [15, 15]


def test_what_aws_never_does_is_given_up(stage: Stage) -> None:
    stage.chalice.failures = [NOT_YET + "configurations"] * 9
    with pytest.raises(CommandError, match="`chalice deploy` failed"):
        stage.deploy()
    assert len(stage.chalice.runs) == 4


def test_chalice_itself_says_that_it_failed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    at = scene({}, root=tmp_path)
    with pytest.raises(CommandError, match="`chalice deploy` failed; its message is above"):
        run_chalice(at.work, run_on_terminal)
    assert "Are you sure this is a chalice project?" in capfd.readouterr().out


def test_a_new_api_is_given_time_and_asked_with_the_same_message(stage: Stage) -> None:
    good = {"statusCode": 200, "body": json.dumps(ANSWER)}
    stage.functions.answers["dev"] = [{"statusCode": 503, "body": "<html>"}, good]
    stage.deploy()
    first, second = (
        json.loads(event["body"]) for name, event in stage.functions.events if name.endswith("dev")
    )
    assert first == second
    assert first["message_id"]


def test_an_api_that_never_answers_fails_with_its_words_and_where_to_look(stage: Stage) -> None:
    refused = {"statusCode": 503, "body": json.dumps({"error": "The assistant cannot answer right now."})}
    stage.functions.answers["dev"] = refused
    with pytest.raises(CommandError, match=r"503: The assistant cannot.*/aws/lambda/customer-support-dev"):
        stage.deploy()


def test_an_answer_without_the_knowledge_base_is_not_good_enough(stage: Stage) -> None:
    half = {"response": "Hm.", "degraded": ["knowledge_base"]}
    stage.functions.answers["dev"] = {"statusCode": 200, "body": json.dumps(half)}
    with pytest.raises(CommandError, match="could not reach knowledge_base"):
        stage.deploy()


def test_the_facts_of_prod_are_written_to_prod_alone(stage: Stage) -> None:
    config = read_config(stage.root)
    at = scene({}, "prod", root=stage.root)
    write_settings(at.work, placeholders("prod", model_ids(config, "prod")))
    assert read_config(stage.root)["stages"]["dev"] == config["stages"]["dev"]
