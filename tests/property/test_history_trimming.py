"""The history that the model sees: whole exchanges, the newest, within the budget, roles in turn."""

from datetime import timedelta
from typing import Any, cast
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.chat.citations import unmarked
from chalicelib.chat.prompts import HistoryBudget, build_prompt, estimate_tokens, trim_history
from chalicelib.domain.conversation import Exchange, Passage
from chalicelib.gateways.bedrock import BedrockModel
from chalicelib.gateways.converse import ModelOptions
from tests.builders import exchange_at
from tests.fakes import START

texts = st.text("a é語😀[1]", min_size=1, max_size=60)
budgets = st.builds(HistoryBudget, exchanges=st.integers(0, 8), tokens=st.integers(0, 200))


@st.composite
def conversations(draw: st.DrawFn) -> list[Exchange]:
    pairs = draw(st.lists(st.tuples(texts, texts), max_size=10))
    return [
        exchange_at(
            START + timedelta(minutes=n), message_id=f"m{n}", question=f"{n} {question}", answer=answer
        )
        for n, (question, answer) in enumerate(pairs)
    ]


class RecordingClient:
    """Answers every Converse request alike and keeps the last one."""

    def converse(self, **request: Any) -> dict[str, Any]:
        self.request = request
        message = {"role": "assistant", "content": [{"text": "Yes."}]}
        usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
        metrics = {"latencyMs": 1}
        return {"output": {"message": message}, "stopReason": "end_turn", "usage": usage, "metrics": metrics}


@given(earlier=conversations(), budget=budgets)
def test_history_is_the_newest_whole_exchanges(earlier: list[Exchange], budget: HistoryBudget) -> None:
    history = trim_history(earlier, budget)
    newest = earlier[len(earlier) - len(history) :]
    assert [question for question, _ in history] == [unmarked(e.question) for e in newest]


@given(earlier=conversations(), budget=budgets)
def test_history_never_exceeds_the_budget(earlier: list[Exchange], budget: HistoryBudget) -> None:
    history = trim_history(earlier, budget)
    assert len(history) <= budget.exchanges
    assert sum(estimate_tokens(text) for pair in history for text in pair) <= budget.tokens


@given(earlier=conversations(), budget=budgets)
def test_history_leaves_out_nothing_that_would_have_fitted(
    earlier: list[Exchange], budget: HistoryBudget
) -> None:
    history = trim_history(earlier, budget)
    if len(history) < min(len(earlier), budget.exchanges):
        one_more = trim_history(earlier, HistoryBudget(len(history) + 1, 10**6))
        assert sum(estimate_tokens(text) for pair in one_more for text in pair) > budget.tokens


@given(earlier=conversations(), budget=budgets)
def test_roles_alternate_from_the_customer_to_the_question(
    earlier: list[Exchange], budget: HistoryBudget
) -> None:
    client = RecordingClient()
    options = ModelOptions(["m"], 100, 0.7, 0.9, guardrail_id=None, guardrail_version="1")
    BedrockModel(cast(Any, client), options).reply(build_prompt("Now?", earlier, (), None, budget, None))
    messages = client.request["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant"] * (len(messages) // 2) + ["user"]
    assert messages[-1]["content"][-1] == {"text": "Now?"}
    assert all(block["text"].strip() for m in messages for block in m["content"])


@given(passages=st.lists(st.builds(Passage, st.text(), st.text(), st.none(), st.just(0.5)), max_size=4))
def test_any_passage_can_be_read_back_as_xml(passages: list[Passage]) -> None:
    prompt = build_prompt("Now?", (), passages, None, HistoryBudget(0, 0), None)
    tagged = list(ElementTree.fromstring(prompt.facts[0]))  # noqa: S314 (our own text)
    assert [t.get("index") for t in tagged] == [str(n) for n in range(1, len(passages) + 1)]
    for element, passage in zip(tagged, passages, strict=True):
        assert element.text == as_xml_reads(f"\n{passage.text}\n")
        # White space in an attribute is read as spaces.
        assert element.get("title") == as_xml_reads(passage.title).replace("\n", " ").replace("\t", " ")


def as_xml_reads(text: str) -> str:
    """Return a text as an XML 1.0 parser reads it: without what it rules out, each line end a line feed."""
    ranges = ((0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
    held = "".join(c for c in text if c in "\t\n\r" or any(low <= ord(c) <= high for low, high in ranges))
    return held.replace("\r\n", "\n").replace("\r", "\n")
