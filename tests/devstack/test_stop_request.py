"""Stopping on a signal, whenever it comes."""

import signal
import threading
import time

import pytest

from devstack.stop_request import StopRequest, StopRequested


def test_a_signal_ends_a_pause() -> None:
    stop = StopRequest()
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    stop.listen()
    try:
        threading.Timer(0.1, signal.raise_signal, [signal.SIGTERM]).start()
        started = time.monotonic()
        with pytest.raises(StopRequested):
            stop.pause(30)
        assert time.monotonic() - started < 5
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def test_a_pause_without_a_signal_lasts_as_long_as_it_says() -> None:
    started = time.monotonic()
    StopRequest().pause(0.15)
    assert time.monotonic() - started >= 0.15
