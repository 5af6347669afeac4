'use strict';
// The link of a mail: what stands behind its `#` is exchanged for the conversation that it leads to.

const LINK = /^#conversation=([\w.:-]+)$/;
const linkNotice = document.getElementById('link-notice');

/** Take the token out of the address, and so out of the browser's history, before anything else. */
function takeLinkToken() {
  const token = LINK.exec(location.hash)?.[1] ?? '';
  if (token) window.history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** Go on in the conversation that a token opens; without one, in the one that this browser remembers. */
async function openLink(token) {
  const lifetime = chat.lifetime.signal;
  linkNotice.hidden = true;
  setBusy(true);
  try {
    const { session_id: sessionId } = token ? await postLink(token, lifetime) : {};
    if (lifetime.aborted) return;
    if (typeof sessionId === 'string') rememberSession(sessionId);
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    if (lifetime.aborted) return;
    showLinkNotice(failure, token);
  }
  await restore();
}

function showLinkNotice(failure, token) {
  const retry = linkNotice.querySelector('button');
  linkNotice.querySelector('p').textContent = failure.retryable ? failure.message : say('linkRefused');
  retry.hidden = !failure.retryable;
  retry.onclick = () => openLink(token);
  linkNotice.hidden = false;
  announce(linkNotice.querySelector('p').textContent);
}
