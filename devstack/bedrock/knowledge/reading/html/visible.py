"""Leave of a web page what a visitor can read."""

import re

from lxml.html import HtmlElement

_DROPPED = frozenset(
    {
        "audio", "canvas", "datalist", "head", "iframe", "nav", "noscript", "object", "script", "select",
        "style", "svg", "template", "textarea", "title", "video",
    }
)  # fmt: skip
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
# Buttons act, but these say what they open.
_LABELLED = frozenset({"dt", "h1", "h2", "h3", "h4", "h5", "h6", "summary"})


def keep_visible(page: HtmlElement) -> None:
    """Remove scripts, comments, menus, form controls and hidden parts from a page.

    What a button opens (`aria-controls`) stays: visitors read it, though it is hidden at first.
    """
    opened = {name for each in page.iter() for name in (each.get("aria-controls") or "").split()}
    for element in list(page.iter()):
        is_markup = not isinstance(element.tag, str)  # a comment or a processing instruction
        if element.getparent() is not None and (is_markup or _is_dropped(element, opened)):
            element.drop_tree()


def _is_dropped(element: HtmlElement, opened: set[str]) -> bool:
    if element.tag in _DROPPED:
        return True
    if element.tag == "button":
        return element.get("aria-expanded") is None and element.getparent().tag not in _LABELLED
    if element.tag == "dialog":
        return element.get("open") is None
    return _is_hidden(element) and element.get("id") not in opened


def _is_hidden(element: HtmlElement) -> bool:
    hidden = element.get("hidden")
    return (
        (hidden is not None and hidden.lower() != "until-found")
        or element.get("aria-hidden") == "true"
        or _HIDING_STYLE.search(element.get("style") or "") is not None
    )
