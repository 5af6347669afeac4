"""When a conversation goes to a person: what the model wished, and a few rules that need no model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib.chat.person_request import asks_for_a_person
from chalicelib.domain.conversation import Escalation, Exchange, HandOver, HandOverReason

STRONGLY_NEGATIVE = -0.8
"""A sentiment score that is anger; a plain complaint ("my parcel did not arrive") stays above it."""

NO_ANSWER = "I'm sorry, I could not find an answer to that."
MESSAGES: Mapping[HandOverReason, str] = {
    "customer_request": "I'm passing this conversation to our support team.",
    "negative_sentiment": "I'm sorry about the trouble. I'm passing this conversation to our support team.",
    "missing_knowledge": "I have not been able to answer this, so I'm passing it to our support team.",
    "policy_restriction": "This needs a person's decision, so I'm passing it to our support team.",
    "unsupported_request": "I can't do this myself, so I'm passing it to our support team.",
}
CANNOT_SEARCH = (
    "I'm sorry, I can't search our help articles right now. "
    "Please try again in a moment, or tell me if you would like a person to take over."
)
NOT_NOW = (
    "I wanted to pass this to our support team but could not open a ticket. Please ask me again in a moment."
)


def by_rule(exchange: Exchange, earlier: Sequence[Exchange]) -> HandOver | None:
    """Return the hand-over that a rule calls for: asked for a person, anger or no answer twice in a row."""
    before = earlier[-1] if earlier else None
    if asks_for_a_person(exchange.question):
        return HandOver("customer_request", "The customer asked for a person.")
    if before and _is_angry(before) and _is_angry(exchange):
        return HandOver("negative_sentiment", "The customer is angry, twice in a row.")
    if before and before.unanswered and exchange.unanswered:
        return HandOver("missing_knowledge", "The knowledge base held no answer, twice in a row.")
    return None


def open_escalation(earlier: Sequence[Exchange]) -> Escalation | None:
    """Return the ticket that the conversation already became, if it did."""
    return next((e.escalation for e in reversed(earlier) if e.escalation), None)


def announce(exchange: Exchange, hand_over: HandOver, escalation: Escalation | None) -> Exchange:
    """Return the exchange with its ticket, told to the customer; without one, say so and promise nothing."""
    if escalation is None:
        return replace(exchange, answer=_paragraphs(exchange.answer, NOT_NOW))
    word = hand_over.message or MESSAGES[hand_over.reason]
    said = "" if exchange.answer == word else exchange.answer
    answer = _paragraphs(said, word, f"Ticket **{escalation.ticket_id}**")
    return replace(exchange, answer=answer, escalation=escalation)


def remind(exchange: Exchange, hand_over: HandOver, escalation: Escalation) -> Exchange:
    """Return the exchange with the ticket there already is, when the customer asks for a person again."""
    if hand_over.reason != "customer_request":
        return exchange
    word = f"Yes, our support team has this conversation as ticket **{escalation.ticket_id}**."
    said = "" if escalation.ticket_id in exchange.answer else word
    return replace(exchange, answer=_paragraphs(exchange.answer, said), escalation=escalation)


def _is_angry(exchange: Exchange) -> bool:
    return exchange.sentiment is not None and exchange.sentiment <= STRONGLY_NEGATIVE


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)
