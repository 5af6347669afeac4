"""Asks the cases of a set over HTTP, as a customer's page does."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import requests

from cli.eval.cases import Case
from tooling.errors import CommandError

TIMEOUT_SECONDS = 40
"""API Gateway gives up after 29."""
LONGEST_WAIT_SECONDS = 120
MOST_TRIES = 8
KNOWLEDGE_BASE = "knowledge_base"
BUDGET_REACHED = "budget_reached"
BUSY, OUTAGE = 429, 503


@dataclass(frozen=True)
class Source:
    """A citation of an answer."""

    index: int
    title: str
    url: str
    snippet: str


@dataclass(frozen=True)
class Observed:
    """What the last turn of a case came to; `problem` is empty unless there was no answer at all."""

    answer: str = ""
    sources: tuple[Source, ...] = ()
    is_refused: bool = False
    hand_over_reason: str | None = None
    degraded: tuple[str, ...] = ()
    model: str | None = None
    cost_usd: float = 0.0
    milliseconds: float = 0.0
    problem: str = ""

    @property
    def is_outage(self) -> bool:
        """Whether it tells of the stage at that moment rather than of the case."""
        return bool(self.problem) or KNOWLEDGE_BASE in self.degraded

    def as_json(self) -> dict[str, Any]:
        """Return what `observed` reads."""
        return asdict(self)


def observed(kept: Mapping[str, Any]) -> Observed:
    """Read what `as_json` returned. Raises KeyError, TypeError."""
    return Observed(
        **{
            **kept,
            "sources": tuple(Source(**each) for each in kept["sources"]),
            "degraded": tuple(kept["degraded"]),
        }
    )


class Chat:
    """The chat of a stage; each conversation is erased when it has been asked."""

    def __init__(
        self, url: str, hint: str, is_local: bool, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._url = f"{url.rstrip('/')}/chat"
        self._hint = hint
        self._pause = pause
        self._http = requests.Session()
        # A proxy to the internet must not be used for a local address.
        self._http.trust_env = not is_local

    def ask(self, case: Case) -> Observed:
        """Ask the turns of a case in a conversation of their own. Raises CommandError."""
        session_id, cost_usd, last = None, 0.0, Observed()
        try:
            for turn in case.turns:
                body, milliseconds = self._post({"query": turn, "session_id": session_id})
                last = _observed(body, milliseconds)
                session_id = body.get("session_id", session_id)
                cost_usd += last.cost_usd
                if last.problem:
                    break
        finally:
            if session_id:
                self._erase(session_id)
        return replace(last, cost_usd=cost_usd)

    def _post(self, body: Mapping[str, str | None]) -> tuple[dict[str, Any], float]:
        """Return an answer or an error, and how long it took; who sends too much waits."""
        sent = {name: value for name, value in body.items() if value is not None}
        for tried in range(MOST_TRIES):
            began = time.perf_counter()
            response = self._send("POST", self._url, sent)
            milliseconds = 1000 * (time.perf_counter() - began)
            answer = self._read(response)
            if answer.get("code") == BUDGET_REACHED:
                raise CommandError("The stage's budget for today is used up. --resume goes on tomorrow.")
            if response.ok or response.status_code not in {BUSY, OUTAGE} or tried + 1 == MOST_TRIES:
                break
            self._pause(_wait(response.headers.get("Retry-After", "")))
        if not response.ok:
            answer = {"problem": f"{response.status_code} {answer.get('code', '')}".strip()}
        return answer, milliseconds

    def _send(self, method: str, url: str, body: Mapping[str, str] | None = None) -> requests.Response:
        try:
            return self._http.request(method, url, json=body, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise CommandError(f"The app does not answer at {self._url}. {self._hint}") from error

    def _read(self, response: requests.Response) -> dict[str, Any]:
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise CommandError(f"What answers at {self._url} is not this app, or another version of it.")
        return answer

    def _erase(self, session_id: str) -> None:
        for _ in range(MOST_TRIES):
            response = self._send("DELETE", f"{self._url}/{session_id}")
            if response.ok:
                return
            self._pause(_wait(response.headers.get("Retry-After", "")))
        raise CommandError(f"A conversation could not be erased: the app answered {response.status_code}.")


def _wait(retry_after: str) -> float:
    return min(float(retry_after) if retry_after.isdecimal() else 1.0, LONGEST_WAIT_SECONDS)


def _observed(body: Mapping[str, Any], milliseconds: float) -> Observed:
    if "problem" in body:
        return Observed(problem=body["problem"], milliseconds=milliseconds)
    try:
        return Observed(
            answer=body["response"],
            sources=tuple(
                Source(each["index"], each["title"] or "", each["url"] or "", each["snippet"])
                for each in body["citations"]
            ),
            is_refused=body["guardrail"]["intervened"],
            hand_over_reason=body["escalation"] and body["escalation"]["reason"],
            degraded=tuple(body["degraded"]),
            model=body["model"],
            cost_usd=body["usage"]["cost_usd"] or 0.0,
            milliseconds=milliseconds,
        )
    except (KeyError, TypeError) as error:
        raise CommandError(f"The answer of POST /chat lacks {error}: the app is another version.") from None
