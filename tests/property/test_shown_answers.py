"""What is shown of an answer while it is written is what the finished one begins with, and never a secret."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.chat.answer_links import resolve_with_links
from chalicelib.chat.progress.shown import shown
from chalicelib.domain.conversation import Passage
from chalicelib.masking import mask
from chalicelib.masking.unfinished import settled_chars
from tooling.project import ROOT

PASSAGES = [Passage("text", title, None, 1.0) for title in ("A", "B", "A")]
HOSTS = frozenset({"shop.example"})
CORPUS = ROOT / "bench" / "secrets" / "tuned.jsonl"
ROWS = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
MARKED = [row["text"].translate(dict.fromkeys(map(ord, "¦⟦⟧"))) for row in ROWS if "text" in row]
SECRETS = [
    *("your password is", "the PIN", "api key", "pw", "passphrase:", "token", "Passwort", "パスワード", "は"),
    *("hunter2x", "Abc123!x", "4111 1111 1111 1111", "4242424242424242", "4711", '"', "'", "= ", "is", "to"),
    *("-----BEGIN RSA PRIVATE KEY-----", "mysql -p", "curl -u ada:", "Bearer", "user: ada", "p: abcd1"),
    *("sk-ant-REDACTED", "order no.", "is your password", "changed to", "login: ada /"),
]
MARKUP = [
    *(
        "[1]",
        "[2]",
        "[9]",
        "[0]",
        " [1, 3]",
        "【1】",
        "[",
        "]",
        "(",
        ")",
        "[^1]",
        "[1]: https://evil.example",
    ),
    *("`", "``", "```", "\n```\n", "~~~", "**", "<", "<b>", "&", "\\", "/", ":", "//", "www.", "ht", "tps:"),
    *("[a label](https://shop.example/a)", "https://evil.example", "![", "](", "]:", "\r", "\x00", "\ue000"),
]
PROSE = [
    "word",
    "Go to the settings",
    "then",
    "30",
    "days",
    ".",
    ",",
    ";",
    "é",
    "日本",
    "。",
    "- ",
    "1.",
    "s",
]
PIECES = st.lists(
    st.tuples(st.sampled_from([*SECRETS, *MARKUP, *PROSE]), st.sampled_from([" ", "", " ", "\n", "\n\n"])),
    max_size=12,
)


def finished(text: str) -> str:
    return mask(resolve_with_links(text.strip(), PASSAGES, HOSTS).text)


@given(PIECES)
def test_what_is_shown_is_the_beginning_of_the_finished_answer(pieces: list[tuple[str, str]]) -> None:
    text = "".join(f"{piece}{gap}" for piece, gap in pieces)
    whole = finished(text)
    for end in range(len(text) + 1):
        so_far = shown(text[:end].strip(), PASSAGES, HOSTS)
        assert whole.startswith(so_far)


@given(st.sampled_from(MARKED), st.sampled_from(MARKED), st.sampled_from([" ", "\n", ". ", ""]))
def test_no_beginning_of_a_secret_is_settled(first: str, second: str, between: str) -> None:
    text = f"{first[:200]}{between}{second[:200]}"
    masked = mask(text)
    for end in range(0, len(text) + 1, 3):
        assert masked.startswith(text[: settled_chars(text[:end])])


@pytest.mark.parametrize("size", [2_000, 4_000])
def test_a_plain_answer_is_shown_but_for_its_last_words(size: int) -> None:
    sentence = (
        "You can send it back within 30 days. [1] Open **Orders** and choose `Return`, as the page says.\n\n"
    )
    text = (sentence * (size // len(sentence) + 1))[:size]
    assert len(finished(text)) - len(shown(text, PASSAGES, HOSTS)) < 40


def test_an_answer_about_passwords_does_not_wait_for_its_end() -> None:
    text = (
        "To reset your password, open the sign-in page and choose **Forgot password**. We send a link by mail"
    )
    assert shown(text, PASSAGES, HOSTS).endswith("We send a link by")
