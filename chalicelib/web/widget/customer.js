'use strict';
// In a widget: whose conversation this is, as the site around it proves, and what it and the page tell each other.
// In a page of its own there is no site, and nobody is proven.

const SITE = window.parent === window ? '' : siteNamedIn(location.hash);
let proof = null;  // {customer_id, customer_hash, customer_hash_expires?}

/** The origin that the widget put behind the `#`; '' where there is none. Who may frame the page, the policy says. */
function siteNamedIn(hash) {
  const named = new URLSearchParams(hash.slice(1)).get('widget') ?? '';
  return /^https?:\/\/[^/?#\s]+$/.test(named) ? named : '';
}

function tellSite(message) {
  if (SITE) window.parent.postMessage(message, SITE);
}

/** Call a handler with what the site says, and with nothing that comes from elsewhere. */
function hearSite(handle) {
  window.addEventListener('message', ({ source, origin, data }) => {
    if (source === window.parent && origin === SITE) handle(data ?? {});
  });
}

/** Wait until the site has said whom the page is for. */
function meetSite() {
  return new Promise((resolve) => {
    hearSite((message) => message.type === 'hello' && resolve(message));
    tellSite({ type: 'ready' });
  });
}

function proofHeaders() {
  if (!proof) return {};
  const { customer_id: id, customer_hash: hash, customer_hash_expires: expires } = proof;
  return { 'X-Customer-Id': id, 'X-Customer-Hash': hash, ...(expires && { 'X-Customer-Hash-Expires': String(expires) }) };
}

/** Whether what the site said of its customer was wrong, is no longer true, or could not be read. */
function isProofRefused({ code, fields }) {
  return code === 'wrong_customer_hash' || (fields ?? []).some((field) => /^(?:x-)?customer[-_]/i.test(field));
}

/** Ask the API with the customer's proof: in the body, or in headers where there is none. */
async function requestAsCustomer(path, { payload, ...options }) {
  const proven = payload ? { payload: { ...payload, ...proof } } : { headers: proofHeaders() };
  try {
    return await request(path, { ...options, ...proven });
  } catch (failure) {
    if (!isProofRefused(failure)) throw failure;
    tellSite({ type: 'refused' });
    throw new RequestFailure(FAILURE_WORDS.unproven, { ...failure, retryable: true });
  }
}

const hello = SITE ? await meetSite() : {};
proof = hello.customer ?? null;
rememberFor(proof?.customer_id);
