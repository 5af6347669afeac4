"""What a customer says now, of a message that may be an e-mail: without quoted mail, signature and greeting.

It goes line by line. A library was tried first; see docs/decisions/0012-own-words.md.
"""

import json
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from chalicelib.chat.reading.html_mail import as_text

TABLES = Path(__file__).parent / "tables"
MOST_CHARS = 16_000
"""What of a text is read; longer ones are logs or whole threads, with what is new at their beginning."""
LONGEST_SIGN_OFF_WORDS = 5
"""The words that may stand behind a sign-off, on its line: a name, "from Berlin"."""
MOST_NAME_LINES, LONGEST_NAME_LINE = 4, 40
"""What may stand below a "Thanks," that ends a message."""
LONGEST_GREETING_WORDS = 4
DASHES = frozenset({"--", "—", "__"})
RULE = re.compile(r"[_=*-]{20,}")
DATE = re.compile(r"\d{4}|\d{1,2}[:.]\d{2}")
ADDRESS = re.compile(r"\S@\S")
PICTURE = re.compile(r"\[(?:cid|image|bild):[^\[\]\n]{0,200}\]", re.IGNORECASE)
TAG = re.compile(r" ?[\[(](?:#|ticket|case|ref|ext)[^\])]{0,40}[\])]", re.IGNORECASE)
WRITTEN_APART = re.compile(r"[^\W_\u0600-\u06ff\u3040-\u9fff\uac00-\ud7af]")
QUOTED_BEHIND = re.compile(r"(?<=[:：])\s{2,}.*")
REPLY_MARK = re.compile(r"([^\W\d_]{1,4})(?:\[\d{1,4}\])?\s*[:：]\s*")
WORD = re.compile(r"\w+(?:['’.]\w+)*")


@lru_cache(maxsize=8)
def own_words(text: str) -> str:
    """Return what a message says by itself; a message that is nothing but quoted comes back whole."""
    lines = [PICTURE.sub("", line).strip() for line in as_text(text[:MOST_CHARS]).splitlines()]
    kept: list[str] = []
    signed = has_said = False
    for place, line in enumerate(lines):
        if _begins_quoted_mail(lines, place):
            # Above all that is said it begins what was forwarded to be answered.
            if has_said and not _is_quoted(_next_line(lines, place + 1)):
                break
            signed = False
        elif not has_said and (_starts(line, "notices") or _is_forwarded_header(lines, place)):
            continue
        elif _is_quoted(line):
            signed = False
        elif signed:
            signed = not _starts(line, "postscripts")
            kept += [] if signed else [line]
        elif has_said and _signs_off(lines, place):
            signed = True
        elif not (_starts(line, "sent_from") or _is_wrapped_header(lines, place)):
            kept.append(line)
            has_said |= bool(line)
    own = "\n".join(_without_greeting(kept)).strip()
    return own or "\n".join(kept).strip() or text.strip()


def own_subject(subject: str) -> tuple[str, bool]:
    """Return a subject without `Re:`, `Fwd:` and ticket numbers, and whether it is an earlier mail's."""
    words, is_reply = TAG.sub("", " ".join(subject.split())).strip(), False
    while (found := REPLY_MARK.match(words)) and _says(found[1], "replies"):
        words, is_reply = words[found.end() :], True
    return words, is_reply


def _is_quoted(line: str) -> bool:
    return line.startswith((">", "|>"))


def _next_line(lines: Sequence[str], place: int) -> str:
    return next((line for line in lines[place : place + 3] if line), "")


def _begins_quoted_mail(lines: Sequence[str], place: int) -> bool:
    line = lines[place]
    return (
        _is_wrote_line(line)
        or (place > 0 and _is_wrote_line(f"{lines[place - 1]} {line}"))
        or _is_separator(line)
        or _is_header_block(lines, place)
        or (_is_short_wrote_line(line) and _is_quoted(_next_line(lines, place + 1)))
    )


def _is_wrote_line(line: str) -> bool:
    """Tell whether a line is the like of "On Tue, 3 Nov 2026 at 10:12, Ann <ann@example.com> wrote:".

    Behind a wide gap some programs quote on the same line.
    """
    line = QUOTED_BEHIND.sub("", line)
    if not line.endswith((":", "：")) or len(line) > 300:
        return False
    has_date, has_address = DATE.search(line) is not None, ADDRESS.search(line) is not None
    return (has_date and has_address) or ((has_date or has_address) and _holds(line, "wrote"))


def _is_short_wrote_line(line: str) -> bool:
    """Tell whether a line is the like of "Support wrote:"."""
    return line.endswith((":", "：")) and len(line) < 80 and _holds(line, "wrote")


def _is_wrapped_header(lines: Sequence[str], place: int) -> bool:
    """Tell whether a line is the first of two that only together say who wrote when."""
    line = lines[place]
    return (
        place + 1 < len(lines)
        and DATE.search(line) is not None
        and not line.endswith((".", "?", "!"))
        and lines[place + 1].endswith((":", "："))
        and _is_wrote_line(f"{line} {lines[place + 1]}")
    )


def _is_separator(line: str) -> bool:
    return RULE.fullmatch(line) is not None or _says(line.strip("-_=*>:# "), "separators")


def _is_forwarded_header(lines: Sequence[str], place: int) -> bool:
    """Tell whether a line is one of the headers that begin a message, all there is above it but for marks."""
    return _is_header(lines[place], "other_headers") and any(
        _is_header_block(lines, above) for above in range(max(place - 4, 0), place)
    )


def _is_header_block(lines: Sequence[str], place: int) -> bool:
    below = [line for line in lines[place + 1 : place + 4] if line]
    return _is_header(lines[place], "from") and any(_is_header(line, "other_headers") for line in below)


def _is_header(line: str, kind: str) -> bool:
    name, colon, _ = line.replace("：", ":").partition(":")
    return bool(colon) and _says(name.strip("* "), kind)


def _signs_off(lines: Sequence[str], place: int) -> bool:
    line = lines[place]
    if line in DASHES or _starts(line, "disclaimers"):
        return True
    if len(line) > 80 or "?" in line:
        return False
    rest = _behind(line, "sign_offs")
    if rest is not None:
        return len(WORD.findall(rest)) <= LONGEST_SIGN_OFF_WORDS
    rest = _behind(line, "weak_sign_offs")
    return rest is not None and len(WORD.findall(rest)) <= 2 and _are_names(lines, place + 1)


def _are_names(lines: Sequence[str], start: int) -> bool:
    """Tell whether from a line on there are only a few short lines up to the end or to what is quoted."""
    names = 0
    for place in range(start, len(lines)):
        line = lines[place]
        if _is_quoted(line) or line in DASHES or _begins_quoted_mail(lines, place):
            break
        names += bool(line)
        if names > MOST_NAME_LINES or len(line) > LONGEST_NAME_LINE or line.endswith((".", "?", "？")):
            return False
        if place - start > 3 * MOST_NAME_LINES:
            break
    return True


def _without_greeting(lines: Sequence[str]) -> Sequence[str]:
    """Drop "Dear Ann," of the first line that says something."""
    first = next((place for place, line in enumerate(lines) if line), None)
    behind = None if first is None else _behind(lines[first], "greetings")
    if first is None or behind is None:
        return lines
    name, mark, rest = _cut_at_first(behind, ",!.:，。！،、")
    if len(WORD.findall(name)) > LONGEST_GREETING_WORDS or not (mark or len(lines) > first + 1):
        return lines
    return [rest.strip(), *lines[first + 1 :]]


def _cut_at_first(text: str, marks: str) -> tuple[str, str, str]:
    place = next((n for n, letter in enumerate(text) if letter in marks), len(text))
    return text[:place], text[place : place + 1], text[place + 1 :]


@cache
def _table(kind: str) -> frozenset[str]:
    return frozenset(_mail()[kind])


@cache
def _mail() -> dict[str, list[str]]:
    tables: dict[str, list[str]] = json.loads((TABLES / "mail.json").read_text("utf-8"))
    return tables


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    longest_first = sorted(_table(kind), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(map(_as_pattern, longest_first))})", re.IGNORECASE)


def _as_pattern(phrase: str) -> str:
    # Only where words are written apart does one end where a phrase does.
    return re.escape(phrase) + (r"(?!\w)" if WRITTEN_APART.match(phrase[-1]) else "")


def _says(text: str, kind: str) -> bool:
    return " ".join(text.casefold().split()) in _table(kind)


def _behind(line: str, kind: str) -> str | None:
    """Return what stands behind a phrase of the table at the beginning of a line; None where none does."""
    found = _pattern(kind).match(line)
    return line[found.end() :] if found else None


def _starts(line: str, kind: str) -> bool:
    return _pattern(kind).match(line) is not None


def _holds(line: str, kind: str) -> bool:
    return _pattern(kind).search(line) is not None
