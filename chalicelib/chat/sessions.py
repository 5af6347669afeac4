"""Who a caller is: session ids that nobody can guess or forge, and customers proven by a hash."""

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.mail import LINK_DAYS
from chalicelib.errors import ExpiredCustomerHash, LinkNotValid, NotYourSession, WrongCustomerHash
from chalicelib.times import to_seconds

ISSUED = re.compile(r"cs_([0-9a-f]{32})([0-9a-f]{32})")
"""`cs_`, 128 random bits, and the first 128 bits of their HMAC."""
DERIVED_FROM = b"support-assistant"
"""The salt of the derived keys."""


@dataclass(frozen=True)
class CustomerProof:
    """A customer's external id, and what their own server signed it with: see docs/deployment.md.

    `expires` is in seconds since 1970; without it the hash is good until the app secret is another.
    """

    customer_id: str
    customer_hash: str
    expires: int | None = None


@dataclass(frozen=True)
class Visitor:
    """Who opens a conversation; `address` is counted by the limits when no customer is proven."""

    address: str
    proof: CustomerProof | None = None


@dataclass(frozen=True)
class Sessions:
    """Issues and checks session ids with the app's secret; `accept_made_up_ids` is SESSION_POLICY=open.

    `app_secret` is called for each check, so that a rotated secret is picked up. Customers' ids are signed
    with it as it is, by servers of other people; all else with keys derived from it, so that what these
    servers sign is never an id of ours.
    """

    app_secret: Callable[[], str]
    accept_made_up_ids: bool

    def issue(self, first_message_id: str | None = None) -> str:
        """Make a new session id.

        For a UUID of a random version as the first message's id it is always the same one: a client whose
        first answer got lost sends that very message again and comes back into its session. So such an id
        leads into the session, and must be as random as it looks; other ids lead nowhere.
        """
        secret_id = _random_uuid(first_message_id)
        nonce = self._sign("first message", secret_id)[:32] if secret_id else secrets.token_hex(16)
        return f"cs_{nonce}{self._mac(nonce)}"

    def is_derived(self, first_message_id: str | None) -> bool:
        """Tell whether a session that starts with this message may have been here before."""
        return _random_uuid(first_message_id) is not None

    def for_chat(self, session_id: str | None, message_id: str | None = None) -> str:
        """Return the session to chat in: the one given, or a new one that starts with this message.

        Raises NotYourSession for an id that we did not issue, where the policy wants issued ones.
        """
        if session_id is None:
            return self.issue(message_id)
        if not self.accept_made_up_ids and not self.is_issued(session_id):
            raise NotYourSession
        return session_id

    def kept_as(self, session_id: str, caller: str) -> str:
        """Return the id that a conversation is kept under.

        Anybody may come upon an id that a client made up, so there it is another one for each network
        address. An issued one is kept as it is, wherever its holder comes from.
        """
        if self.is_issued(session_id):
            return session_id
        digest = self._sign("made-up session", "\0".join((caller, session_id)))
        return f"mu_{digest[:32]}"

    def counted_as(self, customer_id: str | None, address: str) -> str:
        """Return whose limits count a caller: a proven customer's, or else those of the network address.

        The counters outlive an erasure, and so must name no customer.
        """
        return f"customer#{self._sign('customer', customer_id)[:32]}" if customer_id else address

    def require_issued(self, session_id: str) -> None:
        """Raise NotYourSession unless we issued this id: knowing it is what proves the holder."""
        if not self.is_issued(session_id):
            raise NotYourSession

    def verified_customer(self, proof: CustomerProof | None, now: datetime) -> str | None:
        """Return the external id of the customer that is proven, None without a proof.

        Raises WrongCustomerHash.
        """
        if proof is None:
            return None
        signed = proof.customer_id if proof.expires is None else f"{proof.customer_id}.{proof.expires}"
        expected = _hmac(self.app_secret().encode(), signed).hex()
        if not hmac.compare_digest(expected, proof.customer_hash.lower()):
            raise WrongCustomerHash
        if proof.expires is not None and now.timestamp() >= proof.expires:
            raise ExpiredCustomerHash
        return proof.customer_id

    def ticket_id(self, *conversation_state: str) -> str:
        """Name the ticket of a conversation at one point: the same state gives the same ticket."""
        digest = self._sign("ticket", "\0".join(conversation_state))
        return f"T-{digest[:12].upper()}"

    def link_token(self, ticket_id: str, now: datetime) -> str:
        """Return what opens the conversation of a ticket to the reader of a mail, for LINK_DAYS from now."""
        signed = f"{ticket_id}.{to_seconds(now + timedelta(days=LINK_DAYS))}"
        return f"{signed}.{self._sign('link', signed)[:32]}"

    def ticket_of_link(self, token: str, now: datetime) -> str:
        """Return the ticket whose conversation a link's token opens. Raises LinkNotValid."""
        signed, _, mac = token.rpartition(".")
        ticket_id, _, expires = signed.rpartition(".")
        if not hmac.compare_digest(self._sign("link", signed)[:32], mac) or int(expires) <= to_seconds(now):
            raise LinkNotValid
        return ticket_id

    def is_issued(self, session_id: str) -> bool:
        """Tell whether we issued this id, so that only those who were told it know it."""
        match = ISSUED.fullmatch(session_id)
        return match is not None and hmac.compare_digest(self._mac(match[1]), match[2])

    def _mac(self, nonce: str) -> str:
        return self._sign("session", nonce)[:32]

    def _sign(self, purpose: str, text: str) -> str:
        """Sign with the key for a purpose, which is derived as in HKDF (RFC 5869)."""
        extracted = _hmac(DERIVED_FROM, self.app_secret())
        return _hmac(_hmac(extracted, f"{purpose}\1"), text).hex()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)


def _random_uuid(text: str | None) -> str | None:
    """Return a text that is a UUID of a random version (4, or 7 with its 74 random bits), else None.

    As it is spelt: in another spelling it is another message id, and so must be another session.
    """
    try:
        found = uuid.UUID(text or "")
    except ValueError:
        return None
    return text if found.version in (4, 7) else None
