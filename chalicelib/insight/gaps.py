"""The questions that the articles don't answer well, those that are alike together.

Each is kept by itself under the key of its exchange, so that a change that comes twice counts once, and what
is taken back or erased is gone. The groups are made of all of them from time to time, and are the same in
whatever order they came.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.chat.reading.person_request import asks_for_a_person
from chalicelib.chat.reading.questions import asked_alone, questions_in
from chalicelib.chat.reading.small_talk import small_talk
from chalicelib.domain.conversation import Citation, Exchange, Nearest
from chalicelib.domain.insight import AskedInVain, ExchangeChange, Gap, GapGroup, GapKind
from chalicelib.domain.protocols import GapStore
from chalicelib.insight.counting import key_of
from chalicelib.insight.likeness import grouped
from chalicelib.masking.personal import Known, without_person
from chalicelib.times import to_millis

if TYPE_CHECKING:
    from chalicelib.logs import InsightLogger

MOST_QUESTIONS = 2000
"""How many are grouped, the newest: what that takes must fit into a run of the sweep."""
MOST_GROUPS = 100
MOST_QUESTION_CHARS, MOST_TITLE_CHARS = 200, 200
LEAST_SECONDS_BETWEEN, SECONDS_A_QUESTION = 60, 0.5
"""How long groups stay before they are made again: so what reading costs has an upper end."""
BY_WEIGHT: tuple[GapKind, ...] = ("handed_over", "unanswered", "rated_down")

LinkNearest = Callable[[Sequence[Nearest]], Sequence[Nearest]]
"""Gives passages the addresses that an agent may open, in their order."""


@dataclass(frozen=True)
class Gaps:
    """Keeps what was asked in vain, as a listener of what is counted, and tells what is asked most."""

    store: GapStore
    link: LinkNearest
    clock: Callable[[], datetime]
    log: "InsightLogger"

    def note(self, change: ExchangeChange) -> None:
        """Keep what an exchange was asked in vain, or take it back. Raises Unavailable."""
        before, after = _asked_in(change.before), _asked_in(change.after)
        is_erased = change.after is None and not change.expired
        if after and after != before:
            self.store.add(after)
        elif after is None and (before or is_erased):
            # What is erased is looked for whatever the rules were when it was asked. What has expired or was
            # rated otherwise may stay in the groups until they are made again.
            self.store.remove(_key(change.exchange), forgets_groups=is_erased and before is not None)

    def renew_due(self) -> None:
        """Make the groups again if something has changed and they are old enough. Raises Unavailable."""
        kept, now = self.store.report(), self.clock()
        stays = max(LEAST_SECONDS_BETWEEN, kept.questions * SECONDS_A_QUESTION)
        if kept.made_at and (kept.made_of == kept.changes or now - kept.made_at < timedelta(seconds=stays)):
            return
        if kept.changes:
            asked = self.store.newest(MOST_QUESTIONS)
            made = replace(
                kept, groups=groups_of(asked), questions=len(asked), made_at=now, made_of=kept.changes
            )
            if self.store.keep_report(made):
                self.log.gaps_grouped(len(made.groups), len(asked))

    def of_days(self, days: int) -> tuple[Gap, ...]:
        """Return the gaps of the last days (UTC), most asked first. Raises Unavailable."""
        first = self.clock().date() - timedelta(days=days - 1)
        found = [gap for group in self.store.report().groups if (gap := _gap(group, first))]
        linked = iter(self.link([gap.nearest for gap in found if gap.nearest]))
        gaps = [replace(gap, nearest=next(linked) if gap.nearest else None) for gap in found]
        return tuple(sorted(gaps, key=lambda gap: (-gap.count, -gap.last_asked.timestamp(), gap.question)))


def groups_of(asked: Sequence[AskedInVain]) -> tuple[GapGroup, ...]:
    """Return questions by likeness, most asked first, the same in whatever order they come.

    What is missing and what is badly answered are different work, so they are never in one group.
    """
    in_order = sorted(asked, key=lambda each: (each.asked_at, each.key))
    halves = ([each for each in in_order if (each.kind == "rated_down") is rated] for rated in (False, True))
    groups = [
        _group([half[n] for n in places]) for half in halves for places in grouped([a.question for a in half])
    ]
    groups.sort(
        key=lambda group: (-sum(group.by_day.values()), -group.last_asked.timestamp(), group.question)
    )
    return tuple(groups[:MOST_GROUPS])


def _group(members: Sequence[AskedInVain]) -> GapGroup:
    newest, kinds = members[-1], Counter(each.kind for each in members)
    kind = max(BY_WEIGHT, key=lambda each: kinds[each])
    nearest = next((each.nearest for each in reversed(members) if each.nearest), None)
    by_day = Counter(each.asked_at.date() for each in members)
    return GapGroup(newest.question, kind, newest.asked_at, nearest, by_day)


def _gap(group: GapGroup, first: date) -> Gap | None:
    count = _count_since(group.by_day, first)
    return Gap(group.question, count, group.kind, group.last_asked, group.nearest) if count else None


def _count_since(by_day: Mapping[date, int], first: date) -> int:
    return sum(count for day, count in by_day.items() if day >= first)


def _asked_in(exchange: Exchange | None) -> AskedInVain | None:
    """Return what an exchange was asked in vain, without whom it is about; None where that is nothing."""
    kind = _kind_of(exchange) if exchange else None
    if exchange is None or kind is None:
        return None
    question = " ".join(asked_alone(each) or each for each in questions_in(exchange.question))
    is_cited = kind == "rated_down" and exchange.citations
    nearest = _cited(exchange.citations[0]) if is_cited else exchange.nearest
    if nearest:
        nearest = replace(nearest, title=nearest.title[:MOST_TITLE_CHARS])
    return AskedInVain(
        _key(exchange),
        exchange.timestamp,
        # Who it is about may be said beside the question.
        without_person(question, Known.of((), (), [exchange.question]))[:MOST_QUESTION_CHARS],
        kind,
        nearest,
    )


def _key(exchange: Exchange) -> str:
    return f"{to_millis(exchange.timestamp)}#{key_of(exchange.session_id)}"


def _kind_of(exchange: Exchange) -> GapKind | None:
    """Return how an exchange failed; None where nothing failed that an article would have helped with."""
    question = exchange.question
    if exchange.author or not question or exchange.guardrail.intervened:
        return None
    if small_talk(question) or asks_for_a_person(question):
        return None
    if exchange.handed_over and exchange.handed_over.reason == "missing_knowledge":
        return "handed_over"
    if exchange.unanswered:
        return "unanswered"
    return "rated_down" if exchange.feedback and exchange.feedback.rating == "down" else None


def _cited(citation: Citation) -> Nearest:
    return Nearest(citation.title, citation.url, citation.score, citation.document, citation.access)
