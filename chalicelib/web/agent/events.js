'use strict';
// What other systems were told, what failed, and telling them again.

const told = { query: {}, next: null };

/** Read events of the chosen status, from the newest. */
async function readEvents() {
  told.query = { status: byId('events-status').value };
  Object.assign(told, { next: null });
  await readMoreEvents(true);
}

async function readMoreEvents(isFirst = false) {
  const { query, next } = told;
  await attempt(async () => {
    const answer = await getEvents({ ...query, limit: 20, before: next });
    if (told.query !== query) return;
    told.next = answer.next;
    if (isFirst) byId('event-cards').replaceChildren();
    byId('event-cards').append(...answer.events.map(eventElement));
    byId('older-events').hidden = !told.next;
    const isEmpty = !byId('event-cards').childElementCount;
    setText(byId('events-state'), isEmpty ? (query.status === 'failed' ? 'Nothing failed.' : 'None.') : '');
    if (query.status === 'failed') showFailedCount(byId('event-cards').childElementCount);
  }, (failure) => setText(byId('events-state'), failure.message));
}

const showFailedCount = (count) => showCount(byId('events-count'), count, Boolean(told.next));

/** Count what failed, for the mark beside the view's name. */
async function countFailed() {
  await attempt(async () => {
    const { events, next } = await getEvents({ status: 'failed' });
    showCount(byId('events-count'), events.length, Boolean(next));
  }, () => {});  // the connection's own notice says so already
}

function eventElement(event) {
  const { event_id: id, type, timestamp, status, attempts, next_attempt_at: again, receivers, data } = event;
  const head = make('p', { className: 'card-head' },
    make('span', { className: `tag ${status === 'failed' ? 'urgent' : 'state'}`, textContent: status }),
    make('strong', { textContent: type }), timeElement(timestamp));
  if (data.ticket_id) head.append(make('a', { href: `#/tickets/${encodeURIComponent(data.ticket_id)}`, textContent: data.ticket_id }));
  const card = make('li', { id: `event-${id}` }, head);
  if (receivers.length) card.append(make('ul', {}, ...receivers.map(receiverElement)));
  if (status === 'pending' && attempts) card.append(nothing(`${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} failed. Next: ${again ? dayAndHour(again) : 'soon'}`));
  if (status === 'failed') card.append(make('button', { type: 'button', className: 'button small', textContent: 'Send again', onclick: (click) => resend(card, id, click.target) }));
  return card;
}

function receiverElement({ name, status, reason }) {
  return make('li', {}, make('span', { textContent: `${name}: ${status}${reason ? ` (${reason})` : ''}` }));
}

async function resend(card, eventId, button) {
  button.disabled = true;
  await attempt(async () => {
    card.replaceWith(eventElement(await postResend(eventId)));
    toast('It is sent again, for another day if it must be.');
    await countFailed();
  });
  button.disabled = false;
}

byId('events-status').addEventListener('change', readEvents);
byId('older-events').addEventListener('click', () => readMoreEvents());
