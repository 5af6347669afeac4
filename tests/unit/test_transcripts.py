"""Reading, rating and erasing a conversation."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from chalicelib.chat.sessions import Sessions
from chalicelib.chat.source_links import SourceLinks
from chalicelib.chat.transcripts import Transcripts
from chalicelib.domain.conversation import Citation, Feedback, HandOverTicket
from chalicelib.domain.customer import Interaction
from chalicelib.domain.ticket import Ticket
from chalicelib.errors import NotYourSession, Unavailable
from tests.fakes import (
    START,
    FakeClock,
    FakeConversations,
    FakeInteractions,
    FakeLinks,
    FakeTickets,
    FakeTurnLog,
    exchange_at,
    sequence_of,
)


@dataclass
class Archive:
    """Transcripts over fakes, with one issued session."""

    transcripts: Transcripts
    conversations: FakeConversations
    interactions: FakeInteractions
    tickets: FakeTickets
    links: FakeLinks
    log: FakeTurnLog
    session_id: str


@pytest.fixture
def archive() -> Archive:
    sessions = Sessions(lambda: "secret", accept_made_up_ids=True)
    conversations, interactions, tickets = (
        FakeConversations(30, FakeClock()),
        FakeInteractions(),
        FakeTickets(),
    )
    links, log = FakeLinks(), FakeTurnLog()
    transcripts = Transcripts(sessions, conversations, interactions, tickets, SourceLinks(links), log)
    return Archive(transcripts, conversations, interactions, tickets, links, log, sessions.issue())


def test_the_holder_of_an_issued_session_reads_it(archive: Archive) -> None:
    archive.conversations.add(exchange_at(START, archive.session_id, "a"))
    assert sequence_of(archive.transcripts.read(archive.session_id, 10, None).exchanges) == ["a"]


def test_what_is_read_again_has_its_sources_linked_again_if_that_is_possible(archive: Archive) -> None:
    source = Citation(1, "Reset", None, "Choose…", 0.5, document="reset.md")
    archive.conversations.add(exchange_at(START, archive.session_id, citations=(source,)))
    assert linked_in(archive) == ["https://bucket.example.com/reset.md?signed"]
    archive.links.down = Unavailable("links")
    assert linked_in(archive) == [None]
    assert archive.log.without == ["links"]


def linked_in(archive: Archive) -> list[str | None]:
    """Return where the sources of the conversation lead to."""
    page = archive.transcripts.read(archive.session_id, 10, None)
    return [citation.url for exchange in page.exchanges for citation in exchange.citations]


@pytest.mark.parametrize("session_id", ["made-up", "cs_" + "0" * 64])
def test_nobody_reads_rates_or_erases_a_session_that_was_not_issued(
    archive: Archive, session_id: str
) -> None:
    archive.conversations.add(exchange_at(START, session_id, "a"))
    with pytest.raises(NotYourSession):
        archive.transcripts.read(session_id, 10, None)
    with pytest.raises(NotYourSession):
        archive.transcripts.rate(session_id, "a", Feedback("up", None, START))
    with pytest.raises(NotYourSession):
        archive.transcripts.erase(session_id)
    assert len(archive.conversations.kept) == 1


def test_a_comment_is_kept_without_credentials(archive: Archive) -> None:
    archive.conversations.add(exchange_at(START, archive.session_id, "a"))
    archive.transcripts.rate(archive.session_id, "a", Feedback("down", "card 4111111111111111", START))
    assert archive.conversations.kept[0].feedback == Feedback("down", "card [card number]", START)


def test_the_feedback_of_a_proven_customer_is_an_interaction_without_words(archive: Archive) -> None:
    later = START + timedelta(minutes=5)
    archive.conversations.add(exchange_at(START, archive.session_id, "a", customer_id="CUST-1001"))
    archive.transcripts.rate(archive.session_id, "a", Feedback("down", "Too slow", later))
    assert archive.interactions.kept == [
        Interaction("CUST-1001", later, "feedback", None, archive.session_id)
    ]


def test_the_feedback_of_somebody_unknown_is_kept_and_nobodys_interaction(archive: Archive) -> None:
    archive.conversations.add(exchange_at(START, archive.session_id, "a", customer_id=None))
    archive.transcripts.rate(archive.session_id, "a", Feedback("up", None, START))
    assert archive.conversations.kept[0].feedback
    assert archive.interactions.kept == []


def test_feedback_that_could_not_be_logged_is_kept_all_the_same(archive: Archive) -> None:
    archive.conversations.add(exchange_at(START, archive.session_id, "a"))
    archive.interactions.down = Unavailable("interactions")
    archive.transcripts.rate(archive.session_id, "a", Feedback("up", None, START))
    assert archive.conversations.kept[0].feedback == Feedback("up", None, START)
    assert archive.log.without == ["interactions"]


def test_erasing_takes_the_exchanges_the_interactions_and_the_words_in_tickets(archive: Archive) -> None:
    handed_over = exchange_at(
        START, archive.session_id, "a", handed_over=HandOverTicket("T-9", "customer_request")
    )
    archive.conversations.add(handed_over)
    in_touch = Interaction("CUST-1001", START, "chat", 0.1, archive.session_id)
    elsewhere = replace(in_touch, session_id="another", timestamp=START + timedelta(seconds=1))
    rated = replace(in_touch, channel="feedback", timestamp=START + timedelta(seconds=2))
    for interaction in (in_touch, elsewhere, rated):
        archive.interactions.add(interaction)
    archive.tickets.add(Ticket("T-9", START, "open", "chat", "medium", "My words", "My words too"))
    archive.transcripts.erase(archive.session_id)
    assert archive.conversations.kept == []
    assert archive.interactions.kept == [elsewhere]
    assert archive.tickets.kept["T-9"].subject == "(erased by the customer)"
    assert archive.tickets.kept["T-9"].description == "(erased by the customer)"


def test_erasing_a_shared_conversation_reaches_the_interactions_of_each_customer(archive: Archive) -> None:
    for n, customer_id in enumerate(("CUST-1001", "CUST-1002")):
        moment = START + timedelta(seconds=n)
        archive.conversations.add(
            exchange_at(moment, archive.session_id, f"m{n}", customer_id=customer_id, handed_over=None)
        )
        archive.interactions.add(Interaction(customer_id, moment, "chat", 0.1, archive.session_id))
    archive.transcripts.erase(archive.session_id)
    assert archive.interactions.kept == []


def test_erasing_what_is_empty_is_no_error(archive: Archive) -> None:
    archive.transcripts.erase(archive.session_id)


def test_an_erasure_that_fails_half_way_can_be_repeated(archive: Archive) -> None:
    archive.conversations.add(exchange_at(START, archive.session_id, "a"))
    archive.tickets.down = Unavailable("tickets")
    with pytest.raises(Unavailable):
        archive.transcripts.erase(archive.session_id)
    archive.tickets.down = None
    archive.transcripts.erase(archive.session_id)
    assert archive.conversations.kept == []


def test_erasing_reaches_a_ticket_that_was_written_too_late_to_be_told(archive: Archive) -> None:
    archive.conversations.add(
        exchange_at(START, archive.session_id, "a", handed_over=None, unconfirmed_ticket_id="T-late")
    )
    archive.tickets.add(Ticket("T-late", START, "open", "chat", "medium", "My words", "My words too"))
    archive.transcripts.erase(archive.session_id)
    assert archive.tickets.kept["T-late"].description == "(erased by the customer)"
