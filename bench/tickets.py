"""How much longer POST /tickets takes than the slowest call that it makes.

    python -m bench.tickets [--tickets 200] [--check]

Every store and gateway is a fake that takes as long as a typical call. The floor, to which all is a ratio, is
the slowest of them, Retrieve, measured alone in the same run, since sleeping takes longer than it says. The
baseline makes the same calls one after the other. Measured is the route as a whole: the authorizer, parsing,
the use case and the answer as JSON. --check fails when it takes more than its goal.
"""

import argparse
import sys
from typing import Any

from bench.slow_services import ADA, LONG_TEXT, SlowServices, medians_seconds, poster, print_ratios
from chalicelib.domain.access import AN_AGENT

SECONDS = {"dynamodb": 0.008, "postgres": 0.020, "comprehend": 0.040, "knowledge_base": 0.150}
GOAL = 1.15
BODY = {
    "customer_external_id": ADA.external_id,
    "subject": "Where is my parcel?",
    "description": f"I ordered two weeks ago. {LONG_TEXT}",
    "metadata": {"brand": "north"},
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tickets", type=int, default=200)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    services = SlowServices(SECONDS)
    post = poster(services, "/tickets")
    actions = {
        "the slowest call": lambda: services.passages.retrieve("parcel", 5, AN_AGENT),
        "POST /tickets": lambda: post(BODY),
        "calls in sequence": lambda: _in_sequence(services),
    }
    medians = medians_seconds(actions, options.tickets)
    print_ratios(medians, "the slowest call")
    print(f"goal: at most {GOAL} x the slowest call")
    if options.check and medians["POST /tickets"] > GOAL * medians["the slowest call"]:
        sys.exit(1)


def _in_sequence(services: Any) -> None:
    services.ticket_store.add(None)
    services.customers.by_external_id(ADA.external_id)
    services.interactions.latest(ADA.external_id, 20)
    services.ticket_store.open_of(ADA.external_id)
    services.passages.retrieve("parcel", 5, AN_AGENT)
    services.sentiment.detect("parcel")
    services.interactions.add(None)


if __name__ == "__main__":
    main()
