'use strict';
// Thumbs up or down for an answer: shown at once, taken back when the server did not keep it. With down, a comment.

function answerWithFeedback(answer) {
  const element = answerElement(answer);
  attachCopy(element);
  if (answer.message_id && chat.sessionId) attachFeedback(element, answer);
  return element;
}

function attachCopy(element) {
  const button = element.querySelector('.copy');
  button.hidden = !navigator.clipboard;  // pages that are not secure have none
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(element.querySelector('.prose').innerText);
      sayFeedback(element, say('copied'));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      sayFeedback(element, say('notCopied'), true);
    }
  });
}

function attachFeedback(element, { message_id: messageId, feedback }) {
  const group = element.querySelector('.feedback');
  const comment = element.querySelector('.comment');
  group.hidden = false;
  showRating(group, feedback?.rating);
  comment.querySelector('textarea').value = feedback?.comment ?? '';
  group.addEventListener('click', (event) => {
    const rating = event.target.closest('button')?.dataset.rating;
    if (rating && rating !== group.dataset.rating) rate(element, messageId, { rating });
    else if (rating === 'down') comment.hidden = false;
  });
  comment.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = cleanText(comment.querySelector('textarea').value);
    if (text) rate(element, messageId, { rating: 'down', comment: text });
  });
}

function showRating(group, rating = '') {
  group.dataset.rating = rating;
  for (const button of group.querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.dataset.rating === rating));
  }
}

async function rate(element, messageId, feedback) {
  const group = element.querySelector('.feedback');
  const lifetime = chat.lifetime.signal;
  const before = group.dataset.rating;
  showRating(group, feedback.rating);
  try {
    await postFeedback(chat.sessionId, messageId, feedback, lifetime);
    if (group.dataset.rating === feedback.rating) showRated(element, feedback);
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    if (lifetime.aborted || group.dataset.rating !== feedback.rating) return;
    showRating(group, before);
    sayFeedback(element, say('ratingNotSaved', { problem: failure.message }), true);
  }
}

/** Thank, and ask what was wrong once that is known. */
function showRated(element, { rating, comment }) {
  const form = element.querySelector('.comment');
  if (form.contains(document.activeElement)) element.querySelector('button[data-rating="down"]').focus();
  form.hidden = rating !== 'down' || comment !== undefined;
  form.scrollIntoView({ block: 'nearest' });
  sayFeedback(element, say('thanks'));
}

function sayFeedback(element, sentence, isProblem = false) {
  const word = element.querySelector('.feedback-word');
  word.textContent = sentence;
  word.classList.toggle('problem', isProblem);
  announce(sentence);
}
