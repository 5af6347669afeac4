'use strict';
// What a site's own script does with the widget: here, a link that asks.

for (const button of document.querySelectorAll('[data-ask]')) {
  button.addEventListener('click', () => window.SupportAssistant?.ask(button.dataset.ask));
}
