'use strict';
// How the knowledge base stands to the documents, job by job and file by file.

const SYNC_POLL_MS = 5_000;
const RUNNING = ['STARTING', 'IN_PROGRESS', 'STOPPING'];
const JOB_WORDS = { COMPLETE: 'done', FAILED: 'failed', STOPPED: 'stopped', STARTING: 'starting', IN_PROGRESS: 'running', STOPPING: 'stopping' };
const jobs = { timer: 0 };

/** Read how the sync stands; while it is looked at and something is under way, again and again. */
async function readSyncState() {
  clearTimeout(jobs.timer);
  await attempt(async () => showSync(await getSync()), (failure) => setText(byId('sync-state'), failure.message));
}

function showSync(sync) {
  const [newest] = sync.jobs;
  const isBusy = sync.pending || RUNNING.includes(newest?.status);
  const failed = newest && !RUNNING.includes(newest.status) ? Math.max(newest.failures.length, newest.status === 'FAILED' ? 1 : 0) : 0;
  showCount(byId('articles-count'), failed);
  setText(byId('sync-state'), [stateOf(sync, newest), sync.last_error && `Last error: ${sync.last_error}.`].filter(Boolean).join(' '));
  const unfolded = new Set([...byId('jobs').querySelectorAll('details[open]')].map(({ dataset: { job } }) => job));
  byId('jobs').replaceChildren(...sync.jobs.map((job, place) => jobElement(job, place === 0 || unfolded.has(job.job_id))));
  if (isBusy && !byId('articles').hidden) jobs.timer = setTimeout(readSyncState, SYNC_POLL_MS);
}

function stateOf(sync, newest) {
  if (RUNNING.includes(newest?.status)) return 'A sync is running.';
  if (sync.paused_until) return 'The vector store is being changed: no sync starts until that is done.';
  if (sync.pending) return 'Changes wait for the next sync, which starts by itself.';
  if (!newest) return 'No sync has run yet.';
  if (newest.status === 'FAILED') return 'The last sync failed, so some answers may be out of date.';
  return newest.failures.length ? 'In step with the documents, but for the files below.' : 'In step with the documents.';
}

function jobElement({ job_id: id, status, started_at: began, statistics, failures }, isOpen) {
  const { new: added, modified, deleted, failed, scanned } = statistics;
  const head = make('p', { className: 'card-head' },
    make('span', { className: `tag ${status === 'FAILED' ? 'urgent' : 'state'}`, textContent: JOB_WORDS[status] ?? status }), timeElement(began));
  const counts = nothing(`${scanned} looked at: ${added} new, ${modified} changed, ${deleted} removed, ${failed} failed`);
  if (!failures.length) return make('li', {}, head, counts);
  const details = make('details', { open: isOpen }, make('summary', { textContent: `${failures.length} not taken in` }),
    make('ul', {}, ...failures.map(({ file, reason }) => make('li', {}, make('strong', { textContent: file || 'The whole sync' }), make('p', { textContent: reason })))));
  details.dataset.job = id;
  return make('li', {}, head, counts, details);
}

byId('sync').addEventListener('click', async () => {
  byId('sync').disabled = true;
  await attempt(async () => {
    const { status, message } = await postSync();
    toast(status === 'started' ? 'A sync has started.' : message ?? 'Another sync is running; this one follows.');
    await readSyncState();
  });
  byId('sync').disabled = false;
});
