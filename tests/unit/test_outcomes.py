"""How a conversation went: the rules of docs/outcomes.md."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.conversation import Exchange, Feedback, GuardrailVerdict, HandOverTicket
from chalicelib.domain.insight import ExchangeChange
from chalicelib.insight.counting import Counting, key_of
from chalicelib.logs import InsightLogger
from tests.builders import exchange_at
from tests.fakes import START, FakeClock
from tests.insight_fakes import QUIET, ChangeStream, FakeNumbers

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TODAY = START.date()
BLANK: dict[str, Any] = {
    "citations": (),
    "guardrail": GuardrailVerdict(),
    "handed_over": None,
    "degraded": (),
    "unanswered": False,
}
ANSWERED = {**BLANK, "citations": exchange_at(START).citations}
UNANSWERED = {**BLANK, "unanswered": True}
BLOCKED = {**BLANK, "guardrail": GuardrailVerdict(True, ("topic:Legal advice",))}
HANDED_OVER = {**BLANK, "handed_over": HandOverTicket("T-1", "customer_request")}
OUT_OF_REACH = {**BLANK, "degraded": ("knowledge_base",)}
TO_AN_AGENT = {**BLANK, "answer": "", "model": None}


class Book:
    """Conversations and how they are counted."""

    def __init__(self) -> None:
        self.clock, self.stream = FakeClock(), ChangeStream()
        self.numbers = FakeNumbers(self.clock)
        self.counting = Counting(self.numbers, QUIET, self.clock, InsightLogger())
        self._position = 0

    def say(
        self, fields: dict[str, Any], question: str = "Where is it?", after: timedelta = MINUTE
    ) -> Exchange:
        """Let an exchange be written some time after the last one."""
        self.clock.now += after
        exchange = exchange_at(self.clock.now, question=question, **fields)
        self.stream.put(exchange)
        self._count()
        return exchange

    def rate(self, exchange: Exchange, rating: str) -> None:
        """Let an exchange be rated."""
        feedback = Feedback(rating, None, self.clock.now)  # type: ignore[arg-type]
        self.stream.put(replace(exchange, feedback=feedback))
        self._count()

    def erase(self) -> None:
        """Let the conversation be erased."""
        self.stream.erase("s")
        self._count()

    def wait(self, duration: timedelta = QUIET) -> None:
        """Let time pass, and what is due be judged."""
        self.clock.now += duration
        self.counting.judge_due()

    def outcomes(self) -> dict[str, int]:
        """Return the numbers of conversations of the first day."""
        numbers = self.numbers.days(TODAY, TODAY).get(TODAY, {})
        return {name[14:]: n for name, n in numbers.items() if n and name.startswith("conversations:")}

    def _count(self) -> None:
        self.counting.count(self.stream.changes[self._position :])
        self._position = len(self.stream.changes)


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ([ANSWERED], "resolved"),
        ([UNANSWERED, ANSWERED], "resolved"),
        ([ANSWERED, BLANK], "resolved"),
        ([ANSWERED, UNANSWERED], "abandoned"),
        ([BLANK], "abandoned"),
        ([ANSWERED, OUT_OF_REACH], "abandoned"),
        ([ANSWERED, BLOCKED], "refused"),
        ([BLOCKED, ANSWERED], "resolved"),
        ([ANSWERED, HANDED_OVER, ANSWERED], "handed_over:customer_request"),
        ([HANDED_OVER, BLOCKED], "handed_over:customer_request"),
        ([ANSWERED, TO_AN_AGENT], "resolved"),
    ],
)
def test_a_quiet_conversation_is_judged_by_what_was_said(
    book: Book, said: list[dict[str, Any]], outcome: str
) -> None:
    for n, fields in enumerate(said):
        book.say(fields, question=f"Question {n}?")
    assert book.outcomes() == {"started": 1, "open": 1}
    book.wait()
    assert book.outcomes() == {"started": 1, outcome: 1}


def test_the_first_reason_of_a_hand_over_counts(book: Book) -> None:
    book.say({**BLANK, "handed_over": HandOverTicket("T-1", "missing_knowledge")})
    book.say(HANDED_OVER)
    book.wait()
    assert book.outcomes() == {"started": 1, "handed_over:missing_knowledge": 1}


@pytest.mark.parametrize(
    ("after", "question", "outcome"),
    [
        (timedelta(hours=23), "where  is it", "abandoned"),
        (timedelta(hours=23), "Where is she?", "resolved"),
        (timedelta(hours=25), "Where is it?", "resolved"),
    ],
)
def test_a_question_asked_again_within_a_day_was_not_resolved(
    book: Book, after: timedelta, question: str, outcome: str
) -> None:
    book.say(ANSWERED)
    book.say(ANSWERED, question, after)
    book.wait()
    assert book.outcomes() == {"started": 1, outcome: 1}


def test_a_rating_counts_at_once_and_so_does_a_change_of_mind(book: Book) -> None:
    answer = book.say(ANSWERED)
    book.wait()
    book.rate(answer, "down")
    assert book.outcomes() == {"started": 1, "abandoned": 1}
    book.rate(answer, "up")
    assert book.outcomes() == {"started": 1, "resolved": 1}


def test_what_an_agent_wrote_and_its_rating_count_for_nothing(book: Book) -> None:
    book.rate(book.say({**ANSWERED, "author": "Jo"}), "down")
    assert not any(book.numbers.all_numbers().values())


def test_who_comes_back_within_a_week_reopens_the_conversation(book: Book) -> None:
    book.say(ANSWERED)
    book.wait()
    book.say(UNANSWERED, "And now?", 6 * DAY)
    assert book.outcomes() == {"started": 1, "open": 1}
    book.wait()
    assert book.outcomes() == {"started": 1, "abandoned": 1}


def test_who_comes_back_later_begins_another_conversation(book: Book) -> None:
    answer = book.say(ANSWERED)
    book.say(ANSWERED, "And now?", 8 * DAY)
    book.rate(answer, "down")
    book.wait()
    assert book.outcomes() == {"started": 1, "resolved": 1}, "its rating came after it had ended"
    assert book.numbers.by_day[TODAY + 8 * DAY]["conversations:resolved"] == 1


def test_an_erased_conversation_stays_counted_as_it_stood(book: Book) -> None:
    book.say(ANSWERED)
    numbers = book.numbers.all_numbers()
    book.erase()
    assert book.outcomes() == {"started": 1, "resolved": 1}
    kept = numbers.items() - {((TODAY, "conversations:open"), 1)}
    assert kept <= book.numbers.all_numbers().items()
    row = book.numbers.rows[key_of("s")]
    assert (row.started_at, row.questions) == (None, ())


def test_an_exchange_that_expires_changes_nothing(book: Book) -> None:
    answer = book.say(ANSWERED)
    before = book.numbers.all_numbers()
    book.counting.count([ExchangeChange(999, answer, None, expired=True)])
    assert book.numbers.all_numbers() == before


def test_a_conversation_that_a_limit_refuses_counts_as_refused(book: Book) -> None:
    said_at = book.say(ANSWERED).timestamp
    book.clock.advance(minutes=1)
    for _ in range(3):
        book.counting.refuse("s", "caller", said_at)
    assert book.numbers.writes == 2, "the answer and one refusal"
    book.wait()
    assert book.outcomes() == {"started": 1, "refused": 1}


def test_of_what_a_caller_only_tries_to_begin_one_a_day_counts(book: Book) -> None:
    for day in range(2):
        for n in range(3):
            book.counting.refuse(f"s{day}{n}", "caller", None)
        book.clock.advance(days=1)
    numbers = book.numbers.all_numbers().items()
    assert [n for (_, name), n in numbers if name == "conversations:started"] == [1, 1]


def test_a_refusal_may_be_counted_before_what_was_said_earlier(book: Book) -> None:
    book.clock.now = START.replace(hour=0, minute=0) + DAY
    book.counting.refuse("s", "caller", None)
    book.say(ANSWERED, after=-MINUTE)
    book.wait(QUIET + MINUTE)
    assert book.outcomes() == {"started": 1, "refused": 1}


def test_a_message_that_comes_as_it_is_judged_keeps_it_open(book: Book) -> None:
    book.say(ANSWERED)
    book.clock.now += QUIET
    book.numbers.due = lambda limit: [key_of("s")][:limit]  # type: ignore[method-assign]  # the index is late
    book.say(ANSWERED, "And now?")
    book.counting.judge_due()
    assert book.outcomes() == {"started": 1, "open": 1}
