// The Jobs screen: long work that runs, waits and ran, each with its progress, its buttons and its log.

import { Api } from './api.js';
import { h, shown } from './dom.js';
import { JobRow } from './jobs/row.js';

class Jobs {
  #ending = new AbortController();
  #rows = new Map(); // job id -> JobRow
  #loading = null;

  constructor(element, { api }) {
    this.api = new Api(api);
    this.element = element;
    const { signal } = this.#ending;
    this.note = h('p', { class: 'jobs-note', role: 'status' });
    this.list = h('ul', { class: 'jobs-list', 'aria-label': 'Jobs, newest first' });
    this.empty = h('p', { class: 'jobs-empty', hidden: true }, 'No jobs yet. ', h('a', { href: '#/propose' }, 'Propose masks'), ' to start one.');
    element.classList.add('jobs');
    element.replaceChildren(h('div', { class: 'jobs-page' }, h('h2', {}, 'Jobs'), this.note, this.empty, this.list));
    // The frame looks at the workspace often while something runs; the tab itself may just have been shown.
    for (const name of ['overview', 'tab']) document.addEventListener(`annotator:${name}`, () => this.load(), { signal });
    this.load();
  }

  destroy() {
    this.#ending.abort();
  }

  /** Ask for the jobs, one question at a time. */
  load() {
    if (!shown(this.element)) return this.#loading;
    this.#loading ??= this.#ask().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #ask() {
    try {
      this.#show(await this.api.get('/jobs'));
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #show(jobs) {
    this.empty.hidden = jobs.length > 0;
    const known = new Set(jobs.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (known.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    jobs.forEach((job, place) => {
      let row = this.#rows.get(job.id);
      if (!row) {
        row = new JobRow(this.api, job.id, (act) => this.#act(job.id, act));
        this.#rows.set(job.id, row);
      }
      // Moved only where it is not: a moved element loses the focus.
      if (this.list.children[place] !== row.element) this.list.insertBefore(row.element, this.list.children[place] ?? null);
      row.show(job);
    });
  }

  async #act(id, act) {
    try {
      const job = await this.api.post(`/jobs/${id}/${act}`, {});
      this.#rows.get(id)?.show(job);
      this.#say(`Job ${id} is ${this.#rows.get(id)?.state ?? job.state}.`);
    } catch (error) {
      this.#say(error.message, true);
    }
    document.dispatchEvent(new CustomEvent('annotator:refresh'));
    await this.load();
  }

  #say(text, bad = false) {
    this.note.textContent = text;
    this.note.classList.toggle('bad', bad);
  }
}

let current = null;

/** Build the screen inside an element; a second call (Gradio mounts again) replaces the first. */
export function mountJobs(element, options) {
  current?.destroy();
  current = new Jobs(element, options);
  return current;
}
