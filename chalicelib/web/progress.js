'use strict';
// An answer that grows while it is written, where the server lets it be read. Whatever goes wrong here is passed
// over: the whole answer comes by itself.

const FIRST_LOOK_MS = 500;
const LOOK_EVERY_MS = 400;
const SLOWER = 1.5;
const SLOWEST_LOOK_MS = 3_000;
const FRUITLESS_LOOKS = 8;

/** Show what there is of an answer in the part that says it is being written, until the lifetime ends. */
async function followProgress(question, typing, lifetime) {
  let shown = '';
  let pause = LOOK_EVERY_MS;
  let fruitless = 0;
  await delay(FIRST_LOOK_MS, lifetime);
  while (!lifetime.aborted) {
    const { text = shown, done, ends } = await lookAtPending(question.messageId, lifetime);
    if (lifetime.aborted || ends) return;
    fruitless = text === shown ? fruitless + 1 : 0;
    pause = fruitless < FRUITLESS_LOOKS ? LOOK_EVERY_MS : Math.min(pause * SLOWER, SLOWEST_LOOK_MS);
    if (text !== shown) showProgress(typing, text, question.element);
    shown = text;
    if (done) return;
    await delay(pause, lifetime);
  }
}

/** Read what there is; `ends` where asking again is of no use, such as over a limit. */
async function lookAtPending(messageId, lifetime) {
  try {
    return await getPending(messageId, lifetime);
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    return { ends: failure.status !== 404 };
  }
}

/** Show the text above the dots. Its marks are left out until the whole answer brings what they refer to. */
function showProgress(typing, text, question) {
  const prose = typing.querySelector('.prose');
  renderProse(prose, text.replace(/\s*\[\d{1,3}\]/g, ''));
  prose.hidden = false;
  typing.classList.add('growing');
  question.classList.add('grew');
  place.showAnswer(question);
}

function delay(milliseconds, lifetime) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    lifetime?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
