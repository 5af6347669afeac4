"""The optional real models behind the Bedrock stand-in; the only place that reads their variables."""

from collections.abc import Mapping
from dataclasses import dataclass

from tooling.errors import CommandError


@dataclass(frozen=True)
class ModelEndpoints:
    """OpenAI-compatible endpoints, such as Ollama's; None leaves the built-in stand-in in place."""

    llm_url: str | None
    llm_model: str | None
    llm_api_key: str | None
    embed_url: str | None
    embed_model: str | None


def read_model_endpoints(environment: Mapping[str, str]) -> ModelEndpoints:
    """Read `LOCAL_LLM_*` and `LOCAL_EMBED_*`; an empty value counts as none.

    Raises CommandError when an endpoint is given without its model.
    """
    for kind in ("LLM", "EMBED"):
        if environment.get(f"LOCAL_{kind}_URL") and not environment.get(f"LOCAL_{kind}_MODEL"):
            raise CommandError(
                f"LOCAL_{kind}_URL is set; LOCAL_{kind}_MODEL must name a model that it serves."
            )
    return ModelEndpoints(
        llm_url=environment.get("LOCAL_LLM_URL") or None,
        llm_model=environment.get("LOCAL_LLM_MODEL") or None,
        llm_api_key=environment.get("LOCAL_LLM_API_KEY") or None,
        embed_url=environment.get("LOCAL_EMBED_URL") or None,
        embed_model=environment.get("LOCAL_EMBED_MODEL") or None,
    )
