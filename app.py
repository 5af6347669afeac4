"""The routes: each maps an event to a call and the result to a response."""

from contextlib import ExitStack
from typing import Any

from chalice import AuthResponse, Chalice, Response
from chalice.app import AuthRequest, CloudWatchEvent, DynamoDBEvent, LambdaFunctionEvent, SQSEvent

from chalicelib import __version__, api
from chalicelib.api.cors import answer_preflights
from chalicelib.api.files import file_answer
from chalicelib.api.http import (
    Answer,
    agent_name,
    answers_errors,
    caller,
    current_request,
    install,
    query_parameters,
    read_body,
    read_optional_body,
    read_path,
    read_query,
)
from chalicelib.events.stream import events_to_deliver
from chalicelib.insight.health import overall
from chalicelib.services import now, services, warm_up
from chalicelib.settings import (
    conversations_stream_arn,
    documents_bucket_name,
    events_stream_arn,
    intake_queue_arn,
    lambda_handler,
)
from chalicelib.stores.insights.stream import changes_in
from chalicelib.web import launcher, libraries
from chalicelib.web.languages import choose_language
from chalicelib.web.page import agent_page, chat_page

app = Chalice(app_name="customer-support", configure_logs=False)
install(app, lambda: services().origins)


def visitor_language(wanted: str | None = None) -> str:
    """Return the language of our own words for who asks: the wanted one, or else one that is accepted."""
    accepted = current_request().headers.get("accept-language")
    return choose_language(services().settings.branding.languages, wanted, accepted)


@app.route("/", methods=["GET", "HEAD"])
@answers_errors
def index() -> Response:
    """Serve the chat page in the visitor's language."""
    settings, query = services().settings, query_parameters()
    language = visitor_language(query.get("language"))
    color = settings.branding.chosen_color(query.get("color"))
    page = chat_page(language, settings.branding, settings.widget_hosts, color)
    return file_answer(page.html, page.headers)


@app.route("/widget.js", methods=["GET", "HEAD"])
@answers_errors
def widget() -> Response:
    """Serve the script that puts the chat on other sites."""
    return file_answer(launcher.launcher_script(services().settings.branding), launcher.HEADERS)


@app.route("/libraries.js", methods=["GET", "HEAD"])
def page_libraries() -> Response:
    """Serve the libraries that the chat page loads when it needs them."""
    headers = libraries.headers(query_parameters().get("v"))
    return file_answer(libraries.libraries_script(), headers)


@app.route("/agent", methods=["GET", "HEAD"])
def agent_console() -> Response:
    """Serve the agents' console."""
    page = agent_page()
    return file_answer(page.html, page.headers)


@app.route("/openapi.json", methods=["GET", "HEAD"])
def describe_api() -> Response:
    """Serve the description of this API."""
    return file_answer(api.description.api_description(), api.description.HEADERS)


@app.route("/health", methods=["GET"])
@answers_errors
def health() -> Answer:
    """Say whether the app is up; with `?deep=1`, whether what it depends on is."""
    checks = services().health.check(caller()) if query_parameters().get("deep") == "1" else {}
    stage = services().settings.stage
    return {"status": overall(checks), "stage": stage, "version": __version__, "checks": checks}


@app.route("/chat", methods=["POST"])
@answers_errors
def chat() -> Answer:
    """Answer a customer's message."""
    request, language = read_body(api.chat.ChatRequest), visitor_language()
    return api.chat.chat_answer(services().chat.answer(request.message(caller(), language)), language)


@app.route("/chat/open", methods=["POST"])
@answers_errors
def open_link() -> Answer:
    """Return the session that a mail's link leads to."""
    request = read_body(api.chat.LinkRequest)
    visitor = api.chat.visitor(request.proof)
    return api.chat.link_answer(services().transcripts.open_link(request.token, visitor))


@app.route("/chat/pending/{message_id}", methods=["GET"])
@answers_errors
def read_pending(message_id: str) -> Answer:
    """Return what is there of an answer while it is written."""
    message_id = read_path("message_id", message_id)
    return api.chat.pending_answer(services().pending.read(message_id, api.chat.visitor()))


@app.route("/chat/{session_id}", methods=["GET"])
@answers_errors
def read_conversation(session_id: str) -> Answer:
    """Return the messages of a conversation."""
    session_id = read_path("session_id", session_id)
    visitor = api.chat.visitor()
    query = read_query(api.chat.HistoryQuery)
    limit, older_than, newer_than = query.exchanges, query.older_than, query.newer_than
    transcripts = services().transcripts
    return api.chat.history(session_id, transcripts.read(session_id, visitor, limit, older_than, newer_than))


@app.route("/chat/{session_id}", methods=["DELETE"])
@answers_errors
def erase_conversation(session_id: str) -> Response:
    """Erase a conversation."""
    session_id = read_path("session_id", session_id)
    visitor = api.chat.visitor()
    services().transcripts.erase(session_id, visitor)
    return Response("", status_code=204)


@app.route("/chat/{session_id}/contact", methods=["PUT"])
@answers_errors
def set_contact(session_id: str) -> Answer:
    """Keep how a customer can be reached."""
    session_id = read_path("session_id", session_id)
    request = read_body(api.chat.ContactRequest)
    visitor = api.chat.visitor(request.proof)
    return api.chat.contact_answer(services().transcripts.set_contact(session_id, visitor, request.contact()))


@app.route("/chat/{session_id}/feedback", methods=["POST"])
@answers_errors
def rate_answer(session_id: str) -> Answer:
    """Keep a customer's thumbs up or down on an answer."""
    session_id = read_path("session_id", session_id)
    request = read_body(api.chat.FeedbackRequest)
    visitor = api.chat.visitor(request.proof)
    services().transcripts.rate(session_id, visitor, request.message_id, request.feedback(now()))
    return {"status": "accepted"}


@app.authorizer(ttl_seconds=60)
def agent(request: AuthRequest) -> AuthResponse:
    """Let a caller with an agent's token in.

    To all routes at once: API Gateway remembers the answer for the token and uses it for other routes too.
    """
    owner = services().agent_tokens.owner_of(request.token)
    return AuthResponse(routes=["*"] if owner else [], principal_id=owner or "nobody")


@app.route("/agents/me", methods=["GET"], authorizer=agent)
@answers_errors
def who_am_i() -> Answer:
    """Say whom a token belongs to."""
    return {"name": agent_name()}


@app.route("/tickets", methods=["POST"], authorizer=agent)
@answers_errors
def receive_ticket() -> Answer:
    """Keep a ticket and return what is known around it."""
    request = read_body(api.tickets.TicketRequest)
    return api.tickets.ticket_received(services().tickets.receive(request.ticket()))


@app.route("/tickets", methods=["GET"], authorizer=agent)
@answers_errors
def list_tickets() -> Answer:
    """Return tickets, newest first."""
    query = read_query(api.tickets.TicketsQuery)
    return api.tickets.tickets_answer(services().tickets.page(query.wanted, query.limit, query.before))


@app.route("/tickets/{ticket_id}", methods=["PATCH"], authorizer=agent)
@answers_errors
def change_ticket(ticket_id: str) -> Answer:
    """Note where a ticket stands, whose it is and how urgent."""
    ticket_id = read_path("ticket_id", ticket_id)
    change = read_body(api.tickets.TicketChangeRequest).change()
    return api.tickets.ticket_answer(services().tickets.change(ticket_id, change))


@app.route("/tickets/{ticket_id}/replies", methods=["POST"], authorizer=agent)
@answers_errors
def reply_to_ticket(ticket_id: str) -> Answer:
    """Send an agent's reply to the customer."""
    ticket_id = read_path("ticket_id", ticket_id)
    reply = read_body(api.tickets.ReplyRequest).reply(agent_name())
    return api.tickets.reply_answer(services().replies.send(ticket_id, reply))


@app.route("/tickets/{ticket_id}/draft", methods=["POST"], authorizer=agent)
@answers_errors
def draft_reply(ticket_id: str) -> Answer:
    """Draft a reply for an agent to check."""
    ticket_id = read_path("ticket_id", ticket_id)
    instruction = read_optional_body(api.tickets.DraftRequest).instruction
    return api.tickets.draft_answer(services().drafts.write(ticket_id, agent_name(), instruction))


@app.route("/tickets/{ticket_id}/article", methods=["POST"], authorizer=agent)
@answers_errors
def draft_article(ticket_id: str) -> Answer:
    """Draft an article from what solved a ticket."""
    ticket_id = read_path("ticket_id", ticket_id)
    return api.tickets.article_answer(services().articles.write(ticket_id, agent_name()))


@app.route("/tickets/{ticket_id}/context", methods=["GET"], authorizer=agent)
@answers_errors
def read_ticket(ticket_id: str) -> Answer:
    """Return a ticket with what is known around it."""
    view = services().tickets.view(read_path("ticket_id", ticket_id))
    return api.tickets.ticket_context(view)


@app.route("/tickets/{ticket_id}/feedback", methods=["POST"], authorizer=agent)
@answers_errors
def rate_ticket_context(ticket_id: str) -> Answer:
    """Keep whether what came with a ticket helped an agent."""
    ticket_id = read_path("ticket_id", ticket_id)
    feedback = read_body(api.tickets.TicketFeedbackRequest).feedback(now())
    services().tickets.rate(ticket_id, feedback)
    return {"status": "accepted"}


@app.route("/customers/{external_id}/data", methods=["DELETE"], authorizer=agent)
@answers_errors
def erase_customer(external_id: str) -> Answer:
    """Erase a customer's chats, interactions, tickets and feedback."""
    external_id = read_path("external_id", external_id, api.tickets.EXTERNAL_ID)
    return api.tickets.customer_erased(external_id, services().erasure.erase(external_id))


@app.route("/kb/sync", methods=["POST"], authorizer=agent)
@answers_errors
def request_sync() -> Response:
    """Ask for the knowledge base to catch up with the documents."""
    return Response(api.knowledge_base.sync_requested(services().sync.request_now()), status_code=202)


@app.route("/kb/sync", methods=["GET"], authorizer=agent)
@answers_errors
def read_sync() -> Answer:
    """Say how the knowledge base stands to the documents."""
    return api.knowledge_base.sync_status(services().sync.status())


@app.route("/events", methods=["GET"], authorizer=agent)
@answers_errors
def list_events() -> Answer:
    """Return events with who was told of them, newest first."""
    query = read_query(api.events.EventsQuery)
    return api.events.events_answer(services().deliveries.page(query.status, query.limit, query.before))


@app.route("/events/{event_id}/resend", methods=["POST"], authorizer=agent)
@answers_errors
def resend_event(event_id: str) -> Answer:
    """Send an event again to those who have not got it."""
    return api.events.event_answer(services().deliveries.resend(read_path("event_id", event_id)))


@app.route("/insights", methods=["GET"], authorizer=agent)
@answers_errors
def read_insights() -> Answer:
    """Say how conversations went, what they cost, and what is missing."""
    query = read_query(api.insights.InsightsQuery)
    return api.insights.insights_answer(services().insights.read(query.days))


answer_preflights(app)


@app.on_s3_event(bucket=documents_bucket_name(), events=["s3:ObjectCreated:*", "s3:ObjectRemoved:*"])
def documents_changed(event: LambdaFunctionEvent) -> None:
    """Note that documents were added, changed or removed."""
    services().sync.documents_changed(event.event)


# Chalice's own class for it fails on an event without records, such as the one that S3 tests us with.
documents_changed.event_class = LambdaFunctionEvent


@app.schedule("rate(1 minute)")
def sweep(_event: CloudWatchEvent) -> None:
    """Record how the sync's jobs ended and start what is left over; wake and judge what is due."""
    of = services()
    # Each is done though another fails, the last named first.
    with ExitStack() as parts:
        for part in (of.gaps.renew_due, of.counting.judge_due, of.deliveries.wake_due, of.sync.sweep):
            parts.callback(part)


@app.on_dynamodb_record(stream_arn=events_stream_arn())
def deliver(event: DynamoDBEvent) -> None:
    """Tell others of what happened."""
    services().deliveries.deliver(events_to_deliver(event.to_dict()))


@app.on_dynamodb_record(stream_arn=conversations_stream_arn())
def count(event: DynamoDBEvent) -> None:
    """Count what happened in conversations."""
    services().counting.count(changes_in(event.to_dict()))


# One message a call: Chalice cannot ask Lambda to take back a part of a batch, so one that fails would bring
# back all that came with it.
# Ten at the same time: each may keep a connection to Postgres busy.
@app.on_sqs_message(queue_arn=intake_queue_arn(), batch_size=1, maximum_concurrency=10)
def intake(event: SQSEvent) -> None:
    """Take in what the queue brings: a ticket, as POST /tickets takes it."""
    services().intake.take_in(event.to_dict())


@app.lambda_function()
def customers(event: dict[str, Any], _context: object) -> Any:
    """Find a customer in Postgres for the functions outside of its network."""
    return services().find_customer(event)


@app.lambda_function()
def migrate(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Bring the database schema up to date; the deployment invokes it."""
    from chalicelib.stores.migrate import apply_migrations  # only this function needs the migration tool

    return {"applied": apply_migrations(*services().database_users())}


warm_up(lambda_handler())
