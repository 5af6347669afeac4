"""Whatever is asked, rated and erased, however often it is told: each open question counts once."""

import random
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.conversation import Exchange, Feedback, GuardrailVerdict
from chalicelib.insight.gaps import Gaps, groups_of
from chalicelib.logs import InsightLogger
from tests.builders import exchange_at
from tests.fakes import START, FakeClock
from tests.insight_fakes import ChangeStream, FakeGaps

QUESTIONS = [
    *("Can I merge two accounts?", "how do i merge my accounts", "merging accounts", "Is there a dark mode?"),
    *(
        "dark mode",
        "¿Hay modo oscuro?",
        "ダークモードはありますか",
        "What does E-4410 mean?",
        "E-4411",
        "Hello",
    ),
]
steps = st.lists(
    st.tuples(
        st.sampled_from(["ask", "down", "up", "erase", "again", "sweep"]),
        st.integers(0, 3),
        st.sampled_from(QUESTIONS),
        st.booleans(),
    ),
    max_size=30,
)


@given(steps=steps, seed=st.integers())
def test_gaps_count_what_is_there_to_be_counted(steps: list[tuple[str, int, str, bool]], seed: int) -> None:
    clock, stream, store = FakeClock(), ChangeStream(), FakeGaps()
    gaps = Gaps(store, lambda nearest: nearest, clock, InsightLogger())
    told = 0
    for number, (step, session, question, is_unanswered) in enumerate(steps):
        clock.now = START.replace(microsecond=1000 * number)
        said = stream.of(f"s{session}")
        if step == "ask":
            asked = exchange_at(clock.now, f"s{session}", question=question, unanswered=is_unanswered)
            stream.put(_blank(asked))
        elif step in ("up", "down") and said:
            stream.put(_blank(said[-1], feedback=Feedback("up" if step == "up" else "down", None, START)))
        elif step == "erase":
            stream.erase(f"s{session}")
        elif step == "again":
            told = random.Random(seed + number).randint(0, told)  # noqa: S311
        elif step == "sweep":
            gaps.renew_due()
        for change in stream.changes[told:]:
            gaps.note(change)
        told = len(stream.changes)
    clock.now = START.replace(hour=START.hour + 1)
    gaps.renew_due()
    left = [e for session in range(4) for e in stream.of(f"s{session}") if e.question != "Hello"]
    open_ones = [e for e in left if e.unanswered or (e.feedback and e.feedback.rating == "down")]
    assert sum(gap.count for gap in gaps.of_days(7)) == len(open_ones)
    shuffled = store.newest(100)
    random.Random(seed).shuffle(shuffled)  # noqa: S311
    assert groups_of(shuffled) == groups_of(store.newest(100))


def _blank(exchange: Exchange, **changes: Any) -> Exchange:
    return replace(exchange, guardrail=GuardrailVerdict(), handed_over=None, **changes)
