"""What differs between models: the sampling parameters that they take and what they cost."""

import re
from collections.abc import Mapping

from chalicelib.domain.conversation import Usage

LIST_PRICES: Mapping[str, tuple[float, float]] = {
    # US dollars per million input and output tokens, AWS price list of 2026-11.
    "claude-haiku-5-5": (0.10, 0.50),
    "claude-haiku-4-5": (1.00, 5.00),
    "claude-3-haiku": (0.25, 1.25),
}
CLAUDE_GENERATION = re.compile(r"anthropic\.claude-(?:[a-z]+-)*v?(\d+)")


def sampling(model_id: str, temperature: float, top_p: float) -> dict[str, float]:
    """Return the sampling parameters, in Converse's names, that a model takes.

    Claude up to 3.x takes both, 4.x refuses them together, 5.x and later refuse either. Behind an
    application inference profile the model cannot be told from its id, so it gets none.
    """
    if "application-inference-profile" in model_id:
        return {}
    claude = CLAUDE_GENERATION.search(model_id)
    generation = int(claude[1]) if claude else 3
    if generation <= 3:
        return {"temperature": temperature, "topP": top_p}
    return {"temperature": temperature} if generation == 4 else {}


def usage(
    model_id: str, input_tokens: int, output_tokens: int, prices: Mapping[str, tuple[float, float]]
) -> Usage:
    """Return the usage with its cost; the longest known part of the model id decides the price."""
    known = {**LIST_PRICES, **prices}
    parts = sorted((part for part in known if part in model_id), key=len, reverse=True)
    if not parts:
        return Usage(input_tokens, output_tokens, None)
    per_input, per_output = known[parts[0]]
    cost = (input_tokens * per_input + output_tokens * per_output) / 1_000_000
    return Usage(input_tokens, output_tokens, round(cost, 8))
