"""Turn a web page into Markdown: what a visitor can read of it, in blocks."""

import codecs
import re
from collections.abc import Iterator, Sequence

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from devstack.bedrock.knowledge.reading.characters import decode, tidy
from devstack.bedrock.knowledge.reading.document import Document, UnreadableDocument
from devstack.bedrock.knowledge.reading.html import parts
from devstack.bedrock.knowledge.reading.html.parts import (
    inline_text,
    is_struck,
    tidy_inline,
    write_inline,
)
from devstack.bedrock.knowledge.reading.marks import struck
from devstack.bedrock.knowledge.reading.tables import cell_text, table_blocks

_DROPPED = frozenset(
    {
        "audio", "canvas", "datalist", "head", "iframe", "nav", "noscript", "object", "script", "select",
        "style", "svg", "template", "textarea", "title", "video",
    }
)  # fmt: skip
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
_FURNITURE_ROLES = frozenset(
    {"alertdialog", "banner", "contentinfo", "dialog", "menu", "menubar", "navigation", "search"}
)
_COOKIE_BANNER = re.compile(
    r"cookie\W?(?:banner|bar|consent|notice|popup)|\b(?:onetrust|cookiebot)", re.IGNORECASE
)
_PAGES_OWN = ("article", "h1", "main")
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
    if element.tag == "dialog" and element.get("open") is None:
        return True
    if element.get("id") in opened:
        return False
    return _is_hidden(element) or _is_furniture(element)


def _is_furniture(element: HtmlElement) -> bool:
    """Tell whether an element says by its role or name that it is a site's and not the page's own."""
    if element.get("role") in _FURNITURE_ROLES:
        return True
    names = f"{element.get('id') or ''} {element.get('class') or ''}"
    # What is around the whole page may say that it has such a banner.
    return _COOKIE_BANNER.search(names) is not None and next(element.iter(*_PAGES_OWN), None) is None


def _is_hidden(element: HtmlElement) -> bool:
    hidden = element.get("hidden")
    return (
        (hidden is not None and hidden.lower() != "until-found")
        or element.get("aria-hidden") == "true"
        or _HIDING_STYLE.search(element.get("style") or "") is not None
    )


_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset({"menu", "ol", "ul"})
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl",
        "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "legend", "li", "main",
        "p", "pre", "section", "summary", "table", *_LISTS, *_HEADINGS,
    }
)  # fmt: skip
_DECLARED_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_PROBED_BYTES = 2048
_SITE_NAME = re.compile(r"[|–—·•»:-]\s.+|.+\s[|–—·•«:-]", re.DOTALL)
_TICKS = re.compile(r"`{3,}")
_LOWEST_LEVEL = 6
_LONGEST_DEFINITION = 200


def read_html(body: bytes) -> Document:
    """Read a web page, in the encoding that it declares. Raises UnreadableDocument."""
    return Document(*html_to_text(tidy(decode(body, _declared_charset(body)))))


def _declared_charset(body: bytes) -> str | None:
    declared = _DECLARED_CHARSET.search(body[:_PROBED_BYTES])
    if declared is None:
        return None
    try:
        return codecs.lookup(declared.group(1).decode("ascii", "replace")).name
    except LookupError:
        return None


def html_to_text(html: str) -> tuple[str | None, str]:
    """Return the title (the <title>, else the first heading) and the text. Raises UnreadableDocument."""
    page = _parsed(html)
    if page is None:
        return None, ""
    titles = [inline_text(each) for each in page.iter("title") if each.getparent().tag in ("body", "head")]
    parts.set_styles(page)
    keep_visible(page)
    reader = _Reader(page)
    text = "\n\n".join(filter(None, reader.blocks(_main_part(page))))
    return _without_site(next(filter(None, titles), ""), reader.first_heading) or None, text


def _without_site(title: str, heading: str) -> str:
    """Return the title of a page, without the site's name that stands beside its heading in many."""
    beside = title.replace(heading, "", 1).strip() if heading and heading in title else ""
    return heading if not title or _SITE_NAME.fullmatch(beside) else title


def _main_part(page: HtmlElement) -> HtmlElement:
    """Return the part that a page names as its main one, without the site around it; else all of it."""
    named = [each for each in page.iter() if each.tag == "main" or each.get("role") == "main"]
    return named[0] if len(named) == 1 and named[0].text_content().strip() else page


def _parsed(html: str) -> HtmlElement | None:
    parser = HTMLParser(encoding="utf-8")
    try:
        page = document_fromstring(html.encode(), parser=parser)
    except etree.ParserError:  # there is no element in it
        return None
    if parser.error_log.filter_from_level(etree.ErrorLevels.FATAL):
        raise UnreadableDocument("The HTML is nested too deeply to be read. Check it with a validator.")
    return page


class _Reader:
    """Walks through a page, and knows under which heading it is."""

    def __init__(self, page: HtmlElement) -> None:
        self.first_heading = ""
        self._section = ""
        self._level = 1
        self._holders: set[HtmlElement] = set()
        for block in page.iter(*_BLOCKS):
            for around in block.iterancestors():
                if around in self._holders:
                    break
                self._holders.add(around)

    def blocks(self, parent: HtmlElement) -> Iterator[str]:
        """Yield the blocks in an element; text between two block elements is a paragraph."""
        inline = [parent.text or ""]
        for child in parent:
            if child.tag in _BLOCKS or child in self._holders:
                yield tidy_inline(inline)
                inline = []
                yield from self._block(child)
            else:
                write_inline(child, inline)
            inline.append(child.tail or "")
        yield tidy_inline(inline)

    def _block(self, element: HtmlElement) -> Iterator[str]:
        if element.tag in _HEADINGS:
            yield self._heading(element)
        elif element.tag == "summary":
            yield self._summary(element)
        elif element.tag == "details":
            around = self._section, self._level
            yield from self.blocks(element)
            self._section, self._level = around
        elif element.tag in _LISTS:
            yield "\n".join(self._list_lines(element))
        elif element.tag == "table":
            yield from self._table(element)
        elif element.tag == "pre":
            yield _code(element)
        elif element.tag == "dl":
            yield from self._definitions(element)
        else:
            inner = self.blocks(element)
            yield from map(struck, inner) if is_struck(element) else inner
        if element.tag in ("details", "dl") and _is_followed_by_text(element):
            yield self._section

    def _heading(self, element: HtmlElement) -> str:
        text = inline_text(element).replace("\n", " ")
        if not text:
            return ""
        self._level = _HEADINGS[element.tag]
        self._section = f"{'#' * self._level} {text}"
        self.first_heading = self.first_heading or text
        return self._section

    def _summary(self, element: HtmlElement) -> str:
        heading = self._subheading(inline_text(element))
        if heading:
            self._section, self._level = heading, min(self._level + 1, _LOWEST_LEVEL)
        return heading

    def _subheading(self, text: str) -> str:
        level = min(self._level + 1, _LOWEST_LEVEL)
        return f"{'#' * level} {' '.join(text.split())}" if text else ""

    def _list_lines(self, element: HtmlElement) -> Iterator[str]:
        number = _integer(element, "start", 1)
        for item in element:
            if item.tag in _LISTS:
                yield from (f"  {line}" for line in self._list_lines(item))
                continue
            number = _integer(item, "value", number)
            mark = f"{number}. " if element.tag == "ol" else "- "
            first, *others = "\n".join(filter(None, self.blocks(item))).split("\n")
            if first:
                yield mark + first
                yield from (" " * len(mark) + line for line in others)
            number += 1

    def _table(self, element: HtmlElement) -> Iterator[str]:
        yield from (inline_text(caption) for caption in element.findall("caption"))
        if parts.is_layout(element):
            for row in parts.own_rows(element):
                for cell in parts.own_cells(row):
                    yield from self.blocks(cell)
        else:
            rows = list(parts.table_rows(element, lambda cell: cell_text(self.blocks(cell))))
            yield from table_blocks(rows, parts.count_header_rows(element))

    def _definitions(self, element: HtmlElement) -> Iterator[str]:
        """Yield terms with what is said of them; a question, or a term of long text, is a heading."""
        terms: list[str] = []
        meaning: list[str] = []
        groups = (child if child.tag == "div" else [child] for child in element)
        for part in (part for group in groups for part in group if part.tag in ("dd", "dt")):
            if part.tag == "dt" and meaning:
                yield from self._definition(", ".join(terms), meaning)
                terms, meaning = [], []
            if part.tag == "dt":
                terms.append(" ".join(inline_text(part).split()))
            else:
                meaning.extend(filter(None, self.blocks(part)))
        yield from self._definition(", ".join(terms), meaning)

    def _definition(self, term: str, meaning: Sequence[str]) -> Iterator[str]:
        short = cell_text(meaning) if any(each.endswith(".") for each in meaning) else "; ".join(meaning)
        if term and not term.endswith("?") and "\n" not in short and len(short) <= _LONGEST_DEFINITION:
            yield f"{term.rstrip(':')}: {short}" if short else term
        else:
            yield self._subheading(term)
            yield from meaning


def _is_followed_by_text(element: HtmlElement) -> bool:
    """Tell whether text comes next that does not belong to the last entry of a list of entries."""
    following = element.getnext()
    if (element.tail or "").strip():
        return True
    return following is not None and following.tag not in ("details", "dl", *_HEADINGS)


def _code(element: HtmlElement) -> str:
    for line_break in element.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    code = element.text_content().strip("\n").rstrip()
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in _TICKS.findall(code))])
    return f"{fence}\n{code}\n{fence}" if code else ""


def _integer(element: HtmlElement, name: str, default: int) -> int:
    given = element.get(name) or ""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 7 else default
