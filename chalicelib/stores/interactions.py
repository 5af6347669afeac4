"""The interaction log: when a customer was in touch and how it sounded. Holds no text."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial, reduce
from operator import and_

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.domain.customer import RATED_ANSWER, RATED_TICKET, Interaction
from chalicelib.errors import Unavailable
from chalicelib.stores.dynamodb import TableLimits, complete, expiry, reaching
from chalicelib.stores.erasures import marks_of, write_unless_erased
from chalicelib.times import MILLISECOND, from_iso, iso, to_seconds

STORE = "interactions"
DOUBLINGS = 16
"""How often the span in which an interaction finds its millisecond may double: up to a minute."""
PAGE_ITEMS = 100
"""How many items one request reads at most: 20 KB, so that a second request is rarely needed."""


class InteractionItem(Model):
    """An interaction as DynamoDB holds it."""

    class Meta(TableLimits):
        table_name = "customer-interactions"

    customer_id = UnicodeAttribute(hash_key=True)
    timestamp = UnicodeAttribute(range_key=True)
    channel = UnicodeAttribute()
    sentiment = NumberAttribute(null=True)
    session_id = UnicodeAttribute(null=True)
    ticket_id = UnicodeAttribute(null=True)
    ttl = NumberAttribute()


class Interactions:
    """Reads and writes the log; an interaction of a chat has the timestamp of its exchange.

    An interaction is kept from when it was logged, whatever its timestamp: DynamoDB never deletes an item
    whose `ttl` is years ago.
    """

    def __init__(self, retention_days: int, clock: Callable[[], datetime]) -> None:
        self._retention_days = retention_days
        self._clock = clock

    def add(self, interaction: Interaction, began_at: datetime | None = None) -> None:
        """Log an interaction; where its millisecond is taken by another one, soon after.

        The same one again, by customer, time, channel, session and ticket, is the same entry.
        Raises ErasedMeanwhile, Unavailable.
        """
        marks = marks_of(interaction.session_id, interaction.customer_id)
        with reaching(STORE):
            for timestamp in places(interaction):
                fill = partial(self._fill, replace(interaction, timestamp=timestamp))
                if not write_unless_erased(marks, began_at or self._clock(), fill):
                    return
        raise Unavailable(STORE)

    def latest(self, customer_id: str, limit: int) -> tuple[Interaction, ...]:
        """Return a customer's newest interactions but for ratings, newest first. Raises Unavailable."""
        wanted = InteractionItem.ttl > to_seconds(self._clock())
        for rating in (RATED_ANSWER, RATED_TICKET):
            wanted &= InteractionItem.channel != rating
        with reaching(STORE):
            items = InteractionItem.query(
                customer_id,
                filter_condition=wanted,
                scan_index_forward=False,
                consistent_read=True,
                limit=limit,
                page_size=PAGE_ITEMS,
            )
            return tuple(map(_interaction, items))

    def everything(self, customer_id: str) -> tuple[Interaction, ...]:
        """Return all interactions of a customer, expired ones too, newest first. Raises Unavailable."""
        with reaching(STORE):
            items = InteractionItem.query(customer_id, scan_index_forward=False, consistent_read=True)
            return tuple(map(_interaction, items))

    def erase(self, interactions: Iterable[Interaction]) -> None:
        """Delete interactions; those that are gone already do not matter. Raises Unavailable."""
        keys = {(i.customer_id, iso(i.timestamp)) for i in interactions}
        with reaching(STORE), InteractionItem.batch_write() as batch:
            for customer_id, timestamp in keys:
                batch.delete(InteractionItem(customer_id, timestamp))

    def _fill(self, interaction: Interaction, transaction: TransactWrite) -> None:
        """Log an interaction at its timestamp, unless another one has it."""
        item = InteractionItem(interaction.customer_id, iso(interaction.timestamp))
        ttl = expiry(self._clock(), self._retention_days)
        actions: list[Action] = [InteractionItem.ttl.set(ttl)]
        actions += [path.set(value) for path, value in _identity(interaction) if value is not None]
        if interaction.sentiment is not None:
            actions.append(InteractionItem.sentiment.set(interaction.sentiment))
        free = InteractionItem.channel.does_not_exist() | _is_again(interaction)
        transaction.update(item, actions, condition=free)


def places(interaction: Interaction) -> Iterator[datetime]:
    """Yield the timestamps that an interaction may be logged at: its own first, then ever further off.

    They are the same for the same interaction, which so meets itself again. Of many that share a timestamp
    each goes its own way, so that even a thousand of them need few tries.
    """
    yield interaction.timestamp
    identity = repr([value for _, value in _identity(interaction)])
    way = int.from_bytes(hashlib.sha256(identity.encode()).digest(), "big")
    for span in (2**doubling for doubling in range(DOUBLINGS)):
        yield interaction.timestamp + (span + way % span) * MILLISECOND


def _identity(interaction: Interaction) -> tuple[tuple[UnicodeAttribute, str | None], ...]:
    return (
        (InteractionItem.channel, interaction.channel),
        (InteractionItem.session_id, interaction.session_id),
        (InteractionItem.ticket_id, interaction.ticket_id),
    )


def _is_again(interaction: Interaction) -> Condition:
    """Return the condition that what has the key is the same interaction."""
    same = [
        path.does_not_exist() if value is None else path == value for path, value in _identity(interaction)
    ]
    return reduce(and_, same)


def _interaction(item: InteractionItem) -> Interaction:
    complete(item)
    return Interaction(
        customer_id=item.customer_id,
        timestamp=from_iso(item.timestamp),
        channel=item.channel,
        sentiment=None if item.sentiment is None else float(item.sentiment),
        session_id=item.session_id,
        ticket_id=item.ticket_id,
    )
