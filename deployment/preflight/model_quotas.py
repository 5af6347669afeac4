"""Reads what the account's quotas let through of a model, which for a new account may be nothing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.gateways.converse import AREAS, own_id
from deployment.arns import GLOBAL
from deployment.preflight.quotas import CANNOT_LOOK
from deployment.work import Work
from tooling.aws_errors import passing_over

TOKENS_OF_A_TURN = 4_300
"""Bedrock holds back the longest answer beforehand: the prompt of docs/cost.md and MAX_TOKENS."""
LEAST: Mapping[str, int] = {
    "requests per minute": 1,
    "tokens per minute": TOKENS_OF_A_TURN,
    "tokens per day": TOKENS_OF_A_TURN,
}
QUOTA = (
    r"(?:{scope} model inference (?P<minute>requests per minute|tokens per minute)"
    r"|Model invocation max (?P<day>tokens per day)) for (?:{maker} )?{model}(?: V\d+)?(?: \(.*\))?"
)
"""How the quotas of a model are named; their codes say nothing. A comment in brackets may follow."""

Quota = Mapping[str, Any]


def read_quotas(work: Work) -> list[Quota]:
    """Return Bedrock's quotas as they are applied to the account; none where it may not be asked."""
    if work.account.is_emulated:
        return []
    # A Region without Bedrock has none of its quotas.
    with passing_over("NoSuchResourceException", *CANNOT_LOOK):
        pages = work.account.client("service-quotas").get_paginator("list_service_quotas")
        return [each for page in pages.paginate(ServiceCode="bedrock") for each in page["Quotas"]]
    return []


def shortages(work: Work, model_id: str, quotas: Sequence[Quota], answers: bool) -> Iterator[str]:
    """Yield the quotas of a model that are too low for one turn.

    Of a model that `answers` none can be zero: then another name is meant, or AWS doesn't hold to it.
    """
    pattern = _pattern(work, model_id) if quotas else None
    for quota in quotas:
        found = pattern and pattern.fullmatch(quota["QuotaName"])
        if not found:
            continue
        unit, value = (found["minute"] or found["day"]).lower(), quota["Value"]
        if value < LEAST[unit] and (value or not answers):
            yield (
                f"its quota of {unit} is {value:g} (Service Quotas, Amazon Bedrock, {quota['QuotaCode']}: "
                f"{quota['QuotaName']}), and one answer needs {LEAST[unit]:,}: ask for more there"
            )


def _pattern(work: Work, model_id: str) -> "re.Pattern[str] | None":
    """Return how the quotas of a model are named, by the way in which it is called."""
    area = model_id.partition(".")[0]
    scope = "On-demand" if area not in AREAS else "Global cross-region" if area == GLOBAL else "Cross-region"
    with passing_over("ResourceNotFoundException", "ValidationException", *CANNOT_LOOK):
        found = work.account.client("bedrock").get_foundation_model(modelIdentifier=own_id(model_id))
        details = found["modelDetails"]
        maker, model = details.get("providerName"), details.get("modelName")
        if maker and model:
            named = QUOTA.format(scope=scope, maker=re.escape(maker), model=re.escape(model))
            return re.compile(named, re.IGNORECASE)
    return None
