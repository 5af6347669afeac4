"""Drafts of what an agent may reply; nothing here sends anything."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.chat.lookups import Lookups
from chalicelib.chat.search_query import search_queries
from chalicelib.chat.source_links import SourceLinks
from chalicelib.domain.access import AN_AGENT, customer_reader
from chalicelib.domain.conversation import Citation, Passage, Usage
from chalicelib.domain.protocols import TicketStore
from chalicelib.errors import ConversationErased
from chalicelib.masking import mask
from chalicelib.parallel import Deadline, Parallel
from chalicelib.tickets.agents_model import AgentsModel
from chalicelib.tickets.desk import TicketDesk, TicketView
from chalicelib.tickets.draft_prompt import asked, draft_prompt, read_draft

if TYPE_CHECKING:
    from chalicelib.logs import TicketLogger


@dataclass(frozen=True)
class Draft:
    """A reply to check and change: `[n]` in the text refers to the citation with that index.

    `missing` is what the agent has to find out or decide.
    """

    text: str
    citations: tuple[Citation, ...]
    missing: tuple[str, ...]
    usage: Usage
    degraded: tuple[str, ...]


@dataclass(frozen=True)
class Drafts:
    """Writes drafts in the team's style from the 360, transcript and articles, with one model call each."""

    desk: TicketDesk
    tickets: TicketStore
    lookups: Lookups
    links: SourceLinks
    model: AgentsModel
    clock: Callable[[], datetime]
    log: "TicketLogger"
    passages: int
    style: str
    link_hosts: Collection[str]
    deadline_seconds: float
    search_seconds: float = 4.0
    store_seconds: float = 3.0

    def write(self, ticket_id: str, author: str, instruction: str | None) -> Draft:
        """Draft a reply to a ticket and keep it there, so that the reply can be compared with it.

        Raises UnknownTicket, ConversationErased, BudgetReached, ModelUnavailable, ErasedMeanwhile,
        Unavailable.
        """
        began_at, deadline = self.clock(), Deadline(self.deadline_seconds)
        calls = self.model.calls()
        view = self.desk.view(ticket_id)
        if view.ticket.is_erased:
            raise ConversationErased
        said = view.transcript or ()
        question = asked(view.ticket, said)
        admission = self.model.admit(author, question)
        queries = search_queries(question, said)
        passages = self._look_up(view, queries, calls, deadline)
        hint = mask(instruction) if instruction else None
        prompt = draft_prompt(question, said, view.context, passages, self.style, hint)
        reply = self.model.ask(prompt, deadline)
        could_search = "knowledge_base" not in calls.degraded
        text, citations, missing = read_draft(reply, passages, self.link_hosts, could_search)
        self.model.count(admission, question, reply, calls, len(queries))
        keeping = calls.start("storage", self.tickets.keep_draft, view.ticket, text, began_at)
        calls.settle(keeping, None, deadline.within(self.store_seconds))
        linked = self.links.linked(citations, AN_AGENT, calls.note)
        degraded = tuple(dict.fromkeys((*view.degraded, *calls.degraded)))
        self.log.drafted(view.ticket, reply.usage, len(citations), len(missing), degraded)
        return Draft(text, linked, missing, reply.usage, degraded)

    def _look_up(
        self, view: TicketView, queries: Sequence[str], calls: Parallel, deadline: Deadline
    ) -> tuple[Passage, ...]:
        """Return what both may read: the agent, who checks the draft, and the customer, who gets it."""
        known = view.context.customer if view.context else None
        customer = customer_reader(view.ticket.customer_id, known.tier if known else None)
        finding = self.lookups.find_passages(calls, queries, self.passages, customer)
        found = finding.settle(calls, deadline.within(self.search_seconds))
        return tuple(passage for passage in found if AN_AGENT.may_read(passage.access))
