"""How much longer POST /tickets takes than the slowest call that it makes.

    python -m bench.tickets [--tickets 200]

Every store and gateway is a fake that takes as long as a typical call. The floor is the slowest of them,
Retrieve, measured alone in the same run, since sleeping takes longer than it says. The baseline makes the
same calls one after the other. Measured are the use case and, with HTTP around it, the authorizer, parsing
and the answer as JSON too. Customers and passages are read each time, as when no cache holds them.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from io import StringIO
from logging import StreamHandler
from types import SimpleNamespace
from typing import cast

from chalice.test import Client

import app as app_module
from chalicelib.domain.conversation import Passage
from chalicelib.domain.customer import Interaction
from chalicelib.domain.ticket import Ticket
from chalicelib.logs import logger
from tests.fakes import START
from tests.unit.test_ticket_desk import PARCEL, Desk, open_ticket_desk

POSTGRES_SECONDS = 0.020
DYNAMODB_SECONDS = 0.008
RETRIEVE_SECONDS = 0.150
COMPREHEND_SECONDS = 0.040
GOAL = 1.15
BODY = json.dumps(
    {
        "ticket_id": PARCEL.ticket_id,
        "customer_external_id": PARCEL.customer_external_id,
        "subject": PARCEL.subject,
        "description": PARCEL.description,
        "metadata": {"brand": "north"},
    }
).encode()
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer token"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tickets", type=int, default=200)
    tickets = parser.parse_args().tickets
    # Written as ever, but not to the screen.
    cast("StreamHandler[StringIO]", logger.registered_handler).setStream(StringIO())
    for desk in open_ticket_desk():
        _slow_down(desk)
        measured = _medians_seconds(_actions(desk), tickets)
    floor = measured["slowest call alone"]
    for name, seconds in measured.items():
        print(f"{name:<20}{seconds * 1000:8.2f} ms   {seconds / floor:.3f} x the slowest call")
    print(f"goal: at most {GOAL} x")


def _actions(desk: Desk) -> dict[str, Callable[[], None]]:
    send = _http_sender(desk)
    return {
        "slowest call alone": lambda: _retrieve(desk),
        "the use case": lambda: _post(desk),
        "through HTTP": send,
        "calls in sequence": lambda: _in_sequence(desk),
    }


def _slow_down(desk: Desk) -> None:
    long_text = "A parcel takes three working days from the day it leaves our warehouse. " * 30
    desk.knowledge_base.passages = tuple(
        Passage(long_text, f"Article {n}", f"https://help.example.com/{n}", 0.5) for n in range(5)
    )
    desk.knowledge_base.before = lambda: time.sleep(RETRIEVE_SECONDS)
    desk.sentiment.before = lambda: time.sleep(COMPREHEND_SECONDS)
    desk.customers.before = lambda: time.sleep(POSTGRES_SECONDS)
    for part in (desk.tickets, desk.interactions):
        part.before = lambda: time.sleep(DYNAMODB_SECONDS)


def _retrieve(desk: Desk) -> None:
    desk.knowledge_base.retrieve(PARCEL.subject, 5)


def _post(desk: Desk) -> None:
    answer = desk.post()
    if answer.degraded or answer.context is None:
        raise SystemExit(f"The answer is not whole: {answer}")
    _tidy_up(desk)


def _http_sender(desk: Desk) -> Callable[[], None]:
    """Return what posts a ticket through the app's HTTP layer."""
    stand_in = SimpleNamespace(
        tickets=desk.desk,
        agent_tokens=SimpleNamespace(owner_of=lambda _: "bench"),
        link=lambda source: source.url,
    )
    vars(app_module)["services"] = lambda: stand_in
    http = Client(app_module.app).http

    def send() -> None:
        answer = http.request("POST", "/tickets", headers=dict(HEADERS), body=BODY)
        if answer.status_code != 200 or answer.json_body["degraded"]:
            raise SystemExit(f"The answer is not whole: {answer.status_code} {answer.body!r}")
        _tidy_up(desk)

    return send


def _in_sequence(desk: Desk) -> None:
    customer_id = PARCEL.customer_external_id
    desk.tickets.add(
        Ticket("T-1", START, "open", "web", "low", "Late", PARCEL.description, customer_id=customer_id)
    )
    desk.customers.by_external_id(customer_id)
    desk.interactions.latest(customer_id, 20)
    desk.tickets.open_of(customer_id)
    _retrieve(desk)
    mood = desk.sentiment.detect(PARCEL.description)
    desk.interactions.add(Interaction(customer_id, START, "web", mood.score, ticket_id="T-1"))
    _tidy_up(desk)


def _tidy_up(desk: Desk) -> None:
    # The fakes search what they keep; what a ticket costs must not grow with how many came before.
    desk.tickets.kept.clear()
    desk.interactions.kept.clear()


def _medians_seconds(actions: dict[str, Callable[[], None]], times: int) -> dict[str, float]:
    laps: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(times):
        # In turns, so that a moment in which the machine is busy falls on all of them alike.
        for name, action in actions.items():
            started = time.perf_counter()
            action()
            laps[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in laps.items()}


if __name__ == "__main__":
    main()
