'use strict';
// A draft: what the assistant would reply. It goes into the box for the agent to change, and nowhere else.

// The customer's page knows nothing of a draft's sources, so the marks that refer to them stay here.
const withoutMarks = (text) => text.replace(/[ \t]*\[\d{1,3}\](?!\()/g, '');

async function askForDraft() {
  const { id } = shown;
  const work = workOn(id);
  if (!shown.ticket || work.isDrafting) return;
  const instruction = work.instruction.trim();
  Object.assign(work, { isDrafting: true, draft: null });
  showWorkOf(id);
  await attempt(async () => {
    const draft = await postDraft(id, instruction ? { instruction } : {});
    work.draft = { ...draft, isInserted: !work.text.trim() };
    if (work.draft.isInserted) work.text = withoutMarks(draft.draft);
    saveWork();
  }, (failure) => {
    work.draft = { failure };
  });
  work.isDrafting = false;
  showWorkOf(id);
  if (id === shown.id && work.draft?.isInserted) box.focus();
}

function showDraft(work) {
  byId('ask-draft').disabled = work.isDrafting;
  setText(byId('ask-draft'), work.isDrafting ? 'Drafting…' : 'Draft');
  if (byId('draft').draft === work.draft && byId('draft').isInserted === work.draft?.isInserted) return;
  Object.assign(byId('draft'), { draft: work.draft, isInserted: work.draft?.isInserted, hidden: !work.draft });
  byId('draft').replaceChildren(...(work.draft ? draftParts(work) : []));
}

function draftParts(work) {
  const { draft } = work;
  if (draft.failure) return [draftHead(work, `No draft. ${draft.failure.message}`, 'problem')];
  if (!draft.draft) return [draftHead(work, 'Policy stopped this draft. Write the reply yourself.')];
  const body = make('div', { className: 'draft-text prose', dir: 'auto' });
  const sources = make('div', {}, make('section', { className: 'sources' }, make('h3', { textContent: 'Sources' }), make('ol')));
  const citations = readCitations(draft.citations);
  const elements = renderSources(sources, citations);
  if (!draft.isInserted) {
    renderProse(body, draft.draft);
    linkMarks(body, citations, elements);
  }
  const put = action('Put it after what you wrote', () => {
    draft.isInserted = true;
    work.text = `${work.text.trimEnd()}\n\n${withoutMarks(draft.draft)}`;
    saveWork();
  });
  return [
    draftHead(work, draft.isInserted ? 'The draft is in the box: check and change it before you send it.' : 'A draft, which is not sent by itself:'),
    ...(draft.isInserted ? [] : [body]),
    ...missingParts(draft),
    sources,
    ...(draft.isInserted ? [] : [put]),
  ];
}

function draftHead(work, textContent, className = 'note') {
  const hide = action('Hide', () => { work.draft = null; });
  return make('div', { className: 'draft-head' }, make('p', { className, textContent, role: 'status' }), hide);
}

/** What the agent has to find out, and what the draft could not take into account. */
function missingParts({ missing, degraded }) {
  const unread = degraded.map((name) => OUT_OF_REACH[name] ?? name).join(', ');
  const items = [...missing, ...(unread ? [`Not looked at, as it is out of reach: ${unread}`] : [])];
  if (!items.length) return [];
  return [make('div', { className: 'missing' }, make('h3', { textContent: 'Before you send it' }), make('ul', {}, ...items.map((textContent) => make('li', { textContent, dir: 'auto' }))))];
}

function action(textContent, onclick) {
  return make('button', { type: 'button', className: 'button small', textContent, onclick: () => {
    onclick();
    showWork();
    box.focus();
  } });
}

byId('ask-draft').addEventListener('click', askForDraft);
byId('instruction').addEventListener('input', () => { workOn(shown.id).instruction = byId('instruction').value; });
byId('instruction').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.isComposing) return;
  event.preventDefault();
  askForDraft();
});
