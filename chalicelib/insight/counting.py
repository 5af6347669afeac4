"""Counts conversations as they happen: each change once, and each outcome when it is due."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.domain.conversation import Feature, Usage
from chalicelib.domain.insight import ConversationRow, Counts, ExchangeChange
from chalicelib.domain.protocols import NO_USAGE, NumberStore
from chalicelib.errors import Unavailable
from chalicelib.insight import numbers, outcomes

if TYPE_CHECKING:
    from chalicelib.logs import InsightLogger

TRIES = 20
MOST_JUDGED = 500
MOST_REFUSED = 10_000
"""How many refusals a container remembers as counted."""
STORE = "insights"

Step = Callable[[ConversationRow], tuple[ConversationRow, Counts] | None]
"""What becomes of a row and what is added to the numbers; None where there is nothing to do."""


@dataclass(frozen=True)
class Counting:
    """Keeps the numbers in step with the conversations.

    A row and the numbers change in one transaction, which needs the row to be as it was read: so the numbers
    are always the sum of what the rows say, whoever else is at work. The listeners are told of each change
    as well, and of some more than once.
    """

    store: NumberStore
    quiet: timedelta
    clock: Callable[[], datetime]
    log: "InsightLogger"
    listeners: Sequence[Callable[[ExchangeChange], None]] = ()
    _refused: set[tuple[str, date]] = field(default_factory=set)

    def count(self, changes: Iterable[ExchangeChange]) -> None:
        """Count changes of exchanges, in their order. Raises Unavailable: then they come again."""
        for change in changes:
            # First, since a change that is counted is passed over when it comes again.
            for listener in self.listeners:
                listener(change)
            self._step(key_of(change.exchange.session_id), partial(_counted, change=change))

    def refuse(self, session_id: str, caller: str, said_at: datetime | None) -> None:
        """Count a message that a limit or the budget refused. Raises Unavailable.

        `said_at` is when something was said in the conversation last: until there is more, one refusal tells
        as much as many. Of the conversations that a caller only tries to begin, a day has one: a flood must
        not cost a write for each request.
        """
        now = self.clock()
        refused = (session_id, said_at) if said_at else (caller, now.date())
        if refused in self._refused:
            return
        self._step(key_of(session_id), partial(_refused, moment=now))
        if len(self._refused) >= MOST_REFUSED:
            self._refused.clear()
        self._refused.add(refused)

    def judge_due(self) -> None:
        """Judge the conversations that have been quiet for long enough. Raises Unavailable."""
        due = self.store.due(MOST_JUDGED)
        quiet_since = self.clock() - self.quiet
        for key in due:
            self._step(key, partial(_judged, quiet_since=quiet_since))
        if due:
            self.log.judged(len(due))

    def count_cost(
        self, features: Mapping[Feature, int], model: str | None = None, usage: Usage = NO_USAGE
    ) -> None:
        """Count what is spent on something else than an exchange. Raises Unavailable."""
        self.store.add(numbers.spent(self.clock().date(), features, model, usage))

    def _step(self, key: str, step: Step) -> None:
        for _ in range(TRIES):
            stepped = step(self.store.row(key))
            if stepped is None or self.store.keep(*stepped):
                return
        raise Unavailable(STORE)


def _counted(row: ConversationRow, change: ExchangeChange) -> tuple[ConversationRow, Counts] | None:
    if change.sequence <= row.sequence or change.expired or change.exchange.author:
        return None
    after = outcomes.after_change(row, change)
    counts = outcomes.moved(row, after)
    if change.after is not None:
        counts.update(numbers.counts_of(change.after))
        counts.subtract(numbers.counts_of(change.before))
    return after, counts


def _refused(row: ConversationRow, moment: datetime) -> tuple[ConversationRow, Counts]:
    after = outcomes.refused(row, moment)
    return after, outcomes.moved(row, after)


def _judged(row: ConversationRow, quiet_since: datetime) -> tuple[ConversationRow, Counts] | None:
    if not row.is_open or row.last_at is None or row.last_at > quiet_since:
        return None
    after = outcomes.judged(row)
    return after, outcomes.moved(row, after)


def key_of(session_id: str) -> str:
    """Return the key of a conversation's row, from which the session cannot be told."""
    return hashlib.sha256(f"conversation#{session_id}".encode()).hexdigest()[:32]
