"""What CloudWatch makes metrics of."""

import io
import json
import logging
import time

from chalicelib.logs import TurnLogger, logger


def test_that_the_budget_is_reached_is_a_log_line_and_a_metric_in_one() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    try:
        TurnLogger().budget_reached("prod")
    finally:
        logging.getLogger(logger.name).removeHandler(handler)
    line = json.loads(stream.getvalue())
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
