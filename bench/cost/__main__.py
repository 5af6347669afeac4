"""The tables of docs/cost.md.

    python -m bench.cost [--write]

Prints them; with --write, puts them into the page.
"""

import argparse
from collections.abc import Sequence

from bench.cost.prices import CHECKED, PRICES
from bench.cost.prompt_tokens import TURNS_A_CHAT
from bench.cost.stage import (
    DEV,
    DEV_WITHOUT_POSTGRES,
    PROD,
    custom_metrics,
    idle,
    model_turn,
    opensearch,
    progressive_turn,
    turn,
    usd,
)
from bench.flood import table as flood_table
from chalicelib.gateways.converse import LIST_PRICES
from tooling.project import ROOT

PAGE = ROOT / "docs" / "cost.md"
RERANKERS = ("Rerank, Cohere 3.5", "Rerank, Amazon 1.0")
BUYS = {
    "interface endpoint": "The functions beside Postgres read its password over it, and reach nothing else. "
    "Without it: a way out of the network, or a password that is not rotated. Prod has it in both zones",
    "Postgres": "Customers and orders: the 360 of tickets, personal answers, documents by tier. In prod with "
    "twice the memory and a standby in the other zone. Without that, a lost zone or maintenance takes the "
    "customers away for minutes to hours; chats and tickets go on either way",
    "its 20 GB": "The least that RDS has of gp3; in prod the standby's too",
    "secrets": "Five, three without Postgres. Each is read by the functions that need it and no other, and "
    "changed without a deployment. One for all would save 1.60 and let each function read all",
    "the sweep, each minute": "No change of a document and no failed webhook is forgotten. Without it they "
    "wait for the next change or event. It isn't traced",
    "the queue of tickets, polled": "Tickets come in by message, with retries and dead letters. Without it "
    "only by `POST /tickets`",
    "alarms": "Mail when a person has to act: budget, sync, dead letters; in prod also errors, slowness, "
    "throttles, deliveries, and no chats. Paid by the metric they look at",
    "dashboard": "All of a stage's numbers on a page, in prod",
    "metrics": "What alarms and dashboard show: turns by outcome, time by step, tokens, dollars. Each is "
    "paid for the hours in which it is written, so an idle stage pays nothing",
    "OPENSEARCH_SERVERLESS": "Search by words as well as by meaning: finds exact names and numbers. In prod "
    "with a standby",
}
"""What each row of the idle table is for, and what is lost without it."""
STAGES = (DEV, PROD, DEV_WITHOUT_POSTGRES)
BEGIN, END = "<!-- python -m bench.cost -->", "<!-- end -->"


def tables() -> str:
    """Return the tables of the page."""
    each = (_idle_table(), _turn_table(), _chat_table(), flood_table(), _price_table())
    return "\n\n".join("\n".join(lines) for lines in each)


def rewritten(page: str) -> str:
    """Return the page with the tables of today between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{rest.partition(END)[2]}"


def _idle_table() -> list[str]:
    columns = [idle(stage) for stage in STAGES]
    dear = [opensearch(stage) for stage in STAGES]
    sums = [sum(cost for _, cost in column) for column in columns]
    rows = [(names[0][0], [cost for _, cost in names]) for names in zip(*columns, strict=True)]
    in_all = [one + more for one, more in zip(sums, dear, strict=True)]
    return [
        f"| idle, US dollars a month | {' | '.join(each.name for each in STAGES)} "
        "| what it is for, and what is lost without it |",
        f"|---|{'---:|' * len(STAGES)}---|",
        *(_idle_row(name, costs, BUYS[name]) for name, costs in rows),
        _idle_row("**in all, with S3_VECTORS**", sums, "", bold=True),
        _idle_row("the app's metrics add at most", [custom_metrics()] * len(STAGES), BUYS["metrics"]),
        _idle_row("OPENSEARCH_SERVERLESS adds", dear, BUYS["OPENSEARCH_SERVERLESS"]),
        _idle_row("**in all, with OPENSEARCH_SERVERLESS**", in_all, "", bold=True),
    ]


def _idle_row(name: str, costs: Sequence[float], words: str, *, bold: bool = False) -> str:
    mark = "**" if bold else ""
    cells = " | ".join(f"{mark}{cost:.2f}{mark}" for cost in costs)
    return f"| {name} | {cells} | {words} |"


def _turn_table() -> list[str]:
    rows = turn("S3_VECTORS")
    return [
        "| 1,000 turns, without the model | US dollars |",
        "|---|---:|",
        *(f"| {name} | {1000 * cost:.4f} |" for name, cost in rows),
        f"| **in all** | **{1000 * sum(cost for _, cost in rows):.2f}** |",
        *(f"| progressive: {name} add | {1000 * cost:.4f} |" for name, cost in progressive_turn()),
        *(f"| RERANK_MODEL_ID: {each} adds | {1000 * usd(each):.2f} |" for each in RERANKERS),
    ]


def _chat_table() -> list[str]:
    models = [model for model in LIST_PRICES if model.startswith("claude")]
    lines = [
        "| 1,000 chats of three turns, US dollars | the model alone | in all, S3_VECTORS "
        "| in all, OPENSEARCH_SERVERLESS |",
        "|---|---:|---:|---:|",
    ]
    for model in models:
        alone = 1000 * TURNS_A_CHAT * model_turn(model)
        totals = [
            alone + 1000 * TURNS_A_CHAT * sum(cost for _, cost in turn(store))
            for store in ("S3_VECTORS", "OPENSEARCH_SERVERLESS")
        ]
        lines.append(f"| {model} | {alone:.2f} | {totals[0]:.2f} | {totals[1]:.2f} |")
    return lines


def _price_table() -> list[str]:
    return [
        f"| list price, us-east-1, looked up on {CHECKED} | US dollars | per | read in |",
        "|---|---:|---|---|",
        *(f"| {name} | {p.usd:g} | {p.unit} | {p.source} |" for name, p in PRICES.items()),
    ]


def main() -> None:
    """Print the tables, or put them into the page."""
    parser = argparse.ArgumentParser(description="What a stage costs.")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/cost.md")
    if parser.parse_args().write:
        PAGE.write_text(rewritten(PAGE.read_text("utf-8")), "utf-8", newline="\n")
    else:
        print(tables())


if __name__ == "__main__":
    main()
