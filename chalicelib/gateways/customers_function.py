"""Customers, read by another function of this app that runs where Postgres is."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chalicelib.answers import finite, reading, require
from chalicelib.domain.customer import Customer, Order
from chalicelib.domain.protocols import CustomerSource
from chalicelib.errors import Unavailable
from chalicelib.gateways.aws import calling

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

NAME = "customers"
EXTERNAL_ID = "external_id"
NOBODY: Mapping[str, Any] = {}
"""The event that asks for no customer, only whether Postgres answers."""


@dataclass(frozen=True)
class CustomersFunction:
    """Asks the function; see `answer_event`."""

    client: "LambdaClient"
    function: str

    def by_external_id(self, external_id: str) -> Customer | None:
        """Return a customer with the five newest orders. Raises Unavailable."""
        answer = self._answer_to({EXTERNAL_ID: external_id})
        with reading(NAME):
            return _customer(answer) if answer is not None else None

    def ping(self) -> None:
        """Raise Unavailable unless Postgres answers."""
        self._answer_to(NOBODY)

    def warm_up(self) -> None:
        """Let a container of the function start, without waiting for it. Raises Unavailable."""
        with calling(NAME):
            self.client.invoke(
                FunctionName=self.function, InvocationType="Event", Payload=json.dumps(NOBODY).encode()
            )

    def _answer_to(self, event: Mapping[str, Any]) -> Any:
        with calling(NAME):
            answer = self.client.invoke(FunctionName=self.function, Payload=json.dumps(event).encode())
            # An outage of Postgres is an error of the function.
            if answer.get("FunctionError"):
                raise Unavailable(NAME)
            return json.loads(answer["Payload"].read())


def answer_event(customers: CustomerSource, event: Mapping[str, Any]) -> Any:
    """Return as JSON the customer whom an event asks for, None for nobody. Raises Unavailable."""
    if EXTERNAL_ID not in event:
        customers.ping()
        return None
    customer = customers.by_external_id(event[EXTERNAL_ID])
    # Amounts and times as texts: no digit of them is lost.
    return json.loads(json.dumps(asdict(customer), default=str)) if customer else None


def _customer(told: Any) -> Customer:
    orders = tuple(map(_order, require(told["recent_orders"], list)))
    return Customer(**{**told, "lifetime_value": _amount(told["lifetime_value"]), "recent_orders": orders})


def _order(told: Any) -> Order:
    order_date = datetime.fromisoformat(told["order_date"])
    return Order(**{**told, "order_date": order_date, "total_amount": _amount(told["total_amount"])})


def _amount(told: str) -> Decimal:
    finite(told)
    return Decimal(told)
