"""Build the pages: each one response that holds its styles and scripts, and the headers that fence them in.

One file means one Lambda call a page view, and no relative addresses to get wrong behind a stage's path. The
chat page loads the libraries that it only needs for answers later.
"""

import base64
import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from chalicelib.branding import NEUTRAL, Branding
from chalicelib.web.colors import brand_style
from chalicelib.web.files import read_file
from chalicelib.web.languages import words_of
from chalicelib.web.libraries import libraries_address, libraries_script
from chalicelib.web.markup import fill, texts_of

_PLACEHOLDER = re.compile(
    r'(?P<open><(?P<tag>style|script)(?: type="module")?>)'
    r"/\* inline: (?P<names>[\w./ ]+) \*/"
    r"(?P<close></(?P=tag)>)"
)
_WORDS, _BRAND, _LIBRARIES = "words", "brand", "libraries"
"""Not files: what the scripts say in the page's language, a business's colours, where the libraries are."""
_MOST_PAGES = 32
"""How many looks of the page a process keeps, at 90 KB each."""
# Inside a script element the HTML parser acts on `</script`, and on `<!--` followed by `<script`. Scripts
# hold these only in strings, templates, regular expressions and comments, where `\x3c` means the same.
_HTML_IN_SCRIPT = re.compile(r"<(?=!--|/?script)", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """An HTML page and the headers that it must be served with."""

    html: str
    headers: Mapping[str, str]


@functools.lru_cache(maxsize=_MOST_PAGES)
def chat_page(
    language: str = "en", branding: Branding = NEUTRAL, framed_by: tuple[str, ...] = (), color: str = ""
) -> Page:
    """Return the chat page in a language and a business's look, built from the files in `web/`.

    `framed_by` are the hosts whose pages may show it in a frame, as a policy names them. A color replaces
    that of the branding.
    """
    look = replace(branding, color=color or branding.color)
    template = fill(read_file("chat.html"), texts_of(language, look))
    page = build_page(
        template,
        functools.partial(_read_for, language, look.color),
        look.logo_origin,
        framed_by,
        loads=(libraries_script(),),
    )
    return Page(
        page.html, MappingProxyType({**page.headers, "Content-Language": language, "Vary": "Accept-Language"})
    )


@functools.cache
def agent_page() -> Page:
    """Return the agents' console, built once per process from the files in `web/`."""
    return build_page(read_file("agent/agent.html"), functools.partial(_read_for, "en", ""))


def build_page(
    template: str,
    read: Callable[[str], str],
    image_origin: str = "",
    framed_by: tuple[str, ...] = (),
    loads: tuple[str, ...] = (),
) -> Page:
    """Fill the template's `/* inline: a.js b.js */` elements with the named files, and let only those run.

    `image_origin` is where an image may come from, besides data. `loads` are the scripts that it loads later:
    their text runs as well, and no other.

    Raises ValueError when a style sheet would end its own element.
    """
    hashes: dict[str, list[str]] = {"script": [_csp_hash(text) for text in loads], "style": []}

    def inlined(placeholder: re.Match[str]) -> str:
        tag = placeholder["tag"]
        text = "\n".join(read(name) for name in placeholder["names"].split())
        content = _safe_script(text) if tag == "script" else _safe_style(text)
        hashes[tag].append(_csp_hash(content))
        return placeholder["open"] + content + placeholder["close"]

    html = _PLACEHOLDER.sub(inlined, template)
    # Markup from a string may enter the page through the sanitiser alone, a script through `libraries`.
    entrances = "dompurify libraries" if loads else "dompurify"
    return Page(html, MappingProxyType(_headers(hashes, image_origin, framed_by, entrances)))


def _read_for(language: str, color: str, name: str) -> str:
    if name == _WORDS:
        words = json.dumps(words_of(language)["script"], ensure_ascii=False, separators=(",", ":"))
        return f"const WORDS = {words};\n"
    if name == _LIBRARIES:
        return f"const LIBRARIES = {json.dumps(libraries_address())};\n"
    return brand_style(color) if name == _BRAND else read_file(name)


def _safe_script(text: str) -> str:
    return _HTML_IN_SCRIPT.sub(r"\\x3c", text)


def _safe_style(text: str) -> str:
    if "</style" in text.lower():
        raise ValueError("A style sheet holds `</style`, which would end the element it is inlined into.")
    return text


def _csp_hash(content: str) -> str:
    """Return the source expression that lets a browser run exactly this inline text."""
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _headers(
    hashes: Mapping[str, list[str]], image_origin: str, framed_by: tuple[str, ...], trusted_types: str
) -> dict[str, str]:
    policy = {
        "default-src": "'none'",
        "script-src": " ".join(hashes["script"]) or "'none'",
        "style-src": " ".join(hashes["style"]) or "'none'",
        "connect-src": "'self'",
        "img-src": f"data: {image_origin}".rstrip(),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": " ".join(("'self'", *framed_by)),
        "require-trusted-types-for": "'script'",
        "trusted-types": trusted_types,
    }
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
