"""The conversations: one DynamoDB item an exchange, written once, atomically."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.answers import require
from chalicelib.domain.conversation import (
    Citation,
    Exchange,
    ExchangePage,
    Feedback,
    GuardrailVerdict,
    HandOverTicket,
    Usage,
)
from chalicelib.errors import Unavailable, UnknownMessage
from chalicelib.stores.dynamodb import TableLimits, complete, expiry, reaching, write_if
from chalicelib.stores.erasures import marks_of, write_unless_erased
from chalicelib.stores.state import StateItem
from chalicelib.times import MILLISECOND, from_millis, to_millis

STORE = "conversations"
TRIES = 20


class CustomerIndex(GlobalSecondaryIndex["ExchangeItem"]):  # type: ignore[no-untyped-call]
    """The keys of a verified customer's exchanges; anonymous ones are not in it."""

    class Meta:
        index_name = "customer-timestamp"
        projection = KeysOnlyProjection()

    customer_id = UnicodeAttribute(hash_key=True)
    timestamp = NumberAttribute(range_key=True)


class ExchangeItem(Model):
    """An exchange as DynamoDB holds it."""

    class Meta(TableLimits):
        table_name = "customer-support-conversations"

    customer_index = CustomerIndex()

    session_id = UnicodeAttribute(hash_key=True)
    timestamp = NumberAttribute(range_key=True)
    message_id = UnicodeAttribute()
    question = UnicodeAttribute()
    answer = UnicodeAttribute()
    model = UnicodeAttribute(null=True)
    citations = JSONAttribute()
    usage = JSONAttribute()
    guardrail = JSONAttribute()
    handed_over = JSONAttribute(null=True, attr_name="escalation")
    degraded: ListAttribute[Any] = ListAttribute()
    customer_id = UnicodeAttribute(null=True)
    sentiment = NumberAttribute(null=True)
    unanswered = BooleanAttribute(default=False)
    unconfirmed_ticket_id = UnicodeAttribute(null=True, attr_name="ticket_wanted")
    feedback = JSONAttribute(null=True)
    ttl = NumberAttribute()


class Conversations:
    """Reads and writes exchanges; expired ones are not there, even before DynamoDB deletes them."""

    def __init__(self, retention_days: int, clock: Callable[[], datetime]) -> None:
        self._retention_days = retention_days
        self._clock = clock

    def latest(self, session_id: str, limit: int) -> tuple[Exchange, ...]:
        """Return the newest exchanges of a session, oldest first. Raises Unavailable."""
        return self.page(session_id, limit, None).exchanges

    def page(self, session_id: str, limit: int, older_than: datetime | None) -> ExchangePage:
        """Return the newest exchanges before a time (or of all), oldest first. Raises Unavailable."""
        older = ExchangeItem.timestamp < to_millis(older_than) if older_than else None
        with reaching(STORE):
            items = list(
                ExchangeItem.query(
                    session_id,
                    range_key_condition=older,
                    filter_condition=ExchangeItem.ttl > self._now_seconds(),
                    scan_index_forward=False,
                    consistent_read=True,
                    limit=limit + 1,
                )
            )
            exchanges = tuple(map(_exchange, reversed(items[:limit])))
        return ExchangePage(exchanges, exchanges[0].timestamp if len(items) > limit else None)

    def by_client_message(self, session_id: str, message_id: str) -> Exchange | None:
        """Return the exchange that a client's own message id already led to. Raises Unavailable."""
        with reaching(STORE):
            try:
                claim = StateItem.get(_claim_key(session_id, message_id), consistent_read=True)
                item = ExchangeItem.get(session_id, claim.value, consistent_read=True)
            except (StateItem.DoesNotExist, ExchangeItem.DoesNotExist):
                return None
            exchange = _exchange(item)
            return exchange if item.ttl > self._now_seconds() else None

    def add(self, exchange: Exchange, began_at: datetime | None = None) -> Exchange:
        """Store an exchange in one write; where its millisecond is taken, in the next.

        Raises ErasedMeanwhile, Unavailable.
        """
        return self._store(exchange, began_at, is_once=False)

    def add_once(self, exchange: Exchange, began_at: datetime | None = None) -> Exchange:
        """Store an exchange unless its message id is taken, in one atomic write.

        Returns the exchange that has the message id now: this one, or the one that came first.
        Raises ErasedMeanwhile, Unavailable.
        """
        try:
            return self._store(exchange, began_at, is_once=True)
        except _MessageIdTaken:
            first = self.by_client_message(exchange.session_id, exchange.message_id)
            return first or exchange

    def rate(self, session_id: str, message_id: str, feedback: Feedback) -> Exchange:
        """Keep what the customer thought of an answer, and return its exchange.

        Raises UnknownMessage, Unavailable.
        """
        for _ in range(TRIES):
            with reaching(STORE):
                item = self._item_of(session_id, message_id)
                before = item.feedback
                kept = feedback.after(_feedback(before) if before else None)
                values = {**asdict(kept), "timestamp": to_millis(kept.timestamp)}
                is_as_read = (
                    ExchangeItem.feedback == before if before else ExchangeItem.feedback.does_not_exist()
                )
                is_there = ExchangeItem.session_id.exists() & is_as_read
                if write_if(is_there, item.update, [ExchangeItem.feedback.set(values)]):
                    return _exchange(item)
        raise Unavailable(STORE)

    def everything(self, session_id: str) -> tuple[Exchange, ...]:
        """Return all exchanges of a session that are still there, expired ones too. Raises Unavailable."""
        with reaching(STORE):
            return tuple(map(_exchange, ExchangeItem.query(session_id, consistent_read=True)))

    def customers_of(self, session_id: str) -> frozenset[str]:
        """Return the proven customers with exchanges in a session, expired ones too. Raises Unavailable."""
        with reaching(STORE):
            found = ExchangeItem.query(
                session_id,
                filter_condition=ExchangeItem.customer_id.exists(),
                attributes_to_get=["customer_id"],
                consistent_read=True,
            )
            return frozenset(require(item.customer_id, str) for item in found)

    def sessions_of(self, customer_id: str) -> frozenset[str]:
        """Return the sessions that hold exchanges of a customer, expired ones too. Raises Unavailable.

        The index that knows them follows a write within moments.
        """
        with reaching(STORE):
            found = ExchangeItem.customer_index.query(customer_id)
            return frozenset(require(item.session_id, str) for item in found)

    def erase(self, exchanges: Iterable[Exchange]) -> None:
        """Delete exchanges. Raises Unavailable."""
        gone = list(exchanges)
        with reaching(STORE):
            with StateItem.batch_write() as claims:
                for key in {_claim_key(e.session_id, e.message_id) for e in gone}:
                    claims.delete(StateItem(key))
            with ExchangeItem.batch_write() as batch:
                for exchange in gone:
                    batch.delete(ExchangeItem(exchange.session_id, to_millis(exchange.timestamp)))

    def _store(self, exchange: Exchange, began_at: datetime | None, *, is_once: bool) -> Exchange:
        marks = marks_of(exchange.session_id, exchange.customer_id)
        for _ in range(TRIES):
            fill = partial(self._fill, self._item(exchange), is_once)
            with reaching(STORE):
                refused = write_unless_erased(marks, began_at or self._clock(), fill)
            if not refused:
                return exchange
            if refused[1:] == (True,):
                raise _MessageIdTaken
            exchange = replace(exchange, timestamp=exchange.timestamp + MILLISECOND)
        raise Unavailable(STORE)

    def _item_of(self, session_id: str, message_id: str) -> ExchangeItem:
        """Return the item of a message. Raises UnknownMessage."""
        found = ExchangeItem.query(
            session_id,
            filter_condition=(ExchangeItem.message_id == message_id)
            & (ExchangeItem.ttl > self._now_seconds()),
            consistent_read=True,
        )
        item = next(iter(found), None)
        if item is None:
            raise UnknownMessage
        return item

    def _fill(self, item: ExchangeItem, is_once: bool, transaction: TransactWrite) -> None:
        # The same message id counts as free: the library repeats a put whose answer got lost.
        free = ExchangeItem.timestamp.does_not_exist() | (ExchangeItem.message_id == item.message_id)
        if not is_once:
            transaction.save(item, condition=free)
            return
        transaction.save(item, condition=ExchangeItem.timestamp.does_not_exist())
        key = _claim_key(item.session_id, item.message_id)
        unclaimed = StateItem.pk.does_not_exist() | (StateItem.ttl <= self._now_seconds())
        transaction.save(StateItem(key, value=item.timestamp, ttl=item.ttl), condition=unclaimed)

    def _item(self, exchange: Exchange) -> ExchangeItem:
        values = asdict(exchange)
        del values["feedback"]
        values["timestamp"] = to_millis(exchange.timestamp)
        values["degraded"] = list(exchange.degraded)
        return ExchangeItem(**values, ttl=expiry(exchange.timestamp, self._retention_days))

    def _now_seconds(self) -> int:
        return to_millis(self._clock()) // 1000


class _MessageIdTaken(Exception):
    """Another exchange of the session has this message id."""


def _claim_key(session_id: str, message_id: str) -> str:
    return f"message#{session_id}#{message_id}"


def _exchange(item: ExchangeItem) -> Exchange:
    complete(item)
    return Exchange(
        session_id=item.session_id,
        message_id=item.message_id,
        timestamp=from_millis(int(item.timestamp)),
        question=item.question,
        answer=item.answer,
        model=item.model,
        citations=tuple(Citation(**c) for c in item.citations),
        usage=Usage(**item.usage),
        guardrail=GuardrailVerdict(item.guardrail["intervened"], tuple(item.guardrail["reasons"])),
        handed_over=HandOverTicket(**item.handed_over) if item.handed_over else None,
        degraded=tuple(item.degraded),
        customer_id=item.customer_id,
        sentiment=None if item.sentiment is None else float(item.sentiment),
        unanswered=item.unanswered,
        unconfirmed_ticket_id=item.unconfirmed_ticket_id,
        feedback=_feedback(item.feedback) if item.feedback else None,
    )


def _feedback(kept: Mapping[str, Any]) -> Feedback:
    return Feedback(kept["rating"], kept["comment"], from_millis(kept["timestamp"]))
