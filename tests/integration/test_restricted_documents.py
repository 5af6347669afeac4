"""Documents that a sidecar restricts, through the whole running product."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from devstack.stage import read_local_stage
from tests.integration.api import Api, new_id

pytestmark = pytest.mark.local_only

BUCKET = read_local_stage().documents_bucket
STANDARD, PREMIUM = "CUST-1001", "CUST-1003"
QUESTION = "What does the Quillon pass cost?"
ACCESS: dict[str, Any] = {
    "quillon/customers.md": ["customer"],
    "quillon/premium.md": ["premium", "agent"],
    "quillon/agents.md": ["agent"],
    "quillon/misspelt.md": "Premium",
}
PRICES = {key: f"{number}7 euros" for number, key in enumerate(ACCESS, 1)}


@pytest.fixture(scope="module")
def restricted(product: Any) -> Iterator[Api]:
    """The product with four restricted documents, and their sidecars."""
    api = Api(product)
    s3 = api.aws("s3")
    for key, access in ACCESS.items():
        text = f"# The Quillon pass\n\nThe Quillon pass costs {PRICES[key]}.\n"
        sidecar = {"metadataAttributes": {"title": key, "access": access}}
        s3.put_object(Bucket=BUCKET, Key=f"{key}.metadata.json", Body=json.dumps(sidecar).encode())
        s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())
    api.ingest()
    yield api
    for key in ACCESS:
        s3.delete_object(Bucket=BUCKET, Key=key)
        s3.delete_object(Bucket=BUCKET, Key=f"{key}.metadata.json")
    api.ingest()


def told(answer: object) -> set[str]:
    """Return the documents whose prices or names are anywhere in an answer."""
    text = json.dumps(answer)
    return {key for key in ACCESS if PRICES[key] in text or key in text}


@pytest.mark.parametrize(
    ("customer_id", "open_to"),
    [
        (None, set()),
        (STANDARD, {"quillon/customers.md"}),
        (PREMIUM, {"quillon/customers.md", "quillon/premium.md"}),
    ],
    ids=["nobody", "standard", "premium"],
)
def test_a_chat_tells_what_its_customer_may_read(
    restricted: Api, customer_id: str | None, open_to: set[str]
) -> None:
    proof = restricted.proof_of(customer_id) if customer_id else {}
    answer = restricted.ask(QUESTION, **proof)
    assert told(answer) <= open_to
    assert bool(told(answer)) == bool(open_to)


def test_an_agent_is_suggested_what_is_for_agents_and_told_for_whom(restricted: Api) -> None:
    ticket = restricted.post_ticket(ticket_id=new_id(), subject=QUESTION, description=QUESTION)
    suggestions = ticket["kb_suggestions"]
    assert told(suggestions) == {"quillon/premium.md", "quillon/agents.md"}
    by_title = {each["title"]: each.get("access") for each in suggestions}
    assert by_title["quillon/agents.md"] == ["agent"]
    assert by_title["quillon/premium.md"] == ["premium", "agent"]


def test_a_draft_holds_nothing_that_its_customer_may_not_read(restricted: Api) -> None:
    for customer_id, open_to in ((STANDARD, set()), (PREMIUM, {"quillon/premium.md"})):
        ticket = restricted.post_ticket(
            ticket_id=new_id(), customer_external_id=customer_id, subject=QUESTION, description=QUESTION
        )
        drafted = restricted.send_as_agent("POST", f"/tickets/{ticket['ticket_id']}/draft", json={})
        assert told(drafted.json()) == open_to
