'use strict';
// page.py puts the files of this page, in the order that chat.html names, into one module script: they share
// its scope, and nothing of them becomes a global.

const ANSWER_TIMEOUT_MS = 30_000;
const LONGEST_WAIT_SECONDS = 24 * 3600;

// The page lives at `/` locally and below the stage's name (`/api`, `/api/`) behind API Gateway.
const API_BASE = new URL(location.pathname.replace(/\/*$/, '/'), location.origin);

/** A request that did not succeed: what to tell the customer, and whether sending it again can help. */
class RequestFailure extends Error {
  constructor(sentence, { status = 0, retryable = true, retryAfterSeconds = 0, fields = [] } = {}) {
    super(sentence);
    Object.assign(this, { status, retryable, retryAfterSeconds, fields });
  }
}

function fallbackSentence(status) {
  if (status === 413) return 'That message is too large to send.';
  if (status === 429) return 'There are too many messages just now. Please wait a moment.';
  if (status >= 500) return 'The assistant cannot be reached just now. Your message is kept here.';
  return 'The message was not accepted.';
}

/** Read a Retry-After header (seconds or an HTTP date); 0 when there is none that makes sense. */
function retryAfterSeconds(header, now = Date.now()) {
  if (!header) return 0;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 0), LONGEST_WAIT_SECONDS) : 0;
}

/** Parse a JSON object; null for anything else, such as a gateway's HTML error page. */
function jsonObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function refusal(response, body) {
  const { status } = response;
  const sentence = typeof body?.error === 'string' && body.error.trim();
  const fields = Array.isArray(body?.fields) ? body.fields.map((entry) => entry?.field) : [];
  return new RequestFailure(sentence || fallbackSentence(status), {
    status,
    fields,
    retryable: status >= 500 || status === 429 || status === 408,
    retryAfterSeconds: retryAfterSeconds(response.headers.get('Retry-After')),
  });
}

function readResponse(response, text) {
  const body = jsonObject(text);
  if (!response.ok) throw refusal(response, body);
  if (!body) throw new RequestFailure('The answer could not be read. Please try again.', { status: response.status });
  return body;
}

/** Ask the API; throws RequestFailure. `lifetime` ends the request when the conversation it belongs to is left. */
async function request(path, { payload, lifetime, timeoutMs = ANSWER_TIMEOUT_MS }) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  lifetime.addEventListener('abort', abort);
  const options = { signal: controller.signal, cache: 'no-store', headers: { Accept: 'application/json' } };
  if (payload) {
    Object.assign(options, { method: 'POST', body: JSON.stringify(payload) });
    options.headers['Content-Type'] = 'application/json';
  }
  try {
    const response = await fetch(new URL(path, API_BASE), options);
    return readResponse(response, await response.text());
  } catch (error) {
    if (error instanceof RequestFailure) throw error;
    if (error.name === 'AbortError') throw new RequestFailure('No answer came in time. Please try again.');
    // fetch reports every network trouble as a TypeError, whose text is meant for developers.
    if (error instanceof TypeError) throw new RequestFailure('There is no connection to the assistant. Please check yours and try again.');
    throw error;
  } finally {
    clearTimeout(timer);
    lifetime.removeEventListener('abort', abort);
  }
}

const sessionPath = (sessionId) => `chat/${encodeURIComponent(sessionId)}`;

async function postQuestion({ text, messageId }, sessionId, lifetime) {
  const payload = { query: text, message_id: messageId };
  if (sessionId) payload.session_id = sessionId;
  const answer = await request('chat', { payload, lifetime });
  if (typeof answer.response === 'string') return answer;
  throw new RequestFailure('The answer could not be read. Please try again.');
}

/** Read the newest messages, those `before` a place of an earlier page, or those `after` one; '' is no place. */
function getHistory(sessionId, lifetime, place = {}) {
  const query = new URLSearchParams(Object.entries(place).filter(([, value]) => value)).toString();
  return request(sessionPath(sessionId) + (query && `?${query}`), { lifetime, timeoutMs: 15_000 });
}

function postFeedback(sessionId, messageId, rating, lifetime) {
  const payload = { message_id: messageId, rating };
  return request(`${sessionPath(sessionId)}/feedback`, { payload, lifetime, timeoutMs: 15_000 });
}
