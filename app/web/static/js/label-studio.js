// Label Studio on the Export screen: the connection, pushes and pulls (which are jobs, so they go on without the page), conflicts.

import { Api } from './api.js';
import { h } from './dom.js';
import { faultList } from './faults.js';
import { Conflicts } from './conflicts.js';
import { Connection } from './label-studio/connection.js';
import { atWork, Poll } from './poll.js';
import { sentence } from './sentence.js';

const MASKS = { accepted: 'Accepted', pending: 'Not decided', unsure: 'Unsure', rejected: 'Rejected' };
const STATES = {
  queued: 'waits for its turn', running: 'at work', pausing: 'pausing', paused: 'paused', cancelling: 'stopping',
  done: 'done', failed: 'failed', cancelled: 'stopped', lost: 'interrupted',
};

class LabelStudio {
  #told = ''; // job and state whose outcome is shown

  constructor(element, { api }) {
    this.api = new Api(api);
    this.element = element;
    this.connection = new Connection(this.api, () => this.poll.now());
    this.conflicts = new Conflicts('ls-conflicts', 'Somebody decided otherwise here since the push.', (chosen) => this.#start('pull', { chosen }));
    this.masks = Object.entries(MASKS).map(([state, name]) => {
      const box = h('input', { type: 'checkbox', value: state });
      const count = h('small');
      return { state, box, count, element: h('label', {}, box, name, count) };
    });
    this.buttons = [
      ['dry-run', 'Dry run', 'Say what a push would do', () => this.#start('push', { states: this.#states(), dry_run: true })],
      ['push', 'Push', 'Bring images and masks into Label Studio', () => this.#start('push', { states: this.#states() })],
      ['pull', 'Pull', 'Bring back what people made of the masks there', () => this.#start('pull')],
    ].map(([act, word, title, run]) => h('button', { type: 'button', title, data: { act }, class: act === 'push' ? 'primary' : null, onclick: run }, word));
    this.trouble = h('p', { class: 'exchange-answer bad', role: 'alert' });
    this.job = h('div', { class: 'ls-job', 'aria-live': 'polite' });
    element.classList.add('exchange');
    element.replaceChildren(this.#layout());
    this.poll = new Poll(element, 'export', () => this.#look());
  }

  destroy() {
    this.poll.end();
  }

  async #look() {
    try {
      const now = await this.api.get('/label-studio');
      const busy = atWork(now.job);
      this.#show(now, busy);
      return busy;
    } catch (error) {
      this.trouble.textContent = sentence(error.message);
      return false;
    }
  }

  #layout() {
    return h('section', { class: 'exchange-card', 'aria-labelledby': 'ls-title' },
      h('h2', { id: 'ls-title' }, 'Label Studio'),
      h('p', {}, 'Masks go there as predictions; what people accept, change, draw or delete comes back as decisions. What is there already is not sent again, and no decision made here is overwritten unasked.'),
      h('div', { class: 'exchange-columns' },
        this.connection.element,
        h('div', { class: 'exchange-work' },
          h('fieldset', {}, h('legend', {}, 'Which masks go there'), ...this.masks.map(({ element }) => element)),
          h('div', { class: 'exchange-buttons' }, ...this.buttons),
          this.trouble, this.job)),
      this.conflicts.element);
  }

  #states() {
    return this.masks.filter(({ box }) => box.checked).map(({ state }) => state);
  }

  async #start(what, body = {}) {
    this.trouble.textContent = '';
    try {
      await this.api.post(`/label-studio/${what}`, body);
    } catch (error) {
      this.trouble.textContent = sentence(error.message);
      return;
    }
    await this.#changed();
  }

  async #act(id, act) {
    try {
      await this.api.post(`/jobs/${id}/${act}`, {});
    } catch (error) {
      this.trouble.textContent = sentence(error.message);
    }
    await this.#changed();
  }

  /** The header shows jobs, too. */
  #changed() {
    document.dispatchEvent(new CustomEvent('annotator:refresh'));
    return this.poll.now();
  }

  #show(now, busy) {
    const first = this.#told === '';
    this.connection.show(now);
    for (const { state, box, count } of this.masks) {
      if (first) box.checked = now.states.includes(state);
      count.textContent = now.masks[state].toLocaleString('en');
    }
    for (const button of this.buttons) button.disabled = busy || !now.has_token;
    this.#showJob(now);
    const told = `${now.job?.id ?? 'none'} ${now.job?.state ?? ''}`;
    if (told === this.#told) return; // choices that were made stay
    this.#told = told;
    this.conflicts.show(busy ? [] : (now.outcome?.conflicts ?? []), now.outcome?.conflicts_count ?? 0);
  }

  #showJob({ job, outcome }) {
    if (!job) return;
    const focused = this.job.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    const busy = atWork(job);
    const kind = job.kind === 'pull' ? 'Pull' : job.args.dry_run ? 'Dry run' : 'Push';
    const words = job.error || outcome?.words || job.message;
    const button = (act, word) => h('button', { type: 'button', data: { act }, onclick: () => this.#act(job.id, act) }, word);
    this.job.replaceChildren(...[
      h('p', { class: `ls-state is-${job.state}`, data: { job: job.kind, state: job.state } }, h('b', {}, `${kind} ${STATES[job.state] ?? job.state}`), busy ? ` ${counted(job)}` : ''),
      busy ? progress(job, kind) : null,
      words && !busy ? h('p', { class: `exchange-words${job.error ? ' bad' : ''}` }, sentence(words)) : null,
      outcome?.faults.length ? faultList(outcome) : null,
      h('div', { class: 'exchange-buttons' },
        ['queued', 'running', 'pausing', 'paused'].includes(job.state) ? button('cancel', 'Stop') : null,
        job.state === 'paused' ? button('resume', 'Go on') : null,
        ['failed', 'lost', 'cancelled'].includes(job.state) ? button('retry', 'Try again') : null,
        outcome?.project_url ? h('a', { href: outcome.project_url, target: '_blank', rel: 'noopener' }, 'Open the project in Label Studio') : null,
        h('a', { href: '#/jobs' }, 'Log')),
    ].filter(Boolean));
    if (focused) this.job.querySelector(`[data-act="${focused}"]`)?.focus();
  }
}

const counted = ({ done, total }) => (total ? `· ${done.toLocaleString('en')} of ${total.toLocaleString('en')} images` : '');

function progress({ done, total }, kind) {
  const share = total ? Math.round((100 * done) / total) : null;
  return h('div', { class: `ls-bar${total ? '' : ' unknown'}`, role: 'progressbar', 'aria-label': kind, 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': share }, h('i', { style: `width:${share ?? 100}%` }));
}

let current = null;

/** Build the section inside an element; a second call (Gradio mounts again) replaces the first. */
export function mountLabelStudio(element, options) {
  current?.destroy();
  current = new LabelStudio(element, options);
  return current;
}
