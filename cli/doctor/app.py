"""Checks of the app through its own routes: does it run, is it this version, what does it reach?"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from chalicelib import __version__
from chalicelib.chat.limits import BUDGET, DAY
from chalicelib.chat.spending import MICRO
from chalicelib.errors import InvalidSettings
from chalicelib.settings import check_settings
from chalicelib.stores.state import counter_key
from cli.display import counted
from cli.doctor.stage import Problem, Stage

MOST_SKEW_SECONDS = 60
LONGEST_PENDING = timedelta(minutes=15)
ATTEMPTS_IN_VAIN = 3
"""A receiver that is away for a moment has an event sooner; these take a minute."""
COMPLETE = "COMPLETE"
WRONG_PLACE = "Name the right port or stage."


def settings(stage: Stage) -> str:
    """Each setting of the stage has a value that the app takes."""
    try:
        check_settings(stage.variables, ())
    except InvalidSettings as error:
        raise Problem(
            str(error), "Correct it in .chalice/config.json: docs/settings.md lists them."
        ) from None
    return f"{len(stage.variables)} are valid"


def app(stage: Stage) -> str:
    """The app answers, and is that of the stage."""
    response = stage.get("/health", is_agent=False)
    try:
        name = response.json()["stage"]
    except (ValueError, KeyError, TypeError):
        raise Problem(f"what answers at {stage.url} is not this app", WRONG_PLACE) from None
    if name != stage.name:
        raise Problem(f"{stage.url} is stage {name}", WRONG_PLACE)
    return f"answers at {stage.url}"


def version(stage: Stage) -> str:
    """What runs is the version of this checkout."""
    running = stage.health["version"]
    if running != __version__:
        raise Problem(f"{running} runs, and {__version__} is here", stage.redeploy)
    return str(running)


def clock(stage: Stage) -> str:
    """This machine's clock is right: requests to AWS are signed with it."""
    skew = stage.clock_skew_seconds()
    if abs(skew) > MOST_SKEW_SECONDS:
        raise Problem(f"it is off by {skew:.0f} s", "Set this machine's clock by a time server.")
    return f"off by {abs(skew):.0f} s"


def agent_routes(stage: Stage) -> str:
    """The agents' routes open with a token, and with nothing else."""
    if (status := stage.get("/tickets?limit=1").status_code) in {401, 403}:
        raise Problem(
            f"an agent's token is answered {status}",
            "It may have been changed a moment ago: wait five minutes, else deploy again.",
        )
    if (status := stage.get("/tickets?limit=1", is_agent=False).status_code) not in {401, 403}:
        raise Problem(f"without a token GET /tickets answers {status}", stage.redeploy)
    return "open with a token alone"


def dependency(name: str, what: str) -> Callable[[Stage], str]:
    """Return the check that the app reaches something."""

    def look(stage: Stage) -> str:
        state = stage.health.get("checks", {}).get(name)
        if state is None:
            return f"the app has no {what}"
        if state != "ok":
            raise Problem(f"the app does not reach {what}", stage.logs)
        return "the app reaches it"

    look.__name__ = f"app_to_{name}"
    return look


def last_sync(stage: Stage) -> str:
    """The last sync ended well, with all documents."""
    jobs = [job for job in stage.read("/kb/sync")["jobs"] if job["ended_at"]]
    if not jobs:
        raise Problem("no sync has ended yet", "Start one with `python3 dev.py kb sync`.")
    job = jobs[0]
    if job["status"] != COMPLETE:
        raise Problem(
            f"sync {job['job_id']} ended as {job['status']}", "`python3 dev.py kb status` says why."
        )
    if job["failures"]:
        names = ", ".join(str(each["file"]) for each in job["failures"][:3])
        raise Problem(
            f"{counted(len(job['failures']), 'document')} not indexed: {names}",
            "`python3 dev.py kb status` gives the reason of each.",
        )
    return f"complete, {counted(job['statistics'].get('scanned', 0), 'document')}"


def index_age(stage: Stage) -> str:
    """Each change of the documents is indexed within a quarter of an hour."""
    status = stage.read("/kb/sync")
    changed = status["last_change_at"]
    if not status["pending"] or not changed:
        return "up to date"
    age = datetime.now(timezone.utc) - datetime.fromisoformat(changed.replace("Z", "+00:00"))
    if age > LONGEST_PENDING:
        problem = f": {status['last_error']}" if status["last_error"] else ""
        raise Problem(
            f"a change waits since {age.total_seconds() / 60:.0f} min{problem}",
            "docs/runbook.md, about the sync, says what can hold it up.",
        )
    return "a sync is on its way"


def deliveries(stage: Stage) -> str:
    """Each event was delivered."""
    failed: list[dict[str, Any]] = stage.read("/events?status=failed")["events"]
    if failed:
        raise Problem(
            f"{counted(len(failed), 'event')} not delivered, the newest {failed[0]['event_id']}",
            "See GET /events?status=failed for the reason, then POST /events/{id}/resend.",
        )
    waiting: list[dict[str, Any]] = stage.read("/events?status=pending&limit=100")["events"]
    in_vain = [each for each in waiting if each["attempts"] >= ATTEMPTS_IN_VAIN]
    if in_vain:
        names = {each["name"] for each in in_vain[0]["receivers"] if each["status"] == "pending"}
        raise Problem(
            f"{counted(len(in_vain), 'event')} not taken yet by {', '.join(sorted(names))}",
            "See GET /events?status=pending for the reason; each is tried again for a day.",
        )
    return "none failed"


def budget(stage: Stage) -> str:
    """The stage has a daily budget, and it is not used up."""
    limit = float(stage.variables.get("DAILY_BUDGET_USD", "0"))
    if not limit:
        if stage.is_local:
            return "none, which is right here"
        raise Problem("there is none: anybody can spend any amount", "Set DAILY_BUDGET_USD.")
    spent = stage.counted(counter_key(BUDGET, datetime.now(timezone.utc), DAY)) / MICRO
    if spent >= limit:
        raise Problem(
            f"today's {limit:.2f} dollars are used up", "docs/runbook.md, alarm budget, says what to do."
        )
    return f"{spent:.2f} of {limit:.2f} dollars are spent today"


CHECKS: Iterable[Callable[[Stage], str]] = (
    settings,
    app,
    version,
    clock,
    agent_routes,
    dependency("dynamodb", "DynamoDB"),
    dependency("postgres", "database"),
    dependency("bedrock", "model"),
    dependency("knowledge_base", "knowledge base"),
    last_sync,
    index_age,
    deliveries,
    budget,
)
