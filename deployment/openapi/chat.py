"""The routes for customers."""

from chalicelib import errors
from chalicelib.api.answers.chat import ChatAnswer, Contact, History, OpenedLink, PendingAnswer
from chalicelib.api.answers.common import Accepted
from chalicelib.api.chat import ChatRequest, ContactRequest, FeedbackRequest, HistoryQuery, LinkRequest
from deployment.openapi.operation import CUSTOMERS, Answer, Link, Operation

SESSION = "cs_5J8kq2Vd0yT3mW9x"
IN_THE_LINK = "T-1A2B3C4D5E6F.1795780800.5f0c8a1d2b3e4f60718293a4b5c6d7e8"
RETRY_ID = "0d7c9d1e-3c0f-4ae8-9b0c-7d8d2d1c5a10"
CITATION = {
    "index": 1,
    "title": "Reset your password",
    "url": "https://help.example.com/reset",
    "snippet": "Open Settings and choose Reset password …",
    "score": 0.83,
}
QUESTION = {
    "message_id": "m_8f3c1a",
    "timestamp": "2026-11-20T12:00:00.000+00:00",
    "role": "user",
    "content": "How do I reset my password?",
}
ANSWER = {
    **QUESTION,
    "role": "assistant",
    "content": "Open **Settings** and choose *Reset password* [1].",
    "citations": [CITATION],
}
RATING_OF_THE_ANSWER = {"message_id": "$response.body#/message_id", "rating": "up"}
NOT_YOURS = (errors.NotYourSession, errors.WrongCustomerHash)
PROVEN = (
    " Only for sessions that this server issued. Once a customer was proven in the conversation, only with"
    " the same proof."
)

CONTACT = {"email": "ada@example.com", "name": "Ada Byron"}

OPERATIONS = (
    Operation(
        CUSTOMERS,
        "POST",
        "/chat",
        "sendMessage",
        "Answer a customer's message",
        "Answers from the team's articles, with citations, or hands over to a person (`escalation`). From an "
        "agent's first reply until the ticket is closed, messages go to the agent (`handled_by`). Who "
        "is over a limit still gets to a person by asking for one. After a 503 the same `message_id` can "
        "be sent again safely: nothing was stored.",
        Answer(
            "The answer.",
            ChatAnswer,
            {
                "response": ANSWER["content"],
                "session_id": SESSION,
                "message_id": QUESTION["message_id"],
                "timestamp": QUESTION["timestamp"],
                "citations": [CITATION],
                "guardrail": {"intervened": False, "reasons": []},
                "escalation": None,
                "model": "global.anthropic.claude-haiku-4-5-20251001-v1:0",
                "usage": {"input_tokens": 2214, "output_tokens": 96, "cost_usd": 0.002694},
                "handled_by": "assistant",
                "degraded": [],
            },
            links=(
                Link("readConversation", ("session_id",)),
                Link("eraseConversation", ("session_id",)),
                Link("rateAnswer", ("session_id",), RATING_OF_THE_ANSWER),
            ),
        ),
        errors=(
            *NOT_YOURS,
            errors.MessageIdReused,
            errors.ErasedMeanwhile,
            errors.BudgetReached,
            errors.ModelUnavailable,
        ),
        body=ChatRequest,
        examples={
            "question": {"query": "How do I reset my password?"},
            "retry": {
                "query": "And if the email never arrives?",
                "message_id": RETRY_ID,
            },
            "progressive": {"query": "Where is my parcel?", "message_id": RETRY_ID, "progressive": True},
        },
    ),
    Operation(
        CUSTOMERS,
        "POST",
        "/chat/open",
        "openLink",
        "Open the conversation that a mail's link leads to",
        "Gives out the `session_id` of the conversation. A link is good for seven days; once a customer was "
        "proven in the conversation, only with the same proof, in the body or in the headers.",
        Answer(
            "The conversation is there.",
            OpenedLink,
            {"session_id": SESSION},
            links=(Link("readConversation", ("session_id",)),),
        ),
        errors=(*NOT_YOURS, errors.LinkNotValid),
        body=LinkRequest,
        examples={"link": {"token": IN_THE_LINK}},
        takes_proof=True,
    ),
    Operation(
        CUSTOMERS,
        "GET",
        "/chat/pending/{message_id}",
        "readPending",
        "Read an answer while it is written",
        "What is there already of the answer to a message that was sent with `progressive`: only text that "
        "has passed the guardrail and the masking. Whoever knows the message's random id may read it, of a "
        "proven customer's only with the same proof. There is nothing (404) before the first words, where no "
        "model is asked, and a minute after the first words. Read it every 0.4 seconds at the most.",
        Answer(
            "What is there.",
            PendingAnswer,
            {"text": "Open **Settings** and choose", "done": False},
        ),
        errors=(errors.WrongCustomerHash, errors.NothingPending),
        takes_proof=True,
    ),
    Operation(
        CUSTOMERS,
        "GET",
        "/chat/{session_id}",
        "readConversation",
        "Read a conversation",
        "The messages, oldest first: page by page from the newest, or with `after` what is new since."
        + PROVEN,
        Answer(
            "A page of the conversation.",
            History,
            {
                "session_id": SESSION,
                "handled_by": "assistant",
                "ticket": None,
                "messages": [QUESTION, ANSWER],
                "next": None,
                "newest": "1795176000000",
            },
        ),
        errors=NOT_YOURS,
        query=HistoryQuery,
        takes_proof=True,
    ),
    Operation(
        CUSTOMERS,
        "DELETE",
        "/chat/{session_id}",
        "eraseConversation",
        "Erase a conversation",
        "Erases the conversation, with its feedback and interactions; a ticket that it became stays, "
        "without the customer's words. Safe to repeat." + PROVEN,
        Answer("Everything of the session is gone.", status=204),
        errors=NOT_YOURS,
        takes_proof=True,
    ),
    Operation(
        CUSTOMERS,
        "PUT",
        "/chat/{session_id}/contact",
        "setContact",
        "Say how the customer can be reached",
        "For a customer who leaves the page before an agent has replied. In place of what was known, at "
        "least one of the fields; kept with the conversation and its open ticket." + PROVEN,
        Answer("How the customer can be reached now.", Contact, {**CONTACT, "phone": None}),
        errors=(*NOT_YOURS, errors.ErasedMeanwhile),
        body=ContactRequest,
        examples={"email": CONTACT},
        takes_proof=True,
    ),
    Operation(
        CUSTOMERS,
        "POST",
        "/chat/{session_id}/feedback",
        "rateAnswer",
        "Rate an answer",
        "Keeps a thumbs up or down in place of an earlier one. The proof may be in the body or in the "
        "headers." + PROVEN,
        Answer("The rating is kept.", Accepted, {"status": "accepted"}),
        errors=(*NOT_YOURS, errors.UnknownMessage, errors.ErasedMeanwhile),
        body=FeedbackRequest,
        examples={
            "down": {"message_id": QUESTION["message_id"], "rating": "down", "comment": "The link is broken."}
        },
        takes_proof=True,
    ),
)
