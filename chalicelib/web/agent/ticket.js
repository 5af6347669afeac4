'use strict';
// The ticket that is open: what it is, changing it, and what others do to it meanwhile.

const REASONS = {
  customer_request: 'the customer asked for a person',
  missing_knowledge: 'no article answers it',
  negative_sentiment: 'the customer is upset',
  policy_restriction: 'policy does not let the assistant answer',
  unsupported_request: 'the assistant cannot do this',
};
const CHANNELS = { email: 'by e-mail', chat: 'by chat', phone: 'by phone', web: 'on the web' };
const ERASED = '(erased by the customer)';

const shown = {
  id: '',
  ticket: null,  // as an answer had it last
  context: null,
  listed: '',  // how the list had it last
  sentAt: new Set(),  // the times of the replies that went out from here
};

const isOfChat = ({ reason }) => reason !== null;
const isErased = ({ description }) => description === ERASED;

/** What of a ticket others may change; the same for all that are off the desk. */
function signature(ticket) {
  if (!ticket || ticket.status === 'closed') return '';
  const { status, priority, assignee, contact } = ticket;
  return JSON.stringify([status, priority, assignee, contact, millis(ticket.last_message_at), millis(ticket.last_reply_at)]);
}

function openTicket(ticketId) {
  const ticket = desk.tickets.get(ticketId) ?? list.found.find((found) => found.ticket_id === ticketId) ?? null;
  Object.assign(shown, { id: ticketId, ticket, context: null, listed: signature(desk.tickets.get(ticketId)) });
  byId('no-ticket').hidden = Boolean(ticketId);
  byId('ticket').hidden = !ticketId;
  byId('ticket-failed').hidden = true;
  byId('tickets').dataset.shown = ticketId ? 'ticket' : 'list';
  showList();
  clearTimeout(openTicket.timer);
  if (!ticketId) return;
  showPart('talk');
  showHead();
  byId('messages').replaceChildren();
  byId('around').replaceChildren();
  byId('ticket-loading').hidden = false;
  showWork();
  byId('subject').focus({ preventScroll: true });
  // Who walks through the list with a key does not ask for all that they pass.
  openTicket.timer = setTimeout(loadTicket, 120);
}

/** Read the open ticket with what is around it. */
async function loadTicket() {
  const { id, ticket } = shown;
  await attempt(async () => {
    const context = await getContext(id);
    if (id !== shown.id) return;
    if (ticket !== shown.ticket) {  // changed from here meanwhile: the answer is older than that
      loadTicket();
      return;
    }
    const before = shown.context && shown.ticket;
    Object.assign(shown, { context, ticket: context.ticket });
    byId('ticket-failed').hidden = true;
    noteTicket(context.ticket);
    if (before) noteChanges(before, context);
    showHead();
    showMessages(!before);
    showAround();
    showWork();
    markRead(context.ticket);
  }, (failure) => {
    if (id === shown.id) showLoadFailure(failure);
  });
  if (id === shown.id) byId('ticket-loading').hidden = true;
}

function showLoadFailure(failure) {
  shown.listed = 'unread';  // the next look at the list reads it again
  const [words, button] = byId('ticket-failed').children;
  words.textContent = failure.code === 'unknown_ticket' ? 'This ticket is not there any more.' : failure.message;
  button.hidden = !failure.retryable && !REFUSED.includes(failure.status);
  byId('ticket-failed').hidden = false;
}

/** Read the open ticket again when the list tells something new of it. */
function noteListed() {
  if (!shown.id) return;
  const listed = signature(desk.tickets.get(shown.id));
  const isNew = listed !== shown.listed && listed !== signature(shown.ticket);
  shown.listed = listed;
  if (isNew && shown.context) loadTicket();
}

/** Say what somebody else did to the ticket since it was shown. */
function noteChanges(before, { ticket, transcript }) {
  const since = millis(before.last_reply_at);
  const work = workOn(ticket.ticket_id);
  // A reply that is on its way, or whose answer got lost, is this agent's own.
  const isOwn = ({ author, timestamp }) => shown.sentAt.has(millis(timestamp)) || (author === agent.name && work.replyId);
  const others = (transcript ?? []).filter((message) => message.role === 'agent' && millis(message.timestamp) > since && !isOwn(message));
  const sentences = others.map(({ author }) => (author === agent.name ? 'A reply was sent under your name elsewhere.' : `${author} replied.`));
  if (ticket.status !== before.status) sentences.push(`The ticket is ${ticket.status} now.`);
  if (ticket.assignee !== before.assignee) sentences.push(ticket.assignee ? `It is assigned to ${ticket.assignee} now.` : 'It is assigned to nobody now.');
  if (work.text && millis(ticket.last_message_at) > millis(before.last_message_at)) sentences.push('The customer wrote again.');
  if (sentences.length) work.notice = `${sentences.join(' ')}${work.text ? ' Read it before you send what you wrote.' : ''}`;
}

function showHead() {
  const { ticket, id } = shown;
  byId('subject').textContent = ticket?.subject ?? id;
  byId('ticket').querySelector('.controls').hidden = !ticket;
  byId('origin').replaceChildren(...(ticket ? originOf(ticket) : []));
  byId('ask-article').hidden = !isSolved(ticket);
  if (!ticket) return;
  const isMine = ticket.assignee === agent.name;
  byId('assign').textContent = isMine ? 'Assigned to you' : ticket.assignee ? `Assigned to ${ticket.assignee}` : 'Assign to me';
  byId('assign').title = isMine ? 'Give it back (a)' : 'Take it (a)';
  byId('assign').setAttribute('aria-pressed', String(isMine));
  byId('status').value = ticket.status;
  byId('priority').value = ticket.priority;
}

function originOf(ticket) {
  const name = shown.context?.customer_context?.name ?? customerName(ticket);
  const words = [name, isOfChat(ticket) ? `from the chat: ${REASONS[ticket.reason] ?? ticket.reason}` : CHANNELS[ticket.channel], ticket.ticket_id, ticket.external_ticket_id];
  return [words.filter(Boolean).join(' · '), ' · ', timeElement(ticket.created_at)];
}

function showPart(part) {
  byId('ticket').querySelector('.ticket-body').dataset.part = part;
  for (const button of document.querySelectorAll('.parts button')) {
    button.setAttribute('aria-pressed', String(button.dataset.part === part));
  }
}

/* Changing it */

async function changeTicket(change, sentence = '', undo = undefined) {
  const { id } = shown;
  await attempt(async () => {
    const ticket = await patchTicket(id, change);
    if (sentence) toast(sentence, undo && 'Undo', undo && (() => changeBack(id, undo)));
    takeTicket(ticket);
  }, (failure) => {
    toast(`Not changed. ${failure.message}`);
    if (id === shown.id) showHead();
  });
}

const changeBack = (id, change) => attempt(async () => takeTicket(await patchTicket(id, change)));

/** Show a ticket as an answer has it. */
function takeTicket(ticket) {
  noteTicket(ticket);
  if (ticket.ticket_id !== shown.id) return;
  shown.ticket = ticket;
  if (shown.context) shown.context = { ...shown.context, ticket };
  showHead();
  showWork();
}

const toggleAssigned = () => changeTicket({ assignee: shown.ticket.assignee === agent.name ? null : agent.name });

function setStatus(status) {
  const before = shown.ticket.status;
  const words = { closed: 'Closed.', open: 'Open again.', pending: 'Pending: it comes back when the customer writes.' };
  changeTicket({ status }, words[status], { status: before });
}

const toggleClosed = () => setStatus(shown.ticket.status === 'closed' ? 'open' : 'closed');

byId('ticket-failed').querySelector('button').addEventListener('click', loadTicket);
byId('assign').addEventListener('click', toggleAssigned);
byId('status').addEventListener('change', (event) => setStatus(event.target.value));
byId('priority').addEventListener('change', (event) => changeTicket({ priority: event.target.value }));
document.querySelector('.parts').addEventListener('click', (event) => {
  const part = event.target.closest('button')?.dataset.part;
  if (part) showPart(part);
});
