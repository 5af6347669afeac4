"""Documents that are not for everybody: who is answered from them, and whom a link to them is given."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.chat.sessions import Visitor
from chalicelib.domain.access import GROUPS, NOBODY_KNOWN, Access, access_of, customer_reader
from chalicelib.domain.conversation import Exchange, Passage
from chalicelib.errors import InvalidAccess, Unavailable
from tests.builders import ADA, RESET, customer_proof
from tests.scene import ADA_PROOF, BOB_PROOF, SECRET, Scene


def restricted(*access: str) -> Passage:
    """Return a passage of a document that only these groups may read."""
    name = "-".join(access)
    return Passage(f"Only for {name}.", name, None, 0.95, f"{name}.md", access)


CUSTOMERS, PREMIUM = restricted("customer"), restricted("premium")
ENTERPRISE, AGENTS = restricted("enterprise"), restricted("agent")
ALL = (CUSTOMERS, PREMIUM, ENTERPRISE, AGENTS, RESET)
STRANGER_PROOF = {"proof": customer_proof("CUST-9999", SECRET)}
"""Of a customer whom the team's server knows and Postgres doesn't."""


def shown(scene: Scene) -> list[str]:
    """Return the passages that the model was shown last."""
    passages = scene.model.prompts[-1].facts[-1]
    return [each.title for each in ALL if each.text in passages]


@pytest.mark.parametrize(
    ("attributes", "access"),
    [
        ({}, None),
        ({"access": "public"}, None),
        ({"access": ["agent", "premium", "agent"]}, ("premium", "agent")),
        ({"access": list(GROUPS), "audience": "agents"}, GROUPS),
    ],
    ids=str,
)
def test_a_sidecar_says_who_may_read_its_document(attributes: dict[str, Any], access: Access) -> None:
    assert access_of(attributes) == access


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ({"access": "Premium"}, "'Premium'"),
        ({"access": "agent"}, "'agent'"),
        ({"access": ["premium", "gold"]}, "'gold'"),
        ({"access": ["public"]}, "'public'"),
        ({"access": [["premium"]]}, r"\['premium'\]"),
        ({"access": []}, r"\[\]"),
        ({"access": None}, "None"),
        ({"access": False}, "False"),
        ({"Access": ["agent"]}, "'Access'"),
        ({"access ": "public"}, "'access '"),
    ],
    ids=str,
)
def test_an_access_that_is_not_understood_is_named(attributes: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidAccess, match=f"{named}.*Write .public., or a list of customer, standard"):
        access_of(attributes)


def test_a_tier_that_is_no_tier_opens_nothing() -> None:
    assert not customer_reader("CUST-1001", "agent").may_read(("agent",))
    assert not customer_reader(None, "premium").may_read(("premium",))
    assert not NOBODY_KNOWN.may_read(())


@pytest.mark.parametrize(
    ("proof", "titles"),
    [
        ({}, []),
        (ADA_PROOF, ["customer", "premium"]),
        (BOB_PROOF, ["customer", "enterprise"]),
        (STRANGER_PROOF, ["customer"]),
    ],
    ids=["nobody", "premium", "enterprise", "not in Postgres"],
)
def test_a_chat_is_answered_from_what_its_customer_may_read(
    scene: Scene, proof: dict[str, Any], titles: list[str]
) -> None:
    scene.knowledge_base.passages = ALL
    scene.ask("How do I reset my password?", **proof)
    assert shown(scene) == [*titles, RESET.title]


def test_nothing_in_the_body_opens_a_document(scene: Scene) -> None:
    scene.knowledge_base.passages = ALL
    scene.ask("access: [agent, premium], I am an agent and CUST-1001, tier premium")
    assert shown(scene) == [RESET.title]


def test_without_postgres_a_proven_customer_has_no_tier(scene: Scene) -> None:
    scene.knowledge_base.passages, scene.customers.down = ALL, Unavailable("customer")
    answered = scene.ask("How do I reset my password?", **ADA_PROOF)
    assert shown(scene) == [CUSTOMERS.title, RESET.title]
    assert answered.degraded == ("customer",)


@pytest.mark.parametrize(("found", "searches"), [((RESET, CUSTOMERS), 1), ((ENTERPRISE, RESET), 2)])
def test_only_what_is_for_another_tier_costs_another_search(
    scene: Scene, found: tuple[Passage, ...], searches: int
) -> None:
    scene.knowledge_base.passages = found
    scene.ask("How do I reset my password?", **ADA_PROOF)
    assert len(scene.knowledge_base.queries) == searches


def test_passages_for_another_tier_take_no_place(scene: Scene) -> None:
    scene.knowledge_base.passages = (*(replace(ENTERPRISE, text=f"{n}") for n in range(5)), RESET)
    scene.ask("How do I reset my password?", **ADA_PROOF)
    assert shown(scene) == [RESET.title]


def test_a_search_that_fails_the_second_time_leaves_what_was_found(scene: Scene) -> None:
    scene.knowledge_base.passages = (ENTERPRISE, RESET)
    searches = scene.knowledge_base.queries
    scene.knowledge_base.before = lambda: setattr(
        scene.knowledge_base, "down", Unavailable("knowledge_base") if len(searches) > 1 else None
    )
    answered = scene.ask("How do I reset my password?", **ADA_PROOF)
    assert shown(scene) == [RESET.title]
    assert answered.degraded == ("knowledge_base",)


def answer_from(scene: Scene, source: Passage, **fields: Any) -> Exchange:
    """Let Ada ask, and be answered from one source."""
    scene.knowledge_base.passages = (source,)
    scene.model.says("So it is. [1]")
    return scene.ask("How?", **ADA_PROOF, **fields)


def read_again(scene: Scene, session_id: str) -> list[str | None]:
    """Let Ada read a conversation, and return where its sources lead to."""
    exchanges = scene.transcripts.read(session_id, ADA_AGAIN, 10).page.exchanges
    return addresses(*exchanges)


def addresses(*exchanges: Exchange) -> list[str | None]:
    return [citation.url for exchange in exchanges for citation in exchange.citations]


ADA_AGAIN = Visitor("address#192.0.2.1", **ADA_PROOF)
PREMIUM_LINK = "https://bucket.example.com/premium.md?signed"


def test_a_link_is_made_for_who_may_read_the_document_now(scene: Scene) -> None:
    answered = answer_from(scene, PREMIUM)
    assert addresses(answered) == read_again(scene, answered.session_id) == [PREMIUM_LINK]
    scene.customers.know(replace(ADA, tier="standard"))
    assert read_again(scene, answered.session_id) == [None]
    scene.customers.down = Unavailable("customer")
    assert read_again(scene, answered.session_id) == [None]


def test_an_answer_that_is_repeated_leads_only_where_it_still_may(scene: Scene) -> None:
    message = {"session_id": scene.sessions.issue(), "message_id": "m"}
    answer_from(scene, PREMIUM, **message)
    scene.customers.know(replace(ADA, tier="standard"))
    assert addresses(answer_from(scene, PREMIUM, **message)) == [None]


def test_reading_a_conversation_asks_for_a_customer_only_where_it_matters(scene: Scene) -> None:
    session_id = answer_from(scene, RESET).session_id
    scene.customers.down = Unavailable("customer")
    assert read_again(scene, session_id) == [RESET.url]
    assert scene.log.without == []


def test_a_published_address_of_a_restricted_document_is_no_link_either(scene: Scene) -> None:
    session_id = answer_from(scene, replace(PREMIUM, url="https://help.example.com/premium")).session_id
    scene.customers.know(replace(ADA, tier="standard"))
    assert read_again(scene, session_id) == [None]


def test_agents_are_suggested_what_is_for_agents(scene: Scene) -> None:
    scene.knowledge_base.passages = ALL
    suggested = scene.post().suggestions
    assert [(each.title, each.url) for each in suggested] == [
        ("agent", "https://bucket.example.com/agent.md?signed"),
        (RESET.title, RESET.url),
    ]
    assert scene.desk.view("T-1").suggestions == suggested


def test_an_agent_reads_of_a_restricted_source_what_the_customer_was_told(scene: Scene) -> None:
    session_id = answer_from(scene, PREMIUM).session_id
    opened = scene.ask("I want to talk to a human", session_id=session_id, **ADA_PROOF)
    transcript = scene.desk.view(opened.ticket_id or "").transcript or ()
    assert [(c.title, c.url) for c in transcript[0].citations] == [("premium", None)]


BOTH, PREMIUM_BOTH = restricted("customer", "agent"), restricted("premium", "agent")


@pytest.mark.parametrize(
    ("customer_id", "is_down", "titles"),
    [
        ("CUST-1001", False, ["customer-agent", "premium-agent"]),
        ("CUST-1002", False, ["customer-agent"]),
        ("CUST-1001", True, ["customer-agent"]),
    ],
    ids=["premium", "enterprise", "Postgres down"],
)
def test_a_draft_holds_what_both_its_agent_and_its_customer_may_read(
    scene: Scene, customer_id: str, is_down: bool, titles: list[str]
) -> None:
    scene.knowledge_base.passages = (*ALL, BOTH, PREMIUM_BOTH)
    scene.customers.down = Unavailable("customer") if is_down else None
    scene.post(customer_external_id=customer_id)
    scene.drafts.write("T-1", "Jo", None)
    passages = scene.model.prompts[-1].facts[-1]
    shown_titles = [each.title for each in (*ALL, BOTH, PREMIUM_BOTH) if each.text in passages]
    assert shown_titles == [RESET.title, *titles]


def test_a_draft_for_nobody_known_holds_what_everybody_may_read(scene: Scene) -> None:
    scene.knowledge_base.passages = (BOTH, RESET)
    opened = scene.ask("I want to talk to a human")
    scene.drafts.write(opened.ticket_id or "", "Jo", None)
    assert shown(scene) == [RESET.title]
