'use strict';
// What the site's own scripts may call, and how the widget begins.

function ask(text) {
  open();
  tell({ type: 'ask', text: String(text) });
}

/** Call a handler for each event of a name; returns what ends that. */
function on(name, handler) {
  const listener = (event) => handler(event.detail);
  events.addEventListener(name, listener);
  return () => events.removeEventListener(name, listener);
}

function begin() {
  build();
  addEventListener('message', receive);
  window.SupportAssistant = Object.freeze({ open: () => open(), close, ask, identify, on });
  dispatchEvent(new CustomEvent('support-assistant'));
  const remembered = recall(PHONE.matches ? 'sessionStorage' : 'localStorage', 'panel');
  const opensItself = 'open' in dataset && dataset.open !== 'false' && !PHONE.matches;
  if (remembered === 'open' || (!remembered && opensItself)) open({ focus: false });
  else if (recall('localStorage', 'waiting')) load();
}

if (document.body) begin();
else document.addEventListener('DOMContentLoaded', begin);
