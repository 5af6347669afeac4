'use strict';
// Who is at the desk. The token lives in this tab's memory and its sessionStorage, never in an address.

const savedToken = remembered('sessionStorage', 'agent-token');
const agent = { token: savedToken.read(), name: '' };
const REFUSED = [401, 403];

/** Ask for a token; what is on the page stays as it is. */
function askForToken(problem = '') {
  agent.token = '';
  savedToken.write('');
  showSignInProblem(problem);
  if (!byId('sign-in').open) byId('sign-in').showModal();
}

function showSignInProblem(problem) {
  byId('sign-in-problem').textContent = problem;
  byId('sign-in-problem').hidden = !problem;
}

async function signIn(event) {
  event.preventDefault();
  const token = byId('token').value.trim().replace(/^bearer\s+/i, '');
  if (!/^[\x21-\x7e]+$/.test(token)) {
    showSignInProblem('Enter the token: letters, digits and signs, without blanks.');
    return;
  }
  const button = byId('sign-in').querySelector('button');
  button.disabled = true;
  try {
    await attempt(async () => welcome(token, await getAgent(token)), (failure) => {
      showSignInProblem(REFUSED.includes(failure.status)
        ? 'This token is not accepted. Copy it once more, or ask whoever runs the support desk for a new one.'
        : failure.message);
    });
  } finally {
    button.disabled = false;
  }
}

function welcome(token, { name }) {
  agent.token = token;
  savedToken.write(token);
  showAgent(name);
  byId('token').value = '';
  byId('sign-in').close();
  begin();
}

function showAgent(name) {
  agent.name = name;
  byId('agent-name').textContent = name;
}

/** Forget the token and what was not sent; the first click only says that something would be lost. */
function signOut() {
  const unsent = unsentTexts();
  const button = byId('sign-out');
  if (unsent > 0 && !button.dataset.warned) {
    button.dataset.warned = 'yes';
    button.textContent = `Discard ${unsent} unsent ${unsent === 1 ? 'reply' : 'replies'} and sign out`;
    return;
  }
  savedToken.write('');
  savedWork.write('');
  location.replace(location.pathname);
}

byId('sign-in').querySelector('form').addEventListener('submit', signIn);
// Escape closes a dialog, but without a token there is nothing to go back to.
byId('sign-in').addEventListener('close', () => agent.token || byId('sign-in').showModal());
byId('sign-out').addEventListener('click', signOut);
