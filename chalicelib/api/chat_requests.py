"""What customers' clients may send."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib.api.parsing import NOT_BLANK, TEXT, Body, Identifier, Path, Query
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


class FeedbackRequest(Body):
    """The body of POST /chat/{session_id}/feedback."""

    message_id: Identifier
    rating: Literal["up", "down"]
    comment: Annotated[str, Field(max_length=MAX_COMMENT_CHARS), TEXT] | None = None


class SessionPath(Path):
    """The session in a path."""

    session_id: Identifier


class HistoryQuery(Query):
    """The query of GET /chat/{session_id}; `limit` counts messages, two an exchange."""

    limit: int = Field(50, ge=2, le=MAX_PAGE_MESSAGES)
    before: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,14}$")] | None = None

    @property
    def older_than(self) -> datetime | None:
        """The time that `before` stands for."""
        return from_millis(int(self.before)) if self.before is not None else None
