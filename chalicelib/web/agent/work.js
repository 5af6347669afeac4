'use strict';
// What an agent is writing, ticket by ticket: it outlives a look at another ticket, a reload and a failure.

const savedWork = remembered('sessionStorage', 'agent-work');
const works = new Map();

/** The work on a ticket: the text, the reply's id once it was sent, why that failed, and the draft. */
function workOn(ticketId) {
  if (!works.has(ticketId)) {
    works.set(ticketId, { text: '', replyId: '', isSending: false, failure: null, draft: null, isDrafting: false, instruction: '', notice: '' });
  }
  return works.get(ticketId);
}

function saveWork() {
  const unsent = [...works].filter(([, { text }]) => text).map(([ticketId, { text, replyId }]) => [ticketId, { text, replyId }]);
  savedWork.write(unsent.length ? JSON.stringify(Object.fromEntries(unsent)) : '');
}

const unsentTexts = () => [...works.values()].filter(({ text }) => text.trim()).length;

for (const [ticketId, { text, replyId }] of Object.entries(jsonObject(savedWork.read()) ?? {})) {
  Object.assign(workOn(ticketId), { text, replyId });
}
