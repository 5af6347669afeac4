"""Structured log lines: names, numbers and ids; never what a customer or the assistant wrote."""

import logging
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from chalicelib.errors import IngestionCallFailed, KnowledgeBaseBusy, Unavailable, UnreadableAnswer

if TYPE_CHECKING:
    from chalicelib.domain.conversation import Exchange, Usage
    from chalicelib.domain.event import Delivery, Outcome
    from chalicelib.domain.ingestion import IngestionJob
    from chalicelib.domain.ticket import Ticket

NAMESPACE = "customer-support"
DEEPEST_CAUSE = 10
"""Chains of causes may be circular."""
OPERATORS_MISTAKES = frozenset({"AccessDeniedException", "ResourceNotFoundException", "ValidationException"})
"""What AWS answers when a permission or a setting is wrong: no retry will help."""

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


class DegradedLogger:
    """Logs what an answer has to do without."""

    def degraded(self, name: str, error: Unavailable) -> None:
        """Say that an answer goes on without something."""
        logger.warning("degraded", without=name, dependency=error.dependency, cause=cause_of(error))


class TicketLogger(DegradedLogger):
    """Logs what happened to a ticket."""

    def received(self, ticket: "Ticket", degraded: Sequence[str], seconds: float) -> None:
        """Say that a ticket is kept."""
        logger.info(
            "ticket_received",
            channel=ticket.channel,
            priority=ticket.priority,
            degraded=list(degraded),
            duration_ms=round(seconds * 1000, 1),
        )

    def replied(self, ticket: "Ticket", reply: "Exchange", closes: bool) -> None:
        """Say that an agent's reply is kept."""
        logger.info(
            "ticket_replied",
            channel=ticket.channel,
            state=ticket.state,
            draft_kept=reply.draft_kept,
            closes=closes,
        )

    def drafted(
        self, ticket: "Ticket", usage: "Usage", citations: int, missing: int, degraded: Sequence[str]
    ) -> None:
        """Say that a reply was drafted."""
        logger.info(
            "reply_drafted",
            channel=ticket.channel,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=usage.cost_usd,
            citations=citations,
            missing=missing,
            degraded=list(degraded),
        )


class SearchLogger:
    """Logs what is wrong with what a search found."""

    def access_unclear(self, document: str) -> None:
        """Say that nobody is shown a document, since its sidecar doesn't say who may read it."""
        logger.warning("access_unclear", document=document)

    def not_reranked(self, cause: str) -> None:
        """Say that passages are in the order in which they were found, although a reranker is set."""
        logger.warning("not_reranked", cause=cause)


class SyncLogger(DegradedLogger):
    """Logs what happened to the knowledge base."""

    def changed(self, changes: int) -> None:
        """Say that documents changed."""
        logger.info("documents_changed", changes=changes)

    def ignored(self, reason: str, records: int) -> None:
        """Say that there were notices which mean no change of a document."""
        logger.info("notices_ignored", reason=reason, records=records)

    def started(self, job: "IngestionJob") -> None:
        """Say that an ingestion job runs."""
        logger.info("ingestion_started", job_id=job.job_id, trigger=job.trigger)

    def not_started(self, error: IngestionCallFailed, attempts: int) -> None:
        """Say that no job could be started: louder where somebody has to do something about it."""
        is_mistake = error.code in OPERATORS_MISTAKES and not isinstance(error, KnowledgeBaseBusy)
        log = logger.error if is_mistake else logger.warning
        log("ingestion_not_started", code=error.code, attempts=attempts)

    def ended(self, job: "IngestionJob", will_be_retried: bool) -> None:
        """Say how a job ended."""
        log = logger.warning if will_be_retried or job.statistics.failed else logger.info
        log(
            "ingestion_ended",
            job_id=job.job_id,
            status=job.status,
            trigger=job.trigger,
            will_be_retried=will_be_retried,
            **asdict(job.statistics),
        )


class DeliveryLogger:
    """Logs how events get to their receivers."""

    def attempted(self, delivery: "Delivery", receiver: str, outcome: "Outcome") -> None:
        """Say how an attempt went: louder where it is given up, for then somebody has to resend."""
        levels = {"delivered": logger.info, "pending": logger.warning, "failed": logger.error}
        levels[outcome.status](
            "event_attempted",
            event_type=delivery.event.type,
            event_id=delivery.event.event_id,
            receiver=receiver,
            status=outcome.status,
            reason=outcome.reason,
            attempts=delivery.attempts + 1,
        )


class InsightLogger(DegradedLogger):
    """Logs how conversations are counted."""

    def change_unreadable(self, event_id: str | None) -> None:
        """Say that a change of a conversation is not counted, since it makes no sense."""
        logger.error("change_unreadable", event_id=event_id)

    def judged(self, conversations: int) -> None:
        """Say that conversations were quiet for long enough to be judged."""
        logger.info("conversations_judged", conversations=conversations)


class IntakeLogger:
    """Logs what becomes of a message of the tickets' queue; `attempt` counts how often it has come."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def refused(self, message_id: str, attempt: int, code: str, fields: Sequence[str]) -> None:
        """Say that a message can never be a ticket; at its first attempt CloudWatch makes a metric of it."""
        counted = _counted("IntakeRefused") if attempt == 1 else {}
        logger.error(
            "intake_refused",
            stage=self._stage,
            message_id=message_id,
            attempt=attempt,
            code=code,
            fields=list(fields),
            **counted,
        )

    def postponed(self, message_id: str, attempt: int, error: Unavailable) -> None:
        """Say that a message will come again, because something is out of reach."""
        logger.warning(
            "intake_postponed",
            message_id=message_id,
            attempt=attempt,
            dependency=error.dependency,
            cause=cause_of(error),
        )

    def erased(self, message_id: str) -> None:
        """Say that a message is let go, because its customer was erased after it was sent."""
        logger.info("intake_erased", message_id=message_id)


class TurnLogger(DegradedLogger):
    """Logs what happened in a turn of the chat."""

    def budget_reached(self, stage: str) -> None:
        """Say, once a day, that the stage has spent what it may; CloudWatch makes a metric of it."""
        logger.error("budget_reached", stage=stage, **_counted("BudgetReached"))

    def answered(self, exchange: "Exchange", laps_seconds: Mapping[str, float]) -> None:
        """Say how a turn went."""
        logger.info(
            "answered",
            handled_by=exchange.handled_by,
            model=exchange.model,
            input_tokens=exchange.usage.input_tokens,
            output_tokens=exchange.usage.output_tokens,
            cost_usd=exchange.usage.cost_usd,
            citations=len(exchange.citations),
            unanswered=exchange.unanswered,
            guardrail=list(exchange.guardrail.reasons),
            escalation=exchange.handed_over.reason if exchange.handed_over else None,
            degraded=list(exchange.degraded),
            laps_ms={step: round(seconds * 1000, 1) for step, seconds in laps_seconds.items()},
        )


def _counted(metric: str) -> dict[str, Any]:
    """Return the fields by which CloudWatch counts a log line in a metric (its embedded metric format)."""
    kind = {"Name": metric, "Unit": "Count"}
    declared = {"Namespace": NAMESPACE, "Dimensions": [["stage"]], "Metrics": [kind]}
    return {
        metric: 1,
        "_aws": {"Timestamp": round(time.time() * 1000), "CloudWatchMetrics": [declared]},
    }


def cause_of(error: BaseException) -> str:
    """Return what an outage comes down to: AWS's error code, or the type of the innermost failure.

    Of an answer that cannot be read also where reading it failed: the mistake may be ours.
    """
    cause = error
    for _ in range(DEEPEST_CAUSE):
        answer = getattr(cause, "response", None)
        if isinstance(answer, dict) and "Code" in answer.get("Error", {}):
            return str(answer["Error"]["Code"])
        inner = cause.__cause__ or cause.__context__
        if inner is None:
            break
        if isinstance(cause, UnreadableAnswer):
            where = traceback.extract_tb(inner.__traceback__)[-1]
            return f"UnreadableAnswer: {type(inner).__name__} in {Path(where.filename).name}:{where.lineno}"
        cause = inner
    return type(cause).__name__
