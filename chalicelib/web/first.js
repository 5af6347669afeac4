'use strict';
// While the page is read: whoever comes back doesn't see the welcome before their conversation.

try {
  const stage = location.pathname.replace(/\/*$/, '/');
  const isBack = ['session', 'conversations'].some((key) => localStorage.getItem(`support-assistant:${stage}:${key}`));
  document.getElementById('welcome').hidden = isBack || location.hash !== '';
} catch (error) {
  // The browser keeps nothing for this page: it always begins with the welcome.
  if (!(error instanceof DOMException)) throw error;
}
