"""The links of an answer: which stay, and what becomes of all others."""

import pytest

from chalicelib.chat.answer_links import keep_known_links, known_hosts, resolve_with_links
from chalicelib.domain.conversation import Passage

RESET = Passage("Choose Forgot password.", "Reset", "https://help.example.com/reset", 0.9)
REFUND = Passage("Refunds take five days.", "Refunds", None, 0.4, "refunds.md")
HOSTS = known_hosts((RESET, REFUND), ("*.shop.example",))


@pytest.mark.parametrize(
    "text",
    [
        "[Reset](https://help.example.com/reset)",
        '[Reset](https://help.example.com/reset "How to reset")',
        "[Reset](<https://help.example.com/a_(b)>)",
        "[see [1] here](https://help.example.com/reset)",
        "![Picture](https://help.example.com/a.png)",
        "<https://help.example.com/reset>",
        "Look at https://help.example.com/reset?a=1&b=2#top, then wait.",
        "**http://HELP.example.com:8443/**",
        "[Reset][r]\n\n[r]: https://help.example.com/reset",
        "[Pay](https://eu.pay.shop.example/)",
    ],
)
def test_a_link_to_a_host_of_the_sources_or_of_the_setting_stays(text: str) -> None:
    assert keep_known_links(text, HOSTS) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://help.example.com.", "https://help.example.com/."),
        ("[a](https://help.example.com)", "[a](https://help.example.com/)"),
        ("www.eu.shop.example", "www.eu.shop.example/"),
    ],
)
def test_a_host_alone_gets_a_path_so_that_nothing_can_go_on_as_the_host(text: str, kept: str) -> None:
    assert keep_known_links(text, HOSTS) == kept


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("[Sign in](https://evil.example/x)", "Sign in (evil.example)"),
        ('[Sign in](https://evil.example/x "Help")', "Sign in (evil.example)"),
        ("[evil.example](https://evil.example)", "evil.example"),
        ("[](https://evil.example/x)", "evil.example"),
        ("[see `a`](https://evil.example)", "see `a` (evil.example)"),
        ("[a [b] c](https://evil.example)", "[a [b] c] (evil.example)"),
        ("![Logo](https://evil.example/a.png?q=secret)", "Logo (evil.example)"),
        (
            "[![Logo](https://evil.example/a.png)](https://evil.example)",
            "[Logo (evil.example)] (evil.example)",
        ),
        ("<https://evil.example/x>", "evil.example"),
        ("See https://evil.example/x?q=1.", "See evil.example."),
        ("(https://www.evil.example/x)", "(evil.example)"),
        ("www.evil.example/x", "evil.example"),
        ("ftp://evil.example/x", "evil.example"),
        ("见https://evil.example/x。谢谢", "见evil.example。谢谢"),
        ("[Sign in][s]\n\n[s]: https://evil.example/x", "[Sign in][s]\n\n[s] : evil.example"),
        ('<a class="b" href="https://evil.example/x">Sign in</a>', "Sign in (evil.example)"),
        ("<A HREF=https://evil.example>Sign in</A>", "Sign in (evil.example)"),
        ("[x](//evil.example/x)", "x (evil.example)"),
        ("[x](/\\evil.example)", "x (evil.example)"),
        ("[x](https:\\/\\/evil.example)", "x (evil.example)"),
        ("[x](&#104;ttps&#58;&#47;&#47;evil.example)", "x (evil.example)"),
        ("[x](<h\tttps://evil.example>)", "x (evil.example)"),
        ("https&colon;&sol;&sol;evil.example", "evil.example"),
        ("[x](https://help.example.com@evil.example/)", "x (evil.example)"),
        ("[x](https://help.example.com:80@evil.example/)", "x (evil.example)"),
        ("[x](https://help.example.com\\@evil.example/)", "x (evil.example)"),
        ("https://help.example.com.evil.example/", "help.example.com.evil.example"),
        ("https://xn--hlp-example-q7a.com/", "xn--hlp-example-q7a.com"),
        ("https://hеlp.example.com/", "hеlp.example.com/"),  # its e is Cyrillic
        ("https://shop.example/", "shop.example"),
        ("[x](javascript:alert(1))", "x"),
        ("[x](data:text/html;base64,PHNjcmlwdD4=)", "x"),
        ("[x](intent://evil.example#Intent;end)", "x (evil.example)"),
        ("[guide](guide.md)", "guide"),
        ("[Write](mailto:help@evil.example?subject=x)", "Write (help@evil.example)"),
        ("[Call](tel:+49301234)", "Call (+49301234)"),
        ("<help@evil.example>", "help@evil.example"),
    ],
)
def test_any_other_link_becomes_text_that_names_its_host(text: str, left: str) -> None:
    assert keep_known_links(text, HOSTS) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<img src=https://evil.example onerror=x>", "&lt;img src=evil.example onerror=x>"),
        ("<script>x", "&lt;script>x"),
        ("<sup onclick=x>6</sup>, <del>x", "&lt;sup onclick=x>6&lt;/sup>, &lt;del>x"),
        ("<!-- hidden -->", "&lt;!-- hidden -->"),
        ("Choose <your name>.", "Choose &lt;your name>."),
        ("| a<br>b |", "| a<br>b |"),
    ],
)
def test_a_tag_is_shown_as_it_is_written(text: str, left: str) -> None:
    assert keep_known_links(text, HOSTS) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<b>\n[a](https://evil.example)", "\na (evil.example)"),
        ("<b>Note:</b> <span class='x'>**a** <i>b</i></span>", "Note: **a** b"),
        ("10<sup>6</sup>, <DEL>39 EUR</DEL>", "10<sup>6</sup>, <DEL>39 EUR</DEL>"),
        ("<s>[a](https://evil.example)</s>", "<s>a (evil.example)</s>"),
        ("<<b>a href=https://evil.example>a</a>", "a"),
    ],
)
def test_a_tag_that_forms_a_text_is_dropped_unless_it_means_something(text: str, left: str) -> None:
    assert keep_known_links(text, HOSTS) == left


@pytest.mark.parametrize(
    "code",
    [
        "`curl https://api.example.net/v1`",
        "``a ` https://api.example.net``",
        "```bash\ncurl https://api.example.net/v1\n```",
        "~~~\n<a href='https://api.example.net'>\n~~~",
        "1. Run:\n   ```\n   curl https://api.example.net/v1\n   ```\n2. Wait",
        "```\nunclosed https://api.example.net",
        "| `https://api.example.net` | `b` |",
        "`items[1](x)` and `<b>`",
    ],
)
def test_what_surely_is_code_stays_to_the_letter(code: str) -> None:
    assert keep_known_links(f"Look:\n\n{code}", HOSTS) == f"Look:\n\n{code}"


@pytest.mark.parametrize(
    "text",
    [
        "a ` b\nc ` [x](https://evil.example) ` d",
        "\\`[x](https://evil.example)`",
        "- a ` b\n- [x](https://evil.example) ` c",
        "| `a | [x](https://evil.example) | b` |\n|-|-|-|",
        "- ```\n  a\n  ```\n  [x](https://evil.example)\n  ```",
        "- ```\n  a\n[x](https://evil.example)\n  ```",
        "```\n```~\n```\n[x](https://evil.example)\n```",
        "a\n      ~~~\n      [x](https://evil.example)\n      ~~~",
        "> ```\n[x](https://evil.example)\n```",
    ],
)
def test_what_only_looks_like_code_is_not_spared(text: str) -> None:
    assert "](" not in keep_known_links(text, HOSTS)


@pytest.mark.parametrize("between", ["", "\u2003", "\x0b"])
def test_an_address_cannot_swallow_what_makes_the_text_behind_it_code(between: str) -> None:
    text = keep_known_links(f"https://help.example.com/a{between}` [x](https://evil.example) `", HOSTS)
    assert text.startswith("help.example.com")


@pytest.mark.parametrize(
    "text",
    [
        *("Costs 5 < 6 EUR & more.", "and/or, 24/7, a//b", "[Note]: do this first", "- [ ] open\n- [x] done"),
        *("| a | b |\n|---|---|\n| 1 | 2 |", "**bold** _it_ ~~no~~", "3~5 days", "file.txt and e.g. this"),
        *("Write to help@example.net.", "// a remark", "5 // 2", "", "مرحبا 😀"),
    ],
)
def test_text_without_a_link_stays(text: str) -> None:
    assert keep_known_links(text, HOSTS) == text


def test_a_mark_keeps_its_source_and_loses_the_link_that_was_made_of_it() -> None:
    answer = resolve_with_links(
        "A. [2](https://evil.example) B. [[1]](https://evil.example)\n\n[1]: https://evil.example",
        (RESET, REFUND),
        HOSTS,
    )
    assert answer.text == "A. [1] B. [2]"
    assert [citation.title for citation in answer.citations] == ["Refunds", "Reset"]


def test_a_link_that_a_dropped_mark_leaves_behind_is_none() -> None:
    answer = resolve_with_links("Go to https:/[9]/evil.example now. [1]", (RESET,), HOSTS)
    assert answer.text == "Go to https: / /evil.example now. [1]"
    assert [citation.title for citation in answer.citations] == ["Reset"]


def test_links_nested_deeper_than_anybody_means_them_are_all_taken_apart() -> None:
    text = "[" * 50 + "x" + "](https://evil.example)" * 50
    assert "](" not in keep_known_links(text, HOSTS)
    nested = "ht" * 30 + "<a>tps://" * 30 + "evil.example"
    assert "://" not in keep_known_links(nested, HOSTS)
