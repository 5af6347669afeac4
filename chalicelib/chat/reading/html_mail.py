"""The text of a message that a mail program or a ticketing system wrote as HTML; what it quotes is a `>`."""

import html
import re

IS_HTML = re.compile(r"\s{0,100}<(?:!doctype|html|body|div|p|span|table|br)\b", re.IGNORECASE)
LINE_OR_PART_ENDS = re.compile(r"</[a-z]|<br\b", re.IGNORECASE)
UNSEEN = re.compile(
    r"<(style|script|head|title)\b[^<>]{0,500}>.*?(?:</\1\s{0,9}>|\Z)", re.IGNORECASE | re.DOTALL
)
QUOTE = re.compile(r"(</?blockquote\b[^<>]{0,500}>)", re.IGNORECASE)
LINE_END = re.compile(r"<(?:br|hr|/p|/div|/tr|/li|/h[1-6]|/table)\b[^<>]{0,500}>", re.IGNORECASE)
TAG = re.compile(r"<[/!]?[a-z][^<>]{0,2000}>", re.IGNORECASE)


def as_text(message: str) -> str:
    """Return the lines that a message in HTML shows; any other message as it is."""
    if not IS_HTML.match(message) or not LINE_OR_PART_ENDS.search(message):
        return message
    shown = []
    depth = 0
    for part in QUOTE.split(UNSEEN.sub(" ", message)):
        if QUOTE.fullmatch(part):
            depth = max(depth - 1, 0) if part.startswith("</") else depth + 1
            shown.append("<br>&gt;<br>")
        elif not depth:
            shown.append(" ".join(part.split()))
    return html.unescape(TAG.sub("", LINE_END.sub("\n", " ".join(shown)))).replace("\u00a0", " ")
