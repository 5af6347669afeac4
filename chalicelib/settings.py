"""The settings: the only reader of the environment, read once, failing by the key's name."""

import os
from typing import Annotated, Literal

from pydantic import Field, Json, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chalicelib.errors import InvalidSettings

SentimentLanguage = Literal["ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "zh", "zh-TW"]
CommaSeparated = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Every knob of a stage. Fields are read from environment variables of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    stage: str
    table_suffix: str = ""
    app_secret_id: str
    agent_tokens_secret_id: str

    database_url: SecretStr | None = None
    """`postgresql://user:password@host:port/name`; wins over the secret. Without either there is no 360."""
    database_secret_id: str | None = None
    database_host: str | None = None
    """Where Postgres is, for a secret that RDS manages and that holds the user name and password alone."""
    database_port: int = Field(5432, ge=1, le=65535)
    database_name: str = "support"
    database_tls: Literal["verify", "off"] = "verify"

    bedrock_model_ids: CommaSeparated = Field(min_length=1)
    model_prices: Json[dict[str, tuple[float, float]]] = Field({}, validate_default=False)
    """US dollars per million input and output tokens, by a part of the model id."""
    max_tokens: int = Field(2000, ge=1)
    temperature: float = Field(0.7, ge=0, le=1)
    top_p: float = Field(0.9, gt=0, le=1)
    guardrail_id: str | None = None
    guardrail_version: str = "DRAFT"

    knowledge_base_id: str
    data_source_id: str
    documents_bucket: str
    document_link_seconds: int = Field(3600, ge=60, le=43_200)
    sync_at_least_every_hours: int = Field(24, ge=0)
    """Makes up for an event that got lost; 0 switches it off."""
    passages_per_question: int = Field(5, ge=1, le=20)
    history_exchanges: int = Field(5, ge=0, le=20)
    history_tokens: int = Field(3000, ge=0)
    sentiment_language: SentimentLanguage = "en"
    """What DetectSentiment is told that customers write in."""

    session_policy: Literal["open", "issued"] = "issued"
    chat_requests_per_minute: int = Field(20, ge=0)
    """Per customer or network address; 0 switches the limit off. So it does below."""
    chat_tokens_per_day: int = Field(200_000, ge=0)
    chat_deadline_seconds: float = Field(24.0, gt=6, le=27)
    """API Gateway gives up after 29 s and counts a cold start too; 6 s of this are kept for writing."""

    customer_cache_seconds: float = Field(60, ge=0, le=300)
    """How long a container trusts what it read of a customer; 0 reads anew each time. So it does below."""
    passage_cache_seconds: float = Field(60, ge=0, le=300)
    suggestions_per_ticket: int = Field(5, ge=1, le=20)
    high_value_lifetime_usd: float = Field(10_000, ge=0)
    churn_sentiment: float = Field(-0.4, ge=-1, le=1)
    """An average at or below it is a sign that a customer may leave; so are the two below."""
    churn_open_tickets: int = Field(3, ge=1)
    churn_inactive_days: int = Field(180, ge=1)

    conversation_retention_days: int = Field(30, ge=1)
    interaction_retention_days: int = Field(90, ge=1)
    ticket_retention_days: int = Field(365, ge=1)

    @field_validator("bedrock_model_ids", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )


def documents_bucket_name() -> str:
    """Return the documents bucket's name when the app is loaded, which is before the settings are read.

    Chalice wants it in a decorator. Outside a stage there is none, and the name says so.
    Raises InvalidSettings for a stage that is not filled in: a deployment would fail half-way.
    """
    bucket = os.environ.get("DOCUMENTS_BUCKET")
    if not bucket and (stage := os.environ.get("STAGE")):
        raise InvalidSettings(
            f"DOCUMENTS_BUCKET: stage {stage} is not filled in; run python3 dev.py deploy {stage}"
        )
    return bucket or "documents-bucket-not-set"


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises InvalidSettings naming each missing or wrong key.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = (f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        raise InvalidSettings("; ".join(problems)) from None
