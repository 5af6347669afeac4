"""The sync as the app tells of it: `GET` and `POST /kb/sync`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from chalicelib.domain.ingestion import FINAL_STATUSES
from tooling.errors import CommandError

TIMEOUT_SECONDS = 30
REFUSED = frozenset({401, 403})
COMPLETE = "COMPLETE"


@dataclass(frozen=True)
class Job:
    """An ingestion job; `statistics` counts documents, `failures` has file and reason."""

    job_id: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    trigger: str
    statistics: dict[str, int]
    failures: tuple[tuple[str | None, str], ...]

    @property
    def has_ended(self) -> bool:
        """Say whether its status is final."""
        return self.status in FINAL_STATUSES


@dataclass(frozen=True)
class SyncStatus:
    """What the app says; jobs newest first."""

    pending: bool
    last_change_at: datetime | None
    last_error: str | None
    jobs: tuple[Job, ...]


class SyncApi:
    """The app's routes for the sync; `hint` says what to do when nobody answers."""

    def __init__(self, url: str, token: str, hint: str, is_local: bool) -> None:
        self._url = f"{url.rstrip('/')}/kb/sync"
        self._hint = hint
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {token}"
        # What stands between this machine and the internet has nothing to do with a local address.
        self._http.trust_env = not is_local

    def status(self) -> SyncStatus:
        """Return how the sync stands. Raises CommandError."""
        answer = self._send("GET")
        try:
            return SyncStatus(
                pending=bool(answer["pending"]),
                last_change_at=_moment(answer["last_change_at"]),
                last_error=answer.get("last_error"),
                jobs=tuple(map(_job, answer["jobs"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._unknown() from error

    def request(self) -> str | None:
        """Ask for a sync; return the job's id if it started at once. Raises CommandError."""
        job_id = self._send("POST").get("job_id")
        return str(job_id) if job_id else None

    def _send(self, method: str) -> dict[str, Any]:
        try:
            response = self._http.request(method, self._url, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise CommandError(f"The app does not answer at {self._url}. {self._hint}") from error
        if response.status_code in REFUSED:
            raise CommandError(f"The app at {self._url} refused the agent token.")
        try:
            answer = response.json()
        except ValueError as error:
            raise self._unknown() from error
        if not response.ok:
            problem = answer.get("error") or answer.get("Message") or answer.get("message") or ""
            raise CommandError(f"The app answered {response.status_code}: {problem}")
        return dict(answer)

    def _unknown(self) -> CommandError:
        return CommandError(f"What answers at {self._url} is not this app, or another version of it.")


def _job(job: dict[str, Any]) -> Job:
    started_at = _moment(job["started_at"])
    if started_at is None:
        raise ValueError("a job without a start")
    return Job(
        job_id=job["job_id"],
        status=job["status"],
        started_at=started_at,
        ended_at=_moment(job["ended_at"]),
        trigger=job["trigger"],
        statistics=dict(job["statistics"]),
        failures=tuple((failure["file"], failure["reason"]) for failure in job["failures"]),
    )


def _moment(text: str | None) -> datetime | None:
    # Python 3.10 does not read the Z that stands for UTC.
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
