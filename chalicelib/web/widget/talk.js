'use strict';
// What the site and the page in the panel tell each other: only they two, each by its origin and its window.

let isReady = false;
let waiting = [];
let customer = readCustomer(dataset);

const events = new EventTarget();
const HANDLERS = new Map([
  ['ready', greet],
  ['close', () => close()],
  ['state', showState],
  ['message', ({ role }) => emit('message', { role })],
  ['refused', () => emit('refused')],
]);

function emit(name, detail) {
  events.dispatchEvent(new CustomEvent(name, { detail }));
}

function tell(message) {
  if (isReady && frame.contentWindow) frame.contentWindow.postMessage(message, BASE.origin);
  else if (frame) waiting = waiting.concat(message);
}

function receive({ source, origin, data }) {
  if (!frame || source !== frame.contentWindow || origin !== BASE.origin) return;
  HANDLERS.get(data?.type)?.(data);
}

/** Tell the page whom it is for, then what it was told before it could listen. */
function greet() {
  const { title = '', greeting = '' } = dataset;
  const told = waiting;
  isReady = true;
  waiting = [];
  clearTimeout(frameTimer);
  cover.hidden = true;
  tell({ type: 'hello', customer, title, greeting, shown: panel.open });
  for (const message of told) tell(message);
  if (panel.open) giveFocus();
  emit('ready');
}

function forgetFrame() {
  isReady = false;
  waiting = [];
}

function showState({ unread: count, waiting: isWaiting }) {
  remember('localStorage', 'waiting', isWaiting ? 'yes' : '');
  showUnread(Number(count) || 0);
}

/** Another customer gets another page: nothing of the one before is in it. One that loads still asks for whom. */
function identify(given) {
  const before = customer?.customer_id;
  customer = readCustomer(given);
  if (customer?.customer_id === before) tell({ type: 'renew', customer });
  else if (isReady) meetAnother();
}

function meetAnother() {
  wantsFocus = panel.contains(root.activeElement);
  unload();
  showUnread(0);
  load();
}
