"""Files dropped into the bucket become answers by themselves, through the whole running product.

Bedrock lets a sync start every ten seconds only, and the app keeps to that: so all that the tests need is
dropped together, then changed together, and the tests look at what became of it.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pytest
import requests

from devstack.stage import read_local_stage
from tests.integration.api import Api
from tests.product import Product

STAGE = read_local_stage()
SETTLED_WITHIN_SECONDS = 75
# Longer than an event is on its way.
QUIET_SECONDS = 1.5
AT_ONCE = 4
BULK = 200
MOST_JOBS = 4
BURST = 500
MANY_LETTERS = "k" * (1024 - len("keys/.md"))

AWKWARD_KEYS = {
    "keys/blanks and+plus.md": "Blanvex",
    "keys/100%25 of%2Fit.md": "Perquil",
    "keys/日本/Ünï 🙂.md": "Unquorn",
    "keys/'single' \"double\" & <angle>.md": "Quopter",
    f"keys/{MANY_LETTERS}.md": "Longrath",
}
UNREADABLE = {
    "bad/picture.bmp": b"BM",
    "bad/empty.md": b"",
    "bad/not-unicode.md": "Café crème brûlée".encode("latin-1"),
    "bad/sidecar.md": b"# A good document with a broken metadata file",
    "bad/large.txt": b"large " * 9_000_000,
}
SIDECARS = {"bad/sidecar.md.metadata.json": b"{"}
CHANGING, GOING = "life/changing.md", "life/going.md"


def article(name: str, months: int) -> bytes:
    return f"# The {name}\n\nThe {name} has a warranty of {months} months.\n".encode()


def bulk_name(number: int) -> str:
    """Return a word that is in one file alone."""
    return "zu" + "".join("bdfgklmnpr"[int(digit)] + "a" for digit in f"{number:03d}") + "x"


BULK_FILES = {f"bulk/{number}.md": article(bulk_name(number), number + 1) for number in range(BULK)}


@dataclass
class Bucket:
    """The documents bucket of the product and the sync that follows it."""

    api: Api
    s3: Any
    name: str = STAGE.documents_bucket
    dropped: set[str] = field(default_factory=set)

    def drop(self, files: Mapping[str, bytes]) -> None:
        """Put all files, several at a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda key: self.s3.put_object(Bucket=self.name, Key=key, Body=files[key]), files))
        self.dropped.update(files)

    def remove(self, *keys: str) -> None:
        """Remove objects, as many as there are at once."""
        for start in range(0, len(keys), 1000):
            objects = [{"Key": key} for key in keys[start : start + 1000]]
            self.s3.delete_objects(Bucket=self.name, Delete={"Objects": objects, "Quiet": True})
        self.dropped.difference_update(keys)

    def sync(self) -> dict[str, Any]:
        """Return what an agent sees of the sync."""
        answer: dict[str, Any] = self.api.send_as_agent("GET", "/kb/sync").json()
        return answer

    def settle(self) -> None:
        """Wait until no change is on its way and none is left over."""
        deadline = time.monotonic() + SETTLED_WITHIN_SECONDS
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < QUIET_SECONDS:
            time.sleep(0.1)
            now = time.monotonic()
            assert now < deadline, self.sync()
            if not self._is_quiet():
                quiet_since = now

    def jobs_since(self, start: datetime) -> list[dict[str, Any]]:
        """Return the jobs that started after a moment, newest first."""
        return [job for job in self.sync()["jobs"] if datetime.fromisoformat(job["started_at"]) > start]

    def _is_quiet(self) -> bool:
        sync = self.sync()
        return not sync["pending"] and all(job["ended_at"] for job in sync["jobs"])


@dataclass(frozen=True)
class Outcome:
    """What became of a step: its jobs, and how often the product asked Bedrock for one."""

    jobs: list[dict[str, Any]]
    start_calls: int

    def failures(self) -> dict[str, str]:
        """Return the reasons by file."""
        return {each["file"]: each["reason"] for job in self.jobs for each in job["failures"]}


@pytest.fixture(scope="module")
def bucket(product: Product) -> Iterator[Bucket]:
    """The bucket; what the tests put in is taken out at the end."""
    api = Api(product)
    bucket = Bucket(api, api.aws("s3"))
    bucket.settle()
    yield bucket
    api.recover()
    bucket.remove(*bucket.dropped)


@contextmanager
def watched(bucket: Bucket) -> Iterator[list[Outcome]]:
    """Yield a list that holds the outcome once all is settled."""
    start, calls_before, outcomes = datetime.now(timezone.utc), start_calls(bucket.api), list[Outcome]()
    yield outcomes
    bucket.settle()
    outcomes.append(Outcome(bucket.jobs_since(start), start_calls(bucket.api) - calls_before))


def start_calls(api: Api) -> int:
    url = api.aws("s3").meta.endpoint_url
    calls = requests.get(f"{url}/_devstack/calls", timeout=5).json()["calls"]
    return int(calls.get("StartIngestionJob", 0))


@pytest.fixture(scope="module")
def drop(bucket: Bucket) -> Outcome:
    """Drop 200 good files, awkwardly named ones and unreadable ones, all at once."""
    awkward = {key: article(name, 24) for key, name in AWKWARD_KEYS.items()}
    living = {CHANGING: article("Chamvorn", 3), GOING: article("Golgrim", 5)}
    with watched(bucket) as outcomes:
        bucket.drop(SIDECARS | UNREADABLE | awkward | living | BULK_FILES)
    return outcomes[0]


@pytest.fixture(scope="module")
def burst(bucket: Bucket, drop: Outcome) -> Outcome:
    """Change one file and remove another among a thousand events, at the rate that AWS allows."""
    assert drop.jobs
    bucket.api.break_down("StartIngestionJob", rate_per_second=0.1)
    files = {f"burst/{number}.md": article(f"burst {number}", 1) for number in range(BURST)}
    with watched(bucket) as outcomes:
        bucket.drop({**files, CHANGING: article("Chamvorn", 77)})
        bucket.remove(GOING, *files)
    bucket.api.recover()
    return outcomes[0]


def test_200_files_dropped_at_once_need_few_jobs(drop: Outcome) -> None:
    assert 1 <= len(drop.jobs) <= MOST_JOBS
    assert sum(job["statistics"]["new"] for job in drop.jobs) >= BULK
    assert {job["trigger"] for job in drop.jobs} <= {"change", "retry"}


def test_each_of_200_files_is_found(drop: Outcome, bucket: Bucket) -> None:
    bedrock = bucket.api.aws("bedrock-agent-runtime")

    def first(number: int) -> str:
        found = bedrock.retrieve(
            knowledgeBaseId=STAGE.knowledge_base_id,
            retrievalQuery={"text": f"warranty of the {bulk_name(number)}"},
        )
        return str(found["retrievalResults"][0]["location"]["s3Location"]["uri"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(first, range(BULK)))
    assert found == [f"s3://{bucket.name}/bulk/{number}.md" for number in range(BULK)]


@pytest.mark.parametrize("number", [0, 99, BULK - 1])
def test_a_dropped_file_is_answered_from(drop: Outcome, bucket: Bucket, number: int) -> None:
    answer = bucket.api.ask(f"How long is the warranty of the {bulk_name(number)}?")
    assert f"{number + 1} months" in answer["response"]
    assert bulk_name(number) in answer["citations"][0]["snippet"]


@pytest.mark.parametrize("key", AWKWARD_KEYS, ids=list(AWKWARD_KEYS.values()))
def test_a_file_with_an_awkward_name_is_answered_from(drop: Outcome, bucket: Bucket, key: str) -> None:
    answer = bucket.api.ask(f"How long is the warranty of the {AWKWARD_KEYS[key]}?")
    assert "24 months" in answer["response"]
    assert AWKWARD_KEYS[key] in answer["citations"][0]["snippet"]


@pytest.mark.parametrize("key", UNREADABLE)
def test_an_unreadable_file_is_named_with_the_reason(drop: Outcome, key: str) -> None:
    assert drop.failures()[key]


def test_only_the_unreadable_files_failed(drop: Outcome) -> None:
    assert set(drop.failures()) == set(UNREADABLE)


def test_a_thousand_events_start_few_jobs(burst: Outcome) -> None:
    assert 1 <= burst.start_calls <= MOST_JOBS


def test_a_changed_file_changes_the_answer(burst: Outcome, bucket: Bucket) -> None:
    response = bucket.api.ask("How long is the warranty of the Chamvorn?")["response"]
    assert "77 months" in response


def test_a_removed_file_is_not_answered_from_any_more(burst: Outcome, bucket: Bucket) -> None:
    answer = bucket.api.ask("How long is the warranty of the Golgrim?")
    assert "5 months" not in answer["response"]
    assert not [each for each in answer["citations"] if "Golgrim" in each["snippet"]]
