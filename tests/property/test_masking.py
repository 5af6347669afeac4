"""Masking never fails, never masks twice, and lets no card number through."""

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.masking import mask, mask_values
from chalicelib.masking.named import NAME
from chalicelib.masking.words import fold

PIECES = [
    "password",
    "Passwort ist ",
    "パスワードは",
    "my pw was ",
    "changed to ",
    "login: joe / ",
    "pass",
    "PIN 1234",
    "order ",
    "ghp_",
    "a1B2c3D4e5" * 4,
    "api_key",
    " is ",
    ": ",
    "=",
    "'",
    '"',
    "`",
    "\n",
    " ",
    "[credential]",
    "[card number]",
    "4111111111111111",
    "4111 1111 ",
    "hunter2",
    "Bearer ",
    "abcdef0123456789",
    "eyJhbGciOi",
    ".",
    "@",
    "https://joe:",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "?",
    "(",
    ")",
    "<",
    ",",
    "İ",
    "😀",
]
hostile = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
card_texts = st.sampled_from(["4111 1111 1111 1111", "5555555555554444", "4222222222222220"])
card_prefixes = st.sampled_from(["4", "51", "55", "2221", "2720", "6011", "65", "3528"])


@given(text=st.text() | hostile)
def test_masking_what_is_masked_changes_nothing(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@given(text=st.text(st.characters(exclude_categories=["Nd", "P", "S"])))
def test_a_text_without_digits_symbols_and_names_is_left_alone(text: str) -> None:
    assume(not NAME.search(fold(text)))
    assert mask(text) == text


@given(text=st.text() | hostile)
def test_folding_leaves_each_character_where_it_was(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(value=st.dictionaries(st.text() | card_texts, st.integers() | st.text(max_size=4), max_size=6))
def test_no_value_is_lost_and_a_number_stays_a_number_unless_it_is_a_card(value: dict[str, Any]) -> None:
    masked = mask_values(value)
    assert len(masked) == len(value)
    for before, after in zip(value.values(), masked.values(), strict=True):
        assert after == before or after in ("[card number]", "[credential]")


@given(
    prefix=card_prefixes,
    digits=st.text("0123456789", min_size=15, max_size=15),
    gap=st.sampled_from(["", " ", "-", ".", "\u00a0", "\n", " – "]),
)
def test_every_valid_card_number_is_masked(prefix: str, digits: str, gap: str) -> None:
    number = with_check_digit((prefix + digits)[:15])
    written = gap.join(number[i : i + 4] for i in range(0, 16, 4))
    assert mask(f"It is {written}!") == "It is [card number]!"


@given(prefix=card_prefixes, digits=st.text("0123456789", min_size=15, max_size=15), off=st.integers(1, 9))
def test_a_number_with_a_wrong_check_digit_is_no_card(prefix: str, digits: str, off: int) -> None:
    number = with_check_digit((prefix + digits)[:15])
    wrong = number[:15] + str((int(number[15]) + off) % 10)
    assert mask(f"Order {wrong}") == f"Order {wrong}"


def with_check_digit(digits: str) -> str:
    """Append the digit that makes the sum of Luhn's scheme a multiple of ten."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled // 10 + doubled % 10
    return digits + str(-total % 10)
