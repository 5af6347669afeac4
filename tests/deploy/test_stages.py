"""The stages that can be deployed, as Chalice itself understands them."""

import os
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest
from chalice.config import Config
from chalice.deploy import models
from chalice.deploy.appgraph import ApplicationGraphBuilder, DependencyBuilder
from chalice.deploy.validate import validate_configuration

import app as app_module
from chalicelib.api.cors import Origins
from chalicelib.services import Services
from chalicelib.settings import SETTINGS, read_settings
from deployment.arns import deployed_name
from deployment.facts import (
    Facts,
    IncompleteStack,
    facts_in,
    filled,
    model_ids,
    origins,
    placeholders,
    read_outputs,
)
from deployment.made.logs import function_log_group
from deployment.policies import UNTRACED, known_facts, policy_file, render
from tooling.project import ROOT
from tooling.stages import UnknownStage, deployable_stages, read_config, write_config

CONFIG = read_config(ROOT)
STAGES = ["dev", "prod"]
IN_VPC = {"customers", "migrate"}
FUNCTIONS = {"api_handler", "agent", "documents_changed", "sweep", "deliver", "count", "intake", *IN_VPC}


def facts_of(stage: str) -> Facts:
    return placeholders(stage, model_ids(CONFIG, stage))


def emptied(stage: str) -> dict[str, Any]:
    """Return the configuration with a stage as it is before its first deployment."""
    config = deepcopy(CONFIG)
    settings = config["stages"][stage]["environment_variables"]
    for name in facts_of(stage).settings:
        settings.pop(name, None)
    return config


def chalice_config(stage: str, from_disk: dict[str, Any]) -> Config:
    given = {"project_dir": str(ROOT), "chalice_app": app_module.app}
    defaults = {"api_gateway_stage": "api"}
    return Config(stage, user_provided_params=given, config_from_disk=from_disk, default_params=defaults)


def deployment_of(stage: str) -> list[models.Model]:
    """Return what `chalice deploy` would create for a stage whose facts are filled in."""
    config = chalice_config(stage, filled(CONFIG, facts_of(stage)))
    validate_configuration(config)
    graph = ApplicationGraphBuilder().build(config, stage)
    return DependencyBuilder().build_dependencies(graph)


@pytest.fixture(scope="module", params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    """Each stage that can be deployed."""
    return cast(str, request.param)


@pytest.fixture(scope="module")
def functions(stage: str) -> dict[str, models.LambdaFunction]:
    """The functions of a stage by Chalice's names of them."""
    found = [each for each in deployment_of(stage) if isinstance(each, models.LambdaFunction)]
    return {function.resource_name: function for function in found}


def test_dev_and_prod_can_be_deployed_and_local_cannot() -> None:
    assert deployable_stages(CONFIG) == STAGES


def test_every_function_is_one_that_is_configured(functions: dict[str, models.LambdaFunction]) -> None:
    assert functions.keys() == FUNCTIONS


def test_only_what_needs_postgres_is_in_the_vpc(
    stage: str, functions: dict[str, models.LambdaFunction]
) -> None:
    facts = facts_of(stage)
    inside = (list(facts.subnet_ids), [facts.security_group_id])
    placed = {
        name: (function.subnet_ids, function.security_group_ids) for name, function in functions.items()
    }
    assert placed == {name: inside if name in IN_VPC else ([], []) for name in FUNCTIONS}


@pytest.mark.parametrize(
    ("name", "memory_mb", "timeout_seconds"),
    [
        ("api_handler", 1024, 120),
        ("agent", 512, 10),
        ("documents_changed", 256, 60),
        ("sweep", 256, 60),
        ("deliver", 256, 180),
        ("count", 256, 180),
        ("intake", 512, 30),
        ("customers", 512, 10),
        ("migrate", 512, 300),
    ],
)
def test_each_function_has_the_size_that_it_needs(
    functions: dict[str, models.LambdaFunction], name: str, memory_mb: int, timeout_seconds: int
) -> None:
    assert (functions[name].memory_size, functions[name].timeout) == (memory_mb, timeout_seconds)


def test_the_queue_calls_with_one_message_at_a_time(stage: str) -> None:
    (source,) = [each for each in deployment_of(stage) if isinstance(each, models.SQSEventSource)]
    assert (source.lambda_function.resource_name, source.batch_size) == ("intake", 1)
    assert source.maximum_concurrency == 10


def test_each_function_has_a_role_and_a_policy_of_its_own(
    stage: str, functions: dict[str, models.LambdaFunction]
) -> None:
    roles = set()
    for name, function in functions.items():
        role = function.role
        assert isinstance(role, models.ManagedIAMRole)
        assert isinstance(role.policy, models.FileBasedIAMPolicy)
        assert Path(role.policy.filename) == ROOT / ".chalice" / policy_file(stage, name)
        roles.add(role.role_name)
    assert len(roles) == len(FUNCTIONS)


def test_each_function_runs_on_arm_with_tracing_tags_and_logs_that_end(
    stage: str, functions: dict[str, models.LambdaFunction]
) -> None:
    for name, function in functions.items():
        assert function.architecture == "arm64"
        assert function.xray is (name not in UNTRACED)
        assert {"Project": "customer-support", "Stage": stage}.items() <= function.tags.items()
        assert function.log_group is not None
        assert function.log_group.retention_in_days == {"dev": 14, "prod": 90}[stage]


def test_functions_policies_and_log_groups_have_the_names_that_lambda_uses(
    stage: str, functions: dict[str, models.LambdaFunction]
) -> None:
    policies = render(known_facts(CONFIG, stage))
    for name, function in functions.items():
        assert function.function_name == deployed_name(stage, name)
        group = f"/aws/lambda/{function.function_name}"
        assert function_log_group(stage, name) == group
        (log,) = (
            each for each in policies[policy_file(stage, name)]["Statement"] if each["Sid"] == "OwnLogGroup"
        )
        assert log["Resource"][0].endswith(f":log-group:{group}:*")


def test_the_api_is_regional_traced_and_compresses(stage: str) -> None:
    (api,) = (each for each in deployment_of(stage) if isinstance(each, models.RestAPI))
    assert (api.endpoint_type, api.xray, api.minimum_compression) == ("REGIONAL", True, "1024")


def test_a_stage_that_is_filled_in_has_every_setting_the_app_needs(
    stage: str, functions: dict[str, models.LambdaFunction], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name.upper(), raising=False)
    for function in functions.values():
        for name, value in function.environment_variables.items():
            monkeypatch.setenv(name, value)
        settings = read_settings()
        assert settings.stage == stage
        assert settings.table_suffix == f"-{stage}"
        assert settings.guardrail_id
        assert settings.database_host
        assert settings.database_tls == "verify"
        assert settings.chat_requests_per_minute > 0
        assert settings.chat_tokens_per_day > 0


@pytest.mark.parametrize("name", ["local", "dev", "prod"])
def test_every_stage_serves_clients_that_make_up_their_session_ids(name: str) -> None:
    assert CONFIG["stages"][name]["environment_variables"]["SESSION_POLICY"] == "open"


def test_the_models_are_of_two_makers_and_none_has_ended(stage: str) -> None:
    ids = CONFIG["stages"][stage]["environment_variables"]["BEDROCK_MODEL_IDS"].split(",")
    assert [each.split(".", 1)[1].split("-2025")[0] for each in ids] == [
        *("anthropic.claude-haiku-5-5", "anthropic.claude-haiku-4-5", "amazon.nova-2-lite-v1:0")
    ]


def test_no_setting_is_one_that_the_app_does_not_know(stage: str) -> None:
    known = {name.upper() for name in SETTINGS}
    assert chalice_config(stage, filled(CONFIG, facts_of(stage))).environment_variables.keys() <= known


def test_the_facts_that_a_stage_is_filled_in_with_can_be_read_from_it(stage: str) -> None:
    assert facts_in(filled(CONFIG, facts_of(stage)), stage) == facts_of(stage)
    assert facts_in(emptied(stage), stage) is None


def outputs_of_the_template() -> set[str]:
    text = (ROOT / "infra" / "rds_kb.yaml").read_text("utf-8")
    return set(re.findall(r"^  (\w+):$", text[text.index("\nOutputs:") :], re.MULTILINE))


def test_the_template_has_each_output_that_a_stage_needs() -> None:
    outputs = {name: f"value-of-{name}" for name in outputs_of_the_template()}
    caller = "arn:aws-cn:sts::210987654321:assumed-role/deployer/session"
    facts = read_outputs(
        "dev", caller, "cn-north-1", ("model",), {**outputs, "SubnetIds": "subnet-1,subnet-2"}
    )
    assert (facts.partition, facts.account, facts.region) == ("aws-cn", "210987654321", "cn-north-1")
    assert facts.subnet_ids == ("subnet-1", "subnet-2")
    assert facts.security_group_id == "value-of-SecurityGroupId"
    assert facts.settings["KNOWLEDGE_BASE_ID"] == "value-of-KnowledgeBaseId"


def test_a_stack_without_an_output_is_refused_by_its_name() -> None:
    outputs = dict.fromkeys(outputs_of_the_template() - {"GuardrailId"}, "value")
    with pytest.raises(IncompleteStack, match=r"GuardrailId.*dev\.py infra dev"):
        read_outputs("dev", "arn:aws:iam::210987654321:user/a", "us-east-1", ("model",), outputs)


def test_a_stage_that_is_not_filled_in_is_refused_by_a_key_that_it_lacks(stage: str, tmp_path: Path) -> None:
    (tmp_path / ".chalice").mkdir()
    write_config(emptied(stage), tmp_path)
    program = (
        "import os, sys; from chalice.cli.factory import CLIFactory\n"
        "factory = CLIFactory(sys.argv[1], environ=os.environ)\n"
        "factory.create_config_obj(chalice_stage_name=sys.argv[2]).chalice_app"
    )
    variables = {name: value for name, value in os.environ.items() if name != "DOCUMENTS_BUCKET"}
    command = [sys.executable, "-c", program, str(tmp_path), stage]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.returncode != 0
    assert "DOCUMENTS_BUCKET" in done.stderr.splitlines()[-1]


def test_filling_a_stage_in_again_changes_nothing_and_no_other_stage(stage: str) -> None:
    once = filled(CONFIG, facts_of(stage))
    assert filled(once, facts_of(stage)) == once
    for other in CONFIG["stages"].keys() - {stage}:
        assert once["stages"][other] == CONFIG["stages"][other]


def test_what_an_earlier_version_placed_in_the_vpc_is_taken_out(stage: str) -> None:
    config = deepcopy(filled(CONFIG, facts_of(stage)))
    functions = config["stages"][stage]["lambda_functions"]
    for name in ("api_handler", "intake"):
        functions[name] |= {"subnet_ids": ["subnet-0example1"], "security_group_ids": ["sg-0example"]}
    assert filled(config, facts_of(stage)) == filled(CONFIG, facts_of(stage))


def test_the_file_holds_the_configuration_as_it_would_be_written(tmp_path: Path) -> None:
    (tmp_path / ".chalice").mkdir()
    write_config(CONFIG, tmp_path)
    written = (tmp_path / ".chalice" / "config.json").read_bytes()
    assert written == (ROOT / ".chalice" / "config.json").read_bytes()


@pytest.mark.parametrize("name", ["local", "staging", ""])
def test_a_stage_that_cannot_be_deployed_is_refused_with_those_that_can(name: str) -> None:
    with pytest.raises(UnknownStage, match=r"dev, prod"):
        model_ids(CONFIG, name)


@pytest.mark.parametrize(
    ("variables", "public", "agents"),
    [
        ({}, ("*",), ()),
        ({"CHAT_CORS_ORIGINS": "", "AGENT_CORS_ORIGINS": ""}, ("*",), ()),
        (
            {"CHAT_CORS_ORIGINS": "https://A.example, https://b.example"},
            ("https://a.example", "https://b.example"),
            (),
        ),
        ({"AGENT_CORS_ORIGINS": "https://desk.example"}, ("*",), ("https://desk.example",)),
    ],
)
def test_the_gateway_knows_the_origins_that_the_app_knows(
    variables: dict[str, str],
    public: tuple[str, ...],
    agents: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = filled(CONFIG, facts_of("dev"))
    config["stages"]["dev"]["environment_variables"].update(variables)
    assert origins(config, "dev") == Origins(public, agents)
    for name, value in config["stages"]["dev"]["environment_variables"].items():
        monkeypatch.setenv(name, value)
    assert Services(read_settings()).origins == Origins(public, agents)
