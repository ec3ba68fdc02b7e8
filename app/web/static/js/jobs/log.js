// The log of one job: its end, or the lines that hold a text. While the job runs, the end is followed.

import { h } from '../dom.js';

const TYPING = 250; // ms after the last key until the text is searched
const AT_END = 24; // px from the end within which new lines are followed

export class JobLog {
  #api;
  #id;
  #timer = 0;
  #asked = 0; // number of the newest question; older answers come too late

  /** @param {import('../api.js').Api} api @param {number} id of the job */
  constructor(api, id) {
    this.#api = api;
    this.#id = id;
    this.button = h('button', { type: 'button', 'aria-expanded': 'false', 'aria-controls': `job-${id}-log`, 'aria-label': `Log of job ${id}`, onclick: () => this.#toggle() }, 'Log');
    this.search = h('input', { type: 'search', placeholder: 'Search log and events', 'aria-label': `Search the log of job ${id}`, oninput: () => this.#typed() });
    this.found = h('span', { class: 'jobs-found', role: 'status' });
    this.lines = h('pre', { tabindex: 0, role: 'region', 'aria-label': `Lines of the log of job ${id}` });
    this.panel = h('div', { class: 'jobs-log', id: `job-${id}-log`, hidden: true }, h('div', { class: 'jobs-search' }, this.search, this.found), this.lines);
  }

  /** Look again if the log is open and may have grown. @param {string} state of the job */
  follow(state) {
    const changed = this.state !== state;
    this.state = state;
    if (!this.panel.hidden && (changed || state === 'running') && !this.search.value) this.#load();
  }

  #toggle() {
    this.panel.hidden = !this.panel.hidden;
    this.button.setAttribute('aria-expanded', String(!this.panel.hidden));
    if (!this.panel.hidden) this.#load(true);
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(true), TYPING);
  }

  async #load(toEnd = false) {
    const question = ++this.#asked;
    const text = this.search.value.trim();
    try {
      const seen = await this.#api.get(`/jobs/${this.#id}/log?text=${encodeURIComponent(text)}`);
      if (question === this.#asked) this.#show(seen, text, toEnd);
    } catch (error) {
      if (question === this.#asked) this.found.textContent = error.message;
    }
  }

  #show({ lines, more }, text, toEnd) {
    const follows = toEnd || this.lines.scrollHeight - this.lines.scrollTop - this.lines.clientHeight < AT_END;
    const place = (line) => (text ? `${line.source}:${line.number}: ` : '');
    this.lines.textContent = lines.map((line) => place(line) + line.text).join('\n') || (text ? '' : 'Nothing was written.');
    const count = `${lines.length} ${lines.length === 1 ? 'line' : 'lines'}`;
    if (text) this.found.textContent = lines.length ? `${count}${more ? ', the last ones' : ''}` : `No line holds “${text}”.`;
    else this.found.textContent = more ? `The last ${count}` : '';
    if (follows) this.lines.scrollTop = this.lines.scrollHeight;
  }
}
