"""The contract of the tickets: the fake and DynamoDB keep the same one."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import get_args

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.conversation import Contact, Feedback
from chalicelib.domain.ticket import (
    MAX_FEEDBACK,
    Ticket,
    TicketChange,
    TicketFeedback,
    TicketFilter,
    TicketStatus,
    TicketSummary,
)
from chalicelib.errors import UnknownTicket
from chalicelib.stores.events import Events
from chalicelib.stores.tickets import Tickets
from chalicelib.times import MILLISECOND
from tests.builders import ticket
from tests.fakes import START, FakeClock, FakeTickets

Store = Tickets | FakeTickets
SECOND = timedelta(seconds=1)
STATUSES: tuple[TicketStatus, ...] = get_args(TicketStatus)
HELPFUL = TicketFeedback(True, "kb_suggestions", 'The first article had it: “é” 🙂 "quoted"', START)


def ids(tickets: Iterable[Ticket | TicketSummary]) -> list[str]:
    return [t.ticket_id for t in tickets]


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest, clock: FakeClock) -> Store:
    if request.param == "fake":
        return FakeTickets(365, clock)
    request.getfixturevalue("tables")
    return Tickets(365, clock, Events(clock))


def test_a_ticket_comes_back_as_it_was_stored(store: Store) -> None:
    full = ticket(
        customer_id="CUST-1001",
        session_id="s",
        assignee="Jo",
        reason="customer_request",
        external_ticket_id="ZD-7",
        metadata={"plan": {"seats": [1, 2.5, 10**60, -1e-300, None, True, ""]}, "naïve 🙂": "“”"},
        fingerprint="f00d",
        feedback=(HELPFUL,),
    )
    for one in (full, ticket("T-2")):
        assert store.add(one) == store.get(one.ticket_id) == one


def test_a_time_is_kept_to_the_millisecond_whatever_its_zone(store: Store) -> None:
    noon_in_delhi = datetime(2026, 11, 20, 12, 0, 0, 123999, timezone(timedelta(hours=5, minutes=30)))
    added = store.add(ticket(created_at=noon_in_delhi))
    assert added.created_at == datetime(2026, 11, 20, 6, 30, 0, 123000, timezone.utc)
    assert store.get("T-1") == added


def test_a_ticket_id_is_given_once(store: Store) -> None:
    assert store.add(ticket()) == ticket()
    assert store.add(ticket(subject="another")) == ticket()
    assert store.get("T-1") == ticket()


def insist_unknown(store: Store, ticket_id: str) -> None:
    """See that nothing can be done with a ticket."""
    uses: tuple[Callable[[], object], ...] = (
        lambda: store.get(ticket_id),
        lambda: store.rate(ticket_id, HELPFUL),
        lambda: store.change(ticket_id, TicketChange("closed")),
    )
    for use in uses:
        with pytest.raises(UnknownTicket):
            use()


def test_a_ticket_that_is_not_there_is_unknown(store: Store) -> None:
    store.add(ticket())
    insist_unknown(store, "T-2")
    assert store.page(TicketFilter(), 10, None).tickets == (ticket(),)


def test_an_expired_ticket_is_not_there_even_before_it_is_deleted(store: Store, clock: FakeClock) -> None:
    for n in range(6):
        store.add(ticket(f"T-{n}", created_at=START + n * SECOND, customer_id="CUST-1001"))
    clock.advance(days=200)
    for n in range(3):
        store.add(ticket(f"later-{n}", created_at=START - n * SECOND))
    clock.advance(days=165, seconds=1)
    insist_unknown(store, "T-1")
    page = store.page(TicketFilter(), 3, None)
    assert (ids(page.tickets), page.next) == (["later-0", "later-1", "later-2"], None)
    assert store.open_of("CUST-1001") == ()


def test_a_ticket_is_kept_from_when_it_came_in_however_old_it_is(store: Store, clock: FakeClock) -> None:
    old = ticket(created_at=START - timedelta(days=1000))
    store.add(old)
    clock.advance(days=364)
    assert store.get("T-1") == old
    clock.advance(days=2)
    with pytest.raises(UnknownTicket):
        store.get("T-1")


def test_tickets_are_listed_newest_first_over_all_customers_and_statuses(store: Store) -> None:
    for n, status in enumerate(("closed", "open", "pending", "open")):
        store.add(ticket(f"T-{n}", created_at=START + n * SECOND, status=status, customer_id=f"C-{n}"))
    assert ids(store.page(TicketFilter(), 10, None).tickets) == ["T-3", "T-2", "T-1", "T-0"]
    assert ids(store.page(TicketFilter("open"), 10, None).tickets) == ["T-3", "T-1"]
    assert ids(store.page(TicketFilter("closed"), 10, None).tickets) == ["T-0"]


def test_a_cursor_still_leads_on_when_its_ticket_is_gone(store: Store) -> None:
    for n in range(4):
        store.add(ticket(f"T-{n}", created_at=START + n * SECOND))
    page = store.page(TicketFilter("open"), 2, None)
    store.erase(["T-2"])
    assert ids(store.page(TicketFilter("open"), 2, page.next).tickets) == ["T-1", "T-0"]


CUSTOMERS, ASSIGNEES = ("CUST-1001", "CUST-1002", None), ("Ann", "Bo", None)
# Few different milliseconds, so that many tickets share one.
listed = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(STATUSES),
        st.sampled_from(CUSTOMERS),
        st.sampled_from(ASSIGNEES),
    ),
    max_size=12,
)
filters = st.builds(
    TicketFilter,
    st.sampled_from([None, *STATUSES]),
    st.sampled_from([None, *CUSTOMERS]),
    st.sampled_from([None, *ASSIGNEES]),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(listed, filters, st.integers(1, 13))
def test_paging_leads_past_each_wanted_ticket_once_newest_first(
    store: Store,
    kept: list[tuple[int, TicketStatus, str | None, str | None]],
    wanted: TicketFilter,
    limit: int,
) -> None:
    tickets = [
        ticket(f"T-{n}", created_at=START + late * MILLISECOND, status=status, customer_id=whose, assignee=to)
        for n, (late, status, whose, to) in enumerate(kept)
    ]
    for one in tickets:
        store.add(one)
    seen: list[Ticket] = []
    before: str | None = None
    for _ in range(len(tickets) + 1):
        page = store.page(wanted, limit, before)
        assert len(page.tickets) == limit or page.next is None
        seen += page.tickets
        before = page.next
        if before is None:
            break
    store.erase(ids(tickets))
    expected = [
        t
        for t in tickets
        if wanted.status in (None, t.status)
        and wanted.customer_id in (None, t.customer_id)
        and wanted.assignee in (None, t.assignee)
    ]
    assert seen == sorted(expected, key=lambda t: (t.created_at, t.ticket_id), reverse=True)


def test_a_customers_tickets_are_told_in_short_and_the_open_ones_apart(store: Store) -> None:
    for n, status in enumerate(("open", "closed", "pending", "open")):
        moment = START + n * SECOND
        store.add(ticket(f"T-{n}", created_at=moment, status=status, customer_id="CUST-1001"))
    store.add(ticket("T-other", customer_id="CUST-1002"))
    store.add(ticket("T-nobody"))
    assert ids(store.open_of("CUST-1001")) == ["T-3", "T-2", "T-0"]
    assert ids(store.everything("CUST-1001")) == ["T-3", "T-2", "T-1", "T-0"]
    assert store.open_of("CUST-1001")[2] == TicketSummary("T-0", START, "open", "Wants a person")
    assert store.open_of("CUST-1003") == store.everything("CUST-1003") == ()


def test_all_of_many_large_tickets_are_found(store: Store) -> None:
    # More than the megabyte that DynamoDB returns at once.
    for n in range(30):
        store.add(ticket(f"T-{n}", customer_id="CUST-1001", description="x" * 60_000))
    assert len(store.open_of("CUST-1001")) == len(store.everything("CUST-1001")) == 30
    assert len(store.page(TicketFilter(), 30, None).tickets) == 30


def test_an_expired_ticket_is_still_erased_and_its_id_free_again(store: Store, clock: FakeClock) -> None:
    store.add(ticket(customer_id="CUST-1001"))
    clock.advance(days=366)
    assert ids(store.everything("CUST-1001")) == ["T-1"]
    assert ids(store.erase(["T-1"])) == ["T-1"]
    store.add(ticket("T-2"))
    clock.advance(days=366)
    later = ticket("T-2", subject="another")
    assert store.add(later) == store.get("T-2") == later


def test_a_moved_ticket_is_listed_under_its_new_status_only(store: Store) -> None:
    store.add(ticket(customer_id="CUST-1001"))
    moved = store.change("T-1", TicketChange("closed"))
    assert moved == store.get("T-1") == ticket(customer_id="CUST-1001", status="closed")
    assert store.page(TicketFilter("open"), 10, None).tickets == ()
    assert store.open_of("CUST-1001") == ()
    assert store.page(TicketFilter("closed"), 10, None).tickets == (moved,)


def test_a_ticket_is_changed_where_it_should_and_left_as_it_is_elsewhere(store: Store) -> None:
    kept = ticket(customer_id="CUST-1001", metadata={"queue": 7}, feedback=(HELPFUL,))
    store.add(kept)
    taken = store.change("T-1", TicketChange(assignee="Jo Nö", priority="urgent"))
    assert taken == store.get("T-1") == replace(kept, assignee="Jo Nö", priority="urgent")
    contact = Contact("jo@example.com", name="Jo")
    freed = store.change("T-1", TicketChange("pending", assignee="", contact=contact))
    assert freed == replace(taken, assignee=None, status="pending", contact=contact)


def test_feedback_is_kept_once_with_its_ticket_in_the_order_it_came(store: Store) -> None:
    store.add(ticket())
    second = TicketFeedback(False, None, None, START + SECOND)
    for _ in range(2):
        assert store.rate("T-1", HELPFUL).feedback == (HELPFUL,)
    assert store.rate("T-1", second) == store.get("T-1") == ticket(feedback=(HELPFUL, second))


def test_a_ticket_keeps_its_newest_feedback(store: Store) -> None:
    store.add(ticket())
    feedbacks = [replace(HELPFUL, comment=f"{n}") for n in range(MAX_FEEDBACK + 3)]
    for feedback in feedbacks:
        store.rate("T-1", feedback)
    assert store.get("T-1").feedback == tuple(feedbacks[3:])


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([("a", "why"), ("a", None)], [("a", "why")]),
        ([("a", "why"), ("a", "why")], [("a", "why")]),
        ([("a", None), ("a", "why")], [("a", "why")]),
        ([("a", "why"), ("a", "another agent's")], [("a", "why"), ("a", "another agent's")]),
        ([("a", "why"), (None, None), ("b", None)], [("a", "why"), (None, None), ("b", None)]),
        ([("a", "why"), *[("a", None)] * 60], [("a", "why")]),
    ],
)
def test_the_last_word_on_a_source_counts_and_no_comment_is_lost(
    store: Store, given: list[tuple[str, str]], kept: list[tuple[str, str]]
) -> None:
    store.add(ticket())
    for second, (source, comment) in enumerate(given):
        rated = store.rate("T-1", TicketFeedback(False, source, comment, START + second * SECOND)).feedback
    assert [(each.source, each.comment) for each in rated] == kept
    assert rated[-1].timestamp == START + (len(given) - 1) * SECOND


def test_reading_is_noted_and_never_taken_back(store: Store) -> None:
    store.add(ticket())
    for until, known in ((2, 2), (1, 2), (3, 3)):
        store.note_read("T-1", START + until * SECOND)
        assert store.get("T-1").last_read_at == START + known * SECOND
    store.note_read("T-2", START)
    with pytest.raises(UnknownTicket):
        store.get("T-2")


def test_erasing_a_tickets_text_leaves_the_case(store: Store) -> None:
    kept = ticket(metadata={"queue": 7}, feedback=(HELPFUL,))
    store.add(replace(kept, contact=Contact("jo@example.com")))
    store.keep_draft(kept, "Hello Jo.")
    assert store.get("T-1").draft == "Hello Jo."
    solved = Feedback("up", "Thanks!", START)
    store.change("T-1", TicketChange(customer_feedback=solved))
    assert store.get("T-1").customer_feedback == solved
    store.keep_draft(ticket("T-unknown"), "Hello.")
    store.erase_text("T-1", "(gone)")
    store.erase_text("T-unknown", "(gone)")
    assert store.get("T-1") == replace(kept, subject="(gone)", description="(gone)")
    with pytest.raises(UnknownTicket):
        store.get("T-unknown")


def test_erasing_returns_what_was_there_and_can_be_repeated(store: Store) -> None:
    for n in range(120):
        store.add(ticket(f"T-{n}", customer_id="CUST-1001"))
    store.rate("T-7", HELPFUL)
    some = [f"T-{n}" for n in range(110)]
    erased = store.erase(iter([*some, "T-0", "T-unknown"]))
    assert sorted(ids(erased)) == sorted(some)
    assert [t.feedback for t in erased if t.ticket_id == "T-7"] == [(HELPFUL,)]
    assert store.erase(some) == store.erase([]) == ()
    assert len(store.everything("CUST-1001")) == len(store.page(TicketFilter(), 200, None).tickets) == 10


def test_a_ticket_is_one_item(tables: None, clock: FakeClock) -> None:
    Tickets(365, clock, Events(clock)).add(
        ticket(customer_id="CUST-1001", session_id="s", reason="customer_request")
    )
    (item,) = boto3.client("dynamodb").scan(TableName="support-tickets")["Items"]
    assert {name: next(iter(value.values())) for name, value in item.items()} == {
        "ticket_id": "T-1",
        "created_at": "2026-11-20T12:00:00.000+00:00",
        "listed_at": "01795176000000.T-1",
        "status": "open",
        "channel": "chat",
        "priority": "medium",
        "subject": "Wants a person",
        "description": "A person please",
        "reason": "customer_request",
        "customer_id": "CUST-1001",
        "session_id": "s",
        "language": "en",
        "newest_event": str(1795176000 + 365 * 86400 + 1),
        "ttl": str(1795176000 + 365 * 86400),
    }


def test_the_index_by_customer_holds_what_summaries_of_customers_need(tables: None, clock: FakeClock) -> None:
    for one in (ticket(customer_id="CUST-1001"), ticket("T-2")):
        Tickets(365, clock, Events(clock)).add(one)
    index = boto3.client("dynamodb").scan(TableName="support-tickets", IndexName="customer-created_at")
    (item,) = index["Items"]
    assert set(item) == {"customer_id", "created_at", "ticket_id", "status", "subject", "ttl"}


def test_a_ticket_full_of_feedback_fits_into_an_item(tables: None, clock: FakeClock) -> None:
    store = Tickets(365, clock, Events(clock))
    store.add(ticket(description="x" * 32_000, metadata={"log": "é" * 16_000}))
    for n in range(MAX_FEEDBACK):
        store.rate("T-1", TicketFeedback(False, "é" * 100, "🙂" * 1000, START + n * SECOND))
    (item,) = boto3.client("dynamodb").scan(TableName="support-tickets")["Items"]
    assert len(str(item).encode()) < 300_000


def test_twenty_writers_of_one_ticket_id_store_it_once(tables: None, clock: FakeClock) -> None:
    store = Tickets(365, clock, Events(clock))
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(store.add, [ticket(subject=f"subject {n}") for n in range(20)]))
    assert added == [store.get("T-1")] * 20
    assert len(store.page(TicketFilter(), 100, None).tickets) == 1


@pytest.mark.parametrize("before", [0, MAX_FEEDBACK])
def test_feedback_given_at_once_all_survives(tables: None, clock: FakeClock, before: int) -> None:
    store = Tickets(365, clock, Events(clock))
    store.add(ticket(feedback=(HELPFUL,) * before))
    at_once = [TicketFeedback(True, None, f"agent {n}", START) for n in range(MAX_FEEDBACK)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda feedback: store.rate("T-1", feedback), at_once))
    assert sorted(store.get("T-1").feedback, key=str) == sorted(at_once, key=str)
