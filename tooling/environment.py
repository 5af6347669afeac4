"""The environment of the tools: what they read of it, and what they set for the programs that they start.

No other file of the tools reads it. This file also works on Python 3.7, which uses it to find a newer one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import MutableMapping  # noqa: UP035 - see above

from tooling.errors import CommandError

API_URL = "LIVE_API_URL"
"""Set it where the API is reached under another address than AWS's own: behind a domain, or emulated."""
LIVE_STAGE = "LIVE_STAGE"
"""Tells the tests which deployed stage to run against; empty for none."""
AWS_ENDPOINT_URL = "AWS_ENDPOINT_URL"
MISLEADING = ("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "__PYVENV_LAUNCHER__", "PIP_USER", "PIP_TARGET")


@dataclass(frozen=True)
class ModelEndpoints:
    """OpenAI-compatible endpoints, such as Ollama's; None leaves the built-in stand-in in place."""

    llm_url: str | None
    llm_model: str | None
    llm_api_key: str | None
    embed_url: str | None
    embed_model: str | None


def model_endpoints() -> ModelEndpoints:
    """Read `LOCAL_LLM_*` and `LOCAL_EMBED_*`; an empty value counts as none.

    Raises CommandError when an endpoint is given without its model.
    """
    for kind in ("LLM", "EMBED"):
        if _read(f"LOCAL_{kind}_URL") and not _read(f"LOCAL_{kind}_MODEL"):
            raise CommandError(
                f"LOCAL_{kind}_URL is set; LOCAL_{kind}_MODEL must name a model that it serves."
            )
    return ModelEndpoints(
        llm_url=_read("LOCAL_LLM_URL"),
        llm_model=_read("LOCAL_LLM_MODEL"),
        llm_api_key=_read("LOCAL_LLM_API_KEY"),
        embed_url=_read("LOCAL_EMBED_URL"),
        embed_model=_read("LOCAL_EMBED_MODEL"),
    )


def api_url() -> str | None:
    """Return where a deployed API is reached, if somebody set that."""
    return _read(API_URL)


def chromium() -> str | None:
    """Return the path of the browser to use, if somebody set that."""
    return _read("CHROMIUM")


def is_aws_emulated() -> bool:
    """Say whether what answers for AWS is a stand-in for it."""
    return AWS_ENDPOINT_URL in os.environ


def pyenv_root() -> Path:
    """Return where pyenv keeps its Pythons."""
    return Path(_read("PYENV_ROOT") or Path.home() / ".pyenv")


def extended(**variables: str) -> dict[str, str]:
    """Return the environment with more variables, for a program to start."""
    return {**os.environ, **variables}


def for_venv() -> dict[str, str]:
    """Return the environment without what would lead a virtual environment's Python to other packages."""
    return {name: value for name, value in os.environ.items() if name not in MISLEADING}


def of_this_process() -> MutableMapping[str, str]:
    """Return the environment itself, for what libraries read there later."""
    return os.environ


def forget_own_aws_settings() -> None:
    """Keep the developer's profile, keys and endpoints out: nothing may reach a real account by accident."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


def _read(name: str) -> str | None:
    return os.environ.get(name) or None
