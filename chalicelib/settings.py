"""The settings: the only reader of the environment, read once, failing by the key's name."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    Json,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chalicelib.email_address import EMAIL_ADDRESS
from chalicelib.errors import InvalidSettings

SentimentLanguage = Literal["ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "zh", "zh-TW"]
CommaSeparated = Annotated[tuple[str, ...], NoDecode]
HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
ADDRESS = re.compile(EMAIL_ADDRESS, re.ASCII)
NAMED_ADDRESS = re.compile(rf"[^\x00-\x1f\x7f<>()\[\],;:@\"\\]{{1,64}} <{EMAIL_ADDRESS}>", re.ASCII)
PAGE = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[^\s#]*)?")
ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    origins = tuple(value.lower() for value in values)
    for origin in origins:
        if origin != "*" and not ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin} is no origin; write scheme and host alone: https://www.example.com")
    return origins


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


def _addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    for address in values:
        if not ADDRESS.fullmatch(address):
            raise ValueError(f"{address} is no address; write it alone: support@example.com")
    return tuple(dict.fromkeys(values))


def _named_origins(values: tuple[str, ...]) -> tuple[str, ...]:
    if "*" in values:
        raise ValueError("name each origin; * would open the agents' routes to any page")
    return _origins(values)


class Settings(BaseSettings):
    """What a stage can set, each field by the environment variable of the same name in capitals.

    docs/settings.md is written from this class, the comments being its headings:
    `python -m deployment.settings_page`.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

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
    mail_from: Annotated[str | None, AfterValidator(_sender)] = None
    """Whom mails are from, such as `Support <support@example.com>`; Amazon SES must know the address or its
    domain as yours. Without it no mail is sent."""
    notify_emails: Annotated[CommaSeparated, AfterValidator(_addresses)] = ()
    """Who gets a mail for each new ticket."""
    mail_after_seconds: int = Field(120, ge=0, le=43_200)
    """How long a reply waits for the customer to read it in the chat, before it is mailed."""
    chat_url: str | None = Field(None, validate_default=True)
    """Where customers find the chat page, as `https://help.example.com/chat/`: the links in mails lead there.
    Needed with `MAIL_FROM`."""

    # Customers and orders in Postgres
    database_secret_id: str | None = None
    """Name or ARN of the secret with the user name and the password that customers are read with. Without a
    secret or a URL no customer is known, and tickets come without the 360."""
    database_owner_secret_id: str | None = None
    """The same for the user that owns the tables, for the function `migrate` alone: it lets the user above
    read, and no more. Without it `migrate` works as that user."""
    database_host: str | None = None
    """Where Postgres is, when the secret holds only user and password, as those that RDS manages do."""
    database_port: int = Field(5432, ge=1, le=65535)
    """Its port, together with the host."""
    database_name: str = "support"
    """The name of the database, together with the host."""
    database_url: SecretStr | None = None
    """`postgresql://user:password@host:port/name`, instead of the secret."""
    database_tls: Literal["verify", "off"] = "verify"
    """`verify` takes only an encrypted connection to a server whose certificate is valid; `off` is for a
    database on the same machine."""

    # The model
    bedrock_model_ids: CommaSeparated = Field(min_length=1)
    """Models or inference profiles of Bedrock, in order: the next is asked when one fails."""
    model_prices: Json[dict[str, tuple[float, float]]] = Field({}, validate_default=False)
    """Prices for `cost_usd` besides those that the app knows: US dollars per million input and output tokens,
    by a part of the model id, such as `{"claude-haiku-6": [1, 5]}`."""
    max_tokens: int = Field(2000, ge=1)
    """The longest answer, in tokens."""
    temperature: float = Field(0.7, ge=0, le=1)
    """How freely the model words its answers. Sent only to models that take it."""
    top_p: float = Field(0.9, gt=0, le=1)
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
    document_link_seconds: int = Field(3600, ge=60, le=43_200)
    """How long the link to a document works, where a source has no address of its own."""
    sync_at_least_every_hours: int = Field(24, ge=0)
    """How often to sync although no change was seen, in case an event was lost; 0 never."""
    hybrid_search: bool = False
    """Whether to search by words as well as by meaning. OpenSearch Serverless can, S3 Vectors refuses it."""
    rerank_model_id: str | None = Field(None, pattern=r"^[a-z0-9.-]+:[0-9]+$")
    """A reranker model of Bedrock in the stage's Region, such as `cohere.rerank-v3-5:0`: of 20 passages it
    finds the nearest. Without it they stay in the order of the search."""
    passages_per_question: int = Field(5, ge=1, le=20)
    """How many passages the model is shown for a question."""
    passage_cache_seconds: float = Field(60, ge=0, le=300)
    """How long a function remembers what it found for a question, unless a document changes; 0 not at all."""

    # Conversations
    session_policy: Literal["open", "issued"] = "issued"
    """`issued` takes only session ids that this app made; `open` also lets a client chat under its own, which
    then belongs to its network address."""
    history_exchanges: int = Field(5, ge=0, le=20)
    """How many earlier questions and answers the model is shown, at most."""
    history_tokens: int = Field(3000, ge=0)
    """How long these may be together, in tokens, by an estimate that errs on the high side."""
    link_hosts: Annotated[CommaSeparated, AfterValidator(_hosts)] = ()
    """Hosts that an answer may link to besides those of its sources, such as `www.example.com`;
    `*.example.com` is all below it. A link to any other becomes text that names its host."""
    sentiment_language: SentimentLanguage = "en"
    """The language that Amazon Comprehend is told the customers write in."""
    chat_requests_per_minute: int = Field(20, ge=0)
    """How many messages a proven customer, or else a network address, may send in a minute; 0 any number."""
    chat_tokens_per_day: int = Field(200_000, ge=0)
    """How many tokens a proven customer, or else a network address, may use in a day (UTC); 0 any number."""
    chat_visits_per_minute: int = Field(120, ge=0)
    """How often a proven customer, or else a network address, may read, rate or erase conversations in a
    minute; 0 any number. `GET /health?deep=1` is then not limited either."""
    chat_visits_per_day: int = Field(20_000, ge=0)
    """The same in a day (UTC). A page that waits for a person's answer reads every few seconds. A long
    conversation counts again for each 20 questions and answers that it has beyond the first 20."""
    daily_budget_usd: float = Field(0, ge=0)
    """How many US dollars the stage may spend in a day (UTC) on model, search, guardrail and sentiment, over
    all callers; 0 any number. Once they are spent, the chat only hands over to people, and tickets are kept
    without suggestions and sentiment."""
    chat_deadline_seconds: float = Field(24.0, gt=6, le=27)
    """How long a turn may take. API Gateway gives up after 29 s, and a cold start counts too. Six seconds of
    it are kept for writing."""

    # Tickets
    intake_queue_arn: str | None = None
    """The queue `support-tickets-intake`, by which tickets come in besides `POST /tickets`; it calls the
    function `intake`."""
    support_hours_text: str = Field("", max_length=500)
    """When people answer, as a sentence for the customer, such as `We answer on weekdays from 9 to 17 h CET.`
    It stands in the answer that hands over, and where the customer asks how the ticket stands."""
    draft_style: str = Field("Friendly, plain and short.", min_length=1, max_length=1000)
    """How drafts of replies are written: tone, greeting, signature, as you would tell a new colleague."""
    suggestions_per_ticket: int = Field(5, ge=1, le=20)
    """How many passages come with a ticket."""
    customer_cache_seconds: float = Field(60, ge=0, le=300)
    """How long a function remembers what it read of a customer in Postgres; 0 not at all."""
    high_value_lifetime_usd: float = Field(10_000, ge=0)
    """The lifetime value in US dollars from which a customer is of high value; `enterprise` always is."""
    churn_sentiment: float = Field(-0.4, ge=-1, le=1)
    """A sign that a customer may leave: the last 20 interactions had an average sentiment of at most this.
    One sign makes the churn risk medium, two or three make it high."""
    churn_open_tickets: int = Field(3, ge=1)
    """Another sign: at least so many open tickets."""
    churn_inactive_days: int = Field(180, ge=1)
    """Another sign: earlier orders, but none for so many days."""

    # Web pages of other origins
    chat_cors_origins: Annotated[CommaSeparated, AfterValidator(_origins)] = ("*",)
    """Origins of the pages that may use the chat from a browser (CORS), such as `https://www.example.com`;
    `*` is any."""
    agent_cors_origins: Annotated[CommaSeparated, AfterValidator(_named_origins)] = ()
    """Origins of the pages that may use the agents' routes. Without one, the API's own pages alone."""

    # How long things are kept
    conversation_retention_days: int = Field(30, ge=1)
    """Conversations, from each message on."""
    interaction_retention_days: int = Field(90, ge=1)
    """The log of interactions, from the entry on."""
    ticket_retention_days: int = Field(365, ge=1)
    """Tickets, from when they came in."""

    @field_validator(
        *("bedrock_model_ids", "link_hosts", "chat_cors_origins", "agent_cors_origins", "notify_emails"),
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @field_validator("chat_url")
    @classmethod
    def _page(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("mail_from"):
            raise ValueError("say where the chat page is, for the links in mails from MAIL_FROM")
        if value is not None and not PAGE.fullmatch(value):
            raise ValueError("write the whole address of the page: https://help.example.com/chat/")
        return value


def documents_bucket_name() -> str:
    """Return the documents bucket's name when the app is loaded. Raises InvalidSettings."""
    return _needed_to_load("DOCUMENTS_BUCKET") or "documents-bucket-not-set"


def events_stream_arn() -> str:
    """Return the ARN of the events' stream when the app is loaded. Raises InvalidSettings."""
    return (
        _needed_to_load("EVENTS_STREAM_ARN")
        or "arn:aws:dynamodb:us-east-1:123456789012:table/support-events/stream/not-set"
    )


def intake_queue_arn() -> str:
    """Return the ARN of the queue of tickets when the app is loaded. Raises InvalidSettings."""
    return _needed_to_load("INTAKE_QUEUE_ARN") or "arn:aws:sqs:us-east-1:123456789012:not-set"


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
    unknown = [name for name in named if name not in map(str.upper, Settings.model_fields)]
    if unknown:
        raise InvalidSettings(f"{unknown[0]}: there is no such setting; docs/settings.md lists them")
    values = {
        name.lower(): value for name, value in variables.items() if name.lower() in Settings.model_fields
    }
    _checked(**values)


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises InvalidSettings naming each missing or wrong key.
    """
    return _checked()


def _checked(**values: Any) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        problems = (
            f"{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors(include_input=False)
        )
        raise InvalidSettings("; ".join(problems)) from None
