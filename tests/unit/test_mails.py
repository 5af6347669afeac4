"""Who is told by mail: the team of each new ticket, a customer of a reply that they have not read."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from chalicelib.chat.person.links import ConversationLinks
from chalicelib.chat.sessions import Visitor
from chalicelib.domain.conversation import Contact
from chalicelib.domain.event import Event
from chalicelib.domain.mail import Mail
from chalicelib.errors import LinkNotValid, NotYourConversation, SendingFailed, SendingRefused, Unavailable
from chalicelib.events.mails import HAS_READ, IS_ERASED, NO_ADDRESS, CustomerMail, TeamMail
from tests.builders import ADA
from tests.fakes import FakeTickets
from tests.scene import ADA_PROOF, NOBODY, Scene, open_scene

HUMAN = "I want to talk to a human"
EMAIL = Contact(email="jo@example.com")
PAGE = "https://help.example.com/chat/"
AS_ADA = Visitor(NOBODY.address, ADA_PROOF["proof"])
CARD = "4111 1111 1111 1111"


@dataclass
class FakeMails:
    """Keeps mails, unless it is told to fail."""

    sent: list[Mail] = field(default_factory=list)
    failure: SendingFailed | None = None

    def send(self, mail: Mail) -> None:
        if self.failure:
            raise self.failure
        self.sent.append(mail)


class NotingTickets(FakeTickets):
    """Counts how often reading was noted."""

    noted, can_note = 0, True

    def note_read(self, ticket_id: str, until: datetime) -> None:
        if not self.can_note:
            raise Unavailable("tickets")
        self.noted += 1
        super().note_read(ticket_id, until)


class Desk:
    """A customer who waits for a person, an agent who replies, and the receivers of what happens."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.mails = scene, FakeMails()
        assert isinstance(scene.tickets, NotingTickets)
        self.tickets = scene.tickets
        links = ConversationLinks(scene.sessions, PAGE, scene.clock)
        self.customer = CustomerMail(scene.tickets, self.mails, timedelta(seconds=120), links.link)
        self.session_id, self.ticket_id = "", ""

    def open(self, contact: Contact | None = EMAIL, **fields: object) -> "Desk":
        opened = self.scene.ask(HUMAN, **fields)
        self.session_id, self.ticket_id = opened.session_id, opened.ticket_id or ""
        if contact:
            self.scene.transcripts.set_contact(self.session_id, NOBODY, contact)
        return self

    def reply(self, message: str = "It is on its way.", **fields: object) -> Event:
        self.scene.reply(self.ticket_id, message, **fields)
        events = self.tickets.events_of(self.ticket_id)
        return next(event for event in reversed(events) if event.type == "ticket.replied")

    def read(self, **place: object) -> None:
        self.scene.transcripts.read(self.session_id, NOBODY, 20, **place)  # type: ignore[arg-type]

    def token(self) -> str:
        """Return the token of the link in the newest mail."""
        (line,) = [line for line in self.mails.sent[-1].text.splitlines() if line.startswith(PAGE)]
        return line.removeprefix(f"{PAGE}#conversation=")


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_scene(tickets=NotingTickets) as scene:
        yield Desk(scene)


def test_the_team_hears_of_a_new_ticket_at_once(desk: Desk) -> None:
    desk.open()
    event = desk.tickets.events_of(desk.ticket_id)[0]
    team = TeamMail("team@example.com", desk.mails)
    assert (team.wants(event), team.not_before(event)) == (True, event.timestamp)
    team.send(event)
    (mail,) = desk.mails.sent
    assert (mail.to, desk.ticket_id in mail.subject) == ("team@example.com", True)
    assert not team.wants(desk.reply())


def test_a_reply_is_mailed_to_who_has_not_read_it(desk: Desk) -> None:
    event = desk.open().reply()
    assert desk.customer.wants(event)
    assert desk.customer.not_before(event) - event.timestamp == timedelta(seconds=120)
    assert desk.customer.send(event) is None
    (mail,) = desk.mails.sent
    assert mail.to == "jo@example.com"
    assert "> It is on its way." in mail.text


def test_a_reply_that_was_read_in_the_chat_is_not_mailed(desk: Desk) -> None:
    read = desk.open().reply()
    desk.read()
    unread = desk.reply("And one more thing.")
    assert (desk.customer.send(read), desk.customer.send(unread)) == (HAS_READ, None)
    (mail,) = desk.mails.sent
    assert "one more thing" in mail.text


def test_a_page_that_reads_on_notes_what_it_has_seen(desk: Desk) -> None:
    event = desk.open().reply()
    desk.read(newer_than=event.timestamp)
    assert desk.customer.send(event) == HAS_READ


def test_a_page_that_shows_older_messages_has_not_read_the_reply(desk: Desk) -> None:
    event = desk.open().reply()
    desk.read(older_than=event.timestamp)
    assert desk.customer.send(event) is None


def test_reading_costs_a_write_once_for_each_reply_and_else_none(desk: Desk) -> None:
    desk.open().read()
    assert desk.tickets.noted == 0
    for count in (1, 2):
        event = desk.reply()
        for _ in range(3):
            desk.read(newer_than=event.timestamp)
        assert desk.tickets.noted == count


def test_a_conversation_is_read_although_that_cannot_be_noted(desk: Desk) -> None:
    event = desk.open().reply()
    desk.tickets.can_note = False
    desk.read()
    assert desk.customer.send(event) is None


def test_a_proven_customer_is_mailed_at_the_address_on_record(desk: Desk) -> None:
    event = desk.open(contact=None, **ADA_PROOF).reply()
    assert desk.customer.wants(event)
    desk.customer.send(event)
    assert desk.mails.sent[0].to == ADA.email


def test_nobody_is_mailed_who_left_no_address(desk: Desk) -> None:
    assert not desk.customer.wants(desk.open(contact=None).reply())
    phone = Desk(desk.scene).open(contact=Contact(phone="+49 30 1234567"))
    assert not desk.customer.wants(phone.reply())


def test_an_address_that_was_corrected_since_counts(desk: Desk) -> None:
    event = desk.open().reply()
    desk.scene.transcripts.set_contact(desk.session_id, NOBODY, Contact(email="new@example.com"))
    desk.customer.send(event)
    assert desk.mails.sent[0].to == "new@example.com"
    desk.scene.transcripts.set_contact(desk.session_id, NOBODY, Contact(phone="+49 30 1234567"))
    assert desk.customer.send(event) == NO_ADDRESS


def test_a_reply_to_a_ticket_that_came_by_mail_is_for_its_system_to_send(desk: Desk) -> None:
    desk.scene.post(channel="email")
    desk.ticket_id = "T-1"
    assert not desk.customer.wants(desk.reply())


def test_a_mail_is_in_the_language_of_the_page_that_was_asked_on(desk: Desk) -> None:
    desk.customer.send(desk.open(language="de").reply())
    (mail,) = desk.mails.sent
    assert mail.subject == f"Unser Support-Team hat Ihnen geantwortet (Ticket {desk.ticket_id})"
    assert '<html lang="de">' in mail.html


def test_a_closed_ticket_still_has_its_reply_mailed(desk: Desk) -> None:
    event = desk.open().reply(closes=True)
    assert desk.tickets.get(desk.ticket_id).state == "closed"
    assert desk.customer.send(event) is None
    assert len(desk.mails.sent) == 1


@pytest.mark.parametrize("whose", ["conversation", "customer"])
def test_what_was_erased_meanwhile_is_not_mailed_and_opens_nothing(desk: Desk, whose: str) -> None:
    event = desk.open(contact=None, **ADA_PROOF).reply()
    desk.customer.send(event)
    token = desk.token()
    if whose == "conversation":
        desk.scene.transcripts.erase(desk.session_id, AS_ADA)
    else:
        desk.scene.erasure.erase(ADA.external_id)
    assert desk.customer.send(event) == IS_ERASED
    assert len(desk.mails.sent) == 1
    with pytest.raises(LinkNotValid):
        desk.scene.transcripts.open_link(token, AS_ADA)


def test_a_store_that_is_out_of_reach_is_a_reason_to_try_again(desk: Desk) -> None:
    event = desk.open().reply()
    desk.tickets.down = Unavailable("tickets")
    with pytest.raises(SendingFailed, match="could not be reached") as failed:
        desk.customer.send(event)
    assert not isinstance(failed.value, SendingRefused)


def test_no_mail_holds_what_masking_removes_or_a_session_id(desk: Desk) -> None:
    desk.open()
    created = desk.tickets.events_of(desk.ticket_id)[0]
    TeamMail("team@example.com", desk.mails).send(created)
    desk.customer.send(desk.reply(f"Your card {CARD} was charged."))
    desk.scene.post(description=f"My card is {CARD}.")
    TeamMail("team@example.com", desk.mails).send(desk.tickets.events_of("T-1")[0])
    assert len(desk.mails.sent) == 3
    for mail in desk.mails.sent:
        assert CARD not in mail.text + mail.html + mail.subject
        assert desk.session_id not in mail.text + mail.html


def test_the_link_opens_the_conversation_for_a_week(desk: Desk) -> None:
    desk.customer.send(desk.open().reply())
    token, transcripts = desk.token(), desk.scene.transcripts
    assert transcripts.open_link(token, NOBODY) == desk.session_id
    desk.scene.clock.advance(days=6)
    assert transcripts.open_link(token, NOBODY) == desk.session_id
    desk.scene.clock.advance(days=1)
    with pytest.raises(LinkNotValid):
        transcripts.open_link(token, NOBODY)


@pytest.mark.parametrize("place", range(3))
def test_a_link_that_was_changed_anywhere_opens_nothing(desk: Desk, place: int) -> None:
    desk.customer.send(desk.open().reply())
    other = Desk(desk.scene)
    other.customer.send(other.open().reply())
    parts, others = desk.token().rsplit(".", 2), ["T-0", "9999999999", "0" * 32]
    forged = [*parts[:place], others[place], *parts[place + 1 :]]
    for token in (".".join(forged), "T-1", "..", "x.y.z", ""):
        with pytest.raises(LinkNotValid):
            desk.scene.transcripts.open_link(token, NOBODY)


def test_a_proven_customers_link_opens_with_the_proof_alone(desk: Desk) -> None:
    desk.customer.send(desk.open(contact=None, **ADA_PROOF).reply())
    with pytest.raises(NotYourConversation):
        desk.scene.transcripts.open_link(desk.token(), NOBODY)
    assert desk.scene.transcripts.open_link(desk.token(), AS_ADA) == desk.session_id


def test_a_session_id_that_a_client_made_up_is_not_linked(desk: Desk) -> None:
    event = desk.open(contact=None, session_id="made-up").reply()
    ticket = desk.tickets.kept[desk.ticket_id]
    desk.tickets.kept[desk.ticket_id] = replace(ticket, contact=EMAIL)
    desk.customer.send(event)
    assert PAGE not in desk.mails.sent[0].text
