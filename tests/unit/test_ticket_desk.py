"""A ticket comes in, is opened by an agent and is rated: step by step and failure by failure."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.chat.lookups import Lookups
from chalicelib.chat.source_links import SourceLinks
from chalicelib.domain.conversation import Citation, Passage, Sentiment
from chalicelib.domain.customer import Customer, Interaction, Order
from chalicelib.domain.ticket import Ticket, TicketFeedback, TicketSummary
from chalicelib.errors import BadInput, TicketIdReused, Unavailable, UnknownTicket
from chalicelib.tickets.customer_context import CustomerRules
from chalicelib.tickets.desk import NewTicket, Received, TicketDesk, TicketView
from tests.fakes import (
    START,
    FakeClock,
    FakeConversations,
    FakeCustomers,
    FakeInteractions,
    FakeKnowledgeBase,
    FakeLinks,
    FakeSentiment,
    FakeTicketLog,
    FakeTickets,
    exchange_at,
    sequence_of,
)

RULES = CustomerRules(
    high_value_lifetime_usd=10_000, churn_sentiment=-0.4, churn_open_tickets=3, churn_inactive_days=180
)
LATE = Passage("A parcel takes 3 days.", "Delivery times", "https://help.example.com/delivery", 0.9)
REFUND = Passage("Refunds take 5 days.", "Refunds", None, 0.4, "refunds.md")
LINKED_REFUND = replace(REFUND, url="https://bucket.example.com/refunds.md?signed")
ADA = Customer(
    7,
    "CUST-1001",
    "Ada Byron",
    "ada@example.com",
    "Engines Ltd",
    "premium",
    Decimal("120.50"),
    1,
    (Order("O-77", START, "shipped", Decimal("49.00"), "EUR", "1 × scanner"),),
)
PARCEL = NewTicket("CUST-1001", "Parcel is late", "It should have come on Monday.", ticket_id="T-1")
CARD = "4111 1111 1111 1111"
EVERYTHING_AROUND = ["customer", "interactions", "knowledge_base", "sentiment", "storage"]


class TicketsWithoutIndex(FakeTickets):
    """Takes tickets while its index by customer is out of reach."""

    def open_of(self, customer_id: str) -> tuple[TicketSummary, ...]:
        raise Unavailable("tickets")


class Meeting:
    """Lets nobody on before all have come; who comes later is let through."""

    def __init__(self, participants: int) -> None:
        self._barrier = threading.Barrier(participants, timeout=10)
        self._took_place = False

    def __call__(self) -> None:
        if not self._took_place:
            self._barrier.wait()
            self._took_place = True


@dataclass
class Desk:
    """A ticket desk over fakes, and the fakes."""

    desk: TicketDesk
    tickets: FakeTickets
    customers: FakeCustomers
    interactions: FakeInteractions
    conversations: FakeConversations
    knowledge_base: FakeKnowledgeBase
    sentiment: FakeSentiment
    links: FakeLinks
    clock: FakeClock
    log: FakeTicketLog

    def post(self, new: NewTicket = PARCEL, **changes: Any) -> Received:
        """Post a ticket."""
        return self.desk.receive(replace(new, **changes))

    def everything(self) -> list[Any]:
        """All fakes that a ticket that comes in asks."""
        return [self.tickets, self.customers, self.interactions, self.knowledge_base, self.sentiment]


@pytest.fixture
def desk() -> Iterator[Desk]:
    yield from open_ticket_desk()


def open_ticket_desk(tickets: type[FakeTickets] = FakeTickets) -> Iterator[Desk]:
    clock, log, links = FakeClock(), FakeTicketLog(), FakeLinks()
    kept, interactions = tickets(clock=clock), FakeInteractions(clock=clock)
    conversations, customers = FakeConversations(30, clock), FakeCustomers(ADA)
    knowledge_base, sentiment = FakeKnowledgeBase(LATE, REFUND), FakeSentiment()
    with ThreadPoolExecutor(32) as executor:
        desk = TicketDesk(
            tickets=kept,
            interactions=interactions,
            conversations=conversations,
            lookups=Lookups(knowledge_base, sentiment, customers, kept),
            links=SourceLinks(links),
            rules=RULES,
            suggestions=5,
            executor=executor,
            clock=clock,
            log=log,
        )
        yield Desk(
            desk,
            kept,
            customers,
            interactions,
            conversations,
            knowledge_base,
            sentiment,
            links,
            clock,
            log,
        )


def answer_of(received: Received) -> Received:
    """Return what was received without how long that took."""
    return replace(received, seconds=0)


def test_a_ticket_is_answered_with_the_customer_360_and_suggestions(desk: Desk) -> None:
    answer = desk.post()
    assert answer.context
    assert answer.context.customer == ADA
    assert (answer.context.open_tickets, answer.context.churn_risk) == (1, "low")
    assert answer.suggestions == (LATE, LINKED_REFUND)
    assert answer.degraded == ()
    assert answer.seconds > 0


def test_a_ticket_is_kept_as_it_was_posted(desk: Desk) -> None:
    opened = START - timedelta(hours=2)
    desk.post(
        external_ticket_id="ZD-9",
        channel="phone",
        priority="urgent",
        metadata={"brand": {"name": "north"}},
        created_at=opened,
    )
    kept = replace(desk.tickets.get("T-1"), fingerprint=None)
    assert kept == Ticket(
        "T-1",
        opened,
        "open",
        "phone",
        "urgent",
        "Parcel is late",
        "It should have come on Monday.",
        customer_id="CUST-1001",
        external_ticket_id="ZD-9",
        metadata={"brand": {"name": "north"}},
    )


def test_what_is_left_out_is_filled_in(desk: Desk) -> None:
    first, second = desk.post(ticket_id=None).ticket, desk.post(ticket_id=None).ticket
    assert (first.channel, first.priority, first.status, first.created_at) == ("web", "medium", "open", START)
    assert first.ticket_id != second.ticket_id
    assert set(desk.tickets.kept) == {first.ticket_id, second.ticket_id}


def test_what_is_looked_up_is_the_subject_and_the_description(desk: Desk) -> None:
    desk.post()
    assert desk.knowledge_base.queries == ["Parcel is late\nIt should have come on Monday."]


def test_everything_that_a_ticket_needs_runs_side_by_side(desk: Desk) -> None:
    # The put, the 360, the interactions, the open tickets, the passages and the sentiment.
    all_six = Meeting(6)
    for part in desk.everything():
        part.before = all_six
    assert desk.post().degraded == ()


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("customers", "customer"),
        ("interactions", "interactions"),
        ("knowledge_base", "knowledge_base"),
        ("sentiment", "sentiment"),
    ],
)
def test_a_ticket_is_received_without_what_is_down_and_the_answer_says_so(
    desk: Desk, part: str, name: str
) -> None:
    getattr(desk, part).down = Unavailable(part)
    answer = desk.post()
    assert "T-1" in desk.tickets.kept
    assert answer.degraded == (name,)
    assert set(desk.log.without) == {name}
    assert (answer.context is None) == (name == "customer")
    assert (answer.suggestions == ()) == (name == "knowledge_base")


def test_without_the_index_of_tickets_the_360_says_that_their_number_is_not_known() -> None:
    for desk in open_ticket_desk(TicketsWithoutIndex):
        answer = desk.post()
        assert answer.context
        assert answer.context.open_tickets is None
        assert answer.degraded == ("storage",)
        assert "T-1" in desk.tickets.kept


def test_a_ticket_is_received_with_everything_down_but_where_it_is_kept() -> None:
    for desk in open_ticket_desk(TicketsWithoutIndex):
        for part in (desk.customers, desk.interactions, desk.knowledge_base, desk.sentiment):
            part.down = Unavailable("part")
        answer = desk.post()
        assert (answer.context, answer.suggestions) == (None, ())
        assert sorted(answer.degraded) == EVERYTHING_AROUND
        assert list(desk.tickets.kept) == ["T-1"]


def test_after_an_outage_the_next_answer_is_whole_again(desk: Desk) -> None:
    desk.customers.down = Unavailable("customers")
    desk.post()
    desk.customers.down = None
    answer = desk.post()
    assert answer.context
    assert answer.degraded == ()


def test_a_ticket_that_cannot_be_kept_is_refused_and_not_logged(desk: Desk) -> None:
    desk.tickets.down = Unavailable("tickets")
    with pytest.raises(Unavailable):
        desk.post()
    assert desk.interactions.kept == []
    assert desk.log.tickets == []


def test_a_bug_is_no_degradation(desk: Desk) -> None:
    desk.customers.before = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        desk.post()


def test_dependencies_that_hang_hold_a_kept_ticket_no_longer_than_five_seconds() -> None:
    for desk in open_ticket_desk(TicketsWithoutIndex):
        answer, seconds = with_hanging(desk, [*desk.everything()[1:]], desk.post)
        assert seconds < 5
        assert (answer.context, answer.suggestions) == (None, ())
        assert sorted(answer.degraded) == EVERYTHING_AROUND


def test_a_ticket_store_that_hangs_is_given_up_within_five_seconds(desk: Desk) -> None:
    def refused() -> None:
        with pytest.raises(Unavailable):
            desk.post()

    _, seconds = with_hanging(desk, [desk.tickets], refused)
    assert seconds < 5
    assert desk.interactions.kept == []


def with_hanging(desk: Desk, parts: list[Any], action: Callable[[], Any]) -> tuple[Any, float]:
    """Return what an action comes to while these hang, and after how many seconds."""
    released, started = threading.Event(), time.monotonic()
    for part in parts:
        part.before = lambda: released.wait(20)
    try:
        return action(), time.monotonic() - started
    finally:
        released.set()


def test_an_unknown_customer_is_no_outage(desk: Desk) -> None:
    answer = desk.post(customer_external_id="CUST-9")
    assert (answer.context, answer.degraded) == (None, ())
    assert desk.tickets.kept["T-1"].customer_id == "CUST-9"


def test_credentials_and_card_numbers_are_masked_wherever_they_stand(desk: Desk) -> None:
    answer = desk.post(
        subject=f"Card {CARD}",
        description=f"password: hunter2, card {CARD}",
        external_ticket_id=CARD,
        metadata={"note": f"card {CARD}", "deep": {"list": ["password: hunter2", {"n": 3}, None]}},
    )
    kept = desk.tickets.kept["T-1"]
    assert (kept.subject, kept.description) == (
        "Card [card number]",
        "password: [credential], card [card number]",
    )
    assert kept.external_ticket_id == "[card number]"
    assert kept.metadata == {
        "note": "card [card number]",
        "deep": {"list": ["password: [credential]", {"n": 3}, None]},
    }
    assert answer.ticket == kept
    assert "4111" not in desk.knowledge_base.queries[0]


def test_the_sentiment_is_asked_of_the_masked_text(desk: Desk) -> None:
    class Listener(FakeSentiment):
        def detect(self, text: str) -> Sentiment:
            self.heard = text
            return super().detect(text)

    listener = Listener()
    lookups = replace(desk.desk.lookups, sentiment=listener)
    replace(desk.desk, lookups=lookups).receive(replace(PARCEL, subject=f"Card {CARD}"))
    assert listener.heard == "Card [card number]\nIt should have come on Monday."


def test_suggestions_that_cannot_be_linked_come_without_links_and_say_so(desk: Desk) -> None:
    desk.links.down = Unavailable("links")
    answer = desk.post()
    assert answer.suggestions == (LATE, REFUND)
    assert answer.degraded == ("links",)


@pytest.mark.parametrize("ahead", [timedelta(days=1, seconds=1), timedelta(days=365)])
def test_a_ticket_from_the_future_is_refused_by_the_name_of_its_field(desk: Desk, ahead: timedelta) -> None:
    with pytest.raises(BadInput) as refusal:
        desk.post(created_at=START + ahead)
    assert [problem.field for problem in refusal.value.problems] == ["created_at"]
    assert desk.tickets.kept == {}


@pytest.mark.parametrize("moved", [timedelta(days=1), -timedelta(days=3650)])
def test_a_clock_that_is_ahead_and_a_ticket_from_long_ago_are_taken(desk: Desk, moved: timedelta) -> None:
    desk.post(created_at=START + moved)
    assert desk.desk.view("T-1").ticket.created_at == START + moved


def test_the_log_holds_how_it_went_and_none_of_the_words(desk: Desk) -> None:
    desk.sentiment.down = Unavailable("sentiment")
    answer = desk.post()
    assert desk.log.tickets == [(answer.ticket, ("sentiment",), answer.seconds)]


def test_a_ticket_is_logged_as_an_interaction_with_its_sentiment(desk: Desk) -> None:
    desk.sentiment.score = -0.6
    desk.post(channel="email")
    assert desk.interactions.kept == [Interaction("CUST-1001", START, "email", -0.6, None, "T-1")]


def test_a_ticket_whose_sentiment_is_not_known_is_logged_without(desk: Desk) -> None:
    desk.sentiment.down = Unavailable("sentiment")
    desk.post()
    assert [i.sentiment for i in desk.interactions.kept] == [None]


def test_the_same_ticket_again_is_the_same_answer_one_ticket_and_one_interaction(desk: Desk) -> None:
    desk.sentiment.score = -0.6
    first = desk.post(created_at=START - timedelta(minutes=3))
    desk.clock.advance(minutes=2)
    again = desk.post(created_at=START - timedelta(minutes=3))
    assert answer_of(again) == answer_of(first)
    assert list(desk.tickets.kept) == ["T-1"]
    assert len(desk.interactions.kept) == 1


def test_the_same_ticket_again_keeps_the_time_at_which_it_first_came(desk: Desk) -> None:
    first = desk.post()
    desk.clock.advance(minutes=2)
    assert answer_of(desk.post()) == answer_of(first)
    assert [i.timestamp for i in desk.interactions.kept] == [START]


def test_an_answer_tells_of_the_time_before_its_ticket(desk: Desk) -> None:
    desk.interactions.add(Interaction("CUST-1001", START - timedelta(days=1), "chat", 0.5))
    desk.sentiment.score = -1.0
    for _ in range(2):
        context = desk.post().context
        assert context
        assert (context.avg_sentiment, context.last_interaction) == (0.5, START - timedelta(days=1))


def test_the_same_ticket_again_makes_up_for_an_interaction_that_was_not_logged(desk: Desk) -> None:
    desk.interactions.down = Unavailable("interactions")
    desk.post()
    desk.interactions.down = None
    desk.post()
    assert [i.ticket_id for i in desk.interactions.kept] == ["T-1"]


def test_the_same_ticket_again_does_not_lose_its_sentiment(desk: Desk) -> None:
    desk.sentiment.score = -0.6
    desk.post()
    desk.sentiment.down = Unavailable("sentiment")
    desk.post()
    assert [i.sentiment for i in desk.interactions.kept] == [-0.6]


def test_two_tickets_of_one_moment_are_two_interactions(desk: Desk) -> None:
    desk.post(), desk.post(ticket_id="T-2")
    assert {i.ticket_id for i in desk.interactions.kept} == {"T-1", "T-2"}


@pytest.mark.parametrize(
    "change",
    [
        {"customer_external_id": "CUST-1002"},
        {"subject": "Parcel is gone"},
        {"description": "It should have come on Tuesday."},
        {"external_ticket_id": "ZD-9"},
        {"channel": "phone"},
        {"priority": "urgent"},
        {"metadata": {"brand": "north"}},
        {"created_at": START - timedelta(seconds=1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_ticket_id_cannot_be_used_for_another_ticket(desk: Desk, change: dict[str, Any]) -> None:
    desk.post()
    before = dict(desk.tickets.kept)
    with pytest.raises(TicketIdReused):
        desk.post(**change)
    assert desk.tickets.kept == before
    assert len(desk.interactions.kept) == 1


def test_the_ticket_of_a_chat_cannot_be_posted_over(desk: Desk) -> None:
    desk.tickets.add(Ticket("T-1", START, "open", "chat", "medium", PARCEL.subject, PARCEL.description))
    with pytest.raises(TicketIdReused):
        desk.post()


def test_a_ticket_that_was_closed_meanwhile_stays_so_when_it_is_posted_again(desk: Desk) -> None:
    desk.post()
    desk.desk.move("T-1", "closed")
    again = desk.post()
    assert again.ticket.status == "closed"
    assert again.context
    assert again.context.open_tickets == 0


def test_the_same_ticket_from_twenty_clients_at_once_is_one_ticket(desk: Desk) -> None:
    at_once = threading.Barrier(20, timeout=10)

    def post(_: int) -> Received:
        at_once.wait()
        return desk.post()

    with ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(post, range(20)))
    assert {answer.ticket.ticket_id for answer in answers} == {"T-1"}
    assert all(answer.degraded == () for answer in answers)
    assert list(desk.tickets.kept) == ["T-1"]


def test_open_tickets_are_those_of_the_customer_that_are_not_closed(desk: Desk) -> None:
    for ticket_id, status in (("T-2", "open"), ("T-3", "pending"), ("T-4", "closed")):
        desk.post(ticket_id=ticket_id)
        desk.desk.move(ticket_id, status)  # type: ignore[arg-type]
    desk.post(ticket_id="T-5", customer_external_id="CUST-1002")
    context = desk.post().context
    assert context
    assert context.open_tickets == 3


def test_the_average_sentiment_is_that_of_the_newest_twenty_interactions(desk: Desk) -> None:
    desk.sentiment.score = 0.25
    desk.post()
    for n in range(25):
        moment = START - timedelta(days=2) + timedelta(hours=n)
        desk.interactions.add(Interaction("CUST-1001", moment, "chat", -1.0 if n < 6 else 0.25))
    again, another = desk.post().context, desk.post(ticket_id="T-2").context
    assert again
    assert another
    # Without the ticket itself, the newest of the six bad ones is among the twenty.
    assert again.avg_sentiment == round((19 * 0.25 - 1) / 20, 3)
    assert another.avg_sentiment == 0.25


def test_tickets_are_listed_page_by_page(desk: Desk) -> None:
    for n in range(3):
        desk.clock.advance(seconds=1)
        desk.post(ticket_id=f"T-{n}")
    page = desk.desk.page(None, 2, None)
    assert [t.ticket_id for t in page.tickets] == ["T-2", "T-1"]
    rest = desk.desk.page(None, 2, page.next)
    assert ([t.ticket_id for t in rest.tickets], rest.next) == (["T-0"], None)


def test_an_agent_who_opens_a_ticket_sees_what_is_known_around_it_now(desk: Desk) -> None:
    desk.sentiment.score = -0.5
    desk.post()
    desk.clock.advance(days=1)
    desk.post(ticket_id="T-2")
    view = desk.desk.view("T-1")
    assert view.ticket == desk.tickets.kept["T-1"]
    assert view.context
    assert view.context.customer == ADA
    assert (view.context.open_tickets, view.context.avg_sentiment) == (2, -0.5)
    assert view.context.last_interaction == START + timedelta(days=1)
    assert view.suggestions == (LATE, LINKED_REFUND)
    assert (view.transcript, view.degraded) == (None, ())


def test_a_ticket_that_is_not_there_cannot_be_opened_rated_or_moved(desk: Desk) -> None:
    with pytest.raises(UnknownTicket):
        desk.desk.view("T-9")
    with pytest.raises(UnknownTicket):
        desk.desk.rate("T-9", TicketFeedback(True, None, None, START))
    with pytest.raises(UnknownTicket):
        desk.desk.move("T-9", "closed")


def test_a_ticket_cannot_be_opened_while_its_store_is_down(desk: Desk) -> None:
    desk.post()
    desk.tickets.down = Unavailable("tickets")
    with pytest.raises(Unavailable):
        desk.desk.view("T-1")


def hand_over_ticket(desk: Desk, customer_id: str | None, session_id: str | None = "s") -> None:
    """Keep the ticket of a chat."""
    desk.tickets.add(
        Ticket(
            "T-1",
            START,
            "open",
            "chat",
            "medium",
            "Wants a person",
            "A person please",
            customer_id=customer_id,
            session_id=session_id,
        )
    )


def test_the_ticket_of_a_chat_opens_with_its_transcript_oldest_first(desk: Desk) -> None:
    for n in range(3):
        desk.conversations.add(exchange_at(START + timedelta(minutes=n), message_id=f"m{n}"))
    desk.conversations.add(exchange_at(START, "another", "other session"))
    hand_over_ticket(desk, "CUST-1001")
    transcript = desk.desk.view("T-1").transcript
    assert transcript
    assert sequence_of(transcript) == ["m0", "m1", "m2"]


def test_the_sources_in_a_transcript_are_linked_if_that_is_possible(desk: Desk) -> None:
    source = Citation(1, "Refunds", None, "Refunds take…", 0.4, document="refunds.md")
    desk.conversations.add(exchange_at(START, citations=(source,)))
    hand_over_ticket(desk, "CUST-1001")
    assert linked_in(desk.desk.view("T-1")) == [LINKED_REFUND.url]
    desk.links.down = Unavailable("links")
    view = desk.desk.view("T-1")
    assert (linked_in(view), view.degraded) == ([None], ("links",))


def linked_in(view: TicketView) -> list[str | None]:
    """Return where the sources in a transcript lead to."""
    return [citation.url for exchange in view.transcript or () for citation in exchange.citations]


@pytest.mark.parametrize(
    ("customer_id", "seen"), [("CUST-1001", ["anonymous", "ada"]), (None, ["anonymous"])]
)
def test_a_transcript_holds_nothing_that_another_customer_said(
    desk: Desk, customer_id: str | None, seen: list[str]
) -> None:
    for n, (message_id, speaker) in enumerate(
        [("anonymous", None), ("ada", "CUST-1001"), ("somebody else", "CUST-1002")]
    ):
        moment = START + timedelta(minutes=n)
        desk.conversations.add(exchange_at(moment, message_id=message_id, customer_id=speaker))
    hand_over_ticket(desk, customer_id)
    transcript = desk.desk.view("T-1").transcript
    assert transcript
    assert sequence_of(transcript) == seen


def test_a_ticket_without_a_chat_has_no_transcript_and_misses_none(desk: Desk) -> None:
    desk.conversations.down = Unavailable("conversations")
    hand_over_ticket(desk, "CUST-1001", session_id=None)
    view = desk.desk.view("T-1")
    assert (view.transcript, view.degraded) == (None, ())


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("conversations", "history"),
        ("customers", "customer"),
        ("interactions", "interactions"),
        ("knowledge_base", "knowledge_base"),
    ],
)
def test_a_ticket_opens_without_what_is_down_and_says_so(desk: Desk, part: str, name: str) -> None:
    desk.conversations.add(exchange_at(START))
    hand_over_ticket(desk, "CUST-1001")
    getattr(desk, part).down = Unavailable(part)
    view = desk.desk.view("T-1")
    assert view.degraded == (name,)
    assert (view.transcript is None) == (name == "history")
    assert (view.context is None) == (name == "customer")
    assert (view.suggestions == ()) == (name == "knowledge_base")


def test_what_stands_around_a_ticket_is_read_side_by_side(desk: Desk) -> None:
    class MeetsAfterTheTicket(FakeTickets):
        def open_of(self, customer_id: str) -> tuple[TicketSummary, ...]:
            all_five()
            return super().open_of(customer_id)

    all_five = Meeting(5)
    for part in (desk.customers, desk.interactions, desk.knowledge_base, desk.conversations):
        part.before = all_five
    tickets = MeetsAfterTheTicket()
    tickets.kept["T-1"] = Ticket(
        "T-1", START, "open", "chat", "low", "a", "b", customer_id="CUST-1001", session_id="s"
    )
    lookups = replace(desk.desk.lookups, tickets=tickets)
    assert replace(desk.desk, tickets=tickets, lookups=lookups).view("T-1").degraded == ()


def test_an_anonymous_ticket_has_no_360_and_misses_none(desk: Desk) -> None:
    for part in (desk.customers, desk.interactions):
        part.down = Unavailable("part")
    hand_over_ticket(desk, None)
    view = desk.desk.view("T-1")
    assert (view.context, view.degraded) == (None, ())


def test_what_an_agent_says_of_a_ticket_is_kept_with_it_and_masked(desk: Desk) -> None:
    desk.post()
    desk.desk.rate("T-1", TicketFeedback(False, f"article {CARD}", "password: hunter2", START))
    assert desk.desk.view("T-1").ticket.feedback == (
        TicketFeedback(False, "article [card number]", "password: [credential]", START),
    )


def test_an_agents_feedback_is_logged_but_no_contact_with_the_customer(desk: Desk) -> None:
    desk.post()
    later = START + timedelta(hours=1)
    desk.desk.rate("T-1", TicketFeedback(True, None, None, later))
    assert desk.interactions.latest("CUST-1001", 1) == (
        Interaction("CUST-1001", later, "agent_feedback", None, None, "T-1"),
    )
    context = desk.desk.view("T-1").context
    assert context
    assert context.last_interaction == START


def test_however_much_agents_say_what_the_customer_said_is_still_known(desk: Desk) -> None:
    desk.sentiment.score = -0.5
    desk.post()
    for n in range(30):
        desk.desk.rate("T-1", TicketFeedback(True, None, None, START + timedelta(minutes=n)))
    context = desk.desk.view("T-1").context
    assert context
    assert (context.avg_sentiment, context.last_interaction) == (-0.5, START)


def test_feedback_on_an_anonymous_ticket_is_nobodys_interaction(desk: Desk) -> None:
    hand_over_ticket(desk, None)
    desk.desk.rate("T-1", TicketFeedback(True, None, None, START))
    assert len(desk.tickets.kept["T-1"].feedback) == 1
    assert desk.interactions.kept == []


def test_feedback_that_is_kept_but_cannot_be_logged_is_not_asked_for_again(desk: Desk) -> None:
    desk.post()
    desk.interactions.down = Unavailable("interactions")
    desk.desk.rate("T-1", TicketFeedback(True, None, None, START))
    assert len(desk.tickets.kept["T-1"].feedback) == 1
    assert desk.log.without == ["interactions"]


def test_feedback_that_cannot_be_kept_is_an_error_and_not_logged(desk: Desk) -> None:
    desk.post()
    desk.tickets.down = Unavailable("tickets")
    with pytest.raises(Unavailable):
        desk.desk.rate("T-1", TicketFeedback(True, None, None, START))
    assert len(desk.interactions.kept) == 1


def test_a_ticket_moves_to_where_it_stands_in_the_ticketing_system(desk: Desk) -> None:
    desk.post()
    assert desk.desk.move("T-1", "pending").status == "pending"
    assert desk.desk.view("T-1").ticket.status == "pending"
