"""Session ids that nobody can guess or forge, and customers proven by a hash; see also the properties."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from chalicelib.chat.sessions import CustomerProof, Sessions
from chalicelib.errors import ExpiredCustomerHash, NotYourSession, WrongCustomerHash
from tests.builders import customer_proof
from tests.fakes import START

SECRET = "app-secret"
ADA = customer_proof("CUST-1001", SECRET)
SOON = int(START.timestamp()) + 60
MADE_UP = "my-own-session"
RANDOM_UUID = "5b4222c9-871e-4780-9e09-2b5faca0701e"


def sessions(secret: str = SECRET, accept_made_up_ids: bool = False) -> Sessions:
    return Sessions(lambda: secret, accept_made_up_ids)


def proven(proof: CustomerProof | None, now: datetime = START) -> str | None:
    return sessions().verified_customer(proof, now)


def test_without_an_id_a_new_session_starts_each_time() -> None:
    assert sessions().for_chat(None) != sessions().for_chat(None)


@pytest.mark.parametrize("message_id", [RANDOM_UUID, "019ab7c0-5e3d-7cc3-98c4-dc0c0c07398f"])
def test_a_first_message_sent_again_comes_back_into_its_session(message_id: str) -> None:
    session_id = sessions().for_chat(None, message_id)
    assert sessions().for_chat(None, message_id) == session_id
    assert sessions().is_derived(message_id)
    sessions().require_issued(session_id)
    assert sessions("another secret").for_chat(None, message_id) != session_id


@pytest.mark.parametrize(
    "message_id", ["1", "message-0000-0000-0000-000000000001", "9c94ab7a-e5b6-11f1-8e0f-02fc00000001"]
)
def test_a_message_id_that_others_may_have_leads_nowhere(message_id: str) -> None:
    assert sessions().for_chat(None, message_id) != sessions().for_chat(None, message_id)
    assert not sessions().is_derived(message_id)


def test_another_spelling_of_the_first_message_leads_elsewhere() -> None:
    assert sessions().for_chat(None, RANDOM_UUID.upper()) != sessions().for_chat(None, RANDOM_UUID)


@pytest.mark.parametrize("accept_made_up_ids", [True, False])
def test_an_issued_id_is_good_under_either_policy(accept_made_up_ids: bool) -> None:
    issuer = sessions(accept_made_up_ids=accept_made_up_ids)
    session_id = issuer.issue()
    issuer.require_issued(session_id)
    assert issuer.for_chat(session_id) == session_id


def test_a_made_up_id_chats_under_the_open_policy_and_proves_nothing() -> None:
    open_to_all = sessions(accept_made_up_ids=True)
    assert open_to_all.for_chat(MADE_UP) == MADE_UP
    with pytest.raises(NotYourSession):
        open_to_all.require_issued(MADE_UP)


def test_a_made_up_id_is_kept_as_another_one_for_each_address() -> None:
    ours = sessions(accept_made_up_ids=True)
    kept = {ours.kept_as(id_, caller) for id_ in (MADE_UP, "other") for caller in ("address#1", "address#2")}
    assert len(kept) == 4
    assert ours.kept_as(MADE_UP, "address#1") in kept
    for each in kept:
        assert MADE_UP not in each
        assert not ours.is_issued(each)
        # Whoever learns it cannot come in by it either.
        assert ours.kept_as(each, "address#1") not in kept


def test_an_issued_id_is_kept_as_it_is_from_anywhere() -> None:
    issued = sessions().issue()
    assert {sessions().kept_as(issued, caller) for caller in ("address#1", "address#2")} == {issued}


def test_the_issued_policy_refuses_a_made_up_id() -> None:
    with pytest.raises(NotYourSession):
        sessions(accept_made_up_ids=False).for_chat(MADE_UP)


def test_a_rotated_secret_is_picked_up() -> None:
    secrets = ["old"]
    issuer = Sessions(lambda: secrets[-1], accept_made_up_ids=False)
    session_id = issuer.issue()
    secrets.append("new")
    with pytest.raises(NotYourSession):
        issuer.require_issued(session_id)


@pytest.mark.parametrize("around", [" {}", "{} ", "{}\n", "x{}", "{}0", ""])
def test_an_id_with_anything_around_it_is_refused(around: str) -> None:
    with pytest.raises(NotYourSession):
        sessions().require_issued(around.format(sessions().issue()))


@pytest.mark.parametrize("written", [str.lower, str.upper])
def test_a_customer_is_proven_by_the_hmac_of_the_id(written: Callable[[str], str]) -> None:
    digest = hmac.new(SECRET.encode(), b"CUST-1001", hashlib.sha256).hexdigest()
    assert proven(CustomerProof("CUST-1001", written(digest))) == "CUST-1001"


def test_without_a_proof_there_is_no_customer() -> None:
    assert proven(None) is None


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "0" * 64, ADA.customer_hash[:-1] + "~", ADA.customer_hash[:-1]),
        customer_proof("CUST-1002", SECRET).customer_hash,
        customer_proof("CUST-1001", "another secret").customer_hash,
        hashlib.sha256(b"CUST-1001").hexdigest(),
    ],
)
def test_a_wrong_hash_is_refused_rather_than_ignored(wrong: str) -> None:
    with pytest.raises(WrongCustomerHash):
        proven(replace(ADA, customer_hash=wrong))


def test_a_hash_with_an_expiry_is_over_the_id_and_the_seconds() -> None:
    digest = hmac.new(SECRET.encode(), b"CUST-1001.1790000000", hashlib.sha256).hexdigest()
    proof = CustomerProof("CUST-1001", digest, 1_790_000_000)
    end = datetime.fromtimestamp(1_790_000_000, timezone.utc)
    assert proven(proof, end - timedelta(seconds=1)) == "CUST-1001"
    with pytest.raises(ExpiredCustomerHash):
        proven(proof, end)


@pytest.mark.parametrize("other", [None, 0, SOON - 1, SOON + 1, SOON * 10])
def test_the_expiry_is_part_of_what_is_signed(other: int | None) -> None:
    signed = customer_proof("CUST-1001", SECRET, SOON)
    with pytest.raises(WrongCustomerHash) as refused:
        proven(replace(signed, expires=other))
    assert not isinstance(refused.value, ExpiredCustomerHash)


@pytest.mark.parametrize("signed", ["session", "session\1", "first message", "ticket", ""])
def test_what_a_customers_server_signs_is_no_key_of_ours(signed: str) -> None:
    session_id = sessions().issue()
    nonce, mac = session_id[3:35], session_id[35:]
    known = bytes.fromhex(customer_proof(signed, SECRET).customer_hash)
    for key in (known, known.hex().encode(), hmac.digest(known, b"session\1", "sha256")):
        assert hmac.new(key, nonce.encode(), hashlib.sha256).hexdigest()[:32] != mac


def test_a_session_id_cannot_be_used_as_a_customers_hash() -> None:
    session_id = sessions().issue()
    nonce, mac = session_id[3:35], session_id[35:]
    assert not customer_proof(nonce, SECRET).customer_hash.startswith(mac)


@pytest.mark.parametrize("other", [("s1", "m2"), ("s2", "m1"), ("s1m1", ""), ("s1", "m1", ""), ("m1", "s1")])
def test_a_ticket_is_named_by_the_state_and_the_secret(other: tuple[str, ...]) -> None:
    assert sessions().ticket_id("s1", "m1") == sessions().ticket_id("s1", "m1")
    assert sessions().ticket_id("s1", "m1") != sessions().ticket_id(*other)
    assert sessions().ticket_id("s1", "m1") != sessions("another secret").ticket_id("s1", "m1")
