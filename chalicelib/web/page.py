"""Build the pages: each one response that holds its styles and scripts, and the headers that fence them in.

One file means one Lambda call a page view, and no relative addresses to get wrong behind a stage's path.
"""

import base64
import functools
import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from chalicelib.web.languages import RIGHT_TO_LEFT, words_of

_WEB = Path(__file__).parent
_PLACEHOLDER = re.compile(
    r'(?P<open><(?P<tag>style|script)(?: type="module")?>)'
    r"/\* inline: (?P<names>[\w./ ]+) \*/"
    r"(?P<close></(?P=tag)>)"
)
_WORD = re.compile(r"\{\{(\w+)\}\}")
_WORDS_OF_SCRIPTS = "words"
"""Not a file, but what the scripts say in the page's language."""
# Inside a script element the HTML parser acts on `</script`, and on `<!--` followed by `<script`. Scripts
# hold these only in strings, templates, regular expressions and comments, where `\x3c` means the same.
_HTML_IN_SCRIPT = re.compile(r"<(?=!--|/?script)", re.IGNORECASE)
# What our files have for their readers, comments and indents, is not served: it is a tenth of the page.
_FOR_READERS = re.compile(r"^[ \t]*(?:(?://.*|/\*.*\*/)\n)?", re.MULTILINE)
# The source maps of the libraries are not served.
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """An HTML page and the headers that it must be served with."""

    html: str
    headers: Mapping[str, str]


@functools.cache
def chat_page(language: str = "en", framed_by: tuple[str, ...] = ()) -> Page:
    """Return the chat page in a language, built once per process from the files in `web/`.

    `framed_by` are the hosts whose pages may show it in a frame, as a policy names them.
    """
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    words = {**words_of(language)["page"], "language": language, "direction": direction}
    page = build_page(
        _with_words(read_file("chat.html"), words), functools.partial(_read_in, language), framed_by
    )
    return Page(
        page.html, MappingProxyType({**page.headers, "Content-Language": language, "Vary": "Accept-Language"})
    )


@functools.cache
def agent_page() -> Page:
    """Return the agents' console, built once per process from the files in `web/`."""
    return build_page(read_file("agent/agent.html"), functools.partial(_read_in, "en"))


def build_page(template: str, read: Callable[[str], str], framed_by: tuple[str, ...] = ()) -> Page:
    """Fill the template's `/* inline: a.js b.js */` elements with the named files, and let only those run.

    Raises ValueError when a style sheet would end its own element.
    """
    hashes: dict[str, list[str]] = {"script": [], "style": []}

    def fill(placeholder: re.Match[str]) -> str:
        tag = placeholder["tag"]
        text = "\n".join(read(name) for name in placeholder["names"].split())
        content = _safe_script(text) if tag == "script" else _safe_style(text)
        hashes[tag].append(_csp_hash(content))
        return placeholder["open"] + content + placeholder["close"]

    html = _PLACEHOLDER.sub(fill, template)
    return Page(html, MappingProxyType(_headers(hashes["script"], hashes["style"], framed_by)))


def _with_words(template: str, words: Mapping[str, str]) -> str:
    """Fill the template's `{{places}}` with texts, which stay text. Raises KeyError for an unknown place."""
    return _WORD.sub(lambda place: html.escape(words[place[1]]), template)


def _read_in(language: str, name: str) -> str:
    if name != _WORDS_OF_SCRIPTS:
        return read_file(name)
    words = json.dumps(words_of(language)["script"], ensure_ascii=False, separators=(",", ":"))
    return f"const WORDS = {words};\n"


def read_file(name: str) -> str:
    """Return a file of `web/` as it is served."""
    # Reading as text makes every line end a `\n`, as the browser does before it takes the hash.
    text = (_WEB / name).read_text(encoding="utf-8")
    return text if name.startswith("vendor/") else _FOR_READERS.sub("", text)


def _safe_script(text: str) -> str:
    return _HTML_IN_SCRIPT.sub(r"\\x3c", _SOURCE_MAP.sub("", text))


def _safe_style(text: str) -> str:
    if "</style" in text.lower():
        raise ValueError("A style sheet holds `</style`, which would end the element it is inlined into.")
    return text


def _csp_hash(content: str) -> str:
    """Return the source expression that lets a browser run exactly this inline text."""
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _headers(script_hashes: list[str], style_hashes: list[str], framed_by: tuple[str, ...]) -> dict[str, str]:
    policy = {
        "default-src": "'none'",
        "script-src": " ".join(script_hashes) or "'none'",
        "style-src": " ".join(style_hashes) or "'none'",
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": " ".join(("'self'", *framed_by)),
        # Markup from a string may enter the page through the sanitiser alone.
        "require-trusted-types-for": "'script'",
        "trusted-types": "dompurify",
    }
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
