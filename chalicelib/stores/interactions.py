"""The interaction log: when a customer was in touch and how it sounded. Holds no text."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import reduce
from operator import and_

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.errors import Unavailable
from chalicelib.models import Interaction
from chalicelib.stores.dynamodb import CONDITION_FAILED, Reach, expiry, reaching
from chalicelib.times import MILLISECOND, from_iso, iso, to_millis

STORE = "interactions"
TRIES = 20


class InteractionItem(Model):
    """An interaction as DynamoDB holds it."""

    class Meta(Reach):
        table_name = "customer-interactions"

    customer_id = UnicodeAttribute(hash_key=True)
    timestamp = UnicodeAttribute(range_key=True)
    channel = UnicodeAttribute()
    sentiment = NumberAttribute(null=True)
    session_id = UnicodeAttribute(null=True)
    ticket_id = UnicodeAttribute(null=True)
    ttl = NumberAttribute()


class Interactions:
    """Reads and writes the log; an interaction of a chat has the timestamp of its exchange."""

    def __init__(self, retention_days: int, clock: Callable[[], datetime]) -> None:
        self._retention_days = retention_days
        self._clock = clock

    def add(self, interaction: Interaction) -> None:
        """Log an interaction; where its millisecond is taken by another one, in the next.

        The same one again, by customer, time, channel, session and ticket, is the same entry.
        Raises Unavailable.
        """
        with reaching(STORE):
            for _ in range(TRIES):
                try:
                    self._put(interaction)
                except UpdateError as error:
                    if error.cause_response_code != CONDITION_FAILED:
                        raise
                    interaction = replace(interaction, timestamp=interaction.timestamp + MILLISECOND)
                else:
                    return
        raise Unavailable(STORE)

    def latest(self, customer_id: str, limit: int) -> tuple[Interaction, ...]:
        """Return the newest interactions of a customer, newest first. Raises Unavailable."""
        alive = InteractionItem.ttl > to_millis(self._clock()) // 1000
        with reaching(STORE):
            items = InteractionItem.query(
                customer_id,
                filter_condition=alive,
                scan_index_forward=False,
                consistent_read=True,
                limit=limit,
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

    def _put(self, interaction: Interaction) -> None:
        item = InteractionItem(interaction.customer_id, iso(interaction.timestamp))
        ttl = expiry(interaction.timestamp, self._retention_days)
        actions: list[Action] = [InteractionItem.ttl.set(ttl)]
        actions += [path.set(value) for path, value in _source(interaction) if value is not None]
        if interaction.sentiment is not None:
            actions.append(InteractionItem.sentiment.set(interaction.sentiment))
        item.update(actions, condition=InteractionItem.channel.does_not_exist() | _is_again(interaction))


def _source(interaction: Interaction) -> tuple[tuple[UnicodeAttribute, str | None], ...]:
    return (
        (InteractionItem.channel, interaction.channel),
        (InteractionItem.session_id, interaction.session_id),
        (InteractionItem.ticket_id, interaction.ticket_id),
    )


def _is_again(interaction: Interaction) -> Condition:
    """Return the condition that what has the key is the same interaction."""
    same = [path.does_not_exist() if value is None else path == value for path, value in _source(interaction)]
    return reduce(and_, same)


def _interaction(item: InteractionItem) -> Interaction:
    return Interaction(
        customer_id=item.customer_id,
        timestamp=from_iso(item.timestamp),
        channel=item.channel,
        sentiment=None if item.sentiment is None else float(item.sentiment),
        session_id=item.session_id,
        ticket_id=item.ticket_id,
    )
