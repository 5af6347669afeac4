'use strict';
// Where the conversation's ticket stands: waiting for a person, with one, or closed; and who has joined.

const TICKET_WORDS = { waiting: say('ticketWaiting'), agent: say('ticketAgent'), closed: say('ticketClosed') };

/** The ticket of a read conversation as `{id, state}`; null where it has none. */
function ticketOf({ ticket, handled_by: handledBy }) {
  if (!ticket?.ticket_id) return null;
  const openState = handledBy === 'agent' ? 'agent' : 'waiting';
  return { id: String(ticket.ticket_id), state: ticket.status === 'closed' ? 'closed' : openState };
}

/** The ticket after an answer, which names it when it hands over and says who has it. */
function ticketAfter({ escalation, handled_by: handledBy }) {
  if (handledBy === 'agent') return { id: chat.ticket?.id ?? '', state: 'agent' };
  return escalation?.ticket_id ? { id: String(escalation.ticket_id), state: 'waiting' } : chat.ticket;
}

const isOpen = (ticket) => ticket !== null && ticket.state !== 'closed';
const lastReply = () => [...view.messages.querySelectorAll('.agent')].at(-1);

function showTicket(ticket) {
  chat.ticket = ticket;
  view.ticket.hidden = !ticket;
  const name = ticket?.state === 'agent' && lastReply()?.dataset.author;
  view['ticket-state'].textContent = name ? say('withName', { name }) : TICKET_WORDS[ticket?.state];
  view['ticket-number'].textContent = ticket?.id ? say('ticket', { number: ticket.id }) : '';
  showContact();
  showSolved();
  tellState();
}

function joinedElement(author) {
  const element = fromTemplate('event-template');
  element.classList.add('joined');
  element.textContent = say('joined', { name: author });
  return element;
}

/** Say where a person joins: once for each who answers, and again with the next ticket. */
function markJoins() {
  view.messages.querySelectorAll('.joined').forEach((element) => element.remove());
  let present = '';
  let ticketId = '';
  for (const turn of [...view.messages.children]) {
    const { author, ticketId: named = ticketId } = turn.dataset;
    if (named !== ticketId) [ticketId, present] = [named, ''];
    if (author && author !== present) turn.before(joinedElement(author));
    present = author ?? present;
  }
}
