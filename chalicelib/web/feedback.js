'use strict';
// Thumbs up or down for an answer: shown at once, taken back when the server did not keep it.

function answerWithFeedback(answer) {
  const element = answerElement(answer);
  if (answer.message_id && chat.sessionId) attachFeedback(element, answer);
  return element;
}

function attachFeedback(element, { message_id: messageId, feedback }) {
  const group = element.querySelector('.feedback');
  group.hidden = false;
  showRating(group, typeof feedback === 'string' ? feedback : feedback?.rating);
  group.addEventListener('click', (event) => {
    const rating = event.target.closest('button')?.dataset.rating;
    if (rating && rating !== group.dataset.rating) rate(element, messageId, rating);
  });
}

function showRating(group, rating = '') {
  group.dataset.rating = rating;
  for (const button of group.querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.dataset.rating === rating));
  }
}

async function rate(element, messageId, rating) {
  const group = element.querySelector('.feedback');
  const word = element.querySelector('.feedback-word');
  const lifetime = chat.lifetime.signal;
  const before = group.dataset.rating;
  showRating(group, rating);
  try {
    await postFeedback(chat.sessionId, messageId, rating, lifetime);
    if (group.dataset.rating === rating) sayFeedback(word, 'Thank you.');
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    if (lifetime.aborted || group.dataset.rating !== rating) return;
    showRating(group, before);
    sayFeedback(word, `Your rating was not saved. ${failure.message}`, true);
  }
}

function sayFeedback(word, sentence, isProblem = false) {
  word.textContent = sentence;
  word.classList.toggle('problem', isProblem);
  announce(sentence);
}
