"""The routes for agents and ticketing systems."""

from chalicelib import errors
from chalicelib.api.answers.common import Accepted
from chalicelib.api.answers.tickets import CustomerErased, Ticket, TicketContext, TicketReceived, Tickets
from chalicelib.api.tickets import TicketFeedbackRequest, TicketMove, TicketRequest, TicketsQuery
from deployment.openapi.operation import AGENTS, Answer, Link, Operation

TIME = "2026-11-20T12:00:00.000+00:00"
CUSTOMER = {
    "customer_id": 5,
    "external_id": "CUST-1005",
    "name": "Ada Byron",
    "email": "ada@example.com",
    "company": "Engines Ltd",
    "tier": "enterprise",
    "lifetime_value": 18250.0,
    "total_orders": 12,
    "recent_orders": [
        {
            "order_number": "O-77",
            "order_date": TIME,
            "status": "shipped",
            "total_amount": 49.0,
            "currency": "EUR",
            "items": "1 × scanner",
        }
    ],
    "open_tickets": 2,
    "avg_sentiment": -0.1,
    "last_interaction": TIME,
    "is_high_value": True,
    "churn_risk": "low",
}
SUGGESTIONS = [
    {
        "title": "Get a refund",
        "url": "https://help.example.com/refunds",
        "snippet": "Refunds take 5 days …",
        "score": 0.71,
    }
]
TICKET = {
    "ticket_id": "T-1042",
    "external_ticket_id": "ZD-77",
    "customer_external_id": "CUST-1005",
    "status": "open",
    "channel": "email",
    "priority": "high",
    "subject": "Refund",
    "description": "Where is my refund?",
    "reason": None,
    "metadata": {"tags": ["vip"]},
    "created_at": TIME,
}
FEEDBACK = {"helpful": False, "source": "kb_suggestions", "comment": "The article is out of date."}

OPERATIONS = (
    Operation(
        AGENTS,
        "POST",
        "/tickets",
        "createTicket",
        "Keep a ticket",
        "Keeps a ticket, and answers with what is known of the customer and passages that may hold the "
        "solution. What can't be reached is missing from the answer and named in `degraded`; the ticket "
        "is kept. The same `ticket_id` and body again are the same ticket.",
        Answer(
            "The ticket is kept.",
            TicketReceived,
            {
                "ticket_id": "T-1042",
                "status": "received",
                "customer_context": CUSTOMER,
                "kb_suggestions": SUGGESTIONS,
                "processing_time_ms": 182,
                "degraded": [],
            },
            links=(
                Link("moveTicket", ("ticket_id",)),
                Link("readTicket", ("ticket_id",)),
                Link("rateTicketContext", ("ticket_id",)),
            ),
        ),
        errors=(errors.TicketIdReused, errors.ErasedMeanwhile),
        body=TicketRequest,
        examples={
            "least": {
                "customer_external_id": "CUST-1005",
                "subject": "Refund",
                "description": "Where is my refund?",
            },
            "most": {
                "customer_external_id": "CUST-1005",
                "subject": "Refund",
                "description": "Where is my refund?",
                "external_ticket_id": "ZD-77",
                "channel": "email",
                "priority": "high",
                "metadata": {"tags": ["vip"]},
                "created_at": "2026-11-20T12:00:00Z",
            },
        },
    ),
    Operation(
        AGENTS,
        "GET",
        "/tickets",
        "listTickets",
        "List tickets",
        "Newest first, page by page.",
        Answer("A page of tickets.", Tickets, {"tickets": [TICKET], "next": "01795176000000.T-1042"}),
        query=TicketsQuery,
    ),
    Operation(
        AGENTS,
        "PATCH",
        "/tickets/{ticket_id}",
        "moveTicket",
        "Note where a ticket stands",
        "Says how far the ticket is in your own system, so that open tickets don't only grow.",
        Answer("The ticket.", Ticket, {**TICKET, "status": "closed"}),
        errors=(errors.UnknownTicket,),
        body=TicketMove,
        examples={"close": {"status": "closed"}},
    ),
    Operation(
        AGENTS,
        "GET",
        "/tickets/{ticket_id}/context",
        "readTicket",
        "Read a ticket with what is known around it",
        "The ticket, the customer, passages that may hold the solution, and the conversation that it came "
        "from.",
        Answer(
            "The ticket and its context.",
            TicketContext,
            {
                "ticket": TICKET,
                "customer_context": CUSTOMER,
                "kb_suggestions": SUGGESTIONS,
                "transcript": [{"timestamp": TIME, "role": "user", "content": "Where is my refund?"}],
                "feedback": [{**FEEDBACK, "timestamp": TIME}],
                "degraded": [],
            },
        ),
        errors=(errors.UnknownTicket,),
    ),
    Operation(
        AGENTS,
        "POST",
        "/tickets/{ticket_id}/feedback",
        "rateTicketContext",
        "Say whether a ticket's context helped",
        "Keeps the newest 20 of a ticket.",
        Answer("The feedback is kept.", Accepted, {"status": "accepted"}),
        errors=(errors.UnknownTicket, errors.ErasedMeanwhile),
        body=TicketFeedbackRequest,
        examples={"no": FEEDBACK},
    ),
    Operation(
        AGENTS,
        "DELETE",
        "/customers/{external_id}/data",
        "eraseCustomer",
        "Erase a customer's data",
        "Erases the chats, interactions, tickets and feedback of one customer. Safe to repeat. The "
        "customer and the orders in Postgres are your own records and stay.",
        Answer(
            "How many were erased.",
            CustomerErased,
            {
                "external_id": "CUST-9001",
                "erased": {"chats": 1, "exchanges": 4, "interactions": 6, "tickets": 1, "feedback": 2},
            },
        ),
    ),
)
