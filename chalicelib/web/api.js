'use strict';
// What the chat asks of the API.

const FAILURE_WORDS = Object.fromEntries(
  ['tooLarge', 'tooMany', 'spent', 'down', 'refused', 'unproven', 'unreadable', 'late', 'offline'].map((key) => [key, say(key)]),
);

const sessionPath = (sessionId) => `chat/${encodeURIComponent(sessionId)}`;

async function postQuestion({ text, messageId }, sessionId, lifetime) {
  const payload = { query: text, message_id: messageId, progressive: true };
  if (sessionId) payload.session_id = sessionId;
  const answer = await requestAsCustomer('chat', { payload, lifetime, headers: { 'Accept-Language': LANGUAGE } });
  if (typeof answer.response === 'string') return answer;
  throw new RequestFailure(FAILURE_WORDS.unreadable);
}

/** Read what there is of an answer that is being written: `{text, done}`. */
function getPending(messageId, lifetime) {
  return requestAsCustomer(`chat/pending/${encodeURIComponent(messageId)}`, { lifetime, timeoutMs: 5_000 });
}

/** Read the newest messages, those `before` a place of an earlier page, or those `after` one; '' is no place. */
function getHistory(sessionId, lifetime, place = {}) {
  const query = new URLSearchParams(Object.entries(place).filter(([, value]) => value)).toString();
  return requestAsCustomer(sessionPath(sessionId) + (query && `?${query}`), { lifetime, timeoutMs: 15_000 });
}

/** Exchange the token of a mail's link for `{session_id}`. */
function postLink(token, lifetime) {
  return requestAsCustomer('chat/open', { payload: { token }, lifetime, timeoutMs: 15_000 });
}

function deleteConversation(sessionId, lifetime) {
  return requestAsCustomer(sessionPath(sessionId), { method: 'DELETE', lifetime });
}

/** Keep how the customer can be reached: `{email, phone, name}`, in place of what was known. */
function putContact(sessionId, contact, lifetime) {
  return requestAsCustomer(`${sessionPath(sessionId)}/contact`, { method: 'PUT', payload: contact, lifetime, timeoutMs: 15_000 });
}

function postFeedback(sessionId, messageId, feedback, lifetime) {
  const payload = { message_id: messageId, ...feedback };
  return requestAsCustomer(`${sessionPath(sessionId)}/feedback`, { payload, lifetime, timeoutMs: 15_000 });
}
