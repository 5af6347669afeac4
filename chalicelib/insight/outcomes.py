"""How a conversation went: the rules of docs/outcomes.md, as pure functions of its row."""

import hashlib
import re
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.conversation import Exchange
from chalicelib.domain.insight import ConversationRow, Counts, ExchangeChange, Result

SAME_CONVERSATION = timedelta(days=7)
"""Who comes back within this time goes on with the conversation; later it is a new one."""
ASKED_AGAIN = timedelta(hours=24)
MOST_QUESTIONS = 20
WORD = re.compile(r"\w+")


def counts_of(row: ConversationRow) -> Counts:
    """Return what a conversation adds to the numbers of the day it began on: one start and one outcome."""
    if row.started_at is None:
        return Counter()
    day = row.started_at.date()
    return Counter({(day, "conversations:started"): 1, (day, f"conversations:{outcome_of(row)}"): 1})


def moved(before: ConversationRow, after: ConversationRow) -> Counts:
    """Return what is added to the numbers when a row becomes another one.

    A conversation that ends with it, since it is erased or a new one begins, stays counted as it stands.
    """
    counts = Counter(counts_of(after))
    if before.number != after.number:
        counts.update(counts_of(judged(before)))
    counts.subtract(counts_of(before))
    return Counter({key: amount for key, amount in counts.items() if amount})


def outcome_of(row: ConversationRow) -> str:
    """Return how a conversation went as far as it is known; a hand-over has its reason behind a colon."""
    if row.is_open:
        return "open"
    if row.handed_over:
        return f"handed_over:{row.handed_over}"
    if row.last_result == "refused":
        return "refused"
    is_helped = row.last_result == "answered" and not row.rated_down and not row.asked_again
    return "resolved" if is_helped else "abandoned"


def after_change(row: ConversationRow, change: ExchangeChange) -> ConversationRow:
    """Return the row of a conversation after one of its exchanges was written, rated or deleted."""
    row, exchange = replace(row, sequence=change.sequence), change.exchange
    if change.after is None:
        return erased(row)
    if change.before is None:
        row = _said(row, exchange)
    if row.started_at is None or exchange.timestamp < row.started_at:
        return row  # of a conversation that has ended
    return replace(row, rated_down=row.rated_down + is_down(change.after) - is_down(change.before))


def refused(row: ConversationRow, moment: datetime) -> ConversationRow:
    """Return the row after a message was refused by a limit or the budget."""
    return _with_result(_going_on(row, moment), "refused", moment)


def judged(row: ConversationRow) -> ConversationRow:
    """Return the row of a conversation that has been quiet for long enough."""
    return replace(row, is_open=False)


def erased(row: ConversationRow) -> ConversationRow:
    """Return the row of which nothing is left but what tells changes that come again."""
    return ConversationRow(row.key, row.version, row.sequence, row.number + 1)


def is_down(exchange: Exchange | None) -> int:
    """Return 1 for an answer that is rated down, else 0."""
    return int(exchange is not None and exchange.feedback is not None and exchange.feedback.rating == "down")


def result_of(exchange: Exchange) -> Result | None:
    """Return what came of a question; None where nothing was to be answered, such as thanks."""
    if exchange.citations:
        return "answered"
    if exchange.guardrail.intervened:
        return "refused"
    could_not_search = exchange.model is not None and "knowledge_base" in exchange.degraded
    return "unanswered" if exchange.unanswered or could_not_search else None


def _said(row: ConversationRow, exchange: Exchange) -> ConversationRow:
    moment, result = exchange.timestamp, result_of(exchange)
    row = _going_on(row, moment)
    if exchange.handed_over and not row.handed_over:
        row = replace(row, handed_over=exchange.handed_over.reason)
    if result is None:
        return row
    recent = [each for each in row.questions if abs(moment - each[1]) < ASKED_AGAIN]
    fingerprint = _fingerprint(exchange.question)
    is_again = any(fingerprint == each for each, _ in recent)
    row = replace(
        row,
        asked_again=row.asked_again or is_again,
        questions=(*recent, (fingerprint, moment))[-MOST_QUESTIONS:],
    )
    return _with_result(row, result, moment)


def _going_on(row: ConversationRow, moment: datetime) -> ConversationRow:
    """Return the row of a conversation in which something is said: open, and a new one after a long time."""
    if row.started_at is None or row.last_at is None or moment - row.last_at > SAME_CONVERSATION:
        return replace(erased(row), started_at=moment, last_at=moment, is_open=True)
    began_at = min(row.started_at, moment)  # a refusal may have been counted before what was said earlier
    return replace(row, started_at=began_at, last_at=max(row.last_at, moment), is_open=True)


def _with_result(row: ConversationRow, result: Result, moment: datetime) -> ConversationRow:
    """Return the row with a result, unless there is one of something later."""
    return replace(row, last_result=result) if moment == row.last_at else row


def _fingerprint(question: str) -> str:
    """Return what is the same for the same words in any order."""
    words = " ".join(sorted(set(WORD.findall(question.casefold()))))
    return hashlib.sha256(words.encode()).hexdigest()[:16]
