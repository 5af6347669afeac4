"""What CloudWatch makes metrics of."""

import io
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.logs import IntakeLogger, TurnLogger, logger


@contextmanager
def lines() -> Iterator[list[dict[str, Any]]]:
    """Gather what is logged in the block."""
    stream, found = io.StringIO(), list[dict[str, Any]]()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logging.getLogger(logger.name).removeHandler(handler)
        found += map(json.loads, stream.getvalue().splitlines())


def test_that_the_budget_is_reached_is_a_log_line_and_a_metric_in_one() -> None:
    with lines() as logged:
        TurnLogger().budget_reached("prod")
    (line,) = logged
    assert (line["message"], line["level"], line["stage"], line["BudgetReached"]) == (
        *("budget_reached", "ERROR", "prod", 1),
    )
    assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 60
    assert line["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "customer-support",
            "Dimensions": [["stage"]],
            "Metrics": [{"Name": "BudgetReached", "Unit": "Count"}],
        }
    ]


def test_a_message_that_is_refused_is_counted_at_its_first_attempt() -> None:
    with lines() as logged:
        for attempt in (1, 2):
            IntakeLogger("prod").refused("m-1", attempt, "invalid_request", ["subject"])
    assert [(each["message"], each["level"], each["fields"]) for each in logged] == [
        ("intake_refused", "ERROR", ["subject"])
    ] * 2
    assert [each.get("IntakeRefused") for each in logged] == [1, None]
    assert "_aws" not in logged[1]
