'use strict';
// What was said on the open ticket, by whom.

function showMessages(isFirst) {
  const area = byId('talk-scroll');
  const atEnd = isFirst || area.scrollHeight - area.scrollTop - area.clientHeight < 48;
  byId('messages').replaceChildren(...messagesOf(shown.context).map(messageElement));
  if (atEnd) area.scrollTop = area.scrollHeight;
}

/** The transcript; before it what a ticket says that came from elsewhere, or whose chat cannot be read. */
function messagesOf({ ticket, transcript }) {
  const said = transcript ?? [];
  if (isOfChat(ticket) && said.length) return said;
  return [{ role: 'user', content: ticket.description, timestamp: ticket.created_at }, ...said];
}

function messageElement(message) {
  const isCustomer = message.role === 'user';
  const element = isCustomer ? questionElement(message.content) : answerElement({ ...message, response: message.content });
  const author = element.querySelector('.author');
  if (isCustomer) renderTime(element.querySelector('time'), message.timestamp);
  if (message.role === 'agent') {
    element.classList.add('agent');
    author.textContent = message.author === agent.name ? `${message.author} (you)` : message.author;
  }
  if (message.escalation) showHandOver(element.querySelector('.chip'), message.escalation);
  if (message.feedback) element.querySelector('.answer-foot').append(make('span', { textContent: ratingOf(message.feedback) }));
  return element;
}

function showHandOver(chip, { reason }) {
  chip.lastElementChild.textContent = `Handed over: ${REASONS[reason] ?? reason}`;
  chip.hidden = false;
}

function ratingOf({ rating, comment }) {
  return `The customer found this ${rating === 'up' ? 'helpful' : 'not helpful'}${comment ? `: “${comment}”` : '.'}`;
}

/** Keep the end in view when the box or a draft takes room. */
function holdTheEnd() {
  const area = byId('talk-scroll');
  let atEnd = true;
  area.addEventListener('scroll', () => { atEnd = area.scrollHeight - area.scrollTop - area.clientHeight < 48; }, { passive: true });
  new ResizeObserver(() => { if (atEnd) area.scrollTop = area.scrollHeight; }).observe(area);
}

holdTheEnd();
