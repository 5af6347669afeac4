'use strict';
// The reply: typed, kept, sent once however often that is tried.

const REPLY_LIMIT = 20_000;
const COUNT_FROM = 18_000;
const CANNOT_SEND = {
  ticket_closed: 'The ticket is closed, so nothing was sent. Your text is kept here. Reopen the ticket and send it again; if the customer has a newer ticket, send it there.',
  conversation_erased: 'The customer erased this conversation, so nothing can be sent any more. Your text is kept here for you to copy.',
  erased: 'The customer erased their data meanwhile, so nothing was sent. Your text is kept here for you to copy.',
  reply_id_reused: 'An earlier version of this reply did reach the customer: see above. What stands here was not sent. Send it if it is still needed.',
  unknown_ticket: 'The ticket is not there any more. Your text is kept here for you to copy.',
};

const box = byId('reply-text');

/** Show the work on the open ticket. */
function showWork() {
  const work = workOn(shown.id);
  if (box.value !== work.text) box.value = work.text;
  if (byId('instruction').value !== work.instruction) byId('instruction').value = work.instruction;
  const { ticket } = shown;
  const over = [...work.text].length > REPLY_LIMIT;
  for (const id of ['send', 'send-close']) byId(id).disabled = work.isSending || !work.text.trim() || over;
  byId('send').textContent = work.isSending ? 'Sending…' : work.failure?.retryable ? 'Send again' : 'Reply';
  box.readOnly = work.isSending;
  box.setAttribute('aria-invalid', String(over));
  byId('reply-counter').hidden = [...work.text].length < COUNT_FROM;
  byId('reply-counter').classList.toggle('over', over);
  byId('reply-counter').textContent = `${[...work.text].length.toLocaleString('en')} / ${REPLY_LIMIT.toLocaleString('en')}`;
  setText(byId('reach'), ticket ? reachOf(ticket) : '');
  showSendFailure(work);
  byId('changed').hidden = !work.notice;
  setText(byId('changed').firstElementChild, work.notice);
  showDraft(work);
}

/** Whom a reply reaches, and how. */
function reachOf(ticket) {
  if (isErased(ticket)) return 'The customer erased this conversation: nothing can be sent.';
  if (ticket.status === 'closed') return 'This ticket is closed. Reopen it (e) to reply.';
  if (!isOfChat(ticket)) return 'This ticket came from your ticketing system, which hears of the reply by webhook. It does not reach the customer from here.';
  const address = ticket.contact?.email || ticket.contact?.phone || shown.context?.customer_context?.email;
  const reach = address ? `They can be reached at ${address}.` : 'They left no address.';
  return `The customer reads it in the chat, under the name ${agent.name}. ${reach}`;
}

function showSendFailure({ failure }) {
  byId('reply-failed').hidden = !failure;
  if (!failure) return;
  setText(byId('reply-failed').firstElementChild, CANNOT_SEND[failure.code]
    ?? `Not sent. ${failure.message}${failure.retryable ? ' Sending again is safe: the customer gets it once.' : ''}`);
  byId('reopen').hidden = failure.code !== 'ticket_closed' || shown.ticket?.status !== 'closed';
}

async function sendReply(close) {
  const { id } = shown;
  const work = workOn(id);
  const message = work.text.trim();
  if (byId('send').disabled || work.isSending || !message) return;
  const isRetry = Boolean(work.replyId);
  work.replyId ||= newMessageId();
  Object.assign(work, { isSending: true, failure: null });
  saveWork();
  showWorkOf(id);
  await attempt(async () => {
    const sent = await postReply(id, { message, reply_id: work.replyId, ...(close && { close }) });
    // The first try may have got there without the wish to close.
    if (close && isRetry) await patchTicket(id, { status: 'closed' });
    noteSent(id, message, sent.timestamp, close);
  }, (failure) => {
    work.failure = failure;
    // Only a reply that may have arrived keeps its id: sent again, it is the same one.
    if (!failure.retryable && !REFUSED.includes(failure.status)) work.replyId = '';
    if (failure.status === 409 && id === shown.id) loadTicket();
  });
  work.isSending = false;
  saveWork();
  showWorkOf(id);
  if (work.failure && id === shown.id) byId('reply-failed').scrollIntoView({ block: 'nearest' });
}

function showWorkOf(id) {
  if (id === shown.id) showWork();
}

function noteSent(id, message, timestamp, close) {
  Object.assign(workOn(id), { text: '', replyId: '', draft: null, instruction: '', notice: '' });
  toast(close ? 'Sent and closed.' : 'Sent.', close && 'Reopen', close && (() => changeBack(id, { status: 'open' })));
  if (id !== shown.id || !shown.context) {
    poll();
    return;
  }
  const ticket = { ...shown.ticket, last_reply_at: timestamp, handled_by: 'agent', ...(close && { status: 'closed' }) };
  shown.sentAt.add(millis(timestamp));
  const said = { role: 'agent', author: agent.name, content: message, timestamp };
  shown.context.transcript = [...(shown.context.transcript ?? []), said];
  takeTicket(ticket);
  showMessages(true);
}

/** Put a text where the cursor is in the reply. */
function insertInReply(text) {
  const { selectionStart: start, selectionEnd: end } = box;
  box.setRangeText(text, start, end, 'end');
  box.dispatchEvent(new Event('input'));
  showPart('talk');
  box.focus();
}

box.addEventListener('input', () => {
  const work = workOn(shown.id);
  work.text = box.value;
  saveWork();
  showWork();
});
box.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  event.preventDefault();
  if (!event.repeat) sendReply(event.shiftKey);
});
byId('reply').addEventListener('submit', (event) => {
  event.preventDefault();
  sendReply(false);
});
byId('send-close').addEventListener('click', () => sendReply(true));
byId('reopen').addEventListener('click', async () => {
  workOn(shown.id).failure = null;
  await changeTicket({ status: 'open' });
  box.focus();
});
byId('changed').querySelector('button').addEventListener('click', () => {
  workOn(shown.id).notice = '';
  showWork();
  box.focus();
});
