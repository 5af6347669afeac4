"""Answers that are being written: what is there of them already, for those who sent the message.

An answer is one item, which its turn alone changes and only while it is there: whoever deletes it ends that.
The session and the customer that it is of name it in an item each, by which erasure finds it.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.domain.pending import PENDING_SECONDS, PendingAnswer, Writing
from chalicelib.stores.dynamodb import TableLimits, complete, reaching, write_if
from chalicelib.stores.erasures import marks_of, write_unless_erased
from chalicelib.times import to_seconds

STORE = "pending"
NAMED_FOR = timedelta(days=2)
"""DynamoDB deletes what has expired late, and until then erasure has to find it."""


class PendingItem(Model):
    """An answer that is being written, as DynamoDB holds it; `turn` is whose it is."""

    class Meta(TableLimits):
        table_name = "support-state"

    pk = UnicodeAttribute(hash_key=True)
    turn = UnicodeAttribute()
    text = UnicodeAttribute()
    done = BooleanAttribute()
    ttl = NumberAttribute()


class PendingNamesItem(Model):
    """Which answers of a session or a customer may be there, as DynamoDB holds it."""

    class Meta(TableLimits):
        table_name = "support-state"

    pk = UnicodeAttribute(hash_key=True)
    names = UnicodeSetAttribute()
    ttl = NumberAttribute()


class PendingTexts:
    """Keeps what is there of answers for a minute."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def begin(self, writing: Writing, text: str) -> None:
        """Keep the beginning of an answer, in place of another turn's.

        Raises ErasedMeanwhile, Unavailable.
        """
        name = _name(writing.message_id, writing.customer_id)
        now = self._clock()
        ttl = to_seconds(now + timedelta(seconds=PENDING_SECONDS))
        item = PendingItem(name, turn=writing.turn_id, text=text, done=False, ttl=ttl)
        kept = PendingNamesItem.ttl.set(to_seconds(now + NAMED_FOR))

        def fill(transaction: TransactWrite) -> None:
            transaction.save(item)
            for key in _keys_of_names(writing.session_id, writing.customer_id):
                actions: list[Action] = [PendingNamesItem.names.add({name}), kept]
                transaction.update(PendingNamesItem(key), actions=actions)

        with reaching(STORE):
            write_unless_erased(marks_of(writing.session_id, writing.customer_id), writing.began_at, fill)

    def put(self, writing: Writing, text: str, done: bool) -> bool:
        """Keep more of an answer; tell whether it was still there, and this turn's. Raises Unavailable."""
        item = PendingItem(_name(writing.message_id, writing.customer_id))
        actions = [PendingItem.text.set(text), PendingItem.done.set(done)]
        with reaching(STORE):
            return write_if(PendingItem.turn == writing.turn_id, item.update, actions)

    def drop(self, writing: Writing) -> None:
        """Delete what a turn has kept. Raises Unavailable."""
        item = PendingItem(_name(writing.message_id, writing.customer_id))
        with reaching(STORE):
            write_if(PendingItem.turn == writing.turn_id, item.delete)

    def get(self, message_id: str, customer_id: str | None) -> PendingAnswer | None:
        """Return what is there of the answer to a message of a customer, or of nobody known.

        Raises Unavailable.
        """
        with reaching(STORE):
            try:
                item = complete(PendingItem.get(_name(message_id, customer_id), consistent_read=True))
            except DoesNotExist:
                return None
            is_alive = item.ttl > to_seconds(self._clock())
            return PendingAnswer(item.text, item.done) if is_alive else None

    def erase(self, session_id: str | None, customer_id: str | None = None) -> None:
        """Delete what is there of the answers of a session or a customer. Raises Unavailable."""
        for key in _keys_of_names(session_id, customer_id):
            with reaching(STORE):
                try:
                    names = complete(PendingNamesItem.get(key, consistent_read=True))
                except DoesNotExist:
                    continue
                with PendingItem.batch_write() as batch:
                    for name in names.names:
                        batch.delete(PendingItem(name))
                names.delete()


def _name(message_id: str, customer_id: str | None) -> str:
    """Return the key of an answer. It tells nobody the message's id, which may lead into a session."""
    return f"pending#{_digest(message_id, customer_id or '')}"


def _keys_of_names(session_id: str | None, customer_id: str | None) -> list[str]:
    subjects = (("session", session_id), ("customer", customer_id))
    return [f"pending-of#{_digest(kind, of)}" for kind, of in subjects if of]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
