"""The numbers of days: what an exchange adds to them, and what they say together."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.domain.conversation import Exchange, Feature, Usage
from chalicelib.domain.insight import Counts

LATENCY_BOUNDS_MS = (
    *(100, 200, 300, 400, 500, 600, 800, 1000, 1250, 1500, 1750, 2000, 2500, 3000, 3500, 4000, 5000),
    *(6000, 7000, 8000, 10_000, 12_500, 15_000, 20_000, 30_000),
)
"""Where the buckets end in which latencies are counted; the last one has all that took longer, too."""


def spent(day: date, features: Mapping[Feature, int], model: str | None, usage: Usage) -> Counts:
    """Return what is added for an amount spent, in millionths of a US dollar by feature."""
    counts = Counter({(day, f"feature:{feature}"): amount for feature, amount in features.items()})
    if model:
        counts[day, f"model:{model}"] += sum(features.get(each, 0) for each in ("chat", "draft"))
    counts[day, "tokens:input"] += usage.input_tokens
    counts[day, "tokens:output"] += usage.output_tokens
    return counts


def counts_of(exchange: Exchange | None) -> Counts:
    """Return what an exchange adds to the numbers of its day; what an agent wrote adds nothing."""
    if exchange is None or exchange.author:
        return Counter()
    day = exchange.timestamp.date()
    counts = spent(day, exchange.costs_micro_usd, exchange.model, exchange.usage)
    if exchange.took_ms is not None:
        bucket = min(bisect_left(LATENCY_BOUNDS_MS, exchange.took_ms), len(LATENCY_BOUNDS_MS) - 1)
        counts[day, f"latency:{LATENCY_BOUNDS_MS[bucket]}"] += 1
    if exchange.feedback:
        counts[day, f"feedback:{exchange.feedback.rating}"] += 1
    return counts


@dataclass(frozen=True)
class Summary:
    """What the numbers of a day, or of several, say; money is in millionths of a US dollar."""

    numbers: Mapping[str, int]

    def number(self, name: str) -> int:
        """Return a number by its whole name."""
        return self.numbers.get(name, 0)

    def group(self, prefix: str) -> dict[str, int]:
        """Return the numbers whose names begin so, by the rest of the name."""
        start = f"{prefix}:"
        return {
            name.removeprefix(start): number
            for name, number in sorted(self.numbers.items())
            if name.startswith(start)
        }

    def latency_ms(self, share: float) -> int | None:
        """Return what this share of the answers took at most, within its bucket in proportion."""
        buckets = sorted((int(bound), count) for bound, count in self.group("latency").items())
        wanted = share * sum(count for _, count in buckets)
        for bound, count in buckets:
            if count and wanted <= count:
                start = max((each for each in LATENCY_BOUNDS_MS if each < bound), default=0)
                return round(start + (bound - start) * wanted / count)
            wanted -= count
        return None


def summed(days: Iterable[Mapping[str, int]]) -> Summary:
    """Return what several days say together."""
    total: Counter[str] = Counter()
    for numbers in days:
        total.update(numbers)
    return Summary(total)
