"""A deployment or a deletion may end at any call: the next one goes on from there, to the same stage."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import botocore
import pytest
from chalice.config import Config
from chalice.deploy import deployer
from chalice.utils import UI

import app as app_module
from deployment.account import Account
from deployment.chalice_cli import Ended, deploy_functions
from deployment.facts import filled, model_ids, placeholders
from deployment.made.logs import limit_logs
from deployment.made.record import forget_stage, parameter, restore_record
from deployment.made.removal import delete_functions, delete_roles
from deployment.work import Terminal, Work
from tests.deploy.account import ACCOUNT, REGION, AccountInProcess, Lost, account_in_process
from tests.deploy.fakes import project
from tooling.errors import CommandError
from tooling.stages import read_config, read_deployed, record_path, write_config

BUCKET, TABLE = "documents-of-dev", "support-events-dev"
MOST_CALLS = 200
"""More than a deployment makes, so that one that does not end is seen."""


class Packager:
    """Makes a package with nothing in it."""

    def create_deployment_package(self, folder: str, _version: str) -> str:
        """Write the package and return its name."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as package:
            package.writestr("app.py", "")
        path = Path(folder) / "package.zip"
        path.write_bytes(content.getvalue())
        return str(path)


class Stage:
    """Stage `dev` in an account of its own, deployed by Chalice from any number of copies of the project."""

    def __init__(self, folder: Path, account: AccountInProcess) -> None:
        self._folder, self.account = folder, account
        self.pauses: list[float] = []
        self.new_copy()

    def new_copy(self) -> None:
        """Go on in a fresh copy of the project."""
        self.root = project(self._folder / str(len(list(self._folder.iterdir()))))
        config = read_config(self.root)
        write_config(filled(config, placeholders("dev", model_ids(config, "dev"))), self.root)

    @property
    def work(self) -> Work:
        """The surroundings of a command."""
        caller = f"arn:aws:iam::{ACCOUNT}:user/deployer"
        account = Account(REGION, caller, self.account.client)
        return Work("dev", account, Terminal(True, io.StringIO()), self.root, self.pauses.append)

    def deploy(self) -> str:
        """Deploy once and return the API's address."""
        limit_logs(self.work)
        deploy_functions(self.work, BUCKET, self._chalice)
        deployed = read_deployed(self.root, "dev")
        assert deployed
        return deployed.api_url

    def destroy(self) -> None:
        """Delete once, as the command does around the stack."""
        delete_functions(self.work, BUCKET)
        forget_stage(self.work)
        delete_roles(self.work)

    def there(self) -> dict[str, list[Any]]:
        """Return all that Chalice has made."""
        client = self.account.client
        notified = client("s3").get_bucket_notification_configuration(Bucket=BUCKET)
        return {
            "apis": list(self.account.gateway.definitions),
            "functions": [each["FunctionName"] for each in client("lambda").list_functions()["Functions"]],
            "roles": [each["RoleName"] for each in client("iam").list_roles()["Roles"]],
            "rules": [each["Name"] for each in client("events").list_rules()["Rules"]],
            "mappings": client("lambda").list_event_source_mappings()["EventSourceMappings"],
            "notifications": notified.get("LambdaFunctionConfigurations", []),
            "parameters": client("ssm").describe_parameters()["Parameters"],
        }

    def sizes(self) -> dict[str, int]:
        """Return how many there are of each kind."""
        return {kind: len(found) for kind, found in self.there().items()}

    def _chalice(self, _command: Sequence[str], _variables: Mapping[str, str], folder: Path) -> Ended:
        given = {"project_dir": str(folder), "chalice_app": app_module.app}
        defaults = {"api_gateway_stage": "api"}
        config = Config("dev", "api_handler", given, read_config(folder), defaults)
        try:
            created = deployer.create_default_deployer(self.account.session, config, UI(io.StringIO()))
            created.deploy(config, "dev")
        except (Lost, deployer.ChaliceDeploymentError) as error:
            return Ended(1, str(error))
        return Ended(0, "")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """An account with the bucket and the tables, and nothing deployed."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    # What the app has of its clients to itself; in a deployment, Chalice's are there before the app.
    monkeypatch.setattr(botocore, "_INITIALIZERS", [])
    monkeypatch.setattr(deployer, "LambdaDeploymentPackager", lambda **_: Packager())
    with account_in_process() as account:
        yield prepared(Stage(tmp_path, account), monkeypatch)


def prepared(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Make what the stack provides, and let the app's events come from there."""
    client = stage.account.client
    client("s3").create_bucket(Bucket=BUCKET)
    table = client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "event_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "event_id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    sources = {"bucket": BUCKET, "stream_arn": table["TableDescription"]["LatestStreamArn"]}
    for source in app_module.app.event_sources:
        for name in sources.keys() & vars(source).keys():
            monkeypatch.setattr(source, name, sources[name])
    return stage


def lose_each_call(stage: Stage, command: Callable[[], object]) -> Iterator[str]:
    """Run a command once for each call that it makes, each time without the answer to one; yield that."""
    for number in range(MOST_CALLS):
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
    for lost in lose_each_call(stage, stage.deploy):
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
    for lost in lose_each_call(stage, stage.deploy):
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


def test_each_functions_real_log_group_ends_with_the_stages_days(stage: Stage) -> None:
    stage.deploy()
    groups = stage.account.client("logs").describe_log_groups()["logGroups"]
    days = {each["logGroupName"]: each.get("retentionInDays") for each in groups}
    for function in stage.there()["functions"]:
        assert days[f"/aws/lambda/{function}"] == 14


def named(stage: Stage) -> dict[str, dict[str, str]]:
    """Return the record of the stage by the resources' names."""
    record = json.loads(record_path(stage.root, "dev").read_text("utf-8"))
    return {each["name"]: each for each in record["resources"]}
