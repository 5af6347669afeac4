'use strict';
// What the site says in its script element, and what is remembered for the visitor. launcher.py puts LANGUAGES, the
// widget's words by language, BRAND, the stage's name and colour, and STYLE before this.

const script = document.currentScript ?? document.querySelector('script[src*="/widget.js"]');
// Below the stage's name behind API Gateway, at `/` under a domain of one's own: the page is beside the script.
const BASE = new URL('.', script.src);
// Copied without a prototype: a site may have added to Object's, and what is not written must not be read.
const ownOf = (given) => Object.assign(Object.create(null), given);
const dataset = ownOf(script.dataset);

const LOAD_TIMEOUT_MS = 15_000;
const LANGUAGE = chooseLanguage();
const WORDS = LANGUAGES[LANGUAGE];

/** The language that the site writes, or else one that the browser names, as far as it is spoken here. */
function chooseLanguage() {
  const wanted = [dataset.language ?? '', ...navigator.languages].map((code) => code.toLowerCase().split(/[-_]/)[0]);
  if (dataset.language && !Object.hasOwn(LANGUAGES, wanted[0])) warn('language', `one of ${Object.keys(LANGUAGES).join(', ')}`);
  return wanted.find((code) => Object.hasOwn(LANGUAGES, code)) ?? Object.keys(LANGUAGES)[0];
}

/** Tell who wrote the page what an attribute must be; the widget goes on without it. */
function warn(name, wanted) {
  console.warn(`SupportAssistant: data-${name}="${dataset[name]}" is left out; it must be ${wanted}.`);
}

/** The site's colour as `#rrggbb`, whatever way CSS writes it; '' without one. A brush keeps what it had at what is no colour. */
function readColor() {
  if (!dataset.color) return '';
  const brush = document.createElement('canvas').getContext('2d');
  const [color, other] = ['#000000', '#ffffff'].map((before) => {
    brush.fillStyle = before;
    brush.fillStyle = dataset.color;
    return brush.fillStyle;
  });
  if (color === other && /^#[0-9a-f]{6}$/.test(color)) return color;
  warn('color', 'a colour such as #7a3e9d');
  return '';
}

function isAtLeft() {
  const position = (dataset.position ?? 'right').toLowerCase();
  if (!['left', 'right'].includes(position)) warn('position', 'left or right');
  return position === 'left';
}

/** White where its contrast on a colour is at least 4.5 to 1 (WCAG 2), else black, whose then is. */
function inkOn(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.1833 ? '#000000' : '#ffffff';
}

/** Who the customer is, in the API's names or those of the attributes; null for nobody. */
function readCustomer(given) {
  const own = ownOf(given);
  const id = own.customer_id ?? own.customerId;
  const hash = own.customer_hash ?? own.customerHash;
  const expires = own.customer_hash_expires ?? own.customerHashExpires;
  if (!id || !hash) {
    if (id || hash) console.warn('SupportAssistant: a customer is proven by customer_id and customer_hash together.');
    return null;
  }
  const proof = { customer_id: String(id), customer_hash: String(hash) };
  return expires ? { ...proof, customer_hash_expires: Number(expires) } : proof;
}

/** Remember a word for the visitor; where storage is blocked, nothing is remembered. */
function remember(storage, key, word) {
  try {
    window[storage].setItem(`support-assistant:${BASE.href}:${key}`, word);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

function recall(storage, key) {
  try {
    return window[storage].getItem(`support-assistant:${BASE.href}:${key}`) ?? '';
  } catch (error) {
    if (error instanceof DOMException) return '';
    throw error;
  }
}
