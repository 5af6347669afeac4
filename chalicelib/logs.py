"""Structured log lines: names, numbers and ids; never what a customer or the assistant wrote."""

import logging
import traceback
from collections.abc import Mapping

from aws_lambda_powertools import Logger

from chalicelib.errors import Unavailable
from chalicelib.models import Exchange

DEEPEST_CAUSE = 10
"""Chains of causes may be circular."""

logger = Logger(service="customer-support", log_uncaught_exceptions=False)
"""Chalice logs to the logger of its app's name, which is this one, so its lines are ours too."""


for library in ("boto3", "botocore", "pynamodb", "urllib3"):
    # At DEBUG they log whole requests, and so what customers write.
    logging.getLogger(library).setLevel(logging.INFO)


class _WithoutValues(logging.Filter):
    """Keeps of an exception its type and where it happened: its message may hold what somebody wrote."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0]:
            kind, _, where = record.exc_info
            record.exception_type = f"{kind.__module__}.{kind.__qualname__}"
            record.frames = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(where)]
            record.exc_info = None
        return True


logger.addFilter(_WithoutValues())


class TurnLogger:
    """Logs what happened in a turn of the chat."""

    def degraded(self, name: str, error: Unavailable) -> None:
        """Say that a turn goes on without something."""
        logger.warning("degraded", without=name, dependency=error.dependency, cause=cause_of(error))

    def answered(self, exchange: Exchange, laps_seconds: Mapping[str, float]) -> None:
        """Say how a turn went."""
        logger.info(
            "answered",
            model=exchange.model,
            input_tokens=exchange.usage.input_tokens,
            output_tokens=exchange.usage.output_tokens,
            cost_usd=exchange.usage.cost_usd,
            citations=len(exchange.citations),
            unanswered=exchange.unanswered,
            guardrail=list(exchange.guardrail.reasons),
            escalation=exchange.escalation.reason if exchange.escalation else None,
            degraded=list(exchange.degraded),
            laps_ms={step: round(seconds * 1000, 1) for step, seconds in laps_seconds.items()},
        )


def cause_of(error: BaseException) -> str:
    """Return what an outage comes down to: AWS's error code, or the type of the innermost failure."""
    cause = error
    for _ in range(DEEPEST_CAUSE):
        answer = getattr(cause, "response", None)
        if isinstance(answer, dict) and "Code" in answer.get("Error", {}):
            return str(answer["Error"]["Code"])
        inner = cause.__cause__ or cause.__context__
        if inner is None:
            break
        cause = inner
    return type(cause).__name__
