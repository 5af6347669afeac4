"""Keeps the knowledge base still while it is replaced or deleted: no job runs, and none is started.

A data source whose job is running can't be deleted, and one that has been is asked for in vain.
"""

import time
from collections.abc import Mapping
from typing import Any

from deployment.work import Work
from tooling.aws_errors import passing_over
from tooling.errors import CommandError

LONGEST_PAUSE_SECONDS = 12 * 3600
"""Should the command be killed: longer than any change of the store, and no sync is held back for good."""
ENDED = frozenset({"COMPLETE", "FAILED", "STOPPED"})
POLL_SECONDS, LOOKS = 5, 120


def pause_sync(work: Work, outputs: Mapping[str, str]) -> None:
    """Let nothing start a job, and end the one that runs. The next data source is not paused.

    Raises CommandError.
    """
    if "DataSourceId" not in outputs:
        return
    now = time.time()
    state = _change(
        work,
        outputs["DataSourceId"],
        UpdateExpression="SET paused_until = :until",
        ExpressionAttributeValues={":until": {"N": str(int((now + LONGEST_PAUSE_SECONDS) * 1000))}},
    )
    leased_until = float(state.get("lease_until", {}).get("N", 0)) / 1000
    if leased_until > now:
        # Somebody is just starting a job, which cannot be seen yet.
        work.pause(leased_until - now)
    end_jobs(work, outputs)


def resume_sync(work: Work, data_source_id: str) -> None:
    """Let jobs be started again."""
    _change(work, data_source_id, UpdateExpression="REMOVE paused_until")


def _change(work: Work, data_source_id: str, **arguments: Any) -> Mapping[str, Any]:
    """Change what the app reads before it starts a job; return all of it."""
    # Without the table there is no app that could start one.
    with passing_over("ResourceNotFoundException"):
        answer = work.account.client("dynamodb").update_item(
            TableName=f"support-state-{work.stage}",
            Key={"pk": {"S": f"sync#{data_source_id}"}},
            ReturnValues="ALL_NEW",
            **arguments,
        )
        return dict(answer["Attributes"])
    return {}


def end_jobs(work: Work, outputs: Mapping[str, str]) -> None:
    """Stop the ingestion jobs of a stack's data source, and wait for their end. Raises CommandError."""
    bedrock = work.account.client("bedrock-agent")
    if "DataSourceId" not in outputs:
        return
    where = {"knowledgeBaseId": outputs["KnowledgeBaseId"], "dataSourceId": outputs["DataSourceId"]}
    for _ in range(LOOKS):
        running = _running(bedrock, where)
        if not running:
            return
        work.terminal.say(f"  Waiting for the end of an ingestion job ({running[0]['status']}) …")
        for job in running:
            # It may have ended meanwhile.
            with passing_over("ConflictException", "ValidationException"):
                bedrock.stop_ingestion_job(**where, ingestionJobId=job["ingestionJobId"])
        work.pause(POLL_SECONDS)
    raise CommandError("An ingestion job does not end. Wait until it has (Bedrock console), and try again.")


def _running(bedrock: Any, where: Mapping[str, str]) -> list[dict[str, Any]]:
    jobs = []
    # Without a knowledge base there are none.
    with passing_over("ResourceNotFoundException"):
        newest = {"attribute": "STARTED_AT", "order": "DESCENDING"}
        answer = bedrock.list_ingestion_jobs(**where, sortBy=newest, maxResults=10)
        jobs = answer["ingestionJobSummaries"]
    return [job for job in jobs if job["status"] not in ENDED]
