"""The settings: the only reader of the environment, read once, failing by the key's name."""

import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Annotated, Any, Literal, get_type_hints

from annotated_types import Ge, Gt, Le, MaxLen, MinLen

from chalicelib.branding import NEUTRAL, Branding
from chalicelib.email_address import EMAIL_ADDRESS
from chalicelib.errors import InvalidSettings
from chalicelib.variables import value_of

SentimentLanguage = Literal["ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "zh", "zh-TW"]
CommaSeparated = tuple[str, ...]
HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
FRAMING_HOST = re.compile(rf"(?:https?://)?{HOST.pattern}(?::(?:[0-9]{{1,5}}|\*))?")
ADDRESS = re.compile(EMAIL_ADDRESS, re.ASCII)
NAMED_ADDRESS = re.compile(rf"[^\x00-\x1f\x7f<>()\[\],;:@\"\\]{{1,64}} <{EMAIL_ADDRESS}>", re.ASCII)
MODEL_ID = re.compile(r"[a-z0-9.-]{1,120}:[0-9]{1,4}")
PAGE = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[^\s#]*)?")
ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    origins = tuple(value.lower() for value in values)
    for origin in origins:
        if origin != "*" and not ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin} is no origin; write scheme and host alone: https://www.example.com")
    return origins


def _framing_hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    hosts = tuple(value.lower() for value in values)
    for host in hosts:
        if host != "*" and not FRAMING_HOST.fullmatch(host):
            raise ValueError(
                f"{host} is no host; write www.example.com, *.example.com or http://localhost:8001"
            )
    return hosts


def _hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    hosts = tuple(value.lower() for value in values)
    for host in hosts:
        if not HOST.fullmatch(host):
            raise ValueError(f"{host} is no host; write its name alone: www.example.com or *.example.com")
    return hosts


def _sender(value: str | None) -> str | None:
    if value and not (ADDRESS.fullmatch(value) or NAMED_ADDRESS.fullmatch(value)):
        raise ValueError("write an address, or a name and an address: Support <support@example.com>")
    return value


def _reranker(value: str | None) -> str | None:
    if value and not MODEL_ID.fullmatch(value):
        raise ValueError("write the id of a model: cohere.rerank-v3-5:0")
    return value


def _page(value: str | None) -> str | None:
    if value and not PAGE.fullmatch(value):
        raise ValueError("write the whole address of the page: https://help.example.com/chat/")
    return value


def _addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    for address in values:
        if not ADDRESS.fullmatch(address):
            raise ValueError(f"{address} is no address; write it alone: support@example.com")
    return tuple(dict.fromkeys(values))


def _named_origins(values: tuple[str, ...]) -> tuple[str, ...]:
    if "*" in values:
        raise ValueError("name each origin; * would open the agents' routes to any page")
    return _origins(values)


def _prices(values: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    for pair in values.values():
        if not (isinstance(pair, list) and len(pair) == 2 and all(map(_is_price, pair))):
            raise ValueError("must have two prices for each model: of input and of output tokens")
    return {part: (float(pair[0]), float(pair[1])) for part, pair in values.items()}


def _is_price(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value >= 0  # type: ignore[arg-type,operator]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a stage can set, each field by the environment variable of the same name in capitals.

    docs/settings.md is written from this class, the comments being its headings:
    `python -m deployment.settings_page`.
    """

    # The stage
    stage: str
    """The name of the stage; `GET /health` shows it."""
    table_suffix: str = ""
    """What the names of the DynamoDB tables end in, so that stages can share an account."""
    app_secret_id: str
    """Name or ARN of the secret that signs session ids and proves customers."""
    agent_tokens_secret_id: str
    """Name or ARN of the secret with the agents' tokens, as JSON: `{"name": "token"}`."""

    # Events for other systems
    webhooks_secret_id: str | None = None
    """Name or ARN of the secret with the endpoints that are told of events, as JSON:
    `[{"url": "https://…", "secret": "whsec_…", "events": ["*"]}]`. Without it nobody is told."""
    webhooks_to_this_machine: bool = False
    """Whether an endpoint may be on the machine that the app runs on, and without TLS: for stage `local`."""
    events_stream_arn: str | None = None
    """The stream of the table `support-events`, which calls the function `deliver`."""

    # Mail
    mail_from: Annotated[str | None, _sender] = None
    """Whom mails are from, such as `Support <support@example.com>`; Amazon SES must know the address or its
    domain as yours. Without it no mail is sent."""
    notify_emails: Annotated[CommaSeparated, _addresses] = ()
    """Who gets a mail for each new ticket."""
    mail_after_seconds: Annotated[int, Ge(0), Le(43_200)] = 120
    """How long a reply waits for the customer to read it in the chat, before it is mailed."""
    chat_url: Annotated[str | None, _page] = None
    """Where customers find the chat page, as `https://help.example.com/chat/`: the links in mails lead there.
    Needed with `MAIL_FROM`."""

    # Customers and orders in Postgres
    customers_function: str | None = None
    """Name of the function that reads customers for the others, being in the database's network. Without it
    each function reads them by itself."""
    database_secret_id: str | None = None
    """Name or ARN of the secret with the user name and the password that customers are read with. Without a
    secret or a URL the 360 is what tickets and interactions say, and no customer's tier is known."""
    database_owner_secret_id: str | None = None
    """The same for the user that owns the tables, for the function `migrate` alone: it lets the user above
    read, and no more. Without it `migrate` works as that user."""
    database_host: str | None = None
    """Where Postgres is, when the secret holds only user and password, as those that RDS manages do."""
    database_port: Annotated[int, Ge(1), Le(65535)] = 5432
    """Its port, together with the host."""
    database_name: str = "support"
    """The name of the database, together with the host."""
    database_url: str | None = field(default=None, repr=False)
    """`postgresql://user:password@host:port/name`, instead of the secret."""
    database_tls: Literal["verify", "off"] = "verify"
    """`verify` takes only an encrypted connection to a server whose certificate is valid; `off` is for a
    database on the same machine."""

    # The model
    bedrock_model_ids: Annotated[CommaSeparated, MinLen(1)]
    """Models or inference profiles of Bedrock, in order: the next is asked when one fails."""
    model_prices: Annotated[Mapping[str, tuple[float, float]], _prices] = field(default_factory=dict)
    """Prices for `cost_usd` besides those that the app knows: US dollars per million input and output tokens,
    by a part of the model id, such as `{"claude-haiku-6": [1, 5]}`."""
    max_tokens: Annotated[int, Ge(1)] = 2000
    """The longest answer, in tokens."""
    temperature: Annotated[float, Ge(0), Le(1)] = 0.7
    """How freely the model words its answers. Sent only to models that take it."""
    top_p: Annotated[float, Gt(0), Le(1)] = 0.9
    """The share of likely words that the model chooses from. Sent only to models that take it."""
    guardrail_id: str | None = None
    """The Bedrock guardrail that judges questions and answers. Without it there is none."""
    guardrail_version: str = "DRAFT"
    """Its version: a number, or `DRAFT`."""

    # The knowledge base
    knowledge_base_id: str
    """The Bedrock knowledge base that answers come from."""
    data_source_id: str
    """The data source of the knowledge base that reads the documents bucket."""
    documents_bucket: str
    """The S3 bucket with the documents."""
    document_link_seconds: Annotated[int, Ge(60), Le(43_200)] = 3600
    """How long the link to a document works, where a source has no address of its own."""
    sync_at_least_every_hours: Annotated[int, Ge(0)] = 24
    """How often to sync although no change was seen, in case an event was lost; 0 never."""
    hybrid_search: bool = False
    """Whether to search by words as well as by meaning. OpenSearch Serverless can, S3 Vectors refuses it."""
    rerank_model_id: Annotated[str | None, _reranker] = None
    """A reranker model of Bedrock in the stage's Region, such as `cohere.rerank-v3-5:0`: of 20 passages it
    finds the nearest. Without it they stay in the order of the search."""
    passages_per_question: Annotated[int, Ge(1), Le(20)] = 5
    """How many passages the model is shown for a question."""
    passage_cache_seconds: Annotated[float, Ge(0), Le(300)] = 60
    """How long a function remembers what it found for a question, unless a document changes; 0 not at all."""

    # Conversations
    session_policy: Literal["open", "issued"] = "issued"
    """`issued` takes only session ids that this app made; `open` also lets a client chat under its own, which
    then belongs to its network address."""
    conversations_stream_arn: str | None = None
    """The stream of the table `customer-support-conversations`, which calls the function `count`."""
    conversation_quiet_minutes: Annotated[int, Ge(1), Le(10_080)] = 1440
    """After how many minutes without a message it is judged how a conversation went."""
    history_exchanges: Annotated[int, Ge(0), Le(20)] = 5
    """How many earlier questions and answers the model is shown, at most."""
    history_tokens: Annotated[int, Ge(0)] = 3000
    """How long these may be together, in tokens, by an estimate that errs on the high side."""
    link_hosts: Annotated[CommaSeparated, _hosts] = ()
    """Hosts that an answer may link to besides those of its sources, such as `www.example.com`;
    `*.example.com` is all below it. A link to any other becomes text that names its host."""
    sentiment_language: SentimentLanguage = "en"
    """The language that Amazon Comprehend is told the customers write in."""
    chat_requests_per_minute: Annotated[int, Ge(0)] = 20
    """How many messages a proven customer, or else a network address, may send in a minute; 0 any number."""
    chat_tokens_per_day: Annotated[int, Ge(0)] = 200_000
    """How many tokens a proven customer, or else a network address, may use in a day (UTC); 0 any number."""
    chat_visits_per_minute: Annotated[int, Ge(0)] = 120
    """How often a proven customer, or else a network address, may read, rate or erase conversations in a
    minute; 0 any number. `GET /health?deep=1` is then not limited either."""
    chat_visits_per_day: Annotated[int, Ge(0)] = 20_000
    """The same in a day (UTC). A page that waits for a person's answer reads every few seconds. A long
    conversation counts again for each 20 questions and answers that it has beyond the first 20."""
    daily_budget_usd: Annotated[float, Ge(0)] = 0
    """How many US dollars the stage may spend in a day (UTC) on model, search, guardrail and sentiment, over
    all callers; 0 any number. Once they are spent, the chat only hands over to people, and tickets are kept
    without suggestions and sentiment."""
    chat_deadline_seconds: Annotated[float, Gt(6), Le(27)] = 24.0
    """How long a turn may take. API Gateway gives up after 29 s, and a cold start counts too. Six seconds of
    it are kept for writing."""

    # Tickets
    intake_queue_arn: str | None = None
    """The queue `support-tickets-intake`, by which tickets come in besides `POST /tickets`; it calls the
    function `intake`."""
    support_hours_text: Annotated[str, MaxLen(500)] = ""
    """When people answer, as a sentence for the customer, such as `We answer on weekdays from 9 to 17 h CET.`
    It stands in the answer that hands over, and where the customer asks how the ticket stands."""
    draft_style: Annotated[str, MinLen(1), MaxLen(1000)] = "Friendly, plain and short."
    """How drafts of replies are written: tone, greeting, signature, as you would tell a new colleague."""
    suggestions_per_ticket: Annotated[int, Ge(1), Le(20)] = 5
    """How many passages come with a ticket."""
    customer_cache_seconds: Annotated[float, Ge(0), Le(300)] = 60
    """How long a function remembers what it read of a customer in Postgres; 0 not at all."""
    high_value_lifetime_usd: Annotated[float, Ge(0)] = 10_000
    """The lifetime value in US dollars from which a customer is of high value; `enterprise` always is."""
    churn_sentiment: Annotated[float, Ge(-1), Le(1)] = -0.4
    """A sign that a customer may leave: the last 20 interactions had an average sentiment of at most this.
    One sign makes the churn risk medium, two or three make it high."""
    churn_open_tickets: Annotated[int, Ge(1)] = 3
    """Another sign: at least so many open tickets."""
    churn_inactive_days: Annotated[int, Ge(1)] = 180
    """Another sign: earlier orders, but none for so many days."""

    # The chat page
    branding: Branding = NEUTRAL
    """The name, colour and words of the [chat page](branding.md): `{"name": "Tillwren", "color": "#7a3e9d"}`.
    At most 2,000 bytes. Without it the page is neutral."""

    # Web pages of other origins
    widget_hosts: Annotated[CommaSeparated, _framing_hosts] = ()
    """Hosts whose pages may hold the chat as a [widget](widget.md), such as `www.example.com`;
    `*.example.com` is all below it, `*` any. Their pages may use the chat from a browser, too (CORS).
    Without one nobody may."""
    chat_cors_origins: Annotated[CommaSeparated, _origins] = ("*",)
    """Origins of the pages that may use the chat from a browser (CORS), such as `https://www.example.com`;
    `*` is any."""
    agent_cors_origins: Annotated[CommaSeparated, _named_origins] = ()
    """Origins of the pages that may use the agents' routes. Without one, the API's own pages alone."""

    # How long things are kept
    conversation_retention_days: Annotated[int, Ge(1)] = 30
    """Conversations, from each message on."""
    interaction_retention_days: Annotated[int, Ge(1)] = 90
    """The log of interactions, from the entry on."""
    ticket_retention_days: Annotated[int, Ge(1)] = 365
    """Tickets, from when they came in."""


SETTINGS: Mapping[str, "Field[Any]"] = {each.name: each for each in fields(Settings)}
"""Each setting by its name."""


def is_required(name: str) -> bool:
    """Say whether a setting has no default."""
    setting = SETTINGS[name]
    return setting.default is MISSING and setting.default_factory is MISSING


def default_of(name: str) -> Any:
    """Return what a setting is where a stage doesn't say; None for one that is required or empty."""
    return None if SETTINGS[name].default is MISSING else SETTINGS[name].default


def documents_bucket_name() -> str:
    """Return the documents bucket's name when the app is loaded. Raises InvalidSettings."""
    return _needed_to_load("DOCUMENTS_BUCKET") or "documents-bucket-not-set"


def events_stream_arn() -> str:
    """Return the ARN of the events' stream when the app is loaded. Raises InvalidSettings."""
    return (
        _needed_to_load("EVENTS_STREAM_ARN")
        or "arn:aws:dynamodb:us-east-1:123456789012:table/support-events/stream/not-set"
    )


def conversations_stream_arn() -> str:
    """Return the ARN of the conversations' stream when the app is loaded. Raises InvalidSettings."""
    return (
        _needed_to_load("CONVERSATIONS_STREAM_ARN")
        or "arn:aws:dynamodb:us-east-1:123456789012:table/customer-support-conversations/stream/not-set"
    )


def intake_queue_arn() -> str:
    """Return the ARN of the queue of tickets when the app is loaded. Raises InvalidSettings."""
    return _needed_to_load("INTAKE_QUEUE_ARN") or "arn:aws:sqs:us-east-1:123456789012:not-set"


def stage_name() -> str:
    """Return the stage's name, also where the other settings are wrong: the log says so by stage."""
    return os.environ.get("STAGE", "unknown")


def lambda_handler() -> str | None:
    """Return how Lambda calls the function that this container is for, such as `app.agent`; else None."""
    return os.environ.get("_HANDLER")


def _needed_to_load(name: str) -> str | None:
    """Return what Chalice wants in a decorator, and so before the settings are read.

    Outside a stage there is none. Raises InvalidSettings for a stage that is not filled in: a deployment
    would fail half-way.
    """
    value = os.environ.get(name)
    if not value and (stage := os.environ.get("STAGE")):
        raise InvalidSettings(f"{name}: stage {stage} is not filled in; run python3 dev.py deploy {stage}")
    return value


def check_settings(variables: Mapping[str, str], named: Iterable[str]) -> None:
    """Check environment variables as `read_settings` would read them.

    Raises InvalidSettings, also for a name among `named` that is no setting.
    """
    if unknown := [name for name in named if name not in map(str.upper, SETTINGS)]:
        raise InvalidSettings(f"{unknown[0]}: there is no such setting; docs/settings.md lists them")
    _read(variables)


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises InvalidSettings naming each missing or wrong key.
    """
    return _read(os.environ)


def _read(variables: Mapping[str, str]) -> Settings:
    kinds = get_type_hints(Settings, include_extras=True)
    values, problems = {}, []
    for name in SETTINGS:
        # An empty value counts as none.
        if text := variables.get(name.upper()):
            try:
                values[name] = value_of(kinds[name], text)
            except ValueError as error:
                problems.append(f"{name.upper()}: {error}")
        elif is_required(name):
            problems.append(f"{name.upper()}: is missing")
    if "mail_from" in values and not variables.get("CHAT_URL"):
        problems.append("CHAT_URL: say where the chat page is, for the links in mails from MAIL_FROM")
    if problems:
        raise InvalidSettings("; ".join(problems))
    return Settings(**values)
