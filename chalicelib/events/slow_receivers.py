"""Keeps a receiver that hangs from making everybody else wait."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.event import Event
from chalicelib.domain.protocols import Receiver
from chalicelib.errors import SendingFailed

SLOW = timedelta(seconds=3)


@dataclass
class AskedNoMoreOnceSlow:
    """A receiver for a while: once a sending fails slowly, the next ones fail at once, and are due later.

    Each would take its ten seconds, and events are sent one after the other.
    """

    receiver: Receiver
    clock: Callable[[], datetime]
    is_slow: bool = False

    @property
    def name(self) -> str:
        """As the receiver's."""
        return self.receiver.name

    def wants(self, event: Event) -> bool:
        """Say whether the receiver takes an event."""
        return self.receiver.wants(event)

    def not_before(self, event: Event) -> datetime:
        """Return when the receiver may be told."""
        return self.receiver.not_before(event)

    def send(self, event: Event) -> str | None:
        """Send an event as the receiver does, unless it was slow. Raises SendingFailed, SendingRefused."""
        if self.is_slow:
            raise SendingFailed("was not asked: it had just failed slowly")
        began_at = self.clock()
        try:
            return self.receiver.send(event)
        except SendingFailed:
            self.is_slow = self.clock() - began_at > SLOW
            raise
