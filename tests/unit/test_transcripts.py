"""Reading, rating and erasing a conversation."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.chat.limits import EXCHANGES_A_VISIT
from chalicelib.chat.sessions import Visitor
from chalicelib.domain.conversation import Citation, Feedback, HandOverTicket
from chalicelib.domain.customer import Interaction
from chalicelib.errors import (
    ExpiredCustomerHash,
    NotYourConversation,
    NotYourSession,
    TooManyRequests,
    Unavailable,
    WrongCustomerHash,
)
from tests.builders import customer_proof, exchange_at, interaction, sequence_of, ticket
from tests.fakes import START
from tests.scene import SECRET, Scene, open_scene

ADDRESS = "address#192.0.2.1"
NOBODY = Visitor(ADDRESS)
ADA, BOB = (Visitor(ADDRESS, customer_proof(each, SECRET)) for each in ("CUST-1001", "CUST-1002"))
FORGED = Visitor(ADDRESS, customer_proof("CUST-1001", "another secret"))
EXPIRED = Visitor(ADDRESS, customer_proof("CUST-1001", SECRET, int(START.timestamp())))


@pytest.fixture
def session_id(scene: Scene) -> str:
    """A session that was issued."""
    return scene.sessions.issue()


def say(scene: Scene, session_id: str, **changes: Any) -> None:
    """Keep an exchange of the session, without a ticket."""
    scene.conversations.add(exchange_at(START, session_id, **{"handed_over": None, **changes}))


def test_the_holder_of_an_issued_session_reads_it(scene: Scene, session_id: str) -> None:
    say(scene, session_id, message_id="a")
    assert sequence_of(scene.transcripts.read(session_id, ADA, 10).page.exchanges) == ["a"]


def test_what_was_said_to_nobody_known_needs_no_proof(scene: Scene, session_id: str) -> None:
    say(scene, session_id, customer_id=None)
    assert len(scene.transcripts.read(session_id, NOBODY, 10).page.exchanges) == 1
    scene.transcripts.rate(session_id, NOBODY, "m", Feedback("up", None, START))
    scene.transcripts.erase(session_id, NOBODY)
    assert scene.conversations.kept == []


@pytest.mark.parametrize(
    ("visitor", "refusal"),
    [
        (NOBODY, NotYourConversation),
        (BOB, NotYourConversation),
        (FORGED, WrongCustomerHash),
        (EXPIRED, ExpiredCustomerHash),
    ],
)
def test_a_customers_conversation_stays_closed_without_the_proof(
    scene: Scene, session_id: str, visitor: Visitor, refusal: type[Exception]
) -> None:
    say(scene, session_id, customer_id="CUST-1001")
    say(scene, session_id, message_id="newest", customer_id=None)
    with pytest.raises(refusal):
        scene.transcripts.read(session_id, visitor, 1, None)
    with pytest.raises(refusal):
        scene.transcripts.rate(session_id, visitor, "newest", Feedback("up", None, START))
    with pytest.raises(refusal):
        scene.transcripts.erase(session_id, visitor)
    assert [exchange.feedback for exchange in scene.conversations.kept] == [None, None]


@pytest.mark.parametrize(("visitor", "own"), [(ADA, ["nobody", "CUST-1001"]), (BOB, ["nobody", "CUST-1002"])])
def test_of_customers_who_shared_a_session_each_reads_only_the_own(
    scene: Scene, session_id: str, visitor: Visitor, own: list[str]
) -> None:
    say(scene, session_id, message_id="nobody", customer_id=None)
    for customer_id in ("CUST-1001", "CUST-1002"):
        say(scene, session_id, message_id=customer_id, customer_id=customer_id)
    assert sequence_of(scene.transcripts.read(session_id, visitor, 10).page.exchanges) == own


def test_what_is_read_again_has_its_sources_linked_if_that_is_possible(scene: Scene, session_id: str) -> None:
    source = Citation(1, "Reset", None, "Choose…", 0.5, document="reset.md")
    say(scene, session_id, citations=(source,))
    for outage, url in ((None, "https://bucket.example.com/reset.md?signed"), (Unavailable("links"), None)):
        scene.links.down = outage
        (exchange,) = scene.transcripts.read(session_id, ADA, 10).page.exchanges
        assert [citation.url for citation in exchange.citations] == [url]
    assert scene.log.without == ["links"]


@pytest.mark.parametrize("session_id", ["made-up", "cs_" + "0" * 64])
def test_nobody_reads_rates_or_erases_a_session_that_was_not_issued(scene: Scene, session_id: str) -> None:
    say(scene, session_id)
    with pytest.raises(NotYourSession):
        scene.transcripts.read(session_id, ADA, 10, None)
    with pytest.raises(NotYourSession):
        scene.transcripts.rate(session_id, ADA, "m", Feedback("up", None, START))
    with pytest.raises(NotYourSession):
        scene.transcripts.erase(session_id, ADA)
    assert len(scene.conversations.kept) == 1


@pytest.mark.parametrize(
    ("customer_id", "logged"),
    [
        ("CUST-1001", [interaction(channel="feedback", session_id="the session")]),
        (None, []),
    ],
)
def test_feedback_is_kept_without_credentials_and_logged_without_words(
    scene: Scene, session_id: str, customer_id: str | None, logged: list[Interaction]
) -> None:
    later = START + timedelta(minutes=5)
    say(scene, session_id, customer_id=customer_id)
    scene.transcripts.rate(session_id, ADA, "m", Feedback("down", "card 4111111111111111", later))
    assert scene.conversations.kept[0].feedback == Feedback("down", "card [card number]", later)
    assert scene.interactions.kept == [replace(one, session_id=session_id) for one in logged]


def test_an_answer_that_is_rated_again_and_again_is_logged_once(scene: Scene, session_id: str) -> None:
    say(scene, session_id)
    scene.interactions.add(interaction(session_id=session_id))
    for n in range(60):
        scene.transcripts.rate(session_id, ADA, "m", Feedback("up", None, START + timedelta(minutes=n)))
    assert [each.channel for each in scene.interactions.kept] == ["chat", "feedback"]


def test_feedback_that_could_not_be_logged_is_kept_all_the_same(scene: Scene, session_id: str) -> None:
    say(scene, session_id)
    scene.interactions.down = Unavailable("interactions")
    scene.transcripts.rate(session_id, ADA, "m", Feedback("up", None, START))
    assert scene.conversations.kept[0].feedback == Feedback("up", None, START)
    assert scene.log.without == ["interactions"]


def test_visits_over_the_limit_cost_one_write_and_nothing_else() -> None:
    with open_scene(visits_per_minute=3) as scene:
        session_id = scene.sessions.issue()
        say(scene, session_id)
        for _ in range(3):
            scene.transcripts.read(session_id, ADA, 10, None)
        scene.conversations.before = scene.links.before = pytest.fail
        for _ in range(10):
            with pytest.raises(TooManyRequests) as refusal:
                scene.transcripts.read(session_id, ADA, 10, None)
            with pytest.raises(TooManyRequests):
                scene.transcripts.rate(session_id, ADA, "m", Feedback("up", None, START))
            with pytest.raises(TooManyRequests):
                scene.transcripts.erase(session_id, ADA)
        assert (scene.counters.writes, refusal.value.retry_after_seconds) == (4, 60)


def test_visits_are_counted_for_a_customer_or_else_for_an_address() -> None:
    with open_scene(visits_per_minute=1) as scene:
        session_id = scene.sessions.issue()
        for visitor in (NOBODY, ADA, Visitor("address#198.51.100.9"), BOB):
            scene.transcripts.read(session_id, visitor, 10, None)
        with pytest.raises(TooManyRequests):
            scene.transcripts.read(session_id, NOBODY, 10, None)


def test_a_long_conversation_is_read_less_often_a_day() -> None:
    with open_scene(visits_per_day=7) as scene:
        session_id = scene.sessions.issue()
        for n in range(2 * EXCHANGES_A_VISIT + 1):
            say(scene, session_id, message_id=f"m{n}")
        for _ in range(3):
            scene.transcripts.read(session_id, ADA, 10, None)
        with pytest.raises(TooManyRequests):
            scene.transcripts.read(session_id, ADA, 10, None)


def test_who_may_not_open_a_session_is_not_even_counted() -> None:
    with open_scene(visits_per_minute=1) as scene:
        for session_id, visitor in (("made-up", ADA), (scene.sessions.issue(), FORGED)):
            with pytest.raises((NotYourSession, WrongCustomerHash)):
                scene.transcripts.read(session_id, visitor, 10, None)
        assert scene.counters.writes == 0


def test_while_the_counters_are_out_of_reach_conversations_can_be_read() -> None:
    with open_scene(visits_per_minute=100) as scene:
        scene.counters.down = Unavailable("counters")
        session_id = scene.sessions.issue()
        for _ in range(10):
            scene.transcripts.read(session_id, ADA, 10, None)
        with pytest.raises(TooManyRequests):
            scene.transcripts.read(session_id, ADA, 10, None)


def test_erasing_takes_exchanges_interactions_and_the_words_in_tickets(scene: Scene, session_id: str) -> None:
    scene.transcripts.erase(session_id, ADA)  # with nothing in it yet
    scene.clock.advance(seconds=1)
    say(scene, session_id, handed_over=HandOverTicket("T-9", "customer_request"), customer_id="CUST-1001")
    say(scene, session_id, message_id="m2", customer_id="CUST-1002", unconfirmed_ticket_id="T-late")
    elsewhere = interaction(minutes=1, session_id="another")
    for one in (
        interaction(session_id=session_id),
        elsewhere,
        interaction(minutes=2, session_id=session_id, channel="feedback"),
        interaction(session_id=session_id, customer_id="CUST-1002"),
    ):
        scene.interactions.add(one)
    for ticket_id in ("T-9", "T-late"):
        scene.tickets.add(ticket(ticket_id))
    scene.transcripts.erase(session_id, ADA)
    assert (scene.conversations.kept, scene.interactions.kept) == ([], [elsewhere])
    notice = "(erased by the customer)"
    assert [(t.subject, t.description) for t in scene.tickets.kept.values()] == [(notice, notice)] * 2


def test_an_erasure_that_fails_half_way_can_be_repeated(scene: Scene, session_id: str) -> None:
    say(scene, session_id, handed_over=HandOverTicket("T-9", "customer_request"))
    scene.tickets.down = Unavailable("tickets")
    with pytest.raises(Unavailable):
        scene.transcripts.erase(session_id, ADA)
    scene.tickets.down = None
    scene.transcripts.erase(session_id, ADA)
    assert scene.conversations.kept == []
