"""The wiring: everything built from the settings, once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chalicelib import services as wiring
from chalicelib.errors import InvalidSettings
from chalicelib.settings import read_settings

CONFIG = Path(__file__).parents[2] / ".chalice" / "config.json"


@pytest.fixture
def local_stage(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The variables of stage `local`, and none of what an earlier build left."""
    variables = json.loads(CONFIG.read_text("utf-8"))["stages"]["local"]["environment_variables"]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    wiring._build_once.cache_clear()
    yield monkeypatch
    wiring._build_once.cache_clear()
    for table, bare_name in wiring.BARE_NAMES.items():
        table.Meta.table_name = bare_name


def test_the_local_stage_has_all_settings_it_needs(local_stage: pytest.MonkeyPatch) -> None:
    services = wiring.services()
    assert services.settings.stage == "local"
    assert services.settings.bedrock_model_ids == ("local-extractive",)
    assert services.chat.options.passages_per_question == 5


def test_requests_that_come_first_at_once_share_one_build(local_stage: pytest.MonkeyPatch) -> None:
    with ThreadPoolExecutor(16) as pool:
        built = list(pool.map(lambda _: wiring.services(), range(16)))
    assert len({id(services) for services in built}) == 1


def test_a_stages_suffix_is_on_each_table_however_often_it_is_built(local_stage: pytest.MonkeyPatch) -> None:
    local_stage.setenv("TABLE_SUFFIX", "-dev")
    for _ in range(2):
        wiring.build(read_settings())
    assert sorted(table.Meta.table_name for table in wiring.TABLES) == [
        "customer-interactions-dev",
        "customer-support-conversations-dev",
        "support-state-dev",
        "support-tickets-dev",
    ]


def test_a_missing_setting_is_named_at_the_first_request(local_stage: pytest.MonkeyPatch) -> None:
    local_stage.delenv("KNOWLEDGE_BASE_ID")
    with pytest.raises(InvalidSettings, match="KNOWLEDGE_BASE_ID"):
        wiring.services()
