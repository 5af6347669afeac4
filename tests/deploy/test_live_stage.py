"""Where the tests find a deployed stage when they run against one."""

import subprocess
import sys
from pathlib import Path

import pytest

from deployment.account import Account
from deployment.facts import placeholders
from deployment.live import OTHER_URL, LiveStage, open_live_stage
from deployment.stages import filled, model_ids, read_config, write_config
from tests.deploy.fakes import CALLER, FakeClient, note_deployed, project, refusal
from tooling.errors import CommandError
from tooling.project import ROOT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose stage `dev` is deployed."""
    folder = project(tmp_path)
    config = read_config(folder)
    write_config(filled(config, placeholders("dev", model_ids(config, "dev"))), folder)
    note_deployed(folder)
    return folder


def open_with(secrets: FakeClient, root: Path, stage: str = "dev") -> LiveStage:
    return open_live_stage(
        stage, root, lambda _named, region: Account(str(region), CALLER, lambda _service: secrets)
    )


def test_a_stage_is_its_address_and_a_token_of_its_agents(root: Path) -> None:
    secrets = FakeClient(get_secret_value={"SecretString": '{"ticketing": "token-1", "other": "token-2"}'})
    stage = open_with(secrets, root)
    assert stage.url == "https://api1.execute-api.eu-west-2.amazonaws.com/api"
    assert stage.agent_token == "token-1"
    assert "agent-tokens" in secrets.called("get_secret_value")[0]["SecretId"]


def test_an_address_of_ones_own_wins(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OTHER_URL, "http://127.0.0.1:8000/")
    secrets = FakeClient(get_secret_value={"SecretString": '{"ticketing": "token-1"}'})
    assert open_with(secrets, root).url == "http://127.0.0.1:8000"


def test_a_stage_that_is_not_deployed_is_told_to_be(root: Path) -> None:
    (root / ".chalice" / "deployed" / "dev.json").unlink()
    with pytest.raises(CommandError, match=r"not deployed .*python3 dev\.py deploy dev"):
        open_with(FakeClient(), root)


def test_the_tests_never_run_against_prod(root: Path) -> None:
    with pytest.raises(CommandError, match="another stage"):
        open_with(FakeClient(), root, "prod")


def test_who_may_not_read_the_token_is_told_so(root: Path) -> None:
    denied = FakeClient(get_secret_value=refusal("AccessDeniedException", operation="GetSecretValue"))
    with pytest.raises(CommandError, match="may not do secretsmanager:GetSecretValue"):
        open_with(denied, root)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 2, "--stage"),
        (["--stage", "prod"], 1, "run them against another stage"),
        (["--stage", "staging"], 1, "Known are: dev, prod"),
    ],
)
def test_the_command_says_what_it_needs(arguments: list[str], code: int, sentence: str) -> None:
    command = [sys.executable, "-m", "cli.test", "--live", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["infra"], "required: stage"),
        (["infra", "dev", "--vector-store", "FILES"], "invalid choice"),
        (["infra", "dev", "--parameter", "FirstZone"], "is not of the form NAME=VALUE"),
        (["deploy", "dev", "--burst", "0"], "is not a whole number above 0"),
        (["destroy", "dev", "--force"], "unrecognized arguments: --force"),
    ],
)
def test_a_mistake_in_a_command_is_said_before_anything_is_installed(
    arguments: list[str], sentence: str
) -> None:
    command = [sys.executable, str(ROOT / "dev.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert sentence in done.stderr
