"""Masking never fails, never masks twice, and lets no card number through."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.masking import mask

PIECES = [
    "password",
    "Passwort ist ",
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
    "😀",
]
hostile = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
card_prefixes = st.sampled_from(["4", "51", "55", "2221", "2720", "6011", "65", "3528"])


@given(text=st.text() | hostile)
def test_masking_what_is_masked_changes_nothing(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@given(text=st.text(st.characters(exclude_categories=["Nd", "P", "S"])))
def test_a_text_without_digits_and_symbols_is_left_alone(text: str) -> None:
    assert mask(text) == text


@given(
    prefix=card_prefixes,
    digits=st.text("0123456789", min_size=15, max_size=15),
    gap=st.sampled_from(["", " ", "-"]),
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
