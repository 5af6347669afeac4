"""Session ids that nobody can guess or forge, and customers proven by a hash."""

import hashlib
import hmac

import pytest

from chalicelib.chat.sessions import Sessions
from chalicelib.errors import NotYourSession, WrongCustomerHash

SECRET = "app-secret"
MADE_UP = "my-own-session"


def sessions(secret: str = SECRET, accept_made_up_ids: bool = False) -> Sessions:
    return Sessions(lambda: secret, accept_made_up_ids)


def hash_of(customer_id: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), customer_id.encode(), hashlib.sha256).hexdigest()


def test_without_an_id_a_new_session_starts_each_time() -> None:
    first, second = sessions().for_chat(None), sessions().for_chat(None)
    assert first != second
    assert sessions().for_chat(first) == first


@pytest.mark.parametrize("accept_made_up_ids", [True, False])
def test_an_issued_id_is_good_under_either_policy(accept_made_up_ids: bool) -> None:
    issuer = sessions(accept_made_up_ids=accept_made_up_ids)
    session_id = issuer.issue()
    issuer.require_issued(session_id)
    assert issuer.for_chat(session_id) == session_id


def test_the_open_policy_lets_a_made_up_id_chat() -> None:
    assert sessions(accept_made_up_ids=True).for_chat(MADE_UP) == MADE_UP


def test_the_issued_policy_refuses_a_made_up_id() -> None:
    with pytest.raises(NotYourSession):
        sessions(accept_made_up_ids=False).for_chat(MADE_UP)


@pytest.mark.parametrize("accept_made_up_ids", [True, False])
def test_a_made_up_id_never_proves_its_holder(accept_made_up_ids: bool) -> None:
    with pytest.raises(NotYourSession):
        sessions(accept_made_up_ids=accept_made_up_ids).require_issued(MADE_UP)


def test_an_id_issued_with_another_secret_proves_nothing() -> None:
    with pytest.raises(NotYourSession):
        sessions().require_issued(sessions("another secret").issue())


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


def test_an_id_in_capitals_is_refused() -> None:
    with pytest.raises(NotYourSession):
        sessions().require_issued(sessions().issue().upper())


def test_a_customer_is_proven_by_the_hmac_of_the_id() -> None:
    assert sessions().verified_customer("CUST-1001", hash_of("CUST-1001")) == "CUST-1001"


def test_the_hash_may_be_written_in_capitals() -> None:
    assert sessions().verified_customer("CUST-1001", hash_of("CUST-1001").upper()) == "CUST-1001"


@pytest.mark.parametrize(
    ("customer_id", "customer_hash"), [(None, None), ("CUST-1001", None), (None, hash_of("CUST-1001"))]
)
def test_half_a_proof_is_no_customer(customer_id: str | None, customer_hash: str | None) -> None:
    assert sessions().verified_customer(customer_id, customer_hash) is None


@pytest.mark.parametrize(
    "wrong",
    [
        hash_of("CUST-1002"),
        hash_of("CUST-1001", "another secret"),
        hash_of("CUST-1001")[:-1],
        "0" * 64,
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


def test_the_same_state_of_a_conversation_names_the_same_ticket() -> None:
    assert sessions().ticket_id("s1", "m1") == sessions().ticket_id("s1", "m1")


@pytest.mark.parametrize("other", [("s1", "m2"), ("s2", "m1"), ("s1m1", ""), ("s1", "m1", ""), ("m1", "s1")])
def test_another_state_names_another_ticket(other: tuple[str, ...]) -> None:
    assert sessions().ticket_id("s1", "m1") != sessions().ticket_id(*other)


def test_a_ticket_cannot_be_named_without_the_secret() -> None:
    assert sessions().ticket_id("s1", "m1") != sessions("another secret").ticket_id("s1", "m1")


def test_a_ticket_id_is_short_enough_to_read_out() -> None:
    ticket_id = sessions().ticket_id("s1", "m1")
    assert ticket_id.startswith("T-")
    assert len(ticket_id) == 14
    assert ticket_id == ticket_id.upper()
