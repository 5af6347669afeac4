"""Issued session ids verify, and nothing else does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.chat.sessions import Sessions
from chalicelib.errors import NotYourSession

SESSIONS = Sessions(lambda: "app-secret", accept_made_up_ids=False)
SESSION_ID = SESSIONS.issue()
HEX = "0123456789abcdef"
# No zero bytes: HMAC pads a key with them, so that two keys which differ only there are one.
secrets = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(secret=secrets)
def test_what_a_server_issues_it_knows_again(secret: str) -> None:
    sessions = Sessions(lambda: secret, accept_made_up_ids=False)
    session_id = sessions.issue()
    sessions.require_issued(session_id)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", session_id)


@given(position=st.integers(0, len(SESSION_ID) - 1), letter=st.sampled_from(HEX) | st.characters())
def test_any_one_character_changed_is_refused(position: int, letter: str) -> None:
    changed = SESSION_ID[:position] + letter + SESSION_ID[position + 1 :]
    if changed == SESSION_ID:
        SESSIONS.require_issued(changed)
    else:
        with pytest.raises(NotYourSession):
            SESSIONS.require_issued(changed)


@given(position=st.integers(0, len(SESSION_ID) - 1))
def test_any_one_character_left_out_is_refused(position: int) -> None:
    with pytest.raises(NotYourSession):
        SESSIONS.require_issued(SESSION_ID[:position] + SESSION_ID[position + 1 :])


@given(made_up=st.text() | st.text(HEX, min_size=64, max_size=64).map("cs_{}".format))
def test_a_made_up_id_is_refused(made_up: str) -> None:
    with pytest.raises(NotYourSession):
        SESSIONS.for_chat(made_up)


@given(one=secrets, other=secrets)
def test_the_ids_of_one_secret_mean_nothing_under_another(one: str, other: str) -> None:
    session_id = Sessions(lambda: one, accept_made_up_ids=False).issue()
    stranger = Sessions(lambda: other, accept_made_up_ids=False)
    if one != other:
        with pytest.raises(NotYourSession):
            stranger.require_issued(session_id)


@given(state=st.lists(st.text("abc_-0", max_size=8), max_size=3).map(tuple))
def test_a_ticket_is_named_by_the_state_alone(state: tuple[str, ...]) -> None:
    assert SESSIONS.ticket_id(*state) == SESSIONS.ticket_id(*state)
    assert re.fullmatch(r"T-[0-9A-F]{12}", SESSIONS.ticket_id(*state))
