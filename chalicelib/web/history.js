'use strict';
// Coming back: the conversation as the server kept it, then what this tab could not deliver.

// A refused proof says nothing of the session: it may have expired.
const isSessionGone = (failure) => [400, 403, 404].includes(failure.status) && !isProofRefused(failure);

function restoredElement(message) {
  const text = String(message?.content ?? '');
  if (message?.role === 'user') return questionElement(text);
  const answer = { ...message, response: text };
  return message?.role === 'agent' ? agentElement(answer) : answerWithFeedback(answer);
}

async function restore() {
  const lifetime = chat.lifetime.signal;
  view['history-notice'].hidden = true;
  if (chat.sessionId) {
    setBusy(true);
    view.loading.hidden = view.messages.childElementCount > 0;
    await loadHistory(lifetime);
    if (lifetime.aborted) return;
    view.loading.hidden = true;
  }
  showUnsent();
  place.showEnd();
  sendNext();
}

async function loadHistory(lifetime) {
  try {
    const [history] = await Promise.all([getHistory(chat.sessionId, lifetime), libraries.soon()]);
    if (lifetime.aborted) return;
    if (readMessages(history).length > 0 || history.ticket) showHistory(history);
    else leaveGoneSession();  // expired, or erased in another browser
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    if (lifetime.aborted) return;
    if (isSessionGone(failure)) leaveGoneSession();
    else showHistoryNotice();
  }
}

function leaveGoneSession() {
  forgetConversation(chat.sessionId);
  rememberSession('');
  showConversations();
}

function readMessages(history) {
  return Array.isArray(history.messages) ? history.messages : [];
}

function showHistory(history) {
  const messages = readMessages(history);
  const answered = new Set(messages.map((message) => message?.message_id));
  keepUnsent(chat.unsent.filter(({ messageId }) => !answered.has(messageId)));
  view.messages.replaceChildren(...messages.map(restoredElement));
  setEarlierCursor(history.next);
  markJoins();
  keepPlace(history);
}

function setEarlierCursor(cursor) {
  chat.earlierCursor = cursor ?? '';
  view.earlier.hidden = chat.earlierCursor === '';
}

function showHistoryNotice() {
  const notice = view['history-notice'];
  notice.querySelector('p').textContent = say('historyNotLoaded');
  notice.hidden = false;
  announce(notice.querySelector('p').textContent);
}

/** Show the questions that had no answer when the page was left, each with its text and a way to send it. */
function showUnsent() {
  for (const question of chat.unsent) {
    const isNew = !question.element;
    question.element ??= newQuestionElement(question);
    view.messages.append(question.element);
    if (isNew) showFailure(question, new RequestFailure(say('noAnswerYet')));
  }
}

async function showEarlier() {
  const lifetime = chat.lifetime.signal;
  const { scrollHeight } = view.conversation;
  view.earlier.disabled = true;
  try {
    const history = await getHistory(chat.sessionId, lifetime, { before: chat.earlierCursor });
    view.messages.prepend(...readMessages(history).map(restoredElement));
    setEarlierCursor(history.next);
    markJoins();
    view.conversation.scrollTop += view.conversation.scrollHeight - scrollHeight;
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    if (!lifetime.aborted) announce(failure.message);
  } finally {
    view.earlier.disabled = false;
  }
}
