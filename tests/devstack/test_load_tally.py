"""The load test's judge: it sees what is lost, crossed, undeclared or back again, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from bench.load.clients import Exchange, Kept
from bench.load.tally import Tally, tally

PLACE = (0, 0)
ANSWER = "Choose Forgot password."
BODY: dict[str, Any] = {"session_id": "s", "message_id": "m", "response": ANSWER, "degraded": []}
GOOD = Exchange(PLACE, "How?", "s", "m", 200, BODY, 0.1)
IN_HISTORY: Kept = {"s": {"m": ("How?", ANSWER)}}
NOT_IN_HISTORY: Kept = {"s": {}}


def judge(exchange: Exchange, kept: Kept = IN_HISTORY, came_back: int = 0) -> Tally:
    return tally("one", [exchange], 1, kept, {PLACE: ANSWER}, came_back)


def answered_with(**fields: Any) -> Exchange:
    return replace(GOOD, body={**BODY, **fields})


def failed_with(status: int, body: Any) -> Exchange:
    return replace(GOOD, status=status, body=body)


def test_an_exchange_that_is_kept_and_answered_is_good() -> None:
    assert judge(GOOD).is_good
    assert judge(GOOD).answered == 1


def test_one_that_is_not_kept_is_lost_unless_the_answer_says_so() -> None:
    assert judge(GOOD, NOT_IN_HISTORY).lost == 1
    told = judge(answered_with(degraded=["storage"]), NOT_IN_HISTORY)
    assert (told.unkept, told.lost, told.is_good) == (1, 0, True)


@pytest.mark.parametrize(
    "exchange",
    [
        answered_with(message_id="another"),
        replace(GOOD, asked_in="another"),
        replace(GOOD, question="Another one?"),
        answered_with(response="Of another question."),
    ],
)
def test_an_answer_that_belongs_elsewhere_is_crossed(exchange: Exchange) -> None:
    assert judge(exchange).crossed
    assert not judge(exchange).is_good


def test_an_answer_that_only_an_idle_product_gives_otherwise_is_crossed() -> None:
    other = answered_with(response="Other words.")
    assert judge(other, {"s": {"m": ("How?", "Other words.")}}).crossed == 1
    degraded = answered_with(response="Other words.", degraded=["history"])
    assert judge(degraded, {"s": {"m": ("How?", "Other words.")}}).crossed == 0


@pytest.mark.parametrize(
    ("status", "code"), [(429, "too_many_requests"), (503, "unavailable"), (409, "conflict")]
)
def test_a_promised_refusal_is_no_fault(status: int, code: str) -> None:
    refused = judge(failed_with(status, {"code": code}))
    assert (refused.refused, refused.is_good) == (1, True)


@pytest.mark.parametrize(
    ("status", "body"), [(0, "ConnectionResetError()"), (500, {"code": "internal"}), (503, {}), (502, None)]
)
def test_any_other_failure_is_undeclared(status: int, body: Any) -> None:
    failed = judge(failed_with(status, body))
    assert (failed.undeclared, failed.is_good) == (1, False)


def test_what_came_back_after_it_was_erased_is_a_fault() -> None:
    assert not judge(GOOD, came_back=1).is_good
