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
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.answers import require
from chalicelib.domain.conversation import (
    Citation,
    Contact,
    Exchange,
    ExchangePage,
    Feedback,
    GuardrailVerdict,
    HandOverTicket,
    Holding,
    Nearest,
    Usage,
)
from chalicelib.errors import Unavailable, UnknownMessage
from chalicelib.stores.dynamodb import (
    FeedbackAttribute,
    TableLimits,
    complete,
    expiry,
    reaching,
    write_if,
)
from chalicelib.stores.erasures import marks_of, write_unless_erased
from chalicelib.stores.state import StateItem
from chalicelib.times import MILLISECOND, from_millis, to_millis, to_seconds

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
    feedback = FeedbackAttribute(null=True)
    ticket_id = UnicodeAttribute(null=True)
    author = UnicodeAttribute(null=True)
    offered_contact = JSONAttribute(null=True)
    draft_kept = NumberAttribute(null=True)
    nearest = JSONAttribute(null=True)
    took_ms = NumberAttribute(null=True)
    costs_micro_usd = JSONAttribute(default=dict)
    ttl = NumberAttribute()


class ContactItem(Model):
    """How the customer of a session can be reached, as DynamoDB holds it."""

    class Meta(TableLimits):
        table_name = "support-state"

    pk = UnicodeAttribute(hash_key=True)
    contact = JSONAttribute()
    customer_id = UnicodeAttribute(null=True)
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
        found = self._query(session_id, older, limit + 1, scan_index_forward=False)
        exchanges = found[:limit][::-1]
        return _page(exchanges, exchanges[0].timestamp if len(found) > limit else None)

    def news(self, session_id: str, limit: int, newer_than: datetime) -> ExchangePage:
        """Return the first exchanges after a time, oldest first. Raises Unavailable."""
        newer = ExchangeItem.timestamp > to_millis(newer_than)
        return _page(self._query(session_id, newer, limit), None, newer_than)

    def _query(
        self, session_id: str, when: Condition | None, limit: int, **options: Any
    ) -> tuple[Exchange, ...]:
        alive = ExchangeItem.ttl > self._now_seconds()
        with reaching(STORE):
            items = ExchangeItem.query(session_id, when, alive, consistent_read=True, limit=limit, **options)
            return tuple(map(_exchange, items))

    def by_client_message(self, session_id: str, message_id: str) -> Exchange | None:
        """Return the exchange that a client's own message id already led to. Raises Unavailable."""
        return self._claimed(session_id, _message_claim(session_id, message_id))

    def stored_first(self, exchange: Exchange) -> Exchange | None:
        """Return what has the id of an exchange: in its session, or of a reply to its ticket.

        Raises Unavailable.
        """
        return self._claimed(exchange.session_id, _claim_key(exchange))

    def _claimed(self, session_id: str, claim_key: str) -> Exchange | None:
        with reaching(STORE):
            try:
                claim = StateItem.get(claim_key, consistent_read=True)
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
            return self.stored_first(exchange) or exchange

    def rate(self, session_id: str, message_id: str, feedback: Feedback) -> Exchange:
        """Keep what the customer thought of an answer or of an agent's message, and return its exchange.

        Raises UnknownMessage, Unavailable.
        """
        for _ in range(TRIES):
            with reaching(STORE):
                item = self._item_of(session_id, message_id)
                before = item.feedback
                kept = feedback.after(before)
                is_as_read = (
                    ExchangeItem.feedback == before if before else ExchangeItem.feedback.does_not_exist()
                )
                is_there = ExchangeItem.session_id.exists() & is_as_read
                if write_if(is_there, item.update, [ExchangeItem.feedback.set(kept)]):
                    return _exchange(item)
        raise Unavailable(STORE)

    def keep_contact(
        self,
        session_id: str,
        customer_id: str | None,
        contact: Contact,
        began_at: datetime | None = None,
    ) -> None:
        """Keep how the customer of a session can be reached. Raises ErasedMeanwhile, Unavailable."""
        now = self._clock()
        ttl = expiry(now, self._retention_days)
        key = _contact_key(session_id)
        item = ContactItem(key, contact=asdict(contact), customer_id=customer_id, ttl=ttl)
        with reaching(STORE):
            marks = marks_of(session_id, customer_id)
            write_unless_erased(marks, began_at or now, lambda transaction: transaction.save(item))

    def contact_of(self, session_id: str, customer_id: str | None) -> Contact | None:
        """Return how a customer can be reached, as far as it was said in a session. Raises Unavailable."""
        with reaching(STORE):
            try:
                item = complete(ContactItem.get(_contact_key(session_id), consistent_read=True))
            except ContactItem.DoesNotExist:
                return None
            is_alive = item.ttl > self._now_seconds()
            is_theirs = item.customer_id in (None, customer_id)
            return Contact(**item.contact) if is_alive and is_theirs else None

    def erase_contact(self, session_id: str, customer_id: str | None = None) -> None:
        """Delete how the customer of a session can be reached. Raises Unavailable."""
        item = ContactItem(_contact_key(session_id))
        with reaching(STORE):
            if customer_id is None:
                item.delete()
                return
            is_nobodys = ContactItem.customer_id.does_not_exist()
            write_if(is_nobodys | (ContactItem.customer_id == customer_id), item.delete)

    def everything(self, session_id: str) -> tuple[Exchange, ...]:
        """Return all exchanges of a session that are still there, expired ones too. Raises Unavailable."""
        with reaching(STORE):
            return tuple(map(_exchange, ExchangeItem.query(session_id, consistent_read=True)))

    def holdings(self, session_id: str) -> tuple[Holding, ...]:
        """Return whose each exchange of a session is, expired ones too, oldest first. Raises Unavailable."""
        with reaching(STORE):
            found = ExchangeItem.query(
                session_id,
                attributes_to_get=["timestamp", "customer_id", "ticket_id", "escalation"],
                consistent_read=True,
            )
            return tuple(map(_holding, found))

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
                for key in set(map(_claim_key, gone)):
                    claims.delete(StateItem(key))
            with ExchangeItem.batch_write() as batch:
                for exchange in gone:
                    batch.delete(ExchangeItem(exchange.session_id, to_millis(exchange.timestamp)))

    def _store(self, exchange: Exchange, began_at: datetime | None, *, is_once: bool) -> Exchange:
        marks = marks_of(exchange.session_id, exchange.customer_id)
        for _ in range(TRIES):
            fill = partial(self.put_once if is_once else self._put, exchange)
            with reaching(STORE):
                refused = write_unless_erased(marks, began_at or self._clock(), fill)
            if not refused:
                return exchange
            if refused[1:] == (True,):
                raise _MessageIdTaken
            exchange = replace(exchange, timestamp=exchange.timestamp + MILLISECOND)
        raise Unavailable(STORE)

    def _item_of(self, session_id: str, message_id: str) -> ExchangeItem:
        """Return the item of a customer's message, else of an agent's, the newest. Raises UnknownMessage."""
        found = ExchangeItem.query(
            session_id,
            filter_condition=(ExchangeItem.message_id == message_id)
            & (ExchangeItem.ttl > self._now_seconds()),
            consistent_read=True,
            scan_index_forward=False,
        )
        items = sorted(found, key=lambda item: item.author is not None)
        if not items:
            raise UnknownMessage
        return items[0]

    def put_once(self, exchange: Exchange, transaction: TransactWrite) -> None:
        """Let a transaction store an exchange: its millisecond and its id must be free, two conditions."""
        item = self._item(exchange)
        transaction.save(item, condition=ExchangeItem.timestamp.does_not_exist())
        unclaimed = StateItem.pk.does_not_exist() | (StateItem.ttl <= self._now_seconds())
        claim = StateItem(_claim_key(exchange), value=item.timestamp, ttl=item.ttl)
        transaction.save(claim, condition=unclaimed)

    def _put(self, exchange: Exchange, transaction: TransactWrite) -> None:
        # The same message id counts as free: the library repeats a put whose answer got lost.
        is_again = ExchangeItem.message_id == exchange.message_id
        transaction.save(self._item(exchange), condition=ExchangeItem.timestamp.does_not_exist() | is_again)

    def _item(self, exchange: Exchange) -> ExchangeItem:
        values = asdict(exchange)
        del values["feedback"]
        values["timestamp"] = to_millis(exchange.timestamp)
        values["degraded"] = list(exchange.degraded)
        values["citations"] = [_open_or_restricted(each) for each in values["citations"]]
        return ExchangeItem(**values, ttl=expiry(exchange.timestamp, self._retention_days))

    def _now_seconds(self) -> int:
        return to_seconds(self._clock())


class _MessageIdTaken(Exception):
    """Another exchange of the session has this message id."""


def _page(
    exchanges: tuple[Exchange, ...], older_than: datetime | None, newer_than: datetime | None = None
) -> ExchangePage:
    return ExchangePage(exchanges, older_than, exchanges[-1].timestamp if exchanges else newer_than)


def _claim_key(exchange: Exchange) -> str:
    """Return the key under which an exchange's id is taken: replies have ids of their own for each ticket."""
    if exchange.author:
        return f"reply#{exchange.ticket_id}#{exchange.message_id}"
    return _message_claim(exchange.session_id, exchange.message_id)


def _message_claim(session_id: str, message_id: str) -> str:
    return f"message#{session_id}#{message_id}"


def exchange_in_image(image: Mapping[str, Any]) -> Exchange:
    """Return the exchange of an item as the table's stream has it. Raises ValueError, TypeError, KeyError."""
    return _exchange(ExchangeItem.from_raw_data(dict(image)))


def _exchange(item: ExchangeItem) -> Exchange:
    complete(item)
    return Exchange(
        session_id=item.session_id,
        message_id=item.message_id,
        timestamp=from_millis(int(item.timestamp)),
        question=item.question,
        answer=item.answer,
        model=item.model,
        citations=tuple(map(_citation, item.citations)),
        usage=Usage(**item.usage),
        guardrail=GuardrailVerdict(item.guardrail["intervened"], tuple(item.guardrail["reasons"])),
        handed_over=HandOverTicket(**item.handed_over) if item.handed_over else None,
        degraded=tuple(item.degraded),
        customer_id=item.customer_id,
        sentiment=None if item.sentiment is None else float(item.sentiment),
        unanswered=item.unanswered,
        unconfirmed_ticket_id=item.unconfirmed_ticket_id,
        feedback=item.feedback,
        ticket_id=_ticket_id(item),
        author=item.author,
        offered_contact=Contact(**item.offered_contact) if item.offered_contact else None,
        draft_kept=None if item.draft_kept is None else float(item.draft_kept),
        nearest=nearest_of(item.nearest),
        took_ms=None if item.took_ms is None else int(item.took_ms),
        costs_micro_usd=item.costs_micro_usd,
    )


def _open_or_restricted(citation: Mapping[str, Any]) -> dict[str, Any]:
    """Return a citation as it is kept: an earlier release, rolled back to, reads one that is everybody's."""
    return {name: value for name, value in citation.items() if name != "access" or value is not None}


def _citation(kept: Mapping[str, Any]) -> Citation:
    """Read a citation."""
    access = kept.get("access")
    return replace(Citation(**kept), access=None if access is None else tuple(access))


def nearest_of(kept: Mapping[str, Any] | None) -> Nearest | None:
    """Return the nearest passage as it was kept, if there was one."""
    if kept is None:
        return None
    access = kept.get("access")
    return replace(Nearest(**kept), access=None if access is None else tuple(access))


def _contact_key(session_id: str) -> str:
    return f"contact#{session_id}"


def _holding(item: ExchangeItem) -> Holding:
    """Return whose an item is. Raises TypeError."""
    require(item.timestamp, int)
    return Holding(item.customer_id, _ticket_id(item))


def _ticket_id(item: ExchangeItem) -> str | None:
    # An earlier release kept it only where the customer was told of it.
    return item.ticket_id or (item.handed_over["ticket_id"] if item.handed_over else None)
