"""The deep look at what the app depends on."""

import threading

import pytest

from chalicelib.errors import TooManyRequests, Unavailable
from chalicelib.insight.health import Health


def test_a_check_that_hangs_does_not_make_the_others_look_lost() -> None:
    released = threading.Event()
    now = 0.0

    def fail() -> None:
        raise Unavailable("postgres")

    checks = {"dynamodb": lambda: None, "postgres": fail, "bedrock": lambda: released.wait(20)}
    health = Health(checks, lambda _: None, clock=lambda: now, check_seconds=0.03)
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
