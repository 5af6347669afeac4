'use strict';
// The conversations that this browser had, by their first questions: to go back to one, also to the one just left.

const MOST_CONVERSATIONS = 10;
const TITLE_CHARS = 80;
const pastConversations = document.getElementById('past-conversations');

/** The conversations, newest first: `[{id, title}]`. */
function readConversations() {
  const kept = jsonObject(savedConversations.read())?.conversations;
  const whole = (entry) => typeof entry?.id === 'string' && typeof entry.title === 'string';
  return Array.isArray(kept) ? kept.filter(whole) : [];
}

function writeConversations(conversations) {
  const kept = conversations.slice(0, MOST_CONVERSATIONS);
  savedConversations.write(kept.length ? JSON.stringify({ conversations: kept }) : '');
}

function titleOf(characters) {
  const words = characters.slice(0, TITLE_CHARS).join('');
  return characters.length > TITLE_CHARS ? `${words.trimEnd()}…` : words;
}

/** Put a conversation at the head of the list; its title stays that of its first question. */
function noteConversation(id, question) {
  const known = readConversations();
  const title = known.find((each) => each.id === id)?.title ?? titleOf([...question]);
  writeConversations([{ id, title }, ...known.filter((each) => each.id !== id)]);
}

function forgetConversation(id) {
  writeConversations(readConversations().filter((each) => each.id !== id));
}

/** Show in the welcome what can be gone back to; `left` is what an undo leads to: `{id, asked}`. */
function showConversations(left = { id: '', asked: [] }) {
  const undo = document.getElementById('undo');
  const known = readConversations();
  pastConversations.hidden = known.length === 0;
  pastConversations.querySelector('ul').replaceChildren(...known.map(conversationElement));
  undo.hidden = left.asked.length === 0 && !known.some(({ id }) => id === left.id);
  undo.onclick = () => openConversation(left);
}

function conversationElement({ id, title }) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', className: 'past', textContent: title, dir: 'auto', onclick: () => openConversation({ id }) });
  item.append(button);
  return item;
}

/** Go back to a conversation; `asked` are the questions that were on their way when it was left. */
async function openConversation({ id, asked = [] }) {
  startOver();
  rememberSession(id);
  keepUnsent(asked);
  await restore();
  focusComposer();
}
