'use strict';
// The box the customer writes in: it grows, counts near the limit, and never loses or cuts a text by itself.

const QUESTION_LIMIT = 4000;
const COUNT_FROM = 3600;

/** Drop what a keyboard cannot type but a paste can carry: control characters and halves of characters. */
function cleanText(text) {
  const lines = text.replace(/\r\n?/g, '\n');
  return lines.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Surrogate}/gu, '').trim();
}

/** Count as the server does: characters, not UTF-16 units. */
const lengthOf = (text) => [...text].length;

/** Enter sends; with Shift it is a new line, and while an input method composes it belongs to that. */
function isSendKey(event) {
  return event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
}

class Composer {
  #form = document.getElementById('composer');
  #box = document.getElementById('question');
  #send = document.getElementById('send');
  #counter = document.getElementById('counter');

  /** `submit` gets the cleaned text and says whether it took it. */
  constructor(submit) {
    this.submit = submit;
    this.#box.addEventListener('input', () => this.#changed());
    this.#box.addEventListener('keydown', (event) => this.#pressed(event));
    this.#form.addEventListener('submit', (event) => this.#submitted(event));
    for (const kind of ['paste', 'dragover', 'drop']) document.addEventListener(kind, (event) => this.#refuseFiles(event));
    this.text = savedDraft.read();
  }

  get text() {
    return this.#box.value;
  }

  set text(text) {
    this.#box.value = text;
    this.#changed();
  }

  /** Put a text before what is being written, which stays. */
  giveBack(text) {
    this.text = [text, this.text].filter(Boolean).join('\n');
  }

  focus() {
    this.#box.focus({ preventScroll: true });
  }

  /** Say what to do instead where somebody wants to send a file. Words that are pasted may come with a picture of them. */
  #refuseFiles(event) {
    const data = event.clipboardData ?? event.dataTransfer;
    if (!data?.types.includes('Files') || (event.type === 'paste' && data.types.includes('text/plain'))) return;
    event.preventDefault();
    document.getElementById('hint').textContent = say('noFiles');
    if (event.type !== 'dragover') announce(say('noFiles'));
  }

  #changed() {
    const length = lengthOf(cleanText(this.text));
    this.#send.disabled = length === 0 || length > QUESTION_LIMIT;
    this.#count(length);
    // An empty box is as the page is; what is written decides for itself.
    this.#box.dir = this.text ? 'auto' : document.documentElement.dir;
    this.#grow();
    savedDraft.write(this.text);
  }

  #count(length) {
    const over = length > QUESTION_LIMIT;
    this.#counter.hidden = length < COUNT_FROM;
    this.#counter.classList.toggle('over', over);
    this.#counter.textContent = isolated(`${showNumber(length)} / ${showNumber(QUESTION_LIMIT)}`);
    this.#box.setAttribute('aria-invalid', String(over));
  }

  #grow() {
    this.#box.style.height = 'auto';
    this.#box.style.height = `${this.#box.scrollHeight}px`;
  }

  #pressed(event) {
    if (!isSendKey(event)) return;
    event.preventDefault();
    if (!event.repeat) this.#form.requestSubmit();
  }

  #submitted(event) {
    event.preventDefault();
    // Enter reaches this also while the button is disabled.
    if (!this.#send.disabled && this.submit(cleanText(this.text))) this.text = '';
  }
}
