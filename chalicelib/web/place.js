'use strict';
// Which part of the conversation is in view. Whoever scrolls up to read is not moved by what comes.

const NEAR_END_PX = 48;

const place = {
  atEnd: true,
  asked: 0,  // where the question that is being answered was put

  /** Show the end of the conversation, but never push the question that is being answered out of sight. */
  putQuestion(element) {
    const top = element.getBoundingClientRect().top - view.conversation.getBoundingClientRect().top;
    view.conversation.scrollTop += top - 16;
    place.asked = view.conversation.scrollTop;
  },

  /** Show an answer below its question, unless the customer has scrolled away from there. */
  showAnswer(question) {
    if (Math.abs(view.conversation.scrollTop - place.asked) < NEAR_END_PX) place.putQuestion(question);
  },

  /** Do what adds to the end, and show the end where it was in view. */
  following(add) {
    const { atEnd } = place;
    add();
    if (atEnd) place.showEnd();
    place.note();
  },

  /** Show the last message; without one, the welcome from its beginning. */
  showEnd() {
    const isEmpty = view.messages.childElementCount === 0;
    view.conversation.scrollTop = isEmpty ? 0 : view.conversation.scrollHeight;
  },

  note() {
    const { scrollHeight, scrollTop, clientHeight } = view.conversation;
    place.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    view.latest.hidden = place.atEnd || view.messages.childElementCount === 0;
  },

  /** Keep the end in view when the composer grows or a keyboard comes up. */
  watch() {
    view.conversation.addEventListener('scroll', place.note, { passive: true });
    view.latest.addEventListener('click', () => {
      place.showEnd();
      view.conversation.focus({ preventScroll: true });
    });
    new ResizeObserver(() => place.following(() => {})).observe(view.conversation);
    new ResizeObserver(place.note).observe(view.messages);
  },
};
