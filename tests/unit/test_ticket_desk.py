"""A ticket comes in, is opened by an agent and is rated: step by step and failure by failure."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.chat.limits import DAY
from chalicelib.domain.conversation import Citation, HandOver
from chalicelib.domain.customer import RATED_ANSWER, RATED_TICKET, Interaction
from chalicelib.domain.ticket import TicketChange, TicketFeedback, TicketFilter, TicketSummary
from chalicelib.errors import BadInput, TicketIdReused, Unavailable, UnknownTicket
from chalicelib.tickets.desk import Received, TicketDesk, TicketView
from chalicelib.times import MILLISECOND
from tests.builders import (
    ADA,
    LINKED_REFUND,
    REFUND,
    RESET,
    exchange_at,
    interaction,
    reply_at,
    sequence_of,
    ticket,
)
from tests.fakes import START, FakeTickets
from tests.scene import PARCEL, SPENDING, Meeting, Scene, hanging, open_scene

CARD = "4111 1111 1111 1111"
EVERYTHING_AROUND = ["customer", "interactions", "knowledge_base", "sentiment", "storage"]
HELPFUL = TicketFeedback(True, None, None, START)


class TicketsWithoutIndex(FakeTickets):
    """Takes tickets while its index by customer is out of reach."""

    def open_of(self, customer_id: str) -> tuple[TicketSummary, ...]:
        raise Unavailable("tickets")


def answer_of(received: Received) -> Received:
    """Return what was received without how long that took."""
    return replace(received, seconds=0)


def test_what_is_looked_up_around_a_ticket_is_counted(scene: Scene) -> None:
    scene.post(ticket_id="T-1")
    scene.desk.view("T-1")
    assert [set(features) for features, _, _ in scene.costs] == [{"search", "sentiment"}, {"search"}]


def test_a_ticket_is_answered_with_the_customer_360_and_suggestions(scene: Scene) -> None:
    scene.knowledge_base.passages = (RESET, REFUND, *(RESET,) * 5)
    answer = scene.post()
    assert answer.context
    assert answer.context.customer == ADA
    assert (answer.context.open_tickets, answer.context.churn_risk) == (1, "low")
    assert answer.suggestions == (RESET, LINKED_REFUND, *(RESET,) * 3)
    assert answer.degraded == ()
    assert 0 < answer.seconds < 5


def test_a_ticket_is_kept_as_it_was_posted(scene: Scene) -> None:
    fields: dict[str, Any] = {"external_ticket_id": "ZD-9", "channel": "phone", "priority": "urgent"}
    fields |= {"metadata": {"brand": {"name": "north"}}, "created_at": START - timedelta(hours=2)}
    scene.post(**fields)
    text = {"subject": PARCEL.subject, "description": PARCEL.description}
    kept = replace(scene.tickets.get("T-1"), fingerprint=None)
    assert kept == ticket(customer_id="CUST-1001", **text, **fields)


def test_what_is_left_out_is_filled_in(scene: Scene) -> None:
    first, second = scene.post(ticket_id=None).ticket, scene.post(ticket_id=None).ticket
    assert (first.channel, first.priority, first.status, first.created_at) == ("web", "medium", "open", START)
    assert re.fullmatch(r"T-[0-9A-F]{16}", first.ticket_id)
    assert list(scene.tickets.kept) == [first.ticket_id, second.ticket_id]


def test_everything_that_a_ticket_needs_runs_side_by_side(scene: Scene) -> None:
    # The put, the 360, the interactions, the open tickets, the passages and the sentiment.
    all_six = Meeting(6)
    for part in (scene.tickets, *around(scene)):
        part.before = all_six
    assert scene.post().degraded == ()


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("customers", "customer"),
        ("interactions", "interactions"),
        ("knowledge_base", "knowledge_base"),
        ("sentiment", "sentiment"),
    ],
)
def test_a_ticket_is_received_without_what_is_down_and_says_so(scene: Scene, part: str, name: str) -> None:
    getattr(scene, part).down = Unavailable(part)
    answer = scene.post()
    assert "T-1" in scene.tickets.kept
    assert answer.degraded == (name,)
    assert set(scene.ticket_log.without) == {name}
    assert scene.ticket_log.tickets == [(answer.ticket, (name,), answer.seconds)]
    assert (answer.context is None) == (name == "customer")
    assert (answer.suggestions == ()) == (name == "knowledge_base")
    logged = [] if name == "interactions" else [None] if name == "sentiment" else [0.0]
    assert [i.sentiment for i in scene.interactions.kept] == logged


def test_a_ticket_is_received_with_everything_down_but_where_it_is_kept() -> None:
    with open_scene(tickets=TicketsWithoutIndex) as scene:
        answer = scene.post()
        assert answer.context
        assert (answer.context.open_tickets, answer.degraded) == (None, ("storage",))
        for part in around(scene):
            part.down = Unavailable("part")
        answer = scene.post(ticket_id="T-2")
        assert (answer.context, answer.suggestions) == (None, ())
        assert sorted(answer.degraded) == EVERYTHING_AROUND
        assert list(scene.tickets.kept) == ["T-1", "T-2"]


def around(scene: Scene) -> list[Any]:
    """Return what a ticket that comes in asks, but for where it is kept."""
    return [scene.customers, scene.interactions, scene.knowledge_base, scene.sentiment]


def test_without_the_store_no_ticket_is_taken_opened_or_rated(scene: Scene) -> None:
    scene.tickets.down = Unavailable("tickets")
    uses: list[Callable[[], object]] = [
        scene.post,
        lambda: scene.desk.view("T-1"),
        lambda: scene.desk.rate("T-1", HELPFUL),
        lambda: scene.desk.change("T-1", TicketChange("closed")),
        lambda: scene.desk.page(TicketFilter(), 2, None),
    ]
    for use in uses:
        with pytest.raises(Unavailable):
            use()
    assert (scene.interactions.kept, scene.ticket_log.tickets) == ([], [])


def test_dependencies_that_hang_hold_a_kept_ticket_only_so_long() -> None:
    with open_scene(tickets=TicketsWithoutIndex) as scene, hanging(*around(scene)):
        started = time.monotonic()
        answer = hurried(scene).receive(PARCEL)
        assert time.monotonic() - started < 5
        assert (answer.context, answer.suggestions) == (None, ())
        assert sorted(answer.degraded) == EVERYTHING_AROUND


def test_a_ticket_store_that_hangs_is_given_up(scene: Scene) -> None:
    started = time.monotonic()
    with hanging(scene.tickets), pytest.raises(Unavailable):
        hurried(scene).receive(PARCEL)
    assert time.monotonic() - started < 5
    assert scene.interactions.kept == []


def hurried(scene: Scene) -> TicketDesk:
    """Return the desk with little patience."""
    return replace(scene.desk, answer_seconds=0.25, gather_seconds=0.2, sentiment_seconds=0.1)


def test_all_that_a_ticket_waits_for_fits_into_five_seconds(scene: Scene) -> None:
    assert scene.desk.sentiment_seconds < scene.desk.gather_seconds < scene.desk.answer_seconds < 5


def test_an_id_of_another_system_is_no_card_number_whatever_its_digits(scene: Scene) -> None:
    scene.post(external_ticket_id="4111111111111111", metadata={"order_id": 4111111111111111})
    kept = scene.tickets.kept["T-1"]
    assert (kept.external_ticket_id, kept.metadata) == ("4111111111111111", {"order_id": 4111111111111111})


def test_an_unknown_customer_is_no_outage(scene: Scene) -> None:
    answer = scene.post(customer_external_id="CUST-9")
    assert (answer.context, answer.degraded) == (None, ())
    assert scene.tickets.kept["T-1"].customer_id == "CUST-9"


def test_without_a_customer_database_a_ticket_has_half_of_the_360(scene: Scene) -> None:
    scene.post(customer_external_id="CUST-9")
    desk = replace(scene.desk, knows_customers=False)
    view = desk.view("T-1")
    assert view.context
    assert (view.context.external_id, view.context.customer) == ("CUST-9", None)
    assert (view.context.open_tickets, view.context.last_interaction) == (1, START)
    assert view.degraded == (), "nothing is out of reach"


def test_credentials_and_card_numbers_are_masked_wherever_they_stand(scene: Scene) -> None:
    answer = scene.post(
        subject=f"Card {CARD}",
        description=f"password: hunter2, card {CARD}",
        external_ticket_id="password: hunter2",
        metadata={"note": f"card {CARD}", "deep": {"list": ["password: hunter2", {"n": 3}, None]}},
    )
    kept = scene.tickets.kept["T-1"]
    text = ("Card [card number]", "password: [credential], card [card number]")
    assert (kept.subject, kept.description) == text
    assert kept.external_ticket_id == "password: [credential]"
    assert kept.metadata == {
        "note": "card [card number]",
        "deep": {"list": ["password: [credential]", {"n": 3}, None]},
    }
    assert answer.ticket == kept
    assert scene.knowledge_base.queries == scene.sentiment.heard == ["\n".join(text)]


def test_suggestions_that_cannot_be_linked_come_without_links_and_say_so(scene: Scene) -> None:
    scene.links.down = Unavailable("links")
    answer = scene.post()
    assert answer.suggestions == (RESET, REFUND)
    assert answer.degraded == ("links",)


@pytest.mark.parametrize("ahead", [timedelta(days=1, seconds=1), timedelta(days=365)])
def test_a_ticket_from_the_future_is_refused_by_the_name_of_its_field(scene: Scene, ahead: timedelta) -> None:
    with pytest.raises(BadInput) as refusal:
        scene.post(created_at=START + ahead)
    assert [problem.field for problem in refusal.value.problems] == ["created_at"]
    assert scene.tickets.kept == {}


@pytest.mark.parametrize("moved", [timedelta(days=1), -timedelta(days=3650)])
def test_a_clock_that_is_ahead_and_a_ticket_from_long_ago_are_taken(scene: Scene, moved: timedelta) -> None:
    scene.post(created_at=START + moved)
    assert scene.desk.view("T-1").ticket.created_at == START + moved


def test_a_ticket_is_logged_as_an_interaction_with_its_sentiment(scene: Scene) -> None:
    scene.sentiment.score = -0.6
    scene.post(channel="email"), scene.post(ticket_id="T-2")
    assert scene.interactions.kept == [
        interaction(sentiment=-0.6, channel="email", ticket_id="T-1"),
        interaction(sentiment=-0.6, channel="web", ticket_id="T-2", timestamp=START + MILLISECOND),
    ]


@pytest.mark.parametrize("created_at", [None, START - timedelta(minutes=3)])
def test_the_same_ticket_again_is_the_same_answer(scene: Scene, created_at: datetime | None) -> None:
    scene.sentiment.score = -0.6
    first = scene.post(created_at=created_at)
    scene.clock.advance(minutes=2)
    assert answer_of(scene.post(created_at=created_at)) == answer_of(first)
    scene.sentiment.down = Unavailable("sentiment")
    scene.post(created_at=created_at)
    assert list(scene.tickets.kept) == ["T-1"]
    assert [(i.timestamp, i.sentiment) for i in scene.interactions.kept] == [(created_at or START, -0.6)]


def test_an_answer_tells_of_the_time_before_its_ticket(scene: Scene) -> None:
    before = interaction(minutes=-60, sentiment=0.5)
    scene.interactions.add(before)
    scene.sentiment.score = -1.0
    for _ in range(2):
        context = scene.post().context
        assert context
        assert (context.avg_sentiment, context.last_interaction) == (0.5, before.timestamp)


def test_the_same_ticket_again_makes_up_for_a_lost_interaction(scene: Scene) -> None:
    scene.interactions.down = Unavailable("interactions")
    scene.post()
    scene.interactions.down = None
    scene.post()
    assert [i.ticket_id for i in scene.interactions.kept] == ["T-1"]


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
def test_a_ticket_id_cannot_be_used_for_another_ticket(scene: Scene, change: dict[str, Any]) -> None:
    scene.post()
    before = dict(scene.tickets.kept)
    with pytest.raises(TicketIdReused):
        scene.post(**change)
    assert scene.tickets.kept == before
    assert len(scene.interactions.kept) == 1


def test_the_ticket_of_a_chat_cannot_be_posted_over(scene: Scene) -> None:
    scene.tickets.add(ticket(subject=PARCEL.subject, description=PARCEL.description))
    with pytest.raises(TicketIdReused):
        scene.post()


def test_a_ticket_that_was_closed_stays_so_when_it_is_posted_again(scene: Scene) -> None:
    scene.post()
    assert scene.desk.change("T-1", TicketChange("closed")).status == "closed"
    again = scene.post()
    assert again.ticket.status == "closed"
    assert again.context
    assert again.context.open_tickets == 0


def test_the_same_ticket_from_twenty_clients_at_once_is_one_ticket(scene: Scene) -> None:
    all_twenty = Meeting(20)

    def post(_: int) -> Received:
        all_twenty()
        return scene.post()

    with ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(post, range(20)))
    assert {answer.ticket.ticket_id for answer in answers} == {"T-1"}
    assert all(answer.degraded == () for answer in answers)
    assert list(scene.tickets.kept) == ["T-1"]


def test_open_tickets_are_those_of_the_customer_that_are_not_closed(scene: Scene) -> None:
    for ticket_id, status in (("T-2", "open"), ("T-3", "pending"), ("T-4", "closed")):
        scene.post(ticket_id=ticket_id)
        scene.desk.change(ticket_id, TicketChange(status))  # type: ignore[arg-type]
    scene.post(ticket_id="T-5", customer_external_id="CUST-1002")
    context = scene.post().context
    assert context
    assert context.open_tickets == 3


def test_the_average_sentiment_is_that_of_the_newest_twenty_interactions(scene: Scene) -> None:
    scene.sentiment.score = 0.25
    scene.post()
    for n in range(25):
        scene.interactions.add(interaction(minutes=n - 100, sentiment=-1.0 if n < 6 else 0.25))
    again, another = scene.post().context, scene.post(ticket_id="T-2").context
    assert again
    assert another
    # Without the ticket itself, the newest of the six bad ones is among the twenty.
    assert again.avg_sentiment == round((19 * 0.25 - 1) / 20, 3)
    assert another.avg_sentiment == 0.25


@pytest.mark.parametrize(
    "flood",
    [
        [interaction(minutes=n + 10, channel=RATED_ANSWER, session_id=f"s-{n}") for n in range(60)],
        [interaction(minutes=n + 10, channel=RATED_TICKET, ticket_id=f"T-{n}") for n in range(60)],
    ],
)
def test_ratings_push_no_angry_chat_out_of_the_average(scene: Scene, flood: list[Interaction]) -> None:
    for one in (*[interaction(minutes=n, sentiment=-0.9, session_id=f"s-{n}") for n in range(4)], *flood):
        scene.interactions.add(one)
    context = scene.post().context
    assert context
    assert (context.avg_sentiment, context.churn_risk) == (-0.9, "medium")
    assert context.last_interaction == START + timedelta(minutes=3)


def test_a_long_chat_does_not_outweigh_the_others(scene: Scene) -> None:
    for n in range(5):
        scene.interactions.add(interaction(minutes=n, sentiment=-0.9, session_id=f"s-{n}"))
    for n in range(60):
        scene.interactions.add(interaction(minutes=n + 10, sentiment=0.0, session_id="long"))
    context = scene.post().context
    assert context
    assert context.avg_sentiment == -0.45


def test_who_does_not_prove_to_be_a_customer_leaves_no_mark_on_one(scene: Scene) -> None:
    scene.ask("This is fine.", session_id="made-up")
    scene.model.says("", HandOver("customer_request", "Wants a person."))
    scene.ask("A person please.", session_id="made-up")
    assert scene.interactions.kept == []
    assert [each.customer_id for each in scene.tickets.kept.values()] == [None]


def test_beyond_the_budget_a_ticket_is_kept_without_what_costs() -> None:
    with open_scene(budget_micro_usd=1) as scene:
        first = scene.post()
        assert (first.degraded, len(first.suggestions)) == ((), 2)
        second = scene.post(ticket_id="T-2")
        assert second.context
        assert (second.ticket.ticket_id, second.suggestions) == ("T-2", ())
        assert sorted(second.degraded) == ["knowledge_base", "sentiment"]
        view = scene.desk.view("T-2")
        assert (view.suggestions, view.degraded) == ((), ("knowledge_base",))
        assert (len(scene.knowledge_base.queries), len(scene.sentiment.heard)) == (1, 1)
        assert scene.log.budgets_reached == 1


def test_tickets_count_against_the_budget_by_what_is_looked_up_for_them() -> None:
    with open_scene(budget_micro_usd=1_000_000) as scene:
        scene.post()
        scene.desk.view("T-1")
        text = f"{PARCEL.subject}\n{PARCEL.description}"
        spent = SPENDING.ticket(1, text).micro_usd + SPENDING.ticket(1, None).micro_usd
        assert scene.counters.value("budget", scene.clock(), DAY) == spent


def test_slow_counters_hold_no_ticket_up() -> None:
    with open_scene(budget_micro_usd=1_000_000) as scene, hanging(scene.counters):
        scene.desk = replace(scene.desk, count_seconds=0.02)
        received = scene.post()
        assert (received.degraded, len(received.suggestions)) == ((), 2)
        assert scene.ticket_log.without == ["storage"]


def test_an_agent_who_opens_a_ticket_sees_what_is_known_around_it_now(scene: Scene) -> None:
    scene.sentiment.score = -0.5
    scene.post()
    scene.clock.advance(days=1)
    scene.post(ticket_id="T-2")
    view = scene.desk.view("T-1")
    assert view.ticket == scene.tickets.kept["T-1"]
    assert view.context
    assert view.context.customer == ADA
    assert (view.context.open_tickets, view.context.avg_sentiment) == (2, -0.5)
    assert view.context.last_interaction == START + timedelta(days=1)
    assert view.suggestions == (RESET, LINKED_REFUND)
    assert (view.transcript, view.degraded) == (None, ())


def test_a_ticket_that_is_not_there_cannot_be_opened_rated_or_moved(scene: Scene) -> None:
    uses: list[Callable[[], object]] = [
        lambda: scene.desk.view("T-9"),
        lambda: scene.desk.rate("T-9", HELPFUL),
        lambda: scene.desk.change("T-9", TicketChange("closed")),
    ]
    for use in uses:
        with pytest.raises(UnknownTicket):
            use()


@pytest.mark.parametrize(("customer_id", "seen"), [("CUST-1001", ["m0", "m1", "m3"]), (None, ["m0", "m3"])])
def test_a_chats_ticket_opens_with_what_its_customer_said_oldest_first(
    scene: Scene, customer_id: str | None, seen: list[str]
) -> None:
    for n, speaker in enumerate([None, "CUST-1001", "CUST-1002", None]):
        moment = START + timedelta(minutes=n)
        said = exchange_at(moment, message_id=f"m{n}", customer_id=speaker, handed_over=None)
        scene.conversations.add(said)
    scene.conversations.add(exchange_at(START, "another", "other session"))
    scene.tickets.add(ticket(customer_id=customer_id, session_id="s"))
    transcript = scene.desk.view("T-1").transcript
    assert transcript
    assert sequence_of(transcript) == seen


def test_what_anybody_wrote_to_a_ticket_is_in_its_transcript(scene: Scene) -> None:
    scene.tickets.add(ticket(session_id="s"))
    scene.conversations.add(exchange_at(START, customer_id="CUST-1002", answer="", ticket_id="T-1"))
    scene.conversations.add(reply_at(START))
    transcript = scene.desk.view("T-1").transcript
    assert transcript
    assert sequence_of(transcript) == ["m", "r"]


def test_the_sources_in_a_transcript_are_linked_if_that_is_possible(scene: Scene) -> None:
    source = Citation(1, "Refunds", None, "Refunds take…", 0.4, document="refunds.md")
    scene.conversations.add(exchange_at(START, citations=(source,)))
    scene.tickets.add(ticket(customer_id="CUST-1001", session_id="s"))
    assert linked_in(scene.desk.view("T-1")) == [LINKED_REFUND.url]
    scene.links.down = Unavailable("links")
    view = scene.desk.view("T-1")
    assert (linked_in(view), view.degraded) == ([None], ("links",))


def linked_in(view: TicketView) -> list[str | None]:
    """Return where the sources in a transcript lead to."""
    return [citation.url for exchange in view.transcript or () for citation in exchange.citations]


def test_a_ticket_without_a_chat_has_no_transcript_and_misses_none(scene: Scene) -> None:
    scene.conversations.down = Unavailable("conversations")
    scene.tickets.add(ticket(customer_id="CUST-1001"))
    view = scene.desk.view("T-1")
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
def test_a_ticket_opens_without_what_is_down_and_says_so(scene: Scene, part: str, name: str) -> None:
    scene.conversations.add(exchange_at(START))
    scene.tickets.add(ticket(customer_id="CUST-1001", session_id="s"))
    getattr(scene, part).down = Unavailable(part)
    view = scene.desk.view("T-1")
    assert view.degraded == (name,)
    assert (view.transcript is None) == (name == "history")
    assert (view.context is None) == (name == "customer")
    assert (view.suggestions == ()) == (name == "knowledge_base")


def test_what_stands_around_a_ticket_is_read_side_by_side(scene: Scene) -> None:
    class MeetsAfterTheTicket(FakeTickets):
        def open_of(self, customer_id: str) -> tuple[TicketSummary, ...]:
            all_five()
            return super().open_of(customer_id)

    all_five = Meeting(5)
    for part in (scene.customers, scene.interactions, scene.knowledge_base, scene.conversations):
        part.before = all_five
    tickets = MeetsAfterTheTicket()
    tickets.kept["T-1"] = ticket(customer_id="CUST-1001", session_id="s")
    lookups = replace(scene.desk.lookups, tickets=tickets)
    assert replace(scene.desk, tickets=tickets, lookups=lookups).view("T-1").degraded == ()


def test_an_anonymous_ticket_has_no_360_and_misses_none(scene: Scene) -> None:
    for part in (scene.customers, scene.interactions):
        part.down = Unavailable("part")
    scene.tickets.add(ticket(session_id="s"))
    view = scene.desk.view("T-1")
    assert (view.context, view.degraded) == (None, ())


def test_what_an_agent_says_of_a_ticket_is_kept_with_it_and_masked(scene: Scene) -> None:
    scene.post()
    scene.desk.rate("T-1", TicketFeedback(False, f"article {CARD}", "password: hunter2", START))
    assert scene.desk.view("T-1").ticket.feedback == (
        TicketFeedback(False, "article [card number]", "password: [credential]", START),
    )


def test_an_agents_feedback_is_logged_but_no_contact_with_the_customer(scene: Scene) -> None:
    scene.sentiment.score = -0.5
    scene.post()
    for n in range(30):
        scene.desk.rate("T-1", replace(HELPFUL, timestamp=START + timedelta(minutes=n + 1)))
    (logged, _) = scene.interactions.everything("CUST-1001")
    assert (logged.channel, logged.ticket_id) == ("agent_feedback", "T-1")
    context = scene.desk.view("T-1").context
    assert context
    assert (context.avg_sentiment, context.last_interaction) == (-0.5, START)


def test_feedback_on_an_anonymous_ticket_is_nobodys_interaction(scene: Scene) -> None:
    scene.tickets.add(ticket(session_id="s"))
    scene.desk.rate("T-1", HELPFUL)
    assert len(scene.tickets.kept["T-1"].feedback) == 1
    assert scene.interactions.kept == []


def test_feedback_that_is_kept_but_cannot_be_logged_is_not_asked_for_again(scene: Scene) -> None:
    scene.post()
    scene.interactions.down = Unavailable("interactions")
    scene.desk.rate("T-1", HELPFUL)
    assert len(scene.tickets.kept["T-1"].feedback) == 1
    assert scene.ticket_log.without == ["interactions"]
