// One job of the Jobs screen. Its elements are made once and kept, so that focus and an open log survive each look.

import { h } from '../dom.js';
import { duration } from '../duration.js';
import { usageWords } from '../usage.js';
import { JobLog } from './log.js';

const STATES = {
  queued: 'waiting', running: 'running', pausing: 'pausing', paused: 'paused', cancelling: 'stopping',
  done: 'finished', failed: 'failed', cancelled: 'stopped', lost: 'interrupted',
};
const ACTS = [
  ['pause', 'Pause', 'Pause: gives cores and memory back, goes on later where it was', ({ state, can_pause: can }) => can && ['queued', 'running'].includes(state)],
  ['resume', 'Resume', 'Go on where it was', ({ state }) => ['paused', 'pausing'].includes(state)],
  ['retry', 'Retry', 'Go on where it was', ({ state }) => ['failed', 'cancelled', 'lost'].includes(state)],
  ['cancel', 'Stop', 'Stop for good; what is finished stays', ({ state }) => ['queued', 'running', 'pausing', 'paused'].includes(state)],
];

export class JobRow {
  #job = null;

  /** @param {import('../api.js').Api} api @param {number} id @param {(act: string) => void} act */
  constructor(api, id, act) {
    this.title = h('h3', { id: `job-${id}-title` });
    this.tag = h('span', { class: 'tag' });
    this.fill = h('i');
    this.bar = h('div', { class: 'bar', role: 'progressbar', 'aria-labelledby': `job-${id}-title`, 'aria-valuemin': 0, 'aria-valuemax': 100 }, this.fill);
    this.facts = h('p', { class: 'jobs-facts' });
    this.message = h('p', { class: 'jobs-message' });
    this.buttons = ACTS.map(([name, word, help]) =>
      h('button', { type: 'button', title: help, 'aria-label': `${word} job ${id}`, data: { act: name }, onclick: () => act(name) }, word));
    this.log = new JobLog(api, id);
    this.element = h(
      'li', { data: { job: id } },
      h('div', { class: 'jobs-head' }, this.title, this.tag, h('span', { class: 'grow' }), ...this.buttons, this.log.button),
      this.bar, this.facts, this.message, this.log.panel,
    );
  }

  /** Its state in words. */
  get state() {
    return STATES[this.#job?.state] ?? '';
  }

  show(job) {
    this.#job = job;
    this.element.dataset.state = job.state;
    this.title.textContent = `${job.title} · job ${job.id}`;
    this.tag.textContent = this.state;
    this.tag.className = `tag ${job.state}`;
    this.#progress(job);
    this.facts.textContent = factsOf(job).join(' · ');
    const text = job.error || job.message;
    this.message.textContent = text;
    this.message.hidden = !text;
    this.message.classList.toggle('bad', job.error !== '');
    this.#offer(job);
    this.log.follow(job.state);
  }

  #progress({ state, done, total }) {
    const active = ['running', 'pausing', 'cancelling'].includes(state);
    this.bar.hidden = !active && !(total > 0 && state !== 'done');
    this.bar.classList.toggle('unknown', active && !total);
    if (!total) {
      this.bar.removeAttribute('aria-valuenow');
      this.fill.style.width = '';
      return;
    }
    const share = Math.min(100, (100 * done) / total);
    this.bar.setAttribute('aria-valuenow', String(Math.round(share)));
    this.fill.style.width = `${share}%`;
  }

  /** Show the buttons that make sense now; the focus of one that goes moves to the next that stays. */
  #offer(job) {
    const focused = this.buttons.indexOf(document.activeElement);
    ACTS.forEach(([, , , fits], place) => {
      this.buttons[place].hidden = !fits(job);
    });
    if (focused >= 0 && this.buttons[focused].hidden) (this.buttons.find((button) => !button.hidden) ?? this.log.button).focus();
  }
}

function factsOf({ state, done, total, rate, seconds_left: left, unit, args, started, created, priority, runner, usage }) {
  const plural = (count) => `${count.toLocaleString('en')} ${unit}${count === 1 ? '' : 's'}`;
  return [
    typeof args.proposer === 'string' ? args.proposer : '',
    total ? `${done.toLocaleString('en')} of ${plural(total)}` : '',
    rate && state === 'running' ? speed(rate, unit) : '',
    left && state === 'running' ? `${duration(left)} left` : '',
    usageWords(usage),
    started ? `began ${clock(started)}` : `queued ${clock(created)}`,
    priority ? `priority ${priority}` : '',
    runner ? `on ${runner}` : '',
  ].filter(Boolean);
}

const speed = (rate, unit) => (rate >= 1 ? `${rate.toFixed(1)} ${unit}s/s` : `${(1 / rate).toFixed(1)} s ${unit === 'image' ? 'an' : 'a'} ${unit}`);

function clock(stamp) {
  const at = new Date(stamp);
  const today = at.toDateString() === new Date().toDateString();
  const day = today ? '' : `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, `;
  return day + at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}
