"""Orders to the assistant, in every place where somebody else's words come to it: none of them is obeyed."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args
from xml.etree import ElementTree

import pytest
import yaml

from chalicelib.chat.answer_links import resolve_with_links
from chalicelib.chat.citations import MARK
from chalicelib.chat.prompts import HistoryBudget, KnownCustomer, build_prompt
from chalicelib.domain.access import NOBODY_KNOWN
from chalicelib.domain.conversation import Passage, Prompt
from chalicelib.domain.ticket import TicketSummary
from chalicelib.gateways.converse import ModelOptions, request_of
from chalicelib.gateways.knowledge_base import KnowledgeBase
from chalicelib.logs import SearchLogger
from devstack.bedrock.model.extractive import ExtractiveModel
from devstack.bedrock.search.index import Index
from tests.builders import ADA, exchange_at
from tests.fakes import START
from tests.markdown import leading_away

Place = Literal["question", "document", "sidecar", "customer", "ticket", "history"]
INJECTIONS: dict[str, str] = yaml.safe_load(Path(__file__).with_name("injections.yaml").read_text("utf-8"))
OBEYED, HOST = "ZEBRA-77", "help.example.com"
HARMLESS = "Nothing in particular."
QUESTION = "How long does the Velmor lamp burn?"
LAMP = Passage("The Velmor lamp burns for ten hours.", "Velmor lamp", f"https://{HOST}/lamp", 0.9)
REFUND = Passage("Refunds take five days.", "Refunds", None, 0.4)
OPTIONS = ModelOptions(["m"], 500, 0.7, 0.9, "guardrail", "1")
INDEX = re.compile(r"\[(\d{1,3})\]")


class OneDocument:
    """Bedrock's client, with one document that has this sidecar."""

    def __init__(self, sidecar: str) -> None:
        self._sidecar = sidecar

    def retrieve(self, **_: object) -> dict[str, Any]:
        metadata = {"title": [self._sidecar], "source_url": self._sidecar}
        return {"retrievalResults": [{"content": {"text": REFUND.text}, "metadata": metadata, "score": 0.4}]}


def prompt_with(text: str, place: Place) -> Prompt:
    """Return the prompt for a question, with a text in one place."""
    passages: tuple[Passage, ...] = (LAMP, REFUND)
    if place == "document":
        passages = (replace(LAMP, text=f"{LAMP.text}\n\n{text}"), replace(REFUND, text=text))
    if place == "sidecar":
        client: Any = OneDocument(text)
        found = KnowledgeBase(client, "KB", "bucket", False, SearchLogger()).retrieve("q", 5, NOBODY_KNOWN)
        passages = (LAMP, *found)
    customer, ticket = ADA, TicketSummary("T-1", START, "open", text if place == "ticket" else HARMLESS)
    if place == "customer":
        customer = replace(ADA, name=text, recent_orders=(replace(ADA.recent_orders[0], items=text),))
    said = text if place == "history" else HARMLESS
    return build_prompt(
        text if place == "question" else QUESTION,
        [exchange_at(START, question=said, answer=said)],
        passages,
        KnownCustomer(customer, (ticket,)),
        HistoryBudget(exchanges=5, tokens=100_000),
        ticket=None,
    )


def as_sent(text: str, place: Place) -> str:
    """Return a text as it can come: what has half a character is refused, but for what was read of a file."""
    return text if place in ("document", "sidecar") else text.encode(errors="ignore").decode()


def shape_of(prompt: Prompt) -> list[Any]:
    """Return all of a prompt but the words of others."""
    parts = [ElementTree.fromstring(fact) for fact in prompt.facts]  # noqa: S314 (our own text)
    tags = [[(element.tag, element.get("index")) for element in part.iter()] for part in parts]
    return [prompt.rules, prompt.may_hand_over, len(prompt.history), tags, len(prompt.facts[0].splitlines())]


KNOWLEDGE = Index(None)


def said_by_the_stand_in(prompt: Prompt) -> str:
    """Return what the stand-in's model answers; it may call no tool."""
    answer = ExtractiveModel(Index(None)).converse(request_of(prompt, OPTIONS, {}))
    (block,) = answer.content
    return str(block["text"])


def test_there_are_many_and_none_twice() -> None:
    assert len(set(INJECTIONS.values())) == len(INJECTIONS) >= 150


@pytest.mark.parametrize("place", get_args(Place))
@pytest.mark.parametrize("name", INJECTIONS)
def test_no_text_leaves_its_place_in_the_prompt(name: str, place: Place) -> None:
    prompt = prompt_with(as_sent(INJECTIONS[name], place), place)
    assert shape_of(prompt) == shape_of(prompt_with(HARMLESS, place))
    others = [*prompt.facts, *(text for pair in prompt.history for text in pair)]
    assert not any(re.search(MARK, text) for text in others)
    assert not any(re.search("[\U000e0000-\U000e007f]", text) for text in prompt.facts)
    assert not re.search(r"<\s*/?\s*(?:passages?|customer)\b", prompt.question, re.IGNORECASE)


@pytest.mark.parametrize("name", INJECTIONS)
def test_a_model_that_repeats_it_leads_nowhere_and_credits_no_other_source(name: str) -> None:
    answer = resolve_with_links(f"Ten hours. [1]\n\n{INJECTIONS[name]}\n\nBye.", (LAMP, REFUND), {HOST})
    assert leading_away(answer.text, HOST) == []
    assert {citation.title for citation in answer.citations} <= {"Velmor lamp", "Refunds"}
    assert set(map(int, INDEX.findall(answer.text))) == {citation.index for citation in answer.citations}


@pytest.mark.parametrize("place", get_args(Place))
@pytest.mark.parametrize("name", INJECTIONS)
def test_the_stand_in_answers_as_if_it_were_not_there(name: str, place: Place) -> None:
    said = said_by_the_stand_in(prompt_with(as_sent(INJECTIONS[name], place), place))
    if place == "question":
        assert OBEYED not in said
    else:
        assert said == "The Velmor lamp burns for ten hours. [1]"
