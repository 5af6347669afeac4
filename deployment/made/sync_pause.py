"""Keeps the knowledge base still while it is replaced or deleted: no job runs, and none is started.

A data source whose job is running can't be deleted, and one that has been is asked for in vain.
"""

from collections.abc import Mapping
from typing import Any

from deployment.arns import deployed_name
from deployment.work import Work
from tooling.aws_errors import passing_over
from tooling.errors import CommandError

STARTERS = ("documents_changed", "sweep")
"""The functions that start jobs; what reaches them meanwhile, AWS brings again for hours."""
ENDED = frozenset({"COMPLETE", "FAILED", "STOPPED"})
POLL_SECONDS, LOOKS = 5, 120


def pause_sync(work: Work, outputs: Mapping[str, str]) -> None:
    """Let nothing start a job, and end the one that runs. What Chalice deploys next lifts it.

    Raises CommandError.
    """
    functions = work.account.client("lambda")
    for name in STARTERS:
        with passing_over("ResourceNotFoundException"):
            functions.put_function_concurrency(
                FunctionName=deployed_name(work.stage, name), ReservedConcurrentExecutions=0
            )
    end_jobs(work, outputs)


def resume_sync(work: Work) -> None:
    """Let jobs be started again."""
    functions = work.account.client("lambda")
    for name in STARTERS:
        with passing_over("ResourceNotFoundException"):
            functions.delete_function_concurrency(FunctionName=deployed_name(work.stage, name))


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
