"""Articles from solved tickets; nothing here publishes anything."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.chat.answer_links import known_hosts
from chalicelib.chat.snippets import plain_text
from chalicelib.chat.source_links import has_restricted
from chalicelib.domain.access import AGENT, Access
from chalicelib.domain.conversation import Exchange, Usage
from chalicelib.domain.ticket import Ticket
from chalicelib.errors import ConversationErased, NothingToWrite, TicketNotSolved, Unavailable
from chalicelib.parallel import Deadline
from chalicelib.tickets.agents_model import AgentsModel
from chalicelib.tickets.article_prompt import Case
from chalicelib.tickets.desk import TicketDesk, TicketView

if TYPE_CHECKING:
    from chalicelib.logs import TicketLogger

NEEDED = {"history": "conversations", "customer": "customers"}
"""What a ticket's view may be without: there would be nothing to write, or nobody to leave out."""


@dataclass(frozen=True)
class Article:
    """An article to check: its title as plain text, and all of it; `access` is who may read it."""

    title: str
    markdown: str
    access: Access
    usage: Usage


@dataclass(frozen=True)
class Articles:
    """Drafts articles of the knowledge base from what agents replied, with one model call each."""

    desk: TicketDesk
    model: AgentsModel
    log: "TicketLogger"
    link_hosts: Collection[str]
    deadline_seconds: float

    def write(self, ticket_id: str, author: str) -> Article:
        """Draft an article from a ticket that is closed and that an agent replied to.

        Raises UnknownTicket, ConversationErased, TicketNotSolved, NothingToWrite, BudgetReached,
        ModelUnavailable, Unavailable.
        """
        deadline, calls = Deadline(self.deadline_seconds), self.model.calls()
        view = self.desk.view(ticket_id)
        exchanges = _exchanges_of(view)
        passages = view.suggestions
        customer = view.context.customer if view.context else None
        case = Case.of(view.ticket, exchanges, customer, passages)
        question = case.question
        admission = self.model.admit(author, question)
        reply = self.model.ask(case.prompt(), deadline)
        self.model.count(admission, question, reply, calls)
        hosts = known_hosts([p for p in passages if p.access is None], self.link_hosts)
        title, body = ("", "") if reply.guardrail.intervened else case.read(reply.text, hosts)
        self.log.article_drafted(view.ticket, reply.usage, is_empty=not body)
        if not body:
            raise NothingToWrite(reply.guardrail.reasons)
        # What rests on documents that not everybody may read is for agents, until the owner says otherwise.
        access = (AGENT,) if has_restricted(exchanges) else None
        return Article(plain_text(title), f"# {title}\n\n{body}\n", access, reply.usage)


def _exchanges_of(view: TicketView) -> tuple[Exchange, ...]:
    """Return what was said until the ticket was solved.

    Raises ConversationErased, TicketNotSolved, Unavailable.
    """
    ticket = view.ticket
    if ticket.is_erased:
        raise ConversationErased
    if ticket.status != "closed" or ticket.last_reply_at is None:
        raise TicketNotSolved
    for name, dependency in NEEDED.items():
        if name in view.degraded:
            raise Unavailable(dependency)
    said = [each for each in view.transcript or () if each.ticket_id in (None, ticket.ticket_id)]
    while said and not _is_reply(said[-1], ticket):
        said.pop()  # what comes behind the last reply is about something else
    if not said:
        raise TicketNotSolved
    return tuple(said)


def _is_reply(exchange: Exchange, ticket: Ticket) -> bool:
    return exchange.author is not None and exchange.ticket_id == ticket.ticket_id
