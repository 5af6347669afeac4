'use strict';
// Single keys, wherever nothing is being typed.

const WRITING = 'input:not([type="checkbox"]), textarea, select, [contenteditable]';

/** The keys of the tickets' view; those of a ticket do something only while one is open and read. */
const KEYS = {
  j: () => moveBy(1),
  k: () => moveBy(-1),
};
const TICKET_KEYS = {
  r: () => {
    showPart('talk');
    box.focus();
  },
  d: () => {
    showPart('talk');
    askForDraft();
  },
  a: toggleAssigned,
  e: toggleClosed,
};

const showHelp = () => byId('help').showModal();

function pressed(event) {
  if (document.querySelector('dialog[open]')) return;
  if (event.key === 'Escape') {
    leaveOne();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && !KEYS[event.key] || event.target.closest(WRITING)) return;
  const action = event.key === '?' ? showHelp : byId('tickets').hidden ? undefined : KEYS[event.key] ?? (shown.ticket && TICKET_KEYS[event.key]);
  if (!action) return;
  event.preventDefault();
  action();
}

/** Leave the menu, or the box that is written in: the next key is a command again. */
function leaveOne() {
  if (byId('menu').open) byId('menu').open = false;
  else if (document.activeElement?.matches(WRITING)) {
    document.activeElement.blur();
    byId('subject').focus({ preventScroll: true });
  }
}

document.addEventListener('keydown', pressed);
byId('show-help').addEventListener('click', () => {
  byId('menu').open = false;
  showHelp();
});
document.addEventListener('click', (event) => {
  if (!byId('menu').contains(event.target)) byId('menu').open = false;
});
