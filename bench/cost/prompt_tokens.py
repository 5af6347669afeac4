"""How many tokens the model reads in a turn, by the app's own estimate, which is on the high side.

    python -m bench.cost.prompt_tokens

Measured on the sample articles and questions, asked in conversations of three turns: the rules, the tool, the
earlier turns, five passages and the question.
"""

import statistics
from collections.abc import Sequence
from json import dumps

from bench.answers import PASSAGES, ask
from bench.collections import samples
from chalicelib.chat.prompts import HistoryBudget, build_prompt, estimate_tokens
from chalicelib.domain.conversation import Exchange, Passage
from chalicelib.gateways.converse import hand_over_schema
from chalicelib.settings import default_of
from devstack.bedrock.search.index import Index

TURNS_A_CHAT = 3


def prompt_tokens() -> list[int]:
    """Return the tokens of the prompt of each turn."""
    collection = samples()
    index = collection.index()
    questions = [question.text for question in collection.answered]
    chats = [questions[n : n + TURNS_A_CHAT] for n in range(0, len(questions), TURNS_A_CHAT)]
    return [tokens for chat in chats for tokens in _turns(index, chat)]


def _turns(index: Index, questions: Sequence[str]) -> list[int]:
    earlier: list[Exchange] = []
    found = []
    for question in questions:
        found.append(_tokens(index, question, earlier))
        earlier.append(ask(index, question))
    return found


def _tokens(index: Index, question: str, earlier: Sequence[Exchange]) -> int:
    hits = index.search(question, PASSAGES)
    passages = [Passage(hit.text, str(hit.metadata["title"]), None, 0.0) for hit in hits]
    prompt = build_prompt(question, earlier, passages, None, _budget(), None)
    spoken = [text for pair in prompt.history for text in pair]
    tool = dumps(hand_over_schema())
    return sum(map(estimate_tokens, (prompt.rules, tool, *spoken, *prompt.facts, prompt.question)))


def _budget() -> HistoryBudget:
    return HistoryBudget(default_of("history_exchanges"), default_of("history_tokens"))


def main() -> None:
    """Print the figures."""
    found = prompt_tokens()
    print(f"{len(found)} turns: {statistics.mean(found):.0f} tokens on average, {max(found)} at most")


if __name__ == "__main__":
    main()
