"""How much longer POST /chat takes than the calls that it has to wait for.

    python -m bench.turn [--turns 200] [--check]

Every store and gateway is a fake that takes as long as a typical call. The floor, to which all is a ratio, is
history + the slowest of the calls made side by side + the model + one write, measured in the same run as the
same sleeps alone, since sleeping takes longer than it says. The baseline makes all calls one after the other,
as the reference system does. --check fails when a turn takes more than its goal.
"""

import argparse
import sys
import time

from bench.slow_services import ADA, ADA_HASH, SlowServices, medians_seconds, poster, print_ratios

SECONDS = {"dynamodb": 0.005, "postgres": 0.005, "comprehend": 0.005, "knowledge_base": 0.05, "model": 0.2}
FLOOR = (SECONDS["dynamodb"], SECONDS["knowledge_base"], SECONDS["model"], SECONDS["dynamodb"])
IN_SEQUENCE = (*FLOOR, SECONDS["postgres"], SECONDS["comprehend"], SECONDS["dynamodb"], SECONDS["dynamodb"])
GOAL = 1.06


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    post = poster(SlowServices(SECONDS), "/chat")
    session_id = post({"query": "How do I reset my password?"})["session_id"]
    body = {
        "query": "And then?",
        "session_id": session_id,
        "customer_id": ADA.external_id,
        "customer_hash": ADA_HASH,
    }
    actions = {
        "the floor": lambda: _sleep(FLOOR),
        "a turn": lambda: post(body),
        "calls in sequence": lambda: _sleep(IN_SEQUENCE),
    }
    medians = medians_seconds(actions, options.turns)
    print_ratios(medians, "the floor")
    started = time.process_time()
    for _ in range(options.turns):
        post(body)
    print(f"processor time      {(time.process_time() - started) / options.turns * 1000:8.2f} ms a turn")
    print(f"goal: at most {GOAL} x the floor")
    if options.check and medians["a turn"] > GOAL * medians["the floor"]:
        sys.exit(1)


def _sleep(calls_seconds: tuple[float, ...]) -> None:
    for seconds in calls_seconds:
        time.sleep(seconds)


if __name__ == "__main__":
    main()
