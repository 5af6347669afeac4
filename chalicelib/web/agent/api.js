'use strict';
// What the console asks of the API, with the agent's token.

const FAILURE_WORDS = {
  tooLarge: 'That is too large to send.',
  tooMany: 'There are too many requests just now. Please wait a moment.',
  down: 'The support desk cannot be reached just now. Please try again.',
  refused: 'That was not accepted.',
  unreadable: 'The answer could not be read. Please try again.',
  late: 'No answer came in time. Please try again.',
  offline: 'There is no connection. Please check yours and try again.',
};
const TOKEN_REFUSED = 'Your access token is not accepted any more. Sign in to go on: nothing on this page is lost.';
const ALWAYS = new AbortController().signal;

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const getAgent = (token) => request('agents/me', { headers: bearer(token), lifetime: ALWAYS });

/** Ask as the agent; who is refused signs in again. */
async function asAgent(path, options = {}) {
  const { token } = agent;
  try {
    return await request(path, { headers: bearer(token), lifetime: ALWAYS, ...options });
  } catch (failure) {
    if (!REFUSED.includes(failure.status)) throw failure;
    if (token === agent.token) askForToken(TOKEN_REFUSED);
    throw new RequestFailure(TOKEN_REFUSED, { status: failure.status });
  }
}

function withQuery(path, query) {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return text ? `${path}?${text}` : path;
}

const ticketPath = (ticketId, rest = '') => `tickets/${encodeURIComponent(ticketId)}${rest}`;
const getTickets = (query) => asAgent(withQuery('tickets', query));
const getContext = (ticketId) => asAgent(ticketPath(ticketId, '/context'));
const patchTicket = (ticketId, payload) => asAgent(ticketPath(ticketId), { method: 'PATCH', payload });
const postReply = (ticketId, payload) => asAgent(ticketPath(ticketId, '/replies'), { payload });
const postDraft = (ticketId, payload) => asAgent(ticketPath(ticketId, '/draft'), { payload });
const postContextFeedback = (ticketId, payload) => asAgent(ticketPath(ticketId, '/feedback'), { payload });
const postArticle = (ticketId) => asAgent(ticketPath(ticketId, '/article'), { method: 'POST' });
const getInsights = (days) => asAgent(`insights?days=${days}`);
const getHealth = () => asAgent('health?deep=1');
const getSync = () => asAgent('kb/sync');
const postSync = () => asAgent('kb/sync', { method: 'POST' });
const getEvents = (query) => asAgent(withQuery('events', query));
const postResend = (eventId) => asAgent(`events/${encodeURIComponent(eventId)}/resend`, { method: 'POST' });
