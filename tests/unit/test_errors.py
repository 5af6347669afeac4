"""What can go wrong: a sentence for a person each, and an answer of its own each."""

import json
import re

import pytest
from chalice import Chalice
from chalice.test import Client, HTTPResponse

from chalicelib import errors
from chalicelib.api.http import answers_errors, install
from chalicelib.errors import (
    BadInput,
    BudgetReached,
    FieldProblem,
    SupportError,
    TooManyRequests,
    Unavailable,
)
from tests.fakes import ORIGINS
from tests.web import refusal

ANSWERS: list[tuple[SupportError, int, str]] = [
    (BadInput(FieldProblem("query", "is required")), 400, "invalid_request"),
    (errors.NotYourSession(), 403, "not_your_session"),
    (errors.NotYourConversation(), 403, "not_your_session"),
    (errors.WrongCustomerHash(), 403, "wrong_customer_hash"),
    (errors.ExpiredCustomerHash(), 403, "wrong_customer_hash"),
    (errors.LinkNotValid(), 403, "link_not_valid"),
    (errors.UnknownMessage(), 404, "unknown_message"),
    (errors.NothingPending(), 404, "nothing_pending"),
    (errors.UnknownTicket(), 404, "unknown_ticket"),
    (errors.UnknownEvent(), 404, "unknown_event"),
    (errors.MessageIdReused(), 409, "message_id_reused"),
    (errors.TicketIdReused(), 409, "ticket_id_reused"),
    (errors.ErasedMeanwhile(), 409, "erased"),
    (errors.TicketClosed(), 409, "ticket_closed"),
    (errors.ConversationErased(), 409, "conversation_erased"),
    (errors.ReplyIdReused(), 409, "reply_id_reused"),
    (errors.TicketNotSolved(), 409, "ticket_not_solved"),
    (errors.NothingToWrite(), 409, "nothing_to_write"),
    (errors.BodyTooLarge("The request is too large."), 413, "body_too_large"),
    (errors.NotJson("The body is text/plain; send JSON."), 415, "unsupported_media_type"),
    (TooManyRequests("Please wait a moment.", 7), 429, "too_many_requests"),
    (errors.SpentForToday("Please come back tomorrow.", 7), 429, "too_many_requests"),
    (BudgetReached("Please come back tomorrow.", 7), 429, "budget_reached"),
    (Unavailable("customers"), 503, "unavailable"),
    (errors.UnreadableAnswer("customers"), 503, "unavailable"),
    (errors.ModelUnavailable(retry_after_seconds=7), 503, "model_unavailable"),
    (errors.IngestionCallFailed("ThrottlingException"), 503, "unavailable"),
    (errors.KnowledgeBaseBusy("ConflictException"), 503, "unavailable"),
    (errors.UnknownIngestionJob("ResourceNotFoundException"), 503, "unavailable"),
]


def answer_to(error: Exception) -> HTTPResponse:
    """Return what a client gets when a view fails."""
    app = Chalice("errors")
    install(app, lambda: ORIGINS)

    @app.route("/failing")
    @answers_errors
    def fail() -> None:
        raise error

    with Client(app) as client:
        return client.http.get("/failing")


def every_error(base: type[SupportError] = SupportError) -> set[type[SupportError]]:
    return {error for child in base.__subclasses__() for error in {child, *every_error(child)}}


def test_every_error_has_its_answer_here() -> None:
    ours = {error for error in every_error() if error.__module__ == errors.__name__}
    assert ours == {type(error) for error, _, _ in ANSWERS}


@pytest.mark.parametrize(("error", "status", "code"), ANSWERS, ids=lambda value: type(value).__name__)
def test_an_error_is_a_sentence_with_a_status_and_a_code(error: SupportError, status: int, code: str) -> None:
    response = answer_to(error)
    body = refusal(response, status, code)
    assert re.fullmatch(r"[A-Z].*\.", body["error"])
    assert not any(name in body["error"] for name in ("customers", "ingestion", "Exception"))
    assert ("fields" in body) == (status == 400)
    waits = getattr(error, "retry_after_seconds", None)
    assert response.headers.get("Retry-After") == (str(waits) if waits else None)


def test_all_wrong_fields_are_told_with_what_to_do() -> None:
    error = BadInput(FieldProblem("query", "is required"), FieldProblem("session_id", "must be a string"))
    body = answer_to(error).json_body
    assert body["error"] == "The request is not valid: query is required; session_id must be a string."
    assert body["fields"] == [
        {"field": "query", "problem": "is required"},
        {"field": "session_id", "problem": "must be a string"},
    ]


def test_a_silent_model_is_an_outage_with_words_of_its_own() -> None:
    assert isinstance(errors.ModelUnavailable(), Unavailable)
    assert "send your message again" in str(errors.ModelUnavailable())


def test_wrong_settings_are_no_answer_to_a_client() -> None:
    error = errors.InvalidSettings("KNOWLEDGE_BASE_ID: is missing")
    body = refusal(answer_to(error), 500, "internal_error")
    assert "KNOWLEDGE_BASE_ID" not in json.dumps(body)
