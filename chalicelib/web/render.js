'use strict';
// From data to elements. What the model wrote is Markdown from outside: it goes through marked and DOMPurify as
// a fragment, never as a string into the page; everything else is set as text.

const ALLOWED_TAGS = [
  'p', 'br', 'strong', 'em', 'code', 'pre', 'ul', 'ol', 'li', 'a', 'blockquote', 'h3', 'h4', 'h5', 'h6', 'hr',
  'table', 'thead', 'tbody', 'tr', 'th', 'td', 'del', 'ins', 's', 'sup', 'sub', 'mark', 'u', 'kbd', 'b', 'i', 'small', 'wbr',
];
/** Tags without which a text says another thing, such as a price that no longer holds or 10<sup>6</sup>. */
const MEANINGFUL = 'del|ins|s|sup|sub';
/** Tags that only give a text its form: the sanitiser drops those that it doesn't allow, and keeps their text. */
const FORMATTING = 'abbr|b|big|code|em|font|i|kbd|mark|small|span|strong|u';
const PAIRED = new RegExp(`<(?:${MEANINGFUL}|${FORMATTING})(?:\\s[^<>]*)?>`, 'i');
const PAIR = new RegExp(`^<(${MEANINGFUL}|${FORMATTING})(?:\\s[^<>]*)?>((?:(?!</?\\1[\\s>])[\\s\\S])+)</\\1\\s*>`, 'i');
const LONE = new RegExp(`^</?(?:${FORMATTING})(?:\\s[^<>]*)?/?>$`, 'i');
const BEGINS_INLINE = new RegExp(`^ {0,3}</?(?:${MEANINGFUL}|${FORMATTING}|w?br)[\\s/>]`, 'i');
const SANITISER_OPTIONS = {
  ALLOWED_TAGS,
  ALLOWED_ATTR: ['href', 'start', 'value', 'align'],
  ADD_URI_SAFE_ATTR: ['start', 'value', 'align'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

const MISSING_WORDS = {
  history: say('missingHistory'),
  knowledge_base: say('missingKnowledgeBase'),
  customer: say('missingCustomer'),
  interactions: say('missingInteractions'),
  storage: say('missingStorage'),
};

function escapeMarkup(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Tags in pairs as they are, without their attributes. */
const pairsOfTags = {
  name: 'pairOfTags',
  level: 'inline',
  start: (source) => source.search(PAIRED),
  tokenizer(source) {
    const found = PAIR.exec(source);
    if (!found) return undefined;
    const [raw, tag, text] = found;
    return { type: 'pairOfTags', raw, tag: tag.toLowerCase(), tokens: this.lexer.inlineTokens(text) };
  },
  renderer(token) { return `<${token.tag}>${this.parser.parseInline(token.tokens)}</${token.tag}>`; },
};

/** Number the items of a list as its text does, where that is not one after the other. */
function keepNumbers(list) {
  const numbers = list.items.map((item) => Number(/^\s*(\d{1,9})[.)]/.exec(item.raw)?.[1]));
  const isLazy = numbers.every((number) => number === numbers[0]);
  if (!isLazy) list.items.forEach((item, place) => { item.number = numbers[place]; });
}

/** A table as marked reads it; where a row has more cells than the header, the header gets more, and none is lost. */
function wideTable(source) {
  const read = (text) => marked.Tokenizer.prototype.table.call(this, text);
  const table = read(source);
  if (!table) return undefined;
  const [header, rule, ...rows] = table.raw.trimEnd().split('\n');
  const cells = (row) => row.trim().replace(/^\||(?<!\\)\|$/g, '').split(/(?<!\\)\|/).length;
  const missing = Math.max(0, ...rows.map(cells)) - table.header.length;
  if (missing <= 0) return table;
  const widened = (line, cell) => `${line.trimEnd().replace(/\|$/, '')}${cell.repeat(missing)}|`;
  return { ...read([widened(header, '| '), widened(rule, '|---'), ...rows].join('\n')), raw: table.raw };
}

const MARKED_OPTIONS = {
  gfm: true,
  breaks: true,
  extensions: [pairsOfTags],
  tokenizer: {
    // A definition such as `[1]: https://…` would let the model's own link take the place of a citation.
    def: () => undefined,
    // In "3~5 days", "20*30*40 cm" and "> 10 kg" the characters are what they look like. False is marked's own way.
    del: (source) => (source.startsWith('~~') ? false : undefined),
    emStrong: (source, masked, before) => (
      (/^\*[a-z0-9(]/i.test(source) && /[a-z0-9)*]$/i.test(before))
      || (/^\*+\d/.test(source) && /\d$/.test(before)) ? undefined : false
    ),
    table: wideTable,
    // Such a tag alone on its line would make a block of what follows, in which no Markdown is read.
    html: (source) => (BEGINS_INLINE.test(source) ? undefined : false),
    blockquote: (source) => (/^ {0,3}> ?[\d€$£]/.test(source) ? undefined : false),
  },
  walkTokens: (token) => {
    // h1 to h3 are the page's own.
    if (token.type === 'heading') token.depth = Math.min(token.depth + 2, 6);
    if (token.type === 'list' && token.ordered) keepNumbers(token);
  },
  renderer: {
    // Other tags that the model writes are shown as the text they are, unless they only break or form a line.
    html: ({ text, block }) => {
      const [, lineBreak] = /^<(w?br)(?:\s[^<>]*)?\/?>$/i.exec(text) ?? [];
      if (lineBreak || LONE.test(text)) return lineBreak ? `<${lineBreak}>` : '';
      return block ? `<p>${escapeMarkup(text)}</p>` : escapeMarkup(text);
    },
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    image: ({ text, title, href }) => escapeMarkup(text || title || href),
    listitem(item) {
      const value = Number.isInteger(item.number) ? ` value="${item.number}"` : '';
      return `<li${value}>${this.parser.parse(item.tokens)}</li>\n`;
    },
  },
};
let markdown = null;
let shownAsText = [];  // what shows each text that came before the libraries

const hasLibraries = () => Boolean(window.marked && window.DOMPurify);

function fromTemplate(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

/** The address when it is one of the web and leads where it seems to, else null. */
function webAddress(address) {
  // The parser drops line breaks and takes a backslash for a slash, so such an address hides its host.
  if (typeof address !== 'string' || /[\s\\\p{C}]/u.test(address)) return null;
  try {
    const url = new URL(address);
    const isWeb = ['http:', 'https:'].includes(url.protocol);
    return isWeb && !url.username && !url.password ? url.href : null;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function openElsewhere(link) {
  link.target = '_blank';
  link.rel = 'noopener noreferrer nofollow';
  return link;
}

function outsideLink(href) {
  const link = document.createElement('a');
  link.href = href;
  return openElsewhere(link);
}

/** Let a long e-mail address break at its signs rather than inside a word. */
function breakAtSigns(link) {
  const parts = link.textContent.split(/(?<=@)|(?=\.)/);
  link.replaceChildren(...parts.flatMap((part) => [document.createElement('wbr'), part]).slice(1));
}

/** Turn Markdown into a fragment that holds nothing but text, structure and links to the web or to mail. */
function renderMarkdown(text) {
  markdown ??= new marked.Marked(MARKED_OPTIONS);
  const fragment = DOMPurify.sanitize(markdown.parse(text), SANITISER_OPTIONS);
  for (const link of fragment.querySelectorAll('a')) {
    const href = link.getAttribute('href');
    if (/^mailto:/i.test(href)) breakAtSigns(openElsewhere(link));
    else if (webAddress(href)) openElsewhere(link);
    else link.replaceWith(...link.childNodes);
  }
  orderHeadings(fragment);
  fragment.querySelectorAll('table, pre').forEach(letScroll);
  return fragment;
}

/** Let headings go down by one level at a time, from the page's own. */
function orderHeadings(fragment) {
  let before = 2;
  for (const heading of fragment.querySelectorAll('h3, h4, h5, h6')) {
    const level = Math.min(Number(heading.localName[1]), before + 1);
    const fitting = document.createElement(`h${level}`);
    fitting.append(...heading.childNodes);
    heading.replaceWith(fitting);
    before = level;
  }
}

/** Put what may be wider than the page into a part that scrolls, by keyboard as well, and shows that it does. */
function letScroll(wide) {
  const scroller = document.createElement('div');
  scroller.className = 'scroller';
  wide.replaceWith(scroller);
  scroller.append(wide);
  const showCut = () => {
    const left = scroller.scrollWidth - scroller.clientWidth - Math.abs(scroller.scrollLeft);
    scroller.classList.toggle('cut', left > 1);
    if (scroller.scrollWidth > scroller.clientWidth) scroller.tabIndex = 0;
    else scroller.removeAttribute('tabindex');
  };
  scroller.addEventListener('scroll', showCut, { passive: true });
  new ResizeObserver(showCut).observe(scroller);
}

/** Put Markdown into an element in place of what is there; as the text that it is, where it can't be read. */
function renderProse(container, text) {
  container.classList.toggle('plain', !hasLibraries());
  try {
    container.replaceChildren(hasLibraries() ? renderMarkdown(text) : text);
  } catch (error) {
    // Nesting thousands deep exhausts the parser's stack: the words matter more than their form.
    if (!(error instanceof RangeError)) throw error;
    container.classList.add('plain');
    container.textContent = text;
  }
}

/** Show a text now, and again once the libraries are there if they are not yet. */
function showProse(show) {
  show();
  if (!hasLibraries()) shownAsText.push(show);
}

function showProsesAgain() {
  const shows = shownAsText;
  shownAsText = [];
  shows.forEach(showProse);
}

function markElement(citation, sourceElement) {
  const sup = document.createElement('sup');
  sup.className = 'mark';
  const href = webAddress(citation.url);
  const mark = href ? outsideLink(href) : document.createElement('button');
  if (!href) {
    mark.type = 'button';
    mark.addEventListener('click', () => showExcerpt(sourceElement));
  }
  mark.textContent = citation.index;
  mark.title = citation.title;
  mark.setAttribute('aria-label', say('sourceTitled', { number: citation.index, title: citation.title }));
  sup.append(mark);
  return sup;
}

/** Cut a text node at its `[n]` marks that name a citation; other brackets stay text. */
function linkMarksIn(node, citations, sources) {
  const pieces = node.data.split(/(\s*\[\d{1,3}\])/);
  node.replaceWith(...pieces.map((piece) => {
    // The space that models like to put before a mark would float it away from its sentence: it goes with it.
    const index = Number(piece.match(/^\s*\[(\d+)\]$/)?.[1]);
    return citations.has(index) ? markElement(citations.get(index), sources.get(index)) : piece;
  }));
}

function linkMarks(container, citations, sources) {
  const walker = document.createTreeWalker(container, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  nodes.filter((node) => !node.parentElement.closest('a, code, pre'))
    .forEach((node) => linkMarksIn(node, citations, sources));
}

function setExpanded(toggle, excerpt, expanded) {
  toggle.setAttribute('aria-expanded', String(expanded));
  excerpt.hidden = !expanded;
}

function showExcerpt(source) {
  const toggle = source.querySelector('.excerpt-toggle');
  if (!toggle.hidden) setExpanded(toggle, source.querySelector('blockquote'), true);
  source.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
}

function sourceElement(citation) {
  const element = fromTemplate('source-template');
  element.querySelector('.source-number').textContent = citation.index;
  const href = webAddress(citation.url);
  const title = href ? outsideLink(href) : document.createElement('span');
  title.textContent = citation.title;
  element.querySelector('.source-name').append(title);
  if (citation.snippet) addExcerpt(element, citation);
  return element;
}

function addExcerpt(element, citation) {
  const toggle = element.querySelector('.excerpt-toggle');
  const excerpt = element.querySelector('blockquote');
  excerpt.textContent = citation.snippet;
  toggle.hidden = false;
  toggle.setAttribute('aria-label', say('excerptOf', { title: citation.title }));
  toggle.addEventListener('click', () => setExpanded(toggle, excerpt, excerpt.hidden));
}

/** The citations by index, each with a title to show; what is not one is left out. */
function readCitations(list) {
  const entries = (Array.isArray(list) ? list : []).filter((entry) => Number.isInteger(entry?.index));
  return new Map(entries.map(({ index, title, url, snippet }) => [index, {
    index, url, snippet: String(snippet ?? ''), title: String(title || webAddress(url) || say('source', { number: index })),
  }]));
}

function renderSources(element, citations) {
  const section = element.querySelector('.sources');
  section.hidden = citations.size === 0;
  const sources = new Map([...citations].map(([index, citation]) => [index, sourceElement(citation)]));
  section.querySelector('ol').append(...sources.values());
  return sources;
}

function renderRemarks(element, answer) {
  const words = (Array.isArray(answer.degraded) ? answer.degraded : []).map((name) => MISSING_WORDS[name]);
  if (answer.guardrail?.intervened) words.unshift(say('guardrail'));
  const remarks = words.filter(Boolean).map((sentence) => {
    const item = document.createElement('li');
    item.textContent = sentence;
    return item;
  });
  const list = element.querySelector('.remarks');
  list.append(...remarks);
  list.hidden = remarks.length === 0;
}

/** Show the hour, and the day when it is not today's. */
function renderTime(element, timestamp) {
  const moment = new Date(timestamp ?? NaN);
  if (Number.isNaN(moment.getTime())) return;
  const today = moment.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: 'numeric', month: 'short' };
  element.dateTime = moment.toISOString();
  element.textContent = moment.toLocaleString(LOCALE, { hour: '2-digit', minute: '2-digit', ...day });
}

/** One answer of the assistant: `POST /chat`'s body, or a restored message in its shape. */
function answerElement(answer) {
  const element = fromTemplate('answer-template');
  const prose = element.querySelector('.prose');
  const citations = readCitations(answer.citations);
  const sources = renderSources(element, citations);
  showProse(() => {
    renderProse(prose, answer.response);
    linkMarks(prose, citations, sources);
  });
  if (answer.escalation?.ticket_id) element.dataset.ticketId = answer.escalation.ticket_id;
  renderRemarks(element, answer);
  renderTime(element.querySelector('time'), answer.timestamp);
  return element;
}

const agentId = ({ message_id: messageId }) => `agent-${messageId}`;

/** What a person wrote: under their name, and nothing to rate before the ticket is closed. */
function agentElement(message) {
  const element = answerElement(message);
  element.id = agentId(message);
  element.classList.add('agent');
  const name = message.author || say('supportTeam');
  Object.assign(element.dataset, { author: name, messageId: message.message_id, rating: message.feedback?.rating ?? '' });
  element.querySelector('.avatar').textContent = [...name][0].toUpperCase();
  const author = element.querySelector('.author');
  author.textContent = name;
  author.classList.remove('visually-hidden');
  return element;
}

function questionElement(text) {
  const element = fromTemplate('question-template');
  element.querySelector('.bubble').textContent = text;
  return element;
}
