"""What differs between models: sampling parameters and prices."""

import pytest

from chalicelib.gateways.model_choice import sampling, usage

BOTH = {"temperature": 0.7, "topP": 0.9}
TEMPERATURE = {"temperature": 0.7}
NEITHER: dict[str, float] = {}
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/"


@pytest.mark.parametrize(
    ("model_id", "taken"),
    [
        ("anthropic.claude-instant-v1", BOTH),
        ("anthropic.claude-v2:1", BOTH),
        ("anthropic.claude-3-haiku-20240307-v1:0", BOTH),
        ("us.anthropic.claude-3-haiku-20240307-v1:0", BOTH),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", BOTH),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", BOTH),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", BOTH),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", TEMPERATURE),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", TEMPERATURE),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", TEMPERATURE),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", TEMPERATURE),
        ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", TEMPERATURE),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", TEMPERATURE),
        (ARN + "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", TEMPERATURE),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0", TEMPERATURE),
        ("anthropic.claude-haiku-5-5", NEITHER),
        ("us.anthropic.claude-haiku-5-5", NEITHER),
        ("global.anthropic.claude-haiku-5-5", NEITHER),
        (ARN + "global.anthropic.claude-haiku-5-5", NEITHER),
        ("anthropic.claude-opus-12-20300101-v1:0", NEITHER),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123", NEITHER),
        ("amazon.nova-lite-v1:0", BOTH),
        ("us.meta.llama4-scout-17b-instruct-v1:0", BOTH),
        ("mistral.mistral-large-2407-v1:0", BOTH),
    ],
)
def test_a_model_is_sent_the_sampling_parameters_that_it_takes(
    model_id: str, taken: dict[str, float]
) -> None:
    assert sampling(model_id, temperature=0.7, top_p=0.9) == taken


@pytest.mark.parametrize(
    ("model_id", "dollars"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", 0.25 + 1.25),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", 1 + 5),
        (ARN + "us.anthropic.claude-haiku-5-5", 0.10 + 0.50),
    ],
)
def test_a_million_tokens_each_way_cost_the_list_price(model_id: str, dollars: float) -> None:
    assert usage(model_id, 1_000_000, 1_000_000, {}).cost_usd == pytest.approx(dollars)


def test_input_and_output_are_priced_apart() -> None:
    spent = usage("anthropic.claude-3-haiku-20240307-v1:0", 1200, 300, {})
    assert (spent.input_tokens, spent.output_tokens) == (1200, 300)
    assert spent.cost_usd == pytest.approx(0.000675)


@pytest.mark.parametrize("model_id", ["amazon.nova-lite-v1:0", "anthropic.claude-3-5-haiku-20241022-v1:0"])
def test_an_unknown_price_is_not_guessed(model_id: str) -> None:
    assert usage(model_id, 10, 10, {}).cost_usd is None


def test_a_price_of_the_settings_goes_before_the_list() -> None:
    assert (
        usage("anthropic.claude-3-haiku-20240307-v1:0", 1_000_000, 0, {"claude-3-haiku": (9, 9)}).cost_usd
        == 9
    )


def test_the_longest_known_part_of_the_id_decides() -> None:
    prices = {"nova": (1.0, 1.0), "eu.amazon.nova-lite": (2.0, 2.0), "nova-lite": (3.0, 3.0)}
    assert usage("eu.amazon.nova-lite-v1:0", 1_000_000, 0, prices).cost_usd == 2
    assert usage("us.amazon.nova-lite-v1:0", 1_000_000, 0, prices).cost_usd == 3
    assert usage("us.amazon.nova-pro-v1:0", 1_000_000, 0, prices).cost_usd == 1
