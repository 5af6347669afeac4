"""The routes: each maps an event to a call and the result to a response."""

from typing import Any

from chalice import Chalice, Response

from chalicelib import __version__, responses
from chalicelib.chat import Message
from chalicelib.http_api import CORS, answers_errors, caller, current_request, install, json_body
from chalicelib.models import Feedback
from chalicelib.page import chat_page
from chalicelib.requests import ChatRequest, FeedbackRequest, HistoryQuery, SessionPath, parse, parse_body
from chalicelib.services import now, services

app = Chalice(app_name="customer-support", configure_logs=False)
install(app)


@app.route("/", methods=["GET"])
def index() -> Response:
    """Serve the chat page."""
    page = chat_page()
    return Response(page.html, dict(page.headers))


@app.route("/health", methods=["GET"], cors=CORS)
@answers_errors
def health() -> dict[str, Any]:
    """Say whether the app is up; with `?deep=1`, whether what it depends on is."""
    deep = (current_request().query_params or {}).get("deep") == "1"
    checks = services().health.check() if deep else {}
    status = "ok" if all(state == "ok" for state in checks.values()) else "degraded"
    return {"status": status, "stage": services().settings.stage, "version": __version__, "checks": checks}


@app.route("/chat", methods=["POST"], cors=CORS)
@answers_errors
def chat() -> dict[str, Any]:
    """Answer a customer's message."""
    request = parse_body(ChatRequest, json_body())
    return responses.chat_answer(services().chat.answer(Message(**request.model_dump(), caller=caller())))


@app.route("/chat/{session_id}", methods=["GET"], cors=CORS)
@answers_errors
def read_conversation(session_id: str) -> dict[str, Any]:
    """Return the messages of a conversation."""
    session_id = parse(SessionPath, {"session_id": session_id}).session_id
    query = parse(HistoryQuery, dict(current_request().query_params or {}))
    page = services().transcripts.read(session_id, query.limit // 2, query.older_than)
    return responses.history(session_id, page)


@app.route("/chat/{session_id}", methods=["DELETE"], cors=CORS)
@answers_errors
def erase_conversation(session_id: str) -> Response:
    """Erase a conversation."""
    services().transcripts.erase(parse(SessionPath, {"session_id": session_id}).session_id)
    return Response("", status_code=204)


@app.route("/chat/{session_id}/feedback", methods=["POST"], cors=CORS)
@answers_errors
def rate_answer(session_id: str) -> dict[str, Any]:
    """Keep a customer's thumbs up or down on an answer."""
    session_id = parse(SessionPath, {"session_id": session_id}).session_id
    request = parse_body(FeedbackRequest, json_body())
    feedback = Feedback(request.rating, request.comment, now())
    services().transcripts.rate(session_id, request.message_id, feedback)
    return {"status": "accepted"}


@app.lambda_function()
def migrate(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Bring the database schema up to date; the deployment invokes it."""
    from chalicelib.migrate import apply_migrations  # only this function needs the migration tool

    return {"applied": apply_migrations(services().secrets.database())}
