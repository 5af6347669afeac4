"""The settings: the only reader of the environment, read once, failing by the key's name."""

from typing import Annotated, Literal

from pydantic import Field, Json, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chalicelib.errors import InvalidSettings

SentimentLanguage = Literal["ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "zh", "zh-TW"]
CommaSeparated = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Every knob of a stage. Fields are read from environment variables of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    stage: str
    table_suffix: str = ""
    database_secret_id: str
    app_secret_id: str

    bedrock_model_ids: CommaSeparated = Field(min_length=1)
    model_prices: Json[dict[str, tuple[float, float]]] = Field({}, validate_default=False)
    """US dollars per million input and output tokens, by a part of the model id."""
    max_tokens: int = Field(2000, ge=1)
    temperature: float = Field(0.7, ge=0, le=1)
    top_p: float = Field(0.9, gt=0, le=1)
    guardrail_id: str | None = None
    guardrail_version: str = "DRAFT"

    knowledge_base_id: str
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

    conversation_retention_days: int = Field(30, ge=1)
    interaction_retention_days: int = Field(90, ge=1)
    ticket_retention_days: int = Field(365, ge=1)

    @field_validator("bedrock_model_ids", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises InvalidSettings naming each missing or wrong key.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = (f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        raise InvalidSettings("; ".join(problems)) from None
