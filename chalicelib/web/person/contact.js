'use strict';
// How our support team reaches a customer who has left the page: asked for after a hand-over, and changeable.

const CONTACT_PROBLEMS = {
  email: say('wrongEmail'),
  phone: say('wrongPhone'),
  name: say('wrongName'),
};
const CONTACT_FIELDS = Object.keys(CONTACT_PROBLEMS);
const contactForm = document.getElementById('contact');

const addressOf = (contact) => contact?.email || contact?.phone || '';

/** Show with the ticket where the customer is reached. */
function showContact() {
  const address = addressOf(chat.contact);
  view['ticket-contact'].hidden = !isOpen(chat.ticket);
  if (!isOpen(chat.ticket)) contactForm.hidden = true;
  view['contact-address'].textContent = address;
  view['change-contact'].textContent = say(address ? 'change' : 'howToReach');
  view['change-contact'].setAttribute('aria-label', say(address ? 'changeContact' : 'howToReach'));
}

/** Offer the form when a person takes over from an unknown customer, or with what the customer wrote to be confirmed; never again by itself. */
function askForContact({ escalation, offered_contact: offered }) {
  chat.offered = offered ?? null;
  const isNews = offered && CONTACT_FIELDS.some((name) => offered[name] && offered[name] !== chat.contact?.[name]);
  const isAsked = escalation && !proof && !chat.contact && contactForm.hidden;
  if (chat.ticket?.state === 'waiting' && (isNews || isAsked)) openContact();
}

function openContact() {
  for (const name of CONTACT_FIELDS) {
    contactForm.elements[name].value = chat.offered?.[name] ?? chat.contact?.[name] ?? '';
  }
  showContactProblems([]);
  contactForm.hidden = false;
}

function changeContact() {
  openContact();
  contactForm.scrollIntoView({ block: 'nearest' });
  contactForm.elements.email.focus({ preventScroll: true });
}

function closeContact() {
  contactForm.hidden = true;
  view['change-contact'].focus();
}

async function keepContact(event) {
  event.preventDefault();
  const given = CONTACT_FIELDS.map((name) => [name, contactForm.elements[name].value.trim()]);
  const contact = Object.fromEntries(given.filter(([, value]) => value));
  const lifetime = chat.lifetime.signal;
  showContactProblems(addressOf(contact) ? [] : ['email']);
  if (!addressOf(contact) || contactForm.ariaBusy === 'true') return;
  contactForm.ariaBusy = 'true';
  try {
    const kept = await putContact(chat.sessionId, contact, lifetime);
    if (!lifetime.aborted) confirmContact(kept);
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    if (!lifetime.aborted) showContactProblems(failure.fields, failure.message);
  } finally {
    contactForm.ariaBusy = 'false';
  }
}

/** Say at each field what is wrong with it, and what is wrong with none of them below. */
function showContactProblems(fields, sentence = '') {
  const wrong = CONTACT_FIELDS.filter((name) => fields.includes(name));
  for (const name of CONTACT_FIELDS) {
    const isWrong = wrong.includes(name);
    contactForm.elements[name].setAttribute('aria-invalid', String(isWrong));
    document.getElementById(`contact-${name}-problem`).textContent = isWrong ? CONTACT_PROBLEMS[name] : '';
  }
  document.getElementById('contact-problem').textContent = wrong.length > 0 ? '' : sentence;
  contactForm.elements[wrong[0]]?.focus();
}

function confirmContact(kept) {
  chat.contact = kept;
  chat.offered = null;
  const element = fromTemplate('event-template');
  const both = kept.email && kept.phone;
  element.textContent = both ? say('contactSavedBoth', kept) : say('contactSaved', { address: addressOf(kept) });
  view.messages.append(element);
  contactForm.hidden = true;
  showContact();
  element.scrollIntoView({ block: 'nearest' });
  announce(element.textContent);
  focusComposer();
}
