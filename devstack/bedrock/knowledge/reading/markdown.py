"""Read Markdown and plain text."""

import html
import re
from textwrap import dedent

from devstack.bedrock.knowledge.reading.characters import decode, tidy
from devstack.bedrock.knowledge.reading.document import Document
from devstack.bedrock.knowledge.reading.drawn_tables import with_drawn_tables
from devstack.bedrock.knowledge.reading.html.file import html_to_text
from devstack.bedrock.knowledge.reading.marks import lowered, raised

_CODE = re.compile(
    r"^[ \t]*(`{3,}(?=[^`\n]*$)|~{3,}).*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)|`[^`\n]+`", re.MULTILINE | re.DOTALL
)
_TILDES = re.compile(r"^([ \t]*)~{3,}", re.MULTILINE)
_KEPT = re.compile("\ue000(\\d+)\ue001")
_KEPT_MARKS = str.maketrans("", "", "\ue000\ue001")

_INVISIBLE = re.compile(
    r"<!--.*?-->|<(script|style|template|noscript)\b.*?</\1\s*>"
    r"|<(\w+)\b[^>]*(?:\shidden(?=[\s>=])|aria-hidden=[\"']true|display\s*:\s*none|visibility\s*:\s*hidden)"
    r"[^>]*>.*?</\2\s*>"
    r"|^\[[^\]\n]+\]:[ \t]*(?:#|<>)[ \t]*(?:\([^\n]*\)|\"[^\n]*\")?$"
    # What only tells a site's generator something.
    r"|^\[\[?_?TOC_?\]?\][ \t]*$|(?<=\S)[ \t]+\{[#.:][^{}\n]*\}[ \t]*$|^\{:[^{}\n]*\}[ \t]*$"
    r"|^:{3,}[ \t]*(?:\{?\w+\}?)?[ \t]*"
    r"|^> \[![A-Z]+\][ \t]*\n",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
_HTML_BLOCK = re.compile(r"^[ \t]*<(table|dl|ul|ol)\b", re.MULTILINE | re.IGNORECASE)
_SUMMARY = re.compile(r"[ \t]*<summary\b[^>]*>(.*?)</summary\s*>\s*", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_BLOCK_END = re.compile(r"[ \t]*</(?:article|center|details|div|p|section)\s*>", re.IGNORECASE)
_WRAPPER = re.compile(
    r"[ \t]*<(?:article|center|details|div|p|section)\b[^>]*>"
    r"|</?(?:a|abbr|b|big|em|font|i|ins|label|mark|picture|small|source|span|strong|u)\b[^>]*>",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"<img\b[^>]*?(?:\balt\s*=\s*[\"']([^\"'<>]*)[\"'][^>]*)?>", re.IGNORECASE)
_KEY = re.compile(r"<(kbd|samp|tt|code)>([^<`]+)</\1>", re.IGNORECASE)
_SCRIPT = re.compile(r"<(sup|sub)>([^<]*)</\1>", re.IGNORECASE)
_STRUCK = re.compile(r"<(del|s|strike)>\s*(.+?)\s*</\1>", re.IGNORECASE)
_BREAK = re.compile(r"[ \t]*<br\s*/?>[ \t]*", re.IGNORECASE)
# Those for <, >, & and " would become markup.
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|#60|#62);)(?:#\d+|#x[\da-f]+|[a-z]\w*);", re.IGNORECASE)
_CHARACTERS_BEFORE = 12

_UNDERLINED = re.compile(
    r"(?m)(?:\A|(?<=\n\n))(?![#>|`~*+-]|\d+[.)] )(\S.*(?:\n(?![=-]+\s*$)\S.*){0,2})\n(=+|-+)[ \t]*$"
)
_BOX = re.compile(
    r"^(!!!|\?\?\?\+?|===)[ \t]+(?:\w+[ \t]*)?(?:\"([^\"\n]*)\")?[ \t]*\n((?:(?: {4}|\t).*\n?|[ \t]*\n)+)",
    re.MULTILINE,
)
_NOTE = re.compile(r"^\[\^([\w-]+)\]:[ \t]*(.+(?:\n(?: {2,}|\t)\S.*)*)\n?", re.MULTILINE)
_REFERENCE = re.compile(r"[ \t]?\[\^([\w-]+)\](?!:)")
_LONGEST_NOTE = 200
_MEANING = re.compile(r"^(?![#>|*+-])(\w[^\n:]{0,80}[^\n:?？])\n: +(\S.*)$", re.MULTILINE)
_ROW_INDENT = re.compile(r"^[ \t]+(?=\|)", re.MULTILINE)
_BARE_TABLE = re.compile(r"(?m)^(?!\s*\|).*\|.*\n[ \t]*:?-+:?(?:[ \t]*\|[ \t]*:?-+:?)+[ \t]*(?:\n.*\|.*)*$")


def one_form_each(text: str) -> str:
    """Return the text with everything but code in the one form that the rest of the program knows.

    Raises UnreadableDocument.
    """
    code: list[str] = []

    def keep(found: re.Match[str]) -> str:
        code.append(_fenced(found[0]))
        return f"\ue000{len(code) - 1}\ue001"

    text = _CODE.sub(keep, text.translate(_KEPT_MARKS))
    text = _UNDERLINED.sub(_with_hashes, _without_html(_with_notes_beside(_opened(text))))
    text = _MEANING.sub(r"\1: \2", text)
    text = _BARE_TABLE.sub(_with_outer_pipes, _ROW_INDENT.sub("", text))
    return _KEPT.sub(lambda found: code[int(found[1])], text)


def _opened(text: str) -> str:
    """Return the text with what a site shows in boxes and tabs as paragraphs below their titles."""

    def open_box(found: re.Match[str]) -> str:
        kind, title = found[1], found[2] or ""
        head = f"### {title}" if title and (kind == "===" or title.endswith("?")) else title
        return f"{head}\n\n{dedent(found[3])}"

    return _BOX.sub(open_box, text)


def _with_notes_beside(text: str) -> str:
    """Return the text with each short footnote where it is referred to."""
    notes = {name: " ".join(note.split()) for name, note in _NOTE.findall(text)}
    if not notes:
        return text
    short = {name: note for name, note in notes.items() if len(note) <= _LONGEST_NOTE and "[^" not in note}
    text = _NOTE.sub(lambda found: "" if found[1] in short else found[0], text)
    return _REFERENCE.sub(lambda found: f" ({short[found[1]]})" if found[1] in short else found[0], text)


def _fenced(code: str) -> str:
    return _TILDES.sub(r"\1```", code) if code.lstrip().startswith("~~~") else code


def _with_hashes(found: re.Match[str]) -> str:
    return f"{'#' if found[2][0] == '=' else '##'} {' '.join(found[1].split())}"


def _with_outer_pipes(found: re.Match[str]) -> str:
    return "\n".join(f"| {line.strip().strip('|').strip()} |" for line in found[0].split("\n"))


def _without_html(text: str) -> str:
    text = _INVISIBLE.sub("", text)
    if "<" in text:
        text = _with_blocks_read(text)
        text = _SUMMARY.sub(lambda found: f"\n\n### {' '.join(_TAG.sub('', found[1]).split())}\n\n", text)
        text = _PICTURE.sub(lambda found: found[1] or "", _KEY.sub(r"`\2`", text))
        text = _WRAPPER.sub("", _BLOCK_END.sub("\n\n", text))
        text = _BREAK.sub(_break, _STRUCK.sub(r"~~\2~~", _SCRIPT.sub(_on_the_line, text)))
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def _with_blocks_read(text: str) -> str:
    """Read the tables and lists that are written as HTML."""
    read = []
    start = 0
    while found := _HTML_BLOCK.search(text, start):
        end = _element_end(text, found.start(), found[1])
        read += [text[start : found.start()], f"\n{html_to_text(text[found.start() : end])[1]}\n\n"]
        start = end
    return "".join([*read, text[start:]])


def _element_end(text: str, start: int, name: str) -> int:
    """Return where an element ends, those of the same name inside it passed over."""
    depth = 0
    for tag in re.compile(rf"<(/?){name}\b[^>]*>", re.IGNORECASE).finditer(text, start):
        depth += -1 if tag[1] else 1
        if not depth:
            return tag.end()
    return len(text)


def _on_the_line(found: re.Match[str]) -> str:
    before = found.string[max(found.start() - _CHARACTERS_BEFORE, 0) : found.start()]
    if found[1].lower() == "sub":
        return lowered(found[2], before)
    return raised(found[2], before, found.string[found.end() : found.end() + _CHARACTERS_BEFORE])


def _break(found: re.Match[str]) -> str:
    line_start = found.string.rfind("\n", 0, found.start()) + 1
    return ", " if found.string.startswith("|", line_start) else "\n"


_LONGEST_TITLE_LINE = 120
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)\n(.*?)\n(?:\1|\.\.\.)\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.MULTILINE)
_CODE_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_EMPHASIS = re.compile(r"[*_`]{1,3}(\S.*?\S|\S)[*_`]{1,3}")


def read_markdown(body: bytes) -> Document:
    """Read Markdown; the title is that of the front matter, else the first heading."""
    text = tidy(decode(body))
    front = _FRONT_MATTER.match(text)
    named = _FRONT_TITLE.search(front.group(2)) if front else None
    text = one_form_each(text[front.end() :] if front else text)
    title = named or _HEADING.search(_CODE_FENCE.sub("", text))
    return Document(_EMPHASIS.sub(r"\1", title.group(1)) if title else None, text)


def read_text(body: bytes) -> Document:
    """Read plain text; a first line that stands alone, short and without a full stop, is the title."""
    text = one_form_each(with_drawn_tables(tidy(decode(body)).strip()))
    return Document(title_of(text), text)


def title_of(text: str) -> str | None:
    """Return the first heading of a text, else its first line if it stands alone like one."""
    if heading := _HEADING.search(_CODE_FENCE.sub("", text)):
        return heading.group(1)
    first, _, rest = text.partition("\n")
    stands_alone = not rest.strip() or rest.startswith("\n") or first.rstrip().endswith("?")
    is_text = first.startswith(("|", "-", "```")) or first.rstrip().endswith((".", ":", ",", ";"))
    is_pair = ": " in first  # a fact, or a labelled question
    return (
        first if stands_alone and len(first) <= _LONGEST_TITLE_LINE and not is_text and not is_pair else None
    )
