"""How soon the first words of a progressive answer can be read, and what that costs.

    python -m bench.progressive [--chats 40] [--check]

The app runs over stores and gateways that take as long as typical calls; its model writes word by word, the
first after a while. A client looks as the chat page does (chalicelib/web/progress.js). The delay is from the
model's first word to the look that brought words; --check fails when that is above the goal.
"""

import argparse
import random
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from chalice.test import Client

import app as app_module
from bench.cost.stage import PROGRESSIVE_LOOKS, PROGRESSIVE_WRITES, progressive_turn, turn
from bench.slow_services import SlowServices, poster
from chalicelib.domain.conversation import Prompt, Reply, Usage
from chalicelib.domain.pending import PendingAnswer, Writing

SECONDS = {"dynamodb": 0.005, "postgres": 0.005, "comprehend": 0.005, "knowledge_base": 0.05}
FIRST_WORD_SECONDS = (0.4, 1.2)
WORD_SECONDS = 0.016
"""A fast model's: 80 tokens a second."""
FIRST_LOOK_SECONDS, LOOK_SECONDS = 0.5, 0.4
LOOK_TAKES_SECONDS = 0.03
"""Assumed: the way to the API and back."""
GOAL_SECONDS = 0.7
ANSWER = "Open the sign-in page and choose **Forgot password**. [1] " + (
    "We send you a mail with a link that works once and for an hour, so look into the spam folder too. [2] "
    * 6
)


@dataclass
class Texts:
    """Keeps what is there of answers in memory; each call takes as long as one of DynamoDB."""

    kept: dict[str, PendingAnswer] = field(default_factory=dict)
    writes: int = 0

    def begin(self, writing: Writing, text: str) -> None:
        self.put(writing, text, done=False)

    def put(self, writing: Writing, text: str, done: bool) -> bool:
        time.sleep(SECONDS["dynamodb"])
        self.writes += 1
        self.kept[writing.message_id] = PendingAnswer(text, done)
        return True

    def get(self, message_id: str, _: str | None) -> PendingAnswer | None:
        time.sleep(SECONDS["dynamodb"])
        return self.kept.get(message_id)


class Writer:
    """A model that writes word by word, and remembers when it began to answer each question."""

    def __init__(self) -> None:
        self.began: dict[str, float] = {}

    def reply(self, prompt: Prompt, heard: Callable[[str], object] | None = None) -> Reply:
        time.sleep(random.uniform(*FIRST_WORD_SECONDS))  # noqa: S311
        self.began[prompt.question] = time.monotonic()
        words = ANSWER.split(" ")
        for end in range(1, len(words) + 1):
            if heard:
                heard(" ".join(words[:end]))
            time.sleep(WORD_SECONDS)
        return Reply(ANSWER, "model", Usage(2000, 250, 0.001))


class Services(SlowServices):
    """The slow services, with a model that streams."""

    def __init__(self) -> None:
        super().__init__(SECONDS)
        self.texts, self.writer = Texts(), Writer()
        vars(self).update(pending_store=self.texts, model=self.writer)
        vars(self)["conversations"]._answers.update(by_client_message=None, add_once=lambda each, *_: each)


@dataclass(frozen=True)
class Chat:
    """One chat: from the first word to the look that brought words, and how many looks there were."""

    delay_seconds: float
    looks: int


def chat(services: Services, post: Callable[[Any], Any]) -> Chat:
    """Ask, and look as the page does."""
    message_id, answered = str(uuid.uuid4()), threading.Event()
    http = Client(app_module.app).http
    question = f"How do I reset it, {message_id}?"
    body = {"query": question, "message_id": message_id, "progressive": True}

    def ask() -> None:
        post(body)
        answered.set()

    asking = threading.Thread(target=ask)
    asking.start()
    seen, looks, pause = 0.0, 0, FIRST_LOOK_SECONDS
    while not answered.wait(pause):
        time.sleep(LOOK_TAKES_SECONDS)
        found = http.get(f"/chat/pending/{message_id}").json_body
        looks, pause = looks + 1, LOOK_SECONDS
        seen = seen or (time.monotonic() if found.get("text") else 0.0)
    asking.join()
    return Chat(seen - services.writer.began[question], looks)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--chats", type=int, default=40)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    services = Services()
    post = poster(services, "/chat")
    with ThreadPoolExecutor(4) as threads:
        chats = list(threads.map(lambda _: chat(services, post), range(options.chats)))
    delays = sorted(each.delay_seconds for each in chats)
    looks = statistics.mean(each.looks for each in chats)
    extra, plain = (1000 * sum(cost for _, cost in rows) for rows in (progressive_turn(), turn("S3_VECTORS")))
    print(
        f"first words, after the model's first: median {statistics.median(delays):.2f} s, "
        f"19 of 20 within {delays[int(0.95 * len(delays))]:.2f} s, at most {delays[-1]:.2f} s"
    )
    print(
        f"a turn: {services.texts.writes / len(chats):.1f} writes and {looks:.1f} looks more "
        f"(bench/cost/stage.py counts {PROGRESSIVE_WRITES} and {PROGRESSIVE_LOOKS})"
    )
    print(f"1,000 turns: {extra:.3f} US dollars more than {plain:.2f} without the model")
    print(f"goal: at most {GOAL_SECONDS} s")
    if options.check and delays[-1] > GOAL_SECONDS:
        sys.exit(1)


if __name__ == "__main__":
    main()
