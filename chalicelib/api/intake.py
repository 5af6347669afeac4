"""Tickets that come by the queue, as POST /tickets takes them, and what others are told was found."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.api.http import status_and_code
from chalicelib.api.parsing import parse_body
from chalicelib.api.tickets import TicketRequest, ticket_received
from chalicelib.errors import (
    BadInput,
    BodyTooLarge,
    ErasedMeanwhile,
    TicketIdReused,
    Unavailable,
    UnknownTicket,
)
from chalicelib.tickets.desk import NewTicket, Received, TicketDesk
from chalicelib.times import from_millis

if TYPE_CHECKING:
    from chalicelib.logs import IntakeLogger

PATIENT_ATTEMPTS = 2
"""How often a ticket is tried again, where something around it is out of reach, before it is told without."""
NOT_TOLD = {"sentiment"}
MAX_FOUND_BYTES = 64 * 1024


@dataclass(frozen=True)
class QueuedMessage:
    """A message of the queue; `attempt` counts how often it has come, from 1."""

    message_id: str
    attempt: int
    sent_at: datetime
    body: bytes

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "QueuedMessage":
        """Return the message that a record of Lambda's event holds."""
        attributes = record["attributes"]
        return cls(
            message_id=record["messageId"],
            attempt=int(attributes["ApproximateReceiveCount"]),
            sent_at=from_millis(int(attributes["SentTimestamp"])),
            body=record["body"].encode(),
        )

    def ticket(self) -> NewTicket:
        """Return the ticket; one without an id gets one of the message's, so that it stays the same.

        Raises BadInput, BodyTooLarge.
        """
        new = parse_body(TicketRequest, self.body).ticket()
        digest = hashlib.sha256(self.message_id.encode()).hexdigest()
        return new if new.ticket_id else replace(new, ticket_id=f"T-{digest[:16].upper()}")


@dataclass(frozen=True)
class Intake:
    """Takes in what the queue brings, and has others told once a ticket what is known around it."""

    desk: TicketDesk
    log: "IntakeLogger"

    def take_in(self, event: Mapping[str, Any]) -> None:
        """Take in the tickets of Lambda's event.

        What it raises leaves the message in the queue: it comes again, and ends among the dead letters if it
        comes too often. Raises BadInput, BodyTooLarge, TicketIdReused, Unavailable.
        """
        for record in event["Records"]:
            self._take(QueuedMessage.of(record))

    def _take(self, message: QueuedMessage) -> None:
        try:
            # As of when it was sent: of a customer who was erased since then, nothing may come back.
            received = self.desk.receive(message.ticket(), message.sent_at)
            _require_all_found(received, message)
            self.desk.tell_found(received.ticket, found(received), message.sent_at)
        except (ErasedMeanwhile, UnknownTicket):
            self.log.erased(message.message_id)
        except Unavailable as error:
            self.log.postponed(message.message_id, message.attempt, error)
            raise
        except (BadInput, BodyTooLarge, TicketIdReused) as error:
            fields = [each.field for each in error.problems] if isinstance(error, BadInput) else []
            self.log.refused(message.message_id, message.attempt, status_and_code(error)[1], fields)
            raise


def _require_all_found(received: Received, message: QueuedMessage) -> None:
    """Raise Unavailable if another attempt may find what this one could not look up."""
    lacking = [name for name in received.degraded if name not in NOT_TOLD]
    if lacking and message.attempt <= PATIENT_ATTEMPTS:
        raise Unavailable(lacking[0])


def found(received: Received) -> dict[str, Any]:
    """Return what others are told of a ticket, as POST /tickets answers it, in at most 64 KB.

    Of what is too long, the last suggestions are left out, then the oldest orders, then the customer.
    """
    answer = ticket_received(received)
    context, suggestions = answer["customer_context"], answer["kb_suggestions"]
    told: dict[str, Any] = {
        "customer_context": context,
        "kb_suggestions": suggestions,
        "degraded": answer["degraded"],
        "is_shortened": False,
    }
    while len(json.dumps(told)) > MAX_FOUND_BYTES:
        told["is_shortened"] = True
        if suggestions:
            suggestions.pop()
        elif context and context["recent_orders"]:
            context["recent_orders"].pop()
        else:
            told["customer_context"] = context = None
    return told
