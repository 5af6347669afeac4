"""What is looked at before anything is created: every lack is one sentence with the next step."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
)

from deployment.account import Account, open_account
from deployment.checks import (
    check_for_infra,
    check_region,
    check_tools,
)
from deployment.command import run_command
from deployment.preflight.models import ATTEMPTS, check_embedding_model, check_models
from deployment.preflight.rights import check_rights
from tests.deploy.fakes import (
    ANSWERED,
    CALLER,
    FakeClient,
    Scene,
    model_details,
    options,
    project,
    refusal,
    scene,
)
from tooling.errors import CommandError
from tooling.project import ROOT

NO_SETTINGS_OF_AWS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
NOT_THERE = EndpointConnectionError(endpoint_url="https://bedrock.eu-west-2.amazonaws.com/")
FIRST, SECOND = "global.anthropic.first", "anthropic.second"


GRANTED: dict[str, Any] = {
    "modelId": "anthropic.first",
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
    "agreementAvailability": {"status": "AVAILABLE"},
}


def with_models(**problems: ClientError) -> Scene:
    """Return an account where `first` and `second` answer, or fail as told."""

    def converse(modelId: str, **_arguments: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        problem = problems.get(modelId.split(".")[-1])
        if problem:
            raise problem
        return ANSWERED

    bedrock = FakeClient(get_foundation_model=model_details(), get_foundation_model_availability=GRANTED)
    quotas = FakeClient(list_service_quotas={"Quotas": []})
    clients = {"bedrock-runtime": FakeClient(converse=converse), "bedrock": bedrock, "service-quotas": quotas}
    return scene(clients)


def with_quotas(at: Scene, **values: float) -> Scene:
    """Let the quotas of Claude Haiku 4.5, which each model here is, have these values."""
    details = model_details(providerName="Anthropic", modelName="Claude Haiku 4.5")
    at.work.account.client("bedrock").answers["get_foundation_model"] = details
    for_model = "for Anthropic Claude Haiku 4.5"
    names = {
        "global_tokens": f"Global cross-region model inference tokens per minute {for_model}",
        "regional_requests": f"Cross-region model inference requests per minute {for_model}",
        "on_demand_tokens": f"On-demand model inference tokens per minute {for_model} V1",
        "day": "Model invocation max tokens per day for Claude Haiku 4.5 (doubled for cross-region calls)",
        "other": f"Global cross-region model inference tokens per minute {for_model}0",
    }
    quotas = [
        {"QuotaName": names[key], "QuotaCode": f"L-{key.title()}".replace("_", ""), "Value": value}
        for key, value in values.items()
    ]
    at.work.account.client("service-quotas").answers["list_service_quotas"] = {"Quotas": quotas}
    return at


@dataclass(frozen=True)
class FakeSession:
    """A boto3 session whose every client is the same."""

    region_name: str
    only: FakeClient

    def client(self, _service: str, config: Config) -> FakeClient:
        """Return the client."""
        return self.only


def refuse_to_open(_region: str | None, _fallback: str | None) -> Account:
    raise AssertionError("the account is not to be asked")


def run(*arguments: str, **replaced: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as `dev.py` does, without any AWS settings but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**kept, **NO_SETTINGS_OF_AWS, **replaced}
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("command", ["infra", "deploy", "destroy"])
@pytest.mark.parametrize("stage", ["staging", "local"])
def test_an_unknown_stage_is_refused_with_those_there_are(
    command: str, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(options(command, stage), refuse_to_open) == 1
    assert "Known are: dev, prod" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "The AWS Region is not known. Name one with --region"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, "No usable AWS credentials were found. Sign in"),
        ({"AWS_DEFAULT_REGION": "no region!"}, "no region! is no AWS Region. Name one with --region"),
        (
            {"AWS_DEFAULT_REGION": "us-east-1", "AWS_PROFILE": "nobody"},
            "(nobody) could not be found. Sign in",
        ),
    ],
)
def test_what_the_machine_lacks_is_said_in_one_sentence(
    variables: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (name for name in os.environ if name.startswith("AWS_")):
        monkeypatch.delenv(name)
    for name, value in (NO_SETTINGS_OF_AWS | variables).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CommandError, match=re.escape(sentence)):
        open_account(None)


def test_a_command_that_cannot_go_on_ends_with_the_sentence_alone() -> None:
    done = run("infra", "dev")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


def test_where_no_aws_answers_region_and_network_are_named() -> None:
    def new_session(region_name: str) -> FakeSession:
        return FakeSession(region_name, FakeClient(get_caller_identity=NOT_THERE))

    with pytest.raises(CommandError, match="does not answer in eu-west-9: there is no such Region"):
        open_account("eu-west-9", new_session=new_session)


def test_credentials_that_aws_does_not_take_are_said_to_be_so() -> None:
    def new_session(region_name: str) -> FakeSession:
        return FakeSession(region_name, FakeClient(get_caller_identity=refusal("ExpiredToken")))

    with pytest.raises(CommandError, match=r"does not accept these credentials \(ExpiredToken\)"):
        open_account("eu-west-2", new_session=new_session)


@pytest.mark.parametrize(
    ("named", "deployed_in", "expected"),
    [("eu-west-1", "eu-west-2", "eu-west-1"), (None, "eu-west-2", "eu-west-2"), (None, None, "us-east-1")],
)
def test_the_region_is_named_or_that_of_the_stage_or_of_the_profile(
    named: str | None, deployed_in: str | None, expected: str
) -> None:
    def new_session(region_name: str | None) -> FakeSession:
        return FakeSession(region_name or "us-east-1", FakeClient(get_caller_identity={"Arn": CALLER}))

    account = open_account(named, deployed_in, new_session)
    assert (account.region, account.number, account.partition) == (expected, "123456789012", "aws")


@pytest.mark.parametrize("version", [(3, 10), (3, 13)])
def test_another_python_than_that_of_the_functions_is_refused(version: tuple[int, int]) -> None:
    with pytest.raises(CommandError, match=rf"3\.12.*is {version[0]}\.{version[1]}.*delete the folder"):
        check_tools(version)


def test_the_python_of_the_functions_is_taken() -> None:
    check_tools((3, 12))


@pytest.mark.parametrize(
    ("service", "operation", "product"),
    [
        ("bedrock-agent", "list_knowledge_bases", "knowledge bases of Amazon Bedrock"),
        ("s3vectors", "list_vector_buckets", "S3 Vectors"),
        ("comprehend", "detect_sentiment", "Amazon Comprehend"),
    ],
)
def test_a_region_without_a_service_is_refused_with_another_one(
    service: str, operation: str, product: str
) -> None:
    clients = {
        "bedrock-agent": FakeClient(list_knowledge_bases={"knowledgeBaseSummaries": []}),
        "s3vectors": FakeClient(list_vector_buckets={"vectorBuckets": []}),
        "comprehend": FakeClient(detect_sentiment={"Sentiment": "NEUTRAL"}),
        service: FakeClient(**{operation: NOT_THERE}),
    }
    with pytest.raises(CommandError, match=f"eu-west-2 has no {product}.*--region us-east-1"):
        check_region(scene(clients).work, "S3_VECTORS")


def test_who_may_not_look_may_still_create() -> None:
    denied = refusal("AccessDeniedException")
    clients = {
        "bedrock-agent": FakeClient(list_knowledge_bases=denied),
        "s3vectors": FakeClient(list_vector_buckets={"vectorBuckets": []}),
        "comprehend": FakeClient(detect_sentiment=denied),
    }
    at = scene(clients)
    check_region(at.work, "S3_VECTORS")
    assert "has what is needed" in at.said


def test_another_refusal_of_a_service_is_not_swallowed() -> None:
    at = scene(
        {"bedrock-agent": FakeClient(list_knowledge_bases=refusal("InvalidSignatureException", "clock"))}
    )
    with pytest.raises(CommandError, match=r"InvalidSignatureException.*clock"):
        check_region(at.work, "S3_VECTORS")


def test_a_model_that_answers_is_enough_and_the_others_are_noted() -> None:
    at = with_models(
        second=refusal("ResourceNotFoundException", "This model version has reached the end of its life.")
    )
    check_models(at.work, (FIRST, SECOND))
    assert f"{FIRST} answers" in at.said
    assert f"{SECOND} has reached its end of life" in at.said


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (refusal("ResourceNotFoundException", "reached the end of its life"), "has reached its end of life"),
        (
            refusal("ResourceNotFoundException", "Model use case details have not been submitted"),
            "use case form",
        ),
        (refusal("AccessDeniedException", "You don't have access to the model"), "has no access granted"),
        (refusal("ValidationException", "The provided model identifier is invalid."), "is not offered here"),
    ],
)
def test_without_any_model_each_ones_reason_and_the_next_step_are_said(
    problem: ClientError, words: str
) -> None:
    at = with_models(first=problem, second=problem)
    with pytest.raises(CommandError) as caught:
        check_models(at.work, (FIRST, SECOND))
    assert str(caught.value).count(words) == 2
    assert "Model catalog" in str(caught.value)
    assert "BEDROCK_MODEL_IDS" in str(caught.value)


def test_a_model_that_is_busy_for_a_moment_is_there() -> None:
    busy = refusal("ModelNotReadyException")
    at = with_models()
    at.work.account.client("bedrock-runtime").answers["converse"] = [busy, busy, ANSWERED]
    check_models(at.work, (FIRST,))
    assert at.said == f"  Models          {FIRST} answers\n"
    assert len(at.pauses) == ATTEMPTS - 1


def test_a_model_that_is_throttled_each_time_does_not_answer() -> None:
    at = with_models(first=refusal("ThrottlingException", "Too many tokens per day."))
    check_models(at.work, (FIRST, SECOND))
    assert f"{SECOND} answers" in at.said
    assert f"{FIRST} answers none of 3 requests (Too many tokens per day.)" in at.said


@pytest.mark.parametrize(
    ("model_id", "quotas", "words"),
    [
        (FIRST, {"global_tokens": 0}, r"quota of tokens per minute is 0 \(.*L-GlobalTokens: Global cross"),
        ("us.anthropic.first", {"regional_requests": 0}, r"quota of requests per minute is 0 .* needs 1\b"),
        ("anthropic.first", {"on_demand_tokens": 4000}, r"quota of tokens per minute is 4000 .* needs 4,300"),
        (FIRST, {"day": 0}, "quota of tokens per day is 0"),
    ],
)
def test_a_throttled_model_is_said_with_the_quota_that_is_too_low(
    model_id: str, quotas: dict[str, float], words: str
) -> None:
    at = with_quotas(with_models(first=refusal("ThrottlingException", "Too many tokens.")), **quotas)
    with pytest.raises(CommandError, match=rf"{model_id} answers none of 3 .*Too many tokens.*; its {words}"):
        check_models(at.work, (model_id,))


def test_a_quota_below_one_answer_counts_although_a_word_is_answered() -> None:
    at = with_quotas(with_models(), global_tokens=4_299)
    with pytest.raises(CommandError, match=r"answers a word, but its quota of tokens per minute is 4299"):
        check_models(at.work, (FIRST,))
    enough = with_quotas(with_models(), global_tokens=4_300, day=1e6)
    check_models(enough.work, (FIRST,))
    assert f"{FIRST} answers\n" in enough.said


@pytest.mark.parametrize("quotas", [{"global_tokens": 0}, {"regional_requests": 0, "other": 1}])
def test_a_model_that_answers_is_believed_more_than_a_quota_of_zero_or_another(
    quotas: dict[str, float],
) -> None:
    at = with_quotas(with_models(), **quotas)
    check_models(at.work, (FIRST,))
    assert f"{FIRST} answers\n" in at.said


def test_who_may_not_look_at_quotas_hears_the_refusal_alone() -> None:
    at = with_quotas(with_models(first=refusal("ThrottlingException", "Too many.")), global_tokens=0)
    quotas = at.work.account.client("service-quotas")
    quotas.answers["list_service_quotas"] = refusal("AccessDeniedException")
    with pytest.raises(CommandError, match=r"none of 3 requests \(Too many\.\)\n"):
        check_models(at.work, (FIRST,))


@pytest.mark.parametrize(
    ("lack", "words"),
    [
        ({"authorizationStatus": "NOT_AUTHORIZED"}, "not authorized"),
        ({"entitlementAvailability": "NOT_AVAILABLE"}, "no right to it yet"),
        ({"regionAvailability": "NOT_AVAILABLE"}, "this Region does not have it"),
        (
            {"agreementAvailability": {"status": "ERROR", "errorMessage": "No card."}},
            "Marketplace .* No card",
        ),
    ],
)
def test_what_the_account_lacks_for_a_model_is_said_in_awss_words(lack: dict[str, Any], words: str) -> None:
    at = with_models(first=refusal("AccessDeniedException", "You don't have access."))
    bedrock = at.work.account.client("bedrock")
    bedrock.answers["get_foundation_model_availability"] = {**GRANTED, **lack}
    with pytest.raises(CommandError, match=rf"\(You don't have access\.\); .*{words}"):
        check_models(at.work, (FIRST,))
    assert bedrock.called("get_foundation_model_availability") == [{"modelId": "anthropic.first"}]


def test_a_model_that_will_end_is_noted() -> None:
    at = with_models()
    end = {"status": "LEGACY", "endOfLifeTime": datetime(2026, 12, 24, tzinfo=timezone.utc)}
    at.work.account.client("bedrock").answers["get_foundation_model"] = model_details(modelLifecycle=end)
    check_models(at.work, (FIRST,))
    assert f"note: {FIRST} is a legacy model, which ends on 2026-12-24" in at.said


def test_who_may_not_ask_what_is_lacking_hears_the_refusal_alone() -> None:
    at = with_models(first=refusal("AccessDeniedException", "No."))
    denied = refusal("AccessDeniedException")
    at.work.account.client("bedrock").answers.update(
        get_foundation_model_availability=denied, get_foundation_model=denied
    )
    check_models(at.work, (SECOND, FIRST))
    assert f"{FIRST} may not be called by these credentials, or has no access granted (No.);" in at.said


def test_expired_credentials_are_not_taken_for_a_missing_model() -> None:
    at = with_models(first=refusal("ExpiredTokenException"))
    with pytest.raises(CommandError, match="does not accept these credentials"):
        check_models(at.work, (FIRST,))


def test_a_region_without_bedrock_is_said() -> None:
    at = with_models()
    at.work.account.client("bedrock-runtime").answers.update(converse=NOT_THERE, invoke_model=NOT_THERE)
    no_such = refusal("NoSuchResourceException")
    at.work.account.client("service-quotas").answers["list_service_quotas"] = no_such
    with pytest.raises(CommandError, match="eu-west-2 has no Amazon Bedrock"):
        check_models(at.work, (FIRST,))
    with pytest.raises(CommandError, match="eu-west-2 has no Amazon Bedrock"):
        check_embedding_model(at.work)


def test_without_the_model_for_vectors_nothing_is_created() -> None:
    at = with_models()
    at.work.account.client("bedrock-runtime").answers["invoke_model"] = refusal("AccessDeniedException")
    with pytest.raises(CommandError, match=r"titan-embed.*Model catalog"):
        check_embedding_model(at.work)


def test_a_throttled_model_for_vectors_is_said_with_its_quota() -> None:
    at = with_quotas(with_models(), on_demand_tokens=0)
    at.work.account.client("bedrock-runtime").answers["invoke_model"] = refusal("ThrottlingException", "No.")
    with pytest.raises(CommandError, match=r"titan-embed.* needs, answers none .*tokens per minute is 0"):
        check_embedding_model(at.work)


RIGHT = "lambda:CreateFunction"


def decisions(decision: str) -> FakeClient:
    """Return an IAM that allows everything, but for one action on functions of this stage's name."""

    def simulate(ActionNames: list[str], ResourceArns: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
        (arn,) = ResourceArns
        is_named = arn in ("*", "arn:aws:lambda:eu-west-2:123456789012:function:customer-support-dev")
        assert is_named or "lambda" not in arn
        results = dict.fromkeys(ActionNames, "allowed") | ({RIGHT: decision} if RIGHT in ActionNames else {})
        return {
            "EvaluationResults": [
                {"EvalActionName": action, "EvalDecision": result} for action, result in results.items()
            ]
        }

    return FakeClient(simulate_principal_policy=simulate)


def test_what_a_policy_forbids_is_named() -> None:
    with pytest.raises(CommandError, match=f"user/deployer may not do {RIGHT}.*AWS_PROFILE"):
        check_rights(scene({"iam": decisions("explicitDeny")}, is_sure=True).work)


def test_what_nothing_allows_in_general_is_asked_about() -> None:
    sure, unsure = (
        scene({"iam": decisions("implicitDeny")}, answers="y\n"),
        scene({"iam": decisions("implicitDeny")}, answers="n\n"),
    )
    check_rights(sure.work)
    assert f"lacks {RIGHT}" in sure.said
    with pytest.raises(CommandError, match="ask for these permissions"):
        check_rights(unsure.work)


def test_rights_that_iam_does_not_tell_do_not_stop_the_deployment() -> None:
    at = scene({"iam": FakeClient(simulate_principal_policy=refusal("AccessDenied", operation="Simulate"))})
    check_rights(at.work)
    assert "could not be checked (Simulate is not possible)" in at.said


@pytest.mark.parametrize(
    ("store", "asked"), [("S3_VECTORS", {"s3vectors"}), ("OPENSEARCH_SERVERLESS", {"aoss"}), (None, set())]
)
def test_only_the_rights_of_the_store_that_is_chosen_are_asked_for(
    store: str | None, asked: set[str]
) -> None:
    iam = FakeClient(simulate_principal_policy={"EvaluationResults": []})
    check_rights(scene({"iam": iam}).work, store)
    actions = [each for call in iam.called("simulate_principal_policy") for each in call["ActionNames"]]
    assert {each.split(":")[0] for each in actions} & {"s3vectors", "aoss"} == asked
    assert not [each for each in actions if "*" in each]


def test_the_root_user_may_everything() -> None:
    at = scene({"iam": FakeClient()}, caller="arn:aws:iam::123456789012:root")
    check_rights(at.work)
    assert "are there" in at.said


def test_the_checks_stop_before_anything_is_created() -> None:
    clients = {"bedrock-agent": FakeClient(list_knowledge_bases=NOT_THERE), "cloudformation": FakeClient()}
    with pytest.raises(CommandError):
        check_for_infra(scene(clients).work, "S3_VECTORS")


def test_a_refusal_of_aws_ends_with_one_sentence_and_code_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    denied = FakeClient(describe_stacks=refusal("AccessDenied", operation="DescribeStacks"))
    account = Account("eu-west-2", CALLER, lambda _service: denied)
    folder = project(tmp_path)
    code = run_command(options("infra", "dev"), lambda _region, _fallback: account, folder, (3, 12))
    assert code == 1
    assert capsys.readouterr().err.startswith("These AWS credentials may not do DescribeStacks.")
