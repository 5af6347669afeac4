"""Make headings of the questions in a text that answers them, so that question and answer stay together.

Recognised are "Q: …" above "A: …", and a question on a line or in a paragraph of its own above other text.
"""

import re
from collections.abc import Iterator, Sequence
from textwrap import dedent

from devstack.bedrock.knowledge.outline import FENCE, ITEM, TITLE

_NO_PROSE = ("#", "|", "```", ">")
_LONGEST_QUESTION = 200
_SHORTEST_QUESTION = 6
_LOWEST_LEVEL = 6
_ONE_SENTENCE_ASKS = re.compile(r"(?:(?![.!?。！？]\s).)+[?？؟]\W{0,3}", re.DOTALL)
_Q = (
    r"(?:Q\s?\d*\s?[.:：)]"
    r"|(?:Questions?|Frage|Pregunta|Domanda|Pergunta|Vraag|Pytanie|質問|问题?|[FPDV])\s?\d*\s?[:：])"
)
_A = (
    r"(?:A\s?\d*\s?[.:：)]"
    r"|(?:Answers?|Antwort|R[ée]ponse|Respuesta|Risposta|Resposta|Antwoord|Odpowied[źz]|回答|答案?|R)\s?\d*\s?[:：])"
)
_LABEL_END = r"(?:\W{0,3}\s+|(?<=：))(?=\S)"
_Q_LABEL = re.compile(rf"\W{{0,3}}{_Q}{_LABEL_END}", re.IGNORECASE)
_A_LABEL = re.compile(rf"(?:\W{{0,3}}{_A}{_LABEL_END}|:\s+(?=\S))", re.IGNORECASE)
_LISTED = re.compile(r"^(?=(?:[-*+•]|\d{1,3}[.)])[ \t].*[?？؟]\W{0,3}\n[ \t]+\w)", re.MULTILINE)
_ON_ONE_LINE = re.compile(rf"^({_Q}\s.+?[?？؟])\s+({_A}\s)", re.MULTILINE | re.IGNORECASE)

Lines = Sequence[str]


def mark_questions(text: str) -> str:
    """Return Markdown in which each question with an answer is a heading, one level below the last one."""
    blocks = list(_blocks(_LISTED.sub("\n", _ON_ONE_LINE.sub(r"\1\n\2", text))))
    level = 1
    is_answer = False
    marked: list[str] = []
    for place, block in enumerate(blocks):
        if heading := TITLE.match(block[0]):
            level = len(heading[1])
            label = _Q_LABEL.match(block[0], heading.end()) if _asks(block, heading.end()) else None
            marked.append(heading[0] + block[0][(label or heading).end() :])
            is_answer = label is not None
            continue
        question, answer = _split(block, blocks[place + 1] if place + 1 < len(blocks) else ())
        if question:
            marked.append(f"{'#' * min(level + 1, _LOWEST_LEVEL)} {question}")
        if answer:
            lines = "\n".join(answer)
            marked.append(_A_LABEL.sub("", lines, count=1) if question or is_answer else lines)
        is_answer = bool(question) and not answer
    return "\n\n".join(marked)


def _blocks(text: str) -> Iterator[Lines]:
    """Yield paragraphs, headings and code; what is labelled as a question begins a block."""
    block: list[str] = []
    fence = ""
    for line in text.split("\n"):
        is_code, found = bool(fence), FENCE.match(line)
        is_fence = found is not None and len(found[1]) >= len(fence)
        is_heading = bool(TITLE.match(line))
        is_own = is_fence and not line[0].isspace()  # an indented one belongs to the entry of a list
        if block and not is_code and (not line.strip() or is_own or is_heading or _Q_LABEL.match(line)):
            yield block
            block = []
        if line.strip() or is_code:
            block.append(line)
        if is_own if is_code else is_heading:
            yield block
            block = []
        if found and is_fence:
            fence = "" if is_code else found[1]
    if block:
        yield block


def _split(block: Lines, following: Lines) -> tuple[str, Lines]:
    """Return the question that a block begins with, if it is one that is answered, and the rest of it."""
    label = _Q_LABEL.match(block[0])
    if block[0].startswith(_NO_PROSE):
        return "", block
    if label:
        end = next((place for place, line in enumerate(block) if _A_LABEL.match(line)), len(block))
        is_answered = end < len(block) or (following and _A_LABEL.match(following[0]))
        return (_as_title(block[:end], label.end()), block[end:]) if is_answered else ("", block)
    mark = ITEM.match(block[0])
    start = mark.end() if mark else 0
    next_line = (*block[1:], *following, "")[0]
    if mark and ITEM.match(next_line):
        return "", block
    if _asks(block, start) and _answers(following):
        return _as_title(block, start), ()
    if len(block) > 1 and _asks(block[:1], start) and _answers(block[1:]):
        return _as_title(block[:1], start), dedent("\n".join(block[1:])).split("\n")
    return "", block


def _answers(lines: Lines) -> bool:
    return bool(lines) and not TITLE.match(lines[0]) and not _asks(lines, 0) and not _asks(lines[:1], 0)


def _asks(lines: Lines, start: int) -> bool:
    text = " ".join(lines)[start:].strip()
    is_short = _SHORTEST_QUESTION <= len(text) <= _LONGEST_QUESTION
    return is_short and _ONE_SENTENCE_ASKS.fullmatch(text) is not None


def _as_title(lines: Lines, start: int) -> str:
    return " ".join(" ".join(lines)[start:].replace("**", "").replace("__", "").split()).strip("*_ ")
