"""What customers' clients may send."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.api.parsing import NOT_BLANK, TEXT, Body, Identifier, Query
from chalicelib.chat.turn import Message
from chalicelib.domain.conversation import Feedback, Rating
from chalicelib.times import from_millis

MAX_QUERY_CHARS = 4000
MAX_COMMENT_CHARS = 1000
MAX_PAGE_MESSAGES = 200
CustomerId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
CustomerHash = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$")]


class ChatRequest(Body):
    """The body of POST /chat."""

    query: Annotated[str, Field(max_length=MAX_QUERY_CHARS), TEXT, NOT_BLANK]
    session_id: Identifier | None = None
    message_id: Identifier | None = None
    customer_id: CustomerId | None = None
    customer_hash: CustomerHash | None = None

    def message(self, caller: str) -> Message:
        """Return the message that the body is; `caller` is whom the limits count."""
        return Message(caller=caller, **dict(self))


class FeedbackRequest(Body):
    """The body of POST /chat/{session_id}/feedback."""

    message_id: Identifier
    rating: Rating
    comment: Annotated[str, Field(max_length=MAX_COMMENT_CHARS), TEXT] | None = None

    def feedback(self, now: datetime) -> Feedback:
        """Return the feedback that the body is."""
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
