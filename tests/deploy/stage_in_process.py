"""A stage in an account in this process, deployed by Chalice itself: its plan, its order, its calls."""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore
import pytest
from chalice.app import DynamoDBEventConfig
from chalice.config import Config
from chalice.deploy import deployer
from chalice.utils import UI

import app as app_module
from deployment.account import Account
from deployment.chalice_cli import Ended, deploy_functions
from deployment.facts import filled, model_ids, placeholders
from deployment.made.logs import limit_logs
from deployment.made.record import forget_stage
from deployment.made.removal import delete_functions, delete_roles
from deployment.work import Terminal, Work
from devstack.aws.table_stream import table_of
from tests.deploy.account import ACCOUNT, REGION, AccountInProcess, Lost, account_in_process
from tests.deploy.fakes import project
from tooling.stages import read_config, read_deployed, write_config

BUCKET, QUEUE = "documents-of-dev", "support-tickets-intake-dev"


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
    """A stage in an account of its own, deployed by Chalice from any number of copies of the project."""

    def __init__(self, folder: Path, account: AccountInProcess, name: str) -> None:
        self._folder, self.account, self.name = folder, account, name
        self.pauses: list[float] = []
        self.said = io.StringIO()
        self.new_copy()

    def new_copy(self) -> None:
        """Go on in a fresh copy of the project."""
        self.root = project(self._folder / str(len(list(self._folder.iterdir()))))
        config = read_config(self.root)
        write_config(filled(config, placeholders(self.name, model_ids(config, self.name))), self.root)

    @property
    def work(self) -> Work:
        """The surroundings of a command."""
        caller = f"arn:aws:iam::{ACCOUNT}:user/deployer"
        account = Account(REGION, caller, self.account.client)
        return Work(self.name, account, Terminal(True, self.said), self.root, self.pauses.append)

    def deploy(self) -> str:
        """Deploy once and return the API's address."""
        limit_logs(self.work)
        deploy_functions(self.work, BUCKET, self._chalice)
        deployed = read_deployed(self.root, self.name)
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
        config = Config(self.name, "api_handler", given, read_config(folder), defaults)
        try:
            created = deployer.create_default_deployer(self.account.session, config, UI(io.StringIO()))
            created.deploy(config, self.name)
        except (Lost, deployer.ChaliceDeploymentError) as error:
            return Ended(1, str(error))
        return Ended(0, "")


@contextmanager
def stage_in_process(folder: Path, name: str = "dev") -> Iterator[Stage]:
    """Play an account with the bucket and the tables, and nothing deployed, until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(variable, "local")
        # What the app has of its clients to itself; in a deployment, Chalice's are there before the app.
        patch.setattr(botocore, "_INITIALIZERS", [])
        patch.setattr(deployer, "LambdaDeploymentPackager", lambda **_: Packager())
        with account_in_process() as account:
            yield _prepared(Stage(folder, account, name), patch)


def _prepared(stage: Stage, patch: pytest.MonkeyPatch) -> Stage:
    """Make what the stack provides, and let the app's events come from there."""
    client = stage.account.client
    client("s3").create_bucket(Bucket=BUCKET)
    client("sqs").create_queue(QueueName=QUEUE)
    sources = {
        "bucket": BUCKET,
        "queue_arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}",
    }
    for source in app_module.app.event_sources:
        for name in sources.keys() & vars(source).keys():
            patch.setattr(source, name, sources[name])
        if isinstance(source, DynamoDBEventConfig):
            patch.setattr(source, "stream_arn", _stream(stage, table_of(source.stream_arn)))
    return stage


def _stream(stage: Stage, table: str) -> str:
    """Make a table and return the ARN of its stream."""
    made = stage.account.client("dynamodb").create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    arn: str = made["TableDescription"]["LatestStreamArn"]
    return arn
