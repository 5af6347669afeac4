"""An answer that is being written, and whose writing it is."""

from dataclasses import dataclass
from datetime import datetime

PENDING_SECONDS = 60
"""How long it is kept from its first words on: longer than a turn can take."""


@dataclass(frozen=True)
class PendingAnswer:
    """What is there of an answer; once it is `done`, the text is that of the whole answer."""

    text: str
    done: bool


@dataclass(frozen=True)
class Writing:
    """The turn that writes an answer: of two turns for the same message, the later one is shown."""

    turn_id: str
    message_id: str
    session_id: str
    customer_id: str | None
    began_at: datetime
