"""Customers that another function reads: what is asked and answered comes through whole."""

import io
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.customer import Customer, Order
from chalicelib.errors import Unavailable, UnreadableAnswer
from chalicelib.gateways.customers_function import CustomersFunction, answer_event
from tests.aws import stubbed

FUNCTION = "customer-support-dev-customers"
ORDERED_AT = datetime(2026, 11, 20, 12, 0, 0, 123456, timezone.utc)
ORDER = Order("SO-1", ORDERED_AT, "shipped", Decimal("0.10"), "EUR", "1 × tea")
JO = Customer(
    customer_id=7,
    external_id="CUST-Ω",
    name="Jo 😀",
    email="jo@example.com",
    company=None,
    tier="premium",
    lifetime_value=Decimal("12345678901234.56"),
    total_orders=2,
    recent_orders=(ORDER, ORDER),
)


class Postgres:
    """Knows one customer; out of reach once `is_down`."""

    is_down = False

    def by_external_id(self, external_id: str) -> Customer | None:
        self.ping()
        return JO if external_id == JO.external_id else None

    def ping(self) -> None:
        if self.is_down:
            raise Unavailable("customers")

    warm_up = ping


class Lambda:
    """Runs the function as Lambda does: JSON in, JSON out, an error as a mark on the answer."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self.invoked: list[Mapping[str, Any]] = []

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.invoked.append(request)
        if request.get("InvocationType") == "Event":
            return {"StatusCode": 202, "Payload": io.BytesIO()}
        try:
            answer = answer_event(self._postgres, json.loads(request["Payload"]))
        except Unavailable as error:
            failure = json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)})
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": io.BytesIO(failure.encode())}
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}


def asking(postgres: Postgres | None = None) -> CustomersFunction:
    runtime: Any = Lambda(postgres or Postgres())
    return CustomersFunction(runtime, FUNCTION)


def test_a_customer_comes_through_to_the_last_digit() -> None:
    assert asking().by_external_id("CUST-Ω") == JO


def test_who_is_not_known_is_nobody() -> None:
    assert asking().by_external_id("CUST-9999") is None


def test_an_outage_of_postgres_is_one_of_customers() -> None:
    postgres = Postgres()
    postgres.is_down = True
    source = asking(postgres)
    with pytest.raises(Unavailable) as outage:
        source.by_external_id("CUST-Ω")
    assert outage.value.dependency == "customers"
    with pytest.raises(Unavailable):
        source.ping()


def test_a_start_is_not_waited_for() -> None:
    source = asking()
    source.warm_up()
    runtime: Any = source.client
    assert [each["InvocationType"] for each in runtime.invoked] == ["Event"]


def test_a_function_that_is_not_there_is_an_outage() -> None:
    client, stub = stubbed("lambda")
    stub.add_client_error("invoke", "ResourceNotFoundException")
    with pytest.raises(Unavailable):
        CustomersFunction(client, FUNCTION).by_external_id("CUST-1")


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{}", b'"text"', b'{"cut off": ', json.dumps({"lifetime_value": "NaN"}).encode()],
)
def test_an_answer_of_another_shape_is_an_outage(payload: bytes) -> None:
    client, stub = stubbed("lambda")
    stub.add_response("invoke", {"StatusCode": 200, "Payload": io.BytesIO(payload)})
    with pytest.raises(UnreadableAnswer):
        CustomersFunction(client, FUNCTION).by_external_id("CUST-1")
