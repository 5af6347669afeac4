"""The app in several processes beside one local stack, and the faults that can lie between them."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing
from typing import Any

import boto3
import psycopg2
import pytest

from chalicelib.domain.database import DatabaseAddress
from chalicelib.stores.database import connection_parameters
from devstack.ports import HOST
from tests.faults.container import LOCAL, Container, of_stack
from tests.faults.fault_server import FaultServer
from tests.faults.matrix import CASES, SAMPLE, Case, Lane, Lanes
from tests.product import Product

TRIED = {None, *SAMPLE}
BUSY_CONTAINERS, WAITING_CONTAINERS = 4, 10
ADD_CUSTOMERS = """
    INSERT INTO customers (external_id, name, email, company, tier, lifetime_value, created_at)
    SELECT 'FAULT-' || n, 'Ada Byron', 'ada@example.com', 'Engines Ltd', 'standard', 120.50, now()
    FROM generate_series(1, %s) AS n
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Try two faults of each dependency, unless all are asked for."""
    if config.getoption("--every-fault"):
        return
    left_out = [item for item in items if _case(item) not in TRIED]
    items[:] = [item for item in items if _case(item) in TRIED]
    config.hook.pytest_deselected(items=left_out)


def _case(item: pytest.Item) -> Case | None:
    call = getattr(item, "callspec", None)
    case = call.params.get("case") if call else None
    return case if isinstance(case, Case) else None


@pytest.fixture(scope="module")
def lanes(product: Product) -> Iterator[Lanes]:
    """Containers beside the product's stand-ins."""
    with ExitStack() as resources:
        secrets = of_stack(product, boto3.client, "secretsmanager")
        _add_customers(_database(secrets, LOCAL.database_owner_secret_id))
        reader = _database(secrets, LOCAL.database_secret_id)
        server = resources.enter_context(closing(FaultServer(product.aws_port)))
        closed = resources.enter_context(socket.socket())
        closed.bind((HOST, 0))
        made = [
            Container(product, number, server.port, closed.getsockname()[1], reader)
            for number in range(BUSY_CONTAINERS + WAITING_CONTAINERS)
        ]
        for container in made:
            resources.callback(container.close)
        app_secret = json.loads((product.data_dir / "secrets.json").read_text("utf-8"))["app_secret"]
        lanes = Lanes(Lane(made[:BUSY_CONTAINERS], app_secret), Lane(made[BUSY_CONTAINERS:], app_secret))
        resources.callback(lanes.busy.close)
        resources.callback(lanes.waiting.close)
        yield lanes


@pytest.fixture(scope="module")
def results(lanes: Lanes, request: pytest.FixtureRequest) -> dict[Case, "Future[None]"]:
    """What comes of the cases that this run asks for: all of them are under way at once."""
    return {case: lanes.start(case) for case in map(_case, request.session.items) if case}


def _database(secrets: Any, secret_id: str) -> DatabaseAddress:
    told = json.loads(secrets.get_secret_value(SecretId=secret_id)["SecretString"])
    return DatabaseAddress(
        told["host"], int(told["port"]), told["username"], told["password"], told["dbname"]
    )


def _add_customers(owner: DatabaseAddress) -> None:
    """Give each world a customer of its own."""
    with closing(psycopg2.connect(**connection_parameters(owner))) as connection, connection:
        connection.cursor().execute(ADD_CUSTOMERS, [2 * len(CASES)])
