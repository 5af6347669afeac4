"""What agents and ticketing systems may send."""

import math
import re
import unicodedata
from datetime import datetime, timezone
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, TypeAdapter

from chalicelib.api.parsing import NOT_BLANK, TEXT, Body, Identifier, Query
from chalicelib.domain.ticket import TicketChannel, TicketFeedback, TicketPriority, TicketStatus
from chalicelib.tickets.desk import NewTicket

MAX_NAME_CHARS = 128
MAX_SUBJECT_CHARS = 300
MAX_DESCRIPTION_CHARS = 20_000
MAX_LABEL_CHARS = 200
MAX_COMMENT_CHARS = 1000
MAX_METADATA_LEVELS = 20
MAX_PAGE_TICKETS = 100
FIRST_YEAR, LAST_YEAR = 2000, 2999
"""A date outside of these is a slip. What lies ahead of now is for the desk to refuse: it has the clock."""
ISO_8601 = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:(Z)|([+-]\d\d)(?::?(\d\d))?)?)?",
    re.ASCII | re.IGNORECASE,
)
LISTED_AT = r"^[0-9]{14}\.[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"
"""A ticket's place in a list, milliseconds and id: anything else would silently be before or after all."""
DATE_PROBLEM = "must be a date and time in ISO 8601, such as 2026-11-20T12:00:00Z"


def _one_line(value: str) -> str:
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in value):
        raise ValueError("holds a control character or a line break; remove it")
    return value


def _moment(value: object) -> datetime | None:
    """Read a date, with a time and an offset or without; without an offset it is in UTC."""
    if value is None:
        return None
    match = ISO_8601.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError(DATE_PROBLEM)
    date, minutes, seconds, fraction, _, offset_hours, offset_minutes = match.groups(default="")
    time = f"{minutes or '00:00'}:{seconds or '00'}.{fraction[:6]:0<6}"
    offset = f"{offset_hours or '+00'}:{offset_minutes or '00'}"
    try:
        moment = datetime.fromisoformat(f"{date}T{time}{offset}")
    except ValueError:
        raise ValueError(DATE_PROBLEM) from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"must lie between the years {FIRST_YEAR} and {LAST_YEAR}")
    return moment.astimezone(timezone.utc)


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what could not be kept and given back. No recursion: the sender would choose its depth."""
    waiting: list[tuple[object, int]] = [(value, 1)]
    while waiting:
        item, level = waiting.pop()
        if isinstance(item, dict | list) and level > MAX_METADATA_LEVELS:
            raise ValueError(f"is nested deeper than {MAX_METADATA_LEVELS} levels")
        if isinstance(item, dict):
            for name in item:
                _one_line(_encodable(name))
            waiting.extend((inner, level + 1) for inner in item.values())
        elif isinstance(item, list):
            waiting.extend((inner, level + 1) for inner in item)
        elif isinstance(item, str):
            _encodable(item)
        elif isinstance(item, float) and not math.isfinite(item):
            raise ValueError("holds a number that is too large")
    return value


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a character (a lone surrogate); send valid Unicode") from None
    return text


ExternalId = Annotated[str, Field(max_length=MAX_NAME_CHARS), AfterValidator(_one_line), NOT_BLANK]
"""How the team's own systems name a customer. They may write it as they like, unlike in the chat."""
EXTERNAL_ID = TypeAdapter(ExternalId)
Label = Annotated[str, Field(max_length=MAX_LABEL_CHARS), TEXT]
Metadata = Annotated[
    dict[str, Any],
    BeforeValidator(lambda value: {} if value is None else value),
    AfterValidator(_metadata),
]


class TicketRequest(Body):
    """The body of POST /tickets."""

    customer_external_id: ExternalId
    subject: Annotated[str, Field(max_length=MAX_SUBJECT_CHARS), TEXT, NOT_BLANK]
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARS), TEXT, NOT_BLANK]
    ticket_id: Identifier | None = None
    external_ticket_id: Label | None = None
    channel: TicketChannel | None = None
    priority: TicketPriority | None = None
    metadata: Metadata = Field(default_factory=dict)
    created_at: Annotated[datetime | None, BeforeValidator(_moment)] = None

    def ticket(self) -> NewTicket:
        """Return the ticket that the body is."""
        return NewTicket(**dict(self))


class TicketFeedbackRequest(Body):
    """The body of POST /tickets/{ticket_id}/feedback; `source` is what of the answer it is about."""

    helpful: bool
    source: Label | None = None
    comment: Annotated[str, Field(max_length=MAX_COMMENT_CHARS), TEXT] | None = None

    def feedback(self, now: datetime) -> TicketFeedback:
        """Return the feedback that the body is."""
        return TicketFeedback(self.helpful, self.source, self.comment, now)


class TicketMove(Body):
    """The body of PATCH /tickets/{ticket_id}."""

    status: TicketStatus


class TicketsQuery(Query):
    """The query of GET /tickets."""

    status: TicketStatus | None = None
    limit: int = Field(20, ge=1, le=MAX_PAGE_TICKETS)
    before: Annotated[str, StringConstraints(pattern=LISTED_AT)] | None = None
