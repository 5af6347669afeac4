"""What a model behind Converse reads in a request, and what it replies.

The request is the application's: passages come in a text block
`<passages><passage index="1" title="…">…</passage>…</passages>` with XML's escapes, facts about the customer
in `<customer>…</customer>`, about the ticket in `<ticket>…</ticket>`, the question in a guarded block or a
plain one. A draft of an agent's reply is asked for with a `<transcript>…</transcript>`, an article with
`<solved><said by="agent">…</said>…</solved>`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from devstack.bedrock.model.evidence import NumberedPassage

CHARACTERS_PER_TOKEN = 4
_QUOTED = r"\"[^\"]*\"|'[^']*'"
PASSAGE = re.compile(rf"<passage\b((?:[^<>\"']|{_QUOTED})*)>\s*(.*?)\s*</passage\s*>", re.DOTALL)
ATTRIBUTE = re.compile(rf"(\w+)\s*=\s*({_QUOTED})")
DRAFT_TAG = "<transcript>"
ARTICLE_TAG = "<solved>"
FACT_TAGS = ("<passages", "<customer", "<ticket>", DRAFT_TAG, "<instruction>", ARTICLE_TAG)
SAID_BY_AGENTS = re.compile(r'<said by="agent">\n(.*?)\n</said>', re.DOTALL)
TICKET = re.compile(r"\s*<ticket>\n(.*)\n</ticket>\s*", re.DOTALL)

Message = Mapping[str, Any]


@dataclass(frozen=True)
class ModelReply:
    """A model's turn: content blocks and stop reason as Converse has them; `model` when another one spoke."""

    content: Sequence[Mapping[str, Any]]
    stop_reason: str
    input_tokens: int
    output_tokens: int
    model: str | None = None


class ChatModel(Protocol):
    """Something that can stand behind Converse."""

    def converse(self, parameters: Mapping[str, Any]) -> ModelReply:
        """Answer a Converse call. Raises: ServiceError with an error that Converse declares."""
        ...

    def stream(self, parameters: Mapping[str, Any]) -> Generator[str, None, ModelReply]:
        """Yield the pieces of the text while it is written, and return the whole reply.

        Raises: ServiceError with an error that ConverseStream declares.
        """
        ...


def estimated_tokens(text: str) -> int:
    """Estimate tokens at four characters each, which is near for English."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def input_tokens(parameters: Mapping[str, Any]) -> int:
    """Estimate the tokens of the system prompt and the messages."""
    system = [block.get("text", "") for block in parameters.get("system", ())]
    said = [text for message in parameters["messages"] for text in texts_of(message)]
    return estimated_tokens("".join([*system, *said]))


def texts_of(message: Message) -> list[str]:
    """Return every text of a message, guarded or not, in order."""
    return [text for block in message["content"] if (text := _text_of(block)) is not None]


def guarded_texts(messages: Sequence[Message]) -> list[str]:
    """Return what the guardrail looks at: the guarded blocks if there are any, else all text."""
    guarded = [
        _text_of(block) for message in messages for block in message["content"] if "guardContent" in block
    ]
    if guarded:
        return [text for text in guarded if text]
    return [text for message in messages for text in texts_of(message)]


def question_of(message: Message) -> str:
    """Return what the customer asks in a user message."""
    guarded = [_text_of(block) or "" for block in message["content"] if "guardContent" in block]
    plain = [text for text in texts_of(message) if not text.lstrip().startswith(FACT_TAGS)]
    return "\n".join(guarded or plain)


def passages_of(message: Message) -> list[NumberedPassage]:
    """Return the passages that a user message holds."""
    blocks = (block.get("text", "") for block in message["content"])
    return [
        passage for text in blocks if text.lstrip().startswith("<passages") for passage in _passages_in(text)
    ]


def ticket_of(message: Message) -> dict[str, str]:
    """Return the facts of the conversation's ticket by their names, nothing where it has none."""
    found = (TICKET.fullmatch(block.get("text", "")) for block in message["content"])
    lines = [line for match in found if match for line in html.unescape(match[1]).splitlines()]
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}


def is_for_draft(message: Message) -> bool:
    """Say whether a message asks for a draft of what an agent writes."""
    return any(block.get("text", "").lstrip().startswith(DRAFT_TAG) for block in message["content"])


def solutions_of(message: Message) -> list[str] | None:
    """Return what agents said in a solved case; None where no article is asked for."""
    cases = [text for text in texts_of(message) if text.startswith(ARTICLE_TAG)]
    return [html.unescape(said) for text in cases for said in SAID_BY_AGENTS.findall(text)] if cases else None


def _passages_in(text: str) -> Iterator[NumberedPassage]:
    for match in PASSAGE.finditer(text):
        attributes = {name: html.unescape(value[1:-1]) for name, value in ATTRIBUTE.findall(match[1])}
        if attributes.get("index", "").isdecimal():
            yield NumberedPassage(
                int(attributes["index"]), attributes.get("title", ""), html.unescape(match[2])
            )


def _text_of(block: Mapping[str, Any]) -> str | None:
    text: str | None = block.get("guardContent", {}).get("text", {}).get("text", block.get("text"))
    return text
