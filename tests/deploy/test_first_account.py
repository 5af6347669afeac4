"""The walk through a stage's life in a real account: its order, when it stops, and what it writes."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.options import build_parser
from tests.deploy.first_account import Ended, Step, main, steps, walk

ALL = steps("dev")


@pytest.mark.parametrize(
    "step", [step for step in ALL if step.arguments[0] != "test"], ids=lambda s: s.proves
)
def test_each_step_is_a_command_that_there_is(step: Step) -> None:
    build_parser().parse_args(step.arguments)


def test_a_stage_is_made_used_switched_deleted_and_made_again() -> None:
    verbs = [step.arguments[0] for step in ALL]
    assert verbs[:3] == ["infra", "infra", "deploy"]
    assert {"--live", "tests/integration"} <= set(ALL[verbs.index("test")].arguments)
    assert verbs.index("kb") < verbs.index("test") < verbs.index("destroy")
    assert verbs[-4:] == ["destroy", "infra", "deploy", "destroy"]
    stores = [step.arguments[-1] for step in ALL if "--vector-store" in step.arguments]
    assert stores == ["OPENSEARCH_SERVERLESS", "S3_VECTORS"]
    assert not [step for step in steps("dev", with_opensearch=False) if "--vector-store" in step.arguments]


def test_the_report_holds_every_step_and_no_account_number(tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    held = "arn:aws:iam::123456789012:role/x at 1700000000000 " + " ".join(step.holds for step in ALL)
    assert walk(ALL, lambda _arguments: Ended(0, held), report) == 0
    text = report.read_text("utf-8")
    assert text.count(": yes\n") == len(ALL)
    assert "123456789012" not in text
    assert "1700000000000" in text


@pytest.mark.parametrize("failure", [Ended(1, "Smoke test"), Ended(0, "nothing of the kind")])
def test_a_step_that_fails_is_the_last(failure: Ended, tmp_path: Path) -> None:
    run: list[Sequence[str]] = []

    def fail(arguments: Sequence[str]) -> Ended:
        run.append(arguments)
        return failure

    assert walk(ALL, fail, tmp_path / "report.txt") == 1
    assert len(run) == 1
    assert "FAILED" in (tmp_path / "report.txt").read_text("utf-8")


def test_an_address_that_changes_is_a_failure(tmp_path: Path) -> None:
    answers = iter(["ApiEndpoint  https://one/api/", "ApiEndpoint  https://two/api/"])
    deploys = [Step(("deploy", "dev"), "it answers"), Step(("deploy", "dev"), "it has one address")]
    assert walk(deploys, lambda _arguments: Ended(0, next(answers)), tmp_path / "report.txt") == 1
    assert "was https://one/api/ and is https://two/api/" in (tmp_path / "report.txt").read_text("utf-8")


def test_another_address_after_a_deletion_is_none(tmp_path: Path) -> None:
    answers = iter(["ApiEndpoint  https://one/api/", "gone", "ApiEndpoint  https://two/api/"])
    life = [Step((verb, "dev"), verb) for verb in ("deploy", "destroy", "deploy")]
    assert walk(life, lambda _arguments: Ended(0, next(answers)), tmp_path / "report.txt") == 0


def test_prod_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["prod"])
    assert "another one than prod" in capsys.readouterr().err
