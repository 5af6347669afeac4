'use strict';
// What the visitor sees on the site: the launcher, and the panel with the chat. The page in it is loaded when it is
// first opened, or in the background while a person of the support team may still write.

const PHONE = matchMedia('(max-width: 480px), (max-height: 420px)');
const TITLE = dataset.title || BRAND.name || WORDS.chat;
const COLOR = readColor();
const SVG = 'http://www.w3.org/2000/svg';
const ICONS = {
  chat: 'M5 5.5h14a1.5 1.5 0 0 1 1.5 1.5v8a1.5 1.5 0 0 1-1.5 1.5h-7L7.5 20v-3.5H5A1.5 1.5 0 0 1 3.5 15V7A1.5 1.5 0 0 1 5 5.5z',
  close: 'M6 6l12 12M18 6L6 18',
};

function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', name);
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

const badge = make('span', { className: 'badge', hidden: true, ariaHidden: 'true' });
const launcher = make('button', { type: 'button', className: 'launcher', onclick: () => (panel.open ? close() : open()) }, icon('chat'), icon('close'), badge);
const word = make('p', { role: 'status' });
const cover = make('div', { className: 'cover' }, word, make('button', { type: 'button', textContent: WORDS.leave, onclick: () => close() }));
const panel = make('dialog', { className: 'panel', ariaLabel: TITLE }, cover);
const news = make('span', { className: 'news', role: 'status' });
const host = make('div', { id: 'support-assistant' });
const root = host.attachShadow({ mode: 'open' });
let unread = 0;
let frame = null;
let frameTimer = 0;
let wantsFocus = false;

function build() {
  const color = COLOR || BRAND.color;
  const colors = new CSSStyleSheet();
  const sheet = new CSSStyleSheet();
  colors.replaceSync(`:host { --accent: ${color}; --on-accent: ${inkOn(color)}; }`);
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet, colors];
  root.append(launcher, panel, news);
  panel.id = 'panel';
  launcher.setAttribute('aria-controls', 'panel');
  host.lang = LANGUAGE;
  panel.dir = RIGHT_TO_LEFT.includes(LANGUAGE) ? 'rtl' : 'ltr';
  host.className = isAtLeft() ? 'left' : 'right';
  panel.addEventListener('cancel', (event) => {
    event.preventDefault();
    close();
  });
  root.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && panel.open) close();
  });
  PHONE.addEventListener('change', () => panel.open && showAgain());
  visualViewport?.addEventListener('resize', fitKeyboard);
  visualViewport?.addEventListener('scroll', fitKeyboard);
  nameLauncher();
  place();
}

// Some sites change pages by another body, or by other contents of it. Once a frame, lest two scripts keep each other busy.
const watch = new MutationObserver(() => host.isConnected || requestAnimationFrame(() => host.isConnected || place()));

/** Into the page's top layer where there is one, above whatever else floats there. A frame that moves begins again. */
function place() {
  isReady = false;
  document.body.append(host);
  for (const parent of [document.documentElement, document.body]) watch.observe(parent, { childList: true });
  host.popover = 'manual';
  host.showPopover?.();
  if (panel.open) showAgain();
}

/** A keyboard on the screen lies over the page: on a phone, fill what it leaves. Zooming is not a keyboard. */
function fitKeyboard() {
  const { height, offsetTop, scale } = visualViewport;
  const isCovered = PHONE.matches && scale === 1 && innerHeight - height > 100;
  panel.style.height = isCovered ? `${height}px` : '';
  panel.style.top = isCovered ? `${offsetTop}px` : '';
}

/** Show it as the screen and the document are now: either may have changed. */
function showAgain() {
  panel.close();
  show();
}

function nameLauncher() {
  const name = panel.open ? WORDS.close : WORDS.open;
  launcher.ariaLabel = unread && !panel.open ? withUnread(name, unread) : name;
  launcher.ariaExpanded = String(panel.open);
  badge.hidden = unread === 0 || panel.open;
  badge.textContent = unread > 99 ? '99+' : String(unread);
}

const withUnread = (action, count) => WORDS.unread.replace('{action}', action).replace('{count}', count);

/** On a phone the panel is all there is, and so nothing behind it can be reached. */
function show() {
  if (PHONE.matches) panel.showModal();
  else panel.open = true;
}

function open({ focus = true } = {}) {
  if (panel.open) return;
  if (!host.isConnected) place();
  wantsFocus = focus;
  load();
  show();
  rememberOpen();
  tell({ type: 'shown', shown: true });
  nameLauncher();
  if (isReady) giveFocus();
  emit('open');
}

function close() {
  if (!panel.open) return;
  const hadFocus = panel.contains(root.activeElement);
  panel.close();
  rememberOpen();
  tell({ type: 'shown', shown: false });
  nameLauncher();
  if (hadFocus) launcher.focus({ preventScroll: true });
  if (!isReady) unload();
  emit('close');
}

/** On a phone for this tab alone: a page that is opened from the chat is there to be read. */
function rememberOpen() {
  remember(PHONE.matches ? 'sessionStorage' : 'localStorage', 'panel', panel.open ? 'open' : 'closed');
}

/** Let the visitor write at once who opened it, unless they have gone elsewhere meanwhile. */
function giveFocus() {
  const isElsewhere = ![host, document.body].includes(document.activeElement);
  if (!wantsFocus || isElsewhere) return;
  frame.focus({ preventScroll: true });
  tell({ type: 'focus' });
}

function load() {
  if (frame) return;
  const color = COLOR && `&color=${encodeURIComponent(COLOR)}`;
  const page = new URL(`?language=${LANGUAGE}${color}#widget=${encodeURIComponent(location.origin)}`, BASE);
  frame = make('iframe', { title: TITLE === WORDS.chat ? TITLE : `${WORDS.chat}: ${TITLE}`, allow: 'clipboard-write', src: page.href });
  showCover(WORDS.loading);
  frameTimer = setTimeout(() => (panel.open ? showCover(WORDS.failed) : unload()), LOAD_TIMEOUT_MS);
  panel.append(frame);
}

function unload() {
  clearTimeout(frameTimer);
  frame?.remove();
  frame = null;
  forgetFrame();
}

function showCover(sentence) {
  cover.hidden = false;
  word.textContent = sentence;
}

function showUnread(count) {
  if (count > unread) news.textContent = withUnread(WORDS.chat, count);
  if (count !== unread) emit('unread', count);
  unread = count;
  nameLauncher();
}
