"""`dev.py destroy`: asks first, protects prod, goes on after a failure, and says what stays."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployment.destroy import destroy_stage
from deployment.work import DONE
from tests.deploy.fakes import (
    ACCOUNT,
    CALLER,
    REGION,
    FakeClient,
    FakeCloudFormation,
    Scene,
    ends,
    note_deployed,
    options,
    project,
    refusal,
    role,
    scene,
)
from tooling.errors import CommandError
from tooling.stages import record_path

RESOURCES = {
    "TicketsTable": "support-tickets-dev",
    "DocumentsBucket": "documents-1",
    "Database": "db-1",
    "Vpc": "vpc-1",
    "GuardrailVersion": "guard|1",
}
GROUPS = ["", "-agent", "2-agent"]


class FakeAccount:
    """What one stage has in the account: a function and its role; what was deleted, in order."""

    def __init__(self) -> None:
        stem = "/aws/lambda/customer-support-dev"
        self.groups = {stem: [f"{stem}{end}" for end in GROUPS]}
        self.deleted: list[str] = []
        self.functions, self.roles = ["customer-support-dev-sweep"], ["customer-support-dev-sweep"]
        self.logs = FakeClient(describe_log_groups=self._describe_groups, delete_log_group=self._delete_group)
        self.clients = {
            "logs": self.logs,
            "lambda": FakeClient(
                list_functions=lambda: {"Functions": [_function(name) for name in self.functions]},
                list_tags={"Tags": {"aws-chalice": "version=1.34.0:stage=dev:app=customer-support"}},
                list_event_source_mappings={"EventSourceMappings": []},
                delete_function=lambda FunctionName: self._delete(self.functions, FunctionName, ":"),  # noqa: N803
            ),
            "iam": FakeClient(
                list_roles=lambda: {"Roles": [role(name) for name in self.roles]},
                list_role_policies={"PolicyNames": []},
                delete_role=lambda RoleName: self._delete(self.roles, RoleName, "/"),  # noqa: N803
            ),
            "events": FakeClient(list_rules={"Rules": []}),
            "apigateway": FakeClient(get_rest_apis={"items": []}),
            "s3": FakeClient(get_bucket_notification_configuration={}),
            "ssm": FakeClient(delete_parameter={}),
        }

    def _describe_groups(self, logGroupNamePrefix: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"logGroups": [{"logGroupName": name} for name in self.groups.get(logGroupNamePrefix, [])]}

    def _delete_group(self, logGroupName: str) -> None:  # noqa: N803 - AWS's name
        self.groups["/aws/lambda/customer-support-dev"].remove(logGroupName)
        self.deleted.append("log group")

    def _delete(self, there: list[str], name: str, separator: str) -> None:
        there.remove(name.rsplit(separator, 1)[-1])
        self.deleted.append("function" if separator == ":" else "role")


def _function(name: str) -> dict[str, str]:
    return {"FunctionName": name, "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"}


@dataclass
class Destruction:
    """A stage to delete, and what became of it."""

    root: Path
    stack: FakeCloudFormation = field(
        default_factory=lambda: FakeCloudFormation("CREATE_COMPLETE", resources=dict(RESOURCES))
    )
    database: Any = field(default_factory=lambda: {"DBInstances": [{"DeletionProtection": False}]})
    account: FakeAccount = field(default_factory=FakeAccount)

    def run(self, *arguments: str, stage: str = "dev", answers: str = "dev\n") -> tuple[int, Scene]:
        """Run the command once."""
        clients = {
            **self.account.clients,
            "bedrock-agent": FakeClient(list_ingestion_jobs={"ingestionJobSummaries": []}),
            "cloudformation": self.stack,
            "rds": FakeClient(describe_db_instances=self.database),
        }
        at = scene(clients, stage, answers, is_sure="--yes" in arguments, root=self.root)
        return destroy_stage(at.work, options("destroy", stage, *arguments)), at


@pytest.fixture
def stage(tmp_path: Path) -> Destruction:
    """A stage that is deployed."""
    root = project(tmp_path)
    note_deployed(root)
    return Destruction(root)


def test_a_stage_goes_once_its_name_is_typed(stage: Destruction) -> None:
    code, at = stage.run()
    assert code == 0
    assert (stage.account.functions, stage.account.roles) == ([], [])
    assert stage.stack.status == "DELETE_COMPLETE"
    assert "Stage dev is gone." in at.said


@pytest.mark.parametrize("answer", ["yes\n", "\n", "prod\n"])
def test_any_other_word_deletes_nothing(stage: Destruction, answer: str) -> None:
    code, at = stage.run(answers=answer)
    assert code == 1
    assert "Nothing was deleted." in at.said
    assert stage.account.deleted == []
    assert stage.stack.deletions == 0


def test_where_nobody_can_answer_nothing_is_deleted_without_yes(stage: Destruction) -> None:
    with pytest.raises(CommandError, match="--yes"):
        stage.run(answers="")
    assert stage.stack.deletions == 0
    assert stage.run("--yes", answers="")[0] == 0


def test_an_index_of_another_deployer_stops_it_before_anything_is_deleted(stage: Destruction) -> None:
    stage.stack.resources["SearchIndex"] = "passages"
    stage.stack.parameters["DeployerArn"] = f"{CALLER}-of-old"
    with pytest.raises(CommandError, match=f"Only {CALLER}-of-old may delete the index"):
        stage.run()
    assert stage.account.deleted == []


def test_what_stays_is_named_before_and_how_to_remove_it_after(stage: Destruction) -> None:
    _, at = stage.run()
    before, after = at.said.split("Stage dev is gone.")
    assert "keeps support-tickets-dev, documents-1" in before
    assert "snapshot of the database db-1" in before
    assert f"aws dynamodb delete-table --table-name support-tickets-dev --region {REGION}" in after
    assert "documents-1: in the S3 console" in after
    assert "describe-db-snapshots --db-instance-identifier db-1" in after
    assert "guard" not in after


def test_only_the_log_groups_of_the_stage_go(stage: Destruction) -> None:
    stage.run()
    gone = [call["logGroupName"].rsplit("/", 1)[1] for call in stage.account.logs.called("delete_log_group")]
    assert gone == ["customer-support-dev", "customer-support-dev-agent"]


def test_what_is_gone_already_is_said_to_be(stage: Destruction) -> None:
    stage.run()
    code, at = stage.run()
    assert code == 0
    assert at.said.count(DONE) == 4


def test_prod_is_refused_without_a_flag(stage: Destruction) -> None:
    with pytest.raises(CommandError, match="destroy prod --even-prod"):
        stage.run(stage="prod", answers="prod\n")


def test_a_protected_prod_is_refused_with_the_commands_that_help(stage: Destruction) -> None:
    stage.stack.is_protected = True
    stage.database["DBInstances"][0]["DeletionProtection"] = True
    with pytest.raises(CommandError) as caught:
        stage.run("--even-prod", stage="prod", answers="prod\n")
    assert "--no-enable-termination-protection --stack-name customer-support-prod" in str(caught.value)
    assert "--no-deletion-protection --apply-immediately --db-instance-identifier db-1" in str(caught.value)
    assert stage.account.deleted == []


def test_a_database_that_is_gone_protects_nothing(stage: Destruction) -> None:
    stage.database = refusal("DBInstanceNotFound")
    assert stage.run()[0] == 0
    stage.database = refusal("AccessDenied")
    stage.stack.status = "DELETE_FAILED"
    with pytest.raises(ClientError):
        stage.run()


def test_a_function_that_cannot_be_deleted_keeps_the_stack_and_the_next_run_goes_on(
    stage: Destruction,
) -> None:
    functions = stage.account.clients["lambda"]
    delete = functions.answers["delete_function"]
    functions.answers["delete_function"] = refusal("AccessDeniedException", operation="DeleteFunction")
    with pytest.raises(
        CommandError, match=r"“Functions, API” failed.*DeleteFunction.*\n.*destroy dev` again"
    ):
        stage.run()
    assert stage.stack.deletions == 0
    functions.answers["delete_function"] = delete
    assert stage.run()[0] == 0


def test_what_is_busy_is_waited_for(stage: Destruction) -> None:
    functions = stage.account.clients["lambda"]
    functions.answers["delete_function"] = [
        refusal("ResourceConflictException"),
        refusal("ResourceConflictException"),
        functions.answers["delete_function"],
    ]
    assert len(stage.run()[1].pauses) == 2
    assert stage.account.functions == []


def test_roles_outlive_the_network_and_logs_outlive_the_roles(
    stage: Destruction,
) -> None:
    held = ("FirstSubnet", "AWS::EC2::Subnet", "DELETE_FAILED", "has dependencies and cannot be deleted")
    stage.stack.script = [ends("DELETE_FAILED", held)]
    with pytest.raises(CommandError):
        stage.run()
    assert stage.account.deleted == ["function"]
    stage.run()
    assert stage.account.deleted == ["function", "role", "log group", "log group"]


def test_a_network_that_lambda_still_holds_is_said_with_how_long_to_wait(stage: Destruction) -> None:
    held = ("FirstSubnet", "AWS::EC2::Subnet", "DELETE_FAILED", "has dependencies and cannot be deleted")
    stage.stack.script = [ends("DELETE_FAILED", held)]
    with pytest.raises(CommandError, match=r"FirstSubnet .*has dependencies.*wait half an hour"):
        stage.run()
    assert stage.run()[0] == 0


def test_any_copy_of_the_project_can_delete_the_stage(stage: Destruction) -> None:
    record_path(stage.root, "dev").unlink()
    assert stage.run()[0] == 0
    assert stage.account.functions == []


def test_no_record_is_left_of_a_stage_that_is_gone(stage: Destruction) -> None:
    stage.run()
    assert not record_path(stage.root, "dev").exists()
    assert stage.account.clients["ssm"].called("delete_parameter") == [
        {"Name": "/customer-support/dev/api-id"}
    ]


def test_what_somebody_else_does_to_the_stack_is_followed_first(stage: Destruction) -> None:
    stage.stack.status = "UPDATE_IN_PROGRESS"
    stage.stack.script = [ends("UPDATE_COMPLETE")]
    stage.stack.begin()
    code, at = stage.run()
    assert code == 0
    assert "is being changed" in at.said


def test_a_stage_deployed_elsewhere_is_not_deleted_here(stage: Destruction) -> None:
    note_deployed(stage.root, account="999999999999")
    with pytest.raises(CommandError, match="is deployed in account 999999999999"):
        stage.run()
