"""The routes of events: what was told and what was not, and sending it again, over the real table."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.event import Event, Outcome
from chalicelib.events.deliveries import Deliveries
from chalicelib.logs import DeliveryLogger
from chalicelib.stores.events import Events
from tests.fakes import START, FakeClock
from tests.interleaving import AtOnce
from tests.web import AGENT, Web, refusal, serving

SECOND = timedelta(seconds=1)
DATA = {"ticket_id": "T-1", "status": "open", "customer_external_id": None}


@pytest.fixture
def events(tables: None, clock: FakeClock) -> Events:
    events = Events(clock)
    for n in range(1, 4):
        events.add(Event("ticket.updated", "ticket#T-1", n, START + n * SECOND, DATA))
    return events


@pytest.fixture
def web(events: Events, clock: FakeClock) -> Iterator[Web]:
    deliveries = Deliveries(events, list, AtOnce(), clock, lambda _: None, DeliveryLogger())
    with serving(AGENT, deliveries=deliveries) as web:
        yield web


def fail(events: Events, event_id: str) -> None:
    outcomes = {
        "a.example.com (1)": Outcome("delivered", START),
        "b.example.com (2)": Outcome("failed", START, "answered 500"),
    }
    events.settle(replace(events.get(event_id), status="failed", attempts=27, outcomes=outcomes))


def test_events_are_listed_newest_first_page_by_page(web: Web) -> None:
    first = web.send("GET", "/events?limit=2").json_body
    second = web.send("GET", f"/events?limit=2&before={first['next']}").json_body
    times = [each["timestamp"][17:19] for page in (first, second) for each in page["events"]]
    assert (times, second["next"]) == (["03", "02", "01"], None)


def test_what_failed_is_shown_with_who_did_not_get_it_and_why(web: Web, events: Events) -> None:
    newest = web.send("GET", "/events").json_body["events"][0]["event_id"]
    fail(events, newest)
    (event,) = web.send("GET", "/events?status=failed").json_body["events"]
    at = "2026-11-20T12:00:00.000+00:00"
    assert event == {
        "event_id": newest,
        "type": "ticket.updated",
        "timestamp": "2026-11-20T12:00:03.000+00:00",
        "status": "failed",
        "attempts": 27,
        "next_attempt_at": None,
        "receivers": [
            {"name": "a.example.com (1)", "status": "delivered", "reason": None, "at": at},
            {"name": "b.example.com (2)", "status": "failed", "reason": "answered 500", "at": at},
        ],
        "data": DATA,
    }


def test_an_event_that_failed_is_sent_again_to_those_without_it(web: Web, events: Events) -> None:
    newest = web.send("GET", "/events").json_body["events"][0]["event_id"]
    fail(events, newest)
    event = web.send("POST", f"/events/{newest}/resend").json_body
    assert (event["status"], event["attempts"]) == ("pending", 0)
    assert [each["name"] for each in event["receivers"]] == ["a.example.com (1)"]
    refusal(web.send("POST", "/events/evt_unknown/resend"), 404, "unknown_event")
