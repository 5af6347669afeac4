"""Turn bytes into text, and drop the characters that only a typesetter needs."""

import codecs
import re

from devstack.bedrock.knowledge.reading.document import UnreadableDocument

# UTF-32's mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What browsers read under these names, so that "€" survives.
_READ_AS = {"ascii": "cp1252", "iso8859-1": "cp1252"}
_PROBED_BYTES = 2_000
_LEAST_ZERO_SHARE = 0.4

_LINE_ENDS = re.compile(r"\r\n?|[\x85\u2028]")
_PARAGRAPH_ENDS = re.compile(r"[\f\u2029]")
# Control characters, soft hyphens, marks of width zero, halves of characters and non-characters.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_SHAPES = str.maketrans(
    {
        "\u2010": "-",
        "\u2011": "-",
        "ﬀ": "ff",
        "ﬁ": "fi",
        "ﬂ": "fl",
        "ﬃ": "ffi",
        "ﬄ": "ffl",
        "ﬅ": "st",
        "ﬆ": "st",
    }
)


def decode(body: bytes, declared: str | None = None) -> str:
    """Decode what a byte order mark or the file itself declares, else UTF-8. Raises UnreadableDocument."""
    for encoding in _candidates(body, declared):
        try:
            text = body.decode(encoding)
        except (UnicodeError, LookupError):
            continue
        if "\0" in text:
            raise UnreadableDocument("The file is not text. Give it the ending of what it is.")
        return text
    raise UnreadableDocument("The file is not UTF-8 text. Save it with the encoding UTF-8.")


def _candidates(body: bytes, declared: str | None) -> list[str]:
    marked = next((encoding for mark, encoding in _MARKS if body.startswith(mark)), None)
    if marked:
        return [marked]
    probe = body[:_PROBED_BYTES]
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = probe[start::2]
        if half.count(0) > _LEAST_ZERO_SHARE * max(len(half), 1):
            return [encoding]
    return ["utf-8", *([_READ_AS.get(declared, declared)] if declared else [])]


def tidy(text: str) -> str:
    """Unify line ends and letter shapes, and drop what is invisible."""
    unified = _PARAGRAPH_ENDS.sub("\n\n", _LINE_ENDS.sub("\n", text))
    return _INVISIBLE.sub("", unified).translate(_SHAPES)
