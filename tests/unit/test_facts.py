"""What others decide, in docs/facts.json: not too old, and the same wherever the code holds it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from bench.cost.prices import FACTS, PRICES
from bench.cost.stage import QUESTION_TOKENS
from chalicelib.chat import spending
from chalicelib.gateways.converse import LIST_PRICES, price_of
from chalicelib.gateways.sentiment import MAX_BYTES
from chalicelib.sync.starts import START_INTERVAL
from deployment.facts import model_ids
from devstack.bedrock.knowledge import sidecar
from tooling.stages import deployable_stages, read_config

OLDEST = timedelta(days=120)
EACH = [(f"{kind}: {name}", told) for kind, facts in FACTS.items() for name, told in facts.items()]


def quota(name: str) -> float:
    """Return the value of a quota."""
    return float(FACTS["quotas"][name]["value"])


@pytest.mark.parametrize("told", [told for _, told in EACH], ids=[name for name, _ in EACH])
def test_a_fact_was_read_within_120_days_and_says_where(told: dict[str, Any]) -> None:
    read_on = date.fromisoformat(told["read_on"])
    assert date.today() - OLDEST <= read_on <= date.today(), "read it again, and put today's date"  # noqa: DTZ011
    assert told["source"]


def test_the_prices_that_the_app_knows_are_those_of_the_facts() -> None:
    facts = {name: tuple(told["usd_per_million_tokens"]) for name, told in FACTS["models"].items()}
    assert facts == LIST_PRICES


def micro_usd(*names: str) -> float:
    """Return what one of each of these costs, in millionths of a US dollar."""
    return round(sum(PRICES[name].usd / PRICES[name].per for name in names) * spending.MICRO, 6)


def test_what_the_app_says_of_costs_rests_on_the_prices_of_the_facts() -> None:
    judged = ("Guardrail, content filters", "Guardrail, denied topics")
    assert micro_usd(*judged) == spending.GUARDRAIL_QUESTION_MICRO_USD
    assert micro_usd(*judged, "Guardrail, personal data") == spending.GUARDRAIL_ANSWER_MICRO_USD
    assert micro_usd("Comprehend") == spending.SENTIMENT_UNIT_MICRO_USD
    assert micro_usd("Rerank, Cohere 3.5") == spending.RERANK_MICRO_USD
    search = micro_usd("S3 Vectors query") + QUESTION_TOKENS * micro_usd("Titan embeddings v2")
    assert round(search) == spending.RETRIEVE_MICRO_USD


def may_be_used(fact: Mapping[str, Any]) -> bool:
    """Tell whether a model has not ended, or was looked at since it might have."""
    if fact["ends"] is None:
        return True
    told, read_on = (date.fromisoformat(each[-10:]) for each in (fact["ends"], fact["read_on"]))
    return datetime.now(timezone.utc).date() < told or (
        fact["ends"].startswith("no sooner than ") and read_on >= told
    )


@pytest.mark.parametrize("stage", deployable_stages(read_config()))
def test_each_model_of_a_stage_has_a_price_and_has_not_ended(stage: str) -> None:
    for model_id in model_ids(read_config(), stage):
        assert price_of(model_id, {}), model_id
        (fact,) = (told for name, told in FACTS["models"].items() if name in model_id)
        assert may_be_used(fact), model_id


def test_the_code_keeps_to_the_quotas() -> None:
    assert 1 / START_INTERVAL.total_seconds() <= quota("Bedrock: ingestion jobs started a second")
    assert quota("Comprehend: bytes of a text") >= MAX_BYTES
    room = quota("S3 Vectors: bytes of a vector's metadata that can be filtered by") - sidecar.MAX_BYTES
    assert room > 0, "Bedrock adds some of its own"
