'use strict';
// While a ticket is open: what a person of the support team writes appears by itself.

const NEWS_EVERY_MS = 4_000;
const QUIET_NEWS_EVERY_MS = 20_000;
const QUIET_AFTER_MS = 10 * 60_000;

/** Read what is new in a while, less often when nobody has written for long. */
function followTicket(afterMs = 0) {
  const isQuiet = Date.now() - chat.lastSaidAt > QUIET_AFTER_MS;
  clearTimeout(chat.newsTimer);
  chat.newsTimer = setTimeout(readNews, Math.max(afterMs, isQuiet ? QUIET_NEWS_EVERY_MS : NEWS_EVERY_MS));
}

/** Read what is new at once when the customer comes back to the page. */
function returnToPage() {
  if (document.hidden || !isOpen(chat.ticket)) return;
  clearTimeout(chat.newsTimer);
  readNews();
}

async function readNews() {
  const lifetime = chat.lifetime.signal;
  if (document.hidden) return;  // coming back to the page reads on
  try {
    const news = await getHistory(chat.sessionId, lifetime, { after: chat.newest });
    if (!lifetime.aborted) showNews(news);
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    if (lifetime.aborted || isSessionGone(failure)) return;
    followTicket(failure.retryAfterSeconds * 1000);
  }
}

function showNews(news) {
  const isNew = (message) => message?.role === 'agent' && !document.getElementById(agentId(message));
  const replies = readMessages(news).filter(isNew).map(restoredElement);
  if (replies.length > 0) chat.lastSaidAt = Date.now();
  place.following(() => {
    addMessages(...replies);
    markJoins();
    keepPlace(news);
  });
  for (const element of replies) announce(element.querySelector('.answer').textContent);
}

/** Remember up to where the conversation was read, and read on if somebody may still write. */
function keepPlace(history) {
  chat.newest = history.newest ?? chat.newest;
  chat.contact = history.contact ?? chat.contact;
  showTicket(ticketOf(history));
  if (isOpen(chat.ticket)) followTicket();
}
