"""A deployment or a deletion may end at any call: the next one goes on from there, to the same stage."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from deployment.made.record import forget_stage, parameter, restore_record
from tests.deploy.account import Lost
from tests.deploy.stage_in_process import BUCKET, Packager, Stage
from tooling.errors import CommandError
from tooling.stages import record_path

MOST_CALLS = 200
"""More than a deployment makes, so that one that does not end is seen."""


def lose_each_call(
    stage: Stage, command: Callable[[], object], step: int = 1, first: int = 0
) -> Iterator[str]:
    """Run a command once for each call that it makes, each time without the answer to one; yield that."""
    for number in range(first, MOST_CALLS, step):
        fault = stage.account.losing(number)
        with suppress(CommandError, Lost):
            command()
        stage.account.losing(None)
        if not fault.has_struck:
            return
        yield f"{number}: {fault.calls[number]}"
    raise AssertionError("The command never ended.")


def test_a_deployment_that_loses_any_call_is_finished_by_the_next(stage: Stage) -> None:
    stage.deploy()
    whole = stage.sizes()
    stage.destroy()
    # Every other call here, and the others where what is left is deleted: each takes a deployment or two.
    for lost in lose_each_call(stage, stage.deploy, step=2):
        begun = stage.there()["apis"]
        url = stage.deploy()
        assert stage.sizes() == whole, lost
        assert not begun or url.startswith(f"https://{begun[0]}."), lost
        stage.destroy()


def test_an_update_that_loses_any_call_keeps_the_address(stage: Stage) -> None:
    url, whole = stage.deploy(), stage.sizes()
    for lost in lose_each_call(stage, stage.deploy):
        assert stage.sizes() == whole, lost
    assert stage.deploy() == url


def test_what_a_deployment_has_left_anywhere_is_deleted_whole(stage: Stage) -> None:
    for lost in lose_each_call(stage, stage.deploy, step=2, first=1):
        stage.destroy()
        assert not any(stage.sizes().values()), lost


def test_a_deletion_that_loses_any_call_is_finished_by_the_next(stage: Stage) -> None:
    stage.deploy()
    for lost in lose_each_call(stage, stage.destroy):
        stage.destroy()
        assert not any(stage.sizes().values()), lost
        stage.deploy()


def test_another_copy_of_the_project_deploys_to_the_same_api(stage: Stage) -> None:
    url, whole = stage.deploy(), stage.sizes()
    stage.new_copy()
    assert stage.deploy() == url
    assert stage.sizes() == whole


def test_another_copy_of_the_project_deletes_the_stage(stage: Stage) -> None:
    stage.deploy()
    stage.new_copy()
    stage.destroy()
    assert not any(stage.sizes().values())


def test_the_record_that_is_found_is_the_one_that_chalice_writes(stage: Stage) -> None:
    stage.deploy()
    written = named(stage)
    restore_record(stage.work, BUCKET)
    assert named(stage) == {
        name: each for name, each in written.items() if each["resource_type"] != "log_group"
    }


def test_an_api_that_is_gone_is_not_replaced_by_one_with_another_address(stage: Stage) -> None:
    stage.deploy()
    stage.account.gateway.delete_rest_api("api1")
    for _ in ("in the copy that knows it", "in another"):
        with pytest.raises(
            CommandError, match=f"api1.*is gone(.|\\n)*delete-parameter --name {parameter(stage.work)}"
        ):
            stage.deploy()
        stage.new_copy()
    assert stage.there()["apis"] == []
    stage.account.client("ssm").delete_parameter(Name=parameter(stage.work))
    assert stage.deploy() == "https://api2.execute-api.us-east-1.amazonaws.com/api/"


def test_an_api_that_was_begun_and_never_reachable_goes(stage: Stage) -> None:
    url = stage.deploy()
    stage.account.gateway.import_rest_api(json.dumps(stage.account.gateway.definitions["api1"]), {})
    assert stage.deploy() == url
    assert stage.there()["apis"] == ["api1"]


def test_of_several_reachable_apis_none_is_chosen(stage: Stage) -> None:
    stage.deploy()
    gateway = stage.account.gateway
    gateway.import_rest_api(json.dumps(gateway.definitions["api1"]), {})
    gateway.deployed.add("api2")
    forget_stage(stage.work)
    with pytest.raises(CommandError, match="api1, api2"):
        stage.deploy()
    assert stage.there()["apis"] == ["api1", "api2"]


def test_beside_the_api_that_is_known_another_reachable_one_is_named_and_left(stage: Stage) -> None:
    url = stage.deploy()
    gateway = stage.account.gateway
    gateway.import_rest_api(json.dumps(gateway.definitions["api1"]), {})
    gateway.deployed.add("api2")
    assert stage.deploy() == url
    assert "note: api2 leads to customer-support-dev as well" in stage.said.getvalue()
    assert stage.there()["apis"] == ["api1", "api2"]


def test_the_api_of_another_stage_is_left_alone(stage: Stage) -> None:
    stage.deploy()
    gateway = stage.account.gateway
    other = json.dumps(gateway.definitions["api1"]).replace("customer-support-dev", "customer-support-prod")
    gateway.import_rest_api(other, {})
    stage.destroy()
    assert stage.there()["apis"] == ["api2"]


def test_a_function_of_another_app_that_has_our_name_is_not_overwritten(stage: Stage) -> None:
    stage.deploy()
    functions = stage.account.client("lambda")
    arn = functions.get_function(FunctionName="customer-support-dev-sweep")["Configuration"]["FunctionArn"]
    functions.untag_resource(Resource=arn, TagKeys=["aws-chalice"])
    with pytest.raises(CommandError, match="customer-support-dev-sweep exists and is not of this app"):
        stage.deploy()


def test_what_others_run_beside_the_stage_is_left_alone(stage: Stage) -> None:
    stage.deploy()
    iam, functions = stage.account.client("iam"), stage.account.client("lambda")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="customer-support-dev-loader", AssumeRolePolicyDocument=trust)
    code = Path(Packager().create_deployment_package(str(stage.root), "")).read_bytes()
    functions.create_function(
        FunctionName="customer-support-dev-loader",
        Role=role["Role"]["Arn"],
        Runtime="python3.12",
        Handler="app.load",
        Code={"ZipFile": code},
    )
    stage.destroy()
    there = stage.there()
    assert (there["functions"], there["roles"]) == (["customer-support-dev-loader"],) * 2


@pytest.mark.parametrize(("stage", "kept_days"), [("dev", 14), ("prod", 90)], indirect=["stage"])
def test_each_functions_real_log_group_ends_with_the_stages_days(stage: Stage, kept_days: int) -> None:
    stage.deploy()
    groups = stage.account.client("logs").describe_log_groups()["logGroups"]
    days = {each["logGroupName"]: each.get("retentionInDays") for each in groups}
    functions = stage.there()["functions"]
    assert f"customer-support-{stage.name}" in functions
    assert {days[f"/aws/lambda/{function}"] for function in functions} == {kept_days}


@pytest.mark.parametrize(
    ("service", "operation", "asked", "problem"),
    [
        ("logs", "put_retention_policy", {"logGroupName": "a b", "retentionInDays": 14}, "does not match"),
        ("apigateway", "delete_rest_api", {"restApi": "api1"}, "Missing required parameter"),
    ],
)
def test_a_call_that_aws_would_refuse_fails_the_test(
    stage: Stage, service: str, operation: str, asked: dict[str, object], problem: str
) -> None:
    with pytest.raises(AssertionError, match=f"{service} .*: .*{problem}"):
        getattr(stage.account.client(service), operation)(**asked)


def named(stage: Stage) -> dict[str, dict[str, str]]:
    """Return the record of the stage by the resources' names."""
    record = json.loads(record_path(stage.root, "dev").read_text("utf-8"))
    return {each["name"]: each for each in record["resources"]}
