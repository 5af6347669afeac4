"""The deep look at what the app depends on."""

import threading
import time

import pytest

from chalicelib.errors import TooManyRequests, Unavailable
from chalicelib.insight.health import LOOK_SECONDS, Health


def test_a_check_that_hangs_does_not_make_the_others_look_lost() -> None:
    released = threading.Event()
    now = 0.0

    def fail() -> None:
        raise Unavailable("postgres")

    checks = {"dynamodb": lambda: None, "postgres": fail, "bedrock": lambda: released.wait(20)}
    health = Health(checks, lambda _: None, clock=lambda: now, look_seconds=0.03)
    try:
        for _ in range(5):
            assert health.check("address#1") == {
                "dynamodb": "ok",
                "postgres": "unreachable",
                "bedrock": "unreachable",
            }
            now += 31
    finally:
        released.set()
    health._executor.shutdown()
    now += 31


def test_a_look_that_is_not_admitted_is_not_made() -> None:
    looks: list[int] = []

    def refuse(caller: str) -> None:
        raise TooManyRequests(f"{caller} asks too often", 7)

    health = Health({"bedrock": lambda: looks.append(1)}, refuse)
    with pytest.raises(TooManyRequests, match="address#1"):
        health.check("address#1")
    assert looks == []


def test_what_was_found_is_remembered_for_a_moment() -> None:
    now, looks = 0.0, []
    health = Health({"dynamodb": lambda: looks.append(1)}, lambda _: None, clock=lambda: now)
    health.check("address#1")
    now = 9.0
    health.check("address#1")
    assert len(looks) == 1
    now = 10.0
    health.check("address#1")
    assert len(looks) == 2


def test_counters_that_hang_refuse_nobody_and_cost_no_time_of_the_checks() -> None:
    released = threading.Event()
    health = Health({"dynamodb": lambda: None}, lambda _: released.wait(20), look_seconds=0.1)
    began = time.monotonic()
    try:
        assert health.check("address#1") == {"dynamodb": "ok"}
    finally:
        released.set()
    assert time.monotonic() - began < LOOK_SECONDS


def test_a_look_ends_within_three_seconds_whatever_hangs() -> None:
    assert LOOK_SECONDS < 3
