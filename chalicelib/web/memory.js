'use strict';
// What survives a reload: the session (until the customer starts a new conversation), and what the customer
// wrote and the server has not confirmed (in this tab).

const savedSession = remembered('localStorage', 'session');
const savedConversations = remembered('localStorage', 'conversations');
const savedDraft = remembered('sessionStorage', 'draft');
const savedUnsent = remembered('sessionStorage', 'unsent');

/** The questions that no answer came for: `[{text, messageId}]`. */
function readUnsent() {
  const kept = jsonObject(savedUnsent.read())?.questions;
  const whole = (entry) => typeof entry?.text === 'string' && typeof entry.messageId === 'string';
  return Array.isArray(kept) ? kept.filter(whole) : [];
}

function writeUnsent(questions) {
  const kept = questions.map(({ text, messageId }) => ({ text, messageId }));
  savedUnsent.write(kept.length ? JSON.stringify({ questions: kept }) : '');
}
