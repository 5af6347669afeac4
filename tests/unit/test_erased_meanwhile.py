"""Erasing while a request is under way: at whatever point of it, nothing of it is left."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import RLock

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.chat.sessions import Visitor
from chalicelib.domain.conversation import Feedback
from chalicelib.domain.customer import Interaction
from chalicelib.domain.protocols import ConversationStore, ErasureMarks, InteractionStore, TicketStore
from chalicelib.domain.ticket import TicketFeedback, TicketSummary
from chalicelib.errors import ErasedMeanwhile, Unavailable, UnknownMessage, UnknownTicket
from chalicelib.stores import erasures
from chalicelib.stores.conversations import Conversations
from chalicelib.stores.events import Events
from chalicelib.stores.interactions import Interactions
from chalicelib.stores.state import StateItem
from chalicelib.stores.tickets import Tickets
from chalicelib.times import to_millis
from tests.builders import ADA, exchange_at, ticket
from tests.fakes import (
    START,
    FakeClock,
    FakeConversations,
    FakeErasureMarks,
    FakeInteractions,
    FakeTickets,
)
from tests.scene import ADA_PROOF, PARCEL, Scene, open_scene

SECOND = timedelta(seconds=1)
WORDS = "I want to talk to a human"
REFUSALS = (ErasedMeanwhile, UnknownMessage, UnknownTicket)
Action = Callable[[Scene], object]


@dataclass(frozen=True)
class Stores:
    """The stores that write what belongs to somebody."""

    marks: ErasureMarks
    conversations: ConversationStore
    interactions: InteractionStore
    tickets: TicketStore


@pytest.fixture(params=["fake", "dynamodb"])
def stores(request: pytest.FixtureRequest, clock: FakeClock) -> Stores:
    if request.param == "fake":
        marks = FakeErasureMarks(clock)
        return Stores(
            marks,
            FakeConversations(30, clock, marks),
            FakeInteractions(90, clock, marks),
            FakeTickets(365, clock, marks),
        )
    request.getfixturevalue("tables")
    return Stores(
        erasures.ErasureMarks(clock),
        Conversations(30, clock),
        Interactions(90, clock),
        Tickets(365, clock, Events(clock)),
    )


def writes_of(stores: Stores, session_id: str, customer_id: str | None) -> list[Callable[..., object]]:
    """Return what writes to a session of a customer, each to be called with the time a request began."""
    exchange = exchange_at(START, session_id, customer_id=customer_id)
    opened = ticket("T-1", session_id=session_id, customer_id=customer_id)
    logged = Interaction(customer_id or "nobody", START, "chat", None, session_id=session_id)
    return [
        lambda began_at: stores.conversations.add(exchange, began_at),
        lambda began_at: stores.conversations.add_once(replace(exchange, message_id="once"), began_at),
        lambda began_at: stores.interactions.add(logged, began_at),
        lambda began_at: stores.tickets.add(opened, began_at),
    ]


@pytest.mark.parametrize("whose", ["session", "customer"])
def test_only_what_began_before_the_erasure_was_over_is_refused(
    stores: Stores, clock: FakeClock, whose: str
) -> None:
    subject = {"session": "s", "customer": "CUST-1001"}[whose]
    with getattr(stores.marks, whose)(subject):
        clock.advance(seconds=1)
    for write in writes_of(stores, "s", "CUST-1001"):
        for began_at in (START - SECOND, START, START + SECOND):
            with pytest.raises(ErasedMeanwhile):
                write(began_at)
    assert stores.conversations.everything("s") == ()
    assert stores.interactions.everything("CUST-1001") == ()
    with pytest.raises(UnknownTicket):
        stores.tickets.get("T-1")
    for write in writes_of(stores, "s", "CUST-1001"):
        write(START + 2 * SECOND)
    assert len(stores.conversations.everything("s")) == 2


def test_an_erasure_stops_no_other_session_or_customer(stores: Stores) -> None:
    with stores.marks.session("s"), stores.marks.customer("CUST-1001"):
        for write in (*writes_of(stores, "other", "CUST-1002"), *writes_of(stores, "CUST-1001", None)):
            write(START)


def test_an_erasure_that_was_cut_off_goes_on_refusing_for_minutes(stores: Stores, clock: FakeClock) -> None:
    with pytest.raises(Unavailable), stores.marks.session("s"):
        raise Unavailable("tickets")
    clock.advance(seconds=60)
    for write in writes_of(stores, "s", None):
        with pytest.raises(ErasedMeanwhile):
            write(clock.now)
    clock.advance(seconds=61)
    for write in writes_of(stores, "s", None):
        write(clock.now)


def test_the_end_of_an_erasure_does_not_end_a_later_one(stores: Stores, clock: FakeClock) -> None:
    with ExitStack() as later:
        with stores.marks.session("s"):
            clock.advance(seconds=1)
            later.enter_context(stores.marks.session("s"))
            clock.advance(seconds=1)
        clock.advance(seconds=1)
        for write in writes_of(stores, "s", None):
            with pytest.raises(ErasedMeanwhile):
                write(clock.now)
    clock.advance(seconds=1)
    for write in writes_of(stores, "s", None):
        write(clock.now)


def test_what_began_between_the_ends_of_two_erasures_is_refused(stores: Stores, clock: FakeClock) -> None:
    with stores.marks.session("s"):
        clock.advance(seconds=1)
        with stores.marks.session("s"):
            clock.advance(seconds=1)
        clock.advance(seconds=2)
    for write in writes_of(stores, "s", None):
        with pytest.raises(ErasedMeanwhile):
            write(clock.now - SECOND)


def test_what_was_written_until_an_erasure_ended_is_told_as_erased(stores: Stores, clock: FakeClock) -> None:
    assert not stores.marks.has_erased("s", "CUST-1001", START)
    with stores.marks.session("s"):
        clock.advance(seconds=1)
    for subject, seconds, is_erased in [("s", 0, True), ("s", 1, True), ("s", 2, False), ("other", 0, False)]:
        written_at = START + seconds * SECOND
        assert stores.marks.has_erased(subject, "CUST-1001", written_at) == is_erased


def test_a_mark_is_put_after_the_transactions_that_are_under_way_with_it(
    tables: None, clock: FakeClock
) -> None:
    conflicts = 2

    def conflict(**_: object) -> None:
        nonlocal conflicts
        if conflicts:
            conflicts -= 1
            raise ClientError({"Error": {"Code": "TransactionConflictException", "Message": ""}}, "PutItem")

    events = StateItem._get_connection().connection.client.meta.events
    events.register("before-parameter-build.dynamodb.PutItem", conflict, "conflict")
    with erasures.ErasureMarks(clock).session("s"):
        assert conflicts == 0
    events.unregister("before-parameter-build.dynamodb.PutItem", conflict, "conflict")
    assert len(boto3.client("dynamodb").scan(TableName="support-state")["Items"]) == 1


def test_a_mark_names_nobody_and_is_gone_after_a_day(tables: None, clock: FakeClock) -> None:
    marks = erasures.ErasureMarks(clock)
    with marks.session("session-1"), marks.customer("CUST-1001"):
        pass
    items = boto3.client("dynamodb").scan(TableName="support-state")["Items"]
    assert len(items) == 2
    assert "session-1" not in str(items)
    assert "CUST-1001" not in str(items)
    assert {int(item["ttl"]["N"]) for item in items} == {to_millis(START + timedelta(days=1)) // 1000}


class LaggingConversations(FakeConversations):
    """Its index by customer shows nothing yet."""

    def sessions_of(self, _customer_id: str) -> frozenset[str]:
        return frozenset()


class LaggingTickets(FakeTickets):
    """Its index by customer shows nothing yet."""

    def everything(self, _customer_id: str) -> tuple[TicketSummary, ...]:
        return ()


@pytest.fixture
def scenes() -> Iterator[Callable[[], Scene]]:
    """Open scenes in which the indexes are as late as can be."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(
            open_scene(tickets=LaggingTickets, conversations=LaggingConversations)
        )


def session_of(scene: Scene) -> str:
    return scene.sessions.issue("3f1b8b3e-5b0e-4c55-9d0e-2f6f5ad1f0a1")


def a_hand_over(scene: Scene) -> None:
    scene.ask(WORDS, session_id=session_of(scene), message_id="m-2", **ADA_PROOF)


def a_hand_over_of_nobody_known(scene: Scene) -> None:
    scene.ask(WORDS, session_id=session_of(scene))


VISITOR = Visitor("address#192.0.2.1", ADA_PROOF["proof"])


def an_answer(scene: Scene) -> None:
    scene.ask("How do I reset my password?", session_id=session_of(scene), message_id="m-2", **ADA_PROOF)


def a_ticket(scene: Scene) -> None:
    scene.post(PARCEL)


def a_rating(scene: Scene) -> None:
    up = Feedback("up", WORDS, scene.clock())
    scene.transcripts.rate(session_of(scene), VISITOR, "m-1", up)


def a_rating_of_a_ticket(scene: Scene) -> None:
    scene.desk.rate("T-0", TicketFeedback(True, None, WORDS, scene.clock()))


def erase_session(scene: Scene) -> None:
    scene.transcripts.erase(session_of(scene), VISITOR)


def erase_customer(scene: Scene) -> None:
    scene.erasure.erase(ADA.external_id)


def before(scene: Scene) -> None:
    """Let the customer have been here before."""
    scene.ask("Hello?", session_id=session_of(scene), message_id="m-1", **ADA_PROOF)
    scene.post(PARCEL, ticket_id="T-0")
    scene.clock.advance(seconds=1)


def interrupt(scene: Scene, at_call: int, action: Action) -> Callable[[], int]:
    """Do something before a call of a store; return what tells how many calls there were."""
    lock, calls = RLock(), 0
    stores = (scene.conversations, scene.interactions, scene.tickets, scene.counters, scene.model)

    def count() -> None:
        nonlocal calls
        with lock:
            calls += 1
            if calls == at_call:
                for store in stores:
                    store.before = lambda: None
                scene.clock.advance(seconds=1)
                action(scene)
                scene.clock.advance(seconds=1)

    for store in stores:
        store.before = count
    return lambda: calls


def is_left(scene: Scene) -> list[object]:
    """Return what is kept of the customer and of the session."""
    words = [t for t in scene.tickets.kept.values() if WORDS in (t.subject, t.description, str(t.feedback))]
    return [*scene.conversations.kept, *words, *scene.interactions.kept]


@pytest.mark.parametrize(
    ("request_under_way", "erase"),
    [
        (a_hand_over, erase_session),
        (a_hand_over, erase_customer),
        (a_hand_over_of_nobody_known, erase_session),
        (a_hand_over_of_nobody_known, erase_customer),
        (an_answer, erase_session),
        (an_answer, erase_customer),
        (a_rating, erase_session),
        (a_rating, erase_customer),
        (a_ticket, erase_customer),
        (a_rating_of_a_ticket, erase_customer),
        (erase_session, erase_session),
        (erase_session, erase_customer),
        (erase_customer, erase_session),
        (erase_customer, erase_customer),
    ],
)
def test_an_erasure_at_any_point_of_a_request_leaves_nothing_of_it(
    scenes: Callable[[], Scene], request_under_way: Action, erase: Action
) -> None:
    whole = scenes()
    before(whole)
    count = interrupt(whole, 0, erase)
    request_under_way(whole)
    for at_call in range(1, count() + 1):
        scene = scenes()
        before(scene)
        interrupt(scene, at_call, erase)
        with suppress(*REFUSALS):
            request_under_way(scene)
        if erase is erase_session:
            scene.interactions.kept = [i for i in scene.interactions.kept if i.session_id]
        assert is_left(scene) == [], at_call
        if erase is erase_customer:
            assert [t for t in scene.tickets.kept.values() if t.customer_id] == [], at_call


@pytest.mark.parametrize("asks_first", [True, False])
def test_a_request_that_was_erased_takes_back_no_ticket_that_was_told_of(
    scenes: Callable[[], Scene], asks_first: bool
) -> None:
    told: list[str | None] = []

    def ask_and_erase(scene: Scene) -> None:
        if not asks_first:
            erase_session(scene)
            scene.clock.advance(seconds=1)
        told.append(scene.ask(WORDS, session_id=session_of(scene), message_id="m-3").ticket_id)
        if asks_first:
            erase_session(scene)

    whole = scenes()
    count = interrupt(whole, 0, ask_and_erase)
    a_hand_over_of_nobody_known(whole)
    for at_call in range(1, count() + 1):
        scene = scenes()
        interrupt(scene, at_call, ask_and_erase)
        with suppress(*REFUSALS):
            a_hand_over_of_nobody_known(scene)
        assert told.pop() in scene.tickets.kept, at_call


@pytest.mark.parametrize("erase", [erase_session, erase_customer])
def test_a_conversation_goes_on_after_it_was_erased(scene: Scene, erase: Action) -> None:
    before(scene)
    erase(scene)
    scene.clock.advance(seconds=1)
    a_hand_over(scene)
    assert [e.question for e in scene.conversations.kept] == [WORDS]
    assert WORDS in {t.description for t in scene.tickets.kept.values()}


def test_a_turn_that_was_erased_counts_for_what_it_consumed() -> None:
    def tokens_after(before_the_model: Action) -> list[int]:
        with open_scene(tokens_per_day=100_000) as scene:
            scene.model.before = lambda: before_the_model(scene)
            with suppress(ErasedMeanwhile):
                an_answer(scene)
            return list(scene.counters.counts.values())

    assert tokens_after(erase_session) == tokens_after(lambda _: None)
