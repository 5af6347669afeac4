"""The routes for agents and ticketing systems."""

from chalicelib import errors
from chalicelib.api.answers.common import Accepted
from chalicelib.api.answers.tickets import (
    Agent,
    Article,
    CustomerErased,
    Draft,
    ReplySent,
    Ticket,
    TicketContext,
    TicketReceived,
    Tickets,
)
from chalicelib.api.tickets import (
    DraftRequest,
    ReplyRequest,
    TicketChangeRequest,
    TicketFeedbackRequest,
    TicketRequest,
    TicketsQuery,
)
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
    "assignee": "Jo",
    "contact": None,
    "handled_by": "assistant",
    "last_message_at": None,
    "last_reply_at": None,
}
REPLY = {"message": "Your refund left us today.", "reply_id": "ZD-77-2", "close": True}
FEEDBACK = {"helpful": False, "source": "kb_suggestions", "comment": "The article is out of date."}

OPERATIONS = (
    Operation(
        AGENTS,
        "GET",
        "/agents/me",
        "readAgent",
        "Whose token this is",
        "The name under which customers read what is replied with this token; as `assignee` it takes "
        "tickets and finds them.",
        Answer("The token's owner.", Agent, {"name": "Jo"}),
    ),
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
                Link("changeTicket", ("ticket_id",)),
                Link("replyToTicket", ("ticket_id",)),
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
        "Newest first, page by page. A parameter that is not known is refused.",
        Answer("A page of tickets.", Tickets, {"tickets": [TICKET], "next": "01795176000000.T-1042"}),
        query=TicketsQuery,
    ),
    Operation(
        AGENTS,
        "PATCH",
        "/tickets/{ticket_id}",
        "changeTicket",
        "Change a ticket",
        "Says where the ticket stands, whose it is and how urgent: at least one of them. Closing it gives "
        "its conversation back to the assistant, opening it again takes it back. Close what is solved in "
        "your own system too, so that open tickets don't only grow.",
        Answer("The ticket.", Ticket, {**TICKET, "status": "closed"}),
        errors=(errors.UnknownTicket, errors.ErasedMeanwhile),
        body=TicketChangeRequest,
        examples={
            "close": {"status": "closed"},
            "take": {"assignee": "Jo", "priority": "urgent"},
            "free": {"assignee": None},
        },
    ),
    Operation(
        AGENTS,
        "POST",
        "/tickets/{ticket_id}/replies",
        "replyToTicket",
        "Reply to the customer",
        "The customer reads the reply in the chat, under the name of your token. The first one takes the "
        "conversation over from the assistant, until the ticket is closed. A reply to a ticket from no "
        "chat is kept with the ticket.",
        Answer("The reply is kept.", ReplySent, {"reply_id": REPLY["reply_id"], "timestamp": TIME}),
        errors=(
            errors.UnknownTicket,
            errors.TicketClosed,
            errors.ConversationErased,
            errors.ReplyIdReused,
            errors.ErasedMeanwhile,
        ),
        body=ReplyRequest,
        examples={"last": REPLY},
    ),
    Operation(
        AGENTS,
        "POST",
        "/tickets/{ticket_id}/draft",
        "draftReply",
        "Draft a reply",
        "Written in the team's style (`DRAFT_STYLE`) from the conversation, what is known of the customer "
        "and the articles, for an agent to check and change. It is never sent by itself.",
        Answer(
            "A reply to check.",
            Draft,
            {
                "draft": "Refunds take 5 days [1]. Yours has left us.",
                "citations": [{"index": 1, **SUGGESTIONS[0]}],
                "missing": ["When the refund was made."],
                "usage": {"input_tokens": 2214, "output_tokens": 96, "cost_usd": 0.002694},
                "degraded": [],
            },
        ),
        errors=(
            errors.UnknownTicket,
            errors.ConversationErased,
            errors.ErasedMeanwhile,
            errors.BudgetReached,
            errors.ModelUnavailable,
        ),
        body=DraftRequest,
        is_body_optional=True,
        examples={"plain": {}, "told": {"instruction": "Offer a replacement."}},
    ),
    Operation(
        AGENTS,
        "POST",
        "/tickets/{ticket_id}/article",
        "draftArticle",
        "Draft an article",
        "Written from what solved a ticket: the conversation and what agents replied, without whom it is "
        "about. For the owner of the help centre to check and to put into the documents bucket; nothing is "
        "published by itself. The ticket has to be closed and replied to.",
        Answer(
            "An article to check, with its sidecar.",
            Article,
            {
                "title": "Merge two accounts",
                "markdown": "# Merge two accounts\n\nChoose **Settings > Merge** in the account to keep.\n",
                "sidecar": {"metadataAttributes": {"title": "Merge two accounts"}},
                "usage": {"input_tokens": 1480, "output_tokens": 162, "cost_usd": 0.00229},
            },
        ),
        errors=(
            errors.UnknownTicket,
            errors.ConversationErased,
            errors.TicketNotSolved,
            errors.NothingToWrite,
            errors.BudgetReached,
            errors.ModelUnavailable,
        ),
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
