// The Train screen: what there is to learn from, one button, the curve while it runs, and the models that came of it.

import { Api } from './api.js';
import { h } from './dom.js';
import { download } from './download.js';
import { duration } from './duration.js';
import { atWork, Poll } from './poll.js';
import { Compare } from './train/compare.js';
import { coverageCurve, lossCurve } from './train/curve.js';
import { kinds } from './train/kinds.js';
import { modelTable } from './train/models.js';
import { Shown } from './train/shown.js';
import { usageWords } from './usage.js';

const PLAN_EVERY = 60000; // ms: the plan of effort looks at all masks
const STATES = {
  queued: 'Waiting for its turn', running: 'Training', pausing: 'Pausing', paused: 'Paused', cancelling: 'Stopping',
  done: 'Done', failed: 'Failed', cancelled: 'Stopped', lost: 'Lost',
};

class Train {
  #planned = -Infinity; // when the plan of effort was asked for
  #parts = null;
  #open = new Set(); // parts that the person has unfolded: painting anew must not fold them

  constructor(element, { api }) {
    this.api = new Api(api);
    this.element = element;
    this.note = h('p', { class: 'train-note', role: 'status' });
    this.shown = new Shown(this.api);
    this.compare = new Compare(this.api, (path, body) => this.#act(path, body));
    element.classList.add('train');
    this.poll = new Poll(element, 'train', (came) => this.#look(came));
  }

  destroy() {
    this.poll.end();
  }

  async #look(came) {
    if (came) this.#planned = -Infinity;
    try {
      this.now = await this.api.get('/training');
      await this.#plan();
      this.#paint();
      await this.shown.show(this.now);
    } catch (error) {
      this.#tell(error.message);
    }
    return [this.now?.job, this.now?.comparison, this.now?.probe].some(atWork);
  }

  async #plan() {
    if (performance.now() - this.#planned < PLAN_EVERY) return;
    this.#planned = performance.now();
    this.effort = await this.api.get('/quality/effort');
  }

  /** Do something, then look at what it changed; what goes wrong is told in place. */
  async #act(path, body = {}) {
    try {
      await this.api.post(path, body);
      document.dispatchEvent(new CustomEvent('annotator:refresh'));
      await this.poll.now();
    } catch (error) {
      this.#tell(error.message);
    }
  }

  #tell(sentence) {
    const place = this.element.querySelector('.train-trouble') ?? this.element.appendChild(h('p', { class: 'train-trouble', role: 'alert' }));
    place.textContent = sentence;
  }

  #paint() {
    const focused = document.activeElement?.closest?.('[data-key]')?.dataset.key;
    this.element.querySelector('.train-trouble')?.remove();
    this.compare.show(this.now);
    const parts = [this.#data(), this.#improve(), this.#models()];
    if (this.#parts) this.#parts.forEach((part, place) => part.replaceWith(parts[place]));
    else this.element.replaceChildren(h('div', { class: 'train-cards' }, parts[0], parts[1], this.shown.element, parts[2], this.compare.element)); // its open lists stay open
    this.#parts = parts;
    if (focused) this.element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  #data() {
    const { states, learnt_images, learnt_masks, held_images, held_masks, undecided_images, changed_images } = this.now;
    const figure = (value, text) => h('div', { class: 'train-figure' }, h('b', {}, value.toLocaleString('en')), h('span', {}, text));
    return h('section', { class: 'train-card is-data' },
      h('h2', {}, 'What there is to learn from'),
      h('div', { class: 'train-figures' },
        figure(states.accepted, 'accepted'), figure(states.rejected, 'rejected'), figure(states.unsure, 'unsure'), figure(states.pending, 'undecided')),
      h('p', {}, `Training sees ${plural(learnt_masks, 'accepted mask')} on ${plural(learnt_images, 'image')}; ${plural(held_images, 'reviewed image')} with ${plural(held_masks, 'mask')} ${held_images === 1 ? 'is' : 'are'} kept to compare models on. `
        + `${plural(undecided_images, 'image')} without any decision.`),
      h('p', { class: 'train-effort' }, this.effort.sentence),
      this.effort.points.length ? coverageCurve(this.effort.points) : null,
      changed_images ? h('p', {}, h('a', { href: '#/queue/changed' }, `${changed_images} images with new or changed masks since the last model`)) : null);
  }

  #improve() {
    const { plan, job, probe, steps } = this.now;
    const busy = atWork(job);
    const card = h('section', { class: 'train-card is-improve' }, h('h2', {}, 'Improve the proposals'));
    if (!busy && job?.state !== 'paused') {
      card.append(
        h('p', {}, plan.sentence),
        h('button', {
          type: 'button', class: 'primary', disabled: !plan.is_ready, data: { key: 'improve' }, onclick: () => this.#act('/training', { steps }),
        }, 'Improve'),
        h('button', {
          type: 'button', class: 'train-second', disabled: !plan.is_ready || atWork(probe), data: { key: 'probe' },
          onclick: () => this.#act('/training/probe', { steps }),
        }, 'Estimate time and memory'),
        probeWords(probe),
        kinds(plan, this.#open, (method) => this.#act('/training', { steps, method })));
    }
    if (job) card.append(...this.#job(job, busy));
    return card;
  }

  #job(job, busy) {
    const share = job.total ? Math.round((100 * job.done) / job.total) : 0;
    const left = busy && job.seconds_left ? `, ${duration(job.seconds_left)} left` : '';
    const words = busy ? `${job.message || 'starting'}: ${job.done} of ${job.total}${left}` : job.error || job.message;
    const button = (action, text) => h('button', { type: 'button', data: { key: action }, onclick: () => this.#act(`/jobs/${job.id}/${action}`) }, text);
    return [
      h('p', { class: `train-state is-${job.state}`, role: 'status', data: { state: job.state } }, h('b', {}, STATES[job.state] ?? job.state), words ? ` · ${words}` : ''),
      busy ? h('div', { class: 'train-bar', role: 'progressbar', 'aria-label': 'Training', 'aria-valuenow': share, 'aria-valuemin': 0, 'aria-valuemax': 100 }, h('i', { style: `width:${share}%` })) : null,
      job.usage ? h('p', { class: 'train-usage' }, usageWords(job.usage)) : null,
      this.now.curve.length > 1 ? lossCurve(this.now.curve) : null,
      h('div', { class: 'train-buttons' },
        ['queued', 'running'].includes(job.state) ? button('pause', 'Pause') : null,
        job.state === 'paused' ? button('resume', 'Go on') : null,
        ['queued', 'running', 'pausing', 'paused'].includes(job.state) ? button('cancel', 'Stop') : null,
        ['failed', 'lost', 'cancelled'].includes(job.state) ? button('retry', 'Try again') : null,
        h('a', { href: '#/jobs' }, 'Log')),
    ].filter(Boolean);
  }

  #models() {
    return h('section', { class: 'train-card is-models' },
      h('h2', {}, 'Models'),
      modelTable(this.now, {
        use: (name) => this.#act('/models/use', { name }),
        remove: (id) => this.#act(`/models/${id}/delete`),
        weights: (id) => `${this.api.base}/models/${id}/weights`,
        onnx: (id) => download(`${this.api.base}/models/${id}/onnx`, this.note),
      }),
      this.note);
  }
}

/** What a few steps told of the whole training, or how far they are. */
function probeWords(probe) {
  if (!probe || ['cancelled', 'paused'].includes(probe.state)) return '';
  const busy = atWork(probe);
  return h('p', { class: 'train-cost', role: 'status' }, probe.error || (busy ? `Estimating: ${probe.message || 'waiting for its turn'}` : probe.message));
}

const plural = (count, word) => `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;

let current = null;

/** Build the screen inside an element; a second call (Gradio mounts again) replaces the first. */
export function mountTrain(element, options) {
  current?.destroy();
  current = new Train(element, options);
  return current;
}
