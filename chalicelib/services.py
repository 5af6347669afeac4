"""Builds everything from the settings, once per container, and of it only what the function uses.

What only the API's function needs is imported where it is built, so that the others start without it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cached_property, wraps
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.api.agent_tokens import AgentTokens
from chalicelib.api.cors import Origins
from chalicelib.chat.sessions import Sessions
from chalicelib.domain.access import AN_AGENT
from chalicelib.domain.conversation import Nearest
from chalicelib.domain.database import DatabaseAddress, DatabaseAddresses, DatabaseSecret, FixedAddress
from chalicelib.domain.protocols import CustomerSource, PassageSearch, Receiver
from chalicelib.errors import InvalidSettings, Unavailable
from chalicelib.events.deliveries import Deliveries
from chalicelib.gateways.aws import client_config, make_client
from chalicelib.gateways.converse import ModelOptions, price_of
from chalicelib.gateways.ingestion import IngestionGateway, require_active
from chalicelib.gateways.outbound import Outbound
from chalicelib.gateways.secrets import AddressInSecret, Secrets
from chalicelib.gateways.webhooks import Webhook
from chalicelib.insight.counting import Counting
from chalicelib.logs import (
    DeliveryLogger,
    InsightLogger,
    IntakeLogger,
    SearchLogger,
    SyncLogger,
    TicketLogger,
    TurnLogger,
    customer_out_of_reach,
)
from chalicelib.parallel import Threads
from chalicelib.settings import Settings, read_settings
from chalicelib.stores.conversations import ContactItem, Conversations, ExchangeItem
from chalicelib.stores.erasures import ErasureMarks
from chalicelib.stores.events import EventItem, Events
from chalicelib.stores.insights.gaps import GapItem, GapQuestions
from chalicelib.stores.insights.numbers import InsightItem, Numbers
from chalicelib.stores.interactions import InteractionItem, Interactions
from chalicelib.stores.pending import PendingItem, PendingNamesItem, PendingTexts
from chalicelib.stores.state import Counters, OwnCounters, StateItem
from chalicelib.stores.sync_state import JobItem, SyncItem, SyncStates
from chalicelib.stores.tickets import TicketItem, Tickets
from chalicelib.sync.knowledge_base import KnowledgeBaseSync
from chalicelib.sync.outcomes import SyncOutcomes
from chalicelib.sync.starts import SyncStarts
from chalicelib.tickets.customer_context import CustomerRules

if TYPE_CHECKING:
    from mypy_boto3_bedrock_agent import AgentsforBedrockClient
    from mypy_boto3_s3 import S3Client

    from chalicelib.api.intake import Intake
    from chalicelib.chat.limits import LimitOptions, Limits
    from chalicelib.chat.lookups import Lookups
    from chalicelib.chat.person.contacts import Contacts
    from chalicelib.chat.progress.pending import PendingAnswers
    from chalicelib.chat.source_links import SourceLinks
    from chalicelib.chat.spending import Spending
    from chalicelib.chat.transcripts import Transcripts
    from chalicelib.chat.turn import Chat
    from chalicelib.gateways.bedrock import BedrockModel
    from chalicelib.gateways.knowledge_base import KnowledgeBase
    from chalicelib.gateways.sentiment import SentimentGateway
    from chalicelib.insight.gaps import Gaps
    from chalicelib.insight.health import Health
    from chalicelib.insight.report import Insights
    from chalicelib.stores.caching import CachedCustomers
    from chalicelib.stores.customers import Customers
    from chalicelib.stores.ticket_conversations import TicketConversations
    from chalicelib.tickets.agents_model import AgentsModel
    from chalicelib.tickets.articles import Articles
    from chalicelib.tickets.desk import TicketDesk
    from chalicelib.tickets.drafts import Drafts
    from chalicelib.tickets.erasure import Erasure
    from chalicelib.tickets.replies import Replies

MODEL_READ_SECONDS = 20
MAIL_READ_SECONDS = 10
CALL_THREADS = 64
"""A turn or a ticket uses six at once; several may run in one process, and a slow call keeps its thread."""
MODEL_THREADS = 16
WARM_UP_SECONDS = 4
"""Lambda gives a start ten seconds; one that takes longer begins again, and costs."""
NO_DATABASE = "DATABASE_URL or DATABASE_SECRET_ID: set one to say which database to use."
TABLES = (
    *(ExchangeItem, InteractionItem, TicketItem, StateItem, ContactItem, SyncItem, JobItem, EventItem),
    *(PendingItem, PendingNamesItem, InsightItem, GapItem),
)
BARE_NAMES = {table: table.Meta.table_name for table in TABLES}

T = TypeVar("T")
_building = RLock()


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(timezone.utc)


def once(build: Callable[[], T]) -> Callable[[], T]:
    """Build at the first call and return the same from then on; threads that come at once share one build."""
    built: list[T] = []

    @wraps(build)
    def get() -> T:
        with _building:
            if not built:
                built.append(build())
            return built[0]

    return get


class _Part(cached_property[T]):
    """Threads that come at once share one build, of this part and of those that it is made of."""

    def __get__(self, services: Any, kind: type | None = None) -> Any:
        with _building:
            return super().__get__(services, kind)


def part(build: Callable[[Any], T]) -> cached_property[T]:
    """Build a part of the services when it is first asked for."""
    return _Part(build)


class Services:
    """What `app.py` calls, and what that is made of; a function builds only what it uses of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        for table, bare_name in BARE_NAMES.items():
            # Before first use: PynamoDB keeps the connection, and with it the name, of a table.
            table.Meta.table_name = bare_name + settings.table_suffix

    # What the routes and events call.

    @part
    def chat(self) -> "Chat":
        """The customers' half."""
        from chalicelib.chat.hand_over import HandOvers
        from chalicelib.chat.person.record import Record
        from chalicelib.chat.prompts import HistoryBudget
        from chalicelib.chat.turn import Chat
        from chalicelib.chat.turn_parts import ChatOptions

        settings = self.settings
        hand_overs = HandOvers(self.sessions, self.ticket_store, ErasureMarks(now))
        return Chat(
            sessions=self.sessions,
            limits=self.limits,
            spending=_spending(self.settings),
            conversations=self.conversations,
            record=Record(
                self.conversations, self.ticket_conversations, self.interactions, self.contacts, hand_overs
            ),
            contacts=self.contacts,
            lookups=self.lookups,
            links=self.links,
            model=self.model,
            pending=self.pending,
            hand_overs=hand_overs,
            threads=self.threads,
            clock=now,
            log=TurnLogger(),
            options=ChatOptions(
                settings.passages_per_question,
                HistoryBudget(settings.history_exchanges, settings.history_tokens),
                settings.chat_deadline_seconds,
                frozenset(settings.link_hosts),
                settings.support_hours_text,
            ),
            count_refusal=self.counting.refuse,
        )

    @part
    def transcripts(self) -> "Transcripts":
        """What the holder of a session may do with it."""
        from chalicelib.chat.transcripts import Transcripts

        return Transcripts(
            self.sessions,
            self.limits,
            self.conversations,
            self.pending_store,
            self.interactions,
            self.ticket_store,
            self.contacts,
            ErasureMarks(now),
            self.customers,
            self.links,
            now,
            TurnLogger(),
        )

    @part
    def pending(self) -> "PendingAnswers":
        """What can be read of an answer while it is written."""
        from chalicelib.chat.progress.pending import PendingAnswers

        return PendingAnswers(self.sessions, self.pending_store, self.threads.calls, now, TurnLogger())

    @part
    def tickets(self) -> "TicketDesk":
        """The agents' half."""
        from chalicelib.tickets.desk import TicketDesk

        return TicketDesk(
            tickets=self.ticket_store,
            interactions=self.interactions,
            conversations=self.conversations,
            lookups=self.lookups,
            links=self.links,
            limits=self.limits,
            spending=_spending(self.settings),
            rules=_customer_rules(self.settings),
            knows_customers=self.customer_source is not None,
            suggestions=self.settings.suggestions_per_ticket,
            count_cost=self.counting.count_cost,
            executor=self.threads.calls,
            clock=now,
            log=TicketLogger(),
        )

    @part
    def intake(self) -> "Intake":
        """The other way that tickets come in."""
        from chalicelib.api.intake import Intake

        return Intake(self.tickets, IntakeLogger())

    @part
    def replies(self) -> "Replies":
        """What agents write to customers."""
        from chalicelib.tickets.replies import Replies

        return Replies(self.ticket_store, self.ticket_conversations, now, TicketLogger())

    @part
    def drafts(self) -> "Drafts":
        """What agents may reply."""
        from chalicelib.tickets.drafts import Drafts

        settings = self.settings
        return Drafts(
            desk=self.tickets,
            tickets=self.ticket_store,
            lookups=self.lookups,
            links=self.links,
            model=self.agents_model,
            clock=now,
            log=TicketLogger(),
            passages=settings.passages_per_question,
            style=settings.draft_style,
            link_hosts=frozenset(settings.link_hosts),
            deadline_seconds=settings.chat_deadline_seconds,
        )

    @part
    def articles(self) -> "Articles":
        """What others may learn from a solved ticket."""
        from chalicelib.tickets.articles import Articles

        hosts = frozenset(self.settings.link_hosts)
        return Articles(
            self.tickets, self.agents_model, TicketLogger(), hosts, self.settings.chat_deadline_seconds
        )

    @part
    def agents_model(self) -> "AgentsModel":
        from chalicelib.chat.limits import LimitOptions
        from chalicelib.chat.spending import MICRO
        from chalicelib.tickets.agents_model import AgentsModel

        limits = self._limits(LimitOptions(0, 0, round(self.settings.daily_budget_usd * MICRO)))
        spending = _spending(self.settings)
        count_cost = self.counting.count_cost
        return AgentsModel(self.model, limits, spending, self.threads, count_cost, TicketLogger())

    @part
    def erasure(self) -> "Erasure":
        """The right to be forgotten."""
        from chalicelib.tickets.erasure import Erasure

        return Erasure(
            self.sessions,
            self.conversations,
            self.pending_store,
            self.interactions,
            self.ticket_store,
            ErasureMarks(now),
            self.customers.forget,
        )

    @part
    def sync(self) -> KnowledgeBaseSync:
        """What keeps the knowledge base in step with the documents bucket."""
        settings, log, states = self.settings, SyncLogger(), self.sync_states
        jobs = IngestionGateway(self._bedrock_agent, settings.knowledge_base_id, settings.data_source_id)
        return KnowledgeBaseSync(
            states=states,
            starts=SyncStarts(states, jobs, now, log),
            outcomes=SyncOutcomes(states, jobs, now, self.event_store.add, log),
            clock=now,
            log=log,
            documents_bucket=settings.documents_bucket,
            at_least_every=timedelta(hours=settings.sync_at_least_every_hours),
        )

    @part
    def _bedrock_agent(self) -> "AgentsforBedrockClient":
        # One attempt: Bedrock takes few starts, and the sweep comes back to one that failed.
        client: AgentsforBedrockClient = make_client(
            "bedrock-agent", client_config(read_timeout_seconds=5, attempts=1)
        )
        return client

    @part
    def sync_states(self) -> SyncStates:
        return SyncStates(self.settings.data_source_id)

    @part
    def deliveries(self) -> Deliveries:
        """What tells others of what happened."""
        return Deliveries(
            self.event_store, self._receivers, self.threads.calls, now, time.sleep, DeliveryLogger()
        )

    def _receivers(self) -> list[Receiver]:
        outbound = Outbound(allow_loopback=self.settings.webhooks_to_this_machine)
        return [*self._mails, *(Webhook(each, outbound, now) for each in self.secrets.webhooks())]

    @part
    def _mails(self) -> list[Receiver]:
        settings = self.settings
        if not settings.mail_from:
            return []
        from chalicelib.chat.person.links import ConversationLinks
        from chalicelib.events.mails import CustomerMail, TeamMail
        from chalicelib.gateways.mail import SesMail

        # One attempt: SES cannot tell a mail that comes twice.
        client = make_client("sesv2", client_config(MAIL_READ_SECONDS, attempts=1))
        ses, after = SesMail(client, settings.mail_from), timedelta(seconds=settings.mail_after_seconds)
        links = ConversationLinks(self.sessions, settings.chat_url or "", now)
        team = [TeamMail(address, ses) for address in settings.notify_emails]
        return [*team, CustomerMail(self.ticket_store, ses, after, links.link)]

    @part
    def counting(self) -> Counting:
        """What counts how conversations go."""
        return Counting(
            self.numbers, self._quiet, now, InsightLogger(), (lambda change: self.gaps.note(change),)
        )

    @part
    def gaps(self) -> "Gaps":
        """What is asked in vain."""
        from chalicelib.insight.gaps import Gaps

        return Gaps(GapQuestions(now), self._linked_for_agents, now, InsightLogger())

    def _linked_for_agents(self, nearest: Sequence[Nearest]) -> Sequence[Nearest]:
        return self.links.linked(nearest, AN_AGENT, InsightLogger().degraded)

    @part
    def insights(self) -> "Insights":
        """What the owner sees."""
        from chalicelib.insight.report import Insights

        budget_usd = self.settings.daily_budget_usd or None
        return Insights(self.numbers, self.gaps.of_days, budget_usd, self.limits.is_budget_spent, now)

    @property
    def _quiet(self) -> timedelta:
        return timedelta(minutes=self.settings.conversation_quiet_minutes)

    @part
    def agent_tokens(self) -> AgentTokens:
        """Who is an agent."""
        return AgentTokens(self.secrets.agent_tokens)

    @part
    def origins(self) -> Origins:
        """Which pages may use the API from a browser."""
        settings = self.settings
        return Origins(settings.chat_cors_origins, settings.agent_cors_origins, settings.widget_hosts)

    @part
    def health(self) -> "Health":
        """Whether what the app depends on can be reached."""
        from chalicelib.insight.health import Health

        checks: dict[str, Callable[[], object]] = {
            "dynamodb": lambda: self.conversations.latest("health", 1),
            "knowledge_base": lambda: require_active(self._bedrock_agent, self.settings.knowledge_base_id),
            "bedrock": self.model.ping,
        }
        if self.customer_source is not None:
            checks["postgres"] = self.customer_source.ping
        return Health(checks, self.limits.admit_check)

    def first_calls(self) -> Sequence[Callable[[], object]]:
        """Return calls that build, and connect with, what the first message of a customer needs."""
        from chalicelib.api.chat import ChatRequest

        return (
            lambda: self.chat,
            ChatRequest.model_rebuild,
            self.secrets.app_secret,
            lambda: self.conversations.latest("warm-up", 1),
            *self.first_calls_for_customers(),
        )

    def first_calls_for_customers(self) -> Sequence[Callable[[], object]]:
        """Return calls that make customers quick to read, where there are any."""
        return (self.customer_source.warm_up,) if self.customer_source else ()

    def find_customer(self, event: Mapping[str, Any]) -> Any:
        """Return as JSON the customer whom another function's event asks for.

        Raises InvalidSettings when no database is configured, Unavailable.
        """
        from chalicelib.gateways.customers_function import answer_event

        if self.postgres_customers is None:
            raise InvalidSettings(NO_DATABASE)
        try:
            return answer_event(self.postgres_customers, event)
        except Unavailable as error:
            customer_out_of_reach(error)
            raise

    def database_users(self) -> tuple[DatabaseAddress, DatabaseAddress]:
        """Return how the owner of the tables and how the app reaches Postgres, for migrations.

        Raises InvalidSettings when none is configured, Unavailable.
        """
        if self.database is None:
            raise InvalidSettings(NO_DATABASE)
        owner_secret_id = self.settings.database_owner_secret_id
        owner = self._database_in(owner_secret_id) if owner_secret_id else self.database
        return owner.renewed(), self.database.renewed()

    # What these are made of.

    @part
    def threads(self) -> Threads:
        return Threads(
            calls=ThreadPoolExecutor(CALL_THREADS, thread_name_prefix="call"),
            model=ThreadPoolExecutor(MODEL_THREADS, thread_name_prefix="model"),
        )

    @part
    def limits(self) -> "Limits":
        from chalicelib.chat.limits import LimitOptions
        from chalicelib.chat.spending import MICRO

        settings = self.settings
        options = LimitOptions(
            settings.chat_requests_per_minute,
            settings.chat_tokens_per_day,
            round(settings.daily_budget_usd * MICRO),
            settings.chat_visits_per_minute,
            settings.chat_visits_per_day,
        )
        return self._limits(options)

    def _limits(self, options: "LimitOptions") -> "Limits":
        from chalicelib.chat.limits import Limits

        announce, reached = self.event_store.add, TurnLogger().budget_reached
        return Limits(Counters(), OwnCounters(), options, now, announce, reached)

    @part
    def lookups(self) -> "Lookups":
        from chalicelib.chat.lookups import Lookups

        return Lookups(self.passages, self.sentiment, self.customers, self.ticket_store)

    @part
    def links(self) -> "SourceLinks":
        from chalicelib.chat.source_links import SourceLinks
        from chalicelib.gateways.document_links import DocumentLinks

        settings = self.settings
        signer = DocumentLinks(lambda: self.s3, settings.documents_bucket, settings.document_link_seconds)
        return SourceLinks(signer)

    @part
    def s3(self) -> "S3Client":
        from chalicelib.gateways.document_links import SIGNING

        client: S3Client = make_client("s3", SIGNING)
        return client

    @part
    def secrets(self) -> Secrets:
        return Secrets(
            make_client("secretsmanager", client_config(read_timeout_seconds=2)),
            self.settings.app_secret_id,
            self.settings.agent_tokens_secret_id,
            self.settings.webhooks_secret_id,
        )

    @part
    def sessions(self) -> Sessions:
        return Sessions(self.secrets.app_secret, accept_made_up_ids=self.settings.session_policy == "open")

    @part
    def conversations(self) -> Conversations:
        return Conversations(self.settings.conversation_retention_days, now)

    @part
    def pending_store(self) -> PendingTexts:
        return PendingTexts(now)

    @part
    def interactions(self) -> Interactions:
        return Interactions(self.settings.interaction_retention_days, now)

    @part
    def ticket_store(self) -> Tickets:
        return Tickets(self.settings.ticket_retention_days, now, self.event_store)

    @part
    def contacts(self) -> "Contacts":
        from chalicelib.chat.person.contacts import Contacts

        return Contacts(self.conversations, self.ticket_store)

    @part
    def ticket_conversations(self) -> "TicketConversations":
        from chalicelib.stores.ticket_conversations import TicketConversations

        return TicketConversations(self.conversations, self.ticket_store, now)

    @part
    def numbers(self) -> Numbers:
        return Numbers(self._quiet, now)

    @part
    def event_store(self) -> Events:
        return Events(now)

    @part
    def database(self) -> DatabaseAddresses | None:
        """What says where Postgres is; None when no database is configured."""
        from chalicelib.stores.database import address_from_url

        settings = self.settings
        if settings.database_url is not None:
            return FixedAddress(address_from_url(settings.database_url, _tls_roots(settings)))
        return self._database_in(settings.database_secret_id) if settings.database_secret_id else None

    def _database_in(self, secret_id: str) -> DatabaseAddresses:
        settings = self.settings
        secret = DatabaseSecret(secret_id, _tls_roots(settings))
        if settings.database_host:
            secret = replace(
                secret,
                host=settings.database_host,
                port=settings.database_port,
                dbname=settings.database_name,
            )
        return AddressInSecret(self.secrets, secret)

    @part
    def postgres_customers(self) -> "Customers | None":
        from chalicelib.stores.customers import Customers

        return Customers(self.database) if self.database is not None else None

    @part
    def customer_source(self) -> CustomerSource | None:
        """What reads customers: another function, or this one; None when no database is configured."""
        if self.settings.customers_function is None:
            return self.postgres_customers
        from chalicelib.gateways.customers_function import CustomersFunction

        return CustomersFunction(make_client("lambda", client_config()), self.settings.customers_function)

    @part
    def customers(self) -> "CachedCustomers":
        from chalicelib.stores.caching import CachedCustomers, NoCustomers

        return CachedCustomers(self.customer_source or NoCustomers(), self.settings.customer_cache_seconds)

    @part
    def knowledge_base(self) -> "KnowledgeBase":
        from chalicelib.gateways.knowledge_base import KnowledgeBase

        client = make_client("bedrock-agent-runtime", client_config())
        settings = self.settings
        return KnowledgeBase(
            client,
            settings.knowledge_base_id,
            settings.documents_bucket,
            settings.hybrid_search,
            SearchLogger(),
        )

    @part
    def passages(self) -> PassageSearch:
        from chalicelib.stores.caching import CachedPassages

        search, seconds = self._search(), self.settings.passage_cache_seconds
        return CachedPassages(search, seconds, lambda: self.sync_states.read().settled_since, now)

    def _search(self) -> PassageSearch:
        if self.settings.rerank_model_id is None:
            return self.knowledge_base
        from chalicelib.gateways.reranking import RERANK_READ_SECONDS, RerankedSearch

        # One attempt: an order is there already, and a turn waits.
        config = client_config(RERANK_READ_SECONDS, attempts=1)
        client = make_client("bedrock-agent-runtime", config)
        return RerankedSearch(self.knowledge_base, client, self.settings.rerank_model_id, SearchLogger())

    @part
    def sentiment(self) -> "SentimentGateway":
        from chalicelib.gateways.sentiment import SentimentGateway

        client = make_client("comprehend", client_config())
        return SentimentGateway(client, self.settings.sentiment_language)

    @part
    def model(self) -> "BedrockModel":
        from chalicelib.gateways.bedrock import BedrockModel

        # One attempt: the gateway itself goes on to the next model, and a slow one must not be asked twice.
        client = make_client("bedrock-runtime", client_config(MODEL_READ_SECONDS, attempts=1))
        return BedrockModel(client, _model_options(self.settings))


@once
def services() -> Services:
    """Return the services of this container. Raises InvalidSettings."""
    return Services(read_settings())


def warm_up(handler: str | None) -> None:
    """Build what a function calls, and connect, while Lambda starts it: None outside of Lambda.

    A function has a whole processor then, and afterwards the share that goes with its memory. What is out of
    reach now, or not set, is asked for again by the first event, and named.
    """
    if handler is None:
        return  # locally the settings may still be changed for a run
    with suppress(InvalidSettings):
        calls = [services().threads.calls.submit(call) for call in _first_calls(handler, services())]
        wait(calls, WARM_UP_SECONDS)


def _first_calls(handler: str | None, built: Services) -> Sequence[Callable[[], object]]:
    """Return what warms a function up, by how Lambda calls it."""
    match handler:
        case "app.app":
            return built.first_calls()
        case "app.agent":
            return (built.secrets.agent_tokens,)
        case "app.intake":
            return (lambda: built.intake, *built.first_calls_for_customers())
        case "app.customers" if built.postgres_customers:
            return (built.postgres_customers.warm_up,)
        case "app.documents_changed" | "app.sweep":
            return (lambda: built.sync, built.sync_states.read)
    return ()


def _tls_roots(settings: Settings) -> str | None:
    from chalicelib.stores.database import AMAZON_ROOTS

    return AMAZON_ROOTS if settings.database_tls == "verify" else None


def _customer_rules(settings: Settings) -> CustomerRules:
    return CustomerRules(
        high_value_lifetime_usd=settings.high_value_lifetime_usd,
        churn_sentiment=settings.churn_sentiment,
        churn_open_tickets=settings.churn_open_tickets,
        churn_inactive_days=settings.churn_inactive_days,
    )


def _spending(settings: Settings) -> "Spending":
    from chalicelib.chat.spending import UNKNOWN_PRICES_USD, Spending

    prices = [
        price_of(each, settings.model_prices) or UNKNOWN_PRICES_USD for each in settings.bedrock_model_ids
    ]
    return Spending(
        prices_usd=max(prices),
        passages=settings.passages_per_question,
        history_tokens=settings.history_tokens,
        max_tokens=settings.max_tokens,
        has_guardrail=settings.guardrail_id is not None,
        has_reranker=settings.rerank_model_id is not None,
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
