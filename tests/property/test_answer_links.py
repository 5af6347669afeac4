"""However a model writes a link: a Markdown renderer finds none to another host, and nothing else is lost."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.chat.answer_links import keep_known_links, resolve_with_links
from chalicelib.domain.conversation import Passage
from tests.markdown import leading_away

HOST = "help.example.com"
PASSAGES = (Passage("a", "A", f"https://{HOST}/a", 0.5), Passage("b", "B", None, 0.5))
words = st.text("ab .,é語😀\n-1", min_size=1, max_size=10)
syntax = st.sampled_from(
    [
        *(
            "[",
            "]",
            "(",
            ")",
            "![",
            "](",
            "]:",
            "<",
            ">",
            "`",
            "``",
            "```",
            "~~~",
            "\\",
            "|",
            '"',
            "'",
            "*",
            "@",
        ),
        *(
            "\n",
            "\n\n",
            "\n- ",
            "\n1. ",
            "\n> ",
            "\n    ",
            "   ",
            "\t",
            "\r",
            "\x0b",
            "\u2028",
            "&#58;",
            "&sol;",
        ),
        *(
            "[1]",
            "[9]",
            "\n[x]: ",
            "\n[1]: ",
            "[t][x]",
            "\n|a|b|\n|-|-|\n|",
            "</a>",
            "<b>",
            "<s>",
            "</s>",
            "<br>",
            "<!--",
            "-->",
        ),
        *(
            "<div>",
            "<style>",
            "<x y='`'>",
            "<a href='",
            '<a href="https://evil.example">',
            "<img src=//evil.example>",
        ),
    ]
)
addresses = st.sampled_from(
    [
        *(
            "https://evil.example",
            "//evil.example",
            "www.evil.example",
            "ftp://evil.example",
            "javascript:alert(1)",
        ),
        *(
            "https:",
            "ht",
            "tps://",
            "https:/",
            "/",
            "@evil.example",
            ".evil.example",
            f"https://{HOST}",
            f"https://{HOST}/a",
        ),
        *(
            "<https://evil.example>",
            "[a](https://evil.example)",
            "[a](<https://evil.example>)",
            f"\\[a](https://{HOST})",
        ),
    ]
)
answers = st.lists(words | syntax | addresses, max_size=24).map("".join)


@given(text=answers)
def test_no_renderer_finds_a_link_to_another_host(text: str) -> None:
    assert leading_away(resolve_with_links(text, PASSAGES, {HOST}).text, HOST) == []


@given(text=answers)
def test_what_was_cleaned_once_is_clean(text: str) -> None:
    cleaned = resolve_with_links(text, PASSAGES, {HOST}).text
    assert keep_known_links(cleaned, {HOST}) == cleaned


@given(text=st.text("abc .,!?é語😀\n-*_#1()&"))
def test_text_without_link_syntax_stays_to_the_letter(text: str) -> None:
    assert keep_known_links(text, {HOST}) == text
