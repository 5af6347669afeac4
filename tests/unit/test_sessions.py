"""Session ids that nobody can guess or forge, and customers proven by a hash; see also the properties."""

import hashlib
import hmac
from collections.abc import Callable

import pytest

from chalicelib.chat.sessions import Sessions
from chalicelib.errors import NotYourSession, WrongCustomerHash

SECRET = "app-secret"
MADE_UP = "my-own-session"
RANDOM_UUID = "5b4222c9-871e-4780-9e09-2b5faca0701e"


def sessions(secret: str = SECRET, accept_made_up_ids: bool = False) -> Sessions:
    return Sessions(lambda: secret, accept_made_up_ids)


def hash_of(customer_id: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), customer_id.encode(), hashlib.sha256).hexdigest()


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
    assert sessions().verified_customer("CUST-1001", written(hash_of("CUST-1001"))) == "CUST-1001"


@pytest.mark.parametrize(
    ("customer_id", "customer_hash"), [(None, None), ("CUST-1001", None), (None, hash_of("CUST-1001"))]
)
def test_half_a_proof_is_no_customer(customer_id: str | None, customer_hash: str | None) -> None:
    assert sessions().verified_customer(customer_id, customer_hash) is None


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "0" * 64, hash_of("CUST-1002"), hash_of("CUST-1001")[:-1] + "~"),
        *(hash_of("CUST-1001", "another secret"), hash_of("CUST-1001")[:-1]),
        hashlib.sha256(b"CUST-1001").hexdigest(),
    ],
)
def test_a_wrong_hash_is_refused_rather_than_ignored(wrong: str) -> None:
    with pytest.raises(WrongCustomerHash):
        sessions().verified_customer("CUST-1001", wrong)


def test_a_session_id_cannot_be_used_as_a_customers_hash() -> None:
    session_id = sessions().issue()
    nonce, mac = session_id[3:35], session_id[35:]
    assert not hash_of(nonce).startswith(mac)


@pytest.mark.parametrize("other", [("s1", "m2"), ("s2", "m1"), ("s1m1", ""), ("s1", "m1", ""), ("m1", "s1")])
def test_a_ticket_is_named_by_the_state_and_the_secret(other: tuple[str, ...]) -> None:
    assert sessions().ticket_id("s1", "m1") == sessions().ticket_id("s1", "m1")
    assert sessions().ticket_id("s1", "m1") != sessions().ticket_id(*other)
    assert sessions().ticket_id("s1", "m1") != sessions("another secret").ticket_id("s1", "m1")
