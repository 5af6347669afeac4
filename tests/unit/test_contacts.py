"""How a customer can be reached: what they say of it, what is asked back, and where it is kept."""

from dataclasses import asdict
from typing import Any

import pytest

from chalicelib.chat.person.contacts import contact_in, says_only
from chalicelib.chat.sessions import Visitor
from chalicelib.chat.voice import Voice
from chalicelib.domain.conversation import Contact
from chalicelib.domain.ticket import TicketChange
from chalicelib.errors import NotYourSession, Unavailable, UnknownTicket
from tests.fakes import FakeConversations
from tests.scene import ADA_PROOF, BOB_PROOF, NOBODY, Scene, open_scene

ADA, BOB = (Visitor(NOBODY.address, each["proof"]) for each in (ADA_PROOF, BOB_PROOF))

HUMAN = "I want to talk to a human"
EMAIL = Contact(email="jo@example.com")


def waiting(scene: Scene, **fields: Any) -> tuple[str, str]:
    """Ask for a person; return the session and its ticket."""
    opened = scene.ask(HUMAN, **fields)
    assert opened.ticket_id
    return opened.session_id, opened.ticket_id


@pytest.mark.parametrize(
    "message",
    [
        "jo@example.com",
        "It's jo@example.com.",
        "My email is jo@example.com",
        "my e-mail address: jo@example.com, thanks",
        "You can reach me at jo@example.com",
        "Email me (jo@example.com) please",
        "E-Mail: jo@example.com",
        "Meine E-Mail-Adresse ist jo@example.com",
        "mi correo es jo@example.com",
        "mon adresse e-mail est jo@example.com",
    ],
)
def test_an_address_that_a_customer_gives_is_recognised(message: str) -> None:
    assert contact_in(message) == EMAIL
    assert says_only(message, EMAIL)


@pytest.mark.parametrize(
    ("message", "phone"),
    [
        ("My phone number is +49 30 1234567", "+49 30 1234567"),
        ("please call me at (030) 123-45678", "(030) 123-45678"),
        ("Meine Handynummer ist 0170/1234567", "0170/1234567"),
    ],
)
def test_a_number_that_a_customer_gives_is_recognised(message: str, phone: str) -> None:
    assert contact_in(message) == Contact(phone=phone.lstrip("("))


@pytest.mark.parametrize(
    "message",
    [
        "I can't sign in with jo@example.com",
        "Did the mail to billing@example.com arrive?",
        "My order number is 4711 0815 123",
        "Where is O-77?",
        "my email is broken",
        "jo@example",
        "@example.com",
    ],
)
def test_what_is_no_way_to_reach_the_customer_is_none(message: str) -> None:
    assert contact_in(message) is None


@pytest.mark.parametrize(
    "message", ["My email is jo@example.com. How long do refunds take?", "jo@example.com " + "word " * 11]
)
def test_an_address_beside_something_else_is_not_all(message: str) -> None:
    assert not says_only(message, EMAIL)


@pytest.mark.parametrize("answer", ["Yes", "yes, perfect", "Ja!", "oui", "👍 ok"])
def test_an_address_is_offered_back_and_kept_once_confirmed(scene: Scene, answer: str) -> None:
    session_id, ticket_id = waiting(scene)
    asked = len(scene.model.prompts)
    offered = scene.ask("My email is jo@example.com", session_id=session_id)
    assert "**jo@example.com**?" in offered.answer
    assert scene.tickets.kept[ticket_id].contact is None
    kept = scene.ask(answer, session_id=session_id)
    assert "jo@example.com" in kept.answer
    assert scene.tickets.kept[ticket_id].contact == EMAIL
    assert scene.conversations.contact_of(session_id, None) == EMAIL
    assert len(scene.model.prompts) == asked
    assert (kept.model, kept.handled_by) == (None, "assistant")


@pytest.mark.parametrize("answer", ["No", "nein", "How do I reset my password?"])
def test_an_address_that_is_not_confirmed_is_not_kept(scene: Scene, answer: str) -> None:
    session_id, ticket_id = waiting(scene)
    scene.ask("My email is jo@example.com", session_id=session_id)
    scene.ask(answer, session_id=session_id)
    scene.ask("yes", session_id=session_id)
    assert scene.tickets.kept[ticket_id].contact is None


def test_a_question_beside_an_address_is_answered_and_the_address_offered(scene: Scene) -> None:
    session_id, ticket_id = waiting(scene)
    both = scene.ask("How do I reset it? My email is jo@example.com", session_id=session_id)
    assert both.answer.startswith("Choose Forgot password. [1]\n\nShould our support team")
    scene.ask("yes", session_id=session_id)
    assert scene.tickets.kept[ticket_id].contact == EMAIL


def test_an_address_in_the_wish_for_a_person_is_offered_at_once(scene: Scene) -> None:
    opened = scene.ask("I want to talk to a human, my email is jo@example.com")
    assert opened.offered_contact == EMAIL
    scene.ask("yes please", session_id=opened.session_id)
    assert scene.tickets.kept[opened.ticket_id or ""].contact == EMAIL


@pytest.mark.parametrize("state", ["without a ticket", "with an agent", "closed", "proven"])
def test_only_somebody_unknown_who_waits_is_offered_an_address(scene: Scene, state: str) -> None:
    proof = ADA_PROOF if state == "proven" else {}
    session_id = scene.ask("Hello", **proof).session_id
    if state != "without a ticket":
        ticket_id = scene.ask(HUMAN, session_id=session_id, **proof).ticket_id or ""
        if state == "with an agent":
            scene.reply(ticket_id)
        if state == "closed":
            scene.desk.change(ticket_id, TicketChange("closed"))
    said = scene.ask("My email is jo@example.com", session_id=session_id, **proof)
    assert said.offered_contact is None


class Forgetful(FakeConversations):
    """Cannot keep a contact, as long as it is told so."""

    keeps_contacts = False

    def keep_contact(self, *arguments: Any) -> None:
        if not self.keeps_contacts:
            raise Unavailable("conversations")
        super().keep_contact(*arguments)


def test_a_confirmation_that_cannot_be_kept_is_an_error() -> None:
    with open_scene(conversations=Forgetful) as scene:
        session_id, ticket_id = waiting(scene)
        scene.ask("My email is jo@example.com", session_id=session_id)
        with pytest.raises(Unavailable):
            scene.ask("yes", session_id=session_id, message_id="m")
        scene.conversations.keeps_contacts = True  # type: ignore[attr-defined]
        scene.ask("yes", session_id=session_id, message_id="m")
        assert scene.tickets.kept[ticket_id].contact == EMAIL


def test_a_form_sets_the_contact_of_the_conversation_and_its_open_ticket(scene: Scene) -> None:
    session_id, ticket_id = waiting(scene)
    contact = Contact("jo@example.com", "+49 30 1234567", "Jo, card 4111 1111 1111 1111")
    masked = Contact("jo@example.com", "+49 30 1234567", "Jo, card [card number]")
    assert scene.transcripts.set_contact(session_id, NOBODY, contact) == masked
    assert scene.tickets.kept[ticket_id].contact == masked
    scene.transcripts.set_contact(session_id, NOBODY, EMAIL)
    assert scene.tickets.kept[ticket_id].contact == EMAIL


def test_a_contact_that_came_before_the_ticket_is_given_to_it(scene: Scene) -> None:
    session_id = scene.ask("Hello").session_id
    scene.transcripts.set_contact(session_id, NOBODY, EMAIL)
    opened = scene.ask(HUMAN, session_id=session_id)
    assert scene.tickets.kept[opened.ticket_id or ""].contact == EMAIL


def test_who_left_an_address_is_not_asked_again_and_others_hear_of_it(scene: Scene) -> None:
    session_id, closed = waiting(scene)
    scene.transcripts.set_contact(session_id, NOBODY, EMAIL)
    scene.desk.change(closed, TicketChange("closed"))
    again = scene.ask(HUMAN, session_id=session_id)
    assert Voice().say("ask_for_address") not in again.answer
    assert scene.tickets.events[-1].data["contact"] == asdict(EMAIL)


def test_a_contact_that_comes_while_a_ticket_is_opened_is_not_lost(scene: Scene) -> None:
    session_id = scene.ask("Hello").session_id
    scene.model.before = lambda: scene.transcripts.set_contact(session_id, NOBODY, EMAIL)
    opened = scene.ask(HUMAN, session_id=session_id)
    assert scene.tickets.kept[opened.ticket_id or ""].contact == EMAIL


def test_a_closed_or_erased_ticket_gets_no_contact_and_the_next_one_does(scene: Scene) -> None:
    session_id, closed = waiting(scene)
    scene.desk.change(closed, TicketChange("closed"))
    scene.transcripts.set_contact(session_id, NOBODY, EMAIL)
    assert scene.tickets.kept[closed].contact is None
    opened = scene.ask(HUMAN, session_id=session_id).ticket_id or ""
    assert scene.tickets.kept[opened].contact == EMAIL
    scene.tickets.erase([opened])
    scene.transcripts.set_contact(session_id, NOBODY, Contact(email="new@example.com"))
    with pytest.raises(UnknownTicket):
        scene.tickets.get(opened)


def test_who_reads_on_sees_where_they_are_reached_while_the_ticket_is_open(scene: Scene) -> None:
    session_id, ticket_id = waiting(scene)
    assert scene.transcripts.read(session_id, NOBODY, 10).contact is None
    scene.transcripts.set_contact(session_id, NOBODY, EMAIL)
    assert scene.transcripts.read(session_id, NOBODY, 10).contact == EMAIL
    scene.desk.change(ticket_id, TicketChange("closed"))
    assert scene.transcripts.read(session_id, NOBODY, 10).contact is None


def test_one_customers_contact_is_not_put_on_anothers_ticket(scene: Scene) -> None:
    session_id = scene.sessions.issue()
    scene.ask("Hello", session_id=session_id, **ADA_PROOF)
    scene.transcripts.set_contact(session_id, ADA, EMAIL)
    bobs = scene.ask(HUMAN, session_id=session_id, **BOB_PROOF).ticket_id or ""
    assert scene.transcripts.read(session_id, BOB, 10).contact == Contact(email="bob@example.com")
    adas = scene.ask(HUMAN, session_id=session_id, **ADA_PROOF).ticket_id or ""
    assert scene.tickets.kept[bobs].contact == Contact(email="bob@example.com"), "as his record has it"
    assert scene.tickets.kept[adas].contact == EMAIL


def test_nobody_sets_the_contact_of_a_session_that_was_not_issued(scene: Scene) -> None:
    with pytest.raises(NotYourSession):
        scene.transcripts.set_contact("made-up", NOBODY, EMAIL)


def test_erasing_a_conversation_takes_the_contact_everywhere(scene: Scene) -> None:
    session_id, ticket_id = waiting(scene)
    scene.transcripts.set_contact(session_id, NOBODY, EMAIL)
    scene.transcripts.erase(session_id, NOBODY)
    assert scene.tickets.kept[ticket_id].contact is None
    assert scene.conversations.contacts == {}


def test_erasing_a_customer_takes_the_contact_of_their_sessions_alone(scene: Scene) -> None:
    session_id = scene.ask("Hello", **ADA_PROOF).session_id
    scene.transcripts.set_contact(session_id, ADA, EMAIL)
    other = scene.ask("Hello").session_id
    scene.transcripts.set_contact(other, NOBODY, EMAIL)
    scene.erasure.erase("CUST-1001")
    assert list(scene.conversations.contacts) == [other]
