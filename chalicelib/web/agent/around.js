'use strict';
// What is known around the open ticket: the customer, their orders, and articles that may hold the answer.

const OUT_OF_REACH = {
  knowledge_base: 'the articles', customer: 'the customer', interactions: 'earlier contacts', history: 'the conversation',
  links: 'links to articles', sentiment: 'the sentiment', storage: 'what was said before',
};

function showAround() {
  const { ticket, customer_context: customer, kb_suggestions: suggestions, degraded, feedback } = shown.context;
  byId('around').replaceChildren(...[
    degraded.length ? missingNotice(degraded) : null,
    section('Customer', ...verdictOf(feedback), ...customerParts(ticket, customer)),
    isInDatabase(customer) ? section('Orders', ...orderParts(customer)) : null,
    section('Articles that may help', ...(suggestions.length ? suggestions.map(suggestionElement) : [nothing('None was found.')])),
    Object.keys(ticket.metadata).length ? section('From your ticketing system', facts(Object.entries(ticket.metadata).map(plainFact))) : null,
    opinionSection(feedback),
  ].filter(Boolean));
}

const section = (title, ...children) => make('section', {}, make('h3', { textContent: title }), ...children);
/** Whether the customer database knows the customer; a stage may have none. */
const isInDatabase = (customer) => customer !== null && customer.customer_id !== null;
const nothing = (textContent) => make('p', { className: 'note', textContent });
const plainFact = ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)];

/** A list of names with their values; what has no value is left out. */
function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return make('dl', {}, ...known.map(([name, value]) => make('div', {}, make('dt', { textContent: name }), make('dd', { dir: 'auto' }, value))));
}

function missingNotice(degraded) {
  const names = degraded.map((name) => OUT_OF_REACH[name] ?? name).join(', ');
  const again = make('button', { type: 'button', className: 'button small', textContent: 'Try again', onclick: loadTicket });
  return make('div', { className: 'notice' }, make('p', { textContent: `Out of reach just now: ${names}.` }), again);
}

function customerParts(ticket, customer) {
  const contact = ticket.contact ?? {};
  const id = ticket.customer_external_id;
  const news = (name) => (contact[name] === customer?.[name] ? null : contact[name]);
  const reachable = facts([['Name', news('name')], ['E-mail', news('email')], ['Phone', news('phone')]]);
  const others = id && make('button', { type: 'button', className: 'button small', textContent: 'All tickets of this customer', onclick: () => findCustomer(id) });
  const noDatabase = customer && !isInDatabase(customer) ? [nothing('There is no customer database.')] : [];
  if (customer) return [...noDatabase, facts(customerFacts(customer)), ...(reachable.childElementCount ? [make('h4', { textContent: 'Left in the chat' }), reachable] : []), others];
  const words = id ? `${id} is not in the customer database, or it is out of reach.` : 'Nobody proved who they are in this chat.';
  return [nothing(words), ticket.contact ? reachable : nothing('They left no address.'), ...(others ? [others] : [])];
}

/** What the customer said of the answers, once they were asked. */
function verdictOf(feedback) {
  const said = feedback.findLast(({ source }) => source === 'customer');
  if (!said) return [];
  const words = said.helpful ? 'The customer says: solved.' : 'The customer says: not solved.';
  return [make('p', { className: said.helpful ? '' : 'problem', textContent: said.comment ? `${words} “${said.comment}”` : words })];
}

function customerFacts(customer) {
  const { avg_sentiment: mood, churn_risk: risk } = customer;
  return [
    ['Name', customer.name],
    ['Company', customer.company],
    ['E-mail', customer.email],
    ['Id', customer.external_id],
    ['Tier', customer.tier && customer.tier + (customer.is_high_value ? ' · high value' : '')],
    ['Lifetime value', isInDatabase(customer) ? money(customer.lifetime_value, 'USD') : null],
    ['Churn risk', make('span', { className: `tag ${risk === 'low' ? 'state' : 'high'}`, textContent: risk })],
    ['Sentiment', mood === null ? null : `${mood < -0.25 ? 'bad' : mood > 0.25 ? 'good' : 'neutral'} (${mood.toFixed(1)})`],
    ['Open tickets', customer.open_tickets === null ? null : String(customer.open_tickets)],
    ['Last contact', customer.last_interaction && timeElement(customer.last_interaction)],
  ];
}

function money(amount, currency) {
  try {
    return amount.toLocaleString([], { style: 'currency', currency });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `${amount} ${currency}`;  // a currency that the browser does not know
  }
}

function orderParts({ recent_orders: orders, total_orders: total }) {
  if (!orders.length) return [nothing('None yet.')];
  const items = orders.map((order) => make('li', { className: 'order' },
    make('span', { textContent: order.order_number }), make('span', { className: 'tag state', textContent: order.status }),
    make('span', { className: 'amount', textContent: money(order.total_amount, order.currency) }),
    make('p', { className: 'note', dir: 'auto' }, order.items, ' · ', timeElement(order.order_date))));
  return [make('ol', {}, ...items), ...(total > orders.length ? [nothing(`${total} in all; these are the newest.`)] : [])];
}

function suggestionElement({ title, url, snippet, access }) {
  const href = webAddress(url);
  const insert = (textContent, text) => make('button', {
    type: 'button', className: 'button small', textContent, ariaLabel: `${textContent}: ${title}`, onclick: () => insertInReply(text),
  });
  // A link that is signed for this moment would be dead when the customer follows it.
  const isLasting = href && !/[?&]X-Amz-/i.test(href);
  // What is for agents alone is to be read, and not to get into a reply by a click.
  const isInternal = access?.every((group) => group === 'agent');
  return make('article', { className: 'suggestion' },
    Object.assign(href ? outsideLink(href) : make('span'), { textContent: title }),
    ...(access ? [' ', make('span', { className: 'tag', textContent: `Only for ${access.join(', ')}` })] : []),
    make('p', { className: 'note', dir: 'auto', textContent: snippet }),
    ...(isInternal ? [] : [make('div', { className: 'actions' }, insert('Insert text', snippet), ...(isLasting ? [insert('Insert link', `[${title.replace(/[[\]\\]/g, '\\$&')}](<${href}>)`)] : []))]));
}

/* Whether all this helped */

function opinionSection(feedback) {
  const given = feedback.findLast(({ source }) => source === null);
  const state = make('p', { className: 'note', role: 'status', textContent: given ? `You or a colleague said ${given.helpful ? 'yes' : 'no'}.` : '' });
  const comment = make('input', { maxLength: 1000, placeholder: 'What was missing or wrong? (optional)', ariaLabel: 'Comment', autocomplete: 'off' });
  const answer = (textContent, helpful) => make('button', {
    type: 'button', className: 'button small', textContent, onclick: () => sendOpinion(helpful, comment, state),
  });
  return section('Did this help?', make('div', { className: 'actions' }, answer('Yes', true), answer('No', false)), comment, state);
}

async function sendOpinion(helpful, comment, state) {
  await attempt(async () => {
    await postContextFeedback(shown.id, { helpful, ...(comment.value.trim() && { comment: comment.value.trim() }) });
    state.textContent = `Thank you: ${helpful ? 'yes' : 'no'}.`;
    comment.value = '';
  }, (failure) => { state.textContent = `Not kept. ${failure.message}`; });
}

function findCustomer(customerId) {
  byId('find').elements.status.value = '';
  byId('find').elements.assignee.value = '';
  byId('find').elements.customer.value = customerId;
  location.hash = '#/tickets';
  showTab('find');
}
