"""`dev.py infra`: every state that a stack can be in, what is said and asked, and how it ends."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from deployment.account import Account
from deployment.infra import bring_up_infra
from deployment.stack import BROKEN
from deployment.work import Work
from tests.deploy.fakes import (
    ANSWERED,
    CALLER,
    EMBEDDED,
    MOMENT,
    FakeClient,
    FakeCloudFormation,
    Scene,
    change,
    ends,
    model_details,
    options,
    project,
    refusal,
    role,
    scene,
)
from tooling.errors import CommandError
from tooling.template import Template, parse_template

TABLE = "AWS::DynamoDB::Table"
NAMED_BY = {TABLE: "TableName", "AWS::S3::Bucket": "BucketName"}
DATABASE = "AWS::RDS::DBInstance"
ADD_TABLE = change("Add", "TicketsTable", TABLE)
CHANGE_VPC = change("Modify", "Vpc", "AWS::EC2::VPC", Replacement="False")
REPLACE_DATABASE = change(
    "Modify", "Database", DATABASE, Replacement="True", PolicyAction="ReplaceAndSnapshot"
)
LONGEST_TEMPLATE_BYTES = 51_200
"""A longer one would have to lie in a bucket."""
REMOVE_TABLE = change("Remove", "TicketsTable", TABLE, PolicyAction="Retain")


TAKEN = {
    "id": "guardrail1",
    "arn": "arn:aws:bedrock:eu-west-2:123456789012:guardrail/guardrail1",
    "status": "READY",
    "name": "customer-support-dev",
    "version": "DRAFT",
    "createdAt": MOMENT,
    "updatedAt": MOMENT,
}
ZONES = ("eu-west-2a", "eu-west-2b", "eu-west-2c")


def endpoints_in(zones: Sequence[str], **others: Sequence[str]) -> Callable[..., Any]:
    """Return what lists the endpoint services asked for, each in these zones but for the others."""

    def describe(Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        names = Filters[0]["Values"]
        zones_of = {name: others.get(name.rpartition(".")[2].replace("-", "_"), zones) for name in names}
        return {
            "ServiceDetails": [
                {"ServiceName": name, "AvailabilityZones": list(found)}
                for name, found in zones_of.items()
                if found
            ]
        }

    return describe


def healthy(cloudformation: Any, **others: Any) -> dict[str, Any]:
    """Return an account that lacks nothing."""
    return {
        "cloudformation": cloudformation,
        "bedrock": FakeClient(list_guardrails={"guardrails": []}, get_foundation_model=model_details()),
        "bedrock-agent": FakeClient(list_knowledge_bases={"knowledgeBaseSummaries": []}),
        "bedrock-runtime": FakeClient(invoke_model=EMBEDDED, converse=ANSWERED),
        "comprehend": FakeClient(detect_sentiment={"Sentiment": "NEUTRAL"}),
        "ec2": FakeClient(
            describe_availability_zones={"AvailabilityZones": [{"ZoneName": name} for name in ZONES]},
            describe_vpc_endpoint_services=endpoints_in(ZONES),
            describe_vpcs={"Vpcs": []},
        ),
        "lambda": FakeClient(get_account_settings={"AccountLimit": {"ConcurrentExecutions": 1000}}),
        "s3vectors": FakeClient(list_vector_buckets={"vectorBuckets": []}),
        "secretsmanager": FakeClient(describe_secret=refusal("ResourceNotFoundException")),
        "service-quotas": FakeClient(
            get_service_quota={"Quota": {"Value": 5.0}}, list_service_quotas={"Quotas": []}
        ),
        "opensearchserverless": FakeClient(list_collections={"collectionSummaries": []}),
        "iam": FakeClient(simulate_principal_policy={"EvaluationResults": []}),
        **others,
    }


def infra(cloudformation: FakeCloudFormation, *arguments: str, **surroundings: Any) -> tuple[int, Scene]:
    stage = surroundings.get("stage", "dev")
    at = scene(healthy(cloudformation), **surroundings)
    return bring_up_infra(at.work, options("infra", stage, *arguments)), at


def parameters_of(proposal: dict[str, Any]) -> dict[str, Any]:
    return {
        each["ParameterKey"]: each.get("ParameterValue", each.get("UsePreviousValue"))
        for each in proposal["Parameters"]
    }


def proposed(**clients: Any) -> tuple[dict[str, Any], Scene]:
    """Ask for a new stack in an account where these clients differ; return the parameters and the scene."""
    cloudformation = FakeCloudFormation(changes=[ADD_TABLE])
    at = scene(healthy(cloudformation, **clients), answers="n\n")
    bring_up_infra(at.work, options("infra", "dev"))
    return parameters_of(cloudformation.proposals[0]), at


def ec2(**answers: Any) -> FakeClient:
    healthy_one: FakeClient = healthy(None)["ec2"]
    return FakeClient(**{**healthy_one.answers, **answers})


def test_a_new_stack_is_put_where_each_service_and_lambda_are() -> None:
    endpoints = endpoints_in(ZONES, secretsmanager=("eu-west-2b", "eu-west-2c"), **{"lambda": ZONES[:2]})
    parameters, at = proposed(
        ec2=ec2(describe_vpc_endpoint_services=endpoints_in(ZONES, secretsmanager=ZONES[1:]))
    )
    assert (parameters["FirstZone"], parameters["SecondZone"]) == ("eu-west-2b", "eu-west-2c")
    assert "Zones           eu-west-2b and eu-west-2c" in at.said
    with pytest.raises(CommandError, match=r"No two zones(.|\n)*secretsmanager: eu-west-2b, eu-west-2c"):
        proposed(ec2=ec2(describe_vpc_endpoint_services=endpoints))


def test_a_region_without_an_endpoint_service_is_refused_by_its_name() -> None:
    with pytest.raises(CommandError, match="no VPC endpoint for secretsmanager"):
        proposed(ec2=ec2(describe_vpc_endpoint_services=endpoints_in(ZONES, secretsmanager=())))


def test_zones_of_ones_own_and_those_of_a_stack_that_is_there_stay() -> None:
    cloudformation = FakeCloudFormation(changes=[ADD_TABLE])
    infra(cloudformation, "--parameter", "FirstZone=eu-west-2c", answers="n\n")
    assert parameters_of(cloudformation.proposals[0])["FirstZone"] == "eu-west-2c"
    there = FakeCloudFormation(
        "CREATE_COMPLETE", parameters={"FirstZone": "eu-west-2a"}, changes=[CHANGE_VPC]
    )
    infra(there, answers="n\n")
    assert parameters_of(there.proposals[0])["FirstZone"] is True


NO_NETWORK = {"ec2": FakeClient()}
"""Which answers nothing, so that nothing may be asked of it."""


def test_a_stack_without_postgres_needs_neither_zones_nor_a_vpc() -> None:
    cloudformation = FakeCloudFormation(changes=[ADD_TABLE])
    at = scene(healthy(cloudformation, **NO_NETWORK), answers="n\n")
    bring_up_infra(at.work, options("infra", "dev", "--parameter", "CustomerDatabase=NONE"))
    parameters = parameters_of(cloudformation.proposals[0])
    assert (parameters["CustomerDatabase"], "FirstZone" in parameters) == ("NONE", False)


def test_a_stack_that_gets_postgres_later_gets_its_zones_then() -> None:
    there = FakeCloudFormation(
        "CREATE_COMPLETE", parameters={"CustomerDatabase": "NONE"}, changes=[CHANGE_VPC]
    )
    infra(there, answers="n\n")
    assert "FirstZone" not in parameters_of(there.proposals[0])
    infra(there, "--parameter", "CustomerDatabase=POSTGRES", answers="n\n")
    assert parameters_of(there.proposals[1])["FirstZone"] == "eu-west-2a"


@pytest.mark.parametrize("parameters", [{}, {"CustomerDatabase": "POSTGRES"}], ids=["older", "newer"])
def test_a_stack_does_not_lose_postgres_under_its_functions(parameters: dict[str, str]) -> None:
    there = FakeCloudFormation("CREATE_COMPLETE", parameters=parameters, changes=[CHANGE_VPC])
    with pytest.raises(CommandError, match=r"has Postgres(.|\n)*`python3 dev\.py destroy dev` first"):
        infra(there, "--parameter", "CustomerDatabase=NONE")
    assert there.proposals == []


def test_an_account_without_room_for_a_vpc_is_told_before_anything_is_made() -> None:
    with pytest.raises(CommandError, match=r"5 VPCs in eu-west-2, of 5.*L-F678F1CE"):
        proposed(ec2=ec2(describe_vpcs={"Vpcs": [{}] * 5}))


def test_an_account_that_runs_few_functions_at_once_is_told() -> None:
    few = FakeClient(get_account_settings={"AccountLimit": {"ConcurrentExecutions": 10}})
    assert "only 10 functions may run at once" in proposed(**{"lambda": few})[1].said


@pytest.mark.parametrize(
    ("clients", "words"),
    [
        (
            {
                "bedrock": FakeClient(
                    list_guardrails={"guardrails": [TAKEN]},
                    get_foundation_model=model_details(),
                )
            },
            "the guardrail customer-support-dev",
        ),
        (
            {"secretsmanager": FakeClient(describe_secret={"DeletedDate": MOMENT})},
            "the secret customer-support/dev/app-secret",
        ),
    ],
)
def test_a_name_that_is_taken_is_told_before_anything_is_made(clients: dict[str, Any], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        proposed(**clients)


def test_who_may_not_look_at_quotas_and_names_goes_on() -> None:
    denied = refusal("AccessDeniedException")
    parameters, _ = proposed(
        **{
            "bedrock": FakeClient(list_guardrails=denied, get_foundation_model=denied),
            "lambda": FakeClient(get_account_settings=denied),
            "secretsmanager": FakeClient(describe_secret=denied),
            "service-quotas": FakeClient(get_service_quota=denied, list_service_quotas=denied),
        }
    )
    assert parameters["FirstZone"] == "eu-west-2a"


def test_a_new_stack_is_announced_created_and_followed_to_its_outputs() -> None:
    events = [("TicketsTable", TABLE, "CREATE_IN_PROGRESS", "")]
    cloudformation = FakeCloudFormation(
        changes=[ADD_TABLE, change("Add", "Database", DATABASE), change("Add", "StateTable", TABLE)],
        outputs={"KnowledgeBaseId": "KB12345678"},
        script=[(events, "CREATE_IN_PROGRESS"), ends("CREATE_COMPLETE")],
    )
    code, at = infra(cloudformation, answers="y\n")
    assert code == 0
    assert "2 × DynamoDB Table" in at.said
    assert "1 × RDS DBInstance" in at.said
    assert "create in progress    TicketsTable" in at.said
    assert "KnowledgeBaseId  KB12345678" in at.said
    assert "python3 dev.py deploy dev" in at.said
    assert cloudformation.proposals[0]["ChangeSetType"] == "CREATE"
    assert cloudformation.executed[0]["RetainExceptOnCreate"] is True


def test_each_event_is_shown_once() -> None:
    events = [("TicketsTable", TABLE, "CREATE_IN_PROGRESS", "")]
    cloudformation = FakeCloudFormation(
        changes=[ADD_TABLE],
        script=[(events, "CREATE_IN_PROGRESS"), ([], "CREATE_IN_PROGRESS"), ends("CREATE_COMPLETE")],
    )
    _, at = infra(cloudformation, is_sure=True)
    assert at.said.count("create in progress") == 1
    assert at.pauses


def test_who_says_no_changes_nothing_and_leaves_no_empty_stack() -> None:
    cloudformation = FakeCloudFormation(changes=[ADD_TABLE])
    code, at = infra(cloudformation, answers="\n")
    assert code == 1
    assert "Nothing was changed." in at.said
    assert cloudformation.executed == []
    assert (cloudformation.discarded, cloudformation.deletions) == (1, 1)


def test_where_nobody_can_answer_it_says_which_option_to_add() -> None:
    cloudformation = FakeCloudFormation(changes=[ADD_TABLE])
    with pytest.raises(CommandError, match="--yes"):
        infra(cloudformation)
    assert cloudformation.executed == []
    assert cloudformation.discarded == 1


@pytest.mark.parametrize(
    "reason",
    ["The submitted information didn't contain changes.", "No updates are to be performed."],
)
def test_a_stack_that_is_up_to_date_is_left_alone(reason: str) -> None:
    cloudformation = FakeCloudFormation(
        "UPDATE_COMPLETE", outputs={"A": "1"}, change_set_status=("FAILED", reason)
    )
    code, at = infra(cloudformation)
    assert code == 0
    assert "Nothing to change" in at.said
    assert "A  1" in at.said
    assert cloudformation.executed == []
    assert cloudformation.deletions == 0


def test_a_refused_template_is_said_with_aws_own_reason() -> None:
    refused = ("FAILED", "Parameter AlarmEmail failed to satisfy constraint: an e-mail address, or empty")
    cloudformation = FakeCloudFormation(change_set_status=refused)
    with pytest.raises(CommandError, match="an e-mail address"):
        infra(cloudformation)
    assert cloudformation.deletions == 1, "the stack that is only a name"


def test_an_update_keeps_the_parameters_that_are_not_named() -> None:
    cloudformation = FakeCloudFormation(
        "CREATE_COMPLETE",
        parameters={"Stage": "dev", "AlarmEmail": "a@example.com", "FirstZone": "2", "Withdrawn": "1"},
        changes=[CHANGE_VPC],
        script=[ends("UPDATE_COMPLETE")],
    )
    infra(cloudformation, "--alarm-email", "b@example.com", is_sure=True)
    proposal = cloudformation.proposals[0]
    assert proposal["ChangeSetType"] == "UPDATE"
    assert parameters_of(proposal) == {"Stage": "dev", "AlarmEmail": "b@example.com", "FirstZone": True}


def test_the_changes_are_named_with_what_is_replaced_and_what_stays() -> None:
    cloudformation = FakeCloudFormation(
        "CREATE_COMPLETE",
        changes=[
            change(
                "Modify",
                "Vpc",
                "AWS::EC2::VPC",
                Replacement="Conditional",
                Details=[{"Target": {"Name": "CidrBlock"}}],
            ),
            REPLACE_DATABASE,
            REMOVE_TABLE,
            change("Import", "DocumentsBucket", "AWS::S3::Bucket"),
        ],
    )
    code, at = infra(cloudformation, answers="no\n")
    assert code == 1
    for line in (
        "MAY REPLACE Vpc (EC2 VPC): CidrBlock",
        "REPLACE     Database (RDS DBInstance); the old one leaves a snapshot",
        "remove      TicketsTable (DynamoDB Table); the old one stays, outside the stack",
        "adopt       DocumentsBucket (S3 Bucket)",
    ):
        assert line in at.said


@pytest.mark.parametrize("dangerous", [REPLACE_DATABASE, REMOVE_TABLE])
def test_what_holds_data_goes_only_when_the_stage_is_typed_even_with_yes(dangerous: dict[str, Any]) -> None:
    cloudformation = FakeCloudFormation("CREATE_COMPLETE", changes=[dangerous])
    with pytest.raises(CommandError, match="even with --yes"):
        infra(cloudformation, "--yes", is_sure=True)
    assert infra(cloudformation, is_sure=True, answers="prod\n")[0] == 1
    assert cloudformation.executed == []
    cloudformation.script = [ends("UPDATE_COMPLETE")]
    assert infra(cloudformation, is_sure=True, answers="dev\n")[0] == 0


def test_in_prod_what_holds_data_goes_only_with_a_flag_as_well() -> None:
    cloudformation = FakeCloudFormation("CREATE_COMPLETE", changes=[REPLACE_DATABASE])
    with pytest.raises(CommandError, match="--allow-data-loss"):
        infra(cloudformation, stage="prod", answers="prod\n")
    assert cloudformation.executed == []
    cloudformation.script = [ends("UPDATE_COMPLETE")]
    assert infra(cloudformation, "--allow-data-loss", stage="prod", answers="prod\n")[0] == 0


def test_the_stack_of_prod_alone_is_protected_against_deletion() -> None:
    for stage, is_protected in (("prod", True), ("dev", False)):
        cloudformation = FakeCloudFormation(changes=[ADD_TABLE], script=[ends("CREATE_COMPLETE")])
        infra(cloudformation, stage=stage, is_sure=True)
        assert cloudformation.is_protected is is_protected


@pytest.mark.parametrize("status", sorted(BROKEN))
def test_a_stack_that_cannot_be_used_is_deleted_first_and_made_anew(status: str) -> None:
    cloudformation = FakeCloudFormation(status, changes=[ADD_TABLE])
    cloudformation.script = [ends("DELETE_COMPLETE")]
    at = scene(healthy(cloudformation), answers="y\nn\n")
    bring_up_infra(at.work, options("infra", "dev"))
    assert status in at.said
    assert cloudformation.deletions >= 1
    assert cloudformation.proposals[0]["ChangeSetType"] == "CREATE"


def test_a_stack_that_cannot_be_used_stays_without_consent() -> None:
    cloudformation = FakeCloudFormation("ROLLBACK_COMPLETE")
    with pytest.raises(CommandError, match="Delete the stack customer-support-dev"):
        infra(cloudformation, answers="n\n")
    assert cloudformation.deletions == 0


def test_a_stack_that_cannot_be_deleted_is_said_with_the_reason() -> None:
    failure = ("Vpc", "AWS::EC2::VPC", "DELETE_FAILED", "has dependencies")
    cloudformation = FakeCloudFormation("ROLLBACK_COMPLETE", script=[ends("DELETE_FAILED", failure)])
    with pytest.raises(CommandError, match=r"Vpc .*has dependencies"):
        infra(cloudformation, is_sure=True)


def test_a_stack_that_is_only_a_name_is_gone_on_with() -> None:
    cloudformation = FakeCloudFormation(
        "REVIEW_IN_PROGRESS", changes=[ADD_TABLE], script=[ends("CREATE_COMPLETE")]
    )
    code, _ = infra(cloudformation, is_sure=True)
    assert code == 0
    assert cloudformation.proposals[0]["ChangeSetType"] == "CREATE"
    assert cloudformation.deletions == 0


def test_a_stuck_rollback_is_said_with_the_command_that_helps() -> None:
    with pytest.raises(CommandError, match="continue-update-rollback --stack-name customer-support-dev"):
        infra(FakeCloudFormation("UPDATE_ROLLBACK_FAILED"))


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"])
def test_what_somebody_else_has_begun_is_followed_first(status: str) -> None:
    cloudformation = FakeCloudFormation(
        status,
        script=[([], status), ends("UPDATE_COMPLETE")],
        change_set_status=("FAILED", "didn't contain changes"),
    )
    cloudformation.begin()
    code, at = infra(cloudformation)
    assert code == 0
    assert "is being changed" in at.said
    assert "update complete" in at.said


def test_a_failure_names_the_first_thing_that_failed_and_the_next_step() -> None:
    cancelled = ("TicketsTable", TABLE, "CREATE_FAILED", "Resource creation cancelled")
    first = ("Database", DATABASE, "CREATE_FAILED", "You have reached the limit of instances")
    later = ("Vpc", "AWS::EC2::VPC", "CREATE_FAILED", "something else")
    cloudformation = FakeCloudFormation(
        changes=[ADD_TABLE], script=[ends("ROLLBACK_COMPLETE", cancelled, first, later)]
    )
    with pytest.raises(CommandError) as caught:
        infra(cloudformation, is_sure=True)
    assert "ROLLBACK_COMPLETE" in str(caught.value)
    assert "it starts from nothing" in str(caught.value)
    assert "First failure: Database (AWS::RDS::DBInstance): You have reached the limit" in str(caught.value)
    assert "python3 dev.py infra dev" in str(caught.value)


VPC_HELD = ("Vpc", "AWS::EC2::VPC", "DELETE_FAILED", "has dependencies")


def test_what_an_update_left_is_named_and_the_stack_is_up_to_date() -> None:
    bucket_held = ("VectorBucket", "AWS::S3Vectors::VectorBucket", "DELETE_FAILED", "not empty")
    cloudformation = FakeCloudFormation(
        "CREATE_COMPLETE",
        resources={"Vpc": "vpc-1"},
        changes=[CHANGE_VPC],
        script=[ends("UPDATE_COMPLETE", VPC_HELD, bucket_held, VPC_HELD)],
    )
    with pytest.raises(CommandError) as caught:
        infra(cloudformation, is_sure=True)
    said = str(caught.value)
    assert "The stack is up to date, but" in said
    assert said.count("\n  Vpc (AWS::EC2::VPC, vpc-1): has dependencies\n") == 1
    assert "\n  VectorBucket (AWS::S3Vectors::VectorBucket): not empty\n" in said
    assert "as it was before" not in said


def test_what_an_update_deletes_at_the_second_try_is_no_failure() -> None:
    gone = ("Vpc", "AWS::EC2::VPC", "DELETE_COMPLETE", "")
    script = [ends("UPDATE_COMPLETE", VPC_HELD, gone)]
    cloudformation = FakeCloudFormation("CREATE_COMPLETE", changes=[CHANGE_VPC], script=script)
    assert infra(cloudformation, is_sure=True)[0] == 0


def test_the_index_in_opensearch_is_made_by_the_role_behind_the_session() -> None:
    arn = "arn:aws:iam::123456789012:role/aws-reserved/Admin"
    allowed: dict[str, Any] = {"EvaluationResults": []}
    iam = FakeClient(get_role={"Role": role("Admin", arn)}, simulate_principal_policy=allowed)
    cloudformation = FakeCloudFormation(
        changes=[ADD_TABLE], script=[ends("CREATE_COMPLETE"), ends("UPDATE_COMPLETE")]
    )
    caller = "arn:aws:sts::123456789012:assumed-role/Admin/me"
    at = scene(healthy(cloudformation, iam=iam), is_sure=True, caller=caller)
    bring_up_infra(at.work, options("infra", "dev", "--vector-store", "OPENSEARCH_SERVERLESS"))
    assert parameters_of(cloudformation.proposals[0])["DeployerArn"] == arn
    assert iam.called("simulate_principal_policy")[0]["PolicySourceArn"] == arn


NOT_READY = "The knowledge base storage configuration provided is invalid... no such index [passages]"


def to_opensearch(*script: Any, **stack: Any) -> tuple[FakeCloudFormation, Scene]:
    """Move a stack's vectors to OpenSearch; each entry of the script ends one change."""
    held = {"parameters": {"VectorStore": "S3_VECTORS", "DeployerArn": CALLER}, **stack}
    cloudformation = FakeCloudFormation("CREATE_COMPLETE", changes=[ADD_TABLE], script=list(script), **held)
    at = scene(healthy(cloudformation), is_sure=True)
    with suppress(CommandError):
        bring_up_infra(at.work, options("infra", "dev", "--vector-store", "OPENSEARCH_SERVERLESS"))
    return cloudformation, at


def test_the_index_is_made_first_while_the_other_store_still_answers() -> None:
    cloudformation, at = to_opensearch(ends("UPDATE_COMPLETE"), ends("UPDATE_COMPLETE"))
    first, second = (parameters_of(each) for each in cloudformation.proposals)
    assert (first["VectorStore"], first["PrepareSearch"]) == ("S3_VECTORS", "true")
    assert (second["VectorStore"], second["PrepareSearch"]) == ("OPENSEARCH_SERVERLESS", "false")
    assert at.pauses[0] == 60


def test_who_stops_half_way_is_told_what_goes_on_costing() -> None:
    cloudformation = FakeCloudFormation(
        "CREATE_COMPLETE",
        parameters={"VectorStore": "S3_VECTORS", "DeployerArn": CALLER},
        changes=[ADD_TABLE],
        script=[ends("UPDATE_COMPLETE")],
    )
    _, at = infra(cloudformation, "--vector-store", "OPENSEARCH_SERVERLESS", answers="y\nn\n")
    assert "paid for by the hour: `python3 dev.py infra dev` takes it away" in at.said


def test_an_index_that_cannot_be_used_yet_is_waited_for() -> None:
    refused = ends("UPDATE_ROLLBACK_COMPLETE", ("SearchKnowledgeBase", "KB", "CREATE_FAILED", NOT_READY))
    cloudformation, at = to_opensearch(ends("UPDATE_COMPLETE"), refused, refused, ends("UPDATE_COMPLETE"))
    assert len(cloudformation.executed) == 4
    assert at.pauses == [60, 60, 60]
    assert "Next: `python3 dev.py deploy dev`" in at.said


def test_an_index_that_never_can_be_used_is_a_failure() -> None:
    refused = ends("UPDATE_ROLLBACK_COMPLETE", ("SearchKnowledgeBase", "KB", "CREATE_FAILED", NOT_READY))
    cloudformation, at = to_opensearch(ends("UPDATE_COMPLETE"), *[refused] * 6)
    assert len(cloudformation.executed) == 7
    assert "Next: " not in at.said


def test_an_index_that_is_there_is_not_made_first() -> None:
    prepared = {"VectorStore": "S3_VECTORS", "DeployerArn": CALLER, "PrepareSearch": "true"}
    cloudformation, _ = to_opensearch(
        ends("UPDATE_COMPLETE"), resources={"SearchIndex": "passages"}, parameters=prepared
    )
    (only,) = (parameters_of(each) for each in cloudformation.proposals)
    assert (only["VectorStore"], only["PrepareSearch"]) == ("OPENSEARCH_SERVERLESS", "false")


def test_a_collection_that_was_prepared_for_nothing_is_not_paid_for_on() -> None:
    prepared = {"VectorStore": "S3_VECTORS", "PrepareSearch": "true"}
    cloudformation = FakeCloudFormation("CREATE_COMPLETE", parameters=prepared, changes=[ADD_TABLE])
    infra(cloudformation, answers="n\n")
    assert parameters_of(cloudformation.proposals[0])["PrepareSearch"] == "false"


@pytest.mark.parametrize("arguments", [[], ["--parameter", f"DeployerArn={CALLER}"]])
def test_an_index_of_another_deployer_is_not_tried_to_be_deleted(arguments: list[str]) -> None:
    held = {"VectorStore": "S3_VECTORS", "PrepareSearch": "true", "DeployerArn": f"{CALLER}-of-old"}
    cloudformation = FakeCloudFormation("CREATE_COMPLETE", parameters=held, resources={"SearchIndex": "p"})
    words = f"Only {CALLER}-of-old may delete .*infra dev --parameter DeployerArn={CALLER}`"
    with pytest.raises(CommandError, match=words):
        infra(cloudformation, *arguments)


@pytest.mark.parametrize(
    ("parameter", "problem"),
    [
        ("SecondZone=eu-west-2c", "SecondZone is eu-west-2b since"),
        ("FirstZone=eu-west-2c", "FirstZone is the one"),
        ("Stage=prod", "Stage is dev since"),
    ],
)
def test_what_is_set_once_cannot_be_changed_later(parameter: str, problem: str) -> None:
    held = {"Stage": "dev", "FirstZone": "", "SecondZone": "eu-west-2b"}
    with pytest.raises(CommandError, match=problem):
        infra(FakeCloudFormation("CREATE_COMPLETE", parameters=held), "--parameter", parameter)


def test_the_root_user_cannot_make_the_index_in_opensearch() -> None:
    at = scene(healthy(FakeCloudFormation()), caller="arn:aws:iam::123456789012:root")
    with pytest.raises(CommandError, match="cannot be the root user"):
        bring_up_infra(at.work, options("infra", "dev", "--vector-store", "OPENSEARCH_SERVERLESS"))


def test_a_role_that_may_not_look_itself_up_is_told_to_name_itself() -> None:
    iam = FakeClient(get_role=refusal("AccessDenied", operation="GetRole"))
    caller = "arn:aws:sts::123456789012:assumed-role/Admin/me"
    at = scene(healthy(FakeCloudFormation(), iam=iam), caller=caller)
    with pytest.raises(CommandError, match="--parameter DeployerArn="):
        bring_up_infra(at.work, options("infra", "dev", "--vector-store", "OPENSEARCH_SERVERLESS"))
    assert "could not be checked (GetRole is not possible)" in at.said


def test_a_change_set_that_takes_a_while_is_waited_for() -> None:
    cloudformation = FakeCloudFormation(changes=[ADD_TABLE], pending_looks=2)
    _, at = infra(cloudformation, answers="n\n")
    assert len(at.pauses) == 2
    assert "1 × DynamoDB Table" in at.said


SWITCHED = [
    change("Remove", "S3DataSource", "AWS::Bedrock::DataSource"),
    change("Add", "SearchDataSource", "AWS::Bedrock::DataSource"),
]
KNOWLEDGE = {"KnowledgeBaseId": "KB12345678", "DataSourceId": "DS12345678"}
JOB = {
    "knowledgeBaseId": "KNOWLEDGE1",
    "dataSourceId": "DATASOURCE",
    "ingestionJobId": "INGESTION1",
    "startedAt": MOMENT,
    "updatedAt": MOMENT,
}


def switch(script_end: str, *jobs: str, answers: str = "y\n") -> tuple[FakeClient, FakeClient, Scene]:
    """Let the store change while jobs are as told, look by look; return DynamoDB, Bedrock and the scene."""
    cloudformation = FakeCloudFormation(
        "CREATE_COMPLETE", changes=SWITCHED, outputs=dict(KNOWLEDGE), script=[ends(script_end)]
    )
    tables = FakeClient(update_item={"Attributes": {"pk": {"S": "sync#DS12345678"}}})
    listed = [{"ingestionJobSummaries": [{**JOB, "status": status}]} for status in (*jobs, "COMPLETE")]
    bedrock = FakeClient(
        list_knowledge_bases={"knowledgeBaseSummaries": []},
        list_ingestion_jobs=listed,
        stop_ingestion_job={"ingestionJob": {**JOB, "status": "STOPPING"}},
    )
    clients = healthy(cloudformation, **{"dynamodb": tables, "bedrock-agent": bedrock})
    at = scene(clients, answers=answers)
    with suppress(CommandError):
        bring_up_infra(at.work, options("infra", "dev"))
    return tables, bedrock, at


def changes_of_the_pause(tables: FakeClient) -> list[str]:
    return [call["UpdateExpression"].split()[0] for call in tables.called("update_item")]


def test_a_knowledge_base_that_is_replaced_is_said_to_pause_the_answers() -> None:
    tables, _, at = switch("UPDATE_COMPLETE", answers="n\n")
    assert "answers know no article from now until" in at.said
    assert tables.calls == []


def test_no_job_runs_or_starts_while_the_knowledge_base_is_replaced() -> None:
    tables, bedrock, at = switch("UPDATE_COMPLETE", "IN_PROGRESS", "STOPPING")
    # What was paused is gone with the old data source.
    assert changes_of_the_pause(tables) == ["SET"]
    assert bedrock.called("stop_ingestion_job")[0]["ingestionJobId"] == JOB["ingestionJobId"]
    assert len(bedrock.called("list_ingestion_jobs")) == 3
    assert len(at.pauses) == 2


def test_a_replacement_that_fails_lets_the_sync_go_on() -> None:
    tables, _, _ = switch("UPDATE_ROLLBACK_COMPLETE")
    assert changes_of_the_pause(tables) == ["SET", "REMOVE"]


def test_a_job_that_never_ends_stops_the_replacement_before_it_begins() -> None:
    tables, _, at = switch("UPDATE_COMPLETE", *["STOPPING"] * 200)
    assert "update complete" not in at.said
    assert changes_of_the_pause(tables) == ["SET", "REMOVE"]


def test_a_parameter_that_the_template_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(CommandError, match=r"no Colour\. It has: Stage, VectorStore"):
        infra(FakeCloudFormation(), "--parameter", "Colour=red")


def test_what_the_network_loses_on_the_way_is_not_swallowed() -> None:
    at = scene({"cloudformation": FakeClient(describe_stacks=refusal("ValidationError", "Rate exceeded"))})
    with pytest.raises(ClientError):
        bring_up_infra(at.work, options("infra", "dev"))


def test_what_an_earlier_stack_left_is_taken_over_by_its_name() -> None:
    cloudformation = FakeCloudFormation(changes=[ADD_TABLE], script=[ends("CREATE_COMPLETE")])
    infra(cloudformation, is_sure=True)
    (proposal,) = cloudformation.proposals
    assert proposal["ImportExistingResources"] is True
    resources = parse_template(proposal["TemplateBody"])["Resources"]
    kept = {name for name, each in resources.items() if each.get("DeletionPolicy") == "Retain"}
    names = {name: resources[name]["Properties"].get(NAMED_BY.get(resources[name]["Type"])) for name in kept}
    # A version of a guardrail has no name, and the next stack makes its own.
    assert names.pop("GuardrailVersion") is None
    assert names == {
        "ConversationsTable": "customer-support-conversations-dev",
        "InteractionsTable": "customer-interactions-dev",
        "TicketsTable": "support-tickets-dev",
        "StateTable": "support-state-dev",
        "EventsTable": "support-events-dev",
        "InsightsTable": "support-insights-dev",
        "DocumentsBucket": "customer-support-kb-dev-123456789012-eu-west-2",
    }


def test_the_template_fits_into_a_request() -> None:
    written_out = Template().with_names(dict.fromkeys(("Stage", "AWS::AccountId", "AWS::Region"), "x" * 14))
    assert len(written_out.encode()) <= LONGEST_TEMPLATE_BYTES
    assert parse_template(written_out).keys() == parse_template(Template().text).keys()


SMALL_TEMPLATE = """
Parameters:
  Stage: {Type: String}
  Colour: {Type: String, Default: red}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      TableName: !Sub tickets-${Stage}
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""


def test_against_an_emulator_a_stack_is_created_and_then_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project(tmp_path) / "infra" / "rds_kb.yaml").write_text(SMALL_TEMPLATE, "utf-8")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        session: Any = boto3.Session(region_name="us-east-1")
        fakes = {**healthy(session.client("cloudformation"))}
        at = scene({}, is_sure=True, root=tmp_path)
        account = Account("us-east-1", CALLER, lambda service: fakes[service])
        work = Work("dev", account, at.work.terminal, tmp_path, at.pauses.append)
        for expected in ("add        1 × DynamoDB Table", "Nothing to change"):
            assert bring_up_infra(work, options("infra", "dev")) == 0
            assert expected in at.said
        assert session.client("dynamodb").list_tables()["TableNames"] == ["tickets-dev"]
