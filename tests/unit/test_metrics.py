"""What CloudWatch makes metrics of: each is declared, written by the app, and holds no customer's word."""

import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.conversation import Contact, Exchange, GuardrailVerdict, HandOverTicket, Usage
from chalicelib.domain.event import Delivery, Event, EventStatus, Outcome
from chalicelib.domain.ingestion import FileFailure, IngestionJob, IngestionStatistics
from chalicelib.errors import IngestionCallFailed, Unavailable
from chalicelib.logs import (
    DeliveryLogger,
    IntakeLogger,
    SyncLogger,
    TicketLogger,
    TurnLogger,
    logger,
    outcome_of,
)
from chalicelib.metrics import METRICS, NAMESPACE, measured
from tests.builders import exchange_at, ticket
from tests.fakes import START

SAID = "wombat"
"""Stands in each text that somebody wrote."""
USAGE = Usage(100, 20, 0.5)
LAPS = {"history": 0.01, "gather": 0.2, "model": 1.0, "store": 0.02, "a new step": 0.5}
TURN = exchange_at(
    START,
    question=SAID,
    answer=SAID,
    model="model-1",
    usage=USAGE,
    unanswered=False,
    guardrail=GuardrailVerdict(),
    handed_over=None,
    customer_id=SAID,
    offered_contact=Contact(email=f"{SAID}@example.com", phone=None, name=SAID),
)
TICKET = ticket(subject=SAID, description=SAID)
OUTAGE = Unavailable("dynamodb")


def job(status: str = "COMPLETE", failed: int = 0) -> IngestionJob:
    statistics = IngestionStatistics(scanned=3, failed=failed)
    return IngestionJob("J1", status, START, START, "change", statistics, (FileFailure(SAID, SAID),))


def attempted(status: EventStatus) -> None:
    event = Event("ticket.created", "T-1", 1, START, {"subject": SAID})
    DeliveryLogger().attempted(Delivery(event, START, START), "https://r.example.com", Outcome(status, START))


def degrade() -> None:
    outage = Unavailable("knowledge_base")
    outage.__cause__ = KeyError(SAID)
    TurnLogger().degraded("knowledge_base", outage)


WRITES: dict[str, Callable[[], None]] = {
    "a turn": lambda: TurnLogger().answered(TURN, LAPS),
    "a turn over a limit": lambda: TurnLogger().not_answered("limited"),
    "a turn without a model": lambda: TurnLogger().not_answered("failed"),
    "an outage": degrade,
    "a spent budget": lambda: TurnLogger().budget_reached(),
    "a ticket": lambda: TicketLogger().received(TICKET, ["customer"], 0.1),
    "a reply": lambda: TicketLogger().replied(TICKET, TURN, closes=True),
    "a draft": lambda: TicketLogger().drafted(TICKET, USAGE, 1, 0, []),
    "a sync": lambda: SyncLogger().ended(job(failed=2), will_be_retried=False),
    "a sync that is refused": lambda: SyncLogger().not_started(
        IngestionCallFailed("AccessDeniedException"), 1
    ),
    "a delivery": lambda: attempted("delivered"),
    "a message that is no ticket": lambda: IntakeLogger().refused("m-1", 1, "invalid_request", ["subject"]),
    "a message that comes again": lambda: IntakeLogger().postponed("m-1", 1, OUTAGE),
    # What api/http.py writes at the end of a request: tests/unit/test_http.py.
    "a request that failed": lambda: logger.info("request", **measured({"ServerErrors": 1})),
}


@contextmanager
def lines() -> Iterator[list[dict[str, Any]]]:
    """Gather what is logged in the block."""
    stream, found = io.StringIO(), list[dict[str, Any]]()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logging.getLogger(logger.name).removeHandler(handler)
        found += map(json.loads, stream.getvalue().splitlines())


@pytest.fixture(autouse=True)
def _in_prod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "prod")


def written(write: Callable[[], None]) -> dict[str, Any]:
    with lines() as logged:
        write()
    (line,) = logged
    return line


def metrics_of(line: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    """Return the unit and the dimensions of each metric in a line, as CloudWatch reads it."""
    found = {}
    for declared in line.get("_aws", {}).get("CloudWatchMetrics", ()):
        assert declared["Namespace"] == NAMESPACE
        (dimensions,) = declared["Dimensions"]
        assert all(isinstance(line[name], str) and line[name] for name in dimensions)
        for metric in declared["Metrics"]:
            assert isinstance(line[metric["Name"]], int | float)
            found[metric["Name"]] = (metric["Unit"], dimensions)
    return found


@pytest.mark.parametrize("what", WRITES)
def test_each_line_is_an_embedded_metric_as_it_is_declared(what: str) -> None:
    line = written(WRITES[what])
    for name, (unit, dimensions) in metrics_of(line).items():
        assert unit == METRICS[name].unit.value
        assert dimensions == ["stage", *METRICS[name].labels]
        assert line["stage"] == "prod"
        assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 60


def test_each_declared_metric_is_written() -> None:
    found = {name for write in WRITES.values() for name in metrics_of(written(write))}
    assert found == set(METRICS)


@pytest.mark.parametrize("what", WRITES)
def test_no_line_holds_a_word_that_somebody_wrote(what: str) -> None:
    assert SAID not in json.dumps(written(WRITES[what]))


def test_metrics_are_told_apart_by_nothing_that_has_many_values() -> None:
    assert {label for metric in METRICS.values() for label in metric.labels} == {"outcome", "without"}


def test_a_turn_is_counted_timed_and_priced_in_one_line() -> None:
    line = written(WRITES["a turn"])
    assert (line["message"], line["outcome"], line["Chats"]) == ("answered", "answered", 1)
    assert (line["HistoryMs"], line["GatherMs"], line["ModelMs"], line["StoreMs"]) == (10, 200, 1000, 20)
    assert line["TurnMs"] == 1730
    assert (line["InputTokens"], line["OutputTokens"], line["CostUsd"]) == (100, 20, 0.5)
    assert line["gen_ai.request.model"] == "model-1"
    assert (line["gen_ai.usage.input_tokens"], line["gen_ai.usage.output_tokens"]) == (100, 20)


def test_a_turn_of_a_model_without_a_price_costs_no_known_sum() -> None:
    with lines() as logged:
        TurnLogger().answered(replace(TURN, usage=Usage(100, 20, None)), LAPS)
    assert "CostUsd" not in metrics_of(logged[0])


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "answered"),
        ({"unanswered": True}, "unanswered"),
        ({"guardrail": GuardrailVerdict(intervened=True), "unanswered": True}, "guardrail"),
        ({"handed_over": HandOverTicket("T-1", "customer_request"), "unanswered": True}, "handed_over"),
        ({"passed_on": True}, "passed_on"),
    ],
)
def test_a_turn_has_one_outcome(changes: dict[str, Any], outcome: str) -> None:
    assert outcome_of(turn_with(**changes)) == outcome


def turn_with(passed_on: bool = False, **changes: Any) -> Exchange:
    return replace(TURN, answer="", model=None) if passed_on else replace(TURN, **changes)


@pytest.mark.parametrize(
    ("write", "name", "value"),
    [
        (lambda: SyncLogger().ended(job("FAILED"), will_be_retried=True), "SyncFailed", 1),
        (lambda: SyncLogger().ended(job(), will_be_retried=False), "SyncFailed", 0),
        (lambda: SyncLogger().ended(job(failed=2), will_be_retried=False), "DocumentsFailed", 2),
        (lambda: attempted("failed"), "DeliveryFailed", 1),
        (lambda: attempted("delivered"), "DeliveryFailed", 0),
    ],
)
def test_what_ends_counts_as_failed_or_not(write: Callable[[], None], name: str, value: int) -> None:
    assert written(write)[name] == value


def test_what_has_not_ended_yet_is_not_counted() -> None:
    busy = IngestionCallFailed("ThrottlingException")
    assert metrics_of(written(lambda: SyncLogger().not_started(busy, 1))) == {}
    assert metrics_of(written(lambda: attempted("pending"))) == {}


def test_a_message_that_is_refused_is_counted_at_its_first_attempt() -> None:
    refused = [
        written(lambda n=n: IntakeLogger().refused("m-1", n, "invalid_request", ["subject"]))  # type: ignore[misc]
        for n in (1, 2)
    ]
    assert [(each["message"], each["level"], each["fields"]) for each in refused] == [
        ("intake_refused", "ERROR", ["subject"])
    ] * 2
    assert [each.get("IntakeRefused") for each in refused] == [1, None]
    assert "_aws" not in refused[1]
