"""The app over stores and gateways that take as long as typical calls: what is on top of that is its own."""

import hashlib
import hmac
import json
import statistics
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from io import StringIO
from logging import StreamHandler
from typing import Any, cast

from chalice.test import Client

import app as app_module
from chalicelib.domain.conversation import Exchange, Passage, Reply, Sentiment, Usage
from chalicelib.domain.customer import Customer
from chalicelib.logs import logger
from chalicelib.services import Services
from chalicelib.settings import Settings

APP_SECRET = "bench-secret"
AGENT_TOKEN = "bench-token"
LONG_TEXT = "A parcel takes three working days from the day it leaves our warehouse. " * 30
PASSAGES = tuple(Passage(LONG_TEXT, f"Article {n}", f"https://help.example.com/{n}", 0.5) for n in range(5))
ADA = Customer(7, "CUST-1001", "Ada Byron", "ada@example.com", None, "premium", Decimal(120), 0, ())
ADA_HASH = hmac.new(APP_SECRET.encode(), ADA.external_id.encode(), hashlib.sha256).hexdigest()
SETTINGS = Settings(
    stage="bench",
    app_secret_id="app",
    agent_tokens_secret_id="agents",
    knowledge_base_id="KB",
    data_source_id="DS",
    documents_bucket="documents",
    bedrock_model_ids=("model",),
    chat_requests_per_minute=0,
    chat_tokens_per_day=0,
)


class Slow:
    """Takes a time for each call; answers with what it has under the method's name, called if it can be."""

    def __init__(self, seconds: float, **answers: Any) -> None:
        self._seconds = seconds
        self._answers = answers

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self._answers:
            raise AttributeError(name)
        answer = self._answers[name]

        def call(*arguments: Any, **options: Any) -> Any:
            if self._seconds:
                time.sleep(self._seconds)
            return answer(*arguments, **options) if callable(answer) else answer

        return call


class SlowServices(Services):
    """The app's services, with slow stores and gateways; `seconds` a call, by dependency.

    Customers and passages are read each time, as when no cache holds them.
    """

    def __init__(self, seconds: Mapping[str, float]) -> None:
        super().__init__(SETTINGS)
        kept: list[Exchange] = []

        def keep(exchange: Exchange, *_: object) -> Exchange:
            kept[:] = [exchange]
            return exchange

        reply = Reply("Choose **Forgot password**. [1]", "model", Usage(100, 20, 0.001))
        dynamodb = seconds["dynamodb"]
        # A part that is there is not built.
        vars(self).update(
            secrets=Slow(0.0, app_secret=APP_SECRET, agent_tokens={"bench": AGENT_TOKEN}),
            conversations=Slow(dynamodb, latest=lambda *_: tuple(kept), add=keep),
            ticket_store=Slow(dynamodb, add=lambda ticket, *_: ticket, open_of=()),
            interactions=Slow(dynamodb, add=None, latest=()),
            numbers=Slow(dynamodb, add=None),
            customers=Slow(seconds["postgres"], by_external_id=ADA),
            passages=Slow(seconds["knowledge_base"], retrieve=PASSAGES),
            sentiment=Slow(seconds["comprehend"], detect=Sentiment(0.1)),
            model=Slow(seconds.get("model", 0.0), reply=reply),
        )


def poster(services: Services, path: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return what posts JSON to a route and returns the answer; one that lacks anything ends the run."""
    # Written as usual, but not to the screen.
    cast("StreamHandler[StringIO]", logger.registered_handler).setStream(StringIO())
    vars(app_module)["services"] = lambda: services
    http = Client(app_module.app).http
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {AGENT_TOKEN}"}

    def post(body: Mapping[str, Any]) -> dict[str, Any]:
        answer = http.request("POST", path, headers=dict(headers), body=json.dumps(body).encode())
        if answer.status_code != 200 or answer.json_body["degraded"]:
            raise SystemExit(f"The answer is not whole: {answer.status_code} {answer.body!r}")
        found: dict[str, Any] = answer.json_body
        return found

    return post


def medians_seconds(actions: Mapping[str, Callable[[], object]], times: int) -> dict[str, float]:
    """Return the median time of each action; they alternate, so that a busy moment slows all alike."""
    laps: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(times):
        for name, action in actions.items():
            started = time.perf_counter()
            action()
            laps[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in laps.items()}


def print_ratios(medians: Mapping[str, float], floor: str) -> None:
    """Print milliseconds and how many times the floor they are."""
    for name, seconds in medians.items():
        print(f"{name:<20}{seconds * 1000:8.2f} ms   {seconds / medians[floor]:.3f} x {floor}")
