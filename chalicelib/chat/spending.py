"""What a turn costs in tokens and dollars: an estimate before it, the true figure after."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.chat.lookups import passages_each
from chalicelib.chat.prompts import estimate_tokens
from chalicelib.chat.search_query import count_searches
from chalicelib.domain.conversation import Feature, Usage

MICRO = 1_000_000
# What `python -m bench.cost.prompt_tokens` says, rounded up.
RULES_TOKENS = 1_200
"""The rules, the tool and a customer's facts."""
PASSAGE_TOKENS = 400
ANSWER_TOKENS = 400
"""Three times a usual answer's; `MAX_TOKENS` would hold back ten turns for one."""
UNKNOWN_PRICES_USD = (5.0, 25.0)
"""Per million input and output tokens, for a model without a known price: those of the dearest Claude."""
# US dollars in millionths, from the prices in docs/cost.md.
RETRIEVE_MICRO_USD = 3
RERANK_MICRO_USD = 2000
"""Up to 100 passages by the dearer of the models that Bedrock has."""
SENTIMENT_UNIT_CHARS, SENTIMENT_UNIT_MICRO_USD, LEAST_SENTIMENT_UNITS = 100, 100, 3
MOST_SENTIMENT_CHARS = 5000
GUARDRAIL_UNIT_CHARS = 1000
GUARDRAIL_QUESTION_MICRO_USD = 300
"""A unit of a question: content filters and denied topics."""
GUARDRAIL_ANSWER_MICRO_USD = 400
"""A unit of an answer: personal data as well."""
CHARS_PER_TOKEN = 4


@dataclass(frozen=True)
class Spend:
    """An amount of tokens, and of millionths of a US dollar; `features` says what for, if that is known."""

    tokens: int = 0
    micro_usd: int = 0
    features: Mapping[Feature, int] = field(default_factory=dict, compare=False)

    def __add__(self, other: "Spend") -> "Spend":
        return Spend(self.tokens + other.tokens, self.micro_usd + other.micro_usd)

    @classmethod
    def on(cls, features: Mapping[Feature, int], tokens: int = 0) -> "Spend":
        """Return an amount for features, in millionths of a US dollar each."""
        return cls(tokens, sum(features.values()), features)


NOTHING = Spend()


@dataclass(frozen=True)
class Spending:
    """Prices turns; `prices_usd` are the dearest of the stage's models, per million tokens."""

    prices_usd: tuple[float, float]
    passages: int
    history_tokens: int
    max_tokens: int
    has_guardrail: bool
    has_reranker: bool = False

    def expected(self, question: str, has_past: bool) -> Spend:
        """Return what answering a question usually consumes, rather too much than too little."""
        searches = count_searches(question)
        input_tokens = (
            RULES_TOKENS
            + searches * passages_each(self.passages, searches) * PASSAGE_TOKENS
            + (self.history_tokens if has_past else 0)
            + estimate_tokens(question)
        )
        answer_tokens = min(self.max_tokens, ANSWER_TOKENS)
        guardrail = self._guardrail_micro_usd(len(question), answer_tokens * CHARS_PER_TOKEN)
        model = self._tokens_micro_usd(input_tokens, answer_tokens)
        features = {"chat": model, **guardrail, **self._around(question)}
        return Spend.on(features, input_tokens + answer_tokens)

    def ticket(self, searches: int, heard: str | None) -> Spend:
        """Return what is spent around a ticket: so many searches, and hearing how a text sounds, if any."""
        return Spend.on(self._looked_up(searches, sentiment_micro_usd(heard) if heard else 0))

    def lookups(self, question: str) -> Spend:
        """Return what is consumed for a message that no model is asked about."""
        return Spend.on(self._around(question))

    def of(self, question: str, answer: str, usage: Usage) -> Spend:
        """Return what an answer of the chat did consume."""
        return self._written("chat", question, answer, usage, self._around(question))

    def for_agent(self, question: str, answer: str, usage: Usage, searches: int) -> Spend:
        """Return what a text for an agent did consume, written after so many searches."""
        around = self._looked_up(searches, 0) if searches else {}
        return self._written("draft", question, answer, usage, around)

    def _written(
        self, feature: Feature, question: str, answer: str, usage: Usage, around: Mapping[Feature, int]
    ) -> Spend:
        """Return what a text of the model did consume, with what was looked up around it.

        At the least the rules and the question count: a question that the guardrail stops has no tokens, but
        is not for nothing.
        """
        tokens = max(usage.input_tokens + usage.output_tokens, RULES_TOKENS + estimate_tokens(question))
        if usage.cost_usd is None:
            model = self._tokens_micro_usd(usage.input_tokens, usage.output_tokens)
        else:
            model = round(usage.cost_usd * MICRO)
        guardrail = self._guardrail_micro_usd(len(question), len(answer))
        return Spend.on({feature: model, **guardrail, **around}, tokens)

    def _tokens_micro_usd(self, input_tokens: int, output_tokens: int) -> int:
        per_input, per_output = self.prices_usd
        return round(input_tokens * per_input + output_tokens * per_output)

    def _guardrail_micro_usd(self, question_chars: int, answer_chars: int) -> dict[Feature, int]:
        if not self.has_guardrail:
            return {}
        questions, answers = (-(-chars // GUARDRAIL_UNIT_CHARS) for chars in (question_chars, answer_chars))
        return {"guardrail": questions * GUARDRAIL_QUESTION_MICRO_USD + answers * GUARDRAIL_ANSWER_MICRO_USD}

    def _around(self, question: str) -> dict[Feature, int]:
        return self._looked_up(count_searches(question), sentiment_micro_usd(question))

    def _looked_up(self, searches: int, sentiment: int) -> dict[Feature, int]:
        spent: dict[Feature, int] = {"search": searches * RETRIEVE_MICRO_USD}
        spent |= {"sentiment": sentiment} if sentiment else {}
        return {**spent, "rerank": searches * RERANK_MICRO_USD} if self.has_reranker else spent


def sentiment_micro_usd(text: str) -> int:
    """Return what hearing how a text sounds costs; of a long one only the beginning is heard."""
    units = -(-min(len(text), MOST_SENTIMENT_CHARS) // SENTIMENT_UNIT_CHARS)
    return max(LEAST_SENTIMENT_UNITS, units) * SENTIMENT_UNIT_MICRO_USD
