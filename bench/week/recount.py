"""Counts conversations once more, from all that happened in them: what the numbers have to equal."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

from chalicelib.domain.conversation import Exchange

DAY = timedelta(days=1)
SAME_CONVERSATION = timedelta(days=7)
Numbers = dict[tuple[date, str], int]


@dataclass
class Conversation:
    """What happened in a conversation; `told` has its exchanges by their time."""

    began_at: datetime
    told: dict[datetime, Exchange] = field(default_factory=dict)
    refusals: list[datetime] = field(default_factory=list)
    is_erased: bool = False

    @property
    def last_at(self) -> datetime:
        """Return when something was said or refused last."""
        return max([self.began_at, *self.told, *self.refusals])


class History:
    """The conversations of each session, and all that was ever answered."""

    def __init__(self) -> None:
        self._conversations: dict[str, list[Conversation]] = {}
        self.answers: dict[tuple[str, datetime], Exchange] = {}

    def write(self, exchange: Exchange) -> None:
        """Note an exchange, or its rating."""
        if exchange.author:
            return
        key = (exchange.session_id, exchange.timestamp)
        known = self._conversations.get(exchange.session_id, [])
        is_new = key not in self.answers
        self.answers[key] = exchange
        if is_new:
            self._current(*key).told[exchange.timestamp] = exchange
        elif exchange.timestamp in known[-1].told and not known[-1].is_erased:
            known[-1].told[exchange.timestamp] = exchange

    def refuse(self, session_id: str, moment: datetime) -> None:
        """Note that a message was refused."""
        self._current(session_id, moment).refusals.append(moment)

    def erase(self, session_id: str) -> None:
        """Note that a conversation was erased."""
        self._conversations[session_id][-1].is_erased = True

    def recount(self, now: datetime, quiet: timedelta) -> Numbers:
        """Return the numbers of all days, without those that are 0."""
        counts: Counter[tuple[date, str]] = Counter()
        for conversations in self._conversations.values():
            for each in conversations:
                is_over = each is not conversations[-1] or each.is_erased or each.last_at + quiet <= now
                day = each.began_at.date()
                counts[day, "conversations:started"] += 1
                counts[day, f"conversations:{_outcome(each) if is_over else 'open'}"] += 1
        for exchange in self.answers.values():
            _count_answer(exchange, counts)
        return {key: count for key, count in counts.items() if count}

    def _current(self, session_id: str, moment: datetime) -> Conversation:
        """Return the conversation that goes on in a session, or a new one."""
        known = self._conversations.setdefault(session_id, [])
        if not known or known[-1].is_erased or moment - known[-1].last_at > SAME_CONVERSATION:
            known.append(Conversation(moment))
        return known[-1]


def _count_answer(exchange: Exchange, counts: Counter[tuple[date, str]]) -> None:
    day, costs = exchange.timestamp.date(), exchange.costs_micro_usd
    counts[day, "tokens:input"] += exchange.usage.input_tokens
    counts[day, "tokens:output"] += exchange.usage.output_tokens
    for feature, amount in costs.items():
        counts[day, f"feature:{feature}"] += amount
    if exchange.model:
        counts[day, f"model:{exchange.model}"] += costs.get("chat", 0)
    if exchange.feedback:
        counts[day, f"feedback:{exchange.feedback.rating}"] += 1


def _outcome(conversation: Conversation) -> str:
    told = [each for _, each in sorted(conversation.told.items())]
    if reasons := [each.handed_over.reason for each in told if each.handed_over]:
        return f"handed_over:{reasons[0]}"
    found = {each.timestamp: each for each in told if each.citations or each.unanswered}
    blocked = [each.timestamp for each in told if each.guardrail.intervened and not each.citations]
    refused_at = max([*blocked, *conversation.refusals], default=None)
    last = found[max(found)] if found else None
    if refused_at and (last is None or last.timestamp <= refused_at):
        return "refused"
    asked: dict[str, list[datetime]] = {}
    for each in told:
        if each.citations or each.unanswered or each.guardrail.intervened:
            asked.setdefault(each.question, []).append(each.timestamp)
    is_again = any(later - earlier < DAY for times in asked.values() for earlier, later in pairwise(times))
    is_down = any(each.feedback and each.feedback.rating == "down" for each in told)
    return "resolved" if last and last.citations and not is_down and not is_again else "abandoned"
