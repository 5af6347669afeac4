"""What a turn of the chat is made of: a message, how it is run, and what is known when it is answered."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from chalicelib.branding import LANGUAGES
from chalicelib.chat.prompts import HistoryBudget, KnownCustomer
from chalicelib.chat.sessions import CustomerProof
from chalicelib.chat.voice import Voice
from chalicelib.domain.conversation import Exchange, Passage
from chalicelib.domain.ticket import ConversationTicket
from chalicelib.parallel import Deadline, Parallel


@dataclass(frozen=True)
class ChatOptions:
    """How a turn is run; see the settings of these names. The rest is how long a step may take at most."""

    passages_per_question: int
    history: HistoryBudget
    deadline_seconds: float
    link_hosts: Collection[str]
    support_hours_text: str
    history_seconds: float = 3.0
    gather_seconds: float = 5.0
    store_seconds: float = 3.0


@dataclass(frozen=True)
class Message:
    """What a customer sends. `caller` is the network address.

    A session id that a client made up belongs to it, and the limits count it when no customer is proven.
    `progressive` asks for an answer that can be read while it is written. `language` is that of what is
    said without a model.
    """

    query: str
    caller: str
    session_id: str | None = None
    message_id: str | None = None
    proof: CustomerProof | None = None
    progressive: bool = False
    language: str = LANGUAGES[0]


@dataclass(frozen=True)
class Turn:
    """A message of a known sender in a known session, with credentials masked, and what its calls run by.

    `session_id` is what the conversation is kept under, `sent_session_id` what the sender knows it by.
    """

    began_at: datetime
    session_id: str
    sent_session_id: str
    message_id: str
    retry_safe: bool
    has_past: bool
    progressive: bool
    voice: Voice
    question: str
    customer_id: str | None
    caller: str
    calls: Parallel
    deadline: Deadline
    store_seconds: float
    watch: "Stopwatch"

    def storing(self) -> Deadline:
        """Return the deadline of a write that begins now."""
        return self.deadline.within(self.store_seconds)


@dataclass(frozen=True)
class Gathered:
    """What is known when the model is asked: what was said before, and what was looked up for the question.

    `shown_to_model` is `earlier` without what the guardrail stopped: only the new question is judged, so a
    stopped one would come in by the back door. `ticket` is the one that the conversation has or had.
    """

    earlier: tuple[Exchange, ...]
    shown_to_model: tuple[Exchange, ...]
    passages: tuple[Passage, ...]
    customer: KnownCustomer | None
    sentiment: float | None
    ticket: ConversationTicket | None

    @property
    def is_waiting(self) -> bool:
        """Whether the conversation has a ticket that no agent has replied to."""
        return self.ticket is not None and self.ticket.state == "waiting"

    @property
    def is_with_agent(self) -> bool:
        """Whether an agent has the conversation, and not the assistant."""
        return self.ticket is not None and self.ticket.state == "agent"


class Stopwatch:
    """Measures the steps of a turn."""

    def __init__(self) -> None:
        self.laps_seconds: dict[str, float] = {}
        self._begun = self._last = time.perf_counter()

    def total_ms(self) -> int:
        """Return how long it is since the turn began."""
        return round((time.perf_counter() - self._begun) * 1000)

    def lap(self, step: str) -> None:
        """Keep how long it was since the last lap."""
        now = time.perf_counter()
        self.laps_seconds[step] = now - self._last
        self._last = now
