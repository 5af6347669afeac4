'use strict';
// What is on the desk: the tickets that are not closed, read again and again.

const POLL_MS = 4_000;
const POLL_HIDDEN_MS = 30_000;
const PAGE_SIZE = 100;
const savedSeen = remembered('localStorage', 'agent-seen');

const desk = {
  tickets: new Map(),
  seen: new Map(Object.entries(jsonObject(savedSeen.read()) ?? {})),  // up to when each was read, in ms
  pages: 1,  // of how many tickets of a status at the most
  isWhole: true,
  isLoaded: false,
  reading: 0,
  timer: 0,
};

/** When the customer last wrote, in ms. */
const heardAt = (ticket) => Math.max(millis(ticket.created_at), millis(ticket.last_message_at));
const isUnread = (ticket) => heardAt(ticket) > (desk.seen.get(ticket.ticket_id) ?? 0);

/** Whether the customer spoke last; a pending ticket waits for them until they do. */
function needsAnswer({ status, last_reply_at: replied, last_message_at: heard }) {
  return replied ? millis(heard) > millis(replied) : status === 'open';
}

/** Whether this agent should answer: nobody else has the ticket. */
const isToAnswer = (ticket) => needsAnswer(ticket) && [null, agent.name].includes(ticket.assignee);

async function readDesk() {
  const read = await Promise.all(['open', 'pending'].map(readStatus));
  return { tickets: read.flatMap(({ tickets }) => tickets), isWhole: read.every(({ next }) => !next) };
}

async function readStatus(status) {
  const tickets = [];
  let next = null;
  for (let page = 0; page < desk.pages && (page === 0 || next); page += 1) {
    const answer = await getTickets({ status, limit: PAGE_SIZE, before: next });
    tickets.push(...answer.tickets);
    next = answer.next;
  }
  return { tickets, next };
}

/** Read the desk now, and again in a while; the newest reading counts. */
async function poll() {
  if (!agent.token) return;
  clearTimeout(desk.timer);
  const reading = ++desk.reading;
  let waitMs = document.hidden ? POLL_HIDDEN_MS : POLL_MS;
  await attempt(async () => {
    if (!agent.name) showAgent((await asAgent('agents/me')).name);
    const read = await readDesk();
    if (reading === desk.reading) takeIn(read);
    showConnection('');
  }, (failure) => {
    waitMs = Math.max(waitMs, failure.retryAfterSeconds * 1000);
    if (!REFUSED.includes(failure.status)) showConnection(`${failure.message} What you see may be out of date; it is tried again by itself.`);
  });
  if (reading === desk.reading) desk.timer = setTimeout(poll, waitMs);
}

function showConnection(sentence) {
  byId('connection').hidden = !sentence;
  setText(byId('connection'), sentence);
}

function takeIn({ tickets, isWhole }) {
  const before = desk.tickets;
  desk.tickets = new Map(tickets.map((ticket) => [ticket.ticket_id, ticket]));
  const news = tickets.filter((ticket) => {
    const known = before.get(ticket.ticket_id);
    return isToAnswer(ticket) && (!known || heardAt(ticket) > heardAt(known));
  });
  if (desk.isLoaded) alertTo(news.filter(isUnread));
  Object.assign(desk, { isWhole, isLoaded: true });
  noteListed();
  showDesk();
}

/** Show all that depends on the desk's tickets. */
function showDesk() {
  showList();
  showTitle();
}

/** Note a ticket as it is by an answer, which is newer than what was listed. */
function noteTicket(ticket) {
  if (ticket.status === 'closed') desk.tickets.delete(ticket.ticket_id);
  else desk.tickets.set(ticket.ticket_id, ticket);
  list.found = list.found.map((found) => (found.ticket_id === ticket.ticket_id ? ticket : found));
  showDesk();
}

function markRead(ticket) {
  if (document.hidden || !isUnread(ticket)) return;
  desk.seen.set(ticket.ticket_id, heardAt(ticket));
  // Those that are off the desk need no mark any more, once all that is on it is known.
  const isKept = ([ticketId]) => !desk.isWhole || desk.tickets.has(ticketId) || ticketId === ticket.ticket_id;
  savedSeen.write(JSON.stringify(Object.fromEntries([...desk.seen].filter(isKept))));
  showDesk();
}
