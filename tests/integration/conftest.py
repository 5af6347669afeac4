"""The product, started once, or a deployed stage instead; and a Postgres for tests of the stores alone."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from psycopg2 import sql

from chalicelib.domain.database import DatabaseAddress
from devstack.postgres.server import LocalPostgres
from tests.integration.api import Api
from tests.integration.databases import Server, execute
from tests.integration.live import open_live_api
from tests.product import PostgresControl, data_folder_for_a_run
from tooling.environment import LIVE_STAGE

ODD_NAME = 'it\'s a "name" / with 100 % & é?'


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    """The running product without a fault, or the stage that the tests run against instead."""
    if os.environ.get(LIVE_STAGE):
        yield open_live_api()
        return
    api = Api(request.getfixturevalue("product"))
    yield api
    api.recover()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A Postgres without the product."""
    with data_folder_for_a_run() as folder, closing(LocalPostgres(folder, lambda _line: None)) as running:
        yield Server(running.address, running.reader, PostgresControl(folder))


@pytest.fixture
def empty(server: Server) -> Iterator[DatabaseAddress]:
    """A new database of that server."""
    name = sql.Identifier(ODD_NAME)
    execute(server.address, sql.SQL("CREATE DATABASE {}").format(name))
    yield replace(server.address, dbname=ODD_NAME)
    execute(server.address, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def pytest_configure(config: pytest.Config) -> None:
    """Name the tests that say something of the local stack, not of the app."""
    config.addinivalue_line("markers", "local_only: of no meaning for a deployed stage")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Against a deployed stage, skip what needs the local stack."""
    if not os.environ.get(LIVE_STAGE):
        return
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if item.get_closest_marker("local_only") or {"product", "stack", "server"} & set(fixtures):
            item.add_marker(pytest.mark.skip(reason="needs the local stack"))
