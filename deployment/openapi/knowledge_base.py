"""The routes for whoever looks after the articles."""

from chalicelib.api.answers.knowledge_base import SyncRequested, SyncStatus
from deployment.openapi.operation import AGENTS, Answer, Operation

JOB_ID = "ZQ3V8K2M1A"
TIME = "2026-11-20T12:00:00.000+00:00"

OPERATIONS = (
    Operation(
        AGENTS,
        "POST",
        "/kb/sync",
        "requestSync",
        "Let the knowledge base catch up with the documents",
        "Starts a job now. While another one runs, the next follows it. While the vector store is being "
        "changed none starts, and `message` says so. Changes in the bucket do so by themselves.",
        Answer(
            "A job was started, or follows.",
            SyncRequested,
            {"status": "started", "job_id": JOB_ID},
            status=202,
        ),
    ),
    Operation(
        AGENTS,
        "GET",
        "/kb/sync",
        "readSync",
        "How the knowledge base stands to the documents",
        "Says what is pending and how the last 20 jobs ended, file by file.",
        Answer(
            "The state and the last jobs, newest first.",
            SyncStatus,
            {
                "pending": False,
                "last_change_at": TIME,
                "last_error": None,
                "paused_until": None,
                "jobs": [
                    {
                        "job_id": JOB_ID,
                        "status": "COMPLETE",
                        "started_at": TIME,
                        "ended_at": TIME,
                        "trigger": "change",
                        "statistics": {"scanned": 30, "new": 1, "modified": 0, "deleted": 0, "failed": 1},
                        "failures": [{"file": "scan.pdf", "reason": "The file is encrypted."}],
                    }
                ],
            },
        ),
    ),
)
