'use strict';
// Deleting the conversation: asked once, then gone at the server, here, and where else it is open in this browser.

const eraseDialog = document.getElementById('erase');
const savedErasure = remembered('localStorage', 'erasure');  // for a moment: other tabs hear of what is written
const ERASED = 'erased: ';

function watchErasing() {
  view['ask-erase'].hidden = !chat.sessionId;
  view['ask-erase'].addEventListener('click', () => {
    sayEraseProblem('');
    eraseDialog.showModal();
    document.getElementById('keep').focus();  // not what can't be undone
  });
  document.getElementById('erase-now').addEventListener('click', eraseConversation);
  document.getElementById('keep').addEventListener('click', () => eraseDialog.close());
  window.addEventListener('storage', ({ newValue }) => {
    if (chat.sessionId && newValue === `${ERASED}${chat.sessionId}`) leaveErased();
  });
}

function sayEraseProblem(sentence) {
  document.getElementById('erase-problem').textContent = sentence;
}

async function eraseConversation() {
  const lifetime = chat.lifetime.signal;
  try {
    await deleteConversation(chat.sessionId, lifetime);
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    if (!lifetime.aborted) sayEraseProblem(say('notDeleted', { problem: failure.message }));
    return;
  }
  if (lifetime.aborted) return;
  for (const word of [`${ERASED}${chat.sessionId}`, '']) savedErasure.write(word);
  leaveErased();
}

function leaveErased() {
  eraseDialog.close();
  forgetConversation(chat.sessionId);
  keepUnsent([]);
  startOver();
  view.erased.hidden = false;
  announce(view.erased.textContent);
}
