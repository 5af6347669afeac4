"""What customers' clients may send, and what they get back: our types as the JSON that the API promises."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import ConfigDict, Field, StringConstraints

from chalicelib.api.cors import PROOF_HEADERS
from chalicelib.api.fields import (
    NOT_BLANK,
    TEXT,
    Comment,
    CustomerHash,
    CustomerId,
    Email,
    Expiry,
    Identifier,
    LinkToken,
    Name,
    Phone,
)
from chalicelib.api.http import caller, proof_headers
from chalicelib.api.parsing import Body, Query, at_least_one_of, parse
from chalicelib.chat.sessions import CustomerProof, Visitor
from chalicelib.chat.transcripts import Reading
from chalicelib.chat.turn_parts import Message
from chalicelib.chat.voice import Voice
from chalicelib.domain.conversation import (
    Citation,
    Contact,
    Exchange,
    Feedback,
    HandOverTicket,
    Rating,
    Usage,
)
from chalicelib.domain.pending import PendingAnswer
from chalicelib.errors import BadInput, FieldProblem
from chalicelib.times import from_millis, iso, to_millis

if TYPE_CHECKING:
    from chalicelib.api.answers import chat as answers

MAX_QUERY_CHARS = 4000
MAX_PAGE_MESSAGES = 200
Place = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,14}$")]
"""A place in a conversation: milliseconds since 1970."""
START = "0"
"""The place before all messages."""


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


def visitor(proof: CustomerProof | None = None) -> Visitor:
    """Return who calls, by the proof of the body or else that of the headers. Raises BadInput."""
    return Visitor(caller(), proof or parse(ProofHeaders, proof_headers()).proof)


class ChatRequest(ProvenBody):
    """The body of POST /chat."""

    query: Annotated[str, Field(max_length=MAX_QUERY_CHARS), TEXT, NOT_BLANK]
    """What the customer writes, in any language."""
    session_id: Identifier | None = None
    """Of an earlier answer, to go on with that conversation. Without it a new one starts."""
    message_id: Identifier | None = None
    """Makes a retry safe: the same id and `query` again are the same answer. Best a random UUID."""
    progressive: bool | None = None
    """Whether the answer can be read at `/chat/pending/{message_id}` while it is written, as far as it is
    sure. Only with a random UUID as `message_id`; the answer is the same as without."""

    def message(self, caller: str, language: str) -> Message:
        """Return the message that was sent; `caller` is counted by the limits."""
        return Message(
            self.query, caller, self.session_id, self.message_id, self.proof, bool(self.progressive), language
        )


class FeedbackRequest(ProvenBody):
    """The body of POST /chat/{session_id}/feedback."""

    message_id: Identifier
    """Of the answer that is rated, or of an agent's message: that counts for its ticket."""
    rating: Rating
    comment: Comment | None = None

    def feedback(self, now: datetime) -> Feedback:
        """Return the feedback that was given."""
        return Feedback(self.rating, self.comment, now)


class ContactRequest(ProvenBody):
    """The body of PUT /chat/{session_id}/contact; what it leaves out is not known any more."""

    model_config = ConfigDict(json_schema_extra=at_least_one_of("email", "phone", "name"))

    email: Email | None = None
    """Where to write to."""
    phone: Phone | None = None
    """Where to call."""
    name: Name | None = None
    """Whom to ask for."""

    def contact(self) -> Contact:
        """Return the contact that was sent. Raises BadInput where there is none."""
        contact = Contact(self.email, self.phone, self.name)
        if contact == Contact():
            raise BadInput(FieldProblem("body", "names no contact; send email, phone or name"))
        return contact


class LinkRequest(ProvenBody):
    """The body of POST /chat/open."""

    token: LinkToken
    """What stands behind `#conversation=` in the link of a mail."""


class HistoryQuery(Query):
    """The query of GET /chat/{session_id}; an exchange holds at most two messages."""

    limit: int = Field(50, ge=2, le=MAX_PAGE_MESSAGES)
    """How many messages at the most."""
    before: Place | None = None
    """The `next` of an earlier answer: what is older than that page."""
    after: Place | None = None
    """The `newest` of an earlier answer: what is new since. With it, `before` does not count."""

    @property
    def exchanges(self) -> int:
        """How many exchanges hold so many messages."""
        return self.limit // 2

    @property
    def older_than(self) -> datetime | None:
        """The time that `before` stands for."""
        return _moment(self.before)

    @property
    def newer_than(self) -> datetime | None:
        """The time that `after` stands for."""
        return _moment(self.after)


def _moment(place: str | None) -> datetime | None:
    return from_millis(int(place)) if place is not None else None


def _proof_in(request: ProvenBody | ProofHeaders) -> CustomerProof | None:
    if request.customer_id is None or request.customer_hash is None:
        return None
    return CustomerProof(request.customer_id, request.customer_hash, request.customer_hash_expires)


def chat_answer(exchange: Exchange, language: str) -> "answers.ChatAnswer":
    """Return the answer of POST /chat; `language` is that of our own words."""
    answer: answers.ChatAnswer = {
        "response": exchange.answer or Voice(language).say("passed_on", ticket_id=exchange.ticket_id or ""),
        "session_id": exchange.session_id,
        "message_id": exchange.message_id,
        "timestamp": iso(exchange.timestamp),
        "citations": citations(exchange.citations),
        "guardrail": {
            "intervened": exchange.guardrail.intervened,
            "reasons": list(exchange.guardrail.reasons),
        },
        "escalation": _escalation(exchange.handed_over) if exchange.handed_over else None,
        "model": exchange.model,
        "usage": usage(exchange.usage),
        "handled_by": exchange.handled_by,
        "degraded": list(exchange.degraded),
    }
    if exchange.offered_contact:
        answer["offered_contact"] = contact_answer(exchange.offered_contact)
    return answer


def pending_answer(pending: PendingAnswer) -> "answers.PendingAnswer":
    """Return the answer of GET /chat/pending/{message_id}."""
    return {"text": pending.text, "done": pending.done}


def usage(consumed: Usage) -> "answers.Usage":
    """Return what an answer consumed."""
    return {
        "input_tokens": consumed.input_tokens,
        "output_tokens": consumed.output_tokens,
        "cost_usd": consumed.cost_usd,
    }


def link_answer(session_id: str) -> "answers.OpenedLink":
    """Return the answer of POST /chat/open."""
    return {"session_id": session_id}


def contact_answer(contact: Contact) -> "answers.Contact":
    """Return a contact, which is the answer of PUT /chat/{session_id}/contact."""
    return {"email": contact.email, "phone": contact.phone, "name": contact.name}


def history(session_id: str, reading: Reading) -> "answers.History":
    """Return the answer of GET /chat/{session_id}.

    `next` goes into `before` for what is older, `newest` into `after` for what is new since.
    """
    page, ticket = reading.page, reading.ticket
    messages: list[answers.Message] = [
        {"message_id": exchange.message_id, **message}
        for exchange in page.exchanges
        for message in _messages(exchange)
    ]
    answer: answers.History = {
        "session_id": session_id,
        "handled_by": ticket.handled_by if ticket else "assistant",
        "ticket": {"ticket_id": ticket.ticket_id, "status": ticket.status} if ticket else None,
        "messages": messages,
        "next": str(to_millis(page.older_than)) if page.older_than else None,
        "newest": str(to_millis(page.newer_than)) if page.newer_than else START,
    }
    if reading.contact:
        answer["contact"] = contact_answer(reading.contact)
    return answer


def transcript(exchanges: Iterable[Exchange]) -> "list[answers.TranscriptMessage]":
    """Return the messages without their ids: that of the first one may lead into the session."""
    return [message for exchange in exchanges for message in _messages(exchange)]


def _messages(exchange: Exchange) -> "Iterable[answers.TranscriptMessage]":
    timestamp = iso(exchange.timestamp)
    if exchange.question:
        yield {"timestamp": timestamp, "role": "user", "content": exchange.question}
    if exchange.author:
        yield _reply(exchange, exchange.author, timestamp)
    elif exchange.answer:
        yield _answer(exchange, timestamp)


def _reply(exchange: Exchange, author: str, timestamp: str) -> "answers.TranscriptMessage":
    reply: answers.TranscriptMessage = {
        "timestamp": timestamp,
        "role": "agent",
        "content": exchange.answer,
        "author": author,
    }
    if exchange.feedback:
        reply["feedback"] = _feedback(exchange.feedback)
    return reply


def _answer(exchange: Exchange, timestamp: str) -> "answers.TranscriptMessage":
    answer: answers.TranscriptMessage = {
        "timestamp": timestamp,
        "role": "assistant",
        "content": exchange.answer,
    }
    if exchange.citations:
        answer["citations"] = citations(exchange.citations)
    if exchange.handed_over:
        answer["escalation"] = _escalation(exchange.handed_over)
    if exchange.feedback:
        answer["feedback"] = _feedback(exchange.feedback)
    if exchange.offered_contact:
        answer["offered_contact"] = contact_answer(exchange.offered_contact)
    return answer


def _feedback(feedback: Feedback) -> "answers.AnswerFeedback":
    return {"rating": feedback.rating, "comment": feedback.comment}


def _escalation(ticket: HandOverTicket) -> "answers.Escalation":
    return {"ticket_id": ticket.ticket_id, "reason": ticket.reason}


def citations(sources: Iterable[Citation]) -> "list[answers.Citation]":
    """Return the sources of an answer."""
    return [
        {"index": c.index, "title": c.title, "url": c.url, "snippet": c.snippet, "score": c.score}
        for c in sources
    ]
