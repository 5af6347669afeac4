"""Where the tests find a deployed stage when they run against one."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployment.facts import filled, model_ids, placeholders
from tests.deploy.fakes import FakeClient, note_deployed, project, refusal
from tooling.deployed_stage import LiveStage, open_live_stage
from tooling.environment import API_URL
from tooling.errors import CommandError
from tooling.project import ROOT
from tooling.stages import read_config, write_config

TWO_TOKENS = FakeClient(get_secret_value={"SecretString": '{"ticketing": "token-1", "other": "token-2"}'})


@dataclass(frozen=True)
class FakeSession:
    """A boto3 session whose every client is the same."""

    region_name: str
    only: FakeClient

    def client(self, _service: str) -> FakeClient:
        """Return the client."""
        return self.only


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose stage `dev` is deployed."""
    folder = project(tmp_path)
    config = read_config(folder)
    write_config(filled(config, placeholders("dev", model_ids(config, "dev"))), folder)
    note_deployed(folder)
    return folder


def open_with(secrets: FakeClient, root: Path, stage: str = "dev") -> LiveStage:
    return open_live_stage(stage, root, lambda region_name: FakeSession(region_name, secrets))


def test_a_stage_is_its_address_and_a_token_of_its_agents(root: Path) -> None:
    stage = open_with(TWO_TOKENS, root)
    assert stage.url == "https://api1.execute-api.eu-west-2.amazonaws.com/api"
    assert stage.agent_token == "token-1"
    assert "agent-tokens" in TWO_TOKENS.called("get_secret_value")[0]["SecretId"]


def test_an_address_of_ones_own_wins(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(API_URL, "http://127.0.0.1:8000/")
    assert open_with(TWO_TOKENS, root).url == "http://127.0.0.1:8000"


def test_a_stage_that_is_not_deployed_is_told_to_be(root: Path) -> None:
    (root / ".chalice" / "deployed" / "dev.json").unlink()
    with pytest.raises(CommandError, match=r"not deployed .*python3 dev\.py deploy dev"):
        open_with(TWO_TOKENS, root)


def test_a_record_that_cannot_be_read_is_named(root: Path) -> None:
    (root / ".chalice" / "deployed" / "dev.json").write_text("{")
    with pytest.raises(CommandError, match=r"dev\.json cannot be read"):
        open_with(TWO_TOKENS, root)


def test_the_tests_never_run_against_prod(root: Path) -> None:
    with pytest.raises(CommandError, match="another stage"):
        open_with(TWO_TOKENS, root, "prod")


def test_who_may_not_read_the_token_is_told_so(root: Path) -> None:
    denied = FakeClient(get_secret_value=refusal("AccessDeniedException", operation="GetSecretValue"))
    with pytest.raises(CommandError, match="may not do GetSecretValue"):
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
    command = [sys.executable, "-m", "cli", "test", "--live", *arguments]
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
