"""What is promised when a dependency is out of reach, whatever its way of being so."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.faults.world import POSTGRES


@dataclass(frozen=True)
class Promise:
    """A status, or what a function raises, and the names in `degraded`."""

    status: int | str
    degraded: tuple[str, ...] = ()


def without(*names: str) -> Promise:
    """Answer all the same, and name what is missing."""
    return Promise(200, names)


CONVERSATIONS = "customer-support-conversations"
INTERACTIONS = "customer-interactions"
TICKETS = "support-tickets"
STATE = "support-state"
EVENTS = "support-events"
INSIGHTS = "support-insights"
TICKETS_OF_CUSTOMER = f"Query {TICKETS}/index/customer-created_at"
KEEP_EXCHANGE = f"TransactWriteItems {CONVERSATIONS} {STATE}"
LOG_INTERACTION = f"TransactWriteItems {INTERACTIONS} {STATE}"
KEEP_TICKET = f"TransactWriteItems {STATE} {TICKETS}"
EVENTS_BY_STATUS = f"Query {EVENTS}/index/status-listed_at"
CHANGE_TICKET = f"TransactWriteItems {EVENTS} {STATE} {TICKETS}"
SAY_TO_TICKET = f"TransactWriteItems {CONVERSATIONS} {STATE} {TICKETS}"
SAY_WITH_AGENT = f"TransactWriteItems {CONVERSATIONS} {EVENTS} {STATE} {TICKETS}"
COUNT = f"TransactWriteItems {INSIGHTS}"
KEEP_CONTACT = f"TransactWriteItems {STATE}"

REFUSED = Promise(503)
UNHARMED = Promise(200)
QUEUED = Promise(202)
RAISED = Promise("Unavailable")
"""Lambda calls again, or API Gateway answers 503."""

ALL_OF_DYNAMODB = "dynamodb"

PROMISES: Mapping[str, Mapping[str, Promise]] = {
    "GET /": {},
    "GET /widget.js": {},
    "GET /libraries.js": {},
    "GET /agent": {},
    "GET /agents/me": {},
    "GET /openapi.json": {},
    "POST /chat": {
        f"Query {CONVERSATIONS}": without("history"),
        f"GetItem {STATE}": without("history"),
        f"UpdateItem {STATE}": without("storage"),
        "Retrieve": without("knowledge_base"),
        "DetectSentiment": without("sentiment"),
        POSTGRES: without("customer"),
        TICKETS_OF_CUSTOMER: without("storage"),
        "Converse": REFUSED,
        KEEP_EXCHANGE: without("storage"),
        LOG_INTERACTION: without("interactions"),
        ALL_OF_DYNAMODB: without("history", "storage"),
    },
    "POST /chat, sent again": {
        f"GetItem {STATE}": without("history"),
        f"GetItem {CONVERSATIONS}": without("history"),
        f"Query {CONVERSATIONS}": without("history"),
        f"UpdateItem {STATE}": UNHARMED,
    },
    "POST /chat, without message_id": {KEEP_EXCHANGE: without("storage")},
    "POST /chat, for a person": {
        CHANGE_TICKET: without("storage"),
        SAY_TO_TICKET: without("storage"),
        "Converse": UNHARMED,
    },
    "POST /chat, progressive": {"ConverseStream": REFUSED, f"TransactWriteItems {STATE}": UNHARMED},
    "GET /chat/pending/{message_id}": {f"GetItem {STATE}": REFUSED},
    "POST /chat, to an agent": {f"GetItem {TICKETS}": without("storage"), SAY_WITH_AGENT: REFUSED},
    "POST /chat, cold": {
        "GetSecretValue app-secret": REFUSED,
        "GetSecretValue database": without("customer"),
    },
    "GET /chat/{session_id}": {
        f"Query {CONVERSATIONS}": REFUSED,
        f"GetItem {TICKETS}": REFUSED,
        f"UpdateItem {TICKETS}": UNHARMED,
    },
    "POST /chat/open": {f"Query {CONVERSATIONS}": REFUSED, f"GetItem {TICKETS}": REFUSED},
    "PUT /chat/{session_id}/contact": {
        f"Query {CONVERSATIONS}": REFUSED,
        KEEP_CONTACT: REFUSED,
        f"GetItem {TICKETS}": REFUSED,
        KEEP_TICKET: REFUSED,
    },
    "DELETE /chat/{session_id}": {
        f"PutItem {STATE}": REFUSED,
        f"GetItem {STATE}": REFUSED,
        f"Query {CONVERSATIONS}": REFUSED,
        f"Query {INTERACTIONS}": REFUSED,
        f"BatchWriteItem {INTERACTIONS}": REFUSED,
        f"BatchGetItem {TICKETS}": REFUSED,
        f"BatchWriteItem {EVENTS}": REFUSED,
        f"UpdateItem {TICKETS}": REFUSED,
        f"DeleteItem {STATE}": REFUSED,
        f"BatchWriteItem {STATE}": REFUSED,
        f"BatchWriteItem {CONVERSATIONS}": REFUSED,
    },
    "POST /chat/{session_id}/feedback": {
        f"Query {CONVERSATIONS}": REFUSED,
        f"UpdateItem {CONVERSATIONS}": REFUSED,
        LOG_INTERACTION: UNHARMED,
    },
    "POST /tickets": {
        f"UpdateItem {STATE}": UNHARMED,
        CHANGE_TICKET: REFUSED,
        ALL_OF_DYNAMODB: REFUSED,
        f"Query {INTERACTIONS}": without("interactions"),
        LOG_INTERACTION: without("interactions"),
        TICKETS_OF_CUSTOMER: without("storage"),
        "Retrieve": without("knowledge_base"),
        "DetectSentiment": without("sentiment"),
        POSTGRES: without("customer"),
        COUNT: UNHARMED,
    },
    "POST /tickets, sent again": {f"GetItem {TICKETS}": REFUSED},
    "POST /tickets, cold": {"GetSecretValue database": without("customer")},
    "GET /tickets": {f"Query {TICKETS}/index/status-listed_at": REFUSED},
    "PATCH /tickets/{ticket_id}": {CHANGE_TICKET: REFUSED, f"GetItem {TICKETS}": REFUSED},
    "POST /tickets/{ticket_id}/replies": {f"GetItem {TICKETS}": REFUSED, SAY_WITH_AGENT: REFUSED},
    "POST /tickets/{ticket_id}/replies, sent again": {
        f"GetItem {STATE}": REFUSED,
        f"GetItem {CONVERSATIONS}": REFUSED,
    },
    "POST /tickets/{ticket_id}/draft": {
        f"GetItem {TICKETS}": REFUSED,
        f"Query {CONVERSATIONS}": without("history"),
        f"Query {INTERACTIONS}": without("interactions"),
        TICKETS_OF_CUSTOMER: without("storage"),
        "Retrieve": without("knowledge_base"),
        POSTGRES: without("customer"),
        "Converse": REFUSED,
        f"UpdateItem {STATE}": UNHARMED,
        KEEP_TICKET: without("storage"),
        COUNT: UNHARMED,
    },
    "POST /tickets/{ticket_id}/article": {
        f"GetItem {TICKETS}": REFUSED,
        f"Query {CONVERSATIONS}": REFUSED,
        f"Query {INTERACTIONS}": UNHARMED,
        TICKETS_OF_CUSTOMER: UNHARMED,
        "Retrieve": UNHARMED,
        POSTGRES: REFUSED,
        "Converse": REFUSED,
        f"UpdateItem {STATE}": UNHARMED,
        COUNT: UNHARMED,
    },
    "GET /tickets/{ticket_id}/context": {
        COUNT: UNHARMED,
        f"UpdateItem {STATE}": UNHARMED,
        f"GetItem {TICKETS}": REFUSED,
        f"Query {CONVERSATIONS}": without("history"),
        f"Query {INTERACTIONS}": without("interactions"),
        TICKETS_OF_CUSTOMER: without("storage"),
        "Retrieve": without("knowledge_base"),
        POSTGRES: without("customer"),
    },
    "POST /tickets/{ticket_id}/feedback": {
        f"GetItem {TICKETS}": REFUSED,
        f"UpdateItem {TICKETS}": REFUSED,
        LOG_INTERACTION: UNHARMED,
    },
    "DELETE /customers/{external_id}/data": {
        f"PutItem {STATE}": REFUSED,
        f"GetItem {STATE}": REFUSED,
        f"Query {INTERACTIONS}": REFUSED,
        f"Query {CONVERSATIONS}/index/customer-timestamp": REFUSED,
        f"Query {CONVERSATIONS}": REFUSED,
        TICKETS_OF_CUSTOMER: REFUSED,
        f"BatchGetItem {TICKETS}": REFUSED,
        f"BatchWriteItem {EVENTS}": REFUSED,
        f"BatchWriteItem {TICKETS}": REFUSED,
        f"DeleteItem {STATE}": REFUSED,
        f"BatchWriteItem {STATE}": REFUSED,
        f"BatchWriteItem {CONVERSATIONS}": REFUSED,
        f"BatchWriteItem {INTERACTIONS}": REFUSED,
    },
    "GET /health": {
        f"Query {CONVERSATIONS}": without("dynamodb"),
        "GetKnowledgeBase": without("knowledge_base"),
        "CountTokens": without("bedrock"),
        POSTGRES: without("postgres"),
        "GetSecretValue database": without("postgres"),
    },
    "POST /kb/sync": {f"UpdateItem {STATE}": REFUSED, "StartIngestionJob": QUEUED},
    "GET /kb/sync": {
        f"GetItem {STATE}": REFUSED,
        f"BatchGetItem {STATE}": REFUSED,
        f"PutItem {STATE}": REFUSED,
        f"UpdateItem {STATE}": REFUSED,
        "GetIngestionJob": UNHARMED,
        "ListIngestionJobs": UNHARMED,
    },
    "documents_changed": {f"UpdateItem {STATE}": RAISED, "StartIngestionJob": UNHARMED},
    "sweep": {
        f"GetItem {STATE}": RAISED,
        f"PutItem {STATE}": RAISED,
        f"UpdateItem {STATE}": RAISED,
        "GetIngestionJob": UNHARMED,
        "ListIngestionJobs": UNHARMED,
        "StartIngestionJob": UNHARMED,
        EVENTS_BY_STATUS: RAISED,
        f"UpdateItem {EVENTS}": RAISED,
        f"Query {INSIGHTS}/index/status-due_at": RAISED,
        f"GetItem {INSIGHTS}": RAISED,
        f"Query {INSIGHTS}": RAISED,
        f"UpdateItem {INSIGHTS}": RAISED,
        COUNT: RAISED,
    },
    "count": {f"GetItem {INSIGHTS}": RAISED, COUNT: RAISED},
    "count, a gap": {f"PutItem {INSIGHTS}": RAISED, f"UpdateItem {INSIGHTS}": RAISED},
    "count, a gap erased": {f"DeleteItem {INSIGHTS}": RAISED},
    "intake": {
        f"UpdateItem {STATE}": UNHARMED,
        CHANGE_TICKET: RAISED,
        f"GetItem {TICKETS}": RAISED,
        f"Query {INTERACTIONS}": RAISED,
        LOG_INTERACTION: RAISED,
        TICKETS_OF_CUSTOMER: RAISED,
        "Retrieve": RAISED,
        "DetectSentiment": UNHARMED,
        POSTGRES: RAISED,
        COUNT: UNHARMED,
    },
    "intake, cold": {"GetSecretValue database": RAISED},
    "deliver": {f"GetItem {EVENTS}": RAISED, f"UpdateItem {EVENTS}": RAISED, "SendEmail": UNHARMED},
    "deliver, a reply": {f"GetItem {TICKETS}": UNHARMED, "SendEmail": UNHARMED},
    "deliver, a reply, cold": {"GetSecretValue webhooks": RAISED, "GetSecretValue app-secret": UNHARMED},
    "GET /insights": {
        f"Query {INSIGHTS}": REFUSED,
        f"GetItem {INSIGHTS}": REFUSED,
        f"UpdateItem {STATE}": REFUSED,
    },
    "GET /events": {EVENTS_BY_STATUS: REFUSED},
    "POST /events/{event_id}/resend": {f"GetItem {EVENTS}": REFUSED, f"UpdateItem {EVENTS}": REFUSED},
    "agent": {"GetSecretValue agent-tokens": RAISED},
}
