'use strict';
// What the customer writes while an answer is on its way: several short messages become the next question.

const queue = {
  question: null,

  /** Take a text for the next question, and say whether there was room for it. */
  add(text) {
    const joined = [queue.question?.text, text].filter(Boolean).join('\n');
    if (lengthOf(joined) > QUESTION_LIMIT) return false;
    queue.question?.element.remove();
    queue.question = { text: joined, messageId: newMessageId(), element: null };
    queue.question.element = newQuestionElement(queue.question);
    sayDelivery(queue.question, say('sentAfterAnswer'));
    view.messages.append(queue.question.element);
    keepUnsent(chat.unsent);
    place.showEnd();
    return true;
  },

  take() {
    const { question } = queue;
    queue.question = null;
    return question;
  },

  /** Return what waits to the composer: what it was to follow did not come. */
  giveBack() {
    const question = queue.take();
    if (!question) return;
    question.element.remove();
    composer.giveBack(question.text);
    keepUnsent(chat.unsent);
  },
};

/** Add messages to the conversation, before what waits to be sent. */
function addMessages(...elements) {
  const next = queue.question?.element;
  if (next) next.before(...elements);
  else view.messages.append(...elements);
  tellMessages(elements);
}
