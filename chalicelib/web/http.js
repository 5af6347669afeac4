'use strict';
// Asking the API. page.py puts a page's files, in the order that its HTML names, into one module script: they
// share its scope, and nothing of them becomes a global. Each page says in FAILURE_WORDS what failed.

const ANSWER_TIMEOUT_MS = 30_000;
const LONGEST_WAIT_SECONDS = 24 * 3600;

// A page lives at `/` locally and below the stage's name (`/api`, `/api/`) behind API Gateway; `data-base` leads
// from there to the API.
const API_BASE = new URL(
  document.documentElement.dataset.base ?? '.',
  new URL(location.pathname.replace(/\/*$/, '/'), location.origin),
);

/** A request that did not succeed: what to tell the reader, and whether sending it again can help. */
class RequestFailure extends Error {
  constructor(sentence, { status = 0, code = '', retryable = true, retryAfterSeconds = 0, fields = [] } = {}) {
    super(sentence);
    Object.assign(this, { status, code, retryable, retryAfterSeconds, fields });
  }
}

function fallbackSentence(status, code) {
  if (code === 'budget_reached') return FAILURE_WORDS.spent;
  if (status === 413) return FAILURE_WORDS.tooLarge;
  if (status === 429) return FAILURE_WORDS.tooMany;
  return status >= 500 ? FAILURE_WORDS.down : FAILURE_WORDS.refused;
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
  const sentence = KNOWS_SERVER_WORDS && typeof body?.error === 'string' && body.error.trim();
  const fields = Array.isArray(body?.fields) ? body.fields.map((entry) => entry?.field) : [];
  return new RequestFailure(sentence || fallbackSentence(status, body?.code), {
    status,
    fields,
    code: body?.code,
    retryable: status >= 500 || status === 429 || status === 408,
    retryAfterSeconds: retryAfterSeconds(response.headers.get('Retry-After')),
  });
}

function readResponse(response, text) {
  const body = jsonObject(text);
  if (!response.ok) throw refusal(response, body);
  if (response.status === 204) return {};
  if (!body) throw new RequestFailure(FAILURE_WORDS.unreadable, { status: response.status });
  return body;
}

/** Ask the API; throws RequestFailure. `lifetime` ends the request when what it belongs to is left. */
async function request(path, { method, payload, headers, lifetime, timeoutMs = ANSWER_TIMEOUT_MS }) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  lifetime.addEventListener('abort', abort);
  const options = { method, signal: controller.signal, cache: 'no-store', headers: { Accept: 'application/json', ...headers } };
  if (payload) {
    Object.assign(options, { method: method ?? 'POST', body: JSON.stringify(payload) });
    options.headers['Content-Type'] = 'application/json';
  }
  try {
    const response = await fetch(new URL(path, API_BASE), options);
    return readResponse(response, await response.text());
  } catch (error) {
    if (error instanceof RequestFailure) throw error;
    if (error.name === 'AbortError') throw new RequestFailure(FAILURE_WORDS.late);
    // fetch reports every network trouble as a TypeError, whose text is meant for developers.
    if (error instanceof TypeError) throw new RequestFailure(FAILURE_WORDS.offline);
    throw error;
  } finally {
    clearTimeout(timer);
    lifetime.removeEventListener('abort', abort);
  }
}
