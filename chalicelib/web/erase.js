'use strict';
// Deleting the conversation: asked once, then gone here and at the server.

const eraseDialog = document.getElementById('erase');

function watchErasing() {
  view['ask-erase'].hidden = !chat.sessionId;
  view['ask-erase'].addEventListener('click', () => {
    sayEraseProblem('');
    eraseDialog.showModal();
  });
  document.getElementById('erase-now').addEventListener('click', eraseConversation);
  document.getElementById('keep').addEventListener('click', () => eraseDialog.close());
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
  eraseDialog.close();
  forgetConversation(chat.sessionId);
  keepUnsent([]);
  startOver();
  view.erased.hidden = false;
  announce(view.erased.textContent);
}
