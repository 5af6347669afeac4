"""However a model writes a link: a Markdown renderer finds none to another host, and nothing else is lost."""

import re

import lxml.html
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chalicelib.chat.answer_links import keep_known_links, resolve_with_links
from chalicelib.domain.conversation import Passage

HOST = "help.example.com"
PASSAGES = (Passage("a", "A", f"https://{HOST}/a", 0.5), Passage("b", "B", None, 0.5))
KNOWN = re.compile(rf"https?://{re.escape(HOST)}(?::\d+)?[/?#]", re.IGNORECASE)
FOLLOWED = ("href", "src", "action", "data", "xlink:href")

github = MarkdownIt("gfm-like", {"html": True, "linkify": True})
# A client that makes a link of each name with a dot in it does so with any text.
github.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})  # type: ignore[union-attr]
RENDERERS = (github, MarkdownIt("commonmark"))

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


def followed(text: str) -> list[str]:
    """Return the addresses that renderers make links or requests of, as a browser reads them."""
    found = []
    for renderer in RENDERERS:
        page = lxml.html.fragment_fromstring(renderer.render(text), create_parent="div")
        for element in page.iter(lxml.html.etree.Element):
            found += [element.get(name, "") for name in FOLLOWED if element.get(name)]
    return [re.sub(r"[\t\r\n]", "", address).strip() for address in found]


@given(text=answers)
def test_no_renderer_finds_a_link_to_another_host(text: str) -> None:
    leading_away = [
        address
        for address in followed(resolve_with_links(text, PASSAGES, {HOST}).text)
        if re.match(r"[a-z][a-z0-9+.-]*:|[/\\]{2}", address, re.IGNORECASE)
        and not KNOWN.match(address)
        and not address.startswith("mailto:")
    ]
    assert leading_away == []


@given(text=answers)
def test_what_was_cleaned_once_is_clean(text: str) -> None:
    cleaned = resolve_with_links(text, PASSAGES, {HOST}).text
    assert resolve_with_links(cleaned, (), {HOST}).text.count("](") <= cleaned.count("](")
    assert keep_known_links(cleaned, {HOST}) == cleaned


@given(text=st.text("abc .,!?é語😀\n-*_#1()&"))
def test_text_without_link_syntax_stays_to_the_letter(text: str) -> None:
    assert keep_known_links(text, {HOST}) == text
