"""What customers' clients may send, and what they get back: our types as the JSON that the API promises."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from chalicelib.api.answers import chat as answers

MAX_QUERY_CHARS = 4000
MAX_PAGE_MESSAGES = 200


class ProvenBody(Body):
    """A body that may prove who the customer is; half a proof is none."""

    customer_id: CustomerId | None = None
    """Who the customer is, in the team's own systems: their `external_id`."""
    customer_hash: CustomerHash | None = None
    """Proves it: the hex HMAC-SHA256 of `customer_id` under the stage's app secret, made on your server."""
    customer_hash_expires: Expiry | None = None
    """Seconds since 1970 until which the hash counts; it is then over `<customer_id>.<seconds>`."""

    @property
    def proof(self) -> CustomerProof | None:
        """The proof that was sent."""
        return _proof_in(self)


class ProofHeaders(Query):
    """The headers that do the same where there is no body."""

    customer_id: CustomerId | None = Field(None, alias=PROOF_HEADERS[0])
    """The customer's `external_id`."""
    customer_hash: CustomerHash | None = Field(None, alias=PROOF_HEADERS[1])
    """The hex HMAC-SHA256 of it under the stage's app secret."""
    customer_hash_expires: Expiry | None = Field(None, alias=PROOF_HEADERS[2])
    """Seconds since 1970 until which the hash counts, where it was signed with them."""

    @property
    def proof(self) -> CustomerProof | None:
        """The proof that was sent."""
        return _proof_in(self)


class ChatRequest(ProvenBody):
    """The body of POST /chat."""

    query: Annotated[str, Field(max_length=MAX_QUERY_CHARS), TEXT, NOT_BLANK]
    """What the customer writes, in any language."""
    session_id: Identifier | None = None
    """Of an earlier answer, to go on with that conversation. Without it a new one starts."""
    message_id: Identifier | None = None
    """Makes a retry safe: the same id and `query` again are the same answer. Best a random UUID."""

    def message(self, caller: str) -> Message:
        """Return the message that was sent; `caller` is counted by the limits."""
        return Message(self.query, caller, self.session_id, self.message_id, self.proof)


class FeedbackRequest(ProvenBody):
    """The body of POST /chat/{session_id}/feedback."""

    message_id: Identifier
    """Of the answer that is rated."""
    rating: Rating
    comment: Comment | None = None

    def feedback(self, now: datetime) -> Feedback:
        """Return the feedback that was given."""
        return Feedback(self.rating, self.comment, now)


class HistoryQuery(Query):
    """The query of GET /chat/{session_id}; `limit` counts messages, two an exchange."""

    limit: int = Field(50, ge=2, le=MAX_PAGE_MESSAGES)
    """How many messages at the most."""
    before: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,14}$")] | None = None
    """The `next` of an earlier answer: what is older than that page."""

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


def chat_answer(exchange: Exchange) -> "answers.ChatAnswer":
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


def history(session_id: str, page: ExchangePage) -> "answers.History":
    """Return the answer of GET /chat/{session_id}; `next` goes into `before` for what is older."""
    older = str(to_millis(page.older_than)) if page.older_than else None
    messages: list[answers.Message] = [
        {"message_id": exchange.message_id, **message}
        for exchange in page.exchanges
        for message in _messages(exchange)
    ]
    return {"session_id": session_id, "messages": messages, "next": older}


def transcript(exchanges: Iterable[Exchange]) -> "list[answers.TranscriptMessage]":
    """Return the messages without their ids: that of the first one may lead into the session."""
    return [message for exchange in exchanges for message in _messages(exchange)]


def _messages(exchange: Exchange) -> "Iterable[answers.TranscriptMessage]":
    timestamp = iso(exchange.timestamp)
    yield {"timestamp": timestamp, "role": "user", "content": exchange.question}
    answer: answers.TranscriptMessage = {
        "timestamp": timestamp,
        "role": "assistant",
        "content": exchange.answer,
    }
    if exchange.citations:
        answer["citations"] = _citations(exchange.citations)
    if exchange.handed_over:
        answer["escalation"] = _escalation(exchange.handed_over)
    if exchange.feedback:
        answer["feedback"] = {"rating": exchange.feedback.rating, "comment": exchange.feedback.comment}
    yield answer


def _escalation(ticket: HandOverTicket) -> "answers.Escalation":
    return {"ticket_id": ticket.ticket_id, "reason": ticket.reason}


def _citations(citations: Iterable[Citation]) -> "list[answers.Citation]":
    return [
        {"index": c.index, "title": c.title, "url": c.url, "snippet": c.snippet, "score": c.score}
        for c in citations
    ]
