"""Where the links of a Markdown text lead, by two renderers that are not ours."""

import re

import lxml.html
from markdown_it import MarkdownIt

FOLLOWED = ("href", "src", "action", "data", "xlink:href", "content")
ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:|[/\\]{2}", re.IGNORECASE)

_github = MarkdownIt("gfm-like", {"html": True, "linkify": True})
# A client that makes a link of each name with a dot in it does so with any text.
_github.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})  # type: ignore[union-attr]
RENDERERS = (_github, MarkdownIt("commonmark"))


def leading_away(text: str, host: str) -> list[str]:
    """Return the addresses that a reader could follow, or a browser would load, from another host."""
    home = re.compile(rf"https?://{re.escape(host)}(?::\d+)?[/?#]", re.IGNORECASE)
    return [
        address
        for address in _addresses(text)
        if ABSOLUTE.match(address) and not home.match(address) and not address.startswith("mailto:")
    ]


def _addresses(text: str) -> list[str]:
    found = []
    for renderer in RENDERERS:
        page = lxml.html.fragment_fromstring(renderer.render(text), create_parent="div")
        for element in page.iter(lxml.html.etree.Element):
            found += [element.get(name, "") for name in FOLLOWED if element.get(name)]
    # As browsers read them.
    return [re.sub(r"[\t\r\n]", "", address).strip() for address in found]
