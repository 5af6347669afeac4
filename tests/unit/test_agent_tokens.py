"""Whose token it is: any of several, compared as a whole, and never an empty one."""

from collections.abc import Mapping

import pytest

from chalicelib.api.agent_tokens import AgentTokens
from chalicelib.errors import Unavailable

TOKENS = {"zendesk": "token-of-zendesk", "old": "token-of-zendesk-before", "nobody": "", "padded": " p4d \n"}


def owner_of(authorization: str | None, tokens: Mapping[str, str] = TOKENS) -> str | None:
    return AgentTokens(lambda: tokens).owner_of(authorization)


@pytest.mark.parametrize(
    ("authorization", "owner"),
    [
        ("Bearer token-of-zendesk", "zendesk"),
        ("Bearer token-of-zendesk-before", "old"),
        ("bearer token-of-zendesk", "zendesk"),
        ("BEARER token-of-zendesk", "zendesk"),
        ("  Bearer   token-of-zendesk  ", "zendesk"),
        ("Bearer p4d", "padded"),
    ],
)
def test_a_token_has_its_owner_however_it_is_spaced_and_its_scheme_written(
    authorization: str, owner: str
) -> None:
    assert owner_of(authorization) == owner


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer \t\n",
        "token-of-zendesk",
        "Basic token-of-zendesk",
        "Token token-of-zendesk",
        "BearerX token-of-zendesk",
        "Bearertoken-of-zendesk",
        "Bearer token-of-zendes",
        "Bearer token-of-zendesk2",
        "Bearer Token-Of-Zendesk",
        "Bearer token-of-zendesk token-of-zendesk",
        "Bearer token-of-zendesk, Bearer token-of-zendesk-before",
        "Bearer zendesk",
        "Bearer tökén",
        "Bearer \ud800",
        "Bearer " + "x" * 100_000,
    ],
)
def test_anything_else_has_none(authorization: str | None) -> None:
    assert owner_of(authorization) is None


def test_without_any_token_nobody_is_let_in() -> None:
    assert owner_of("Bearer token-of-zendesk", {}) is None


def test_a_token_beyond_ascii_has_its_owner_too() -> None:
    assert owner_of("Bearer schlüssel-語", {"odd": "schlüssel-語"}) == "odd"


def test_a_rotated_token_counts_at_once() -> None:
    tokens = {"zendesk": "before"}
    guard = AgentTokens(lambda: tokens)
    tokens["zendesk"] = "after"
    assert guard.owner_of("Bearer after") == "zendesk"
    assert guard.owner_of("Bearer before") is None


def test_secrets_out_of_reach_let_nobody_in() -> None:
    def fail() -> Mapping[str, str]:
        raise Unavailable("secrets")

    with pytest.raises(Unavailable):
        AgentTokens(fail).owner_of("Bearer token-of-zendesk")
