"""Whatever sidecars say and whoever asks, nobody is answered from a document that is not for them.

On the stand-in, on a store that compares in another way than documented, and on the requests themselves.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import botocore.session
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.access import AN_AGENT, ANY_CUSTOMER, Reader, customer_reader
from chalicelib.errors import Unavailable
from chalicelib.gateways.knowledge_base import KnowledgeBase
from chalicelib.logs import SearchLogger
from devstack.bedrock.search.index import Index
from devstack.bedrock.search.retrieve import predicate, retrieve
from devstack.bedrock.wire.operations import checked
from tests.builders import ADA, RESET, customer_proof
from tests.scene import SECRET, open_scene

GROUPS = ["customer", "standard", "premium", "enterprise", "agent"]
ABSENT = object()
RETRIEVE = (
    botocore.session.get_session().get_service_model("bedrock-agent-runtime").operation_model("Retrieve")
)

groups = st.sampled_from(GROUPS)
typos = st.sampled_from(["Premium", "premium ", "gold", "public", "", "agents", "customer,agent"])
good = st.sampled_from([ABSENT, "public"]) | st.lists(groups, min_size=1, max_size=5)
bad: st.SearchStrategy[Any] = (
    groups | typos.filter(lambda typo: typo != "public") | st.booleans() | st.integers(-1, 1) | st.just([])
)
mixed = st.tuples(st.lists(groups), typos).map(lambda parts: [*parts[0], parts[1]])
accesses = good | bad | mixed
sidecars = st.lists(accesses, min_size=1, max_size=8).map(
    lambda values: {
        f"s3://kb/{n}.md": {} if value is ABSENT else {"access": value} for n, value in enumerate(values)
    }
)
callers = st.one_of(
    st.just((Reader(), frozenset[str]())),
    st.just((AN_AGENT, frozenset({"agent"}))),
    st.sampled_from(["standard", "premium", "enterprise"]).map(
        lambda tier: (customer_reader("C", tier), frozenset({"customer", tier}))
    ),
    st.sampled_from([None, "", "agent", "gold"]).map(
        lambda tier: (customer_reader("C", tier), frozenset({"customer"}))
    ),
)
"""A reader, and by the words of the documentation the groups that it is of."""


def is_for(belongs_to: frozenset[str], sidecar: Mapping[str, object]) -> bool:
    """Say once more, and in another way, whom a document is for."""
    access = sidecar.get("access", "public")
    if isinstance(access, list):
        return set(access) <= set(GROUPS) and bool(belongs_to & set(access))
    return access == "public"


class Store:
    """Answers Retrieve from an index and remembers the filters, which it may not heed."""

    def __init__(self, documents: Mapping[str, dict[str, Any]], *, heeds_filters: bool = True) -> None:
        self.index = Index(None)
        self.heeds_filters = heeds_filters
        self.filters: list[dict[str, Any]] = []
        for uri, attributes in documents.items():
            self.index.put(uri, "1", "Refunds", "About refunds.", attributes)

    def retrieve(self, **parameters: Any) -> dict[str, Any]:
        request = checked(parameters, RETRIEVE)
        search = request["retrievalConfiguration"]["vectorSearchConfiguration"]
        self.filters.append(search["filter"])
        if not self.heeds_filters:
            del search["filter"]
        return retrieve(request, self.index)

    def search(self, reader: Reader) -> set[str]:
        """Return the addresses of what a reader finds."""
        client: Any = self
        found = KnowledgeBase(client, "KB12345678", "kb", False, SearchLogger()).retrieve(
            "refunds", 20, reader
        )
        self.index.close()
        return {f"s3://kb/{passage.document}" for passage in found}


@given(documents=sidecars, caller=callers, heeds_filters=st.booleans())
def test_a_reader_finds_exactly_what_is_for_them(
    documents: dict[str, dict[str, Any]], caller: tuple[Reader, frozenset[str]], heeds_filters: bool
) -> None:
    reader, belongs_to = caller
    found = Store(documents, heeds_filters=heeds_filters).search(reader)
    assert found == {uri for uri, sidecar in documents.items() if is_for(belongs_to, sidecar)}


@given(value=good, caller=callers)
def test_a_request_asks_for_exactly_what_is_for_its_reader(
    value: Any, caller: tuple[Reader, frozenset[str]]
) -> None:
    reader, belongs_to = caller
    sidecar = {} if value is ABSENT else {"access": value}
    store = Store({})
    store.search(reader)
    (asked,) = store.filters
    assert predicate(asked)(sidecar) == is_for(belongs_to, sidecar)


@given(value=good, tier=st.sampled_from(GROUPS[1:4]))
def test_a_search_before_the_tier_is_known_misses_nothing(value: Any, tier: str) -> None:
    sidecar = {} if value is ABSENT else {"access": value}
    store = Store({})
    store.search(ANY_CUSTOMER)
    (asked,) = store.filters
    assert predicate(asked)(sidecar) or not is_for(frozenset({"customer", tier}), sidecar)


@given(
    values=st.lists(st.none() | st.lists(groups, min_size=1, max_size=3), min_size=1, max_size=7),
    is_proven=st.booleans(),
    tier=st.none() | st.sampled_from(GROUPS[1:4]),
)
def test_no_model_is_shown_and_no_link_made_of_what_is_not_for_a_customer(
    values: list[list[str] | None], is_proven: bool, tier: str | None
) -> None:
    passages = [
        replace(RESET, text=f"Fact {n}.", title=f"Title {n}", url=None, document=f"{n}.md", access=access)
        for n, access in enumerate(tuple(value) if value else None for value in values)
    ]
    belongs_to = frozenset({"customer", tier or "customer"}) if is_proven else frozenset[str]()
    proof = {"proof": customer_proof(ADA.external_id, SECRET)} if is_proven else {}
    with open_scene() as scene:
        scene.knowledge_base.passages = tuple(passages)
        scene.customers.know(replace(ADA, tier=tier or "standard"))
        scene.customers.down = None if tier else Unavailable("customer")
        scene.model.says(" ".join(f"[{n}]" for n in range(1, 8)))
        answered = scene.ask("How do I reset my password?", **proof)
        shown = "".join(scene.model.prompts[-1].facts)
    open_to = [n for n, value in enumerate(values) if value is None or belongs_to & set(value)]
    for n in range(len(values)):
        assert (f"Fact {n}." in shown) <= (n in open_to)
    assert {c.document for c in answered.citations} <= {f"{n}.md" for n in open_to}
    assert [c.title for c in answered.citations] == [f"Title {n}" for n in open_to[:5]]
