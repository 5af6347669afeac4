"""What the owner of the running product sees: what was said is counted, and a scripted week exactly."""

import subprocess
import sys
from typing import Any

import pytest

from tests.integration.api import Api
from tests.product import Product, within
from tooling.project import ROOT

COUNTED_SECONDS = 15


def insights(api: Api) -> dict[str, Any]:
    """Return the numbers of today."""
    response = api.send_as_agent("GET", "/insights?days=1")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_conversation_and_its_rating_are_counted_within_seconds(api: Api) -> None:
    before = insights(api)
    answer = api.ask("How do I reset my password?")
    rating = {"message_id": answer["message_id"], "rating": "up"}
    api.send("POST", f"/chat/{answer['session_id']}/feedback", json=rating)

    def is_counted() -> bool:
        now = insights(api)
        return bool(
            now["conversations"]["started"] > before["conversations"]["started"]
            and now["feedback"]["up"] > before["feedback"]["up"]
            and now["tokens"]["output"] > before["tokens"]["output"]
            and now["latency_ms"]["p95"]
        )

    assert within(COUNTED_SECONDS, is_counted)
    assert "local-extractive" in insights(api)["cost_usd"]["by_model"]


@pytest.mark.local_only
def test_after_a_scripted_week_the_numbers_equal_a_recount(product: Product) -> None:
    ports = ["--port", str(product.port), "--aws-port", str(product.aws_port)]
    command = [sys.executable, "-m", "bench.week", "--conversations", "60", *ports]
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert "equal to the recount" in played.stdout, played.stderr
