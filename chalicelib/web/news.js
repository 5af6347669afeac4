'use strict';
// While a ticket is open: what a person of the support team writes appears by itself.

const NEWS_EVERY_MS = 4_000;

/** Read what is new in a while, and go on for as long as the ticket is open and the page is looked at. */
function followTicket(afterMs = NEWS_EVERY_MS) {
  chat.hasOpenTicket = true;
  clearTimeout(chat.newsTimer);
  chat.newsTimer = setTimeout(readNews, afterMs);
}

async function readNews() {
  const lifetime = chat.lifetime.signal;
  if (document.hidden) return;  // coming back to the page reads on
  try {
    const news = await getHistory(chat.sessionId, lifetime, { after: chat.newest });
    if (!lifetime.aborted) showNews(news);
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    if (lifetime.aborted || SESSION_GONE.includes(failure.status)) return;
    followTicket(Math.max(NEWS_EVERY_MS, failure.retryAfterSeconds * 1000));
  }
}

function showNews(news) {
  for (const message of readMessages(news)) {
    if (message?.role !== 'agent' || document.getElementById(agentId(message))) continue;
    const element = restoredElement(message);
    view.messages.append(element);
    element.scrollIntoView({ block: 'nearest' });
    announce(element.querySelector('.answer').textContent);
  }
  keepPlace(news);
}

/** Remember up to where the conversation was read, and read on if somebody may still write. */
function keepPlace({ newest, ticket }) {
  chat.newest = newest ?? chat.newest;
  chat.hasOpenTicket = false;
  if (ticket && ticket.status !== 'closed') followTicket();
}
