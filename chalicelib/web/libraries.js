'use strict';
// The libraries that make markup of Markdown come when somebody writes or comes back: half of the page's weight,
// of no use to who only looks. Until they are there, and where they can't be had, answers are shown as plain text.

const LIBRARIES_WAIT_MS = 2_000;
const LIBRARIES_TIMEOUT_MS = 30_000;
const LONGEST_PAUSE_MS = 60_000;

const libraries = {
  loading: null,

  load() {
    libraries.loading ??= loadLibraries();
    return libraries.loading;
  },

  /** Wait for them, though not so long that an answer would have to. */
  soon() {
    return Promise.race([libraries.load(), delay(LIBRARIES_WAIT_MS)]);
  },
};

async function loadLibraries() {
  let pause = 1_000;
  let script;
  while (!(script = await fetchLibraries())) {
    await delay(pause);
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
  runScript(script);
  place.following(showProsesAgain);
}

/** Fetch their script; null when it could not be had. */
async function fetchLibraries() {
  try {
    const response = await fetch(new URL(LIBRARIES, API_BASE), { signal: AbortSignal.timeout?.(LIBRARIES_TIMEOUT_MS) });
    return response.ok ? await response.text() : null;
  } catch (error) {
    if (error instanceof TypeError || ['TimeoutError', 'AbortError'].includes(error.name)) return null;
    throw error;
  }
}

/** Run a script, which the page's policy allows for one text alone: that of the version which the page was made with. */
function runScript(text) {
  const policy = window.trustedTypes?.createPolicy('libraries', { createScript: (script) => script });
  const element = document.createElement('script');
  element.textContent = policy ? policy.createScript(text) : text;
  document.head.append(element);
}
