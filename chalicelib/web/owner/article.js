'use strict';
// An article from a solved ticket: drafted, checked by who asked for it, and taken along as two files.

const article = { drafting: 0 };

/** Whether the ticket holds what solved it. */
const isSolved = (ticket) => ticket?.status === 'closed' && Boolean(ticket.last_reply_at) && !isErased(ticket);

async function draftArticle() {
  const { id } = shown;
  const drafting = ++article.drafting;
  showArticle('Drafting an article from what solved this ticket…');
  byId('article-again').onclick = draftArticle;
  if (!byId('article').open) byId('article').showModal();
  await attempt(async () => {
    const drafted = await postArticle(id);
    if (drafting === article.drafting) showArticle('', drafted);
  }, (failure) => {
    if (drafting !== article.drafting) return;
    if (REFUSED.includes(failure.status)) byId('article').close();
    showArticle(`No article. ${failure.message}`);
    byId('article-again').hidden = !failure.retryable;
  });
}

function showArticle(state, drafted = null) {
  setText(byId('article-state'), state);
  byId('article-again').hidden = true;
  byId('article-files').hidden = !drafted;
  if (!drafted) return;
  byId('article-markdown').value = drafted.markdown;
  byId('article-sidecar').value = `${JSON.stringify(drafted.sidecar, null, 2)}\n`;
  const name = `${slugOf(drafted.title)}.md`;
  setText(byId('article-markdown-name'), name);
  setText(byId('article-sidecar-name'), `${name}.metadata.json`);
  setText(byId('article-command'), `python3 dev.py kb add ${name} ${name}.metadata.json`);
}

/** A file's name from a title in any script. */
function slugOf(title) {
  const words = title.normalize('NFKC').toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.join('-').slice(0, 60).replace(/-$/, '') || 'article';
}

async function copyText(box) {
  box.select();
  try {
    await navigator.clipboard.writeText(box.value);
    setText(byId('article-state'), 'Copied.');
  } catch (error) {
    // Without https, or without leave, there is no clipboard: what is selected can be copied by hand.
    if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
    setText(byId('article-state'), 'Selected: copy it with Ctrl C.');
  }
}

byId('ask-article').addEventListener('click', draftArticle);
byId('article').addEventListener('close', () => { article.drafting += 1; });
byId('article-files').addEventListener('click', ({ target: { dataset: { copy, save } } }) => {
  if (copy) copyText(byId(copy));
  if (save) download(byId(`${save}-name`).textContent, byId(save).value, 'text/plain');
});
