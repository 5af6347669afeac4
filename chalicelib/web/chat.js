'use strict';
// The conversation: asking, what happens when that fails, and starting over. One question is on its way at a time.

const SLOW_AFTER_MS = 9_000;

const view = Object.fromEntries(
  [
    'conversation', 'messages', 'welcome', 'loading', 'history-notice', 'earlier', 'announcer', 'new-conversation', 'latest', 'ask-erase', 'erased',
    'ticket', 'ticket-state', 'ticket-number', 'ticket-contact', 'contact-address', 'change-contact',
  ].map((id) => [id, document.getElementById(id)]),
);
const NOTHING_READ = {
  newest: '',  // up to where the conversation was read
  ticket: null,  // its last one: {id, state}
  contact: null,  // how the customer can be reached: {email, phone, name}
  offered: null,  // what of that was asked back and not confirmed yet
};
const chat = {
  sessionId: savedSession.read(),
  lifetime: new AbortController(),  // aborted when the customer leaves the conversation
  busy: false,
  unsent: [],  // questions without an answer: {text, messageId, element}
  earlierCursor: '',
  newsTimer: 0,
  lastSaidAt: Date.now(),
  ...NOTHING_READ,
};
const composer = new Composer(send);

function announce(sentence) {
  view.announcer.textContent = sentence;
}

function setBusy(busy) {
  chat.busy = busy;
  document.body.classList.toggle('busy', busy);
  for (const actions of view.messages.querySelectorAll('.failure-actions')) actions.inert = busy;
  view.erased.hidden = true;
  view.welcome.hidden = busy || view.messages.childElementCount > 0;
}

function rememberSession(sessionId) {
  chat.sessionId = sessionId;
  savedSession.write(sessionId);
  view['ask-erase'].hidden = !sessionId;
}

function keepUnsent(questions) {
  chat.unsent = questions;
  writeUnsent([...questions, queue.question].filter(Boolean));
}

/** Focus the composer, unless that would raise a keyboard over the answer on a touch screen. */
function focusComposer() {
  if (matchMedia('(pointer: fine)').matches) composer.focus();
}

/* Asking */

function send(text) {
  if (!text) return false;
  if (chat.busy) return queue.add(text);
  deliver({ text, messageId: newMessageId(), element: null });
  return true;
}

async function deliver(question) {
  const lifetime = chat.lifetime.signal;
  const stop = new AbortController();
  lifetime.addEventListener('abort', () => stop.abort());
  showSending(question);
  const stopTyping = chat.ticket?.state === 'agent' ? () => {} : showTyping(question, stop);
  place.putQuestion(question.element);
  try {
    const [answer] = await Promise.all([ask(question, stop.signal), libraries.soon()]);
    stopTyping();
    if (!lifetime.aborted) showAnswer(question, answer);
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    if (!lifetime.aborted) showFailure(question, stop.signal.aborted ? new RequestFailure(say('stopped')) : failure);
  } finally {
    stopTyping();
    if (!lifetime.aborted) sendNext();
  }
}

/** Let the next question go, if there is one already. */
function sendNext() {
  setBusy(false);
  const question = queue.take();
  if (question) deliver(question);
}

/** Post the question; when the server no longer knows the session, post it again without one. */
async function ask(question, lifetime) {
  try {
    return await postQuestion(question, chat.sessionId, lifetime);
  } catch (failure) {
    const sessionRefused = (failure.status === 403 && !isProofRefused(failure)) || failure.fields?.includes('session_id');
    if (!sessionRefused || !chat.sessionId) throw failure;
    const answer = await postQuestion(question, '', lifetime);
    return { ...answer, degraded: ['history'].concat(answer.degraded ?? []) };
  }
}

function showSending(question) {
  question.element ??= newQuestionElement(question);
  question.element.classList.remove('unsent');
  question.element.querySelector('.failure').hidden = true;
  view.messages.append(question.element);
  keepUnsent([...chat.unsent.filter((other) => other !== question), question]);
  sayDelivery(question, chat.ticket?.state === 'agent' ? say('sending') : '');
  chat.lastSaidAt = Date.now();
  solved.hidden = true;
  setBusy(true);
}

/** Say under a question where it is: on its way to a person, or there. */
function sayDelivery(question, sentence) {
  const part = question.element.querySelector('.delivery');
  part.textContent = sentence;
  part.hidden = sentence === '';
}

function newQuestionElement(question) {
  const element = questionElement(question.text);
  element.querySelector('.retry').addEventListener('click', () => retry(question));
  element.querySelector('.edit').addEventListener('click', () => edit(question));
  return element;
}

/** Show that an answer is being written, and what there is of it, and let the customer stop waiting for it. */
function showTyping(question, stop) {
  const typing = fromTemplate('typing-template');
  const following = new AbortController();
  stop.signal.addEventListener('abort', () => following.abort());
  typing.querySelector('.stop').addEventListener('click', () => {
    stop.abort();
    focusComposer();
  });
  const word = typing.querySelector('.typing-word');
  const timer = setTimeout(() => {
    if (typing.classList.contains('growing')) return;
    word.textContent = say('stillWorking');
    word.classList.remove('visually-hidden');
    announce(word.textContent);
  }, SLOW_AFTER_MS);
  view.messages.append(typing);
  announce(word.textContent);
  followProgress(question, typing, following.signal);
  return () => {
    clearTimeout(timer);
    following.abort();
    typing.remove();
  };
}

function showAnswer(question, answer) {
  if (answer.session_id !== chat.sessionId) Object.assign(chat, NOTHING_READ);
  if (typeof answer.session_id === 'string') {
    rememberSession(answer.session_id);
    noteConversation(answer.session_id, question.text);
  }
  keepUnsent(chat.unsent.filter((other) => other !== question));
  sayAnswer(question, answer);
  showTicket(ticketAfter(answer));
  askForContact(answer);
  place.showAnswer(question.element);
  if (isOpen(chat.ticket)) followTicket();
}

function sayAnswer(question, answer) {
  if (answer.handled_by === 'agent') {
    sayDelivery(question, say('passedOn'));
    announce(say('passedOn'));
    return;
  }
  const element = answerWithFeedback(answer);
  sayDelivery(question, '');
  addMessages(element);
  announce(say('assistantSays', { text: element.querySelector('.prose').textContent }));
}

/* When it failed */

function showFailure(question, failure) {
  const { element } = question;
  const part = element.querySelector('.failure');
  sayDelivery(question, '');
  element.classList.add('unsent');
  queue.giveBack();
  part.querySelector('p').textContent = failure.message;
  part.hidden = false;
  const button = part.querySelector('.retry');
  button.hidden = !failure.retryable;
  countDown(button, failure.retryAfterSeconds);
  part.scrollIntoView({ block: 'nearest' });
  announce(say('notSent', { problem: failure.message }));
}

function retryWords(seconds) {
  if (seconds <= 0) return say('retry');
  if (seconds < 100) return say('retryInSeconds', { count: seconds });
  const minutes = Math.ceil(seconds / 60);
  return minutes < 100 ? say('retryInMinutes', { count: minutes }) : say('retryInHours', { count: Math.ceil(minutes / 60) });
}

/** Keep the button shut until the server wants to be asked again; a clock, because background tabs skip ticks. */
function countDown(button, seconds) {
  const opensAt = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((opensAt - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = retryWords(left);
    if (left <= 0 || !button.isConnected) clearInterval(timer);
  };
  const timer = setInterval(tick, 1000);
  tick();
}

function retry(question) {
  if (chat.busy) return;
  deliver(question);
  focusComposer();
}

function edit(question) {
  if (chat.busy) return;
  question.element.remove();
  keepUnsent(chat.unsent.filter((other) => other !== question));
  composer.giveBack(question.text);
  composer.focus();
  setBusy(false);
}

/* Leaving and starting */

/** Not so those of an earlier visit, which have no element before they are shown. */
const isOnItsWay = ({ element }) => element && !element.classList.contains('unsent');

/** Leave the conversation: what is on its way comes back by an undo alone, and what was not sent returns to the composer. */
function startOver() {
  chat.lifetime.abort();
  chat.lifetime = new AbortController();
  queue.giveBack();
  const asked = chat.unsent.filter(isOnItsWay);
  composer.giveBack(chat.unsent.filter((question) => !asked.includes(question)).map(({ text }) => text).join('\n'));
  const left = { id: chat.sessionId, asked: asked.map(({ text, messageId }) => ({ text, messageId })) };
  keepUnsent([]);
  rememberSession('');
  view.messages.replaceChildren();
  setEarlierCursor('');
  clearTimeout(chat.newsTimer);
  Object.assign(chat, NOTHING_READ);
  showTicket(null);
  for (const part of ['history-notice', 'loading']) view[part].hidden = true;
  setBusy(false);
  showConversations(left);
  place.showEnd();
  composer.focus();
  announce('');
}

/** Safari lays its keyboard over the page; take the height that it leaves. Zooming is not a keyboard. */
function followKeyboard() {
  const { visualViewport } = window;
  visualViewport?.addEventListener('resize', () => {
    const covered = visualViewport.scale === 1 && window.innerHeight - visualViewport.height > 100;
    document.documentElement.style.setProperty('--app-height', covered ? `${visualViewport.height}px` : '');
    if (covered) window.scrollTo(0, 0);
  });
}

function start() {
  view['new-conversation'].addEventListener('click', () => {
    startOver();
    announce(say('newConversationBegun'));
  });
  view.earlier.addEventListener('click', showEarlier);
  watchErasing();
  view['history-notice'].querySelector('button').addEventListener('click', restore);
  view.welcome.addEventListener('click', (event) => {
    const suggestion = event.target.closest('.suggestion');
    if (suggestion && send(suggestion.textContent)) focusComposer();
  });
  document.addEventListener('visibilitychange', returnToPage);
  view['change-contact'].addEventListener('click', changeContact);
  contactForm.addEventListener('submit', keepContact);
  contactForm.querySelector('.not-now').addEventListener('click', closeContact);
  solved.addEventListener('click', ({ target }) => {
    if (target.closest('.ask-again') && send(say('askForPerson'))) focusComposer();
    else if (target.dataset.rating) answerIfSolved(target.dataset.rating);
  });
  chat.unsent = readUnsent();
  followKeyboard();
  document.getElementById('question').addEventListener('input', libraries.load, { once: true });
  place.watch();
  showConversations();
  if (SITE) startInSite();
  else focusComposer();
  // A link that is opened in this very tab changes no more of the address than what is behind the `#`.
  window.addEventListener('hashchange', () => LINK.test(location.hash) && location.reload());
  openLink(takeLinkToken());
}

start();
