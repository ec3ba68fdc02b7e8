// Two proposers on the same images: what the second finds, loses and outlines otherwise, in numbers and in pictures.

import { h } from '../dom.js';
import { painted } from '../painted.js';
import { atWork } from '../poll.js';

const FATES = { new: 130, changed: 45, lost: 0 }; // hues; what is the same is not painted

export class Compare {
  #shown = 0; // job whose result is shown
  #chosen = false; // whether the person has chosen the proposers

  /** @param {import('../api.js').Api} api @param {(path: string, body: object) => Promise<void>} act */
  constructor(api, act) {
    this.api = api;
    const pick = (name, label) => h('label', {}, label, h('select', { data: { key: `compare-${name}` }, onchange: () => (this.#chosen = true) }));
    this.before = pick('before', 'From ');
    this.after = pick('after', ' to ');
    this.button = h('button', {
      type: 'button', data: { key: 'compare' },
      onclick: () => act('/models/compare', { before: this.before.lastChild.value, after: this.after.lastChild.value }),
    }, 'Compare');
    this.state = h('p', { class: 'train-state', role: 'status' });
    this.body = h('div', { class: 'train-compared' });
    this.element = h('section', { class: 'train-card is-compare' },
      h('h2', {}, 'Compare two proposers'),
      h('div', { class: 'train-buttons' }, this.before, this.after, this.button), this.state, this.body);
  }

  /** @param now answer of /api/training. */
  show({ proposers, models, in_use: used, comparison: job }) {
    const names = Object.keys(proposers);
    for (const { lastChild: select } of [this.before, this.after]) {
      const kept = select.value;
      if (names.join() === [...select.options].map(({ value }) => value).join()) continue;
      select.replaceChildren(...names.map((name) => h('option', { value: name }, name)));
      if (names.includes(kept)) select.value = kept;
    }
    if (!this.#chosen) {
      const newest = models[0];
      const pair = newest && [names.includes(newest.parent) ? newest.parent : used, newest.proposer];
      const [before, after] = pair && pair[0] !== pair[1] ? pair : ['union', 'default'];
      this.before.lastChild.value = before;
      this.after.lastChild.value = after;
    }
    this.#job(job);
  }

  #job(job) {
    const busy = atWork(job);
    this.button.disabled = Boolean(busy);
    this.state.dataset.state = job?.state ?? '';
    this.state.hidden = !job;
    if (!job) return;
    const { before, after } = job.args;
    if (job.state === 'done') {
      this.state.textContent = '';
      if (this.#shown !== job.id) this.#load(job.id);
    } else this.state.textContent = job.error || `${before} and ${after}: ${job.message || job.state}${busy && job.total ? `, ${job.done} of ${job.total}` : ''}`;
  }

  async #load(id) {
    this.#shown = id;
    try {
      this.#paint(await this.api.get(`/models/compare/${id}`));
    } catch (error) {
      this.body.replaceChildren(h('p', {}, error.message));
    }
  }

  #paint({ sentence, before, after, total, differences }) {
    const figure = (fate, text) => h('div', { class: 'train-figure', data: { fate } }, h('b', {}, String(total[fate])), h('span', {}, text));
    this.body.replaceChildren(
      h('div', { class: 'train-figures' }, figure('new', 'new'), figure('changed', 'changed'), figure('lost', 'lost'), figure('same', 'the same'),
        total.accepted ? figure('better', 'outlined better') : null, total.accepted ? figure('worse', 'outlined worse') : null),
      h('p', {}, sentence),
      differences.length ? h('ul', { class: 'train-pairs' }, ...differences.map((each) => this.#pair(each, before, after)))
        : h('p', {}, 'No image differs.'));
  }

  #pair(each, before, after) {
    const { tally } = each;
    const facts = [[tally.new, 'new'], [tally.lost, 'lost'], [tally.changed, 'changed']].filter(([number]) => number).map((pair) => pair.join(' '));
    return h('li', {},
      h('a', { href: `#/review/${each.image_id}` }, each.name), h('small', {}, ` ${facts.join(', ')}`),
      h('div', { class: 'train-pair' }, this.#side(each, each.before, before), this.#side(each, each.after, after)));
  }

  #side({ image_id: id, version, width, height }, masks, name) {
    const instances = masks.filter(({ fate }) => fate in FATES).map(({ counts, fate }) => ({ counts, hue: FATES[fate] }));
    return h('figure', {},
      h('span', { class: 'train-picture' }, h('img', { src: this.api.thumbnailUrl(id, version), alt: '', loading: 'lazy' }), painted({ width, height, instances })),
      h('figcaption', {}, name));
  }
}
