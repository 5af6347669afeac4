'use strict';
// The page's words in its language. page.py puts WORDS before this: what a file of languages/ has under "script".

const LANGUAGE = document.documentElement.lang;
const IS_RIGHT_TO_LEFT = document.documentElement.dir === 'rtl';
// Dates and numbers in the customer's own region of the language, where the browser names one.
const LOCALE = navigator.languages.find((each) => each.toLowerCase().split('-')[0] === LANGUAGE) ?? LANGUAGE;
// What the server itself says is English.
const KNOWS_SERVER_WORDS = LANGUAGE === 'en';

/** Keep a name, address or number in its own direction inside a sentence that runs from right to left. */
const isolated = (text) => (IS_RIGHT_TO_LEFT ? `\u2068${text}\u2069` : text);

/** Say a sentence with its `{places}` filled; where it has plural forms, `count` chooses one. */
function say(key, values = {}) {
  const words = WORDS[key];
  const sentence = typeof words === 'string' ? words : words[new Intl.PluralRules(LANGUAGE).select(values.count)];
  return sentence.replace(/\{(\w+)\}/g, (_, name) => isolated(showNumber(values[name])));
}

function showNumber(value) {
  return typeof value === 'number' ? value.toLocaleString(LOCALE) : value;
}
