"""The stage that the tests of the deployment share: one account, one deployment, as a user makes it."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from devstack.provision import load_sample_customers
from tests.deploy import scenarios
from tests.deploy.emulator_account import Account, account
from tests.deploy.emulator_project import STAGE, Project
from tests.deploy.emulator_stage import DOCUMENTS_CHANGED, SWEEP, DeployedStage, secret_values
from tests.deploy.stage_in_process import Stage, stage_in_process

SAMPLES = "samples/kb"


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
    infra_said = project.deployment("infra", STAGE, "--alarm-email", "you@example.com", "--yes")
    deploy_said = project.deployment("deploy", STAGE, "--yes")
    add_said = _add_samples(emulated_account, project)
    load_sample_customers(emulated_account.database)
    secrets = secret_values(emulated_account)
    return DeployedStage(emulated_account, project, secrets, infra_said, deploy_said, add_said)


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Stage `dev`, or the one of the test's parameter, in an account in this process, not deployed yet."""
    with stage_in_process(tmp_path, getattr(request, "param", "dev")) as stage:
        yield stage


def _add_samples(account: Account, project: Project) -> str:
    """Upload the sample documents, while minutes pass, each with its sweep; return what was printed."""
    with account.emulator.one_at_a_time(DOCUMENTS_CHANGED), ThreadPoolExecutor() as pool:
        adding = pool.submit(project.kb, account.url, "add", SAMPLES)
        while not adding.done():
            scenarios.sweep(lambda event: account.emulator.invoke(SWEEP, event))
            wait([adding], timeout=1)
    return adding.result()
