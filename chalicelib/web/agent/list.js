'use strict';
// The list beside the ticket: its tabs, its rows, and finding what is not on the desk.

const URGENCY = ['urgent', 'high', 'medium', 'low'];
const EMPTY_WORDS = {
  answer: 'Nobody waits for an answer. New tickets appear here by themselves.',
  mine: 'No ticket is assigned to you. Open one and press a to take it.',
  open: 'There are no open tickets.',
  find: 'No ticket fits.',
};

const list = { tab: 'answer', rows: new Map(), found: [], next: null, query: {} };

const waitsSince = (ticket) => (ticket.last_reply_at ? millis(ticket.last_message_at) : millis(ticket.created_at));
const byUrgency = (one, other) => (
  URGENCY.indexOf(one.priority) - URGENCY.indexOf(other.priority) || waitsSince(one) - waitsSince(other)
);
const byNews = (one, other) => heardAt(other) - heardAt(one);

/** The tickets of a tab, in its order: who waits longest comes first, elsewhere the newest. */
function ticketsOf(tab) {
  const all = [...desk.tickets.values()];
  if (tab === 'answer') return all.filter(isToAnswer).sort(byUrgency);
  if (tab === 'mine') return all.filter(({ assignee }) => assignee === agent.name).sort(byNews);
  return tab === 'open' ? all.sort(byNews) : list.found;
}

function customerName({ contact, customer_external_id: customerId }) {
  return contact?.name || customerId || contact?.email || contact?.phone || 'Unknown customer';
}

function showList() {
  const tickets = ticketsOf(list.tab);
  tickets.forEach(updateRow);
  putInOrder(tickets.map(({ ticket_id: ticketId }) => list.rows.get(ticketId)));
  for (const tab of document.querySelectorAll('.tabs button')) {
    const { dataset: { tab: name } } = tab;
    tab.setAttribute('aria-pressed', String(name === list.tab));
    if (name !== 'find') showCount(tab.querySelector('.count'), ticketsOf(name).length, !desk.isWhole && name === 'open');
  }
  showCount(byId('tickets-count'), ticketsOf('answer').length);
  byId('empty').hidden = tickets.length > 0 || !(desk.isLoaded || list.tab === 'find');
  setText(byId('empty'), EMPTY_WORDS[list.tab]);
  byId('older').hidden = list.tab === 'find' ? !list.next : desk.isWhole;
}

/** Bring the list to these rows; rows that stay are not touched, so that a click or the focus on one is not lost. */
function putInOrder(rows) {
  const before = [...byId('rows').children];
  if (rows.length === before.length && rows.every((row, place) => row === before[place])) return;
  const focused = byId('rows').contains(document.activeElement) ? document.activeElement : null;
  byId('rows').replaceChildren(...rows);
  focused?.focus({ preventScroll: true });
}

function newRow(ticketId) {
  const parts = Object.fromEntries(['state', 'subject', 'time', 'who', 'tags'].map(
    (name) => [name, make(name === 'time' ? 'time' : 'span', { className: `row-${name}` })],
  ));
  parts.subject.dir = 'auto';
  const { state, subject, time, who, tags } = parts;
  const link = make('a', { href: `#/tickets/${encodeURIComponent(ticketId)}`, className: 'row' },
    state, make('span', { className: 'row-line' }, subject, time), make('span', { className: 'row-line' }, who, tags));
  return Object.assign(make('li', {}, link), { link, parts });
}

function updateRow(ticket) {
  const { ticket_id: ticketId } = ticket;
  const row = list.rows.get(ticketId) ?? newRow(ticketId);
  list.rows.set(ticketId, row);
  const { link, parts } = row;
  const unread = ticket.status !== 'closed' && isUnread(ticket);
  link.classList.toggle('unread', unread);
  if (ticketId === shown.id) link.setAttribute('aria-current', 'true');
  else link.removeAttribute('aria-current');
  setText(parts.state, unread ? 'Unread' : '');
  setText(parts.subject, ticket.subject);
  setText(parts.who, `${customerName(ticket)} · ${ticket.channel}`);
  const time = ticket.last_message_at ?? ticket.created_at;
  setText(parts.time, ago(time));
  parts.time.dateTime = time;
  parts.time.title = dayAndHour(time);
  setTags(parts.tags, tagsOf(ticket));
}

function tagsOf(ticket) {
  const { priority, status, assignee } = ticket;
  return [
    URGENCY.indexOf(priority) < 2 ? [priority, priority] : null,
    status === 'open' ? null : [status, 'state'],
    status !== 'closed' && ticket.last_reply_at && needsAnswer(ticket) ? ['wrote again', 'state'] : null,
    assignee ? [assignee === agent.name ? 'you' : assignee, 'assignee'] : null,
  ].filter(Boolean);
}

function setTags(element, tags) {
  const key = JSON.stringify(tags);
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(...tags.map(([textContent, kind]) => make('span', { className: `tag ${kind}`, textContent })));
}

function showTab(tab) {
  list.tab = tab;
  byId('find').hidden = tab !== 'find';
  if (tab === 'find') find();
  showList();
}

/** Look for tickets of any age by what the form says, from the newest. */
async function find() {
  list.query = Object.fromEntries(new FormData(byId('find')));
  const names = [...desk.tickets.values()].map(({ assignee }) => assignee);
  byId('assignees').replaceChildren(...[...new Set([agent.name, ...names])].filter(Boolean).map((value) => make('option', { value })));
  Object.assign(list, { found: [], next: null });
  await findMore();
}

async function findMore() {
  const { query, next } = list;
  await attempt(async () => {
    const answer = await getTickets({ ...query, limit: 20, before: next });
    if (list.query !== query) return;
    Object.assign(list, { found: [...list.found, ...answer.tickets], next: answer.next });
    showList();
  });
}

function showOlder() {
  if (list.tab === 'find') findMore();
  else {
    desk.pages += 1;
    poll();
  }
}

/** Open the ticket that is so many rows from this one; a ticket that left the list was where its place is now. */
function moveBy(steps) {
  const tickets = ticketsOf(list.tab);
  const place = tickets.findIndex(({ ticket_id: ticketId }) => ticketId === shown.id);
  if (place >= 0) list.place = place;
  const from = place >= 0 || !shown.id ? place : (list.place ?? 0) - (steps > 0 ? 1 : 0);
  const ticket = tickets[Math.min(Math.max(from + steps, 0), tickets.length - 1)];
  if (!ticket) return;
  location.replace(list.rows.get(ticket.ticket_id).link.href);
  list.rows.get(ticket.ticket_id).scrollIntoView({ block: 'nearest' });
}

document.querySelector('.tabs').addEventListener('click', (event) => {
  const tab = event.target.closest('button')?.dataset.tab;
  if (tab) showTab(tab);
});
byId('find').addEventListener('submit', (event) => {
  event.preventDefault();
  find();
});
byId('older').addEventListener('click', showOlder);
