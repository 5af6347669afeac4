'use strict';
// Numbers for people: as words, as a chart with the table that says the same, and as CSV.

const SVG = 'http://www.w3.org/2000/svg';
const NONE = '–';

const whole = (number) => number?.toLocaleString() ?? NONE;
const seconds = (ms) => (ms === null ? NONE : `${(ms / 1000).toLocaleString([], { maximumFractionDigits: 1 })} s`);
const LEAST_DOLLARS = 0.0001;
const inDollars = (amount) => amount.toLocaleString([], { style: 'currency', currency: 'USD', maximumFractionDigits: amount < 1 ? 4 : 2 });
/** Money; what was spent is never shown as nothing. */
const dollars = (amount) => (amount === null ? NONE : amount > 0 && amount < LEAST_DOLLARS ? `< ${inDollars(LEAST_DOLLARS)}` : inDollars(amount));
const percent = (part, all) => (part / all).toLocaleString([], { style: 'percent' });
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const plural = (count, one, many) => `${whole(count)} ${count === 1 ? one : many}`;

/** A day as the API names it, which is a day in UTC. */
const dayName = (date) => new Date(`${date}T00:00Z`).toLocaleDateString([], { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** A table of numbers; the first cell of a row is its name. */
function numbersTable(caption, names, rows) {
  const head = make('thead', {}, make('tr', {}, ...names.map((textContent) => make('th', { scope: 'col', textContent }))));
  const body = make('tbody', {}, ...rows.map(([name, ...cells]) => make('tr', {},
    make('th', { scope: 'row', textContent: name }), ...cells.map((textContent) => make('td', { textContent })))));
  // It scrolls by itself on a phone, so it has to be reached with keys.
  return make('div', { className: 'numbers', tabIndex: 0, role: 'region', ariaLabel: caption }, make('table', {}, make('caption', { textContent: caption }), head, body));
}

/** Bars a day, each of `series` on top of the one before, and a table of them or of other `columns`. */
function chart(title, days, series, format, columns = series.map(({ name, of }) => [name, of])) {
  const highest = Math.max(...days.map((day) => sum(series.map(({ of }) => of(day)))), 0);
  const legend = make('ul', { className: 'legend' }, ...series.map(({ name, color }) => make('li', { className: color, textContent: name })));
  const table = numbersTable(title, ['Day (UTC)', ...columns.map(([name]) => name)], days.map((day) => [dayName(day.date), ...columns.map(([, of]) => format(of(day)))]));
  const axis = make('p', { className: 'axis', ariaHidden: 'true' }, ...(days.length > 1 ? [days[0], days.at(-1)] : days).map(({ date }) => make('span', { textContent: dayName(date) })));
  return make('section', { className: 'chart' }, make('h3', { textContent: title }), series.length > 1 ? legend : '',
    make('p', { className: 'axis', ariaHidden: 'true', textContent: highest ? format(highest) : 'None yet' }),
    bars(title, days, series, highest), axis, make('details', {}, make('summary', { textContent: 'As a table' }), table));
}

/** The bars alone, as wide as there is room; what is written stands around them, and does not shrink with them. */
function bars(title, days, series, highest) {
  const picture = drawn('svg', { viewBox: `0 0 ${days.length} 100`, preserveAspectRatio: 'none', role: 'img', 'aria-label': `${title}, a bar a day. The table below has the numbers.` });
  days.forEach((day, place) => {
    let top = 100;
    for (const { color, of } of series) {
      const height = highest ? of(day) / highest * 100 : 0;
      top -= height;
      if (height) picture.append(drawn('rect', { class: color, x: place + 0.12, y: top, width: 0.76, height }));
    }
  });
  return picture;
}

function drawn(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** A cell of CSV: numbers plain, and no text that a spreadsheet would take for a formula. */
function csvCell(value) {
  if (typeof value === 'number') return String(value);
  const text = String(value ?? '');
  const harmless = /^\s*[=+\-@＝＋－＠]|^[\t\r]/.test(text) ? `'${text}` : text;
  return /[",;\t\r\n]|^\s|\s$/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

const toCsv = (rows) => `\ufeff${rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('')}`;

function download(name, text, type) {
  const link = make('a', { download: name, href: URL.createObjectURL(new Blob([text], { type })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
