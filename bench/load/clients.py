"""What `bench.load` sends to the running product as its customers do, and reads of it afterwards."""

import http.client
import json
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devstack.ports import HOST

ANSWER_SECONDS = 180
"""More than the slowest answer takes: a client that gives up would count as a failure of the product."""
READ_TRIES, PAUSE_SECONDS = 10, 1.0
TURNS = 3
QUESTIONS = (
    "How do I reset my password?",
    "How can I turn on 2FA?",
    "How do I change my email address?",
    "How do I cancel my subscription?",
    "How do I get a refund?",
    "Where can I download my invoice?",
    "How long does delivery take?",
    "How can I return an item?",
    "How do I create an API key?",
    "How do I set up a webhook?",
    "How do I export my data?",
    "How do I import products from a spreadsheet?",
)
Place = tuple[int, int]
"""With which of the questions a conversation started, and how many came before."""
Kept = Mapping[str, Mapping[str, tuple[str, str]]]
"""By session and message id: the question and the answer in the history."""


@dataclass(frozen=True)
class Exchange:
    """A question, and what came of it; `status` 0 is no answer at all."""

    place: Place
    question: str
    asked_in: str | None
    message_id: str
    status: int
    body: Any
    seconds: float

    @property
    def session_id(self) -> str:
        """The session of a good answer."""
        session_id: str = self.body["session_id"]
        return session_id


class Client:
    """One connection, which is kept."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_SECONDS)

    def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send a request; return the status and the body, or 0 and what went wrong."""
        sent = None if body is None else json.dumps(body)
        try:
            self._connection.request(
                method, path, sent, {"Content-Type": "application/json", **(headers or {})}
            )
            answer = self._connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection.close()
            return 0, repr(error)

    def ask(self, place: Place, session_id: str | None, message_id: str | None = None) -> Exchange:
        """Ask a question."""
        question = QUESTIONS[sum(place) % len(QUESTIONS)]
        message_id = message_id or str(uuid.uuid4())
        body = {"query": question, "message_id": message_id}
        started = time.perf_counter()
        status, answer = self.send(
            "POST", "/chat", {**body, "session_id": session_id} if session_id else body
        )
        seconds = time.perf_counter() - started
        return Exchange(place, question, session_id, message_id, status, answer, seconds)

    def converse(self, start: int) -> Iterator[Exchange]:
        """Have a new conversation of some turns, or until a question isn't answered."""
        session_id: str | None = None
        for turn in range(TURNS):
            exchange = self.ask((start % len(QUESTIONS), turn), session_id)
            yield exchange
            if exchange.status != http.client.OK:
                return
            session_id = exchange.session_id


def undisturbed_answers(port: int) -> dict[Place, str]:
    """Return what the product answers at each place when nobody else asks."""
    client = Client(port)
    exchanges = (exchange for start in range(len(QUESTIONS)) for exchange in client.converse(start))
    return {exchange.place: exchange.body["response"] for exchange in exchanges}


def read_histories(port: int, sessions: Iterable[str]) -> Kept:
    """Return what the product says was said in each session."""
    client = Client(port)
    return {session_id: _history(client, session_id) for session_id in sorted(set(sessions))}


def _history(client: Client, session_id: str) -> dict[str, tuple[str, str]]:
    for _ in range(READ_TRIES):
        status, answer = client.send("GET", f"/chat/{session_id}?limit=100")
        if status != http.client.SERVICE_UNAVAILABLE:
            break
        time.sleep(PAUSE_SECONDS)
    if status == http.client.NOT_FOUND:
        return {}
    if status != http.client.OK or answer["next"]:
        raise SystemExit(f"A history cannot be read: {status} {answer}")
    said: dict[str, dict[str, str]] = {}
    for message in answer["messages"]:
        exchange = said.setdefault(message["message_id"], {})
        # One that is there twice reads as no answer that was given.
        exchange[message["role"]] = exchange.get(message["role"], "") + message["content"]
    return {message_id: (each["user"], each["assistant"]) for message_id, each in said.items()}
