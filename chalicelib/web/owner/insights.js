'use strict';
// How it goes: in words first, then day by day; what to write next; what it costs.

const KINDS = { unanswered: 'not answered', rated_down: 'rated down', handed_over: 'handed over' };
const FEATURES = { chat: 'answers', draft: 'drafts', search: 'search', rerank: 'reranking', guardrail: 'guardrail', sentiment: 'sentiment' };
const DEPENDENCIES = { dynamodb: 'the tables (dynamodb)', knowledge_base: 'the knowledge base', bedrock: 'the model (bedrock)', postgres: 'the customer database (postgres)' };
const FRESH_MS = 60_000;
const insights = { reading: 0, readAt: 0, answer: null };

/** Show the page of insights that the address names, with numbers of the last minute. */
function openInsights() {
  showInsightsPart();
  if (Date.now() - insights.readAt > FRESH_MS) readInsights();
}

async function readInsights() {
  insights.readAt = Date.now();
  const reading = ++insights.reading;
  const isNewest = () => reading === insights.reading;
  const days = Number(byId('insights-days').value);
  if (insights.answer) byId('insights-parts').setAttribute('aria-busy', 'true');
  else setText(byId('insights-state'), 'Loading…');
  // Yesterday is asked for also where the choice leaves it out.
  const asking = Promise.all((days > 1 ? [days] : [days, 2]).map((asked) => getInsights(asked)));
  readBroken(isNewest, asking);
  await attempt(async () => {
    const answers = await asking;
    if (isNewest()) showInsights(answers[0], answers.at(-1).daily.at(-2));
  }, (failure) => {
    insights.readAt = 0;
    if (isNewest()) setText(byId('insights-state'), `${failure.message}${insights.answer ? ' The numbers below are older.' : ''}`);
  });
  if (isNewest()) byId('insights-parts').removeAttribute('aria-busy');
}

/** Show the part that the address names: `#/insights`, `#/insights/gaps`, `#/insights/cost`. */
function showInsightsPart() {
  const named = location.hash.split('/')[2];
  const chosen = ['gaps', 'cost'].includes(named) ? named : 'overview';
  for (const link of byId('insights').querySelectorAll('nav a')) {
    const isChosen = link.dataset.part === chosen;
    byId(`insights-${link.dataset.part}`).hidden = !isChosen;
    if (isChosen) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

function showInsights(answer, yesterday) {
  insights.answer = answer;
  setText(byId('insights-state'), '');
  byId('insights-export').disabled = false;
  setText(byId('next-words'), nextWords(answer.gaps));
  setText(byId('cost-words'), costWords(yesterday, answer.daily.at(-1)));
  byId('insights-charts').replaceChildren(...overviewParts(answer));
  byId('insights-gaps').replaceChildren(...gapParts(answer.gaps));
  byId('insights-cost').replaceChildren(...costParts(answer, yesterday));
}

/* The three answers */

function nextWords([first, second]) {
  if (!first) return 'Nothing: no question of late lacks an answer.';
  // Isolated, so that a question in Arabic leaves the words around it in their order.
  const asked = ({ question, count, kind }) => `“\u2068${question}\u2069” (${plural(count, 'time', 'times')}, ${KINDS[kind] ?? kind})`;
  return `An article that answers ${asked(first)}.${second ? ` Then ${asked(second)}.` : ''}`;
}

/** What yesterday cost; where that is nothing, as on the first day, what today did. */
function costWords(yesterday, today) {
  if (yesterday.cost_usd.total || !today.cost_usd.total) return spentWords(yesterday);
  return `Nothing was spent. Today so far: ${spentWords(today)}`;
}

function spentWords({ cost_usd: cost, conversations }) {
  const { started, resolved } = conversations;
  if (!cost.total) return 'Nothing was spent.';
  const [[most, amount] = ['', 0]] = Object.entries(cost.by_feature).sort(([, one], [, other]) => other - one);
  const each = cost.per_resolved === null ? '' : `, ${dollars(cost.per_resolved)} for each of the ${whole(resolved)} resolved so far`;
  return `${dollars(cost.total)} for ${plural(started, 'conversation', 'conversations')}${each}. Most of it: ${FEATURES[most] ?? most}, ${dollars(amount)}.`;
}

/** Look at the health, the budget in `insights`, the sync and the deliveries, each by itself: one that can't be looked at hides none. */
async function readBroken(isNewest, insights) {
  const looks = [['the app', getHealth, healthFaults], ['the budget', () => insights, budgetFaults], ['the sync', getSync, syncFaults], ['the events', () => Promise.all([getEvents({ status: 'failed' }), getEvents({ status: 'pending', limit: 100 })]), eventFaults]];
  const found = await Promise.all(looks.map(async ([name, read, faults]) => {
    let sentences = [];
    await attempt(async () => { sentences = faults(await read()); }, (failure) => {
      sentences = [[failure.status === 429 ? `Whether ${name} is well was looked at a moment ago. Wait half a minute before the next look.` : `How ${name} is can't be said: ${failure.message}`]];
    });
    return sentences;
  }));
  if (isNewest()) showBroken(found.flat());
}

const healthFaults = ({ checks }) => Object.entries(checks).filter(([, state]) => state !== 'ok').map(([name]) => [`Out of reach: ${DEPENDENCIES[name] ?? name}.`]);

const budgetFaults = ([{ daily_budget_usd: budget, budget_reached: isReached }]) => (isReached ? [[`The budget of ${dollars(budget)} for today is spent: the assistant answers nobody until midnight, UTC.`]] : []);

function syncFaults({ jobs: [newest], last_error: error }) {
  if (newest?.status === 'FAILED') return [['The last sync of the articles failed.', 'articles']];
  if (newest?.failures.length) return [[`${plural(newest.failures.length, 'file was', 'files were')} not taken in by the last sync.`, 'articles']];
  return error ? [[`The last sync did not start: ${error}.`, 'articles']] : [];
}

function eventFaults([{ events: failed, next }, { events: pending }]) {
  // Who was away for a moment has it after fewer attempts.
  const waiting = pending.filter(({ attempts }) => attempts > 2).length;
  const lost = `${whole(failed.length)}${next ? '+' : ''} ${failed.length === 1 && !next ? 'webhook or mail was' : 'webhooks or mails were'} not delivered.`;
  const late = `${plural(waiting, 'webhook or mail waits', 'webhooks or mails wait')} for a receiver that does not take what is sent.`;
  return [...(failed.length ? [[lost, 'events']] : []), ...(waiting ? [[late, 'events']] : [])];
}

function showBroken(faults) {
  const sentence = ([words, view]) => make('li', {}, words, ...(view ? [' ', make('a', { href: `#/${view}`, textContent: `See ${view}` })] : []));
  const fine = [['Nothing: the app reaches all that it needs, the articles are in step, and all webhooks and mails got through.']];
  byId('broken').classList.toggle('problem', faults.length > 0);
  byId('broken').replaceChildren(...(faults.length ? faults : fine).map(sentence));
}

/* The pages */

const handedOver = ({ conversations }) => sum(Object.values(conversations.handed_over));

function overviewParts(answer) {
  const { conversations, feedback, daily, days } = answer;
  const reasons = [...new Set(daily.flatMap((day) => Object.keys(day.conversations.handed_over)))];
  const outcome = (name, color) => ({ name, color, of: (day) => day.conversations[color] });
  const outcomes = [outcome('resolved', 'resolved'), { name: 'handed over', color: 'handed', of: handedOver }, outcome('abandoned', 'abandoned'), outcome('refused', 'refused'), outcome('still open', 'open')];
  const byReason = reasons.map((reason) => [`handed over: ${REASONS[reason] ?? reason}`, (day) => day.conversations.handed_over[reason] ?? 0]);
  const judged = conversations.started - conversations.open;
  const share = judged ? ` Of ${whole(judged)} that are over, ${percent(conversations.resolved, judged)} were resolved by the assistant alone.` : '';
  const over = Object.entries(conversations.handed_over).sort(([, one], [, other]) => other - one).map(([reason, count]) => `${whole(count)} because ${REASONS[reason] ?? reason}`);
  return [
    make('p', { textContent: `${plural(conversations.started, 'conversation', 'conversations')} in ${plural(days, 'day', 'days')}.${share}${over.length ? ` Handed over: ${over.join(', ')}.` : ''}` }),
    chart('Conversations by outcome', daily, outcomes, whole, outcomes.flatMap(({ name, of }) => (name === 'handed over' ? byReason : [[name, of]]))),
    chart(`Ratings: ${whole(feedback.up)} good, ${whole(feedback.down)} bad`, daily, [{ name: 'good', color: 'resolved', of: (day) => day.feedback.up }, { name: 'bad', color: 'refused', of: (day) => day.feedback.down }], whole),
    latencyChart(answer),
  ];
}

function latencyChart({ latency_ms: { p50, p95 }, daily }) {
  const half = (day) => day.latency_ms.p50 ?? 0;
  const most = (day) => (day.latency_ms.p95 ?? 0) - half(day);
  return chart(`Time to answer: half within ${seconds(p50)}, 95 % within ${seconds(p95)}`, daily,
    [{ name: 'half within', color: 'handed', of: half }, { name: '95 % within', color: 'open', of: most }], seconds,
    [['half within', (day) => day.latency_ms.p50], ['95 % within', (day) => day.latency_ms.p95]]);
}

function gapParts(gaps) {
  const intro = nothing('Questions that the articles don\'t answer well, those that are alike together, most asked first.');
  return [intro, gaps.length ? make('ol', { className: 'cards' }, ...gaps.map(gapElement)) : make('p', { className: 'empty', textContent: 'No gaps.' })];
}

function gapElement({ question, count, kind, last_asked: asked, nearest }) {
  const href = webAddress(nearest?.url);
  const score = nearest && ` (score ${nearest.score.toFixed(2)})`;
  const words = kind === 'rated_down' ? 'Cited: ' : 'Nearest article: ';
  return make('li', {}, make('strong', { textContent: question, dir: 'auto' }),
    make('p', { className: 'card-head' }, make('span', { className: 'tag high', textContent: plural(count, 'time', 'times') }), make('span', { className: 'tag', textContent: KINDS[kind] ?? kind }), 'last asked ', timeElement(asked)),
    make('p', { className: 'note' }, ...(nearest ? [words, Object.assign(href ? outsideLink(href) : make('span'), { textContent: nearest.title, dir: 'auto' }), score] : ['No article comes near.'])));
}

function costParts({ cost_usd: cost, tokens, daily, days, daily_budget_usd: budget }, { date, cost_usd: yesterday }) {
  const span = days === 1 ? 'Today' : `${days} days`;
  const shares = (what, amounts, names) => numbersTable(`${span} by ${what}`, [`By ${what}`, 'US dollars'],
    Object.entries(amounts).sort(([, one], [, other]) => other - one).map(([name, amount]) => [names[name] ?? name, dollars(amount)]));
  return [
    numbersTable('Cost', ['US dollars', `Yesterday, ${dayName(date)}`, span], [
      ['In all', dollars(yesterday.total), dollars(cost.total)],
      ['A conversation', dollars(yesterday.per_conversation), dollars(cost.per_conversation)],
      ['A resolved one', dollars(yesterday.per_resolved), dollars(cost.per_resolved)],
      ...(budget ? [[`Of the budget of ${dollars(budget)} a day`, percent(yesterday.total, budget), percent(cost.total, budget * days)]] : []),
    ]),
    chart('Cost a day', daily, [{ name: 'US dollars', color: 'handed', of: (day) => day.cost_usd.total }], dollars),
    shares('feature', cost.by_feature, FEATURES),
    shares('model', cost.by_model, {}),
    nothing(`The models read ${whole(tokens.input)} tokens and wrote ${whole(tokens.output)}. At list prices, without what the stage costs when nobody asks.`),
  ];
}

/* Export */

function dailyRows(daily) {
  const keys = (of) => [...new Set(daily.flatMap((day) => Object.keys(of(day))))].sort();
  const groups = [['handed_over', (day) => day.conversations.handed_over], ['usd_feature', (day) => day.cost_usd.by_feature], ['usd_model', (day) => day.cost_usd.by_model]]
    .flatMap(([name, of]) => keys(of).map((key) => [`${name}: ${key}`, (day) => of(day)[key] ?? 0]));
  const columns = [
    ['date', (day) => day.date],
    ...['started', 'resolved', 'abandoned', 'refused', 'open'].map((name) => [name, (day) => day.conversations[name]]),
    ['rated_up', (day) => day.feedback.up], ['rated_down', (day) => day.feedback.down],
    ['usd_total', (day) => day.cost_usd.total], ['usd_per_conversation', (day) => day.cost_usd.per_conversation], ['usd_per_resolved', (day) => day.cost_usd.per_resolved],
    ['tokens_input', (day) => day.tokens.input], ['tokens_output', (day) => day.tokens.output], ['p50_ms', (day) => day.latency_ms.p50], ['p95_ms', (day) => day.latency_ms.p95],
    ...groups,
  ];
  return [columns.map(([name]) => name), ...daily.map((day) => columns.map(([, of]) => of(day)))];
}

const gapRows = (gaps) => [['question', 'count', 'kind', 'last_asked', 'nearest_title', 'nearest_url', 'nearest_score'],
  ...gaps.map(({ question, count, kind, last_asked: asked, nearest }) => [question, count, kind, asked, nearest?.title, nearest?.url, nearest?.score])];

byId('insights-days').addEventListener('change', readInsights);
byId('insights-export').addEventListener('click', () => {
  const { daily, gaps, days } = insights.answer;
  const isGaps = !byId('insights-gaps').hidden;
  download(`${isGaps ? 'gaps' : 'insights'}-${daily.at(-1).date}-${days}d.csv`, toCsv(isGaps ? gapRows(gaps) : dailyRows(daily)), 'text/csv');
});
