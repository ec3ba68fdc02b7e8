// A few fixed images as a training predicts them, from its start on, side by side.

import { h } from '../dom.js';
import { painted } from '../painted.js';

export class Shown {
  #state = ''; // of what is painted

  /** @param {import('../api.js').Api} api */
  constructor(api) {
    this.api = api;
    this.rows = h('div', { class: 'train-shown' });
    this.element = h('section', { class: 'train-card is-shown', hidden: true }, h('h2', {}, 'The same images, as it learns'), this.rows);
  }

  /** @param now answer of /api/training. */
  async show({ job, shown }) {
    const state = job && shown ? `${job.id} ${shown}` : '';
    if (state === this.#state) return;
    this.#state = state;
    this.element.hidden = !state;
    if (!state) return;
    const images = await this.api.get(`/training/${job.id}/shown`);
    this.rows.replaceChildren(...images.filter(({ steps }) => steps.length).map((image) => this.#row(image)));
    for (const row of this.rows.children) row.lastChild.scrollLeft = row.lastChild.scrollWidth; // the latest is what counts
  }

  #row({ id, name, version, width, height, steps }) {
    const figure = ({ step, masks }) => h('figure', {},
      h('span', { class: 'train-picture' },
        h('img', { src: this.api.thumbnailUrl(id, version), alt: '', loading: 'lazy' }),
        painted({ width, height, instances: masks.map((counts) => ({ counts })) })),
      h('figcaption', {}, step ? `step ${step}` : 'at the start'));
    return h('div', {}, h('a', { href: `#/review/${id}`, title: name }, name), h('div', { class: 'train-strip', tabindex: 0, role: 'group', 'aria-label': name }, ...steps.map(figure)));
  }
}
