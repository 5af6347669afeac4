"""The same ticket is recognised however and whenever it is sent again; any other is told from it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.errors import TicketIdReused
from chalicelib.tickets.desk import NewTicket
from tests.fakes import START
from tests.scene import Scene, open_scene

# Without digits and symbols, which masking might make the same.
words = st.text("ab é語", min_size=1, max_size=8)
optional_words = st.none() | words
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "customer_external_id": words,
    "subject": words,
    "description": words,
    "external_ticket_id": optional_words,
    "channel": st.sampled_from(["email", "chat", "phone", "web"]),
    "priority": st.sampled_from(["low", "medium", "high", "urgent"]),
    "metadata": st.dictionaries(words, values, max_size=4),
    "created_at": st.none() | st.timedeltas(timedelta(0), timedelta(days=2000)).map(lambda age: START - age),
}
tickets = st.builds(NewTicket, ticket_id=st.just("T-1"), **FIELDS)
one_desk = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def scene() -> Iterator[Scene]:
    with open_scene() as scene:
        yield scene


def shuffled(value: Any) -> Any:
    """Return JSON with the names of each object the other way round."""
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(value)}
    return [shuffled(inner) for inner in value] if isinstance(value, list) else value


def empty(scene: Scene) -> Scene:
    """Return the scene as on its first day: Hypothesis uses one for all its examples."""
    scene.tickets.kept.clear()
    scene.interactions.kept.clear()
    scene.clock.now = START
    return scene


@one_desk
@given(new=tickets, later=st.timedeltas(timedelta(0), timedelta(days=300)))
def test_the_same_body_is_the_same_ticket_in_any_order_and_at_any_time(
    scene: Scene, new: NewTicket, later: timedelta
) -> None:
    first = empty(scene).post(new).ticket
    scene.clock.now += later
    assert scene.post(new, metadata=shuffled(new.metadata)).ticket == first


@one_desk
@given(new=tickets, data=st.data())
def test_any_changed_field_is_another_ticket(scene: Scene, new: NewTicket, data: st.DataObject) -> None:
    empty(scene).post(new)
    name = data.draw(st.sampled_from(sorted(FIELDS)))
    other = data.draw(FIELDS[name].filter(lambda value: value != getattr(new, name)))
    with pytest.raises(TicketIdReused):
        scene.post(new, **{name: other})
