"""What can go wrong, one sentence each. `api/http.py` maps these to status codes."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field of a request, and what to do about it."""

    field: str
    problem: str


class SupportError(Exception):
    """A failure whose sentence may be shown to the caller."""


class BadInput(SupportError):
    """Something in the request is wrong.

    `problems` says which field and why.
    """

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__("; ".join(f"{p.field} {p.problem}" for p in problems))
        self.problems = problems


class NotYourSession(SupportError):
    """The session id was not issued by this server, so it proves nothing about its holder."""

    sentence = (
        "This conversation is not yours to open: its session_id was not issued by us. "
        "Leave session_id out to start a new conversation."
    )

    def __init__(self) -> None:
        super().__init__(self.sentence)


class NotYourConversation(NotYourSession):
    """The conversation is a proven customer's, and its session id alone does not open it."""

    sentence = (
        "This conversation belongs to a customer who is signed in. "
        "Send the customer's proof in the headers X-Customer-Id and X-Customer-Hash."
    )


class WrongCustomerHash(SupportError):
    """The customer hash does not belong to the customer id."""

    sentence = (
        "The customer_hash does not match the customer_id (and customer_hash_expires, where it was sent)."
    )

    def __init__(self) -> None:
        super().__init__(self.sentence)


class ExpiredCustomerHash(WrongCustomerHash):
    """The customer hash was right until the time that it names."""

    sentence = "The customer_hash has expired. Ask your server for a new one."


class LinkNotValid(SupportError):
    """The link of a mail is forged or too old, or leads to what was erased."""

    def __init__(self) -> None:
        super().__init__(
            "This link does not open a conversation: it is too old, or the conversation is gone."
        )


class UnknownMessage(SupportError):
    """No exchange of the session has this message id."""

    def __init__(self) -> None:
        super().__init__("There is no message with this message_id in this conversation.")


class NothingPending(SupportError):
    """Nothing is there of an answer that could be read while it is written."""

    def __init__(self) -> None:
        super().__init__("Nothing of an answer to this message is there to be read by you now.")


class MessageIdReused(SupportError):
    """The message id was already used in the session for another question."""

    def __init__(self) -> None:
        super().__init__("This message_id was already used for another question. Send a new message_id.")


class UnknownTicket(SupportError):
    """There is no ticket with this id."""

    def __init__(self) -> None:
        super().__init__("There is no ticket with this ticket_id.")


class ErasedMeanwhile(SupportError):
    """What the request belongs to was erased while it was under way, so nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__(
            "This was erased while your request was under way, and nothing of the request was kept. "
            "Send it again in a moment to start over."
        )


class TicketClosed(SupportError):
    """The ticket is closed, so nothing is replied to it."""

    def __init__(self) -> None:
        super().__init__("This ticket is closed. Open it again with PATCH to reply to it.")


class ConversationErased(SupportError):
    """The customer erased the conversation that a ticket came from."""

    def __init__(self) -> None:
        super().__init__("The customer erased this conversation, so a reply would reach nobody.")


class TicketNotSolved(SupportError):
    """No article is written from a ticket that is still open, or that nobody replied to."""

    def __init__(self) -> None:
        super().__init__(
            "An article is drafted from what solved a ticket: reply to it and close it first. "
            "Replies that have expired are no use either."
        )


class NothingToWrite(SupportError):
    """A ticket holds nothing that would help others, or the guardrail stopped what would."""

    def __init__(self, guardrail_reasons: Sequence[str] = ()) -> None:
        stopped = f"the guardrail stopped it ({', '.join(guardrail_reasons)})" if guardrail_reasons else ""
        why = stopped or "nothing in this conversation would help another customer"
        super().__init__(f"No article was drafted: {why}. Write it yourself if one is missing.")


class ReplyIdReused(SupportError):
    """The reply id was already used for another reply to the ticket."""

    def __init__(self) -> None:
        super().__init__(
            "This reply_id was already used for another reply to this ticket. Send a new reply_id."
        )


class UnknownEvent(SupportError):
    """There is no event with this id."""

    def __init__(self) -> None:
        super().__init__("There is no event with this event_id.")


class TicketIdReused(SupportError):
    """The ticket id already names a ticket with other content."""

    def __init__(self) -> None:
        super().__init__(
            "This ticket_id already names a ticket with other content. "
            "Send a new ticket_id, or the very same body again."
        )


class BodyTooLarge(SupportError):
    """The request body is larger than we read."""


class NotJson(SupportError):
    """The request's content type is not JSON."""


class TooManyRequests(SupportError):
    """The caller is over a limit.

    It may come back after `retry_after_seconds`.
    """

    def __init__(self, sentence: str, retry_after_seconds: int) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class SpentForToday(TooManyRequests):
    """The caller, or the stage, has spent what it may spend in a day. What costs nothing goes on."""


class BudgetReached(SpentForToday):
    """The stage has spent what it may spend in a day."""


class Unavailable(SupportError):
    """A dependency could not be reached or did not answer in time.

    `dependency` is its name in logs; it never reaches a client.
    """

    retry_after_seconds = 5

    def __init__(self, dependency: str) -> None:
        super().__init__("This is not available right now. Please try again in a moment.")
        self.dependency = dependency


class UnreadableAnswer(Unavailable):
    """A dependency answered, but with something that is cut off or of another shape than promised."""


class ModelUnavailable(Unavailable):
    """No model answered. Nothing was stored, so the same message can be sent again."""

    def __init__(self, retry_after_seconds: int = 5) -> None:
        super().__init__("model")
        self.args = ("The assistant cannot answer right now. Please send your message again in a moment.",)
        self.retry_after_seconds = retry_after_seconds


class IngestionCallFailed(Unavailable):
    """Bedrock did not do what it was asked about ingestion jobs; `code` is AWS's, or the failure's type."""

    def __init__(self, code: str) -> None:
        super().__init__("ingestion")
        self.code = code


class KnowledgeBaseBusy(IngestionCallFailed):
    """Another job runs, or documents are being changed directly; only one thing goes at a time."""


class UnknownIngestionJob(IngestionCallFailed):
    """Bedrock knows no job of this id, or no such knowledge base any more."""


class TicketStateChanged(Exception):
    """The ticket is in another state by now, in which this is not said to it; never shown to a caller."""


class SendingFailed(Exception):
    """Another system was not told something; the text is the reason, without an address or any content.

    Never shown to a caller: it is kept with the event.
    """


class SendingRefused(SendingFailed):
    """Another attempt is no use: the receiver refuses this, or may have been told already."""


class InvalidSettings(Exception):
    """The environment lacks a setting or holds a wrong one; the message names its key."""


class InvalidAccess(Exception):
    """A document's attributes don't say who may read it, so nobody may; the text says why and what to do."""
