'use strict';
// The console's views, each under an address of its own after the `#`, and its start.

const VIEWS = { tickets: () => {}, articles: readSyncState, events: readEvents, insights: openInsights };
const COUNT_MS = 60_000;

/** Show the view that the address names: `#/tickets`, `#/tickets/<id>`, `#/articles`, `#/events`, `#/insights`. */
function route() {
  const [, name, ticketId = ''] = location.hash.split('/');
  const chosen = Object.hasOwn(VIEWS, name) ? name : 'tickets';
  for (const view of Object.keys(VIEWS)) {
    byId(view).hidden = view !== chosen;
    const link = document.querySelector(`nav [data-view="${view}"]`);
    if (view === chosen) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  byId('menu').open = false;
  if (!agent.token) return;
  const id = chosen === 'tickets' ? decodeTicketId(ticketId) : shown.id;
  if (id !== shown.id) openTicket(id);
  VIEWS[chosen]();
}

/** The id in an address; '' for one that somebody broke. */
function decodeTicketId(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return '';
    throw error;
  }
}

/** Begin, or go on after signing in again: read all that is on the page. */
function begin() {
  if (shown.id) loadTicket();
  route();
  poll();
  count();
}

/** Keep the marks beside the other views' names up to date. */
function count() {
  clearTimeout(count.timer);
  count.timer = setTimeout(count, COUNT_MS);
  if (document.hidden || !agent.token) return;
  if (byId('articles').hidden) readSyncState();
  countFailed();
}

window.addEventListener('hashchange', route);
window.addEventListener('online', poll);
document.addEventListener('visibilitychange', () => {
  if (document.hidden || !agent.token) return;
  if (shown.context) markRead(shown.ticket);
  poll();
});
route();
if (agent.token) begin();
else askForToken();
