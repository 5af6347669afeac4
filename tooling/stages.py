"""The stages: what `.chalice/config.json` says of each, and what Chalice notes of its deployments."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tooling.errors import CommandError
from tooling.project import ROOT

LOCAL = "local"
PROD = "prod"

ChaliceConfig = dict[str, Any]


class UnknownStage(CommandError):
    """The configuration holds no such stage that can be deployed."""

    def __init__(self, stage: str, known: list[str]) -> None:
        super().__init__(f"There is no stage {stage} to deploy. Known are: {', '.join(known)}.")


@dataclass(frozen=True)
class Deployed:
    """What Chalice notes in `.chalice/deployed/` of its own deployments."""

    api_id: str
    api_url: str
    functions: dict[str, str]
    """ARNs by Chalice's names."""


def read_config(root: Path = ROOT) -> ChaliceConfig:
    """Read the configuration. Raises CommandError."""
    return _read_json(root / ".chalice" / "config.json")


def write_config(config: Mapping[str, Any], root: Path) -> None:
    """Write the configuration as the repository holds it."""
    text = json.dumps(config, indent=2) + "\n"
    (root / ".chalice" / "config.json").write_text(text, "utf-8", newline="\n")


def deployable_stages(config: Mapping[str, Any]) -> list[str]:
    """Return the names of the stages that can be deployed: those whose functions have policies."""
    return [name for name, stage in config["stages"].items() if "lambda_functions" in stage]


def deployable_stage(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return what the configuration says of a stage. Raises UnknownStage."""
    known = deployable_stages(config)
    if name not in known:
        raise UnknownStage(name, known)
    stage: dict[str, Any] = config["stages"][name]
    return stage


def record_path(root: Path, stage: str) -> Path:
    """Return where Chalice notes what it has deployed of a stage."""
    return root / ".chalice" / "deployed" / f"{stage}.json"


def read_deployed(root: Path, stage: str) -> Deployed | None:
    """Return what was deployed from this copy of the project; None when nothing was, or all is deleted.

    Raises CommandError.
    """
    path = record_path(root, stage)
    resources = _read_json(path)["resources"] if path.exists() else []
    if not resources:
        return None
    api: dict[str, Any] = next((each for each in resources if each["resource_type"] == "rest_api"), {})
    return Deployed(
        api_id=api.get("rest_api_id", ""),
        api_url=api.get("rest_api_url", ""),
        functions={each["name"]: each["lambda_arn"] for each in resources if "lambda_arn" in each},
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
