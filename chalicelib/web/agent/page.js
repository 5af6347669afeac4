'use strict';
// Small things that all parts of the console use. What customers and colleagues wrote is only ever set as text, or
// goes through render.js.

const byId = (id) => document.getElementById(id);
const millis = (time) => (time ? Date.parse(time) : 0);

/** Make an element with these properties and children. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** How long ago, in few letters. */
function ago(time) {
  const minutes = Math.floor((Date.now() - millis(time)) / 60_000);
  if (minutes < 1) return 'now';
  if (minutes < 60) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
}

function dayAndHour(time) {
  return new Date(millis(time)).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}

function timeElement(time) {
  const element = make('time');
  renderTime(element, time);
  return element;
}

/** Set an element's text where it differs, so that nothing is announced or redrawn for nothing. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showCount(element, count, isMore = false) {
  element.hidden = count === 0 && !isMore;
  setText(element, isMore ? `${count}+` : String(count));
}

/** Say a sentence for some seconds, with something to do about it. */
function toast(sentence, label = '', action = undefined) {
  const [words, button] = byId('toast').children;
  clearTimeout(toast.timer);
  words.textContent = sentence;
  button.textContent = label;
  button.hidden = !action;
  button.onclick = () => {
    byId('toast').hidden = true;
    action();
  };
  byId('toast').hidden = false;
  toast.timer = setTimeout(() => { byId('toast').hidden = true; }, 8_000);
}

/** Do something with the API; a failure is told to `onFailure`, anything else is an error. */
async function attempt(action, onFailure = (failure) => toast(failure.message)) {
  try {
    await action();
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    onFailure(failure);
  }
}
