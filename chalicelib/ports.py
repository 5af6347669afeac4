"""What the use cases need of stores and gateways. Whoever has these methods will do, a fake in a test too."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.errors import Unavailable
from chalicelib.models import (
    Customer,
    Exchange,
    ExchangePage,
    Feedback,
    Interaction,
    Passage,
    Reply,
    Sentiment,
    Ticket,
)
from chalicelib.prompts import Prompt


class ConversationStore(Protocol):
    """See stores.conversations."""

    def latest(self, session_id: str, limit: int) -> tuple[Exchange, ...]: ...
    def page(self, session_id: str, limit: int, older_than: datetime | None) -> ExchangePage: ...
    def by_client_message(self, session_id: str, message_id: str) -> Exchange | None: ...
    def add(self, exchange: Exchange) -> Exchange: ...
    def add_once(self, exchange: Exchange) -> Exchange: ...
    def rate(self, session_id: str, message_id: str, feedback: Feedback) -> None: ...
    def everything(self, session_id: str) -> tuple[Exchange, ...]: ...
    def erase(self, exchanges: Sequence[Exchange]) -> None: ...


class CustomerStore(Protocol):
    """See stores.customers."""

    def by_external_id(self, external_id: str) -> Customer | None: ...


class InteractionStore(Protocol):
    """See stores.interactions."""

    def add(self, interaction: Interaction) -> None: ...
    def erase(self, exchanges: Sequence[Exchange]) -> None: ...


class TicketStore(Protocol):
    """See stores.tickets."""

    def add(self, ticket: Ticket) -> Ticket: ...
    def erase_text(self, ticket_id: str, notice: str) -> None: ...


class CounterStore(Protocol):
    """See stores.state."""

    def add(self, name: str, amount: int, now: datetime, window: timedelta) -> int: ...
    def value(self, name: str, now: datetime, window: timedelta) -> int: ...


class PassageSource(Protocol):
    """See gateways.knowledge_base."""

    def retrieve(self, query: str, limit: int) -> tuple[Passage, ...]: ...


class SentimentSource(Protocol):
    """See gateways.sentiment."""

    def detect(self, text: str) -> Sentiment: ...


class LanguageModel(Protocol):
    """See gateways.bedrock."""

    def reply(self, prompt: Prompt) -> Reply: ...


class Admission(Protocol):
    """See limits."""

    def admit(self, caller: str) -> None: ...
    def record(self, caller: str, tokens: int) -> None: ...


class TurnLog(Protocol):
    """What happened in a turn, in numbers and names; never in the customer's words."""

    def degraded(self, name: str, error: Unavailable) -> None: ...
    def answered(self, exchange: Exchange, laps_seconds: Mapping[str, float]) -> None: ...
