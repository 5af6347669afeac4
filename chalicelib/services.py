"""Builds everything from the settings, once per container, and of it only what the function uses."""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from threading import Lock, RLock
from typing import Any, Generic, TypeVar

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider

from chalicelib.api.agent_tokens import AgentTokens
from chalicelib.chat.escalations import Escalations
from chalicelib.chat.limits import Limits
from chalicelib.chat.prompts import HistoryBudget
from chalicelib.chat.sessions import Sessions
from chalicelib.chat.transcripts import Transcripts
from chalicelib.chat.turn import Chat, ChatOptions
from chalicelib.domain.database import DatabaseAddress, DatabaseSource
from chalicelib.domain.protocols import PassageSource
from chalicelib.errors import InvalidSettings
from chalicelib.gateways.aws import quick
from chalicelib.gateways.bedrock import Model, ModelOptions
from chalicelib.gateways.document_links import SIGNING, DocumentLinks, Source
from chalicelib.gateways.ingestion import IngestionGateway
from chalicelib.gateways.knowledge_base import KnowledgeBase
from chalicelib.gateways.secrets import Secrets
from chalicelib.gateways.sentiment import SentimentGateway
from chalicelib.insight.health import Health
from chalicelib.logs import SyncLogger, TicketLogger, TurnLogger
from chalicelib.settings import Settings, read_settings
from chalicelib.stores.caching import CachedCustomers, CachedPassages
from chalicelib.stores.conversations import Conversations, ExchangeItem
from chalicelib.stores.customers import Customers, NoCustomers
from chalicelib.stores.database import Addresses
from chalicelib.stores.database_address import AMAZON_ROOTS, address_from_url
from chalicelib.stores.interactions import InteractionItem, Interactions
from chalicelib.stores.state import Counters, StateItem
from chalicelib.stores.sync_items import JobItem, SyncItem
from chalicelib.stores.sync_state import SyncStates
from chalicelib.stores.ticket_item import TicketItem
from chalicelib.stores.tickets import Tickets
from chalicelib.sync.knowledge_base import KnowledgeBaseSync
from chalicelib.sync.outcomes import SyncOutcomes
from chalicelib.sync.starts import SyncStarts
from chalicelib.tickets.customer_context import CustomerRules
from chalicelib.tickets.desk import TicketDesk
from chalicelib.tickets.erasure import Erasure

MODEL_READ_SECONDS = 20
THREADS = 64
"""A turn or a ticket uses six at once; the local server runs several, and a slow call keeps its thread."""
MODEL_THREADS = 16
TABLES = (ExchangeItem, InteractionItem, TicketItem, StateItem, SyncItem, JobItem)
BARE_NAMES = {table: table.Meta.table_name for table in TABLES}

T = TypeVar("T")
Link = Callable[[Source], str | None]


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(timezone.utc)


class once(Generic[T]):  # noqa: N801 - used as a decorator
    """A property that is built at its first use; threads that come at once share one build."""

    def __init__(self, build: "Callable[[Services], T]") -> None:
        self._build = build

    def __get__(self, services: "Services", owner: "type[Services]") -> T:
        name = self._build.__name__
        with services.lock:
            if name not in services.built:
                services.built[name] = self._build(services)
            built: T = services.built[name]
        return built


class Services:
    """What `app.py` calls, and what that is made of; a function builds only what it uses of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lock = RLock()
        self.built: dict[str, Any] = {}
        for table, bare_name in BARE_NAMES.items():
            # Before first use: PynamoDB keeps the connection, and with it the name, of a table.
            table.Meta.table_name = bare_name + settings.table_suffix

    # What the routes and events call.

    @once
    def chat(self) -> Chat:
        """The customers' half."""
        settings = self.settings
        return Chat(
            sessions=self.sessions,
            conversations=self.conversations,
            customers=self.customers,
            tickets=self.ticket_store,
            interactions=self.interactions,
            escalations=Escalations(self.sessions, self.ticket_store),
            knowledge_base=self.passages,
            sentiment=self.sentiment,
            model=self.model,
            limits=Limits(Counters(), settings.chat_requests_per_minute, settings.chat_tokens_per_day, now),
            executor=self.executor,
            model_executor=ThreadPoolExecutor(MODEL_THREADS, thread_name_prefix="model"),
            clock=now,
            log=TurnLogger(),
            options=ChatOptions(
                settings.passages_per_question,
                HistoryBudget(settings.history_exchanges, settings.history_tokens),
                settings.chat_deadline_seconds,
            ),
        )

    @once
    def transcripts(self) -> Transcripts:
        """What the holder of a session may do with it."""
        return Transcripts(
            self.sessions, self.conversations, self.interactions, self.ticket_store, TurnLogger()
        )

    @once
    def tickets(self) -> TicketDesk:
        """The agents' half."""
        return TicketDesk(
            tickets=self.ticket_store,
            customers=self.customers,
            interactions=self.interactions,
            conversations=self.conversations,
            knowledge_base=self.passages,
            sentiment=self.sentiment,
            rules=_customer_rules(self.settings),
            suggestions=self.settings.suggestions_per_ticket,
            executor=self.executor,
            clock=now,
            log=TicketLogger(),
        )

    @once
    def erasure(self) -> Erasure:
        """The right to be forgotten."""
        return Erasure(
            self.sessions, self.conversations, self.interactions, self.ticket_store, self.customers.forget
        )

    @once
    def sync(self) -> KnowledgeBaseSync:
        """What keeps the knowledge base in step with the documents bucket."""
        settings, log = self.settings, SyncLogger()
        states = SyncStates(settings.data_source_id)
        # One attempt: Bedrock takes few starts, and the sweep comes back to one that failed.
        client = boto3.client("bedrock-agent", config=quick(read_timeout_seconds=5, attempts=1))
        jobs = IngestionGateway(client, settings.knowledge_base_id, settings.data_source_id)
        return KnowledgeBaseSync(
            states=states,
            starts=SyncStarts(states, jobs, now, log),
            outcomes=SyncOutcomes(states, jobs, now, log),
            clock=now,
            log=log,
            documents_bucket=settings.documents_bucket,
            at_least_every=timedelta(hours=settings.sync_at_least_every_hours),
        )

    @once
    def link(self) -> Link:
        """What says where a passage or a citation can be read in full."""
        settings = self.settings
        links = DocumentLinks(
            lambda: boto3.client("s3", config=SIGNING),
            settings.documents_bucket,
            settings.document_link_seconds,
        )
        return links.link

    @once
    def agent_tokens(self) -> AgentTokens:
        """Who is an agent."""
        return AgentTokens(self.secrets.agent_tokens)

    @once
    def health(self) -> Health:
        """Whether what the app depends on can be reached."""
        checks: dict[str, Callable[[], object]] = {
            "dynamodb": lambda: self.conversations.latest("health", 1),
            "knowledge_base": lambda: self.knowledge_base.retrieve("health", 1),
            "bedrock": self.model.ping,
        }
        if self.customer_store is not None:
            checks["postgres"] = self.customer_store.ping
        return Health(checks)

    def database_address(self) -> DatabaseAddress:
        """Return where Postgres is. Raises InvalidSettings when none is configured, Unavailable."""
        if self.database is None:
            raise InvalidSettings("DATABASE_URL or DATABASE_SECRET_ID: set one to say which database to use.")
        return self.database(True)

    # What these are made of.

    @once
    def executor(self) -> Executor:
        return ThreadPoolExecutor(THREADS, thread_name_prefix="call")

    @once
    def secrets(self) -> Secrets:
        return Secrets(
            SecretsProvider(
                boto3_client=boto3.client("secretsmanager", config=quick(read_timeout_seconds=2))
            ),
            self.settings.app_secret_id,
            self.settings.agent_tokens_secret_id,
        )

    @once
    def sessions(self) -> Sessions:
        return Sessions(self.secrets.app_secret, accept_made_up_ids=self.settings.session_policy == "open")

    @once
    def conversations(self) -> Conversations:
        return Conversations(self.settings.conversation_retention_days, now)

    @once
    def interactions(self) -> Interactions:
        return Interactions(self.settings.interaction_retention_days, now)

    @once
    def ticket_store(self) -> Tickets:
        return Tickets(self.settings.ticket_retention_days, now)

    @once
    def database(self) -> Addresses | None:
        """What says where Postgres is; None when no database is configured."""
        settings = self.settings
        tls_roots = AMAZON_ROOTS if settings.database_tls == "verify" else None
        if settings.database_url is not None:
            address = address_from_url(settings.database_url.get_secret_value(), tls_roots)
            return lambda _renewed: address
        if settings.database_secret_id is None:
            return None
        source = DatabaseSource(settings.database_secret_id, tls_roots)
        if settings.database_host:
            source = replace(
                source,
                host=settings.database_host,
                port=settings.database_port,
                dbname=settings.database_name,
            )
        return lambda renewed: self.secrets.database(source, renewed)

    @once
    def customer_store(self) -> Customers | None:
        return Customers(self.database) if self.database is not None else None

    @once
    def customers(self) -> CachedCustomers:
        return CachedCustomers(self.customer_store or NoCustomers(), self.settings.customer_cache_seconds)

    @once
    def knowledge_base(self) -> KnowledgeBase:
        client = boto3.client("bedrock-agent-runtime", config=quick())
        return KnowledgeBase(client, self.settings.knowledge_base_id, self.settings.documents_bucket)

    @once
    def passages(self) -> PassageSource:
        seconds = self.settings.passage_cache_seconds
        return CachedPassages(self.knowledge_base, seconds, lambda: self.sync.settled_since(), now)

    @once
    def sentiment(self) -> SentimentGateway:
        client = boto3.client("comprehend", config=quick())
        return SentimentGateway(client, self.settings.sentiment_language)

    @once
    def model(self) -> Model:
        # One attempt: the gateway itself goes on to the next model, and a slow one must not be asked twice.
        client = boto3.client("bedrock-runtime", config=quick(MODEL_READ_SECONDS, attempts=1))
        return Model(client, _model_options(self.settings))


def services() -> Services:
    """Return the services of this container. Raises InvalidSettings."""
    with _building:
        return _build_once()


@cache
def _build_once() -> Services:
    return Services(read_settings())


_building = Lock()


def _customer_rules(settings: Settings) -> CustomerRules:
    return CustomerRules(
        high_value_lifetime_usd=settings.high_value_lifetime_usd,
        churn_sentiment=settings.churn_sentiment,
        churn_open_tickets=settings.churn_open_tickets,
        churn_inactive_days=settings.churn_inactive_days,
    )


def _model_options(settings: Settings) -> ModelOptions:
    return ModelOptions(
        model_ids=settings.bedrock_model_ids,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        top_p=settings.top_p,
        guardrail_id=settings.guardrail_id,
        guardrail_version=settings.guardrail_version,
        prices=settings.model_prices,
    )
