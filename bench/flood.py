"""What one network address can make a stage cost in a day, whatever it sends.

    python -m bench.flood

Everything that the limits let through is taken at its dearest, and all at once; prices are those of
bench/cost/prices.py. `python -m bench.cost` writes the table into docs/cost.md.
"""

from collections.abc import Mapping

from bench.cost.prices import PRICES
from bench.cost.stage import Row, usd
from chalicelib.api.chat import MAX_PAGE_MESSAGES, MAX_QUERY_CHARS
from chalicelib.api.description import api_description
from chalicelib.chat.limits import CHECKS_PER_MINUTE, EXCHANGES_A_VISIT, HAND_OVERS_PER_HOUR
from chalicelib.chat.progress.pending import SECONDS_BETWEEN_WRITES
from chalicelib.chat.prompts import estimate_tokens
from chalicelib.chat.spending import CHARS_PER_TOKEN, MICRO, RULES_TOKENS, Spending
from chalicelib.domain.conversation import Usage
from chalicelib.domain.pending import PENDING_SECONDS
from chalicelib.gateways.converse import price_of
from chalicelib.insight.health import LOOK_SECONDS
from chalicelib.settings import default_of
from chalicelib.web.launcher import launcher_script
from chalicelib.web.libraries import libraries_script
from chalicelib.web.page import agent_page, chat_page
from tooling.project import ROOT
from tooling.stages import read_config
from tooling.throttling import PAGES_PER_SECOND, REQUESTS_PER_SECOND

MOST_USD = 20
DAY_SECONDS = 86_400
REFUSAL_SECONDS, REFUSAL_GB = 0.02, 1.0
"""Assumed: some milliseconds of work and one write."""
REFUSAL_LOG_BYTES, REFUSAL_BYTES = 2000, 1000
TRACED_SHARE = 0.05
"""X-Ray's default rule: the first request of each second, and a twentieth of the others."""
BYTES_A_CHAR = 4
READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4096, 1024
READS_OF_A_VISIT = 2
"""Whose the conversation is, and what was said in it; or where the message is that is rated."""
CITATION_BYTES = 2000
"""Assumed: a title, an excerpt and a signed link."""


def flood(stage: str) -> list[Row]:
    """Return what a day of a flood from one address costs a stage as it is configured here."""
    settings = _settings(stage)
    requests = REQUESTS_PER_SECOND * DAY_SECONDS
    looks = CHECKS_PER_MINUTE * DAY_SECONDS / 60
    look = LOOK_SECONDS * REFUSAL_GB * usd("Lambda, arm64") + usd("DynamoDB read")
    return [
        (f"{REQUESTS_PER_SECOND} refused requests a second", requests * _refusal()),
        ("their traces", (DAY_SECONDS + TRACED_SHARE * requests) * usd("X-Ray")),
        (f"{sum(PAGES_PER_SECOND.values()):g} pages a second, not compressed", _pages()),
        ("chats, to the day's tokens", _chats(settings)),
        ("answers read while they are written", _pending(settings)),
        ("conversations read, to the day's visits", _visits(settings)),
        ("a full conversation, once more in a minute", _last_minute(settings)),
        ("deep looks at the health, each as long as it may take", looks * look),
    ]


def table() -> list[str]:
    """Return the table of the page."""
    stages = {stage: flood(stage) for stage in ("dev", "prod")}
    rows = zip(*stages.values(), strict=True)
    sums = (f"**{sum(cost for _, cost in each):.2f}**" for each in stages.values())
    return [
        "| one address, all day, US dollars | dev | prod |",
        "|---|---:|---:|",
        *(f"| {one[0]} | {one[1]:.2f} | {other[1]:.2f} |" for one, other in rows),
        f"| **in all** | {' | '.join(sums)} |",
    ]


def _refusal() -> float:
    return (
        usd("API Gateway, REST")
        + usd("Lambda request")
        + REFUSAL_SECONDS * REFUSAL_GB * usd("Lambda, arm64")
        + usd("DynamoDB write")
        + REFUSAL_LOG_BYTES / 1e9 * usd("CloudWatch Logs")
        + REFUSAL_BYTES / 1e9 * usd("Traffic to the internet")
    )


def _pages() -> float:
    answers = {
        "/": chat_page().html,
        "/widget.js": launcher_script(),
        "/libraries.js": libraries_script(),
        "/agent": agent_page().html,
        "/openapi.json": api_description(),
    }
    each_second = sum(len(answers[page].encode()) * times for page, times in PAGES_PER_SECOND.items())
    return DAY_SECONDS * each_second / 1e9 * usd("Traffic to the internet")


def _chats(settings: Mapping[str, str]) -> float:
    """Return the dearest way to use a day's tokens up: each of them written, in the most expensive turns."""
    spending = _spending(settings)
    # The last turn may go beyond the limit.
    tokens = int(settings["CHAT_TOKENS_PER_DAY"]) + _tokens_of_a_turn() + spending.max_tokens
    answer = "x" * spending.max_tokens * CHARS_PER_TOKEN
    around = spending.of("x" * MAX_QUERY_CHARS, answer, Usage(cost_usd=0.0)).micro_usd
    return (tokens * max(spending.prices_usd) + tokens / _tokens_of_a_turn() * around) / MICRO


def _pending(settings: Mapping[str, str]) -> float:
    """Return what whole answers cost that are read, while they are there, by all requests let through.

    As many turns as the day's tokens allow, with the shortest questions, each written as often as it can be.
    """
    turns = int(settings["CHAT_TOKENS_PER_DAY"]) / RULES_TOKENS
    answer_bytes = int(_value(settings, "MAX_TOKENS")) * CHARS_PER_TOKEN
    looks = REQUESTS_PER_SECOND * min(DAY_SECONDS, turns * PENDING_SECONDS)
    sent = answer_bytes / 1e9 * usd("Traffic to the internet")
    read = answer_bytes / READ_UNIT_BYTES * usd("DynamoDB read")
    writes = float(_value(settings, "CHAT_DEADLINE_SECONDS")) / SECONDS_BETWEEN_WRITES
    written = writes * answer_bytes / WRITE_UNIT_BYTES * usd("DynamoDB write")
    return looks * (sent + read) + turns * written


def _visits(settings: Mapping[str, str]) -> float:
    """Return what visits cost, each of them to as many of the longest exchanges as count once."""
    return int(_value(settings, "CHAT_VISITS_PER_DAY")) * _visit(settings, EXCHANGES_A_VISIT)


def _last_minute(settings: Mapping[str, str]) -> float:
    """Return what is read beyond the limit by visits that begin before any of them has counted the length.

    All are to a conversation that has grown for as long as it is kept.
    """
    turns = int(settings["CHAT_TOKENS_PER_DAY"]) / _tokens_of_a_turn(BYTES_A_CHAR) + 24 * HAND_OVERS_PER_HOUR
    exchanges = turns * int(_value(settings, "CONVERSATION_RETENTION_DAYS"))
    return int(_value(settings, "CHAT_VISITS_PER_MINUTE")) * _visit(settings, exchanges)


def _visit(settings: Mapping[str, str], exchanges: float) -> float:
    """Return what a visit to a conversation of the longest questions and answers costs."""
    answer_bytes = int(_value(settings, "MAX_TOKENS")) * CHARS_PER_TOKEN
    citations_bytes = int(_value(settings, "PASSAGES_PER_QUESTION")) * CITATION_BYTES
    exchange_bytes = MAX_QUERY_CHARS * BYTES_A_CHAR + answer_bytes + citations_bytes
    read = READS_OF_A_VISIT * exchanges * exchange_bytes / READ_UNIT_BYTES * usd("DynamoDB read")
    sent = min(exchanges, MAX_PAGE_MESSAGES // 2) * exchange_bytes / 1e9 * usd("Traffic to the internet")
    return read + sent


def _tokens_of_a_turn(bytes_a_char: int = 1) -> int:
    """Return what a turn with the longest question counts at least."""
    return RULES_TOKENS + estimate_tokens(("x" if bytes_a_char == 1 else "\U0001f600") * MAX_QUERY_CHARS)


def _spending(settings: Mapping[str, str]) -> Spending:
    models = settings["BEDROCK_MODEL_IDS"].split(",")
    return Spending(
        prices_usd=max(price for model in models if (price := price_of(model, {}))),
        passages=int(_value(settings, "PASSAGES_PER_QUESTION")),
        history_tokens=int(_value(settings, "HISTORY_TOKENS")),
        max_tokens=int(_value(settings, "MAX_TOKENS")),
        has_guardrail=True,
    )


def _settings(stage: str) -> Mapping[str, str]:
    settings: Mapping[str, str] = read_config(ROOT)["stages"][stage]["environment_variables"]
    return settings


def _value(settings: Mapping[str, str], name: str) -> str:
    return settings.get(name, str(default_of(name.lower())))


def main() -> None:
    """Print the table."""
    print("\n".join(table()))
    print(f"goal: at most {MOST_USD} US dollars; prices of {len(PRICES)} kinds, see bench/cost/prices.py")


if __name__ == "__main__":
    main()
