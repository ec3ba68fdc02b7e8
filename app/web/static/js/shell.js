// The frame around the screens: addresses (#/review/7), the header, and whether the workspace is empty.
//
// Events on `document`, so that the screens need not know the frame:
//   annotator:overview  {detail: answer of /api/overview}  after each look
//   annotator:tab       {detail: "review"}                 another screen is shown
//   annotator:refresh                                      something was started: look now
//   annotator:save      {detail: {state, at}}              from Review, shown as "Saved 12:03:44"
//   annotator:keys                                         open the sheet of keys
//   annotator:changes, annotator:others                    what others do; see feed.js

import { Api, ApiError } from './api.js';
import { duration } from './duration.js';
import { Feed } from './feed.js';
import { followLooks } from './looks.js';
import { paintOthers } from './others.js';

const TABS = ['import', 'propose', 'queue', 'review', 'grid', 'train', 'quality', 'export', 'jobs', 'settings'];
const POLL_BUSY = 1000; // ms between looks while something runs
const POLL_IDLE = 15000;
const AFTER_CHANGE = 700; // ms that a look waits for more changes: a fast hand makes several a second

const api = new Api();
const root = document.documentElement;
const state = { overview: null, timer: 0, looking: null, again: false, waiting: false, sheet: null, changed: 0 };

/** The address as [tab, rest]; an unknown one is none. */
function address() {
  const [tab, ...rest] = location.hash.replace(/^#\/?/, '').split('/');
  return TABS.includes(tab) ? [tab, rest.join('/')] : [null, ''];
}

function tell(name, detail) {
  document.dispatchEvent(new CustomEvent(`annotator:${name}`, { detail }));
}

// Screens

const tabButton = (tab) => document.querySelector(`#tabs [role="tab"][data-tab-id="${tab}"]`);

function showTab() {
  const [tab] = address();
  if (tab === null) return;
  const button = tabButton(tab);
  if (button && button.getAttribute('aria-selected') !== 'true') button.click();
  button?.scrollIntoView({ inline: 'center', block: 'nearest' }); // the row of tabs scrolls where it has no room
  if (root.dataset.tab !== tab) {
    root.dataset.tab = tab;
    tell('tab', tab);
  }
}

/** Where to begin when the address does not say. */
function startingTab({ images, job, import: run }) {
  if (images.todo + images.doing > 0) return 'review';
  if (job) return 'propose';
  if (run || root.dataset.workspace === 'empty') return 'import'; // the report of the first import
  if (images.new > 0) return 'propose';
  return images.done > 0 ? 'queue' : 'import';
}

function route(overview) {
  if (address()[0] === null || root.dataset.workspace === 'empty') {
    history.replaceState(null, '', `#/${startingTab(overview)}`);
    // Whoever gave no address and waits for the first masks wants to see them.
    state.waiting = overview.job !== null && overview.images.todo === 0;
  } else if (state.waiting && overview.images.todo > 0) {
    state.waiting = false;
    location.hash = '#/review';
  }
  showTab();
}

// Header

const time = (at) => new Date(at).toLocaleTimeString('en-GB'); // 24 hours: the same width at any time

function activity({ job, import: run }) {
  if (run) return { text: run.total ? `Importing ${run.done} / ${run.total}` : 'Importing…', done: run.done, total: run.total };
  if (!job) return null;
  const words = { queued: 'Waiting', pausing: 'Pausing', cancelling: 'Stopping' }[job.state] ?? job.title;
  const count = job.total ? ` ${job.done} / ${job.total}` : '…';
  const left = job.seconds_left && job.state === 'running' ? ` · ${duration(job.seconds_left)} left` : '';
  return { text: words + count + left, done: job.done, total: job.total, job };
}

function paintPill(overview) {
  const pill = document.querySelector('[data-pill]');
  if (!pill) return;
  const now = activity(overview);
  pill.hidden = now === null;
  if (now === null) return;
  const share = now.total ? Math.min(100, (100 * now.done) / now.total) : 0;
  const text = pill.querySelector('[data-pill-text]');
  text.textContent = now.text;
  text.setAttribute('href', now.job ? '#/jobs' : '#/import');
  pill.querySelector('.bar').setAttribute('aria-valuenow', String(Math.round(share)));
  pill.querySelector('.bar i').style.width = `${share}%`;
  const cancel = pill.querySelector('[data-pill-cancel]');
  cancel.hidden = !now.job || now.job.state === 'cancelling';
  cancel.dataset.cancels = now.job?.id ?? '';
}

function paintSaved({ state: saving, at }) {
  const place = document.querySelector('[data-saved]');
  if (!place) return;
  const texts = { saving: 'Saving…', saved: `Saved ${time(at ?? Date.now())}`, error: 'Not saved' };
  place.textContent = texts[saving] ?? '';
  place.classList.toggle('bad', saving === 'error');
}

async function cancelJob(id) {
  await api.post(`/jobs/${id}/cancel`, {});
  await look();
}

/** The sheet of keys: Review's where that was opened, else one of our own. */
async function showKeys() {
  if (document.querySelector('.review-root')?.hasChildNodes()) {
    tell('keys');
    return;
  }
  if (!state.sheet) {
    const { KeySheet } = await import('./review/keysheet.js');
    state.sheet = new KeySheet();
    document.body.append(state.sheet.dialog);
  }
  state.sheet.toggle();
}

// The workspace

/** Ask how the workspace is, and again later: soon while something runs. One question at a time. */
function look() {
  clearTimeout(state.timer);
  state.again = state.looking !== null; // the answer on its way may be from before what made us look
  state.looking ??= ask().finally(() => {
    state.looking = null;
    const busy = state.overview?.job || state.overview?.import || root.hasAttribute('data-offline');
    state.timer = setTimeout(look, state.again ? 0 : busy ? POLL_BUSY : POLL_IDLE);
  });
  return state.looking;
}

async function ask() {
  let overview;
  try {
    overview = await api.get('/overview');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // 401: Gradio shows its login. 0: no answer; the app has stopped, or the machine sleeps.
    root.toggleAttribute('data-offline', error.status === 0);
    return;
  }
  root.toggleAttribute('data-offline', false);
  apply(overview);
}

function apply(overview) {
  state.overview = overview;
  const project = document.querySelector('[data-project]');
  if (project) project.textContent = overview.project;
  paintPill(overview);
  // The first import keeps the first-run page, which shows how it goes, until it has ended.
  if (overview.images.total > 0 && !(overview.import && root.dataset.workspace === 'empty')) {
    route(overview);
    root.dataset.workspace = 'open';
  } else {
    root.dataset.workspace = 'empty';
  }
  tell('overview', overview);
}

// Start

document.addEventListener('annotator:refresh', () => look());
document.addEventListener('annotator:changes', () => {
  state.changed ||= setTimeout(() => {
    state.changed = 0;
    look();
  }, AFTER_CHANGE);
});
document.addEventListener('annotator:others', () => {
  const place = document.querySelector('[data-others]');
  if (place) paintOthers(place);
});
document.addEventListener('annotator:save', (event) => paintSaved(event.detail));
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && look());
window.addEventListener('hashchange', () => {
  state.waiting = false;
  showTab();
});
document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const button = target?.closest('#tabs [role="tab"][data-tab-id]');
  const tab = button?.dataset.tabId;
  if (tab && address()[0] !== tab) location.hash = `#/${tab}`;
  if (event.isTrusted) button?.blur(); // else Tab, Enter, Space and arrows would stay with it instead of working the screen
  if (target?.closest('[data-keys]')) showKeys();
  const job = target?.closest('[data-pill-cancel]')?.dataset.cancels;
  if (job) cancelJob(job);
});

/** Gradio builds the page after this script runs: wait for header and tabs, then fill and route. */
function whenBuilt(begin) {
  const built = () => document.querySelector('[data-pill]') && tabButton('export');
  if (built()) {
    begin();
    return;
  }
  const observer = new MutationObserver(() => {
    if (!built()) return;
    observer.disconnect();
    begin();
  });
  observer.observe(root, { childList: true, subtree: true });
}

followLooks();
const first = look(); // on its way while Gradio builds the page
whenBuilt(async () => {
  await first;
  if (state.overview) apply(state.overview);
  else look();
  new Feed(api).start();
});
