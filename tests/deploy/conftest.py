"""The stage that the tests of the deployment share: one account, one deployment, as a user makes it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.sample_customers import load_sample_customers
from tests.deploy.emulator_account import Account, account
from tests.deploy.emulator_project import ROOT, STAGE, Project
from tests.deploy.emulator_stage import BUCKET, DeployedStage, secret_values

SAMPLES = ROOT / "samples" / "kb"


def pytest_configure(config: pytest.Config) -> None:
    """Name the tests that need a deployment: `-m "not deploy"` leaves them out."""
    config.addinivalue_line("markers", "deploy: deploys into an emulated AWS account, which takes a minute")


@pytest.fixture(scope="session")
def emulated_account() -> Iterator[Account]:
    """An AWS account on this machine, with nothing in it."""
    # Not pytest's own folder: Postgres may have to be another user, who could not enter it.
    with (
        tempfile.TemporaryDirectory(prefix="support-test-", ignore_cleanup_errors=True) as folder,
        account(Path(folder).resolve(), STAGE) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def deployed(emulated_account: Account, tmp_path_factory: pytest.TempPathFactory) -> DeployedStage:
    """Stage `dev`, brought up by the walk-through's commands, with the sample documents and customers."""
    project = Project(tmp_path_factory.mktemp("project"), emulated_account.owner)
    infra_said = project.deployment("infra", STAGE, "--yes")
    # Before anybody listens: each event would unpack a container of its own, all of them at once.
    for document in sorted(SAMPLES.iterdir()):
        emulated_account.emulator.client("s3").put_object(
            Bucket=BUCKET, Key=document.name, Body=document.read_bytes()
        )
    deploy_said = project.deployment("deploy", STAGE, "--yes")
    load_sample_customers(emulated_account.database)
    secrets = secret_values(emulated_account)
    return DeployedStage(emulated_account, project, secrets, infra_said, deploy_said)
