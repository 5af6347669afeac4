"""The list prices that bench/cost/stage.py uses: us-east-1, US dollars, before any free tier."""

import json
from dataclasses import dataclass
from typing import Any

from tooling.project import ROOT

FACTS: Any = json.loads((ROOT / "docs" / "facts.json").read_text("utf-8"))
"""What others decide: ends and prices of models, quotas, prices; each with when and where it was read."""
CHECKED = min(each["read_on"] for each in FACTS["prices"].values())
"""When the sources were last read; most are not AWS's own, whose pages fill in the numbers by script."""


@dataclass(frozen=True)
class Price:
    """A price for `per` of something, which `unit` says; `source` is a page, with its own date."""

    usd: float
    unit: str
    source: str
    read_on: str
    per: float = 1


PRICES = {name: Price(**told) for name, told in FACTS["prices"].items()}
