"""What customers' clients may send, and what they get back: our types as the JSON that the API promises."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from chalicelib.api.fields import (
    NOT_BLANK,
    PROOF_HEADERS,
    TEXT,
    Comment,
    CustomerHash,
    CustomerId,
    Expiry,
    Identifier,
)
from chalicelib.api.parsing import Body, Query
from chalicelib.chat.sessions import CustomerProof
from chalicelib.chat.turn import Message
from chalicelib.domain.conversation import (
    Citation,
    Exchange,
    ExchangePage,
    Feedback,
    HandOverTicket,
    Rating,
)
from chalicelib.times import from_millis, iso, to_millis

MAX_QUERY_CHARS = 4000
MAX_PAGE_MESSAGES = 200


class ProvenBody(Body):
    """A body that may prove who the customer is; half a proof is none."""

    customer_id: CustomerId | None = None
    customer_hash: CustomerHash | None = None
    customer_hash_expires: Expiry | None = None

    @property
    def proof(self) -> CustomerProof | None:
        """The proof that was sent."""
        return _proof_in(self)


class ProofHeaders(Query):
    """The headers that do the same where there is no body."""

    customer_id: CustomerId | None = Field(None, alias=PROOF_HEADERS[0])
    customer_hash: CustomerHash | None = Field(None, alias=PROOF_HEADERS[1])
    customer_hash_expires: Expiry | None = Field(None, alias=PROOF_HEADERS[2])

    @property
    def proof(self) -> CustomerProof | None:
        """The proof that was sent."""
        return _proof_in(self)


class ChatRequest(ProvenBody):
    """The body of POST /chat."""

    query: Annotated[str, Field(max_length=MAX_QUERY_CHARS), TEXT, NOT_BLANK]
    session_id: Identifier | None = None
    message_id: Identifier | None = None

    def message(self, caller: str) -> Message:
        """Return the message that was sent; `caller` is counted by the limits."""
        return Message(self.query, caller, self.session_id, self.message_id, self.proof)


class FeedbackRequest(ProvenBody):
    """The body of POST /chat/{session_id}/feedback."""

    message_id: Identifier
    rating: Rating
    comment: Comment | None = None

    def feedback(self, now: datetime) -> Feedback:
        """Return the feedback that was given."""
        return Feedback(self.rating, self.comment, now)


class HistoryQuery(Query):
    """The query of GET /chat/{session_id}; `limit` counts messages, two an exchange."""

    limit: int = Field(50, ge=2, le=MAX_PAGE_MESSAGES)
    before: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,14}$")] | None = None

    @property
    def exchanges(self) -> int:
        """How many exchanges hold so many messages."""
        return self.limit // 2

    @property
    def older_than(self) -> datetime | None:
        """The time that `before` stands for."""
        return from_millis(int(self.before)) if self.before is not None else None


def _proof_in(request: ProvenBody | ProofHeaders) -> CustomerProof | None:
    if request.customer_id is None or request.customer_hash is None:
        return None
    return CustomerProof(request.customer_id, request.customer_hash, request.customer_hash_expires)


def chat_answer(exchange: Exchange) -> dict[str, Any]:
    """Return the answer of POST /chat."""
    return {
        "response": exchange.answer,
        "session_id": exchange.session_id,
        "message_id": exchange.message_id,
        "timestamp": iso(exchange.timestamp),
        "citations": _citations(exchange.citations),
        "guardrail": {
            "intervened": exchange.guardrail.intervened,
            "reasons": list(exchange.guardrail.reasons),
        },
        "escalation": _escalation(exchange.handed_over) if exchange.handed_over else None,
        "model": exchange.model,
        "usage": {
            "input_tokens": exchange.usage.input_tokens,
            "output_tokens": exchange.usage.output_tokens,
            "cost_usd": exchange.usage.cost_usd,
        },
        "degraded": list(exchange.degraded),
    }


def history(session_id: str, page: ExchangePage) -> dict[str, Any]:
    """Return the answer of GET /chat/{session_id}; `next` goes into `before` for what is older."""
    older = str(to_millis(page.older_than)) if page.older_than else None
    return {"session_id": session_id, "messages": messages(page.exchanges), "next": older}


def messages(exchanges: Iterable[Exchange]) -> list[dict[str, Any]]:
    """Return the messages of a conversation, two an exchange, in its order."""
    return [message for exchange in exchanges for message in _messages(exchange)]


def _messages(exchange: Exchange) -> Iterable[dict[str, Any]]:
    shared = {"message_id": exchange.message_id, "timestamp": iso(exchange.timestamp)}
    yield {**shared, "role": "user", "content": exchange.question}
    answer: dict[str, Any] = {**shared, "role": "assistant", "content": exchange.answer}
    if exchange.citations:
        answer["citations"] = _citations(exchange.citations)
    if exchange.handed_over:
        answer["escalation"] = _escalation(exchange.handed_over)
    if exchange.feedback:
        answer["feedback"] = {"rating": exchange.feedback.rating, "comment": exchange.feedback.comment}
    yield answer


def _escalation(ticket: HandOverTicket) -> dict[str, Any]:
    return {"ticket_id": ticket.ticket_id, "reason": ticket.reason}


def _citations(citations: Iterable[Citation]) -> list[dict[str, Any]]:
    return [
        {"index": c.index, "title": c.title, "url": c.url, "snippet": c.snippet, "score": c.score}
        for c in citations
    ]
