'use strict';
// After a ticket is closed: whether that solved it, kept with the ticket as what the customer thinks of it.

const solved = document.getElementById('solved');
const SOLVED_WORDS = {
  up: say('solvedYes'),
  down: say('solvedNo'),
};

/** Ask once the ticket is closed, until there is an answer or the assistant has the word again. */
function showSolved() {
  const reply = lastReply();
  const turns = [...view.messages.children];
  const isOver = turns.slice(turns.indexOf(reply) + 1).some((turn) => turn.matches('.assistant'));
  const isAsked = chat.ticket?.state === 'closed' && reply && !reply.dataset.rating && !isOver;
  if (isAsked && solved.hidden) askIfSolved();
  solved.hidden = !isAsked;
}

function askIfSolved() {
  solved.hidden = false;
  sayIfSolved('');
  announce(document.getElementById('solved-title').textContent);
}

/** Show what was answered, or ask: '' is no answer yet. */
function sayIfSolved(rating, sentence = SOLVED_WORDS[rating] ?? '') {
  solved.querySelector('.solved-answers').hidden = rating !== '';
  solved.querySelector('.solved-word').textContent = sentence;
  solved.querySelector('.ask-again').hidden = rating !== 'down';
  place.following(() => {});
  announce(sentence);
}

async function answerIfSolved(rating) {
  const lifetime = chat.lifetime.signal;
  const { dataset } = lastReply();
  try {
    await postFeedback(chat.sessionId, dataset.messageId, { rating }, lifetime);
    dataset.rating = rating;
    if (lifetime.aborted) return;
    sayIfSolved(rating);
    if (rating === 'down') solved.querySelector('.ask-again').focus();
    else focusComposer();
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    if (!lifetime.aborted) sayIfSolved('', say('solvedNotSaved', { problem: failure.message }));
  }
}
