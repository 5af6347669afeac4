"""When DynamoDB is out of reach each store says so, by its name and after a few tries."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from chalicelib.domain.conversation import Contact, Feedback
from chalicelib.domain.customer import Interaction
from chalicelib.domain.ingestion import IngestionJob, JobKey, SyncLease
from chalicelib.domain.ticket import Ticket, TicketChange, TicketFeedback, TicketFilter
from chalicelib.errors import Unavailable, UnreadableAnswer
from chalicelib.stores.conversations import Conversations
from chalicelib.stores.erasures import ErasureMarks
from chalicelib.stores.events import Events
from chalicelib.stores.interactions import Interactions
from chalicelib.stores.state import Counters
from chalicelib.stores.sync_state import SyncStates
from chalicelib.stores.ticket_conversations import TicketConversations
from chalicelib.stores.tickets import Tickets
from tests.builders import exchange_at, reply_at
from tests.dynamodb import LostAnswer, Network
from tests.fakes import START, FakeClock

MINUTE = timedelta(minutes=1)
EXCHANGE, REPLY = exchange_at(START), reply_at(START)
CHAT = Interaction("CUST-1001", START, "chat", -0.5, session_id="s")
TICKET = Ticket("T-1", START, "open", "web", "low", "Late", "Where is it?")
HELPFUL = TicketFeedback(True, None, None, START)
JOB = IngestionJob("JOB0000001", "STARTING", START, None, "change")
LEASE = SyncLease("first", START + MINUTE)
PATIENCE_SECONDS = 4
"""A ticket is waited for no longer."""

Calls = dict[str, tuple[str, Callable[[], object]]]


@pytest.fixture
def calls(aws: None) -> Calls:
    """Every call of every store, with what its outage says is out of reach."""
    conversations, tickets = Conversations(30, FakeClock()), Tickets(365, FakeClock(), Events(FakeClock()))
    said = TicketConversations(conversations, tickets, FakeClock())
    interactions, counters, states = Interactions(90, FakeClock()), Counters(), SyncStates("DS1")
    marks = ErasureMarks(FakeClock())
    return {
        "latest": ("conversations", lambda: conversations.latest("s", 1)),
        "by_client_message": ("conversations", lambda: conversations.by_client_message("s", "m")),
        "add": ("conversations", lambda: conversations.add(EXCHANGE)),
        "add_once": ("conversations", lambda: conversations.add_once(EXCHANGE)),
        "rate": ("conversations", lambda: conversations.rate("s", "m", Feedback("up", None, START))),
        "everything": ("conversations", lambda: conversations.everything("s")),
        "news": ("conversations", lambda: conversations.news("s", 1, START)),
        "contact_of": ("conversations", lambda: conversations.contact_of("s", None)),
        "keep_contact": ("conversations", lambda: conversations.keep_contact("s", None, Contact())),
        "erase_contact": ("conversations", lambda: conversations.erase_contact("s")),
        "holdings": ("conversations", lambda: conversations.holdings("s")),
        "sessions_of": ("conversations", lambda: conversations.sessions_of("CUST-1001")),
        "erase": ("conversations", lambda: conversations.erase([EXCHANGE])),
        "log": ("interactions", lambda: interactions.add(CHAT)),
        "interactions": ("interactions", lambda: interactions.latest("CUST-1001", 1)),
        "all_interactions": ("interactions", lambda: interactions.everything("CUST-1001")),
        "erase_interactions": ("interactions", lambda: interactions.erase([CHAT])),
        "add_ticket": ("tickets", lambda: tickets.add(TICKET)),
        "get": ("tickets", lambda: tickets.get("T-1")),
        "tickets": ("tickets", lambda: tickets.page(TicketFilter(), 10, None)),
        "open_of": ("tickets", lambda: tickets.open_of("CUST-1001")),
        "all_of": ("tickets", lambda: tickets.everything("CUST-1001")),
        "rate_ticket": ("tickets", lambda: tickets.rate("T-1", HELPFUL)),
        "change": ("tickets", lambda: tickets.change("T-1", TicketChange("closed"))),
        "say": ("tickets", lambda: said.say(REPLY, ["waiting"])),
        "of_customer": ("tickets", lambda: tickets.page(TicketFilter(customer_id="C"), 10, None)),
        "keep_draft": ("tickets", lambda: tickets.keep_draft(TICKET, "Hello.")),
        "erase_text": ("tickets", lambda: tickets.erase_text("T-1", "(gone)")),
        "erase_tickets": ("tickets", lambda: tickets.erase(["T-1"])),
        "mark": ("erasures", lambda: marks.session("s").__enter__()),
        "count": ("counters", lambda: counters.add("a", 1, START, MINUTE)),
        "reserve": ("counters", lambda: counters.reserve("a", 1, 9, START, MINUTE)),
        "state": ("sync_state", lambda: states.read()),
        "request": ("sync_state", lambda: states.request("change", START)),
        "lease": ("sync_state", lambda: states.lease(LEASE, START)),
        "started": ("sync_state", lambda: states.started(LEASE, 1, JOB, START)),
        "refused": ("sync_state", lambda: states.refused(LEASE, "ConflictException", START)),
        "keep": ("sync_state", lambda: states.keep(JOB)),
        "adopted": ("sync_state", lambda: states.adopted(JOB, START)),
        "settled": ("sync_state", lambda: states.settled(JOB, START)),
        "failed": ("sync_state", lambda: states.failed(JOB, "JobFailed", START, START)),
        "forget": ("sync_state", lambda: states.forget([JobKey(START, "JOB0000001")])),
        "jobs": ("sync_state", lambda: states.jobs([JobKey(START, "JOB0000001")])),
    }


def insist_on_outages(calls: Calls, kind: type[Unavailable] = Unavailable) -> None:
    """See that each call is an outage of its store."""
    for name, (store, call) in calls.items():
        with pytest.raises(kind) as outage:
            call()
        assert outage.value.dependency == store, name


def test_a_missing_table_is_an_outage(calls: Calls) -> None:
    insist_on_outages(calls)


@pytest.mark.parametrize("error", [ReadTimeoutError, ConnectionClosedError])
def test_an_answer_that_never_comes_is_an_outage(
    tables: None, network: Network, pauses_seconds: list[float], calls: Calls, error: LostAnswer
) -> None:
    network.lose_answers(error)
    insist_on_outages(calls)


@pytest.mark.parametrize("error", [ReadTimeoutError, ConnectionClosedError])
def test_an_update_whose_answer_never_comes_is_an_outage(
    tables: None, network: Network, pauses_seconds: list[float], calls: Calls, error: LostAnswer
) -> None:
    for name in ("add", "add_ticket"):
        calls[name][1]()
    network.lose_answers(error, "UpdateItem")
    insist_on_outages({name: calls[name] for name in ("rate", "rate_ticket")})


def test_throttling_without_end_is_an_outage_after_three_tries(
    tables: None, network: Network, pauses_seconds: list[float], calls: Calls
) -> None:
    for name in calls:
        network.refused = 0
        network.refuse(100)
        pauses_seconds.clear()
        insist_on_outages({name: calls[name]})
        assert network.refused == 3, name
        assert sum(pauses_seconds) < PATIENCE_SECONDS


def test_a_throttled_write_is_made_on_another_try(
    tables: None, network: Network, pauses_seconds: list[float], calls: Calls
) -> None:
    network.refuse(2)
    calls["add_ticket"][1]()
    assert (network.refused, calls["get"][1]()) == (2, TICKET)


def test_an_answer_that_is_cut_off_or_of_another_shape_is_an_outage(network: Network, calls: Calls) -> None:
    for body in (b"", b"{", b'{"Item":{"ticket_id', b"\xff", b"null", b"[]", b"5", b'"text"'):
        network.answer(body)
        insist_on_outages(calls, UnreadableAnswer)


ITEMS = b'{"Items":[%s],"Count":1,"ScannedCount":1}'


INCOMPLETE = [
    # No answer of these operations is without these, so this one was cut off.
    ("latest everything news holdings sessions_of rate tickets open_of interactions", b"{}"),
    ("count request lease", b"{}"),
    ("erase_tickets jobs", b"{}"),
    ("by_client_message get rate_ticket state", b'{"Item":[]}'),
    ("by_client_message get rate_ticket", b'{"Item":{"ticket_id":{"S":"T-1"},"session_id":{"S":"s"}}}'),
    ("get", b'{"Item":{"ticket_id":{"N":"5"}}}'),
    ("latest everything news holdings sessions_of tickets open_of interactions", ITEMS % b"{}"),
    ("latest everything news holdings sessions_of rate tickets open_of interactions", ITEMS % b"null"),
    ("latest everything news holdings sessions_of rate", ITEMS % b'{"timestamp":{"N":"today"}}'),
    ("interactions tickets open_of", ITEMS % b'{"timestamp":{"N":"5"},"created_at":{"S":"today"}}'),
    ("count request lease", b'{"Attributes":[]}'),
    ("erase_tickets jobs", b'{"Responses":[]}'),
    (
        "erase_tickets",
        b'{"Responses":{"support-tickets":[{"ticket_id":{"S":"T-1"}}]},"UnprocessedKeys":{}}',
    ),
    ("jobs", b'{"Responses":{"support-state":[{"pk":{"S":"sync-job#J"}}]},"UnprocessedKeys":{}}'),
]


def test_an_item_that_lacks_what_it_must_hold_is_an_outage(network: Network, calls: Calls) -> None:
    for names, body in INCOMPLETE:
        network.answer(body)
        insist_on_outages({name: calls[name] for name in names.split()}, UnreadableAnswer)
