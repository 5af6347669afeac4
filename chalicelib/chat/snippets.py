"""What of a passage is shown beside its title: the words that matter, as plain text that means the same."""

import html
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from chalicelib.markdown_tables import cells_of, is_rule

MOST_CHARS = 240
MOST_PASSAGE_CHARS = 20_000
LONGEST_STEM = 6
"""How many letters of a word are compared, so that "refunds" is found by "refunded"."""
LEAST_COMMON = 2
CHARS_BEFORE, MOST_PLACES = 60, 20
"""What is shown before a word that is wanted of a long piece, and how many of these words are tried."""
HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})")
BULLET = re.compile(r"[-*+•] +(?=\S)")
NUMBERED = re.compile(r"\d{1,9}[.)] ")
QUOTE = re.compile(r"^(?:> ?)+(?![\d€$£ ])")
SENTENCE_END = re.compile(r"(?<=[.!?…؟])[\"'”’»)*_]* +(?=[^\s a-z])|(?<=[。！？])(?=.)")
INLINE = re.compile(
    r"""
    (?<!`)(?P<ticks>`+)(?!`)(?P<code>[^`]+)(?P=ticks)
  | !?\[(?P<text>[^\[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\ "[^"]*")?\)
  | <(?P<tag>del|s|sup|sub)>(?P<marked>[^<]*)</(?P=tag)>
  | (?P<gap><br\ ?/?>)
  | </?(?:a|abbr|b|big|div|em|font|i|ins|kbd|li|mark|ol|p|small|span|strong|td|th|tr|u|ul)(?:\s[^<>]*)?>
  | \\(?P<escaped>[!-/:-@\[-`{-~])
  | (?<![A-Za-z0-9)*])(?P<stars>\*{1,3})(?=[^*\s])(?P<strong>[^*\n]*[^*\s])(?P=stars)(?![A-Za-z0-9])
  | (?<!\w)_(?=[^_\s])(?P<em>[^_\n]*[^_\s])_(?!\w)
    """,
    re.VERBOSE | re.IGNORECASE,
)
RAISED = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
LOWERED = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
WORD = re.compile(r"[^\W\d_]+")
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{2,}")


def snippet(passage: str, about: str = "") -> str:
    """Return the part of a Markdown passage that has most in common with a text, else its beginning.

    It is one line of plain text, at most 240 characters and what shows that it was cut.
    """
    pieces = list(_pieces(passage[:MOST_PASSAGE_CHARS].splitlines()))
    if not pieces:
        return _cut(" ".join(passage.lstrip("# ").split()), 0)
    wanted = _stems(about)
    best = _best(pieces, wanted)
    # From the beginning, or with the sentence before it, where that leaves room for the best.
    fitting = (place for place in (0, best - 1) if place >= 0 and _fits(pieces[place : best + 1]))
    first = next(fitting, best)
    text = _shown(pieces[first:])
    start = _start_in(text, wanted) if len(pieces[best]) > MOST_CHARS else 0
    return _cut(text, start, was_cut=first > 0)


def plain_text(text: str) -> str:
    """Return Markdown without what only looks, and with what means something as characters."""
    return " ".join(html.unescape(INLINE.sub(_replaced, text)).split())


def _fits(pieces: Sequence[str]) -> bool:
    return len(" ".join(pieces)) <= MOST_CHARS


def _shown(pieces: Sequence[str]) -> str:
    """Return the plain text of as many pieces as can be shown, and one more."""
    text = ""
    for piece in pieces:
        if len(text) > MOST_CHARS:
            break
        text = f"{text} {plain_text(piece)}".strip()
    return text


def _cut(text: str, start: int, was_cut: bool = False) -> str:
    begin, text = ("… " if start or was_cut else ""), text[start:]
    if len(text) <= MOST_CHARS:
        return begin + text
    return f"{begin}{text[:MOST_CHARS].rsplit(' ', 1)[0]} …"


def _best(pieces: Sequence[str], wanted: frozenset[str]) -> int:
    """Return the place of the piece that has most in common with the wanted words; 0 where none has."""
    common = [_common(piece, wanted) for piece in pieces]
    return common.index(max(common)) if max(common) >= LEAST_COMMON else 0


def _common(text: str, wanted: frozenset[str]) -> int:
    """Count the wanted words in a text; a number counts twice, being rarer than a word."""
    folded = text.casefold()
    numbers = set(NUMBER.findall(folded)) if any(map(str.isdigit, folded)) else set()
    return 2 * len(numbers & wanted) + sum(stem in folded for stem in wanted if not stem[0].isdigit())


def _start_in(text: str, wanted: frozenset[str]) -> int:
    """Return where to begin a long piece so that what is wanted of it is seen."""
    if _common(text, wanted) == _common(text[:MOST_CHARS], wanted):
        return 0
    places = [found.start() for found in WORD.finditer(text) if _stems(found[0]) & wanted]
    starts = [text.rfind(" ", 0, max(0, place - CHARS_BEFORE)) + 1 for place in places[:MOST_PLACES]]
    return max(starts, default=0, key=lambda start: _common(text[start : start + MOST_CHARS], wanted))


def _stems(text: str) -> frozenset[str]:
    folded = text.casefold()
    words = {word[:LONGEST_STEM] for word in WORD.findall(folded) if len(word) > 2}
    pairs = {run[n : n + 2] for run in UNSPACED.findall(folded) for n in range(len(run) - 1)}
    return frozenset(words | pairs | set(NUMBER.findall(folded)))


def _pieces(lines: Sequence[str]) -> Iterator[str]:
    """Yield the sentences, items, table rows and lines of code of a passage; headings are its title's."""
    in_code = False
    numbered = []
    for line in lines:
        if FENCE.match(line):
            in_code = not in_code
        else:
            numbered.append((_kind(line, in_code), line.strip()))
    for kind, group in groupby(numbered, key=lambda each: each[0]):
        block = [line for _, line in group]
        if kind == "table":
            yield from _rows(block)
        elif kind == "code":
            yield from (f"`{line}`" for line in block if line)
        elif kind == "item":
            yield from map(_item, block)
        elif kind == "prose":
            yield from filter(None, SENTENCE_END.split(" ".join(QUOTE.sub("", line) for line in block)))


def _kind(line: str, in_code: bool) -> str:
    bare = line.strip()
    if in_code:
        return "code"
    if not bare or HEADING.match(line):
        return "none"
    if bare.startswith("|"):
        return "table"
    return "item" if BULLET.match(bare) or NUMBERED.match(bare) else "prose"


def _item(line: str) -> str:
    text = BULLET.sub("", line, count=1) if BULLET.match(line) else line
    return BOXES[text[:4]] + text[4:] if text[:4] in BOXES else text


def _rows(lines: Sequence[str]) -> Iterator[str]:
    """Yield each row of a table with the names of its columns, as far as the passage has them."""
    has_names = len(lines) > 1 and is_rule(lines[1])
    names = cells_of(lines[0]) if has_names else []
    for line in lines[2 if has_names else 0 :]:
        cells = cells_of(line)
        named = [
            f"{names[place]}: {cell}" if place < len(names) and names[place] else cell
            for place, cell in enumerate(cells)
            if cell
        ]
        if named and not is_rule(line):
            yield "; ".join(named) + "."


def _replaced(found: re.Match[str]) -> str:
    if found["code"] is not None:
        return found["code"].strip()
    if found["escaped"] or found["gap"]:
        return found["escaped"] or " "
    if found["tag"]:
        marked, tag = found["marked"], found["tag"].lower()
        if tag in ("del", "s"):
            return f"~~{marked}~~"
        digits = RAISED if tag == "sup" else LOWERED
        is_number = all(ord(letter) in digits for letter in marked)
        return marked.translate(digits) if is_number else f"{'^' if tag == 'sup' else '_'}({marked})"
    inner = found["text"] or found["strong"] or found["em"] or ""
    return INLINE.sub(_replaced, inner)
