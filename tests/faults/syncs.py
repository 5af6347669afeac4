"""A sync of a world of its own: what its state says, and that no change gets lost in it."""

from typing import Any

from chalicelib.times import to_millis
from tests.faults.container import LOCAL
from tests.faults.world import DONE, Reply, Request, World, stream_record
from tests.lambda_events import object_event, schedule_event

KEY = {"pk": f"sync#{LOCAL.data_source_id}"}
PLACE = {"knowledgeBaseId": LOCAL.knowledge_base_id, "dataSourceId": LOCAL.data_source_id}
BUSY = "ConflictException"
"""Bedrock runs one job at a time, and other worlds have theirs."""


def settled(world: World) -> None:
    """Let the state be that of a sync which has nothing to do."""
    _begin(world, requested=1)


def under_way(world: World) -> None:
    """Let a job have ended, which nobody has noted yet, with a change that came after its start."""
    ended = [job for job in _jobs(world) if job["status"] == "COMPLETE"]
    active, *others = [(to_millis(job["startedAt"]), job["ingestionJobId"]) for job in ended]
    _begin(
        world,
        requested=2,
        active_id=active[1],
        active_started_at=active[0],
        active_trigger="change",
        recorded={f"{started}#{job_id}" for started, job_id in others} or {"1#J"},
    )


def upload(world: World) -> Request:
    settled(world)
    return Request("documents_changed", object_event(LOCAL.documents_bucket, "a.md"))


def sweep(world: World) -> Request:
    # Of the ticket nobody has been told yet.
    world.insist(world.ticket())
    _conversation_to_judge(world)
    under_way(world)
    return Request("sweep", schedule_event())


def _conversation_to_judge(world: World) -> None:
    said = world.said()
    world.insist(stream_record({**said, "timestamp": 0}))
    world.insist(stream_record({**said, "unanswered": True}))
    # As if the time had passed for which groups stay.
    world.container.table("support-insights").update_item(
        Key={"pk": "gap-report", "sk": "gap-report"},
        UpdateExpression="REMOVE #state",
        ExpressionAttributeNames={"#state": "state"},
    )


def ask_for_sync(world: World) -> Request:
    settled(world)
    return world.request("POST", "/kb/sync")


def look_at_sync(world: World) -> Request:
    under_way(world)
    return world.request("GET", "/kb/sync")


def change_covered(world: World, _request: Request, reply: Reply) -> None:
    """See that a change which was taken in leads to a job of its own, as soon as no other one runs."""
    if reply.status not in DONE:
        return
    assert _state(world)["requested"] >= 2
    # As if the time had passed for which a start, or the holder of a lease, is waited for.
    world.container.table("support-state").update_item(
        Key=KEY, UpdateExpression="REMOVE next_start_at, lease_until, lease_holder"
    )
    world.insist(Request("sweep", schedule_event()))
    state = _state(world)
    if state["covered"] < state["requested"]:
        assert "active_id" in state or state["last_error"] == BUSY, state
    else:
        noted = {state.get("active_id"), *(mark.split("#")[1] for mark in state.get("recorded", ()))}
        assert noted & {job["ingestionJobId"] for job in _jobs(world)} - world.jobs_before


def _begin(world: World, **values: Any) -> None:
    world.jobs_before = {job["ingestionJobId"] for job in _jobs(world)}
    state = {"covered": 1, "attempts": 0, "trigger": "change", "origin": world.customer_id, **values}
    world.container.table("support-state").put_item(Item={**KEY, **state})


def _state(world: World) -> dict[str, Any]:
    state: dict[str, Any] = world.container.table("support-state").get_item(Key=KEY)["Item"]
    return state


def _jobs(world: World) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = world.container.jobs.list_ingestion_jobs(**PLACE, maxResults=20)[
        "ingestionJobSummaries"
    ]
    return jobs
