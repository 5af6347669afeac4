"""How the local stack bears days of use: its memory, and the time of a chat and of a ticket.

    python -m bench.growth [--chats 10000] [--tickets 150]

It starts the product for itself, on free ports of 127.0.0.1 and with an empty folder. One client has
conversations of three turns, each message with an id; then it posts tickets of one customer. For each tenth
of the chats and each fifth of the tickets it prints, of each process, the milliseconds of processor time that
one took and the memory afterwards in MB; then all of it as JSON. The goals: at the end at most 1.3 times the
memory of the first tenth, and the same time a chat. On a machine that others use too, processor time is what
to compare.
"""

import argparse
import http.client
import json
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from bench.load.clients import Client
from bench.load.product import Product, running_product
from bench.load.tally import table
from devstack.aws.local_secrets import AGENT_TOKEN

MEGABYTE = 2**20
TENTHS, FIFTHS = 10, 5
AGENT = {"Authorization": f"Bearer {AGENT_TOKEN}"}
TICKET = {
    "customer_external_id": "CUST-1001",
    "subject": "Where is my order?",
    "description": "My parcel never arrived.",
}


def main() -> None:
    """Chat, post tickets, and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--chats", type=int, default=10_000)
    parser.add_argument("--tickets", type=int, default=150)
    options = parser.parse_args()
    with running_product() as product:
        client = Client(product.port)
        chats, tickets = _chats(client), _tickets(client)
        rows = [
            *_measured(product, "chats", lambda: next(chats), options.chats, TENTHS),
            *_measured(product, "tickets", lambda: next(tickets), options.tickets, FIFTHS),
        ]
    print(table(rows))
    print(json.dumps(rows))


def _measured(
    product: Product, what: str, action: Callable[[], None], times: int, parts: int
) -> Iterator[dict[str, Any]]:
    each = times // parts
    for part in range(1, parts + 1):
        before, started = _processor_seconds(product), time.perf_counter()
        for _ in range(each):
            action()
        elapsed, after = time.perf_counter() - started, _processor_seconds(product)
        took = {f"{name} ms": round((after[name] - before[name]) / each * 1000, 1) for name in after}
        memory = {
            f"{name} MB": process.memory_info().rss // MEGABYTE for name, process in product.processes.items()
        }
        row = {"done": f"{part * each:,} {what}", "ms": round(elapsed / each * 1000, 1), **took, **memory}
        yield {**row, "all MB": sum(memory.values())}


def _processor_seconds(product: Product) -> dict[str, float]:
    times = {name: process.cpu_times() for name, process in product.processes.items()}
    return {name: each.user + each.system for name, each in times.items()}


def _chats(client: Client) -> Iterator[None]:
    for start in count():
        for exchange in client.converse(start):
            if exchange.status != http.client.OK or exchange.body["degraded"]:
                raise SystemExit(f"A chat is not whole: {exchange}")
            yield


def _tickets(client: Client) -> Iterator[None]:
    while True:
        status, answer = client.send("POST", "/tickets", TICKET, AGENT)
        if status != http.client.OK or answer["degraded"]:
            raise SystemExit(f"A ticket is not whole: {status} {answer}")
        yield


if __name__ == "__main__":
    main()
