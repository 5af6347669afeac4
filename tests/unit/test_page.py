"""The pages: what each response holds, and what its headers let a browser do with it."""

import base64
import gzip
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chalicelib.branding import LANGUAGES
from chalicelib.web import libraries, page
from chalicelib.web.page import Page, agent_page, build_page, chat_page

VENDOR = Path(page.__file__).parent / "vendor"
PAGES = {"chat": chat_page, "agent": agent_page}
NAMES = {
    "chat": ("API_BASE", "savedSession", "renderMarkdown", "class Composer", "start();"),
    "agent": ("API_BASE", "savedToken", "renderMarkdown", "async function poll()", "askForToken();"),
}
"""What each page's files hold."""
LATER = {"chat": [libraries.libraries_script()], "agent": []}
"""The scripts that each page loads when it needs them."""
LARGEST_KB = {"chat": 30, "agent": 68}
"""Compressed, as browsers get them; the goal for a first view of the chat is 45."""


class _Reader(HTMLParser):
    """Collects the tags with their attributes, and the text of each script and style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inlined: dict[str, list[str]] = {"script": [], "style": []}
        self._open: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag if tag in self.inlined else None
        if self._open:
            self.inlined[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = None

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inlined[self._open][-1] += data


@pytest.fixture(params=PAGES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def built(name: str) -> Page:
    return PAGES[name]()


def policy_of(headers: dict[str, str]) -> dict[str, set[str]]:
    directives = (directive.split() for directive in headers["Content-Security-Policy"].split(";"))
    return {name: set(values) for name, *values in directives}


def compressed_kb(built: Page) -> float:
    headers = "".join(f"{name}: {value}\r\n" for name, value in built.headers.items())
    return len(headers.encode() + gzip.compress(built.html.encode())) / 1000


def csp_hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_exactly_the_pages_own_scripts_and_styles_may_run(name: str, built: Page) -> None:
    inlined = _Reader(built.html).inlined
    policy = policy_of(dict(built.headers))
    assert policy["script-src"] == {csp_hash(text) for text in (*inlined["script"], *LATER[name])}
    assert policy["style-src"] == {csp_hash(text) for text in inlined["style"]}


def test_every_named_file_is_inlined(name: str, built: Page) -> None:
    assert "/* inline:" not in built.html
    ours = _Reader(built.html).inlined["script"][-1]
    assert all(each in ours for each in NAMES[name])


def test_every_file_of_the_console_is_inlined() -> None:
    web = Path(page.__file__).parent
    named = (web / "agent" / "agent.html").read_text("utf-8")
    files = [path for folder in ("agent", "owner") for path in (web / folder).glob("*.*s")]
    assert all(f" {path.relative_to(web).as_posix()} " in named for path in files)


def test_a_page_is_served_without_its_comments(built: Page) -> None:
    ours = _Reader(built.html).inlined["script"][-1]
    assert not re.search(r"^\s*(//|/\*)", ours, re.MULTILINE)
    assert "new URL(" in ours


def test_a_page_stays_small(name: str, built: Page) -> None:
    assert compressed_kb(built) < LARGEST_KB[name]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chat_page_stays_small_in_each_language(language: str) -> None:
    assert compressed_kb(chat_page(language)) < LARGEST_KB["chat"]


@pytest.mark.parametrize("version", [None, "", "of-yesterday"])
def test_only_the_libraries_of_a_page_are_kept_for_good(version: str | None) -> None:
    (current,) = re.findall(r'const LIBRARIES = "libraries\.js\?v=(\w+)";', chat_page().html)
    assert "immutable" in libraries.headers(current)["Cache-Control"]
    assert libraries.headers(version)["Cache-Control"] == "no-cache"


def test_the_page_is_in_its_language_alone() -> None:
    arabic = chat_page("ar")
    assert _Reader(arabic.html).tags[0] == ("html", {"lang": "ar", "dir": "rtl"})
    assert "Loading your conversation" not in arabic.html
    assert arabic.headers["Content-Language"] == "ar"
    assert arabic.headers["Vary"] == "Accept-Language"


def test_a_page_needs_no_other_address(built: Page) -> None:
    for tag, attributes in _Reader(built.html).tags:
        assert "src" not in attributes, tag
        assert (attributes.get("href") or "#").startswith(("#", "data:")), tag
    assert "sourceMappingURL" not in built.html


def test_the_markup_holds_nothing_that_the_policy_would_refuse(built: Page) -> None:
    for tag, attributes in _Reader(built.html).tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag


def test_the_policy_allows_its_own_server_and_nobody_else(name: str, built: Page) -> None:
    policy = policy_of(dict(built.headers))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == {"'none'"}
    assert policy["connect-src"] == policy["frame-ancestors"] == {"'self'"}
    assert policy["img-src"] == {"data:"}
    assert policy["require-trusted-types-for"] == {"'script'"}
    assert policy["trusted-types"] == ({"dompurify", "libraries"} if LATER[name] else {"dompurify"})


def test_only_named_hosts_may_frame_the_chat_and_none_the_console() -> None:
    framed = policy_of(dict(chat_page(framed_by=("https://shop.example", "*.shop.example")).headers))
    assert framed["frame-ancestors"] == {"'self'", "https://shop.example", "*.shop.example"}
    assert policy_of(dict(agent_page().headers))["frame-ancestors"] == {"'self'"}


def test_the_headers_name_the_type_and_keep_addresses_private(built: Page) -> None:
    headers = built.headers
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"


def test_a_page_is_built_once(name: str, built: Page) -> None:
    assert PAGES[name]() is built


@pytest.mark.parametrize("text", ["'</script>'", "`</SCRIPT >`", "/<!--/", "'<!-- <script>'"])
def test_a_script_cannot_end_or_confuse_its_element(text: str) -> None:
    files = {"a.js": f"const held = {text};", "b.js": "after();"}
    built = build_page("<script>/* inline: a.js b.js */</script><p>rest</p>", files.__getitem__)
    content = built.html.removeprefix("<script>").removesuffix("</script><p>rest</p>")
    assert not re.search(r"<!--|</?script", content, re.IGNORECASE)
    assert content.endswith("after();")
    assert policy_of(dict(built.headers))["script-src"] == {csp_hash(content)}


def test_a_style_sheet_that_would_end_its_element_is_refused() -> None:
    with pytest.raises(ValueError, match="</style"):
        build_page("<style>/* inline: a.css */</style>", lambda _: "p::after { content: '</style>' }")


def test_a_page_without_scripts_lets_none_run() -> None:
    assert policy_of(dict(build_page("<p></p>", str).headers))["script-src"] == {"'none'"}


def test_vendored_files_are_those_that_their_table_names() -> None:
    rows = re.findall(
        r"^\| `([\w.]+)` .*`([0-9a-f]{64})` \|$", (VENDOR / "README.md").read_text("utf-8"), re.MULTILINE
    )
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")}
    assert dict(rows) == sums
