"""What is counted of conversations: their changes, each one's row, and gaps in the articles."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from chalicelib.domain.conversation import Exchange, HandOverReason, Nearest

Counts = Counter[tuple[date, str]]
"""What is added to the numbers of days (UTC), by the number's name such as `conversations:started`."""
Result = Literal["answered", "unanswered", "refused"]
GapKind = Literal["unanswered", "rated_down", "handed_over"]


@dataclass(frozen=True)
class ExchangeChange:
    """That an exchange was written, rated or deleted, as the stream of the conversations' table tells it.

    `before` is None for a new exchange, `after` for a deleted one; one that has `expired` was deleted by its
    age. Of one conversation each `sequence` is higher than the one before it. A change can come again.
    """

    sequence: int
    before: Exchange | None
    after: Exchange | None
    expired: bool = False

    @property
    def exchange(self) -> Exchange:
        """The exchange as it is, or as it was last. Raises ValueError for a change of nothing."""
        exchange = self.after or self.before
        if exchange is None:
            raise ValueError("a change without an exchange")
        return exchange


@dataclass(frozen=True)
class ConversationRow:
    """What has to be known of a conversation to judge it; `key` names nobody.

    `version` is how often it was written, `sequence` that of the newest change in it, and `number` how many
    conversations of its session have begun. Without `started_at` the last one was erased. `questions` are
    fingerprints of those of the last day, with when they were asked.
    """

    key: str
    version: int = 0
    sequence: int = 0
    number: int = 0
    started_at: datetime | None = None
    last_at: datetime | None = None
    is_open: bool = False
    last_result: Result | None = None
    handed_over: HandOverReason | None = None
    rated_down: int = 0
    asked_again: bool = False
    questions: tuple[tuple[str, datetime], ...] = ()


@dataclass(frozen=True)
class AskedInVain:
    """One question that was not answered well; `key` is that of its exchange, and names nobody."""

    key: str
    asked_at: datetime
    question: str
    kind: GapKind
    nearest: Nearest | None


@dataclass(frozen=True)
class GapGroup:
    """Questions that ask the same thing, the newest of them, and how many were asked on each day (UTC)."""

    question: str
    kind: GapKind
    last_asked: datetime
    nearest: Nearest | None
    by_day: Mapping[date, int]


@dataclass(frozen=True)
class GapReport:
    """The groups as they were last made, of how many questions, and up to which change.

    `changes` counts what was asked or taken back since ever, `erasures` what the groups must no longer hold.
    """

    groups: tuple[GapGroup, ...] = ()
    questions: int = 0
    made_at: datetime | None = None
    made_of: int = 0
    changes: int = 0
    erasures: int = 0


@dataclass(frozen=True)
class Gap:
    """A question that the articles don't answer well, masked, and how often it was asked in other words.

    `nearest` is the passage that came nearest to it, or that was cited when the answer was rated down.
    """

    question: str
    count: int
    kind: GapKind
    last_asked: datetime
    nearest: Nearest | None
