'use strict';
// What the site's own scripts may call, and how the widget begins.

const EVENTS = ['ready', 'open', 'close', 'message', 'unread', 'refused'];

function ask(text) {
  open();
  if (typeof text === 'string') tell({ type: 'ask', text });
  else console.warn('SupportAssistant: ask takes a text.');
}

/** Call a handler for each event of a name; returns what ends that. */
function on(name, handler) {
  if (typeof handler !== 'function') throw new TypeError('SupportAssistant: on takes the name of an event and a function.');
  if (!EVENTS.includes(name)) console.warn(`SupportAssistant: there is no event ${name}, only ${EVENTS.join(', ')}.`);
  const listener = (event) => handler(event.detail);
  events.addEventListener(name, listener);
  return () => events.removeEventListener(name, listener);
}

function begin() {
  // An element of that name is none of ours.
  if (typeof window.SupportAssistant?.identify === 'function') beginAgain();
  else beginOnce();
}

/** Twice in a page, it is there once; where a site changes pages by script, the next one says who its customer is. */
function beginAgain() {
  if (document.readyState === 'complete') window.SupportAssistant.identify(dataset);
}

function beginOnce() {
  build();
  addEventListener('message', receive);
  window.SupportAssistant = Object.freeze({ open: () => open(), close, ask, identify, on });
  dispatchEvent(new CustomEvent('support-assistant'));
  const remembered = recall(PHONE.matches ? 'sessionStorage' : 'localStorage', 'panel');
  const opensItself = 'open' in dataset && dataset.open.toLowerCase() !== 'false' && !PHONE.matches;
  if (remembered === 'open' || (!remembered && opensItself)) open({ focus: false });
  else if (recall('localStorage', 'waiting')) load();
}

if (document.body) begin();
else document.addEventListener('DOMContentLoaded', begin);
