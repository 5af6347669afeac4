"""The stages in `.chalice/config.json`: what the stack knows is filled in, what people decided stays."""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from deployment.facts import SETTINGS_OF_THE_STACK, Facts
from tooling.errors import CommandError

IN_VPC = ("api_handler", "migrate")
"""The functions that reach Postgres; any other would need a way out of the VPC for nothing."""

ChaliceConfig = dict[str, Any]


class UnknownStage(CommandError):
    """The configuration holds no such stage that can be deployed."""

    def __init__(self, stage: str, known: list[str]) -> None:
        super().__init__(f"There is no stage {stage} to deploy. Known are: {', '.join(known)}.")


def read_config(root: Path) -> ChaliceConfig:
    """Read the configuration."""
    config: ChaliceConfig = json.loads((root / ".chalice" / "config.json").read_text("utf-8"))
    return config


def write_config(config: ChaliceConfig, root: Path) -> None:
    """Write the configuration as the repository holds it."""
    text = json.dumps(config, indent=2) + "\n"
    (root / ".chalice" / "config.json").write_text(text, "utf-8", newline="\n")


def deployed_stages(config: Mapping[str, Any]) -> list[str]:
    """Return the names of the stages that can be deployed: those whose functions have policies."""
    return [name for name, stage in config["stages"].items() if "lambda_functions" in stage]


def model_ids(config: Mapping[str, Any], stage: str) -> tuple[str, ...]:
    """Return the models that a stage calls. Raises UnknownStage."""
    ids: str = _stage(config, stage)["environment_variables"]["BEDROCK_MODEL_IDS"]
    return tuple(each.strip() for each in ids.split(",") if each.strip())


def filled(config: Mapping[str, Any], facts: Facts) -> ChaliceConfig:
    """Return the configuration with a stage's facts in place. Raises UnknownStage."""
    result: ChaliceConfig = deepcopy(dict(config))
    stage = _stage(result, facts.stage)
    stage["environment_variables"].update(facts.settings)
    for function in IN_VPC:
        stage["lambda_functions"][function].update(
            subnet_ids=list(facts.subnet_ids), security_group_ids=[facts.security_group_id]
        )
    return result


def facts_in(config: Mapping[str, Any], name: str) -> Facts | None:
    """Return the facts that a stage is filled in with; None when it is not. Raises UnknownStage."""
    stage = _stage(config, name)
    settings = stage["environment_variables"]
    if any(setting.upper() not in settings for setting in SETTINGS_OF_THE_STACK):
        return None
    _, partition, _, region, account, _ = settings["APP_SECRET_ID"].split(":", 5)
    network = stage["lambda_functions"][IN_VPC[0]]
    return Facts(
        stage=name,
        partition=partition,
        account=account,
        region=region,
        model_ids=model_ids(config, name),
        subnet_ids=tuple(network["subnet_ids"]),
        security_group_id=network["security_group_ids"][0],
        **{setting: settings[setting.upper()] for setting in SETTINGS_OF_THE_STACK},
    )


def _stage(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    known = deployed_stages(config)
    if name not in known:
        raise UnknownStage(name, known)
    stage: dict[str, Any] = config["stages"][name]
    return stage
