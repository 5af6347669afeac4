"""What one chat turn adds to the floor that its calls set.

    python -m bench.turn [--turns 200]

Every store and gateway is a fake that takes as long as a typical call: the floor is history + the slowest of
the calls made side by side + the model + one write. The baseline, in the same run, makes the same calls one
after the other, as the reference system does. Printed are milliseconds and, what counts on a noisy machine,
ratios.
"""

import argparse
import statistics
import time
from collections.abc import Callable

from chalicelib.domain.conversation import Passage
from tests.unit.test_chat import ADA_HASH, Desk, open_desk

CALL_SECONDS = 0.005
RETRIEVE_SECONDS = 0.05
MODEL_SECONDS = 0.2
FLOOR_SECONDS = CALL_SECONDS + RETRIEVE_SECONDS + MODEL_SECONDS + CALL_SECONDS
IN_SEQUENCE_SECONDS = FLOOR_SECONDS + 4 * CALL_SECONDS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--turns", type=int, default=200)
    turns = parser.parse_args().turns
    for desk in open_desk():
        _slow_down(desk)
        session = desk.ask("How do I reset my password?").session_id

        def ask(desk: Desk = desk, session: str = session) -> None:
            desk.clock.advance(milliseconds=5)
            desk.ask("And then?", session_id=session, customer_id="CUST-1001", customer_hash=ADA_HASH)

        # Sleeping takes longer than it says; what the same sleeps take alone is the true floor.
        floor = _median_seconds(lambda: _sleep_through(FLOOR_SECONDS, 4), turns)
        in_sequence = _median_seconds(lambda: _sleep_through(IN_SEQUENCE_SECONDS, 8), turns)
        turn = _median_seconds(ask, turns)
        processor = _processor_seconds(ask, turns)
    print(f"floor             {floor * 1000:7.2f} ms")
    print(f"a turn            {turn * 1000:7.2f} ms   {turn / floor:.3f} x the floor")
    print(f"calls in sequence {in_sequence * 1000:7.2f} ms   {in_sequence / floor:.3f} x the floor")
    print(f"processor time    {processor * 1000:7.2f} ms a turn")


def _slow_down(desk: Desk) -> None:
    long_text = "Choose Forgot password on the sign-in page and follow the link. " * 30
    desk.knowledge_base.passages = tuple(
        Passage(long_text, f"Article {n}", f"https://help.example.com/{n}", 0.5) for n in range(5)
    )
    desk.knowledge_base.before = lambda: time.sleep(RETRIEVE_SECONDS)
    desk.model.before = lambda: time.sleep(MODEL_SECONDS)
    for part in (desk.conversations, desk.customers, desk.tickets, desk.interactions, desk.sentiment):
        part.before = lambda: time.sleep(CALL_SECONDS)


def _sleep_through(seconds: float, calls: int) -> None:
    for _ in range(calls):
        time.sleep(seconds / calls)


def _median_seconds(action: Callable[[], None], times: int) -> float:
    laps = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        laps.append(time.perf_counter() - started)
    return statistics.median(laps)


def _processor_seconds(action: Callable[[], None], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        action()
    return (time.process_time() - started) / times


if __name__ == "__main__":
    main()
