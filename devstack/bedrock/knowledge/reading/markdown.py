"""Read Markdown and plain text."""

import re

from devstack.bedrock.knowledge.reading.characters import decode, tidy
from devstack.bedrock.knowledge.reading.document import Document
from devstack.bedrock.knowledge.reading.markdown_forms import one_form_each

_LONGEST_TITLE_LINE = 120
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.MULTILINE)
_CODE_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_EMPHASIS = re.compile(r"[*_`]{1,3}(\S.*?\S|\S)[*_`]{1,3}")


def read_markdown(body: bytes) -> Document:
    """Read Markdown; the title is that of the front matter, else the first heading."""
    text = tidy(decode(body))
    front = _FRONT_MATTER.match(text)
    named = _FRONT_TITLE.search(front.group(1)) if front else None
    text = one_form_each(text[front.end() :] if front else text)
    title = named or _HEADING.search(_CODE_FENCE.sub("", text))
    return Document(_EMPHASIS.sub(r"\1", title.group(1)) if title else None, text)


def read_text(body: bytes) -> Document:
    """Read plain text; a first line that stands alone, short and without a full stop, is the title."""
    text = one_form_each(tidy(decode(body)).strip())
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
