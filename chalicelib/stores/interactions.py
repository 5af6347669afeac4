"""The interaction log: when a customer was in touch and how it sounded. Holds no text."""

from collections.abc import Iterable

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.models import Exchange, Interaction
from chalicelib.stores.dynamodb import Reach, expiry, reaching
from chalicelib.times import iso

STORE = "interactions"


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
    """Writes the log; an interaction of a chat has the timestamp of its exchange."""

    def __init__(self, retention_days: int) -> None:
        self._retention_days = retention_days

    def add(self, interaction: Interaction) -> None:
        """Log an interaction. Raises Unavailable."""
        item = InteractionItem(
            interaction.customer_id,
            iso(interaction.timestamp),
            channel=interaction.channel,
            sentiment=interaction.sentiment,
            session_id=interaction.session_id,
            ticket_id=interaction.ticket_id,
            ttl=expiry(interaction.timestamp, self._retention_days),
        )
        with reaching(STORE):
            item.save()

    def erase(self, exchanges: Iterable[Exchange]) -> None:
        """Delete the interactions of these exchanges. Raises Unavailable."""
        keys = [(e.customer_id, iso(e.timestamp)) for e in exchanges if e.customer_id]
        with reaching(STORE), InteractionItem.batch_write() as batch:
            for customer_id, timestamp in keys:
                batch.delete(InteractionItem(customer_id, timestamp))
