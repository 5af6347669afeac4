"""EventBridge's schedules: calls the functions that asked for one, whatever their rate, every five seconds.

A developer is waiting for what would take a minute on AWS.
"""

import time
import uuid
from typing import Any

REGION = "us-east-1"
ACCOUNT = "123456789012"
EVERY_SECONDS = 5.0


def scheduled_event(rule: str) -> dict[str, Any]:
    """Return the event that a rule sends when its time has come."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"],
        "detail": {},
    }
