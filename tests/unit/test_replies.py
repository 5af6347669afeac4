"""What agents write to customers, and what becomes of it."""

from dataclasses import replace

import pytest

from chalicelib.chat.sessions import Visitor
from chalicelib.domain.conversation import Feedback
from chalicelib.domain.ticket import TicketChange, TicketFeedback
from chalicelib.errors import (
    ConversationErased,
    ReplyIdReused,
    TicketClosed,
    Unavailable,
    UnknownTicket,
)
from tests.builders import sequence_of
from tests.scene import ADA_PROOF, NOBODY, Scene

ADA = Visitor(NOBODY.address, ADA_PROOF["proof"])


def hand_over(scene: Scene, **fields: object) -> tuple[str, str]:
    """Ask for a person in an issued session; return the session and its ticket."""
    opened = scene.ask("I want to talk to a human", **fields)
    assert opened.handed_over
    return opened.session_id, opened.handed_over.ticket_id


def test_the_customer_reads_a_reply_where_they_asked(scene: Scene) -> None:
    session_id, ticket_id = hand_over(scene)
    newest = scene.transcripts.read(session_id, NOBODY, 10).page.newer_than
    sent = scene.reply(ticket_id, "Your card 4111 1111 1111 1111 is fine.")
    news = scene.transcripts.read(session_id, NOBODY, 10, newer_than=newest)
    assert news.page.exchanges == (sent,)
    assert (sent.author, sent.answer, sent.question) == ("Jo", "Your card [card number] is fine.", "")
    assert news.ticket
    assert (news.ticket.ticket_id, news.ticket.handled_by) == (ticket_id, "agent")
    again = scene.transcripts.read(session_id, NOBODY, 10, newer_than=news.page.newer_than)
    assert (again.page.exchanges, again.page.newer_than) == ((), news.page.newer_than)
    assert scene.ticket_log.replies == [(ticket_id, None, False)]


def test_a_reply_to_a_proven_customers_ticket_is_for_them_alone(scene: Scene) -> None:
    session_id, ticket_id = hand_over(scene, **ADA_PROOF)
    assert scene.reply(ticket_id).customer_id == "CUST-1001"
    assert len(scene.transcripts.read(session_id, ADA, 10).page.exchanges) == 2


def test_who_reads_that_a_ticket_is_closed_has_the_reply_that_closed_it(scene: Scene) -> None:
    session_id, ticket_id = hand_over(scene)
    newest = scene.transcripts.read(session_id, NOBODY, 10).page.newer_than

    def close_once() -> None:
        scene.tickets.before = lambda: None
        scene.reply(ticket_id, "Bye.", closes=True)

    scene.tickets.before = close_once
    news = scene.transcripts.read(session_id, NOBODY, 10, newer_than=newest)
    assert news.ticket
    assert news.ticket.status == "closed"
    assert [e.answer for e in news.page.exchanges] == ["Bye."]


def test_two_agents_who_reply_at_once_are_both_heard(scene: Scene) -> None:
    session_id, ticket_id = hand_over(scene)
    scene.reply(ticket_id, "On its way.", author="Ann")
    scene.reply(ticket_id, "It left today.", author="Bo")
    said = scene.transcripts.read(session_id, NOBODY, 10).page.exchanges
    assert [e.author for e in said] == [None, "Ann", "Bo"]


def test_the_same_reply_again_is_one_reply_even_if_it_closed_the_ticket(scene: Scene) -> None:
    _, ticket_id = hand_over(scene)
    first, again = (scene.reply(ticket_id, "Bye.", reply_id="r-1", closes=True) for _ in range(2))
    assert first == again
    assert scene.tickets.kept[ticket_id].status == "closed"
    with pytest.raises(ReplyIdReused):
        scene.reply(ticket_id, "Another.", reply_id="r-1")


def test_nothing_is_replied_to_a_closed_or_unknown_ticket(scene: Scene) -> None:
    session_id, ticket_id = hand_over(scene)
    scene.desk.change(ticket_id, TicketChange("closed"))
    with pytest.raises(TicketClosed):
        scene.reply(ticket_id)
    with pytest.raises(UnknownTicket):
        scene.reply("T-9")
    scene.desk.change(ticket_id, TicketChange("open"))
    scene.reply(ticket_id)
    assert len(scene.transcripts.read(session_id, NOBODY, 10).page.exchanges) == 2


def test_a_reply_to_an_erased_conversation_is_refused_and_not_kept(scene: Scene) -> None:
    session_id, ticket_id = hand_over(scene)
    scene.transcripts.erase(session_id, NOBODY)
    with pytest.raises(ConversationErased):
        scene.reply(ticket_id)
    assert scene.conversations.kept == []


def test_a_ticket_that_came_by_mail_keeps_its_replies_until_it_is_erased(scene: Scene) -> None:
    scene.post(channel="email")
    sent = scene.reply("T-1", reply_id="r-1")
    assert scene.desk.view("T-1").transcript == (sent,)
    assert scene.reply("T-1", reply_id="r-1") == sent
    scene.erasure.erase("CUST-1001")
    assert scene.conversations.kept == []
    with pytest.raises(UnknownTicket):
        scene.reply("T-1")


def test_a_reply_that_could_not_be_kept_is_an_error_and_can_be_sent_again(scene: Scene) -> None:
    session_id, ticket_id = hand_over(scene)
    scene.ticket_conversations.down = Unavailable("tickets")
    with pytest.raises(Unavailable):
        scene.reply(ticket_id, reply_id="r-1")
    scene.ticket_conversations.down = None
    scene.reply(ticket_id, reply_id="r-1")
    assert sequence_of(scene.transcripts.read(session_id, NOBODY, 10).page.exchanges)[1:] == ["r-1"]


def test_what_the_customer_thinks_of_it_is_on_the_ticket_and_told_once(scene: Scene) -> None:
    session_id, ticket_id = hand_over(scene)
    scene.reply(ticket_id, reply_id="r-1", closes=True)
    solved = Feedback("down", "card 4111 1111 1111 1111", scene.clock())
    for _ in range(2):
        scene.transcripts.rate(session_id, NOBODY, "r-1", solved)
        scene.clock.advance(seconds=1)
    kept = replace(solved, comment="card [card number]")
    assert scene.desk.view(ticket_id).ticket.all_feedback == (
        TicketFeedback(False, "customer", kept.comment, kept.timestamp),
    )
    assert scene.transcripts.read(session_id, NOBODY, 10).page.exchanges[-1].feedback == kept
    told = scene.tickets.events_of(ticket_id)[-1]
    assert told.data["changed"] == ["customer_feedback"]
    assert told.data["customer_feedback"] == {"rating": "down", "comment": kept.comment}
    assert [event.type for event in scene.tickets.events_of(ticket_id)].count("ticket.updated") == 2

    scene.transcripts.erase(session_id, NOBODY)
    assert scene.tickets.kept[ticket_id].all_feedback == ()


def test_a_reply_can_be_rated_whose_ticket_is_gone(scene: Scene) -> None:
    session_id, ticket_id = hand_over(scene)
    scene.reply(ticket_id, reply_id="r-1")
    scene.tickets.erase([ticket_id])
    scene.transcripts.rate(session_id, NOBODY, "r-1", Feedback("up", None, scene.clock()))
    assert scene.tickets.kept == {}
