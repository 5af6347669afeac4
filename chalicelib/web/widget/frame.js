'use strict';
// The page in a widget: it can be closed, takes what the site asks, and says how much of it is unread.

const savedSeen = remembered('localStorage', 'seen');
const inSite = { shown: false, seen: savedSeen.read() };

function startInSite() {
  const { title, greeting, shown } = hello;
  document.documentElement.classList.add('framed');
  if (title) document.querySelector('h1 bdi').textContent = title;
  if (greeting) document.querySelector('#welcome-title bdi').textContent = greeting;
  const closeButton = document.getElementById('close-chat');
  closeButton.hidden = false;
  closeButton.addEventListener('click', () => tellSite({ type: 'close' }));
  document.addEventListener('keydown', (event) => {
    const isOurs = !event.defaultPrevented && !event.isComposing && !document.querySelector('dialog[open]');
    if (event.key === 'Escape' && isOurs) tellSite({ type: 'close' });
  });
  showInSite(shown);
  hearSite((message) => SITE_ASKS.get(message.type)?.(message));
}

const SITE_ASKS = new Map([
  ['shown', ({ shown }) => showInSite(shown)],
  ['focus', () => focusComposer()],
  ['ask', ({ text }) => takeQuestion(cleanText(String(text)))],
  ['renew', ({ customer }) => { proof = customer; }],
]);

/** Ask at once; what is too long to be sent as it is goes to the composer, which says so. */
function takeQuestion(text) {
  if (text && (lengthOf(text) > QUESTION_LIMIT || !send(text))) composer.giveBack(text);
}

function showInSite(shown) {
  inSite.shown = shown === true;
  tellState();
}

/** Say what is unread: the answers since the chat was last open. */
function tellState() {
  if (!SITE) return;
  const times = [...view.messages.querySelectorAll('.assistant time')].map((time) => time.dateTime);
  if (inSite.shown) {
    inSite.seen = times.reduce((last, time) => (time > last ? time : last), inSite.seen);
    savedSeen.write(inSite.seen);
  }
  const unread = times.filter((time) => time > inSite.seen).length;
  tellSite({ type: 'state', unread, waiting: isOpen(chat.ticket) });
}

function tellMessages(elements) {
  for (const element of elements) tellSite({ type: 'message', role: element.matches('.agent') ? 'agent' : 'assistant' });
}
