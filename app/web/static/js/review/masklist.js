// The list of masks beside the canvas, best score first.

import { h } from '../dom.js';
import { VirtualList } from '../virtual.js';
import { cssColour, lookOf } from './palette.js';

export class MaskList {
  #masks = [];
  #index = new Map();
  #selected = null;

  /** @param {HTMLElement} element @param {(mask: object) => void} onPick */
  constructor(element, onPick) {
    element.setAttribute('role', 'listbox');
    element.setAttribute('aria-label', 'Masks');
    element.tabIndex = 0;
    this.element = element;
    this.list = new VirtualList(element, { height: 30, make: (index) => this.#row(this.#masks[index], index) });
    element.addEventListener('click', (event) => {
      const row = event.target.closest('[data-index]');
      if (row) onPick(this.#masks[Number(row.dataset.index)]);
    });
    /** @type {(mask: object) => string} */
    this.categoryName = () => '';
    /** @type {(mask: object) => boolean} */
    this.visible = () => true;
  }

  show(masks) {
    this.#masks = masks;
    this.#index = new Map(masks.map((mask, index) => [mask, index]));
    this.#selected = null;
    this.list.reset(masks.length);
    this.element.scrollTop = 0;
  }

  update(masks) {
    for (const mask of masks) this.list.update(this.#index.get(mask));
  }

  updateAll() {
    this.list.reset(this.#masks.length);
  }

  select(mask) {
    const before = this.#selected;
    this.#selected = mask;
    if (before) this.list.update(this.#index.get(before));
    const index = mask ? this.#index.get(mask) : undefined;
    if (index === undefined) {
      this.element.removeAttribute('aria-activedescendant');
      return;
    }
    this.list.scrollTo(index);
    this.list.update(index);
    this.element.setAttribute('aria-activedescendant', `mask-${mask.id}`);
  }

  number(mask) {
    return (this.#index.get(mask) ?? -1) + 1;
  }

  #row(mask, index) {
    const look = lookOf(mask);
    const chosen = mask === this.#selected;
    const name = this.categoryName(mask);
    const classes = `mask-row is-${mask.state}${this.visible(mask) ? '' : ' is-hidden'}`;
    const label = `Mask ${index + 1}, ${look.word}, score ${mask.score.toFixed(2)}${name ? `, ${name}` : ''}`;
    return h(
      'div',
      { role: 'option', id: `mask-${mask.id}`, class: classes, 'aria-selected': String(chosen), 'aria-label': label, data: { index } },
      h('i', { class: 'swatch', style: `--swatch: ${cssColour(look.colour)}` }, look.icon),
      h('b', {}, `#${index + 1}`),
      h('span', { class: 'name' }, name),
      h('em', {}, mask.score.toFixed(2)),
    );
  }
}
