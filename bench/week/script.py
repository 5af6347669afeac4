"""Plays a week of conversations into the stores of a running stack, as turns, ratings and erasures would."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bench.week.recount import History
from chalicelib.domain.conversation import (
    Citation,
    Exchange,
    Feedback,
    GuardrailVerdict,
    HandOverTicket,
    Usage,
)
from chalicelib.insight.counting import Counting
from chalicelib.logs import InsightLogger
from chalicelib.stores.conversations import Conversations
from chalicelib.stores.insights.numbers import Numbers

WEEK = timedelta(days=7)
MODELS = ("global.anthropic.claude-haiku-5-5", "global.anthropic.claude-haiku-4-5-20251001-v1:0")
KINDS: tuple[tuple[float, dict[str, Any]], ...] = (
    (0.55, {"citations": (Citation(1, "Refunds", None, "Refunds take 5 days.", 0.7),)}),
    (0.15, {"unanswered": True}),
    (0.12, {}),
    (0.04, {"guardrail": GuardrailVerdict(True, ("topic:Legal advice",))}),
    (0.08, {"handed_over": HandOverTicket("T-1", "customer_request")}),
    (0.06, {"unanswered": True, "handed_over": HandOverTicket("T-2", "missing_knowledge")}),
)
RATED, REPEATED, PAUSED, REFUSED, ERASED, CAME_BACK = 0.15, 0.08, 0.05, 0.05, 0.03, 0.08
"""How likely it is of an exchange, the first three, and of a conversation."""


class Player:
    """Plays conversations with the time of the script, and keeps their history."""

    def __init__(self, begins_at: datetime, quiet: timedelta, seed: int) -> None:
        self._begins_at, self._random = begins_at, random.Random(seed)  # noqa: S311 - the same week each time
        self._now = begins_at
        self._conversations = Conversations(365, self._clock)
        self._counting = Counting(Numbers(quiet, self._clock), quiet, self._clock, InsightLogger())
        self.history = History()

    def play(self, conversations: int) -> Iterator[int]:
        """Play conversations; yield how many exchanges each had."""
        for _ in range(conversations):
            self._now = self._begins_at + self._random.random() * WEEK
            yield self._conversation(f"week-{uuid.uuid4().hex}")

    def _conversation(self, session_id: str) -> int:
        chance = self._random
        said: list[Exchange] = []
        for _ in range(chance.randint(1, 4)):
            self._wait(timedelta(hours=20) if chance.random() < PAUSED else timedelta(minutes=10))
            said.append(self._say(session_id, said))
        if chance.random() < CAME_BACK:
            self._wait(timedelta(days=chance.choice((2, 8))))
            said.append(self._say(session_id, said))
        elif chance.random() < REFUSED:
            self._wait(timedelta(minutes=1))
            self.history.refuse(session_id, self._now)
            self._counting.refuse(session_id, "caller", self._now)
        elif chance.random() < ERASED:
            self._conversations.erase(said)
            self.history.erase(session_id)
        return len(said)

    def _say(self, session_id: str, said: list[Exchange]) -> Exchange:
        chance = self._random
        (fields,) = chance.choices([each for _, each in KINDS], [weight for weight, _ in KINDS])
        is_again = said and chance.random() < REPEATED
        usage = Usage(chance.randint(800, 4000), chance.randint(20, 400))
        exchange = Exchange(
            session_id=session_id,
            message_id=uuid.uuid4().hex,
            timestamp=self._now,
            question=chance.choice(said).question if is_again else f"Question {uuid.uuid4().hex}?",
            answer="Refunds take 5 days. [1]",
            model=chance.choice(MODELS),
            usage=usage,
            took_ms=chance.randint(50, 40_000),
            costs_micro_usd={"chat": usage.input_tokens // 10 + 1, "search": 3, "guardrail": 700},
            **fields,
        )
        exchange = self._conversations.add(exchange)
        self.history.write(exchange)
        if chance.random() < RATED:
            rating = Feedback(chance.choice(("up", "down")), None, self._now)
            self._conversations.rate(session_id, exchange.message_id, rating)
            self.history.write(replace(exchange, feedback=rating))
        return exchange

    def _wait(self, duration: timedelta) -> None:
        # To the millisecond, as exchanges are kept.
        millis = self._random.randint(1, duration // timedelta(milliseconds=1))
        self._now += timedelta(milliseconds=millis)

    def _clock(self) -> datetime:
        return self._now
