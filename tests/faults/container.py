"""A container of the app: its process, its tables, and its way to Postgres."""

import json
from collections.abc import Callable
from multiprocessing import get_all_start_methods, get_context
from typing import Any

import boto3

from chalicelib.domain.database import DatabaseAddress
from devstack.ports import HOST
from devstack.stack import mail_folder
from devstack.stage import read_local_stage
from tests.faults.app_process import Invocation, Outcome, Settings, serve
from tests.faults.postgres_gate import PostgresGate
from tests.product import Product
from tooling.template import Template

LOCAL = read_local_stage()
ANY_NUMBER = "1000000"
PROCESSES: Any = get_context("forkserver" if "forkserver" in get_all_start_methods() else "spawn")
"""A process that is forked from one which has the app imported already is there at once."""
PROCESSES.set_forkserver_preload(["tests.faults.app_process"])


class Container:
    """The app in a process of its own, with tables of its own, so that no other case disturbs it."""

    def __init__(
        self, product: Product, number: int, fault_port: int, closed_port: int, database: DatabaseAddress
    ) -> None:
        self._suffix = f"-faults{number}"
        self.mail_folder = mail_folder(product.data_dir)
        self._dynamodb = of_stack(product, boto3.resource, "dynamodb")
        for table in Template().tables():
            self._dynamodb.create_table(TableName=table.name + self._suffix, **table.properties)
        self.jobs = of_stack(product, boto3.client, "bedrock-agent")
        self.gate = PostgresGate(database.host, database.port)
        variables = self._variables(self._store_login(product, database))
        log = product.data_dir / "logs" / f"faults{number}.log"
        self._connection, its_end = PROCESSES.Pipe()
        settings = Settings(product.aws_port, fault_port, closed_port, variables, log)
        self._process = PROCESSES.Process(target=serve, args=(its_end, settings), daemon=True)
        self._process.start()
        its_end.close()

    def invoke(self, invocation: Invocation) -> Outcome:
        """Call a function of the app. Raises AssertionError where AWS would refuse a call that it makes."""
        self._connection.send(invocation)
        outcome: Outcome = self._connection.recv()
        assert not outcome.refused, outcome.refused
        return outcome

    def table(self, name: str) -> Any:
        """Return a table of this container."""
        return self._dynamodb.Table(name + self._suffix)

    def close(self) -> None:
        """End the process, with whatever call it is still in."""
        self._process.kill()
        self._process.join()
        self._connection.close()
        self.gate.close()

    def _store_login(self, product: Product, database: DatabaseAddress) -> str:
        """Keep the secret by which Postgres is reached through the gate; return its id."""
        secret_id = f"{self._suffix}/database"
        at_the_gate = {"host": HOST, "port": self.gate.port}
        login = {"username": database.username, "password": database.password, "dbname": database.dbname}
        secrets = of_stack(product, boto3.client, "secretsmanager")
        secrets.create_secret(Name=secret_id, SecretString=json.dumps({**at_the_gate, **login}))
        return secret_id

    def _variables(self, database_secret_id: str) -> dict[str, str]:
        return {
            "TABLE_SUFFIX": self._suffix,
            "DATABASE_SECRET_ID": database_secret_id,
            # High enough for every counter to be asked and none to refuse.
            "CHAT_REQUESTS_PER_MINUTE": ANY_NUMBER,
            "CHAT_TOKENS_PER_DAY": ANY_NUMBER * 2,
            "DAILY_BUDGET_USD": ANY_NUMBER,
            "MAIL_AFTER_SECONDS": "0",
        }


def of_stack(product: Product, make: Callable[..., Any], service: str) -> Any:
    """Return a client or a resource of boto3 for the stand-ins themselves, past all faults."""
    return make(
        service,
        endpoint_url=product.aws_url,
        region_name=LOCAL.region,
        aws_access_key_id=LOCAL.access_key_id,
        aws_secret_access_key=LOCAL.secret_access_key,
    )
