"""Builds everything from the settings, once per container."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from threading import Lock
from typing import Any

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.config import Config

from chalicelib.chat import Chat, ChatOptions
from chalicelib.escalations import Escalations
from chalicelib.gateways.aws import quick
from chalicelib.gateways.bedrock import Model, ModelOptions
from chalicelib.gateways.knowledge_base import KnowledgeBase
from chalicelib.gateways.secrets import Secrets
from chalicelib.gateways.sentiment import SentimentGateway
from chalicelib.health import Health
from chalicelib.limits import Limits
from chalicelib.logs import TurnLogger
from chalicelib.prompts import HistoryBudget
from chalicelib.sessions import Sessions
from chalicelib.settings import Settings, read_settings
from chalicelib.stores import conversations, interactions, state, tickets
from chalicelib.stores.customers import Customers
from chalicelib.transcripts import Transcripts

MODEL_READ_SECONDS = 20
THREADS = 32
"""A turn uses four at once; the local server runs several turns, and a slow call keeps its thread a while."""
MODEL_THREADS = 16
TABLES = (conversations.ExchangeItem, interactions.InteractionItem, tickets.TicketItem, state.StateItem)
BARE_NAMES = {table: table.Meta.table_name for table in TABLES}


@dataclass(frozen=True)
class Services:
    """What `app.py` calls."""

    settings: Settings
    chat: Chat
    transcripts: Transcripts
    health: Health
    secrets: Secrets


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(timezone.utc)


def services() -> Services:
    """Return the services of this container. Raises InvalidSettings."""
    with _building:
        return _build_once()


@cache
def _build_once() -> Services:
    return build(read_settings())


_building = Lock()


def build(settings: Settings) -> Services:
    """Wire the services of a stage."""
    for table, bare_name in BARE_NAMES.items():
        # Before first use: PynamoDB keeps the connection, and with it the name, of a table.
        table.Meta.table_name = bare_name + settings.table_suffix
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="call")
    secrets = Secrets(
        SecretsProvider(boto3_client=boto3.client("secretsmanager", config=quick(read_timeout_seconds=2))),
        settings.app_secret_id,
        settings.database_secret_id,
    )
    sessions = Sessions(secrets.app_secret, accept_made_up_ids=settings.session_policy == "open")
    exchanges = conversations.Conversations(settings.conversation_retention_days, now)
    log = interactions.Interactions(settings.interaction_retention_days)
    cases = tickets.Tickets(settings.ticket_retention_days)
    customers = Customers(secrets.database)
    knowledge_base = KnowledgeBase(
        boto3.client("bedrock-agent-runtime", config=quick()), settings.knowledge_base_id
    )
    model = Model(_bedrock_client(), _model_options(settings))
    chat = Chat(
        sessions=sessions,
        conversations=exchanges,
        customers=customers,
        interactions=log,
        escalations=Escalations(sessions, cases),
        knowledge_base=knowledge_base,
        sentiment=SentimentGateway(boto3.client("comprehend", config=quick()), settings.sentiment_language),
        model=model,
        limits=Limits(state.Counters(), settings.chat_requests_per_minute, settings.chat_tokens_per_day, now),
        executor=executor,
        model_executor=ThreadPoolExecutor(MODEL_THREADS, thread_name_prefix="model"),
        clock=now,
        log=TurnLogger(),
        options=ChatOptions(
            settings.passages_per_question,
            HistoryBudget(settings.history_exchanges, settings.history_tokens),
            settings.chat_deadline_seconds,
        ),
    )
    health = Health(
        {
            "dynamodb": lambda: exchanges.latest("health", 1),
            "postgres": customers.ping,
            "knowledge_base": lambda: knowledge_base.retrieve("health", 1),
            "bedrock": model.ping,
        }
    )
    return Services(settings, chat, Transcripts(sessions, exchanges, log, cases), health, secrets)


def _bedrock_client() -> Any:
    # One attempt: the gateway itself goes on to the next model, and a slow model must not be asked twice.
    config = quick(MODEL_READ_SECONDS).merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
    return boto3.client("bedrock-runtime", config=config)


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
