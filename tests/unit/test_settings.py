"""Settings are read from the environment once, and fail by the key's name."""

import os
from dataclasses import FrozenInstanceError

import pytest

from chalicelib.errors import InvalidSettings
from chalicelib.settings import SETTINGS, documents_bucket_name, read_settings

REQUIRED = {
    "STAGE": "local",
    "APP_SECRET_ID": "customer-support/local/app-secret",
    "AGENT_TOKENS_SECRET_ID": "customer-support/local/agent-tokens",
    "BEDROCK_MODEL_IDS": "local-extractive",
    "KNOWLEDGE_BASE_ID": "LOCALKB001",
    "DATA_SOURCE_ID": "LOCALDS001",
    "DOCUMENTS_BUCKET": "customer-support-kb-local",
}


@pytest.fixture(autouse=True)
def only_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that holds what must be set and no other setting."""
    for key in (name for name in os.environ if name.lower() in SETTINGS):
        monkeypatch.delenv(key)
    for key, value in REQUIRED.items():
        monkeypatch.setenv(key, value)


def refusal() -> str:
    """Return the sentence with which the environment is refused."""
    with pytest.raises(InvalidSettings) as refused:
        read_settings()
    return str(refused.value)


def test_what_must_be_set_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_SOMETHING", "else")
    settings = read_settings()
    assert settings.stage == "local"
    assert settings.bedrock_model_ids == ("local-extractive",)
    assert (settings.database_url, settings.database_secret_id, settings.guardrail_id) == (None, None, None)
    assert settings.session_policy == "issued"


def test_a_database_url_does_not_show_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:lovelace@db/support")
    assert "lovelace" not in repr(read_settings())


@pytest.mark.parametrize(("value", "name"), [("documents", "documents"), ("", "documents-bucket-not-set")])
def test_the_documents_bucket_is_known_when_the_app_is_loaded(
    value: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STAGE")
    monkeypatch.setenv("DOCUMENTS_BUCKET", value)
    assert documents_bucket_name() == name


def test_a_stage_without_its_bucket_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "dev")
    monkeypatch.delenv("DOCUMENTS_BUCKET")
    with pytest.raises(InvalidSettings, match=r"DOCUMENTS_BUCKET: .* dev\.py deploy dev"):
        documents_bucket_name()


def test_missing_keys_are_named_one_or_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in REQUIRED.items():
        monkeypatch.delenv(key)
        assert refusal().startswith(f"{key}: ")
        monkeypatch.setenv(key, value)
    for key in REQUIRED:
        monkeypatch.delenv(key)
    assert all(f"{key}: " in refusal() for key in REQUIRED)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("BEDROCK_MODEL_IDS", [" , "]),
        ("MODEL_PRICES", ["cheap", '{"nova": [1]}', '{"nova": ["a", "b"]}', '{"nova": [-1, 2]}', "[]"]),
        ("MAX_TOKENS", ["0", "many"]),
        ("TEMPERATURE", ["1.5"]),
        ("TOP_P", ["0", "nan"]),
        ("DATABASE_PORT", ["0", "65536"]),
        ("WEBHOOKS_TO_THIS_MACHINE", ["perhaps"]),
        ("DRAFT_STYLE", ["x" * 1001]),
        ("PASSAGES_PER_QUESTION", ["0"]),
        ("HISTORY_EXCHANGES", ["-1"]),
        ("HISTORY_TOKENS", ["-1"]),
        ("SENTIMENT_LANGUAGE", ["nl"]),
        ("SESSION_POLICY", ["anything"]),
        ("CHAT_REQUESTS_PER_MINUTE", ["-1"]),
        ("CHAT_TOKENS_PER_DAY", ["1.5"]),
        ("CHAT_DEADLINE_SECONDS", ["29", "6"]),
        ("RERANK_MODEL_ID", ["cohere", "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0"]),
        ("CONVERSATION_RETENTION_DAYS", ["0"]),
        ("CUSTOMER_CACHE_SECONDS", ["301"]),
        ("MAIL_FROM", ["Support", "a@b.de, c@d.de", "Jo\nBcc: x <a@b.de>", "<a@b.de>", "ö@b.de", "a@b.de\n"]),
        ("NOTIFY_EMAILS", ["jo", "a@b.de\nc@d.de", "Jo <a@b.de>"]),
        ("MAIL_AFTER_SECONDS", ["-1", "43201"]),
        ("CHAT_URL", ["help.example.com", "ftp://a.de/", "https://a.de/#x", "https://a.de/ b"]),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(
    key: str, values: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in values:
        monkeypatch.setenv(key, value)
        assert refusal().startswith(f"{key}: ")


def test_a_wrong_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_TOKENS", "hunter2")
    monkeypatch.setenv("MODEL_PRICES", "hunter2")
    assert "hunter2" not in refusal()


ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0"


@pytest.mark.parametrize(
    ("written", "ids"),
    [*((written, ("a", "b", "c")) for written in ("a,b,c", " a , b,c, ", "a,,b,c")), (ARN, (ARN,))],
)
def test_model_ids_are_a_comma_list_in_order(
    written: str, ids: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEDROCK_MODEL_IDS", written)
    assert read_settings().bedrock_model_ids == ids


def test_prices_are_json_and_limits_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_PRICES", '{"nova-lite": [0.06, 0.24], "nova-pro": [0.8, 3]}')
    monkeypatch.setenv("CHAT_REQUESTS_PER_MINUTE", "0")
    monkeypatch.setenv("CHAT_TOKENS_PER_DAY", "0")
    settings = read_settings()
    assert settings.model_prices == {"nova-lite": (0.06, 0.24), "nova-pro": (0.8, 3.0)}
    assert (settings.chat_requests_per_minute, settings.chat_tokens_per_day) == (0, 0)


@pytest.mark.parametrize("key", ["GUARDRAIL_ID", "MAX_TOKENS", "MODEL_PRICES", "CHAT_REQUESTS_PER_MINUTE"])
def test_an_empty_value_is_as_good_as_none(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without = read_settings()
    monkeypatch.setenv(key, "")
    assert read_settings() == without


def test_mails_are_from_an_address_or_a_name_and_lead_to_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_FROM", "Support der Größe XL <support@example.com>")
    assert refusal().startswith("CHAT_URL: ")
    monkeypatch.setenv("CHAT_URL", "http://127.0.0.1:8000/")
    monkeypatch.setenv("NOTIFY_EMAILS", "a@example.com, b@example.com, a@example.com")
    settings = read_settings()
    assert settings.notify_emails == ("a@example.com", "b@example.com")
    monkeypatch.setenv("MAIL_FROM", "support@example.com")
    assert read_settings().mail_from == "support@example.com"


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        read_settings().stage = "prod"  # type: ignore[misc]


def test_origins_are_read_as_browsers_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "CHAT_CORS_ORIGINS", "https://Shop.example, http://localhost:8080,https://[2001:db8::1]"
    )
    monkeypatch.setenv("AGENT_CORS_ORIGINS", "https://desk.example")
    settings = read_settings()
    public = ("https://shop.example", "http://localhost:8080", "https://[2001:db8::1]")
    assert (settings.chat_cors_origins, settings.agent_cors_origins) == (public, ("https://desk.example",))


@pytest.mark.parametrize(
    "origin",
    [
        "shop.example",
        "https://shop.example/",
        "https://shop.example/page",
        "https://*.example",
        "null",
        "https://",
    ],
)
def test_what_no_page_has_as_its_origin_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("CHAT_CORS_ORIGINS", f"https://desk.example,{origin}")
    assert refusal() == (
        f"CHAT_CORS_ORIGINS: {origin} is no origin; write scheme and host alone: https://www.example.com"
    )


def test_hosts_of_the_widget_are_read_as_a_policy_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIDGET_HOSTS", "Shop.example, *.shop.example,http://localhost:3000,127.0.0.1:*,*")
    hosts = ("shop.example", "*.shop.example", "http://localhost:3000", "127.0.0.1:*", "*")
    assert read_settings().widget_hosts == hosts


@pytest.mark.parametrize(
    "host", ["https://shop.example/", "shop.example; script-src *", "'self'", "a b", "ftp://a", "a*.example"]
)
def test_what_no_host_of_a_widget_can_be_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("WIDGET_HOSTS", host)
    assert refusal().startswith(f"WIDGET_HOSTS: {host} is no host")


def test_the_routes_of_agents_are_not_opened_to_any_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_CORS_ORIGINS", "*")
    assert "AGENT_CORS_ORIGINS: name each origin" in refusal()
