"""Words as the index and the model see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.bedrock.search.text import content_stems, is_filler, joined_words, raw_words, stem, synonyms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("returns", "returning"),
        ("log in", "login"),
        ("logging into", "signing in"),
        ("e-mail", "emails"),
        ("Wi-Fi", "wifi"),
        ("café", "CAFE"),
        ("two-factor", "2FA"),
        ("error E-101", "error e101"),
        ("1,000 rows of 2.5 kg", "1000 rows of 2.5 kg"),
        ("turn it off", "turn off"),
        ("give something back", "give back"),
        ("organisation", "organization"),
        ("customer's orders", "customers order"),
        ("gave it back", "returned"),
        ("had another go", "retry"),
        ("get back into", "log in"),
    ],
)
def test_reads_spellings_of_one_thing_as_the_same(one: str, other: str) -> None:
    assert content_stems(one) == content_stems(other)


def test_drops_words_that_carry_no_subject() -> None:
    assert content_stems("How do I reset my password, please?") == content_stems("reset password")


def test_compares_scripts_without_spaces_by_character() -> None:
    assert content_stems("重置密码") == ["重", "置", "密", "码"]


def test_tells_words_of_asking_from_the_subject() -> None:
    assert is_filler(stem("possible"))
    assert not is_filler(stem("password"))


def test_synonyms_go_both_ways_and_never_name_the_word_itself() -> None:
    assert stem("receipt") in synonyms(stem("invoice"))
    assert stem("invoice") in synonyms(stem("receipt"))
    assert stem("invoice") not in synonyms(stem("invoice"))


def test_reads_what_customers_say_as_help_centres_write_it_and_not_the_other_way() -> None:
    assert stem("delete") in synonyms(stem("bin"))
    assert stem("bin") not in synonyms(stem("delete"))


@given(st.text())
def test_takes_any_text_apart(text: str) -> None:
    for word in [*raw_words(text), *joined_words(text), *content_stems(text)]:
        assert word
        assert not any(letter.isspace() for letter in word)
