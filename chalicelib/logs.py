"""Structured log lines: names, numbers and ids; never what a customer or the assistant wrote."""

import logging
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aws_lambda_powertools import Logger

from chalicelib.errors import IngestionCallFailed, KnowledgeBaseBusy, Unavailable, UnreadableAnswer
from chalicelib.metrics import METRICS, measured

if TYPE_CHECKING:
    from chalicelib.domain.conversation import Exchange, Usage
    from chalicelib.domain.event import Delivery, Outcome
    from chalicelib.domain.ingestion import IngestionJob
    from chalicelib.domain.ticket import Ticket

DEEPEST_CAUSE = 10
"""Chains of causes may be circular."""
TurnOutcome = Literal["answered", "unanswered", "handed_over", "guardrail", "passed_on", "limited", "failed"]
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
        counted = measured({"Degraded": 1}, without=name)
        logger.warning("degraded", dependency=error.dependency, cause=cause_of(error), **counted)


def customer_out_of_reach(error: Unavailable) -> None:
    """Say why Postgres does not answer: whoever asked the function for it learns an error's name alone.

    It is counted there, where an answer goes on without the customer.
    """
    logger.warning("degraded", without="customer", dependency=error.dependency, cause=cause_of(error))


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
            **_model_fields(usage),
            citations=citations,
            missing=missing,
            degraded=list(degraded),
            **measured(_consumed(usage)),
        )

    def article_drafted(self, ticket: "Ticket", usage: "Usage", *, is_empty: bool) -> None:
        """Say that an article was drafted, or that there was nothing to write."""
        logger.info(
            "article_drafted",
            channel=ticket.channel,
            **_model_fields(usage),
            is_empty=is_empty,
            **measured(_consumed(usage)),
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
        counted = measured({"SyncFailed": 1}) if is_mistake else {}
        log("ingestion_not_started", code=error.code, attempts=attempts, **counted)

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
            **measured(
                {"SyncFailed": int(job.status == "FAILED"), "DocumentsFailed": job.statistics.failed},
            ),
        )


class DeliveryLogger:
    """Logs how events get to their receivers."""

    def attempted(self, delivery: "Delivery", receiver: str, outcome: "Outcome") -> None:
        """Say how an attempt went: louder where it is given up, for then somebody has to resend."""
        levels = {"delivered": logger.info, "pending": logger.warning, "failed": logger.error}
        failed = int(outcome.status == "failed")
        levels[outcome.status](
            "event_attempted",
            event_type=delivery.event.type,
            event_id=delivery.event.event_id,
            receiver=receiver,
            status=outcome.status,
            reason=outcome.reason,
            attempts=delivery.attempts + 1,
            **({} if outcome.status == "pending" else measured({"DeliveryFailed": failed})),
        )


class InsightLogger(DegradedLogger):
    """Logs how conversations are counted."""

    def change_unreadable(self, event_id: str | None) -> None:
        """Say that a change of a conversation is not counted, since it makes no sense."""
        logger.error("change_unreadable", event_id=event_id)

    def judged(self, conversations: int) -> None:
        """Say that conversations were quiet for long enough to be judged."""
        logger.info("conversations_judged", conversations=conversations)

    def gaps_grouped(self, groups: int, questions: int) -> None:
        """Say that the questions that were asked in vain were grouped again."""
        logger.info("gaps_grouped", groups=groups, questions=questions)


class IntakeLogger:
    """Logs what becomes of a message of the tickets' queue; `attempt` counts how often it has come."""

    def refused(self, message_id: str, attempt: int, code: str, fields: Sequence[str]) -> None:
        """Say that a message can never be a ticket; its first attempt is counted."""
        counted = measured({"IntakeRefused": 1}) if attempt == 1 else {}
        logger.error(
            "intake_refused",
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

    def budget_reached(self) -> None:
        """Say, once a day, that the stage has spent what it may."""
        logger.error("budget_reached", **measured({"BudgetReached": 1}))

    def not_answered(self, outcome: TurnOutcome) -> None:
        """Say that a turn ended without an answer: refused by a limit, or for want of something needed."""
        logger.info("not_answered", **measured({"Chats": 1}, outcome=outcome))

    def answered(self, exchange: "Exchange", laps_seconds: Mapping[str, float]) -> None:
        """Say how a turn went."""
        logger.info(
            "answered",
            handled_by=exchange.handled_by,
            **_model_fields(exchange.usage, exchange.model),
            citations=len(exchange.citations),
            unanswered=exchange.unanswered,
            guardrail=list(exchange.guardrail.reasons),
            escalation=exchange.handed_over.reason if exchange.handed_over else None,
            degraded=list(exchange.degraded),
            laps_ms={step: round(seconds * 1000, 1) for step, seconds in laps_seconds.items()},
            **measured(
                {"Chats": 1, **_consumed(exchange.usage), **_laps_ms(laps_seconds)},
                outcome=outcome_of(exchange),
            ),
        )


def outcome_of(exchange: "Exchange") -> TurnOutcome:
    """Return what came of a turn that was answered, in a word."""
    if exchange.handled_by == "agent":
        return "passed_on"
    if exchange.handed_over:
        return "handed_over"
    if exchange.guardrail.intervened:
        return "guardrail"
    return "unanswered" if exchange.unanswered else "answered"


def _model_fields(usage: "Usage", model: str | None = None) -> dict[str, Any]:
    """Return what a model did, in the names of OpenTelemetry's conventions where they have one."""
    return {
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "cost_usd": usage.cost_usd,
    }


def _consumed(usage: "Usage") -> dict[str, float]:
    consumed: dict[str, float] = {"InputTokens": usage.input_tokens, "OutputTokens": usage.output_tokens}
    return consumed if usage.cost_usd is None else {**consumed, "CostUsd": usage.cost_usd}


def _laps_ms(laps_seconds: Mapping[str, float]) -> dict[str, float]:
    laps = {f"{step.title()}Ms": round(seconds * 1000, 1) for step, seconds in laps_seconds.items()}
    whole = round(1000 * sum(laps_seconds.values()), 1)
    return {"TurnMs": whole, **{name: lap for name, lap in laps.items() if name in METRICS}}


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
