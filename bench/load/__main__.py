"""What the whole product bears on one machine: nothing lost, nothing mixed up, no failure that is not told.

    python -m bench.load [steady] [burst] [races] [--clients 200] [--seconds 60] [--burst 2000]

It starts the product for itself, on free ports of 127.0.0.1 and with an empty folder. `steady`: so many
clients have conversations of three turns for so long, one question after the other. `burst`: so many clients
ask at the same moment. `races`: many questions side by side in one session; one message sent many times at
once; conversations erased while an answer is under way. Afterwards every conversation is read and held
against what was answered, and each answer against what the same question gets when nobody else asks.

Printed is a table, whose columns `bench.load.tally` explains, and the same as JSON. The exit code is 1 when
anything was lost, crossed, undeclared or came back after it was erased.
"""

import argparse
import http.client
import json
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench.load.clients import QUESTIONS, Client, Exchange, read_histories, undisturbed_answers
from bench.load.product import Product, running_product
from bench.load.tally import Tally, table, tally

THREAD_STACK_BYTES = 256 * 1024
SIDE_BY_SIDE = 20
TWINS = 50
ERASURES = 40
MODEL_SECONDS = 0.4
"""How long the model takes while conversations are erased."""


class Load:
    """The scenarios, against a running product."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._undisturbed = undisturbed_answers(product.port)

    def steady(self, clients: int, seconds: float) -> Tally:
        """Let clients ask one question after the other."""
        ends = time.monotonic() + seconds

        def converse(number: int) -> list[Exchange]:
            client, exchanges = Client(self._product.port), list[Exchange]()
            while time.monotonic() < ends:
                for exchange in client.converse(number + len(exchanges)):
                    exchanges.append(exchange)
                    if time.monotonic() > ends:
                        break
            return exchanges

        return self._count(f"{clients} clients for {seconds:.0f} s", clients, converse)

    def burst(self, clients: int) -> Tally:
        """Let clients ask at the same moment."""
        gate = threading.Barrier(clients)

        def ask(number: int) -> list[Exchange]:
            client = Client(self._product.port)
            gate.wait()
            return [client.ask((number % len(QUESTIONS), 0), None)]

        return self._count(f"{clients} at once", clients, ask)

    def side_by_side(self) -> Tally:
        """Ask questions in one session at the same moment."""
        first = Client(self._product.port).ask((0, 0), None)
        gate = threading.Barrier(SIDE_BY_SIDE)

        def ask(number: int) -> list[Exchange]:
            client = Client(self._product.port)
            gate.wait()
            return [client.ask((number % len(QUESTIONS), 0), first.session_id)]

        return self._count(f"{SIDE_BY_SIDE} in one session", SIDE_BY_SIDE, ask, has_past=True)

    def twins(self) -> Tally:
        """Send one message many times at the same moment: it is one exchange, and has one answer."""
        message_id, gate = str(uuid.uuid4()), threading.Barrier(TWINS)

        def ask(_: int) -> list[Exchange]:
            client = Client(self._product.port)
            gate.wait()
            return [client.ask((0, 0), None, message_id)]

        return self._count(f"one message {TWINS} times", TWINS, ask)

    def erased(self) -> Tally:
        """Erase conversations while an answer is under way."""
        client, aws = Client(self._product.port), Client(self._product.aws_port)
        sessions = [client.ask((0, 0), None).session_id for _ in range(ERASURES)]
        aws.send("PUT", "/_devstack/faults", {"operation": "Converse", "delay_seconds": MODEL_SECONDS})
        started = time.perf_counter()
        with ThreadPoolExecutor(1) as second:
            exchanges = [self._erase(client, session_id, second) for session_id in sessions]
        seconds = time.perf_counter() - started
        aws.send("DELETE", "/_devstack/faults")
        kept = read_histories(self._product.port, sessions)
        name = "erased while answering"
        return tally(name, exchanges, seconds, kept, {}, came_back=sum(map(bool, kept.values())))

    def _erase(self, client: Client, session_id: str, second: ThreadPoolExecutor) -> Exchange:
        asking = second.submit(Client(self._product.port).ask, (0, 1), session_id)
        time.sleep(MODEL_SECONDS / 2)
        status, answer = client.send("DELETE", f"/chat/{session_id}")
        if status != http.client.NO_CONTENT:
            raise SystemExit(f"A conversation cannot be erased: {status} {answer}")
        return asking.result()

    def _count(
        self, name: str, clients: int, behave: Callable[[int], list[Exchange]], has_past: bool = False
    ) -> Tally:
        started = time.perf_counter()
        with ThreadPoolExecutor(clients) as threads:
            exchanges = [exchange for each in threads.map(behave, range(clients)) for exchange in each]
        seconds = time.perf_counter() - started
        answered = {e.session_id for e in exchanges if e.status == http.client.OK}
        kept = read_histories(self._product.port, answered)
        return tally(name, exchanges, seconds, kept, {} if has_past else self._undisturbed)


def main() -> None:
    """Run the scenarios and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=["steady", "burst", "races"])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--burst", type=int, default=2000)
    options = parser.parse_args()
    threading.stack_size(THREAD_STACK_BYTES)
    with running_product() as product:
        load = Load(product)
        runs: dict[str, list[Callable[[], Tally]]] = {
            "steady": [lambda: load.steady(options.clients, options.seconds)],
            "burst": [lambda: load.burst(options.burst)],
            "races": [load.side_by_side, load.twins, load.erased],
        }
        tallies = [run() for scenario in options.scenarios for run in runs[scenario]]
    print(table([each.row() for each in tallies]))
    print(json.dumps([each.row() for each in tallies]))
    sys.exit(0 if all(each.is_good for each in tallies) else 1)


if __name__ == "__main__":
    main()
