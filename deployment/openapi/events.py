"""The routes for whoever looks after the webhooks."""

from chalicelib import errors
from chalicelib.api.answers.events import Event, Events
from chalicelib.api.events import EventsQuery
from deployment.openapi.operation import AGENTS, Answer, Operation

TIME = "2026-11-20T12:00:00.000+00:00"
EVENT_ID = "evt_5f2b8c0d9e1a4b7c8d6e3f2a1b0c9d8e"
EVENT = {
    "event_id": EVENT_ID,
    "type": "ticket.updated",
    "timestamp": TIME,
    "status": "failed",
    "attempts": 27,
    "next_attempt_at": None,
    "receivers": [
        {"name": "hooks.example.com (1f3a9c20)", "status": "failed", "reason": "answered 500", "at": TIME}
    ],
    "data": {
        "ticket_id": "T-1042",
        "external_ticket_id": "ZD-77",
        "customer_external_id": "CUST-1005",
        "status": "closed",
        "priority": "high",
        "assignee": "Jo",
        "changed": ["status"],
    },
}

OPERATIONS = (
    Operation(
        AGENTS,
        "GET",
        "/events",
        "listEvents",
        "List what others were told",
        "Events with who was told of them and who was not, newest first, page by page. They are kept for "
        "30 days. A parameter that is not known is refused.",
        Answer(
            "A page of events.", Events, {"events": [EVENT], "next": f"2026-11-20T12:00:00.000Z.{EVENT_ID}"}
        ),
        query=EventsQuery,
    ),
    Operation(
        AGENTS,
        "POST",
        "/events/{event_id}/resend",
        "resendEvent",
        "Send an event again",
        "An event that failed is on its way again, to those who have not got it, for another day. One that "
        "has not failed stays as it is.",
        Answer(
            "The event as it is now.",
            Event,
            {**EVENT, "status": "pending", "attempts": 0, "next_attempt_at": TIME, "receivers": []},
        ),
        errors=(errors.UnknownEvent,),
    ),
)
