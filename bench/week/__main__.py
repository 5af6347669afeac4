"""A scripted week of conversations on the local stack: GET /insights has to equal a recount of them.

    python -m bench.week [--conversations 5000] [--port 8000 --aws-port 4566]

It starts the product for itself, unless ports say where one runs. The conversations are of a week that ended
two weeks ago, and are written into its tables as turns, ratings, erasures and refusals would; the product's
own functions count and judge them. Then each day of the answer is compared with a recount from all that was
written. It prints how long the counting took behind the last write, what a look takes by then, and the
memory of each process before and after; it fails at the first difference.
"""

import argparse
import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

from bench.load.clients import Client
from bench.load.product import running_product
from bench.week.recount import History
from bench.week.recount import Numbers as Recounted
from bench.week.script import WEEK, Player
from chalicelib.chat.spending import MICRO
from chalicelib.services import TABLES
from devstack.aws.local_secrets import AGENT_TOKEN
from devstack.ports import HOST
from devstack.stage import read_local_stage

ENDED = timedelta(days=14)
"""How long ago: who came back did so by now, and what other clients do today is on other days."""
QUIET = timedelta(days=1)
AHEAD = 400
"""So many exchanges may wait to be counted: the local stream forgets its oldest changes."""
LOOKS, MEGABYTE = 21, 2**20
COUNTED_SECONDS, POLL_SECONDS = 120, 0.5
AGENT = {"Authorization": f"Bearer {AGENT_TOKEN}"}
Answer = Mapping[str, Any]


def main() -> None:
    """Play the week and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--conversations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int)
    parser.add_argument("--aws-port", type=int)
    options = parser.parse_args()
    ports = SimpleNamespace(port=options.port, aws_port=options.aws_port, processes={})
    with nullcontext(ports) if options.port else running_product() as product:
        _reach_tables(product.aws_port)
        client, memory = Client(product.port), _megabytes(product)
        now = datetime.now(timezone.utc).replace(microsecond=0)
        player = Player(now - ENDED - WEEK, QUIET, options.seed)
        started, written = time.perf_counter(), 0
        for exchanges in player.play(options.conversations):
            written += exchanges
            if written // AHEAD > (written - exchanges) // AHEAD:
                _wait_until_counted(client, player.history)
        played = time.perf_counter()
        _wait_until_counted(client, player.history)
        seconds, behind = played - started, time.perf_counter() - played
        _compare(client, player.history.recount(now, QUIET))
        looks = sorted(_seconds_of_a_look(client) for _ in range(LOOKS))
        grown = {name: f"{memory[name]} to {after} MB" for name, after in _megabytes(product).items()}
    print(f"{options.conversations} conversations, {written} exchanges: equal to the recount")
    print(f"written in {seconds:.0f} s, counted and judged {behind:.1f} s later")
    print(
        f"GET /insights?days=30: {looks[LOOKS // 2] * 1000:.0f} ms in the median of {LOOKS}; memory {grown}"
    )


def _reach_tables(aws_port: int) -> None:
    local = read_local_stage()
    for table in TABLES:
        meta: Any = table.Meta
        meta.host, meta.region = f"http://{HOST}:{aws_port}", local.region
        meta.aws_access_key_id, meta.aws_secret_access_key = local.access_key_id, local.secret_access_key


def _megabytes(product: Any) -> dict[str, int]:
    return {name: each.memory_info().rss // MEGABYTE for name, each in product.processes.items()}


def _seconds_of_a_look(client: Client) -> float:
    began = time.perf_counter()
    _insights(client)
    return time.perf_counter() - began


def _insights(client: Client) -> Answer:
    answer: Answer
    status, answer = client.send("GET", "/insights?days=30", headers=AGENT)
    if status != HTTPStatus.OK:
        raise SystemExit(f"GET /insights: {status} {answer}")
    return answer


def _wait_until_counted(client: Client, history: History) -> None:
    """Wait until all answers are counted, and all their conversations judged: the week is long over."""
    wanted = sum(each.usage.input_tokens for each in history.answers.values())
    gives_up_at = time.monotonic() + COUNTED_SECONDS
    while time.monotonic() < gives_up_at:
        days = [day for day in _insights(client)["daily"] if day["date"] < _today()]
        counted = sum(day["tokens"]["input"] for day in days)
        if counted == wanted and not any(day["conversations"]["open"] for day in days):
            return
        time.sleep(POLL_SECONDS)
    raise SystemExit(f"Not counted after {COUNTED_SECONDS} s: {counted} of {wanted} tokens")


def _today() -> str:
    return datetime.now(timezone.utc).date().isoformat()


def _compare(client: Client, recounted: Recounted) -> None:
    days = {day["date"]: day for day in _insights(client)["daily"]}
    for date in sorted({day.isoformat() for day, _ in recounted}):
        numbers = {name: n for (day, name), n in recounted.items() if day.isoformat() == date}
        answered = _numbers(days[date])
        if answered != numbers:
            raise SystemExit(f"{date} differs:\n{json.dumps(answered)}\n{json.dumps(numbers)}")


def _numbers(day: Answer) -> dict[str, int]:
    """Return the numbers of a day's answer by the names of a recount, without those that are 0."""
    outcomes, costs = dict(day["conversations"]), day["cost_usd"]
    numbers = {f"conversations:handed_over:{name}": n for name, n in outcomes.pop("handed_over").items()}
    numbers |= {f"conversations:{name}": n for name, n in outcomes.items()}
    numbers |= {f"feature:{name}": round(usd * MICRO) for name, usd in costs["by_feature"].items()}
    numbers |= {f"model:{name}": round(usd * MICRO) for name, usd in costs["by_model"].items()}
    for group in ("feedback", "tokens"):
        numbers |= {f"{group}:{name}": n for name, n in day[group].items()}
    return {name: n for name, n in sorted(numbers.items()) if n}


if __name__ == "__main__":
    main()
